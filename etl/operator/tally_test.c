#include "etl/operator/tally.h"

#include "tests/unit.h"

static struct fingerprint key_of(uint64_t n)
{
    return (struct fingerprint){n * UINT64_C(0x9e3779b97f4a7c15), n};
}

static int64_t stored(sqlite3 *db)
{
    sqlite3_stmt *s;
    check_int(sqlite3_prepare_v2(db, "SELECT sum(n) FROM millrace_distinct_t_c", -1, &s, NULL), SQLITE_OK);
    check_int(sqlite3_step(s), SQLITE_ROW);
    int64_t sum = sqlite3_column_int64(s, 0);
    sqlite3_finalize(s);
    return sum;
}

/* A commit after any number of values, and the last value again: the map may just have been full. */
TEST(tally, the_last_value_counts_on_after_a_commit)
{
    for (int count = 1; count <= 600; count++) {
        sqlite3 *db;
        struct err_text error = {0};
        struct operator_context context = {.live = true, .error = &error};
        struct tally *t;
        int change;
        check_int(sqlite3_open(":memory:", &context.db), SQLITE_OK);
        db = context.db;
        check_int(tally_open(&context, "t", "c", &t), 0);
        for (int i = 1; i <= count; i++) {
            check_int(tally_change(t, key_of((uint64_t)i), 1, &change), 0);
            check_int(change, 1);
        }
        check_int(tally_flush(t), 0);
        check_int(tally_change(t, key_of((uint64_t)count), 1, &change), 0);
        check_int(change, 0);
        check_int(tally_flush(t), 0);
        check_int(stored(db), count + 1);
        tally_close(t);
        sqlite3_close(db);
    }
}
