#include "etl/eventstore/written.h"

#include <stdlib.h>

#include "lib/base/checksum.h"
#include "lib/base/memory.h"

enum {
    WRITTEN_MAX = 1 << 17, /* streams, about a KiB each with a few events */
    EVENTS_MAX = 1 << 21,  /* of them, if they are more than MANY streams */
    MANY = 2 * ES_ALONE_MAX
};

/* ---- streams ---- */

static void written_free(struct written *w)
{
    es_index_release(&w->index);
    free((void *)(uintptr_t)w->stream.p);
    free(w);
}

void es_written_release(struct es_store *s)
{
    for (struct table_entry *e = table_first(&s->written); e; e = table_next(&s->written, e)) written_free(e->value);
    table_release(&s->written);
    s->written = (struct table){0};
    free(s->behind);
    s->behind = NULL;
    s->behind_count = s->behind_capacity = 0;
    s->written_events = 0;
}

static void read_open(struct es_store *s)
{
    s->read = memory_grow(s->read, (size_t)s->partitions, sizeof *s->read);
    for (int i = 0; i < s->partitions; i++) s->read[i] = (struct es_read){.seen = -1};
}

void es_forget(struct es_store *s)
{
    es_written_release(s);
    es_places_release(&s->places);
    free(s->read);
    s->read = NULL;
}

void es_written_room(struct es_store *s, uint32_t more)
{
    uint32_t count = s->written.count + more;
    if (count > WRITTEN_MAX || (count > MANY && s->written_events > EVENTS_MAX)) es_written_release(s);
}

static void behind_add(struct es_store *s, struct written *w)
{
    if (s->behind_count == s->behind_capacity) {
        s->behind_capacity = s->behind_capacity ? 2 * s->behind_capacity : 16;
        s->behind = memory_grow(s->behind, (size_t)s->behind_capacity, sizeof *s->behind);
    }
    s->behind[s->behind_count++] = w;
}

static void drop(struct es_store *s, struct written *w)
{
    int kept = 0;
    for (int i = 0; i < s->behind_count; i++)
        if (s->behind[i] != w) s->behind[kept++] = s->behind[i];
    s->behind_count = kept;
    s->written_events -= w->index.version;
    table_remove(&s->written, w->stream);
    written_free(w);
}

struct written *es_written_of(struct es_store *s, const struct es_append *a)
{
    struct slice stream = a->record.stream;
    struct written *w = table_get(&s->written, stream);
    if (w && (!a->domain || w->index.fold == a->domain)) return w;
    if (w) drop(s, w);
    if (!s->read) read_open(s);
    w = memory_new(sizeof *w);
    w->stream = slice_of(memory_copy(stream.p, stream.n), stream.n);
    w->partition = es_log_partition_of(stream, s->partitions);
    w->next = es_place_of(&s->places, stream, s->read[w->partition].placed);
    es_index_init(&w->index, a->domain);
    table_set(&s->written, stream, w);
    behind_add(s, w);
    return w;
}

/* ---- reading what is new, for all streams of the partition that are written to ---- */

struct catching {
    struct es_store *store;
    struct err_text *error;
    int64_t from;
    struct es_read *read;
    bool same; /* the log that was read before: its last record has been met */
    struct arena scratch;
};

static int made_again(const struct es_store *s, struct err_text *error)
{
    return err_set(
        error, ERR_EXISTS,
        "topic %s is not the log that was read before: it was made again, or lost its end; append again with "
        "the same id, and the answer is right",
        s->topic);
}

static uint32_t crc_of(const rd_kafka_message_t *m)
{
    int64_t timestamp = rd_kafka_message_timestamp(m, NULL);
    return crc32c(crc32c(crc32c(0, &timestamp, sizeof timestamp), m->key, m->key_len), m->payload, m->len);
}

static bool log_check(struct catching *c, const rd_kafka_message_t *m)
{
    struct es_read *read = c->read;
    uint32_t crc = crc_of(m);
    if (!c->same && m->offset == read->seen && crc != read->crc) return false;
    if (!c->same && m->offset > read->seen && c->from <= read->seen) return false;
    c->same = c->same || m->offset >= read->seen;
    if (m->offset > read->seen) {
        read->seen = m->offset;
        read->crc = crc;
    }
    return true;
}

/* What is met for the first time in the piece that is read from the beginning. */
static void place_note(struct es_store *s, struct es_read *read, const rd_kafka_message_t *m)
{
    struct slice stream = slice_of(m->key, m->key_len);
    bool whole = read->placed == read->front;
    if (m->offset < read->front) return;
    if (whole && stream.n > 0 && es_log_partition_of(stream, s->partitions) == m->partition)
        whole = es_place_add(&s->places, stream, m->offset);
    read->front = m->offset + 1;
    if (whole) read->placed = read->front;
}

/* A stream of which less is known than where this reading begins is none of its business: it would miss a part. */
static bool takes(const struct catching *c, const struct written *w, const rd_kafka_message_t *m)
{
    int64_t next = w->at_front ? c->read->front : w->next;
    return w->partition == m->partition && m->offset >= next && next >= c->from;
}

static int message(void *context, const rd_kafka_message_t *m)
{
    struct catching *c = context;
    struct es_store *s = c->store;
    struct es_record r;
    if (!log_check(c, m)) return made_again(s, c->error);
    struct written *w = table_get(&s->written, slice_of(m->key, m->key_len));
    if (w && takes(c, w, m)) {
        int64_t before = w->index.version;
        w->next = m->offset + 1;
        es_message_decode(s, m, &c->scratch, &r);
        es_index_step(&w->index, &r);
        s->written_events += w->index.version - before;
        es_record_release(&r);
        arena_reset(&c->scratch);
    }
    place_note(s, c->read, m);
    return 0;
}

/* Who was as far as this reading began is now as far as it went. */
static void behind_end(struct es_store *s, int32_t partition, int64_t from, int64_t next)
{
    int kept = 0;
    for (int i = 0; i < s->behind_count; i++) {
        struct written *w = s->behind[i];
        bool read = w->partition == partition && w->next >= from;
        if (read && next > w->next) w->next = next;
        w->at_front = read && w->next >= s->read[partition].front;
        if (!w->at_front) s->behind[kept++] = w;
    }
    s->behind_count = kept;
}

int es_written_catch_up(struct es_store *s, struct written *w, struct err_text *error)
{
    int32_t partition = w->partition;
    struct es_read *read = &s->read[partition];
    int64_t from = w->at_front ? read->front : w->next, next = from,
            known = read->seen >= 0 && read->seen < from ? read->seen : from;
    struct catching c = {.store = s, .error = error, .from = from, .read = read, .same = read->seen < 0};
    int result = es_log_read_on(&s->log, s->topic, partition, known, from, message, &c, &next, error);
    arena_release(&c.scratch);
    if (result == 0 && !c.same && next > from && next <= read->seen) result = made_again(s, error);
    if (result == ERR_EXISTS || result == ERR_RANGE) {
        es_forget(s); /* the other log may have another count, too */
        s->counted = false;
    }
    if (result != 0) return result;
    if (next > read->front) { /* what is no record, such as the mark of a transaction's end */
        if (read->placed == read->front) read->placed = next;
        read->front = next;
    }
    behind_end(s, partition, from, next);
    return 0;
}
