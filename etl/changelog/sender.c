#include "etl/changelog/sender.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "etl/changelog/ends.h"
#include "etl/changelog/letter.h"
#include "etl/changelog/outbox.h"
#include "etl/sink/sql.h"
#include "etl/stream/client.h"
#include "etl/stream/database.h"
#include "lib/base/log.h"
#include "lib/base/memory.h"
#include "lib/os/clock.h"

enum {
    BATCH_MESSAGES = 5000,
    BATCH_BYTES = 16 * 1024 * 1024,
    POLL_MS = 5,
    METADATA_MS = 10000,
    BUSY_MS = 100, /* then the batch is deleted a little later */
    STALL_SAID_AFTER_MS = 5000
};

/* One changelog on its way. */
struct lane {
    struct sender *sender;
    const struct changelog *changelog;
    struct letters letters;
    sqlite3_stmt *erase;
    int64_t looked_to; /* the largest seq that was looked at */
    struct buf seqs;   /* int64_t: what of the outbox is under way */
    size_t waiting;    /* messages that are not acknowledged yet */
    bool fresh;
    int64_t *ends; /* by partition: behind the last message that was acknowledged; 0: not news to the database */
    int end_count;
};

struct sender {
    const struct definition *definition;
    rd_kafka_t *producer;
    char bootstrap[128], *cluster;
    sqlite3 *db;
    struct lane *lanes; /* one per changelog */
    uint64_t sent;
    rd_kafka_resp_err_t failure; /* the first one */
    const struct changelog *failed;
    int64_t acknowledged_ns; /* when the last message was, or nothing was waiting */
    bool stall_said;
};

static void end_note(struct lane *lane, int32_t partition, int64_t offset)
{
    if (partition < 0 || offset < 0) return; /* a message that the broker had already: its offset is not told */
    if (partition >= lane->end_count) {
        lane->ends = memory_grow(lane->ends, (size_t)partition + 1, sizeof *lane->ends);
        while (lane->end_count <= partition) lane->ends[lane->end_count++] = 0;
    }
    lane->ends[partition] = offset + 1;
}

static void delivered(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque)
{
    struct lane *lane = m->_private;
    struct sender *s = lane->sender;
    (void)rk, (void)opaque;
    lane->waiting--;
    if (m->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        s->sent++;
        end_note(lane, m->partition, m->offset);
        s->acknowledged_ns = clock_mono_ns();
    } else if (!s->failed) {
        s->failure = m->err;
        s->failed = lane->changelog;
    }
}

/* --- opening --- */

static int topics_find(struct sender *s, struct err_text *error)
{
    for (int i = 0; i < s->definition->changelog_count; i++) {
        struct lane *lane = &s->lanes[i];
        const struct changelog *c = &s->definition->changelogs[i];
        *lane = (struct lane){.sender = s, .changelog = c};
        int partitions = client_partition_count(s->producer, c->topic, METADATA_MS);
        if (partitions < 0)
            return err_set(error, ERR_IO, "%s: no broker at %s answers, for topic %s (%s.topic)", s->definition->path,
                           s->bootstrap, c->topic, c->at);
        lane->fresh = partitions == 0;
    }
    s->cluster = rd_kafka_clusterid(s->producer, METADATA_MS);
    return 0;
}

int sender_open(const struct definition *d, const char *bootstrap, int give_up_ms, struct sender **out,
                struct err_text *error)
{
    char timeout[16];
    /* Java's partitioner: what other programs send with these keys comes to the same partitions. */
    const char *const settings[] = {"enable.idempotence",
                                    "true",
                                    "linger.ms",
                                    "5",
                                    "partitioner",
                                    "murmur2_random",
                                    "message.timeout.ms",
                                    timeout,
                                    "allow.auto.create.topics",
                                    "false",
                                    "message.max.bytes",
                                    CLIENT_MESSAGE_BYTES_MAX,
                                    NULL};
    const struct client_callbacks callbacks = {.delivered = delivered};
    *out = NULL;
    if (d->changelog_count == 0) return 0;
    snprintf(timeout, sizeof timeout, "%d", give_up_ms);
    struct sender *s = memory_new(sizeof *s);
    s->definition = d;
    s->lanes = memory_new((size_t)d->changelog_count * sizeof *s->lanes);
    s->acknowledged_ns = clock_mono_ns();
    snprintf(s->bootstrap, sizeof s->bootstrap, "%s", bootstrap);
    s->producer = client_new(RD_KAFKA_PRODUCER, bootstrap, settings, &callbacks, error);
    int result = s->producer ? topics_find(s, error) : ERR_INVALID;
    if (result == 0)
        *out = s;
    else
        sender_close(s);
    return result;
}

