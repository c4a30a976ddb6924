/* parts.h - what the parts of the draft hand to each other. Inside etl/draft only. */
#ifndef MILLRACE_ETL_DRAFT_PARTS_H
#define MILLRACE_ETL_DRAFT_PARTS_H

#include <stdbool.h>

#include "etl/draft/profile.h"
#include "etl/row.h"
#include "lib/base/bytes.h"
#include "lib/base/err.h"

/* The sample. */
struct sample {
    const char *path, *dir, *file; /* path = dir/file */
    struct arena *arena;           /* of the whole draft */
    const char *glob;              /* matches `file` and nothing else, as JSON */
    struct slice head;             /* the beginning of its text; empty for a database */
    bool whole;                    /* nothing stands behind `head` */
    const char *encoding;          /* a name of the language; "utf-8" by default */
    const char *other_encodings;   /* "; as well as ...", in which it could be, too; NULL: none */
};

/* One column. */
struct draft_column {
    const char *name;  /* in the definition */
    const char *title; /* in the file */
    const char *place; /* `"header": "Title"`: JSON keys that say where it stands; "" when the name does */
    const char *note;  /* more to say in its comment; NULL: nothing */
    bool fixed;        /* its format gives it a type */
    bool decimals;     /* declared so: a value without digits behind the point has none by chance */
    bool truth;        /* JSON: true and false, nothing else */
    struct profile profile;
};

/* One source. */
struct draft_source {
    const char *name;
    struct buf settings;        /* JSON keys of the source but for its columns, `"format": "csv", "glob": ...` */
    const char *trial_settings; /* the same for reading the sample as text; NULL: `settings` */
    int records_skipped;        /* at the start of it, when it is read so: a header */
    struct buf notes;           /* sentences for its comment, each with a line end */
    struct draft_column *columns;
    int count;
    uint64_t left_out;  /* values of a record for which there is no column, because a source has no more */
    bool empty_is_null; /* in its format, without a word */
    uint64_t records, malformed;
};

struct draft {
    struct sample *sample;
    const char *name; /* of the pipeline */
    struct draft_source *sources;
    int count;
};

/* Adds a column; its name is made of the title (names.h). */
struct draft_column *draft_column_add(struct draft_source *s, struct arena *arena, const char *title);
struct draft_source *draft_source_add(struct draft *d, const char *name);
void draft_release(struct draft *d);
/* A sentence of the notes about what is `left_out`, if anything is. */
void draft_left_out_say(struct draft_source *s);
/* "settings" of a source begin so. */
void draft_settings_begin(struct draft_source *s, const struct sample *sample, const char *format);

/* --- shapes: which columns a source has; each adds sources to the draft --- */

int shape_csv(struct draft *d, struct err_text *error);
/* A log of the W3C: what its line #Fields names, and whether tabs stand between fields. */
bool shape_is_w3c(const struct sample *sample, struct slice *fields, bool *tabs);
int shape_w3c(struct draft *d, struct slice fields, bool tabs);
int shape_json(struct draft *d, bool lines, struct err_text *error);
int shape_log(struct draft *d, bool *is_log, struct err_text *error);
int shape_xml(struct draft *d, struct err_text *error);
/* A capture of packets, by its first bytes. */
bool shape_is_capture(struct slice head);
int shape_capture(struct draft *d);
int shape_sqlite(struct draft *d, struct err_text *error);

/* --- the definition as text --- */

void draft_write(const struct draft *d, const struct candidates *all, struct buf *out);

#endif
