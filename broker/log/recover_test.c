/* Starting again: torn tails, flipped bits above and below the recovery point, lost and damaged helpers. */
#include "broker/log/drive_test.h"
#include "lib/base/checksum.h"

enum { BATCHES = 6 };

/* Six batches of two records; where each begins, and the end. */
static void fill(struct drive *d, uint64_t at[BATCHES + 1])
{
    at[0] = 0;
    for (int i = 0; i < BATCHES; i++) {
        drive_append(d, SPEC(.count = 2, .timestamp = 1000 + i, .producer_id = 77, .sequence = 2 * i));
        at[i + 1] = (uint64_t)log_offsets(d->log)->size_bytes;
    }
}

static int batch_of(const uint64_t at[BATCHES + 1], uint64_t position)
{
    int i = 0;
    while (at[i + 1] <= position) i++;
    return i;
}

static void check_all_but(struct drive *d, int batches, int damaged)
{
    for (int i = 0; i < batches; i++) {
        if (i == damaged) continue;
        check_int(drive_read_base(d, 2 * i), 2 * i);
        check_int(drive_read_base(d, 2 * i + 1), 2 * i);
    }
}

TEST(log_recover, a_tail_torn_at_any_byte_ends_the_log_at_the_last_whole_batch)
{
    struct drive d;
    struct fake whole;
    uint64_t at[BATCHES + 1];
    drive_init(&d);
    fill(&d, at);
    fake_copy(&d.fake, &whole);
    for (uint64_t size = 0; size <= at[BATCHES]; size++) {
        fake_release(&d.fake);
        fake_copy(&whole, &d.fake);
        drive_file(&d, 0, "log")->bytes.n = (size_t)size;
        check_int(drive_reopen(&d, false, 0), 0);
        int kept = size == at[BATCHES] ? BATCHES : batch_of(at, size);
        check_int(log_offsets(d.log)->end, 2 * kept);
        check_int(log_offsets(d.log)->durable, 2 * kept);
        check_int(log_offsets(d.log)->high_watermark, 2 * kept);
        check_int(d.report.cut_bytes, (int64_t)(size - at[kept]));
        check_int(drive_file(&d, 0, "log")->bytes.n, (int64_t)at[kept]);
        struct fake_file *cut = drive_file(&d, 0, "log.cut-1");
        check_int(cut ? (int64_t)cut->bytes.n : 0, d.report.cut_bytes);
        check_all_but(&d, kept, -1);
        check_int(drive_append(&d, SPEC()).base_offset, 2 * kept);
    }
    fake_release(&whole);
    drive_release(&d);
}

TEST(log_recover, a_flipped_bit_above_the_recovery_point_ends_the_log_there)
{
    struct drive d;
    struct fake whole;
    uint64_t at[BATCHES + 1];
    drive_init(&d);
    fill(&d, at);
    fake_copy(&d.fake, &whole);
    for (uint64_t bit = 0; bit < at[BATCHES] * 8; bit++) {
        fake_release(&d.fake);
        fake_copy(&whole, &d.fake);
        drive_file(&d, 0, "log")->bytes.p[bit / 8] ^= (uint8_t)(1 << bit % 8);
        check_int(drive_reopen(&d, false, 0), 0);
        int damaged = batch_of(at, bit / 8);
        uint64_t in_batch = bit / 8 - at[damaged];
        bool unprotected = in_batch >= 12 && in_batch < 16; /* the leader epoch, outside of the CRC */
        int kept = unprotected ? BATCHES : damaged;
        check_int(log_offsets(d.log)->end, 2 * kept);
        check_int(d.report.cut_bytes, (int64_t)(at[BATCHES] - at[kept]));
        check_all_but(&d, kept, -1);
    }
    fake_release(&whole);
    drive_release(&d);
}

/* The other batches stay readable, no byte is cut, and no offset is used again. */
/* The header says another producer epoch: believed, it would fence the producer that wrote it. */
TEST(log_recover, a_flipped_bit_in_a_producer_epoch_fences_nobody)
{
    enum { PRODUCER_EPOCH_AT = 51 };
    struct drive d;
    drive_init(&d);
    drive_append(&d, SPEC(.producer_id = 7));
    drive_append(&d, SPEC());
    drive_file(&d, 0, "log")->bytes.p[PRODUCER_EPOCH_AT] ^= 1;
    check_int(drive_reopen(&d, false, 2), 0);
    check_int(drive_append(&d, SPEC(.producer_id = 7, .sequence = 1)).outcome, LOG_APPENDED);
    drive_release(&d);
}

