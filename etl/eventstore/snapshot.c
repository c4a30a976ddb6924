/* snapshot.c - states of folds in TOPIC-snapshots: key FOLD/STREAM, in the partition of the stream. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "etl/eventstore/store.h"
#include "lib/os/clock.h"

enum { TOPIC_SIZE = 256 };

static const char *topic_of(const struct es_store *s, char out[TOPIC_SIZE])
{
    snprintf(out, TOPIC_SIZE, "%s-snapshots", s->topic);
    return out;
}

/* 0: the topic is not there. */
static int partitions_of(struct es_store *s, bool create, struct err_text *error)
{
    char topic[TOPIC_SIZE];
    int result = es_count_confirm(s, error);
    if (result != 0 || s->snapshot_partitions > 0) return result != 0 ? result : s->snapshot_partitions;
    int count = es_log_partitions(&s->log, topic_of(s, topic), error);
    if (count == 0 && create) result = es_log_topic_create(&s->log, topic, s->partitions, true, error);
    if (result == 0 && count == 0 && create) count = s->partitions;
    if (result == 0 && count > 0 && count < s->partitions)
        result = err_set(error, ERR_INVALID, "topic %s has %d partitions, %s has %d: they must be as many", topic,
                         count, s->topic, s->partitions);
    if (result != 0 || count < 0) return result != 0 ? result : count;
    s->snapshot_partitions = count;
    return count;
}

static struct slice key_of(struct arena *arena, const char *fold, struct slice stream)
{
    return slice_str(arena_printf(arena, "%s/%.*s", fold, (int)stream.n, (const char *)stream.p));
}

int es_snapshot_write(struct es_store *s, struct slice stream, const char *fold, int64_t fold_version,
                      const struct es_folded *f, struct err_text *error)
{
    char topic[TOPIC_SIZE];
    struct arena arena = {0};
    int count = partitions_of(s, true, error);
    if (count < 0) return count;
    json_t *value = json_pack("{s:o, s:s, s:I, s:I, s:s, s:I, s:I, s:I, s:O}", "stream", es_text_value(stream), "fold",
                              fold, "fold_version", (json_int_t)fold_version, "version", (json_int_t)f->version, "id",
                              f->id, "offset", (json_int_t)f->at.offset, "expected", (json_int_t)f->at.version,
                              "latest", (json_int_t)f->latest, "state", f->state);
    if (!value) return err_set(error, ERR_INVALID, "the snapshot of fold %s cannot be written as JSON", fold);
    char *text = json_dumps(value, JSON_COMPACT);
    struct es_raw raw = {.key = key_of(&arena, fold, stream), .value = slice_str(text)};
    int result = es_log_send(&s->log, topic_of(s, topic), es_log_partition_of(stream, s->partitions), &raw,
                             clock_wall_ms(), error);
    free(text);
    json_decref(value);
    arena_release(&arena);
    return result;
}

/* ---- the newest one that fits ---- */

struct search {
    struct slice key;
    int64_t fold_version, version, until;
    struct es_folded *best;
};

static int64_t number(const json_t *o, const char *key)
{
    const json_t *value = json_object_get(o, key);
    return json_is_integer(value) ? json_integer_value(value) : -1;
}

/* What somebody else wrote there, or wrote wrong, is no snapshot. */
static bool snapshot_read(json_t *o, struct es_folded *out)
{
    const json_t *id = json_object_get(o, "id");
    *out = (struct es_folded){.version = number(o, "version"),
                              .latest = number(o, "latest"),
                              .at = {number(o, "offset"), number(o, "expected")}};
    if (!json_is_string(id) || json_string_length(id) > ES_NAME_MAX || !json_object_get(o, "state") ||
        out->version < 1 || out->latest < 0 || out->at.offset < 0 || out->at.version < 0 ||
        out->at.version >= out->version)
        return false;
    snprintf(out->id, sizeof out->id, "%s", json_string_value(id));
    out->snapshot = out->version;
    return true;
}

static int message(void *context, const rd_kafka_message_t *m)
{
    struct search *w = context;
    struct es_folded found;
    json_error_t ignored;
    if (!slice_equal(slice_of(m->key, m->key_len), w->key)) return 0;
    json_t *o = json_loadb(m->payload ? m->payload : "", m->len, JSON_ALLOW_NUL, &ignored);
    if (snapshot_read(o, &found) && number(o, "fold_version") == w->fold_version &&
        (w->version <= 0 || found.version <= w->version) && (w->until <= 0 || found.latest <= w->until) &&
        found.version >= w->best->version) {
        es_folded_release(w->best);
        *w->best = found;
        w->best->state = json_incref(json_object_get(o, "state"));
    }
    json_decref(o);
    return 0;
}

int es_snapshot_newest(struct es_store *s, struct slice stream, const char *fold, int64_t fold_version, int64_t version,
                       int64_t until, struct es_folded *out, struct err_text *error)
{
    char topic[TOPIC_SIZE];
    struct arena arena = {0};
    struct search w = {key_of(&arena, fold, stream), fold_version, version, until, out};
    *out = (struct es_folded){0};
    int64_t low = 0, high = 0;
    int count = partitions_of(s, false, error), result = count < 0 ? count : 0;
    int32_t partition = es_log_partition_of(stream, s->partitions);
    if (count > 0) result = es_log_ends(&s->log, topic_of(s, topic), partition, &low, &high, error);
    /* Old snapshots may be gone: what there is is read. */
    if (count > 0 && result == 0) result = es_log_read(&s->log, topic, partition, low, message, &w, NULL, error);
    arena_release(&arena);
    if (result != 0) es_folded_release(out);
    return result;
}
