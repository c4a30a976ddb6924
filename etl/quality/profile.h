/* profile.h - what the rows of a source are like: counts per column and per rule, gathered row by row. Inside
 * etl/quality only.
 *
 * A record that does not fit its format counts in `malformed` and for the rule `format`, in no column. Every other one
 * is in each column one of: a value, NULL, or a text that did not fit (a misfit). A derived column whose expression
 * read a misfit is NULL. */
#ifndef MILLRACE_ETL_QUALITY_PROFILE_H
#define MILLRACE_ETL_QUALITY_PROFILE_H

#include "etl/definition.h"
#include "etl/quality/distinct.h"
#include "etl/quality/top.h"

enum { EXAMPLES_MAX = 5 };

/* The first few records with something wrong; no text twice. */
struct example {
    struct slice file;   /* own memory, as all of it */
    uint64_t line;       /* number of the record where the file has no lines */
    struct slice column; /* "" : the whole row */
    struct slice text;
};

struct examples {
    struct example of[EXAMPLES_MAX];
    int count;
};

/* A value that stays. */
struct kept {
    struct value value;
    struct buf text;
};

struct column_profile {
    const struct column *column;
    uint64_t values, nulls, misfits;
    struct examples misfit_examples;
    struct distinct distinct;
    struct top top;
    struct kept min, max;          /* while values > 0 */
    struct kept shortest, longest; /* text: by characters, the first of its length */
    size_t shortest_length, longest_length;
};

struct rule_profile {
    uint64_t violations, rejected; /* rejected: the row went to this rule's bucket */
    struct examples examples;
};

struct source_profile {
    const struct feed *feed;
    uint64_t records, accepted, rejected, warned, malformed;
    struct column_profile *columns; /* declared and derived: feed.builtin of them */
    struct rule_profile *rules;     /* by ordinal: 0 format, then feed.rules, then type */
    struct buf key;
};

void source_profile_open(struct source_profile *p, const struct feed *feed);
/* A judged row; `lost` are the ordinals of rules among rows that it broke. */
void source_profile_add(struct source_profile *p, const struct row *row, const int *lost, int lost_count);
void source_profile_close(struct source_profile *p);

#endif
