/* kept_record.h - a record as a column list of a state table, enough to parse it again when it is judged again.
 *
 * A row's rowid is the record's id.
 *
 *     file, byte_offset, line, number, layout, repeated, late_s, raw */
#ifndef MILLRACE_ETL_OPERATOR_KEPT_RECORD_H
#define MILLRACE_ETL_OPERATOR_KEPT_RECORD_H

#include <sqlite3.h>

#include "etl/sink/pending.h"

#define KEPT_RECORD_NAMES "rowid, file, byte_offset, line, number, layout, repeated, late_s, raw"
enum { KEPT_RECORD_COUNT = 9 };
#define KEPT_RECORD_COLUMNS                                                                                            \
    "file TEXT NOT NULL, byte_offset INTEGER NOT NULL, line INTEGER NOT NULL, number INTEGER NOT NULL, "               \
    "layout TEXT NOT NULL, repeated INTEGER NOT NULL, late_s INTEGER NOT NULL, raw BLOB NOT NULL"

/* As the parameters from `first` on, the rowid before the others; the record must live until the statement has run. */
void kept_record_bind(sqlite3_stmt *s, int first, const struct record *record);
/* As the next columns of a row, in the order of the names. */
void kept_record_add(struct pending *b, const struct record *record);
/* From the columns from `first` on, the rowid before the others; copied into `arena`. */
void kept_record_read(sqlite3_stmt *s, int first, int feed, struct arena *arena, struct record *out);

#endif
