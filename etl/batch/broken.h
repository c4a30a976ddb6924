/* broken.h - what a batch says of the rules that its records broke, when it has committed. */
#ifndef MILLRACE_ETL_BATCH_BROKEN_H
#define MILLRACE_ETL_BATCH_BROKEN_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

/* A line on standard error, behind `title`, for each rule by which the run rejected rows and then for each that warned:
 * how many (of a full refresh rows, of another run violations), and the first with its place, column and value. */
void broken_say(sqlite3 *db, const char *title, int64_t run, bool fresh);

#endif
