/* e5.h - E5 and E6: how fresh is the warehouse, and what does that cost? Inside this folder only.
 *
 *     e5_freshness.c   the cells, a trial, its verdict
 *     e5_input.c       the order lines, and the instants at which they arrive: one recorded trace for all cells
 *     e5_pipelines.c   a batch on a period, a stream
 *     e5_report.c      age, completeness, the sweep with its prediction, where a record's time goes
 *     e6_report.c      cost against age, from the same trials */
#ifndef MILLRACE_BENCH_E5_H
#define MILLRACE_BENCH_E5_H

#include "bench/arrivals.h"
#include "bench/experiment.h"
#include "bench/watch.h"

/* A pipeline that commits on an interval. */
struct e5_cell {
    const char *name;
    enum e5_kind { E5_BATCH, E5_STREAM } kind;
    int interval_ms; /* of a stream that is not told one what it takes by itself */
    bool told;       /* stream: --commit-ms */
    bool bare;       /* stream: its workers have no probe; else the same as "stream" */
    bool full;       /* of profile full only */
};

/* The cells by their number, in the order of the report; NULL behind the last one. */
const struct e5_cell *e5_cell(int i);
/* The cell of that name, or NULL. */
const struct e5_cell *e5_cell_named(const char *name);

/* When what is measured begins and ends, relative to the first arrival: whole intervals, because else an age depended
 * on where the trial stops. */
struct e5_window {
    int64_t sample_from_ns, sample_to_ns; /* ages */
    int64_t born_from_ns, born_to_ns;     /* latencies of rows */
    int64_t phase_ns;                     /* batch: its first run, and one every interval from then on */
    int64_t end_ns;                       /* rows arrive until here */
};
struct e5_window e5_window(const struct e5_cell *cell, bool full);

/* Rows, and when they come. */
struct e5_input {
    char *text; /* a CSV file, header first */
    size_t size;
    size_t *end; /* end[i]: where the text ends with i lines behind the header */
    int64_t lines;
    struct arrivals arrivals;
    char trace[PATH_MAX]; /* the file with their instants */
};

/* `length_ns` of arrivals by the bench's pattern (or Poisson ones, E5_RATE), written to DIR/E5/arrivals.txt, and the
 * lines for them. ERR_INVALID: a trace that is shorter. */
enum { E5_RATE = 500, E5_SEED = 5 };
int e5_input_make(struct e5_input *in, const struct bench *b, int64_t length_ns, struct err_text *error);
void e5_input_release(struct e5_input *in);
/* Rows [from, to) as a file of their own; it appears whole, or not at all. */
int e5_input_land(const struct e5_input *in, const char *folder, const char *name, int64_t from, int64_t to,
                  struct err_text *error);

struct e5_run {
    struct bench *bench;
    struct e5_input input;
    char definition[PATH_MAX];
};

/* What a pipeline left behind: when the first row arrived, where its input lies, and how much of it. */
struct e5_made {
    struct schedule births;
    char in[PATH_MAX];
    int64_t rows;
};

/* Both fill the database that is watched, and metrics and histograms of `t`. */
int e5_batch(struct e5_run *run, const struct e5_cell *cell, struct watch *watch, struct trial *t, struct e5_made *made,
             struct err_text *error);
int e5_stream(struct e5_run *run, const struct e5_cell *cell, struct watch *watch, struct trial *t,
              struct e5_made *made, struct err_text *error);

#endif
