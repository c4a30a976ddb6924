/* traffic.h - what the parts of the clickstream generator share. Only they include it.
 *
 *     clickstream.c   files of the whole, the generator itself
 *     traffic.c       days and instants: which visit makes the next hit, and when
 *     visit.c         what a visitor does, and what the access log and the front end hear of it
 *     log_line.c      the text of an access log's line
 *
 * A few visits are under way at any time. The instant of an event follows from its number, through the weights of days
 * and hours; which visit it belongs to is drawn. So time never goes back while hits are made (the truth relies on it);
 * what is late is held back where lines are placed. */
#ifndef MILLRACE_WORKLOADS_CLICKSTREAM_TRAFFIC_H
#define MILLRACE_WORKLOADS_CLICKSTREAM_TRAFFIC_H

#include "workloads/clickstream/access_log.h"
#include "workloads/clickstream/frontend.h"
#include "workloads/generate.h"

/* The log of the hosting server is the last one. */
enum { VISITS = 48, PLANNED_MAX = 64, LOGS = SITE_COMBINED + 1, HOSTED = SITE_COMBINED };

#define CLICKSTREAM_FIRST_DAY 20439 /* 2025-12-17 */

struct visit {
    int visitor, site;
    uint64_t hits_left;
    int page; /* shown last: the referer of what follows; -1 for none */
    uint64_t cart_items;
    int64_t cart_cents;
    bool in_checkout;
};

struct planned {
    int64_t time;
    int visitor, site;
};

struct traffic {
    const struct generate_options *options;
    struct chances chances;
    struct sites sites;
    struct hit_truth truth;
    struct click_truth click_truth;
    struct frontend frontend;
    struct line_counts counts, hosted_counts;
    struct access_log log[LOGS];
    int hosted_offset_s; /* how wrong the hosting server's clock is */
    uint64_t orders, malformed;
    struct due clockwork_due; /* returns after exactly 1800 s, then after exactly 1801 s */
    struct visit visit[VISITS];
    int visits; /* how many are under way */
    struct planned planned[PLANNED_MAX];
    int planned_count, clockwork;
    uint64_t line, total;
    int64_t now;
    int assets_left; /* of the page that visit `current` has just loaded */
    int current;
    bool overtake; /* the last line was held back: the next one is younger */
    struct buf text;
    uint64_t bytes; /* of the input files that no log and no front end writes */
    int files;
};

/* traffic.c: makes all events, over so many days. */
void traffic_run(struct traffic *t, uint64_t days);
/* visit.c */
void traffic_next_hit(struct traffic *t);
/* A visitor's request for the first page of a site, at the present instant. */
void traffic_appointment(struct traffic *t, int site, int visitor);
void traffic_malformed(struct traffic *t);
/* log_line.c: the line of a hit into t->text. `referer`: the page shown before, -1 for none. */
void log_line_put(struct traffic *t, const struct hit *h, int referer);
void log_line_put_malformed(struct traffic *t);

#endif
