/* profile.h - what was seen in one column: which declarations fit every value, NULLs, distinct values.
 * Inside etl/draft only. */
#ifndef MILLRACE_ETL_DRAFT_PROFILE_H
#define MILLRACE_ETL_DRAFT_PROFILE_H

#include "etl/draft/candidates.h"

enum { PROFILE_VALUES_MAX = 12, PROFILE_VALUE_BYTES_MAX = 64 };

struct profile {
    uint64_t rows, nulls; /* NULLs and empty texts */
    bool empty;           /* one of them was a text */
    uint64_t marks;       /* words that often mean NULL: "NULL", "N/A"; they are no evidence about the type */
    const char *words[4];
    int word_count;
    int *fitting; /* indexes of the candidates that took every value, in their order */
    int fitting_count;
    int most_count;    /* there are none: those that take all values but few; 0: there are too many of these */
    uint64_t others;   /* then: these, */
    const char *other; /* and the first of them */
    bool has_letters;
    bool decimals;     /* whatever the sample has, it is no column of integers */
    bool padded;       /* blanks stand around values */
    bool leading_zero; /* 00123: a code rather than a number */
    bool negative;
    int after_point, after_comma; /* most digits behind one */
    const char *example;          /* the first value */
    /* the different values, as long as they are few */
    const char *values[PROFILE_VALUES_MAX];
    int value_count;
    bool many;
    /* hashes of all values, as long as none came twice */
    uint64_t *hashes;
    size_t hash_room, hash_count;
    bool repeated;
};

void profile_init(struct profile *p, const struct candidates *all);
void profile_release(struct profile *p);
/* A value, p NULL for NULL. Texts that are kept go to the arena. */
void profile_add(struct profile *p, const struct candidates *all, struct slice text, struct arena *arena);

/* The declaration to draft: NULL is a text. */
const struct candidate *profile_choice(const struct profile *p, const struct candidates *all);
/* What nearly all values are, when one could not be chosen because p->others of them are something else; NULL: there
 * is no such thing. */
const struct candidate *profile_most(const struct profile *p, const struct candidates *all);
/* What the other order of day and month is, when it fits as well; NULL otherwise. */
const struct candidate *profile_other_order(const struct profile *p, const struct candidates *all);
/* Digits behind the point to declare. */
int profile_scale(const struct profile *p, const struct candidate *c);
static inline uint64_t profile_filled(const struct profile *p)
{
    return p->rows - p->nulls;
}

#endif
