/* One flipped bit, in any file of a partition, at any place: what is served then is what was stored, or an error. */
#include "broker/log/drive_test.h"

enum { FLIP_BATCHES = 10 };

struct stored {
    struct buf batches[FLIP_BATCHES]; /* of two records each */
    struct fake files;
};

/* Three segments with an index entry for each batch, closed in order. Leaders: how many there were, with epochs 0,
 * 3, 6. */
static void stored_make(struct stored *s, struct drive *d, int leaders)
{
    *s = (struct stored){0};
    drive_init(d);
    d->config.index_interval_bytes = 1;
    d->config.segment_bytes = 400;
    log_set_config(d->log, &d->config);
    for (int i = 0; i < FLIP_BATCHES; i++) {
        struct buf batch = {0};
        d->leader_epoch = 3 * (i * leaders / FLIP_BATCHES);
        struct log_append_result r = drive_append_begin(
            d, SPEC(.count = 2, .timestamp = 1000 + 10 * i, .step = 1, .producer_id = 7, .sequence = 2 * i), &batch);
        check_int(r.outcome, LOG_APPENDED);
        drive_written(d, &r, 0);
        buf_append_slice(&s->batches[i], buf_slice(&batch));
        buf_release(&batch);
        drive_sync(d, 0);
        drive_jobs(d);
    }
    drive_close(d);
    fake_copy(&d->fake, &s->files);
}

static void stored_release(struct stored *s)
{
    for (int i = 0; i < FLIP_BATCHES; i++) buf_release(&s->batches[i]);
    fake_release(&s->files);
}

/* Whether these bytes begin with that batch. The leader epoch is no part of what a reader is told of a record. */
static bool is_batch(struct slice bytes, const struct buf *original)
{
    enum { EPOCH = 12, MAGIC = 16 };
    return bytes.n >= original->n && memcmp(bytes.p, original->p, EPOCH) == 0 &&
           memcmp(bytes.p + MAGIC, original->p + MAGIC, original->n - MAGIC) == 0;
}

struct tally {
    int served, refused, missing;
};

/* Reads from every offset, as much as there is: each batch of each range must be the one that was stored. */
static void read_all(struct drive *d, const struct stored *s, struct tally *t)
{
    struct buf bytes = {0};
    for (int64_t offset = 0; offset < 2 * FLIP_BATCHES; offset++) {
        enum log_read_outcome outcome = drive_read(d, offset, 10000, true, &bytes);
        if (outcome != LOG_READ_RANGE) {
            check(outcome == LOG_READ_CORRUPT || outcome == LOG_READ_OUT_OF_RANGE || outcome == LOG_READ_EMPTY);
            t->refused += outcome == LOG_READ_CORRUPT;
            t->missing += outcome != LOG_READ_CORRUPT;
            continue;
        }
        t->served++;
        size_t at = 0;
        for (int i = (int)offset / 2; i < FLIP_BATCHES && at < bytes.n; at += s->batches[i++].n)
            check(is_batch(slice_of(bytes.p + at, bytes.n - at), &s->batches[i]));
    }
    buf_release(&bytes);
}

/* Looks every timestamp up: the offset is the right one, or there is an error. */
static void look_up_all(struct drive *d)
{
    log_raise_high_watermark(d->log, log_offsets(d->log)->end);
    for (int64_t offset = 0; offset < 2 * FLIP_BATCHES; offset++) {
        struct log_lookup *l = log_lookup_new(d->log, 1000 + 10 * (offset / 2) + offset % 2);
        int rc = log_lookup_run(l, &d->fake.disk);
        if (rc == 0) {
            /* what is damaged is passed over */
            bool right = l->found && l->offset == offset && l->found_timestamp == l->timestamp;
            bool passed = !l->found || l->offset > offset;
            check(right || (passed && drive_read(d, offset, 1, true, NULL) == LOG_READ_CORRUPT));
        }
        log_lookup_free(l);
    }
}

/* What every epoch is answered with, as a text. */
static void epochs_tell(const struct drive *d, struct buf *out)
{
    for (int32_t epoch = 0; epoch < 8; epoch++) {
        int32_t found;
        int64_t end;
        log_epoch_end(d->log, epoch, &found, &end);
        buf_printf(out, "%d %d %lld\n", epoch, found, (long long)end);
    }
    for (int64_t offset = 0; offset < 2 * FLIP_BATCHES; offset++) buf_printf(out, "%d\n", log_epoch_at(d->log, offset));
}

