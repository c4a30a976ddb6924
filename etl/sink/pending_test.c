#include "etl/sink/pending.h"

#include <string.h>

#include "etl/sink/sql.h"
#include "tests/unit.h"

static struct pending_list list;
static struct err_text error;

static sqlite3 *opened(struct pending **b)
{
    sqlite3 *db = NULL;
    check_int(sqlite3_open(":memory:", &db), SQLITE_OK);
    check_int(sql_exec(db, &error, "CREATE TABLE \"a t\"(n INTEGER NOT NULL, t TEXT, b BLOB, at TEXT)"), 0);
    check_int(pending_open(&list, db, "x.\"a t", "\"a t\"(rowid, n, t, b, at)", 5, b, &error), 0);
    return db;
}

static void closed(sqlite3 *db, struct pending *b)
{
    pending_close(&list, b);
    check_int(list.first == NULL, 1);
    check_int(sqlite3_close(db), SQLITE_OK);
}

static int put(struct pending *b, int64_t id, int64_t n, struct value t)
{
    pending_integer(b, id);
    pending_integer(b, n);
    pending_value(b, &t);
    pending_blob(b, slice_of("\0\1", 2));
    pending_value(b, &(struct value){.type = VALUE_TIMESTAMP, .i = 86400 * (n % 2)});
    return pending_row_end(b, &error);
}

static struct value text(const char *s)
{
    return (struct value){.type = VALUE_TEXT, .text = slice_str(s)};
}

static int64_t asked(sqlite3 *db, const char *sql)
{
    int64_t out = -1;
    check_int(sql_integer(db, -1, &out, &error, "%s", sql), 0);
    return out;
}

TEST(pending, rows_are_what_was_put_once_they_are_written)
{
    struct pending *b;
    sqlite3 *db = opened(&b);
    check_int(put(b, 7, 1, text("")), 0);
    check_int(put(b, 9, -2, text("zwei")), 0);
    check_int(put(b, 8, 3, (struct value){.type = VALUE_NULL}), 0);
    check_int(pending_is_empty(b), 0);
    check_int(asked(db, "SELECT count(*) FROM \"a t\""), 0);
    check_int(pending_write_all(&list, &error), 0);
    check_int(pending_is_empty(b), 1);
    check_int(asked(db, "SELECT count(*) FROM \"a t\" WHERE b = x'0001' AND typeof(b) = 'blob'"), 3);
    check_int(asked(db, "SELECT n FROM \"a t\" WHERE rowid = 7 AND t = '' AND at = '1970-01-02 00:00:00'"), 1);
    check_int(asked(db, "SELECT n FROM \"a t\" WHERE rowid = 9 AND t = 'zwei' AND at = '1970-01-01 00:00:00'"), -2);
    check_int(asked(db, "SELECT n FROM \"a t\" WHERE rowid = 8 AND t IS NULL"), 3);
    closed(db, b);
}

TEST(pending, what_is_dropped_is_not_written)
{
    struct pending *b;
    sqlite3 *db = opened(&b);
    check_int(put(b, 1, 1, text("gone")), 0);
    pending_drop_all(&list);
    check_int(put(b, 1, 2, text("kept")), 0);
    check_int(pending_write(b, &error), 0);
    check_int(asked(db, "SELECT n FROM \"a t\" WHERE t = 'kept'"), 2);
    check_int(asked(db, "SELECT count(*) FROM \"a t\""), 1);
    closed(db, b);
}

TEST(pending, many_rows_and_large_ones_write_themselves)
{
    struct pending *b;
    sqlite3 *db = opened(&b);
    for (int i = 1; i <= 2 * PENDING_ROWS_MAX + 3; i++) check_int(put(b, i, i, text("row")), 0);
    check_int(asked(db, "SELECT sum(n) FROM \"a t\""), (int64_t)PENDING_ROWS_MAX * (2 * PENDING_ROWS_MAX + 1));
    static char large[3 * PENDING_TEXT_BYTES_MAX];
    memset(large, 'x', sizeof large - 1);
    check_int(put(b, 5000, 1, text(large)), 0);
    check_int(pending_is_empty(b), 1);
    check_int(asked(db, "SELECT length(t) FROM \"a t\" WHERE rowid = 5000"), (int64_t)sizeof large - 1);
    closed(db, b);
}

TEST(pending, what_cannot_be_inserted_is_told_and_does_not_wait_any_longer)
{
    struct pending *b;
    sqlite3 *db = opened(&b);
    check_int(put(b, 1, 1, text("one")), 0);
    check_int(put(b, 1, 2, text("the same id")), 0);
    check_int(pending_write(b, &error), ERR_INVALID);
    check_int(strstr(error.text, "UNIQUE constraint failed") != NULL, 1);
    check_int(pending_is_empty(b), 1);
    closed(db, b);
}
