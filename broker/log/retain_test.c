/* Retention, rolling, jobs, closing and deleting. */
#include "broker/log/drive_test.h"

/* Segments of two batches each, one record per batch, timestamps 1000, 1001, ... */
static void fill(struct drive *d, int count)
{
    d->config.segment_bytes = 200;
    log_set_config(d->log, &d->config);
    for (int i = 0; i < count; i++) drive_append(d, SPEC(.timestamp = 1000 + i));
    log_raise_high_watermark(d->log, INT64_MAX);
    drive_jobs(d);
}

TEST(log_roll, a_job_syncs_the_full_segment_and_raises_durable)
{
    struct drive d;
    drive_init(&d);
    fill(&d, 5);
    check_int(log_offsets(d.log)->durable, 4);
    check(drive_file(&d, 0, "index") != NULL);
    check_int(drive_file(&d, 0, "timeindex")->bytes.n, 12);
    check(drive_file(&d, 2, "snapshot") != NULL);
    check(drive_file(&d, 4, "snapshot") != NULL);
    drive_release(&d);
}

/* The kernel may have dropped the pages and count them as clean: recovery must look at them again. */
TEST(log_roll, its_sync_proves_nothing_after_a_failed_one)
{
    struct drive d;
    drive_init(&d);
    d.config.segment_bytes = 200;
    log_set_config(d.log, &d.config);
    for (int i = 0; i < 3; i++) drive_append(&d, SPEC(.timestamp = 1000 + i));
    struct log_job *roll = log_take_job(d.log);
    check_str(log_job_name(roll), "log-roll");
    log_set_offline(d.log);
    check_int(log_job_run(roll, &d.fake.disk), 0);
    log_job_done(d.log, roll, 0);
    check_int(log_offsets(d.log)->durable, 0);
    check_int(log_recovery_point(d.log), 0);
    drive_release(&d);
}

/* Of two syncs of a file at once the failed one may be reported last, when the good one has moved `durable` already. */
TEST(log_roll, waits_for_a_sync_of_its_segment_and_the_next_one_for_it)
{
    struct drive d;
    struct log_file **files;
    drive_init(&d);
    d.config.segment_bytes = 200;
    log_set_config(d.log, &d.config);
    for (int i = 0; i < 3; i++) drive_append(&d, SPEC(.timestamp = 1000 + i));
    check_int(log_sync_begin(d.log, &d.arena, &files), 3); /* two segments and the directory */
    check(log_take_job(d.log) == NULL);
    log_synced(d.log, 0);
    struct log_job *roll = log_take_job(d.log);
    check(roll != NULL);
    check_str(log_job_name(roll), "log-roll");
    drive_append(&d, SPEC(.timestamp = 1003));
    check_int(log_sync_begin(d.log, &d.arena, &files), 1); /* the active segment alone, which the job has no part in */
    log_synced(d.log, 0);
    drive_append(&d, SPEC(.timestamp = 1004)); /* a third one: its name is not durable yet */
    check_int(log_sync_begin(d.log, &d.arena, &files), 0);
    check_int(log_job_run(roll, &d.fake.disk), 0);
    log_job_done(d.log, roll, 0);
    check_int(log_sync_begin(d.log, &d.arena, &files), 2);
    log_synced(d.log, 0);
    check_int(log_offsets(d.log)->durable, 5);
    drive_release(&d);
}

TEST(log_roll, a_sync_waits_for_the_roll_of_its_segment)
{
    struct drive d;
    struct log_file **files;
    drive_init(&d);
    d.config.segment_bytes = 200;
    log_set_config(d.log, &d.config);
    for (int i = 0; i < 3; i++) drive_append(&d, SPEC(.timestamp = 1000 + i));
    struct log_job *roll = log_take_job(d.log);
    check_int(log_sync_begin(d.log, &d.arena, &files), 0);
    d.fake.fail_at = d.fake.calls + 2; /* open, sync */
    d.fake.fail_with = ERR_IO;
    log_job_done(d.log, roll, log_job_run(roll, &d.fake.disk));
    check_int(log_sync_begin(d.log, &d.arena, &files), 0);
    check_int(log_state(d.log), LOG_OFFLINE);
    check_int(log_recovery_point(d.log), 0);
    drive_release(&d);
}

