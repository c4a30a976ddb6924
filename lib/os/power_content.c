/* Contents. A file is known by its inode, so that renames need no attention. It has a record while something of it is
 * not durable: with the length up to which it is. */
#include <stdlib.h>
#include <sys/stat.h>

#include "lib/base/memory.h"
#include "lib/os/power_state.h"

struct slice power_inode_key(const uint64_t *inode)
{
    return slice_of(inode, sizeof *inode);
}

static void file_settle(struct power *p, struct power_file *f)
{
    if (f->references > 0 || f->record) return;
    if (table_get(&p->files, power_inode_key(&f->inode)) == f) table_remove(&p->files, power_inode_key(&f->inode));
    free(f->path);
    free(f);
}

static void file_is_durable(struct power *p, struct power_file *f)
{
    if (f->record) power_journal_drop(&p->journal, f->record);
    f->record = NULL;
}

void power_inode_forget(struct power *p, uint64_t inode)
{
    struct power_file *f = table_remove(&p->files, power_inode_key(&inode));
    if (!f) return;
    f->removed = true;
    file_is_durable(p, f);
    file_settle(p, f);
}

struct power_file *power_file_get(struct power *p, int descriptor, const char *path)
{
    struct stat st;
    if (!p || fstat(descriptor, &st) != 0) return NULL;
    uint64_t inode = st.st_ino;
    pthread_mutex_lock(&p->lock);
    struct power_file *f = table_get(&p->files, power_inode_key(&inode));
    if (!f) {
        f = memory_new(sizeof *f);
        f->inode = inode;
        f->path = memory_str(path);
        table_set(&p->files, power_inode_key(&inode), f);
    }
    if (f->references++ == 0) f->size = (uint64_t)st.st_size;
    pthread_mutex_unlock(&p->lock);
    return f;
}

void power_file_put(struct power *p, struct power_file *f)
{
    if (!f) return;
    pthread_mutex_lock(&p->lock);
    f->references--;
    file_settle(p, f);
    pthread_mutex_unlock(&p->lock);
}

static void lower(struct power *p, struct power_file *f, uint64_t at)
{
    for (struct power_sync *s = f->syncs; s; s = s->next)
        if (s->low > at) s->low = at;
    if (f->removed) return;
    if (!f->record) {
        f->synced = f->size < at ? f->size : at;
        f->record = power_journal_add(&p->journal, POWER_CONTENT, f->inode, f->synced, 0, f->path, NULL);
    } else if (f->synced > at) {
        f->synced = at;
        power_record_set_synced(f->record, at);
    }
}

void power_write(struct power *p, struct power_file *f, uint64_t at, uint64_t n)
{
    if (!f || n == 0) return;
    pthread_mutex_lock(&p->lock);
    lower(p, f, at);
    if (f->size < at + n) f->size = at + n;
    pthread_mutex_unlock(&p->lock);
}

void power_truncate(struct power *p, struct power_file *f, uint64_t size)
{
    if (!f) return;
    pthread_mutex_lock(&p->lock);
    if (f->size != size) lower(p, f, size);
    if (f->record && size <= f->synced) f->lost = false;
    f->size = size;
    pthread_mutex_unlock(&p->lock);
}

/* --- syncs --- */

struct power_sync *power_sync_file(struct power *p, struct power_file *f)
{
    if (!f) return NULL;
    struct power_sync *s = memory_new(sizeof *s);
    pthread_mutex_lock(&p->lock);
    *s = (struct power_sync){.power = p, .file = f, .mark = f->size, .low = UINT64_MAX, .next = f->syncs};
    f->syncs = s;
    f->references++;
    pthread_mutex_unlock(&p->lock);
    return s;
}

void power_file_sync_end(struct power_sync *s, enum power_outcome outcome)
{
    struct power *p = s->power;
    struct power_file *f = s->file;
    pthread_mutex_lock(&p->lock);
    struct power_sync **link = &f->syncs;
    while (*link != s) link = &(*link)->next;
    *link = s->next;
    uint64_t synced = s->mark < s->low ? s->mark : s->low;
    f->lost |= outcome == POWER_SYNC_FAILED && f->record;
    bool ok = outcome == POWER_SYNCED && !f->lost;
    if (ok && f->record && synced > f->synced) {
        f->synced = synced;
        power_record_set_synced(f->record, synced);
    }
    if (ok && synced >= f->size) file_is_durable(p, f);
    f->references--;
    file_settle(p, f);
    pthread_mutex_unlock(&p->lock);
}
