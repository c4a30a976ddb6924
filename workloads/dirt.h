/* dirt.h - dirt by kind: its names, its rates, and when it falls due.
 *
 *     a generator's table of kinds ---> dirt_rates_resolve <--- --dirt KIND=RATE
 *                                              |
 *     dirt_init per kind, then dirt_take at every record that could have it
 *
 * A rate is the share of the records that can have the kind (a negative watching time only a video's
 * event), in millionths. With a rate above 0 a kind happens at least once in an input that has some
 * records which can have it, however small the input is; with 0 it never does. */
#ifndef MILLRACE_WORKLOADS_DIRT_H
#define MILLRACE_WORKLOADS_DIRT_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/random.h"

enum { DIRT_ALWAYS = 1000000, DIRT_RATES_MAX = 64 };

struct dirt_kind {
    const char *name; /* as --dirt has it: a-z and _ */
    uint32_t rate;    /* without --dirt */
    const char *what; /* for the usage text */
};

/* What a user asked for; zeroed: nothing. */
struct dirt_rates {
    struct {
        char name[32];
        uint32_t rate;
    } set[DIRT_RATES_MAX];
    int count;
};

/* Adds "KIND=RATE", RATE from 0 to 1 with at most 6 decimals; a kind's last rate counts. 0, or ERR_RANGE with a
 * sentence. Whether the kind exists is up to the generator. */
int dirt_rates_add(struct dirt_rates *rates, const char *text, struct err_text *error);
/* The rate of each of `kinds`; ERR_NOTFOUND with a sentence that lists the kinds when an asked one is none of them. */
int dirt_rates_resolve(const struct dirt_rates *rates, const struct dirt_kind *kinds, int count, uint32_t *out,
                       struct err_text *error);

struct dirt_due {
    uint64_t seen; /* records that could have had it */
    uint64_t next; /* the record that gets it, in 1/1024 records, so that rates come out exactly */
    uint64_t interval;
    bool never;
};

/* `expected`: how many records will be able to have it, roughly. */
void dirt_init(struct dirt_due *d, struct random *r, uint32_t rate, uint64_t expected);
bool dirt_take(struct dirt_due *d, struct random *r);

#endif
