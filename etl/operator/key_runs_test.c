#include "etl/operator/key_runs.h"

#include <stdlib.h>

#include "lib/base/random.h"
#include "tests/unit.h"

enum { RUNS = 37, KEYS = 400 };

/* Anything but spread evenly: powers, neighbours and ends, halves shared. */
static struct fingerprint key_of(int run, int i)
{
    uint64_t n = (uint64_t)i * RUNS + (uint64_t)run; /* of all runs different */
    return (struct fingerprint){n < 900 ? n / 5 : n % 7 ? n * n * n : UINT64_MAX - n, n * 2 + 1};
}

static int by_key(const void *a, const void *b)
{
    return key_compare(a, b);
}

TEST(key_runs, what_was_added_is_found_and_nothing_else)
{
    struct key_runs r = {0};
    struct err_text error = {0};
    struct fingerprint keys[KEYS] = {0};
    check_int(key_runs_add(&r, keys, 0, &error), 0);
    for (int run = 0; run < RUNS; run++) {
        for (int i = 0; i < KEYS; i++) keys[i] = key_of(run, i);
        qsort(keys, KEYS, sizeof keys[0], by_key);
        check_int(key_runs_add(&r, keys, KEYS, &error), 0);
        check(r.count <= 6);
    }
    for (int run = 0; run < RUNS; run++) {
        for (int i = 0; i < KEYS; i++) {
            struct fingerprint key = key_of(run, i);
            check(key_runs_has(&r, key));
            key.low++;
            check(!key_runs_has(&r, key));
            key.high++;
            check(!key_runs_has(&r, key));
        }
    }
    key_runs_release(&r);
    check(!key_runs_has(&r, key_of(0, 0)));
}

/* Of hashes, and of keys that share all bits but a few. */
TEST(key_runs, keys_are_sorted_as_by_the_library)
{
    enum { MANY = 3000 };
    static struct fingerprint sorted[MANY], expected[MANY];
    struct random r;
    random_seed(&r, 1);
    for (size_t count = 0; count < MANY; count += 1 + count / 3)
        for (int kind = 0; kind < 2; kind++) {
            for (size_t i = 0; i < count; i++)
                sorted[i] = kind ? (struct fingerprint){random_u64(&r), random_u64(&r)}
                                 : key_of((int)random_below(&r, 3), (int)i);
            memcpy(expected, sorted, sizeof sorted);
            qsort(expected, count, sizeof expected[0], by_key);
            key_sort(sorted, count);
            check_mem(sorted, expected, count * sizeof sorted[0]);
        }
}

TEST(key_runs, a_folder_that_is_not_there_is_not_the_last_one)
{
    struct key_runs r = {0};
    struct err_text error = {0};
    struct fingerprint key = key_of(1, 1);
    setenv("SQLITE_TMPDIR", "/nonexistent", 1);
    check_int(key_runs_add(&r, &key, 1, &error), 0);
    check(key_runs_has(&r, key));
    unsetenv("SQLITE_TMPDIR");
    key_runs_release(&r);
}