TEST(log_close, its_sync_proves_nothing_after_a_failed_one)
{
    struct drive d;
    drive_init(&d);
    drive_append(&d, SPEC(.timestamp = 1000));
    log_close_begin(d.log);
    log_set_offline(d.log);
    drive_jobs(&d);
    check_int(log_recovery_point(d.log), 0);
    drive_release(&d);
}

TEST(log_roll, by_record_time)
{
    struct drive d;
    drive_init(&d);
    d.config.segment_ms = 100;
    log_set_config(d.log, &d.config);
    drive_append(&d, SPEC(.timestamp = 1000));
    drive_append(&d, SPEC(.timestamp = 1100));
    check(drive_file(&d, 2, "log") == NULL);
    drive_append(&d, SPEC(.timestamp = 1101));
    check(drive_file(&d, 2, "log") != NULL);
    drive_append(&d, SPEC(.timestamp = 5)); /* an old record does not roll */
    check(drive_file(&d, 3, "log") == NULL);
    drive_release(&d);
}

TEST(log_roll, by_a_full_index)
{
    struct drive d;
    drive_init(&d);
    d.config.index_interval_bytes = 1;
    d.config.segment_index_bytes = 40;
    log_set_config(d.log, &d.config);
    for (int i = 0; i < 20; i++) drive_append(&d, SPEC(.timestamp = 1000 + i));
    drive_jobs(&d);
    check(drive_file(&d, 0, "index")->bytes.n <= 40);
    check(drive_file(&d, 0, "timeindex")->bytes.n <= 40);
    for (int64_t i = 0; i < 20; i++) check_int(drive_read_base(&d, i), i);
    drive_release(&d);
}

TEST(log_retain, by_size_keeps_at_least_that_much)
{
    struct drive d;
    drive_init(&d);
    fill(&d, 9);
    int64_t size = log_offsets(d.log)->size_bytes;
    d.config.retention_ms = -1;
    d.config.retention_bytes = size / 9 * 5;
    log_set_config(d.log, &d.config);
    check_int(log_retain(d.log, d.now_ms), 2);
    check_int(log_offsets(d.log)->start, 4);
    check_int(log_offsets(d.log)->size_bytes, size / 9 * 5);
    check_int(drive_read(&d, 3, 100, true, NULL), LOG_READ_OUT_OF_RANGE);
    check_int(drive_read_base(&d, 4), 4);
    drive_jobs(&d);
    check(drive_file(&d, 0, "log") == NULL);
    check(drive_file(&d, 0, "index") == NULL);
    check(drive_file(&d, 2, "snapshot") == NULL);
    check(drive_file(&d, 4, "log") != NULL);
    drive_release(&d);
}

TEST(log_retain, by_both_whichever_comes_first)
{
    struct drive d;
    drive_init(&d);
    fill(&d, 9);
    d.config.retention_ms = 100;
    d.config.retention_bytes = log_offsets(d.log)->size_bytes / 9 * 5;
    log_set_config(d.log, &d.config);
    check_int(log_retain(d.log, 1050), 2); /* young, but too much */
    check_int(log_offsets(d.log)->start, 4);
    check_int(log_retain(d.log, 1105), 0); /* little enough, and the newest of the first segment is 1005 */
    check_int(log_retain(d.log, 1106), 1); /* little enough, but old */
    check_int(log_offsets(d.log)->start, 6);
    drive_release(&d);
}

TEST(log_retain, forever)
{
    struct drive d;
    drive_init(&d);
    fill(&d, 9);
    d.config.retention_ms = -1;
    log_set_config(d.log, &d.config);
    check_int(log_retain(d.log, INT64_MAX / 2), 0);
    d.config.retention_ms = 1;
    d.config.deletes = false; /* compacted only */
    log_set_config(d.log, &d.config);
    check_int(log_retain(d.log, INT64_MAX / 2), 0);
    drive_release(&d);
}