TEST(log_recover, a_flipped_bit_below_the_recovery_point_cuts_nothing)
{
    struct drive d;
    struct fake whole;
    uint64_t at[BATCHES + 1];
    drive_init(&d);
    fill(&d, at);
    fake_copy(&d.fake, &whole);
    for (uint64_t bit = 0; bit < at[BATCHES] * 8; bit++) {
        fake_release(&d.fake);
        fake_copy(&whole, &d.fake);
        drive_file(&d, 0, "log")->bytes.p[bit / 8] ^= (uint8_t)(1 << bit % 8);
        check_int(drive_reopen(&d, false, 2 * BATCHES), 0);
        int damaged = batch_of(at, bit / 8);
        check_int(d.report.cut_bytes, 0);
        check_int(drive_file(&d, 0, "log")->bytes.n, (int64_t)at[BATCHES]);
        check_int(log_offsets(d.log)->end, 2 * BATCHES);
        check_all_but(&d, BATCHES, damaged);
        check_int(drive_append(&d, SPEC()).base_offset, 2 * BATCHES);
        check_int(drive_read_base(&d, 2 * BATCHES), 2 * BATCHES);
    }
    fake_release(&whole);
    drive_release(&d);
}

TEST(log_recover, a_damaged_range_answers_corrupt_and_ranges_stop_before_it)
{
    struct drive d;
    struct buf bytes = {0};
    uint64_t at[BATCHES + 1];
    drive_init(&d);
    fill(&d, at);
    memset(drive_file(&d, 0, "log")->bytes.p + at[2], 0xee, at[3] - at[2]);
    check_int(drive_reopen(&d, false, 2 * BATCHES), 0);
    check_int(drive_read(&d, 4, 1 << 20, true, NULL), LOG_READ_CORRUPT);
    check_int(drive_read(&d, 5, 1 << 20, true, NULL), LOG_READ_CORRUPT);
    check_int(drive_read(&d, 0, 1 << 20, true, &bytes), LOG_READ_RANGE);
    check_int(bytes.n, at[2]);
    check_int(drive_read(&d, 6, 1 << 20, true, &bytes), LOG_READ_RANGE);
    check_int(bytes.n, at[BATCHES] - at[3]);
    check(strstr(buf_cstr(&d.report.text), "offsets 4 to 5 cannot be read, nothing was cut") != NULL);
    buf_release(&bytes);
    drive_release(&d);
}

/* The last batch below it: what was written since stands. */
TEST(log_recover, a_flipped_bit_right_below_the_recovery_point_costs_nothing_above)
{
    struct drive d;
    struct fake whole;
    uint64_t at[BATCHES + 1];
    drive_init(&d);
    fill(&d, at);
    fake_copy(&d.fake, &whole);
    for (uint64_t bit = at[BATCHES - 2] * 8; bit < at[BATCHES - 1] * 8; bit++) {
        fake_release(&d.fake);
        fake_copy(&whole, &d.fake);
        drive_file(&d, 0, "log")->bytes.p[bit / 8] ^= (uint8_t)(1 << bit % 8);
        check_int(drive_reopen(&d, false, 2 * (BATCHES - 1)), 0);
        check_int(d.report.cut_bytes, 0);
        check_int(log_offsets(d.log)->end, 2 * BATCHES);
        check_all_but(&d, BATCHES, BATCHES - 2);
    }
    fake_release(&whole);
    drive_release(&d);
}

/* A whole batch whose base offset (outside of its CRC) is beyond what may follow does not end the search. */
TEST(log_recover, a_damaged_base_offset_behind_damage_costs_nothing_above)
{
    struct drive d;
    uint64_t at[BATCHES + 1];
    drive_init(&d);
    fill(&d, at);
    drive_file(&d, 0, "log")->bytes.p[at[BATCHES - 3] + 16] ^= 1; /* the magic */
    drive_file(&d, 0, "log")->bytes.p[at[BATCHES - 2]] ^= 1;
    check_int(drive_reopen(&d, false, 2 * (BATCHES - 1)), 0);
    check_int(d.report.cut_bytes, 0);
    check_int(log_offsets(d.log)->end, 2 * BATCHES);
    check_int(drive_read_base(&d, 2 * (BATCHES - 1)), 2 * (BATCHES - 1));
    drive_release(&d);
}

