#include "bench/schedule.h"

#include "lib/base/histogram.h"
#include "tests/unit.h"

TEST(schedule, instants_and_due_counts_agree)
{
    static const int64_t rates[] = {1, 3, 7, 999, 10000, 333333, 3000000};
    for (int r = 0; r < 7; r++) {
        struct schedule s = {.start_ns = 123456789, .rate = rates[r]};
        for (int64_t i = 0; i < 5000; i++) {
            int64_t at = schedule_instant(&s, i);
            check(schedule_due(&s, at) >= i + 1);
            check(schedule_due(&s, at - 1) <= i);
        }
        check_int(schedule_instant(&s, rates[r] * 100), s.start_ns + INT64_C(100000000000));
    }
}

TEST(schedule, nothing_is_due_before_the_start)
{
    struct schedule s = {.start_ns = 1000, .rate = 1000000000};
    check_int(schedule_due(&s, 999), 0);
    check_int(schedule_due(&s, 1000), 1);
    check_int(schedule_due(&s, 1001), 2);
}

/* --- coordinated omission, on a clock that only moves when it is told to --- */

struct fake {
    int64_t now_ns;
    int64_t stall_from_ns, stall_to_ns; /* the system answers nothing in between */
    struct histogram latency;
    int64_t sum_ns, sent;
    int64_t blocked_ns; /* the generator itself is stopped for so long after message 10 */
};

static int64_t fake_now(void *context)
{
    struct fake *f = context;
    return f->now_ns;
}

static void fake_sleep(void *context, int64_t at_ns)
{
    struct fake *f = context;
    if (at_ns > f->now_ns) f->now_ns = at_ns;
}

/* Answers at once, except during the stall: then when it ends. */
static int fake_send(void *context, int64_t i, int64_t intended_ns)
{
    struct fake *f = context;
    check_int(i, f->sent);
    int64_t sent_ns = f->now_ns;
    bool stalled = sent_ns >= f->stall_from_ns && sent_ns < f->stall_to_ns;
    int64_t answered_ns = stalled ? f->stall_to_ns : sent_ns;
    histogram_record(&f->latency, answered_ns - intended_ns);
    f->sum_ns += answered_ns - intended_ns;
    f->sent++;
    if (i == 10) f->now_ns += f->blocked_ns;
    return 0;
}

static void fake_run(struct fake *f)
{
    struct schedule s = {.start_ns = 0, .rate = 1000};
    struct pacer_clock clock = {fake_now, fake_sleep, f};
    histogram_init(&f->latency);
    check_int(pacer_run(&s, 5000, &clock, fake_send, f), 0);
    check_int(f->sent, 5000);
}

/* A stall of 2 s at 1000/s hits 2000 messages with 2000, 1999, ... 1 ms: their sum in closed form is
 * 2000 * 2001 / 2 ms. A closed-loop generator would have seen one slow answer. */
TEST(pacer, a_stall_is_seen_by_every_message_due_in_it)
{
    struct fake f = {.stall_from_ns = 1000000000, .stall_to_ns = INT64_C(3000000000)};
    fake_run(&f);
    check_int(f.sum_ns, INT64_C(2000) * 2001 / 2 * 1000000);
    check_int(f.latency.max, INT64_C(2000000000));
    /* 3000 of 5000 saw nothing: the 60th percentile is 0, the 80th is half of the stall. */
    check_int(histogram_percentile(&f.latency, 60), 0);
    int64_t p80 = histogram_percentile(&f.latency, 80);
    check(p80 >= 999000000 && p80 <= 1001000000);
    histogram_release(&f.latency);
}

/* The generator's own pause counts as well: messages 11 .. 510 are 500, 499, ... late minus one period. */
TEST(pacer, the_generators_own_pause_counts_from_the_intended_instant)
{
    struct fake f = {.blocked_ns = 500000000};
    fake_run(&f);
    check_int(f.sum_ns, INT64_C(499) * 500 / 2 * 1000000);
    check_int(f.latency.max, 499000000);
    histogram_release(&f.latency);
}

static int stop_at_three(void *context, int64_t i, int64_t intended_ns)
{
    (void)context, (void)intended_ns;
    return i == 3 ? -7 : 0;
}

TEST(pacer, a_failing_send_ends_it)
{
    struct fake f = {0};
    struct schedule s = {.start_ns = 0, .rate = 1000};
    struct pacer_clock clock = {fake_now, fake_sleep, &f};
    check_int(pacer_run(&s, 10, &clock, stop_at_three, NULL), -7);
}

/* The kernel leaves 5 % of a second to others: what spins longer is stopped. */
TEST(pacer, a_sender_at_real_time_sleeps)
{
    check_int(pacer_wait_at(1, true).spin_ns, 100000);
    for (int64_t rate = 1; rate < 10000000; rate = rate * 5 / 4 + 1) {
        struct pacer_wait wait = pacer_wait_at(rate, true), ordinary = pacer_wait_at(rate, false);
        check(wait.spin_ns <= 100000 && wait.spin_ns * rate <= 100000000);
        check((wait.spin_ns >= 20000) == (wait.rest_ns == 0));
        check(ordinary.spin_ns == 100000 && ordinary.rest_ns == 0);
    }
}
