/* es_lines.h - many appends, one after the other or many at once.
 *
 *     struct es_lines *l = es_lines_new(c, alone);
 *     es_lines_add(l, object, &error)          takes the object; writes when enough are held
 *     status = es_lines_free(l)                writes the rest, says how many counted, gives the exit status */
#ifndef MILLRACE_CLI_ES_LINES_H
#define MILLRACE_CLI_ES_LINES_H

#include "cli/es.h"

struct es_lines;

/* `alone`: nobody else writes to these streams; then the first conflict ends it. */
struct es_lines *es_lines_new(const struct es_command *c, bool alone);
/* 0; ERR_INVALID with a sentence: this one is no append; ERR_CLOSED: it has ended (what was said before). */
int es_lines_add(struct es_lines *l, json_t *object, struct err_text *error);
int es_lines_free(struct es_lines *l);

/* Prints a verdict and gives its exit status. */
int es_verdict_print(const struct es_command *c, const struct es_append *a, const struct es_verdict *v);

#endif
