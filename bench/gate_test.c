#include "bench/gate.h"

#include <string.h>

#include "tests/unit.h"

#define SECOND INT64_C(1000000000)

/* A good trial: 4 s at 1,000/s on a machine that did nothing else. */
static struct gate_facts good(void)
{
    return (struct gate_facts){
        .offered = 1000,
        .achieved = 1000,
        .lateness_p99_ns = 20000,
        .reported_p99_ns = 1000000,
        .machine = {.wall_ns = 4 * SECOND, .foreign_ns = SECOND / 50, .steal_ns = 0, .clock_jump_ns = 1000},
        .has_ledger = true,
        .ledger = {.sent = 4000, .acked = 4000, .received = 4000, .closed = true},
        .has_steady = true,
        .steady = {.found = true, .why = ""},
        .has_little = true,
        .little = {.holds = true},
        .capture_drops = -1,
        .digest = GATE_DIGEST_SAME};
}

/* Exactly one reason of its kind, which holds `text`. */
static void trips(const struct gate_facts *f, bool outside, const char *text)
{
    struct gate_verdict v;
    gate_judge(f, &v);
    check_int(v.void_count, outside);
    check_int(v.finding_count, !outside);
    check(strstr(outside ? v.void_reasons[0] : v.findings[0], text));
    check(!v.wrong_answer);
}

static void passes(const struct gate_facts *f)
{
    struct gate_verdict v;
    gate_judge(f, &v);
    check_int(v.void_count + v.finding_count, 0);
    check(!v.wrong_answer);
}

TEST(gate, a_good_trial_passes_and_an_unknown_fact_trips_nothing)
{
    struct gate_facts f = good(), nothing = {.lateness_p99_ns = -1, .io_before = -1, .capture_drops = -1};
    passes(&f);
    passes(&nothing);
}

TEST(gate, other_work)
{
    struct gate_facts f = good();
    f.machine.foreign_ns = SECOND / 4; /* 6.25 % of a processor over 4 s */
    trips(&f, true, "other work used 6.2 % of a processor");
    f.machine.foreign_ns = SECOND / 5;
    passes(&f);
    f.machine.wall_ns = SECOND / 10; /* 5 ms are allowed and 20 ms cannot be told from nothing */
    f.machine.foreign_ns = SECOND / 1000 * 24;
    passes(&f);
    f.machine.foreign_ns = SECOND / 1000 * 26;
    trips(&f, true, "other work used 26.0 % of a processor (at most 25.0)");
}

TEST(gate, steal)
{
    struct gate_facts f = good();
    f.machine.steal_ns = SECOND * 1000;
    trips(&f, true, "the hypervisor took");
    f.machine.steal_ns = -1;
    passes(&f);
}

TEST(gate, a_jump_of_the_clock)
{
    struct gate_facts f = good();
    f.machine.clock_jump_ns = SECOND;
    trips(&f, true, "the wall clock jumped by 1000.0 ms");
}

TEST(gate, a_late_generator)
{
    struct gate_facts f = good();
    f.lateness_p99_ns = 120000; /* more than a twentieth of 1 ms and more than 100 us */
    trips(&f, true, "the generator was 0.120 ms late");
    f.reported_p99_ns = 10000000; /* a twentieth of 10 ms is more */
    passes(&f);
}

TEST(gate, busy_storage_and_a_capture_with_holes)
{
    struct gate_facts f = good();
    f.io_before = 0.2;
    trips(&f, true, "the storage was busy");
    f = good();
    f.capture_drops = 3;
    trips(&f, true, "dropped 3 packets");
}

TEST(gate, what_the_target_does_is_a_result)
{
    struct gate_facts f = good();
    f.achieved = 980;
    trips(&f, false, "98.0 % of the offered rate");
    f.saturated = true;
    passes(&f);

    f.saturated = false;
    f.disturbed = true;
    f.machine.foreign_ns = 4 * SECOND;
    passes(&f);

    f = good();
    f.steady = (struct steady){.why = "it kept rising"};
    trips(&f, false, "no steady state: it kept rising");
    struct gate_verdict v;
    gate_judge(&f, &v);
    check(v.unsteady);
    f.saturated = true;
    passes(&f);

    f = good();
    f.little = (struct little){.backlog = 50, .product = 40, .error = 0.25};
    trips(&f, false, "Little's law is off by 25.0 %");
    f.saturated = true;
    passes(&f);
}

TEST(gate, the_ledger_counts_at_any_rate)
{
    struct gate_facts f = good();
    f.saturated = true;
    f.ledger.lost = 2;
    trips(&f, false, "2 acknowledged messages were lost");
    f.ledger = (struct ledger_sum){.closed = true, .duplicated = 1};
    trips(&f, false, "1 messages came twice");
    f.ledger = (struct ledger_sum){.closed = true, .reordered = 4};
    trips(&f, false, "4 messages came behind");
    f.ledger = (struct ledger_sum){.closed = true, .failed = 4};
    trips(&f, false, "4 messages failed");
    f.ledger = (struct ledger_sum){.sent = 5, .acked = 4, .unanswered = 1};
    trips(&f, false, "does not close");
}

TEST(gate, a_wrong_warehouse_ends_everything)
{
    struct gate_facts f = good();
    struct gate_verdict v;
    f.digest = GATE_DIGEST_DIFFERS;
    gate_judge(&f, &v);
    check(v.wrong_answer && v.void_count == 0 && v.finding_count == 1);
}
