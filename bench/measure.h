/* measure.h - one trial of a load on a target, watched: what the experiments on brokers share.
 *
 * Each function makes a topic of its own (but measure_paced with a topic in its options: the caller's), watches the
 * machine while the load runs, fills the trial (metrics, histograms, the verdict of the gates) and deletes the topic.
 * What went wrong with the target is in the trial; an error is what makes going on senseless (no broker there). */
#ifndef MILLRACE_BENCH_MEASURE_H
#define MILLRACE_BENCH_MEASURE_H

#include "bench/load.h"
#include "bench/trial.h"

struct measured_target {
    const char *name; /* "millrace", "apache-kafka" */
    const char *bootstrap;
    pid_t pid; /* of the broker, for its costs; 0: not known */
};

/* As fast as the client can; metrics throughput (messages/s), saturated_n, saturated_missing, broker_cpu and client_cpu
 * (s per million messages). A trial of this kind is labelled saturated. */
int measure_saturated(const struct measured_target *target, struct load_options *o, struct trial *t,
                      struct err_text *error);
/* On the schedule of `o`; histograms ack, end_to_end, generator_lag; metrics paced_n, offered and achieved
 * (messages/s), lateness_share (of the latency that is reported), foreign_cpu (processors), lost, duplicated,
 * reordered, backlog, and the broker's costs per million messages: broker_user, broker_system (s), switches,
 * storage_written (bytes), broker_anonymous and broker_file (bytes, now). What the pace
 * may be asked for depends on what is done to the target. */
enum measured_pace { PACE_KEPT, PACE_SATURATED /* above what it can sustain */, PACE_DISTURBED /* by a fault */ };
int measure_paced(const struct measured_target *target, struct load_options *o, enum measured_pace pace,
                  struct trial *t, struct err_text *error);

#endif
