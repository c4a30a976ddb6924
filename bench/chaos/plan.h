/* plan.h - what is to go wrong: the options of `millrace chaos`, and the lots that are drawn by seed.
 *
 *     chaos_plan_init(&p);  chaos_plan_delay(&p, "0..20ms", &error);  ...
 *     fate = chaos_decide(&p, 2, 17);      of the 17th request of the second connection, both from 1
 *
 * Pure. A fate depends on the seed and the two numbers only, never on time, and each kind of fault draws a lot of its
 * own: an option that is added or changed leaves the others' lots as they were. Requests that the plan does not mean
 * (--api) have no number, and neither has a connection before its first one that does: other traffic of the same
 * client (its metadata, its heartbeats) changes nothing.
 *
 * A moment is a time since the start, or a count of records: acknowledged by the broker (with acks=0: passed on to it),
 * or fetched. */
#ifndef MILLRACE_BENCH_CHAOS_PLAN_H
#define MILLRACE_BENCH_CHAOS_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/bytes.h"
#include "lib/base/err.h"

enum {
    CHAOS_PARTITIONS_MAX = 16,
    CHAOS_KILLS_MAX = 16,
    CHAOS_APIS_MAX = 128,
    CHAOS_MILLION = 1000000,
    CHAOS_DELAY_S_MAX = 3600,
};

/* In this order: when lots fall on several, the first one happens. */
enum chaos_fault {
    CHAOS_DROP_REQUEST,  /* it and all that follows on its connection is lost on the way to the broker */
    CHAOS_CUT,           /* half of it arrives, then the connection ends */
    CHAOS_DROP_RESPONSE, /* the broker does the work; its answer and all that follows is lost */
    CHAOS_CUT_RESPONSE,  /* the broker does the work, then the connection ends in place of its answer */
    CHAOS_FAULTS,
    CHAOS_NONE = CHAOS_FAULTS,
};

enum chaos_unit { CHAOS_TIME, CHAOS_ACKNOWLEDGED, CHAOS_FETCHED };

struct chaos_moment {
    enum chaos_unit unit;
    int64_t value; /* ns or records */
};

/* How far a run is. */
struct chaos_progress {
    int64_t elapsed_ns, acknowledged, fetched;
};

/* Nothing passes for a while; what was sent waits. */
struct chaos_partition {
    struct chaos_moment from;
    int64_t duration_ns;
    bool requests, responses; /* which way is closed */
};

struct chaos_plan {
    uint64_t seed;
    int64_t delay_min_ns, delay_max_ns; /* of each request, uniform */
    int64_t chances[CHAOS_FAULTS];      /* in a million */
    bool every_api, apis[CHAOS_APIS_MAX];
    struct chaos_partition partitions[CHAOS_PARTITIONS_MAX];
    int partition_count;
    struct chaos_moment kills[CHAOS_KILLS_MAX];
    int kill_count;
};

struct chaos_fate {
    int64_t delay_ns;
    enum chaos_fault fault;
};

/* "drop_request", ..., "none" */
const char *chaos_fault_name(enum chaos_fault fault);

void chaos_plan_init(struct chaos_plan *p);
/* "20ms", "0..20ms", "5ms..1s" */
int chaos_plan_delay(struct chaos_plan *p, const char *text, struct err_text *error);
/* "1%", "0.5%", "0.01"; `option` is for the sentence. */
int chaos_plan_chance(struct chaos_plan *p, enum chaos_fault fault, const char *option, const char *text,
                      struct err_text *error);
/* "Produce,Fetch", in any case; "all" */
int chaos_plan_apis(struct chaos_plan *p, const char *text, struct err_text *error);
/* "2s@5s,500ms@record:1000:responses": how long, from when, and which way (both, when it does not say) */
int chaos_plan_partitions(struct chaos_plan *p, const char *text, struct err_text *error);
/* A list of moments: "3s,10s" with CHAOS_TIME, else of counts. */
int chaos_plan_kills(struct chaos_plan *p, enum chaos_unit unit, const char *option, const char *text,
                     struct err_text *error);

bool chaos_means(const struct chaos_plan *p, int api_key);
struct chaos_fate chaos_decide(const struct chaos_plan *p, int64_t connection, int64_t request);
bool chaos_reached(const struct chaos_moment *m, const struct chaos_progress *at);
/* The plan as the members of a JSON object, with its braces. */
void chaos_plan_json(const struct chaos_plan *p, struct buf *out);

/* "200us", "20ms", "1.5s", "2m": false for anything else, and beyond an hour. */
bool chaos_duration(struct slice text, int64_t *ns);

#endif
