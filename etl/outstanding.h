/* outstanding.h - rules of severity `fail` that look at another table, in a stream.
 *
 * What they look for may still come, so a row that breaks one waits in the quarantine, as if it were rejected, until
 * everything is loaded; only then it is known to fail. */
#ifndef MILLRACE_ETL_OUTSTANDING_H
#define MILLRACE_ETL_OUTSTANDING_H

#include <sqlite3.h>

#include "etl/definition.h"

/* When nothing more is to come: ENGINE_RULE_FAILED (etl/engine.h), and a sentence about the first such rule, when rows
 * of one are in the quarantine; 0 or a negative `enum err` otherwise. */
int outstanding_check(const struct definition *d, sqlite3 *db, struct err_text *error);

#endif
