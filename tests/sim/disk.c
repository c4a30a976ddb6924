#include "tests/sim/disk.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/memory.h"

/* Open files of the table. */
struct disk_file {
    struct inode *inode;
};

/* --- inodes and entries --- */

static struct inode *inode_new(struct sim_disk *d, bool is_dir)
{
    struct inode *f = memory_new(sizeof *f);
    f->is_dir = is_dir;
    f->made_before = d->inodes;
    d->inodes = f;
    return f;
}

static struct inode *entry_get(const struct sim_entries *e, struct slice name)
{
    for (int i = 0; i < e->count; i++)
        if (slice_equal(slice_str(e->items[i].name), name)) return e->items[i].inode;
    return NULL;
}

static void entry_drop(struct sim_entries *e, const char *name)
{
    for (int i = 0; i < e->count; i++) {
        if (strcmp(e->items[i].name, name) != 0) continue;
        free(e->items[i].name);
        e->items[i] = e->items[--e->count];
        return;
    }
}

void entry_set(struct sim_entries *e, const char *name, struct inode *inode)
{
    entry_drop(e, name);
    if (e->count == e->capacity) {
        e->capacity = e->capacity ? e->capacity * 2 : 8;
        e->items = memory_grow(e->items, (size_t)e->capacity, sizeof *e->items);
    }
    e->items[e->count++] = (struct sim_entry){memory_str(name), inode};
}

void entries_release(struct sim_entries *e)
{
    for (int i = 0; i < e->count; i++) free(e->items[i].name);
    free(e->items);
    *e = (struct sim_entries){0};
}

/* The directory that holds the last part of `path`, and that part; NULL when there is none. */
static struct inode *parent_find(struct sim_disk *d, const char *path, const char **name)
{
    struct inode *at = d->root;
    for (const char *slash; (slash = strchr(path, '/')); path = slash + 1) {
        at = entry_get(&at->now_in, slice_of(path, (size_t)(slash - path)));
        if (!at || !at->is_dir) return NULL;
    }
    *name = path;
    return at;
}

static struct inode *inode_find(struct sim_disk *d, const char *path)
{
    const char *name;
    if (!path[0]) return d->root;
    struct inode *parent = parent_find(d, path, &name);
    return parent ? entry_get(&parent->now_in, slice_str(name)) : NULL;
}

/* --- changes of directories --- */

void dir_change_apply(const struct dir_change *c, bool synced)
{
    if (c->removed_from) entry_drop(synced ? &c->removed_from->synced_in : &c->removed_from->now_in, c->removed);
    if (c->added_to) entry_set(synced ? &c->added_to->synced_in : &c->added_to->now_in, c->added, c->inode);
}

void dir_change_release(struct dir_change *c)
{
    free(c->removed);
    free(c->added);
}

static void change_make(struct sim_disk *d, struct inode *from, const char *removed, struct inode *to,
                        const char *added, struct inode *inode)
{
    if (d->change_count == d->change_capacity) {
        d->change_capacity = d->change_capacity ? d->change_capacity * 2 : 16;
        d->changes = memory_grow(d->changes, (size_t)d->change_capacity, sizeof *d->changes);
    }
    struct dir_change *c = &d->changes[d->change_count++];
    *c = (struct dir_change){
        .number = ++d->writes,
        .removed_from = from,
        .added_to = to,
        .removed = from ? memory_str(removed) : NULL,
        .added = to ? memory_str(added) : NULL,
        .inode = inode,
    };
    dir_change_apply(c, false);
}

static void changes_sync(struct sim_disk *d, const struct inode *dir, uint64_t up_to)
{
    int kept = 0;
    for (int i = 0; i < d->change_count; i++) {
        struct dir_change *c = &d->changes[i];
        if (c->number <= up_to && (c->removed_from == dir || c->added_to == dir)) {
            dir_change_apply(c, true);
            dir_change_release(c);
        } else {
            d->changes[kept++] = *c;
        }
    }
    d->change_count = kept;
}

/* --- content --- */

static void content_resize(struct buf *b, uint64_t n)
{
    if (n > b->n) memset(buf_reserve(b, (size_t)n - b->n), 0, (size_t)n - b->n);
    b->n = (size_t)n;
}

void content_put(struct buf *b, uint64_t at, struct slice bytes)
{
    if (bytes.n == 0) return;
    if (at + bytes.n > b->n) content_resize(b, at + bytes.n);
    memcpy(b->p + at, bytes.p, bytes.n);
}

void sim_write_apply(const struct sim_write *w, struct buf *content)
{
    if (w->truncate)
        content_resize(content, w->at);
    else
        content_put(content, w->at, buf_slice(&w->bytes));
}

