/* visit.c - visits: pages with their files, what scanners look for, and what the pages' scripts tell. */
#include <string.h>

#include "workloads/clickstream/traffic.h"

#define PROGRESS_LINES 65536

/* --- lines --- */

static void line_done(struct traffic *t)
{
    t->line++;
    if (t->line % PROGRESS_LINES == 0 && t->options->progress)
        t->options->progress(t->options->context, t->line, t->total);
}

static struct access_log *log_of(struct traffic *t, int site)
{
    return &t->log[site_is_hosted(site) ? HOSTED : site];
}

static void write_line(struct traffic *t, const struct hit *h, int late_s)
{
    access_log_line(log_of(t, h->site), buf_slice(&t->text), h->time, late_s);
    if (!site_is_hosted(h->site)) hit_truth_add(&t->truth, h);
    click_truth_hit(&t->click_truth, h);
    line_done(t);
}

static void write_hit(struct traffic *t, const struct hit *h, int referer)
{
    int late_s = 0;
    log_line_put(t, h, referer);
    /* With files of the page still to come, something younger is sure to overtake it. */
    t->overtake = t->assets_left > 0 && chances_take(&t->chances, DIRT_LATE);
    if (t->overtake) late_s = 1 + (int)random_below(&t->chances.random, ACCESS_LOG_LATE_S);
    write_line(t, h, late_s);
    if (t->line < t->total && chances_take(&t->chances, DIRT_IDENTICAL)) write_line(t, h, 0);
}

void traffic_malformed(struct traffic *t)
{
    log_line_put_malformed(t);
    access_log_malformed(&t->log[t->malformed++ % LOGS], buf_slice(&t->text), t->now);
    line_done(t);
}

/* --- visits --- */

static void visit_begin(struct traffic *t, struct visit *v)
{
    struct random *r = &t->chances.random;
    uint64_t place = random_below(r, 12);
    v->visitor = random_chance(r, 2, 3) ? 2 * popularity_draw(&t->sites.visitors, r)
                                        : (int)random_below(r, SITE_VISITORS - SITE_CLOCKWORK);
    *v = (struct visit){.visitor = v->visitor, .page = -1};
    /* The first visits go to sites with a log of their own, so that these have all dirt in the smallest input too. */
    if (t->line < t->total / 3) place %= 9;
    v->site = place < 6 ? 0 : place < 8 ? 1 : place < 9 ? 2 : place < 11 ? 3 : 4;
    int agent = t->sites.visitor[v->visitor].agent;
    v->hits_left = 1 + (site_agent_is_bot(agent)       ? random_below(r, 60)
                        : site_agent_is_scanner(agent) ? random_below(r, 4)
                                                       : random_below(r, 14));
}

static void answer(struct traffic *t, struct hit *h)
{
    static const uint16_t sometimes[] = {404, 404, 404, 301, 302, 302, 304, 304, 499, 500, 502, 206};
    h->status = 200;
    h->bytes = t->sites.path[h->path].bytes + (int64_t)random_below(&t->chances.random, 512);
    if (!random_chance(&t->chances.random, 1, 6)) return;
    h->status = sometimes[random_below(&t->chances.random, sizeof sometimes / sizeof sometimes[0])];
    h->bytes = h->status == 304 ? (random_chance(&t->chances.random, 1, 2) ? 0 : -1) : 166;
}

static void scanner_hit(struct traffic *t, struct hit *h)
{
    h->path = SITE_PAGES + SITE_ASSETS + (int)random_below(&t->chances.random, SITE_PROBES);
    answer(t, h);
    if (strcmp(t->sites.path[h->path].text, "*") == 0) h->method = METHOD_OPTIONS;
    if (h->path == SITE_CONNECT) {
        h->method = METHOD_CONNECT;
        h->status = 400;
    } else if (h->method == METHOD_GET && random_chance(&t->chances.random, 1, 12)) {
        h->method = METHOD_PROPFIND;
        h->status = 405;
    }
}

static void page_hit(struct traffic *t, struct visit *v, struct hit *h)
{
    static const uint8_t methods[] = {METHOD_POST, METHOD_POST, METHOD_HEAD};
    h->path = popularity_draw(&t->sites.pages, &t->chances.random);
    if (random_chance(&t->chances.random, 1, 30)) h->method = methods[random_below(&t->chances.random, sizeof methods)];
    answer(t, h);
    v->page = h->path;
}

/* A browser loads some files with the page, mostly in the same second. */
static void asset_hit(struct traffic *t, struct hit *h)
{
    t->assets_left--;
    if (t->overtake || random_chance(&t->chances.random, 1, 4)) h->time = ++t->now;
    h->path = SITE_PAGES + popularity_draw(&t->sites.assets, &t->chances.random);
    answer(t, h);
}

/* --- what the page's scripts tell --- */

static void send(struct traffic *t, const struct event *e)
{
    if (t->line >= t->total) return;
    for (int n = frontend_send(&t->frontend, e, t->line + 2 <= t->total); n > 0; n--) line_done(t);
}

