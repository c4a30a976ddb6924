/* traffic.c - the visits of some web sites: access logs, and what the front ends tell (frontend.h), with their dirt.
 *
 *     100.64.3.7 - - [18/Dec/2025:13:11:22 +0000] "GET /cart HTTP/1.1" 200 2331 "https://..." "Mozilla/5.0 ..."
 *
 * A few visits are under way at any time. The instant of a line follows from its number, through the
 * weights of days and hours; which visit it belongs to is drawn. So time never goes back while hits
 * are made (the truth relies on it); what is late is held back where lines are placed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/memory.h"
#include "lib/base/text.h"
#include "workloads/clickstream/access_log.h"
#include "workloads/clickstream/frontend.h"
#include "workloads/generate.h"
#include "workloads/out_time.h"

#define FIRST_DAY      20439 /* 2025-12-17 */
#define EVENTS_PER_DAY 33334
#define DAYS_MIN       3
#define PROGRESS_LINES 65536

/* The log of the hosting server is the last one. */
enum { VISITS = 48, PLANNED_MAX = 64, LOGS = SITE_COMBINED + 1, HOSTED = SITE_COMBINED };

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

/* --- text of a line --- */

/* 18/Dec/2025:13:11:22 +0100, the local time of that offset. */
static void put_time(struct buf *b, int64_t time, int offset_minutes)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    int64_t year, local = time + offset_minutes * 60;
    int month, day, second = (int)(local % 86400), minutes = abs(offset_minutes);
    civil_from_days(local / 86400, &year, &month, &day);
    out_two(b, day);
    buf_append_byte(b, '/');
    buf_append(b, months + 3 * (month - 1), 3);
    buf_append_byte(b, '/');
    out_number(b, (uint64_t)year);
    for (int unit = 3600; unit > 0; unit /= 60) {
        buf_append_byte(b, ':');
        out_two(b, second / unit % 60);
    }
    buf_append_byte(b, ' ');
    buf_append_byte(b, offset_minutes < 0 ? '-' : '+');
    out_two(b, minutes / 60);
    out_two(b, minutes % 60);
}

static int offset_draw(struct traffic *t, int site)
{
    static const int16_t offsets[] = {60, 120, -300, -210, 330, 765, -720};
    if (chances_take(&t->chances, DIRT_OFFSET))
        return offsets[random_below(&t->chances.random, sizeof offsets / sizeof offsets[0])];
    return site == SITE_COMBINED - 1 ? 60 : 0; /* the last site's server has its own zone */
}

static void put_request(struct traffic *t, const struct hit *h)
{
    struct buf *b = &t->text;
    if (h->method == METHOD_BAD) {
        buf_append_str(b, site_garbage(&t->chances.random));
        return;
    }
    buf_append_str(b, method_name(h->method));
    buf_append_byte(b, ' ');
    buf_append_str(b, t->sites.path[h->path].text);
    if (h->path < SITE_PAGES && chances_take(&t->chances, DIRT_ESCAPES))
        buf_append_str(b, site_escaped_query(&t->chances.random));
    else if (h->path < SITE_PAGES && random_chance(&t->chances.random, 1, 8))
        buf_append_str(b, site_query(&t->chances.random));
    buf_append_str(b, h->path % 3 ? " HTTP/1.1" : " HTTP/2.0");
}

static void put_hit(struct traffic *t, const struct hit *h, int referer)
{
    struct buf *b = &t->text;
    const struct visitor *v = &t->sites.visitor[h->visitor];
    buf_reset(b);
    if (site_is_hosted(h->site)) {
        buf_append_str(b, site_name(h->site));
        buf_append_str(b, ":443 ");
    }
    site_put_address(b, v);
    buf_append_str(b, h->visitor % 97 == 0 ? " - gardener [" : " - - [");
    put_time(b, h->time + (site_is_hosted(h->site) ? t->hosted_offset_s : 0), offset_draw(t, h->site));
    buf_append_str(b, "] \"");
    put_request(t, h);
    buf_append_str(b, "\" ");
    out_number(b, (uint64_t)h->status);
    buf_append_byte(b, ' ');
    if (h->bytes < 0)
        buf_append_byte(b, '-');
    else
        out_number(b, (uint64_t)h->bytes);
    buf_append_str(b, " \"");
    if (referer >= 0) {
        buf_append_str(b, "https://");
        buf_append_str(b, site_name(h->site));
        buf_append_str(b, t->sites.path[referer].text);
    } else {
        buf_append_byte(b, '-');
    }
    buf_append_str(b, "\" \"");
    buf_append_str(b, site_agent(v->agent));
    buf_append_byte(b, '"');
}

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
    put_hit(t, h, referer);
    /* With files of the page still to come, something younger is sure to overtake it. */
    t->overtake = t->assets_left > 0 && chances_take(&t->chances, DIRT_LATE);
    if (t->overtake) late_s = 1 + (int)random_below(&t->chances.random, ACCESS_LOG_LATE_S);
    write_line(t, h, late_s);
    if (t->line < t->total && chances_take(&t->chances, DIRT_IDENTICAL)) write_line(t, h, 0);
}

