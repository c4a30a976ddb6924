/* speed.h - what `millrace bench speed` measures: one row per promise about speed and cost.
 *
 *     rows[] (speed.c)  -->  per row: prepare each side, one trial unmeasured, then N rounds of one trial per side
 *                            in turn (forwards, backwards)  -->  DIR/speed/trial-ROW_SIDE-N.json
 *     table (table.c)   <--  from these files alone: paired ratios, their median and interval, bar, verdict
 *
 * A row compares *sides* that were measured in the same minutes: "millrace" (a broker of our own, started for the
 * row), "mock" (the same client against the mock cluster inside of itself), "kafka" (the peer of --peer, left out
 * when there is none), "machine" (a bare loop of system calls), or whatever else the row names. A *bar* is what is
 * promised: a metric of one side, alone or divided by a metric of another side of the same round.
 *
 * To add a row: a file row_NAME.c with one `const struct speed_row`, and its line in rows[]. A measure function
 * that needs brokers of its own (other settings, a restart) starts them with target_start (experiment.h). */
#ifndef MILLRACE_BENCH_SPEED_SPEED_H
#define MILLRACE_BENCH_SPEED_SPEED_H

#include "bench/experiment.h"

enum { SPEED_SIDES_MAX = 6, SPEED_TOPIC_MAX = 64, SPEED_MESSAGE_BYTES = 100 };

struct speed {
    struct bench *bench;
    const char *peer; /* HOST:PORT; NULL: none */
    pid_t peer_pid;   /* 0: its processor time is not known */
    double scale;     /* of counts and durations: 1, less for a smoke test */
    struct target ours;
    char topic[SPEED_TOPIC_MAX]; /* one name for each row, for what prepare makes */
    int64_t bytes_per_sync;      /* of the last trial of our side (row_commit.c) */
};

/* OR_AT_LEAST: this bar or the one before it, one of them is enough. */
enum speed_sense { SPEED_AT_LEAST, SPEED_OR_AT_LEAST, SPEED_AT_MOST };

struct speed_bar {
    const char *what; /* "throughput / the mock's"; NULL at the end */
    const char *side, *metric;
    const char *against, *against_metric; /* NULL: the metric itself is held to the bar; metric NULL: the same */
    enum speed_sense sense;
    double bar;
};

struct speed_row {
    const char *name, *what;
    const char *durability;      /* for the table: the mode that our broker runs in */
    const char *const *settings; /* of our broker, NULL at the end; NULL: no broker is started for the row */
    const char *const *sides;    /* NULL at the end */
    const struct speed_bar *bars;
    /* Fills the trial: metrics, histograms; marks it void when it must not count. */
    int (*measure)(struct speed *s, const char *side, struct trial *t, struct err_text *error);
    /* Once per side before the first trial and after the last one; may be NULL. */
    int (*prepare)(struct speed *s, const char *side, struct err_text *error);
    int (*finish)(struct speed *s, const char *side, struct err_text *error);
};

extern const struct speed_row speed_row_producer, speed_row_crowd, speed_row_latency_1000, speed_row_latency_10000,
    speed_row_end_to_end, speed_row_consumer, speed_row_fetch, speed_row_commit, speed_row_commit_small,
    speed_row_start_empty, speed_row_start_1000, speed_row_start_kill, speed_row_memory, speed_row_partitions,
    speed_row_log_length, speed_row_generate, speed_row_parsers, speed_row_batch_shop, speed_row_batch_logs,
    speed_row_replay, speed_row_freshness;

/* Whom a side's client talks to; NULL for the mock. */
const char *speed_bootstrap(const struct speed *s, const char *side);
/* Processor time of a side's broker so far; -1 when it has none of its own or is not known. */
int64_t speed_broker_cpu_ns(const struct speed *s, const char *side);
bool speed_is(const char *side, const char *name);
/* `full` at scale 1, less at a smaller one, but at least `least`. */
int64_t speed_scaled(const struct speed *s, int64_t full, int64_t least);
/* A topic name that nobody used before. */
void speed_topic(char out[SPEED_TOPIC_MAX]);
/* Has as many bytes of memory backed by the machine under this one, if it is a virtual one. */
int speed_memory_touch(const struct speed *s, int64_t bytes, struct err_text *error);
/* prepare and finish of rows that read: s->topic on the side's broker, filled with 100 B messages. */
int speed_topic_fill(struct speed *s, const char *side, int64_t messages, struct err_text *error);
int speed_topic_drop(struct speed *s, const char *side, struct err_text *error);
/* Percentiles of a histogram of nanoseconds as the metrics NAME_p50 and NAME_p99, microseconds. */
void speed_percentiles(struct trial *t, const char *name);

/* table.c: prints what the files in DIR say of these rows and writes DIR/speed/table.json. Returns how many bars were
 * missed, or a negative err. */
int speed_table(const char *dir, const struct speed_row *const rows[], int count, struct err_text *error);

#endif
