/* log_recover_fuzz - a partition's folder with any bytes in its files is opened.
 *
 *     input: flags u8, recovery point u8, sizes of .index, .timeindex, .snapshot and of the first segment u8 each,
 *            these files' bytes, the rest is the second segment
 *
 * Batch lengths and CRCs are put right on the way (flag 1), for no fuzzer guesses them. Whatever was there, no byte
 * is lost, no offset below the recovery point is given out again, every offset answers, and what is appended
 * afterwards survives the next opening. */
#include <assert.h>
#include <stdio.h>

#include "broker/log/log.h"
#include "lib/base/checksum.h"
#include "tests/memory_disk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FLAG_REPAIR = 1, FLAG_CLEAN = 2, FLAG_TWO_SEGMENTS = 4, FLAG_COMPACTED = 8, SECOND_BASE = 5 };

struct input {
    const uint8_t *p;
    size_t n;
};

static uint8_t take_byte(struct input *in)
{
    if (in->n == 0) return 0;
    in->n--;
    return *in->p++;
}

static struct slice take(struct input *in, size_t n)
{
    if (n > in->n) n = in->n;
    struct slice s = slice_of(in->p, n);
    in->p += n;
    in->n -= n;
    return s;
}

/* Walks the bytes as batches of 61 to 188 bytes: their lengths, magic and CRC are made right, the rest stays. */
static void repair(struct buf *b)
{
    for (size_t at = 0; at + BATCH_HEADER_SIZE <= b->n;) {
        uint8_t *p = b->p + at;
        size_t n = BATCH_HEADER_SIZE + (p[11] & 127);
        if (n > b->n - at) n = b->n - at;
        put_u32be(p + 8, (uint32_t)(n - BATCH_LOG_OVERHEAD));
        p[16] = BATCH_MAGIC;
        put_u32be(p + 17, crc32c(0, p + 21, n - 21));
        at += n;
    }
}

static void put_segment(struct fake *f, const char *path, struct slice bytes, bool repaired)
{
    struct buf b = {0};
    buf_append_slice(&b, bytes);
    if (repaired) repair(&b);
    fake_put(f, path, buf_slice(&b));
    buf_release(&b);
}

/* Bytes of all segments and of what was cut off them. */
static size_t kept_bytes(const struct fake *f)
{
    size_t n = 0;
    for (int i = 0; i < f->count; i++)
        if (strstr(f->files[i].path, ".log")) n += f->files[i].bytes.n;
    return n;
}

static void read_everything(struct log *log)
{
    int64_t end = log_offsets(log)->end, start = log_offsets(log)->start;
    for (int64_t offset = start; offset <= end && offset < start + 64; offset++) {
        struct log_read r = {.offset = offset, .max_bytes = 100, .min_one = true, .isolation = LOG_WRITTEN};
        enum log_read_outcome outcome = log_read_begin(log, &r);
        assert(offset < end ? outcome != LOG_READ_OUT_OF_RANGE : outcome == LOG_READ_EMPTY);
    }
}

static void read_from_disk(struct log *log, struct fake *f, int64_t offset)
{
    struct log_read r = {.offset = offset, .max_bytes = 100, .min_one = true, .isolation = LOG_WRITTEN};
    enum log_read_outcome outcome = log_read_begin(log, &r);
    for (int rounds = 0; outcome == LOG_READ_MORE; rounds++) {
        assert(rounds < 10000);
        const struct fake_file *file = fake_find(f, r.file->path);
        struct slice bytes = {0};
        if (file && r.at < file->bytes.n) bytes = slice_of(file->bytes.p + r.at, file->bytes.n - r.at);
        if (bytes.n > r.length) bytes.n = r.length;
        outcome = log_read_continue(log, &r, 0, bytes);
    }
    if (outcome != LOG_READ_RANGE) return;
    const struct fake_file *file = fake_find(f, r.file->path);
    assert(file && r.length >= BATCH_HEADER_SIZE && r.at + r.length <= file->bytes.n);
}