TEST(log_recover, a_file_shorter_than_the_recovery_point_goes_on_behind_it)
{
    struct drive d;
    uint64_t at[BATCHES + 1];
    drive_init(&d);
    fill(&d, at);
    drive_file(&d, 0, "log")->bytes.n = at[3];
    check_int(drive_reopen(&d, false, 10), 0);
    check_int(d.report.missing, 4);
    check_int(log_offsets(d.log)->end, 10);
    check_int(drive_read(&d, 6, 100, true, NULL), LOG_READ_CORRUPT);
    check_int(drive_read(&d, 9, 100, true, NULL), LOG_READ_CORRUPT);
    check_int(drive_append(&d, SPEC()).base_offset, 10);
    check_int(drive_read_base(&d, 10), 10);
    check_all_but(&d, 3, -1);
    drive_jobs(&d);
    check_int(drive_reopen(&d, false, 11), 0); /* and again */
    check_int(log_offsets(d.log)->end, 11);
    check_int(drive_read_base(&d, 10), 10);
    check_int(drive_read(&d, 9, 100, true, NULL), LOG_READ_CORRUPT);
    drive_release(&d);
}

TEST(log_recover, only_what_lies_above_the_recovery_point_is_verified)
{
    struct drive d;
    uint64_t at[BATCHES + 1];
    drive_init(&d);
    fill(&d, at);
    check_int(drive_reopen(&d, false, 8), 0);
    check_int(d.report.verified_bytes, at[6] - at[4]);
    check_str(buf_cstr(&d.report.text), ""); /* that an index was not written yet is nothing to tell */
    check_int(drive_reopen(&d, false, 0), 0);
    check_int(d.report.verified_bytes, at[6]);
    drive_release(&d);
}

/* T51's kin: segments after the end of the log are put aside, not mixed in. */
TEST(log_recover, segments_behind_the_end_go_aside)
{
    struct drive d;
    drive_init(&d);
    d.config.segment_bytes = 200;
    log_set_config(d.log, &d.config);
    for (int i = 0; i < 8; i++) drive_append(&d, SPEC()); /* four segments of two */
    struct buf *second = &drive_file(&d, 2, "log")->bytes;
    size_t one = second->n / 2;
    second->n =
        one; /* a whole batch never reached the disk: no byte is invalid, but the next segment does not follow */
    check_int(drive_reopen(&d, false, 0), 0);
    check_int(log_offsets(d.log)->end, 3);
    check(drive_file(&d, 4, "log") == NULL);
    check_int(drive_file(&d, 4, "log.cut-1")->bytes.n, 2 * one);
    check(drive_file(&d, 6, "log.cut-1") != NULL);
    check_int(d.report.cut_bytes, 4 * (int64_t)one);
    check_int(drive_append(&d, SPEC()).base_offset, 3);
    check_int(drive_append(&d, SPEC()).base_offset, 4);
    for (int i = 0; i < 5; i++) check_int(drive_read_base(&d, i), i);
    check_int(drive_reopen(&d, false, 0), 0); /* a second cut keeps its own name */
    drive_file(&d, 4, "log")->bytes.n--;
    check_int(drive_reopen(&d, false, 0), 0);
    check(drive_file(&d, 4, "log.cut-2") != NULL);
    drive_release(&d);
}

/* Bytes behind a segment's last batch break no row of offsets: the next segment goes on where it ended. */
TEST(log_recover, rubbish_at_the_end_of_a_whole_segment_takes_no_other_along)
{
    struct drive d;
    drive_init(&d);
    d.config.segment_bytes = 200;
    log_set_config(d.log, &d.config);
    for (int i = 0; i < 6; i++) drive_append(&d, SPEC()); /* three segments of two */
    buf_append(&drive_file(&d, 2, "log")->bytes, "rubbish", 7);
    check_int(drive_reopen(&d, false, 0), 0);
    check_int(log_offsets(d.log)->end, 6);
    check_int(d.report.cut_bytes, 7);
    check_int(drive_file(&d, 2, "log.cut-1")->bytes.n, 7);
    for (int i = 0; i < 6; i++) check_int(drive_read_base(&d, i), i);
    check_int(drive_append(&d, SPEC()).base_offset, 6);
    drive_release(&d);
}

