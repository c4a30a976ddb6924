#include "etl/stream/versions.h"

#include "tests/unit.h"

struct fixture {
    sqlite3 *db;
    struct versions *v;
    struct arena arena;
    struct record old;
};

static void fixture_open(struct fixture *x)
{
    *x = (struct fixture){0};
    check_int(sqlite3_open(":memory:", &x->db), SQLITE_OK);
    check_int(versions_open(x->db, &x->v, NULL), 0);
}

static void fixture_close(struct fixture *x)
{
    versions_close(x->v);
    arena_release(&x->arena);
    sqlite3_close(x->db);
}

/* raw NULL: it is gone. */
static int take(struct fixture *x, uint64_t number, int64_t version, const char *raw)
{
    const struct record r = {
        .at = {SLICE_LIT("s.db:t"), number + 1, 0, number}, .raw = slice_str(raw ? raw : ""), .feed = 3};
    return versions_take(x->v, SLICE_LIT("s"), &r, version, !raw, &x->arena, &x->old, NULL);
}

TEST(versions, the_greatest_counts_in_any_order)
{
    struct fixture x;
    fixture_open(&x);
    check_int(take(&x, 1, 1, "one"), VERSION_FIRST);
    check_int(take(&x, 1, 3, "three"), VERSION_REPLACES);
    check(slice_equal(x.old.raw, SLICE_LIT("one")));
    check(x.old.feed == 3 && x.old.at.byte_offset == 2 && x.old.at.number == 1);
    check_int(take(&x, 1, 2, "two"), VERSION_OLD);
    check_int(take(&x, 1, 3, "three"), VERSION_OLD);
    check_int(take(&x, 2, 2, "other"), VERSION_FIRST);
    check_int(take(&x, 1, 4, "three"), VERSION_OLD); /* nothing has changed, but its version */
    check_int(take(&x, 1, 3, NULL), VERSION_OLD);
    fixture_close(&x);
}

TEST(versions, what_is_gone_comes_back_only_with_a_greater_one)
{
    struct fixture x;
    fixture_open(&x);
    check_int(take(&x, 1, 5, "five"), VERSION_FIRST);
    check_int(take(&x, 1, 6, NULL), VERSION_REPLACES);
    check(slice_equal(x.old.raw, SLICE_LIT("five")));
    check_int(take(&x, 1, 5, "five"), VERSION_OLD);
    check_int(take(&x, 1, 7, NULL), VERSION_OLD);
    check_int(take(&x, 1, 8, "five"), VERSION_FIRST);
    check_int(take(&x, 2, 9, NULL), VERSION_OLD); /* gone before it came */
    check_int(take(&x, 2, 8, "eight"), VERSION_OLD);
    check_int(take(&x, 2, 10, ""), VERSION_FIRST);
    check_int(take(&x, 2, 11, "x"), VERSION_REPLACES);
    check_int((int)x.old.raw.n, 0);
    fixture_close(&x);
}
