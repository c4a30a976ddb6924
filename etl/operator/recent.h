/* recent.h - what was written lately to tables whose rows are found by a fingerprint: a log in front of them.
 *
 * Fingerprints lie anywhere in a table, so that a small transaction, written to the tables at once, changes about a
 * page for each key. Here its keys stand together at the end of one log, are known in memory, and go to their tables
 * much later, in the order of the tables and few at a time, when many of them share a page.
 *
 *     recent_put ---> this transaction's ---recents_write---> now ---rotate---> old ---a stretch at a time---> tables
 *                     (a row of the log)                      |                  |                                |
 *     recent_get -----------------------------------------> first ---------> then; what is not here is there, or
 * nowhere
 *
 * `now` becomes `old` when it is recent_bytes_max long, and old is in its tables before now is that long again. A key
 * that is in `now` too is not carried over: what is written there next is newer. In the database:
 *
 *     millrace_recent(n INTEGER PRIMARY KEY, entries BLOB)    a row for each transaction; entries:
 *         { table 8 bytes, bytes of its keys 8, { key 16, bytes of the value 4, value }... }...   big-endian
 *     millrace_recent_carried(carried, rotated)               one row: up to which n all is in its tables, and up to
 *                                                             which n is old. What is carried is deleted by and by.
 *
 * Several processes may do this to one database: recents_refresh reads what the others have added. Who rotates carries
 * over; when it died, another one does so again from the beginning, which changes nothing that was done already.
 * Memory: twice recent_bytes_max and what a transaction adds.
 *
 * Who works alone or with large transactions (`direct`) writes to the tables at once; recents_settle first. */
#ifndef MILLRACE_ETL_OPERATOR_RECENT_H
#define MILLRACE_ETL_OPERATOR_RECENT_H

#include <sqlite3.h>

#include "etl/operator/fingerprint.h"
#include "lib/base/err.h"

extern size_t recent_bytes_max;

struct recents; /* those of one engine */
struct recent;  /* in front of one table */

/* How the table is written; both say in the engine's error what failed. */
struct recent_base {
    int (*put)(void *object, struct fingerprint key, struct slice value); /* in place of what the key has */
    int (*erase)(void *object, struct fingerprint key);                   /* which may have nothing */
};

/* Inside a write transaction. */
int recents_open(sqlite3 *db, bool direct, struct recents **out, struct err_text *error);
/* After the owners of all tables; NULL is allowed. */
void recents_close(struct recents *r);

/* Another process has committed. At the begin of a transaction. */
int recents_refresh(struct recents *r);
/* At the end of each transaction. */
int recents_write(struct recents *r);
/* All goes to its tables. Needs the owner of each of them. */
int recents_settle(struct recents *r);
/* After a rollback. */
void recents_forget(struct recents *r);

/* `name` is the table's and the same in every process; it, base and object stay until recent_close. */
struct recent *recent_open(struct recents *r, const char *name, const struct recent_base *base, void *object);
void recent_close(struct recent *t);
/* 1: *value is what the key has, empty when it was erased, valid until the next call; 0: what the table says; negative:
 * an error. */
int recent_get(struct recent *t, struct fingerprint key, struct slice *value);
/* An empty value erases. */
int recent_put(struct recent *t, struct fingerprint key, struct slice value);

#endif
