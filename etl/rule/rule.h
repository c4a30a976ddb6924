/* rule.h - what may be demanded of a row. One file per rule, always in the same order: usage, open,
 * broken, close.
 *
 *     definition_load:  rule_read -> class->open     (keys checked, values typed, patterns compiled)
 *     row_parse:        class->broken, per row       (never for a row whose columns did not fit their types)
 *     definition_free:  class->close
 *
 * NULL breaks no rule but not_null: an absent value is not a wrong value. `type`, `unique`, `fk` and
 * `sum_equals` have no `broken`: the row parser knows what did not fit, and the engine knows the other rows. The rules
 * of a table are read over its columns as if they were a source's. */
#ifndef MILLRACE_ETL_RULE_RULE_H
#define MILLRACE_ETL_RULE_RULE_H

#include "etl/definition.h"
#include "etl/document.h"

struct rule_class {
    const char *name;
    const char *usage;       /* one line for error messages */
    const char *const *keys; /* its own, besides rule, name and severity; NULL-terminated */
    /* Fills rule->column, columns and spec. Failures go to the node's document. */
    void (*open)(struct node n, const struct feed *feed, struct rule *rule);
    bool (*broken)(const struct rule *rule, const struct value *values, struct arena *arena);
    void (*close)(struct rule *rule); /* may be NULL */
};

extern const struct rule_class RULE_NOT_NULL, RULE_TYPE, RULE_RANGE, RULE_IN, RULE_LENGTH, RULE_REGEX, RULE_DATE_ORDER,
    RULE_UNIQUE, RULE_FK, RULE_SUM_EQUALS, RULE_EXPRESSION;

/* Reads one rule object into *rule; its ordinal is its place. All columns are known by then. */
void rule_read(struct node n, const struct feed *feed, struct rule *rule);
/* What a rule with a reference says about its table, when tables are known. */
void rule_link(struct node n, const struct definition *d, const struct feed *feed, struct rule *rule);
void rule_release(struct rule *rule);

/* --- for the classes --- */

/* The column that key `column` names, entered as the one that the rule reads; -1 after a failure. */
int rule_column_read(struct node n, const struct feed *feed, struct rule *rule);
/* Index of a column by the name in `n`, or -1 after a failure with a hint. */
int column_name_read(struct node n, const struct feed *feed);
/* A literal of the definition as a value of column `c`: "0.5", 3, "2024-12-31", "2024-12-31 23:59:00". */
struct value column_literal_read(struct node n, const struct column *c);
/* The same of a text; false when it is no value of `c`. A text value points into it. */
bool column_literal(const struct column *c, struct slice text, struct value *out);

#endif
