/* parse.h - from a record to a row: split into fields, decode, type, derive, judge.
 *
 *     record.raw --split--> fields --convert--> values --derive--> values --rules--> violations
 *
 * One parser serves one feed and one thread. Nothing depends on the records before: the same record gives the same row
 * on any machine, in any order. That is why `unique`, `fk` and `sum_equals` are not judged here: they need other
 * rows. For them the parser only offers the key.
 *
 * A record that does not fit the format (wrong number of fields, open quote, bad log line, bytes that
 * are not in the declared encoding) has one violation, ordinal 0, rule "format", no other rule is
 * evaluated, and every value but the built-in ones is NULL. */
#ifndef MILLRACE_ETL_PARSE_H
#define MILLRACE_ETL_PARSE_H

#include "etl/definition.h"
#include "etl/row.h"

struct row_parser;

struct row_parser *row_parser_new(const struct feed *feed); /* keeps a reference to it */
void row_parser_free(struct row_parser *p);                 /* NULL is allowed */

/* Fills *row; it points into the record, the parser and the arena and is valid until the next call or
 * the arena's reset. Nothing fails: what is wrong with the record is in row->violations. */
void row_parse(struct row_parser *p, const struct record *record, struct arena *arena, struct row *row);

/* The same for a record whose late_s is not known yet, because its reader left it to who parses the records of the file
 * in their order (source_lateness). NULL: it is known. */
void row_parse_in_order(struct row_parser *p, const struct record *record, struct lateness *lateness,
                        struct arena *arena, struct row *row);

/* The record's late_s, of its event time alone, which is taken into account: 0 when it fits no format, or has no
 * time. */
int64_t row_parse_lateness(struct row_parser *p, const struct record *record, struct arena *arena,
                           struct lateness *lateness);

/* The key of rule `rule` (index in feed.rules), which is judged among rows, for the row that was parsed last: 128 bits
 * of hash over the rule's columns. False when the row takes no part: it has a violation of an ordinal
 * lower than the rule's (with severity reject or fail), or a key column, or the
 * value of a sum_equals, that is NULL or did not fit. */
bool row_parser_key(struct row_parser *p, int rule, uint8_t key[16]);

#endif
