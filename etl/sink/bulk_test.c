#include "etl/sink/bulk.h"

#include "etl/sink/sql.h"
#include "tests/unit.h"

struct pair {
    int64_t number;
    const char *text; /* NULL: none */
    const struct pair *next;
};

static const void *pair_next(const void *row)
{
    return ((const struct pair *)row)->next;
}

static void pair_column(void *object, const void *row, int column, sqlite3_context *out)
{
    const struct pair *p = row;
    ++*(int *)object;
    if (column == 0)
        sqlite3_result_int64(out, p->number);
    else if (p->text)
        sqlite3_result_text(out, p->text, -1, SQLITE_STATIC);
    else
        sqlite3_result_null(out);
}

static sqlite3 *db;
static struct bulk *bulk;
static int asked;
static struct err_text error;

static void begin(void)
{
    static const struct bulk_rows rows = {pair_next, pair_column};
    error.text[0] = 0;
    asked = 0;
    check_int(sqlite3_open(":memory:", &db), SQLITE_OK);
    check_int(sql_exec(db, &error, "CREATE TABLE \"a table\"(n INTEGER, t TEXT NOT NULL, more)"), 0);
    check_int(bulk_open(db, "a table", "INSERT OR FAIL INTO \"a table\"(n, t)", 2, &rows, &asked, &bulk, &error), 0);
}

static void end(void)
{
    bulk_close(bulk);
    check_int(sqlite3_close(db), SQLITE_OK); /* nothing of it is left */
}

static int64_t ask(const char *sql)
{
    int64_t value = -1;
    check_int(sql_integer(db, -1, &value, &error, "%s", sql), 0);
    return value;
}

TEST(bulk, rows_come_in_order_each_column_once)
{
    static const struct pair third = {3, "c", NULL}, second = {2, "", &third}, first = {1, "a", &second};
    begin();
    check_int(bulk_write(bulk, &first, &error), 0);
    check_int(bulk_write(bulk, &third, &error), 0);
    check_int(ask("SELECT count(*) FROM \"a table\""), 4);
    check_int(ask("SELECT sum(rowid * n) FROM \"a table\""), 1 * 1 + 2 * 2 + 3 * 3 + 4 * 3);
    check_int(ask("SELECT count(*) FROM \"a table\" WHERE t = '' AND typeof(t) = 'text' AND rowid = 2"), 1);
    check_int(asked, 4 * 2);
    end();
}

TEST(bulk, a_failure_names_what_is_wrong)
{
    static const struct pair second = {2, NULL, NULL}, first = {1, "a", &second};
    begin();
    check_int(bulk_write(bulk, &first, &error), ERR_INVALID);
    check(strstr(error.text, "NOT NULL constraint failed: a table.t") != NULL);
    end();
}

TEST(bulk, what_it_reads_from_is_in_no_schema)
{
    begin();
    check_int(ask("SELECT count(*) FROM sqlite_schema"), 1);
    bulk_close(bulk);
    bulk = NULL;
    check(sql_exec(db, &error, "SELECT * FROM \"millrace_bulk_a table\"") < 0);
    end();
}
