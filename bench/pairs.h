/* pairs.h - n producers, m consumers, and everything that is sent goes to every consumer: over a connection for each
 * pair, or through a broker.
 *
 *     pairs_direct          n * m connections; each batch is sent m times, and each receipt is acknowledged
 *     pairs_through_broker  n + m connections; each batch is appended once (acks=1) and fetched m times
 *
 * Both ways move the same bytes (record batches, encoded once by their producer), have one batch of a producer in
 * flight, and give each producer and each consumer a thread: what differs is who knows whom. They are not the same
 * service: a batch that a peer has taken lies in its memory and nowhere else, and whoever comes later gets nothing;
 * behind a broker it is in a log, in one order for all. */
#ifndef MILLRACE_BENCH_PAIRS_H
#define MILLRACE_BENCH_PAIRS_H

#include <stdint.h>

#include "lib/base/err.h"

enum { PAIRS_ENDS_MAX = 64 }; /* producers, and consumers */

struct pairs {
    int producers, consumers;
    int batches;                   /* of each producer */
    int records, record_bytes;     /* of a batch */
    const char *bootstrap, *topic; /* of a broker; the topic is new and has one partition */
    /* out */
    int connections;
    int64_t delivered; /* records, to all consumers together */
    double seconds;    /* from the first send until every consumer has all */
};

int pairs_direct(struct pairs *p, struct err_text *error);
int pairs_through_broker(struct pairs *p, struct err_text *error);

#endif
