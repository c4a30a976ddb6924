#include "etl/operator/spill.h"

#include <stdlib.h>

#include "etl/sink/sql.h"
#include "lib/base/memory.h"

enum { CACHE_KIB = 1024 }; /* parts are appended, and sorted in one go (SQLite merges what does not fit, in files) */

size_t spill_memory_max = (size_t)4 << 20;

struct spill_store {
    sqlite3 *db;
    sqlite3_stmt *add;
};

static int store_open(struct spill *s, struct err_text *error)
{
    struct spill_store *k = s->store = memory_new(sizeof *k);
    int result = sql_open_temporary(CACHE_KIB, &k->db, error);
    if (result == 0) result = sql_exec(k->db, error, "CREATE TABLE parts(high INTEGER, low INTEGER, part BLOB); BEGIN");
    return result ? result : sql_prepare(k->db, &k->add, error, "INSERT INTO parts VALUES(?1, ?2, ?3)");
}

int spill_add(struct spill *s, struct fingerprint key, struct slice part, struct err_text *error)
{
    int result = s->store ? 0 : store_open(s, error);
    if (result != 0) return result;
    sqlite3_stmt *add = s->store->add;
    sqlite3_bind_int64(add, 1, (int64_t)key.high);
    sqlite3_bind_int64(add, 2, (int64_t)key.low);
    sqlite3_bind_blob(add, 3, part.p, (int)part.n, SQLITE_STATIC);
    s->parts++;
    return sql_step(add, error);
}

int spill_each(struct spill *s, int (*each)(void *context, struct fingerprint key, struct slice part), void *context,
               struct err_text *error)
{
    if (!s->store) return 0;
    sqlite3_stmt *all;
    struct fingerprint last = {0};
    int result = sql_prepare(s->store->db, &all, error, "SELECT high, low, part FROM parts ORDER BY high, low");
    int code = SQLITE_DONE;
    s->keys = 0;
    while (result == 0 && (code = sqlite3_step(all)) == SQLITE_ROW) {
        struct fingerprint key = {(uint64_t)sqlite3_column_int64(all, 0), (uint64_t)sqlite3_column_int64(all, 1)};
        s->keys += !fingerprint_equal(key, last);
        last = key;
        result = each(context, key, slice_of(sqlite3_column_blob(all, 2), (size_t)sqlite3_column_bytes(all, 2)));
    }
    if (result == 0 && code != SQLITE_DONE) result = sql_fail(s->store->db, error, "reading what was spilled");
    sqlite3_finalize(all);
    return result;
}

void spill_measure(const struct spill *s, struct state_size *size)
{
    if (!s->store) return;
    size->keys += s->keys;
    size->spilled_bytes += sql_file_bytes(s->store->db);
}

void spill_release(struct spill *s)
{
    if (s->store) {
        sqlite3_finalize(s->store->add);
        sqlite3_close(s->store->db);
        free(s->store);
    }
    *s = (struct spill){0};
}
