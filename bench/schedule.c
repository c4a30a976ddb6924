#include "bench/schedule.h"

#include <assert.h>

#include "lib/os/clock.h"

#define SECOND_NS INT64_C(1000000000)
_Static_assert(INT64_C(1) * PACER_REAL_TIME_RATE_MAX * PACER_SPIN_NS <= SECOND_NS * 2 / 5,
               "a sender at real time sleeps");

int64_t schedule_instant(const struct schedule *s, int64_t i)
{
    assert(s->rate > 0 && i >= 0 && (!s->offsets || i < s->count));
    if (s->offsets) return s->start_ns + s->offsets[i];
    return s->start_ns + (int64_t)((__int128)i * SECOND_NS / s->rate);
}

/* How many offsets are not above `elapsed_ns`. */
static int64_t offsets_due(const struct schedule *s, int64_t elapsed_ns)
{
    int64_t low = 0, high = s->count;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if (s->offsets[middle] <= elapsed_ns)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

int64_t schedule_due(const struct schedule *s, int64_t now_ns)
{
    if (now_ns < s->start_ns) return 0;
    if (s->offsets) return offsets_due(s, now_ns - s->start_ns);
    /* instant(i) <= now  <=>  i * 10^9 / rate < elapsed + 1  <=>  i < (elapsed + 1) * rate / 10^9 */
    __int128 limit = (__int128)(now_ns - s->start_ns + 1) * s->rate;
    return (int64_t)((limit + SECOND_NS - 1) / SECOND_NS);
}

int pacer_run(const struct schedule *s, int64_t count, const struct pacer_clock *clock,
              int (*send)(void *context, int64_t i, int64_t intended_ns), void *context)
{
    for (int64_t i = 0; i < count;) {
        int64_t due = schedule_due(s, clock->now_ns(clock->context));
        if (due > count) due = count;
        for (; i < due; i++) {
            int rc = send(context, i, schedule_instant(s, i));
            if (rc) return rc;
        }
        if (i < count) clock->sleep_until(clock->context, schedule_instant(s, i));
    }
    return 0;
}

static int64_t real_now(void *context)
{
    (void)context;
    return clock_mono_ns();
}

static void real_sleep(void *context, int64_t at_ns)
{
    (void)context;
    clock_sleep_until(at_ns, PACER_SPIN_NS);
}

const struct pacer_clock pacer_real_clock = {real_now, real_sleep, 0};
