/* traffic.c - access logs in the combined format, with their dirt.
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
#include "workloads/generate.h"

#define FIRST_DAY      20439 /* 2025-12-17 */
#define LINES_PER_DAY  33334
#define DAYS_MIN       3
#define PROGRESS_LINES 65536

enum { VISITS = 48, PLANNED_MAX = 64 };

enum dirt {
    DIRT_GARBAGE,
    DIRT_ESCAPES,
    DIRT_LATE,
    DIRT_IDENTICAL,
    DIRT_MALFORMED,
    DIRT_OFFSET,
    DIRT_COUNT,
};

static const struct dirt_kind kinds[DIRT_COUNT] = {
    [DIRT_GARBAGE] = {"garbage_request", 3300, "TLS and other bytes instead of a request line"},
    [DIRT_ESCAPES] = {"escaped_query", 4500, "backslash escapes in a page's query"},
    [DIRT_LATE] = {"late_line", 14000,
                   "a line up to 40 s behind younger ones (of those with files of the page to come)"},
    [DIRT_IDENTICAL] = {"identical_line", 11000, "the same line once more"},
    [DIRT_MALFORMED] = {"malformed_line", 3, "a line that does not fit the format"},
    [DIRT_OFFSET] = {"zone_offset", 3300, "a line in another time zone"},
};

struct visit {
    int visitor, site;
    uint64_t hits_left;
    int page; /* shown last: the referer of what follows; -1 for none */
};

struct planned {
    int64_t time;
    int visitor, site;
};

struct traffic {
    const struct generate_options *options;
    struct random random;
    struct sites sites;
    struct hit_truth truth;
    struct line_counts counts;
    struct access_log log[SITE_COUNT];
    struct dirt_due dirt[DIRT_COUNT];
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
};

/* --- text of a line --- */

static void put_two(struct buf *b, int value)
{
    buf_append_byte(b, (uint8_t)('0' + value / 10));
    buf_append_byte(b, (uint8_t)('0' + value % 10));
}

/* 18/Dec/2025:13:11:22 +0100, the local time of that offset. */
static void put_time(struct buf *b, int64_t time, int offset_minutes)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    int64_t year, local = time + offset_minutes * 60;
    int month, day, second = (int)(local % 86400), minutes = abs(offset_minutes);
    civil_from_days(local / 86400, &year, &month, &day);
    put_two(b, day);
    buf_append_byte(b, '/');
    buf_append(b, months + 3 * (month - 1), 3);
    buf_append_byte(b, '/');
    out_number(b, (uint64_t)year);
    for (int unit = 3600; unit > 0; unit /= 60) {
        buf_append_byte(b, ':');
        put_two(b, second / unit % 60);
    }
    buf_append_byte(b, ' ');
    buf_append_byte(b, offset_minutes < 0 ? '-' : '+');
    put_two(b, minutes / 60);
    put_two(b, minutes % 60);
}

static int offset_draw(struct traffic *t, int site)
{
    static const int16_t offsets[] = {60, 120, -300, -210, 330, 765, -720};
    if (dirt_take(&t->dirt[DIRT_OFFSET], &t->random))
        return offsets[random_below(&t->random, sizeof offsets / sizeof offsets[0])];
    return site == SITE_COUNT - 1 ? 60 : 0; /* the last site's server has its own zone */
}

static void put_request(struct traffic *t, const struct hit *h)
{
    struct buf *b = &t->text;
    if (h->method == METHOD_BAD) {
        buf_append_str(b, site_garbage(&t->random));
        return;
    }
    buf_append_str(b, method_name(h->method));
    buf_append_byte(b, ' ');
    buf_append_str(b, t->sites.path[h->path].text);
    if (h->path < SITE_PAGES && dirt_take(&t->dirt[DIRT_ESCAPES], &t->random))
        buf_append_str(b, site_escaped_query(&t->random));
    else if (h->path < SITE_PAGES && random_chance(&t->random, 1, 8))
        buf_append_str(b, site_query(&t->random));
    buf_append_str(b, h->path % 3 ? " HTTP/1.1" : " HTTP/2.0");
}

