/* broken.h - what a run says of the rules that its records and the rows of its tables broke, when it has committed. */
#ifndef MILLRACE_ETL_BROKEN_H
#define MILLRACE_ETL_BROKEN_H

#include <sqlite3.h>
#include <stdint.h>

#include "etl/definition.h"
#include "lib/base/err.h"

/* Lines on standard error, behind `title`:
 * for each rule by which the run rejected records, and then for each that warned: how many of its records (of warnings,
 *     violations), and the first that was loaded, with its place, column and value
 * for each rule of a table that rows of it break now: how many do */
void broken_say(const struct definition *d, sqlite3 *db, const char *title, int64_t run);
/* The same for records that came too late, for each source that drops them: those of the table late behind the
 * row `before`. */
void late_say(const struct definition *d, sqlite3 *db, const char *title, int64_t before);
/* Its last row; 0, too, when there is no such table. */
int late_last(const struct definition *d, sqlite3 *db, int64_t *out, struct err_text *error);

#endif
