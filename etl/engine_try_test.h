/* engine_try_test.h - the promise of the engine, tried: whatever the order of arrival, the commits, the roll-backs
 * and the number of engines on one database, after every commit the tables are those of a batch over the same
 * records. In tests only.
 *
 *     struct definition *d = try_definition(JSON);
 *     try_streams(d, 40, line_write, false);                  random records, see below
 *     sqlite3 *db = try_batch(d, LINES);                      what a batch makes of these lines
 *     check_str(try_text(db, "SELECT a, b FROM t ORDER BY a"), "1|x;2|y");
 */
#ifndef MILLRACE_ETL_ENGINE_TRY_TEST_H
#define MILLRACE_ETL_ENGINE_TRY_TEST_H

#include <sqlite3.h>

#include "etl/engine.h"
#include "lib/base/random.h"

enum { TRY_RECORDS = 60, TRY_LINE_BYTES = 96 };

/* Writes a random record; domains should be small, so that everything collides. */
typedef void try_line(struct random *r, char *out, size_t size);

struct definition *try_definition(const char *json);
/* `seeds` streams: each over TRY_RECORDS records of three files of every source, some of them repeated, in a random
 * order, in random commits of two engines on one database (of every third stream the first half: of one that is alone),
 * some of which are rolled back and done again. `replaces`: between them records that were applied are taken back, and
 * most of these positions get another record. */
void try_streams(struct definition *d, int seeds, try_line *line, bool replaces);
/* A batch over lines of one file "f"; `lines` ends with NULL. */
sqlite3 *try_batch(struct definition *d, const char *const *lines);
/* --- steps of their own; each ends the test when it fails --- */
void try_sql(sqlite3 *db, const char *statements);
void try_ok(int result, const struct engine *e);
struct engine *try_opened(struct definition *d, sqlite3 *db, enum engine_mode mode);
/* The rows of a query: cells joined by |, rows by ;. Valid until the next call. */
const char *try_text(sqlite3 *db, const char *query);

#endif
