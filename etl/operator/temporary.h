/* temporary.h - files for what an operator has no room for in memory.
 *
 * They have no name, stand in SQLite's folder for temporary files (sql_temporary_folder) and go with the last
 * descriptor and mapping. Errors are ERR_NOSPACE, ERR_IO, ERR_NOMEM with a sentence that names the folder. */
#ifndef MILLRACE_ETL_OPERATOR_TEMPORARY_H
#define MILLRACE_ETL_OPERATOR_TEMPORARY_H

#include <stddef.h>

#include "lib/base/err.h"

/* A descriptor, or a negative error. */
int temporary_open(struct err_text *error);
/* Appends. */
int temporary_write(int fd, const void *p, size_t n, struct err_text *error);
/* All of it, which is `n` bytes (not 0), to read: until munmap, also when the descriptor is closed. */
int temporary_map(int fd, size_t n, const void **out, struct err_text *error);

#endif