/* T52 */
TEST(log_retain, by_time_takes_the_active_segment_too_and_offsets_go_on)
{
    struct drive d;
    drive_init(&d);
    fill(&d, 5);
    d.config.retention_ms = 100;
    log_set_config(d.log, &d.config);
    check_int(log_retain(d.log, 1000), 0);
    check_int(log_retain(d.log, 1101 + 1), 1); /* newest of the first segment: 1001 */
    check_int(log_retain(d.log, 1105), 2);
    check_int(log_offsets(d.log)->start, 5);
    check_int(log_offsets(d.log)->end, 5);
    check_int(log_offsets(d.log)->size_bytes, 0);
    check_int(drive_read(&d, 5, 100, true, NULL), LOG_READ_EMPTY);
    drive_jobs(&d);
    check(drive_file(&d, 4, "log") == NULL);
    check(drive_file(&d, 5, "log") != NULL); /* or a crash would begin at 0 again */
    check_int(drive_reopen(&d, false, 0), 0);
    check_int(log_offsets(d.log)->start, 5);
    check_int(drive_append(&d, SPEC()).base_offset, 5);
    drive_release(&d);
}

/* Without timestamps the clock counts: of the last append for retention, of the first for segment.ms. */
TEST(log_retain, records_without_timestamps_go_by_the_clock)
{
    struct drive d;
    drive_init(&d);
    d.config.retention_ms = 100;
    d.config.segment_ms = 50;
    log_set_config(d.log, &d.config);
    int64_t begin = d.now_ms = 1000000;
    drive_append(&d, SPEC(.timestamp = -1));
    d.now_ms = begin + 50;
    drive_append(&d, SPEC(.timestamp = -1));
    check(drive_file(&d, 1, "log") == NULL);
    d.now_ms = begin + 51;
    drive_append(&d, SPEC(.timestamp = -1));
    check(drive_file(&d, 2, "log") != NULL); /* rolled */
    log_raise_high_watermark(d.log, INT64_MAX);
    check_int(log_retain(d.log, begin + 150), 0);
    check_int(log_retain(d.log, begin + 151), 1); /* 101 after the second append */
    check_int(log_offsets(d.log)->start, 2);
    drive_jobs(&d);
    d.now_ms = begin + 500; /* when they came is not on disk: a start counts from itself */
    check_int(drive_reopen(&d, false, 0), 0);
    check_int(log_retain(d.log, begin + 600), 0);
    check_int(log_retain(d.log, begin + 601), 1);
    check_int(log_offsets(d.log)->start, 3);
    drive_release(&d);
}

/* A crash came before the full segment was settled, so that no snapshot stood at its end. Retention then takes the
 * segment, and a second crash must not find the producer forgotten. */
TEST(log_retain, producers_outlive_a_segment_that_a_crash_left_unsettled)
{
    struct drive d;
    drive_init(&d);
    d.config.segment_bytes = 200;
    d.config.retention_ms = 100;
    log_set_config(d.log, &d.config);
    drive_append(&d, SPEC(.timestamp = 1000, .producer_id = 7));
    drive_append(&d, SPEC(.timestamp = 1000, .producer_id = 7, .sequence = 1));
    drive_append(&d, SPEC(.timestamp = 5000)); /* rolls; the job is lost with the process */
    check_int(drive_reopen(&d, false, 0), 0);
    log_set_config(d.log, &d.config);
    check_int(log_retain(d.log, 1200), 1);
    drive_jobs(&d);
    check(drive_file(&d, 0, "log") == NULL);
    check_int(drive_reopen(&d, false, 0), 0);
    check_int(drive_append(&d, SPEC(.producer_id = 7, .sequence = 1)).outcome, LOG_DUPLICATE);
    check_int(drive_append(&d, SPEC(.producer_id = 7, .sequence = 2)).outcome, LOG_APPENDED);
    drive_release(&d);
}

/* The recovery point was at the end of the segment before its roll was settled: the crash leaves a time index that
 * says nothing wrong, but does not know the last batch. Its age counts all the same, and the index is mended. */
