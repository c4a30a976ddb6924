/* world_test.h - a coordinator with a clock, a log of __consumer_offsets and clients that remember their
 * ids: what the tests of this folder stand on.
 *
 * Appends wait in `pending` until world_stored; with `autostore` they are stored at once. world_restart
 * throws the coordinator away and loads a new one from what was stored, compaction included. */
#ifndef MILLRACE_BROKER_GROUP_WORLD_TEST_H
#define MILLRACE_BROKER_GROUP_WORLD_TEST_H

#include "broker/group/state.h"
#include "lib/base/table.h"

struct world_record {
    int32_t partition;
    struct kafka_bytes key, value; /* owned */
};

struct world_append {
    uint64_t token;
    struct world_record *records;
    int32_t count;
};

struct world {
    struct group_config config;
    struct group_coordinator *c;
    struct group_time now;
    struct group_actions actions; /* of the last step, until the next; world_step adds to `text` what is in them */
    uint64_t seed, next_token;
    bool autostore;
    struct world_append *pending;
    int32_t pending_count;
    struct world_record *log;
    int32_t log_count;
    struct buf text;             /* every action since the last world_text_reset, one line each */
    struct table labels;         /* token -> label of the request */
    struct table names, by_name; /* member id -> "m1", and back */
    void (*each)(struct world *w, const struct group_action *a); /* sees every action, if set */
    void *context;
};

void world_init(struct world *w, uint64_t seed);
void world_load(struct world *w); /* every partition, from the log */
void world_release(struct world *w);
void world_restart(struct world *w);
/* Gives the event a token (unless it has one) and steps; the token is returned. */
uint64_t world_step(struct world *w, const char *label, struct group_event *e);
/* Lets time pass, with a GROUP_TIMER at each instant that was asked for. */
void world_wait(struct world *w, int64_t ms);
/* The oldest pending append is stored, or has failed. False when there is none. */
bool world_stored(struct world *w, int16_t error);
/* Records as they are, into the log, as if a coordinator had written them. */
void world_log_add(struct world *w, int32_t partition, struct kafka_bytes key, struct kafka_bytes value);

/* The last answer to `token` among the actions of the last step; NULL when there is none. */
const struct group_action *world_answer(const struct world *w, uint64_t token);
/* The id behind "m1", or the text itself. */
struct kafka_string world_member_id(const struct world *w, struct kafka_string name);
const char *world_text(struct world *w);

struct kafka_string str(const char *s);
struct kafka_bytes bytes(const char *s);

/* Requests with ordinary values. */
struct group_event world_join(const char *group, const char *member_id, const char *protocol, const char *metadata);
struct group_event world_sync(const char *group, const char *member_id, int32_t generation);
struct group_event world_heartbeat(const char *group, const char *member_id, int32_t generation);

#endif
