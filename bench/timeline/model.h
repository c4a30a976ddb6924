/* model.h - what happened in a run, out of the lines of `millrace chaos --log` and `millrace tap --format json`.
 *
 *     timeline_init(&t);  timeline_read(&t, path, &error) ...;  timeline_settle(&t);
 *
 *     exchange  ->  mark    one request: what kind, from when to when, on whose lane, to which broker
 *     fault     ->          ... and what became of it (joined by connection and correlation id)
 *     event     ->  event   kill, ready, partition, ...; others may add lines of their own ("note")
 *
 * A lane is a client: its client.id, for all of its connections have that in common. Where several members of groups
 * use the same client.id, their connections to the coordinator are lanes of their own (the member's id tells them
 * apart), and what cannot be told apart stays on the lane of the client.id. */
#ifndef MILLRACE_BENCH_TIMELINE_MODEL_H
#define MILLRACE_BENCH_TIMELINE_MODEL_H

#include <stdbool.h>
#include <stdio.h>

#include "lib/base/bytes.h"
#include "lib/base/err.h"
#include "lib/base/table.h"

enum timeline_kind {
    TIMELINE_PRODUCE,
    TIMELINE_FETCH,
    TIMELINE_COMMIT,
    TIMELINE_JOIN,
    TIMELINE_SYNC,
    TIMELINE_HEARTBEAT,
    TIMELINE_LEAVE,
    TIMELINE_OTHER, /* Metadata, ApiVersions, ... */
    TIMELINE_KINDS,
};

enum timeline_fault {
    TIMELINE_FINE,
    TIMELINE_DROP_REQUEST,
    TIMELINE_CUT,
    TIMELINE_DROP_RESPONSE,
    TIMELINE_CUT_RESPONSE,
    TIMELINE_UNANSWERED, /* nobody said why */
};

/* Strings are in the timeline's arena, and never NULL. */
struct timeline_mark {
    enum timeline_kind kind;
    const char *api;
    int64_t begin_ns, end_ns; /* the same when there is no answer */
    enum timeline_fault fault;
    int64_t delay_ns; /* by chaos */
    int64_t held_ns;  /* its answer, in a partition: end_ns is when it was let through */
    bool one_way;     /* acks=0 */
    bool again;       /* a batch that was sent before */
    bool late;        /* ... and stands in the log behind one that was sent later */
    size_t batch_from, batch_count;
    int64_t records;
    const char *error; /* "" or its name */
    const char *connection, *client_id, *member, *broker;
    const char *group;
    int64_t generation;   /* -1: none */
    const char *assigned; /* SyncGroup: "numbers 0-2"; "nothing" */
    const char *about;    /* for people: "numbers-0 at 120, 5 records" */
    int64_t correlation_id;
    int lane; /* after timeline_settle; -1: none */
};

/* A batch that a Produce request carries. */
struct timeline_batch {
    const char *place;    /* who sends to which partition */
    const char *identity; /* of an idempotent producer: producer, partition, number; else client, partition, checksum */
    bool numbered;        /* the former */
    int64_t offset;       /* where the broker put it; -1: nowhere, or nobody said */
};

struct timeline_event {
    const char *what, *broker, *text, *label; /* label: a few words for a picture */
    int64_t time_ns, duration_ns;             /* of a partition; else 0 */
};

/* What chaos says of a request, until the request itself is found. */
struct timeline_fault_line {
    const char *connection;
    int64_t correlation_id, time_ns, delay_ns, held_ns;
    enum timeline_fault fault;
};

struct timeline_lane {
    const char *name;
    int64_t marks; /* on it */
};

struct timeline {
    struct arena arena;
    struct table names;          /* what many lines say: clients, brokers, APIs, groups; each is in the arena once */
    struct timeline_mark *marks; /* after timeline_settle by begin */
    size_t mark_count, mark_capacity;
    struct timeline_batch *batches;
    size_t batch_count, batch_capacity;
    struct timeline_event *events; /* after timeline_settle by time */
    size_t event_count, event_capacity;
    struct timeline_lane *lanes; /* producers first, then by name; only with marks of kinds that are drawn */
    int lane_count;
    const char **brokers; /* by first mark */
    int broker_count;
    int64_t begin_ns, end_ns;           /* of all */
    struct timeline_fault_line *faults; /* until timeline_settle */
    size_t fault_count, fault_capacity;
    bool summary; /* there is one: what is unanswered is so because the run ended, or was lost */
};

void timeline_init(struct timeline *t);
void timeline_release(struct timeline *t);
/* ERR_INVALID names file and line; ERR_NOTFOUND and ERR_IO the file. */
int timeline_read(struct timeline *t, const char *path, struct err_text *error);
/* After the last file. */
void timeline_settle(struct timeline *t);
/* A part of timeline_settle (order.c): of marks in order, which were sent again, and which came late. */
void timeline_order(struct timeline *t);
/* A connected piece of words: "produce", "fetch", "commit", "join", ... */
const char *timeline_kind_name(enum timeline_kind kind);
const char *timeline_fault_name(enum timeline_fault fault);
/* A line for each mark and event, by time. */
void timeline_text(const struct timeline *t, int64_t from_ns, int64_t to_ns, bool all, FILE *to);

#endif
