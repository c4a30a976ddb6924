/* format.h - what a format of sources is: the one table that definition, reader and row parser go by.
 *
 *     definition --keys_read, place_read--> source_spec, field_spec     what the source object and its columns say
 *     file       --open, next, close------> records                     where each begins and ends
 *     record     --split------------------> fields                      what its columns are read from
 *
 * A record is split far from its file, perhaps on another machine: `split` knows the specification, the record's
 * bytes and its layout, and nothing else. Inside etl/source and the row parser only. */
#ifndef MILLRACE_ETL_SOURCE_FORMAT_H
#define MILLRACE_ETL_SOURCE_FORMAT_H

#include "etl/definition.h"
#include "etl/document.h"
#include "etl/source/field.h"

struct source_spec;
struct source_reader;
struct source_file;
struct splitter;

struct source_list;

struct format {
    const char *name;
    const char *const *keys;   /* of a source, besides those that all formats have */
    const char *const *places; /* keys of a column that say where its value stands */
    bool plain;                /* records are text in the source's encoding: checked, then decoded before `split` */
    bool binary;               /* its files have no lines */
    bool rejects_bytes;        /* undecodable bytes reject the record unless the source says "fail" */
    bool empty_is_null;        /* the default of "null" is [""], else [] */
    bool trims;                /* the default of "trim" */
    bool misfit_is_malformed;  /* a value that does not fit its column makes the record none of this format */
    bool fields_are_all;       /* the fields are the whole record; otherwise `unique` of all goes by its bytes */

    /* --- definition --- */
    void (*keys_read)(struct node source, struct source_spec *s);
    /* Where a column's value stands: f->number, and f->headers where a file decides. */
    void (*place_read)(struct node column, struct source_spec *s, struct field_spec *f, const char *name);
    /* What a column leaves out; a new reference. NULL: a column says everything. */
    json_t *(*column_complete)(struct node column, const struct source_spec *s);
    /* "columns" of a source that has none; a new reference. NULL: it must have them. */
    json_t *(*columns_all)(const struct source_spec *s);

    /* --- files --- */
    /* What is to be known of a file before it is read; NULL: that of any file (list.c), which is then read through
     * the reader's input. */
    int (*scan)(struct source_list *list, const char *path, struct source_file *file, struct err_text *error);
    void (*forget)(struct source_file *file); /* with `scan`: closes what it keeps open */
    int (*open)(struct source_reader *r, struct err_text *error);
    int (*next)(struct source_reader *r, struct record *out, struct err_text *error); /* as source_next */
    void (*close)(struct source_reader *r);                                           /* NULL: nothing to do */

    /* --- records --- */
    void (*splitter_open)(struct splitter *s);  /* NULL: nothing to do */
    void (*splitter_close)(struct splitter *s); /* likewise */
    /* Fills s->fields and s->field_count; `text` is the record's, decoded when the format is plain. False: malformed.
     */
    bool (*split)(struct splitter *s, const struct record *record, struct slice text, struct arena *arena);
};

extern const struct format FORMAT_CSV, FORMAT_ACCESS_LOG, FORMAT_NDJSON, FORMAT_JSON, FORMAT_XML, FORMAT_SQLITE,
    FORMAT_HTTP_CAPTURE;
extern const struct format *const FORMATS[]; /* ends with NULL */

#endif
