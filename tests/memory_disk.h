/* memory_disk.h - a struct disk in memory, for unit tests and fuzzers.
 *
 * Files are byte buffers by path. Directories are made, renamed and listed but not otherwise modelled, and what
 * a crash does to unsynced writes is the simulator's business. The k-th call can be told to fail. All of it is in
 * this header, so that a test or a fuzzer needs no further object. */
#ifndef MILLRACE_TESTS_MEMORY_DISK_H
#define MILLRACE_TESTS_MEMORY_DISK_H

#include <stdlib.h>
#include <string.h>

#include "lib/base/memory.h"
#include "lib/os/disk.h"

struct fake_file {
    char *path;
    struct buf bytes;
    bool is_dir;
    bool unsynced; /* written or cut since its last sync */
};

/* Starts with fake_init. */
struct fake {
    struct disk disk; /* first: the functions get a struct disk * */
    struct fake_file *files;
    int count, capacity;
    int calls;                /* so far */
    int fail_at;              /* number of the call that fails; 0 none */
    int fail_with;            /* negative enum err */
    int fail_directory_syncs; /* the outcome of all of them; 0: fine */
    int syncs, directory_syncs;
    uint64_t bytes_read;
    int open_files;
};

struct disk_file {
    char *path;
};

static struct fake *fake_of(struct disk *d)
{
    return (struct fake *)d;
}

/* NULL when it is not there. */
static inline struct fake_file *fake_find(struct fake *f, const char *path)
{
    for (int i = 0; i < f->count; i++)
        if (strcmp(f->files[i].path, path) == 0) return &f->files[i];
    return NULL;
}

static inline struct fake_file *file_add(struct fake *f, const char *path, bool is_dir)
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
    fake_find(f, file->path)->unsynced = true;
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
    if (status < 0) return status;
    struct fake_file *x = fake_find(fake_of(d), file->path);
    x->unsynced |= size != x->bytes.n;
    resize(&x->bytes, (size_t)size);
    return 0;
}

static int fake_sync(struct disk *d, struct disk_file *file)
{
    fake_of(d)->syncs++;
    int status = call(fake_of(d));
    if (status == 0) fake_find(fake_of(d), file->path)->unsynced = false;
    return status;
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
    fake_of(d)->directory_syncs++;
    int status = call(fake_of(d));
    return status < 0 ? status : fake_of(d)->fail_directory_syncs;
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
    return strcmp((*(struct fake_file *const *)a)->path, (*(struct fake_file *const *)b)->path);
}

/* The name of an entry of the directory `path`, NULL for what is elsewhere or deeper. */
static const char *name_in(const char *path, const char *entry)
{
    size_t prefix = strlen(path);
    if (strncmp(entry, path, prefix) != 0 || (prefix && entry[prefix] != '/')) return NULL;
    const char *name = entry + prefix + (prefix > 0);
    return strchr(name, '/') ? NULL : name;
}

static int fake_list(struct disk *d, const char *path, void (*each)(void *, const char *, bool), void *context)
{
    struct fake *f = fake_of(d);
    struct fake_file *found[1000];
    int n = 0, status = call(f);
    if (status < 0) return status;
    if (*path && !fake_find(f, path)) return ERR_NOTFOUND;
    for (int i = 0; i < f->count && n < 1000; i++)
        if (name_in(path, f->files[i].path)) found[n++] = &f->files[i];
    qsort(found, (size_t)n, sizeof(struct fake_file *), by_name);
    for (int i = 0; i < n; i++) each(context, name_in(path, found[i]->path), found[i]->is_dir);
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

static inline void fake_init(struct fake *f)
{
    *f = (struct fake){.disk = {&fake_functions}};
}

static inline void fake_release(struct fake *f)
{
    while (f->count) file_remove(f, &f->files[0]);
    free(f->files);
    *f = (struct fake){0};
}

static inline void fake_put(struct fake *f, const char *path, struct slice bytes)
{
    struct fake_file *file = fake_find(f, path);
    if (!file) file = file_add(f, path, false);
    buf_reset(&file->bytes);
    buf_append_slice(&file->bytes, bytes);
}

/* Another disk with the same content. */
static inline void fake_copy(const struct fake *from, struct fake *to)
{
    fake_init(to);
    for (int i = 0; i < from->count; i++)
        buf_append_slice(&file_add(to, from->files[i].path, from->files[i].is_dir)->bytes,
                         buf_slice(&from->files[i].bytes));
}

#endif
