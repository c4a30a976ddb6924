#include "broker/log/drive_test.h"

#include <stdlib.h>

#include "lib/base/memory.h"

/* ---- the disk ---- */

struct disk_file {
    char *path;
};

static struct fake *fake_of(struct disk *d)
{
    return (struct fake *)d;
}

struct fake_file *fake_find(struct fake *f, const char *path)
{
    for (int i = 0; i < f->count; i++)
        if (strcmp(f->files[i].path, path) == 0) return &f->files[i];
    return NULL;
}

static struct fake_file *file_add(struct fake *f, const char *path, bool is_dir)
{
    if (f->count == f->capacity) {
        f->capacity = f->capacity ? f->capacity * 2 : 16;
        f->files = memory_grow(f->files, (size_t)f->capacity, sizeof *f->files);
    }
    f->files[f->count++] = (struct fake_file){.path = memory_str(path), .is_dir = is_dir};
    return &f->files[f->count - 1];
}

static void file_remove(struct fake *f, struct fake_file *file)
{
    free(file->path);
    buf_release(&file->bytes);
    *file = f->files[--f->count];
}

/* Counts a call; negative when it is the one that fails. */
static int call(struct fake *f)
{
    return ++f->calls == f->fail_at ? f->fail_with : 0;
}

static int fake_open(struct disk *d, const char *path, enum disk_open how, struct disk_file **out)
{
    struct fake *f = fake_of(d);
    int status = call(f);
    if (status < 0) return status;
    if (!fake_find(f, path)) {
        if (how != DISK_CREATE) return ERR_NOTFOUND;
        file_add(f, path, false);
    }
    *out = memory_new(sizeof **out);
    (*out)->path = memory_str(path);
    f->open_files++;
    return 0;
}

static void fake_close(struct disk *d, struct disk_file *file)
{
    fake_of(d)->open_files--;
    free(file->path);
    free(file);
}

static int64_t fake_read_at(struct disk *d, struct disk_file *file, uint64_t at, void *p, size_t n)
{
    struct fake *f = fake_of(d);
    int status = call(f);
    if (status < 0) return status;
    struct buf *b = &fake_find(f, file->path)->bytes;
    if (at >= b->n) return 0;
    if (n > b->n - at) n = b->n - (size_t)at;
    memcpy(p, b->p + at, n);
    f->bytes_read += n;
    return (int64_t)n;
}

static void resize(struct buf *b, size_t n)
{
    if (n > b->n) memset(buf_reserve(b, n - b->n), 0, n - b->n);
    b->n = n;
}

static int fake_write_at(struct disk *d, struct disk_file *file, uint64_t at, const void *p, size_t n)
{
    struct fake *f = fake_of(d);
    int status = call(f);
    if (status < 0) return status;
    struct buf *b = &fake_find(f, file->path)->bytes;
    if (at + n > b->n) resize(b, (size_t)at + n);
    if (n) memcpy(b->p + at, p, n);
    return 0;
}

static int64_t fake_size(struct disk *d, struct disk_file *file)
{
    int status = call(fake_of(d));
    return status < 0 ? status : (int64_t)fake_find(fake_of(d), file->path)->bytes.n;
}

static int fake_truncate(struct disk *d, struct disk_file *file, uint64_t size)
{
    int status = call(fake_of(d));
    if (status == 0) resize(&fake_find(fake_of(d), file->path)->bytes, (size_t)size);
    return status;
}

static int fake_sync(struct disk *d, struct disk_file *file)
{
    (void)file;
    fake_of(d)->syncs++;
    return call(fake_of(d));
}

static int fake_make_dir(struct disk *d, const char *path)
{
    int status = call(fake_of(d));
    if (status == 0 && !fake_find(fake_of(d), path)) file_add(fake_of(d), path, true);
    return status;
}

static int fake_sync_dir(struct disk *d, const char *path)
{
    (void)path;
    return call(fake_of(d));
}

/* A directory takes its files along. */
static int fake_rename(struct disk *d, const char *from, const char *to)
{
    struct fake *f = fake_of(d);
    int status = call(f);
    size_t n = strlen(from);
    if (status < 0) return status;
    if (!fake_find(f, from)) return ERR_NOTFOUND;
    if (fake_find(f, to)) file_remove(f, fake_find(f, to));
    for (int i = 0; i < f->count; i++) {
        char *path = f->files[i].path;
        if (strncmp(path, from, n) != 0 || (path[n] != 0 && path[n] != '/')) continue;
        struct buf moved = {0};
        buf_printf(&moved, "%s%s", to, path + n);
        f->files[i].path = memory_str(buf_cstr(&moved));
        free(path);
        buf_release(&moved);
    }
    return 0;
}

static int fake_remove(struct disk *d, const char *path)
{
    struct fake *f = fake_of(d);
    int status = call(f);
    if (status < 0) return status;
    if (!fake_find(f, path)) return ERR_NOTFOUND;
    file_remove(f, fake_find(f, path));
    return 0;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static int fake_list(struct disk *d, const char *path, void (*each)(void *, const char *, bool), void *context)
{
    struct fake *f = fake_of(d);
    char *names[1000];
    int n = 0, status = call(f);
    size_t prefix = strlen(path);
    if (status < 0) return status;
    if (!fake_find(f, path)) return ERR_NOTFOUND;
    for (int i = 0; i < f->count && n < 1000; i++)
        if (strncmp(f->files[i].path, path, prefix) == 0 && f->files[i].path[prefix] == '/')
            names[n++] = f->files[i].path + prefix + 1;
    qsort(names, (size_t)n, sizeof *names, by_name);
    for (int i = 0; i < n; i++) each(context, names[i], false);
    return 0;
}

static const struct disk_functions fake_functions = {
    .open = fake_open,
    .close = fake_close,
    .read_at = fake_read_at,
    .write_at = fake_write_at,
    .size = fake_size,
    .truncate = fake_truncate,
    .sync = fake_sync,
    .make_dir = fake_make_dir,
    .sync_dir = fake_sync_dir,
    .rename = fake_rename,
    .remove = fake_remove,
    .list = fake_list,
};

void fake_init(struct fake *f)
{
    *f = (struct fake){.disk = {&fake_functions}};
}

void fake_release(struct fake *f)
{
    check_int(f->open_files, 0);
    while (f->count) file_remove(f, &f->files[0]);
    free(f->files);
    *f = (struct fake){0};
}

void fake_put(struct fake *f, const char *path, struct slice bytes)
{
    struct fake_file *file = fake_find(f, path);
    if (!file) file = file_add(f, path, false);
    buf_reset(&file->bytes);
    buf_append_slice(&file->bytes, bytes);
}

void fake_copy(const struct fake *from, struct fake *to)
{
    fake_init(to);
    for (int i = 0; i < from->count; i++)
        buf_append_slice(&file_add(to, from->files[i].path, from->files[i].is_dir)->bytes,
                         buf_slice(&from->files[i].bytes));
}

/* ---- the log on it ---- */

static const uint8_t topic_id[16] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};

void drive_init(struct drive *d)
{
    *d = (struct drive){.config = log_config_default(), .now_ms = 1000000};
    fake_init(&d->fake);
    check_int(log_create(&d->fake.disk, "orders-0", topic_id, &d->error), 0);
    d->log = log_new(&d->ids, "orders-0", topic_id, &d->config);
}

void drive_release(struct drive *d)
{
    log_free(d->log);
    log_report_release(&d->report);
    arena_release(&d->arena);
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
