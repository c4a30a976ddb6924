/* progress.h - how far a long run is, on standard error.
 *
 *     struct progress p;
 *     progress_start(&p, "batch ecommerce", "rows", total_or_0);
 *     progress_update(&p, rows_done);     as often as you like: it prints rarely
 *     progress_finish(&p, rows_done);     the final line
 *
 * On a terminal one line is rewritten, with rate and time left; elsewhere (a file, a CI log) plain lines
 * come at a slower pace:
 *
 *     batch ecommerce: 1,200,000 of 5,000,000 rows (24 %), 410,000 rows/s, 9 s left */
#ifndef MILLRACE_OS_PROGRESS_H
#define MILLRACE_OS_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/bytes.h"

struct progress {
    const char *what, *unit; /* the caller's, kept until the finish */
    uint64_t total;          /* 0: not known, then no percentage and no time left */
    int64_t started_ns, printed_ns;
    bool terminal;
};

void progress_start(struct progress *p, const char *what, const char *unit, uint64_t total);
void progress_update(struct progress *p, uint64_t done);
/* Also a run of no length gets its line; the rate is that of the whole run. */
void progress_finish(struct progress *p, uint64_t done);
/* The line's text for a run that began `elapsed_ns` ago, without line end: pure, for tests and logs. */
void progress_format(const struct progress *p, uint64_t done, int64_t elapsed_ns, bool finished, struct buf *out);

#endif
