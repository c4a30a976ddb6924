#include "etl/stream/pool.h"

#include <stdlib.h>

#include "etl/parse.h"
#include "lib/base/memory.h"
#include "lib/base/random.h"

struct clockwork {
    struct row_parser *parser; /* NULL: times are not asked for */
    int column;                /* of the event time */
    struct arena arena;
};

/* The event time of a record; `otherwise` when it has none, or is rejected: a wrong date must not hold up the rest. */
static int64_t event_time(struct clockwork *c, const struct record *r, int64_t otherwise)
{
    struct row row;
    arena_reset(&c->arena);
    row_parse(c->parser, r, &c->arena, &row);
    const struct value *v = &row.values[c->column];
    return v->type == VALUE_NULL || row.bucket != ROW_VALID ? otherwise : v->type == VALUE_DATE ? v->i * 86400 : v->i;
}

static struct pooled *room(struct pool *p)
{
    if (p->count == p->capacity) {
        p->capacity = p->capacity ? 2 * p->capacity : 4096;
        p->records = realloc(p->records, p->capacity * sizeof *p->records);
        if (!p->records) abort();
    }
    return &p->records[p->count];
}

/* What records of one file have in common is kept once. */
struct kept {
    struct slice file, layout;
};

static void slice_keep(struct pool *p, struct slice *s, struct slice *kept)
{
    if (!kept->p || !slice_equal(*s, *kept)) *kept = slice_of(arena_copy(&p->arena, s->p, s->n), s->n);
    *s = *kept;
}

/* The reader's window moves on: the record's bytes are copied. */
static void record_keep(struct pool *p, struct record *r, struct kept *kept)
{
    slice_keep(p, &r->at.file, &kept->file);
    slice_keep(p, &r->layout, &kept->layout);
    r->raw.p = arena_copy(&p->arena, r->raw.p, r->raw.n);
}

/* A log is written in the order in which things were seen: a record that is older than one before it was late, and is
 * due together with that one. */
static int file_read(struct pool *p, struct source_reader *reader, struct clockwork *c, struct err_text *error)
{
    int64_t newest_s = INT64_MIN;
    struct kept kept = {0};
    for (;;) {
        struct pooled *next = room(p);
        int result = source_next(reader, &next->record, error);
        if (result != 1) return result;
        record_keep(p, &next->record, &kept);
        int64_t time_s = c->parser ? event_time(c, &next->record, newest_s) : newest_s;
        if (time_s > newest_s) newest_s = time_s;
        next->time_s = newest_s;
        p->count++;
    }
}

int pool_fill(struct pool *p, const char *dir, const struct source_list *list, bool timed, struct err_text *error)
{
    struct clockwork c = {timed ? row_parser_new(list->feed) : NULL, list->feed->time, {0}};
    int result = 0;
    for (int i = 0; i < list->count && result == 0; i++) {
        if (list->files[i].same_as) continue;
        struct source_reader *reader;
        result = source_open(list->feed, dir, &list->files[i], &reader, error);
        if (result == 0) result = file_read(p, reader, &c, error);
        source_close(reader);
    }
    row_parser_free(c.parser);
    arena_release(&c.arena);
    return result;
}

void pool_release(struct pool *p)
{
    arena_release(&p->arena);
    free(p->records);
    *p = (struct pool){0};
}

void pool_shuffle(struct pool *p, uint64_t seed)
{
    struct random random;
    random_seed(&random, seed);
    for (size_t i = p->count; i > 1; i--) {
        size_t j = (size_t)random_below(&random, i);
        struct pooled r = p->records[i - 1];
        p->records[i - 1] = p->records[j];
        p->records[j] = r;
    }
}

static int by_time(const void *a, const void *b)
{
    const struct pooled *x = a, *y = b;
    if (x->time_s != y->time_s) return x->time_s < y->time_s ? -1 : 1;
    if (x->record.feed != y->record.feed) return x->record.feed < y->record.feed ? -1 : 1;
    int files = slice_compare(x->record.at.file, y->record.at.file);
    if (files != 0) return files;
    return (x->record.at.byte_offset > y->record.at.byte_offset) -
           (x->record.at.byte_offset < y->record.at.byte_offset);
}

void pool_sort(struct pool *p)
{
    if (p->count) qsort(p->records, p->count, sizeof *p->records, by_time);
}
