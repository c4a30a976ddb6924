/* store.c - opening and closing, and walking over records with the rule. */
#include "etl/eventstore/store.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "etl/eventstore/fold_file.h"
#include "lib/base/memory.h"

enum { TIMEOUT_MS = 30000, TOPIC_MAX = 200 };

static int partitions_find(struct es_store *s, int create, struct err_text *error)
{
    int count = es_count_find(s, error);
    if (count != 0) return count < 0 ? count : es_log_keeps_all(&s->log, s->topic, error);
    if (create == 0)
        return err_set(error, ERR_NOTFOUND, "there is no topic %s at %s: the first append makes it", s->topic,
                       s->log.bootstrap);
    int result = es_log_topic_create(&s->log, s->topic, create, false, error);
    if (result == 0) count = es_count_find(s, error);
    return count < 0 ? count : result;
}

int es_open(const struct es_options *options, struct es_store **out, struct err_text *error)
{
    struct es_store *s = memory_new(sizeof *s);
    *out = NULL;
    s->topic = memory_str(options->topic);
    s->told_partitions = options->partitions;
    int result =
        strlen(options->topic) > TOPIC_MAX || !*options->topic
            ? err_set(error, ERR_INVALID, "topic \"%s\": a name has 1 to %d bytes", options->topic, TOPIC_MAX)
            : es_log_open(&s->log, options->bootstrap, options->timeout_ms ? options->timeout_ms : TIMEOUT_MS, error);
    if (result == 0) result = partitions_find(s, options->create_partitions, error);
    if (result == 0)
        *out = s;
    else
        es_close(s);
    return result;
}

void es_close(struct es_store *s)
{
    if (!s) return;
    es_forget(s);
    for (struct table_entry *e = table_first(&s->folds); e; e = table_next(&s->folds, e)) es_fold_file_free(e->value);
    table_release(&s->folds);
    if (s->log.bootstrap) es_log_close(&s->log);
    free(s->topic);
    free(s);
}

int es_partitions(const struct es_store *s)
{
    return s->partitions;
}

const char *es_topic(const struct es_store *s)
{
    return s->topic;
}

struct es_log *es_store_log(struct es_store *s)
{
    return &s->log;
}

void es_id_draw(char out[40])
{
    unsigned char b[16];
    if (getrandom(b, sizeof b, 0) != (ssize_t)sizeof b) abort(); /* so few bytes come whole */
    b[6] = (unsigned char)(0x40 | (b[6] & 0x0f));
    b[8] = (unsigned char)(0x80 | (b[8] & 0x3f));
    snprintf(out, 40, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1], b[2], b[3],
             b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]);
}

/* ---- walking ---- */

struct walk {
    const struct es_store *store;
    struct slice stream;    /* of one stream */
    struct table *versions; /* of all; NULL: of one */
    struct arena *arena;    /* of the versions */
    int64_t version;
    es_each *each;
    void *context;
    struct arena scratch; /* of a record */
};

static int64_t *version_of(struct walk *w, struct slice stream)
{
    if (!w->versions) return &w->version;
    struct es_version *v = table_get(w->versions, stream);
    if (!v) {
        v = arena_alloc(w->arena, sizeof *v);
        table_set(w->versions, stream, v);
    }
    return &v->version;
}

static int step(struct walk *w, struct es_record *r)
{
    bool elsewhere = es_log_partition_of(r->stream, w->store->partitions) != r->partition;
    int64_t none = 0, *version = elsewhere || !es_name_good(r->stream) ? &none : version_of(w, r->stream),
            before = *version;
    bool counts = es_rule(before, r);
    if (counts)
        for (int i = 0; i < r->count; i++) r->events[i].version = ++*version;
    return w->each(w->context, r, counts, before);
}

void es_message_decode(const struct es_store *s, const rd_kafka_message_t *m, struct arena *arena,
                       struct es_record *out)
{
    struct es_raw raw;
    es_log_raw(m, &raw);
    es_record_decode(&raw, arena, out);
    if (!out->malformed && es_log_partition_of(raw.key, s->partitions) != m->partition) {
        out->malformed = "this is not the partition of its stream";
        out->count = 0;
    }
    if (!out->malformed && out->partitions > 0 && out->partitions != s->partitions) {
        out->malformed = "it was written for another number of partitions than the store has";
        out->count = 0;
    }
    out->partition = m->partition;
    out->offset = m->offset;
    out->timestamp = rd_kafka_message_timestamp(m, NULL);
}

static int message(void *context, const rd_kafka_message_t *m)
{
    struct walk *w = context;
    struct es_record r;
    if (!w->versions && !slice_equal(slice_of(m->key, m->key_len), w->stream)) return 0;
    es_message_decode(w->store, m, &w->scratch, &r);
    int result = step(w, &r);
    es_record_release(&r);
    arena_reset(&w->scratch);
    return result;
}

int es_walk(struct es_store *s, struct slice stream, struct es_place from, es_each *each, void *context,
            struct err_text *error)
{
    struct walk w = {.store = s, .stream = stream, .version = from.version, .each = each, .context = context};
    int result = es_count_confirm(s, error);
    if (result == 0)
        result = es_log_read(&s->log, s->topic, es_log_partition_of(stream, s->partitions), from.offset, message, &w,
                             NULL, error);
    arena_release(&w.scratch);
    return result;
}

int es_walk_partition(struct es_store *s, int32_t partition, int64_t from, struct table *versions, struct arena *arena,
                      es_each *each, void *context, int64_t *next, struct err_text *error)
{
    struct walk w = {.store = s, .versions = versions, .arena = arena, .each = each, .context = context};
    int result = es_count_confirm(s, error);
    if (result == 0) result = es_log_read(&s->log, s->topic, partition, from, message, &w, next, error);
    arena_release(&w.scratch);
    return result;
}
