/* outbox.h - which keys of a changelog are to be sent, in the database itself.
 *
 *     millrace_outbox_TOPIC(seq, k1, k2, ...)    a key that has changed; its latest change has the largest seq
 *
 *     stream   triggers on the table write it, in the transaction that changes a row: whoever writes, and a killed
 *              worker's change is in neither or in both
 *     batch    outbox_compare writes it, at the end of the transaction that replaces the tables: keys whose message is
 *              another one than the last that was promised,
 *              millrace_sent_TOPIC(key, print, k1, k2, ...), print the fingerprint of the message
 *
 * What is sent of a key is what the table says when it is sent (letter.h), so the order of changes does not matter, and
 * a key that changed a hundred times meanwhile is sent once. */
#ifndef MILLRACE_ETL_CHANGELOG_OUTBOX_H
#define MILLRACE_ETL_CHANGELOG_OUTBOX_H

#include <sqlite3.h>

#include "etl/definition.h"

/* Two rows have one key. */
#define OUTBOX_KEY_BROKEN 1

/* Inside of a transaction; tables that are there stay as they are. Live: with the triggers, and what the table has
 * already is to be sent. */
int outbox_prepare(const struct definition *d, sqlite3 *db, bool live, struct err_text *error);
/* Live: everything is to be sent, because the topic is new. */
int outbox_fill(const struct changelog *c, sqlite3 *db, struct err_text *error);

/* Batch: finds what has changed. `fresh`: the topic is new, or another cluster's: everything has.
 * OUTBOX_KEY_BROKEN with a sentence: the caller rolls back. */
int outbox_compare(const struct definition *d, const struct changelog *c, sqlite3 *db, bool fresh,
                   struct err_text *error);
/* Batch: stores what the changelog is sent to, says whether that is news in *moved. ERR_INVALID when its topic was
 * made from another table or key. */
int outbox_identity(const struct definition *d, const struct changelog *c, sqlite3 *db, const char *cluster,
                    bool *moved, struct err_text *error);

/* The sentence about keys that more than one row has, of which `example` is one; returns OUTBOX_KEY_BROKEN. */
int outbox_key_broken(const struct definition *d, const struct changelog *c, const char *example,
                      struct err_text *error);

#endif
