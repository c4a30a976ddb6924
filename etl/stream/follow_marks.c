/* By what a content is known again: CRCs of its beginning and of the bytes before where it was read to. Both are read
 * in microseconds, however large a file is, and a log that was cut and written anew differs in one of them. */
#include <stdlib.h>
#include <unistd.h>

#include "etl/source/input.h"
#include "etl/stream/follow_parts.h"
#include "lib/base/checksum.h"
#include "lib/base/memory.h"

static uint64_t smaller(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* As many bytes from an offset on as there are, at most n. */
static size_t bytes_read(int fd, uint64_t from, size_t n, uint8_t *block)
{
    size_t got = 0;
    ssize_t more;
    while (got < n && (more = pread(fd, block + got, n - got, (off_t)(from + got))) > 0) got += (size_t)more;
    return got;
}

/* CRC of [from, to), at most MARK_BYTES; false when the file does not have them. */
static bool crc_read(int fd, uint64_t from, uint64_t to, uint32_t *out)
{
    uint8_t block[MARK_BYTES];
    size_t n = (size_t)(to - from);
    if (bytes_read(fd, from, n, block) < n) return false;
    *out = crc32c(0, block, n);
    return true;
}

static uint64_t tail_start(uint64_t sent)
{
    return sent > MARK_BYTES ? sent - MARK_BYTES : 0;
}

void mark_starts(int fd, uint64_t size, struct mark *out)
{
    uint8_t block[MARK_BYTES];
    size_t n = bytes_read(fd, 0, (size_t)smaller(size, MARK_BYTES), block);
    out->start_count = 0;
    for (size_t length = 64; length <= n; length *= 4) out->starts[out->start_count++] = crc32c(0, block, length);
}

bool mark_starts_differ(const struct mark *a, const struct mark *b)
{
    uint32_t both = a->start_count < b->start_count ? a->start_count : b->start_count;
    return both > 0 && a->starts[both - 1] != b->starts[both - 1];
}

int mark_take(int fd, uint64_t sent, uint64_t size, struct mark *out)
{
    struct mark m = {.head_n = (uint32_t)smaller(sent ? sent : size, MARK_BYTES)};
    mark_starts(fd, size, &m);
    bool read = crc_read(fd, 0, m.head_n, &m.head) && crc_read(fd, tail_start(sent), sent, &m.tail);
    if (!read) return ERR_IO;
    *out = m;
    return 0;
}

bool mark_fits(int fd, uint64_t size, const struct followed *f)
{
    uint32_t head, tail;
    return size >= f->sent && size >= f->mark.head_n && crc_read(fd, 0, f->mark.head_n, &head) &&
           head == f->mark.head && crc_read(fd, tail_start(f->sent), f->sent, &tail) && tail == f->mark.tail;
}

bool mark_same(int a, int b, uint64_t n)
{
    uint32_t x, y;
    uint64_t head = smaller(n, MARK_BYTES);
    if (!crc_read(a, 0, head, &x) || !crc_read(b, 0, head, &y) || x != y) return false;
    return crc_read(a, tail_start(n), n, &x) && crc_read(b, tail_start(n), n, &y) && x == y;
}

/* The part of [from, to) that stands in a block at `at`, onto the CRC. */
static void crc_add(uint32_t *crc, uint64_t from, uint64_t to, uint64_t at, struct slice block)
{
    uint64_t begin = from > at ? from : at, end = smaller(to, at + block.n);
    if (begin < end) *crc = crc32c(*crc, block.p + (begin - at), (size_t)(end - begin));
}

void mark_take_gzip(const char *path, struct followed *f)
{
    struct input in;
    struct mark m = {.head_n = (uint32_t)smaller(f->sent, MARK_BYTES)};
    int more = input_open(&in, path, INPUT_ANY_SIZE, NULL);
    if (more) return;
    while ((more = input_more(&in, NULL)) == 1) {
        crc_add(&m.head, 0, m.head_n, in.offset, in.rest);
        crc_add(&m.tail, tail_start(f->sent), f->sent, in.offset, in.rest);
        input_consume(&in, in.rest.n);
    }
    input_close(&in);
    if (more == 0) f->mark = m;
}

int mark_find_gzip(const char *path, struct followed *const *items, int count, int *found, uint64_t *length,
                   struct err_text *error)
{
    struct input in;
    int more = input_open(&in, path, INPUT_ANY_SIZE, error);
    if (more) return more;
    struct mark *marks = memory_new(((size_t)count + 1) * sizeof *marks);
    while ((more = input_more(&in, error)) == 1) {
        for (int i = 0; i < count; i++) {
            const struct followed *f = items[i];
            crc_add(&marks[i].head, 0, f->mark.head_n, in.offset, in.rest);
            crc_add(&marks[i].tail, tail_start(f->sent), f->sent, in.offset, in.rest);
        }
        input_consume(&in, in.rest.n);
    }
    *length = in.offset;
    *found = -1;
    for (int i = count - 1; i >= 0; i--) {
        const struct mark *m = &items[i]->mark;
        bool fits = *length >= items[i]->sent && *length >= m->head_n;
        if (fits && m->head_n && marks[i].head == m->head && marks[i].tail == m->tail) *found = i;
    }
    free(marks);
    input_close(&in);
    return more;
}
