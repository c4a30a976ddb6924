/* without.h - what a history would be without one of its events.
 *
 *     with      e1 e2 e3 e4 e5        two folds over one reading; the second leaves e2 out, and with it every later
 *     without   e1    e3 -- e5        event that the domain's rules would then have refused (e4), or that takes back
 *                                     what did not happen */
#ifndef MILLRACE_ETL_EVENTSTORE_WITHOUT_H
#define MILLRACE_ETL_EVENTSTORE_WITHOUT_H

#include "etl/eventstore/eventstore.h"

/* *answer: {"stream","fold","version","without","with_state","without_state",
 *           "difference":[{"path","with","without"}],"refused":[{"version","type","id","why"}]}
 * ERR_NOTFOUND: there is no such event up to the range's end. */
int es_replay_without(struct es_store *s, struct slice stream, const struct es_fold *fold, const struct es_range *range,
                      struct slice id, json_t **answer, struct err_text *error);

/* Appends {"path","with","without"} to `out` for each leaf in which two values differ; an absent one is missing. */
void es_difference(const json_t *with, const json_t *without, const char *path, json_t *out);

#endif
