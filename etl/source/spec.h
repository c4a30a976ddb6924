/* spec.h - the `source` object of a definition, read. Inside etl only. */
#ifndef MILLRACE_ETL_SOURCE_SPEC_H
#define MILLRACE_ETL_SOURCE_SPEC_H

#include "etl/definition.h"
#include "etl/document.h"
#include "etl/source/access_log.h"
#include "etl/source/around.h"
#include "etl/source/csv.h"
#include "etl/source/encoding.h"
#include "etl/source/field.h"
#include "etl/source/format.h"

struct source_spec {
    const struct format *format;
    const char *glob;
    enum encoding encoding;
    bool encoding_rejects; /* a record with undecodable bytes is rejected; otherwise reading stops there */
    bool repeats, lateness;
    const char *const *nulls;
    bool trim;
    /* "drift", which ends a run: what no column reads, a column that is not there, titles in another order than
     * declared, values that do not fit */
    struct {
        bool new_fails, missing_fails, reordered_fails, retyped_fails;
    } drift;
    /* CSV */
    struct csv_spec csv;
    bool header;
    bool fields_line;           /* the header is a comment, "#Fields: a b c", and another one may come anywhere (W3C) */
    bool ragged;                /* missing fields are NULL, surplus ones are ignored */
    int fields;                 /* exact number of fields without a header, 0: as many as the columns need */
    int fields_least;           /* without a header: the largest field number that a column names */
    int skip_lines;             /* before the header, or before the first record */
    const char *comment_prefix; /* lines that begin so are no records; "" for none */
    /* access log */
    const struct log_layout *layout;
    const char *log_time; /* pattern of {time} */
    bool decode;
    /* NDJSON, JSON, SQLite */
    struct json_paths *json;
    /* XML */
    struct xml_paths *xml;
    bool own_encoding; /* `encoding` is declared: whatever the file says */
    /* JSON, XML: the way to the records */
    const char *records;
    bool lines;            /* JSON: a file is several documents, one behind the other */
    bool extra;            /* the last declared column holds what no other column reads, as a JSON object */
    struct around *around; /* what columns read from around a record; NULL: nothing */
    /* SQLite; its columns' names are their headers */
    const char *table;
    /* captures: of servers; they end with 0. NULL: all */
    const int *ports;
};

/* Reads a source: fills feed->format, feed->spec and the declared columns (feed->columns, feed->field_count).
 * `room` more columns fit into the array. The object may also have `own_keys` (NULL-terminated), which the
 * caller reads. Failures go to the node's document. */
void source_spec_read(struct node source, const char *const *own_keys, struct feed *feed, int room);

/* Of a column that has a path: what becomes of a file in which it leads to nothing. */
void spec_path_read(struct node column, const char *path, struct field_spec *f);

/* The keys that several formats have. */
/* drift, with these keys (NULL-terminated); `missing_fails` is the default of missing_column. */
void spec_drift_read(struct node source, struct source_spec *s, const char *const *known, bool missing_fails);
void spec_encoding_read(struct node source, struct source_spec *s); /* encoding, on_bad_encoding */
void spec_lines_read(struct node source, struct source_spec *s);    /* skip_lines, comment_prefix */

/* One line of text at the start of `rest`: its length without LF or CRLF; *next as in csv_record_length. */
size_t source_line_length(struct slice rest, size_t *next);

#endif
