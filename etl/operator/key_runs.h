/* key_runs.h - sorted runs of keys in temporary files: what key_set.h keeps of its older keys.
 *
 *     key_runs_add    a sorted run becomes a file; of the last two runs one is made while they are of a size, so
 *                     there are few: log2 of the number of runs that were added
 *     key_runs_has    interpolation search in each: fingerprints are spread evenly, so the first guess is near
 *
 * Files are temporary (temporary.h) and mapped, so their pages are the system's to keep or to drop. 16 bytes a key.
 * Source of the scheme: O'Neil et al., "The log-structured merge-tree" (1996). */
#ifndef MILLRACE_ETL_OPERATOR_KEY_RUNS_H
#define MILLRACE_ETL_OPERATOR_KEY_RUNS_H

#include "etl/operator/fingerprint.h"
#include "lib/base/err.h"

enum { KEY_RUNS_MAX = 48 };

struct key_run {
    const struct fingerprint *keys; /* a mapping */
    size_t count;
};

struct key_runs {
    struct key_run runs[KEY_RUNS_MAX];
    int count;
};

/* Ascending order, (high, low) without signs. */
int key_compare(const struct fingerprint *a, const struct fingerprint *b);
/* Into that order, where they are: no memory is taken. No key is there twice. */
void key_sort(struct fingerprint *keys, size_t count);
/* The keys of a run are ascending and in no other run. ERR_NOSPACE, ERR_IO, ERR_NOMEM with a sentence that names the
 * folder. */
int key_runs_add(struct key_runs *r, const struct fingerprint *sorted, size_t count, struct err_text *error);
bool key_runs_has(const struct key_runs *r, struct fingerprint key);
void key_runs_release(struct key_runs *r);

#endif
