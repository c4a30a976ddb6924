#include "etl/operator/key_set.h"

#include <stdlib.h>
#include <string.h>

#include "etl/sink/sql.h"
#include "lib/base/memory.h"

enum { CACHE_KIB = 4096 };

struct key_store {
    sqlite3 *db;
    sqlite3_stmt *find, *add;
};

static void store_close(struct key_store *k)
{
    if (!k) return;
    sqlite3_finalize(k->find);
    sqlite3_finalize(k->add);
    sqlite3_close(k->db);
    free(k);
}

static int store_open(struct key_set *s, struct err_text *error)
{
    struct key_store *k = s->older = memory_new(sizeof *k);
    *k = (struct key_store){0};
    int result = sql_open_temporary(CACHE_KIB, &k->db, error);
    if (result == 0)
        result = sql_exec(k->db, error,
                          "CREATE TABLE keys(high INTEGER, low INTEGER, PRIMARY KEY(high, low)) WITHOUT ROWID");
    if (result == 0) result = sql_prepare(k->db, &k->find, error, "SELECT 1 FROM keys WHERE high = ?1 AND low = ?2");
    return result ? result : sql_prepare(k->db, &k->add, error, "INSERT INTO keys VALUES(?1, ?2)");
}

static void key_bind(sqlite3_stmt *s, struct fingerprint key)
{
    sqlite3_bind_int64(s, 1, (int64_t)key.high);
    sqlite3_bind_int64(s, 2, (int64_t)key.low);
}

/* 1: the key is among the older ones; 0: it is not. */
static int store_has(struct key_store *k, struct fingerprint key, struct err_text *error)
{
    key_bind(k->find, key);
    int code = sqlite3_step(k->find);
    sqlite3_reset(k->find);
    if (code == SQLITE_ROW || code == SQLITE_DONE) return code == SQLITE_ROW;
    return sql_fail(k->db, error, "looking a key up in the temporary database");
}

/* The order of the table: SQLite's integers have signs. */
static int by_key(const void *a, const void *b)
{
    const struct fingerprint *x = &((const struct fingerprint_entry *)a)->key;
    const struct fingerprint *y = &((const struct fingerprint_entry *)b)->key;
    int64_t p = (int64_t)x->high, q = (int64_t)y->high;
    if (p == q) {
        p = (int64_t)x->low;
        q = (int64_t)y->low;
    }
    return (p > q) - (p < q);
}

static int store_fill(struct key_store *k, const struct fingerprint_entry *sorted, size_t count, struct err_text *error)
{
    int result = sql_exec(k->db, error, "BEGIN");
    for (size_t i = 0; i < count && result == 0; i++) {
        key_bind(k->add, sorted[i].key);
        result = sql_step(k->add, error);
    }
    return result ? result : sql_exec(k->db, error, "COMMIT");
}

/* All recent keys become older ones. */
static int spill(struct key_set *s, struct err_text *error)
{
    int result = s->older ? 0 : store_open(s, error);
    if (result < 0) return result;
    size_t count = fingerprint_map_compact(&s->recent);
    qsort(s->recent.slots, count, sizeof *s->recent.slots, by_key);
    result = store_fill(s->older, s->recent.slots, count, error);
    s->older_count += count;
    fingerprint_map_clear(&s->recent);
    return result;
}

int key_set_add(struct key_set *s, struct fingerprint key, bool *added, struct err_text *error)
{
    size_t most = s->recent_max ? s->recent_max : KEY_SET_RECENT_MAX;
    *added = false;
    if (fingerprint_map_has(&s->recent, key)) return 0;
    int found = s->older ? store_has(s->older, key, error) : 0;
    if (found != 0) return found < 0 ? found : 0;
    int result = s->recent.count < most ? 0 : spill(s, error);
    if (result == 0) fingerprint_map_at(&s->recent, key, added);
    return result;
}

void key_set_prefetch(const struct key_set *s, struct fingerprint key)
{
    if (s->recent.size) __builtin_prefetch(&s->recent.slots[key.low & (s->recent.size - 1)]);
}

void key_set_measure(const struct key_set *s, struct state_size *size)
{
    size->keys += s->older_count + s->recent.count;
    size->memory_bytes += s->recent.size * sizeof *s->recent.slots;
    if (s->older) size->spilled_bytes += sql_file_bytes(s->older->db);
}

void key_set_release(struct key_set *s)
{
    store_close(s->older);
    fingerprint_map_release(&s->recent);
    *s = (struct key_set){.recent_max = s->recent_max};
}
