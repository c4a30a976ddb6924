/* engine.h - the one machine behind both drivers: records in, warehouse tables out.
 *
 *     record -> its source's: parse, derive, rules -> unique -> tables (etl/operator) -> SQLite
 *               [engine_stage]          [engine_apply ..................... engine_flush]
 *
 * Every operator maps changes (+row, -row) to changes, so that any arrival order of the same records
 * ends in the same tables, and at every prefix of the input the tables are those of a batch over it.
 *
 * FRESH (batch): starts from nothing, drops what was there, records of a source come in order of their positions.
 *
 *     BEGIN IMMEDIATE; engine_open; { engine_file | engine_record }...; engine_flush; engine_install; COMMIT
 *
 * LIVE (stream): any order, state is read from the database when it is needed and written back by
 * engine_flush; several processes may do this to one database, BEGIN IMMEDIATE keeps them apart.
 *
 *     BEGIN IMMEDIATE; engine_open; COMMIT          (makes the tables and views if there are none)
 *     repeat:
 *         engine_judge ... engine_judge             (no database access: another thread may run ahead with it)
 *         BEGIN IMMEDIATE; engine_begin
 *         { engine_file | engine_apply | engine_take_back | engine_drop_late }...
 *                                               (in any order; leave out what is loaded already)
 *         engine_flush; COMMIT
 *         on any failure: ROLLBACK; engine_forget
 *
 * The engine never begins, commits or rolls back: the transaction is the caller's, so that offsets
 * move together with what they stand for.
 *
 * Results: 0; ENGINE_RULE_FAILED (1) when a rule with severity `fail` is broken: roll back, exit status
 * 1; a negative `enum err` otherwise. engine_error tells the person what happened in both cases.
 *
 * Ownership: the definition and the database must outlive the engine; records are copied. */
#ifndef MILLRACE_ETL_ENGINE_H
#define MILLRACE_ETL_ENGINE_H

#include <sqlite3.h>

#include "etl/definition.h"
#include "etl/row.h"
#include "lib/base/err.h"

/* BACKFILL is LIVE, of one process that nobody else writes beside: it needs less of what finds rows. The last three are
 * LIVE too, into a warehouse of a kind of their own (etl/batch/load.h). */
enum engine_mode {
    ENGINE_FRESH,
    ENGINE_LIVE,
    ENGINE_BACKFILL,
    ENGINE_APPEND,
    ENGINE_INCREMENTAL,
    ENGINE_UPSERT,
    ENGINE_WHOLE /* FRESH, of a stream that is complete and in order (etl/stream/whole.h) */
};

bool engine_mode_is_live(enum engine_mode mode);

#define ENGINE_RULE_FAILED 1

/* Of this engine since engine_open (not of the database): for progress lines. */
struct engine_counts {
    uint64_t records;  /* applied */
    uint64_t accepted; /* without a rejecting violation */
    uint64_t rejected;
    uint64_t warned;
    uint64_t taken_back; /* not subtracted from the others */
};

struct engine;
struct judged; /* a record as it was parsed and judged (etl/admission.h) */

/* Registers a run in `etl_runs` (etl/sink/runs.h) and gives its number, the `run` of quarantine rows. Inside a write
 * transaction. ERR_EXISTS as for engine_open: what belongs to somebody else is not touched. */
int engine_run_begin(sqlite3 *db, const struct definition *definition, enum engine_mode mode, const char *input,
                     int64_t *run, struct err_text *error);

/* Opens an engine on `db`, inside a write transaction. ERR_EXISTS when the database holds something
 * else: a warehouse that another mode made, one of another pipeline or (LIVE) definition, or a
 * foreign table under a name that is needed; nothing has been changed then. */
int engine_open(const struct definition *definition, sqlite3 *db, enum engine_mode mode, int64_t run,
                struct engine **out, struct err_text *error);

/* LIVE: call it first in every transaction. Drops cached state if another process has committed since. ERR_INVALID when
 * what it did was VACUUM (sink/schema.h). */
int engine_begin(struct engine *e);

/* Parses and validates a record, without the database. It touches nothing that the other calls do but engine_open and
 * engine_close: a second thread may run ahead with it. What it gives lives in the arena. */
struct judged *engine_judge(struct engine *e, const struct record *record, struct arena *arena);
/* The same for all records of a file in their order: finds late_s, unless source_lateness was NULL. */
struct judged *engine_judge_in_order(struct engine *e, const struct record *record, struct lateness *lateness,
                                     struct arena *arena);
/* LIVE, inside the transaction: applies a judged record. A position must be applied only once, ever. */
int engine_apply(struct engine *e, struct judged *row);
/* LIVE: what is applied between these two stays as it is until then, and tables can take it many rows at a time. A page
 * has ended before engine_flush; engine_forget ends it too. */
void engine_page_begin(struct engine *e);
int engine_page_end(struct engine *e);
/* LIVE: the row will be applied some rows later; memory that it needs is asked for. */
void engine_expect(const struct engine *e, const struct judged *row);
/* FRESH: applies judged records, in order. */
int engine_judged(struct engine *e, struct judged *const *rows, int count);
/* Both in one, for a caller that is inside the transaction anyway. FRESH: a row is applied, and a broken `fail` rule
 * told, a few records later, at the latest by engine_flush. */
int engine_record(struct engine *e, const struct record *record);
/* LIVE, inside the transaction: as if this record had never been applied. It must have been, exactly so: the bytes,
 * the layout and what its file's reader knew are those of then. The position may be applied again afterwards. Rows are
 * found by their position: before many records of a source that is not feed_changes, call engine_expect_take_back. */
int engine_take_back(struct engine *e, const struct record *record);
/* Makes the indexes by which rows of any source are found by their position, if they are not there. */
int engine_expect_take_back(struct engine *e);
/* The event time of a judged record; false when it has none, or breaks a rejecting rule. */
bool engine_judged_time(const struct engine *e, const struct judged *row, int64_t *time_s);
/* The key of a judged record of a source that has one, 128 bits over source and values. 1; 0 when the record takes no
 * part because a rule rejects it; negative, with a sentence, when a column of the key is NULL. */
int engine_judged_key(struct engine *e, const struct judged *row, uint8_t key[16]);
/* In place of engine_apply for a record with an event time that is late_s too old: into the table `late`. LIVE
 * only, and only for a source that drops late records. */
int engine_drop_late(struct engine *e, const struct judged *row, int64_t late_s);
/* Writes (or replaces) the row of a file. */
int engine_file(struct engine *e, const struct file_fact *fact);

/* Writes all pending state. Inside the transaction. FRESH: once, after the last record. */
int engine_flush(struct engine *e);
/* LIVE, behind the last flush of an engine that works no more: what waits in front of tables of keys
 * (operator/recent.h) goes there. In the same transaction, or in one of its own behind engine_begin. */
int engine_settle(struct engine *e);
/* FRESH: builds indexes, makes the views. After engine_flush. */
int engine_install(struct engine *e);
/* Drops cached state: after a rollback. */
void engine_forget(struct engine *e);

const struct engine_counts *engine_counts(const struct engine *e);
/* FRESH, after engine_flush: what the operators kept about keys (state_size.h); "" when they kept nothing. */
const char *engine_state(struct engine *e);
/* The sentence for a person about the first failure since engine_open or engine_forget; "" if none. */
const char *engine_error(const struct engine *e);
void engine_close(struct engine *e); /* NULL is allowed */

#endif
