#include "etl/sink/value.h"

#include "tests/unit.h"

static const char *shown(enum value_type type, int64_t i)
{
    static struct value_text room;
    struct value v = {.type = type, .i = i};
    room.text[value_text_write(&v, &room)] = 0;
    return room.text;
}

TEST(value, times_are_text_that_sorts)
{
    check_str(shown(VALUE_TIMESTAMP, 0), "1970-01-01 00:00:00");
    check_str(shown(VALUE_TIMESTAMP, 951782399), "2000-02-28 23:59:59");
    check_str(shown(VALUE_TIMESTAMP, 951782400), "2000-02-29 00:00:00");
    check_str(shown(VALUE_TIMESTAMP, -1), "1969-12-31 23:59:59");
    check_str(shown(VALUE_DATE, -1), "1969-12-31");
    check_str(shown(VALUE_DATE, 11016), "2000-02-29");
    check_str(shown(VALUE_TIMESTAMP, 253402300799), "9999-12-31 23:59:59");
    check_str(shown(VALUE_DATE, 2932897), "10000-01-01");
}

/* The room remembers what it shows; a date and a timestamp of the same number are not the same. */
TEST(value, a_room_shows_what_it_was_asked_last)
{
    check_str(shown(VALUE_DATE, 86400), "2206-07-23");
    check_str(shown(VALUE_TIMESTAMP, 86400), "1970-01-02 00:00:00");
    check_str(shown(VALUE_TIMESTAMP, 86400), "1970-01-02 00:00:00");
    check_str(shown(VALUE_DATE, 86400), "2206-07-23");
}

TEST(value, what_is_bound_is_read_back)
{
    static const struct value values[] = {
        {.type = VALUE_NULL},
        {.type = VALUE_INTEGER, .i = INT64_MIN},
        {.type = VALUE_DECIMAL, .i = -2550},
        {.type = VALUE_TEXT, .text = {(const uint8_t *)"caf\xc3\xa9", 5}},
        {.type = VALUE_TEXT},
        {.type = VALUE_TIMESTAMP, .i = -123456789},
        {.type = VALUE_TIMESTAMP, .i = 253402300800 + 59},
        {.type = VALUE_DATE, .i = 19000},
    };
    sqlite3 *db;
    sqlite3_stmt *s;
    sqlite3_open(":memory:", &db);
    check_int(sqlite3_prepare_v2(db, "SELECT ?1", -1, &s, NULL), SQLITE_OK);
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        struct value_text room = {.type = VALUE_NULL};
        value_bind(s, 1, &values[i], &room);
        check_int(sqlite3_step(s), SQLITE_ROW);
        struct value v = value_column(s, 0, values[i].type == VALUE_NULL ? VALUE_TEXT : values[i].type);
        check_int(v.type, values[i].type);
        check_int(value_compare(&v, &values[i]), 0);
        sqlite3_reset(s);
    }
    sqlite3_finalize(s);
    sqlite3_close(db);
}

TEST(value, order_is_sqlites)
{
    struct value none = {.type = VALUE_NULL}, one = {.type = VALUE_INTEGER, .i = 1},
                 two = {.type = VALUE_INTEGER, .i = 2};
    struct value a = {.type = VALUE_TEXT, .text = SLICE_LIT("a")}, ab = {.type = VALUE_TEXT, .text = SLICE_LIT("ab")};
    check(value_compare(&none, &one) < 0 && value_compare(&one, &none) > 0 && value_compare(&none, &none) == 0);
    check(value_compare(&one, &two) < 0 && value_compare(&two, &one) > 0 && value_compare(&two, &two) == 0);
    check(value_compare(&a, &ab) < 0 && value_compare(&ab, &a) > 0 && value_compare(&a, &a) == 0);
}
