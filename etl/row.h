/* row.h - what travels through a pipeline: values, positions, records, rows, violations.
 *
 *     file bytes -> [source] -> record -> [row_parser: split, type, derive, rules] -> row
 *                                      -> [unique] -> change (+row / -row) -> [operators] -> [sink]
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
    VALUE_TEXT,      /* text: UTF-8 (converted by the row parser) */
    VALUE_TIMESTAMP, /* i: seconds since 1970-01-01T00:00:00 of the declared zone's wall clock (UTC when the
                        column converts), no fraction */
    VALUE_DATE,      /* i: days since 1970-01-01 */
};

struct value {
    enum value_type type; /* VALUE_NULL, or the static type of the column */
    int64_t i;
    struct slice text;
};

/* Where a record of a source comes from. Order of positions: file name bytes, then byte offset. `line` is the
 * 1-based line on which the record begins, 0 in a file without lines; offset and line are of the decompressed
 * bytes. `number`, from 1, is what names the record within its file, once and for all: the line where records
 * are lines, else their ordinal or key. */
struct position {
    struct slice file; /* relative to --in */
    uint64_t byte_offset;
    uint64_t line;
    uint64_t number;
};

/* The event times of a file so far, for who reads its records in order. */
struct lateness {
    bool has_time;
    int64_t time_max; /* the largest */
};

/* What a source yields and what a topic carries: raw bytes plus what only a reader of the file in
 * order can know. A stream must carry every member: row_parse needs all of them. */
struct record {
    struct position at;
    struct slice raw; /* the record's bytes as in the file, without the line end */
    /* How the fields of this file map to the declared columns, from its header line: short text made
     * by the source and read by the row parser ("8" or "8:0,2,1"); empty when the file has no header. */
    struct slice layout;
    bool repeated;  /* an identical record stands earlier in this file (only when the source asks) */
    int64_t late_s; /* seconds older than the largest event time before it in this file, 0 if not (when asked) */
    int feed;       /* its source: index in definition.feeds */
    /* Live: the rowid of what is kept of it in stores and in the tables of its rules, from 1; 0 when it is not known:
     * then it is found by its position. Which record has which is a matter of arrival, and nothing else may depend on
     * it. */
    int64_t id;
};

/* What is known of a source file: one row of the table `files`. Which of two identical files counts as
 * the copy is decided over the whole list (smaller name first), never by arrival. */
struct file_fact {
    struct slice file;                    /* relative to --in */
    struct slice digest;                  /* SHA-256, 64 hexadecimal digits */
    uint64_t bytes;                       /* of the file */
    uint64_t lines;                       /* physical lines, headers included */
    struct slice skipped_as_identical_to; /* name of the twin that is read instead; empty: this one is read */
    int feed;                             /* whose file it is: index in definition.feeds */
};

/* One broken rule. `ordinal` counts the rules in the definition from 1; 0 is the format itself
 * (rule name "format"); feed.rule_count + 1 is a value that does not fit its column's type where
 * no `type` rule is declared for that column (rule name "type"). */
struct violation {
    int ordinal;
    struct slice rule;   /* its name */
    struct slice column; /* "" when it concerns the whole row */
    /* The offending text as read; "" when it concerns the whole row, or what is wrong with a malformed one where its
     * format can tell. */
    struct slice value;
    bool drifts; /* `value` is what the source's "drift" ends a run for */
};

enum { ROW_VALID = -1 };

/* A parsed row: one value for each of feed.columns (declared, then derived, then built in). */
struct row {
    const struct record *record;
    struct value *values;
    int value_count;
    struct violation *violations; /* ascending ordinal; has room for one more per unique rule */
    int violation_count;
    /* The row's bucket: the lowest ordinal among its violations whose severity is reject or fail, else
     * ROW_VALID. row_parse does not know about `unique`: the engine lowers it. */
    int bucket;
};

#endif
