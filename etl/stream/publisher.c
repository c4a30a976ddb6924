#include "etl/stream/publisher.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "etl/stream/message.h"
#include "lib/base/checksum.h"
#include "lib/base/log.h"
#include "lib/base/memory.h"
#include "lib/os/clock.h"

enum { POLL_EVERY = 256, ENSURE_EVERY_MS = 500, STALL_SAID_AFTER_MS = 5000 };
enum { ASK_MS = 1000, UNREACHABLE_SAID_AFTER_MS = 3000, UNREACHABLE_MS = 30000 };
/* Who has nothing to send sleeps at least this long: as long as the client lingers. At tens of thousands of records a
 * second, to be exact for each of them takes a processor. */
enum { NAP_NS = 500000 };

int64_t *publisher_next(const struct publisher *p, int topic, int32_t partition)
{
    for (int t = 0; t < topic; t++) partition += p->partitions[t];
    return &p->next[partition];
}

/* The first message that could not be delivered, by its key: a record's is FILE:NUMBER. */
static void failure_note(struct publisher *p, const rd_kafka_message_t *m)
{
    if (p->failed++ > 0) return;
    p->first_failure = m->err;
    p->failed_topic = p->topics.names[topics_index(&p->topics, rd_kafka_topic_name(m->rkt))];
    snprintf(p->failed_key, sizeof p->failed_key, "%.*s (%zu bytes)", m->key_len > 200 ? 200 : (int)m->key_len,
             m->key ? (const char *)m->key : "", m->len);
}

static void delivered(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque)
{
    (void)rk;
    struct publisher *p = opaque;
    probe_delivered(p->probe, m);
    if (m->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
        failure_note(p, m);
        return;
    }
    int64_t *next = publisher_next(p, topics_index(&p->topics, rd_kafka_topic_name(m->rkt)), m->partition);
    if (m->offset >= *next) *next = m->offset + 1;
    p->acknowledged_ns = clock_mono_ns();
}

const char *publisher_source_name(const struct publisher *p, int feed)
{
    return p->definition->feed_count > 1 ? p->definition->feeds[feed].name : NULL;
}

/* ---- sending ---- */

/* The client tries again for minutes, be the broker away or its disk full: a person wants to know what is waited for.
 */
static void stall_say(struct publisher *p, int64_t now_ns)
{
    if (rd_kafka_outq_len(p->producer) == 0) p->acknowledged_ns = now_ns;
    bool stalled = now_ns - p->acknowledged_ns > (int64_t)STALL_SAID_AFTER_MS * 1000000;
    if (stalled && !p->stall_said)
        log_info("stream", "no acknowledgement from the broker at %s for %d s: is it away, or its disk full? trying on",
                 p->broker.bootstrap, STALL_SAID_AFTER_MS / 1000);
    p->stall_said = stalled;
}

/* Serves callbacks and looks after the broker, now and then. */
int publisher_serve(struct publisher *p, int timeout_ms)
{
    rd_kafka_poll(p->producer, timeout_ms);
    if (p->failed)
        return err_set(p->error, ERR_IO, "%s: %" PRIu64 " messages were not acknowledged, first %s: %s",
                       p->failed_topic, p->failed, p->failed_key, rd_kafka_err2str(p->first_failure));
    int64_t now_ns = clock_mono_ns();
    if (now_ns - p->ensured_ns < (int64_t)ENSURE_EVERY_MS * 1000000) return 0;
    p->ensured_ns = now_ns;
    stall_say(p, now_ns);
    return own_broker_ensure(&p->broker, p->error);
}

/* `instants` travel with it (probe.h). */
static int message_send(struct publisher *p, int topic, int32_t partition, struct slice key, struct slice value,
                        rd_kafka_headers_t *headers, void *instants)
{
    for (;;) {
        rd_kafka_resp_err_t err =
            rd_kafka_producev(p->producer, RD_KAFKA_V_TOPIC(p->topics.names[topic]), RD_KAFKA_V_PARTITION(partition),
                              RD_KAFKA_V_KEY(key.p, key.n), RD_KAFKA_V_VALUE((void *)(uintptr_t)value.p, value.n),
                              RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_HEADERS(headers),
                              RD_KAFKA_V_OPAQUE(instants), RD_KAFKA_V_END);
        if (err == RD_KAFKA_RESP_ERR_NO_ERROR) break;
        int result = err == RD_KAFKA_RESP_ERR__QUEUE_FULL
                         ? publisher_serve(p, 20)
                         : err_set(p->error, ERR_IO, "%s: %.*s (%zu bytes): %s", p->topics.names[topic],
                                   key.n > 200 ? 200 : (int)key.n, key.p ? (const char *)key.p : "", value.n,
                                   rd_kafka_err2str(err));
        if (result != 0) {
            rd_kafka_headers_destroy(headers);
            free(instants);
            return result;
        }
    }
    return ++p->sent % POLL_EVERY == 0 ? publisher_serve(p, 0) : 0;
}