/* Damage that fits: a batch below the recovery point claims the offsets of the next one, both whole. */
TEST(log_recover, a_batch_that_claims_the_next_ones_offsets_takes_nothing_above_along)
{
    enum { LAST_DELTA_AT = 23, CRC_AT = 17, CHECKSUMMED_AT = 21 };
    struct drive d;
    uint64_t at[BATCHES + 1];
    drive_init(&d);
    fill(&d, at);
    check_int(drive_append(&d, SPEC()).base_offset, 12);
    uint8_t *batch = drive_file(&d, 0, "log")->bytes.p + at[4];
    put_u32be(batch + LAST_DELTA_AT, 3);
    put_u32be(batch + CRC_AT, crc32c(0, batch + CHECKSUMMED_AT, at[5] - at[4] - CHECKSUMMED_AT));
    check_int(drive_reopen(&d, false, 12), 0);
    check_int(log_offsets(d.log)->end, 13);
    check_int(d.report.cut_bytes, 0);
    check_int(drive_read_base(&d, 12), 12);
    check_int(drive_append(&d, SPEC()).base_offset, 13);
    drive_release(&d);
}

static void fill_indexed(struct drive *d, int count)
{
    d->config.segment_bytes = 4000;
    d->config.index_interval_bytes = 300;
    log_set_config(d->log, &d->config);
    for (int i = 0; i < count; i++) drive_append(d, SPEC(.timestamp = 1000 + i, .producer_id = 5, .sequence = i));
}

TEST(log_recover, missing_and_damaged_indexes_are_rebuilt_byte_for_byte)
{
    static const char *const suffixes[] = {"index", "timeindex"};
    struct drive d;
    struct fake whole;
    drive_init(&d);
    fill_indexed(&d, 200);
    drive_close(&d);
    fake_copy(&d.fake, &whole);
    for (int i = 0; i < 8; i++) {
        const char *suffix = suffixes[i % 2];
        fake_release(&d.fake);
        fake_copy(&whole, &d.fake);
        struct fake_file *f = drive_file(&d, 0, suffix);
        check(f->bytes.n > 48);
        if (i / 2 == 0) d.fake.disk.call->remove(&d.fake.disk, f->path);
        if (i / 2 == 1) f->bytes.n = 0;
        if (i / 2 == 2) f->bytes.n -= 3;
        if (i / 2 == 3) memset(f->bytes.p + f->bytes.n - 12, 0xff, 12);
        if (i == 2) continue; /* an empty .index is a legal one: reads only take longer */
        check_int(drive_reopen(&d, true, 200), 0);
        check_int(d.report.indexes_rebuilt, 1);
        check(strstr(buf_cstr(&d.report.text), "rebuilt") != NULL);
        struct fake_file *now = drive_file(&d, 0, suffix), *before = fake_find(&whole, now->path);
        check_int(now->bytes.n, before->bytes.n);
        check_mem(now->bytes.p, before->bytes.p, now->bytes.n);
        for (int64_t offset = 0; offset < 200; offset++) check_int(drive_read_base(&d, offset), offset);
    }
    fake_release(&whole);
    drive_release(&d);
}

TEST(log_recover, reads_pass_over_damage_in_a_rolled_segment)
{
    struct drive d;
    drive_init(&d);
    d.config.segment_bytes = 2000;
    log_set_config(d.log, &d.config);
    for (int i = 0; i < 60; i++) drive_append(&d, SPEC(.timestamp = 1000 + i));
    drive_close(&d);
    struct fake_file *f = drive_file(&d, 0, "log");
    size_t one = get_u32be(f->bytes.p + 8) + 12; /* all are equally long */
    check_int(f->bytes.n % one, 0);
    f->bytes.p[3 * one + 8] ^= 0x40; /* a length */
    d.fake.disk.call->remove(&d.fake.disk, drive_file(&d, 0, "index")->path);
    check_int(drive_reopen(&d, false, 60), 0);
    check_int(d.report.cut_bytes, 0);
    for (int64_t offset = 0; offset < 60; offset++)
        check_int(drive_read_base(&d, offset), offset == 3 ? -1 - LOG_READ_CORRUPT : offset);
    drive_release(&d);
}

