/* Leader epochs have no checksum in their file, so it is compared with the batches.
 *
 *     0 0        the first entry: it begins at or below the log's start
 *     3 1200     the batch that begins at 1200 has epoch 3, the one before it has that of the entry before
 *
 * Of a file with one entry, which is what a single node writes, the headers that the opening reads anyway tell
 * enough. Of others two more are read for each entry. Entries below the log's start speak of records that are gone:
 * they are not looked at. What does not fit is read again from all batches. */
#include "broker/log/recover.h"
#include "broker/log/scan.h"

/* Above the recovery point the file may lag behind the batches. */
static bool fits(const struct recovery *x, const struct batch_header *h)
{
    int64_t start = x->info.log_start;
    if (h->leader_epoch < 0 || batch_last_offset(h) < start) return true;
    int32_t said = log_epoch_at(x->log, h->base_offset > start ? h->base_offset : start);
    bool complete = x->info.clean || h->base_offset < x->info.recovery_point;
    return complete ? h->leader_epoch == said : h->leader_epoch >= said;
}

void recover_epoch_seen(struct recovery *x, const struct batch_header *h)
{
    x->epochs_doubted |= !fits(x, h);
}

/* The batch that holds an offset; `begins`: it has to begin there. */
static int look_at(struct recovery *x, int64_t offset, bool begins)
{
    struct scan sc;
    int i = log_segment_find(x->log, offset);
    if (i < 0) return 0;
    const struct segment *s = x->log->segments[i];
    int status = scan_open(&sc, x->disk, s->log->path);
    if (status == ERR_NOTFOUND) return 0; /* made by the opening, not on disk yet */
    if (status < 0) return recover_failed(x, s->log->path, "cannot be opened", status);
    sc.position = recover_floor(x, s, offset);
    while ((status = scan_header(&sc)) == SCAN_BATCH && batch_last_offset(&sc.header) < offset) scan_skip(&sc);
    if (status == SCAN_BATCH) x->epochs_doubted |= !fits(x, &sc.header) || (begins && sc.header.base_offset < offset);
    scan_close(&sc);
    return status < 0 ? recover_failed(x, s->log->path, "cannot be read", status) : 0;
}

int recover_epochs_check(struct recovery *x)
{
    const struct log *log = x->log;
    int64_t first = log->offsets.start, end = x->expected;
    int status = 0;
    if (log->epoch_count > 1 && first < end) status = look_at(x, first, false);
    for (int i = 0; status == 0 && first < end && i < log->epoch_count; i++) {
        int64_t start = log->epochs[i].start_offset;
        if (start <= first) continue;
        status = look_at(x, (start < end ? start : end) - 1, false);
        if (status == 0 && start < end) status = look_at(x, start, true);
    }
    return status;
}

/* A batch's epoch lies outside of its CRC too, and epochs never fall: one batch with a larger epoch than what follows
 * it is damaged, and so is one with a smaller epoch than those before it. */
void recover_epoch_note(struct recovery *x, const struct batch_header *h)
{
    struct log *log = x->log;
    if (h->leader_epoch < 0) return;
    if (log->epoch_count && h->leader_epoch < log->epochs[log->epoch_count - 1].epoch && x->epoch_batches == 1) {
        log->epoch_count--;
        x->epoch_batches = 2;
    }
    int count = log->epoch_count;
    log_epoch_note(log, h->leader_epoch, h->base_offset);
    if (log->epoch_count != count)
        x->epoch_batches = 1;
    else if (h->leader_epoch == log->epochs[count - 1].epoch)
        x->epoch_batches++;
}
