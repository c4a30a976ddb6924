/* Appending, reading, syncing, failing. */
#include "broker/log/drive_test.h"

TEST(log_append, gives_out_dense_offsets_and_stamps_them)
{
    struct drive d;
    struct buf bytes = {0};
    struct batch_header h;
    drive_init(&d);
    d.leader_epoch = 7;
    check_int(drive_append(&d, SPEC(.count = 3)).base_offset, 0);
    struct log_append_result r = drive_append(&d, SPEC(.count = 2));
    check_int(r.base_offset, 3);
    check_int(r.last_offset, 4);
    check_int(r.log_append_time_ms, -1);
    check_int(log_offsets(d.log)->end, 5);
    check_int(log_offsets(d.log)->written, 5);
    check_int(log_offsets(d.log)->durable, 0);
    check_int(drive_read(&d, 3, 1 << 20, true, &bytes), LOG_READ_RANGE);
    check_int(batch_check(buf_slice(&bytes), &h), 0);
    check_int(h.base_offset, 3);
    check_int(h.leader_epoch, 7);
    buf_release(&bytes);
    drive_release(&d);
}

/* T21 */
TEST(log_append, log_append_time_is_stamped_and_returned)
{
    struct drive d;
    struct buf bytes = {0};
    struct batch_header h;
    drive_init(&d);
    d.config.log_append_time = true;
    log_set_config(d.log, &d.config);
    check_int(drive_append(&d, SPEC(.timestamp = 5)).log_append_time_ms, d.now_ms);
    check_int(drive_read(&d, 0, 1 << 20, true, &bytes), LOG_READ_RANGE);
    check_int(batch_check(buf_slice(&bytes), &h), 0); /* its CRC was made new */
    check_int(h.max_timestamp, d.now_ms);
    check(h.attributes & BATCH_LOG_APPEND_TIME);
    buf_release(&bytes);
    drive_release(&d);
}

TEST(log_append, limits)
{
    struct drive d;
    drive_init(&d);
    d.config.max_message_bytes = 300;
    d.config.segment_bytes = 200;
    log_set_config(d.log, &d.config);
    check_int(drive_append(&d, SPEC(.value_size = 400)).outcome, LOG_TOO_LARGE);
    check_int(drive_append(&d, SPEC(.value_size = 200)).outcome, LOG_SEGMENT_TOO_SMALL);
    check_int(drive_append(&d, SPEC(.timestamp = -1)).outcome, LOG_APPENDED); /* no timestamp at all */
    check_int(log_offsets(d.log)->end, 1);
    drive_release(&d);
}

/* T30: an offset inside of a batch gives that batch; T29: one whole batch, however small the limit. */
TEST(log_read, offsets_inside_batches_and_small_limits)
{
    struct drive d;
    struct buf bytes = {0};
    drive_init(&d);
    for (int i = 0; i < 10; i++) drive_append(&d, SPEC(.count = 5));
    for (int64_t offset = 0; offset < 50; offset++) check_int(drive_read_base(&d, offset), offset / 5 * 5);
    check_int(drive_read(&d, 50, 100, true, NULL), LOG_READ_EMPTY);
    check_int(drive_read(&d, 51, 100, true, NULL), LOG_READ_OUT_OF_RANGE);
    check_int(drive_read(&d, -1, 100, true, NULL), LOG_READ_OUT_OF_RANGE);
    check_int(drive_read(&d, 0, 10, false, NULL), LOG_READ_EMPTY);
    check_int(drive_read(&d, 0, 10, true, &bytes), LOG_READ_RANGE);
    size_t one = bytes.n;
    check_int(drive_read(&d, 0, (int64_t)(3 * one + 1), false, &bytes), LOG_READ_RANGE);
    check_int(bytes.n, 3 * one); /* cut at a whole batch */
    buf_release(&bytes);
    drive_release(&d);
}

