#include "etl/stream/pool.h"

#include <stdlib.h>

#include "lib/base/memory.h"
#include "lib/base/random.h"

static struct record *room(struct pool *p)
{
    if (p->count == p->capacity) {
        p->capacity = p->capacity ? 2 * p->capacity : 4096;
        p->records = memory_grow(p->records, p->capacity, sizeof *p->records);
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

static int file_read(struct pool *p, struct source_reader *reader, struct err_text *error)
{
    struct kept kept = {0};
    int result;
    while ((result = source_next(reader, room(p), error)) == 1) record_keep(p, &p->records[p->count++], &kept);
    return result;
}

int pool_fill(struct pool *p, const char *dir, const struct source_list *list, struct source_notes *notes,
              struct err_text *error)
{
    int result = 0;
    for (int i = 0; i < list->count && result == 0; i++) {
        if (list->files[i].same_as) continue;
        struct source_reader *reader;
        result = source_open(list->feed, dir, &list->files[i], &reader, error);
        if (result == 0) result = file_read(p, reader, error);
        if (result == 0 && notes) source_notes_take(notes, reader);
        source_close(reader);
    }
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
        struct record r = p->records[i - 1];
        p->records[i - 1] = p->records[j];
        p->records[j] = r;
    }
}
