/* The clock, the heap of what will happen, and the life of the node: opened, crashed, opened again. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/memory.h"
#include "tests/sim/client.h"

enum { EVENTS_MAX = 2000000, ACTIVE_SECONDS_MAX = 300, QUIET_SECONDS_MAX = 60, STOP_SECONDS_MAX = 30 };
/* 2026-01-01, so that timestamps look like some. */
#define WALL_START_MS 1767225600000LL

/* --- dice and clock --- */

int64_t sim_draw(struct sim *s, int64_t max)
{
    return (int64_t)random_below(&s->random, (uint64_t)max + 1);
}

bool sim_chance(struct sim *s, uint32_t one_in)
{
    return one_in != 0 && random_chance(&s->random, 1, one_in);
}

int64_t sim_wall_ms(const struct sim *s)
{
    return WALL_START_MS + s->now_ns / NS_MS;
}

bool sim_breaks(const struct sim *s)
{
    return s->phase == PHASE_ACTIVE && !s->auditing;
}

void sim_fail(struct sim *s, const char *format, ...)
{
    char text[480];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    trace_note(&s->trace, s->now_ns, "BROKEN: %s", text);
    const char *commit = getenv("MILLRACE_COMMIT");
    if (!s->trace.file) _exit(1); /* it runs again, with a trace */
    printf("seed %llu, commit %s, at %.6f s: %s\n", (unsigned long long)s->seed,
           commit && commit[0] ? commit : "unknown", (double)s->now_ns / 1e9, text);
    fflush(NULL);
    _exit(1);
}

/* --- the node's life --- */

void sim_step(struct sim *s, const struct event *e)
{
    if (!s->node || s->disk.off) { /* it died a moment ago */
        shared_unref(e->frame);
        return;
    }
    trace_event(&s->trace, s->now_ns, e);
    node_step(s->node, (struct node_time){s->now_ns, sim_wall_ms(s)}, e, &s->actions);
    perform_actions(s);
}

static void node_end(struct sim *s)
{
    sim_events_purge(s);
    links_break(s);
    perform_reset(s);
    node_free(s->node);
    s->node = NULL;
}

/* `states`: in which the broker was. */
static void disk_crash(struct sim *s, bool power, uint32_t states)
{
    /* After a failed sync the cache shows what the disk may never get: only a machine that starts afresh
     * tells the truth (docs/decisions/0004). */
    if (s->disk.sync_failed) power = true;
    s->stopped_clean = false;
    if (power && s->plan.mode != MODE_GROUP_COMMIT) {
        s->may_lose = true;
        s->losses++;
    }
    trace_note(&s->trace, s->now_ns, "-- %s", power ? "the power is cut" : "the process is killed");
    sim_disk_crash(&s->disk, power);
    s->crashes++;
    sim_broke_in(s, power ? s->disk.lost : FAULT_KILL, states);
    if (power && s->disk.torn) sim_broke_in(s, FAULT_TORN, states);
}

static void start_run(struct sim *s, struct sim_event *e);

void sim_crash(struct sim *s, bool power, const char *why)
{
    uint32_t states = sim_states(s);
    trace_note(&s->trace, s->now_ns, "-- crash: %s", why);
    if (power) survival_promise(s);
    node_end(s);
    disk_crash(s, power, states);
    s->auditing = true; /* nobody gets in before the auditor */
    sim_later(s, NS_MS + sim_draw(s, 50 * NS_MS), start_run);
}

/* Faults and another crash may come while the node is being opened. */
static void start_faults(struct sim *s)
{
    bool breaks = s->phase == PHASE_ACTIVE && s->topics_made;
    s->disk.faults = breaks && sim_chance(s, 3) && !s->start_failed ? s->plan.faults : (struct disk_faults){0};
    s->faults_before = s->disk.faults_hit;
    if (breaks && s->crashes_left > 0 && sim_chance(s, 3)) {
        s->crashes_left--;
        s->power_armed = !sim_chance(s, 3);
        s->disk.calls_left = 1 + sim_draw(s, 120);
    }
}

static void started(struct sim *s)
{
    s->start_failed = false;
    s->disk.faults = (struct disk_faults){0};
    s->auditing = true;
    sim_step(s, &(struct event){.kind = EVENT_TIMER});
    auditor_begin(s->auditor);
}

