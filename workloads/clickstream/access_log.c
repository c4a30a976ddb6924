#include "workloads/clickstream/access_log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/memory.h"
#include "lib/base/table.h"
#include "lib/base/text.h"

#define NO_TIME (-1)

void access_log_init(struct access_log *l, const char *site, int64_t first_time, int second_of_day, int64_t days,
                     struct disk *disk, struct line_counts *counts, struct err_text *why)
{
    memset(l, 0, sizeof *l);
    l->site = site;
    l->counts = counts;
    l->rotation = first_time - first_time % 86400 + second_of_day;
    if (l->rotation <= first_time) l->rotation += 86400;
    l->last_rotation = days > 0 ? l->rotation + (days - 1) * 86400 : 0;
    held_init(&l->held, ACCESS_LOG_HELD_MAX);
    l->newest = NO_TIME;
    l->seen_size = 4096;
    l->seen = memory_new(l->seen_size * sizeof *l->seen);
    out_file_init(&l->out, disk, why);
}

void access_log_release(struct access_log *l)
{
    held_release(&l->held);
    free(l->seen);
    out_file_release(&l->out);
}

static bool seen_insert(uint64_t *set, uint64_t size, uint64_t hash)
{
    for (uint64_t at = hash & (size - 1);; at = (at + 1) & (size - 1)) {
        if (set[at] == hash) return false;
        if (set[at] == 0) {
            set[at] = hash;
            return true;
        }
    }
}

/* Lines are told apart by 64-bit hashes: among the some 100,000 lines of a file two different ones
 * agree with a probability below one in a thousand million. */
static bool seen_before(struct access_log *l, struct slice text)
{
    uint64_t hash = hash_bytes(text.p, text.n, 0);
    if (hash == 0) hash = 1;
    if (!seen_insert(l->seen, l->seen_size, hash)) return true;
    if (++l->seen_count * 2 < l->seen_size) return false;
    uint64_t *larger = memory_new(2 * l->seen_size * sizeof *larger);
    for (uint64_t i = 0; i < l->seen_size; i++) {
        if (l->seen[i]) seen_insert(larger, 2 * l->seen_size, l->seen[i]);
    }
    free(l->seen);
    l->seen = larger;
    l->seen_size *= 2;
    return false;
}

/* A file is created by its first line: an empty file would be identical to another empty one. */
static void file_open(struct access_log *l)
{
    struct buf name = {0};
    buf_append_str(&name, l->site);
    if (l->last_rotation > 0) {
        out_rotation(&name, "_access.log", (l->last_rotation - l->rotation) / 86400 + 1);
    } else {
        int64_t year;
        int month, day;
        civil_from_days(l->rotation / 86400, &year, &month, &day);
        buf_printf(&name, ".access.log-%04d%02d%02d", (int)year, month, day);
    }
    if (!l->first_name[0]) snprintf(l->first_name, sizeof l->first_name, "%s", buf_cstr(&name));
    out_file_open(&l->out, buf_cstr(&name));
    buf_release(&name);
    l->counts->files++;
}

static void write_line(struct access_log *l, struct slice text, int64_t time)
{
    if (!out_file_is_open(&l->out)) file_open(l);
    buf_append_slice(&l->out.pending, text);
    buf_append_byte(&l->out.pending, '\n');
    out_file_flush_when_full(&l->out);
    l->counts->lines++;
    l->counts->identical += seen_before(l, text);
    if (time == NO_TIME) return;
    if (time < l->newest) {
        l->counts->late++;
        if (l->newest - time > l->counts->lateness_max_s) l->counts->lateness_max_s = l->newest - time;
    } else {
        l->newest = time;
    }
}

/* Writes held lines whose release is not after `now`, oldest release first. */
static void write_held(struct access_log *l, int64_t now)
{
    for (const struct held_line *line; (line = held_take(&l->held, now)) != NULL;)
        write_line(l, buf_slice(&line->text), line->time);
}

static void rotate(struct access_log *l, int64_t now)
{
    write_held(l, INT64_MAX);
    out_file_close(&l->out);
    while (l->rotation <= now) l->rotation += 86400;
    l->newest = NO_TIME;
    memset(l->seen, 0, l->seen_size * sizeof *l->seen);
    l->seen_count = 0;
}

static void arrive(struct access_log *l, int64_t time)
{
    if (time >= l->rotation) rotate(l, time);
    write_held(l, time);
}

void access_log_line(struct access_log *l, struct slice text, int64_t time, int late_s)
{
    arrive(l, time);
    if (late_s <= 0 || !held_has_room(&l->held, 1)) {
        write_line(l, text, time);
        return;
    }
    /* Written before the first line of `release` or later, so never more than late_s behind. */
    held_put(&l->held, text, time + late_s + 1, time, 0);
}

void access_log_malformed(struct access_log *l, struct slice text, int64_t time)
{
    arrive(l, time);
    write_line(l, text, NO_TIME);
    l->counts->malformed++;
}

void access_log_finish(struct access_log *l)
{
    write_held(l, INT64_MAX);
    out_file_close(&l->out);
}
