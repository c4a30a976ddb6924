/* chaos.h - `millrace chaos`: a proxy (bench/tap/proxy.h) in which things go wrong as a plan says.
 *
 *     clients --> proxy --> link.h (fates by seed) --> broker --- keeper.h kills it and brings it back
 *                   |            |
 *                 tap.h      journal.h: every exchange, every fault, every event
 *
 *     chaos_init(&c, ...); fill c.plan and c.keeper; chaos_open(&c, listen, to, log, &error);
 *     while (...) chaos_step(&c);
 *     chaos_close(&c, json, stdout) */
#ifndef MILLRACE_BENCH_CHAOS_CHAOS_H
#define MILLRACE_BENCH_CHAOS_CHAOS_H

#include "bench/chaos/journal.h"
#include "bench/chaos/keeper.h"
#include "bench/tap/proxy.h"

struct chaos {
    /* the caller's, before chaos_open */
    struct chaos_plan plan;
    struct keeper keeper;
    /* inside */
    struct tap tap;
    struct proxy *proxy;
    struct proxy_between between;
    struct chaos_link_sink sink;
    struct journal journal;
    struct chaos_progress at;
    int64_t begin_mono_ns;
    int64_t closed_until_ns[2];                     /* per direction, monotonic */
    int64_t partition_end_ns[CHAOS_PARTITIONS_MAX]; /* 0: not begun; -1: over */
    bool kill_done[CHAOS_KILLS_MAX];
    bool answer_awaited; /* since a kill, by clients */
    bool complained;     /* since the broker was last there */
    int status;          /* the worst so far */
};

void chaos_init(struct chaos *c);
/* Starts the broker if there is a command for it, then listens. `to` may be NULL with a command; `log` may be NULL. A
 * sentence on failure; chaos_close is fine then. */
int chaos_open(struct chaos *c, const char *listen, const char *to, const char *log, struct err_text *error);
const char *chaos_address(const struct chaos *c);
/* One round: at most about 10 ms. A negative err: the proxy cannot go on. */
int chaos_step(struct chaos *c);
/* Tells the summary and ends what was started. 0; a negative err when the broker did not come back or the log could not
 * be written. */
int chaos_close(struct chaos *c, bool json, FILE *to);

#endif
