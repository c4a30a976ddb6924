/* fold.h - folds: what a stream's events make of its state. The state is a JSON object.
 *
 *     state = start(); for each event: apply(state, event);          allows(state, event): would it be accepted now?
 *
 * What has happened has happened: `apply` takes every event, as well as it can. The rules of a domain (`allows`) are
 * asked before an event is written, and of what would have come of a history without one of its events. */
#ifndef MILLRACE_ETL_EVENTSTORE_FOLD_H
#define MILLRACE_ETL_EVENTSTORE_FOLD_H

#include <stddef.h>

#include "etl/eventstore/record.h"
#include "lib/base/err.h"

/* How a state becomes rows: members that are columns, and one whose members are rows of a table of their own. */
struct es_view {
    const char *const *columns; /* NULL at the end */
    const char *part;           /* "items"; NULL: there is none */
    const char *part_key;       /* "product" */
    const char *const *part_columns;
};

struct es_fold {
    const char *name;
    int64_t version; /* of its code: a snapshot of another one is not used */
    json_t *(*start)(const struct es_fold *f);
    /* False: the fold does not know the type, or the data are not what it needs; the state is as it was. */
    bool (*apply)(const struct es_fold *f, json_t *state, const struct es_event *e);
    /* May be NULL: no rules. False with a sentence ("the cart is checked out"). */
    bool (*allows)(const struct es_fold *f, const json_t *state, const struct es_event *e, char *why, size_t size);
    /* May be NULL. The event that takes back `e`, which happened in `state`: its type, or NULL when there is none; the
     * data is new. */
    const char *(*contrary)(const struct es_fold *f, const json_t *state, const struct es_event *e, json_t **data);
    const struct es_view *view; /* NULL: the whole state in one column */
    void *context;              /* of a fold of one's own */
};

/* cart, order, account, count; NULL: there is no such one. */
const struct es_fold *es_fold_named(const char *name);
extern const char *const ES_FOLD_NAMES[]; /* NULL at the end */
/* The one that the stream's id begins with ("cart-17"), or NULL. */
const struct es_fold *es_fold_of(struct slice stream);

extern const struct es_fold es_fold_cart, es_fold_order, es_fold_account, es_fold_count;

/* For folds: what a datum is. */
bool es_is(const struct es_event *e, const char *type);
/* A whole number from `low` to 10^12; false otherwise. */
bool es_amount(const struct es_event *e, const char *key, int64_t low, int64_t *out);
int64_t es_number(const json_t *state, const char *key);
const char *es_text(const json_t *state, const char *key); /* "" when it is none */
void es_set_number(json_t *state, const char *key, int64_t value);
void es_set_text(json_t *state, const char *key, const char *value);

#endif
