#include "etl/operator/recent.h"

#include <stdlib.h>
#include <string.h>

#include "etl/sink/sql.h"
#include "lib/base/memory.h"

enum {
    PARTS_BITS = 12, /* keys are carried by the upper bits of their order */
    STRETCH = 256,   /* and so many at once: some pages, which they share */
    AHEAD = 2,       /* keys that are carried for each one that is added */
    TRIMMED = 4,     /* rows of the log that are deleted in a transaction */
    SECTION = 16,
    ENTRY = 20 /* bytes in front of a table's keys, and of a value */
};

size_t recent_bytes_max = 4 << 20;

/* Keys, and where in `values` their values stand: their bytes (4), then these. */
struct generation {
    struct fingerprint_map keys;
    struct buf values;
};

struct recent {
    struct recents *all;
    struct recent *next;
    uint64_t id; /* of its name */
    const struct recent_base *base;
    void *object; /* both NULL: nobody has opened it yet */
    struct generation now, old;
    struct buf added; /* by this transaction, as in the log */
};

/* What is on its way from `old` to the tables. */
struct carrying {
    bool ours;
    struct recent *table;
    struct fingerprint *keys; /* of it, by their upper bits */
    size_t count, at;
};

struct recents {
    sqlite3 *db;
    struct err_text *error;
    bool direct, loaded;
    struct recent *first;
    int64_t newest;           /* row that is known */
    int64_t carried, rotated; /* equal: there is no old one */
    int64_t trimmed;          /* rows up to here are gone */
    size_t bytes;             /* of `now` in the log */
    size_t added;             /* keys, by whomever, for which none was carried yet */
    struct carrying carrying;
    struct buf entries;
    sqlite3_stmt *append, *trim, *rows, *marks, *mark;
};

/* --- generations --- */

static void generation_clear(struct generation *g)
{
    fingerprint_map_clear(&g->keys);
    buf_reset(&g->values);
}

static void generation_release(struct generation *g)
{
    fingerprint_map_release(&g->keys);
    buf_release(&g->values);
}

static bool generation_get(struct generation *g, struct fingerprint key, struct slice *value)
{
    bool added;
    if (!fingerprint_map_has(&g->keys, key)) return false;
    const uint8_t *p = g->values.p + fingerprint_map_at(&g->keys, key, &added)->value;
    *value = slice_of(p + 4, get_u32be(p));
    return true;
}

static void generation_put(struct generation *g, struct fingerprint key, struct slice value)
{
    bool added;
    struct fingerprint_entry *e = fingerprint_map_at(&g->keys, key, &added);
    if (!added && get_u32be(g->values.p + e->value) == value.n) { /* as most values that change */
        if (value.n) memcpy(g->values.p + e->value + 4, value.p, value.n);
        return;
    }
    e->value = (int64_t)g->values.n;
    buf_put_u32(&g->values, (uint32_t)value.n);
    buf_append_slice(&g->values, value);
}

static void carrying_end(struct recents *r)
{
    free(r->carrying.keys);
    r->carrying = (struct carrying){0};
}

static void old_clear(struct recents *r)
{
    for (struct recent *t = r->first; t; t = t->next) generation_clear(&t->old);
    carrying_end(r);
    r->carried = r->rotated;
}

/* Rows up to this one become old. */
static void rotate(struct recents *r, int64_t up_to)
{
    for (struct recent *t = r->first; t; t = t->next) {
        struct generation empty = t->old;
        t->old = t->now;
        t->now = empty;
    }
    r->rotated = up_to;
    r->bytes = 0;
}

/* --- the log --- */

static struct recent *recent_find(struct recents *r, uint64_t id)
{
    for (struct recent *t = r->first; t; t = t->next)
        if (t->id == id) return t;
    struct recent *t = memory_new(sizeof *t);
    *t = (struct recent){.all = r, .next = r->first, .id = id};
    return r->first = t;
}

