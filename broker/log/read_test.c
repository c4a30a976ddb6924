/* Searching: how much is read to find an offset, and indexes that are wrong. */
#include "broker/log/drive_test.h"
#include "broker/log/index.h"

/* Reads as the owner of a log does; how many reads of files and bytes that took. */
static int64_t read_counted(struct drive *d, int64_t offset, int *reads, uint64_t *bytes)
{
    struct log_read r = {.offset = offset, .max_bytes = 100, .min_one = true, .isolation = LOG_WRITTEN};
    enum log_read_outcome outcome = log_read_begin(d->log, &r);
    for (*reads = 0, *bytes = 0; outcome == LOG_READ_MORE; ++*reads) {
        const struct buf *file = &fake_find(&d->fake, r.file->path)->bytes;
        uint64_t n = r.at >= file->n ? 0 : file->n - r.at < r.length ? file->n - r.at : r.length;
        *bytes += r.length;
        outcome = log_read_continue(d->log, &r, 0, slice_of(n ? file->p + r.at : NULL, n));
    }
    if (outcome != LOG_READ_RANGE) return -1 - (int64_t)outcome;
    return (int64_t)get_u64be(fake_find(&d->fake, r.file->path)->bytes.p + r.at);
}

/* Two rolled segments and an active one, an index entry for almost every batch. */
static void fill(struct drive *d, int count, int64_t segment_bytes)
{
    drive_init(d);
    d->config.index_interval_bytes = 1;
    d->config.segment_bytes = segment_bytes;
    log_set_config(d->log, &d->config);
    for (int i = 0; i < count; i++) drive_append(d, SPEC(.timestamp = 1000 + i));
    drive_jobs(d);
}

TEST(log_read, an_offset_of_a_long_segment_is_a_few_small_reads_away)
{
    enum { COUNT = 20000 };
    struct drive d;
    fill(&d, COUNT, 700000);
    check(drive_file(&d, 0, "index")->bytes.n > (size_t)16 * 4096);
    for (int64_t offset = 0; offset < COUNT; offset += offset < 300 ? 1 : 61) {
        int reads;
        uint64_t bytes;
        check_int(read_counted(&d, offset, &reads, &bytes), offset);
        check(reads <= 7);
        check(bytes <= (uint64_t)7 * 8192);
    }
    drive_release(&d);
}

/* Index files have no checksum. */
TEST(log_read, a_wrong_bit_in_an_index_hides_no_record)
{
    enum { COUNT = 30 };
    struct drive d;
    fill(&d, COUNT, 1000);
    struct buf *index = &drive_file(&d, 0, "index")->bytes;
    check(index->n >= (size_t)8 * OFFSET_ENTRY_SIZE);
    for (size_t bit = 0; bit < index->n * 8; bit++) {
        index->p[bit / 8] ^= (uint8_t)(1 << bit % 8);
        for (int64_t offset = 0; offset < COUNT; offset++) {
            int reads;
            uint64_t bytes;
            check_int(read_counted(&d, offset, &reads, &bytes), offset);
        }
        index->p[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    size_t whole = index->n;
    for (index->n = 0; index->n < whole; index->n++) {
        int reads;
        uint64_t bytes;
        for (int64_t offset = 0; offset < COUNT; offset++) check_int(read_counted(&d, offset, &reads, &bytes), offset);
    }
    drive_release(&d);
}
