#include "cli/admin_client.h"

#include <stdio.h>

void admin_begin(struct admin *a, const char *command, rd_kafka_t *rk, rd_kafka_admin_op_t op)
{
    char why[128];
    *a = (struct admin){
        .command = command, .options = rd_kafka_AdminOptions_new(rk, op), .queue = rd_kafka_queue_new(rk)};
    rd_kafka_AdminOptions_set_request_timeout(a->options, ADMIN_TIMEOUT_MS, why, sizeof why);
}

rd_kafka_event_t *admin_answer(struct admin *a)
{
    a->event = rd_kafka_queue_poll(a->queue, ADMIN_TIMEOUT_MS + 1000);
    if (a->event && !rd_kafka_event_error(a->event)) return a->event;
    fprintf(stderr, "millrace %s: %s\n", a->command,
            a->event ? rd_kafka_event_error_string(a->event) : "no answer from the cluster");
    return NULL;
}

void admin_end(struct admin *a)
{
    if (a->event) rd_kafka_event_destroy(a->event);
    rd_kafka_AdminOptions_destroy(a->options);
    rd_kafka_queue_destroy(a->queue);
}
