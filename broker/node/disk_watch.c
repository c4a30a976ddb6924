#include "broker/node/disk_watch.h"

static struct disk *inner_of(struct disk *d)
{
    return ((struct disk_watch *)d)->inner;
}

static int watch_open(struct disk *d, const char *path, enum disk_open how, struct disk_file **out)
{
    return inner_of(d)->call->open(inner_of(d), path, how, out);
}

static void watch_close(struct disk *d, struct disk_file *f)
{
    inner_of(d)->call->close(inner_of(d), f);
}

static int64_t watch_read_at(struct disk *d, struct disk_file *f, uint64_t at, void *p, size_t n)
{
    return inner_of(d)->call->read_at(inner_of(d), f, at, p, n);
}

static int watch_write_at(struct disk *d, struct disk_file *f, uint64_t at, const void *p, size_t n)
{
    return inner_of(d)->call->write_at(inner_of(d), f, at, p, n);
}

static int64_t watch_size(struct disk *d, struct disk_file *f)
{
    return inner_of(d)->call->size(inner_of(d), f);
}

static int watch_truncate(struct disk *d, struct disk_file *f, uint64_t size)
{
    return inner_of(d)->call->truncate(inner_of(d), f, size);
}

static int watch_sync(struct disk *d, struct disk_file *f)
{
    int status = inner_of(d)->call->sync(inner_of(d), f);
    ((struct disk_watch *)d)->sync_failed |= status < 0;
    return status;
}

static int watch_make_dir(struct disk *d, const char *path)
{
    return inner_of(d)->call->make_dir(inner_of(d), path);
}

static int watch_sync_dir(struct disk *d, const char *path)
{
    int status = inner_of(d)->call->sync_dir(inner_of(d), path);
    ((struct disk_watch *)d)->sync_failed |= status < 0 && status != ERR_NOMEM && status != ERR_NOTFOUND;
    return status;
}

static int watch_rename(struct disk *d, const char *from, const char *to)
{
    return inner_of(d)->call->rename(inner_of(d), from, to);
}

static int watch_remove(struct disk *d, const char *path)
{
    return inner_of(d)->call->remove(inner_of(d), path);
}

static int watch_list(struct disk *d, const char *path, void (*each)(void *context, const char *name, bool is_dir),
                      void *context)
{
    return inner_of(d)->call->list(inner_of(d), path, each, context);
}

static const struct disk_functions watch_functions = {
    .open = watch_open,
    .close = watch_close,
    .read_at = watch_read_at,
    .write_at = watch_write_at,
    .size = watch_size,
    .truncate = watch_truncate,
    .sync = watch_sync,
    .make_dir = watch_make_dir,
    .sync_dir = watch_sync_dir,
    .rename = watch_rename,
    .remove = watch_remove,
    .list = watch_list,
};

void disk_watch_init(struct disk_watch *w, struct disk *inner)
{
    *w = (struct disk_watch){.disk = {&watch_functions}, .inner = inner};
}
