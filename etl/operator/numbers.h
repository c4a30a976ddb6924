/* numbers.h - a number for each fingerprint: a table `NAME(k BLOB PRIMARY KEY, n)` of the database, behind recent.h. */
#ifndef MILLRACE_ETL_OPERATOR_NUMBERS_H
#define MILLRACE_ETL_OPERATOR_NUMBERS_H

#include "etl/operator/fingerprint.h"
#include "etl/operator/operator.h"

struct numbers;

/* Makes the table if it is not there. `name` is copied. On failure *out has to be closed as well. */
int numbers_open(struct operator_context *c, const char *name, struct numbers **out);
void numbers_close(struct numbers *n); /* NULL is allowed */
/* 0 when the key has none. */
int numbers_get(struct numbers *n, struct fingerprint key, int64_t *number);
/* 0 takes it away. */
int numbers_put(struct numbers *n, struct fingerprint key, int64_t number);
/* Of a table that is being filled, by who knows that it has no number of the key. */
int numbers_put_at_once(struct numbers *n, struct fingerprint key, int64_t number);

#endif
