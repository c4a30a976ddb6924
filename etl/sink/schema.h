/* schema.h - the tables of a warehouse: who made them, how they are made and replaced.
 *
 *     business   the definition's tables; files, records, rejects, quarantine, warnings
 *     internal   millrace_warehouse (key, value)   kind (batch, stream or a load mode), pipeline, definition digest
 *                millrace_objects (name, type)     what this pipeline made: only that is ever dropped
 *                millrace_state_..., millrace_rows_..., millrace_distinct_..., millrace_unique_...,
 *                millrace_keys_..., millrace_parents_..., millrace_children_..., millrace_check_...,
 *                millrace_recent, millrace_recent_carried, millrace_rowids   (live only)
 *     neither    etl_runs (runs.h)
 *
 * A full refresh begins by dropping what is there: it is one transaction, so whoever else reads sees the old tables
 * until it is over, and has them back when it fails; and the new ones take the old ones' pages. */
#ifndef MILLRACE_ETL_SINK_SCHEMA_H
#define MILLRACE_ETL_SINK_SCHEMA_H

#include <sqlite3.h>

#include "etl/definition.h"
#include "etl/engine.h"
#include "lib/base/err.h"

/* Checks that the database is empty or holds this pipeline's warehouse of the same kind (see
 * engine_open), then makes the tables: live only when they are not there, else after dropping the old tables and views.
 */
int schema_prepare(const struct definition *d, sqlite3 *db, enum engine_mode mode, struct err_text *error);
/* Live: the next id of a record (row.h). ERR_INVALID when VACUUM has given the rows other rowids than those that state
 * is kept by. schema_prepare asks, too; who works on asks again whenever somebody else has committed. */
int schema_rowids(sqlite3 *db, int64_t *next, struct err_text *error);
/* Those before `next` are taken. */
int schema_rowids_take(sqlite3 *db, int64_t next, struct err_text *error);
/* Live: indexes for finding rows by position, of every store; those of sources that change are there anyway. */
int schema_positions_index(const struct definition *d, sqlite3 *db, struct err_text *error);
/* The indexes that the definition declares, whichever are missing; and without them, while much is loaded. Inside a
 * write transaction. */
int schema_indexes_create(const struct definition *d, sqlite3 *db, struct err_text *error);
int schema_indexes_drop(const struct definition *d, sqlite3 *db, struct err_text *error);
/* FRESH, WHOLE: makes indexes and views. */
int schema_install(const struct definition *d, sqlite3 *db, enum engine_mode mode, struct err_text *error);
/* *whole: an engine of mode WHOLE has made the warehouse that is there. It keeps nothing that a live one could go on
 * from, and need not: its stream is complete. */
int schema_whole(sqlite3 *db, bool *whole, struct err_text *error);
/* Registers a run; see engine_run_begin. */
int schema_run_begin(const struct definition *d, sqlite3 *db, enum engine_mode mode, const char *input, int64_t *run,
                     struct err_text *error);
/* What `etl_runs` calls it: full, stream, append, incremental, upsert. */
const char *schema_mode(enum engine_mode mode);

#endif
