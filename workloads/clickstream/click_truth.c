#include "workloads/clickstream/click_truth.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/memory.h"
#include "workloads/out_time.h"
#include "workloads/truth.h"

#define FOLDER "ground_truth/clickstream/"

/* --- hosted hours --- */

static void hosted_hour_end(struct click_truth *t)
{
    if (t->hosted_hour.hits == 0) return;
    struct buf *b = &t->hosted_hours.pending;
    out_stamp(b, t->hosted_hour.number * 3600);
    buf_printf(b, ",%llu,%llu\n", (unsigned long long)t->hosted_hour.hits, (unsigned long long)t->hosted_hour.bytes);
    out_file_flush_when_full(&t->hosted_hours);
}

void click_truth_hit(struct click_truth *t, const struct hit *h)
{
    uint64_t bytes = h->bytes < 0 ? 0 : (uint64_t)h->bytes;
    t->site_hits[h->site]++;
    t->site_bytes[h->site] += bytes;
    if (!site_is_hosted(h->site)) return;
    if (h->time / 3600 != t->hosted_hour.number) {
        hosted_hour_end(t);
        t->hosted_hour = (struct span){.number = h->time / 3600};
    }
    t->hosted_hour.hits++;
    t->hosted_hour.bytes += bytes;
}

/* --- tumbling and hopping windows --- */

static void hour_end(struct click_truth *t)
{
    struct buf *b = &t->hours.pending;
    for (int i = 0; i < EVENT_KINDS; i++) {
        if (t->hour.events[i] == 0) continue;
        buf_append_str(b, event_name((enum event_kind)i));
        buf_append_byte(b, ',');
        out_stamp(b, t->hour.number * 3600);
        buf_append_byte(b, ',');
        out_number(b, t->hour.events[i]);
        buf_append_byte(b, ',');
        out_number(b, t->hour.visitors[i]);
        buf_append_byte(b, '\n');
    }
    out_file_flush_when_full(&t->hours);
}

static void add_to_hour(struct click_truth *t, const struct event *e)
{
    int64_t hour = e->at / 3600, *seen = &t->seen_hour[(size_t)e->kind * SITE_VISITORS + (size_t)e->visitor];
    assert(hour >= t->hour.number);
    if (hour != t->hour.number) {
        hour_end(t);
        t->hour = (struct event_hour){.number = hour};
    }
    t->hour.events[e->kind]++;
    t->hour.visitors[e->kind] += *seen != hour;
    *seen = hour;
}

static struct window *window_at(struct click_truth *t, int64_t first_pane)
{
    return &t->window[first_pane % WINDOW_PANES];
}

static void window_end(struct click_truth *t, int64_t first_pane)
{
    struct window *w = window_at(t, first_pane);
    if (w->views > 0) {
        struct buf *b = &t->windows.pending;
        out_stamp(b, first_pane * PANE_S);
        buf_printf(b, ",%llu,%llu\n", (unsigned long long)w->views, (unsigned long long)w->visitors);
        out_file_flush_when_full(&t->windows);
    }
    *w = (struct window){0};
}

static void panes_advance(struct click_truth *t, int64_t pane)
{
    if (t->pane >= 0) {
        for (int64_t p = t->pane - WINDOW_PANES + 1; p <= t->pane && p <= pane - WINDOW_PANES; p++) window_end(t, p);
    }
    t->pane = pane;
}

/* A view belongs to the windows that begin with its pane or with one of the three before; its visitor is new in
 * those that began after the pane of the visitor's view before. */
static void add_to_windows(struct click_truth *t, const struct event *e)
{
    int64_t pane = e->at / PANE_S, *seen = &t->seen_pane[e->visitor];
    if (pane != t->pane) panes_advance(t, pane);
    for (int64_t first = pane - WINDOW_PANES + 1; first <= pane; first++) {
        window_at(t, first)->views++;
        window_at(t, first)->visitors += first > *seen;
    }
    *seen = pane;
}

/* --- sessions and the funnel --- */

