#include "broker/log/scan.h"

#include <string.h>

#include "lib/base/checksum.h"

enum {
    CHUNK_SIZE = 64 << 10,
    CHUNK_FIRST = 1 << 10, /* of a place that nothing before was read of: often a header is all that is wanted */
    MAGIC_AT = 16,         /* in a batch */
    CHECKSUMMED_AT = 21    /* from the attributes to the end */
};

int scan_open(struct scan *s, struct disk *disk, const char *path)
{
    *s = (struct scan){.disk = disk};
    int status = disk->call->open(disk, path, DISK_READ, &s->file);
    if (status < 0) {
        s->file = NULL;
        return status;
    }
    int64_t size = disk->call->size(disk, s->file);
    if (size < 0) {
        scan_close(s);
        return (int)size;
    }
    s->end = (uint64_t)size;
    return 0;
}

void scan_close(struct scan *s)
{
    if (s->file) s->disk->call->close(s->disk, s->file);
    s->file = NULL;
    buf_release(&s->chunk);
    buf_release(&s->batch);
}

/* Reads that go on where the last one ended grow; one elsewhere begins small again. */
static size_t chunk_size(const struct scan *s, uint64_t at)
{
    bool goes_on = s->chunk.n > 0 && at > s->chunk_at && at <= s->chunk_at + s->chunk.n;
    if (!goes_on) return CHUNK_FIRST;
    return s->chunk.n * 4 < CHUNK_SIZE ? s->chunk.n * 4 : CHUNK_SIZE;
}

/* Makes the chunk hold what the file has at `at`: `n` bytes, fewer at its end. */
static int chunk_need(struct scan *s, uint64_t at, size_t n, struct slice *out)
{
    *out = (struct slice){0};
    if (at >= s->end) return 0;
    if (n > s->end - at) n = (size_t)(s->end - at);
    if (at < s->chunk_at || at + n > s->chunk_at + s->chunk.n) {
        size_t want = chunk_size(s, at);
        if (want < n) want = n;
        buf_reset(&s->chunk);
        if (want > s->end - at) want = (size_t)(s->end - at);
        int64_t got = s->disk->call->read_at(s->disk, s->file, at, buf_reserve(&s->chunk, want), want);
        if (got < 0) return (int)got;
        s->chunk.n = (size_t)got;
        s->chunk_at = at;
        s->bytes_read += (uint64_t)got;
    }
    size_t there = (size_t)(s->chunk_at + s->chunk.n - at);
    *out = slice_of(s->chunk.p + (at - s->chunk_at), there < n ? there : n);
    return 0;
}

static int bad(struct scan *s, const char *why)
{
    s->why = why;
    return SCAN_BAD;
}

int scan_header(struct scan *s)
{
    struct slice head = {0};
    if (s->position >= s->end) return SCAN_END;
    int status = chunk_need(s, s->position, BATCH_HEADER_SIZE, &head);
    if (status < 0) return status;
    if (head.n < BATCH_HEADER_SIZE) return bad(s, "the file ends inside of a batch header");
    status = batch_header_read(head, &s->header);
    if (status == ERR_UNSUPPORTED) return bad(s, "no batch of magic 2 begins here");
    if (status < 0) return bad(s, "the batch header holds impossible numbers");
    if (batch_size(&s->header) > s->end - s->position) return bad(s, "the file ends inside of a batch");
    return SCAN_BATCH;
}

int scan_check(struct scan *s)
{
    int status = scan_header(s);
    if (status != SCAN_BATCH) return status;
    uint32_t crc = 0;
    uint64_t at = s->position + CHECKSUMMED_AT, end = s->position + batch_size(&s->header);
    while (at < end) {
        struct slice part = {0};
        status = chunk_need(s, at, end - at < CHUNK_SIZE ? (size_t)(end - at) : CHUNK_SIZE, &part);
        if (status < 0) return status;
        if (part.n == 0) return bad(s, "the file ends inside of a batch");
        crc = crc32c(crc, part.p, part.n);
        at += part.n;
    }
    return crc == s->header.crc ? SCAN_BATCH : bad(s, "the CRC does not match");
}

void scan_skip(struct scan *s)
{
    s->position += batch_size(&s->header);
}

int scan_batch(struct scan *s, struct slice *out)
{
    size_t n = batch_size(&s->header);
    buf_reset(&s->batch);
    int64_t got = s->disk->call->read_at(s->disk, s->file, s->position, buf_reserve(&s->batch, n), n);
    if (got < 0) return (int)got;
    s->batch.n = (size_t)got;
    *out = buf_slice(&s->batch);
    return (size_t)got == n ? 0 : ERR_CORRUPT;
}

int scan_resync(struct scan *s, int64_t from, int64_t below)
{
    for (uint64_t at = s->position + 1; at + BATCH_HEADER_SIZE <= s->end; at++) {
        struct slice window = {0};
        int status = chunk_need(s, at, BATCH_HEADER_SIZE, &window);
        if (status < 0) return status;
        if (window.n < BATCH_HEADER_SIZE) break;
        int64_t base = (int64_t)get_u64be(window.p);
        if (window.p[MAGIC_AT] != BATCH_MAGIC || base < from || base >= below) continue;
        s->position = at;
        status = scan_check(s);
        if (status < 0 || (status == SCAN_BATCH && batch_last_offset(&s->header) < below)) return status;
    }
    s->position = s->end;
    return SCAN_END;
}