TEST(log_recover, after_a_crash_the_active_index_is_rebuilt_without_a_word)
{
    struct drive d;
    drive_init(&d);
    fill_indexed(&d, 20);
    check_int(drive_reopen(&d, false, 0), 0);
    check_str(buf_cstr(&d.report.text), "");
    for (int64_t offset = 0; offset < 20; offset++) check_int(drive_read_base(&d, offset), offset);
    for (int i = 20; i < 200; i++) drive_append(&d, SPEC(.producer_id = 5, .sequence = i));
    for (int64_t offset = 0; offset < 200; offset++) check_int(drive_read_base(&d, offset), offset);
    drive_release(&d);
}

/* So short a log that its indexes have no entries: Kafka complains when the files are not there. */
TEST(log_recover, after_a_crash_the_active_segment_has_its_index_files)
{
    struct drive d;
    drive_init(&d);
    drive_append(&d, SPEC(0));
    drive_sync(&d, 0);
    check_int(drive_reopen(&d, false, 0), 0);
    check(drive_file(&d, 0, "index"));
    check(drive_file(&d, 0, "timeindex"));
    check_str(buf_cstr(&d.report.text), "");
    drive_release(&d);
}

/* A close job is spared where nothing changed: an index that recovery built is a change. */
TEST(log_recover, after_a_crash_and_a_clean_stop_everything_is_synced)
{
    struct drive d;
    uint64_t at[BATCHES + 1];
    drive_init(&d);
    d.config.index_interval_bytes = 1;
    fill(&d, at);
    log_snapshot_begin(d.log);
    drive_sync(&d, 0);
    drive_jobs(&d);
    check_int(drive_reopen(&d, false, log_offsets(d.log)->end), 0);
    check(drive_file(&d, 0, "index")->bytes.n > 0);
    drive_close(&d);
    for (int i = 0; i < d.fake.count; i++) check(!d.fake.files[i].unsynced);
    drive_release(&d);
}

TEST(log_recover, a_clean_start_reads_no_more_than_the_tail)
{
    struct drive d;
    drive_init(&d);
    d.config.segment_bytes = 4 << 20;
    log_set_config(d.log, &d.config);
    for (int i = 0; i < 2000; i++) drive_append(&d, SPEC(.value_size = 1000));
    drive_close(&d);
    d.fake.bytes_read = 0;
    check_int(drive_reopen(&d, true, 2000), 0);
    check_int(log_offsets(d.log)->end, 2000);
    check(d.fake.bytes_read < 200000);
    check_int(log_state(d.log), LOG_ONLINE);
    log_close_begin(d.log); /* nothing changed: nothing is to be done */
    check_int(log_state(d.log), LOG_CLOSED);
    drive_release(&d);
}

TEST(log_recover, producers_come_from_the_snapshot_and_the_batches_after_it)
{
    struct drive d;
    drive_init(&d);
    fill_indexed(&d, 100);
    drive_jobs(&d); /* rolled segments have snapshots */
    for (int round = 0; round < 3; round++) {
        struct log_append_result again = drive_append(&d, SPEC(.timestamp = 1099, .producer_id = 5, .sequence = 99));
        check_int(again.outcome, LOG_DUPLICATE);
        check_int(again.base_offset, 99);
        check_int(drive_append(&d, SPEC(.producer_id = 5, .sequence = 101)).outcome, LOG_OUT_OF_ORDER_SEQUENCE);
        check_int(drive_append(&d, SPEC(.producer_id = 5, .sequence = 50)).outcome, LOG_DUPLICATE_SEQUENCE);
        if (round == 1) drive_close(&d);
        check_int(drive_reopen(&d, round == 1, 100), 0);
    }
    drive_release(&d);
}

TEST(log_recover, a_damaged_snapshot_is_told_and_done_without)
{
    struct drive d;
    drive_init(&d);
    fill_indexed(&d, 10);
    drive_close(&d);
    struct fake_file *snapshot = drive_file(&d, 10, "snapshot");
    snapshot->bytes.p[snapshot->bytes.n - 1] ^= 1;
    check_int(drive_reopen(&d, true, 10), 0);
    check(strstr(buf_cstr(&d.report.text), "00000000000000000010.snapshot: not used: ERR_CORRUPT") != NULL);
    check(drive_file(&d, 10, "snapshot") == NULL);
    check_int(drive_append(&d, SPEC(.timestamp = 1009, .producer_id = 5, .sequence = 9)).outcome, LOG_DUPLICATE);
    drive_release(&d);
}