TEST(log_retain, a_time_index_that_a_crash_left_without_its_last_entry_takes_nothing_young)
{
    enum { BATCHES = 40, ENTRY = 12 };
    struct drive d;
    drive_init(&d);
    d.config.index_interval_bytes = 0;
    log_set_config(d.log, &d.config);
    for (int i = 1; i <= BATCHES; i++) drive_append(&d, SPEC(.timestamp = 1000 * i));
    d.config.segment_bytes = 200;
    d.config.retention_ms = 100;
    log_set_config(d.log, &d.config);
    drive_append(&d, SPEC(.timestamp = 90000)); /* rolls; the job is lost with the process */
    check(drive_file(&d, BATCHES, "log") != NULL);
    size_t entries = drive_file(&d, 0, "timeindex")->bytes.n / ENTRY;
    check(entries > 0 && entries < BATCHES - 1); /* they are written in groups */
    check_int(drive_reopen(&d, false, BATCHES), 0);
    check_int(drive_file(&d, 0, "timeindex")->bytes.n, (BATCHES - 1) * ENTRY);
    log_set_config(d.log, &d.config);
    check_int(log_retain(d.log, 1000 * BATCHES + 100), 0);
    check_int(log_retain(d.log, 1000 * BATCHES + 101), 1);
    check_int(log_offsets(d.log)->start, BATCHES);
    drive_release(&d);
}

/* The producer goes on after a restart with the sequence that the log, all of it gone, had reached. */
TEST(log_retain, producers_outlive_the_last_of_their_records)
{
    struct drive d;
    drive_init(&d);
    d.config.retention_ms = 100;
    log_set_config(d.log, &d.config);
    drive_append(&d, SPEC(.timestamp = 1000, .producer_id = 9, .sequence = 0));
    drive_sync(&d, 0);
    log_snapshot_begin(d.log);
    drive_jobs(&d);
    drive_append(&d, SPEC(.count = 2, .timestamp = 1000, .producer_id = 9, .sequence = 1));
    log_raise_high_watermark(d.log, INT64_MAX);
    check_int(log_retain(d.log, 5000), 1);
    drive_jobs(&d);
    check(drive_file(&d, 0, "log") == NULL);
    check_int(drive_reopen(&d, false, 3), 0);
    check_int(log_offsets(d.log)->end, 3);
    check_int(drive_append(&d, SPEC(.producer_id = 9, .sequence = 1)).outcome, LOG_DUPLICATE_SEQUENCE);
    check_int(drive_append(&d, SPEC(.producer_id = 9, .sequence = 3)).outcome, LOG_APPENDED);
    drive_release(&d);
}

TEST(log_retain, never_beyond_the_high_watermark)
{
    struct drive d;
    drive_init(&d);
    d.config.segment_bytes = 200;
    d.config.retention_ms = 1;
    log_set_config(d.log, &d.config);
    for (int i = 0; i < 6; i++) drive_append(&d, SPEC());
    check_int(log_retain(d.log, d.now_ms), 0);
    log_raise_high_watermark(d.log, 5);
    check_int(log_retain(d.log, d.now_ms), 2);
    check_int(log_offsets(d.log)->start, 4);
    drive_release(&d);
}

TEST(log_retain, files_stay_as_long_as_somebody_refers_to_them)
{
    struct drive d;
    drive_init(&d);
    fill(&d, 5);
    struct log_read r = {.offset = 0, .max_bytes = 1 << 20, .min_one = true, .isolation = LOG_WRITTEN};
    while (log_read_begin(d.log, &r) == LOG_READ_MORE) {
        struct fake_file *f = fake_find(&d.fake, r.file->path);
        if (log_read_continue(d.log, &r, 0, buf_slice(&f->bytes)) == LOG_READ_RANGE) break;
    }
    check(r.file != NULL);
    struct log_file *held = log_file_ref(r.file);
    d.config.retention_ms = 0;
    log_set_config(d.log, &d.config);
    check_int(log_retain(d.log, d.now_ms), 3);
    drive_jobs(&d);
    check(drive_file(&d, 0, "log") != NULL);
    log_file_unref(held);
    struct log_job *job = log_take_job(d.log);
    struct log_file *const *forget;
    check_str(log_job_name(job), "log-delete");
    check_int(log_job_forget(job, &forget), 6); /* the active one was not settled: it goes by itself */
    check_str(forget[0]->path, "orders-0/00000000000000000000.log");
    log_job_done(d.log, job, log_job_run(job, &d.fake.disk));
    check(drive_file(&d, 0, "log") == NULL);
    drive_jobs(&d);
    check(drive_file(&d, 4, "log") == NULL);
    drive_release(&d);
}

