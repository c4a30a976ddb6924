/* dialect.h - delimiter and quotes of a table in text: those with which most records have the same number of fields.
 * Inside etl/draft only. */
#ifndef MILLRACE_ETL_DRAFT_DIALECT_H
#define MILLRACE_ETL_DRAFT_DIALECT_H

#include "etl/draft/parts.h"
#include "etl/source/csv.h"

struct dialect {
    struct csv_spec spec;
    const char *keys; /* of the source */
    int fields;       /* of most records; 1: it separates nothing */
    int records, alike;
    int quoted;  /* records in which a field begins with the quote */
    bool ragged; /* `alike` are those with no more fields than that, behind a header that has them all */
};

/* Without a delimiter (spec.delimiter 1) a line is one field. `fields` is 0 when there is no record. */
struct dialect dialect_find(const struct sample *sample);

/* Lines ahead of the first record with as many fields as most: a title, who made it, an empty line. 0, too, when there
 * are so many that it is something else. */
int dialect_title_lines(const struct dialect *d, const struct sample *sample);
/* The fields of the first record behind so many lines, in UTF-8; how many. Room for CSV_FIELDS_MAX. */
int dialect_record(const struct dialect *d, const struct sample *sample, int skip_lines, struct slice *fields);
/* Whether fields look like titles: none of them a number or a time. `why` says what speaks for it, or against. */
bool header_is(const struct slice *fields, int count, const char **why);
struct slice lines_skipped(struct slice text, int lines);

#endif
