/* ask.h - one request, one answer: a small client over lib/kafka for what librdkafka 2.0.2 cannot say
 * (IncrementalAlterConfigs, DescribeConfigs of every broker's defaults).
 *
 *     struct ask a;
 *     if (!ask_open(&a, "config", bootstrap)) return CLI_USAGE;
 *     const struct describe_configs_response *r = ask(&a, KAFKA_API_DESCRIBE_CONFIGS, 3, &request);
 *     ask_close(&a);
 *
 * Blocking, one connection, no retries; 5 s to connect, 30 s for each part of an answer, which has 256 MiB at most. The
 * broker must know the version that the caller names, and Metadata 7 for ask_broker: versions are not negotiated. Every
 * failure is a line on standard error that names the command, the broker and the cause. */
#ifndef MILLRACE_CLI_ASK_H
#define MILLRACE_CLI_ASK_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/kafka/api.h"
#include "lib/kafka/error_code.h"
#include "lib/kafka/messages.h"
#include "lib/os/address.h"

struct ask {
    const char *command;
    struct net_address broker; /* connected to */
    int descriptor;
    int32_t correlation;
    struct arena arena; /* answers and what they were decoded to, until ask_close */
};

/* Connects to the first of "host:port,host:port" that can be reached. */
bool ask_open(struct ask *a, const char *command, const char *bootstrap);
/* The decoded answer, or NULL. It lives until ask_close. */
const void *ask(struct ask *a, int api_key, int version, const void *request);
/* Goes on with the broker of this id, which the one that is connected must know. */
bool ask_broker(struct ask *a, int32_t id);
void ask_close(struct ask *a);

/* "millrace COMMAND: ..." and the broker's own sentence, or the code's name. */
void ask_refused(const struct ask *a, const char *what, int16_t error, struct kafka_string message);

#endif