TEST(log_retain, leader_epochs_of_what_is_gone_are_forgotten)
{
    struct drive d;
    drive_init(&d);
    d.config.segment_bytes = 200;
    log_set_config(d.log, &d.config);
    for (int i = 0; i < 6; i++) {
        d.leader_epoch = i / 2;
        drive_append(&d, SPEC(.timestamp = 1000 + i));
    }
    log_raise_high_watermark(d.log, 6);
    d.config.retention_ms = 0;
    log_set_config(d.log, &d.config);
    check_int(log_retain(d.log, 1004), 2);
    check_int(log_epoch_at(d.log, 3), -1);
    check_int(log_epoch_at(d.log, 4), 2);
    drive_release(&d);
}

TEST(log_retain, a_full_disk_is_waited_out)
{
    struct drive d;
    drive_init(&d);
    d.config.segment_bytes = 200;
    log_set_config(d.log, &d.config);
    for (int i = 0; i < 3; i++) drive_append(&d, SPEC());
    struct log_job *job = log_take_job(d.log);
    check_str(log_job_name(job), "log-roll");
    log_job_done(d.log, job, ERR_NOSPACE);
    check_int(log_state(d.log), LOG_ONLINE);
    check(log_take_job(d.log) == NULL);
    log_retain(d.log, d.now_ms);
    drive_jobs(&d);
    check_int(log_offsets(d.log)->durable, 2);
    drive_release(&d);
}

/* A disk with room for nothing but names. */
static int write_no_room(struct disk *d, struct disk_file *file, uint64_t at, const void *p, size_t n)
{
    return n > 0 ? ERR_NOSPACE : fake_write_at(d, file, at, p, n);
}

/* A disk that is full until an index is gone. */
static int write_after_indexes(struct disk *d, struct disk_file *file, uint64_t at, const void *p, size_t n)
{
    bool full = fake_find((struct fake *)d, "orders-0/00000000000000000000.timeindex") != NULL;
    return full ? ERR_NOSPACE : fake_write_at(d, file, at, p, n);
}

static struct disk_functions fake_with_write(int (*write)(struct disk *, struct disk_file *, uint64_t, const void *,
                                                          size_t))
{
    struct disk_functions f = fake_functions;
    f.write_at = write;
    return f;
}

/* Every other job needs space that only this one makes. */
TEST(log_retain, frees_space_on_a_full_disk)
{
    struct drive d;
    const struct disk_functions full = fake_with_write(write_no_room);
    drive_init(&d);
    fill(&d, 5);
    drive_append(&d, SPEC(.timestamp = 9000));
    drive_append(&d, SPEC(.timestamp = 9000)); /* rolls segment 4: a job that needs space */
    d.config.retention_ms = 100;
    log_set_config(d.log, &d.config);
    d.fake.disk.call = &full;
    check_int(log_retain(d.log, 1200), 2); /* and the epochs have changed */
    drive_jobs(&d);
    check(drive_file(&d, 0, "log") == NULL);
    check(drive_file(&d, 2, "log") == NULL);
    check(drive_file(&d, 4, "log") != NULL);
    check_int(log_state(d.log), LOG_ONLINE);
    d.fake.disk.call = &fake_functions;
    check(log_take_job(d.log) == NULL); /* until the next retention */
    log_retain(d.log, 1200);
    drive_jobs(&d);
    check_int(log_offsets(d.log)->durable, 6);
    check_int(drive_reopen(&d, false, 6), 0);
    check_int(log_offsets(d.log)->start, 4);
    check_int(log_offsets(d.log)->end, 7);
    drive_release(&d);
}

/* Other jobs are not held up once it has made room. */
TEST(log_retain, space_that_it_made_is_used_at_once)
{
    struct drive d;
    drive_init(&d);
    fill(&d, 5);
    drive_append(&d, SPEC(.timestamp = 9000));
    drive_append(&d, SPEC(.timestamp = 9000));
    d.config.retention_ms = 100;
    log_set_config(d.log, &d.config);
    check_int(log_retain(d.log, 1200), 2);
    struct log_job *roll = log_take_job(d.log);
    check_str(log_job_name(roll), "log-roll");
    log_job_done(d.log, roll, ERR_NOSPACE);
    drive_jobs(&d);
    check(drive_file(&d, 0, "log") == NULL);
    check_int(log_offsets(d.log)->durable, 6);
    drive_release(&d);
}

