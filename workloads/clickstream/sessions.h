/* sessions.h - sessions of (site, visitor), counted in the order of time.
 *
 *     sessions_init -> sessions_at per hit or event -> sessions_finish -> sessions_release
 *
 * A session ends when its key was silent for more than SESSION_GAP_S. Closed sessions wait in a queue for the ones
 * that started before them, so that `closed` is called in the order of their starts: the queue holds about half an
 * hour, whatever the length of the input. */
#ifndef MILLRACE_WORKLOADS_CLICKSTREAM_SESSIONS_H
#define MILLRACE_WORKLOADS_CLICKSTREAM_SESSIONS_H

#include "workloads/clickstream/site.h"

#define SESSION_GAP_S 1800

/* What front ends tell, each a topic of its own: things that have happened. */
enum event_kind {
    EVENT_PAGE_VIEWED,
    EVENT_LINK_CLICKED,
    EVENT_SEARCHED,
    EVENT_VIDEO_VIEWED,
    EVENT_ADDED_TO_CART,
    EVENT_CHECKOUT_STARTED,
    EVENT_ORDER_PLACED,
    EVENT_KINDS,
};

enum { FUNNEL_STEPS = 4 }; /* product viewed, added to the cart, checkout started, order placed */

struct session {
    int64_t start, last;
    int site, visitor;
    uint64_t hits, bytes;         /* of a session in an access log */
    uint64_t events[EVENT_KINDS]; /* of a session of front-end events */
    int64_t step[FUNNEL_STEPS];   /* when the step was first taken; -1: never */
};

struct sessions {
    struct session *queue; /* a ring of `queue_size` sessions by start, numbers [head, tail) */
    uint64_t queue_size, head, tail;
    uint64_t *latest; /* [site][visitor]: number of its latest session plus 1; 0 for none */
    uint64_t keys;    /* that have had a session */
    void (*closed)(void *context, const struct session *s);
    void *context;
};

void sessions_init(struct sessions *s, void (*closed)(void *context, const struct session *s), void *context);
void sessions_release(struct sessions *s);
/* The session that something at `time` belongs to, now lasting until `time`; closes what has ended by then. */
struct session *sessions_at(struct sessions *s, int64_t time, int site, int visitor);
void sessions_finish(struct sessions *s);

#endif
