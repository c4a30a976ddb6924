#include "bench/record.h"

#include <math.h>
#include <stdlib.h>

#include "lib/base/memory.h"
#include "lib/base/random.h"
#include "lib/os/clock.h"
#include "lib/os/priority.h"

#define SAMPLE_NS      1000000 /* on average, between two looks at the backlog */
#define SAMPLE_LATE_NS 100000

void record_init(struct record *r, const struct schedule *schedule, int64_t count, int64_t warm_up)
{
    *r = (struct record){.schedule = *schedule, .count = count, .warm_up = warm_up};
    ledger_init(&r->ledger, count);
    r->sent_ns = memory_new((size_t)count * 3 * sizeof *r->sent_ns + 1);
    r->ack_ns = r->sent_ns + count;
    r->received_ns = r->ack_ns + count;
    for (int64_t i = 0; i < 2 * count; i++) r->ack_ns[i] = -1;
    for (int i = 0; i < RECORD_WINDOWS; i++) histogram_init(&r->windows[i]);
}

void record_release(struct record *r)
{
    ledger_release(&r->ledger);
    free(r->sent_ns);
    for (int i = 0; i < RECORD_WINDOWS; i++) histogram_release(&r->windows[i]);
}

/* --- the sampler --- */

/* Exponential gaps: a sampler with a period of its own could fall into step with the messages (PASTA: Poisson arrivals
 * see time averages; Wolff 1982). */
static int64_t next_gap_ns(struct random *random)
{
    double u = ((double)(random_u64(random) >> 11) + 1) * 0x1p-53;
    return (int64_t)(-log(u) * SAMPLE_NS);
}

static void *sample(void *context)
{
    struct record *r = context;
    struct random random;
    struct priority before;
    int64_t at_ns = schedule_instant(&r->schedule, r->warm_up);
    int64_t end_ns = schedule_instant(&r->schedule, r->count - 1);
    random_seed(&random, 1);
    priority_raise(PRIORITY_SECOND, &before); /* a look that waits for its turn sees what it waited for */
    for (at_ns += next_gap_ns(&random); at_ns < end_ns && !r->stop; at_ns += next_gap_ns(&random)) {
        clock_sleep_until(at_ns, 0);
        int64_t answered = r->answered; /* first: what is answered in between must not become negative */
        /* Looks that were due while the machine stood still would all see its end, where the backlog is largest.
         * Nothing was answered meanwhile: they see what there was at their own instants. */
        int64_t now_ns = clock_mono_ns();
        int64_t due = schedule_due(&r->schedule, now_ns - at_ns > SAMPLE_LATE_NS ? at_ns : now_ns);
        double backlog = fmax(0, (double)((due < r->count ? due : r->count) - answered));
        r->backlog_sum += backlog;
        r->backlog_squares += backlog * backlog;
        r->samples++;
    }
    return NULL;
}

void record_begin(struct record *r, int64_t start_ns)
{
    r->schedule.start_ns = start_ns;
    pthread_create(&r->sampler, NULL, sample, r);
}

void record_end(struct record *r)
{
    r->answered_at_end = r->answered;
    r->stop = true;
    pthread_join(r->sampler, NULL);
}

/* --- messages --- */

static bool measured(const struct record *r, int64_t number)
{
    return number >= r->warm_up && number < r->count;
}

static bool known(const struct record *r, int64_t number)
{
    return number >= 0 && number < r->count;
}

/* `part`: of `whole`, without what lies before `sent_ns`. */
static void latency(const struct record *r, struct histogram *whole, struct histogram *part, int64_t number,
                    int64_t since_ns)
{
    if (whole && measured(r, number)) histogram_record(whole, since_ns);
    if (part && measured(r, number)) histogram_record(part, since_ns - r->sent_ns[number]);
}

/* Windows have equal length in time, so that a burst is one window's and not every window's. */
static struct histogram *window_of(struct record *r, int64_t number)
{
    int64_t from = schedule_instant(&r->schedule, r->warm_up), to = schedule_instant(&r->schedule, r->count - 1) + 1;
    __int128 at = schedule_instant(&r->schedule, number) - from;
    return &r->windows[(int)(at * RECORD_WINDOWS / (to - from))];
}

void record_sent(struct record *r, int64_t number, int64_t now_ns)
{
    ledger_sent(&r->ledger);
    if (!known(r, number)) return;
    r->sent_ns[number] = now_ns - schedule_instant(&r->schedule, number);
    latency(r, r->lag, NULL, number, r->sent_ns[number]);
}

