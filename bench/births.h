/* births.h - when `stream publish` sent each row, from the topic itself. */
#ifndef MILLRACE_BENCH_BIRTHS_H
#define MILLRACE_BENCH_BIRTHS_H

#include "bench/schedule.h"
#include "lib/base/err.h"
#include "lib/base/histogram.h"

/* Reads `count` rows of the topic's only partition. Their timestamps are milliseconds of the wall clock: the first one
 * sets births->start_ns; how far each is off its instant goes to `lag`, the generator's own lateness. ERR_IO when not
 * all rows come within ten seconds. */
int births_read(const char *bootstrap, const char *topic, struct schedule *births, int64_t count, struct histogram *lag,
                struct err_text *error);

#endif
