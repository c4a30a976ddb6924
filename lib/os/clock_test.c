#include "lib/os/clock.h"

#include <time.h>

#include "tests/unit.h"

TEST(clock, sleeps_not_shorter_than_asked)
{
    int64_t start_ns = clock_mono_ns();
    clock_sleep_ms(3);
    check(clock_mono_ns() - start_ns >= 3000000);
    clock_sleep_until(start_ns, 1000000); /* long past */
    int64_t target_ns = clock_mono_ns() + 2000000;
    clock_sleep_until(target_ns, 1000000);
    check(clock_mono_ns() >= target_ns);
}

TEST(clock, wall_clock_is_in_milliseconds)
{
    int64_t before = (int64_t)time(NULL), now_ms = clock_wall_ms(), after = (int64_t)time(NULL);
    check(now_ms >= before * 1000 - 1000 && now_ms <= after * 1000 + 2000);
}