/* A snapshot of records that the crash took must not speak for those that come instead. */
TEST(log_recover, a_snapshot_above_the_end_is_removed)
{
    struct drive d;
    drive_init(&d);
    fill_indexed(&d, 10);
    drive_sync(&d, 0);
    log_snapshot_begin(d.log);
    drive_jobs(&d);
    check(drive_file(&d, 10, "snapshot") != NULL);
    drive_file(&d, 0, "log")->bytes.n -= 1;
    check_int(drive_reopen(&d, false, 0), 0);
    check(drive_file(&d, 10, "snapshot") == NULL);
    check_int(drive_append(&d, SPEC(.producer_id = 5, .sequence = 9)).outcome, LOG_APPENDED);
    drive_release(&d);
}

TEST(log_recover, old_snapshots_stay_with_their_segments_only)
{
    struct drive d;
    drive_init(&d);
    fill_indexed(&d, 100);
    drive_jobs(&d);
    int64_t base = 1;
    while (!drive_file(&d, base, "log")) base++;
    struct buf *snapshot = &drive_file(&d, base, "snapshot")->bytes;
    fake_put(&d.fake, "orders-0/00000000000000000003.snapshot", buf_slice(snapshot));
    drive_sync(&d, 0);
    log_snapshot_begin(d.log);
    drive_jobs(&d);
    check(drive_file(&d, 100, "snapshot") != NULL);
    check_int(drive_reopen(&d, false, 0), 0);
    check(drive_file(&d, 3, "snapshot") == NULL);
    check(drive_file(&d, base, "snapshot") != NULL);
    check(drive_file(&d, 100, "snapshot") != NULL);
    drive_append(&d, SPEC());
    drive_sync(&d, 0);
    log_snapshot_begin(d.log);
    drive_jobs(&d);
    check(drive_file(&d, 100, "snapshot") == NULL); /* the next one takes its place */
    check(drive_file(&d, 101, "snapshot") != NULL);
    drive_release(&d);
}

/* A segment of 2,000 batches, durable and with a snapshot up to the recovery point, and some batches behind it. */
static void fill_above(struct drive *d, int above, int64_t *recovery_point, uint64_t *durable_bytes)
{
    enum { BELOW = 2000 };
    drive_init(d);
    d->config.index_interval_bytes = 300;
    log_set_config(d->log, &d->config);
    for (int i = 0; i < BELOW; i++) drive_append(d, SPEC(.timestamp = 1000 + i, .producer_id = 5, .sequence = i));
    drive_sync(d, 0);
    log_snapshot_begin(d->log);
    drive_jobs(d);
    *recovery_point = log_recovery_point(d->log);
    *durable_bytes = drive_file(d, 0, "log")->bytes.n;
    check_int(*recovery_point, BELOW);
    for (int i = BELOW; i < BELOW + above; i++)
        drive_append(d, SPEC(.timestamp = 1000 + i % 100, .producer_id = 5, .sequence = i));
}

TEST(log_recover, only_what_lies_above_the_recovery_point_is_read)
{
    struct drive d;
    int64_t recovery_point;
    uint64_t durable_bytes;
    fill_above(&d, 20, &recovery_point, &durable_bytes);
    uint64_t above = drive_file(&d, 0, "log")->bytes.n - durable_bytes;
    uint64_t indexes = drive_file(&d, 0, "index")->bytes.n + drive_file(&d, 0, "timeindex")->bytes.n;
    d.fake.bytes_read = 0;
    check_int(drive_reopen(&d, false, recovery_point), 0);
    check_int(log_offsets(d.log)->end, 2020);
    /* The tail twice (batches, then producers), the indexes twice (to begin and to compare), a group of entries that
     * was not written, the first header and the small files. */
    uint64_t limit = 2 * above + 2 * indexes + (uint64_t)16 * 300 * 2 + 4096;
    check(durable_bytes > 3 * limit);
    check(d.fake.bytes_read < limit);
    check_int(drive_append(&d, SPEC(.producer_id = 5, .sequence = 2019)).outcome, LOG_DUPLICATE);
    check_int(drive_append(&d, SPEC(.producer_id = 5, .sequence = 2020)).outcome, LOG_APPENDED);
    drive_release(&d);
}

