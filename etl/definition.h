/* definition.h - a pipeline definition, loaded: one JSON file turned into plain structs.
 *
 * docs/formats/pipeline.md is the language. definition_load reads, checks and resolves everything:
 * names are indexes afterwards, expressions are compiled and typed, macros in views are expanded. What
 * it returns is immutable and may be shared by threads.
 *
 *     feeds[]: what is read, each with columns and rules of its own       tables[]            views[]
 *     columns[]         derive[]   built in          rules[]
 *     +--------------+----------+-----------+       ordinal i+1      store      <- rows   SQL text
 *     | fields typed | computed | _file ... |  -->  is rules[i] -->  aggregate  <- table
 *     +--------------+----------+-----------+                        sessions   <- table
 *          feed.columns: the values of a struct row, in this order
 *
 * Every error names the file and the key path: `web.json: source.columns[3].type: unknown type "int";
 * did you mean "integer"?`. All memory belongs to the definition. */
#ifndef MILLRACE_ETL_DEFINITION_H
#define MILLRACE_ETL_DEFINITION_H

#include "etl/expr/expr.h"
#include "etl/row.h"
#include "lib/base/bytes.h"
#include "lib/base/err.h"

/* --- columns of a row --- */

enum column_origin { COLUMN_FIELD, COLUMN_DERIVED, COLUMN_BUILTIN };

/* The built-in columns stand last, in this order; feed.builtin is the index of the first. */
enum builtin_column {
    BUILTIN_SOURCE,      /* _source: text, the feed's name */
    BUILTIN_FILE,        /* _file: text */
    BUILTIN_LINE,        /* _line: integer */
    BUILTIN_BYTE_OFFSET, /* _byte_offset: integer */
    BUILTIN_NUMBER,      /* _number: integer */
    BUILTIN_REPEATED,    /* _repeated: integer, 0 or 1; needs source.in_file.repeats */
    BUILTIN_LATE_S,      /* _late_s: integer; needs source.in_file.lateness */
    BUILTIN_COUNT,
};

struct column {
    const char *name;
    enum value_type type;
    int scale; /* digits after the point of VALUE_DECIMAL, else 0 */
    enum column_origin origin;
    const struct field_spec *field; /* COLUMN_FIELD: how its text becomes a value (etl/source/field.h) */
    const struct expr *expr;        /* COLUMN_DERIVED: over the columns before it */
};

/* --- rules: rules[i] has ordinal i + 1 --- */

enum severity {
    SEVERITY_WARN,   /* recorded in `warnings`; the row passes */
    SEVERITY_REJECT, /* recorded in `quarantine`; the row goes to this rule's bucket */
    SEVERITY_FAIL,   /* the run ends with status 1, the database stays as it was */
};

/* What fk and sum_equals look at: the rows of another table with the row's key. */
struct reference {
    int table;    /* index in definition.tables; of a source's rule a store of earlier sources, known when all tables
                     are; of a table's rule any table before it */
    int *columns; /* of it: equal to rule.columns, in their order; NULL is equal to nothing */
    /* sum_equals: its column that is summed; the sum and the value of rule.column are brought to one scale and may
     * differ by the tolerance. fk: -1. */
    int of;
    int64_t of_factor, value_factor, tolerance;
};

struct rule {
    const char *name; /* unique within its feed */
    enum severity severity;
    const struct rule_class *class; /* etl/rule/rule.h */
    /* Judged among rows (etl/admission.h): */
    bool unique;
    struct reference *reference; /* fk, sum_equals; else NULL */
    int column;                  /* index in feed.columns, or -1 when it concerns the whole row */
    /* What it reads, indexes in feed.columns: it is not evaluated for a row in which one of these did
     * not fit its type. unique, fk, sum_equals: the columns of its key; none of them means all raw fields as read, of
     * a table all columns. */
    int *columns;
    int column_count;
    const char *at; /* key path, for messages */
    int item;       /* its place in the list */
    void *spec;     /* what the class made of its own keys */
};

/* --- sources, as the definition calls them: what is read, and what a good row of it is --- */