static void start_run(struct sim *s, struct sim_event *e)
{
    struct err_text error = {0};
    (void)e;
    s->life++;
    start_faults(s);
    trace_note(&s->trace, s->now_ns, "-- start %u", s->life);
    if (s->phase == PHASE_ACTIVE && s->plan.flips > 0 && s->active_begun && sim_chance(s, 3)) {
        rot_turn(s); /* while it was down */
        s->plan.flips--;
    }
    survival_look(s);
    s->opening = true;
    int rc = node_open(&s->config, &s->disk.disk, (struct node_time){s->now_ns, sim_wall_ms(s)}, random_u64(&s->random),
                       &s->node, &error);
    if (rc < 0) s->node = NULL;
    if (rc == 0 && !s->disk.off) {
        s->opening = false;
        started(s);
        return;
    }
    trace_note(&s->trace, s->now_ns, "-- not started: %s", error.text);
    if (rc < 0 && !s->disk.off && s->disk.faults_hit == s->faults_before && !rot_mend(s, error.text))
        sim_fail(s, "the broker does not start: %s", error.text);
    if (rc < 0 && !error.text[0]) sim_fail(s, "the broker does not start and says nothing (%s)", err_name(rc));
    s->start_failed = true;
    sim_crash(s, s->power_armed, "while starting");
    s->opening = false;
}

/* --- crashes --- */

/* In the middle of the work an operator stops the broker and starts it again. A clean stop promises more than any
 * mode does: everything is on disk. */
static void stop_wait(struct sim *s, struct sim_event *e)
{
    (void)e;
    if (!s->stopped) {
        if (s->now_ns - s->stop_began_ns > STOP_SECONDS_MAX * NS_SEC)
            sim_fail(s, "the broker does not come to its clean stop within %d s", STOP_SECONDS_MAX);
        sim_later(s, 10 * NS_MS, stop_wait)->life = s->life;
        return;
    }
    trace_note(&s->trace, s->now_ns, "-- stopped");
    bool clean = s->disk.faults_hit == s->faults_before;
    uint32_t states = sim_states(s);
    node_end(s);
    if (!clean)
        disk_crash(s, sim_chance(s, 2), states);
    else if (sim_chance(s, 2))
        sim_disk_crash(&s->disk, true);
    if (clean) s->stopped_clean = true;
    s->auditing = true;
    sim_later(s, NS_MS, start_run);
}

static void stop_begin(struct sim *s)
{
    if (s->stopping) return; /* it is on its way */
    s->stopped = false;
    s->stopping = true;
    s->stop_began_ns = s->now_ns;
    sim_step(s, &(struct event){.kind = EVENT_SHUTDOWN});
    if (s->node) sim_later(s, 10 * NS_MS, stop_wait)->life = s->life;
}

static void crash_run(struct sim *s, struct sim_event *e)
{
    (void)e;
    if (!sim_breaks(s) || !s->node) return;
    /* More is met when clients work; but what an interval forgot shows when they rest. */
    if (s->now_ns < s->lull_until_ns && !sim_chance(s, s->plan.mode == MODE_INTERVAL ? 2 : 4)) {
        sim_later(s, s->lull_until_ns - s->now_ns + sim_draw(s, s->plan.burst_ns_max), crash_run)->life = s->life;
        return;
    }
    s->power_armed = !sim_chance(s, 3);
    switch (sim_draw(s, 3)) {
    case 0: sim_crash(s, s->power_armed, "now"); break;
    case 1: s->actions_left = 1 + sim_draw(s, 30); break;
    case 2: s->disk.calls_left = 1 + sim_draw(s, 30); break;
    default: /* a crash in the middle of it is as good */
        if (sim_chance(s, 3)) s->disk.calls_left = 1 + sim_draw(s, 60);
        stop_begin(s);
    }
}

static void crash_plan(struct sim *s)
{
    if (s->crashes_left <= 0) return;
    s->crashes_left--;
    sim_later(s, sim_draw(s, 2 * s->plan.active_ns / (s->plan.crashes + 1)), crash_run)->life = s->life;
}

/* --- phases --- */

static void finish(struct sim *s)
{
    s->phase = PHASE_LAST;
    if (sim_chance(s, 2))
        stop_begin(s);
    else
        sim_crash(s, true, "the last");
}