/* How the visitor came from the page before to this one. */
static void send_way(struct traffic *t, struct event e, int before)
{
    struct random *r = &t->chances.random;
    e.other = e.page;
    e.page = before;
    if (random_chance(r, 3, 4)) {
        e.kind = EVENT_LINK_CLICKED;
        e.amount = 1 + random_below(r, 30);
        send(t, &e);
    } else if (random_chance(r, 1, 2)) {
        e.kind = EVENT_SEARCHED;
        e.subject = (int)(random_below(r, SEARCHES) * random_below(r, SEARCHES) / SEARCHES);
        e.amount = random_below(r, 60);
        send(t, &e);
    }
}

/* A video on the page before, which has just been left. */
static void send_video(struct traffic *t, struct event e, int before)
{
    struct random *r = &t->chances.random;
    e.kind = EVENT_VIDEO_VIEWED;
    e.page = before;
    e.subject = before / 9 % VIDEOS;
    e.declined = random_chance(r, 1, 4);
    if (!e.declined) e.watched_s = 1 + (int64_t)random_below(r, (uint64_t)event_video_length_s(e.subject));
    if (chances_take(&t->chances, DIRT_NEGATIVE_WATCH)) e.watched_s = -1 - (int64_t)random_below(r, 9);
    send(t, &e);
}

/* The steps of a sale, at most one per page. */
static void send_sale(struct traffic *t, struct visit *v, struct event e)
{
    struct random *r = &t->chances.random;
    e.amount = v->cart_items;
    if (v->in_checkout && random_chance(r, 1, 2)) {
        e.kind = EVENT_ORDER_PLACED;
        e.order = ++t->orders;
        e.cents = v->cart_cents;
        v->cart_items = 0;
        v->cart_cents = 0;
        v->in_checkout = false;
        send(t, &e);
    } else if (v->cart_items > 0 && !v->in_checkout && random_chance(r, 1, 3)) {
        e.kind = EVENT_CHECKOUT_STARTED;
        v->in_checkout = true;
        send(t, &e);
    } else if (event_page_is_product(e.page) && random_chance(r, 1, 6)) {
        e.kind = EVENT_ADDED_TO_CART;
        e.amount = 1 + random_below(r, 3);
        e.cents = 99 + e.page * 37 % 9000;
        v->cart_items += e.amount;
        v->cart_cents += (int64_t)e.amount * e.cents;
        send(t, &e);
    }
}

static void send_events(struct traffic *t, struct visit *v, const struct hit *h, int before)
{
    int agent = t->sites.visitor[h->visitor].agent;
    struct event e = {.kind = EVENT_PAGE_VIEWED, .at = h->time, .site = h->site, .visitor = h->visitor};
    if (h->method != METHOD_GET || h->status != 200 || h->path >= SITE_PAGES) return;
    e.page = h->path;
    e.other = before;
    if (site_agent_is_bot(agent) && chances_take(&t->chances, DIRT_BOT_EVENT)) {
        e.by_bot = true;
        send(t, &e);
        return;
    }
    if (!site_agent_runs_scripts(agent)) return;
    if (v && before >= 0 && before % 9 == 0 && random_chance(&t->chances.random, 1, 2)) send_video(t, e, before);
    if (v && before >= 0) send_way(t, e, before);
    send(t, &e);
    if (v) send_sale(t, v, e);
}

/* --- hits --- */

void traffic_next_hit(struct traffic *t)
{
    if (t->assets_left == 0) t->current = (int)random_below(&t->chances.random, (uint64_t)t->visits);
    struct visit *v = &t->visit[t->current];
    if (v->hits_left == 0 && t->assets_left == 0) visit_begin(t, v);
    struct hit h = {.time = t->now, .site = v->site, .visitor = v->visitor, .method = METHOD_GET};
    int agent = t->sites.visitor[v->visitor].agent, referer = v->page;
    if (t->assets_left > 0) {
        asset_hit(t, &h);
        write_hit(t, &h, referer);
        return;
    }
    v->hits_left--;
    if (!site_is_hosted(v->site) && chances_take(&t->chances, DIRT_GARBAGE)) {
        h.method = METHOD_BAD;
        h.status = 400;
        h.bytes = 166;
    } else if (site_agent_is_scanner(agent)) {
        scanner_hit(t, &h);
    } else {
        page_hit(t, v, &h);
        if (!site_agent_is_bot(agent)) t->assets_left = (int)random_below(&t->chances.random, 4);
    }
    write_hit(t, &h, referer);
    send_events(t, v, &h, referer);
}

void traffic_appointment(struct traffic *t, int site, int visitor)
{
    struct hit h = {.time = t->now, .site = site, .visitor = visitor, .method = METHOD_GET};
    answer(t, &h);
    write_hit(t, &h, -1);
    send_events(t, NULL, &h, -1);
}
