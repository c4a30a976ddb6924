#include "etl/operator/recent.h"

#include <unistd.h>

#include "etl/sink/sql.h"
#include "tests/unit.h"

/* One process: its connection, and a table of texts by key. */
struct process {
    sqlite3 *db;
    struct recents *recents;
    struct recent *recent;
    struct err_text error;
    int written;
};

static struct fingerprint key_of(uint64_t n)
{
    return (struct fingerprint){n * UINT64_C(0x9e3779b97f4a7c15), n};
}

static int base_put(void *object, struct fingerprint key, struct slice value)
{
    struct process *p = object;
    p->written++;
    return sql_exec(p->db, &p->error, "INSERT OR REPLACE INTO texts VALUES(%lld, '%.*s')", (long long)key.low,
                    (int)value.n, (const char *)value.p);
}

static int base_erase(void *object, struct fingerprint key)
{
    struct process *p = object;
    return sql_exec(p->db, &p->error, "DELETE FROM texts WHERE k = %lld", (long long)key.low);
}

static const struct recent_base base = {base_put, base_erase};

static void ok(int result, const struct process *p)
{
    if (result != 0) unit_fail("%s", p->error.text);
}

static void sql(struct process *p, const char *text)
{
    ok(sql_exec(p->db, &p->error, "%s", text), p);
}

static void start(struct process *p, const char *path, bool direct)
{
    *p = (struct process){0};
    check_int(sqlite3_open(path, &p->db), SQLITE_OK);
    sql(p,
        "PRAGMA synchronous = OFF; BEGIN IMMEDIATE; CREATE TABLE IF NOT EXISTS texts(k INTEGER PRIMARY KEY, t TEXT)");
    ok(recents_open(p->db, direct, &p->recents, &p->error), p);
    p->recent = recent_open(p->recents, "texts", &base, p);
    sql(p, "COMMIT");
}

static void stop(struct process *p)
{
    recent_close(p->recent);
    recents_close(p->recents);
    check_int(sqlite3_close(p->db), SQLITE_OK);
}

static void put(struct process *p, uint64_t key, const char *text)
{
    ok(recent_put(p->recent, key_of(key), slice_str(text)), p);
}

static void begin(struct process *p)
{
    sql(p, "BEGIN IMMEDIATE");
    ok(recents_refresh(p->recents), p);
}

static void commit(struct process *p)
{
    ok(recents_write(p->recents), p);
    sql(p, "COMMIT");
}

static int64_t number(struct process *p, const char *query)
{
    int64_t n;
    ok(sql_integer(p->db, -1, &n, &p->error, "%s", query), p);
    return n;
}

/* What the log says of the key, or else the table; "" when neither has it. */
static const char *text(struct process *p, uint64_t key)
{
    static char out[32];
    struct slice value = {0};
    int known = recent_get(p->recent, key_of(key), &value);
    if (known < 0) unit_fail("%s", p->error.text);
    snprintf(out, sizeof out, "%.*s", (int)value.n, value.n ? (const char *)value.p : "");
    if (known) return out;
    sqlite3_stmt *s;
    ok(sql_prepare(p->db, &s, &p->error, "SELECT t FROM texts WHERE k = %lld", (long long)key), p);
    if (sqlite3_step(s) == SQLITE_ROW) snprintf(out, sizeof out, "%s", (const char *)sqlite3_column_text(s, 0));
    sqlite3_finalize(s);
    return out;
}

static const char *temporary(void)
{
    static char path[64];
    snprintf(path, sizeof path, "%s/millrace-recent-test-%d.db", P_tmpdir, (int)getpid());
    unlink(path);
    return path;
}

/* Many times what there is room for: the log stays short, and each key has what it was given last. */
TEST(recent, a_log_is_carried_over_and_stays_short)
{
    enum { KEYS = 2000, ROUNDS = 10, BATCH = 50 };
    size_t usual = recent_bytes_max;
    struct process p;
    char value[32];
    recent_bytes_max = 20000;
    start(&p, ":memory:", false);
    for (uint64_t i = 0; i < (uint64_t)KEYS * ROUNDS; i += BATCH) {
        begin(&p);
        for (uint64_t k = i; k < i + BATCH; k++) {
            snprintf(value, sizeof value, "%llu", (unsigned long long)(k / KEYS));
            put(&p, 1 + k % KEYS, value);
        }
        int before = p.written;
        commit(&p);
        check(p.written - before <= 2 * BATCH + 256); /* no step is long */
        check(number(&p, "SELECT sum(length(entries)) FROM millrace_recent") < 5 * 20000);
    }
    check(p.written > 0);
    for (uint64_t k = 1; k <= KEYS; k++) check_str(text(&p, k), "9");
    stop(&p);
    recent_bytes_max = usual;
}

