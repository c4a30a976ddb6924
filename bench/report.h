/* report.h - the parts of the page, made per experiment from its trials (inside this folder only). */
#ifndef MILLRACE_BENCH_REPORT_H
#define MILLRACE_BENCH_REPORT_H

#include <limits.h>
#include <stdio.h>

#include "bench/figure.h"
#include "bench/statistics.h"
#include "bench/trial.h"

enum { REPORT_TRIALS_MAX = 64 };

struct report {
    char dir[PATH_MAX], figures[PATH_MAX];
    struct trials limits;
    char machine[512];  /* a line about where it was measured, as HTML; "" when it is not known */
    char profile[16];   /* "quick" or "full" */
    struct buf answers; /* <li>...</li>: what came out, first thing on the page */
    struct buf claims;  /* <tr>...</tr>: claims and their verdicts (claims.h) */
    struct buf claims_summary;
    /* for a terminal, when columns is not 0 */
    int columns;
    bool colours;
    struct buf verdicts; /* a line per claim */
    struct buf drawn;    /* figures as text */
    struct buf links;    /* <a href=#E1>E1</a> ...: to the sections */
    struct buf body;     /* sections */
    char targets[256];   /* " --target millrace --target apache-kafka" of the section's experiment; "" without peers */
    int experiments;
};

/* Text that explains a figure; all of it is HTML. */
struct caption {
    const char *title;
    const char *read;       /* how to read it */
    const char *n;          /* how many trials and observations */
    const char *durability; /* and other conditions */
    const char *experiment; /* "E1": names the command that rebuilds it */
};

/* Draws the figure and appends it to the body; one without points is left out. */
int report_figure(struct report *r, struct figure *f, const struct caption *caption, struct err_text *error);
/* The heading of an experiment, which of its trials were void, and what was found. */
void report_section(struct report *r, const char *heading, const struct trials *all);
/* A cell that has void trials and no valid one: "not measurable here: other work used 93.0 % of a processor", the
 * reason of one in the middle. Figures then show the void trials as what they are, hollow and grey. */
enum { REPORT_WHY_MAX = GATE_TEXT_MAX + 32 };
bool report_unmeasurable(const struct trials *all, const char *cell, char why[REPORT_WHY_MAX]);
/* The answer of an experiment when the cell that it hangs on is not measurable; false when it is, or was not run. */
bool report_no_answer(struct report *r, const char *topic, const struct trials *all, const char *cell);
/* "n = 3 trials per bar", "n = 1 to 3 ..." or "no valid trials", by the cells' valid trials that have the metric. */
void report_n(char *out, size_t size, const struct trials *all, const char *const cells[], int count,
              const char *metric, const char *per);
/* Median and interval of a metric over a cell's valid trials; false when there are none. */
bool report_estimate(const struct trials *all, const char *cell, const char *metric, struct estimate *out);
/* A percentile of the merged histograms of a cell; -1 when there are none. */
double report_percentile(const struct trials *all, const char *cell, const char *histogram, double percentile);
uint64_t report_total(const struct trials *all, const char *cell, const char *histogram);
/* A value of the limits trial, or NAN. */
double report_limit(const struct report *r, const char *metric);
double report_limit_percentile(const struct report *r, const char *histogram, double percentile);

/* Text with what HTML would take for its own written out. */
void report_html(struct buf *b, const char *text);
/* The environment of the limits trial, the caller's, NULL when there is none; and a text of it, "?". */
json_t *report_environment(const struct report *r);
const char *report_environment_text(json_t *environment, const char *key);
/* Writes report.html of what the parts have put into the report (page.c). */
int report_page(struct report *r, struct err_text *error);

/* Adds a drawn figure to r->drawn; prints all that a report has as text. HTML as text, wrapped and indented
 * (terminal.c). */
void terminal_figure(struct report *r, const struct figure *f, const struct caption *c);
void report_terminal(struct report *r, FILE *to);
void terminal_put(FILE *to, const char *html, int columns, int indent);

/* Each adds its answers, section, tables and figures; nothing when there are no trials. */
int report_pause(struct report *r, struct err_text *error);
int report_acks(struct report *r, struct err_text *error);
/* E1's last figure, of these cells. */
int report_acks_chain(struct report *r, const struct trials *all, const char *const cells[], int count,
                      struct err_text *error);
int report_load(struct report *r, struct err_text *error);
int report_batching(struct report *r, struct err_text *error);
int report_size(struct report *r, struct err_text *error);
int report_freshness(struct report *r, struct err_text *error);
int report_price(struct report *r, struct err_text *error);
int report_replay(struct report *r, struct err_text *error);
int report_loss(struct report *r, struct err_text *error);
int report_groups(struct report *r, struct err_text *error);
int report_cost(struct report *r, struct err_text *error);
int report_pairs(struct report *r, struct err_text *error);
int report_state(struct report *r, struct err_text *error);
int report_wire(struct report *r, struct err_text *error);

#endif