/* The snapshot of a segment that was not settled needs space: those before it go without it. */
TEST(log_retain, on_a_full_disk_what_needs_no_snapshot_goes_first)
{
    struct drive d;
    const struct disk_functions full = fake_with_write(write_no_room);
    drive_init(&d);
    fill(&d, 3);
    d.config.retention_ms = 100;
    log_set_config(d.log, &d.config);
    d.fake.disk.call = &full;
    check_int(log_retain(d.log, 5000), 2); /* the active one too, which is rolled for it */
    drive_jobs(&d);
    check(drive_file(&d, 0, "log") == NULL);
    check(drive_file(&d, 2, "log") != NULL);
    check_int(log_state(d.log), LOG_ONLINE);
    d.fake.disk.call = &fake_functions;
    log_retain(d.log, 5000);
    drive_jobs(&d);
    check(drive_file(&d, 2, "log") == NULL);
    check(drive_file(&d, 3, "snapshot") != NULL);
    drive_release(&d);
}

/* Its indexes make room for the producers of the only segment, and these outlive it. */
TEST(log_retain, on_a_full_disk_indexes_make_room_for_the_snapshot)
{
    struct drive d;
    const struct disk_functions full = fake_with_write(write_after_indexes);
    drive_init(&d);
    d.config.retention_ms = 100;
    log_set_config(d.log, &d.config);
    drive_append(&d, SPEC(.timestamp = 1000, .producer_id = 7));
    drive_jobs(&d);
    fake_put(&d.fake, "orders-0/00000000000000000000.timeindex", slice_str("an entry of it"));
    log_raise_high_watermark(d.log, INT64_MAX);
    d.fake.disk.call = &full;
    check_int(log_retain(d.log, 5000), 1);
    drive_jobs(&d);
    check(drive_file(&d, 0, "log") == NULL);
    d.fake.disk.call = &fake_functions;
    check_int(drive_reopen(&d, false, 0), 0);
    check_int(drive_append(&d, SPEC(.producer_id = 7)).outcome, LOG_DUPLICATE);
    check_int(drive_append(&d, SPEC(.producer_id = 7, .sequence = 1)).outcome, LOG_APPENDED);
    drive_release(&d);
}

TEST(log_job, a_sync_that_fails_in_a_job_is_final)
{
    struct drive d;
    drive_init(&d);
    d.config.segment_bytes = 200;
    log_set_config(d.log, &d.config);
    for (int i = 0; i < 3; i++) drive_append(&d, SPEC());
    d.fake.fail_at = d.fake.calls + 2; /* open, sync */
    d.fake.fail_with = ERR_NOSPACE;
    drive_jobs(&d);
    check_int(log_state(d.log), LOG_OFFLINE);
    check_int(log_offsets(d.log)->durable, 0);
    drive_release(&d);
}

static void check_offline_after_directory_sync(int err, bool offline)
{
    struct drive d;
    drive_init(&d);
    d.config.segment_bytes = 200;
    log_set_config(d.log, &d.config);
    for (int i = 0; i < 3; i++) drive_append(&d, SPEC(.timestamp = 1000 + i));
    d.fake.fail_directory_syncs = err;
    drive_jobs(&d);
    check_int(log_state(d.log) == LOG_OFFLINE, offline);
    check_int(log_offsets(d.log)->durable, 0);
    check(log_take_job(d.log) == NULL);
    d.fake.fail_directory_syncs = 0;
    log_jobs_again(d.log);
    drive_jobs(&d);
    check_int(log_offsets(d.log)->durable, offline ? 0 : 2);
    drive_release(&d);
}

/* Without a descriptor the directory is not synced, which is no failed sync; nor does it make anything durable. */
TEST(log_job, a_directory_that_found_no_descriptor_is_synced_later)
{
    check_offline_after_directory_sync(ERR_NOMEM, false);
    check_offline_after_directory_sync(ERR_IO, true);
    check_offline_after_directory_sync(ERR_NOSPACE, true);
}

