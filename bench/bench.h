/* bench.h - the harness: experiments run into a results folder, and a report made from it.
 *
 *     bench_run(E1 E5 E7) --> DIR/E1/trial-*.json ... DIR/limits/trial-*.json     every trial, void ones too
 *     bench_speed         --> DIR/speed/trial-*.json, table.json, and the table of promises on standard output
 *     bench_report        --> DIR/report.html, DIR/figures/NAME.svg .png .gnuplot .tsv
 *     bench_compare       --> what got better or worse between two such folders
 *
 * DIR is laid out as bench/results.h says; without one it is results/DATE-MACHINE (bench_results_dir).
 *
 * The report is made from the files alone: it can be rebuilt later, or elsewhere. What is measured are
 * child processes of the program itself (`millrace broker`, `etl run`, `stream ...`), talked to as any
 * client would. The call order is free; each call stands for itself. */
#ifndef MILLRACE_BENCH_BENCH_H
#define MILLRACE_BENCH_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "lib/base/err.h"

struct bench_options {
    const char *dir;       /* results; created */
    bool full;             /* the full profile: more and longer trials */
    double minutes;        /* that all of it may take; 0: the profile's, 10 or 240 (bench/budget.h) */
    bool again;            /* what is in DIR of these experiments is thrown away; else they go on */
    const char *program;   /* the millrace executable; NULL: this one */
    const char *arrivals;  /* "constant", "poisson", "burst:ON_MS:OFF_MS" or "trace:FILE" in place of what E1, E5 and E6
                              do by themselves; NULL: that */
    const char *workloads; /* the folder of pipeline definitions; NULL: "workloads" of the current
                              folder or beside the executable */
    /* What is measured, by the names of bench/targets or by paths of such files; none: millrace. E1 to E4 and E10
     * measure them side by side, the others millrace alone. */
    const char *const *targets;
    int target_count;
};

enum bench_end { BENCH_ENDED = 1, BENCH_WRONG, BENCH_WORSE, BENCH_NOT_MEASURABLE };

/* Runs experiments by their ids ("E1"), NULL at the end, one after the other. 0, or a negative `enum
 * err` with a sentence; ERR_INVALID for an id that does not exist, before anything runs. A run in
 * a folder with trials goes on where that one stopped. SIGINT and SIGTERM end it after the trial that is under way:
 * BENCH_ENDED. A warehouse that differs from the truth ends it as well: BENCH_WRONG. */
int bench_run(const struct bench_options *options, const char *const ids[], struct err_text *error);

/* --- targets (bench/target_file.h) --- */

enum { BENCH_TARGETS_MAX = 8 };

/* Prints the targets that there are, and whether each can be had here. */
int bench_targets(struct err_text *error);
/* Fetches what a target needs, once; how its file says. */
int bench_target_fetch(const char *name, struct err_text *error);
/* Runs a target by itself until SIGINT or SIGTERM: says "ready HOST:PORT PID" on standard output when it serves.
 * `durability`: one of its modes, NULL its default; `folder`: of its data, made anew and removed at the end. */
int bench_target_run(const char *name, const char *durability, const char *folder, struct err_text *error);

/* --- folders --- */

/* The folder of today's results on this machine, results/DATE-MACHINE; fresh: one that does not exist, with a number.
 */
void bench_results_dir(char *out, size_t size, bool fresh);
/* Makes results/latest a link to it. */
int bench_results_latest(const char *dir, struct err_text *error);

/* The target point-to-point: answers each message of a connection and keeps none, until SIGINT or SIGTERM; says "ready
 * HOST:PORT" when it listens (bench/sink.h). */
int bench_sink(const char *address, struct err_text *error);

/* --- promises --- */

/* What is promised about speed and cost, measured beside the peers (bench/speed/speed.h). */
struct bench_speed_options {
    const char *dir;
    const char *const *rows; /* by name; none: all */
    int row_count;
    int trials;       /* rounds per row */
    double scale;     /* of message counts and durations; 1 */
    const char *peer; /* HOST:PORT of a running Apache Kafka; NULL: its columns are left out */
    int peer_pid;     /* of its process, for its processor time; 0: not known */
    bool table_only;  /* measures nothing: the table of what lies in DIR */
};
/* Returns how many promises were missed, or a negative `enum err` with a sentence. */
int bench_speed(const struct bench_speed_options *options, struct err_text *error);
/* The name of row `i` from 0, and what it is; NULL after the last. */
const char *bench_speed_row(int i, const char **what);

/* Writes the figures and DIR/report.html. Needs gnuplot. Experiments without results are left out;
 * ERR_NOTFOUND when there are none at all. A lab.json in DIR (the verdicts of `millrace lab`) is shown. */
int bench_report(const char *dir, struct err_text *error);
/* The same, and prints claims, answers and figures as text, so many columns wide; `colours`: for a terminal that has
 * them. */
int bench_report_terminal(const char *dir, FILE *to, int columns, bool colours, struct err_text *error);

/* The claims that a report judges, as Markdown: docs/claims.md (bench/claims.h). */
void bench_claims(FILE *to);

/* Prints what two results folders measured in common, as ratios new / old with their intervals and the noise floor
 * (bench/compare.h). 0 when nothing got worse, BENCH_WORSE, BENCH_NOT_MEASURABLE when a cell has no valid trial in one
 * of them and nothing else got worse; ERR_NOTFOUND when they have no cell in common. */
int bench_compare(const char *before, const char *after, struct err_text *error);

/* The experiments that exist, for help texts: id and question; NULL id at the end. */
struct bench_experiment_name {
    const char *id, *question;
};
const struct bench_experiment_name *bench_experiments(void);

#endif
