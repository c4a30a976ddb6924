/* request.h - what can be asked of the event store, as JSON: `millrace es serve` is a loop over it, and the other
 * commands print its answers. docs/formats/events.md has the members of each request and answer.
 *
 *     {"op":"fold","stream":"cart-17","fold":"cart"}   ->   {"stream":"cart-17","version":4,"state":{...},"read":4,...}
 */
#ifndef MILLRACE_ETL_EVENTs_REQUEST_H
#define MILLRACE_ETL_EVENTs_REQUEST_H

#include "etl/eventstore/eventstore.h"

/* *answer is the caller's; NULL after a failure, whose sentence names the member that is wrong. */
int es_request(struct es_store *s, const json_t *request, json_t **answer, struct err_text *error);

/* A record that does not count, as `read` shows it. */
json_t *es_refused_value(const struct es_record *r, int64_t before);

/* The members of an append; texts point into `o` or the arena. */
int es_append_read(struct es_store *s, const json_t *o, struct arena *arena, struct es_append *out,
                   struct err_text *error);
json_t *es_verdict_value(const struct es_append *a, const struct es_verdict *v);

/* The fold of a request: named, of a file (NAME.json, which the store keeps), or the one of the stream's name (NULL).
 * ERR_INVALID with a sentence. */
int es_fold_find(struct es_store *s, const char *name, struct slice stream, const struct es_fold **out,
                 struct err_text *error);

/* Members, with errors that name them. A missing text is empty, a missing number `otherwise`. */
int es_member_text(const json_t *o, const char *key, struct slice *out, struct err_text *error);
int es_member_number(const json_t *o, const char *key, int64_t low, int64_t otherwise, int64_t *out,
                     struct err_text *error);
/* Fails for a member that is not in `known` (NULL at the end). */
int es_members_known(const json_t *o, const char *const *known, struct err_text *error);

#endif
