#include "etl/operator/spill.h"

#include "etl/operator/key_runs.h"
#include "lib/base/random.h"
#include "tests/unit.h"

enum { KEYS = 500, PARTS = 40000 };

/* Each part has its key's number, which of the key's parts it is, and some bytes of padding. */
struct part {
    uint32_t key, number;
    uint8_t padding[120];
};

static struct taken {
    uint32_t parts[KEYS], keys, total;
    struct fingerprint last;
    int stop_at;
} taken;

static struct fingerprint key_of(uint32_t i)
{
    return fingerprint_of(&i, sizeof i);
}

static int take(void *context, struct fingerprint key, struct slice bytes)
{
    struct part part = {0};
    check(context == &taken);
    check(bytes.n >= 8 && bytes.n <= sizeof part);
    memcpy(&part, bytes.p, bytes.n);
    check(fingerprint_equal(key, key_of(part.key)));
    check_int(bytes.n, 8 + part.key % 113);
    check_int(part.number, taken.parts[part.key]++); /* in the order in which they came */
    bool first = !fingerprint_equal(key, taken.last);
    if (first && taken.total) check(key_compare(&taken.last, &key) < 0);
    taken.keys += first;
    taken.last = key;
    return ++taken.total == (uint32_t)taken.stop_at ? -7 : 0;
}

/* More than two runs of them. */
static void fill(struct spill *s)
{
    static uint32_t next[KEYS];
    struct err_text error = {0};
    struct random r;
    memset(next, 0, sizeof next);
    random_seed(&r, 3);
    for (int i = 0; i < PARTS; i++) {
        struct part part = {.key = (uint32_t)random_below(&r, KEYS)};
        part.number = next[part.key]++;
        check_int(spill_add(s, key_of(part.key), slice_of(&part, 8 + part.key % 113), &error), 0);
    }
}

TEST(spill, parts_come_back_by_key_and_in_order)
{
    struct spill s = {0};
    struct err_text error = {0};
    struct state_size size = {0};
    taken = (struct taken){0};
    fill(&s);
    check_int(spill_each(&s, take, &taken, &error), 0);
    check_int(taken.total, PARTS);
    check_int(taken.keys, KEYS);
    check_int(s.parts, PARTS);
    spill_measure(&s, &size);
    check_int(size.keys, KEYS);
    check(size.spilled_bytes > 2 * SPILL_RUN_BYTES);
    spill_release(&s);
}

TEST(spill, whoever_takes_them_may_stop)
{
    struct spill s = {0};
    struct err_text error = {0};
    taken = (struct taken){.stop_at = 1234};
    fill(&s);
    check_int(spill_each(&s, take, &taken, &error), -7);
    check_int(taken.total, 1234);
    spill_release(&s);
    taken = (struct taken){0};
    check_int(spill_each(&s, take, &taken, &error), 0);
    check_int(taken.total, 0);
}
