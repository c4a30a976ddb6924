/* record.h - one append as a Kafka record, and back: bytes only, no I/O (docs/formats/events.md has the layout).
 *
 *     key      stream                      headers  es-expected 3
 *     value    {"product":"85123A", ...}            es-id e-4, es-type ItemAdded, es-schema 1, ...
 *
 * A record that does not fit is malformed, which is no error: anybody can write to a topic. Every reader skips it. */
#ifndef MILLRACE_ETL_EVENTSTORE_RECORD_H
#define MILLRACE_ETL_EVENTSTORE_RECORD_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/base/bytes.h"

enum { ES_NAME_MAX = 255, ES_EVENTS_MAX = 10000, ES_HEADERS_MAX = 32, ES_DIGITS_MAX = 18, ES_PARTITIONS_MAX = 1000000 };
#define ES_NUMBER_MAX INT64_C(999999999999999999) /* of so many digits */

struct es_event {
    struct slice id, type;
    json_t *data;                                     /* an object; borrowed */
    int64_t schema;                                   /* of the data, from 1; written, 0 is 1 */
    struct slice correlation, causation, compensates; /* ids; empty: none */
    int64_t version;                                  /* in its stream, from 1; 0 until it counts */
};

/* An append: events that count together or not at all. */
struct es_record {
    struct slice stream;
    int64_t expected;   /* the version before the first event */
    int64_t partitions; /* for how many it was written; 0: it does not say */
    struct slice by;    /* who wrote it; empty: nobody says */
    struct es_event *events;
    int count;
    int64_t timestamp, offset; /* where and when the log has it; -1: not yet */
    int32_t partition;
    const char *malformed; /* why it is no append: then only stream, timestamp, offset and partition are known */
    json_t *root;          /* owns the data of a record that was decoded */
};

/* A record as it is in the log. */
struct es_header {
    const char *name;
    struct slice value;
};
struct es_raw {
    struct slice key, value;
    struct es_header headers[ES_HEADERS_MAX];
    int header_count;
};

/* Texts point into `raw` or the arena. Always to be released, also a malformed one. */
void es_record_decode(const struct es_raw *raw, struct arena *arena, struct es_record *out);
void es_record_release(struct es_record *r);

/* The reverse; texts point into `r` or the arena. */
void es_record_encode(const struct es_record *r, struct arena *arena, struct es_raw *out);

/* Whether this is the name of a header of the event store's; others may stand beside them. */
bool es_header_own(const char *name);

/* A stream's id, an event's id or type: 1 to ES_NAME_MAX bytes of UTF-8 without control characters. */
bool es_name_good(struct slice name);

/* Appends what `read --format json` prints, without a line end: an event of `r`, which counts. */
void es_event_json(const struct es_record *r, const struct es_event *e, struct buf *out);
/* The same as a value. */
json_t *es_event_value(const struct es_record *r, const struct es_event *e);
json_t *es_text_value(struct slice text);
/* A sentence, which may have been cut inside a character, or quote what is no UTF-8. */
json_t *es_sentence_value(const char *text);

#endif
