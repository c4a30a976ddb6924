/* node.h - one broker as a pure object: events in, actions out.
 *
 *                 +-------------------------------------------------------------+
 *   event ------> |  frame -> request -> [log | group | metadata] -> response   | ------> actions
 *   (frame, appended, synced, read, job done, time)      (append, sync, read, send, job, wake, close)
 *                 +-------------------------------------------------------------+
 *
 * Nothing in here makes a system call, reads a clock, draws a random number that was not seeded, or
 * calls back. The owner (broker/server with sockets and a disk, tests/sim with fakes) performs the
 * actions in the order given and reports what came of them as events. So a whole broker runs in a
 * test, in one thread, from one seed.
 *
 * What must be durable before what may be sent is decided here and only here: a response that
 * promises durability is emitted as an ACTION_SEND only in answer to the event that made it true.
 *
 * Call order:
 *     node_open(...)                      recovery, on a struct disk; may take long
 *     loop: node_step(node, now, &event, &actions); perform actions; actions_reset(&actions)
 *     node_step(... EVENT_SHUTDOWN ...)   until an ACTION_STOPPED appears
 *     node_free(node)
 *
 * Completions may be reported at once (the server appends inline) or much later (the simulator); the
 * node never assumes which. Actions on one file take effect in the order in which they were emitted.
 *
 * Ownership: a frame given in an event carries one reference, which the node takes. Bytes and files
 * named by an action are referenced by the action; `actions_reset` drops these references, so an
 * owner that keeps a piece longer (a send that waits for the socket) takes its own reference first. */
#ifndef MILLRACE_BROKER_NODE_NODE_H
#define MILLRACE_BROKER_NODE_NODE_H

#include <stdbool.h>
#include <stdint.h>

#include "broker/log/log_file.h" /* struct log_file: id, path, reference count */
#include "lib/base/bytes.h"
#include "lib/base/err.h"
#include "lib/os/disk.h"

struct node;
struct node_config; /* broker/node/config.h */

struct node_time {
    int64_t monotonic_ns; /* for deadlines */
    int64_t wall_ms;      /* for timestamps and retention: milliseconds since 1970 */
};

/* ---- events ---- */

enum event_kind {
    EVENT_CONNECTED,    /* connection, data: the peer's address as text, may be empty */
    EVENT_DISCONNECTED, /* connection: nothing more will be sent to it */
    EVENT_ENDED,        /* connection: its peer will say no more than what is still to come; its long polls end */
    EVENT_FRAME,        /* connection, frame: one request without its length prefix */
    EVENT_APPENDED,     /* token, err */
    EVENT_SYNCED,   /* token, err; ERR_NOMEM: a file found no descriptor and was not synced, which is no failed sync */
    EVENT_READ,     /* token, err, data: what an ACTION_READ brought (shorter at the end of the file) */
    EVENT_JOB_DONE, /* job, err: the job comes back to the node, which owns it */
    EVENT_TIMER,    /* the instant of the last ACTION_WAKE has come */
    EVENT_SHUTDOWN, /* finish what is under way, write checkpoints, then ACTION_STOPPED */
};

struct event {
    enum event_kind kind;
    uint64_t connection; /* never reused within one run */
    struct shared *frame;
    uint64_t token;
    int err; /* 0 or a negative enum err */
    struct slice data;
    struct node_job *job;
};

/* ---- actions ---- */

enum action_kind {
    ACTION_APPEND, /* file, at, pieces: write these bytes there (creating the file); then EVENT_APPENDED */
    ACTION_SYNC,   /* files: make all of them durable, on a helper thread; then EVENT_SYNCED */
    ACTION_READ,   /* file, at, length; then EVENT_READ */
    ACTION_SEND,   /* connection, pieces: in order, after what was sent before */
    ACTION_CLOSE,  /* connection: close it when what was sent has left; no EVENT_DISCONNECTED follows */
    ACTION_JOB,   /* job: run on a helper thread; jobs with the same `order` one after the other; then EVENT_JOB_DONE */
    ACTION_WAKE,  /* at_ns: send EVENT_TIMER then; replaces the earlier one; INT64_MAX for never */
    ACTION_PAUSE, /* connection: stop reading frames from it (its pipeline is full) */
    ACTION_RESUME, /* connection: read again */
    ACTION_FORGET, /* file: its descriptor may be closed, nothing will be asked of it any more */
    ACTION_SAY,    /* level, text: a line for the operator's log */
    ACTION_LIMIT,  /* length: connections that may be open from now on; those that are stay (max.connections) */
    ACTION_STOPPED,
};

/* A piece of a response or of an append: memory, or a range of a file that goes out by sendfile. */
struct action_piece {
    struct slice bytes;    /* memory if file is NULL */
    struct shared *shared; /* holds `bytes`; NULL if `bytes` lives in the action list's arena */
    struct log_file *file; /* a file range otherwise */
    uint64_t at, length;
};

struct action {
    enum action_kind kind;
    uint64_t connection;
    uint64_t token; /* echoed by the event that answers; 0 = no event wanted (APPEND only) */
    struct log_file *file;
    uint64_t at, length;
    struct action_piece *pieces;
    int piece_count;
    struct log_file **files; /* SYNC */
    int file_count;
    struct node_job *job;
    int64_t at_ns;
    int level; /* enum log_level */
    const char *text;
};

/* What may block or burn: runs away from the node on a struct disk; owns its input and its result.
 * `run` must not touch the node. */
struct node_job {
    const char *name; /* "write-checkpoints", for logs and traces */
    uint64_t order;   /* jobs with equal order run one after the other; 0: any */
    bool heavy;       /* it may burn for long: of these one runs at a time; its order is 0 */
    int (*run)(struct node_job *job, struct disk *disk); /* 0 or negative enum err -> EVENT_JOB_DONE.err */
};

struct actions {
    struct action *items;
    int count, capacity;
    struct arena arena; /* small pieces of memory and arrays */
};

void actions_reset(struct actions *a); /* drops references, keeps memory */
void actions_release(struct actions *a);

/* ---- the node ---- */

/* Recovers (or formats) the data directory behind `disk` and builds the node. `seed` feeds topic ids,
 * member ids and the like. On failure `error` names the file. The first step must be any event (an
 * EVENT_TIMER will do); it emits the first deadlines. */
int node_open(const struct node_config *config, struct disk *disk, struct node_time now, uint64_t seed,
              struct node **out, struct err_text *error);
void node_step(struct node *n, struct node_time now, const struct event *e, struct actions *out);
/* Whether a request of this connection is under way: it waits for us then, not we for it. */
bool node_owes(const struct node *n, uint64_t connection);
/* Frees memory only: what is not on disk by now is lost, as in a crash. */
void node_free(struct node *n);

#endif
