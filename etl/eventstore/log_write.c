/* log_write.c - the writing half of log.h: an idempotent producer, acks=all. */
#include <stdio.h>

#include "etl/eventstore/log.h"
#include "etl/stream/client.h"

enum { POLL_MS = 100 };

static void delivered(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque)
{
    (void)rk, (void)opaque;
    struct es_delivery *d = m->_private;
    if (m->err != RD_KAFKA_RESP_ERR_NO_ERROR && d->failed == RD_KAFKA_RESP_ERR_NO_ERROR) d->failed = m->err;
    d->waiting--;
}

static int producer_open(struct es_log *log, struct err_text *error)
{
    char timeout[16];
    snprintf(timeout, sizeof timeout, "%d", log->timeout_ms);
    const char *const settings[] = {"enable.idempotence",
                                    "true",
                                    "acks",
                                    "all",
                                    "linger.ms",
                                    "0",
                                    "message.timeout.ms",
                                    timeout,
                                    "message.max.bytes",
                                    CLIENT_MESSAGE_BYTES_MAX,
                                    NULL};
    if (log->producer) return 0;
    log->producer = client_new(RD_KAFKA_PRODUCER, log->bootstrap, settings,
                               &(struct client_callbacks){.delivered = delivered}, error);
    return log->producer ? 0 : ERR_INVALID;
}

static rd_kafka_headers_t *headers_of(const struct es_raw *raw)
{
    rd_kafka_headers_t *headers = rd_kafka_headers_new((size_t)raw->header_count);
    for (int i = 0; i < raw->header_count; i++)
        rd_kafka_header_add(headers, raw->headers[i].name, -1, raw->headers[i].value.p,
                            (ssize_t)raw->headers[i].value.n);
    return headers;
}

static int produce(struct es_log *log, const char *topic, int32_t partition, const struct es_raw *raw,
                   int64_t timestamp, struct es_delivery *d, struct err_text *error)
{
    rd_kafka_resp_err_t err;
    int result = producer_open(log, error);
    if (result != 0) return result;
    rd_kafka_headers_t *headers = headers_of(raw);
    while ((err = rd_kafka_producev(
                log->producer, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(partition),
                RD_KAFKA_V_KEY(raw->key.p, raw->key.n), RD_KAFKA_V_VALUE((void *)(uintptr_t)raw->value.p, raw->value.n),
                RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_TIMESTAMP(timestamp), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                RD_KAFKA_V_OPAQUE(d), RD_KAFKA_V_END)) == RD_KAFKA_RESP_ERR__QUEUE_FULL)
        rd_kafka_poll(log->producer, POLL_MS);
    if (err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        d->waiting++;
        return 0;
    }
    rd_kafka_headers_destroy(headers);
    if (err == RD_KAFKA_RESP_ERR__FATAL) d->failed = err;
    return err_set(error, err == RD_KAFKA_RESP_ERR__FATAL ? ERR_CLOSED : ERR_INVALID,
                   "topic %s: the event cannot be sent: %s", topic, rd_kafka_err2str(err));
}

/* An idempotent producer that has lost its place is good for nothing: the next one is a new one. */
static int settle(struct es_log *log, struct es_delivery *d, struct err_text *error)
{
    while (d->waiting > 0) rd_kafka_poll(log->producer, POLL_MS);
    if (d->failed == RD_KAFKA_RESP_ERR_NO_ERROR) return 0;
    rd_kafka_resp_err_t failed = d->failed;
    d->failed = RD_KAFKA_RESP_ERR_NO_ERROR;
    rd_kafka_destroy(log->producer);
    log->producer = NULL;
    if (failed == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE)
        return err_set(error, ERR_INVALID, "the append is too large: %s", rd_kafka_err2str(failed));
    return err_set(error, ERR_CLOSED, "no acknowledgement: %s", rd_kafka_err2str(failed));
}

int es_log_send(struct es_log *log, const char *topic, int32_t partition, const struct es_raw *raw, int64_t timestamp,
                struct err_text *error)
{
    struct es_delivery d = {0};
    int result = produce(log, topic, partition, raw, timestamp, &d, error);
    return result == 0 || d.failed ? settle(log, &d, error) : result;
}

int es_log_queue(struct es_log *log, const char *topic, int32_t partition, const struct es_raw *raw, int64_t timestamp,
                 struct err_text *error)
{
    return produce(log, topic, partition, raw, timestamp, &log->queued, error);
}

int es_log_flush(struct es_log *log, struct err_text *error)
{
    return log->producer ? settle(log, &log->queued, error) : 0;
}
