#include "broker/log/drive_test.h"

/* ---- the log on it ---- */

static const uint8_t topic_id[16] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};

void drive_init(struct drive *d)
{
    *d = (struct drive){.config = log_config_default(), .now_ms = 1000000};
    fake_init(&d->fake);
    check_int(log_create_unsynced(&d->fake.disk, "orders-0", topic_id, &d->error), 0);
    d->log = log_new(&d->ids, "orders-0", topic_id, &d->config);
}

void drive_release(struct drive *d)
{
    log_free(d->log);
    log_report_release(&d->report);
    arena_release(&d->arena);
    check_int(d->fake.open_files, 0);
    fake_release(&d->fake);
}

static void build(const struct batch_spec *spec, struct buf *out)
{
    struct batch_options o = BATCH_OPTIONS_PLAIN;
    struct batch_builder b;
    struct buf value = {0};
    o.codec = spec->codec;
    if (spec->producer_id) o.producer_id = spec->producer_id;
    if (spec->producer_id) o.producer_epoch = spec->producer_epoch;
    if (spec->producer_id) o.base_sequence = spec->sequence;
    int64_t timestamp = spec->timestamp ? spec->timestamp : 1000;
    batch_builder_init(&b, &o);
    for (int i = 0; i < (spec->count ? spec->count : 1); i++) {
        buf_reset(&value);
        buf_printf(&value, "v%d", i);
        if (spec->value_size > value.n) memset(buf_reserve(&value, spec->value_size), 'x', spec->value_size);
        if (spec->value_size > value.n) value.n = spec->value_size;
        struct kafka_bytes none = {.n = -1}, v = {value.p, (int32_t)value.n};
        batch_builder_add(&b, timestamp + i * spec->step, none, v, NULL, 0);
    }
    check_int(batch_builder_finish(&b, out), 0);
    batch_builder_release(&b);
    buf_release(&value);
}

static void perform(struct drive *d, const struct log_write *w)
{
    struct disk_file *f;
    check_int(fake_open(&d->fake.disk, w->file->path, DISK_CREATE, &f), 0);
    check_int(fake_write_at(&d->fake.disk, f, w->at, w->bytes.p, w->bytes.n), 0);
    fake_close(&d->fake.disk, f);
}

struct log_append_result drive_append_begin(struct drive *d, struct batch_spec spec, struct buf *batch)
{
    struct batch_header header;
    struct log_append_result result;
    build(&spec, batch);
    check_int(batch_check(buf_slice(batch), &header), 0);
    log_append(d->log,
               &(struct log_append){.batch = batch->p,
                                    .size = batch->n,
                                    .header = &header,
                                    .leader_epoch = d->leader_epoch,
                                    .now_ms = d->now_ms,
                                    .origin_client = true},
               &d->arena, &result);
    return result;
}

void drive_written(struct drive *d, const struct log_append_result *r, int err)
{
    if (r->outcome != LOG_APPENDED) return;
    for (int i = 0; i < r->write_count && err == 0; i++) perform(d, &r->writes[i]);
    log_written(d->log, r->base_offset, err);
}

struct log_append_result drive_append(struct drive *d, struct batch_spec spec)
{
    struct buf batch = {0};
    struct log_append_result r = drive_append_begin(d, spec, &batch);
    int err = d->fail_next_write;
    d->fail_next_write = 0;
    drive_written(d, &r, err);
    buf_release(&batch);
    return r;
}

void drive_sync(struct drive *d, int err)
{
    struct log_file **files;
    if (log_sync_begin(d->log, &d->arena, &files) > 0) log_synced(d->log, err);
}

void drive_jobs(struct drive *d)
{
    struct log_job *job;
    while ((job = log_take_job(d->log))) log_job_done(d->log, job, log_job_run(job, &d->fake.disk));
}

static void fetch(struct drive *d, const struct log_read *r, struct buf *out)
{
    struct disk_file *f;
    buf_reset(out);
    check_int(fake_open(&d->fake.disk, r->file->path, DISK_READ, &f), 0);
    int64_t n = fake_read_at(&d->fake.disk, f, r->at, buf_reserve(out, r->length), r->length);
    check(n >= 0);
    out->n = (size_t)n;
    fake_close(&d->fake.disk, f);
}

enum log_read_outcome drive_read(struct drive *d, int64_t offset, int64_t max_bytes, bool min_one, struct buf *out)
{
    struct log_read r = {.offset = offset, .max_bytes = max_bytes, .min_one = min_one, .isolation = LOG_WRITTEN};
    struct buf bytes = {0};
    enum log_read_outcome outcome = log_read_begin(d->log, &r);
    for (int rounds = 0; outcome == LOG_READ_MORE; rounds++) {
        check(rounds < 1000);
        fetch(d, &r, &bytes);
        outcome = log_read_continue(d->log, &r, 0, buf_slice(&bytes));
    }
    if (outcome == LOG_READ_RANGE && out) fetch(d, &r, out);
    buf_release(&bytes);
    return outcome;
}

int64_t drive_read_base(struct drive *d, int64_t offset)
{
    struct buf bytes = {0};
    struct batch_header h;
    int64_t base = -1 - (int64_t)drive_read(d, offset, 1, true, &bytes);
    if (bytes.n > 0 && batch_check(buf_slice(&bytes), &h) == 0) base = h.base_offset;
    buf_release(&bytes);
    return base;
}

int drive_reopen(struct drive *d, bool clean, int64_t recovery_point)
{
    struct log_open_info info = {.clean = clean, .recovery_point = recovery_point, .now_ms = d->now_ms};
    log_free(d->log);
    d->log = NULL;
    log_report_release(&d->report);
    d->error.text[0] = 0;
    return log_open(&d->fake.disk, &d->ids, "orders-0", &d->config, &info, &d->log, &d->report, &d->error);
}

void drive_close(struct drive *d)
{
    log_close_begin(d->log);
    drive_jobs(d);
    check_int(log_state(d->log), LOG_CLOSED);
}

struct fake_file *drive_file(struct drive *d, int64_t base, const char *suffix)
{
    char path[64];
    snprintf(path, sizeof path, "orders-0/%020lld.%s", (long long)base, suffix);
    return fake_find(&d->fake, path);
}
