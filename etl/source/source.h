/* source.h - from a folder of files to records: listing, digests, record boundaries.
 *
 *     source_list_read   names (byte order) + digest + lines, identical files marked
 *       source_open      one file: its header line is read and checked against the columns
 *         source_next    one record after the other, each a stretch of the file
 *       source_close
 *     source_list_release
 *
 * What a record is its format says (format.h): the bytes between line ends, an element of an array or of XML. Memory
 * does not depend on the size of a file. Nothing is decoded here: that is row_parser's work (etl/parse.h), which needs
 * only the record, so that a record can travel over a topic in between. What only a reader of the whole file can know
 * travels with it: position, layout of the header, repeated, late_s. */
#ifndef MILLRACE_ETL_SOURCE_H
#define MILLRACE_ETL_SOURCE_H

#include "etl/definition.h"
#include "etl/row.h"

/* How far a table's watermark column has been seen: a stored value of it. */
struct watermark {
    enum { WATERMARK_NONE, WATERMARK_INTEGER, WATERMARK_TEXT } kind;
    int64_t i;
    char text[64]; /* a longer one is none: then every row is looked at */
};

struct source_file {
    const char *name; /* relative to the directory; of a SQLite table FILE:TABLE */
    char digest[65];  /* SHA-256, hexadecimal */
    uint64_t bytes;
    uint64_t lines; /* line ends, plus one when the last line has none; of a gzip'd file those of its text */
    bool gzip;
    /* Of the file when it was digested; 0, of a file that no list has: source_next does not ask whether it changed. */
    uint64_t inode;
    int64_t modified_ns;
    struct sqlite_rows *rows; /* of a table: open in a read transaction of its file until the lists are released */
    /* The name of the smallest file with the same digest, when that is not this one: the file is not
     * read. NULL otherwise. */
    const char *same_as;
    /* Set by a caller of source_open who has read this file before: */
    uint64_t from; /* records that begin before this offset are passed over */
    bool grows;    /* it may be longer by now: what stands behind `bytes` is not read */
    bool as_then;  /* with `grows`: nor is its last line waited for, because it was read when it ended there */
    const struct watermark *since; /* of a table with a watermark: older rows, beyond its look-back, are passed over */
    bool follows; /* with `grows`: records that more bytes could change are not given, see source_extend */
};

struct file_fact source_file_fact(const struct feed *feed, const struct source_file *file);

struct source_list {
    const struct feed *feed;
    const struct source_list *before; /* of source_lists: that of the source before; NULL: none */
    struct source_file *files;        /* byte order of the names */
    int count;
    uint64_t bytes, lines; /* of those that are read */
    const char *folder;    /* one whose name matches; NULL: none does */
    struct arena arena;
};

/* Lists the regular files of `dir` that match the feed's glob, not recursively, and reads each once for its
 * digest. No match is no error here. The error text names the directory or file. */
int source_list_look(const struct feed *feed, const char *dir, struct source_list *out, struct err_text *error);
/* ERR_NOTFOUND when nothing matched, unless the feed is optional. */
int source_list_check(const struct source_list *list, const char *dir, struct err_text *error);
/* Both. */
int source_list_read(const struct feed *feed, const char *dir, struct source_list *out, struct err_text *error);
void source_list_release(struct source_list *list);
/* ERR_INVALID when the name of a file is not UTF-8: it is the text of `_file`, and of a key and JSON in a stream. */
int source_name_check(const char *dir, const char *name, struct err_text *error);

/* A list of one file, whether it matches or not. */
int source_list_file(const struct feed *feed, const char *dir, const char *name, struct source_list *out,
                     struct err_text *error);

/* The digest that the file had when it was `bytes` long (of a table: its first rows, as `digest` counts them), if it
 * has only grown since then. */
int source_prefix_digest(const char *dir, const struct source_file *file, uint64_t bytes, char digest[65],
                         struct err_text *error);

/* Raises *io to the largest value of the feed's watermark column in this table. */
int source_watermark(const struct feed *feed, const struct source_file *file, struct watermark *io,
                     struct err_text *error);
/* Calls `each` with every rowid of a table, in order, until that is not 0. */
int source_numbers(const struct source_file *file, int (*each)(void *context, uint64_t number), void *context,
                   struct err_text *error);

/* Those of all sources of a definition, in its order. */
struct source_lists {
    struct source_list *of; /* by feed */
    int count;
    uint64_t bytes, lines; /* of all files that are read */
};
int source_lists_look(const struct definition *d, const char *dir, struct source_lists *out, struct err_text *error);
int source_lists_check(const struct source_lists *lists, const char *dir, struct err_text *error);
int source_lists_read(const struct definition *d, const char *dir, struct source_lists *out, struct err_text *error);
/* ERR_INVALID when `path`, which a run would write to, is one of the files, under whatever name. */
int source_lists_spare(const struct source_lists *lists, const char *dir, const char *path, struct err_text *error);
void source_lists_release(struct source_lists *lists);

struct source_reader;

/* Opens one file of the list. ERR_INVALID when its header lacks a declared column (text names file and
 * column), ERR_CORRUPT when bytes are not in the declared encoding and the source says "fail". */
int source_open(const struct feed *feed, const char *dir, const struct source_file *file, struct source_reader **out,
                struct err_text *error);
/* The header line of a file that `grows` may not be whole yet: then source_open gives 1 and no reader. For a file that
 * is followed (formats of lines) source_next gives 0 before a record that is not whole, and goes on there after
 * source_extend. Once the file's `follows` is false again, what is left is a record. */
void source_extend(struct source_reader *r, uint64_t bytes);
/* The open file, for fstat and pread. */
int source_descriptor(const struct source_reader *r);
/* Line ends in what was consumed so far. */
uint64_t source_lines(const struct source_reader *r);

/* 1: *out is the next record, valid until the next call. 0: end of file. Negative: `error` names file,
 * line and reason. At the end a file whose time of modification has moved since the list was made is digested again:
 * ERR_INVALID when other bytes are in it, because `digest` is of what nobody has read. */
int source_next(struct source_reader *r, struct record *out, struct err_text *error);
/* For a caller that parses every record of the file, in their order: late_s is left to row_parse_in_order, so that no
 * record is split twice. Before the first source_next; NULL when the source does not ask for late_s. */
struct lateness *source_lateness(struct source_reader *r);
/* Of the record given last: bytes behind the end of the file could change it, because its line has no end yet or stands
 * behind a quote that is not closed. True from the first such record on, which is the last one of most files. A line
 * without an end is not given at all while its file grows: it is not whole. */
bool source_tentative(const struct source_reader *r);
/* After the end: there is such a line. */
bool source_waits(const struct source_reader *r);
/* Bytes of the (decompressed) file consumed so far, for progress. */
uint64_t source_consumed(const struct source_reader *r);
void source_close(struct source_reader *r); /* NULL is allowed */

#endif
