/* versions.h - records that change: which version of each the warehouse holds, and its bytes, to take it back.
 *
 *     millrace_versions(source, file, number, version, gone, byte_offset, layout, raw)
 *
 * A source that changes (a table with a watermark) sends a record again when it has changed, with a greater version,
 * and says that it is gone with one, too. Whatever the order in which they arrive, the greatest version is what counts.
 */
#ifndef MILLRACE_ETL_STREAM_VERSIONS_H
#define MILLRACE_ETL_STREAM_VERSIONS_H

#include <sqlite3.h>
#include <stdbool.h>

#include "etl/row.h"
#include "lib/base/err.h"

struct versions;

/* Makes the table when it is not there. */
int versions_open(sqlite3 *db, struct versions **out, struct err_text *error);
void versions_close(struct versions *v); /* NULL is allowed */

enum versions_verdict {
    VERSION_OLD,      /* there is a newer one, or this very one, or one with the same bytes: nothing is to be done */
    VERSION_FIRST,    /* the warehouse holds none */
    VERSION_REPLACES, /* it holds *old, which is to be taken back */
};

/* Notes a version of a record, inside the transaction that loads it. `gone`: it is no more, the bytes say nothing. *old
 * lives in the arena but for its file, which is that of `record`. Negative: an error of the database. */
int versions_take(struct versions *v, struct slice source, const struct record *record, int64_t version, bool gone,
                  struct arena *arena, struct record *old, struct err_text *error);

#endif