/* A key that changes in every transaction is written when the log is settled, not before. */
TEST(recent, what_changes_again_is_not_carried_over)
{
    size_t usual = recent_bytes_max;
    struct process p;
    recent_bytes_max = 1000;
    start(&p, ":memory:", false);
    for (int i = 0; i < 1000; i++) {
        begin(&p);
        put(&p, 7, i % 2 ? "odd" : "even");
        commit(&p);
    }
    check_int(p.written, 0);
    begin(&p);
    ok(recents_settle(p.recents), &p);
    sql(&p, "COMMIT");
    check_int(p.written, 1);
    check_int(number(&p, "SELECT count(*) FROM millrace_recent"), 0);
    check_int(number(&p, "SELECT t = 'odd' FROM texts WHERE k = 7"), 1);
    check_str(text(&p, 7), "odd");
    stop(&p);
    recent_bytes_max = usual;
}

TEST(recent, a_rollback_leaves_what_was_committed)
{
    struct process p;
    start(&p, ":memory:", false);
    begin(&p);
    put(&p, 1, "kept");
    put(&p, 2, "gone");
    commit(&p);
    begin(&p);
    put(&p, 1, "lost");
    put(&p, 2, "");
    put(&p, 3, "new");
    check_str(text(&p, 1), "lost");
    check_str(text(&p, 2), "");
    ok(recents_write(p.recents), &p);
    sql(&p, "ROLLBACK");
    recents_forget(p.recents);
    check_str(text(&p, 1), "kept");
    check_str(text(&p, 2), "gone");
    check_str(text(&p, 3), "");
    stop(&p);
}

/* Two take turns; one of them dies in the middle of carrying over, and the next one knows nothing but the database. */
TEST(recent, several_processes_see_each_others_keys)
{
    size_t usual = recent_bytes_max;
    const char *path = temporary();
    struct process p[2];
    char value[32];
    recent_bytes_max = 1500;
    start(&p[0], path, false);
    start(&p[1], path, false);
    for (int i = 0; i < 600; i++) {
        struct process *mine = &p[i % 2];
        begin(mine);
        snprintf(value, sizeof value, "%d", i);
        for (uint64_t k = 0; k < 20; k++) put(mine, 1 + (uint64_t)i * 7 % 90 + k, value);
        put(mine, 200, i % 3 ? value : "");
        commit(mine);
        sql(&p[(i + 1) % 2], "BEGIN");
        ok(recents_refresh(p[(i + 1) % 2].recents), mine);
        check_str(text(&p[(i + 1) % 2], 1 + (uint64_t)i * 7 % 90), value);
        check_str(text(&p[(i + 1) % 2], 200), i % 3 ? value : "");
        sql(&p[(i + 1) % 2], "COMMIT");
        if (i % 50 == 49) {
            stop(mine);
            start(mine, path, false);
        }
    }
    check(number(&p[0], "SELECT sum(length(entries)) FROM millrace_recent") < 6 * 1500);
    stop(&p[0]);
    stop(&p[1]);
    unlink(path);
    recent_bytes_max = usual;
}

TEST(recent, who_is_direct_settles_and_writes_at_once)
{
    const char *path = temporary();
    struct process p;
    start(&p, path, false);
    begin(&p);
    put(&p, 1, "one");
    commit(&p);
    stop(&p);
    start(&p, path, true);
    check_str(text(&p, 1), "one"); /* before, too */
    sql(&p, "BEGIN IMMEDIATE");
    ok(recents_settle(p.recents), &p);
    put(&p, 2, "two");
    put(&p, 1, "");
    commit(&p);
    check_int(number(&p, "SELECT count(*) FROM millrace_recent"), 0);
    check_int(number(&p, "SELECT count(*) = 1 AND min(t) = 'two' FROM texts"), 1);
    stop(&p);
    unlink(path);
}

/* Rows that nobody can have written, and rows of a table that is not there. */
TEST(recent, what_is_damaged_is_refused)
{
    const char *path = temporary();
    const char *rows[] = {"x'00'", "x'00000000000000010000000000000005'", "x'0000000000000001000000000000000102'",
                          "zeroblob(16) || x'0102'"};
    for (int i = 0; i < 4; i++) {
        struct process p;
        struct slice value;
        start(&p, path, false);
        check_int(sql_exec(p.db, &p.error, "INSERT INTO millrace_recent VALUES(1, CAST(%s AS BLOB))", rows[i]), 0);
        check_int(recent_get(p.recent, key_of(1), &value), ERR_CORRUPT);
        check(strstr(p.error.text, "millrace_recent: row 1 is damaged") != NULL);
        stop(&p);
        unlink(path);
    }
    struct process p;
    start(&p, path, false);
    sql(&p, "INSERT INTO millrace_recent VALUES(1, x'00000000000000070000000000000015' || "
            "x'0000000000000001000000000000000100000001' || x'61')");
    sql(&p, "BEGIN IMMEDIATE");
    check_int(recents_settle(p.recents), ERR_CORRUPT);
    check(strstr(p.error.text, "rows of a table that is not there") != NULL);
    sql(&p, "ROLLBACK");
    stop(&p);
    unlink(path);
}
