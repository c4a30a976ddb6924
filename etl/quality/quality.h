/* quality.h - what the data behind a definition is like: one pass over its files, without a database.
 *
 *     files -> row parser -> unique -> profiles --> report (JSON) --> text, HTML
 *                                       earlier report ----^ drift
 *
 * The report is the JSON of docs/formats/quality.md; every other form is drawn from it. Its counts of rejected records
 * are those that `etl run` puts into `rejects`. A rule with severity `fail` is counted like the others: this is the
 * place to find out. */
#ifndef MILLRACE_ETL_QUALITY_QUALITY_H
#define MILLRACE_ETL_QUALITY_QUALITY_H

#include <jansson.h>

#include "lib/base/bytes.h"
#include "lib/base/err.h"

enum { QUALITY_VERSION = 1 };

/* Reads everything; *out is a new reference. Failures as those of a batch: `error` says what and where. */
int quality_measure(const char *definition, const char *in, json_t **out, struct err_text *error);

/* Reads a report that quality_measure made and somebody stored. */
int quality_load(const char *path, json_t **out, struct err_text *error);
/* Adds "drift" to `report`: what differs from `earlier`. A change counts as exceeding when it is larger than
 * `threshold` (0.1 for a tenth; negative: none is), a change of shape always. The number of those. */
int quality_drift(json_t *report, const json_t *earlier, const char *against, double threshold);

void quality_text(const json_t *report, struct buf *out);
void quality_html(const json_t *report, struct buf *out);

#endif
