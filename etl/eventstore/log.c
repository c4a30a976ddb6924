#include "etl/eventstore/log.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "etl/stream/client.h"
#include "lib/base/memory.h"
#include "lib/os/clock.h"

enum { POLL_MS = 100, CREATED_MS = 10, NS_PER_MS = 1000000, MS_PER_S = 1000 };

int es_log_open(struct es_log *log, const char *bootstrap, int timeout_ms, struct err_text *error)
{
    /* Nothing is committed: the group is a name that librdkafka wants. Short waits, because the next reading has to
     * wait for the answer of the last one's fetch. */
    static const char *const settings[] = {"group.id",
                                           "millrace-es",
                                           "enable.auto.commit",
                                           "false",
                                           "enable.auto.offset.store",
                                           "false",
                                           "enable.partition.eof",
                                           "true",
                                           "auto.offset.reset",
                                           "error",
                                           "fetch.wait.max.ms",
                                           "1",
                                           "fetch.error.backoff.ms",
                                           "20",
                                           "isolation.level",
                                           "read_committed",
                                           NULL};
    *log = (struct es_log){.bootstrap = memory_str(bootstrap), .timeout_ms = timeout_ms};
    log->consumer = client_new(RD_KAFKA_CONSUMER, bootstrap, settings, &(struct client_callbacks){0}, error);
    if (!log->consumer) return ERR_INVALID;
    rd_kafka_poll_set_consumer(log->consumer);
    return 0;
}

void es_log_close(struct es_log *log)
{
    if (log->producer) rd_kafka_destroy(log->producer);
    if (log->consumer) rd_kafka_destroy(log->consumer);
    free(log->bootstrap);
    *log = (struct es_log){0};
}

static int unanswered(const struct es_log *log, struct err_text *error)
{
    return err_set(error, ERR_IO, "no Kafka cluster answers at %s within %d s%s", log->bootstrap,
                   log->timeout_ms / MS_PER_S, client_port_hint(log->bootstrap));
}

int es_log_partitions(struct es_log *log, const char *topic, struct err_text *error)
{
    int64_t until_ns = clock_mono_ns() + (int64_t)log->timeout_ms * NS_PER_MS;
    int count;
    /* A broker that is being restarted refuses at once. */
    while ((count = client_partition_count(log->consumer, topic, log->timeout_ms)) < 0 && clock_mono_ns() < until_ns)
        clock_sleep_ms(POLL_MS);
    return count < 0 ? unanswered(log, error) : count;
}

int es_log_topic_create(struct es_log *log, const char *topic, int partitions, bool compact, struct err_text *error)
{
    const char *const forever[] = {"retention.ms", "-1", "retention.bytes", "-1", "cleanup.policy", "delete", NULL};
    const char *const newest[] = {"cleanup.policy", "compact", NULL};
    int64_t until_ns = clock_mono_ns() + (int64_t)log->timeout_ms * NS_PER_MS;
    int count = 0,
        result = client_topic_create_with(log->consumer, topic, partitions, compact ? newest : forever, error);
    if (result == ERR_EXISTS) result = 0;
    /* The client remembers that it was not there until it is told otherwise. */
    while (result == 0 && (count = es_log_partitions(log, topic, error)) == 0) {
        if (clock_mono_ns() > until_ns) return err_set(error, ERR_IO, "topic %s was made and is not there", topic);
        clock_sleep_ms(CREATED_MS);
    }
    return count < 0 ? count : result;
}

int es_log_keeps_all(struct es_log *log, const char *topic, struct err_text *error)
{
    char policy[64];
    client_topic_config(log->consumer, topic, "cleanup.policy", policy, sizeof policy);
    if (!strstr(policy, "compact")) return 0;
    return err_set(
        error, ERR_INVALID,
        "topic %s has cleanup.policy=%s: compaction leaves only the last event of a stream; it must be delete", topic,
        policy);
}

int32_t es_log_partition_of(struct slice key, int partitions)
{
    return rd_kafka_msg_partitioner_consistent(NULL, key.p, key.n, partitions, NULL, NULL);
}

