/* key_set.h - a set of fingerprints whose memory is bounded: what is older lies in temporary files.
 *
 *     key_set_add -> recent: in memory, at most KEY_SET_RECENT_MAX keys, 6 MiB
 *                      | full: all of them, sorted, at once
 *                      v
 *                    older: sorted runs in files (key_runs.h), 16 bytes a key, behind a filter of 0.5 MiB
 *
 *     recent   index [ 0 | tag, 2 | 0 | tag, 1 ]    by the key's hash: where it is, and 13 of its bits; at most half
 * full keys  [ key 1 | key 2 | ... ]        as they came
 *
 * The first KEY_SET_RECENT_MAX keys cost nothing but memory, and most of the time only the index is looked at, which is
 * a sixth of the keys' size. From then on a key that is not recent is looked up in the files, unless the filter knows
 * that it is new or it was found there shortly before.
 *
 * A zeroed set is empty. Errors are of the disk (a full one) and name what was done. */
#ifndef MILLRACE_ETL_OPERATOR_KEY_SET_H
#define MILLRACE_ETL_OPERATOR_KEY_SET_H

#include "etl/operator/fingerprint.h"
#include "etl/state_size.h"
#include "lib/base/err.h"

enum { KEY_SET_RECENT_MAX = 1 << 18 }; /* 4 MiB, and 2 MiB of index */

struct key_set {
    size_t recent_max; /* 0: KEY_SET_RECENT_MAX, which is the most that may be */
    struct fingerprint *keys;
    uint32_t *index;
    size_t count, capacity;  /* of keys; the index has twice as many places */
    struct key_store *older; /* NULL while all keys are recent */
    uint64_t older_count;
};

/* *added: the key was not there. Negative: an error, and the set is to be released. */
int key_set_add(struct key_set *s, struct fingerprint key, bool *added, struct err_text *error);
bool key_set_has(const struct key_set *s, struct fingerprint key);
/* Tells the processor that the key will be asked for soon. A large set is in no cache. */
void key_set_prefetch(const struct key_set *s, struct fingerprint key);
/* Adds what the set holds, in memory and in its file. */
void key_set_measure(const struct key_set *s, struct state_size *size);
/* Empties it, and gives memory and file back. */
void key_set_release(struct key_set *s);

#endif