static void visit_write(void *context, const struct session *s)
{
    struct click_truth *t = context;
    struct buf *b = &t->visits.pending;
    uint64_t events = 0;
    for (int i = 0; i < EVENT_KINDS; i++) events += s->events[i];
    buf_append_str(b, site_name(s->site));
    buf_printf(b, ",v%05d,", s->visitor);
    out_stamp(b, s->start);
    buf_append_byte(b, ',');
    out_stamp(b, s->last);
    buf_append_byte(b, ',');
    out_number(b, events);
    for (int i = 0; i < EVENT_KINDS; i++) {
        buf_append_byte(b, ',');
        out_number(b, s->events[i]);
    }
    buf_append_byte(b, ',');
    out_number(b, (uint64_t)(s->last - s->start));
    buf_append_byte(b, '\n');
    out_file_flush_when_full(&t->visits);
    t->sessions++;
    for (int i = 0; i < FUNNEL_STEPS; i++) {
        if (s->step[i] < 0 || (i > 0 && s->step[i] < s->step[i - 1])) break;
        t->reached[i]++;
    }
}

static int funnel_step(const struct event *e)
{
    switch (e->kind) {
    case EVENT_PAGE_VIEWED: return event_page_is_product(e->page) ? 0 : -1;
    case EVENT_ADDED_TO_CART: return 1;
    case EVENT_CHECKOUT_STARTED: return 2;
    case EVENT_ORDER_PLACED: return 3;
    default: return -1;
    }
}

static void add_to_session(struct click_truth *t, const struct event *e)
{
    struct session *s = sessions_at(&t->open, e->at, e->site, e->visitor);
    int step = funnel_step(e);
    s->events[e->kind]++;
    if (step >= 0 && s->step[step] < 0) s->step[step] = e->at;
}

/* --- details of a type --- */

static void day_end(struct click_truth *t)
{
    if (t->day_orders == 0) return;
    struct buf *b = &t->days.pending;
    out_date(b, t->order_day);
    buf_printf(b, ",%llu,%lld.%02d\n", (unsigned long long)t->day_orders, (long long)(t->day_cents / 100),
               (int)(t->day_cents % 100));
    out_file_flush_when_full(&t->days);
}

static void add_order(struct click_truth *t, const struct event *e)
{
    if (e->at / 86400 != t->order_day) {
        day_end(t);
        t->order_day = e->at / 86400;
        t->day_orders = 0;
        t->day_cents = 0;
    }
    t->day_orders++;
    t->day_cents += e->cents;
    t->cents += e->cents;
}

static void add_details(struct click_truth *t, const struct event *e)
{
    if (e->kind == EVENT_PAGE_VIEWED) {
        t->page_views[e->page]++;
        add_to_windows(t, e);
    } else if (e->kind == EVENT_SEARCHED) {
        t->searches[e->subject]++;
    } else if (e->kind == EVENT_ORDER_PLACED) {
        add_order(t, e);
    } else if (e->kind == EVENT_VIDEO_VIEWED) {
        uint32_t *views = &t->video_views[(size_t)e->subject * SITE_VISITORS + (size_t)e->visitor];
        t->video_declined[e->subject] += e->declined;
        *views += !e->declined;
    }
}

void click_truth_fate(struct click_truth *t, enum event_kind kind, enum event_fate fate)
{
    t->fate[kind][fate]++;
}

void click_truth_event(struct click_truth *t, const struct event *e, enum event_fate fate, int64_t late_s, bool skewed)
{
    click_truth_fate(t, e->kind, fate);
    if (fate != FATE_ACCEPTED) return;
    t->late += late_s > EVENT_LATE_S;
    if (late_s > t->late_s_max) t->late_s_max = late_s;
    t->visitors += !t->visitor_seen[e->visitor];
    t->visitor_seen[e->visitor] = true;
    t->skewed += skewed && !t->visitor_skewed[e->visitor];
    if (skewed) t->visitor_skewed[e->visitor] = true;
    add_to_hour(t, e);
    add_to_session(t, e);
    add_details(t, e);
}

/* --- from first to last --- */

