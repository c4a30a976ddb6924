/* limits.h - what the machine itself can do, measured beside every run of experiments.
 *
 * A result is judged against these: nothing over the loopback answers faster than its round trip, nothing
 * is durable faster than fdatasync, no warehouse fills faster than SQLite inserts. */
#ifndef MILLRACE_BENCH_LIMITS_H
#define MILLRACE_BENCH_LIMITS_H

#include "bench/trial.h"

/* Fills the trial "limits" (about two seconds); temporary files go to `dir` and are removed.
 *   histograms: loopback_round_trip, fdatasync_4k           ns
 *   metrics:    append_100B, append_64K, sqlite_insert       calls/s, bytes/s, rows/s */
int limits_measure(struct trial *t, const char *dir, struct err_text *error);

#endif
