#include "bench/record.h"

#include <math.h>

#include "lib/os/clock.h"
#include "tests/unit.h"

#define MS INT64_C(1000000)
enum { N = 2000, RATE = 10000, WARM = 200 };

static const struct schedule regular = {.rate = RATE};

/* Each message is answered `after_ns` later than it was due, plus `growth_ns` for every one before it; on no clock. */
static void answered(struct record *r, int64_t after_ns, int64_t growth_ns)
{
    record_init(r, &regular, N, WARM);
    int64_t last_due = schedule_instant(&r->schedule, N - 1);
    for (int64_t i = 0; i < N; i++) {
        int64_t due = schedule_instant(&r->schedule, i);
        int64_t at = due + after_ns + i * growth_ns;
        record_sent(r, i, due);
        record_answer(r, i, true, at);
        record_received(r, i, at);
        r->answered_at_end += at <= last_due;
    }
}

TEST(record, a_target_that_keeps_up_passes_every_gate)
{
    struct record r;
    struct gate_facts f = {.lateness_p99_ns = -1, .io_before = -1, .capture_drops = -1};
    struct gate_verdict v;
    answered(&r, 5 * MS, 0);
    record_facts(&r, &f);
    gate_judge(&f, &v);
    check_int(v.void_count + v.finding_count, 0);
    check(f.offered > 9999 && f.offered < 10001 && f.achieved == f.offered);
    check(f.ledger.closed && f.ledger.received == N);
    check(f.steady.found && !f.has_little);
    record_release(&r);
}

/* A tenth too slow: the backlog grows by a message in ten. */
TEST(record, a_target_that_falls_behind_is_found_out)
{
    struct record r;
    struct gate_facts f = {.lateness_p99_ns = -1, .io_before = -1, .capture_drops = -1};
    struct gate_verdict v;
    answered(&r, 1 * MS, 10000);
    record_facts(&r, &f);
    gate_judge(&f, &v);
    check_int(v.void_count, 0);
    check_int(v.finding_count, 2); /* the rate, and no steady state */
    check(f.achieved < 0.99 * f.offered && !f.steady.found);
    record_release(&r);
}

TEST(record, chains_count_from_the_instant_and_leave_the_warm_up_out)
{
    struct record r;
    struct histogram ack, end, lag, to_ack, to_received;
    histogram_init(&ack);
    histogram_init(&end);
    histogram_init(&lag);
    histogram_init(&to_ack);
    histogram_init(&to_received);
    record_init(&r, &regular, N, WARM);
    r.to_ack = &to_ack;
    r.to_received = &to_received;
    r.ack = &ack;
    r.end_to_end = &end;
    r.lag = &lag;
    record_sent(&r, WARM - 1, 500 * MS);
    record_answer(&r, WARM - 1, true, 500 * MS);
    int64_t due = schedule_instant(&r.schedule, WARM);
    record_sent(&r, WARM, due + 10);
    record_answer(&r, WARM, true, due + 200);
    record_received(&r, WARM, due + 300);
    record_sent(&r, WARM + 1, due + 1000000);
    record_answer(&r, WARM + 1, false, due + 1000000); /* a failure has no latency */
    check(ack.total == 1 && ack.max == 200 && end.total == 1 && end.max == 300);
    check(lag.total == 2 && lag.min == 10);
    /* The parts of a message sum. */
    check(to_ack.total == 1 && to_ack.max == 190 && to_received.total == 1 && to_received.max == 290);
    check_int(r.sent_ns[WARM] + to_ack.max, r.ack_ns[WARM]);
    check_int(r.sent_ns[WARM] + to_received.max, r.received_ns[WARM]);
    check_int(r.ack_ns[WARM + 1], -1);
    histogram_release(&to_ack);
    histogram_release(&to_received);
    histogram_release(&ack);
    histogram_release(&end);
    histogram_release(&lag);
    record_release(&r);
}

/* A stall of 50 ms from message 1,000 on: what is due during it waits for its end. */
TEST(record, recovery_is_until_the_last_message_that_waited)
{
    struct record r;
    record_init(&r, &regular, N, 0);
    int64_t fault = schedule_instant(&r.schedule, 1000), end = fault + 50 * MS;
    for (int64_t i = 0; i < N; i++) {
        int64_t due = schedule_instant(&r.schedule, i), at = due + MS;
        record_answer(&r, i, true, due >= fault && due < end && at < end ? end : at);
    }
    /* Those due in its last 20 ms waited no longer than that. */
    check_int(record_recovery(&r, fault, false), 30 * MS - MS / 10);
    check_int(record_recovery(&r, fault, true), -1); /* nobody received anything */
    r.ack_ns[N - 1] = -1;
    check_int(record_recovery(&r, fault, false), -1);
    r.ack_ns[N - 1] = MS;
    r.ack_ns[1500] = -1; /* failed */
    check_int(record_recovery(&r, fault, false), 50 * MS);
    record_release(&r);
    answered(&r, MS, 0);
    check_int(record_recovery(&r, fault, false), 0);
    record_release(&r);
}

/* On the real clock: nothing is answered, so the backlog of a run of 100 ms at 10,000/s grows from 0 to 1,000 and its
 * mean is about 500. */
TEST(record, the_backlog_is_sampled_beside_the_messages)
{
    struct record r;
    struct gate_facts f = {0};
    record_init(&r, &regular, 1000, 0);
    record_begin(&r, clock_mono_ns() + 5 * MS);
    clock_sleep_until(schedule_instant(&r.schedule, 999) + 5 * MS, 0);
    record_end(&r);
    record_facts(&r, &f);
    check(f.has_little && f.little.applies && f.little.backlog < 1000);
    check(!f.little.holds); /* no message was ever answered: the mean latency says 0 */
    record_release(&r);
}

/* 100 looks, half of them at 40 messages and half at 60: a mean of 50 whose standard error is 10 / sqrt(100). */
TEST(record, the_error_of_the_mean_backlog_is_known)
{
    struct record r;
    struct gate_facts f = {0};
    answered(&r, 5 * MS, 0);
    r.samples = 100;
    r.backlog_sum = 50 * 40 + 50 * 60;
    r.backlog_squares = 50 * 40 * 40 + 50 * 60 * 60;
    record_facts(&r, &f);
    check(f.little.backlog == 50 && fabs(f.little.chance - 1) < 1e-9);
    record_release(&r);
}