TEST(log_job, a_repair_that_found_no_descriptor_is_made_later)
{
    struct drive d;
    drive_init(&d);
    drive_append(&d, SPEC());
    d.fail_next_write = ERR_NOSPACE;
    drive_append(&d, SPEC());
    check_int(log_state(d.log), LOG_REPAIRING);
    d.fake.fail_at = d.fake.calls + 1;
    d.fake.fail_with = ERR_NOMEM;
    drive_jobs(&d);
    check_int(log_state(d.log), LOG_REPAIRING);
    check_int(drive_append(&d, SPEC()).outcome, LOG_REFUSED);
    log_jobs_again(d.log);
    drive_jobs(&d);
    check_int(log_state(d.log), LOG_ONLINE);
    check_int(drive_append(&d, SPEC()).base_offset, 1);
    drive_release(&d);
}

TEST(log_close, what_was_closed_opens_without_a_scan)
{
    struct drive d;
    drive_init(&d);
    for (int i = 0; i < 50; i++) drive_append(&d, SPEC(.producer_id = 3, .sequence = i));
    drive_close(&d);
    check_int(log_offsets(d.log)->durable, 50);
    check_int(log_recovery_point(d.log), 50);
    check_int(drive_append(&d, SPEC()).outcome, LOG_REFUSED);
    check(drive_file(&d, 50, "snapshot") != NULL);
    check_int(drive_reopen(&d, true, 50), 0);
    check_int(d.report.verified_bytes, 0);
    check_int(log_offsets(d.log)->end, 50);
    check_int(drive_append(&d, SPEC(.producer_id = 3, .sequence = 50)).base_offset, 50);
    drive_release(&d);
}

/* With thousands of partitions a stop is as long as its syncs. */
TEST(log_close, a_small_log_costs_four_syncs)
{
    struct drive d;
    drive_init(&d);
    drive_append(&d, SPEC());
    drive_jobs(&d); /* its epoch */
    d.fake.syncs = d.fake.directory_syncs = 0;
    drive_close(&d);
    check_int(d.fake.syncs, 3); /* .log, .timeindex, .snapshot; .index is new and empty */
    check_int(d.fake.directory_syncs, 1);
    check(drive_file(&d, 0, "index") != NULL);
    check_int(drive_reopen(&d, true, 1), 0);
    d.fake.syncs = d.fake.directory_syncs = 0;
    drive_close(&d);
    check_int(d.fake.syncs + d.fake.directory_syncs, 0);
    drive_release(&d);
}

/* What lies above the recovery point is read after a crash, and its producers with it. */
TEST(log_snapshot, is_written_for_what_recovery_does_not_read)
{
    struct drive d;
    drive_init(&d);
    drive_append(&d, SPEC(.producer_id = 3, .sequence = 0));
    drive_jobs(&d);
    log_snapshot_begin(d.log);
    drive_jobs(&d);
    check(drive_file(&d, 1, "snapshot") == NULL);
    drive_sync(&d, 0);
    log_snapshot_begin(d.log);
    drive_jobs(&d);
    check(drive_file(&d, 1, "snapshot") != NULL);
    drive_append(&d, SPEC(.producer_id = 3, .sequence = 1));
    log_snapshot_begin(d.log);
    drive_jobs(&d);
    check(drive_file(&d, 1, "snapshot") != NULL); /* still the newest */
    check_int(drive_reopen(&d, false, 1), 0);
    check_int(drive_append(&d, SPEC(.producer_id = 3, .sequence = 1)).outcome, LOG_DUPLICATE);
    drive_release(&d);
}

TEST(log_close, any_disk_call_may_fail)
{
    for (int k = 1;; k++) {
        struct drive d;
        drive_init(&d);
        for (int i = 0; i < 3; i++) drive_append(&d, SPEC(.producer_id = 3, .sequence = i));
        d.fake.calls = 0;
        d.fake.fail_at = k;
        d.fake.fail_with = ERR_NOSPACE;
        log_close_begin(d.log);
        drive_jobs(&d);
        bool done = d.fake.calls < k;
        check_int(log_state(d.log), done ? LOG_CLOSED : LOG_OFFLINE);
        d.fake.fail_at = 0;
        check_int(drive_reopen(&d, done, done ? 3 : 0), 0);
        check_int(log_offsets(d.log)->end, 3);
        drive_release(&d);
        if (done) break;
        check(k < 100);
    }
}

