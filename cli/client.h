/* client.h - what `topic`, `produce` and `consume` share: reading options, and a librdkafka handle. */
#ifndef MILLRACE_CLI_CLIENT_H
#define MILLRACE_CLI_CLIENT_H

#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stdint.h>

#define CLIENT_BOOTSTRAP_DEFAULT "127.0.0.1:9092"

/* One option of a command: a value goes to *text, a flag to *flag. */
struct client_option {
    const char *name; /* "--max" */
    const char **text;
    bool *flag;
};

/* Takes options (up to one without a name) and at most `positional_max` other arguments. False after a message that
 * names the command and the argument. */
bool client_arguments(const char *command, int argc, char **argv, const struct client_option *options,
                      const char **positional, int positional_max);
/* A whole number >= `min`; false after a message that names the option. */
bool client_number(const char *command, const char *option, const char *text, int64_t min, int64_t *out);
/* "json" or "text"; false after a message. */
bool client_format(const char *command, const char *text, bool *json);

/* bootstrap.servers and "key=value" settings (-X), then a handle; NULL after a message. Takes `conf`. */
rd_kafka_t *client_handle(const char *command, rd_kafka_type_t type, rd_kafka_conf_t *conf, const char *bootstrap);

#endif
