/* e9_groups.c - E9: what do members of a consumer group add, and what does a change of the group cost?
 *
 * Scaling: a group of n members reads a topic that is complete, as fast as it can. Their queues are deep enough for
 * all of it (group.h): with the client's default a single member, whose queue is full first, waits for a second.
 *
 * Rebalance: messages arrive at a constant rate on eight partitions, and three members read them. A fourth joins, later
 * it leaves again. How long was each partition silent (gaps.h)? Eager strategies take everything from everybody and
 * deal again; the cooperative one takes only what moves, in two rounds (KIP-429). librdkafka 2.0 joins at most once a
 * second, so its second round is late by that; and one that is told to close while it waits for it says no good-bye:
 * join and leave are further apart than that.
 *
 *     0 ------- warm-up ------- join ---------------------- leave --------------------- end */
#include <stdio.h>
#include <string.h>

#include "bench/environment.h"
#include "bench/experiment.h"
#include "bench/gaps.h"
#include "bench/group.h"
#include "bench/measure.h"
#include "bench/monitor.h"
#include "bench/runner.h"
#include "lib/os/clock.h"

#define MS_NS INT64_C(1000000)

enum {
    SIZES_MAX = 4,
    STRATEGIES = 3,
    CELLS_MAX = SIZES_MAX + STRATEGIES,
    PARTITIONS = 8,
    MESSAGE_BYTES = 100,
    RATE = 4000,
    MEMBERS = 3, /* and one that comes and goes */
    FORM_MS = 20000,
    /* A partition whose longest gap is longer has stopped: five times what lies between two of its messages. */
    STOPPED_MS = 5 * 1000 * PARTITIONS / RATE,
};

static const int sizes[SIZES_MAX] = {1, 2, 4, 8};
static const char *const strategies[STRATEGIES] = {"range", "cooperative-sticky", "roundrobin"};
static const char *const settings[] = {"group.initial.rebalance.delay.ms=300", NULL};

struct groups_run {
    struct bench *bench;
    struct target target;
    int sizes; /* cells of scaling */
    int64_t full_count;
    char full_topic[32]; /* that scaling reads */
};

static const char *cell_name(void *context, int cell)
{
    static char names[CELLS_MAX][TRIAL_NAME_MAX];
    const struct groups_run *run = context;
    if (cell < run->sizes)
        snprintf(names[cell], TRIAL_NAME_MAX, "%d member%s", sizes[cell], sizes[cell] > 1 ? "s" : "");
    else
        snprintf(names[cell], TRIAL_NAME_MAX, "rebalance, %s", strategies[cell - run->sizes]);
    return names[cell];
}

/* --- scaling --- */

/* A cache line each: the members' threads do not meet. */
struct reader {
    _Alignas(64) _Atomic int64_t count;
    int64_t first_ns, last_ns, longest_ns; /* longest: between two records */
};

static void count_received(void *context, int member, int32_t partition, uint64_t number, int64_t now_ns)
{
    struct reader *r = (struct reader *)context + member;
    (void)partition;
    (void)number;
    if (r->count == 0)
        r->first_ns = now_ns;
    else if (now_ns - r->last_ns > r->longest_ns)
        r->longest_ns = now_ns - r->last_ns;
    r->last_ns = now_ns;
    r->count++;
}

static int64_t received(const struct reader readers[], int members)
{
    int64_t sum = 0;
    for (int i = 0; i < members; i++) sum += readers[i].count;
    return sum;
}

/* Until all is read, or nothing has come for ten seconds. */
static void wait_all(const struct reader readers[], int members, int64_t count)
{
    int64_t seen = -1, since_ns = clock_mono_ns();
    for (int64_t now = 0; now < count && clock_mono_ns() - since_ns < 10000 * MS_NS; clock_sleep_ms(2)) {
        now = received(readers, members);
        if (now != seen) since_ns = clock_mono_ns();
        seen = now;
    }
}

