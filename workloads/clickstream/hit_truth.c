#include "workloads/clickstream/hit_truth.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/memory.h"
#include "workloads/out_time.h"
#include "workloads/truth.h"

#define ADDRESSES (SITE_VISITORS + 256)

static const char *const method_names[METHODS] = {
    "(bad request line)", "CONNECT", "GET", "HEAD", "OPTIONS", "POST", "PROPFIND"};

const char *method_name(enum method m)
{
    return method_names[m];
}

/* --- hours and days --- */

static void hour_end(struct hit_truth *t)
{
    struct buf *b = &t->hours.pending;
    if (t->hour.hits == 0) return;
    out_date(b, t->hour.number / 24);
    buf_printf(b, " %02d:00:00,%llu,%llu\n", (int)(t->hour.number % 24), (unsigned long long)t->hour.hits,
               (unsigned long long)t->hour.bytes);
    out_file_flush_when_full(&t->hours);
    t->hour_count++;
}

static void day_end(struct hit_truth *t)
{
    struct buf *b = &t->days.pending;
    if (t->day.hits == 0) return;
    out_date(b, t->day.number);
    buf_printf(b, ",%llu,%llu,%llu\n", (unsigned long long)t->day.hits, (unsigned long long)t->day.bytes,
               (unsigned long long)t->day.clients);
    out_file_flush_when_full(&t->days);
}

static void add_to_spans(struct hit_truth *t, const struct hit *h, uint64_t bytes)
{
    int64_t hour = h->time / 3600, day = h->time / 86400;
    assert(hour >= t->hour.number);
    if (hour != t->hour.number) {
        hour_end(t);
        t->hour = (struct span){.number = hour};
    }
    if (day != t->day.number) {
        day_end(t);
        t->day = (struct span){.number = day};
    }
    t->hour.hits++;
    t->hour.bytes += bytes;
    t->day.hits++;
    t->day.bytes += bytes;
    int64_t *seen = &t->client_day[t->sites->visitor[h->visitor].address];
    t->clients += *seen < 0;
    t->day.clients += *seen != day;
    *seen = day;
}

/* --- sessions --- */

static void session_write(void *context, const struct session *s)
{
    struct hit_truth *t = context;
    struct buf *b = &t->closed.pending;
    const struct visitor *v = &t->sites->visitor[s->visitor];
    buf_append_str(b, site_name(s->site));
    buf_append_byte(b, ',');
    site_put_address(b, v);
    buf_append_byte(b, ',');
    out_csv_field(b, slice_str(site_agent(v->agent)));
    buf_append_byte(b, ',');
    out_stampz(b, s->start);
    buf_append_byte(b, ',');
    out_stampz(b, s->last);
    int64_t duration = s->last - s->start;
    buf_printf(b, ",%llu,%llu,%lld\n", (unsigned long long)s->hits, (unsigned long long)s->bytes, (long long)duration);
    out_file_flush_when_full(&t->closed);
    t->sessions++;
    t->single += s->hits == 1;
    if (s->hits > t->hits_max) t->hits_max = s->hits;
    if (duration > t->duration_max) t->duration_max = duration;
    t->duration_sum += duration;
}

static void add_to_session(struct hit_truth *t, const struct hit *h, uint64_t bytes)
{
    struct session *s = sessions_at(&t->open, h->time, h->site, h->visitor);
    s->hits++;
    s->bytes += bytes;
}

/* --- from first to last hit --- */

void hit_truth_init(struct hit_truth *t, const struct sites *sites, struct disk *disk, struct err_text *why)
{
    memset(t, 0, sizeof *t);
    t->sites = sites;
    t->hour.number = t->day.number = t->first = -1;
    t->client_day = memory_new(ADDRESSES * sizeof *t->client_day);
    for (int i = 0; i < ADDRESSES; i++) t->client_day[i] = -1;
    sessions_init(&t->open, session_write, t);
    out_file_init(&t->hours, disk, why);
    out_file_init(&t->days, disk, why);
    out_file_init(&t->closed, disk, why);
    out_file_open(&t->hours, "ground_truth/hits_per_hour_utc.csv");
    out_file_open(&t->days, "ground_truth/per_day_utc.csv");
    out_file_open(&t->closed, "ground_truth/sessions.csv");
    buf_append_str(&t->hours.pending, "hour_start_utc,hits,bytes\n");
    buf_append_str(&t->days.pending, "day_utc,hits,bytes,distinct_clients\n");
    buf_append_str(&t->closed.pending, "site,client,user_agent,start_utc,end_utc,hits,bytes,duration_s\n");
}

void hit_truth_release(struct hit_truth *t)
{
    out_file_release(&t->hours);
    out_file_release(&t->days);
    out_file_release(&t->closed);
    free(t->client_day);
    sessions_release(&t->open);
}

void hit_truth_add(struct hit_truth *t, const struct hit *h)
{
    uint64_t bytes = h->bytes < 0 ? 0 : (uint64_t)h->bytes;
    t->hits++;
    t->bytes += bytes;
    if (t->first < 0) t->first = h->time;
    t->last = h->time;
    t->method[h->method]++;
    t->status[h->status]++;
    if (h->method == METHOD_BAD) {
        t->bad_requests++;
    } else {
        t->path_hits[h->path]++;
        if (h->method == METHOD_GET && h->status == 200 && !t->sites->path[h->path].is_static) t->path_views[h->path]++;
    }
    add_to_spans(t, h, bytes);
    add_to_session(t, h, bytes);
}