void click_truth_init(struct click_truth *t, const struct sites *sites, struct disk *disk, struct err_text *why)
{
    memset(t, 0, sizeof *t);
    t->sites = sites;
    t->disk = disk;
    t->why = why;
    disk->call->make_dir(disk, "ground_truth/clickstream"); /* a failure shows when the first file is created */
    truth_open(&t->hosted_hours, disk, why, FOLDER "hosted_per_hour.csv", "hour_start,hits,bytes\n");
    truth_open(&t->hours, disk, why, FOLDER "events_per_hour.csv", "event,hour_start,events,visitors\n");
    truth_open(&t->windows, disk, why, FOLDER "views_per_window.csv", "window_start,views,visitors\n");
    truth_open(&t->visits, disk, why, FOLDER "visits.csv",
               "site,visitor,start,end,events,page_views,clicks,searches,videos,carts,checkouts,orders,duration_s\n");
    truth_open(&t->days, disk, why, FOLDER "orders_per_day.csv", "day,orders,revenue\n");
    t->hosted_hour.number = t->hour.number = t->pane = t->order_day = -1;
    size_t visitors = SITE_VISITORS;
    t->seen_hour = memory_new(EVENT_KINDS * visitors * sizeof *t->seen_hour);
    t->seen_pane = memory_new(visitors * sizeof *t->seen_pane);
    for (size_t i = 0; i < EVENT_KINDS * visitors; i++) t->seen_hour[i] = -1;
    for (size_t i = 0; i < visitors; i++) t->seen_pane[i] = -1;
    t->video_views = memory_new(VIDEOS * visitors * sizeof *t->video_views);
    t->visitor_seen = memory_new(visitors);
    t->visitor_skewed = memory_new(visitors);
    sessions_init(&t->open, visit_write, t);
}

void click_truth_release(struct click_truth *t)
{
    struct out_file *files[] = {&t->hosted_hours, &t->hours, &t->windows, &t->visits, &t->days};
    for (int i = 0; i < 5; i++) out_file_release(files[i]);
    free(t->seen_hour);
    free(t->seen_pane);
    free(t->video_views);
    free(t->visitor_seen);
    free(t->visitor_skewed);
    sessions_release(&t->open);
}

/* --- the files that are written at the end --- */

static void write_sites(struct click_truth *t, struct buf *b)
{
    buf_append_str(b, "site,hits,bytes\n");
    for (int i = 0; i < SITE_COUNT; i++) {
        if (t->site_hits[i])
            buf_printf(b, "%s,%llu,%llu\n", site_name(i), (unsigned long long)t->site_hits[i],
                       (unsigned long long)t->site_bytes[i]);
    }
}

static void write_funnel(struct click_truth *t, struct buf *b)
{
    static const char *const steps[FUNNEL_STEPS] = {"product_viewed", "item_added_to_cart", "checkout_started",
                                                    "order_placed"};
    buf_append_str(b, "step,name,sessions\n");
    for (int i = 0; i < FUNNEL_STEPS; i++)
        buf_printf(b, "%d,%s,%llu\n", i + 1, steps[i], (unsigned long long)t->reached[i]);
}

static const char *page_text(const void *context, int i)
{
    return ((const struct click_truth *)context)->sites->path[i].text;
}
static const char *search_text(const void *context, int i)
{
    (void)context;
    return event_search(i);
}

static void write_pages(struct click_truth *t, struct buf *b)
{
    buf_append_str(b, "rank,page,views\n");
    truth_put_top20(b, t->page_views, SITE_PATHS, page_text, t);
}

static void write_searches(struct click_truth *t, struct buf *b)
{
    buf_append_str(b, "rank,query,searches\n");
    truth_put_top20(b, t->searches, SEARCHES, search_text, t);
}

static void write_videos(struct click_truth *t, struct buf *b)
{
    buf_append_str(b, "video,views,viewers,views_by_keenest,declined\n");
    for (int v = 0; v < VIDEOS; v++) {
        uint64_t views = 0, viewers = 0, most = 0;
        const uint32_t *by = t->video_views + (size_t)v * SITE_VISITORS;
        for (int i = 0; i < SITE_VISITORS; i++) {
            views += by[i];
            viewers += by[i] > 0;
            if (by[i] > most) most = by[i];
        }
        if (views + t->video_declined[v] == 0) continue;
        buf_printf(b, "film-%02d,%llu,%llu,%llu,%llu\n", v, (unsigned long long)views, (unsigned long long)viewers,
                   (unsigned long long)most, (unsigned long long)t->video_declined[v]);
    }
}

