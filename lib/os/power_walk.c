#include "lib/os/power_walk.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/memory.h"
#include "lib/base/text.h"
#include "lib/os/power_journal.h"

static void kept_note(struct power_walk *w, const char *path)
{
    enum { PREFIX = sizeof POWER_KEPT_PREFIX - 1 };
    int64_t n;
    if (strncmp(path, POWER_KEPT_PREFIX, PREFIX) != 0 || !text_to_i64(slice_str(path + PREFIX), &n)) return;
    if (n > 0 && n <= UINT32_MAX) table_set_str(&w->kept, path, (void *)(uintptr_t)n);
}

static void walk(struct power_walk *w, int directory, const char *path)
{
    int d = openat(directory, path[0] ? path : ".", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *dir = d < 0 ? NULL : fdopendir(d);
    if (!dir) {
        if (d >= 0) close(d);
        return;
    }
    for (const struct dirent *e; (e = readdir(dir));) {
        struct buf child = {0};
        uint64_t inode = e->d_ino;
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0) continue;
        buf_printf(&child, "%s%s%s", path, path[0] ? "/" : "", e->d_name);
        if (e->d_type == DT_DIR) walk(w, directory, buf_cstr(&child));
        if (e->d_type == DT_REG) {
            if (!path[0]) kept_note(w, buf_cstr(&child));
            free(table_set(&w->paths, slice_of(&inode, sizeof inode), memory_str(buf_cstr(&child))));
        }
        buf_release(&child);
    }
    closedir(dir);
}

void power_walk_begin(struct power_walk *w, int directory)
{
    *w = (struct power_walk){0};
    walk(w, directory, "");
}

void power_walk_end(struct power_walk *w)
{
    for (struct table_entry *e = table_first(&w->paths); e; e = table_next(&w->paths, e)) free(e->value);
    table_release(&w->paths);
    table_release(&w->kept);
}

const char *power_walk_path(const struct power_walk *w, uint64_t inode)
{
    return table_get(&w->paths, slice_of(&inode, sizeof inode));
}