static int lane_attach(struct lane *lane, struct err_text *error)
{
    struct sender *s = lane->sender;
    const struct changelog *c = lane->changelog;
    int result = lane->fresh ? client_topic_create(s->producer, c->topic, c->partitions, true, error) : 0;
    if (result < 0 && result != ERR_EXISTS) return result;
    /* The client remembers that the topic was not there, and would look again once a second. */
    if (lane->fresh) client_partition_count(s->producer, c->topic, METADATA_MS);
    result = letters_open(&lane->letters, s->definition, c, s->db, true, error);
    return result == 0
               ? sql_prepare(s->db, &lane->erase, error, "DELETE FROM \"millrace_outbox_%w\" WHERE seq = ?1", c->topic)
               : result;
}

int sender_attach(struct sender *s, const char *db_path, struct err_text *error)
{
    if (!s) return 0;
    int result = database_open(db_path, BUSY_MS, &s->db, error);
    if (result == 0) result = database_tune(s->db, error);
    for (int i = 0; i < s->definition->changelog_count && result == 0; i++) result = lane_attach(&s->lanes[i], error);
    return result;
}

void sender_close(struct sender *s)
{
    if (!s) return;
    if (s->producer) {
        rd_kafka_purge(s->producer, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
        rd_kafka_flush(s->producer, 1000);
        if (s->cluster) rd_kafka_mem_free(s->producer, s->cluster);
        rd_kafka_destroy(s->producer);
    }
    for (int i = 0; i < s->definition->changelog_count; i++) {
        letters_close(&s->lanes[i].letters);
        sqlite3_finalize(s->lanes[i].erase);
        buf_release(&s->lanes[i].seqs);
        free(s->lanes[i].ends);
    }
    sqlite3_close(s->db);
    free(s->lanes);
    free(s);
}

const char *sender_cluster(const struct sender *s)
{
    return s && s->cluster ? s->cluster : "";
}

int sender_fresh(const struct sender *s, int i, sqlite3 *db, struct err_text *error)
{
    if (!s) return 0;
    const char *topic = s->lanes[i].changelog->topic;
    int fresh = s->lanes[i].fresh ? 1 : ends_missing(db, s->producer, topic, error);
    int result = fresh == 1 ? ends_forget(db, topic, error) : 0;
    return result < 0 ? result : fresh;
}

uint64_t sender_sent(const struct sender *s)
{
    return s ? s->sent : 0;
}

/* --- a batch --- */

static rd_kafka_headers_t *headers_new(const struct letter *m)
{
    const struct letter_header *h = (const void *)m->headers.p;
    size_t count = m->headers.n / sizeof *h;
    rd_kafka_headers_t *headers = rd_kafka_headers_new(count);
    for (size_t i = 0; i < count; i++)
        rd_kafka_header_add(headers, h[i].name, -1, m->texts.p + h[i].at, (ssize_t)h[i].n);
    return headers;
}

/* 1: sent; 0: the producer has no room now. */
static int letter_send(struct lane *lane, const struct letter *m, struct err_text *error)
{
    const struct changelog *c = lane->changelog;
    void *value = m->gone ? NULL : m->value.n ? m->value.p : (void *)"";
    rd_kafka_headers_t *headers = headers_new(m);
    rd_kafka_resp_err_t err =
        rd_kafka_producev(lane->sender->producer, RD_KAFKA_V_TOPIC(c->topic), RD_KAFKA_V_KEY(m->key.p, m->key.n),
                          RD_KAFKA_V_VALUE(value, m->gone ? 0 : m->value.n), RD_KAFKA_V_HEADERS(headers),
                          RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_OPAQUE(lane), RD_KAFKA_V_END);
    if (err) rd_kafka_headers_destroy(headers);
    if (err == RD_KAFKA_RESP_ERR__QUEUE_FULL) return 0;
    if (err)
        return err_set(error, ERR_IO, "topic %s: the message of %.*s (%zu bytes): %s", c->topic,
                       m->key.n > 200 ? 200 : (int)m->key.n, (const char *)m->key.p, m->value.n, rd_kafka_err2str(err));
    buf_append(&lane->seqs, &m->seq, sizeof m->seq);
    lane->waiting++;
    return 1;
}

static int batch_send(struct lane *lane, struct err_text *error)
{
    const struct letter *m;
    size_t bytes = 0;
    int result = 0;
    letters_from(&lane->letters, lane->looked_to);
    while (lane->waiting < BATCH_MESSAGES && bytes < BATCH_BYTES &&
           (result = letters_next(&lane->letters, &m, error))) {
        if (result == 1 && (lane->changelog->letters || m->rows <= 1)) result = letter_send(lane, m, error);
        if (result <= 0) break;
        lane->looked_to = m->seq;
        bytes += m->key.n + m->value.n + m->texts.n;
    }
    letters_stop(&lane->letters);
    return result < 0 ? result : 0;
}

static int ends_store(struct lane *lane, struct err_text *error)
{
    int result = 0;
    for (int p = 0; p < lane->end_count && result == 0; p++)
        if (lane->ends[p]) result = ends_write(lane->sender->db, lane->changelog->topic, p, lane->ends[p], error);
    return result;
}

/* What came to the outbox meanwhile has other numbers. ERR_LOCKED, without a sentence: later. */
static int batch_erase(struct lane *lane, struct err_text *error)
{
    sqlite3 *db = lane->sender->db;
    const int64_t *seqs = (const void *)lane->seqs.p;
    struct err_text detail = {{0}};
    int result = sql_exec(db, &detail, "BEGIN IMMEDIATE");
    for (size_t i = 0; i < lane->seqs.n / sizeof *seqs && result == 0; i++) {
        sqlite3_bind_int64(lane->erase, 1, seqs[i]);
        result = sql_step(lane->erase, &detail);
    }
    if (result == 0) result = ends_store(lane, &detail);
    if (result == 0) result = sql_exec(db, &detail, "COMMIT");
    if (result == 0) {
        buf_reset(&lane->seqs);
        if (lane->end_count) memset(lane->ends, 0, (size_t)lane->end_count * sizeof *lane->ends);
    } else if (!sqlite3_get_autocommit(db))
        sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    return result == 0 || result == ERR_LOCKED ? result : err_set(error, result, "%s", detail.text);
}

/* *busy: there is, or may be, something under way. */
static int lane_step(struct lane *lane, bool *busy, struct err_text *error)
{
    int result = 0;
    if (!lane->waiting && lane->seqs.n) result = batch_erase(lane, error);
    if (!lane->waiting && !lane->seqs.n && result == 0) result = batch_send(lane, error);
    *busy = *busy || lane->seqs.n;
    return result == ERR_LOCKED ? 0 : result;
}

/* --- sending --- */

static void stall_say(struct sender *s)
{
    int64_t now_ns = clock_mono_ns();
    if (rd_kafka_outq_len(s->producer) == 0) s->acknowledged_ns = now_ns;
    bool stalled = now_ns - s->acknowledged_ns > (int64_t)STALL_SAID_AFTER_MS * 1000000;
    if (stalled && !s->stall_said)
        log_info("changelog",
                 "no acknowledgement from the broker at %s for %d s: is it away, or its disk full? trying on",
                 s->bootstrap, STALL_SAID_AFTER_MS / 1000);
    s->stall_said = stalled;
}

static int failure(const struct sender *s, struct err_text *error)
{
    if (!s->failed) return 0;
    return err_set(error, ERR_IO,
                   "topic %s (%s.topic): a message was not acknowledged: %s; what is left is sent by the "
                   "next run",
                   s->failed->topic, s->failed->at, rd_kafka_err2str(s->failure));
}

int sender_run(struct sender *s, int ms, bool rest, bool *idle, struct err_text *error)
{
    int64_t until_ns = clock_mono_ns() + (int64_t)ms * 1000000;
    *idle = true;
    if (!s) {
        if (rest) clock_sleep_ms(ms);
        return 0;
    }
    do {
        bool busy = false;
        int result = failure(s, error);
        for (int i = 0; i < s->definition->changelog_count && result == 0; i++)
            result = lane_step(&s->lanes[i], &busy, error);
        if (result != 0) return result;
        *idle = !busy;
        int64_t left_ms = (until_ns - clock_mono_ns()) / 1000000;
        if (*idle && !rest) break;
        rd_kafka_poll(s->producer, *idle && left_ms > 0 ? (int)left_ms : POLL_MS);
    } while (!*idle && clock_mono_ns() < until_ns);
    stall_say(s);
    return failure(s, error);
}

int sender_check(struct sender *s, struct err_text *error)
{
    int result = 0;
    for (int i = 0; s && i < s->definition->changelog_count && result == 0; i++) {
        struct lane *lane = &s->lanes[i];
        const struct letter *m;
        letters_from(&lane->letters, 0);
        result = letters_next(&lane->letters, &m, error);
        if (result == 1) {
            struct buf example = {0};
            buf_append_slice(&example, buf_slice(&m->key));
            result = outbox_key_broken(s->definition, lane->changelog, buf_cstr(&example), error);
            buf_release(&example);
        }
        letters_stop(&lane->letters);
    }
    return result;
}