/* --- the files that are written at the end --- */

static void write_methods(struct hit_truth *t, struct buf *b)
{
    buf_append_str(b, "method,hits\n");
    for (int i = 0; i < METHODS; i++) {
        if (t->method[i]) buf_printf(b, "%s,%llu\n", method_names[i], (unsigned long long)t->method[i]);
    }
}

static void write_status(struct hit_truth *t, struct buf *b)
{
    buf_append_str(b, "status,hits\n");
    for (int i = 0; i < 1000; i++) {
        if (t->status[i]) buf_printf(b, "%03d,%llu\n", i, (unsigned long long)t->status[i]);
    }
}

static const char *path_text(const void *context, int i)
{
    return ((const struct hit_truth *)context)->sites->path[i].text;
}

static void write_paths(struct hit_truth *t, struct buf *b)
{
    buf_append_str(b, "rank,path,hits\n");
    truth_put_top20(b, t->path_hits, SITE_PATHS, path_text, t);
}
static void write_views(struct hit_truth *t, struct buf *b)
{
    buf_append_str(b, "rank,path,pageviews\n");
    truth_put_top20(b, t->path_views, SITE_PATHS, path_text, t);
}

static void json_count(struct buf *b, const char *key, uint64_t value)
{
    buf_printf(b, ",\n \"%s\": %llu", key, (unsigned long long)value);
}

static void json_instant(struct buf *b, const char *key, int64_t at)
{
    buf_printf(b, ",\n \"%s\": \"", key);
    out_stampz(b, at);
    buf_append_byte(b, '"');
}

static void summary_lines(struct buf *b, const struct hit_truth *t, const struct line_counts *lines)
{
    buf_append_str(b, "{\n \"format\": \"combined\"");
    json_count(b, "files", lines->files);
    buf_append_str(b, ",\n \"files_skipped_as_identical\": [");
    if (lines->skipped[0])
        buf_printf(b, "\n  [\n   \"%s\",\n   \"same content as %s\"\n  ]\n ", lines->skipped, lines->same_as);
    buf_append_str(b, "]");
    json_count(b, "lines", lines->lines);
    json_count(b, "parsed", t->hits);
    json_count(b, "malformed", lines->malformed);
    json_count(b, "bad_request_line_but_parsed", t->bad_requests);
    json_count(b, "identical_lines_within_a_file", lines->identical);
    json_count(b, "rows_older_than_running_max_within_file", lines->late);
    json_count(b, "max_lateness_s", (uint64_t)lines->lateness_max_s);
}

static void summary_hits(struct buf *b, const struct hit_truth *t)
{
    uint64_t paths = 0, viewed = 0, views = 0;
    for (int i = 0; i < SITE_PATHS; i++) {
        paths += t->path_hits[i] > 0;
        viewed += t->path_views[i] > 0;
        views += t->path_views[i];
    }
    json_count(b, "bytes_total", t->bytes);
    json_count(b, "distinct_clients", t->clients);
    json_count(b, "distinct_paths", paths);
    json_count(b, "pageviews", views);
    json_count(b, "distinct_pageview_paths", viewed);
    json_instant(b, "first_event_utc", t->first);
    json_instant(b, "last_event_utc", t->last);
    json_count(b, "hours_with_hits", t->hour_count);
    json_count(b, "session_keys", t->open.keys);
    json_count(b, "sessions_30min", t->sessions);
    json_count(b, "sessions_with_one_hit", t->single);
    json_count(b, "max_hits_in_a_session", t->hits_max);
    json_count(b, "max_session_duration_s", (uint64_t)t->duration_max);
    json_count(b, "total_session_duration_s", (uint64_t)t->duration_sum);
    buf_append_str(b, "\n}\n");
}

int hit_truth_finish(struct hit_truth *t, const struct line_counts *lines, struct disk *disk, struct err_text *why)
{
    static const struct {
        const char *name;
        void (*write)(struct hit_truth *t, struct buf *b);
    } files[] = {{"ground_truth/hits_per_method.csv", write_methods},
                 {"ground_truth/hits_per_status.csv", write_status},
                 {"ground_truth/top20_paths.csv", write_paths},
                 {"ground_truth/top20_pageviews.csv", write_views}};
    struct out_file out;
    hour_end(t);
    day_end(t);
    sessions_finish(&t->open);
    out_file_close(&t->hours);
    out_file_close(&t->days);
    out_file_close(&t->closed);
    out_file_init(&out, disk, why);
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        out_file_open(&out, files[i].name);
        files[i].write(t, &out.pending);
        out_file_close(&out);
    }
    out_file_open(&out, "ground_truth/summary.json");
    summary_lines(&out.pending, t, lines);
    summary_hits(&out.pending, t);
    out_file_close(&out);
    int error = t->hours.error ? t->hours.error : t->days.error;
    if (!error) error = t->closed.error ? t->closed.error : out.error;
    out_file_release(&out);
    return error;
}