static void scaling_metrics(struct trial *t, const struct reader readers[], int members, int64_t begin_ns)
{
    int64_t first_ns = INT64_MAX, last_ns = 0, longest_ns = 0, most = 0, count = received(readers, members);
    for (int i = 0; i < members; i++) {
        if (readers[i].count == 0) continue;
        if (readers[i].first_ns < first_ns) first_ns = readers[i].first_ns;
        if (readers[i].last_ns > last_ns) last_ns = readers[i].last_ns;
        if (readers[i].longest_ns > longest_ns) longest_ns = readers[i].longest_ns;
        if (readers[i].count > most) most = readers[i].count;
    }
    trial_metric(t, "members", "members", members);
    trial_metric(t, "saturated_n", "messages", (double)count);
    trial_metric(t, "throughput", "messages/s",
                 last_ns > first_ns ? (double)count * 1e9 / (double)(last_ns - first_ns) : 0);
    trial_metric(t, "first_record", "s", count > 0 ? (double)(first_ns - begin_ns) / 1e9 : -1);
    trial_metric(t, "longest_wait", "s", (double)longest_ns / 1e9);
    trial_metric(t, "busiest", "of all messages", count > 0 ? (double)most / (double)count : 0);
}

static int scaling(struct groups_run *run, int members, struct trial *t, struct err_text *error)
{
    struct reader readers[GROUP_MEMBERS_MAX] = {0};
    struct group group;
    struct monitor monitor;
    struct gate_facts facts = {
        .saturated = true, .lateness_p99_ns = -1, .io_before = monitor_io_share(), .capture_drops = -1};
    pid_t pid = run->target.process.pid;
    int rc = 0;
    group_init(&group, run->target.bootstrap, run->full_topic, strategies[0]);
    group.received = count_received;
    group.context = readers;
    group.deep = true;
    monitor_start(&monitor, &pid, 1);
    int64_t begin_ns = clock_mono_ns(), broker_ns = environment_process_cpu_ns(pid), own_ns = environment_own_cpu_ns();
    for (int i = 0; i < members && rc == 0; i++) rc = group_join(&group, i, error);
    if (rc == 0) wait_all(readers, members, run->full_count);
    broker_ns = environment_process_cpu_ns(pid) - broker_ns;
    own_ns = environment_own_cpu_ns() - own_ns;
    monitor_stop(&monitor);
    group_release(&group);
    if (rc < 0) return rc;
    scaling_metrics(t, readers, members, begin_ns);
    trial_metric(t, "broker_cpu", "s per million messages", (double)broker_ns / 1e3 / (double)run->full_count);
    trial_metric(t, "client_cpu", "s per million messages", (double)own_ns / 1e3 / (double)run->full_count);
    facts.machine = monitor.seen;
    trial_judge(t, &facts);
    if (received(readers, members) != run->full_count)
        trial_finding(t, "%lld of %lld messages were received", (long long)received(readers, members),
                      (long long)run->full_count);
    return 0;
}

/* --- rebalance --- */

struct change {
    struct group group;
    int64_t join_ns, leave_ns, end_ns; /* from the start of the schedule */
    _Atomic int64_t start_ns;          /* of the schedule; 0 until it is known */
    _Atomic bool stop;
    pthread_t thread;
    pthread_mutex_t lock; /* of what follows */
    bool begun;
    struct gaps gaps;
    struct histogram *end_to_end;
    int rc;
    struct err_text error;
};

static void gap_received(void *context, int member, int32_t partition, uint64_t number, int64_t now_ns)
{
    struct change *c = context;
    int64_t start_ns = c->start_ns;
    (void)member;
    pthread_mutex_lock(&c->lock);
    if (start_ns > 0 && !c->begun) {
        gaps_begin(&c->gaps, start_ns + c->join_ns / 2, start_ns + c->join_ns, start_ns + c->leave_ns);
        c->begun = true;
    }
    if (gaps_received(&c->gaps, partition, number, now_ns) && now_ns >= c->gaps.begin_ns)
        histogram_record(c->end_to_end, now_ns - start_ns - (int64_t)number * (1000 * MS_NS / RATE));
    pthread_mutex_unlock(&c->lock);
}

