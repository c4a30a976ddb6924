/* hit_truth.h - the answers about access logs of the combined format, counted while its lines are made.
 *
 *     hit_truth_init -> hit_truth_add in the order of time -> hit_truth_finish -> hit_truth_release
 *
 * Hits come in the order of their time, whatever order their lines have in the files, so hours and days
 * are closed as soon as the next one begins; sessions: sessions.h. What a line's place in a file decides
 * (lateness, identical lines) is counted where lines are placed: access_log.h. */
#ifndef MILLRACE_WORKLOADS_CLICKSTREAM_HIT_TRUTH_H
#define MILLRACE_WORKLOADS_CLICKSTREAM_HIT_TRUTH_H

#include "workloads/clickstream/sessions.h"
#include "workloads/out_file.h"

enum method {
    METHOD_BAD,
    METHOD_CONNECT,
    METHOD_GET,
    METHOD_HEAD,
    METHOD_OPTIONS,
    METHOD_POST,
    METHOD_PROPFIND,
    METHODS
};

const char *method_name(enum method m); /* METHOD_BAD: the truth's name for a request that is none */

struct hit {
    int64_t time; /* seconds since 1970, UTC */
    int site, visitor;
    enum method method;
    int path; /* not used with METHOD_BAD */
    int status;
    int64_t bytes; /* -1: logged as "-", counts as 0 */
};

struct span { /* an hour or a day */
    int64_t number;
    uint64_t hits, bytes, clients;
};

struct hit_truth {
    const struct sites *sites;
    struct out_file hours, days, closed;
    struct span hour, day;
    uint64_t hits, bytes, bad_requests, hour_count;
    uint64_t method[METHODS], status[1000];
    uint64_t path_hits[SITE_PATHS], path_views[SITE_PATHS];
    int64_t first, last;
    int64_t *client_day; /* by address: the last day it was counted in, -1 for never */
    uint64_t clients;
    struct sessions open;
    uint64_t sessions, single, hits_max;
    int64_t duration_max, duration_sum;
};

/* What is known about lines and files rather than hits. */
struct line_counts {
    uint64_t files, lines, malformed, identical, late;
    int64_t lateness_max_s;
    char skipped[160], same_as[160]; /* the identical file */
};

void hit_truth_init(struct hit_truth *t, const struct sites *sites, struct disk *disk, struct err_text *why);
void hit_truth_release(struct hit_truth *t);
void hit_truth_add(struct hit_truth *t, const struct hit *hit);
int hit_truth_finish(struct hit_truth *t, const struct line_counts *lines, struct disk *disk, struct err_text *why);

#endif
