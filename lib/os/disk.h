/* disk.h - the small table of disk functions that recovery and jobs work on.
 *
 * `disk_linux()` fills it with system calls; the simulator fills it with a fake. Paths are relative
 * to the data directory that the disk was opened on ("orders-0/00000000000000000000.log"), with '/'
 * separators. On the request path nothing calls this: there the node emits actions, and the owner of
 * the node (server or simulator) carries them out on files it opened by the same names.
 *
 * All functions return 0 or a count, or a negative `enum err`. They may be called from the loop
 * thread at start and from helper threads later; one file is used by one thread at a time. */
#ifndef MILLRACE_OS_DISK_H
#define MILLRACE_OS_DISK_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/bytes.h"
#include "lib/base/err.h"

struct disk;

/* One open file. Opaque to callers. */
struct disk_file;

enum disk_open { DISK_READ, DISK_WRITE, DISK_CREATE };
/* DISK_READ: must exist. DISK_WRITE: read and write, must exist. DISK_CREATE: read and write, is
 * created when missing, never truncated. */

struct disk_functions {
    int (*open)(struct disk *d, const char *path, enum disk_open how, struct disk_file **out);
    void (*close)(struct disk *d, struct disk_file *f);
    /* Bytes read: fewer than `n` only at the end of the file (the implementation loops). */
    int64_t (*read_at)(struct disk *d, struct disk_file *f, uint64_t at, void *p, size_t n);
    /* All or an error; after an error the file may hold a prefix. */
    int (*write_at)(struct disk *d, struct disk_file *f, uint64_t at, const void *p, size_t n);
    int64_t (*size)(struct disk *d, struct disk_file *f);
    int (*truncate)(struct disk *d, struct disk_file *f, uint64_t size);
    /* fdatasync: content and size are durable when it returns 0. A failure is final: the caller takes
     * the directory offline and never tries again (see Rebello et al., ATC 2020). */
    int (*sync)(struct disk *d, struct disk_file *f);
    int (*make_dir)(struct disk *d, const char *path); /* existing is fine */
    /* "" is the data directory itself. ERR_NOMEM: no descriptor to open it with, so nothing was tried and it may be
     * tried again; ERR_NOTFOUND likewise. */
    int (*sync_dir)(struct disk *d, const char *path);
    int (*rename)(struct disk *d, const char *from, const char *to); /* replaces `to` */
    int (*remove)(struct disk *d, const char *path);                 /* a file, or an empty directory */
    /* Calls `each` for every entry of a directory, in byte order of the names (sorted, so that the
     * simulator's traces do not depend on a file system), without "." and "..". */
    int (*list)(struct disk *d, const char *path, void (*each)(void *context, const char *name, bool is_dir),
                void *context);
};

struct disk {
    const struct disk_functions *call;
};

/* --- helpers written once over the table --- */

/* The whole file, at most `max` bytes (ERR_RANGE beyond), appended to `out`. */
int disk_read_all(struct disk *d, const char *path, size_t max, struct buf *out);
/* Atomic replacement: writes `path.tmp`, syncs it, renames it to `path`, syncs the directory. */
int disk_replace(struct disk *d, const char *path, struct slice content);
/* The same but for the directory's sync, for a caller that syncs it later anyway: until then either content may be
 * there after a power cut. */
int disk_replace_unsynced(struct disk *d, const char *path, struct slice content);
/* Removes a directory and what is in it. ERR_NOTFOUND when it is not there. */
int disk_remove_tree(struct disk *d, const char *path);

/* The real one, on directory `root` (created when missing). Free with disk_linux_free. */
int disk_linux_new(const char *root, struct disk **out, struct err_text *error);
void disk_linux_free(struct disk *d);
/* From now on the disk notes in `power` what is not durable (lib/os/power.h); NULL, as it begins, notes nothing. */
struct power;
void disk_linux_note(struct disk *d, struct power *power);
/* The descriptor behind an open file of a disk_linux (for sendfile and writev). */
int disk_linux_descriptor(struct disk_file *f);

#endif
