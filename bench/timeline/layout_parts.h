/* layout_parts.h - the parts of layout_make, in the order of their calls: rows (layout.c), then
 *
 *     layout_marks    bars, bands, notes    of requests     layout_marks.c
 *     layout_states   stretches             of groups and brokers
 *     layout_arrows   arrows                of what has a bar or note of its own
 *
 * then flags (layout.c). */
#ifndef MILLRACE_BENCH_TIMELINE_LAYOUT_PARTS_H
#define MILLRACE_BENCH_TIMELINE_LAYOUT_PARTS_H

#include "bench/timeline/layout.h"

enum { LAYOUT_BAR_MIN = 3 }; /* pixels */

void layout_marks(struct layout *l);
void layout_states(struct layout *l);
void layout_arrows(struct layout *l);
/* Whether any of it is in the picture. */
bool layout_shown(const struct layout *l, int64_t begin_ns, int64_t end_ns);
/* The row of a client for what is of this kind. */
enum layout_row_kind layout_kind_row(enum timeline_kind kind);
/* The index of a broker's row, or -1. */
int layout_broker_row(const struct layout *l, const char *name);

#endif