static struct sim_write *write_new(struct sim_disk *d, struct inode *f)
{
    if (f->write_count == f->write_capacity) {
        f->write_capacity = f->write_capacity ? f->write_capacity * 2 : 8;
        f->writes = memory_grow(f->writes, (size_t)f->write_capacity, sizeof *f->writes);
    }
    struct sim_write *w = &f->writes[f->write_count++];
    *w = (struct sim_write){.number = ++d->writes};
    return w;
}

static void write_make(struct sim_disk *d, struct inode *f, uint64_t at, struct slice bytes)
{
    struct sim_write *w = write_new(d, f);
    w->at = at;
    buf_append_slice(&w->bytes, bytes);
    sim_write_apply(w, &f->now);
}

void inode_writes_forget(struct inode *f, int count)
{
    if (count == 0) return;
    for (int i = 0; i < count; i++) buf_release(&f->writes[i].bytes);
    memmove(f->writes, f->writes + count, (size_t)(f->write_count - count) * sizeof *f->writes);
    f->write_count -= count;
}

/* --- faults --- */

static bool fault(struct sim_disk *d, uint32_t one_in, enum sim_fault kind)
{
    if (one_in == 0 || !random_chance(d->random, 1, one_in)) return false;
    d->faults_hit++;
    if (d->broke) d->broke(d->context, kind);
    return true;
}

/* Counts a call; negative when the power is off. */
static int call(struct sim_disk *d)
{
    d->calls++;
    if (d->calls_left > 0 && --d->calls_left == 0) d->off = true;
    return d->off ? ERR_IO : 0;
}

/* Of a call that changes names or sizes: an error leaves all as it was. */
static int change_call(struct sim_disk *d)
{
    int rc = call(d);
    return rc == 0 && fault(d, d->faults.change_error, FAULT_CHANGE_ERROR) ? ERR_IO : rc;
}

int sim_disk_write(struct sim_disk *d, struct inode *f, uint64_t at, struct slice bytes)
{
    bool was_off = d->off;
    int rc = call(d);
    if (rc == 0 && fault(d, d->faults.full, FAULT_WRITE_FULL)) rc = ERR_NOSPACE;
    if (rc == 0 && fault(d, d->faults.write_error, FAULT_WRITE_ERROR)) rc = ERR_IO;
    /* The write that the power cut or the error met: some of it may be there. */
    if (rc < 0 && bytes.n > 0) bytes.n = (size_t)random_below(d->random, bytes.n);
    if (!was_off) write_make(d, f, at, bytes);
    return rc;
}

int64_t sim_disk_read(struct sim_disk *d, struct inode *f, uint64_t at, void *p, size_t n)
{
    int rc = call(d);
    if (rc < 0) return rc;
    if (fault(d, d->faults.read_error, FAULT_READ_ERROR)) return ERR_IO;
    if (n == 0 || at >= f->now.n) return 0;
    if (n > f->now.n - at) n = (size_t)(f->now.n - at);
    memcpy(p, f->now.p + at, n);
    return (int64_t)n;
}

int sim_disk_sync(struct sim_disk *d, struct inode *f, uint64_t up_to)
{
    int rc = call(d), covered = 0;
    if (rc < 0) return rc;
    bool failed = fault(d, d->faults.sync_error, FAULT_SYNC_ERROR);
    if (failed) d->sync_failed = true;
    if (f->is_dir && !failed) changes_sync(d, f, up_to);
    while (covered < f->write_count && f->writes[covered].number <= up_to) {
        if (!failed || random_chance(d->random, 1, 2)) sim_write_apply(&f->writes[covered], &f->synced);
        covered++;
    }
    inode_writes_forget(f, covered);
    return failed ? ERR_IO : 0;
}

struct inode *sim_disk_find(struct sim_disk *d, const char *path, bool create, int *err)
{
    const char *name;
    struct inode *f = inode_find(d, path);
    *err = d->off ? ERR_IO : f ? 0 : ERR_NOTFOUND;
    if (*err != ERR_NOTFOUND) return *err ? NULL : f;
    struct inode *parent = parent_find(d, path, &name);
    if (!create || !parent) return NULL;
    *err = fault(d, d->faults.full, FAULT_MAKE_FULL) ? ERR_NOSPACE : 0;
    if (*err) return NULL;
    f = inode_new(d, false);
    change_make(d, NULL, NULL, parent, name, f);
    return f;
}

/* --- the table for recovery and jobs --- */

static struct sim_disk *sim_of(struct disk *d)
{
    return (struct sim_disk *)d;
}

static int table_open(struct disk *disk, const char *path, enum disk_open how, struct disk_file **out)
{
    struct sim_disk *d = sim_of(disk);
    int rc = call(d);
    struct inode *f = rc < 0 ? NULL : sim_disk_find(d, path, how == DISK_CREATE, &rc);
    if (rc < 0) return rc;
    *out = memory_new(sizeof **out);
    (*out)->inode = f;
    return 0;
}

static void table_close(struct disk *disk, struct disk_file *f)
{
    (void)disk;
    free(f);
}