/* Index files of an active segment are not synced: a power cut may take any tail of either. */
TEST(log_recover, indexes_that_lag_behind_the_recovery_point_are_completed)
{
    static const size_t taken[][2] = {{0, 0}, {8, 0}, {0, 12}, {800, 12}, {8, 1200}, {1 << 20, 0}, {0, 1 << 20}};
    struct buf index = {0}, time_index = {0};
    for (size_t i = 0; i < sizeof taken / sizeof taken[0]; i++) {
        struct drive d;
        int64_t recovery_point;
        uint64_t durable_bytes;
        fill_above(&d, 30, &recovery_point, &durable_bytes);
        struct buf *a = &drive_file(&d, 0, "index")->bytes, *b = &drive_file(&d, 0, "timeindex")->bytes;
        a->n -= taken[i][0] < a->n ? taken[i][0] : a->n;
        b->n -= taken[i][1] < b->n ? taken[i][1] : b->n;
        check_int(drive_reopen(&d, false, recovery_point), 0);
        check_int(d.report.indexes_rebuilt, 0); /* lagging is no damage */
        drive_close(&d);
        a = &drive_file(&d, 0, "index")->bytes, b = &drive_file(&d, 0, "timeindex")->bytes;
        if (i == 0) buf_append_slice(&index, buf_slice(a));
        if (i == 0) buf_append_slice(&time_index, buf_slice(b));
        check(slice_equal(buf_slice(a), buf_slice(&index)));
        check(slice_equal(buf_slice(b), buf_slice(&time_index)));
        drive_release(&d);
    }
    struct drive d;
    int64_t recovery_point;
    uint64_t durable_bytes;
    fill_above(&d, 30, &recovery_point, &durable_bytes);
    drive_close(&d); /* what it would have been without a crash */
    check(slice_equal(buf_slice(&drive_file(&d, 0, "index")->bytes), buf_slice(&index)));
    check(slice_equal(buf_slice(&drive_file(&d, 0, "timeindex")->bytes), buf_slice(&time_index)));
    drive_release(&d);
    buf_release(&index);
    buf_release(&time_index);
}

TEST(log_recover, a_log_that_was_closed_once_is_not_repaired_after_a_crash)
{
    struct drive d;
    drive_init(&d);
    for (int i = 0; i < 50; i++) drive_append(&d, SPEC(.timestamp = 1000 + i));
    drive_close(&d);
    check_int(drive_reopen(&d, true, 50), 0);
    check_int(drive_reopen(&d, false, 50), 0);
    check_int(d.report.indexes_rebuilt, 0);
    check_str(buf_cstr(&d.report.text), "");
    for (int i = 50; i < 80; i++) drive_append(&d, SPEC(.timestamp = 1000 + i));
    check_int(drive_reopen(&d, false, 50), 0);
    check_int(d.report.indexes_rebuilt, 0);
    drive_close(&d);
    check_int(drive_reopen(&d, true, 80), 0);
    check_str(buf_cstr(&d.report.text), "");
    check_int(log_offsets(d.log)->end, 80);
    drive_release(&d);
}

TEST(log_recover, an_untouched_log_costs_no_sync)
{
    struct drive d;
    drive_init(&d);
    int syncs = d.fake.syncs;
    check_int(drive_reopen(&d, false, 0), 0);
    check_int(d.fake.syncs, syncs);
    drive_append(&d, SPEC());
    check_int(drive_reopen(&d, false, 0), 0);
    check_int(d.fake.syncs, syncs + 1);
    check_int(drive_reopen(&d, false, 1), 0); /* all of it below the recovery point */
    check_int(d.fake.syncs, syncs + 1);
    drive_release(&d);
}

TEST(log_recover, leader_epochs_come_from_their_file_or_from_the_batches)
{
    struct drive d;
    int32_t epoch;
    int64_t end;
    drive_init(&d);
    drive_append(&d, SPEC());
    d.leader_epoch = 4;
    drive_append(&d, SPEC());
    drive_append(&d, SPEC());
    check_int(log_recovery_point(d.log), 0);
    drive_sync(&d, 0);
    check_int(log_offsets(d.log)->durable, 3);
    check_int(log_recovery_point(d.log), 0); /* the epochs are not in their file yet */
    drive_jobs(&d);
    check_int(log_recovery_point(d.log), 3);
    for (int round = 0; round < 3; round++) {
        struct fake_file *f = fake_find(&d.fake, "orders-0/leader-epoch-checkpoint");
        check_int(log_epoch_at(d.log, 0), 0);
        check_int(log_epoch_at(d.log, 1), 4);
        check_int(log_epoch_at(d.log, 3), 4);
        log_epoch_end(d.log, 0, &epoch, &end);
        check_int(epoch, 0);
        check_int(end, 1);
        log_epoch_end(d.log, 3, &epoch, &end);
        check_int(epoch, 0);
        log_epoch_end(d.log, 4, &epoch, &end);
        check_int(end, 3);
        log_epoch_end(d.log, 5, &epoch, &end);
        check_int(epoch, -1);
        check_str(buf_cstr(&f->bytes), "0\n2\n0 0\n4 1\n");
        if (round == 0) fake_put(&d.fake, f->path, SLICE_LIT("0\n2\n0 0\n4 x\n"));
        check_int(drive_reopen(&d, false, 3), 0);
        if (round == 0)
            check(strstr(buf_cstr(&d.report.text), "leader-epoch-checkpoint:4: expected \"epoch start_offset\"") !=
                  NULL);
        drive_jobs(&d);
    }
    drive_release(&d);
}

