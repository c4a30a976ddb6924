/* trace.h - what happened, as a number and, when asked, as text.
 *
 * Every event given to the node and every action it emits goes into a running 64-bit hash, with its time,
 * numbers and bytes. The same seed must give the same hash on every build: a difference means that the
 * node or the simulator looked at something that the seed does not decide (an address, memory that was
 * never set, the order of a sort). The text is a line for each; written only when a file is open. */
#ifndef MILLRACE_TESTS_SIM_TRACE_H
#define MILLRACE_TESTS_SIM_TRACE_H

#include <stdio.h>

#include "broker/node/node.h"

struct trace {
    uint64_t hash;
    FILE *file; /* NULL: no text */
};

void trace_event(struct trace *t, int64_t now_ns, const struct event *e);
void trace_action(struct trace *t, int64_t now_ns, const struct action *a);
/* What the simulator itself does; hashed too. */
void trace_note(struct trace *t, int64_t now_ns, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
