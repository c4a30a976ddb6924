#include "etl/sink/log_writes.h"

#include <unistd.h>

#include "etl/sink/sql.h"
#include "tests/unit.h"

enum { ROWS = 150, TRANSACTIONS = 12 };

static void copy(const char *from, const char *to)
{
    char bytes[65536];
    FILE *in = fopen(from, "rb"), *out = fopen(to, "wb");
    check(in && out);
    for (size_t n; (n = fread(bytes, 1, sizeof bytes, in)) > 0;) check_int(fwrite(bytes, 1, n, out), n);
    check(fclose(in) == 0 && fclose(out) == 0);
}

static int64_t ask(sqlite3 *db, const char *sql)
{
    int64_t value;
    check_int(sql_integer(db, -1, &value, NULL, "%s", sql), 0);
    return value;
}

/* What a kill at this instant would leave: opened as the next process does, the last commit is there. */
static void killed_now(const char *path, int transaction)
{
    char wal[64], other[64], other_wal[64];
    sqlite3 *db;
    snprintf(wal, sizeof wal, "%s-wal", path);
    snprintf(other, sizeof other, "%s.copy", path);
    snprintf(other_wal, sizeof other_wal, "%s.copy-wal", path);
    copy(path, other);
    copy(wal, other_wal);
    check_int(sqlite3_open_v2(other, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    check_int(ask(db, "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check = 'ok'"), 1);
    check_int(ask(db, "SELECT max(transaction_number) FROM t"), transaction);
    check_int(ask(db, "SELECT min(transaction_number) FROM t"), transaction);
    check_int(ask(db, "SELECT count(*) FROM t"), ROWS);
    sqlite3_close(db);
    check_int(unlink(other), 0);
}

static void commits_are_there(int cache_pages, int checkpoint_pages)
{
    char dir[] = "/tmp/log-XXXXXX", path[32];
    sqlite3 *db, *reader;
    check(mkdtemp(dir) != NULL);
    snprintf(path, sizeof path, "%s/w", dir);
    check_int(sql_open(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, &db, NULL), 0);
    check_int(sql_exec(db, NULL,
                       "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = %d;"
                       "PRAGMA wal_autocheckpoint = %d; CREATE TABLE t(n INTEGER PRIMARY KEY, transaction_number, b)",
                       cache_pages, checkpoint_pages),
              0);
    check_int(sqlite3_open_v2(path, &reader, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    for (int i = 1; i <= TRANSACTIONS; i++) {
        check_int(sql_exec(db, NULL, "BEGIN"), 0);
        /* With a small cache pages go to the log, are read back, and go there again. */
        for (int k = 0; k < ROWS; k++)
            check_int(sql_exec(db, NULL, "INSERT OR REPLACE INTO t VALUES(%d, %d, zeroblob(1500))", k * 17 % ROWS, i),
                      0);
        check_int(sql_exec(db, NULL, "UPDATE t SET b = zeroblob(1600) WHERE n %% 7 = 3; COMMIT"), 0);
        killed_now(path, i);
        check_int(ask(reader, "SELECT min(transaction_number) FROM t"), i);
        check_int(sql_exec(db, NULL, "BEGIN; DELETE FROM t; ROLLBACK"), 0); /* may have left frames of no commit */
    }
    sqlite3_close(reader);
    sqlite3_close(db);
    check_int(unlink(path), 0);
    check_int(rmdir(dir), 0);
}

TEST(log_writes, a_commit_is_in_the_file_at_once)
{
    commits_are_there(2000, 0);
}

TEST(log_writes, pages_that_go_to_the_log_before_the_commit)
{
    commits_are_there(10, 0);
}

TEST(log_writes, a_log_that_is_started_over)
{
    commits_are_there(10, 300);
    commits_are_there(2000, 300);
}
