/* writer.h - the transactions of a worker, on a thread of their own: while one page is applied the next one is read.
 *
 *     loader's thread   | fill page 1 | give | fill page 2 ............ | give (waits) | ...
 *     writer's thread                 | BEGIN; apply page 1 | .......... | apply page 2; COMMIT |
 *
 * A transaction has one or more pages; the last one is given with `commit`.
 *
 * Between writer_give and the return of writer_wait the database belongs to the writer, and so does its engine but for
 * engine_judge. A failure ends the transaction, and what is given afterwards is not done; it is told by the next call
 * that can fail, until writer_forget. */
#ifndef MILLRACE_ETL_STREAM_WRITER_H
#define MILLRACE_ETL_STREAM_WRITER_H

#include <sqlite3.h>
#include <stdbool.h>

#include "etl/engine.h"
#include "etl/stream/page.h"

struct writer;

/* Opens an engine on a database that the supervisor has prepared. Definition and database outlive it. */
int writer_open(const struct definition *d, sqlite3 *db, enum engine_mode mode, int64_t run, struct writer **out,
                struct err_text *error);
void writer_close(struct writer *w); /* NULL is allowed; what is not committed is rolled back */

struct engine *writer_engine(const struct writer *w);

/* Results but for 0: LOADER_FENCED, ENGINE_RULE_FAILED, errors (loader.h). */

/* Does not wait: 0, or how it failed; *idle: there is nothing that it does. */
int writer_look(struct writer *w, bool *idle, struct err_text *error);
/* Waits until what was given before is done, then has this page done. It must not change until the writer is idle. */
int writer_give(struct writer *w, const struct page *page, bool commit, struct err_text *error);
int writer_wait(struct writer *w, struct err_text *error);
/* After writer_wait, by who gives no more: leaves nothing that waits in front of a table (operator/recent.h). */
int writer_settle(struct writer *w, struct err_text *error);
/* Waits, and rolls back what is not committed: the database is the only truth. */
void writer_forget(struct writer *w);

/* Another process has committed between two transactions. While the writer is idle. */
bool writer_is_shared(const struct writer *w);
/* The database has the id of the stream. After writer_wait. */
bool writer_stream_known(const struct writer *w);

#endif
