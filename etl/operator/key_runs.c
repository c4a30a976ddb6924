#include "etl/operator/key_runs.h"

#include <sys/mman.h>
#include <unistd.h>

#include "etl/operator/temporary.h"

enum { BUFFERED = 4096 }; /* keys */

int key_compare(const struct fingerprint *a, const struct fingerprint *b)
{
    if (a->high != b->high) return a->high < b->high ? -1 : 1;
    return (a->low > b->low) - (a->low < b->low);
}

/* --- sorting --- */

enum { FEW = 16 };

static void few_sort(struct fingerprint *keys, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        struct fingerprint key = keys[i];
        size_t k = i;
        for (; k > 0 && key_compare(&key, &keys[k - 1]) < 0; k--) keys[k] = keys[k - 1];
        keys[k] = key;
    }
}

/* Keys that agree in all bits above `bit`. Those of hashes are halved by every bit; whatever they are, no key is
 * looked at more than 128 times. (Radix exchange: Knuth, volume 3, 5.2.2.) */
static void bits_sort(struct fingerprint *keys, size_t count, int bit)
{
    while (count > FEW) {
        size_t zeros = 0;
        for (size_t ones = count; zeros < ones;) {
            struct fingerprint key = keys[zeros];
            uint64_t one = (bit < 64 ? key.low : key.high) >> bit % 64 & 1;
            if (!one)
                zeros++;
            else {
                keys[zeros] = keys[--ones];
                keys[ones] = key;
            }
        }
        bits_sort(keys, zeros, --bit);
        keys += zeros;
        count -= zeros;
    }
    few_sort(keys, count);
}

void key_sort(struct fingerprint *keys, size_t count)
{
    bits_sort(keys, count, 127);
}

/* --- a run is written --- */

struct run_writer {
    int fd;
    size_t count, buffered;
    struct fingerprint buffer[BUFFERED];
};

static int writer_flush(struct run_writer *w, struct err_text *error)
{
    int result = temporary_write(w->fd, w->buffer, w->buffered * sizeof w->buffer[0], error);
    w->buffered = 0;
    return result;
}

static int writer_put(struct run_writer *w, const struct fingerprint *key, struct err_text *error)
{
    w->buffer[w->buffered++] = *key;
    w->count++;
    return w->buffered < BUFFERED ? 0 : writer_flush(w, error);
}

static int run_map(struct run_writer *w, struct key_run *out, struct err_text *error)
{
    int result = writer_flush(w, error);
    if (result < 0) return result;
    const void *p;
    result = temporary_map(w->fd, w->count * sizeof *out->keys, &p, error);
    if (result == 0) *out = (struct key_run){p, w->count};
    return result;
}

static void run_drop(struct key_run *run)
{
    munmap((void *)(uintptr_t)run->keys, run->count * sizeof *run->keys);
}

/* Both are ascending; either may be empty. */
static int run_make(const struct key_run *a, const struct key_run *b, struct key_run *out, struct err_text *error)
{
    struct run_writer w = {.fd = temporary_open(error)};
    int result = w.fd < 0 ? w.fd : 0;
    for (size_t i = 0, k = 0; result == 0 && i + k < a->count + b->count;) {
        bool first = k == b->count || (i < a->count && key_compare(&a->keys[i], &b->keys[k]) < 0);
        result = writer_put(&w, first ? &a->keys[i++] : &b->keys[k++], error);
    }
    if (result == 0) result = run_map(&w, out, error);
    if (w.fd >= 0) close(w.fd);
    return result;
}

static int last_two_merge(struct key_runs *r, struct err_text *error)
{
    struct key_run *a = &r->runs[r->count - 2], *b = a + 1, merged;
    int result = run_make(a, b, &merged, error);
    if (result < 0) return result;
    run_drop(a);
    run_drop(b);
    *a = merged;
    r->count--;
    return 0;
}

int key_runs_add(struct key_runs *r, const struct fingerprint *sorted, size_t count, struct err_text *error)
{
    if (count == 0) return 0;
    const struct key_run added = {sorted, count}, none = {0};
    int result = run_make(&added, &none, &r->runs[r->count], error);
    if (result == 0) r->count++;
    while (result == 0 && r->count > 1 && r->runs[r->count - 2].count < 2 * r->runs[r->count - 1].count)
        result = last_two_merge(r, error);
    return result;
}

/* --- a key is looked for --- */

/* Where a key would be among those from `low` to `high`, if they are spread evenly. */
static size_t guess(const struct key_run *run, size_t low, size_t high, uint64_t key)
{
    uint64_t first = run->keys[low].high, last = run->keys[high].high;
    if (key <= first) return low;
    if (key >= last) return high;
    return low + (size_t)((unsigned __int128)(key - first) * (high - low) / (last - first));
}

static bool run_has(const struct key_run *run, const struct fingerprint *key)
{
    size_t low = 0, high = run->count - 1;
    for (int tries = 0;; tries++) {
        /* A guess that stays bad (keys that are no hashes) gives way to halving. */
        size_t at = tries < 8 ? guess(run, low, high, key->high) : low + (high - low) / 2;
        int compared = key_compare(key, &run->keys[at]);
        if (compared == 0) return true;
        if (compared < 0 ? at == low : at == high) return false;
        if (compared < 0)
            high = at - 1;
        else
            low = at + 1;
    }
}

bool key_runs_has(const struct key_runs *r, struct fingerprint key)
{
    for (int i = 0; i < r->count; i++)
        if (run_has(&r->runs[i], &key)) return true;
    return false;
}

void key_runs_release(struct key_runs *r)
{
    for (int i = 0; i < r->count; i++) run_drop(&r->runs[i]);
    *r = (struct key_runs){0};
}
