/* access_log.h - the rotated log files of one site: where lines are placed.
 *
 *     SITE.access.log-20251218        what was logged until the rotation early on 2025-12-18
 *
 * or, as logrotate numbers them when it is not told to use dates:
 *
 *     SITE_access.log                 what was logged since the last rotation
 *     SITE_access.log.1 SITE_access.log.2.gz SITE_access.log.3.gz ...     the youngest first
 *
 * A server writes a line when the response is done, so a slow one comes after lines of younger
 * requests: a line can be held back and is written when a line of that instant comes along, at most
 * ACCESS_LOG_LATE_S seconds too late. Held lines never cross a rotation. What the place of a line in
 * its file decides (older than the running maximum, identical to an earlier line) is counted here,
 * over the lines as they are written. */
#ifndef MILLRACE_WORKLOADS_CLICKSTREAM_ACCESS_LOG_H
#define MILLRACE_WORKLOADS_CLICKSTREAM_ACCESS_LOG_H

#include "workloads/clickstream/hit_truth.h"
#include "workloads/held.h"

enum { ACCESS_LOG_LATE_S = 40, ACCESS_LOG_HELD_MAX = 32 };

struct access_log {
    const char *site;
    struct out_file out;
    struct line_counts *counts;
    int64_t rotation;      /* of the open file: lines from this instant on go to the next one */
    int64_t last_rotation; /* of the input, for files with numbers; 0: files with dates */
    int64_t newest;        /* running maximum of the open file; -1 when it has no line */
    uint64_t *seen;        /* a set of hashes of the open file's lines; 0 is a free slot */
    uint64_t seen_size, seen_count;
    struct held held;
    char first_name[160]; /* the first file ever opened */
};

/* `second_of_day`: when this site rotates its log. `days`: of the whole input, for files with numbers; 0: dates. */
void access_log_init(struct access_log *l, const char *site, int64_t first_time, int second_of_day, int64_t days,
                     struct disk *disk, struct line_counts *counts, struct err_text *why);
void access_log_release(struct access_log *l);
/* Places a line (without its newline) of instant `time`; instants don't decrease between calls. A
 * malformed line has no instant for a reader: it never counts as late. `late_s` > 0 holds it back for
 * that many seconds; with no room left it is written at once. */
void access_log_line(struct access_log *l, struct slice text, int64_t time, int late_s);
void access_log_malformed(struct access_log *l, struct slice text, int64_t time);
void access_log_finish(struct access_log *l);

#endif
