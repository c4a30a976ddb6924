/* ordered.h - the messages of a stream that is complete, in the order of the files that its records come from.
 *
 *     partition 0    a:1  a:4  b:2  end  \
 *     partition 1    a:2  b:1  end        >   a:1  a:2  a:3  a:4  b:1  b:2
 *     partition 2    a:3  end            /
 *
 * Who publishes files one after the other (publish.h) leaves each partition with a part of that order, so it is there
 * again when always the first of the partitions' next records is taken: first by source, in the definition's order,
 * then by position (row.h). Nobody promises that order, so it is looked at: a stream that has another one, or the same
 * position twice because its publisher was killed and began again, is no ordered one. Nor is one of which a
 * partition has no end yet, or that may go on behind its ends: one of followed files, or of somebody else's
 * publisher.
 *
 * Memory: what librdkafka fetches ahead, over all partitions ORDERED_QUEUE_MESSAGES or ORDERED_QUEUE_KIB, of each
 * partition a response more. */
#ifndef MILLRACE_ETL_STREAM_ORDERED_H
#define MILLRACE_ETL_STREAM_ORDERED_H

#include <signal.h>

#include "etl/stream/message.h"
#include "etl/stream/offsets.h"
#include "etl/stream/topics.h"

enum { ORDERED_QUEUE_MESSAGES = 16384, ORDERED_QUEUE_KIB = 8192 };

struct ordered;

struct ordered_options {
    const struct definition *definition;
    const struct topics *topics;
    const int *partitions; /* by topic */
    const char *bootstrap;
    const volatile sig_atomic_t *stopping; /* set by a signal: ordered_next ends with ERR_CLOSED */
};

/* Looks at the last message of each partition. ERR_UNSUPPORTED: the stream is not complete, or may go on; other errors
 * as for a consumer. What the options point to outlives it. */
int ordered_open(const struct ordered_options *options, struct ordered **out, struct err_text *error);
void ordered_close(struct ordered *o); /* NULL is allowed */

/* 1: *out is the next record or file, valid until the next call; 0: that was all. ERR_UNSUPPORTED, with the place: the
 * stream is no ordered one. ERR_IO: for some seconds nothing came. */
int ordered_next(struct ordered *o, const struct message **out, struct err_text *error);

const char *ordered_stream(const struct ordered *o); /* its id */
uint64_t ordered_messages(const struct ordered *o);  /* in all partitions, ends and files among them */
uint64_t ordered_taken(const struct ordered *o);     /* so far; by the thread that calls ordered_next */
/* Where each partition stands when all is taken. False: there is no such `index`. */
bool ordered_end(const struct ordered *o, size_t index, const char **topic, int32_t *partition,
                 struct offset_state *state);

#endif