static void write_malformed(struct traffic *t)
{
    static const char *const broken[] = {
        "100.64.1.9 - ';echo 'x'; run bot;' [%s] \"GET / HTTP/1.1\" 502 166 \"-\" \"-\"",
        "100.64.1.9 - - [%s] \"GET /cut/off HTTP/1.1\" 200 2",
        "100.64.1.9 - - [%s] \"GET / HTTP/1.1\" OK 166 \"-\" \"-\"",
    };
    struct buf when = {0};
    put_time(&when, t->now, 0);
    buf_reset(&t->text);
    const char *format = broken[random_below(&t->chances.random, sizeof broken / sizeof broken[0])];
    const char *at = strstr(format, "%s");
    buf_append(&t->text, format, (size_t)(at - format));
    buf_append_slice(&t->text, buf_slice(&when));
    buf_append_str(&t->text, at + 2);
    access_log_malformed(&t->log[t->malformed++ % LOGS], buf_slice(&t->text), t->now);
    buf_release(&when);
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

static void next_hit(struct traffic *t)
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

/* --- visits at planned instants: the border of a session --- */

static void plan(struct traffic *t, int64_t time, int visitor)
{
    if (t->planned_count == PLANNED_MAX) return;
    t->planned[t->planned_count++] = (struct planned){time, visitor, visitor % SITE_COUNT};
}

static void plan_clockwork(struct traffic *t)
{
    int visitor = SITE_VISITORS - SITE_CLOCKWORK + t->clockwork++ % SITE_CLOCKWORK;
    int64_t start = t->now + 1;
    plan(t, start, visitor);
    plan(t, start + SESSION_GAP_S, visitor);
    plan(t, start + SESSION_GAP_S + SESSION_GAP_S + 1, visitor);
}

/* Writes what was planned for an instant not after `until`, each at its own instant. */
static void keep_appointments(struct traffic *t, int64_t until)
{
    while (t->line < t->total) {
        int first = -1;
        for (int i = 0; i < t->planned_count; i++) {
            if (t->planned[i].time <= until && (first < 0 || t->planned[i].time < t->planned[first].time)) first = i;
        }
        if (first < 0) return;
        struct planned p = t->planned[first];
        t->planned[first] = t->planned[--t->planned_count];
        t->now = p.time;
        struct hit h = {.time = p.time, .site = p.site, .visitor = p.visitor, .method = METHOD_GET};
        answer(t, &h);
        write_hit(t, &h, -1);
        send_events(t, NULL, &h, -1);
    }
}

/* --- days --- */

static int64_t second_of_day(uint64_t line, uint64_t lines)
{
    static const uint8_t weight[24] = {3, 2, 2, 1, 1, 2, 3, 5,  7,  8, 8, 8,
                                       9, 8, 7, 7, 7, 8, 9, 10, 10, 9, 7, 5}; /* 146 */
    uint64_t sum = 0, at = (uint64_t)((unsigned __int128)line * 146 * 3600 / lines);
    for (size_t hour = 0;; hour++) {
        uint64_t span = (uint64_t)weight[hour] * 3600;
        if (at < sum + span) return (int64_t)(hour * 3600 + (at - sum) / weight[hour]);
        sum += span;
    }
}

static void one_day(struct traffic *t, int64_t day, uint64_t until)
{
    uint64_t from = t->line;
    while (t->line < until) {
        int64_t time = day * 86400 + second_of_day(t->line - from, until - from);
        if (time > t->now && t->assets_left == 0) {
            keep_appointments(t, time);
            t->now = time;
            if (t->line >= until) break;
        }
        if (chances_take(&t->chances, DIRT_MALFORMED))
            write_malformed(t);
        else
            next_hit(t);
        if (due_take(&t->clockwork_due, &t->chances.random, t->line)) plan_clockwork(t);
    }
}

static bool failed(const struct traffic *t)
{
    int error = 0;
    for (int i = 0; i < LOGS; i++) error |= t->log[i].out.error;
    for (int i = 0; i < EVENT_KINDS; i++) error |= t->frontend.out[i].error;
    return error != 0;
}

static void all_days(struct traffic *t, uint64_t days)
{
    uint64_t sum = 0, so_far = 0;
    uint8_t *weight = memory_new(days);
    for (uint64_t i = 0; i < days; i++) sum += weight[i] = (uint8_t)(60 + random_below(&t->chances.random, 81));
    for (uint64_t i = 0; i < days && !failed(t); i++) {
        so_far += weight[i];
        one_day(t, FIRST_DAY + (int64_t)i, (uint64_t)((unsigned __int128)t->total * so_far / sum));
    }
    free(weight);
}

/* --- the whole --- */

static bool is_input(const char *name)
{
    size_t n = strlen(name);
    return strstr(name, ".access.log-") || strncmp(name, "hosted_access.log", 17) == 0 ||
           (n > 7 && strcmp(name + n - 7, ".ndjson") == 0) || strcmp(name, "clocks.csv") == 0;
}

static const char rules[] =
    "# Ground truth of generated access logs\n"
    "Written by `millrace generate clickstream` while it made the lines. This folder: the logs in the combined\n"
    "format (SITE.access.log-DATE) alone, by the rules of the real data set, as web_logs.json loads them. The folder\n"
    "clickstream/: everything, as clickstream.json loads it.\n"
    "\n"
    "## Access logs\n"
    "A line is parsed when the whole line fits the combined format; files equal to an earlier file are read once;\n"
    "time is converted to UTC with the offset in the line; a request that is not `METHOD SP TARGET SP HTTP/x[.y]`\n"
    "counts for status, hour, bytes and sessions but not for paths; path = TARGET before the first `?`;\n"
    "a page view is GET, status 200, no static extension. A session (site, client, user agent) ends when the gap is\n"
    "MORE than 1800 s. rows_older_than_running_max: compared with the largest time so far in the same file.\n"
    "hosted_access.log*: `site:port ` and the combined format, numbered and compressed by logrotate; the clock of\n"
    "that server is ahead of the true time by `hosted` seconds in clocks.csv. hosted_per_hour has true hours.\n"
    "\n"
    "## Front-end events\n"
    "The true time of an event is received_at - (sent_at - occurred_at). The first rule that fails decides: format\n"
    "(no JSON object), no_visitor (null or absent), bad_time (occurred_at is no instant), bot (client is not\n"
    "browser), negative_watch (watched_s below 0), duplicate (the event_id stands earlier: file name, then place,\n"
    "among the events that break no rule before). late: received more than 60 s after it occurred.\n"
    "A visit (site, visitor) ends when the gap is more than 1800 s. funnel: sessions whose first /product/ page,\n"
    "first cart, first checkout and first order come in this order (equal seconds allowed), up to each step.\n"
    "views_per_window: an hour every 900 s, aligned to 1970, of page_viewed. videos: viewed = yes; declined: no.\n";

/* Somebody copied a log: the first file of the first site once more, under a later date. */
static int copy_first_file(struct traffic *t, struct disk *disk, struct err_text *error)
{
    struct access_log *l = &t->log[0];
    struct out_file out;
    int64_t year;
    int month, day;
    if (!l->first_name[0]) return 0;
    out_file_init(&out, disk, error);
    civil_from_days(l->rotation / 86400 + 1, &year, &month, &day);
    snprintf(t->counts.skipped, sizeof t->counts.skipped, "%s.access.log-%04d%02d%02d", l->site, (int)year, month, day);
    memcpy(t->counts.same_as, l->first_name, sizeof t->counts.same_as);
    int rc = out_file_copy(&out, l->first_name, t->counts.skipped);
    t->counts.files++;
    t->files += out.files;
    t->bytes += out.bytes;
    out_file_release(&out);
    return rc;
}

static int write_notes(struct disk *disk, struct err_text *error)
{
    struct out_file out;
    out_file_init(&out, disk, error);
    out_file_open(&out, "ground_truth/RULES.md"); /* first: it marks the folder as ours */
    buf_append_str(&out.pending, rules);
    out_file_close(&out);
    out_file_open(&out, "ground_truth/malformed_lines.csv");
    buf_append_str(&out.pending, "(see summary.json: only their number is part of the truth)\n");
    out_file_close(&out);
    int rc = out.error;
    out_file_release(&out);
    return rc;
}

/* What the monitoring knows about the servers' clocks: how many seconds each is ahead. */
static int write_clocks(struct traffic *t, struct disk *disk, struct err_text *error)
{
    struct out_file out;
    out_file_init(&out, disk, error);
    out_file_open(&out, "clocks.csv");
    buf_printf(&out.pending, "source,offset_s\nweb,0\nhosted,%d\nfrontend,0\n", t->hosted_offset_s);
    out_file_close(&out);
    t->bytes += out.bytes;
    t->files += out.files;
    int rc = out.error;
    out_file_release(&out);
    return rc;
}

static void logs_init(struct traffic *t, int64_t days, struct disk *disk, struct err_text *error)
{
    int64_t start = (int64_t)FIRST_DAY * 86400;
    for (int i = 0; i < LOGS; i++) {
        bool hosted = i == HOSTED;
        access_log_init(&t->log[i], hosted ? "hosted" : site_name(i), start, 600 + i * 3671, hosted ? days : 0, disk,
                        hosted ? &t->hosted_counts : &t->counts, error);
    }
}

static int logs_finish(struct traffic *t)
{
    int error = 0;
    for (int i = 0; i < LOGS; i++) {
        access_log_finish(&t->log[i]);
        if (t->log[i].out.error) error = t->log[i].out.error;
    }
    return error;
}

static int run(struct traffic *t, struct disk *disk, struct err_text *error)
{
    uint64_t days = (t->total + EVENTS_PER_DAY - 1) / EVENTS_PER_DAY;
    if (days < DAYS_MIN) days = DAYS_MIN;
    /* About half a minute between the hits of a visit; with few events a day, few visits at once. */
    t->visits = 1 + (int)(t->total / days * 30 / 86400 * 4);
    if (t->visits > VISITS) t->visits = VISITS;
    t->hosted_offset_s =
        (1 + (int)random_below(&t->chances.random, 90)) * (random_chance(&t->chances.random, 1, 2) ? 1 : -1);
    hit_truth_init(&t->truth, &t->sites, disk, error);
    click_truth_init(&t->click_truth, &t->sites, disk, error);
    frontend_init(&t->frontend, &t->chances, &t->sites, &t->click_truth, disk, error);
    logs_init(t, (int64_t)days, disk, error);
    int rc = write_notes(disk, error);
    if (rc == 0) rc = write_clocks(t, disk, error);
    if (rc == 0) all_days(t, days);
    int logs = logs_finish(t), events = frontend_finish(&t->frontend);
    if (rc == 0) rc = logs ? logs : events;
    if (rc == 0) rc = copy_first_file(t, disk, error);
    if (rc == 0) rc = hit_truth_finish(&t->truth, &t->counts, disk, error);
    if (rc == 0) rc = click_truth_finish(&t->click_truth, &t->counts, &t->hosted_counts, t->hosted_offset_s);
    return rc;
}

static void add_output(struct generate_result *result, const struct out_file *out)
{
    result->bytes += out->bytes;
    result->files += out->files;
}

static void count_output(const struct traffic *t, struct generate_result *result)
{
    *result = (struct generate_result){.events = t->line, .bytes = t->bytes, .files = t->files};
    for (int i = 0; i < LOGS; i++) add_output(result, &t->log[i].out);
    for (int i = 0; i < EVENT_KINDS; i++) add_output(result, &t->frontend.out[i]);
}

static void traffic_free(struct traffic *t)
{
    for (int i = 0; i < LOGS; i++) access_log_release(&t->log[i]);
    frontend_release(&t->frontend);
    hit_truth_release(&t->truth);
    click_truth_release(&t->click_truth);
    buf_release(&t->text);
    free(t);
}

int generate_clickstream(const struct generate_options *options, struct generate_result *result, struct err_text *error)
{
    struct disk *disk;
    uint32_t rates[DIRT_COUNT];
    int rc = generate_begin(options, clickstream_kinds, DIRT_COUNT, rates, is_input, &disk, error);
    if (rc < 0) return rc;
    struct traffic *t = memory_new(sizeof *t);
    t->options = options;
    t->total = (uint64_t)options->scale;
    random_seed(&t->chances.random, options->seed);
    sites_init(&t->sites, &t->chances.random);
    chances_init(&t->chances, rates, t->total);
    due_init(&t->clockwork_due, &t->chances.random, 8000, t->total);
    rc = run(t, disk, error);
    if (result) count_output(t, result);
    traffic_free(t);
    disk_linux_free(disk);
    return rc;
}

const struct generator clickstream_generator = {
    "clickstream",        "rotated access logs of some sites, and a file of front-end events per type and day",
    clickstream_kinds,    DIRT_COUNT,
    generate_clickstream,
};
