/* history.h - the story of a stream for people: what happened, and what was refused and why.
 *
 *     v1  2026-11-27T18:30:00.000Z  ItemAdded {"product":"85123A","quantity":6,"price_cents":255}  [e-1]
 *     --  2026-11-27T18:30:01.200Z  refused: CheckedOut [e-9] by bruno: expected 1, was 2 (event e-2 came first) */
#ifndef MILLRACE_ETL_EVENTSTORE_HISTORY_H
#define MILLRACE_ETL_EVENTSTORE_HISTORY_H

#include "etl/eventstore/eventstore.h"

/* *lines: an array of texts. ERR_NOTFOUND: nothing was ever written to this stream. */
int es_history(struct es_store *s, struct slice stream, json_t **lines, struct err_text *error);

#endif
