/* xray.h - one frame as people read it: every byte, with the field that it belongs to.
 *
 *     offset  bytes                    type     field            value
 *          0  00 00 00 2e              int32    size             46
 *          4  00 03                    int16    api_key          3 (Metadata) */
#ifndef MILLRACE_BENCH_TAP_XRAY_H
#define MILLRACE_BENCH_TAP_XRAY_H

#include "bench/tap/tap.h"

/* 0, or why the frame could not be shown to its end: ERR_UNSUPPORTED (the body is shown as bytes), ERR_CORRUPT. */
int tap_xray(const struct tap_frame *f, struct buf *out);

#endif