static void put_hit(struct traffic *t, const struct hit *h, int referer)
{
    struct buf *b = &t->text;
    const struct visitor *v = &t->sites.visitor[h->visitor];
    buf_reset(b);
    site_put_address(b, v);
    buf_append_str(b, h->visitor % 97 == 0 ? " - gardener [" : " - - [");
    put_time(b, h->time, offset_draw(t, h->site));
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

static void write_hit(struct traffic *t, const struct hit *h, int referer)
{
    int late_s = 0;
    put_hit(t, h, referer);
    /* With files of the page still to come, something younger is sure to overtake it. */
    t->overtake = t->assets_left > 0 && dirt_take(&t->dirt[DIRT_LATE], &t->random);
    if (t->overtake) late_s = 1 + (int)random_below(&t->random, ACCESS_LOG_LATE_S);
    access_log_line(&t->log[h->site], buf_slice(&t->text), h->time, late_s);
    hit_truth_add(&t->truth, h);
    line_done(t);
    if (t->line < t->total && dirt_take(&t->dirt[DIRT_IDENTICAL], &t->random)) {
        access_log_line(&t->log[h->site], buf_slice(&t->text), h->time, 0);
        hit_truth_add(&t->truth, h);
        line_done(t);
    }
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
    const char *format = broken[random_below(&t->random, sizeof broken / sizeof broken[0])];
    const char *at = strstr(format, "%s");
    buf_append(&t->text, format, (size_t)(at - format));
    buf_append_slice(&t->text, buf_slice(&when));
    buf_append_str(&t->text, at + 2);
    access_log_malformed(&t->log[random_below(&t->random, SITE_COUNT)], buf_slice(&t->text), t->now);
    buf_release(&when);
    line_done(t);
}

/* --- visits --- */

static void visit_begin(struct traffic *t, struct visit *v)
{
    struct random *r = &t->random;
    uint64_t place = random_below(r, 10);
    v->visitor = random_chance(r, 2, 3) ? 2 * popularity_draw(&t->sites.visitors, r)
                                        : (int)random_below(r, SITE_VISITORS - SITE_CLOCKWORK);
    v->site = place < 6 ? 0 : place < 9 ? 1 : 2;
    int agent = t->sites.visitor[v->visitor].agent;
    v->hits_left = 1 + (site_agent_is_bot(agent)       ? random_below(r, 60)
                        : site_agent_is_scanner(agent) ? random_below(r, 4)
                                                       : random_below(r, 14));
    v->page = -1;
}

static void answer(struct traffic *t, struct hit *h)
{
    static const uint16_t sometimes[] = {404, 404, 404, 301, 302, 302, 304, 304, 499, 500, 502, 206};
    h->status = 200;
    h->bytes = t->sites.path[h->path].bytes + (int64_t)random_below(&t->random, 512);
    if (!random_chance(&t->random, 1, 6)) return;
    h->status = sometimes[random_below(&t->random, sizeof sometimes / sizeof sometimes[0])];
    h->bytes = h->status == 304 ? (random_chance(&t->random, 1, 2) ? 0 : -1) : 166;
}

static void scanner_hit(struct traffic *t, struct hit *h)
{
    h->path = SITE_PAGES + SITE_ASSETS + (int)random_below(&t->random, SITE_PROBES);
    answer(t, h);
    if (strcmp(t->sites.path[h->path].text, "*") == 0) h->method = METHOD_OPTIONS;
    if (h->path == SITE_CONNECT) {
        h->method = METHOD_CONNECT;
        h->status = 400;
    } else if (h->method == METHOD_GET && random_chance(&t->random, 1, 12)) {
        h->method = METHOD_PROPFIND;
        h->status = 405;
    }
}

static void page_hit(struct traffic *t, struct visit *v, struct hit *h)
{
    static const uint8_t methods[] = {METHOD_POST, METHOD_POST, METHOD_HEAD};
    h->path = popularity_draw(&t->sites.pages, &t->random);
    if (random_chance(&t->random, 1, 30)) h->method = methods[random_below(&t->random, sizeof methods)];
    answer(t, h);
    v->page = h->path;
}

/* A browser loads some files with the page, mostly in the same second. */
static void asset_hit(struct traffic *t, struct hit *h)
{
    t->assets_left--;
    if (t->overtake || random_chance(&t->random, 1, 4)) h->time = ++t->now;
    h->path = SITE_PAGES + popularity_draw(&t->sites.assets, &t->random);
    answer(t, h);
}

static void next_hit(struct traffic *t)
{
    if (t->assets_left == 0) t->current = (int)random_below(&t->random, (uint64_t)t->visits);
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
    if (dirt_take(&t->dirt[DIRT_GARBAGE], &t->random)) {
        h.method = METHOD_BAD;
        h.status = 400;
        h.bytes = 166;
    } else if (site_agent_is_scanner(agent)) {
        scanner_hit(t, &h);
    } else {
        page_hit(t, v, &h);
        if (!site_agent_is_bot(agent)) t->assets_left = (int)random_below(&t->random, 4);
    }
    write_hit(t, &h, referer);
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
        if (dirt_take(&t->dirt[DIRT_MALFORMED], &t->random))
            write_malformed(t);
        else
            next_hit(t);
        if (due_take(&t->clockwork_due, &t->random, t->line)) plan_clockwork(t);
    }
}

static bool failed(const struct traffic *t)
{
    int error = 0;
    for (int i = 0; i < SITE_COUNT; i++) error |= t->log[i].out.error;
    return error != 0;
}