struct feed {
    const char *name;  /* of the source; the pipeline's when there is only one without a name */
    const char *at;    /* key path of its object, for messages: "source" or "sources[2]" */
    const char *path;  /* the definition's, for messages */
    int index;         /* in definition.feeds; struct record and struct file_fact name it so */
    int rank;          /* its place among all names in byte order: the first part of a position */
    bool optional;     /* a folder without a matching file is no error */
    const char *topic; /* "topic" of this source; NULL: the pipeline's (etl/stream/topics.h) */

    const struct format *format;    /* etl/source/format.h */
    const struct source_spec *spec; /* etl/source/spec.h; opaque to operators and drivers */
    int time;                       /* index in columns of the event time ("time"), -1 when none is declared */
    bool retyped_fails;             /* "drift": a value that does not fit ends the run */
    bool late_drop;                 /* a stream puts records that come too late into the table `late` */
    int64_t late_after_s;           /* older than this behind the newest of their partition is too late */

    /* How a load mode other than full meets rows that it has loaded already (etl/batch/batch.h) */
    int watermark;       /* a declared integer or timestamp column that grows when a row changes; -1: none */
    int64_t look_back_s; /* rows so far behind the largest one seen are looked at again */
    bool deletes;        /* rows that are gone are found by comparing keys */
    int *key, key_count; /* declared columns: a record replaces the one with the same values */

    struct column *columns;
    int column_count;
    int field_count; /* columns[0 .. field_count) are declared fields */
    int builtin;     /* index of BUILTIN_SOURCE, the first */

    struct rule *rules;
    int rule_count;
    int among_count; /* how many of them are judged among rows */
};

/* --- tables --- */

enum table_kind {
    TABLE_STORE,     /* keeps rows */
    TABLE_AGGREGATE, /* one row per group of an earlier table */
    TABLE_SESSIONS,  /* one row per session of a table */
    TABLE_SELECT,    /* rows of an earlier table, filtered and computed */
    TABLE_JOIN,      /* rows of a table, each with what belongs to it in another */
    TABLE_RANKING,   /* the first rows of each key: top_n, dedupe, scd type 1 */
    TABLE_HISTORY,   /* the versions of each key: scd type 2 */
};

enum aggregate_function {
    AGGREGATE_NONE, /* not an aggregate: a copied or a `by` column */
    AGGREGATE_COUNT,
    AGGREGATE_COUNT_DISTINCT, /* NULL is not counted */
    AGGREGATE_SUM,            /* integer or decimal; NULL adds nothing; 0 for an empty set */
    AGGREGATE_MIN,            /* NULL is skipped */
    AGGREGATE_MAX,
    AGGREGATE_FIRST,    /* the value of the row with the smallest (event time, _file, _byte_offset, value) */
    AGGREGATE_LAST,     /* with the largest one */
    AGGREGATE_DURATION, /* sessions only: max(time) - min(time), seconds */
};

struct table_column {
    const char *name;
    enum value_type type; /* integer, decimal, text, timestamp or date */
    int scale;
    enum aggregate_function function;
    /* AGGREGATE_NONE: the input column that is copied. Otherwise the argument; -1 for count() and
     * duration(). "Input" is the parent's columns; a store has table_input.columns instead. */
    int input;
    const struct expr *where; /* over the input; the row counts for this column only where true; NULL: always */
    const struct expr *expr;  /* select: computed over the input; NULL: copied */
};

/* Windows of an aggregate: from offset_s + k * hop_s on, size_s long, the end excluded. The two columns behind the
 * parent's are the window's start and end: inputs parent.column_count and the next are theirs. */
struct window {
    int time; /* timestamp column of the parent */
    int64_t size_s, hop_s, offset_s;
};

/* A select with a row for each part of a list. The part and its place, from 1, are inputs parent.column_count and the
 * next. */
struct split {
    int column;     /* text column of the parent */
    const char *by; /* what stands between parts; NULL: the text is a JSON array */
};

enum join_match {
    JOIN_LOOKUP,   /* the last right row with the key */
    JOIN_ALL,      /* every one */
    JOIN_AS_OF,    /* the last one whose time is not after the left row's */
    JOIN_VALID,    /* the last one with right_time <= the left row's time < right_end (NULL: for ever) */
    JOIN_INTERVAL, /* every one with a time from before_s before the left row's to after_s after it */
};

