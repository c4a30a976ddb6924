/* dry.h - the database of a dry run: a copy in a temporary file that goes with the connection, so that the database
 * that is asked about is only read, and others may load into it meanwhile. */
#ifndef MILLRACE_ETL_BATCH_DRY_H
#define MILLRACE_ETL_BATCH_DRY_H

#include <sqlite3.h>

#include "lib/base/err.h"

/* A copy of the database PATH; an empty one for NULL. */
int dry_database_open(const char *path, int busy_ms, sqlite3 **out, struct err_text *error);
/* A sentence about the copy, which has no name, gets that of its original; NULL: "database". */
void dry_error_name(const char *path, struct err_text *error);

#endif
