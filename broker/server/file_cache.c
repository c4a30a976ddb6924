#include "broker/server/file_cache.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/base/err.h"
#include "lib/base/memory.h"

static struct slice key_of(const uint64_t *id)
{
    return slice_of(id, sizeof *id);
}

static void entry_unlink(struct file_cache *c, struct file_entry *e)
{
    *(e->newer ? &e->newer->older : &c->newest) = e->older;
    *(e->older ? &e->older->newer : &c->oldest) = e->newer;
    e->newer = e->older = NULL;
}

static void entry_link(struct file_cache *c, struct file_entry *e)
{
    e->older = c->newest;
    if (c->newest) c->newest->newer = e;
    c->newest = e;
    if (!c->oldest) c->oldest = e;
}

static void entry_drop(struct file_cache *c, struct file_entry *e)
{
    entry_unlink(c, e);
    table_remove(&c->by_id, key_of(&e->id));
    power_file_put(c->power, e->power);
    close(e->descriptor);
    free(e);
}

void file_cache_init(struct file_cache *c, int directory, int count_max, struct power *power)
{
    *c = (struct file_cache){.directory = directory, .count_max = count_max, .power = power};
}

void file_cache_release(struct file_cache *c)
{
    while (file_cache_shrink(c)) {}
    table_release(&c->by_id);
    close(c->directory);
}

bool file_cache_shrink(struct file_cache *c)
{
    if (!c->oldest) return false;
    entry_drop(c, c->oldest);
    return true;
}

/* When the process has no descriptor left, the cache gives one back and tries again. */
static int file_open(struct file_cache *c, const struct log_file *f, bool create)
{
    int flags = f->directory ? O_RDONLY | O_DIRECTORY : O_RDWR | (create ? O_CREAT : 0);
    for (;;) {
        int d = power_open_file(c->power, c->directory, f->path[0] ? f->path : ".", flags | O_CLOEXEC, 0644);
        if (d >= 0) return d;
        if (errno == EINTR) continue;
        if ((errno != EMFILE && errno != ENFILE) || !file_cache_shrink(c)) return err_from_errno(errno);
    }
}

int file_cache_get_noted(struct file_cache *c, const struct log_file *f, bool create, struct power_file **noted)
{
    struct file_entry *e = table_get(&c->by_id, key_of(&f->id));
    if (e) {
        if (c->newest != e) {
            entry_unlink(c, e);
            entry_link(c, e);
        }
        *noted = e->power;
        return e->descriptor;
    }
    int d = file_open(c, f, create);
    if (d < 0) return d;
    while (c->by_id.count >= (uint32_t)c->count_max) file_cache_shrink(c);
    e = memory_new(sizeof *e);
    e->id = f->id;
    e->descriptor = d;
    e->power = *noted = f->directory ? NULL : power_file_get(c->power, d, f->path);
    entry_link(c, e);
    table_set(&c->by_id, key_of(&e->id), e);
    return d;
}

int file_cache_get(struct file_cache *c, const struct log_file *f, bool create)
{
    struct power_file *noted;
    return file_cache_get_noted(c, f, create, &noted);
}

void file_cache_forget(struct file_cache *c, const struct log_file *f)
{
    struct file_entry *e = table_get(&c->by_id, key_of(&f->id));
    if (e) entry_drop(c, e);
}
