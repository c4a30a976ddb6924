#include "bench/measure.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bench/cost.h"
#include "bench/environment.h"
#include "bench/monitor.h"
#include "bench/usage.h"
#include "lib/os/clock.h"

/* By the clock: a target may still have the topics of an earlier run. */
static void topic_name(char out[64])
{
    snprintf(out, 64, "bench-%lld", (long long)clock_mono_ns());
}

static bool is_acked(const struct load_options *o)
{
    return strcmp(o->acks, "0") != 0;
}

/* --- as fast as it goes --- */

static void saturated_judge(const struct load_options *o, const struct load_result *r, struct trial *t)
{
    if (r->failed > 0 || r->acked < o->count)
        trial_finding(t, "saturated: %lld of %lld messages acknowledged", (long long)r->acked, (long long)o->count);
    if (is_acked(o) && r->in_log != r->acked)
        trial_finding(t, "saturated: %lld acknowledged, %lld in the log", (long long)r->acked, (long long)r->in_log);
}

int measure_saturated(const struct measured_target *target, struct load_options *o, struct trial *t,
                      struct err_text *error)
{
    char topic[64];
    struct load_result r = {0};
    struct monitor monitor;
    struct gate_facts facts = {
        .saturated = true, .lateness_p99_ns = -1, .io_before = monitor_io_share(), .capture_drops = -1};
    topic_name(topic);
    o->topic = topic;
    o->bootstrap = target->bootstrap;
    int rc = load_topic_make(o, error);
    if (rc < 0) return rc;
    monitor_start(&monitor, &target->pid, target->pid > 0);
    int64_t broker_ns = target->pid ? environment_process_cpu_ns(target->pid) : -1, own_ns = environment_own_cpu_ns();
    rc = load_saturate(o, &r, error);
    int64_t broker_after_ns = target->pid ? environment_process_cpu_ns(target->pid) : -1;
    int64_t own_after_ns = environment_own_cpu_ns();
    monitor_stop(&monitor);
    if (rc < 0) return rc;
    double millions = (double)o->count / 1e6;
    trial_metric(t, "throughput", "messages/s", (double)r.acked / r.seconds);
    trial_metric(t, "saturated_n", "messages", (double)o->count);
    trial_metric(t, "saturated_missing", "messages", (double)(r.acked - r.in_log));
    if (broker_ns >= 0)
        trial_metric(t, "broker_cpu", "s per million messages", (double)(broker_after_ns - broker_ns) / 1e9 / millions);
    trial_metric(t, "client_cpu", "s per million messages", (double)(own_after_ns - own_ns) / 1e9 / millions);
    facts.machine = monitor.seen;
    trial_judge(t, &facts);
    saturated_judge(o, &r, t);
    return load_topic_drop(o, error);
}

/* --- on a schedule --- */

static void costs(struct trial *t, const struct usage *before, const struct usage *after, int64_t syncs,
                  int64_t network, double millions)
{
    struct usage u = usage_since(after, before);
    trial_metric(t, "broker_user", "s per million messages", (double)u.user_ns / 1e9 / millions);
    trial_metric(t, "broker_system", "s per million messages", (double)u.system_ns / 1e9 / millions);
    trial_metric(t, "switches", "per million messages", (double)u.switches / millions);
    if (u.write_bytes >= 0)
        trial_metric(t, "storage_written", "bytes per million messages", (double)u.write_bytes / millions);
    if (syncs >= 0) trial_metric(t, "syncs", "per million messages", (double)syncs / millions);
    trial_metric(t, "broker_anonymous", "bytes", (double)u.anonymous_bytes);
    trial_metric(t, "broker_file", "bytes", (double)u.file_bytes);
    if (network >= 0) trial_metric(t, "network", "bytes per million messages", (double)network / millions);
}

static void paced_metrics(struct trial *t, const struct load_options *o, const struct load_result *r)
{
    const struct gate_facts *f = &r->facts;
    trial_metric(t, "paced_n", "messages", (double)r->ack->total);
    trial_metric(t, "offered", "messages/s", f->offered);
    trial_metric(t, "achieved", "messages/s", f->achieved);
    trial_metric(t, "lateness_share", "of the p99",
                 f->reported_p99_ns > 0 ? (double)f->lateness_p99_ns / (double)f->reported_p99_ns : 0);
    trial_metric(t, "foreign_cpu", "processors", (double)f->machine.foreign_ns / (double)f->machine.wall_ns);
    trial_metric(t, "failed", "messages", (double)f->ledger.failed);
    trial_metric(t, "silence", "s", (double)r->silence_ns / 1e9);
    trial_metric(t, "lost", "messages", (double)f->ledger.lost);
    trial_metric(t, "duplicated", "messages", (double)f->ledger.duplicated);
    trial_metric(t, "reordered", "messages", (double)f->ledger.reordered);
    if (o->fault_ns) trial_metric(t, "recovery", "s", r->recovery_ns < 0 ? -1 : (double)r->recovery_ns / 1e9);
    if (f->has_steady) trial_metric(t, "latency_rise", "s", f->steady.rise / 1e9);
    if (f->has_little) trial_metric(t, "backlog", "messages", f->little.backlog);
}

int measure_paced(const struct measured_target *target, struct load_options *o, enum measured_pace pace,
                  struct trial *t, struct err_text *error)
{
    char topic[64];
    struct usage before = {0}, after = {0};
    struct monitor monitor;
    struct syncs syncs;
    struct load_result r = {.ack = trial_histogram(t, "ack", "ns"),
                            .end_to_end = o->ack_only || o->read_back ? NULL : trial_histogram(t, "end_to_end", "ns"),
                            .lag = trial_histogram(t, "generator_lag", "ns"),
                            .to_ack = trial_histogram(t, "produce_to_ack", "ns")};
    if (r.end_to_end) r.to_received = trial_histogram(t, "produce_to_received", "ns");
    bool own = o->topic == NULL;
    topic_name(topic);
    if (own) o->topic = topic;
    o->bootstrap = target->bootstrap;
    int rc = own ? load_topic_make(o, error) : 0;
    if (rc < 0) return rc;
    double io_before = monitor_io_share();
    bool known = target->pid > 0 && usage_read(target->pid, &before) == 0;
    monitor_start(&monitor, &target->pid, target->pid > 0);
    if (known) syncs_begin(&syncs, target->pid);
    int64_t network = cost_loopback_bytes();
    rc = load_paced(o, &r, error);
    int64_t network_after = cost_loopback_bytes(), sync_calls = known ? syncs_end(&syncs) : -1;
    monitor_stop(&monitor);
    known = known && usage_read(target->pid, &after) == 0;
    if (rc < 0) return rc;
    r.facts.saturated = pace == PACE_SATURATED;
    r.facts.disturbed = pace == PACE_DISTURBED;
    r.facts.machine = monitor.seen;
    r.facts.io_before = io_before;
    r.facts.capture_drops = -1;
    /* With acks=0 an answer only says that the message left: what did not arrive was never promised. */
    if (!is_acked(o) && !o->read_back) r.facts.ledger.lost = 0;
    paced_metrics(t, o, &r);
    network = network < 0 ? -1 : network_after - network;
    if (known) costs(t, &before, &after, sync_calls, network, (double)o->count / 1e6);
    trial_judge(t, &r.facts);
    if (r.gave_up[0]) trial_finding(t, "the producer gave up: %s", r.gave_up);
    return own ? load_topic_drop(o, error) : 0;
}
