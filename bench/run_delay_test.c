#include "bench/run_delay.h"

#include <unistd.h>

#include "lib/os/clock.h"
#include "tests/unit.h"

TEST(run_delay, of_this_process_is_what_it_ran_and_no_less)
{
    struct run_delay before, after;
    check(run_delay_read(getpid(), &before));
    for (int64_t until_ns = clock_mono_ns() + 30000000; clock_mono_ns() < until_ns;) {}
    check(run_delay_read(getpid(), &after));
    check(after.ran_ns > before.ran_ns);
    check(after.waited_ns >= before.waited_ns);
    check(after.ran_ns - before.ran_ns + after.waited_ns - before.waited_ns >= 20000000);
}

TEST(run_delay, of_no_process_is_not_known)
{
    struct run_delay none;
    check(!run_delay_read(1 << 30, &none));
    check_int(none.ran_ns, 0);
}
