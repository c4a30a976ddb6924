#include "etl/sink/kept.h"

#include "tests/unit.h"

static sqlite3 *filled(const char *sql)
{
    sqlite3 *db = NULL;
    struct err_text error = {0};
    check_int(sqlite3_open(":memory:", &db), SQLITE_OK);
    check_int(sql_exec(db, &error, "%s", sql), 0);
    return db;
}

static void check_said(const char *sql, const char *expected)
{
    sqlite3 *db = filled(sql);
    struct err_text error = {0};
    struct buf out = {0};
    check_int(kept_say(db, &out, &error), 0);
    check_str(buf_cstr(&out), expected);
    buf_release(&out);
    sqlite3_close(db);
}

TEST(kept, says_keys_and_pages_of_tables_of_state_with_their_indexes)
{
    check_said("PRAGMA page_size = 4096;"
               "CREATE TABLE millrace_state_visits(id INTEGER PRIMARY KEY, state BLOB);"
               "INSERT INTO millrace_state_visits VALUES(1, zeroblob(100)), (2, zeroblob(9000)), (3, NULL), (4, NULL);"
               "CREATE TABLE millrace_unique_same(high INTEGER); CREATE INDEX i ON millrace_unique_same(high);"
               "INSERT INTO millrace_unique_same VALUES(7);",
               "millrace_state_visits: 4 keys, 12288 bytes in the database, 3072.0 a key; "
               "millrace_unique_same: 1 keys, 8192 bytes in the database, 8192.0 a key");
}

TEST(kept, says_nothing_of_other_tables_and_of_empty_ones)
{
    check_said(
        "CREATE TABLE visits(id); INSERT INTO visits VALUES(1); CREATE TABLE millrace_files(id);"
        "INSERT INTO millrace_files VALUES(1); CREATE TABLE millrace_distinct_t_c(k BLOB PRIMARY KEY) WITHOUT ROWID;",
        "");
}