static int64_t table_read_at(struct disk *disk, struct disk_file *f, uint64_t at, void *p, size_t n)
{
    return sim_disk_read(sim_of(disk), f->inode, at, p, n);
}

static int table_write_at(struct disk *disk, struct disk_file *f, uint64_t at, const void *p, size_t n)
{
    return sim_disk_write(sim_of(disk), f->inode, at, slice_of(p, n));
}

static int64_t table_size(struct disk *disk, struct disk_file *f)
{
    int rc = call(sim_of(disk));
    return rc < 0 ? rc : (int64_t)f->inode->now.n;
}

static int table_truncate(struct disk *disk, struct disk_file *f, uint64_t size)
{
    struct sim_disk *d = sim_of(disk);
    int rc = change_call(d);
    if (rc < 0 || f->inode->now.n == size) return rc;
    struct sim_write *w = write_new(d, f->inode);
    w->truncate = true;
    w->at = size;
    sim_write_apply(w, &f->inode->now);
    return 0;
}

static int table_sync(struct disk *disk, struct disk_file *f)
{
    return sim_disk_sync(sim_of(disk), f->inode, UINT64_MAX);
}

static int table_make_dir(struct disk *disk, const char *path)
{
    struct sim_disk *d = sim_of(disk);
    const char *name;
    int rc = call(d);
    if (rc < 0 || inode_find(d, path)) return rc;
    struct inode *parent = parent_find(d, path, &name);
    if (!parent) return ERR_NOTFOUND;
    if (fault(d, d->faults.full, FAULT_MAKE_FULL)) return ERR_NOSPACE;
    change_make(d, NULL, NULL, parent, name, inode_new(d, true));
    return 0;
}

static int table_sync_dir(struct disk *disk, const char *path)
{
    struct inode *dir = inode_find(sim_of(disk), path);
    return dir ? sim_disk_sync(sim_of(disk), dir, UINT64_MAX) : ERR_NOTFOUND;
}

static int table_rename(struct disk *disk, const char *from, const char *to)
{
    struct sim_disk *d = sim_of(disk);
    const char *from_name, *to_name;
    int rc = change_call(d);
    if (rc < 0) return rc;
    struct inode *f = inode_find(d, from);
    if (!f) return ERR_NOTFOUND;
    struct inode *from_dir = parent_find(d, from, &from_name), *to_dir = parent_find(d, to, &to_name);
    if (!to_dir) return ERR_NOTFOUND;
    change_make(d, from_dir, from_name, to_dir, to_name, f);
    return 0;
}

static int table_remove(struct disk *disk, const char *path)
{
    struct sim_disk *d = sim_of(disk);
    const char *name;
    int rc = change_call(d);
    if (rc < 0) return rc;
    struct inode *f = inode_find(d, path);
    if (!f) return ERR_NOTFOUND;
    if (f->is_dir && f->now_in.count) return ERR_EXISTS;
    struct inode *parent = parent_find(d, path, &name);
    change_make(d, parent, name, NULL, NULL, NULL);
    return 0;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct sim_entry *)a)->name, ((const struct sim_entry *)b)->name);
}

static int table_list(struct disk *disk, const char *path, void (*each)(void *, const char *, bool), void *context)
{
    struct sim_disk *d = sim_of(disk);
    int rc = call(d);
    struct inode *dir = inode_find(d, path);
    if (rc < 0) return rc;
    if (!dir || !dir->is_dir) return ERR_NOTFOUND;
    if (dir->now_in.count) qsort(dir->now_in.items, (size_t)dir->now_in.count, sizeof *dir->now_in.items, by_name);
    for (int i = 0; i < dir->now_in.count; i++)
        each(context, dir->now_in.items[i].name, dir->now_in.items[i].inode->is_dir);
    return 0;
}

static const struct disk_functions table = {
    .open = table_open,
    .close = table_close,
    .read_at = table_read_at,
    .write_at = table_write_at,
    .size = table_size,
    .truncate = table_truncate,
    .sync = table_sync,
    .make_dir = table_make_dir,
    .sync_dir = table_sync_dir,
    .rename = table_rename,
    .remove = table_remove,
    .list = table_list,
};

/* --- life --- */

void sim_disk_init(struct sim_disk *d, struct random *random)
{
    *d = (struct sim_disk){.disk = {&table}, .random = random, .calls_left = -1};
    d->root = inode_new(d, true);
}

void sim_disk_release(struct sim_disk *d)
{
    for (struct inode *f = d->inodes, *before; f; f = before) {
        before = f->made_before;
        inode_writes_forget(f, f->write_count);
        free(f->writes);
        buf_release(&f->now);
        buf_release(&f->synced);
        entries_release(&f->now_in);
        entries_release(&f->synced_in);
        free(f);
    }
    for (int i = 0; i < d->change_count; i++) dir_change_release(&d->changes[i]);
    free(d->changes);
}
