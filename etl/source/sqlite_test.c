/* Tables of SQLite files from their bytes to typed rows. */
#include <sqlite3.h>
#include <unistd.h>

#include "etl/source/format_test.h"
#include "etl/source/source.h"
#include "etl/source/sqlite_rows.h"
#include "tests/unit.h"

static void database_change(const char *path, const char *sql)
{
    sqlite3 *db;
    check_int(sqlite3_open(path, &db), SQLITE_OK);
    char *wrong = NULL;
    if (sqlite3_exec(db, sql, NULL, NULL, &wrong) != SQLITE_OK) unit_fail("%s", wrong);
    sqlite3_close(db);
}

/* The bytes of a database. */
static struct slice database(const char *sql)
{
    static uint8_t bytes[1 << 17];
    char path[] = "/tmp/millrace-sqlite-XXXXXX";
    int fd = mkstemp(path);
    check(fd >= 0);
    database_change(path, sql);
    ssize_t n = read(fd, bytes, sizeof bytes);
    close(fd);
    unlink(path);
    return slice_of(bytes, (size_t)n);
}

#define SQLITE                                                                                                         \
    "\"format\": \"sqlite\", \"table\": \"t\", \"columns\": [{\"name\": \"id\", \"type\": \"integer\"}, "              \
    "{\"name\": \"price\", \"field\": \"p\", \"type\": \"decimal\", \"scale\": 2}, {\"name\": \"name\", \"type\": "    \
    "\"text\"}]"

TEST(sqlite, values)
{
    check_str(
        format_rows(
            SQLITE,
            database("CREATE TABLE t(name, id, p REAL, rest); INSERT INTO t(rowid, id, p, name) VALUES"
                     "(7, 1, 9.5, 'x\"\\' || char(1) || '\u00e9'), (3, '2', 5, NULL), (9, 3.0, 1e-7, x'0aff'), (12, "
                     "'x', '8', 4.25),"
                     "(2147483647, -1, -0.1, CAST(x'ff' AS TEXT))"),
            false),
        "3@3/0 2|500|-\n7@7/0 1|950|x\"\\\x01\xc3\xa9\n9@9/0 3|-|0AFF !type:price=1e-07\n12@12/0 -|800|4.25 "
        "!type:id=x\n"
        "2147483647@2147483647/0  !format:=byte 10: the byte FF is not utf-8\n");
    check_str(format_rows(SQLITE, database("CREATE TABLE T(ID INTEGER PRIMARY KEY, rowid, name, p)"), false), "");
}

TEST(sqlite, extra_of_a_table)
{
    check_str(format_rows(
                  "\"extra\": \"more\", " SQLITE,
                  database("CREATE TABLE t(name, \"a \"\"b\", id, p REAL, X); INSERT INTO t VALUES('n', x'0aff', 1, 2, "
                           "'y'), ('n', NULL, 2, 3, NULL), ('n', 7, 3, 4, NULL)"),
                  false),
              "1@1/0 1|200|n|{\"a \\\"b\":\"0AFF\",\"X\":\"y\"}\n2@2/0 2|300|n|-\n3@3/0 3|400|n|{\"a \\\"b\":7}\n");
    check_str(format_rows("\"extra\": \"more\", " SQLITE,
                          database("CREATE TABLE t(name, id, p); INSERT INTO t VALUES(1, 2, 3)"), false),
              "1@1/0 2|300|1|-\n");
}

/* Their rows are numbered in the order of what is read of them. */
TEST(sqlite, without_rowids)
{
    check_str(
        format_rows(SQLITE,
                    database("CREATE TABLE t(id PRIMARY KEY, name, p) WITHOUT ROWID; INSERT INTO t VALUES(7, 'b', 2), "
                             "(3, NULL, 1), (-5, 'a', 3)"),
                    false),
        "1@1/0 -5|300|a\n2@2/0 3|100|-\n3@3/0 7|200|b\n");
    check_str(
        format_rows(SQLITE,
                    database("CREATE TABLE s(k COLLATE NOCASE); INSERT INTO s VALUES('b'), ('A'), ('a'), ('B'), ('b'); "
                             "CREATE VIEW t AS SELECT 5 AS id, 9 AS more, 2 AS p, k AS name FROM s"),
                    false),
        "1@1/0 5|200|A\n2@2/0 5|200|B\n3@3/0 5|200|a\n4@4/0 5|200|b\n5@5/0 5|200|b\n");
    check_str(
        format_rows("\"extra\": \"more\", " SQLITE,
                    database("CREATE VIEW t AS SELECT 5 AS id, 9 AS z, 2 AS p, 3 AS name UNION VALUES(5, 8, 2, 3)"),
                    false),
        "1@1/0 5|200|3|{\"z\":8}\n2@2/0 5|200|3|{\"z\":9}\n");
}