static void write_frequency(struct click_truth *t, struct buf *b)
{
    size_t pairs = (size_t)VIDEOS * SITE_VISITORS, most = 0;
    for (size_t i = 0; i < pairs; i++) most = t->video_views[i] > most ? t->video_views[i] : most;
    uint64_t *viewers = memory_new((most + 1) * sizeof *viewers);
    for (size_t i = 0; i < pairs; i++) viewers[t->video_views[i]]++;
    buf_append_str(b, "views,viewers\n");
    for (size_t n = 1; n <= most; n++) {
        if (viewers[n]) buf_printf(b, "%zu,%llu\n", n, (unsigned long long)viewers[n]);
    }
    free(viewers);
}

static void write_summary(struct click_truth *t, struct buf *b, int64_t hosted_offset_s)
{
    uint64_t accepted = 0, rejected = 0;
    for (int i = 0; i < EVENT_KINDS; i++) {
        accepted += t->fate[i][FATE_ACCEPTED];
        for (int f = FATE_ACCEPTED + 1; f < FATES; f++) rejected += t->fate[i][f];
    }
    buf_printf(b, "{\n \"events_accepted\": %llu,\n \"events_rejected\": %llu", (unsigned long long)accepted,
               (unsigned long long)rejected);
    buf_printf(b, ",\n \"late_events\": %llu,\n \"late_s_max\": %lld", (unsigned long long)t->late,
               (long long)t->late_s_max);
    buf_printf(b, ",\n \"visitors\": %llu,\n \"visitors_with_a_wrong_clock\": %llu", (unsigned long long)t->visitors,
               (unsigned long long)t->skewed);
    buf_printf(b, ",\n \"sessions\": %llu,\n \"session_keys\": %llu", (unsigned long long)t->sessions,
               (unsigned long long)t->open.keys);
    buf_printf(b, ",\n \"revenue\": \"%lld.%02d\"", (long long)(t->cents / 100), (int)(t->cents % 100));
    buf_printf(b, ",\n \"hosted_clock_offset_s\": %lld\n}\n", (long long)hosted_offset_s);
}

/* The access logs have one rule, their format. */
static void write_fates(struct click_truth *t, struct out_file *out, const struct line_counts *web,
                        const struct line_counts *hosted)
{
    const char *sources[EVENT_KINDS + 2] = {"web", "hosted"}, *rules[FATES];
    uint64_t counts[EVENT_KINDS + 2][FATES] = {{web->lines - web->malformed, web->malformed},
                                               {hosted->lines - hosted->malformed, hosted->malformed}};
    for (int i = 0; i < EVENT_KINDS; i++) sources[i + 2] = event_name((enum event_kind)i);
    for (int i = 0; i < FATES; i++) rules[i] = event_fate_name((enum event_fate)i);
    memcpy(counts[2], t->fate, sizeof t->fate);
    struct truth_fates fates = {sources, EVENT_KINDS + 2, rules, FATES, counts[0]};
    out_file_open(out, FOLDER "records_by_source.csv");
    truth_put_records(&out->pending, &fates);
    out_file_close(out);
    out_file_open(out, FOLDER "rejected_by_rule.csv");
    truth_put_rejected(&out->pending, &fates);
    out_file_close(out);
}

static int finish_streams(struct click_truth *t)
{
    struct out_file *files[] = {&t->hosted_hours, &t->hours, &t->windows, &t->visits, &t->days};
    hosted_hour_end(t);
    hour_end(t);
    panes_advance(t, INT64_MAX);
    sessions_finish(&t->open);
    day_end(t);
    return truth_close(files, 5);
}

int click_truth_finish(struct click_truth *t, const struct line_counts *web, const struct line_counts *hosted,
                       int64_t hosted_offset_s)
{
    static const struct {
        const char *name;
        void (*write)(struct click_truth *t, struct buf *b);
    } files[] = {{FOLDER "hits_by_site.csv", write_sites}, {FOLDER "funnel.csv", write_funnel},
                 {FOLDER "top20_pages.csv", write_pages},  {FOLDER "top20_searches.csv", write_searches},
                 {FOLDER "videos.csv", write_videos},      {FOLDER "video_frequency.csv", write_frequency}};
    struct out_file out, *last = &out;
    int error = finish_streams(t);
    out_file_init(&out, t->disk, t->why);
    write_fates(t, &out, web, hosted);
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        out_file_open(&out, files[i].name);
        files[i].write(t, &out.pending);
        out_file_close(&out);
    }
    out_file_open(&out, FOLDER "summary.json");
    write_summary(t, &out.pending, hosted_offset_s);
    int rc = truth_close(&last, 1);
    return error ? error : rc;
}
