#include "etl/operator/fingerprint.h"

#include "tests/unit.h"

static struct fingerprint of(const struct value *values, int count)
{
    struct buf key = {0};
    for (int i = 0; i < count; i++) fingerprint_encode(&key, &values[i]);
    struct fingerprint f = fingerprint_of(key.p, key.n);
    buf_release(&key);
    return f;
}

/* ("ab", "c") and ("a", "bc") run into the same bytes without their lengths; NULL is not "" and not 0. */
TEST(fingerprint, different_keys_differ)
{
    struct value lists[][2] = {
        {{.type = VALUE_TEXT, .text = SLICE_LIT("ab")}, {.type = VALUE_TEXT, .text = SLICE_LIT("c")}},
        {{.type = VALUE_TEXT, .text = SLICE_LIT("a")}, {.type = VALUE_TEXT, .text = SLICE_LIT("bc")}},
        {{.type = VALUE_NULL}, {.type = VALUE_TEXT, .text = SLICE_LIT("abc")}},
        {{.type = VALUE_TEXT}, {.type = VALUE_TEXT, .text = SLICE_LIT("abc")}},
        {{.type = VALUE_INTEGER}, {.type = VALUE_TEXT, .text = SLICE_LIT("abc")}},
        {{.type = VALUE_INTEGER, .i = 1}, {.type = VALUE_TEXT, .text = SLICE_LIT("abc")}},
    };
    enum { COUNT = sizeof lists / sizeof lists[0] };
    for (int i = 0; i < COUNT; i++)
        for (int j = 0; j < COUNT; j++) check_int(fingerprint_equal(of(lists[i], 2), of(lists[j], 2)), i == j);
}

TEST(fingerprint, bytes_keep_it)
{
    struct fingerprint f = fingerprint_of("key", 3);
    uint8_t bytes[16];
    fingerprint_put(f, bytes);
    check(fingerprint_equal(fingerprint_get(bytes), f));
    memset(bytes, 0, sizeof bytes); /* the free slot's mark is nobody's fingerprint */
    check(!fingerprint_equal(fingerprint_get(bytes), (struct fingerprint){0, 0}));
}

TEST(fingerprint, a_map_keeps_its_numbers_while_it_grows)
{
    struct fingerprint_map m = {0};
    bool added;
    for (int64_t i = 0; i < 5000; i++) {
        struct fingerprint_entry *e = fingerprint_map_at(&m, fingerprint_of(&i, sizeof i), &added);
        check(added);
        e->value = i;
    }
    check_int(m.count, 5000);
    for (int64_t i = 0; i < 5000; i++) {
        check_int(fingerprint_map_at(&m, fingerprint_of(&i, sizeof i), &added)->value, i);
        check(!added);
    }
    fingerprint_map_reset(&m);
    check_int(m.count, 0);
    int64_t first = 0;
    check_int(fingerprint_map_at(&m, fingerprint_of(&first, sizeof first), &added)->value, 0);
    check(added);
    fingerprint_map_release(&m);
}
