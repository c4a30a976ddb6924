/* What a reader may believe of the bytes that it was given: a log that was opened after a clean stop, or below its
 * recovery point, was not read at the start, so its batches are verified when they are first served. */
#include "broker/log/log_state.h"

uint64_t read_known_to(const struct segment *s, uint64_t at)
{
    if (s->unseen_from >= s->unseen_to || at >= s->unseen_to) return UINT64_MAX;
    return at < s->unseen_from ? s->unseen_from : 0;
}

int read_header_at(const struct log_read *r, uint64_t at, struct slice data, struct batch_header *h)
{
    uint64_t skip = at - r->at;
    if (skip + BATCH_HEADER_SIZE > data.n) return skip > 0 ? 0 : -1;
    return batch_header_read(slice_of(data.p + skip, data.n - skip), h) < 0 ? -1 : 1;
}

bool read_continues(const struct log *log, const struct batch_header *h, int64_t expected)
{
    if (expected < 0) return true;
    return log->config.deletes ? h->base_offset == expected : h->base_offset >= expected;
}

static bool is_whole(const struct log_read *r, uint64_t at, struct slice data, const struct batch_header *h)
{
    struct batch_header same;
    uint64_t skip = at - r->at;
    return batch_size(h) <= data.n - skip && batch_check(slice_of(data.p + skip, batch_size(h)), &same) == 0;
}

uint64_t read_verify(const struct log *log, const struct log_read *r, struct segment *s, uint64_t at, uint64_t limit,
                     struct slice data)
{
    uint64_t begin = at;
    int64_t expected = r->expected;
    struct batch_header h;
    while (at < limit && at < s->unseen_to && read_header_at(r, at, data, &h) == 1 &&
           read_continues(log, &h, expected) && batch_size(&h) <= limit - at && is_whole(r, at, data, &h)) {
        expected = batch_last_offset(&h) + 1;
        at += batch_size(&h);
    }
    if (begin <= s->unseen_from && at > s->unseen_from) s->unseen_from = at;
    return at >= s->unseen_to ? UINT64_MAX : at;
}
