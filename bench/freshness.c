#include "bench/freshness.h"

#include <stdlib.h>

#include "lib/base/memory.h"

void freshness_release(struct freshness *f)
{
    free(f->items);
    *f = (struct freshness){0};
}

void freshness_observe(struct freshness *f, int64_t at_ns, int64_t visible)
{
    if (f->count > 0 && f->items[f->count - 1].visible == visible) return;
    if (f->count == f->capacity) {
        f->capacity = f->capacity ? 2 * f->capacity : 256;
        f->items = memory_grow(f->items, (size_t)f->capacity, sizeof *f->items);
    }
    f->items[f->count++] = (struct observation){at_ns, visible};
}

void freshness_ages(const struct freshness *f, const struct schedule *births, int64_t from_ns, int64_t to_ns,
                    int64_t step_ns, struct histogram *ages)
{
    int next = 0;
    int64_t visible = 0;
    for (int64_t t = from_ns; t < to_ns; t += step_ns) {
        while (next < f->count && f->items[next].at_ns <= t) visible = f->items[next++].visible;
        histogram_record(ages, t - schedule_instant(births, visible > 0 ? visible - 1 : 0));
    }
}

double freshness_peak_ns(const struct freshness *f, const struct schedule *births, int64_t from_ns, int64_t to_ns)
{
    double sum = 0;
    int64_t peaks = 0, newest = 0;
    for (int i = 0; i < f->count; i++) {
        const struct observation *o = &f->items[i];
        if (o->visible <= newest) continue; /* a table that was just emptied shows nothing newer */
        if (newest > 0 && o->at_ns >= from_ns && o->at_ns < to_ns) {
            sum += (double)(o->at_ns - schedule_instant(births, newest - 1));
            peaks++;
        }
        newest = o->visible;
    }
    return peaks ? sum / (double)peaks : 0;
}

int64_t freshness_latencies(const struct freshness *f, const struct schedule *births, int64_t from_ns, int64_t to_ns,
                            struct histogram *latencies)
{
    int64_t first = schedule_due(births, from_ns - 1), end = schedule_due(births, to_ns - 1);
    int next = 0;
    for (int64_t i = first; i < end; i++) {
        while (next < f->count && f->items[next].visible <= i) next++;
        if (next == f->count) return end - i;
        histogram_record(latencies, f->items[next].at_ns - schedule_instant(births, i));
    }
    return 0;
}