/* T34: consumers see up to the high watermark, and no byte beyond. */
TEST(log_read, the_high_watermark_is_a_position)
{
    struct drive d;
    drive_init(&d);
    drive_append(&d, SPEC(.count = 2));
    struct log_read r = {.offset = 0, .max_bytes = 1 << 20, .min_one = true, .isolation = LOG_VISIBLE};
    check_int(log_read_begin(d.log, &r), LOG_READ_EMPTY);
    check(log_raise_high_watermark(d.log, 2));
    check(!log_raise_high_watermark(d.log, 2));
    check_int(log_read_begin(d.log, &r), LOG_READ_RANGE);
    uint64_t one = r.length;
    drive_append(&d, SPEC(.count = 2));
    drive_append(&d, SPEC(.count = 2));
    check_int(log_read_begin(d.log, &r), LOG_READ_RANGE);
    check_int(r.length, one);
    check(log_raise_high_watermark(d.log, 4)); /* a boundary between the two */
    check_int(log_read_begin(d.log, &r), LOG_READ_RANGE);
    check_int(r.length, 2 * one);
    check(log_raise_high_watermark(d.log, 100)); /* never beyond what is written */
    check_int(log_offsets(d.log)->high_watermark, 6);
    drive_release(&d);
}

/* Every offset through the ring, through the index of the active and of rolled segments. */
TEST(log_read, finds_every_offset_in_a_log_of_many_segments)
{
    struct drive d;
    drive_init(&d);
    d.config.segment_bytes = 20000;
    d.config.index_interval_bytes = 500;
    log_set_config(d.log, &d.config);
    for (int i = 0; i < 2000; i++) {
        drive_append(&d, SPEC(.count = 1 + i % 3, .timestamp = 1000 + i));
        if (i % 100 == 0) drive_jobs(&d);
    }
    drive_jobs(&d);
    int64_t end = log_offsets(d.log)->end, base = 0;
    check(drive_file(&d, 0, "index")->bytes.n > 100);
    for (int i = 0; i < 2000; i++) {
        for (int64_t offset = base; offset < base + 1 + i % 3; offset++) check_int(drive_read_base(&d, offset), base);
        base += 1 + i % 3;
    }
    check_int(base, end);
    /* The same after a start, when nothing is in memory, and backwards. */
    drive_close(&d);
    check_int(drive_reopen(&d, true, end), 0);
    check_str((char *)buf_cstr(&d.report.text), "");
    check_int(d.report.verified_bytes, 0);
    for (int i = 1999; i >= 0; i--) {
        base -= 1 + i % 3;
        check_int(drive_read_base(&d, base), base);
    }
    drive_release(&d);
}

/* Positions of the segment before must not cut ranges of this one. */
TEST(log_read, ranges_of_the_active_segment_end_at_whole_batches)
{
    struct drive d;
    struct buf bytes = {0};
    struct batch_header h;
    drive_init(&d);
    d.config.segment_bytes = 3000;
    log_set_config(d.log, &d.config);
    for (int i = 0; i < 60; i++) drive_append(&d, SPEC(.value_size = 10 + (size_t)i % 7));
    for (int64_t offset = 50; offset < 60; offset++) {
        check_int(drive_read(&d, offset, 500, false, &bytes), LOG_READ_RANGE);
        size_t at = 0;
        for (; at < bytes.n; at += batch_size(&h)) check_int(batch_check(slice_of(bytes.p + at, bytes.n - at), &h), 0);
        check_int(at, bytes.n);
    }
    buf_release(&bytes);
    drive_release(&d);
}

TEST(log_read, an_index_that_is_damaged_or_short_still_leads_there)
{
    struct drive d;
    drive_init(&d);
    d.config.segment_bytes = 20000;
    d.config.index_interval_bytes = 500;
    log_set_config(d.log, &d.config);
    for (int i = 0; i < 400; i++) drive_append(&d, SPEC(.timestamp = 1000 + i));
    drive_close(&d);
    check_int(drive_reopen(&d, true, 400), 0);
    struct buf *index = &drive_file(&d, 0, "index")->bytes;
    memset(index->p + 80, 0, 160); /* after the opening looked at it */
    for (int64_t offset = 0; offset < 400; offset++) check_int(drive_read_base(&d, offset), offset);
    drive_release(&d);
}

