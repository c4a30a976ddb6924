#include "etl/stream/publish.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "etl/source/source.h"
#include "etl/stream/client.h"
#include "etl/stream/message.h"
#include "etl/stream/own_broker.h"
#include "etl/stream/pool.h"
#include "etl/stream/stream_id.h"
#include "etl/stream/topics.h"
#include "lib/base/checksum.h"
#include "lib/base/log.h"
#include "lib/base/memory.h"
#include "lib/os/clock.h"
#include "lib/os/progress.h"

enum { POLL_EVERY = 256, ENSURE_EVERY_MS = 500, STALL_SAID_AFTER_MS = 5000, SPIN_NS = 50000 };

struct publish {
    const struct publish_options *options;
    struct definition *definition;
    struct source_lists lists;
    struct own_broker broker;
    rd_kafka_t *producer;
    struct topics topics;
    int *partitions; /* by topic */
    char stream[STREAM_ID_SIZE];
    struct progress progress;
    char title[128];
    uint64_t sent;
    int64_t ensured_ns;
    /* delivery */
    uint64_t failed;
    rd_kafka_resp_err_t first_failure;
    const char *failed_topic;
    int64_t acknowledged_ns; /* when the last message was, or nothing was waiting */
    bool stall_said;
    /* pace */
    int64_t started_ns;
    int64_t first_time_s; /* INT64_MIN before the first one */
    struct err_text *error;
};

static void delivered(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque)
{
    (void)rk;
    struct publish *p = opaque;
    if (m->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        p->acknowledged_ns = clock_mono_ns();
        return;
    }
    if (p->failed++ > 0) return;
    p->first_failure = m->err;
    p->failed_topic = p->topics.names[topics_index(&p->topics, rd_kafka_topic_name(m->rkt))];
}

/* What messages say of their source: nothing when there is only one. */
static const char *source_name(const struct publish *p, int feed)
{
    return p->definition->feed_count > 1 ? p->definition->feeds[feed].name : NULL;
}

/* What identifies the stream: the definition and every file, source by source in byte order of names. */
static void stream_id(struct publish *p)
{
    char input[65];
    struct sha256 *s = sha256_new();
    sha256_update(s, p->definition->digest, 64);
    for (int i = 0; i < p->lists.count; i++) {
        const struct source_list *list = &p->lists.of[i];
        const char *source = source_name(p, i);
        if (source) sha256_update(s, source, strlen(source) + 1);
        for (int k = 0; k < list->count; k++) {
            sha256_update(s, list->files[k].name, strlen(list->files[k].name) + 1);
            sha256_update(s, list->files[k].digest, 64);
        }
    }
    sha256_take_hex(s, input);
    stream_id_print(p->definition->digest, input, p->stream);
}

/* ---- sending ---- */

/* The client tries again for minutes, be the broker away or its disk full: a person wants to know what is waited for.
 */
static void stall_say(struct publish *p, int64_t now_ns)
{
    if (rd_kafka_outq_len(p->producer) == 0) p->acknowledged_ns = now_ns;
    bool stalled = now_ns - p->acknowledged_ns > (int64_t)STALL_SAID_AFTER_MS * 1000000;
    if (stalled && !p->stall_said)
        log_info("stream", "no acknowledgement from the broker at %s for %d s: is it away, or its disk full? trying on",
                 p->broker.bootstrap, STALL_SAID_AFTER_MS / 1000);
    p->stall_said = stalled;
}

/* Serves callbacks and looks after the broker, now and then. */
static int serve(struct publish *p, int timeout_ms)
{
    rd_kafka_poll(p->producer, timeout_ms);
    if (p->failed)
        return err_set(p->error, ERR_IO, "%s: %" PRIu64 " messages were not acknowledged: %s", p->failed_topic,
                       p->failed, rd_kafka_err2str(p->first_failure));
    int64_t now_ns = clock_mono_ns();
    if (now_ns - p->ensured_ns < (int64_t)ENSURE_EVERY_MS * 1000000) return 0;
    p->ensured_ns = now_ns;
    stall_say(p, now_ns);
    return own_broker_ensure(&p->broker, p->error);
}

static int message_send(struct publish *p, int topic, int32_t partition, struct slice key, struct slice value,
                        rd_kafka_headers_t *headers)
{
    for (;;) {
        rd_kafka_resp_err_t err =
            rd_kafka_producev(p->producer, RD_KAFKA_V_TOPIC(p->topics.names[topic]), RD_KAFKA_V_PARTITION(partition),
                              RD_KAFKA_V_KEY(key.p, key.n), RD_KAFKA_V_VALUE((void *)(uintptr_t)value.p, value.n),
                              RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_END);
        if (err == RD_KAFKA_RESP_ERR_NO_ERROR) break;
        int result = err == RD_KAFKA_RESP_ERR__QUEUE_FULL
                         ? serve(p, 20)
                         : err_set(p->error, ERR_IO, "%s: %s", p->topics.names[topic], rd_kafka_err2str(err));
        if (result != 0) {
            rd_kafka_headers_destroy(headers);
            return result;
        }
    }
    return ++p->sent % POLL_EVERY == 0 ? serve(p, 0) : 0;
}

