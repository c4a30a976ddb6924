/* places.h - where each stream of a log begins, as far as it was read: 16 bytes a stream, by the hash of its id alone
 * (inside this folder only). Of two streams with one hash the place is that of the first: early enough for both. */
#ifndef MILLRACE_ETL_EVENTSTORE_PLACES_H
#define MILLRACE_ETL_EVENTSTORE_PLACES_H

#include "lib/base/bytes.h"

enum { ES_PLACES_MAX = 1 << 22 };

struct es_places_slot {
    uint64_t hash; /* 0: free */
    int64_t first;
};

struct es_places {
    struct es_places_slot *slots;
    uint32_t size, count; /* size: a power of two */
};

void es_places_release(struct es_places *t);
/* A record of the stream at this offset; the first one counts. False: there are ES_PLACES_MAX streams already. */
bool es_place_add(struct es_places *t, struct slice stream, int64_t offset);
/* Where it begins; `unmet`: it was not met. */
int64_t es_place_of(const struct es_places *t, struct slice stream, int64_t unmet);

#endif
