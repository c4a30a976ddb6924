/* checked.h - which rules of its table a row breaks: bit i of a mask is rules[i].
 *
 *     NAME_all --rows--> NAME --rows that break no rejecting rule--> what reads NAME
 *                          +----rows that break any rule-----------> NAME_violations
 *
 * Without rules that look at other rows NAME and NAME_violations are two selects of NAME_all (select.c). With them NAME
 * is an operator of its own (check.c), and NAME_violations is behind it: its input has the mask behind the columns. */
#ifndef MILLRACE_ETL_OPERATOR_CHECKED_H
#define MILLRACE_ETL_OPERATOR_CHECKED_H

#include "etl/definition.h"
#include "lib/base/bytes.h"

/* The rules that are about the row alone and that it breaks; `row` has the columns of NAME_all. */
int64_t checked_alone(const struct feed *rules, const struct value *row, struct arena *arena);
/* The rules of a mask that keep a row out of NAME: all but those that warn. */
int64_t checked_rejecting(const struct feed *rules);
/* The worst severity in a mask, -1 for an empty one. */
int checked_worst(const struct feed *rules, int64_t mask);
/* The names in a mask, with commas between them. */
void checked_names(const struct feed *rules, int64_t mask, struct buf *out);
/* Some of the rules look at other rows. */
static inline bool checked_among(const struct table *t)
{
    return t->rules && t->rules->among_count > 0;
}

#endif
