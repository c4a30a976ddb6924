/* view.h - the rows of a view (inside this folder only): one of the fold's table for each stream, and those of its
 * parts. */
#ifndef MILLRACE_ETL_EVENTSTORE_VIEW_H
#define MILLRACE_ETL_EVENTSTORE_VIEW_H

#include <sqlite3.h>

#include "etl/eventstore/fold.h"

struct view {
    sqlite3 *db;
    const struct es_fold *fold;
    sqlite3_stmt *load, *keep, *row, *parts_delete, *part;
};

/* Makes the tables that are missing. Inside a write transaction. */
int view_open(struct view *v, sqlite3 *db, const struct es_fold *fold, struct err_text *error);
void view_close(struct view *v);
/* Drops what a view of this fold, or of any built-in one, has made. */
int view_drop(sqlite3 *db, const struct es_fold *fold, struct err_text *error);

/* The state of a stream as it was kept; 0 and the fold's start when there is none. *state is the caller's. */
int view_load(struct view *v, struct slice stream, int64_t *version, json_t **state, struct err_text *error);
int view_write(struct view *v, struct slice stream, int64_t version, const json_t *state, struct err_text *error);

#endif