void record_answer(struct record *r, int64_t number, bool acknowledged, int64_t now_ns)
{
    ledger_answer(&r->ledger, number, acknowledged);
    r->answered++;
    if (!acknowledged || !known(r, number)) return;
    r->ack_ns[number] = now_ns - schedule_instant(&r->schedule, number);
    if (!measured(r, number)) return;
    latency(r, r->ack, r->to_ack, number, r->ack_ns[number]);
    latency(r, window_of(r, number), NULL, number, r->ack_ns[number]);
}

void record_received(struct record *r, int64_t number, int64_t now_ns)
{
    ledger_received(&r->ledger, number);
    if (!known(r, number)) return;
    r->received_ns[number] = now_ns - schedule_instant(&r->schedule, number);
    latency(r, r->end_to_end, r->to_received, number, r->received_ns[number]);
}

/* --- what follows --- */

static int64_t calm_bound(const int64_t *since_ns, int64_t before)
{
    struct histogram h;
    histogram_init(&h);
    for (int64_t i = 0; i < before; i++)
        if (since_ns[i] >= 0) histogram_record(&h, since_ns[i]);
    int64_t bound = 2 * histogram_percentile(&h, 99);
    histogram_release(&h);
    return bound > RECORD_CALM_NS ? bound : RECORD_CALM_NS;
}

int64_t record_recovery(const struct record *r, int64_t fault_ns, bool received)
{
    const int64_t *since_ns = received ? r->received_ns : r->ack_ns;
    int64_t first = schedule_due(&r->schedule, fault_ns);
    /* What was under way when it happened was due a little before. */
    int64_t last = r->count - 1, bound = calm_bound(since_ns, first - first / 10);
    while (last >= 0 && since_ns[last] >= 0 && since_ns[last] <= bound) last--;
    if (last == r->count - 1) return -1;
    int64_t at_ns = last < 0 ? fault_ns : schedule_instant(&r->schedule, last);
    return at_ns > fault_ns ? at_ns - fault_ns : 0;
}

static struct steady steady_of(const struct record *r)
{
    double medians[RECORD_WINDOWS];
    int n = 0;
    for (int i = 0; i < RECORD_WINDOWS; i++) {
        if (r->windows[i].total > 0) medians[n++] = (double)histogram_percentile(&r->windows[i], 50);
    }
    return steady_find(medians, n);
}

/* Of the messages that a target which keeps up would have answered when the last one was due: all but those of the
 * last median latency. */
static double share_kept(const struct record *r, const struct histogram *all)
{
    int64_t end_ns = schedule_instant(&r->schedule, r->count - 1) - histogram_percentile(all, 50);
    int64_t expected = schedule_due(&r->schedule, end_ns);
    if (expected > r->count) expected = r->count;
    return expected <= 0 || r->answered_at_end >= expected ? 1 : (double)r->answered_at_end / (double)expected;
}

/* The samples are Poisson's, so independent of each other given what the backlog was (as uniform instants are): the
 * error of their mean is that of independent draws, whatever the backlog's own correlation. */
static struct little little_of(const struct record *r, double rate, double latency_ns)
{
    double n = (double)r->samples, mean = r->backlog_sum / n, variance = r->backlog_squares / n - mean * mean;
    return little_check(mean, variance > 0 ? sqrt(variance / n) : 0, rate, latency_ns);
}

void record_facts(const struct record *r, struct gate_facts *f)
{
    struct histogram all;
    histogram_init(&all);
    for (int i = 0; i < RECORD_WINDOWS; i++) histogram_merge(&all, &r->windows[i]);
    int64_t length_ns = schedule_instant(&r->schedule, r->count - 1) - schedule_instant(&r->schedule, r->warm_up);
    f->offered = length_ns > 0 ? (double)(r->count - 1 - r->warm_up) * 1e9 / (double)length_ns : 0;
    f->achieved = f->offered * share_kept(r, &all);
    f->lateness_p99_ns = r->lag ? histogram_percentile(r->lag, 99) : -1;
    f->reported_p99_ns = histogram_percentile(&all, 99);
    f->has_ledger = f->has_steady = true;
    f->ledger = ledger_sum(&r->ledger);
    f->steady = steady_of(r);
    f->has_little = r->samples > 0;
    if (f->has_little) f->little = little_of(r, f->offered, histogram_mean(&all));
    histogram_release(&all);
}