/* The same key always goes to the same partition, whoever sends it. */
static int keyed_send(struct publish *p, int feed, struct slice key, struct slice value, rd_kafka_headers_t *headers)
{
    int topic = p->topics.of_feed[feed];
    int32_t partition = (int32_t)(crc32c(0, key.p, key.n) % (uint32_t)p->partitions[topic]);
    return message_send(p, topic, partition, key, value, headers);
}

/* Waits until an instant of an absolute schedule: a late record does not delay the ones after it. */
static int wait_until(struct publish *p, double due_s)
{
    int64_t due_ns = p->started_ns + (int64_t)(due_s * 1e9);
    for (int64_t left_ns; (left_ns = due_ns - clock_mono_ns()) > 20000000;) {
        int result = serve(p, left_ns > 100000000 ? 100 : (int)(left_ns / 2000000));
        if (result != 0) return result;
    }
    clock_sleep_until(due_ns, SPIN_NS);
    return 0;
}

static int record_send(struct publish *p, const struct record *r)
{
    int result = p->options->rate > 0 ? wait_until(p, (double)p->sent / p->options->rate) : 0;
    if (result != 0) return result;
    uint8_t key[4096 + 128];
    const char *source = source_name(p, r->feed);
    int n = snprintf((char *)key, sizeof key, "%s%s%.*s:%" PRIu64, source ? source : "", source ? ":" : "",
                     r->at.file.n > 4096 ? 4096 : (int)r->at.file.n, (const char *)r->at.file.p, r->at.number);
    if (p->sent % 1024 == 0) progress_update(&p->progress, p->sent);
    return keyed_send(p, r->feed, slice_of(key, (size_t)n), r->raw, message_record_headers(p->stream, source, r));
}

static int file_send(struct publish *p, const struct feed *feed, const struct source_file *f)
{
    struct file_fact fact = source_file_fact(feed, f);
    const char *source = source_name(p, feed->index);
    struct buf value = {0}, key = {0};
    message_file_value(&fact, &value);
    buf_printf(&key, "%s%s%s", source ? source : "", source ? ":" : "", f->name);
    int result = keyed_send(p, feed->index, buf_slice(&key), buf_slice(&value),
                            message_plain_headers(p->stream, source, MESSAGE_FILE));
    buf_release(&value);
    buf_release(&key);
    return result;
}

static int records_send(struct publish *p, const struct feed *feed, const struct source_file *f)
{
    struct source_reader *reader;
    struct record record;
    int result = source_open(feed, p->options->in, f, &reader, p->error);
    if (result != 0) return result;
    while ((result = source_next(reader, &record, p->error)) == 1)
        if ((result = record_send(p, &record)) != 0) break;
    source_close(reader);
    return result;
}

static int in_order(struct publish *p)
{
    int result = 0;
    for (int i = 0; i < p->lists.count; i++) {
        const struct source_list *list = &p->lists.of[i];
        for (int k = 0; k < list->count && result == 0; k++) {
            result = file_send(p, list->feed, &list->files[k]);
            if (result == 0 && !list->files[k].same_as) result = records_send(p, list->feed, &list->files[k]);
        }
    }
    return result;
}

/* ---- --shuffle and --speed: in another order than that of the files ---- */

static int pool_send(struct publish *p, const struct pool *pool)
{
    int result = 0;
    for (size_t i = 0; i < pool->count && result == 0; i++) {
        const struct pooled *r = &pool->records[i];
        if (p->options->speed > 0 && r->time_s > INT64_MIN) {
            if (p->first_time_s == INT64_MIN) p->first_time_s = r->time_s;
            result = wait_until(p, (double)(r->time_s - p->first_time_s) / p->options->speed);
        }
        if (result == 0) result = record_send(p, &r->record);
    }
    return result;
}

