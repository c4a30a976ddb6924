/* Idempotence, rule by rule (KIP-98), and the snapshot's bytes. */
#include "broker/log/producer.h"

#include "broker/log/drive_test.h"

static enum log_append_outcome send(struct drive *d, int16_t epoch, int32_t sequence, int count)
{
    return drive_append(d, SPEC(.count = count, .producer_id = 42, .producer_epoch = epoch, .sequence = sequence))
        .outcome;
}

/* T25 */
TEST(producer, the_last_five_batches_are_remembered_with_their_offsets)
{
    struct drive d;
    drive_init(&d);
    for (int i = 0; i < 7; i++) check_int(send(&d, 0, 3 * i, 3), LOG_APPENDED);
    for (int i = 2; i < 7; i++) {
        struct log_append_result r = drive_append(&d, SPEC(.count = 3, .producer_id = 42, .sequence = 3 * i));
        check_int(r.outcome, LOG_DUPLICATE);
        check_int(r.base_offset, 3 * i);
        check_int(r.last_offset, 3 * i + 2);
        check_int(r.write_count, 0);
    }
    check_int(send(&d, 0, 3, 3), LOG_DUPLICATE_SEQUENCE);
    check_int(send(&d, 0, 18, 2), LOG_DUPLICATE_SEQUENCE); /* same start, other batch: stored, but not as such */
    check_int(send(&d, 0, 22, 3), LOG_OUT_OF_ORDER_SEQUENCE);
    check_int(send(&d, 0, 21, 3), LOG_APPENDED);
    check_int(log_offsets(d.log)->end, 24);
    drive_release(&d);
}

/* T26 */
TEST(producer, sequences_wrap_from_the_largest_number_to_zero)
{
    struct drive d;
    drive_init(&d);
    drive_append(&d, SPEC()); /* T47 does not apply to a log that has records */
    check_int(send(&d, 0, INT32_MAX - 3, 2), LOG_APPENDED);
    check_int(send(&d, 0, INT32_MAX - 1, 4), LOG_APPENDED); /* .., MAX, 0, 1 */
    struct log_append_result r = drive_append(&d, SPEC(.count = 4, .producer_id = 42, .sequence = INT32_MAX - 1));
    check_int(r.outcome, LOG_DUPLICATE);
    check_int(r.base_offset, 3);
    check_int(send(&d, 0, 3, 1), LOG_OUT_OF_ORDER_SEQUENCE);
    check_int(send(&d, 0, 2, 1), LOG_APPENDED);
    check_int(send(&d, 0, INT32_MAX, 1), LOG_DUPLICATE_SEQUENCE);
    /* A batch that spans the wrap, in a snapshot. */
    check_int(drive_append(&d, SPEC(.count = 3, .producer_id = 43, .sequence = INT32_MAX - 1)).outcome, LOG_APPENDED);
    drive_close(&d);
    check_int(drive_reopen(&d, true, log_offsets(d.log)->end), 0);
    r = drive_append(&d, SPEC(.count = 3, .producer_id = 43, .sequence = INT32_MAX - 1));
    check_int(r.outcome, LOG_DUPLICATE);
    check_int(r.base_offset, 8);
    check_int(drive_append(&d, SPEC(.producer_id = 43, .sequence = 1)).outcome, LOG_APPENDED);
    drive_release(&d);
}

/* T26, T47 */
TEST(producer, an_unknown_producer_may_go_on_except_where_nothing_was_ever_stored)
{
    struct drive d;
    drive_init(&d);
    check_int(send(&d, 0, 5, 1), LOG_OUT_OF_ORDER_SEQUENCE);
    check_int(send(&d, 0, 0, 1), LOG_APPENDED);
    d.now_ms += d.config.producer_id_expiration_ms + 1;
    log_retain(d.log, d.now_ms);
    check_int(send(&d, 0, 17, 1), LOG_APPENDED);
    check_int(send(&d, 0, 18, 1), LOG_APPENDED);
    drive_release(&d);
}

