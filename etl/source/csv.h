/* csv.h - delimiter-separated text: where a record ends, and what its fields are.
 *
 * Doubled quotes (RFC 4180): "a ""word""" is a "word". A quoted field may hold delimiters and, when
 * `multiline`, line ends. A quote inside a field that does not begin with one is an ordinary character;
 * anything between a closing quote and the next delimiter makes the record malformed.
 * Backslash: a backslash protects the byte behind it, inside quotes and outside. */
#ifndef MILLRACE_ETL_SOURCE_CSV_H
#define MILLRACE_ETL_SOURCE_CSV_H

#include <stdbool.h>

#include "lib/base/bytes.h"

enum csv_escape { CSV_ESCAPE_DOUBLED, CSV_ESCAPE_BACKSLASH, CSV_ESCAPE_NONE };

/* A record that is longer, because a quote stays open, is cut at its first line end (and is malformed). */
enum { CSV_RECORD_BYTES_MAX = 1 << 20, CSV_FIELDS_MAX = 1024 };

struct csv_spec {
    char delimiter;
    char quote; /* 0: quotes are ordinary characters */
    enum csv_escape escape;
    bool decode;    /* backslash escapes are replaced by what they stand for; otherwise they stay as read */
    bool multiline; /* a quoted field may hold line ends */
    bool trim;      /* blanks around a field, also outside of its quotes, do not count */
};

/* Length of the record at the start of `rest` (not empty), without its line end; *next is where the
 * following one begins. */
size_t csv_record_length(const struct csv_spec *spec, struct slice rest, size_t *next);

/* Whether bytes behind `rest` could make this record longer though its first line has an end: a quote is open. */
bool csv_record_open(const struct csv_spec *spec, struct slice rest);

/* Splits a record into at most CSV_FIELDS_MAX fields, quotes taken off; p is never NULL. False when the
 * record is malformed. Fields point into the record or, where escapes were replaced, into the arena. */
bool csv_split(const struct csv_spec *spec, struct slice record, struct arena *arena, struct slice *fields, int *count);

/* What makes csv_split refuse this record, and at which of its bytes. NULL: nothing. */
const char *csv_wrong(const struct csv_spec *spec, struct slice record, size_t *at);

/* Replaces \" \\ \/ \' \n \r \t \b \f \v \0, \xHH and, unless it is 0, a protected `delimiter`; other escapes
 * stay. The same slice when there is none. */
struct slice backslash_decode(struct slice s, char delimiter, struct arena *arena);

#endif
