#include "lib/base/table.h"

#include "lib/base/random.h"
#include "tests/unit.h"

static struct slice key_of(int i, char text[16])
{
    return slice_of(text, (size_t)snprintf(text, 16, "key-%d", i));
}

TEST(table, empty_and_empty_key)
{
    struct table t = {0};
    int value = 1;
    check(table_get_str(&t, "x") == NULL);
    check(table_remove(&t, SLICE_LIT("x")) == NULL);
    check(table_first(&t) == NULL);
    check(table_set(&t, slice_of(NULL, 0), &value) == NULL);
    check(table_get_str(&t, "") == &value);
    check(table_remove(&t, SLICE_LIT("")) == &value);
    check_int(t.count, 0);
    table_set_str(&t, "other", &value);
    check(table_get_str(&t, "") == NULL); /* what was removed is no empty key */
    check(table_set_str(&t, "", &value) == NULL);
    check_int(t.count, 2);
    table_release(&t);
}

TEST(table, set_replaces_and_returns_the_former)
{
    struct table t = {0};
    int a = 1, b = 2;
    check(table_set_str(&t, "topic", &a) == NULL);
    check(table_set_str(&t, "topic", &b) == &a);
    check(table_get_str(&t, "topic") == &b);
    check_int(t.count, 1);
    table_release(&t);
}

TEST(table, iterates_in_insertion_order_and_may_remove_the_current)
{
    struct table t = {0};
    static int values[100];
    char text[16];
    for (int i = 0; i < 100; i++) table_set(&t, key_of(i, text), &values[i]);
    int seen = 0;
    for (struct table_entry *e = table_first(&t); e; e = table_next(&t, e)) {
        check(e->value == &values[seen]);
        if (seen % 3) check(table_remove(&t, e->key) == &values[seen]);
        seen++;
    }
    check_int(seen, 100);
    check_int(t.count, 34);
    seen = 0;
    for (struct table_entry *e = table_first(&t); e; e = table_next(&t, e)) seen++;
    check_int(seen, 34);
    table_release(&t);
}

/* Against an array that cannot be wrong; many removals, so that tombstones are reused and closed. */
TEST(table, agrees_with_a_plain_array)
{
    enum { KEYS = 500 };
    static int values[KEYS];
    bool present[KEYS] = {false};
    struct table t = {0};
    struct random r;
    random_seed(&r, 4);
    uint32_t live = 0;
    for (int step = 0; step < 50000; step++) {
        char text[16];
        int i = (int)random_below(&r, KEYS);
        struct slice key = key_of(i, text);
        void *expected = present[i] ? &values[i] : NULL;
        check(table_get(&t, key) == expected);
        bool remove = random_chance(&r, 1, 2);
        check((remove ? table_remove(&t, key) : table_set(&t, key, &values[i])) == expected);
        live = live + (!remove && !present[i]) - (remove && present[i]);
        present[i] = !remove;
        check_int(t.count, live);
        check(t.entry_count <= t.entry_capacity && t.entry_capacity <= 4 * KEYS);
    }
    table_release(&t);
}

TEST(table, a_pair_of_hashes_is_what_each_would_be)
{
    uint8_t bytes[100];
    for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (uint8_t)(7 * i + 1);
    for (size_t n = 0; n <= sizeof bytes; n++) {
        uint64_t hashes[] = {n, 12345};
        hash_bytes_pair(bytes, n, hashes);
        check(hashes[0] == hash_bytes(bytes, n, n));
        check(hashes[1] == hash_bytes(bytes, n, 12345));
    }
}

TEST(table, hash_depends_on_every_byte_length_and_seed)
{
    uint8_t bytes[40] = {0};
    for (size_t n = 0; n <= sizeof bytes; n++) {
        uint64_t before = hash_bytes(bytes, n, 0);
        check(before != hash_bytes(bytes, n, 1));
        if (n < sizeof bytes) check(before != hash_bytes(bytes, n + 1, 0));
        for (size_t i = 0; i < n; i++) {
            bytes[i] = 1;
            check(hash_bytes(bytes, n, 0) != before);
            bytes[i] = 0;
        }
    }
}
