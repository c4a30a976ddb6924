/* regex.h - Perl-compatible regular expressions (PCRE2), compiled once, matched often.
 *
 * Subjects are UTF-8 that has been checked before. A compiled expression is immutable and may be shared by threads; the
 * scratch memory of a match is one block per thread. A match that exceeds PCRE2's own limits (a pattern
 * that backtracks without end) does not hang: it counts as REGEX_GAVE_UP. */
#ifndef MILLRACE_ETL_REGEX_H
#define MILLRACE_ETL_REGEX_H

#include <stdbool.h>

#include "lib/base/bytes.h"

struct regex;

enum regex_outcome { REGEX_NO, REGEX_YES, REGEX_GAVE_UP };

/* NULL when the pattern is wrong; `message` (at least 200 bytes) then says why and where. */
struct regex *regex_new(const char *pattern, bool ignore_case, char message[200]);
void regex_free(struct regex *r); /* NULL is allowed */

/* Groups in the pattern, not counting the whole match. */
int regex_group_count(const struct regex *r);
/* Searches anywhere in `subject`. With REGEX_YES and `group` not NULL, *group is what group number
 * `number` matched (0: the whole match); its p is NULL when the group took no part. */
enum regex_outcome regex_search(const struct regex *r, struct slice subject, int number, struct slice *group);
/* NULL, or what is wrong with a replacement: $1, ${1} and $0 stand for groups, $$ for a dollar. */
const char *regex_replacement_wrong(const struct regex *r, const char *replacement);
/* How often REGEX_GAVE_UP was the answer, in this process; and a sentence on standard error if it ever was. */
uint64_t regex_gave_up_count(void);
void regex_gave_up_say(const char *title);
/* Appends `subject` with every match replaced; nothing with REGEX_GAVE_UP. A group that took no part is empty. */
enum regex_outcome regex_replace(const struct regex *r, struct slice subject, const char *replacement, struct buf *out);
/* Before a thread ends that has matched: gives its scratch memory back. */
void regex_thread_end(void);

#endif
