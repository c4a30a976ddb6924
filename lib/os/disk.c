#include "lib/os/disk.h"

#include <string.h>

int disk_read_all(struct disk *d, const char *path, size_t max, struct buf *out)
{
    struct disk_file *f;
    int status = d->call->open(d, path, DISK_READ, &f);
    if (status < 0) return status;
    int64_t size = d->call->size(d, f);
    if (size > 0 && (uint64_t)size > max) size = ERR_RANGE;
    int64_t got = size > 0 ? d->call->read_at(d, f, 0, buf_reserve(out, (size_t)size), (size_t)size) : size;
    if (got > 0) out->n += (size_t)got;
    d->call->close(d, f);
    return got < 0 ? (int)got : 0;
}

static int disk_write_synced(struct disk *d, const char *path, struct slice content)
{
    struct disk_file *f;
    int status = d->call->open(d, path, DISK_CREATE, &f);
    if (status < 0) return status;
    status = d->call->truncate(d, f, 0); /* a crash may have left an older one */
    if (status == 0) status = d->call->write_at(d, f, 0, content.p, content.n);
    if (status == 0) status = d->call->sync(d, f);
    d->call->close(d, f);
    return status;
}

static int disk_sync_parent(struct disk *d, const char *path)
{
    struct buf parent = {0};
    const char *slash = strrchr(path, '/');
    buf_append(&parent, path, slash ? (size_t)(slash - path) : 0);
    int status = d->call->sync_dir(d, buf_cstr(&parent));
    buf_release(&parent);
    return status;
}

int disk_replace_unsynced(struct disk *d, const char *path, struct slice content)
{
    struct buf temporary = {0};
    buf_printf(&temporary, "%s.tmp", path);
    int status = disk_write_synced(d, buf_cstr(&temporary), content);
    if (status == 0) status = d->call->rename(d, buf_cstr(&temporary), path);
    buf_release(&temporary);
    return status;
}

/* The order is the point: content durable, then the name, then the directory that holds the name. */
int disk_replace(struct disk *d, const char *path, struct slice content)
{
    int status = disk_replace_unsynced(d, path, content);
    return status == 0 ? disk_sync_parent(d, path) : status;
}

/* Entries as "dNAME\0" or "fNAME\0": collected first, because what a listing shows while its
 * directory shrinks is up to the implementation. */
static void remember_entry(void *context, const char *name, bool is_dir)
{
    struct buf *entries = context;
    buf_append_byte(entries, is_dir ? 'd' : 'f');
    buf_append(entries, name, strlen(name) + 1);
}

int disk_remove_tree(struct disk *d, const char *path)
{
    struct buf entries = {0}, child = {0};
    int status = d->call->list(d, path, remember_entry, &entries);
    for (size_t at = 0; status == 0 && at < entries.n;) {
        const char *entry = (const char *)entries.p + at;
        at += strlen(entry) + 1;
        buf_reset(&child);
        buf_printf(&child, "%s/%s", path, entry + 1);
        status = entry[0] == 'd' ? disk_remove_tree(d, buf_cstr(&child)) : d->call->remove(d, buf_cstr(&child));
    }
    if (status == 0) status = d->call->remove(d, path);
    buf_release(&entries);
    buf_release(&child);
    return status;
}
