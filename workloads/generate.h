/* generate.h - seeded input with known truth, for every workload.
 *
 *     options --> generate_ecommerce  --> DIR/2010-12-01.csv ...                 a file per trading day
 *             \-> generate_clickstream -> DIR/SITE.access.log-20251218 ...       a file per site and day
 *                                         DIR/ground_truth/summary.json, *.csv   the answers
 *
 * The same options give the same bytes on every machine: integer arithmetic only, our own random
 * numbers, no clock, no locale. The truth is counted while the rows are made, from what the generator
 * knows about each row (which dirt it put there), never by reading the files back and without a line
 * of the pipelines. Memory does not grow with the scale, except for some bytes per day: the days
 * grow with the scale, what is open at once (an invoice, the sessions of half an hour) does not.
 *
 * Errors: ERR_RANGE for a scale outside of its bounds, ERR_NOTFOUND for a kind of dirt that the generator does not
 * have, ERR_EXISTS when DIR holds something that this generator did not write (an earlier output of it is replaced),
 * ERR_IO and kin from the disk. */
#ifndef MILLRACE_WORKLOADS_GENERATE_H
#define MILLRACE_WORKLOADS_GENERATE_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "workloads/dirt.h"

/* The scale is a fixed-point number; 1.000000 is a million events (order lines, log lines). */
#define GENERATE_SCALE_DIGITS 6
#define GENERATE_SCALE_MIN    1000       /* 0.001: every kind of dirt still occurs */
#define GENERATE_SCALE_MAX    1000000000 /* 1000 */

struct generate_options {
    const char *out;
    int64_t scale; /* millionths, so also the number of events */
    uint64_t seed;
    struct dirt_rates dirt; /* zeroed: every kind at its own rate */
    /* ecommerce: the order lines of the web shop alone, as many as the scale says. */
    bool order_lines_only;
    /* Called now and then with the events written so far; may be NULL. */
    void (*progress)(void *context, uint64_t done, uint64_t total);
    void *context;
};

struct generate_result {
    uint64_t events; /* data rows or log lines written, those of an identical file not counted */
    uint64_t bytes;  /* of the input files; the truth is not counted */
    int files;
};

/* All return 0 or a negative `enum err` with a sentence in `error`; `result` may be NULL. */
int generate_ecommerce(const struct generate_options *options, struct generate_result *result, struct err_text *error);
int generate_clickstream(const struct generate_options *options, struct generate_result *result,
                         struct err_text *error);

int generate_iot(const struct generate_options *options, struct generate_result *result, struct err_text *error);
int generate_applogs(const struct generate_options *options, struct generate_result *result, struct err_text *error);

/* What the command line knows of a generator; defined beside its code. */
struct generator {
    const char *name;
    const char *what; /* one line for the usage text */
    const struct dirt_kind *kinds;
    int kind_count;
    int (*run)(const struct generate_options *options, struct generate_result *result, struct err_text *error);
};

extern const struct generator ecommerce_generator, clickstream_generator, iot_generator, applogs_generator;
/* All of them, a NULL behind the last. */
extern const struct generator *const generators[];
const struct generator *generator_find(const char *name); /* or NULL */

/* What every generator begins with: checks the scale, finds the rate of each of its kinds of dirt, opens the folder
 * (out_file.h). Free the disk with disk_linux_free. */
struct disk;
int generate_begin(const struct generate_options *options, const struct dirt_kind *kinds, int kind_count,
                   uint32_t *rates, bool (*is_input)(const char *name), struct disk **disk, struct err_text *error);

#endif
