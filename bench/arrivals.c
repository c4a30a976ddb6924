#include "bench/arrivals.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/instants.h"
#include "lib/base/memory.h"
#include "lib/base/random.h"

#define SECOND_NS INT64_C(1000000000)

const char *arrivals_name(enum arrivals_kind kind)
{
    static const char *const names[] = {"constant", "poisson", "burst", "trace"};
    return names[kind];
}

void arrivals_said(const char *pattern, char *out, size_t size)
{
    const char *slash = strncmp(pattern, "trace:", 6) == 0 ? strrchr(pattern, '/') : NULL;
    if (slash)
        snprintf(out, size, "trace:%s", slash + 1);
    else
        snprintf(out, size, "%s", pattern);
}

int arrivals_parse(struct arrivals_pattern *p, const char *text, int64_t rate, uint64_t seed, struct err_text *error)
{
    long long on_ms, off_ms;
    char rest;
    *p = (struct arrivals_pattern){.rate = rate, .seed = seed};
    if (strcmp(text, "constant") == 0) return 0;
    if (strcmp(text, "poisson") == 0) {
        p->kind = ARRIVALS_POISSON;
        return 0;
    }
    if (strncmp(text, "trace:", 6) == 0 && text[6]) {
        p->kind = ARRIVALS_TRACE;
        p->trace = text + 6;
        return 0;
    }
    if (sscanf(text, "burst:%lld:%lld%c", &on_ms, &off_ms, &rest) == 2 && on_ms > 0 && off_ms >= 0 &&
        on_ms <= 3600000 && off_ms <= 3600000) {
        p->kind = ARRIVALS_BURST;
        p->on_ms = on_ms;
        p->off_ms = off_ms;
        return 0;
    }
    return err_set(error, ERR_INVALID,
                   "arrivals are constant, poisson, burst:ON_MS:OFF_MS (at most an hour each) or trace:FILE, not %s",
                   text);
}

/* --- made --- */

/* Sums of exponential gaps. The uniform number is in (0, 1], so its logarithm is finite. */
static void poisson(int64_t *offsets, int64_t count, int64_t rate, uint64_t seed)
{
    struct random r;
    double at_s = 0;
    random_seed(&r, seed);
    for (int64_t i = 0; i < count; i++) {
        offsets[i] = (int64_t)(at_s * 1e9);
        double u = ((double)(random_u64(&r) >> 11) + 1) * 0x1p-53;
        at_s -= log(u) / (double)rate;
    }
}

/* Message i of the regular schedule at the higher rate, moved behind the pauses before it. */
static void burst(int64_t *offsets, int64_t count, const struct arrivals_pattern *p)
{
    int64_t period_ms = p->on_ms + p->off_ms;
    for (int64_t i = 0; i < count; i++) {
        __int128 on_ns = (__int128)i * SECOND_NS * p->on_ms / ((__int128)p->rate * period_ms);
        int64_t pauses = (int64_t)(on_ns / (p->on_ms * 1000000));
        offsets[i] = (int64_t)on_ns + pauses * p->off_ms * 1000000;
    }
}

/* --- recorded --- */

static int trace(struct arrivals *a, const char *path, int64_t max, struct err_text *error)
{
    struct instants t;
    int rc = instants_read(&t, path, max, error);
    if (rc < 0) return rc;
    int64_t rate = (int64_t)((__int128)(t.count - 1) * SECOND_NS / t.ns[t.count - 1]);
    a->offsets = t.ns;
    a->count = t.count;
    a->schedule.rate = rate > 0 ? rate : 1;
    return 0;
}

int arrivals_make(struct arrivals *a, const struct arrivals_pattern *p, int64_t count, struct err_text *error)
{
    int rc = 0;
    *a = (struct arrivals){.schedule = {.rate = p->rate}, .count = count};
    if (p->kind == ARRIVALS_CONSTANT) return 0;
    if (p->kind == ARRIVALS_TRACE) {
        a->count = 0;
        rc = trace(a, p->trace, count, error);
    } else {
        a->offsets = memory_grow(NULL, (size_t)count + 1, sizeof *a->offsets);
        if (p->kind == ARRIVALS_POISSON)
            poisson(a->offsets, count, p->rate, p->seed);
        else
            burst(a->offsets, count, p);
    }
    a->schedule.offsets = a->offsets;
    a->schedule.count = a->count;
    if (rc < 0) arrivals_release(a);
    return rc;
}

void arrivals_offsets(struct arrivals *a)
{
    if (a->offsets) return;
    a->offsets = memory_grow(NULL, (size_t)a->count + 1, sizeof *a->offsets);
    for (int64_t i = 0; i < a->count; i++) a->offsets[i] = schedule_instant(&a->schedule, i);
    a->schedule.offsets = a->offsets;
    a->schedule.count = a->count;
}

void arrivals_release(struct arrivals *a)
{
    free(a->offsets);
    *a = (struct arrivals){0};
}
