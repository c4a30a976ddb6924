/* report.h - the report as JSON: written here from profiles, read by everything that draws it. Inside etl/quality only.
 */
#ifndef MILLRACE_ETL_QUALITY_REPORT_H
#define MILLRACE_ETL_QUALITY_REPORT_H

#include <jansson.h>

#include "etl/quality/profile.h"
#include "etl/source/source.h"

enum { TOP_SHOWN = 10, CATEGORIES_MAX = 50 };

/* An object of "sources". Puts the columns' top values in order. `records` counts those of each file of the list. */
json_t *report_source(struct source_profile *p, const struct source_list *list, const uint64_t *records);

/* A value in the report's form: an integer, a text, null. */
json_t *report_cell(const struct value *v, int scale);
/* An object of a table's "rules"; takes `examples`. `rules` and `number` say which, `severity` what it was declared
 * with. */
json_t *report_table_rule(const struct feed *rules, int number, enum severity severity, int64_t rows, json_t *examples);

/* Members of objects of a report; "" and 0 for what is not there. */
const char *report_str(const json_t *object, const char *key);
double report_number(const json_t *object, const char *key);
/* A value as people read it: texts as they are, integers in digits. */
void report_value(const json_t *value, struct buf *out);

#endif
