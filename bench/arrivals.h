/* arrivals.h - when messages are due: regular, random, in bursts, or as they came once.
 *
 *     constant   one every 1/rate s
 *     poisson    independent arrivals: the gaps are exponential with mean 1/rate; the same seed, the same instants
 *     burst      on for on_ms, off for off_ms, and so on; regular while on, so fast that the mean is `rate`
 *     trace      the instants of a file (lib/base/instants.h). `rate` becomes the mean
 *
 * Real arrivals are not regular, and a queue's delay depends on it: at 80 % load Poisson arrivals wait where regular
 * ones hardly do (Kingman's formula). Source of the closed-form expectations in the test: Kleinrock, Queueing
 * Systems I. */
#ifndef MILLRACE_BENCH_ARRIVALS_H
#define MILLRACE_BENCH_ARRIVALS_H

#include <stddef.h>

#include "bench/schedule.h"
#include "lib/base/err.h"

enum arrivals_kind { ARRIVALS_CONSTANT, ARRIVALS_POISSON, ARRIVALS_BURST, ARRIVALS_TRACE };

struct arrivals_pattern {
    enum arrivals_kind kind;
    int64_t rate;          /* messages/s; not of a trace */
    uint64_t seed;         /* poisson */
    int64_t on_ms, off_ms; /* burst; on_ms > 0 */
    const char *trace;     /* the file's path */
};

struct arrivals {
    struct schedule schedule; /* start_ns 0: the caller sets it when the run starts */
    int64_t *offsets;         /* owned; NULL for constant ones */
    int64_t count;
};

/* "constant", "poisson", "burst:ON_MS:OFF_MS" or "trace:FILE" (borrowed), for rate and seed. ERR_INVALID names what is
 * wrong. */
int arrivals_parse(struct arrivals_pattern *p, const char *text, int64_t rate, uint64_t seed, struct err_text *error);
/* `count` arrivals; of a trace at most as many as the file has (0: all). ERR_INVALID names file and line, ERR_NOTFOUND
 * or ERR_IO a file that cannot be read. */
int arrivals_make(struct arrivals *a, const struct arrivals_pattern *p, int64_t count, struct err_text *error);
/* Gives constant ones their offsets, too. */
void arrivals_offsets(struct arrivals *a);
void arrivals_release(struct arrivals *a);
/* A pattern as results tell it: of a trace the file's name without its folder. */
void arrivals_said(const char *pattern, char *out, size_t size);
/* The name of a kind, for results. */
const char *arrivals_name(enum arrivals_kind kind);

#endif