TEST(sqlite, errors)
{
    check_str(format_rows(SQLITE, database("CREATE TABLE ts(id)"), false),
              "f: there is no table \"t\"; did you mean \"ts\"? (source of d.json)");
    check_str(format_rows(SQLITE, database("CREATE TABLE t(id, name, pp)"), false),
              "f: there is no column \"p\"; did you mean \"pp\"? (source of d.json)");
    check_str(
        format_rows("\"deletes\": \"compare\", " SQLITE, database("CREATE VIEW t AS SELECT 1 AS id, 2 AS p, 3 AS name"),
                    false),
        "f: \"t\" has no rowids (it is a view, or WITHOUT ROWID), so its rows cannot be found again when they change, "
        "as \"deletes\" would have it (source of d.json)");
    check(
        strstr(format_rows(
                   SQLITE,
                   database("CREATE TABLE s(id); CREATE VIEW t AS SELECT s.id, 1 AS p, 2 AS name FROM s; DROP TABLE s"),
                   false),
               "no such table: main.s"));
    check_str(format_rows(SQLITE, database("CREATE TABLE t(id, name, p); INSERT INTO t(rowid) VALUES(0)"), false),
              "f: a row has the rowid 0; a record's number begins at 1");
    check(strstr(format_rows(SQLITE, SLICE_LIT("this is no database, and long enough to be looked at"), false),
                 "file is not a database") != NULL);
}

/* SQLite takes what is missing of a page for zeros, which are another text, or no rows. */
TEST(sqlite, a_database_that_is_cut)
{
    struct slice whole =
        database("PRAGMA page_size = 4096; CREATE TABLE t(id, name, p); INSERT INTO t VALUES(1, 'x', 2)");
    static const int cut[] = {1, 500, 4000, 4096};
    check_int((int64_t)whole.n, 8192);
    check_str(format_rows(SQLITE, whole, false), "1@1/0 1|200|x\n");
    for (size_t i = 0; i < sizeof cut / sizeof *cut; i++) {
        char said[120];
        snprintf(said, sizeof said, "f: the database is cut: its header says 8192 bytes, the file has %d",
                 8192 - cut[i]);
        check(strstr(format_rows(SQLITE, slice_of(whole.p, whole.n - (size_t)cut[i]), false), said) != NULL);
    }
}

static int rows_count(struct sqlite_rows *r)
{
    struct slice row;
    int64_t rowid;
    int count = 0;
    sqlite_rows_rewind(r);
    while (sqlite_rows_next(r, &row, &rowid, NULL) == 1) count++;
    return count;
}

TEST(sqlite, a_database_that_is_written_is_read_as_it_was)
{
    static const char *const columns[] = {"a", NULL};
    char path[] = "/tmp/millrace-sqlite-XXXXXX", side[64];
    struct sqlite_rows *before, *beside, *after;
    close(mkstemp(path));
    database_change(path, "PRAGMA journal_mode = WAL; CREATE TABLE t(a); INSERT INTO t VALUES(1), (2)");
    check_int(sqlite_rows_open(path, "t", columns, false, NULL, &before, NULL), 0);
    database_change(path, "INSERT INTO t VALUES(3); DELETE FROM t WHERE a = 1; INSERT INTO t VALUES(4)");
    check_int(rows_count(before), 2);
    check_int(sqlite_rows_open(path, "t", columns, false, NULL, &after, NULL), 0);
    check_int(rows_count(after), 3);
    check_int(rows_count(before), 2);
    check_int(sqlite_rows_open(path, "t", columns, false, before, &beside, NULL), 0);
    sqlite_rows_close(before);
    check_int(rows_count(beside), 2);
    sqlite_rows_close(beside);
    sqlite_rows_close(after);
    unlink(path);
    for (int i = 0; i < 2; i++) {
        snprintf(side, sizeof side, "%s%s", path, i ? "-shm" : "-wal");
        unlink(side);
    }
}