/* Columns of a join: inputs below left.column_count are the left table's, those behind it the right one's. */
struct join {
    int right; /* index in definition.tables; the left table is the parent */
    enum join_match match;
    bool keeps_unmatched; /* a left row without a match stays, with NULLs */
    int *left_keys, *right_keys;
    int key_count;
    int left_time, right_time, right_end; /* timestamp columns; -1 where the match has no use for them */
    int64_t before_s, after_s;
};

/* The first `n` rows of each key, in an order. Its table has all columns of the parent. */
struct ranking {
    int *keys, key_count; /* columns of the parent */
    struct sort_term {
        int column;
        bool descending;
    } * order; /* then position and all columns, all descending if `ties_descending` */
    int order_count;
    bool ties_descending;
    int64_t n;
    bool ranked; /* one more column: the place in the order, from 1 */
};

/* The versions of each key: a row of the parent in which a tracked column differs from the row before it. Its table
 * has all columns of the parent, then valid_from, valid_to, current. */
struct history {
    int *keys, key_count;
    int *tracked, tracked_count;
    int time;
};

/* What a store takes from one feed. */
struct table_input {
    int feed; /* index in definition.feeds */
    /* Which rows. ROW_VALID for valid ones, else the ordinal of the rule whose bucket is kept (for typed
     * rows of rejects; a value that did not fit its type is NULL there). */
    int bucket;
    int *columns;             /* for each of the table's columns: its index in feed.columns */
    const struct expr *where; /* over feed.columns; NULL: all rows */
};

struct table {
    const char *name;
    const char *at; /* key path, for messages */
    enum table_kind kind;
    struct table_input *inputs; /* store: at least one, each of another feed; NULL otherwise */
    int input_count;
    int parent; /* index in definition.tables, smaller than its own; -1 for a store */
    /* The store whose rows these are, in the end: itself, or the parent's origin where a row of the table is a
     * row of the parent. NULL for groups and sessions. */
    const struct table *origin;
    const struct expr *where; /* over the input (see table_column); NULL: all rows; a store's are in its inputs */
    /* Columns in table order. Aggregate and sessions: the `by` columns first, by_count of them. A table with
     * an origin has, in the database, `_file` and `_byte_offset` after these (the record's position), and
     * `_source` before them when the origin has several inputs (table_has_source); they are not listed here
     * and a definition may not list them. */
    struct table_column *columns;
    int column_count;
    int by_count;                /* 0 for an aggregate: one row, always there */
    int time;                    /* sessions: index of the time column (VALUE_TIMESTAMP) in the parent's columns.
                                    others: index in its own columns of the event time, -1 when there is none
                                    (needed by first and last: the loader checks) */
    int64_t gap_s;               /* sessions: a gap of more than this splits, exactly this does not */
    const struct window *window; /* aggregate; NULL: none */
    const struct split *split;   /* select; NULL: none */
    const struct join *join;     /* each for its kind */
    const struct ranking *ranking;
    const struct history *history;
    int *primary_key, primary_key_count; /* columns; 0: none is declared */
    struct foreign_key {
        int *columns; /* as many as the other's primary key, in its order */
        int table;    /* index in definition.tables, whose primary key is meant; it may be a later one or itself */
        const char *at;
    } * foreign_keys;
    int foreign_key_count;
    int item; /* its place in the list of the definition */
    /* Rules of a table stand between its rows and what later tables read: its object makes three tables. */
    bool unchecked;           /* NAME_all: the rows as they are made */
    const struct feed *rules; /* NAME, NAME_violations, made of it: the rules, and its columns as of a source */
    bool violations; /* NAME_violations: what breaks one, with _rules and _severity. NAME: what is not rejected */
    int **indexes;   /* column lists of secondary indexes asked for by the definition; each ends with -1 */
    int index_count;
};

/* A view: `CREATE VIEW name AS sql`. Macros are expanded; plain SQLite that its shell can read. */
struct view {
    const char *name;
    const char *sql;
    const char *at;
};

/* --- outputs: tables and views as files beside the database (etl/export/export.h) --- */

