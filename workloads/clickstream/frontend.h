/* frontend.h - the collector of front-end events: a file of JSON lines per type and day.
 *
 *     page_viewed-2025-12-17.ndjson
 *     {"event_id":"e0000000017","visitor":"v01234","client":"browser","site":"garden.example","page":"/cart",
 *      "occurred_at":"2025-12-17T13:11:22Z","sent_at":"...","received_at":"...","referrer":null}
 *
 * Three clocks: `occurred_at` and `sent_at` are the device's, which may be wrong by seconds, hours or years;
 * `received_at` is the collector's, which is right. So the true instant is received_at - (sent_at - occurred_at): a
 * device without a network sends later, but with the same clock. Lines stand in the order in which they were
 * received, and a file holds what was received on its day. */
#ifndef MILLRACE_WORKLOADS_CLICKSTREAM_FRONTEND_H
#define MILLRACE_WORKLOADS_CLICKSTREAM_FRONTEND_H

#include "workloads/clickstream/click_truth.h"
#include "workloads/clickstream/kinds.h"
#include "workloads/held.h"

enum { FRONTEND_HELD_MAX = 512 };

struct frontend {
    struct chances *chances;
    const struct sites *sites;
    struct click_truth *truth;
    struct out_file out[EVENT_KINDS];
    int64_t open_day[EVENT_KINDS];
    struct held held;
    int64_t *clock_offset_s; /* of each visitor's device */
    uint64_t last_id;
    struct buf text; /* of the line being made */
};

void frontend_init(struct frontend *f, struct chances *chances, const struct sites *sites, struct click_truth *truth,
                   struct disk *disk, struct err_text *why);
void frontend_release(struct frontend *f);
/* Sends an event, with the dirt that is due; instants don't decrease between calls. Returns how many lines that
 * makes, now or later: 1, or 2 when it is sent twice, which it is only if it may. */
int frontend_send(struct frontend *f, const struct event *e, bool may_repeat);
/* Writes what is still on its way; 0 or the first error. */
int frontend_finish(struct frontend *f);

#endif