static int reordered(struct publish *p)
{
    struct pool pool = {0};
    int result = 0;
    for (int i = 0; i < p->lists.count && result == 0; i++)
        result = pool_fill(&pool, p->options->in, &p->lists.of[i], p->options->speed > 0, p->error);
    if (p->options->shuffle)
        pool_shuffle(&pool, p->options->seed);
    else
        pool_sort(&pool);
    p->started_ns = clock_mono_ns();
    if (result == 0) result = pool_send(p, &pool);
    for (int i = p->lists.count - 1; i >= 0; i--) {
        const struct source_list *list = &p->lists.of[i];
        for (int k = list->count - 1; k >= 0 && result == 0; k--) result = file_send(p, list->feed, &list->files[k]);
    }
    pool_release(&pool);
    return result;
}

/* ---- the run ---- */

static int ends_send(struct publish *p)
{
    int result = 0;
    for (int t = 0; t < p->topics.count; t++)
        for (int32_t i = 0; i < p->partitions[t] && result == 0; i++)
            result = message_send(p, t, i, slice_of(NULL, 0), slice_str(p->stream),
                                  message_plain_headers(p->stream, NULL, MESSAGE_END));
    while (result == 0 && rd_kafka_outq_len(p->producer) > 0) result = serve(p, 100);
    return result != 0 ? result : serve(p, 0);
}

static int topic_prepare(struct publish *p, const char *topic, int *partitions)
{
    int wanted = p->options->partitions;
    int result = client_topic_create(p->producer, topic, wanted ? wanted : 1, p->error);
    if (result != 0 && result != ERR_EXISTS) return result;
    for (int tries = 0; tries < 100 && *partitions <= 0; tries++) {
        *partitions = client_partition_count(p->producer, topic, 5000);
        if (*partitions <= 0) clock_sleep_ms(100);
    }
    if (*partitions <= 0)
        return err_set(p->error, ERR_IO, "%s: no broker at %s knows the topic", topic, p->broker.bootstrap);
    if (wanted && wanted != *partitions)
        return err_set(p->error, ERR_INVALID, "--partitions %d: topic %s has %d", wanted, topic, *partitions);
    return 0;
}

static int topics_prepare(struct publish *p)
{
    /* Who keeps a pace wants each record there at its time; who does not wants large requests. */
    bool paced = p->options->rate > 0 || p->options->speed > 0;
    const char *const settings[] = {"enable.idempotence",
                                    "true",
                                    "linger.ms",
                                    paced ? "0.5" : "5",
                                    "queue.buffering.max.messages",
                                    "200000",
                                    "queue.buffering.max.kbytes",
                                    "262144",
                                    NULL};
    const struct client_callbacks callbacks = {.delivered = delivered, .opaque = p};
    topics_find(&p->topics, p->definition, p->options->topic);
    p->partitions = memory_new((size_t)p->topics.count * sizeof *p->partitions);
    p->producer = client_new(RD_KAFKA_PRODUCER, p->broker.bootstrap, settings, &callbacks, p->error);
    int result = p->producer ? 0 : ERR_INVALID;
    for (int i = 0; i < p->topics.count && result == 0; i++)
        result = topic_prepare(p, p->topics.names[i], &p->partitions[i]);
    return result;
}

static int speed_check(struct publish *p)
{
    for (int i = 0; i < p->definition->feed_count && p->options->speed > 0; i++) {
        const struct feed *feed = &p->definition->feeds[i];
        if (feed->time < 0)
            return err_set(p->error, ERR_INVALID, "--speed: %s declares no event time (%s.time)", feed->path, feed->at);
    }
    return 0;
}

static int publish(struct publish *p)
{
    int result = topics_prepare(p);
    if (result != 0) return result;
    stream_id(p);
    p->acknowledged_ns = clock_mono_ns();
    snprintf(p->title, sizeof p->title, "publish %s", p->definition->name);
    progress_start(&p->progress, p->title, "lines", p->lists.lines);
    p->started_ns = clock_mono_ns();
    result = p->options->shuffle || p->options->speed > 0 ? reordered(p) : in_order(p);
    if (result == 0) result = ends_send(p);
    if (result == 0) progress_finish(&p->progress, p->sent);
    return result;
}

int publish_run(const struct publish_options *options, struct err_text *error)
{
    struct publish p = {.options = options, .first_time_s = INT64_MIN, .error = error};
    int result = definition_load(options->definition, &p.definition, error);
    if (result == 0) result = speed_check(&p);
    if (result == 0) result = source_lists_read(p.definition, options->in, &p.lists, error);
    if (result == 0) result = own_broker_open(&p.broker, options->bootstrap, options->broker_dir, error);
    if (result == 0) result = publish(&p);
    if (p.producer) {
        if (result != 0) rd_kafka_purge(p.producer, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
        rd_kafka_destroy(p.producer);
    }
    own_broker_close(&p.broker);
    topics_release(&p.topics);
    free(p.partitions);
    source_lists_release(&p.lists);
    definition_free(p.definition);
    return result;
}
