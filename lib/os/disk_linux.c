#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/memory.h"
#include "lib/os/disk.h"
#include "lib/os/power.h"

struct disk_file {
    int descriptor;
    struct power_file *power;
};

struct disk_linux {
    struct disk disk;
    int root;
    struct power *power; /* may be NULL */
};

static int root_of(struct disk *d)
{
    return ((struct disk_linux *)d)->root;
}

static struct power *power_of(struct disk *d)
{
    return ((struct disk_linux *)d)->power;
}

/* "" names the data directory itself. */
static const char *path_or_dot(const char *path)
{
    return path[0] ? path : ".";
}

static int last_error(void)
{
    return err_from_errno(errno);
}

static int linux_open(struct disk *d, const char *path, enum disk_open how, struct disk_file **out)
{
    int flags = how == DISK_READ ? O_RDONLY : how == DISK_WRITE ? O_RDWR : O_RDWR | O_CREAT;
    int descriptor = power_open_file(power_of(d), root_of(d), path, flags | O_CLOEXEC, 0644);
    if (descriptor < 0) return last_error();
    *out = memory_new(sizeof **out);
    (*out)->descriptor = descriptor;
    if (how != DISK_READ) (*out)->power = power_file_get(power_of(d), descriptor, path);
    return 0;
}

static void linux_close(struct disk *d, struct disk_file *f)
{
    power_file_put(power_of(d), f->power);
    close(f->descriptor);
    free(f);
}

static int64_t linux_read_at(struct disk *d, struct disk_file *f, uint64_t at, void *p, size_t n)
{
    (void)d;
    size_t done = 0;
    while (done < n) {
        ssize_t got = pread(f->descriptor, (char *)p + done, n - done, (off_t)(at + done));
        if (got == 0) break;
        if (got < 0 && errno != EINTR) return last_error();
        if (got > 0) done += (size_t)got;
    }
    return (int64_t)done;
}

static int linux_write_at(struct disk *d, struct disk_file *f, uint64_t at, const void *p, size_t n)
{
    power_write(power_of(d), f->power, at, n);
    size_t done = 0;
    while (done < n) {
        ssize_t put = pwrite(f->descriptor, (const char *)p + done, n - done, (off_t)(at + done));
        if (put < 0 && errno != EINTR) return last_error();
        if (put > 0) done += (size_t)put;
    }
    return 0;
}

static int64_t linux_size(struct disk *d, struct disk_file *f)
{
    (void)d;
    struct stat st;
    return fstat(f->descriptor, &st) == 0 ? st.st_size : last_error();
}

static int linux_truncate(struct disk *d, struct disk_file *f, uint64_t size)
{
    power_truncate(power_of(d), f->power, size);
    return ftruncate(f->descriptor, (off_t)size) == 0 ? 0 : last_error();
}

/* ERR_NOMEM of a sync says that none was tried: one that was and failed is final, whatever its reason. */
static int sync_error(void)
{
    int status = last_error();
    return status == ERR_NOMEM ? ERR_IO : status;
}

static int linux_sync(struct disk *d, struct disk_file *f)
{
    struct power_sync *noted = power_sync_file(power_of(d), f->power);
    int status = fdatasync(f->descriptor) == 0 ? 0 : sync_error();
    power_sync_end(noted, status == 0 ? POWER_SYNCED : POWER_SYNC_FAILED);
    return status;
}

