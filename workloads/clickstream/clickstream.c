/* clickstream.c - the files of the clickstream workload, from first to last. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/memory.h"
#include "lib/base/text.h"
#include "workloads/clickstream/traffic.h"

#define EVENTS_PER_DAY 33334
#define DAYS_MIN       3

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
    int64_t start = (int64_t)CLICKSTREAM_FIRST_DAY * 86400;
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
    if (rc == 0) traffic_run(t, days);
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
