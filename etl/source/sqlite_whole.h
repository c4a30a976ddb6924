/* sqlite_whole.h - whether the file of a database has been cut.
 *
 * SQLite finds whole pages missing at the end of a file. Of a page that is there in part it takes what is missing for
 * zeros, and rows for what they are not. */
#ifndef MILLRACE_ETL_SOURCE_SQLITE_WHOLE_H
#define MILLRACE_ETL_SOURCE_SQLITE_WHOLE_H

#include <sqlite3.h>

#include "lib/base/err.h"

/* ERR_CORRUPT, with the file and its bytes, when the file ends before its last page does. `err` is what SQLite itself
 * says so far, and what this gives of a file that is whole: of ERR_CORRUPT missing pages may be the reason. To be asked
 * inside of a transaction, so that nobody writes meanwhile. */
int sqlite_whole_check(sqlite3 *db, const char *path, int err, struct err_text *error);

#endif