static bool is_dir_at(int directory, const char *path)
{
    struct stat st;
    return fstatat(directory, path, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

static int linux_make_dir(struct disk *d, const char *path)
{
    if (power_make_directory(power_of(d), root_of(d), path, 0755) == 0) return 0;
    if (errno == EEXIST && is_dir_at(root_of(d), path)) return 0;
    return last_error();
}

static int linux_sync_dir(struct disk *d, const char *path)
{
    int descriptor = openat(root_of(d), path_or_dot(path), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) return last_error();
    struct power_sync *noted = power_sync_directory(power_of(d), path);
    int status = fsync(descriptor) == 0 ? 0 : sync_error();
    power_sync_end(noted, status == 0 ? POWER_SYNCED : POWER_SYNC_FAILED);
    close(descriptor);
    return status;
}

static int linux_rename(struct disk *d, const char *from, const char *to)
{
    return power_rename(power_of(d), root_of(d), from, to) == 0 ? 0 : last_error();
}

static int linux_remove(struct disk *d, const char *path)
{
    return power_remove(power_of(d), root_of(d), path) == 0 ? 0 : last_error();
}

/* --- directories --- */

struct name {
    char *text;
    bool is_dir;
};

struct names {
    struct name *items;
    size_t count;
};

static int name_order(const void *a, const void *b)
{
    return strcmp(((const struct name *)a)->text, ((const struct name *)b)->text);
}

static void names_add(struct names *names, DIR *dir, const struct dirent *entry)
{
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) return;
    bool is_dir = entry->d_type == DT_DIR;
    if (entry->d_type == DT_UNKNOWN) is_dir = is_dir_at(dirfd(dir), entry->d_name);
    names->items = memory_grow(names->items, names->count + 1, sizeof *names->items);
    names->items[names->count++] = (struct name){memory_str(entry->d_name), is_dir};
}

static int names_read(int root, const char *path, struct names *names)
{
    int descriptor = openat(root, path_or_dot(path), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) return last_error();
    DIR *dir = fdopendir(descriptor);
    if (!dir) {
        close(descriptor);
        return ERR_NOMEM;
    }
    errno = 0;
    for (struct dirent *entry; (entry = readdir(dir)); errno = 0) names_add(names, dir, entry);
    int status = last_error();
    closedir(dir);
    return status;
}

static int linux_list(struct disk *d, const char *path, void (*each)(void *context, const char *name, bool is_dir),
                      void *context)
{
    struct names names = {0};
    int status = names_read(root_of(d), path, &names);
    if (names.count) qsort(names.items, names.count, sizeof *names.items, name_order);
    for (size_t i = 0; i < names.count; i++) {
        if (status == 0) each(context, names.items[i].text, names.items[i].is_dir);
        free(names.items[i].text);
    }
    free(names.items);
    return status;
}

/* --- the data directory --- */

static const struct disk_functions linux_functions = {
    .open = linux_open,
    .close = linux_close,
    .read_at = linux_read_at,
    .write_at = linux_write_at,
    .size = linux_size,
    .truncate = linux_truncate,
    .sync = linux_sync,
    .make_dir = linux_make_dir,
    .sync_dir = linux_sync_dir,
    .rename = linux_rename,
    .remove = linux_remove,
    .list = linux_list,
};

/* mkdir -p. What exists already, and what the final open will complain about, is passed over. */
/* Also the folders on the way. Why the last one could not be made: an errno, EEXIST when it was there; 0. */
static int make_dirs(const char *path)
{
    char *copy = memory_str(path);
    for (char *slash = strchr(copy + 1, '/'); copy[0] && slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(copy, 0755);
        *slash = '/';
    }
    int cause = mkdir(copy, 0755) == 0 ? 0 : errno;
    free(copy);
    return cause;
}

int disk_linux_new(const char *root, struct disk **out, struct err_text *error)
{
    int made = make_dirs(root);
    int descriptor = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) {
        int cause = made && made != EEXIST ? made : errno;
        return err_set(error, err_from_errno(cause), "%s: cannot open or create the directory: %s", root,
                       strerror(cause));
    }
    struct disk_linux *d = memory_new(sizeof *d);
    d->disk.call = &linux_functions;
    d->root = descriptor;
    *out = &d->disk;
    return 0;
}

void disk_linux_note(struct disk *d, struct power *power)
{
    ((struct disk_linux *)d)->power = power;
}

void disk_linux_free(struct disk *d)
{
    if (!d) return;
    close(root_of(d));
    free(d);
}

int disk_linux_descriptor(struct disk_file *f)
{
    return f->descriptor;
}
