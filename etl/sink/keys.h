/* keys.h - the declared keys of tables in SQLite.
 *
 *     primary key   index NAME_primary_key; unique when it has been checked
 *     foreign key   FOREIGN KEY(...) REFERENCES ... of the table; SQLite itself checks none by default
 *
 * They hold at the end of a batch and of a complete stream, not in between: a row may come before the one it refers
 * to, and of two versions of a row the new one may come before the old one goes. SQLite cannot postpone uniqueness,
 * so a stream's index is an ordinary one while it runs. */
#ifndef MILLRACE_ETL_SINK_KEYS_H
#define MILLRACE_ETL_SINK_KEYS_H

#include <sqlite3.h>

#include "etl/definition.h"

#define KEYS_BROKEN 1

bool keys_declared(const struct definition *d);
/* Appends ", FOREIGN KEY(...) REFERENCES ..." of a table in its CREATE TABLE. */
void keys_foreign_append(const struct definition *d, const struct table *t, const struct foreign_key *k,
                         struct buf *sql);
/* Before a stream: the indexes are there, and none is unique. */
int keys_relax(const struct definition *d, sqlite3 *db, struct err_text *error);
/* At the end: makes the indexes unique and checks all keys. KEYS_BROKEN with a sentence that names the table, the
 * key and an example; then the caller rolls back. Inside of a transaction. */
int keys_settle(const struct definition *d, sqlite3 *db, struct err_text *error);

#endif
