/* insert_loop.h - the least that filling a warehouse costs: its rows, already parsed and in memory, inserted into empty
 * tables with the same schema, the same indexes and the same `synchronous`.
 *
 *     insert_rows_read(warehouse.db)  tables with their SQL, indexes with theirs, every row
 *     insert_loop(rows, new.db)       CREATE, INSERT ..., CREATE INDEX, COMMIT, checkpoint; what it took
 *
 * What begins with "millrace_" is bookkeeping, not warehouse, and is left out. */
#ifndef MILLRACE_BENCH_SPEED_INSERT_LOOP_H
#define MILLRACE_BENCH_SPEED_INSERT_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/err.h"

struct insert_rows;

/* Errors are of SQLite, with a sentence. */
int insert_rows_read(const char *db, struct insert_rows **out, struct err_text *error);
void insert_rows_free(struct insert_rows *r); /* NULL is allowed */

struct insert_took {
    double wall_s, cpu_s;
};

/* Fills `db`, a file that is not there yet. `live`: the indexes are there from the beginning and a transaction has
 * 10,000 rows, as in a stream; else all is one transaction and the indexes are made at its end, as in a batch. */
int insert_loop(const struct insert_rows *r, const char *db, bool live, struct insert_took *took,
                struct err_text *error);

#endif
