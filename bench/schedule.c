#include "bench/schedule.h"

#include <assert.h>

#include "lib/os/clock.h"

#define SECOND_NS INT64_C(1000000000)
/* A sleeping processor of a virtual machine takes 20 to 60 us to wake, 100 after a deep sleep; a busy one 20. */
enum { SPIN_NS = 100000, SPIN_MIN_NS = 20000, REST_NS = 25000 };

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
    const struct pacer_wait *wait = context;
    int64_t rested_ns = wait->rest_ns > 0 ? clock_mono_ns() + wait->rest_ns : at_ns;
    clock_sleep_until(at_ns > rested_ns ? at_ns : rested_ns, wait->spin_ns);
}

struct pacer_clock pacer_clock_waiting(const struct pacer_wait *wait)
{
    return (struct pacer_clock){real_now, real_sleep, (void *)(uintptr_t)wait};
}

struct pacer_wait pacer_wait_at(int64_t rate, bool real_time)
{
    int64_t share_ns = SECOND_NS / 10 / rate;
    if (!real_time || share_ns > SPIN_NS) return (struct pacer_wait){.spin_ns = SPIN_NS};
    return share_ns >= SPIN_MIN_NS ? (struct pacer_wait){.spin_ns = share_ns} : (struct pacer_wait){.rest_ns = REST_NS};
}
