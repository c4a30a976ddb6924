/* admin_client.h - one request of an administrator at a time, over librdkafka's admin API.
 *
 *     struct admin a;
 *     admin_begin(&a, rk, RD_KAFKA_ADMIN_OP_DELETEGROUPS);
 *     rd_kafka_DeleteGroups(rk, ..., a.options, a.queue);
 *     rd_kafka_event_t *event = admin_answer(&a);       NULL after a message
 *     ...
 *     admin_end(&a); */
#ifndef MILLRACE_CLI_ADMIN_CLIENT_H
#define MILLRACE_CLI_ADMIN_CLIENT_H

#include <librdkafka/rdkafka.h>

enum { ADMIN_TIMEOUT_MS = 30000 };

struct admin {
    const char *command; /* "group", for messages */
    rd_kafka_AdminOptions_t *options;
    rd_kafka_queue_t *queue;
    rd_kafka_event_t *event; /* the answer; good until admin_end */
};

void admin_begin(struct admin *a, const char *command, rd_kafka_t *rk, rd_kafka_admin_op_t op);
/* Waits for it. NULL after a message when none came, or when the request as a whole failed. */
rd_kafka_event_t *admin_answer(struct admin *a);
void admin_end(struct admin *a);

#endif
