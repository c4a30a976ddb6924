/* states.h - what E12 compares (inside this folder only): the state of an account as a fold of its events, and as a
 * row.
 *
 *     states_open     n events in a topic of their own, a snapshot 10 events before the end, `millrace es serve` over
 *                     it; and a database with the account among 10,000 others, its changes since half-way, a backup of
 * then states_ask      one question or one correction, one way; how long it took states_close
 *
 * The event store is asked through the pipe of a process that stays; the database in this process, which is the
 * shorter way by some 50 us. */
#ifndef MILLRACE_BENCH_STATES_H
#define MILLRACE_BENCH_STATES_H

#include <sqlite3.h>
#include <stdio.h>

#include "bench/experiment.h"

enum states_way {
    STATES_REPLAY,     /* a fold from the first event */
    STATES_SNAPSHOT,   /* from the snapshot */
    STATES_TABLE,      /* SELECT */
    STATES_WITHOUT,    /* correction: a replay without the event in the middle */
    STATES_COMPENSATE, /* the contrary of the last event appended, and a fold from the snapshot */
    STATES_RESTORE,    /* the backup copied back, later changes applied again but for the one in the middle */
    STATES_WAYS
};
extern const char *const STATES_WAY_NAMES[STATES_WAYS];

enum { STATES_OTHERS = 10000, STATES_TAIL = 10 };

struct states {
    int64_t events;   /* of the account */
    int64_t mistakes; /* deposits made by mistake and taken back since: two more events each, and the same balance */
    char topic[64], folder[PATH_MAX];
    struct process serve;
    FILE *in, *out; /* of the process */
    sqlite3 *table;
    sqlite3_stmt *select;
};

/* `folder` is for the databases. */
int states_open(struct states *s, const struct bench *b, const char *bootstrap, const char *folder, int64_t events,
                struct err_text *error);
void states_close(struct states *s);
/* *took_ns: how long the answer took; *read: events or changes that went into it. A wrong answer is ERR_CORRUPT. */
int states_ask(struct states *s, enum states_way way, int64_t *took_ns, int64_t *read, struct err_text *error);

#endif
