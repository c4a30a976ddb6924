/* view.h - what `millrace tap` shows of what it sees: a line for each exchange, one frame, a summary.
 *
 *     tap_view_init(&v, mode, to);  tap_init(&tap, &v.sink);  ...  tap_view_finish(&v, &tap, json_tail) */
#ifndef MILLRACE_BENCH_TAP_VIEW_H
#define MILLRACE_BENCH_TAP_VIEW_H

#include <stdio.h>

#include "bench/tap/summary.h"
#include "lib/base/err.h"

enum tap_view_mode {
    TAP_VIEW_TABLE,
    TAP_VIEW_LIST, /* a line for each exchange, then the table */
    TAP_VIEW_JSON, /* the same as JSON lines, then {"type":"summary",...} */
    TAP_VIEW_XRAY, /* one frame and nothing else */
};

struct tap_view {
    enum tap_view_mode mode;
    FILE *to;
    struct tap_sink sink; /* for tap_init; the view must not move afterwards */
    struct tap_summary summary;
    struct buf out;
    /* TAP_VIEW_XRAY */
    int64_t frame;          /* its number, or 0: */
    int api_key;            /* the first frame of this API, */
    enum tap_stream stream; /* on this side */
    bool found;
    int xray_status; /* of tap_xray */
};

void tap_view_init(struct tap_view *v, enum tap_view_mode mode, FILE *to);
/* "12", "Produce", "produce.response": which frame --xray shows. ERR_INVALID with a sentence. */
int tap_view_choose(struct tap_view *v, const char *text, struct err_text *error);
/* The table or the summary's line; `more` are further members of its JSON object (",\"packets\":5") or lines. */
void tap_view_finish(struct tap_view *v, const struct tap_counts *counts, struct slice more);
void tap_view_release(struct tap_view *v);

#endif
