/* ListOffsets by time (T37, T38). */
#include "broker/log/drive_test.h"

struct found {
    bool any;
    int64_t offset, timestamp;
    int32_t epoch;
};

static struct found look(struct drive *d, int64_t timestamp)
{
    struct log_lookup *l = log_lookup_new(d->log, timestamp);
    check_int(log_lookup_run(l, &d->fake.disk), 0);
    struct found f = {l->found, l->offset, l->found_timestamp, l->leader_epoch};
    log_lookup_free(l);
    return f;
}

static void check_found(struct found f, int64_t offset, int64_t timestamp)
{
    check_int(f.any, offset >= 0);
    check_int(f.offset, offset);
    check_int(f.timestamp, timestamp);
}

TEST(lookup, first_record_at_or_after_and_its_own_timestamp)
{
    struct drive d;
    drive_init(&d);
    check_found(look(&d, 0), -1, -1);
    d.leader_epoch = 6;
    for (int i = 0; i < 4; i++) drive_append(&d, SPEC(.count = 3, .timestamp = 1000 + 30 * i, .step = 10));
    check_found(look(&d, 0), -1, -1); /* nothing is visible yet */
    log_raise_high_watermark(d.log, 12);
    check_found(look(&d, 0), 0, 1000);
    check_found(look(&d, 1000), 0, 1000);
    check_found(look(&d, 1001), 1, 1010);
    check_found(look(&d, 1045), 5, 1050);
    check_found(look(&d, 1110), 11, 1110);
    check_found(look(&d, 1111), -1, -1);
    check_int(look(&d, 1045).epoch, 6);
    check_int(look(&d, 1111).epoch, -1);
    drive_release(&d);
}

TEST(lookup, into_compressed_batches)
{
    struct drive d;
    drive_init(&d);
    for (int codec = 1; codec <= 4; codec++)
        drive_append(&d, SPEC(.count = 5, .timestamp = 1000 * codec, .step = 1, .codec = codec));
    log_raise_high_watermark(d.log, 20);
    for (int codec = 1; codec <= 4; codec++)
        check_found(look(&d, 1000 * codec + 3), 5 * (codec - 1) + 3, 1000 * codec + 3);
    drive_release(&d);
}

/* Records out of order: the first by offset counts, not the nearest in time. */
TEST(lookup, unordered_timestamps_against_a_plain_search)
{
    enum { COUNT = 600 };
    struct drive d;
    int64_t times[COUNT];
    drive_init(&d);
    d.config.segment_bytes = 6000;
    d.config.index_interval_bytes = 200;
    log_set_config(d.log, &d.config);
    for (int i = 0; i < COUNT; i++) {
        times[i] = 1000 + (i * 7919) % 601 + i / 100 * 300;
        drive_append(&d, SPEC(.timestamp = times[i]));
        if (i % 50 == 0) drive_jobs(&d);
    }
    log_raise_high_watermark(d.log, COUNT);
    drive_jobs(&d);
    for (int round = 0; round < 2; round++) {
        for (int64_t t = 990; t < 3200; t += 3) {
            int i = 0;
            while (i < COUNT && times[i] < t) i++;
            check_found(look(&d, t), i < COUNT ? i : -1, i < COUNT ? times[i] : -1);
        }
        drive_close(&d);
        check_int(drive_reopen(&d, true, COUNT), 0);
    }
    drive_release(&d);
}

TEST(lookup, the_largest_timestamp)
{
    struct drive d;
    drive_init(&d);
    check_found(look(&d, LOG_LOOKUP_MAX_TIMESTAMP), -1, -1);
    drive_append(&d, SPEC(.count = 3, .timestamp = 1000, .step = 5));
    drive_append(&d, SPEC(.count = 3, .timestamp = 2000, .step = -100));
    drive_append(&d, SPEC(.timestamp = 2000));
    drive_append(&d, SPEC(.timestamp = 9000));
    log_raise_high_watermark(d.log, 3);
    check_found(look(&d, LOG_LOOKUP_MAX_TIMESTAMP), 2, 1010); /* what is above the high watermark does not count */
    check_found(look(&d, 1500), -1, -1);
    log_raise_high_watermark(d.log, 7);
    check_found(look(&d, LOG_LOOKUP_MAX_TIMESTAMP), 3, 2000);
    log_raise_high_watermark(d.log, 8);
    check_found(look(&d, LOG_LOOKUP_MAX_TIMESTAMP), 7, 9000);
    drive_release(&d);
}

TEST(lookup, below_the_start_of_the_log_nothing_is_found)
{
    struct drive d;
    drive_init(&d);
    d.config.segment_bytes = 200;
    log_set_config(d.log, &d.config);
    for (int i = 0; i < 6; i++) drive_append(&d, SPEC(.timestamp = 1000 + i));
    log_raise_high_watermark(d.log, 6);
    d.config.retention_ms = 100;
    log_set_config(d.log, &d.config);
    check_int(log_retain(d.log, 1103), 1);
    check_found(look(&d, 0), 2, 1002);
    drive_release(&d);
}

TEST(lookup, an_unreadable_disk_is_an_error_not_an_answer)
{
    struct drive d;
    drive_init(&d);
    drive_append(&d, SPEC());
    log_raise_high_watermark(d.log, 1);
    for (int k = 1; k < 5; k++) {
        struct log_lookup *l = log_lookup_new(d.log, 5);
        d.fake.calls = 0;
        d.fake.fail_at = k;
        d.fake.fail_with = ERR_IO;
        int status = log_lookup_run(l, &d.fake.disk);
        check(status == ERR_IO || d.fake.calls < k);
        log_lookup_free(l);
    }
    drive_release(&d);
}