static int64_t append_one(struct log *log, struct fake *f)
{
    struct batch_options o = BATCH_OPTIONS_PLAIN;
    struct batch_builder b;
    struct batch_header h;
    struct buf bytes = {0};
    struct arena arena = {0};
    struct log_append_result r;
    batch_builder_init(&b, &o);
    batch_builder_add(&b, 1, KAFKA_BYTES_NULL, KAFKA_BYTES_NULL, NULL, 0);
    int status = batch_builder_finish(&b, &bytes);
    assert(status == 0);
    status = batch_check(buf_slice(&bytes), &h);
    assert(status == 0);
    log_append(log, &(struct log_append){bytes.p, bytes.n, &h, 0, 1000, false}, &arena, &r);
    assert(r.outcome == LOG_APPENDED);
    for (int i = 0; i < r.write_count; i++) {
        struct disk_file *file;
        f->disk.call->open(&f->disk, r.writes[i].file->path, DISK_CREATE, &file);
        f->disk.call->write_at(&f->disk, file, r.writes[i].at, r.writes[i].bytes.p, r.writes[i].bytes.n);
        f->disk.call->close(&f->disk, file);
    }
    log_written(log, r.base_offset, 0);
    batch_builder_release(&b);
    buf_release(&bytes);
    arena_release(&arena);
    return r.base_offset;
}

static void replay(struct log *log, struct fake *f)
{
    struct log_cursor *c;
    struct slice batch;
    struct batch_header h;
    int64_t last = -1;
    log_cursor_open(log, &f->disk, 0, &c);
    while (log_cursor_next(c, &batch, &h) == 1) {
        assert(h.base_offset > last && batch.n == batch_size(&h));
        last = batch_last_offset(&h);
    }
    log_cursor_close(c);
    assert(last < log_offsets(log)->end);
}

static struct log *open_log(struct fake *f, struct log_file_ids *ids, const struct log_config *c, bool clean,
                            int64_t point)
{
    struct log_open_info info = {.clean = clean, .recovery_point = point, .now_ms = 1000};
    struct log_report report;
    struct err_text error = {""};
    struct log *log = NULL;
    int status = log_open(&f->disk, ids, "o-0", c, &info, &log, &report, &error);
    assert(status == 0 && log_offsets(log)->end >= point);
    log_report_release(&report);
    return log;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = {data, size};
    struct fake f;
    struct log_file_ids ids = {0};
    struct log_config config = log_config_default();
    fake_init(&f);
    uint8_t flags = take_byte(&in);
    int64_t point = take_byte(&in) % 32;
    size_t index = take_byte(&in), times = take_byte(&in), snapshot = take_byte(&in), first = take_byte(&in) * 4u;
    config.deletes = !(flags & FLAG_COMPACTED);
    config.index_interval_bytes = 100;
    f.disk.call->make_dir(&f.disk, "o-0");
    if (index) fake_put(&f, "o-0/00000000000000000000.index", take(&in, index));
    if (times) fake_put(&f, "o-0/00000000000000000000.timeindex", take(&in, times));
    if (snapshot) fake_put(&f, "o-0/00000000000000000003.snapshot", take(&in, snapshot));
    bool two = flags & FLAG_TWO_SEGMENTS;
    put_segment(&f, "o-0/00000000000000000000.log", take(&in, two ? first : in.n), flags & FLAG_REPAIR);
    if (two) put_segment(&f, "o-0/00000000000000000005.log", take(&in, in.n), flags & FLAG_REPAIR);
    size_t before = kept_bytes(&f);

    struct log *log = open_log(&f, &ids, &config, flags & FLAG_CLEAN, point);
    assert(kept_bytes(&f) == before);
    read_everything(log);
    for (int64_t offset = 0; offset < 40; offset++) read_from_disk(log, &f, offset);
    replay(log, &f);
    int64_t appended = append_one(log, &f);
    assert(appended >= point);
    log_free(log);
    log = open_log(&f, &ids, &config, false, appended);
    assert(log_offsets(log)->end == appended + 1);
    log_free(log);
    assert(f.open_files == 0);
    fake_release(&f);
    return 0;
}
