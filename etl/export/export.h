/* export.h - the outputs of a definition: tables and views as CSV or NDJSON files.
 *
 *     export_open(definition, db path, --out)     columns checked, the folder opened; nothing is written
 *     ... the tables are built and committed ...
 *     export_write(db)                            every file beside its old one, then all of them renamed
 *
 *     folder/.daily.csv.millrace-new  --fsync, rename, fsync of the folder-->  folder/daily.csv
 *
 * So a file is the old one or the new one whole, whatever happens; a failure before the renames leaves all as they
 * were. While they are written, the database can not be changed by others and the folder is locked (flock): of two
 * runs, the files are those of the later commit. */
#ifndef MILLRACE_ETL_EXPORT_EXPORT_H
#define MILLRACE_ETL_EXPORT_EXPORT_H

#include <sqlite3.h>

#include "etl/definition.h"

struct exports {
    const struct definition *definition;
    const char *folder; /* for messages */
    char *own;          /* the folder's name where it comes from the database's */
    int fd;             /* of the folder; -1 */
    int64_t rows;       /* written by export_write */
};

/* Does the definition name columns that its tables and views have? ERR_INVALID with file, key path and the nearest
 * right name. Views are compiled for it. Without outputs nothing is done. */
int export_check(const struct definition *d, struct err_text *error);

/* The check, then the folder `out`, or that of the database if it is NULL. With neither only the check. */
int export_open(struct exports *x, const struct definition *d, const char *db_path, const char *out,
                struct err_text *error);
/* Writes all files, from a connection without a transaction. A failure names the file. */
int export_write(struct exports *x, sqlite3 *db, struct err_text *error);
void export_close(struct exports *x); /* a zeroed one is allowed */

#endif
