/* fingerprint.h - 128 bits that stand for a key, and a map from them to numbers.
 *
 * A group, a distinct value of a group, the columns of a `unique` rule: all are looked up by the
 * fingerprint of their encoded values. Two different keys with the same fingerprint would be taken for
 * one; among 10^9 keys that has a chance of about 10^-21.
 *
 * The map is open addressing with linear probing; nothing is removed but all at once. */
#ifndef MILLRACE_ETL_OPERATOR_FINGERPRINT_H
#define MILLRACE_ETL_OPERATOR_FINGERPRINT_H

#include <stdbool.h>

#include "etl/row.h"
#include "lib/base/bytes.h"

struct fingerprint {
    uint64_t high, low; /* never both 0 */
};

struct fingerprint fingerprint_of(const void *p, size_t n);
static inline bool fingerprint_equal(struct fingerprint a, struct fingerprint b)
{
    return a.high == b.high && a.low == b.low;
}
/* 16 bytes, big-endian: how a fingerprint stands in the database. */
void fingerprint_put(struct fingerprint f, uint8_t out[16]);
struct fingerprint fingerprint_get(const uint8_t bytes[16]);

/* Appends a value so that different values of a column have different encodings. */
void fingerprint_encode(struct buf *out, const struct value *v);
/* The same for each of many texts. */
void fingerprint_encode_texts(struct buf *out, const struct slice *texts, int count);

struct fingerprint_entry {
    struct fingerprint key; /* both 0: free */
    int64_t value;
};

struct fingerprint_map {
    struct fingerprint_entry *slots;
    size_t size; /* power of two */
    size_t count;
};

/* The entry of `key`; a new one has value 0 and sets *added. Valid until the next call. */
struct fingerprint_entry *fingerprint_map_at(struct fingerprint_map *m, struct fingerprint key, bool *added);
/* Memory that a look-up of the key needs is asked for. */
static inline void fingerprint_map_prefetch(const struct fingerprint_map *m, struct fingerprint key)
{
    if (m->size) __builtin_prefetch(&m->slots[key.low & (m->size - 1)]);
}
bool fingerprint_map_has(const struct fingerprint_map *m, struct fingerprint key);
void fingerprint_map_clear(struct fingerprint_map *m); /* forgets all, keeps its memory */
void fingerprint_map_reset(struct fingerprint_map *m); /* forgets all, gives large memory back */
void fingerprint_map_release(struct fingerprint_map *m);

#endif
