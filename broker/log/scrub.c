/* Scrubbing: the CRCs of rolled segments, checked in the background, so that a disk that forgets is noticed before
 * a consumer trips over it. Nothing is changed on the disk: damage becomes a bad range in memory, which answers
 * LOG_READ_CORRUPT, and is told. A job checks a piece, so that other jobs of the log need not wait long. */
#include <stdlib.h>

#include "broker/log/log_state.h"
#include "broker/log/scan.h"
#include "lib/base/memory.h"

enum { SCRUB_BYTES = 4 << 20, SCRUB_FINDINGS_MAX = 100 };

struct scrub {
    char *path;
    int64_t segment_base, below; /* offsets of the segment */
    uint64_t position, size;     /* where it begins, and where the segment ends */
    uint64_t reached;            /* where the next piece begins */
    int64_t expected;            /* the offset of the batch there */
    bool dense;                  /* never compacted: offsets have no gaps */
    struct bad_range *known;     /* copies: not told again */
    int known_count;
    struct bad_range *found;
    int found_count;
    struct buf text;
};

/* The segment that `scrub_at` names or the first one after it; the active one is left to recovery. */
static const struct segment *scrub_segment(const struct log *log)
{
    for (int i = 0; i + 1 < log->segment_count; i++) {
        const struct segment *s = log->segments[i];
        if (s->base_offset >= log->scrub_at.segment_base && !s->rolled && s->size > 0) return s;
    }
    return NULL;
}

struct scrub *scrub_new(struct log *log)
{
    const struct segment *s = scrub_segment(log);
    if (!s) { /* all were checked: from the front again next time */
        log->scrub_due = false;
        log->scrub_at = (struct mark){0};
        return NULL;
    }
    struct scrub *c = memory_new(sizeof *c);
    c->path = memory_str(s->log->path);
    c->segment_base = s->base_offset;
    c->below = log_segment_end(log, log_segment_find(log, s->base_offset));
    bool resumed = s->base_offset == log->scrub_at.segment_base;
    c->position = c->reached = resumed ? log->scrub_at.position : 0;
    c->expected = resumed && c->position > 0 ? log->scrub_at.offset : s->base_offset;
    c->size = s->size;
    c->dense = log->config.deletes;
    c->known_count = log->bad_count;
    c->known = log->bad_count ? memory_copy(log->bad, (size_t)log->bad_count * sizeof *log->bad) : NULL;
    return c;
}

void scrub_free(struct scrub *s)
{
    if (!s) return;
    free(s->path);
    free(s->known);
    free(s->found);
    buf_release(&s->text);
    free(s);
}

static const struct bad_range *known_at(const struct scrub *s, uint64_t position)
{
    for (int i = 0; i < s->known_count; i++)
        if (s->known[i].segment_base == s->segment_base && s->known[i].position == position) return &s->known[i];
    return NULL;
}

/* A batch that does not stand: remembered, up to the next good one. */
static int note(struct scrub *s, struct scan *sc)
{
    struct bad_range bad = {.from = s->expected, .segment_base = s->segment_base, .position = sc->position};
    const char *why = sc->why;
    int status = scan_resync(sc, s->expected, s->below);
    if (status < 0) return status;
    bad.to = status == SCAN_BATCH ? sc->header.base_offset : s->below;
    bad.resume = sc->position;
    if (bad.to == bad.from) return status; /* bytes between two batches that hold no offset */
    s->found = memory_grow(s->found, (size_t)s->found_count + 1, sizeof *s->found);
    s->found[s->found_count++] = bad;
    buf_printf(&s->text, "%s: damaged at position %llu: %s; offsets %lld to %lld cannot be read\n", s->path,
               (unsigned long long)bad.position, why, (long long)bad.from, (long long)bad.to - 1);
    return status;
}

/* The base offset lies outside of the CRC. */
static int judge(const struct scrub *s, struct scan *sc)
{
    int status = scan_check(sc);
    int64_t base = sc->header.base_offset;
    if (status != SCAN_BATCH) return status;
    bool fits = s->dense ? base == s->expected : base >= s->expected;
    if (fits && batch_last_offset(&sc->header) < s->below) return SCAN_BATCH;
    sc->why = "its offsets do not continue the log";
    return SCAN_BAD;
}

static int check_piece(struct scrub *s, struct scan *sc)
{
    int status = SCAN_BATCH;
    while (sc->position < s->position + SCRUB_BYTES && s->found_count < SCRUB_FINDINGS_MAX) {
        const struct bad_range *known = known_at(s, sc->position);
        if (known) {
            sc->position = known->resume;
            s->expected = known->to;
        }
        status = judge(s, sc);
        if (status == SCAN_BAD) status = note(s, sc);
        if (status <= SCAN_END) break;
        s->expected = batch_last_offset(&sc->header) + 1;
        scan_skip(sc);
    }
    s->reached = sc->position;
    return status < 0 ? status : 0;
}

int scrub_run(struct scrub *s, struct disk *disk)
{
    struct scan sc;
    int status = scan_open(&sc, disk, s->path);
    if (status == 0) {
        if (sc.end > s->size) sc.end = s->size;
        sc.position = s->position;
        status = check_piece(s, &sc);
        scan_close(&sc);
    }
    if (status < 0) buf_printf(&s->text, "%s: cannot be read: %s\n", s->path, err_name(status));
    if (status < 0) s->reached = s->size; /* the others are looked at all the same */
    buf_cstr(&s->text);
    return 0;
}

const char *scrub_text(const struct scrub *s)
{
    return s->text.p ? (const char *)s->text.p : "";
}

void scrub_done(struct log *log, struct scrub *s)
{
    int i = log_segment_find(log, s->segment_base);
    bool there = i >= 0 && log->segments[i]->base_offset == s->segment_base;
    for (int k = 0; there && k < s->found_count; k++) {
        log->bad = memory_grow(log->bad, (size_t)log->bad_count + 1, sizeof *log->bad);
        log->bad[log->bad_count++] = s->found[k];
    }
    bool finished = s->reached >= s->size;
    log->scrub_at = (struct mark){s->expected, finished ? s->below : s->segment_base, finished ? 0 : s->reached};
    if (finished) log->scrub_due = false; /* one segment at a time; the next one when it is asked for again */
}
