#include "etl/stream/loaded.h"

#include "tests/unit.h"

static struct position line_of(const char *file, uint64_t line)
{
    return (struct position){slice_str(file), 0, line, line};
}

static int mark(struct loaded *l, const char *file, uint64_t line)
{
    struct position at = line_of(file, line);
    return loaded_mark(l, SLICE_LIT("s"), &at, NULL);
}

static sqlite3 *memory(void)
{
    sqlite3 *db;
    check_int(sqlite3_open(":memory:", &db), SQLITE_OK);
    return db;
}

TEST(loaded, a_line_is_new_once)
{
    struct loaded *l;
    sqlite3 *db = memory();
    check_int(loaded_open(db, &l, NULL), 0);
    for (uint64_t line = 1; line <= 20000; line += 7) check_int(mark(l, "a.csv", line), 0);
    for (uint64_t line = 1; line <= 20000; line++) check_int(mark(l, "a.csv", line), line % 7 == 1);
    check_int(mark(l, "b.csv", 1), 0);
    struct position at = line_of("b.csv", 1);
    check_int(loaded_mark(l, SLICE_LIT("another"), &at, NULL), 0); /* a file may belong to two sources */
    at.line = 0;                                                   /* the number counts, not the line */
    check_int(loaded_mark(l, SLICE_LIT("another"), &at, NULL), 1);
    check_int(mark(l, "a.csv", UINT64_C(1) << 40), 0);
    check_int(mark(l, "a.csv", UINT64_C(1) << 40), 1);
    loaded_close(l);
    sqlite3_close(db);
}

/* The edges of a chunk of 4,096 lines: each line has a bit of its own, also across a reopening. */
TEST(loaded, marks_are_kept_in_the_database)
{
    static const uint64_t lines[] = {1, 8, 9, 4095, 4096, 4097, 8192, 8193};
    struct loaded *l;
    sqlite3 *db = memory();
    check_int(loaded_open(db, &l, NULL), 0);
    for (size_t i = 0; i < 8; i += 2) check_int(mark(l, "a.csv", lines[i]), 0);
    check_int(loaded_flush(l, NULL), 0);
    loaded_close(l);
    check_int(loaded_open(db, &l, NULL), 0);
    for (size_t i = 0; i < 8; i++) check_int(mark(l, "a.csv", lines[i]), i % 2 == 0);
    loaded_close(l);
    sqlite3_close(db);
}

TEST(loaded, what_was_not_flushed_is_forgotten)
{
    struct loaded *l;
    sqlite3 *db = memory();
    check_int(loaded_open(db, &l, NULL), 0);
    check_int(mark(l, "a.csv", 1), 0);
    check_int(loaded_flush(l, NULL), 0);
    check_int(mark(l, "a.csv", 2), 0);
    loaded_forget(l);
    check_int(mark(l, "a.csv", 1), 1);
    check_int(mark(l, "a.csv", 2), 0);
    loaded_close(l);
    sqlite3_close(db);
}
