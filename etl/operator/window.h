/* window.h - which windows of an aggregate a row is in.
 *
 * Windows begin at offset_s + k * hop_s for every whole k, counted from 1970-01-01T00:00:00, and are size_s
 * long; the end belongs to the next one. hop_s = size_s makes tumbling windows: every time is in exactly one.
 *
 *     size_s 40, hop_s 20     [--------)               time t is in the windows that begin at
 *                                 [--------)           window_first(t), + hop_s, ... up to t
 *                                   t [--------)
 */
#ifndef MILLRACE_ETL_OPERATOR_WINDOW_H
#define MILLRACE_ETL_OPERATOR_WINDOW_H

#include "etl/definition.h"

/* The start of the earliest window that `time` is in. */
static inline int64_t window_first(const struct window *w, int64_t time)
{
    int64_t past = time - w->offset_s - w->size_s; /* the window before it begins here or earlier */
    int64_t k = past / w->hop_s - (past % w->hop_s < 0);
    return (k + 1) * w->hop_s + w->offset_s;
}

static inline struct value window_time(int64_t seconds)
{
    return (struct value){.type = VALUE_TIMESTAMP, .i = seconds};
}

#endif