TEST(log_delete, removes_the_directory_when_nobody_reads_any_more)
{
    struct drive d;
    drive_init(&d);
    drive_append(&d, SPEC());
    struct log_read r = {.offset = 0, .max_bytes = 100, .min_one = true, .isolation = LOG_WRITTEN};
    check_int(log_read_begin(d.log, &r), LOG_READ_RANGE);
    struct log_file *held = log_file_ref(r.file);
    log_delete_begin(d.log);
    check(log_take_job(d.log) == NULL);
    check_int(log_read_begin(d.log, &r), LOG_READ_OUT_OF_RANGE);
    log_file_unref(held);
    drive_jobs(&d);
    check_int(log_state(d.log), LOG_DELETED);
    check(fake_find(&d.fake, "orders-0") == NULL);
    drive_release(&d);
}

TEST(log_new, a_created_partition_can_be_opened)
{
    struct drive d;
    drive_init(&d);
    check_int(drive_reopen(&d, true, 0), 0);
    check_int(log_offsets(d.log)->end, 0);
    check_int(log_topic_id(d.log)[0], 1);
    check_int(drive_append(&d, SPEC()).base_offset, 0);
    drive_release(&d);
}

static char scrub_report[1000];

/* One log_scrub_begin with all its jobs. */
static void scrub(struct drive *d)
{
    struct log_job *job;
    scrub_report[0] = 0;
    log_scrub_begin(d->log);
    while ((job = log_take_job(d->log))) {
        int status = log_job_run(job, &d->fake.disk);
        strncat(scrub_report, log_job_text(job), sizeof scrub_report - strlen(scrub_report) - 1);
        log_job_done(d->log, job, status);
    }
}

TEST(log_scrub, finds_what_a_disk_forgot_segment_by_segment)
{
    struct drive d;
    drive_init(&d);
    fill(&d, 7); /* segments 0, 2 and 4 are rolled, 6 is active */
    scrub(&d);
    scrub(&d);
    scrub(&d);
    check_str(scrub_report, "");
    struct buf *second = &drive_file(&d, 2, "log")->bytes;
    second->p[second->n - 1] ^= 4; /* in the batch of offset 3 */
    check_int(drive_read_base(&d, 2), 2);
    scrub(&d); /* no fourth segment is rolled: the round ends */
    scrub(&d);
    check_str(scrub_report, "");
    scrub(&d);
    check(strstr(scrub_report, "00000000000000000002.log: damaged at position ") != NULL);
    check(strstr(scrub_report, ": the CRC does not match; offsets 3 to 3 cannot be read\n") != NULL);
    check_int(drive_read(&d, 3, 100, true, NULL), LOG_READ_CORRUPT);
    check_int(drive_read_base(&d, 2), 2);
    check_int(drive_read_base(&d, 4), 4);
    for (int i = 0; i < 6; i++) {
        scrub(&d);
        check_str(scrub_report, ""); /* told once */
    }
    check_int(log_state(d.log), LOG_ONLINE);
    drive_release(&d);
}

TEST(log_scrub, a_segment_that_cannot_be_read_is_told_and_passed)
{
    struct drive d;
    drive_init(&d);
    fill(&d, 5);
    d.fake.fail_at = d.fake.calls + 3;
    d.fake.fail_with = ERR_IO;
    scrub(&d);
    check_str(scrub_report, "orders-0/00000000000000000000.log: cannot be read: ERR_IO\n");
    check_int(log_state(d.log), LOG_ONLINE);
    struct buf *second = &drive_file(&d, 2, "log")->bytes;
    second->p[second->n / 2 + 7] ^= 64; /* a base offset, which no CRC covers */
    scrub(&d);
    check(strstr(scrub_report, "its offsets do not continue the log; offsets 3 to 3 cannot be read") != NULL);
    drive_release(&d);
}
