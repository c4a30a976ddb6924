/* eventstore.h - the event store: streams of events in a topic of any Kafka-compatible broker, as a C interface.
 *
 *     struct es_store *store;
 *     es_open(&(struct es_options){.bootstrap = "127.0.0.1:9092", .topic = "events", .create_partitions = 1}, &store,
 * &error);
 *
 *     struct es_event e = {.id = SLICE_LIT("e-1"), .type = SLICE_LIT("ItemAdded"), .data = data};
 *     struct es_append a = {.record = {.stream = SLICE_LIT("cart-17"), .expected = 3, .events = &e, .count = 1}};
 *     struct es_verdict v;
 *     es_append(store, &a, &v, &error);          v.outcome: ES_ACCEPTED at v.version, ES_CONFLICT, ... with v.why
 *
 *     struct es_folded f;
 *     es_fold(store, stream, &es_fold_cart, &(struct es_range){0}, &f, &error);       f.state, f.version
 *     es_folded_release(&f);
 *     es_close(store);
 *
 * A fold of one's own is a struct es_fold: a start and a function pointer (fold.h). What an event in the topic is, and
 * which of two appends counts, says docs/formats/events.md; the rule itself is es_rule in index.h.
 *
 * Reading a stream reads its partition, all streams of it; a snapshot lets a fold begin near the end. What a store has
 * read of a stream to write to it (ids and version, no data) it keeps: the next append reads only what is new.
 *
 * Which partition a stream is in depends on how many there are. That number is the store's: what the topic had at the
 * first event, which every record says (es-partitions). Partitions that are added later stay empty (count.c).
 *
 * Calls block. A store belongs to one thread. Failures of the outside world are a negative `enum err` and a sentence;
 * a refusal is none: it is an outcome. ERR_CLOSED of es_append: it is not known whether the event arrived; append it
 * again with the same id, and the answer is the right one. */
#ifndef MILLRACE_ETL_EVENTSTORE_EVENTSTORE_H
#define MILLRACE_ETL_EVENTSTORE_EVENTSTORE_H

#include "etl/eventstore/index.h"
#include "etl/eventstore/log.h"

struct es_store;

struct es_options {
    const char *bootstrap, *topic;
    int create_partitions; /* of a topic that is not there; 0: that is an error (ERR_NOTFOUND) */
    int partitions; /* that the topic had when its first event was written, where no record says it; 0: unknown */
    int timeout_ms; /* of every answer; 0: 30 s */
};

int es_open(const struct es_options *options, struct es_store **out, struct err_text *error);
void es_close(struct es_store *s); /* NULL is allowed */
/* Of the store: what its topic had when the first event was written. Streams stay where they are when more are added.
 */
int es_partitions(const struct es_store *s);
const char *es_topic(const struct es_store *s);
struct es_log *es_store_log(struct es_store *s);

/* ---- writing ---- */

int es_append(struct es_store *s, const struct es_append *a, struct es_verdict *v, struct err_text *error);
enum { ES_ALONE_MAX = 4000 };
/* The same for up to ES_ALONE_MAX, of streams to which nobody else writes meanwhile: all are under way at once.
 * verdicts[i] is that of appends[i]; of those behind a conflict in the same stream, one or the other may have counted.
 */
int es_append_alone(struct es_store *s, const struct es_append *appends, int count, struct es_verdict *verdicts,
                    struct err_text *error);
/* What cannot be an append at all (a name, data that is no object, an id twice): ERR_INVALID with a sentence. */
int es_append_check(const struct es_record *r, struct err_text *error);
/* An id that nobody has: a random UUID. */
void es_id_draw(char out[40]);

/* ---- reading ---- */

/* Where a reading begins: at the beginning, or at a record that is known to expect this version. */
struct es_place {
    int64_t offset, version;
};

/* A record of the stream: `counts` (then its events have their versions) or is refused: `r->malformed`, or it expected
 * another version than `before`. 0: go on, 1: enough, negative: a failure. */
typedef int es_each(void *context, struct es_record *r, bool counts, int64_t before);

int es_walk(struct es_store *s, struct slice stream, struct es_place from, es_each *each, void *context,
            struct err_text *error);
/* All streams of a partition. `versions`: what is known of the streams at `from` (values: struct es_version), grows. */
struct es_version {
    int64_t version;
};
int es_walk_partition(struct es_store *s, int32_t partition, int64_t from, struct table *versions, struct arena *arena,
                      es_each *each, void *context, int64_t *next, struct err_text *error);

/* ---- folding ---- */

struct es_range {
    int64_t version;  /* the last one to fold; 0: the newest. A stream that ends before it is ERR_NOTFOUND */
    int64_t until;    /* an instant; -1 or 0: none. Events before the first later one */
    bool no_snapshot; /* fold from the beginning */
    /* After each event, if set; `applied`: the fold knew it. Nothing of a snapshot is used then. */
    int (*step)(void *context, const struct es_record *r, const struct es_event *e, const json_t *state, bool applied);
    void *context;
};

struct es_folded {
    json_t *state;
    int64_t version;  /* of the last event that was folded; 0: there is none */
    int64_t snapshot; /* the version it began with; 0: none */
    int64_t read;     /* events folded since */
    int64_t unknown;  /* of them, those that the fold does not know */
    int64_t ahead;    /* records that expect a later version than there is: nobody writes such; history is missing */
    int64_t latest;   /* the greatest timestamp of all events up to `version` */
    char id[ES_NAME_MAX + 1];
    struct es_place at; /* the record of `version` */
};

int es_fold(struct es_store *s, struct slice stream, const struct es_fold *fold, const struct es_range *range,
            struct es_folded *out, struct err_text *error);
void es_folded_release(struct es_folded *f);

/* ---- snapshots: the newest state of a fold, in TOPIC-snapshots ---- */

/* Writes `f`, which es_fold gave (or its state in another form: a fold that is the program's own). */
int es_snapshot_write(struct es_store *s, struct slice stream, const char *fold, int64_t fold_version,
                      const struct es_folded *f, struct err_text *error);
/* The newest one that is not above `version` (0: any) and not of later than `until` (0: any): *out is as es_fold gives
 * it, with out->snapshot 0 when there is none. */
int es_snapshot_newest(struct es_store *s, struct slice stream, const char *fold, int64_t fold_version, int64_t version,
                       int64_t until, struct es_folded *out, struct err_text *error);

#endif
