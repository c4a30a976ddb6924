/* trace.h - where every byte of a frame belongs: fields with offset, size, name, type and value, for people.
 *
 * The same descriptions as the decoder's (schema.h), but nothing is built: each field goes to a function as it is
 * read. What is given covers all bytes that were read, without gaps and in their order; a frame that is damaged is told
 * up to where it stops to make sense.
 *
 *     bytes                 entry                                    children (depth + 1)
 *     a number, a string    one entry, with the string's length
 *     an array              its count                                the elements, with their index
 *     a struct              an entry of size 0                       its fields
 *     RECORDS               its length                               each batch, field by field
 *     tags (KIP-482)        their count                              tag and size of each, then the field
 *
 * Records that are compressed are one entry; what comes out of it follows with `unpacked`, and offsets that count from
 * the beginning of the unpacked bytes. */
#ifndef MILLRACE_KAFKA_TRACE_H
#define MILLRACE_KAFKA_TRACE_H

#include "lib/kafka/api.h"

enum kafka_trace_kind {
    KAFKA_TRACE_NUMBER,
    KAFKA_TRACE_TEXT,  /* a string; null: is_null */
    KAFKA_TRACE_BYTES, /* bytes, a uuid */
    KAFKA_TRACE_GROUP, /* what follows is inside: a struct, an array, a batch, a record; `number` elements or bytes */
};

struct kafka_trace_entry {
    const char *name, *type; /* type in the protocol guide's words: "int32", "compact string", "varint" */
    int depth;
    int32_t index; /* in the array it is an element of, or -1 */
    size_t offset, size;
    enum kafka_trace_kind kind;
    int64_t number;
    struct slice bytes; /* of text and bytes, without their length */
    bool is_null, unpacked;
};

typedef void kafka_trace_fn(void *context, const struct kafka_trace_entry *e);

/* A whole frame with its size in front. A response needs to be told which request it answers. 0; ERR_UNSUPPORTED
 * when the body is of an API or version that is not described (size and header were given, the body is one entry);
 * ERR_CORRUPT where it ends too early or is not what the description says. */
int kafka_trace_request(struct slice frame, kafka_trace_fn *each, void *context);
int kafka_trace_response(int api_key, int api_version, struct slice frame, kafka_trace_fn *each, void *context);
/* Batches behind one another, of which the last may be cut off as in an answer to a fetch. */
int kafka_trace_batches(struct slice records, size_t offset, int depth, kafka_trace_fn *each, void *context);

#endif