static bool section_take(struct generation *g, struct slice in, size_t *keys)
{
    for (; in.n; ++*keys) {
        size_t n = in.n < ENTRY ? SIZE_MAX : get_u32be(in.p + 16);
        if (n > in.n - ENTRY) return false;
        generation_put(g, fingerprint_get(in.p), slice_of(in.p + ENTRY, n));
        in = slice_of(in.p + ENTRY + n, in.n - ENTRY - n);
    }
    return true;
}

static bool entries_take(struct recents *r, int64_t row, struct slice in)
{
    if (row > r->rotated) r->bytes += in.n;
    while (in.n) {
        uint64_t n = in.n < SECTION ? UINT64_MAX : get_u64be(in.p + 8);
        if (n > in.n - SECTION) return false;
        struct recent *t = recent_find(r, get_u64be(in.p));
        if (!section_take(row > r->rotated ? &t->now : &t->old, slice_of(in.p + SECTION, n), &r->added)) return false;
        in = slice_of(in.p + SECTION + n, in.n - SECTION - n);
    }
    return true;
}

static int fail(struct recents *r)
{
    return sql_fail(r->db, r->error, "millrace_recent");
}

static int rows_read(struct recents *r)
{
    int code, result = 0;
    sqlite3_bind_int64(r->rows, 1, r->newest);
    while (result == 0 && (code = sqlite3_step(r->rows)) == SQLITE_ROW) {
        r->newest = sqlite3_column_int64(r->rows, 0);
        struct slice in = {sqlite3_column_blob(r->rows, 1), (size_t)sqlite3_column_bytes(r->rows, 1)};
        if (!entries_take(r, r->newest, in))
            result = err_set(r->error, ERR_CORRUPT, "%s: millrace_recent: row %lld is damaged",
                             sqlite3_db_filename(r->db, "main"), (long long)r->newest);
    }
    if (result == 0 && code != SQLITE_DONE) result = fail(r);
    sqlite3_reset(r->rows);
    return result;
}

static int marks_read(struct recents *r, int64_t *carried, int64_t *rotated)
{
    int code = sqlite3_step(r->marks);
    *carried = code == SQLITE_ROW ? sqlite3_column_int64(r->marks, 0) : 0;
    *rotated = code == SQLITE_ROW ? sqlite3_column_int64(r->marks, 1) : 0;
    sqlite3_reset(r->marks);
    return code == SQLITE_ROW ? 0 : fail(r);
}

static int marks_write(struct recents *r)
{
    sqlite3_bind_int64(r->mark, 1, r->carried);
    sqlite3_bind_int64(r->mark, 2, r->rotated);
    return sql_step(r->mark, r->error);
}

static void clear(struct recents *r)
{
    for (struct recent *t = r->first; t; t = t->next) {
        generation_clear(&t->now);
        generation_clear(&t->old);
        buf_reset(&t->added);
    }
    carrying_end(r);
    r->bytes = r->added = 0;
    r->loaded = false;
}

static int load(struct recents *r)
{
    clear(r);
    int result = marks_read(r, &r->carried, &r->rotated);
    if (result == 0)
        result = sql_integer(r->db, r->carried + 1, &r->trimmed, r->error, "SELECT min(n) FROM millrace_recent");
    r->trimmed--;
    r->newest = r->carried;
    if (result == 0) result = rows_read(r);
    if (r->newest < r->rotated) r->newest = r->rotated;
    r->loaded = result == 0;
    return result;
}

/* Another process may have ended what was going on, and rotated. */
int recents_refresh(struct recents *r)
{
    int64_t carried, rotated;
    if (!r->loaded) return load(r);
    int result = marks_read(r, &carried, &rotated);
    if (result < 0) return result;
    if (carried != r->carried && carried != r->rotated) return load(r); /* more than once */
    if (carried == r->rotated && r->carried != r->rotated) old_clear(r);
    if (rotated != r->rotated) rotate(r, rotated);
    return rows_read(r);
}

void recents_forget(struct recents *r)
{
    clear(r);
}

/* --- from old to the tables --- */

static int carry(struct recent *t, struct fingerprint key, struct slice value)
{
    if (!t->base)
        return err_set(t->all->error, ERR_CORRUPT, "%s: millrace_recent has rows of a table that is not there",
                       sqlite3_db_filename(t->all->db, "main"));
    return value.n ? t->base->put(t->object, key, value) : t->base->erase(t->object, key);
}