enum export_format { EXPORT_CSV, EXPORT_NDJSON };

struct export
{
    const char *relation; /* the name of a table or a view, perhaps one that every warehouse has */
    int table;            /* index in `tables`; -1: of no definition's table, values are as SQLite has them */
    enum export_format format;
    const char *file;           /* a name without a folder; unique among the outputs */
    const char *const *columns; /* in this order; NULL: all */
    int column_count;
    struct export_term {
        const char *column;
        bool descending;
    } * order; /* all columns in their order are behind these */
    int order_count;
    /* CSV */
    char delimiter;
    bool header;
    const char *null; /* what stands for NULL, without quotes */
    const char *at;   /* key path, for messages */
    int index;        /* in "outputs" */
};

/* --- outputs: tables as topics (etl/changelog/outbox.h) --- */

struct changelog {
    const char *relation;   /* the name of a table, perhaps one that every warehouse has */
    int table;              /* index in `tables`; -1: of no definition's table */
    const char *topic;      /* unique among the changelogs without regard to case, and none that is read */
    int partitions;         /* of the topic if it must be made */
    bool letters;           /* quarantine, warnings, late: a message is a record and what is said of it, not a row */
    const char *const *key; /* columns that name a row; of letters those of its position. May be none */
    int key_count;
    const char *const *columns; /* of the value, in this order; NULL: all */
    int column_count;
    const char *at; /* key path, for messages */
    int index;      /* in "outputs" */
};

/* --- the whole --- */

struct definition {
    const char *path;  /* as given, for messages */
    const char *name;  /* "pipeline" */
    const char *topic; /* "topic", default the name */
    char digest[65];   /* SHA-256 of the file's bytes and of those of files it names, hexadecimal */

    struct feed *feeds; /* in the order in which a batch reads them */
    int feed_count;

    struct table *tables;
    int table_count;
    struct view *views;
    int view_count;
    struct export *exports; /* "outputs" that are files */
    int export_count;
    struct changelog *changelogs; /* "outputs" that are topics */
    int changelog_count;

    struct arena arena;
};

/* Loads and checks a file. On failure (ERR_IO, ERR_NOTFOUND, ERR_INVALID) `error` says what and where
 * and *out is NULL. */
int definition_load(const char *path, struct definition **out, struct err_text *error);
/* The text of a file alone, without the byte order mark that some editors write; the same errors. `out` is released by
 * the caller. */
int definition_text_load(const char *path, struct buf *out, struct err_text *error);
/* definition_load from memory; `path` is for messages. */
int definition_parse(struct slice text, const char *path, struct definition **out, struct err_text *error);
void definition_free(struct definition *d); /* NULL is allowed */

/* Index in `feeds` or -1. */
int definition_feed(const struct definition *d, struct slice name);
/* A source of it drops late records, so that there is a table `late`. */
bool definition_drops_late(const struct definition *d);
/* Index in `tables` or -1. */
int definition_table(const struct definition *d, const char *name);
/* The feed of a rank. */
const struct feed *definition_ranked(const struct definition *d, int rank);

/* A loaded record of it may be replaced or taken back later: its bytes must be kept. */
static inline bool feed_changes(const struct feed *feed)
{
    return feed->watermark >= 0 || feed->deletes || feed->key_count > 0;
}
/* Index in `columns` or -1. */
int feed_column(const struct feed *feed, const char *name);
/* No source: the columns of a table, with its rules. */
static inline bool feed_is_table(const struct feed *feed)
{
    return !feed->format;
}
static inline bool rule_among_rows(const struct rule *rule)
{
    return rule->unique || rule->reference;
}
/* The name of a bucket: rules[ordinal - 1].name, "format" for 0, "type" for rule_count + 1. */
const char *feed_rule_name(const struct feed *feed, int ordinal);

/* Rows of a store that has several sources say of each which one, wherever they go. */
static inline bool table_has_source(const struct table *t)
{
    return t->origin && t->origin->input_count > 1;
}
/* The event time among the table's own columns, or -1. */
int table_time(const struct table *t);

/* "integer", "decimal", ...; "null" for VALUE_NULL. */
const char *value_type_name(enum value_type type);

#endif
