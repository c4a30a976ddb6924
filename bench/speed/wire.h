/* wire.h - a client that speaks the protocol bare, where librdkafka would be what limits a measurement.
 *
 *     wire_open -> wire_call ... -> wire_close        one connection, one request in flight, blocking
 *     wire_crowd                                      many of them from one thread, over epoll
 *
 * Everything the broker says is decoded with the descriptions of lib/kafka; nothing is retried. Functions return 0 or a
 * negative enum err with a sentence: ERR_IO and ERR_CLOSED of the connection, ERR_CORRUPT and ERR_RANGE (above 256 MiB)
 * of an answer, ERR_INVALID when the broker answers with an error code. */
#ifndef MILLRACE_BENCH_SPEED_WIRE_H
#define MILLRACE_BENCH_SPEED_WIRE_H

#include "lib/base/bytes.h"
#include "lib/base/err.h"
#include "lib/base/histogram.h"

struct wire {
    int descriptor;
    int32_t correlation_id;
    struct buf out, in; /* of the last call */
};

int wire_open(struct wire *w, const char *bootstrap, struct err_text *error);
void wire_close(struct wire *w);
/* Sends a request and waits for its answer: `body` lies in w->in until the next call. */
int wire_call(struct wire *w, int api_key, int api_version, const void *request, struct slice *body,
              struct err_text *error);

/* WIRE_TIMEOUT_MS is what requests tell the broker (timeout_ms, max_wait_ms); wire_call itself waits without end. */
enum { WIRE_PRODUCE_VERSION = 9, WIRE_FETCH_VERSION = 11, WIRE_TIMEOUT_MS = 10000 };
/* Appends a batch of equal records, as a producer without compression sends it. */
int wire_batch(int records, int record_bytes, struct buf *out);
/* Such a batch with acks=1, until it is acknowledged. */
int wire_produce(struct wire *w, const char *topic, int32_t partition, int records, int record_bytes,
                 struct err_text *error);
/* One fetch of up to `bytes`, at least a batch. */
int wire_fetch(struct wire *w, const char *topic, int32_t partition, int64_t offset, int32_t bytes,
               struct err_text *error);

/* One fetch of partition 0 from `*offset` on, up to `bytes_max`: moves it behind the last whole batch (what is cut off
 * at the end comes again) and adds what the batches weigh. Waits a second where there is nothing yet. */
int wire_read(struct wire *w, const char *topic, int32_t bytes_max, int64_t *offset, int64_t *bytes,
              struct err_text *error);

struct wire_crowd {
    const char *bootstrap, *topic;
    int connections;
    int records, record_bytes; /* of the batch that each request carries */
    double seconds;
    /* out */
    int64_t acked;
    int64_t request_bytes; /* of the batch in each */
    double took_s;         /* from the first request to the last answer */
    struct histogram *ack; /* ns, from sending to the answer; the caller's */
};
/* Each connection sends a batch with acks=1, waits for its answer, and sends the next, until the time is over. An
 * answer with an error ends it. */
int wire_crowd(struct wire_crowd *c, struct err_text *error);

#endif