static const struct client *waiting_client(const struct sim *s)
{
    for (int i = 0; i < s->client_count; i++) {
        const struct client *c = s->clients[i];
        if (c->call_count > 0 || (c->kind->is_idle && !c->kind->is_idle(c))) return c;
    }
    return NULL;
}

static void quiet_check(struct sim *s, struct sim_event *e)
{
    (void)e;
    const struct client *c = s->auditing ? s->auditor : waiting_client(s);
    bool late = s->now_ns - s->quiet_since_ns > QUIET_SECONDS_MAX * NS_SEC;
    if (!c && !links_wait(s)) {
        finish(s);
        return;
    }
    if (!c && late) sim_fail(s, "a connection is still not read from, %d s after the last fault", QUIET_SECONDS_MAX);
    if (late) sim_fail(s, "%s %d still waits, %d s after the last fault", c->kind->name, c->number, QUIET_SECONDS_MAX);
    sim_later(s, 20 * NS_MS, quiet_check);
}

/* An operator looks after a broker that met a broken disk: it starts once more, on a disk that is whole. */
static void quiet_begin(struct sim *s)
{
    s->phase = PHASE_QUIET;
    s->quiet_since_ns = s->now_ns;
    s->lull_until_ns = 0;
    s->disk.faults = (struct disk_faults){0};
    s->actions_left = s->disk.calls_left = -1;
    s->crashes_left = 0;
    trace_note(&s->trace, s->now_ns, "-- quiet");
    if (s->node && s->disk.faults_hit != s->faults_before) sim_crash(s, false, "the operator");
    quiet_check(s, NULL);
}

/* The active phase has had its share: time, work and trouble. Where faults are missing the next crash comes soon. */
static bool active_enough(struct sim *s)
{
    if (s->now_ns - s->active_since_ns > ACTIVE_SECONDS_MAX * NS_SEC)
        sim_fail(s, "after %d s the clients had %llu answers, and there were %llu faults", ACTIVE_SECONDS_MAX,
                 (unsigned long long)s->operations, (unsigned long long)s->faults);
    if (s->faults < RUN_FAULTS_MIN && !s->stopping) sim_later(s, sim_draw(s, 500 * NS_MS), crash_run)->life = s->life;
    return s->faults >= RUN_FAULTS_MIN && s->operations >= RUN_OPERATIONS_MIN;
}

static void active_end(struct sim *s, struct sim_event *e)
{
    (void)e;
    if (s->now_ns < s->lull_until_ns)
        sim_later(s, s->lull_until_ns - s->now_ns, active_end);
    else if (s->auditing || !s->node)
        sim_later(s, 10 * NS_MS, active_end);
    else if (!active_enough(s))
        sim_later(s, 500 * NS_MS, active_end);
    else
        quiet_begin(s);
}

bool sim_records_go(const struct sim *s)
{
    return s->plan.retention || s->plan.deletes;
}

bool sim_wants_more(const struct sim *s)
{
    return s->now_ns - s->active_since_ns > s->plan.active_ns && s->operations < RUN_OPERATIONS_MIN;
}

/* Clients rest for a while; the broker's clocks go on. */
/* Now and then, in bursts and in lulls. */
static void rot_run(struct sim *s, struct sim_event *e)
{
    (void)e;
    if (s->phase != PHASE_ACTIVE || s->plan.flips == 0) return;
    if (!s->auditing) {
        rot_turn(s);
        s->plan.flips--;
    }
    sim_later(s, sim_draw(s, 10 * NS_SEC), rot_run);
}

static void lull_begin(struct sim *s, struct sim_event *e)
{
    (void)e;
    if (s->phase != PHASE_ACTIVE || sim_wants_more(s)) return;
    s->lull_until_ns = s->now_ns + sim_draw(s, s->plan.lull_ns_max);
    if (s->plan.long_lull_ns && sim_chance(s, 4)) {
        s->lull_until_ns = s->now_ns + s->plan.long_lull_ns;
        s->plan.long_lull_ns = 0;
    }
    sim_later(s, s->lull_until_ns - s->now_ns + NS_MS + sim_draw(s, s->plan.burst_ns_max), lull_begin);
}

/* A log directory that went offline stays so until the next start. */
static void watch_disk(struct sim *s, struct sim_event *e)
{
    (void)e;
    if (s->phase != PHASE_ACTIVE) return;
    if (s->node && !s->auditing && s->disk.faults_hit != s->faults_before && sim_chance(s, 4))
        sim_crash(s, !sim_chance(s, 3), "the operator");
    sim_later(s, 200 * NS_MS, watch_disk);
}

