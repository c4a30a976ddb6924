#include "etl/operator/numbers.h"

#include <stdlib.h>

#include "etl/operator/recent.h"
#include "etl/sink/sql.h"
#include "lib/base/memory.h"

struct numbers {
    struct operator_context *context;
    char *name;
    struct recent *recent; /* NULL: the table is all there is */
    sqlite3_stmt *get, *put, *erase;
};

static int key_step(struct numbers *n, sqlite3_stmt *s, struct fingerprint key)
{
    uint8_t k[16];
    fingerprint_put(key, k);
    sqlite3_bind_blob(s, 1, k, sizeof k, SQLITE_STATIC);
    return sql_step(s, n->context->error);
}

static int base_erase(void *object, struct fingerprint key)
{
    struct numbers *n = object;
    return key_step(n, n->erase, key);
}

static int base_put(void *object, struct fingerprint key, struct slice value)
{
    struct numbers *n = object;
    sqlite3_bind_int64(n->put, 2, (int64_t)get_u64be(value.p));
    return key_step(n, n->put, key);
}

int numbers_open(struct operator_context *c, const char *name, struct numbers **out)
{
    static const struct recent_base base = {base_put, base_erase};
    struct numbers *n = *out = memory_new(sizeof *n);
    n->context = c;
    n->name = sqlite3_mprintf("%s", name);
    int result =
        sql_exec(c->db, c->error,
                 "CREATE TABLE IF NOT EXISTS \"%w\"(k BLOB PRIMARY KEY, n INTEGER NOT NULL) WITHOUT ROWID", name);
    if (result == 0) result = sql_prepare(c->db, &n->get, c->error, "SELECT n FROM \"%w\" WHERE k = ?1", name);
    if (result == 0)
        result = sql_prepare(c->db, &n->put, c->error, "INSERT OR REPLACE INTO \"%w\" VALUES(?1, ?2)", name);
    if (result == 0) result = sql_prepare(c->db, &n->erase, c->error, "DELETE FROM \"%w\" WHERE k = ?1", name);
    if (result == 0 && c->recents) n->recent = recent_open(c->recents, n->name, &base, n);
    return result;
}

void numbers_close(struct numbers *n)
{
    if (!n) return;
    recent_close(n->recent);
    sqlite3_finalize(n->get);
    sqlite3_finalize(n->put);
    sqlite3_finalize(n->erase);
    sqlite3_free(n->name);
    free(n);
}

static int table_get(struct numbers *n, struct fingerprint key, int64_t *number)
{
    uint8_t k[16];
    fingerprint_put(key, k);
    sqlite3_bind_blob(n->get, 1, k, sizeof k, SQLITE_STATIC);
    int code = sqlite3_step(n->get);
    *number = code == SQLITE_ROW ? sqlite3_column_int64(n->get, 0) : 0;
    sqlite3_reset(n->get);
    return code == SQLITE_ROW || code == SQLITE_DONE ? 0 : sql_fail(n->context->db, n->context->error, n->name);
}

int numbers_get(struct numbers *n, struct fingerprint key, int64_t *number)
{
    struct slice value;
    int known = n->recent ? recent_get(n->recent, key, &value) : 0;
    if (known < 0) return known;
    if (!known) return table_get(n, key, number);
    *number = value.n ? (int64_t)get_u64be(value.p) : 0;
    return 0;
}

int numbers_put_at_once(struct numbers *n, struct fingerprint key, int64_t number)
{
    uint8_t bytes[8];
    put_u64be(bytes, (uint64_t)number);
    return base_put(n, key, slice_of(bytes, sizeof bytes));
}

int numbers_put(struct numbers *n, struct fingerprint key, int64_t number)
{
    uint8_t bytes[8];
    put_u64be(bytes, (uint64_t)number);
    struct slice value = slice_of(bytes, number ? sizeof bytes : 0);
    if (n->recent) return recent_put(n->recent, key, value);
    return number ? base_put(n, key, value) : base_erase(n, key);
}