static size_t part_of(struct fingerprint key)
{
    return (size_t)(key.high >> (64 - PARTS_BITS));
}

/* The keys of the next table, near to how they lie there. */
static void table_begin(struct carrying *c, struct recent *t)
{
    static const struct fingerprint none = {0};
    size_t ends[1 << PARTS_BITS] = {0}, sum = 0;
    const struct fingerprint_map *m = &t->old.keys;
    c->table = t;
    c->count = m->count;
    c->at = 0;
    c->keys = m->count ? memory_new(m->count * sizeof *c->keys) : NULL;
    for (size_t i = 0; m->count && i < m->size; i++)
        if (!fingerprint_equal(m->slots[i].key, none)) ends[part_of(m->slots[i].key)]++;
    for (size_t i = 0; i < 1 << PARTS_BITS; i++) {
        size_t n = ends[i];
        ends[i] = sum;
        sum += n;
    }
    for (size_t i = 0; m->count && i < m->size; i++)
        if (!fingerprint_equal(m->slots[i].key, none)) c->keys[ends[part_of(m->slots[i].key)]++] = m->slots[i].key;
}

static void carrying_begin(struct recents *r)
{
    r->carrying.ours = true;
    r->added = 0; /* what was added before is what is carried */
    table_begin(&r->carrying, r->first);
}

/* False: that was the last one. */
static bool table_next_begin(struct recents *r)
{
    struct recent *next = r->carrying.table->next;
    free(r->carrying.keys);
    r->carrying.keys = NULL;
    if (next) table_begin(&r->carrying, next);
    return next;
}

static int key_carry(struct recent *t, struct fingerprint key)
{
    struct slice value;
    if (fingerprint_map_has(&t->now.keys, key) || !generation_get(&t->old, key, &value)) return 0;
    return carry(t, key, value);
}

/* So many keys; at the end of them there is no old one any more. */
static int carry_some(struct recents *r, size_t keys)
{
    struct carrying *c = &r->carrying;
    int result = 0;
    while (result == 0 && c->ours && (keys > 0 || c->at == c->count)) {
        if (c->at < c->count) {
            result = key_carry(c->table, c->keys[c->at++]);
            keys--;
        } else if (!table_next_begin(r)) {
            old_clear(r);
            result = marks_write(r);
        }
    }
    return result;
}

static int rotate_now(struct recents *r)
{
    rotate(r, r->newest);
    carrying_begin(r);
    return marks_write(r);
}

static int trim(struct recents *r)
{
    int result = 0;
    for (int i = 0; i < TRIMMED && result == 0 && r->trimmed < r->carried; i++) {
        sqlite3_bind_int64(r->trim, 1, ++r->trimmed);
        result = sql_step(r->trim, r->error);
    }
    return result;
}

/* --- a transaction --- */

static void entries_gather(struct recents *r)
{
    buf_reset(&r->entries);
    for (struct recent *t = r->first; t; t = t->next) {
        if (t->added.n == 0) continue;
        buf_put_u64(&r->entries, t->id);
        buf_put_u64(&r->entries, t->added.n);
        buf_append_slice(&r->entries, buf_slice(&t->added));
        buf_reset(&t->added);
    }
}

static int entries_write(struct recents *r)
{
    entries_gather(r);
    if (r->entries.n == 0) return 0;
    sqlite3_bind_int64(r->append, 1, ++r->newest);
    sqlite3_bind_blob64(r->append, 2, r->entries.p, r->entries.n, SQLITE_STATIC);
    r->bytes += r->entries.n;
    return sql_step(r->append, r->error);
}

int recents_write(struct recents *r)
{
    if (!r->loaded || r->direct) return 0;
    int result = entries_write(r);
    bool full = r->bytes >= recent_bytes_max, old = r->rotated != r->carried;
    if (result == 0 && full && !old) result = rotate_now(r);
    if (full && old && !r->carrying.ours) carrying_begin(r); /* who had begun is late, or gone */
    if (result < 0 || !r->carrying.ours || r->added * AHEAD < STRETCH) return result < 0 ? result : trim(r);
    result = carry_some(r, r->added * AHEAD);
    r->added = 0;
    return result == 0 ? trim(r) : result;
}

