/* sink.h - the other end of a point-to-point connection: takes messages, answers each, keeps none.
 *
 *     length (4 bytes) message ...      ->      1 (8 bytes) instant (8 bytes) ...
 *
 * Numbers are in the machine's order: both ends are on it. The answer has the instant (CLOCK_MONOTONIC, nanoseconds) at
 * which the sink had the message. */
#ifndef MILLRACE_BENCH_SINK_H
#define MILLRACE_BENCH_SINK_H

#include "lib/base/err.h"

enum { SINK_MESSAGE_MAX = 16 << 20, SINK_ANSWER_BYTES = 16 };

/* Listens at HOST:PORT (port 0: a free one), says "ready HOST:PORT" on standard output, and serves each connection by a
 * thread until it is asked to end (runner.h); then 0. */
int sink_run(const char *address, struct err_text *error);

/* Serves one blocking connection to its end, and closes it. */
void sink_serve(int descriptor);

#endif
