#include "lib/os/clock.h"

#include <errno.h>
#include <sys/prctl.h>
#include <time.h>

enum { NS_PER_S = 1000000000, NS_PER_MS = 1000000 };

int64_t clock_mono_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
}

int64_t clock_wall_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / NS_PER_MS;
}

void clock_sleep_exactly(void)
{
    prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
}

void clock_sleep_until(int64_t mono_ns, int64_t spin_ns)
{
    int64_t wake = mono_ns - spin_ns;
    if (wake > clock_mono_ns()) {
        struct timespec at = {.tv_sec = wake / NS_PER_S, .tv_nsec = wake % NS_PER_S};
        while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) == EINTR) continue;
    }
    while (clock_mono_ns() < mono_ns) continue;
}

void clock_sleep_ms(int64_t ms)
{
    clock_sleep_until(clock_mono_ns() + ms * NS_PER_MS, 0);
}
