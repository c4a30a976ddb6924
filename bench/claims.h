/* claims.h - what is claimed about streaming and batch, and what decides it here (inside this folder only; bench.h has
 * the command that prints the list as docs/claims.md).
 *
 *     a claim    a sentence of a seed document or of the literature, in our words, with its source
 *     its rule   what is compared in which figure, and from where on it holds: a number with an interval on one side
 *                of a bound decides; an interval that holds the bound leaves it open, and so does a cell with one
 *                trial, of which nobody knows how far the next one would be from it
 *     verdict    from the trials of a results folder: the first thing on its page
 *
 * A bound is not what would be nice but the least that a reader of the sentence would accept as true. */
#ifndef MILLRACE_BENCH_CLAIMS_H
#define MILLRACE_BENCH_CLAIMS_H

#include "bench/report.h"

enum { CLAIM_TRIALS_MIN = 2 };

enum claim_kind {
    CLAIM_RATIO_AT_LEAST, /* measure of a over that of b */
    CLAIM_RATIO_AT_MOST,
    CLAIM_AT_LEAST,       /* measure of a, its median with its interval */
    CLAIM_EVERY_AT_LEAST, /* every trial's: counts, which have no interval */
    CLAIM_EVERY_AT_MOST,
    CLAIM_SAME_WAREHOUSE, /* the verdicts of `millrace lab` */
    CLAIM_NOT_HERE        /* nothing measures it in this version: `why` */
};

struct claim {
    const char *id, *text, *source;
    enum claim_kind kind;
    const char *experiment, *figure; /* "E1", "e1_throughput" */
    const char *measure;             /* a metric, or a histogram where there is a percentile */
    double percentile;
    const char *a, *b; /* cells; "least:log" and "most:log": with the least and the greatest of that metric */
    double bound;
    const char *why; /* what the rule leaves out, or why nothing measures it; NULL */
};

enum claim_verdict { CLAIM_HOLDS, CLAIM_FAILS, CLAIM_OPEN, CLAIM_NOT_MEASURED };

struct claim_result {
    enum claim_verdict verdict;
    struct interval value;    /* what the rule is about; n is 0 when it is not known */
    int trials[2];            /* of a, of b */
    char why[REPORT_WHY_MAX]; /* why it is open or not measured; "" */
};

/* All of them, by experiment; a NULL id at the end. */
const struct claim *claims(void);
/* By the trials of its experiment; not of CLAIM_SAME_WAREHOUSE. */
struct claim_result claim_judge(const struct claim *c, const struct trials *all);
/* "throughput of acks=0 page-cache / acks=1 page-cache >= 1.05". */
void claim_rule(const struct claim *c, struct buf *out);
/* What its value counts: "times" for a ratio, "messages" lost; "" when that goes without saying. */
const char *claim_unit(const struct claim *c);

/* Judges all, adds the table to r->claims and writes DIR/claims.json. */
int report_claims(struct report *r, struct err_text *error);

#endif
