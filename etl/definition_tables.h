/* definition_tables.h - what the kinds of tables share when a definition is read. Inside etl only.
 *
 *     definition_tables.c     the list of tables, stores
 *     definition_groups.c     aggregates with their windows, pivots, sessions
 *     definition_select.c     select
 *     definition_join.c       join
 *     definition_ranking.c    top_n, dedupe, scd
 *     definition_keys.c       primary_key, foreign_keys
 *
 * A reader of a kind gets its object and a table with `name` and `at` set, and fills in the rest. */
#ifndef MILLRACE_ETL_DEFINITION_TABLES_H
#define MILLRACE_ETL_DEFINITION_TABLES_H

#include "etl/definition_read.h"

enum { TABLE_RULES_MAX = 62 }; /* bits of a mask (etl/operator/checked.h) */

/* What a table reads from, seen the same way whether it is the rows of a source or another table. */
struct input {
    struct expr_column *columns;
    int count;
    int time; /* the event time among them, -1 if it is not there */
};

/* `extra`: room for so many columns more behind those of the table. */
struct input input_table(const struct table *t, struct arena *arena, int extra);
/* Index of a column; after a failure 0. */
int input_find(struct node n, const struct input *in, const char *name);
/* The column that `n` names, which must be a timestamp. */
int input_time_find(struct node n, const struct input *in);
/* The same as a scope of expressions. */
struct expr_scope input_scope(const struct input *in);

/* The earlier table that `n` names. */
int parent_read(struct node n, const struct definition *d);
void where_read(struct node n, const struct input *in, struct table *t);
/* A text "column", "column asc" or "column desc": the column's name. */
const char *term_name_read(struct node n, const char *text, bool *descending);
/* Adds a column; its name must be new. */
void column_enter(struct node n, struct table *t, struct table_column c);
/* Adds a copy of an input's column. */
void copy_enter(struct node n, struct table *t, const struct input *in, const char *name, int input);

/* --- keys: of a table by itself, and when all tables are known --- */
void primary_key_read(struct node n, struct table *t);
void foreign_keys_read(struct node n, struct definition *d, struct table *t);

/* --- the kinds --- */
void aggregate_table_read(struct node n, struct definition *d, struct table *t);
void pivot_table_read(struct node n, struct definition *d, struct table *t);
void sessions_table_read(struct node n, struct definition *d, struct table *t);
void select_table_read(struct node n, struct definition *d, struct table *t);
void join_table_read(struct node n, struct definition *d, struct table *t);
void top_n_table_read(struct node n, struct definition *d, struct table *t);
void dedupe_table_read(struct node n, struct definition *d, struct table *t);
void scd_table_read(struct node n, struct definition *d, struct table *t);

/* --- parts of groups --- */
void by_read(struct node n, struct table *t, const struct input *in);
/* function([column]) [where condition], a column `name` of the table. `and_where` is a further condition or NULL. */
void aggregate_read(struct node n, const char *name, const char *and_where, struct table *t, const struct input *in);

#endif
