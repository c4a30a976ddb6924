#include "bench/cost.h"

#include <math.h>
#include <signal.h>
#include <unistd.h>

#include "tests/unit.h"

TEST(cost, a_child_that_ended_is_accounted_with_its_memory)
{
    const char *const argv[] = {"sh", "-c", "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; exit 3", NULL};
    struct process p;
    struct cost c;
    struct err_text error = {0};
    struct trial t;
    cost_begin(&c, 0);
    check_int(process_start(&p, argv, PROCESS_PIPE_OUT, &error), 0);
    check_int(cost_wait(&c, &p), 3);
    check(c.used.user_ns + c.used.system_ns > 0);
    check(c.used.user_ns + c.used.system_ns <= 3 * c.wall_ns); /* its accounts are in ticks */
    check(c.used.anonymous_bytes + c.used.file_bytes > 65536);
    trial_init(&t, "E5", "x", 1);
    cost_metrics(&t, "child", &c, 0.5);
    check(trial_value(&t, "child_user") == (double)c.used.user_ns / 1e9 / 0.5);
    check(trial_value(&t, "child_anonymous") == (double)c.used.anonymous_bytes);
    trial_release(&t);
}

TEST(cost, a_process_that_goes_on_is_read_twice_and_one_that_is_gone_has_no_metrics)
{
    struct cost c;
    struct trial t;
    trial_init(&t, "E5", "x", 1);
    cost_begin(&c, getpid());
    cost_end(&c);
    check(c.known && c.used.user_ns >= 0 && c.used.system_ns >= 0 && c.used.anonymous_bytes > 0);
    cost_begin(&c, 999999999);
    cost_end(&c);
    cost_metrics(&t, "gone", &c, 1);
    check_int(t.metric_count, 0);
    trial_release(&t);
}

TEST(cost, the_busiest_process_is_the_bottleneck)
{
    static const char *const who[] = {"absent", "broker", "loader"};
    struct trial t;
    double busy = 0;
    trial_init(&t, "E5", "x", 1);
    check(!cost_bottleneck(&t, who, 3, &busy));
    check(isnan(cost_cpu(&t, who, 3)));
    trial_metric(&t, "broker_user", "", 2);
    trial_metric(&t, "broker_system", "", 1);
    trial_metric(&t, "broker_busy", "", 0.25);
    trial_metric(&t, "loader_user", "", 4);
    trial_metric(&t, "loader_system", "", 8);
    trial_metric(&t, "loader_busy", "", 0.5);
    check_str(cost_bottleneck(&t, who, 3, &busy), "loader");
    check(busy == 0.5);
    check(cost_cpu(&t, who, 3) == 15);
    trial_release(&t);
}