/* The member that comes and goes, beside the load. */
static void *come_and_go(void *context)
{
    struct change *c = context;
    while (c->start_ns == 0 && !c->stop) clock_sleep_ms(1);
    if (c->stop) return NULL;
    clock_sleep_until(c->start_ns + c->join_ns, 0);
    c->rc = group_join(&c->group, MEMBERS, &c->error);
    clock_sleep_until(c->start_ns + c->leave_ns, 0);
    group_leave(&c->group, MEMBERS);
    return NULL;
}

/* What was sent last may still be on its way to a member; 0 when all of it has come. */
static int64_t wait_received(struct change *c)
{
    int64_t give_up_ns = clock_mono_ns() + 10000 * MS_NS, missing;
    for (;;) {
        pthread_mutex_lock(&c->lock);
        missing = gaps_missing(&c->gaps);
        pthread_mutex_unlock(&c->lock);
        if (missing == 0 || clock_mono_ns() > give_up_ns) return missing;
        clock_sleep_ms(20);
    }
}

static void change_metrics(struct trial *t, struct change *c, int64_t missing)
{
    static const char *const phases[GAPS_PHASES] = {"before", "join", "leave"};
    for (int phase = 0; phase < GAPS_PHASES; phase++) {
        char name[TRIAL_NAME_MAX];
        snprintf(name, sizeof name, "gap_%s", phases[phase]);
        struct histogram *h = trial_histogram(t, name, "ns");
        for (int i = 0; i < PARTITIONS; i++) histogram_record(h, c->gaps.longest_ns[phase][i]);
        snprintf(name, sizeof name, "pause_%s", phases[phase]);
        trial_metric(t, name, "s", (double)gaps_longest(&c->gaps, phase) / 1e9);
        snprintf(name, sizeof name, "stopped_%s", phases[phase]);
        trial_metric(t, name, "partitions", gaps_stopped(&c->gaps, phase, STOPPED_MS * MS_NS));
    }
    trial_metric(t, "redelivered", "messages", (double)gaps_again(&c->gaps));
    trial_metric(t, "not_received", "messages", (double)missing);
    if (missing > 0) trial_finding(t, "%lld messages never reached a member", (long long)missing);
}

static int change_run(struct groups_run *run, struct change *c, struct trial *t, struct err_text *error)
{
    struct measured_target target = {"millrace", run->target.bootstrap, run->target.process.pid};
    struct load_options o = {.topic = c->group.topic,
                             .acks = "1",
                             .partitions = PARTITIONS,
                             .message_bytes = MESSAGE_BYTES,
                             .rate = RATE,
                             .count = c->gaps.count,
                             .warm_up = RATE * c->join_ns / (2000 * MS_NS),
                             .timeout_ms = 10000,
                             .ack_only = true,
                             .start_ns = &c->start_ns};
    int rc = 0;
    for (int i = 0; i < MEMBERS && rc == 0; i++) rc = group_join(&c->group, i, error);
    if (rc == 0) rc = group_formed(&c->group, MEMBERS, PARTITIONS, FORM_MS, error);
    if (rc < 0) return rc;
    pthread_create(&c->thread, NULL, come_and_go, c);
    rc = measure_paced(&target, &o, PACE_KEPT, t, error);
    c->stop = true;
    pthread_join(c->thread, NULL);
    return rc < 0 ? rc : c->rc < 0 ? (*error = c->error, c->rc) : 0;
}