/* The same key always goes to the same partition, whoever sends it. */
static int keyed_send(struct publisher *p, int feed, struct slice key, struct slice value, rd_kafka_headers_t *headers,
                      void *instants)
{
    int topic = p->topics.of_feed[feed];
    int32_t partition = (int32_t)(crc32c(0, key.p, key.n) % (uint32_t)p->partitions[topic]);
    return message_send(p, topic, partition, key, value, headers, instants);
}

/* Waits until an instant of an absolute schedule: a late record does not delay the ones after it. */
int publisher_wait_until(struct publisher *p, double due_s)
{
    int64_t due_ns = p->due_ns = p->started_ns + (int64_t)(due_s * 1e9);
    for (int64_t left_ns; (left_ns = due_ns - clock_mono_ns()) > 20000000;) {
        int result = publisher_serve(p, left_ns > 100000000 ? 100 : (int)(left_ns / 2000000));
        if (result != 0) return result;
    }
    int64_t now_ns = clock_mono_ns();
    if (due_ns > now_ns) clock_sleep_until(due_ns > now_ns + NAP_NS ? due_ns : now_ns + NAP_NS, 0);
    return 0;
}

static int arrival_wait(struct publisher *p)
{
    if (p->arrived == (uint64_t)p->arrivals.count)
        return err_set(p->error, ERR_INVALID, "--arrivals %s: has %" PRIu64 " instants, and there are more records",
                       p->options->arrivals, p->arrived);
    return publisher_wait_until(p, (double)p->arrivals.ns[p->arrived++] / 1e9);
}

static int pace_wait(struct publisher *p)
{
    if (p->options->arrivals) return arrival_wait(p);
    return p->options->rate > 0 ? publisher_wait_until(p, (double)p->sent / p->options->rate) : 0;
}

static int keyed_record_send(struct publisher *p, const struct record *r, rd_kafka_headers_t *headers)
{
    int result = pace_wait(p);
    if (result != 0) {
        rd_kafka_headers_destroy(headers);
        return result;
    }
    uint8_t key[4096 + 128];
    const char *source = publisher_source_name(p, r->feed);
    int n = snprintf((char *)key, sizeof key, "%s%s%.*s:%" PRIu64, source ? source : "", source ? ":" : "",
                     r->at.file.n > 4096 ? 4096 : (int)r->at.file.n, (const char *)r->at.file.p, r->at.number);
    return keyed_send(p, r->feed, slice_of(key, (size_t)n), r->raw, headers, probe_sent(p->probe, p->due_ns));
}

int publisher_record(struct publisher *p, const struct record *r)
{
    return keyed_record_send(p, r, message_record_headers(p->stream, publisher_source_name(p, r->feed), r));
}

int publisher_version(struct publisher *p, const struct record *r, int64_t version, bool gone)
{
    rd_kafka_headers_t *headers = message_record_headers(p->stream, publisher_source_name(p, r->feed), r);
    message_version_add(headers, version, gone);
    return keyed_record_send(p, r, headers);
}

int publisher_file(struct publisher *p, const struct file_fact *fact)
{
    const char *source = publisher_source_name(p, fact->feed);
    struct buf value = {0}, key = {0};
    message_file_value(fact, &value);
    buf_printf(&key, "%s%s%.*s", source ? source : "", source ? ":" : "", (int)fact->file.n,
               (const char *)fact->file.p);
    int result = keyed_send(p, fact->feed, buf_slice(&key), buf_slice(&value),
                            message_plain_headers(p->stream, source, MESSAGE_FILE), NULL);
    buf_release(&value);
    buf_release(&key);
    return result;
}

int publisher_drain(struct publisher *p)
{
    int result = 0;
    while (result == 0 && rd_kafka_outq_len(p->producer) > 0) result = publisher_serve(p, 100);
    return result != 0 ? result : publisher_serve(p, 0);
}

