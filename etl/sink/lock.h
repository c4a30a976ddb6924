/* lock.h - one run at a time into a database.
 *
 * flock does not meet SQLite's own locks, which are fcntl's. The descriptor must stay open as long as the database is:
 * closing any descriptor of a file drops all fcntl locks that the process holds on it. */
#ifndef MILLRACE_ETL_SINK_LOCK_H
#define MILLRACE_ETL_SINK_LOCK_H

#include "lib/base/err.h"

/* Locks the file, which must be there; *fd is to be closed behind the database, also after a failure unless it is -1.
 * ERR_LOCKED: another run has it, and still half a second later. */
int database_lock(const char *path, int *fd, struct err_text *error);

#endif