/* Of a broker that is being restarted. */
static bool heals(rd_kafka_resp_err_t err)
{
    return err == RD_KAFKA_RESP_ERR__TRANSPORT || err == RD_KAFKA_RESP_ERR__TIMED_OUT ||
           err == RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE || err == RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION;
}

/* Of partitions `first` to first + count - 1. rd_kafka_query_watermark_offsets would wait for as long as the broker is
 * away, whatever its timeout. `which` is RD_KAFKA_OFFSET_BEGINNING or RD_KAFKA_OFFSET_END, which in this question stand
 * for times. */
static rd_kafka_resp_err_t ends_of(struct es_log *log, const char *topic, int32_t first, int count, int64_t which,
                                   int64_t until_ns, int64_t *out)
{
    for (;;) {
        int64_t left_ms = (until_ns - clock_mono_ns()) / NS_PER_MS;
        rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(count);
        for (int i = 0; i < count; i++) rd_kafka_topic_partition_list_add(list, topic, first + i)->offset = which;
        rd_kafka_resp_err_t err = rd_kafka_offsets_for_times(log->consumer, list, left_ms > 1 ? (int)left_ms : 1);
        for (int i = 0; i < list->cnt && err == RD_KAFKA_RESP_ERR_NO_ERROR; i++) {
            err = list->elems[i].err;
            out[list->elems[i].partition - first] = list->elems[i].offset;
        }
        rd_kafka_topic_partition_list_destroy(list);
        if (!heals(err) || clock_mono_ns() > until_ns) return err;
        clock_sleep_ms(POLL_MS);
    }
}

static int ends(struct es_log *log, const char *topic, int32_t first, int count, int64_t *low, int64_t *high,
                struct err_text *error)
{
    int64_t until_ns = clock_mono_ns() + (int64_t)log->timeout_ms * NS_PER_MS;
    rd_kafka_resp_err_t err = ends_of(log, topic, first, count, RD_KAFKA_OFFSET_BEGINNING, until_ns, low);
    if (err == RD_KAFKA_RESP_ERR_NO_ERROR) err = ends_of(log, topic, first, count, RD_KAFKA_OFFSET_END, until_ns, high);
    if (err == RD_KAFKA_RESP_ERR_NO_ERROR) return 0;
    if (heals(err)) return unanswered(log, error);
    return err_set(error, ERR_IO, "topic %s, partition %" PRId32 ": %s", topic, first, rd_kafka_err2str(err));
}

int es_log_ends(struct es_log *log, const char *topic, int32_t partition, int64_t *low, int64_t *high,
                struct err_text *error)
{
    return ends(log, topic, partition, 1, low, high, error);
}

int es_log_ends_all(struct es_log *log, const char *topic, int count, int64_t *low, int64_t *high,
                    struct err_text *error)
{
    return ends(log, topic, 0, count, low, high, error);
}

/* ---- reading ---- */

struct reading {
    struct es_log *log;
    const char *topic;
    int32_t partition;
    int64_t from, next, end;
    es_log_each *each;
    void *context;
    struct err_text *error;
};

static int assign(const struct reading *r)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, r->topic, r->partition)->offset = r->from;
    rd_kafka_resp_err_t err = rd_kafka_assign(r->log->consumer, list);
    rd_kafka_topic_partition_list_destroy(list);
    if (err == RD_KAFKA_RESP_ERR_NO_ERROR) return 0;
    return err_set(r->error, ERR_IO, "topic %s: %s", r->topic, rd_kafka_err2str(err));
}