TEST(log_recover, leftovers_of_interrupted_work_are_removed)
{
    struct drive d;
    drive_init(&d);
    drive_append(&d, SPEC());
    fake_put(&d.fake, "orders-0/00000000000000000007.log.deleted", SLICE_LIT("x"));
    fake_put(&d.fake, "orders-0/leader-epoch-checkpoint.tmp", SLICE_LIT("x"));
    fake_put(&d.fake, "orders-0/00000000000000000007.index", SLICE_LIT("12345678"));
    check_int(drive_reopen(&d, false, 0), 0);
    check(!fake_find(&d.fake, "orders-0/00000000000000000007.log.deleted"));
    check(!fake_find(&d.fake, "orders-0/leader-epoch-checkpoint.tmp"));
    check(!fake_find(&d.fake, "orders-0/00000000000000000007.index"));
    check_int(log_topic_id(d.log)[15], 16);
    drive_release(&d);
}

/* Whatever call fails while a torn log is opened: an error that names a file, or a log that is right; and the
 * next opening finds everything. */
TEST(log_recover, any_disk_call_may_fail)
{
    struct drive d;
    struct fake torn;
    drive_init(&d);
    fill_indexed(&d, 100);
    drive_jobs(&d);
    drive_file(&d, 90, "log");
    int64_t end = 99;
    for (int64_t base = 99; base >= 0; base--)
        if (drive_file(&d, base, "log")) {
            drive_file(&d, base, "log")->bytes.n -= 5;
            break;
        }
    fake_copy(&d.fake, &torn);
    int failures = 0, k = 1;
    for (bool done = false; !done; k++) {
        fake_release(&d.fake);
        fake_copy(&torn, &d.fake);
        d.fake.fail_at = k;
        d.fake.fail_with = k % 2 ? ERR_IO : ERR_NOSPACE;
        int status = drive_reopen(&d, false, 0);
        done = d.fake.calls < k;
        if (status < 0) check(strstr(d.error.text, "orders-0") != NULL);
        failures += status < 0;
        d.fake.fail_at = 0;
        check_int(drive_reopen(&d, false, 0), 0);
        check_int(log_offsets(d.log)->end, end);
        for (int64_t offset = 0; offset < end; offset += 7) check_int(drive_read_base(&d, offset), offset);
        check_int(drive_append(&d, SPEC(.producer_id = 5, .sequence = 99)).base_offset, 99);
    }
    check(k > 50);
    check(failures > k / 2);
    fake_release(&torn);
    drive_release(&d);
}

TEST(log_cursor, shows_every_batch_and_passes_over_damage)
{
    struct drive d;
    struct log_cursor *c;
    struct slice batch;
    struct batch_header h;
    uint64_t at[BATCHES + 1];
    drive_init(&d);
    fill(&d, at);
    memset(drive_file(&d, 0, "log")->bytes.p + at[2] + 70, 0xee, 3); /* only the CRC can tell */
    check_int(drive_reopen(&d, false, 2 * BATCHES), 0);
    check_int(log_cursor_open(d.log, &d.fake.disk, 3, &c), 0);
    int64_t seen[8];
    int n = 0;
    while (log_cursor_next(c, &batch, &h) == 1) {
        check_int(batch.n, batch_size(&h));
        seen[n++] = h.base_offset;
    }
    check_int(log_cursor_damaged(c), 1);
    log_cursor_close(c);
    check_int(n, 4);
    check_int(seen[0], 2);
    check_int(seen[1], 6);
    check_int(seen[3], 10);
    drive_release(&d);
}
