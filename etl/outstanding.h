/* outstanding.h - rules of severity `fail` that are about tables as they are in the end.
 *
 * What `fk` and `sum_equals` look for in a stream may still come, so a row that breaks one waits in the quarantine, as
 * if it were rejected, until everything is loaded; only then it is known to fail. Likewise, in a batch too, a row of a
 * table that breaks one of the table's rules of this severity: the table is what it is when everything is loaded. */
#ifndef MILLRACE_ETL_OUTSTANDING_H
#define MILLRACE_ETL_OUTSTANDING_H

#include <sqlite3.h>

#include "etl/definition.h"

/* When nothing more is to come, in the transaction that loads what came last if there is one: ENGINE_RULE_FAILED
 * (etl/engine.h), and a sentence about the first such rule, when rows of one are in the quarantine; 0 or a negative
 * `enum err` otherwise. */
int outstanding_check(const struct definition *d, sqlite3 *db, struct err_text *error);

#endif
