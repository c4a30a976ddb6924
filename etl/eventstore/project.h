/* project.h - a view: the states of all streams of a fold as rows in SQLite, kept up to date from the topic.
 *
 *     cart(stream, version, status, total_cents)      cart_items(stream, product, quantity, price_cents)
 *     millrace_view(stream, version, state)           the states to go on with
 *     millrace_stream_offsets                         how far each partition is (etl/stream/offsets.h)
 *
 * The position moves in the transaction that changes the rows: a kill at any moment leaves both or neither, and no
 * event counts twice. What is in the tables depends on the events alone, so a view that is made anew is the same.
 *
 * Of the log it needs what it has not read yet: the rest may be deleted (retention, DeleteRecords). When the log begins
 * behind its position, events are lost that it never saw: ERR_NOTFOUND, and the tables stay as they are. */
#ifndef MILLRACE_ETL_EVENTSTORE_PROJECT_H
#define MILLRACE_ETL_EVENTSTORE_PROJECT_H

#include <signal.h>

#include "etl/eventstore/eventstore.h"

struct es_project_options {
    const char *db;
    const struct es_fold *fold;
    bool rebuild;                /* from nothing */
    bool follow;                 /* goes on at the end, until *stop */
    volatile sig_atomic_t *stop; /* may be NULL */
};

struct es_projected {
    int64_t records, events; /* read now, and of them events that counted and are of this fold */
    int64_t streams;         /* in the view */
};

/* ERR_EXISTS: the database is a view of something else, or of another version of the fold; ERR_LOCKED: another run
 * fills it. */
int es_project(struct es_store *s, const struct es_project_options *options, struct es_projected *out,
               struct err_text *error);

#endif
