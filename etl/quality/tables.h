/* tables.h - the rules of tables: what their rows are like when everything is loaded. Inside etl/quality only. */
#ifndef MILLRACE_ETL_QUALITY_TABLES_H
#define MILLRACE_ETL_QUALITY_TABLES_H

#include <jansson.h>

#include "etl/definition.h"
#include "etl/source/source.h"

/* Whether a table of the definition has rules. */
bool tables_have_rules(const struct definition *d);
/* A second pass over the files: makes the tables as a batch does, in a database without a name, and appends an object
 * for each table with rules to `tables`. Rules with severity `fail` are counted like the others: their severity in *d
 * becomes `reject`, of sources too. */
int tables_measure(struct definition *d, const struct source_lists *lists, const char *in, json_t *tables,
                   struct err_text *error);

#endif
