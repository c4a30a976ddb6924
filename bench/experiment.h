/* experiment.h - what all experiments share while they run (inside this folder only). */
#ifndef MILLRACE_BENCH_EXPERIMENT_H
#define MILLRACE_BENCH_EXPERIMENT_H

#include <limits.h>
#include <stdint.h>

#include "bench/bench.h"
#include "bench/trial.h"
#include "lib/os/process.h"

enum { EXPERIMENT_TRIALS_MIN = 3, EXPERIMENT_ARGUMENTS_MAX = 32 };

struct bench {
    char dir[PATH_MAX];
    char work[PATH_MAX]; /* DIR/scratch: brokers' logs, databases; removed at the end */
    char program[PATH_MAX];
    char workloads[PATH_MAX];
    bool full;
    int trials;           /* per cell */
    const char *arrivals; /* a pattern (arrivals.h) in place of the experiments' own; NULL: theirs */
    /* What void trials may cost an experiment, so that it ends on a machine of any noise (runner.h). */
    int again_max;  /* how often a cell's are made again */
    double again_s; /* seconds that making them again may take, of all cells together */
    /* What the experiment that is under way may take, and what that costs it (budget.h). */
    int64_t until_ns;    /* of CLOCK_MONOTONIC: no trial is begun that would not end before; 0: there is no end */
    uint64_t order_seed; /* of the order of its trials (runner.h) */
    int cut;             /* planned trials that were not made for that reason */
    const char *targets[BENCH_TARGETS_MAX]; /* names or paths; target_set.h */
    int target_count;
    json_t *environment;
};

/* DIR, DIR/scratch, the program and the environment; not the pipelines (`workloads`). `environment` is the caller's. */
int bench_prepare(struct bench *b, const struct bench_options *options, struct err_text *error);
/* Fills b->workloads: `given`, or where the definitions are beside the program (NULL). */
int bench_workloads_find(struct bench *b, const char *given, struct err_text *error);

/* A broker of our own on a free port, with a data folder DIR/scratch/NAME; what it says goes to DIR/scratch/NAME.log.
 */
struct target {
    struct process process;
    char bootstrap[128];
    char folder[PATH_MAX];
    int small_mib; /* > 0: a file system of its own of that size; see target_small_folder */
};

/* `settings`: key=value entries for the broker, NULL at the end. */
int target_start(struct target *t, const struct bench *b, const char *name, const char *const settings[],
                 struct err_text *error);
/* The same on a file system of its own, a tmpfs of `mib` MiB that only the broker sees and that goes with it: for a
 * full disk. It takes unshare(1) and a right to mount, as root or in a user namespace; ERR_UNSUPPORTED without. */
int target_start_small(struct target *t, const struct bench *b, const char *name, const char *const settings[], int mib,
                       struct err_text *error);
/* Where others find its folder: through /proc, for a small one. */
void target_seen_folder(const struct target *t, char out[PATH_MAX]);
/* Stops it with a signal and keeps its folder; starts it on that folder again. */
void target_halt(struct target *t, int signal_number);
int target_resume(struct target *t, const struct bench *b, const char *name, const char *const settings[],
                  struct err_text *error);
/* Stops it and removes its folder. A target that never started is fine. */
void target_stop(struct target *t);

/* Starts `millrace ARGUMENTS...` (NULL at the end) with its messages hidden. */
int bench_start(const struct bench *b, struct process *p, int flags, struct err_text *error, ...)
    __attribute__((sentinel));
/* Runs it to its end; 0, or ERR_IO naming the command and its exit status. `wall_s` and `cpu_s` (may be
 * NULL) get what it took. */
int bench_command(const struct bench *b, double *wall_s, double *cpu_s, struct err_text *error, ...)
    __attribute__((sentinel));

/* 1: the two warehouses are equal (millrace warehouse compare), 0: they differ, or a negative `enum err`. */
int bench_same_warehouse(const struct bench *b, const char *one, const char *other, struct err_text *error);

/* One integer out of a SQLite database; ERR_IO names the file and what was asked. */
int bench_ask(const char *db, const char *sql, int64_t *value, struct err_text *error);

/* The same with the folder of a ground truth (millrace warehouse check). */
int bench_true_warehouse(const struct bench *b, const char *db, const char *truth, struct err_text *error);

/* Stores a finished trial and prints a line about it; releases it. `text` says what came out. */
int bench_keep(const struct bench *b, struct trial *t, struct err_text *error, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* A folder inside of the work folder, created empty. */
int bench_folder(const struct bench *b, const char *name, char out[PATH_MAX], struct err_text *error);
/* Joins two names with a slash; aborts when the result does not fit (paths were checked at the start). */
void bench_path(char out[PATH_MAX], const char *folder, const char *name);
void bench_remove(const char *path); /* a file or a folder with all in it; missing is fine */

int experiment_pause(struct bench *b, struct err_text *error);     /* E0 */
int experiment_acks(struct bench *b, struct err_text *error);      /* E1 */
int experiment_load(struct bench *b, struct err_text *error);      /* E2 */
int experiment_batching(struct bench *b, struct err_text *error);  /* E3 */
int experiment_size(struct bench *b, struct err_text *error);      /* E4 */
int experiment_freshness(struct bench *b, struct err_text *error); /* E5 */
int experiment_replay(struct bench *b, struct err_text *error);    /* E7 */
int experiment_loss(struct bench *b, struct err_text *error);      /* E8 */
int experiment_groups(struct bench *b, struct err_text *error);    /* E9 */
int experiment_cost(struct bench *b, struct err_text *error);      /* E10 */
int experiment_pairs(struct bench *b, struct err_text *error);     /* E11 */
int experiment_state(struct bench *b, struct err_text *error);     /* E12 */
int experiment_wire(struct bench *b, struct err_text *error);      /* E13 */

#endif
