#include "etl/operator/tally.h"

#include <assert.h>
#include <stdlib.h>

#include "etl/operator/numbers.h"
#include "lib/base/memory.h"

/* A definition has many of these, and rows that share a value often follow each other. */
enum { RECENT_MAX = 1 << 12 };
enum { CACHED_MAX = 1 << 20 }; /* live: more counts than this are not kept from one commit to the next */

/* In the map a count stands with a flag: value = count * 2 + (1 if it is to be written). */
struct tally {
    struct operator_context *context;
    struct fingerprint_map counts;        /* live */
    struct key_set seen;                  /* batch: no row is taken back, so whether a value was there is enough */
    struct fingerprint last;              /* the key of the change before, */
    struct fingerprint_entry *last_entry; /* and its entry while the map has not moved */
    struct buf dirty;                     /* struct fingerprint, each once */
    struct numbers *stored;               /* live */
};

int tally_open(struct operator_context *c, const char *table, const char *column, struct tally **out)
{
    struct tally *t = memory_new(sizeof *t);
    t->context = c;
    t->seen.recent_max = RECENT_MAX;
    *out = t;
    if (!c->live) return 0;
    char *name = sqlite3_mprintf("millrace_distinct_%s_%s", table, column);
    int result = numbers_open(c, name, &t->stored);
    sqlite3_free(name);
    return result;
}

/* Rows of one invoice or one client often follow each other. */
static int entry_find(struct tally *t, struct fingerprint key, struct fingerprint_entry **out)
{
    if (t->last_entry && fingerprint_equal(t->last, key)) {
        *out = t->last_entry;
        return 0;
    }
    bool added;
    struct fingerprint_entry *e = fingerprint_map_at(&t->counts, key, &added);
    t->last = key;
    t->last_entry = *out = e;
    if (!added) return 0;
    int64_t stored = 0;
    int result = numbers_get(t->stored, key, &stored);
    e->value = stored * 2;
    return result;
}

static int change_in_batch(struct tally *t, struct fingerprint key, int *change)
{
    bool added = false;
    int result = fingerprint_equal(t->last, key) ? 0 : key_set_add(&t->seen, key, &added, t->context->error);
    t->last = key;
    *change = added;
    return result;
}

int tally_change(struct tally *t, struct fingerprint key, int sign, int *change)
{
    assert(t->context->live || sign > 0);
    if (!t->context->live) return change_in_batch(t, key, change);
    struct fingerprint_entry *e;
    int result = entry_find(t, key, &e);
    if (result < 0) return result;
    int64_t count = e->value >> 1, now = count + sign;
    assert(now >= 0); /* only what was added is taken back */
    if (!(e->value & 1)) buf_append(&t->dirty, &key, sizeof key);
    e->value = now * 2 + 1;
    *change = (now > 0) - (count > 0);
    return 0;
}

int tally_flush(struct tally *t)
{
    int result = 0;
    const struct fingerprint *keys = (const struct fingerprint *)(const void *)t->dirty.p;
    for (size_t i = 0; i < t->dirty.n / sizeof *keys && result == 0; i++) {
        bool added;
        struct fingerprint_entry *e = fingerprint_map_at(&t->counts, keys[i], &added);
        assert(!added);
        e->value &= ~(int64_t)1;
        result = numbers_put(t->stored, keys[i], e->value >> 1);
    }
    buf_reset(&t->dirty);
    t->last_entry = NULL; /* the look-ups here may have moved the map */
    if (t->counts.count > CACHED_MAX) tally_forget(t);
    return result;
}

void tally_measure(const struct tally *t, struct state_size *size)
{
    key_set_measure(&t->seen, size);
}

void tally_forget(struct tally *t)
{
    fingerprint_map_reset(&t->counts);
    key_set_release(&t->seen);
    t->last = (struct fingerprint){0};
    t->last_entry = NULL;
    buf_reset(&t->dirty);
}

void tally_close(struct tally *t)
{
    if (!t) return;
    numbers_close(t->stored);
    fingerprint_map_release(&t->counts);
    key_set_release(&t->seen);
    buf_release(&t->dirty);
    free(t);
}
