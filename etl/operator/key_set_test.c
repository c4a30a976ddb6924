#include "etl/operator/key_set.h"

#include "tests/unit.h"

enum { KEYS = 5000 };

/* High halves of both signs, some of them shared: the table's order is by (high, low) as SQLite compares. */
static struct fingerprint key_of(uint64_t n)
{
    return (struct fingerprint){(n / 3) * UINT64_C(0x9e3779b97f4a7c15), n * UINT64_C(0xc2b2ae3d27d4eb4f) + 1};
}

/* Every key again and again, newest and oldest mixed: new the first time, known ever after. */
static void keys_add(struct key_set *s)
{
    struct err_text error = {0};
    bool added;
    for (uint64_t i = 0; i < KEYS; i++) {
        check_int(key_set_add(s, key_of(i), &added, &error), 0);
        check(added);
        check_int(key_set_add(s, key_of(i * 7919 % (i + 1)), &added, &error), 0);
        check(!added);
    }
    for (uint64_t i = 0; i < KEYS; i++) {
        check_int(key_set_add(s, key_of(i), &added, &error), 0);
        check(!added);
    }
}

TEST(key_set, what_was_spilled_is_still_known)
{
    struct key_set s = {.recent_max = 100};
    struct state_size size = {0};
    keys_add(&s);
    key_set_measure(&s, &size);
    check_int(size.keys, KEYS);
    check(size.memory_bytes <= 512 * sizeof(struct fingerprint_entry) * 2 + (1 << 14));
    check(size.spilled_bytes >= (KEYS - 100) * 16);
    key_set_release(&s);
    keys_add(&s); /* as empty as at first */
    key_set_release(&s);
}

TEST(key_set, few_keys_need_no_file)
{
    struct key_set s = {0};
    struct state_size size = {0};
    keys_add(&s);
    key_set_measure(&s, &size);
    check_int(size.keys, KEYS);
    check_int(size.spilled_bytes, 0);
    key_set_release(&s);
}
