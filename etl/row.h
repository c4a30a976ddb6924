/* row.h - what travels through a pipeline: values, positions, rows, violations, changes.
 *
 *     file bytes -> [source] -> record -> [parse, derive] -> row -> [rules] -> change (+row / -row)
 *                                                                        -> [operators] -> [sink]
 *
 * Both drivers (batch, stream) push the same records through the same stages. An operator receives
 * changes: sign +1 adds a row, -1 takes an earlier one back (a duplicate whose earlier twin arrived
 * later, a session that grew). In a batch over files in order no -1 ever happens at the source.
 *
 * Ownership: everything points into memory of the producer of the row and is valid during the call. */
#ifndef MILLRACE_ETL_ROW_H
#define MILLRACE_ETL_ROW_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/bytes.h"

enum value_type {
    VALUE_NULL,
    VALUE_INTEGER,   /* i: the number; booleans are 0 and 1 */
    VALUE_DECIMAL,   /* i: number x 10^scale of its column; the scale is static, per column */
    VALUE_TEXT,      /* text: UTF-8 (converted by the source) */
    VALUE_TIMESTAMP, /* i: seconds since 1970-01-01T00:00:00 of the declared zone's wall clock (UTC when the
                        column converts), no fraction */
    VALUE_DATE,      /* i: days since 1970-01-01 */
};

struct value {
    enum value_type type;
    int64_t i;
    struct slice text;
};

/* Where a record comes from. Order of positions: file name bytes, then byte offset. `line` is the
 * 1-based line on which the record begins; offset and line are of the decompressed bytes. */
struct position {
    struct slice file; /* relative to --in */
    uint64_t byte_offset;
    uint64_t line;
};

/* What a source yields and what a topic carries: raw bytes plus what only a reader of the file in
 * order can know. */
struct record {
    struct position at;
    struct slice raw;  /* the record's bytes as in the file, without the line end */
    bool repeated;     /* an identical record stands earlier in this file (only when the source asks) */
    int64_t late_s;    /* seconds older than the largest event time before it in this file, 0 if not (when asked) */
};

/* One broken rule. `ordinal` counts the rules in the definition from 1; 0 is the format itself. */
struct violation {
    int ordinal;
    struct slice rule;   /* its name */
    struct slice column; /* "" when it concerns the whole row */
    struct slice value;  /* the offending text as read */
};

/* A parsed row: one value for each column of the definition's source (declared, then derived). */
struct row {
    const struct record *record;
    struct value *values;
    int value_count;
    struct violation *violations; /* ascending ordinal */
    int violation_count;
};

#endif