TEST(producer, expiry_goes_by_the_wall_clock_and_not_by_old_records)
{
    struct drive d;
    drive_init(&d);
    d.config.retention_ms = -1;
    log_set_config(d.log, &d.config);
    d.now_ms = 100 * d.config.producer_id_expiration_ms;
    check_int(send(&d, 0, 0, 1), LOG_APPENDED); /* its record is of 1970 */
    log_retain(d.log, d.now_ms + 1000);
    check_int(send(&d, 0, 7, 1), LOG_OUT_OF_ORDER_SEQUENCE);
    drive_release(&d);
}

TEST(producer, a_new_epoch_fences_the_old_one_and_starts_at_zero)
{
    struct drive d;
    drive_init(&d);
    check_int(send(&d, 3, 0, 1), LOG_APPENDED);
    check_int(send(&d, 2, 1, 1), LOG_INVALID_PRODUCER_EPOCH);
    check_int(send(&d, 4, 1, 1), LOG_OUT_OF_ORDER_SEQUENCE);
    check_int(send(&d, 4, 0, 1), LOG_APPENDED);
    check_int(send(&d, 3, 1, 1), LOG_INVALID_PRODUCER_EPOCH);
    check_int(send(&d, 4, 0, 1), LOG_DUPLICATE);
    check_int(send(&d, 4, 1, 1), LOG_APPENDED);
    drive_release(&d);
}

static struct batch_header header(int64_t id, int32_t sequence, int64_t base, int32_t delta)
{
    return (struct batch_header){.producer_id = id,
                                 .producer_epoch = 2,
                                 .base_sequence = sequence,
                                 .base_offset = base,
                                 .last_offset_delta = delta,
                                 .max_timestamp = 500};
}

/* Kafka's ProducerSnapshot version 1: i16 version, u32 crc, i32 count, 46 bytes an entry. */
TEST(producer, snapshot_bytes)
{
    static const uint8_t expected[] = {
        0,    1,    0,    0,    0,    0,    0,    0,    0, 1, /* version, (crc), count */
        0,    0,    0,    0,    0,    0,    0,    42,         /* producer id */
        0,    2,                                              /* epoch */
        0,    0,    0,    12,                                 /* last sequence */
        0,    0,    0,    0,    0,    0,    0,    102,        /* last offset */
        0,    0,    0,    2,                                  /* offset delta */
        0,    0,    0,    0,    0,    0,    1,    0xf4,       /* timestamp */
        0xff, 0xff, 0xff, 0xff,                               /* coordinator epoch */
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,       /* no transaction */
    };
    struct producers p = {0}, again = {0};
    struct buf bytes = {0};
    struct batch_header h = header(42, 10, 100, 2);
    producers_update(&p, &h, 7, NULL);
    producers_encode(&p, &bytes);
    check_int(bytes.n, sizeof expected);
    check_mem(bytes.p, expected, 2);
    check_mem(bytes.p + 6, expected + 6, sizeof expected - 6);
    check_int(producers_decode(&again, buf_slice(&bytes), 9), 0);
    const struct producer *e = producers_find(&again, 42);
    check_int(e->epoch, 2);
    check_int(e->batch_count, 1);
    check_int(e->batches[0].first_sequence, 10);
    check_int(e->batches[0].base_offset, 100);
    check_int(e->seen_ms, 9);
    producers_release(&again);
    for (size_t i = 0; i < bytes.n * 8; i++) {
        bytes.p[i / 8] ^= (uint8_t)(1 << i % 8);
        check(producers_decode(&again, buf_slice(&bytes), 9) < 0);
        bytes.p[i / 8] ^= (uint8_t)(1 << i % 8);
        check(producers_decode(&again, slice_of(bytes.p, i / 8), 9) < 0);
        producers_release(&again);
    }
    buf_release(&bytes);
    producers_release(&p);
}

