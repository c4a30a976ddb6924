/* e8.h - E8: what is lost and duplicated, and how long until all is as before, when something goes wrong. */
#ifndef MILLRACE_BENCH_E8_H
#define MILLRACE_BENCH_E8_H

#include "bench/trial.h"

enum { E8_EVENTS = 8, E8_PRODUCERS = 4 };

struct e8_event {
    const char *name, *mode;
    enum e8_kind { E8_KILL, E8_POWER, E8_PAUSE, E8_RESET, E8_SLOW, E8_FULL } kind;
    const char *settings[2]; /* of the broker */
    unsigned producers;      /* bit p: it is measured with producer p */
};
struct e8_producer {
    const char *name, *acks;
    bool no_retries, idempotent;
};
extern const struct e8_event e8_events[E8_EVENTS];
extern const struct e8_producer e8_producers[E8_PRODUCERS];

/* Its name, or NULL when it is not measured. */
const char *e8_cell(int event, int producer);

#endif
