/* reader.h - the inside of a source_reader, for the formats. */
#ifndef MILLRACE_ETL_SOURCE_READER_H
#define MILLRACE_ETL_SOURCE_READER_H

#include "etl/operator/key_set.h"
#include "etl/source/input.h"
#include "etl/source/source.h"
#include "etl/source/spec.h"

struct source_reader {
    const struct feed *feed;
    const struct source_spec *spec;
    const struct source_file *file;
    struct slice name; /* of the file, as positions have it */
    char *path;        /* for messages */
    struct input in;
    bool tentative;    /* see source_tentative */
    bool waits;        /* see source_waits */
    uint64_t line;     /* number of the line that begins with in.rest, from 1 */
    struct buf layout; /* of this file's records */
    struct arena arena;
    /* what a format keeps while it reads */
    struct json_records *json;
    struct xml_records *xml;
    struct http_capture *http;
    uint64_t http_records;
    /* what is told of the file at its end (notes.h) */
    uint64_t cut_line;       /* of the last record, of a CSV or log, when its line has no end; 0: it has one */
    struct absence *absence; /* NULL: its format has no paths */
    bool maybe_utf8;         /* it is said to have one byte a character, and nothing speaks against UTF-8 so far */
    uint64_t utf8_line;      /* of the first record with more than ASCII, while that is so; 0: none */
    /* what records know of those before them */
    struct key_set seen;       /* repeats: the records of this file so far */
    struct row_parser *parser; /* lateness: of the event times */
    struct arena row_arena;
    struct lateness lateness;
    bool lateness_left; /* to who parses the records */
};

/* Names the byte at `at` of `s`, which is a part of the input's window, for which the declared encoding has no
 * character. ERR_CORRUPT. */
int source_bytes_wrong(const struct source_reader *r, struct slice s, size_t at, struct err_text *error);

/* ERR_INVALID when the open file has no longer the bytes that were digested (list.c). */
int source_file_check(const char *path, int fd, const struct source_file *file, struct err_text *error);

/* --- formats of lines --- */

/* The next `next` bytes are a line, or a record, that more bytes could change: of a file that may grow, ... */
bool lines_unfinished(const struct source_reader *r, size_t next);
/* ... of one that is followed. */
bool lines_wait(const struct source_reader *r, size_t next);
/* Skips a byte order mark, the lines ahead and comments; 1: they are not all there yet. */
int lines_open(struct source_reader *r, struct err_text *error);
/* Has the whole record at the start of r->in.rest (not empty) in the window: its length, and how much of the input it
 * takes. */
int lines_record_find(struct source_reader *r, size_t *n, size_t *next, struct err_text *error);
/* Consumes `next` bytes of which the first `n` are the record. */
void lines_consume(struct source_reader *r, size_t n, size_t next);
/* A comment of a CSV whose header is one; its `n` bytes end with a line end. In format_csv.c. */
int csv_comment_read(struct source_reader *r, size_t n, struct err_text *error);
/* `next` of formats whose records are lines. */
int lines_next(struct source_reader *r, struct record *out, struct err_text *error);

#endif
