#include "etl/stream/checkpoint.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "etl/sink/sql.h"
#include "etl/stream/database.h"
#include "tests/unit.h"

enum { BUSY_MS = 60000, TRANSACTIONS = 40, PAGES = 1000 };

struct warehouse {
    char dir[32], path[48];
    sqlite3 *db; /* a worker's connection */
    int file;
};

static void warehouse_make(struct warehouse *w)
{
    strcpy(w->dir, "/tmp/checkpoint-XXXXXX");
    check(mkdtemp(w->dir) != NULL);
    snprintf(w->path, sizeof w->path, "%s/w.db", w->dir);
    check_int(database_open(w->path, BUSY_MS, &w->db, NULL), 0);
    check_int(database_tune(w->db, NULL), 0);
    check_int(sql_exec(w->db, NULL, "CREATE TABLE t(n INTEGER PRIMARY KEY, b BLOB)"), 0);
    w->file = open(w->path, O_RDONLY | O_CLOEXEC);
    check(w->file >= 0);
}

static void warehouse_remove(struct warehouse *w)
{
    sqlite3_close(w->db);
    close(w->file);
    check_int(unlink(w->path), 0);
    check_int(rmdir(w->dir), 0); /* log and index went with the last connection */
}

/* The same rows each time, at least a page each. */
static void transaction(sqlite3 *db, int number)
{
    check_int(sql_exec(db, NULL,
                       "WITH RECURSIVE k(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM k WHERE n < %d)"
                       "INSERT OR REPLACE INTO t SELECT n, zeroblob(4000) || %d FROM k",
                       PAGES, number),
              0);
}

static int64_t log_bytes(const struct warehouse *w)
{
    struct stat found;
    check_int(stat(sqlite3_filename_wal(sqlite3_db_filename(w->db, "main")), &found), 0);
    return found.st_size;
}

static void all_is_there(const struct warehouse *w, int number)
{
    int64_t rows;
    check_int(sql_integer(w->db, -1, &rows, NULL, "SELECT count(*) FROM t WHERE b = zeroblob(4000) || %d", number), 0);
    check_int(rows, PAGES);
}

TEST(checkpoint, a_log_that_is_looked_at_does_not_grow)
{
    struct warehouse w;
    struct checkpoint c;
    struct err_text error = {0};
    warehouse_make(&w);
    check_int(checkpoint_open(&c, w.path, w.file, &error), 0);
    for (int i = 1; i <= TRANSACTIONS; i++) {
        transaction(w.db, i);
        check_int(checkpoint_run(&c, &error), 0);
    }
    check(log_bytes(&w) < INT64_C(100) << 20);
    all_is_there(&w, TRANSACTIONS);
    checkpoint_close(&c);
    warehouse_remove(&w);
}

/* Whoever reads an old state keeps the log from being started over, and reads on. */
TEST(checkpoint, a_reader_in_the_way_is_waited_for)
{
    struct warehouse w;
    struct checkpoint c;
    struct err_text error = {0};
    sqlite3 *reader;
    int64_t rows;
    warehouse_make(&w);
    check_int(checkpoint_open(&c, w.path, w.file, &error), 0);
    transaction(w.db, 1);
    check_int(database_open(w.path, BUSY_MS, &reader, NULL), 0);
    check_int(sql_exec(reader, NULL, "BEGIN; SELECT count(*) FROM t"), 0);
    for (int i = 2; i <= TRANSACTIONS; i++) {
        transaction(w.db, i);
        check_int(checkpoint_run(&c, &error), 0);
    }
    check(log_bytes(&w) > INT64_C(150) << 20);
    check_int(sql_integer(reader, -1, &rows, NULL, "SELECT count(*) FROM t WHERE b = zeroblob(4000) || 1"), 0);
    check_int(rows, PAGES);
    sqlite3_close(reader);
    for (int i = 1; i <= 20; i++) {
        transaction(w.db, i);
        check_int(checkpoint_run(&c, &error), 0);
    }
    int64_t kept = log_bytes(&w);
    for (int i = 1; i <= TRANSACTIONS; i++) {
        transaction(w.db, i);
        check_int(checkpoint_run(&c, &error), 0);
    }
    check(log_bytes(&w) <= kept);
    all_is_there(&w, TRANSACTIONS);
    checkpoint_close(&c);
    warehouse_remove(&w);
}

/* Two workers that write as fast as they can beside a thread that moves: nothing is lost, whoever starts the log over.
 */
TEST(checkpoint, workers_write_beside_it)
{
    struct warehouse w;
    struct checkpoint c;
    struct err_text error = {0};
    sqlite3 *other;
    int64_t sum;
    warehouse_make(&w);
    check_int(sql_exec(w.db, NULL, "CREATE TABLE s(n INTEGER); INSERT INTO s VALUES(0)"), 0);
    check_int(database_open(w.path, BUSY_MS, &other, NULL), 0);
    check_int(database_tune(other, NULL), 0);
    check_int(checkpoint_open(&c, w.path, w.file, &error), 0);
    check_int(checkpoint_start(&c, &error), 0);
    for (int i = 1; i <= TRANSACTIONS; i++) {
        transaction(i % 2 ? w.db : other, i);
        check_int(sql_exec(i % 2 ? other : w.db, NULL, "UPDATE s SET n = n + 1"), 0);
    }
    check_int(checkpoint_look(&c, &error), 0);
    checkpoint_close(&c);
    all_is_there(&w, TRANSACTIONS);
    check_int(sql_integer(w.db, -1, &sum, NULL, "SELECT n FROM s"), 0);
    check_int(sum, TRANSACTIONS);
    check_int(
        sql_integer(w.db, -1, &sum, NULL, "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check = 'ok'"),
        0);
    check_int(sum, 1);
    sqlite3_close(other);
    warehouse_remove(&w);
}
