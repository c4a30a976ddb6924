/* plain_direct.c - what a producer says to the sink (plain.h, sink.h). */
#include <string.h>

#include "bench/plain.h"
#include "bench/sink.h"

static void publish(struct buf *out, const char *topic, struct slice message)
{
    uint32_t n = (uint32_t)message.n;
    (void)topic;
    buf_append(out, &n, sizeof n);
    buf_append_slice(out, message);
}

static int64_t answer(struct slice in, struct plain_answer *a)
{
    int64_t fields[2];
    if (in.n < SINK_ANSWER_BYTES) return 0;
    memcpy(fields, in.p, sizeof fields);
    a->acked = fields[0] == 1;
    a->received_ns = fields[1];
    return SINK_ANSWER_BYTES;
}

const struct plain_protocol plain_direct = {.name = "direct", .publish = publish, .answer = answer};