static int rest_carry(struct recents *r)
{
    if (r->rotated != r->carried && !r->carrying.ours) carrying_begin(r);
    return carry_some(r, SIZE_MAX);
}

int recents_settle(struct recents *r)
{
    int result = r->loaded ? 0 : load(r);
    if (result < 0 || r->newest == r->trimmed) return result;
    result = rest_carry(r);
    if (result == 0 && r->first) result = rotate_now(r);
    if (result == 0) result = rest_carry(r);
    if (result == 0) result = sql_exec(r->db, r->error, "DELETE FROM millrace_recent");
    r->trimmed = r->newest;
    return result;
}

int recent_get(struct recent *t, struct fingerprint key, struct slice *value)
{
    int result = t->all->loaded ? 0 : load(t->all);
    if (result < 0) return result;
    return generation_get(&t->now, key, value) || generation_get(&t->old, key, value);
}

int recent_put(struct recent *t, struct fingerprint key, struct slice value)
{
    struct recents *r = t->all;
    int result = r->loaded ? 0 : load(r);
    if (result < 0) return result;
    if (r->direct) return carry(t, key, value);
    generation_put(&t->now, key, value);
    fingerprint_put(key, buf_reserve(&t->added, ENTRY + value.n));
    t->added.n += 16;
    buf_put_u32(&t->added, (uint32_t)value.n);
    buf_append_slice(&t->added, value);
    r->added++;
    return 0;
}

/* --- opening --- */

static int statements_prepare(struct recents *r)
{
    int result = sql_prepare(r->db, &r->append, r->error, "INSERT INTO millrace_recent VALUES(?1, ?2)");
    if (result == 0) result = sql_prepare(r->db, &r->trim, r->error, "DELETE FROM millrace_recent WHERE n = ?1");
    if (result == 0)
        result =
            sql_prepare(r->db, &r->rows, r->error, "SELECT n, entries FROM millrace_recent WHERE n > ?1 ORDER BY n");
    if (result == 0)
        result = sql_prepare(r->db, &r->marks, r->error, "SELECT carried, rotated FROM millrace_recent_carried");
    if (result == 0)
        result =
            sql_prepare(r->db, &r->mark, r->error, "UPDATE millrace_recent_carried SET carried = ?1, rotated = ?2");
    return result;
}

int recents_open(sqlite3 *db, bool direct, struct recents **out, struct err_text *error)
{
    struct recents *r = *out = memory_new(sizeof *r);
    *r = (struct recents){.db = db, .error = error, .direct = direct};
    int result = sql_exec(db, error,
                          "CREATE TABLE IF NOT EXISTS millrace_recent(n INTEGER PRIMARY KEY, entries BLOB NOT NULL);"
                          "CREATE TABLE IF NOT EXISTS millrace_recent_carried(carried INTEGER NOT NULL, rotated "
                          "INTEGER NOT NULL);"
                          "INSERT INTO millrace_recent_carried SELECT 0, 0 WHERE NOT EXISTS (SELECT 1 FROM "
                          "millrace_recent_carried)");
    return result == 0 ? statements_prepare(r) : result;
}

void recents_close(struct recents *r)
{
    if (!r) return;
    carrying_end(r);
    while (r->first) {
        struct recent *t = r->first;
        r->first = t->next;
        generation_release(&t->now);
        generation_release(&t->old);
        buf_release(&t->added);
        free(t);
    }
    sqlite3_stmt *all[] = {r->append, r->trim, r->rows, r->marks, r->mark};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) sqlite3_finalize(all[i]);
    buf_release(&r->entries);
    free(r);
}

struct recent *recent_open(struct recents *r, const char *name, const struct recent_base *base, void *object)
{
    struct recent *t = recent_find(r, fingerprint_of(name, strlen(name)).high);
    t->base = base;
    t->object = object;
    return t;
}

void recent_close(struct recent *t)
{
    if (!t) return;
    t->base = NULL;
    t->object = NULL;
}
