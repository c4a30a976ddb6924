/* e1_acks.c - E1: what do acks=0, 1 and all cost, in each durability mode, of every target of the run?
 *
 * The targets stay up through the experiment (target_set.h). A trial of a cell is, on topics of its own, first a
 * saturated run (throughput), then a paced one (latency). */
#include <stdio.h>
#include <stdlib.h>

#include "bench/arrivals.h"
#include "bench/experiment.h"
#include "bench/measure.h"
#include "bench/observer.h"
#include "bench/runner.h"
#include "bench/target_set.h"
#include "lib/base/memory.h"

enum { ACKS = 3, CELLS_MAX = ACKS * TARGET_MODES_MAX, MESSAGE_BYTES = 100 };

static const char *const acks_names[ACKS] = {"0", "1", "all"};

struct acks_cell {
    const struct target_mode *mode;
    const char *acks;
    char name[TRIAL_NAME_MAX];
};

struct acks_run {
    struct bench *bench;
    struct target_set set;
    struct acks_cell cells[CELLS_MAX];
    int cell_count;
    int64_t saturated_count, paced_count, rate;
};

static double percentile_ms(const struct trial *t, const char *histogram, double percentile)
{
    const struct histogram *h = trial_values(t, histogram);
    return h ? (double)histogram_percentile(h, percentile) / 1e6 : 0;
}

static const char *cell_name(void *context, int cell)
{
    const struct acks_run *run = context;
    return run->cells[cell].name;
}

static void cells_make(struct acks_run *run)
{
    for (int i = 0; i < run->set.mode_count * ACKS; i++) {
        char own[TRIAL_NAME_MAX];
        struct acks_cell c = {.mode = &run->set.modes[i / ACKS], .acks = acks_names[i % ACKS]};
        if (!target_knows_acks(c.mode, c.acks)) continue;
        snprintf(own, sizeof own, "acks=%s %s", c.acks, c.mode->durability->name);
        target_cell(c.mode, own, c.name);
        run->cells[run->cell_count++] = c;
    }
}

/* With an ear at the wire where this process may have one: what of an acknowledgement is the broker's, what the
 * client's? */
static int observed_load(const struct measured_target *target, struct load_options *paced, struct trial *t,
                         struct err_text *error)
{
    struct observer *o = memory_new(sizeof *o);
    int rc = observer_start(o, target->bootstrap, OBSERVE_CAPTURED, error);
    if (rc == 0) rc = measure_paced(target, paced, PACE_KEPT, t, error);
    observer_stop(o);
    if (rc == 0) observer_tell(o, t);
    observer_release(o);
    free(o);
    return rc;
}

/* On arrivals of the run, where it names some; else regular ones. `a` is released by the caller. */
static int arrivals_take(const struct acks_run *run, struct load_options *o, struct arrivals *a, struct trial *t,
                         struct err_text *error)
{
    struct arrivals_pattern p;
    char said[256];
    if (!run->bench->arrivals) return 0;
    int rc = arrivals_parse(&p, run->bench->arrivals, run->rate, (uint64_t)t->number, error);
    if (rc == 0) rc = arrivals_make(a, &p, run->paced_count, error);
    if (rc < 0) return rc;
    arrivals_said(run->bench->arrivals, said, sizeof said);
    trial_set(t, "arrivals", said);
    o->arrivals = &a->schedule;
    o->count = a->count;
    o->warm_up = a->count / 5;
    return 0;
}

static int one_trial(void *context, int cell, struct trial *t, char *text, size_t size, struct err_text *error)
{
    struct acks_run *run = context;
    const struct acks_cell *c = &run->cells[cell];
    char rate[32];
    snprintf(rate, sizeof rate, "%lld", (long long)run->rate);
    target_settings(c->mode, t);
    trial_set(t, "acks", c->acks);
    trial_set(t, "message_bytes", "100");
    trial_set(t, "saturated_linger_ms", "5");
    trial_set(t, "paced_linger_ms", "0");
    trial_set(t, "paced_rate", rate);
    struct measured_target target = target_measured(c->mode);
    struct load_options full = {.acks = c->acks,
                                .message_bytes = MESSAGE_BYTES,
                                .linger_ms = 5,
                                .count = run->saturated_count,
                                .timeout_ms = 10000};
    target_load(c->mode, &full);
    struct load_options paced = full;
    paced.linger_ms = 0;
    paced.rate = run->rate;
    paced.count = run->paced_count;
    paced.warm_up = run->paced_count / 5;
    struct arrivals arrivals = {0};
    int rc = arrivals_take(run, &paced, &arrivals, t, error);
    if (rc == 0) rc = measure_saturated(&target, &full, t, error);
    if (rc == 0) rc = observed_load(&target, &paced, t, error);
    arrivals_release(&arrivals);
    if (rc == 0)
        snprintf(text, size, "%9.0f messages/s   ack p50 %.2f p99 %.2f ms   end to end p50 %.2f p99 %.2f ms",
                 trial_value(t, "throughput"), percentile_ms(t, "ack", 50), percentile_ms(t, "ack", 99),
                 percentile_ms(t, "end_to_end", 50), percentile_ms(t, "end_to_end", 99));
    return rc;
}

int experiment_acks(struct bench *b, struct err_text *error)
{
    struct acks_run *run = memory_new(sizeof *run);
    *run = (struct acks_run){
        .bench = b, .saturated_count = b->full ? 4000000 : 500000, .paced_count = b->full ? 60000 : 2500, .rate = 2000};
    int rc = target_set_start(&run->set, b, "E1", TARGETS_EVERY_MODE, error);
    if (rc == 0) cells_make(run);
    const struct runner runner = {.experiment = "E1",
                                  .cells = run->cell_count,
                                  .name = cell_name,
                                  .trial = one_trial,
                                  .context = run,
                                  .metric = "throughput",
                                  .precision = 0.05,
                                  .trials_min = b->trials,
                                  .trials_max = b->full ? 20 : b->trials,
                                  .seed = 1};
    if (rc == 0) rc = runner_run(b, &runner, error);
    target_set_stop(&run->set);
    free(run);
    return rc;
}