static int rebalance(struct groups_run *run, const char *strategy, struct trial *t, struct err_text *error)
{
    char topic[64];
    bool full = run->bench->full;
    struct change c = {.join_ns = (full ? 3000 : 400) * MS_NS,
                       .leave_ns = (full ? 8000 : 2200) * MS_NS,
                       .end_ns = (full ? 13000 : 4000) * MS_NS,
                       .lock = PTHREAD_MUTEX_INITIALIZER};
    snprintf(topic, sizeof topic, "rebalance-%lld", (long long)clock_mono_ns());
    gaps_init(&c.gaps, PARTITIONS, RATE * c.end_ns / (1000 * MS_NS));
    c.end_to_end = trial_histogram(t, "end_to_end", "ns");
    group_init(&c.group, run->target.bootstrap, topic, strategy);
    c.group.received = gap_received;
    c.group.context = &c;
    int rc = load_topic_create(run->target.bootstrap, topic, PARTITIONS, error);
    if (rc == 0) rc = change_run(run, &c, t, error);
    int64_t missing = rc == 0 ? wait_received(&c) : 0, end_ns = clock_mono_ns();
    group_release(&c.group);
    gaps_end(&c.gaps, end_ns);
    if (rc == 0) change_metrics(t, &c, missing);
    gaps_release(&c.gaps);
    return rc < 0 ? rc : load_topic_delete(run->target.bootstrap, topic, error);
}

/* --- cells and trials --- */

static int one_trial(void *context, int cell, struct trial *t, char *text, size_t size, struct err_text *error)
{
    struct groups_run *run = context;
    char number[16];
    trial_set(t, "durability", "page-cache");
    trial_set(t, "message_bytes", "100");
    snprintf(number, sizeof number, "%d", PARTITIONS);
    trial_set(t, "partitions", number);
    if (cell < run->sizes) {
        trial_set(t, "strategy", strategies[0]);
        trial_set(t, "queued_min_messages", GROUP_QUEUE_MESSAGES);
        int rc = scaling(run, sizes[cell], t, error);
        snprintf(text, size, "%9.0f messages/s, the first after %.2f s", trial_value(t, "throughput"),
                 trial_value(t, "first_record"));
        return rc;
    }
    snprintf(number, sizeof number, "%d", GROUP_HEARTBEAT_MS);
    trial_set(t, "heartbeat_interval_ms", number);
    trial_set(t, "strategy", strategies[cell - run->sizes]);
    int rc = rebalance(run, strategies[cell - run->sizes], t, error);
    snprintf(text, size, "longest pause: join %.3f s (%.0f partitions stopped), leave %.3f s (%.0f); before %.3f s",
             trial_value(t, "pause_join"), trial_value(t, "stopped_join"), trial_value(t, "pause_leave"),
             trial_value(t, "stopped_leave"), trial_value(t, "pause_before"));
    return rc;
}

static int topic_fill(struct groups_run *run, struct err_text *error)
{
    struct load_result r = {0};
    struct load_options o = {.bootstrap = run->target.bootstrap,
                             .topic = run->full_topic,
                             .acks = "1",
                             .linger_ms = 5,
                             .batch_bytes = 100000,
                             .partitions = PARTITIONS,
                             .message_bytes = MESSAGE_BYTES,
                             .count = run->full_count,
                             .timeout_ms = 30000};
    int rc = load_topic_create(o.bootstrap, o.topic, PARTITIONS, error);
    if (rc == 0) rc = load_saturate(&o, &r, error);
    run->full_count++; /* the hello is read, too */
    if (rc == 0 && r.acked != o.count)
        rc = err_set(error, ERR_IO, "%s: %lld of %lld messages were taken", o.topic, (long long)r.acked,
                     (long long)o.count);
    return rc;
}

int experiment_groups(struct bench *b, struct err_text *error)
{
    struct groups_run run = {
        .bench = b, .sizes = b->full ? SIZES_MAX : SIZES_MAX - 1, .full_count = b->full ? 4000000 : 1000000};
    const struct runner runner = {.experiment = "E9",
                                  .cells = run.sizes + (b->full ? STRATEGIES : STRATEGIES - 1),
                                  .name = cell_name,
                                  .trial = one_trial,
                                  .context = &run,
                                  .metric = "throughput",
                                  .precision = 0.05,
                                  .trials_min = b->trials,
                                  .trials_max = b->full ? 20 : b->trials,
                                  .seed = 9};
    snprintf(run.full_topic, sizeof run.full_topic, "complete");
    int rc = target_start(&run.target, b, "groups", settings, error);
    if (rc == 0) rc = topic_fill(&run, error);
    if (rc == 0) rc = runner_run(b, &runner, error);
    target_stop(&run.target);
    return rc;
}