TEST(producer, undo_restores_what_was)
{
    struct producers p = {0};
    struct producer_undo first, second;
    struct producer_batch original;
    struct batch_header a = header(1, 0, 0, 0), b = header(1, 1, 1, 0);
    producers_update(&p, &a, 0, &first);
    producers_update(&p, &b, 0, &second);
    check_int(producers_check(&p, &b, false, &original), PRODUCER_DUPLICATE);
    producers_undo(&p, &second, 1);
    check_int(producers_check(&p, &b, false, &original), PRODUCER_ACCEPT);
    producers_undo(&p, &first, 1);
    check_int(producers_find(&p, 1)->batch_count, 0);
    check_int(producers_check(&p, &a, false, &original), PRODUCER_ACCEPT);
    producers_release(&p);
}

/* Two batches of a new producer are in flight and the first one is not stored: were the second one taken as that
 * of a producer that had expired (T26), the first would be answered as an old duplicate when it comes again. */
TEST(producer, after_a_first_batch_that_was_not_stored_no_later_one_is_taken)
{
    struct drive d;
    drive_init(&d);
    drive_append(&d, SPEC());
    d.fail_next_write = ERR_NOSPACE;
    send(&d, 0, 0, 2);
    check_int(send(&d, 0, 2, 1), LOG_REFUSED);
    drive_jobs(&d);
    check_int(send(&d, 0, 2, 1), LOG_OUT_OF_ORDER_SEQUENCE);
    check_int(send(&d, 0, 0, 2), LOG_APPENDED);
    check_int(send(&d, 0, 2, 1), LOG_APPENDED);
    drive_release(&d);
}

/* The same after a restart, from a snapshot that knows the producer but none of its batches. */
TEST(producer, a_producer_without_batches_in_a_snapshot_awaits_its_first_one_too)
{
    struct producers p = {0}, q = {0};
    struct producer_undo undo;
    struct producer_batch original;
    struct buf bytes = {0};
    struct batch_header a = header(1, 5, 0, 0), b = header(1, 6, 0, 0);
    producers_await(&p, &a, 0);
    check_int(producers_check(&p, &b, false, &original), PRODUCER_GAP);
    producers_encode(&p, &bytes);
    check_int(producers_decode(&q, buf_slice(&bytes), 0), 0);
    producers_update(&q, &a, 0, &undo);
    producers_undo(&q, &undo, 1);
    check_int(producers_check(&q, &b, false, &original), PRODUCER_GAP);
    check_int(producers_check(&q, &a, false, &original), PRODUCER_ACCEPT);
    buf_release(&bytes);
    producers_release(&p);
    producers_release(&q);
}

/* The same, when the first one met a log that was being repaired. */
TEST(producer, after_a_first_batch_that_was_refused_no_later_one_is_taken)
{
    struct drive d;
    drive_init(&d);
    d.fail_next_write = ERR_NOSPACE;
    drive_append(&d, SPEC());
    check_int(send(&d, 0, 0, 2), LOG_REFUSED);
    drive_jobs(&d);
    drive_append(&d, SPEC());
    check_int(send(&d, 0, 2, 1), LOG_OUT_OF_ORDER_SEQUENCE);
    check_int(send(&d, 1, 0, 1), LOG_APPENDED); /* a new epoch begins afresh */
    drive_release(&d);
}

TEST(producer, there_is_room_for_so_many_and_the_longest_silent_go_first)
{
    struct producers p = {0};
    for (int64_t id = 0; id < PRODUCERS_MAX + 10; id++) {
        struct batch_header h = header(id, 0, id, 0);
        producers_update(&p, &h, id, NULL);
    }
    check(p.by_id.count <= PRODUCERS_MAX);
    check(p.by_id.count > PRODUCERS_MAX / 2);
    check(producers_find(&p, 0) == NULL);
    check(producers_find(&p, PRODUCERS_MAX + 9) != NULL);
    producers_release(&p);
    for (int64_t id = 0; id < PRODUCERS_MAX + 10; id++) { /* all in one millisecond */
        struct batch_header h = header(id, 0, id, 0);
        producers_update(&p, &h, 5, NULL);
    }
    check(p.by_id.count <= PRODUCERS_MAX);
    check(producers_find(&p, PRODUCERS_MAX + 9) != NULL);
    producers_release(&p);
}