static void all_days(struct traffic *t, uint64_t days)
{
    uint64_t sum = 0, so_far = 0;
    uint8_t *weight = memory_new(days);
    for (uint64_t i = 0; i < days; i++) sum += weight[i] = (uint8_t)(60 + random_below(&t->random, 81));
    for (uint64_t i = 0; i < days && !failed(t); i++) {
        so_far += weight[i];
        one_day(t, FIRST_DAY + (int64_t)i, (uint64_t)((unsigned __int128)t->total * so_far / sum));
    }
    free(weight);
}

/* --- the whole --- */

static bool is_input(const char *name)
{
    return strstr(name, ".access.log-") != NULL;
}

static const char rules[] =
    "# Ground truth of generated access logs\n"
    "Written by `millrace generate clickstream` while it made the lines. The rules are those of the real data set:\n"
    "a line is parsed when the whole line fits the combined format; files equal to an earlier file are read once;\n"
    "time is converted to UTC with the offset in the line; a request that is not `METHOD SP TARGET SP HTTP/x[.y]`\n"
    "counts for status, hour, bytes and sessions but not for paths; path = TARGET before the first `?`;\n"
    "a page view is GET, status 200, no static extension. A session (site, client, user agent) ends when the gap is\n"
    "MORE than 1800 s. rows_older_than_running_max: compared with the largest time so far in the same file.\n";

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
    l->out.bytes += out.bytes;
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

static int run(struct traffic *t, struct disk *disk, struct err_text *error)
{
    uint64_t days = (t->total + LINES_PER_DAY - 1) / LINES_PER_DAY;
    if (days < DAYS_MIN) days = DAYS_MIN;
    /* About half a minute between the hits of a visit; with few lines a day, few visits at once. */
    t->visits = 1 + (int)(t->total / days * 30 / 86400 * 4);
    if (t->visits > VISITS) t->visits = VISITS;
    int64_t start = (int64_t)FIRST_DAY * 86400;
    hit_truth_init(&t->truth, &t->sites, disk, error);
    for (int i = 0; i < SITE_COUNT; i++)
        access_log_init(&t->log[i], site_name(i), start, 600 + i * 3671, disk, &t->counts, error);
    int rc = write_notes(disk, error);
    if (rc == 0) all_days(t, days);
    for (int i = 0; i < SITE_COUNT; i++) {
        access_log_finish(&t->log[i]);
        if (t->log[i].out.error) rc = t->log[i].out.error;
    }
    if (rc == 0) rc = copy_first_file(t, disk, error);
    if (rc == 0) rc = hit_truth_finish(&t->truth, &t->counts, disk, error);
    return rc;
}

static void dirt_begin(struct traffic *t, const uint32_t rates[DIRT_COUNT])
{
    /* Roughly one line in so many can have the kind. */
    static const uint8_t one_in[DIRT_COUNT] = {
        [DIRT_GARBAGE] = 2,   [DIRT_ESCAPES] = 4,   [DIRT_LATE] = 4,
        [DIRT_IDENTICAL] = 1, [DIRT_MALFORMED] = 1, [DIRT_OFFSET] = 1,
    };
    for (int i = 0; i < DIRT_COUNT; i++) dirt_init(&t->dirt[i], &t->random, rates[i], t->total / one_in[i]);
    due_init(&t->clockwork_due, &t->random, 8000, t->total);
}

int generate_clickstream(const struct generate_options *options, struct generate_result *result, struct err_text *error)
{
    struct disk *disk;
    uint32_t rates[DIRT_COUNT];
    if (options->scale < GENERATE_SCALE_MIN || options->scale > GENERATE_SCALE_MAX)
        return err_set(error, ERR_RANGE, "scale: must be between 0.001 and 1000");
    if (dirt_rates_resolve(&options->dirt, kinds, DIRT_COUNT, rates, error) < 0) return ERR_NOTFOUND;
    int rc = out_folder_open(options->out, is_input, &disk, error);
    if (rc < 0) return rc;
    struct traffic *t = memory_new(sizeof *t);
    t->options = options;
    t->total = (uint64_t)options->scale;
    random_seed(&t->random, options->seed);
    sites_init(&t->sites, &t->random);
    dirt_begin(t, rates);
    rc = run(t, disk, error);
    uint64_t bytes = 0;
    for (int i = 0; i < SITE_COUNT; i++) bytes += t->log[i].out.bytes;
    if (result) *result = (struct generate_result){t->line, bytes, (int)t->counts.files};
    for (int i = 0; i < SITE_COUNT; i++) access_log_release(&t->log[i]);
    hit_truth_release(&t->truth);
    buf_release(&t->text);
    free(t);
    disk_linux_free(disk);
    return rc;
}

const struct generator clickstream_generator = {
    "clickstream",        "access logs in the combined format, a file per site and day", kinds, DIRT_COUNT,
    generate_clickstream,
};
