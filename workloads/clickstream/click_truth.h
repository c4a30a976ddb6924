/* click_truth.h - the answers about the whole clickstream: all access logs and the front-end events together.
 *
 *     click_truth_init -> click_truth_hit / click_truth_event / click_truth_fate -> click_truth_finish -> release
 *
 * They come in the order of true time. Files in ground_truth/clickstream, which is what
 * workloads/clickstream/clickstream.json makes of the input:
 *
 *     records_by_source.csv    read, accepted, rejected of each source
 *     rejected_by_rule.csv     by source and first failing rule
 *     hits_by_site.csv         both layouts of access logs in one table
 *     hosted_per_hour.csv      by true time: the hosting server's clock is wrong by what clocks.csv says
 *     events_per_hour.csv      tumbling: type, hour, events, visitors
 *     views_per_window.csv     hopping: an hour every quarter of an hour
 *     visits.csv               sessions of front-end events
 *     funnel.csv               how many sessions took the steps of a sale in their order
 *     top20_pages.csv top20_searches.csv
 *     videos.csv               how often each was viewed, by how many, and how often by the keenest
 *     video_frequency.csv      how many visitors viewed a video exactly n times
 *     orders_per_day.csv
 *     summary.json */
#ifndef MILLRACE_WORKLOADS_CLICKSTREAM_CLICK_TRUTH_H
#define MILLRACE_WORKLOADS_CLICKSTREAM_CLICK_TRUTH_H

#include "workloads/clickstream/event.h"
#include "workloads/clickstream/hit_truth.h"

enum { WINDOW_S = 3600, PANE_S = 900, WINDOW_PANES = WINDOW_S / PANE_S };

struct event_hour {
    int64_t number;
    uint64_t events[EVENT_KINDS], visitors[EVENT_KINDS];
};

struct window {
    uint64_t views, visitors;
};

struct click_truth {
    const struct sites *sites;
    struct out_file hosted_hours, hours, windows, visits, days;
    struct span hosted_hour;
    struct event_hour hour;
    int64_t pane;                       /* of the latest view; -1: none yet */
    struct window window[WINDOW_PANES]; /* by number of its first pane modulo WINDOW_PANES: [pane - 3, pane] */
    int64_t *seen_hour;                 /* [kind][visitor]: the last hour it was counted in; -1 */
    int64_t *seen_pane;                 /* [visitor]: of its latest view; -1 */
    struct sessions open;
    uint64_t site_hits[SITE_COUNT], site_bytes[SITE_COUNT];
    uint64_t fate[EVENT_KINDS][FATES];
    uint64_t page_views[SITE_PATHS], searches[SEARCHES];
    uint32_t *video_views; /* [video][visitor] */
    uint64_t video_declined[VIDEOS];
    uint64_t sessions, reached[FUNNEL_STEPS];
    int64_t order_day;
    uint64_t day_orders;
    int64_t day_cents, cents;
    uint64_t late, skewed, visitors;
    int64_t late_s_max;
    bool *visitor_seen, *visitor_skewed;
    struct err_text *why;
    struct disk *disk;
};

void click_truth_init(struct click_truth *t, const struct sites *sites, struct disk *disk, struct err_text *why);
void click_truth_release(struct click_truth *t);
/* A line of an access log, of true time `hit->time`. */
void click_truth_hit(struct click_truth *t, const struct hit *hit);
/* An event as it was first sent; `late_s` seconds passed until it was received. */
void click_truth_event(struct click_truth *t, const struct event *e, enum event_fate fate, int64_t late_s, bool skewed);
/* Only counts what becomes of a record: of one that is sent again. */
void click_truth_fate(struct click_truth *t, enum event_kind kind, enum event_fate fate);
/* `web`, `hosted`: what is known about the lines of both kinds of access logs. */
int click_truth_finish(struct click_truth *t, const struct line_counts *web, const struct line_counts *hosted,
                       int64_t hosted_offset_s);

#endif