int publisher_ends(struct publisher *p)
{
    int result = 0;
    for (int t = 0; t < p->topics.count; t++)
        for (int32_t i = 0; i < p->partitions[t] && result == 0; i++)
            result = message_send(p, t, i, slice_of(NULL, 0), slice_str(p->stream),
                                  message_plain_headers(p->stream, NULL, MESSAGE_END), NULL);
    return result != 0 ? result : publisher_drain(p);
}

/* ---- opening ---- */

/* Says soon that nobody is there, and waits on for as long as the client does. */
static int broker_wait(struct publisher *p)
{
    int64_t began_ns = clock_mono_ns(), waited_ms = 0;
    bool said = false;
    while (!client_is_answered(p->producer, ASK_MS)) {
        waited_ms = (clock_mono_ns() - began_ns) / 1000000;
        if (waited_ms >= UNREACHABLE_MS)
            return err_set(p->error, ERR_IO, "no broker answers at %s%s (waited for %d s)", p->broker.bootstrap,
                           client_port_hint(p->broker.bootstrap), UNREACHABLE_MS / 1000);
        if (waited_ms >= UNREACHABLE_SAID_AFTER_MS && !said)
            log_info("stream", "no broker answers at %s%s; trying on", p->broker.bootstrap,
                     client_port_hint(p->broker.bootstrap));
        said = waited_ms >= UNREACHABLE_SAID_AFTER_MS;
        int result = own_broker_ensure(&p->broker, p->error);
        if (result != 0) return result;
    }
    return 0;
}

static int topic_prepare(struct publisher *p, const char *topic, int *partitions)
{
    int wanted = p->options->partitions;
    int result = client_topic_create(p->producer, topic, wanted ? wanted : 1, false, p->error);
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

static int topics_prepare(struct publisher *p)
{
    /* Who keeps a pace wants each record there at its time; who does not wants large requests. */
    bool paced = p->options->follow || p->options->rate > 0 || p->options->arrivals || p->options->speed > 0;
    const char *const settings[] = {"client.id",
                                    "publish",
                                    "enable.idempotence",
                                    "true",
                                    "linger.ms",
                                    paced ? "0.5" : "5",
                                    "queue.buffering.max.messages",
                                    "200000",
                                    "queue.buffering.max.kbytes",
                                    "262144",
                                    "message.max.bytes",
                                    CLIENT_MESSAGE_BYTES_MAX,
                                    NULL};
    const struct client_callbacks callbacks = {
        .delivered = delivered, .acknowledged = p->probe ? probe_acknowledged : NULL, .opaque = p};
    topics_find(&p->topics, p->definition, p->options->topic);
    p->partitions = memory_new((size_t)p->topics.count * sizeof *p->partitions);
    p->producer = client_new(RD_KAFKA_PRODUCER, p->broker.bootstrap, settings, &callbacks, p->error);
    int result = p->producer ? broker_wait(p) : ERR_INVALID;
    int count = 0;
    for (int i = 0; i < p->topics.count && result == 0; i++) {
        result = topic_prepare(p, p->topics.names[i], &p->partitions[i]);
        count += p->partitions[i] > 0 ? p->partitions[i] : 0;
    }
    p->next = memory_new((size_t)count * sizeof *p->next);
    for (int i = 0; i < count; i++) p->next[i] = -1;
    return result;
}

int publisher_open(struct publisher *p)
{
    const struct publish_options *o = p->options;
    int result = o->arrivals ? instants_read(&p->arrivals, o->arrivals, 0, p->error) : 0;
    if (result == 0 && o->probe) result = probe_open(o->probe, NULL, &p->probe, p->error);
    if (result == 0) result = own_broker_open(&p->broker, o->bootstrap, o->broker_dir, p->error);
    if (result == 0) result = topics_prepare(p);
    p->acknowledged_ns = p->started_ns = clock_mono_ns();
    return result;
}

void publisher_close(struct publisher *p, bool failed)
{
    if (p->producer) {
        if (failed) rd_kafka_purge(p->producer, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
        rd_kafka_destroy(p->producer);
    }
    probe_close(p->probe);
    instants_release(&p->arrivals);
    own_broker_close(&p->broker);
    topics_release(&p->topics);
    free(p->partitions);
    free(p->next);
}