/* Every bit of every file whose name ends so; how the log is opened then. */
static struct tally flip_all(const struct stored *s, struct drive *d, const char *suffix, bool clean)
{
    struct tally all = {0};
    size_t n = strlen(suffix);
    for (int file = 0; file < s->files.count; file++) {
        const struct fake_file *f = &s->files.files[file];
        if (f->is_dir || strlen(f->path) < n || strcmp(f->path + strlen(f->path) - n, suffix) != 0) continue;
        for (size_t bit = 0; bit < f->bytes.n * 8; bit++) {
            fake_release(&d->fake);
            fake_copy(&s->files, &d->fake);
            fake_find(&d->fake, f->path)->bytes.p[bit / 8] ^= (uint8_t)(1 << bit % 8);
            check_int(drive_reopen(d, clean, 2 * FLIP_BATCHES), 0);
            check_int(log_offsets(d->log)->end, 2 * FLIP_BATCHES);
            check_int(d->report.cut_bytes, 0); /* all of it lies below the recovery point */
            read_all(d, s, &all);
            look_up_all(d);
        }
    }
    return all;
}

static void flip_kind(const char *suffix, bool all_served)
{
    struct drive d;
    struct stored s;
    stored_make(&s, &d, 1);
    for (int clean = 0; clean < 2; clean++) {
        struct tally t = flip_all(&s, &d, suffix, clean);
        check(t.served > 100);
        check_int(t.missing, 0);
        if (all_served) check_int(t.refused, 0);
    }
    stored_release(&s);
    drive_release(&d);
}

TEST(log_flip, a_log_is_never_served_wrong)
{
    flip_kind(".log", false);
}

TEST(log_flip, an_index_costs_time_only)
{
    flip_kind("0.index", true);
}

TEST(log_flip, a_time_index_costs_no_record)
{
    flip_kind(".timeindex", true);
}

TEST(log_flip, a_snapshot_costs_no_record)
{
    flip_kind(".snapshot", true);
}

static void flip_epochs(int leaders)
{
    struct drive d;
    struct stored s;
    struct buf right = {0};
    stored_make(&s, &d, leaders);
    const struct fake_file *f = fake_find(&s.files, "orders-0/leader-epoch-checkpoint");
    check_int(drive_reopen(&d, true, 2 * FLIP_BATCHES), 0);
    check_int(d.report.text.n, 0);
    epochs_tell(&d, &right);
    for (size_t bit = 0; bit < f->bytes.n * 16; bit++) {
        struct buf told = {0};
        fake_release(&d.fake);
        fake_copy(&s.files, &d.fake);
        fake_find(&d.fake, f->path)->bytes.p[bit / 16] ^= (uint8_t)(1 << bit / 2 % 8);
        check_int(drive_reopen(&d, bit % 2, 2 * FLIP_BATCHES), 0);
        epochs_tell(&d, &told);
        check_str(buf_cstr(&told), buf_cstr(&right));
        buf_release(&told);
    }
    buf_release(&right);
    stored_release(&s);
    drive_release(&d);
}

TEST(log_flip, leader_epochs_are_right)
{
    flip_kind("leader-epoch-checkpoint", true);
    flip_epochs(2);
    flip_epochs(3);
}

TEST(log_flip, the_epoch_of_one_leader_is_right)
{
    flip_epochs(1);
}

/* The file is gone, and one bit of one batch's epoch is another one. */
TEST(log_flip, an_epoch_that_does_not_ascend_is_passed_over)
{
    enum { EPOCH = 12 };
    struct drive d;
    struct stored s;
    struct buf right = {0};
    stored_make(&s, &d, 2);
    check_int(drive_reopen(&d, true, 2 * FLIP_BATCHES), 0);
    epochs_tell(&d, &right);
    for (int bit = 0; bit < 32; bit++) {
        struct buf told = {0};
        fake_release(&d.fake);
        fake_copy(&s.files, &d.fake);
        fake_find(&d.fake, "orders-0/leader-epoch-checkpoint")->bytes.p[0] = '?';
        drive_file(&d, 0, "log")->bytes.p[s.batches[0].n + EPOCH + bit / 8] ^= (uint8_t)(1 << bit % 8);
        check_int(drive_reopen(&d, true, 2 * FLIP_BATCHES), 0);
        epochs_tell(&d, &told);
        check_str(buf_cstr(&told), buf_cstr(&right));
        buf_release(&told);
    }
    buf_release(&right);
    stored_release(&s);
    drive_release(&d);
}

TEST(log_flip, a_topic_id_costs_no_record)
{
    flip_kind("partition.metadata", true);
}
