/* definition_read.h - the parts of definition_load. Inside etl only.
 *
 *     maps -> source (etl/source/spec.h) -> derive, built-in columns -> rules (etl/rule/rule.h)    each feed
 *     tables -> views -> outputs
 *
 * Each part reads its key of the root object into the definition; failures go to the node's document. */
#ifndef MILLRACE_ETL_DEFINITION_READ_H
#define MILLRACE_ETL_DEFINITION_READ_H

#include "etl/definition.h"
#include "etl/document.h"

/* Compiles the text in `n` over the first `count` columns of the feed and the built-in ones. NULL after a
 * failure. */
struct expr *feed_expr_read(struct node n, const struct feed *feed, int count);
/* The same over any scope, from a text that is part of what `n` holds. */
struct expr *expr_text_read(struct node n, const char *text, const struct expr_scope *scope);
/* A condition: an expression whose value is an integer. */
struct expr *condition_text_read(struct node n, const char *text, const struct expr_scope *scope);

/* `maps`: the dictionaries that lookup() knows, into the node's document. */
void maps_read(struct node maps);
/* A topic's name; `fallback`, which may be NULL, when there is none. */
const char *topic_name_read(struct node n, const char *fallback);
/* `source` + `derive` + `rules`, or `sources`: fills d->feeds. */
void feeds_read(struct node root, struct definition *d);
/* `watermark`, `deletes`, `key` of a source, behind its columns. */
void feed_changes_read(struct node source, struct feed *feed);
/* A list of rules over feed->columns, into the feed. */
void rules_read(struct node rules, struct feed *feed);
/* What rules of sources say about tables. */
void feeds_link(struct node root, struct definition *d);
void feed_release(struct feed *feed);
void tables_read(struct node tables, struct definition *d);
void views_read(struct node views, struct definition *d);
/* The names of columns are checked by export_check and changelog_check, which know those of views and of what every
 * warehouse has. */
void exports_read(struct node outputs, struct definition *d);
/* An output with a topic; `relation` is the table or view that it names. */
struct changelog changelog_read(struct node n, const char *relation, const struct definition *d);
/* A list of names, each once; NULL when it is absent. */
const char *const *export_columns_read(struct node n, int *count);

/* The SQL in `n`, its macros expanded to plain SQL. */
const char *view_sql_read(struct node n);

/* Fails when a table or view cannot have this name (taken, or reserved for the product). */
void relation_name_check(struct node n, const struct definition *d, const char *name);

#endif
