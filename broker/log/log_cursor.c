/* All batches of a log, in order, at start: how internal topics are replayed into their coordinators. */
#include <stdlib.h>

#include "broker/log/log_state.h"
#include "broker/log/scan.h"
#include "lib/base/memory.h"

struct log_cursor {
    struct log *log;
    struct disk *disk;
    int64_t offset; /* batches that end below are passed over */
    int64_t next;   /* after the batch shown last */
    int segment;    /* index of the open one */
    bool open;
    int damaged; /* skipped so far */
    struct scan scan;
};

int log_cursor_open(struct log *log, struct disk *disk, int64_t offset, struct log_cursor **out)
{
    struct log_cursor *c = memory_new(sizeof *c);
    int first = log_segment_find(log, offset);
    *c = (struct log_cursor){.log = log, .disk = disk, .offset = offset, .segment = first < 0 ? 0 : first};
    *out = c;
    return 0;
}

static int segment_open(struct log_cursor *c)
{
    const struct segment *s = c->log->segments[c->segment];
    int status = scan_open(&c->scan, c->disk, s->log->path);
    if (status < 0) return status;
    c->open = true;
    uint64_t limit = log_limit_in(s, &c->log->written);
    if (c->scan.end > limit) c->scan.end = limit;
    return 0;
}

static void segment_next(struct log_cursor *c)
{
    if (c->open) scan_close(&c->scan);
    c->open = false;
    c->segment++;
}

static int batch_next(struct log_cursor *c)
{
    const struct segment *s = c->log->segments[c->segment];
    const struct bad_range *bad = log_bad_at(c->log, s->base_offset, c->scan.position);
    if (bad) c->scan.position = bad->resume;
    if (bad) c->damaged++;
    int64_t from = c->next > s->base_offset ? c->next : s->base_offset, below = log_segment_end(c->log, c->segment);
    int status = scan_check(&c->scan);
    const struct batch_header *h = &c->scan.header;
    /* Below the recovery point nothing was verified: offsets that cannot be here are damage. */
    if (status == SCAN_BATCH && (h->base_offset < from || batch_last_offset(h) >= below)) status = SCAN_BAD;
    if (status != SCAN_BAD) return status;
    c->damaged++;
    return scan_resync(&c->scan, from, below);
}

int log_cursor_next(struct log_cursor *c, struct slice *batch, struct batch_header *header)
{
    while (c->segment < c->log->segment_count) {
        if (c->log->segments[c->segment]->size == 0) { /* its file may not be there yet */
            segment_next(c);
            continue;
        }
        int status = c->open ? 0 : segment_open(c);
        if (status == 0) status = batch_next(c);
        if (status < 0) return status;
        if (status == SCAN_END) {
            segment_next(c);
            continue;
        }
        *header = c->scan.header;
        c->next = batch_last_offset(header) + 1;
        if (batch_last_offset(header) >= c->offset) status = scan_batch(&c->scan, batch);
        scan_skip(&c->scan);
        if (status < 0) return status;
        if (batch_last_offset(header) >= c->offset) return 1;
    }
    return 0;
}

int log_cursor_damaged(const struct log_cursor *c)
{
    return c->damaged;
}

void log_cursor_close(struct log_cursor *c)
{
    if (!c) return;
    if (c->open) scan_close(&c->scan);
    free(c);
}