TEST(log_sync, durable_rises_to_what_was_written_when_it_began)
{
    struct drive d;
    struct log_file **files;
    drive_init(&d);
    check_int(log_sync_begin(d.log, &d.arena, &files), 0);
    drive_append(&d, SPEC());
    check_int(log_sync_begin(d.log, &d.arena, &files), 2); /* the segment and the directory that names it */
    check_str(files[0]->path, "orders-0/00000000000000000000.log");
    check_str(files[1]->path, "orders-0");
    check(files[1]->directory);
    drive_append(&d, SPEC());
    check_int(log_sync_begin(d.log, &d.arena, &files), 0); /* one at a time */
    log_synced(d.log, 0);
    check_int(log_offsets(d.log)->durable, 1);
    check_int(log_sync_begin(d.log, &d.arena, &files), 1);
    log_synced(d.log, 0);
    check_int(log_offsets(d.log)->durable, 2);
    drive_release(&d);
}

TEST(log_sync, covers_every_segment_since_the_last_one)
{
    struct drive d;
    struct log_file **files;
    drive_init(&d);
    d.config.segment_bytes = 200;
    log_set_config(d.log, &d.config);
    for (int i = 0; i < 6; i++) drive_append(&d, SPEC());
    check_int(log_sync_begin(d.log, &d.arena, &files), 4); /* two batches fit a segment */
    log_synced(d.log, 0);
    check_int(log_offsets(d.log)->durable, 6);
    drive_release(&d);
}

TEST(log_sync, a_failed_sync_is_final)
{
    struct drive d;
    drive_init(&d);
    drive_append(&d, SPEC());
    drive_sync(&d, ERR_IO);
    check_int(log_state(d.log), LOG_OFFLINE);
    check_int(log_offsets(d.log)->durable, 0);
    check_int(drive_append(&d, SPEC()).outcome, LOG_REFUSED);
    check_int(drive_read_base(&d, 0), 0); /* still readable */
    drive_release(&d);
}

TEST(log_written, a_failed_write_is_undone_and_repaired)
{
    struct drive d;
    drive_init(&d);
    drive_append(&d, SPEC(.producer_id = 9, .sequence = 0));
    d.leader_epoch = 1;
    d.fail_next_write = ERR_NOSPACE;
    drive_append(&d, SPEC(.count = 4, .producer_id = 9, .sequence = 1));
    check_int(log_offsets(d.log)->end, 1);
    check_int(log_state(d.log), LOG_REPAIRING);
    check_int(drive_append(&d, SPEC()).outcome, LOG_REFUSED);
    check_int(drive_read_base(&d, 0), 0);
    check_int(log_epoch_at(d.log, 1), 0);
    drive_jobs(&d);
    check_int(log_state(d.log), LOG_ONLINE);
    /* The producer may send the same batch again. */
    struct log_append_result r = drive_append(&d, SPEC(.count = 4, .producer_id = 9, .sequence = 1));
    check_int(r.outcome, LOG_APPENDED);
    check_int(r.base_offset, 1);
    drive_jobs(&d);
    check_int(drive_reopen(&d, false, 0), 0);
    check_int(log_offsets(d.log)->end, 5);
    check_int(d.report.cut_bytes, 0);
    drive_release(&d);
}

