/* out_time.h - dates and instants as text, for generators: no locale, no zone, no printf. Years 1000 to 9999. */
#ifndef MILLRACE_WORKLOADS_OUT_TIME_H
#define MILLRACE_WORKLOADS_OUT_TIME_H

#include "lib/base/bytes.h"

void out_two(struct buf *b, int value);       /* 07 */
void out_date(struct buf *b, int64_t day);    /* 2025-12-17; days since 1970 */
void out_clock(struct buf *b, int64_t time);  /* 13:11:22, of the day of `time` */
void out_stamp(struct buf *b, int64_t time);  /* 2025-12-17 13:11:22; seconds since 1970 */
void out_stampz(struct buf *b, int64_t time); /* 2025-12-17T13:11:22Z */

#endif