void sim_audited(struct sim *s)
{
    trace_note(&s->trace, s->now_ns, "-- audited");
    history_claims_check(s);
    s->auditing = false;
    s->may_lose = s->groups_may_lose = false;
    if (s->phase == PHASE_LAST) {
        s->over = true;
        return;
    }
    if (s->phase != PHASE_ACTIVE) return;
    s->disk.faults = s->plan.faults;
    crash_plan(s);
    if (s->active_begun) return;
    s->active_begun = true;
    s->active_since_ns = s->now_ns;
    sim_later(s, s->plan.active_ns, active_end);
    sim_later(s, s->plan.burst_ns_max, lull_begin);
    sim_later(s, sim_draw(s, 10 * NS_SEC), rot_run);
    sim_later(s, 200 * NS_MS, watch_disk);
}

/* --- a run --- */

static void clients_make(struct sim *s)
{
    s->auditor = auditor_add(s);
    for (int i = 0; i < s->plan.producers; i++) producer_add(s);
    for (int i = 0; i < s->plan.consumers; i++) consumer_add(s);
    for (int i = 0; i < s->plan.members; i++) member_add(s);
    for (int i = 0; i < s->plan.admins; i++) {
        admin_add(s);
        if (sim_chance(s, 2)) passenger_add(s);
    }
    for (int i = 0; i < s->plan.committers; i++) committer_add(s);
    if (s->plan.shaped) shaper_add(s);
    for (int i = 0; i < s->plan.garbage; i++) garbage_add(s);
}

static void disk_broke(void *context, enum sim_fault fault)
{
    sim_broke(context, fault);
}

static void sim_init(struct sim *s, uint64_t seed, FILE *file)
{
    *s = (struct sim){.seed = seed, .actions_left = -1, .trace = {.hash = seed, .file = file}};
    s->now_ns = NS_SEC;
    random_seed(&s->random, seed);
    sim_disk_init(&s->disk, &s->random);
    s->disk.broke = disk_broke;
    s->disk.context = s;
    plan_draw(s);
    plan_config(s);
    s->crashes_left = s->plan.crashes;
    for (int t = 0; t < SIM_TOPICS; t++)
        for (int32_t i = 0; i < sim_topic_partitions[t]; i++) history_partition_add(&s->history, sim_topics[t], i);
    s->history.passing = TOPIC_ABSENT;
    s->auditing = true;
    clients_make(s);
}

static void sim_release(struct sim *s)
{
    node_end(s);
    for (int i = 0; i < s->heap_count; i++) sim_event_release(&s->heap[i]);
    free(s->heap);
    free(s->job_lines);
    clients_release(s);
    links_release(s);
    actions_release(&s->actions);
    history_release(&s->history);
    passing_release(&s->passing);
    free(s->rots);
    sim_disk_release(&s->disk);
    node_config_release(&s->config);
}

void sim_run(uint64_t seed, FILE *file, struct sim_result *out)
{
    struct sim s;
    sim_init(&s, seed, file);
    static const char *const modes[] = {"page cache", "group commit", "interval"};
    trace_note(&s.trace, s.now_ns, "-- seed %llu: %s, %d crashes, %d producers, %d consumers, %d members",
               (unsigned long long)seed, modes[s.plan.mode], s.plan.crashes, s.plan.producers, s.plan.consumers,
               s.plan.members);
    sim_later(&s, 0, start_run);
    while (!s.over) {
        struct sim_event e = sim_event_take(&s);
        s.now_ns = e.at_ns;
        if (++s.event_count > EVENTS_MAX) sim_fail(&s, "the run does not come to its end");
        e.run(&s, &e);
        sim_event_release(&e);
        if (s.disk.off && s.node) sim_crash(&s, s.power_armed, "in the middle");
    }
    *out = (struct sim_result){.trace_hash = s.trace.hash,
                               .events = s.event_count,
                               .lives = (int)s.life,
                               .crashes = s.crashes,
                               .ns = s.now_ns - NS_SEC,
                               .operations = s.operations,
                               .faults = s.faults,
                               .coverage = s.coverage};
    for (int i = 0; i < s.history.partition_count; i++) out->records_acked += s.history.partitions[i].acked;
    sim_release(&s);
}
