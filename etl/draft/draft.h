/* draft.h - a definition for a sample file, for a person to correct.
 *
 *     sample --sniff--> format, encoding, dialect --shape--> columns --profile--> types, rules --write--> JSON
 *
 * The language never guesses (docs/formats/pipeline.md); here is the one place that does, once, and it says in a
 * `comment` what it went by. Nothing is parsed in a way of its own: records come from etl/source, read as text by a
 * definition made for that, and a column gets a type when the row parser's own conversion took every value. */
#ifndef MILLRACE_ETL_DRAFT_H
#define MILLRACE_ETL_DRAFT_H

#include <stdint.h>

#include "lib/base/bytes.h"
#include "lib/base/err.h"

/* Of each source no more are looked at. */
enum { DRAFT_RECORDS_MAX = 1000000 };

struct draft_result {
    uint64_t records;  /* looked at, of all sources */
    uint64_t rejected; /* of these, by the definition that was drafted */
};

/* Appends the definition to `json`. It has been loaded, and the sample judged by it. Errors name the file. */
int draft_file(const char *path, struct buf *json, struct draft_result *out, struct err_text *error);

#endif