/* Errors of a connection heal themselves; the rest do not. */
static int trouble(const struct reading *r, const rd_kafka_message_t *m)
{
    switch (m->err) {
    case RD_KAFKA_RESP_ERR__TRANSPORT:
    case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
    case RD_KAFKA_RESP_ERR__RESOLVE:
    case RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION:
    case RD_KAFKA_RESP_ERR__TIMED_OUT: return 0;
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
        return err_set(r->error, ERR_NOTFOUND,
                       "topic %s, partition %" PRId32 ": offset %" PRId64 " was deleted while the log was read",
                       r->topic, r->partition, r->next);
    default:
        return err_set(r->error, ERR_IO, "topic %s, partition %" PRId32 ": %s", r->topic, r->partition,
                       rd_kafka_message_errstr(m));
    }
}

static int receive(struct reading *r, const rd_kafka_message_t *m)
{
    if (m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        if (m->offset > r->next) r->next = m->offset;
        return 0;
    }
    if (m->err != RD_KAFKA_RESP_ERR_NO_ERROR) return trouble(r, m);
    if (m->partition != r->partition || m->offset < r->next || strcmp(rd_kafka_topic_name(m->rkt), r->topic) != 0)
        return 0; /* of an earlier reading */
    if (m->offset >= r->end) {
        r->next = r->end;
        return 0;
    }
    r->next = m->offset + 1;
    return r->each(r->context, m);
}

static int records(struct reading *r)
{
    int64_t until_ns = clock_mono_ns() + (int64_t)r->log->timeout_ms * NS_PER_MS;
    int result = 0;
    while (result == 0 && r->next < r->end) {
        int64_t before = r->next;
        rd_kafka_message_t *m = rd_kafka_consumer_poll(r->log->consumer, POLL_MS);
        if (m) result = receive(r, m);
        if (m) rd_kafka_message_destroy(m);
        if (r->next != before) {
            until_ns = clock_mono_ns() + (int64_t)r->log->timeout_ms * NS_PER_MS;
        } else if (result == 0 && clock_mono_ns() > until_ns) {
            result = unanswered(r->log, r->error);
        }
    }
    return result;
}

int es_log_read(struct es_log *log, const char *topic, int32_t partition, int64_t from, es_log_each *each,
                void *context, int64_t *next, struct err_text *error)
{
    return es_log_read_on(log, topic, partition, from, from, each, context, next, error);
}

int es_log_read_on(struct es_log *log, const char *topic, int32_t partition, int64_t known, int64_t from,
                   es_log_each *each, void *context, int64_t *next, struct err_text *error)
{
    struct reading r = {log, topic, partition, from, from, 0, each, context, error};
    int64_t low = 0;
    int result = es_log_ends(log, topic, partition, &low, &r.end, error);
    if (result == 0 && from < low)
        result = err_set(error, ERR_NOTFOUND,
                         "topic %s, partition %" PRId32 ": the log begins at offset %" PRId64
                         ": what stood before is gone, and with it the beginning of its streams",
                         topic, partition, low);
    if (result == 0 && from > r.end)
        result = err_set(error, ERR_RANGE,
                         "topic %s, partition %" PRId32 ": the log ends at offset %" PRId64 ", before %" PRId64
                         ": it is not the one that was read before",
                         topic, partition, r.end, from);
    if (result == 0 && from < r.end) {
        if (known >= low) r.from = r.next = known;
        result = assign(&r);
        if (result == 0) result = records(&r);
        rd_kafka_assign(log->consumer, NULL);
    }
    if (next) *next = r.next;
    return result < 0 ? result : 0;
}

void es_log_raw(const rd_kafka_message_t *m, struct es_raw *out)
{
    rd_kafka_headers_t *headers = NULL;
    const char *name;
    const void *value;
    size_t n;
    *out = (struct es_raw){.key = slice_of(m->key, m->key_len), .value = slice_of(m->payload, m->len)};
    if (rd_kafka_message_headers(m, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) return;
    /* Of the event store's there are so many only when one is there twice. */
    for (size_t i = 0; out->header_count < ES_HEADERS_MAX &&
                       rd_kafka_header_get_all(headers, i, &name, &value, &n) == RD_KAFKA_RESP_ERR_NO_ERROR;
         i++)
        if (es_header_own(name))
            out->headers[out->header_count++] = (struct es_header){name, slice_of(value, value ? n : 0)};
}
