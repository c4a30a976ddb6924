/* broken.h - what a run says of the rules that its records and the rows of its tables broke, when it has committed. */
#ifndef MILLRACE_ETL_BROKEN_H
#define MILLRACE_ETL_BROKEN_H

#include <sqlite3.h>
#include <stdint.h>

#include "etl/definition.h"

/* Lines on standard error, behind `title`:
 * for each rule by which the run rejected records, and then for each that warned: how many of its records (of warnings,
 *     violations), and the first that was loaded, with its place, column and value
 * for each rule of a table that rows of it break now: how many do */
void broken_say(const struct definition *d, sqlite3 *db, const char *title, int64_t run);

#endif
