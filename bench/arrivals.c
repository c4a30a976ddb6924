#include "bench/arrivals.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/memory.h"
#include "lib/base/random.h"

#define SECOND_NS    INT64_C(1000000000)
#define OFFSET_MAX_S 1e6

const char *arrivals_name(enum arrivals_kind kind)
{
    static const char *const names[] = {"constant", "poisson", "burst", "trace"};
    return names[kind];
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

/* A line's offset; 1, 0 for a line without one, or negative. */
static int trace_line(const char *path, int number, char *line, int64_t before, int64_t *offset, struct err_text *error)
{
    char *text = line + strspn(line, " \t"), *end;
    text[strcspn(text, "\r\n")] = 0;
    if (!*text || *text == '#') return 0;
    double s = strtod(text, &end);
    end += strspn(end, " \t");
    if (end == text || *end || !(s >= 0 && s <= OFFSET_MAX_S))
        return err_set(error, ERR_INVALID, "%s:%d: not a number of seconds from 0 to 1000000: %.40s", path, number,
                       text);
    *offset = (int64_t)(s * 1e9 + 0.5);
    if (*offset < before)
        return err_set(error, ERR_INVALID, "%s:%d: earlier than the line before it: %.40s", path, number, text);
    return 1;
}

static int trace_read(struct arrivals *a, FILE *file, const char *path, int64_t max, struct err_text *error)
{
    char *line = NULL;
    size_t size = 0;
    int64_t capacity = 0, offset = 0, before = 0;
    int rc = 0;
    for (int number = 1; rc >= 0 && (max == 0 || a->count < max) && getline(&line, &size, file) > 0; number++) {
        if ((rc = trace_line(path, number, line, before, &offset, error)) <= 0) continue;
        if (a->count == capacity) {
            capacity = capacity ? 2 * capacity : 4096;
            a->offsets = memory_grow(a->offsets, (size_t)capacity, sizeof *a->offsets);
        }
        a->offsets[a->count++] = before = offset;
    }
    free(line);
    if (rc < 0) return rc;
    if (ferror(file)) return err_set(error, ERR_IO, "%s: cannot be read", path);
    int64_t first = a->count > 0 ? a->offsets[0] : 0, span = before - first;
    if (span == 0) return err_set(error, ERR_INVALID, "%s: two different instants at least", path);
    for (int64_t i = 0; i < a->count; i++) a->offsets[i] -= first;
    int64_t rate = (int64_t)((__int128)(a->count - 1) * SECOND_NS / span);
    a->schedule.rate = rate > 0 ? rate : 1;
    return 0;
}

static int trace(struct arrivals *a, const char *path, int64_t max, struct err_text *error)
{
    FILE *file = fopen(path, "r");
    if (!file) return err_set(error, err_from_errno(errno), "%s: %s", path, strerror(errno));
    int rc = trace_read(a, file, path, max, error);
    fclose(file);
    return rc;
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

void arrivals_release(struct arrivals *a)
{
    free(a->offsets);
    *a = (struct arrivals){0};
}
