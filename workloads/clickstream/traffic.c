/* traffic.c - days and instants. */
#include <stdlib.h>

#include "lib/base/memory.h"
#include "workloads/clickstream/traffic.h"

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
        traffic_appointment(t, p.site, p.visitor);
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
            traffic_malformed(t);
        else
            traffic_next_hit(t);
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

void traffic_run(struct traffic *t, uint64_t days)
{
    uint64_t sum = 0, so_far = 0;
    uint8_t *weight = memory_new(days);
    for (uint64_t i = 0; i < days; i++) sum += weight[i] = (uint8_t)(60 + random_below(&t->chances.random, 81));
    for (uint64_t i = 0; i < days && !failed(t); i++) {
        so_far += weight[i];
        one_day(t, CLICKSTREAM_FIRST_DAY + (int64_t)i, (uint64_t)((unsigned __int128)t->total * so_far / sum));
    }
    free(weight);
}
