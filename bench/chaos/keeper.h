/* keeper.h - the process that chaos kills, and what brings it back.
 *
 *     UP --kill--> DYING --gone--> DOWN --after `down_ns`--> STARTING --"ready"--> UP
 *                            power cut        command                        or a connection to its address succeeds
 *
 * Either a command of our own (`command`, started by keeper_start) or somebody else's process (`pid`), which is started
 * again only if `then` says how. Whatever is started here ends with us. keeper_step never waits, but for a power cut.
 */
#ifndef MILLRACE_BENCH_CHAOS_KEEPER_H
#define MILLRACE_BENCH_CHAOS_KEEPER_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/os/process.h"

enum keeper_state { KEEPER_NONE, KEEPER_UP, KEEPER_DYING, KEEPER_DOWN, KEEPER_STARTING, KEEPER_GONE };

enum { KEEPER_ADDRESS_MAX = 300, KEEPER_READY_S = 60 };

struct keeper {
    /* what is asked for */
    const char *const *command; /* NULL-terminated, or NULL */
    const char *then;           /* for the shell, or NULL */
    pid_t pid;                  /* 0: none */
    const char *power_cut;      /* its data directory, or NULL */
    bool torn;
    uint64_t seed; /* of a torn cut */
    int64_t down_ns;
    const char *program; /* this very executable */
    /* what is */
    enum keeper_state state;
    struct process process;
    char address[KEEPER_ADDRESS_MAX]; /* of the broker, "" when it is not known yet */
    int kills;
    int64_t killed_ns, since_ns; /* the last kill; when the state began */
    /* `what` is an event of journal.h; `more` as there */
    void (*tell)(void *context, const char *what, const char *more, const char *text);
    void (*moved)(void *context, const char *from, const char *to);
    void *context;
};

/* Starts the command and waits until it is ready; nothing without one. A sentence on failure. */
int keeper_start(struct keeper *k, struct err_text *error);
/* kill -9, now. Nothing happens when it is not up. */
void keeper_kill(struct keeper *k, int64_t now_ns);
/* Goes on with what is under way. A failure is told, and a negative err; the state is KEEPER_GONE then. */
int keeper_step(struct keeper *k, int64_t now_ns);
/* Ends what was started here. */
void keeper_stop(struct keeper *k);

#endif
