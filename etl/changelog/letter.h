/* letter.h - the messages of a changelog, made from the rows of its table.
 *
 *     table          key                      value                       headers
 *     of rows        {"day":"2024-12-31"}     the row as a JSON object    none
 *     quarantine,    SOURCE:FILE:OFFSET       the record's bytes          millrace-source, -file, -line, -offset;
 *     warnings                                                            for each violation, in order of ordinals,
 *                                                                         -rule, -ordinal, -column, -value
 *     late           the same                 the same                    millrace-source, -file, -line, -offset,
 *                                                                         -number, -time, -late-by
 *     a row (or record) that is gone: its key, no value, no headers
 *
 * Two ways to read them: for the keys of the outbox, in its order, with what the table says of each now; or for all
 * rows of the table, in order of keys.
 *
 *     letters_open -> { letters_next -> 1 } ... -> 0 -> letters_close */
#ifndef MILLRACE_ETL_CHANGELOG_LETTER_H
#define MILLRACE_ETL_CHANGELOG_LETTER_H

#include <sqlite3.h>

#include "etl/definition.h"

struct letter {
    int64_t seq; /* in the outbox; 0 when all rows are read */
    struct buf key, value;
    bool gone;            /* there is no value */
    int rows;             /* of a table of rows: more than 1 when the key does not name one */
    struct buf headers;   /* struct letter_header */
    struct buf texts;     /* of the headers */
    sqlite3_value **keys; /* when all rows are read: the values of the key's columns */
};

struct letter_header {
    const char *name;
    size_t at, n; /* its value in `texts` */
};

struct letters {
    const struct changelog *changelog;
    sqlite3_stmt *statement;
    int *scales;       /* of the key's columns, then of the value's */
    int value_columns; /* behind the key's and one that says whether there is a row */
    bool standing;     /* the statement is on a row that belongs to the next letter */
    bool ended;        /* there is no further one */
    struct letter letter;
};

/* Does the definition name columns that its tables have? ERR_INVALID with file, key path and the nearest right name. */
int changelog_check(const struct definition *d, struct err_text *error);

/* The tables are there; the outbox is (outbox.h) if it is read. */
int letters_open(struct letters *l, const struct definition *d, const struct changelog *c, sqlite3 *db, bool of_outbox,
                 struct err_text *error);
/* Of the outbox: begins behind the entry `seq`. */
void letters_from(struct letters *l, int64_t seq);
/* 1 and *out, valid until the next call; 0 at the end. */
int letters_next(struct letters *l, const struct letter **out, struct err_text *error);
/* Ends what is being read, so that the database is free. */
void letters_stop(struct letters *l);
void letters_close(struct letters *l); /* a zeroed one is allowed */

#endif