/* Writes a, b, c, d under way over a roll; b fails although c and d reach the disk. */
TEST(log_written, later_writes_are_undone_with_the_failed_one)
{
    struct drive d;
    struct buf b[4] = {{0}};
    struct log_append_result r[4];
    drive_init(&d);
    d.config.segment_bytes = 200;
    log_set_config(d.log, &d.config);
    for (int i = 0; i < 4; i++) r[i] = drive_append_begin(&d, SPEC(.producer_id = 9, .sequence = i), &b[i]);
    check_int(log_offsets(d.log)->end, 4);
    check(log_take_job(d.log) == NULL); /* the rolled segment is not complete yet */
    drive_written(&d, &r[0], 0);
    log_written(d.log, r[1].base_offset, ERR_IO);
    check_int(log_offsets(d.log)->end, 1);
    check(log_take_job(d.log) == NULL); /* two reports are still to come */
    drive_written(&d, &r[2], 0);
    drive_written(&d, &r[3], 0);
    check(drive_file(&d, 2, "log") != NULL);
    check_int(log_offsets(d.log)->written, 1);
    int syncs = d.fake.directory_syncs;
    drive_jobs(&d);
    check_int(d.fake.directory_syncs, syncs + 2); /* leader epochs; and the file does not come back at a power cut */
    check_int(log_state(d.log), LOG_ONLINE);
    check(drive_file(&d, 2, "log") == NULL);
    check_int(drive_append(&d, SPEC(.producer_id = 9, .sequence = 1)).base_offset, 1);
    check_int(drive_append(&d, SPEC(.producer_id = 9, .sequence = 2)).base_offset, 2);
    for (int i = 0; i < 3; i++) check_int(drive_read_base(&d, i), i);
    check_int(drive_reopen(&d, false, 0), 0);
    check_int(log_offsets(d.log)->end, 3);
    check_int(d.report.cut_bytes, 0);
    for (int i = 0; i < 4; i++) buf_release(&b[i]);
    drive_release(&d);
}

TEST(log_written, what_was_undone_is_not_remembered_as_a_place_to_read)
{
    struct drive d;
    struct buf b[3] = {{0}};
    struct log_append_result r[3];
    drive_init(&d);
    drive_append(&d, SPEC());
    for (int i = 0; i < 3; i++) r[i] = drive_append_begin(&d, SPEC(), &b[i]);
    for (int i = 0; i < 3; i++) drive_written(&d, &r[i], ERR_NOSPACE);
    drive_jobs(&d);
    drive_append(&d, SPEC(.count = 5, .value_size = 50)); /* offsets 1 to 5, where three batches would have been */
    drive_append(&d, SPEC());
    for (int64_t offset = 1; offset <= 5; offset++) check_int(drive_read_base(&d, offset), 1);
    check_int(drive_read_base(&d, 6), 6);
    for (int i = 0; i < 3; i++) buf_release(&b[i]);
    drive_release(&d);
}

/* Later writes have reached the file behind the failed one: a clean stop would have them believed unseen. */
TEST(log_written, a_write_that_fails_while_the_log_closes_leaves_it_to_recovery)
{
    struct drive d;
    struct buf b[2] = {{0}};
    struct log_append_result r[2];
    drive_init(&d);
    drive_append(&d, SPEC());
    for (int i = 0; i < 2; i++) r[i] = drive_append_begin(&d, SPEC(), &b[i]);
    log_close_begin(d.log);
    log_written(d.log, r[0].base_offset, ERR_IO);
    drive_written(&d, &r[1], 0);
    drive_jobs(&d);
    check_int(log_state(d.log), LOG_OFFLINE);
    check_int(drive_reopen(&d, false, 0), 0);
    check_int(log_offsets(d.log)->end, 1);
    for (int i = 0; i < 2; i++) buf_release(&b[i]);
    drive_release(&d);
}

TEST(log_written, a_repair_that_fails_takes_the_log_offline)
{
    struct drive d;
    drive_init(&d);
    drive_append(&d, SPEC());
    d.fail_next_write = ERR_NOSPACE;
    drive_append(&d, SPEC());
    d.fake.fail_at = d.fake.calls + 1;
    d.fake.fail_with = ERR_IO;
    drive_jobs(&d);
    check_int(log_state(d.log), LOG_OFFLINE);
    check_int(drive_read_base(&d, 0), 0);
    drive_release(&d);
}
