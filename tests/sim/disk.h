/* disk.h - a disk in memory that forgets, as disks do at a power cut.
 *
 *     write ---> now (the page cache) ----+---- kill -9: nothing is lost
 *                 |                       |
 *               sync                   power cut: of every write that was not synced, nothing, all,
 *                 v                       |       a prefix or some sectors of 512 bytes survive
 *               synced  <-----------------+
 *
 * Directories work the same way: an entry made, removed or renamed is lost or kept until its directory
 * was synced. A rename is one thing: never half of it. A sync that fails is a lie afterwards: the pages
 * count as clean, some of them are on disk and some never will be (Rebello et al., ATC 2020).
 *
 * It serves two masters: `disk` is the table of functions that recovery and jobs use; the functions
 * below carry out the node's actions on the same files. `calls_left` cuts the power in the middle of
 * either: after so many further calls everything fails without effect (`off`).
 *
 * Paths that do not exist, full disks and errors are drawn from the run's random numbers while `faults`
 * says so. Ownership: the disk owns everything; inodes live until sim_disk_release. */
#ifndef MILLRACE_TESTS_SIM_DISK_H
#define MILLRACE_TESTS_SIM_DISK_H

#include "lib/base/random.h"
#include "lib/os/disk.h"
#include "tests/sim/coverage.h"

enum { SECTOR_BYTES = 512 };

/* Chances of one in ...; 0 never. */
struct disk_faults {
    uint32_t read_error, sync_error, write_error, full, change_error;
};

struct sim_write {
    uint64_t number; /* of the disk, ascending */
    bool truncate;   /* to `at` */
    uint64_t at;
    struct buf bytes;
};

struct sim_entry {
    char *name;
    struct inode *inode;
};

struct sim_entries {
    struct sim_entry *items;
    int count, capacity;
};

struct inode {
    bool is_dir;
    struct buf now, synced;   /* a file */
    struct sim_write *writes; /* not synced yet, ascending */
    int write_count, write_capacity;
    struct sim_entries now_in, synced_in; /* a directory */
    struct inode *made_before;
};

/* A change of one directory entry; a rename has both halves. */
struct dir_change {
    uint64_t number;                       /* among the writes */
    struct inode *removed_from, *added_to; /* NULL: not that half */
    char *removed, *added;
    struct inode *inode;
};

struct sim_disk {
    struct disk disk; /* first: the functions get a struct disk * */
    struct random *random;
    struct inode *root, *inodes;
    struct dir_change *changes; /* not synced yet, in order */
    int change_count, change_capacity;
    uint64_t writes; /* and changes of directories, ever made */
    struct disk_faults faults;
    int64_t calls_left; /* until the power goes; negative: it stays */
    bool off;
    bool sync_failed; /* since the last power cut: what the cache shows may never reach the disk */
    uint64_t calls, faults_hit;
    enum sim_fault lost; /* what the last power cut took, and whether a write was torn */
    bool torn;
    void (*broke)(void *context, enum sim_fault fault); /* told of each fault; may be NULL */
    void *context;
};

void sim_disk_init(struct sim_disk *d, struct random *random);
void sim_disk_release(struct sim_disk *d);

/* The process died; `power`: so did the machine. Ends `off`. */
void sim_disk_crash(struct sim_disk *d, bool power);

/* --- the node's actions --- */

/* The file of this path, made when it is missing and `create`; NULL and a negative `*err` otherwise. */
struct inode *sim_disk_find(struct sim_disk *d, const char *path, bool create, int *err);
/* 0 or negative; after an error a prefix may have been written. */
int sim_disk_write(struct sim_disk *d, struct inode *f, uint64_t at, struct slice bytes);
/* Bytes read, fewer at the end of the file, or negative. */
int64_t sim_disk_read(struct sim_disk *d, struct inode *f, uint64_t at, void *p, size_t n);
/* Makes durable what was written, or changed in a directory, up to the write with this number. */
int sim_disk_sync(struct sim_disk *d, struct inode *f, uint64_t up_to);

/* --- for disk_crash.c --- */

void content_put(struct buf *content, uint64_t at, struct slice bytes);
void sim_write_apply(const struct sim_write *w, struct buf *content);
void inode_writes_forget(struct inode *f, int count); /* the oldest ones */
void dir_change_apply(const struct dir_change *c, bool synced);
void dir_change_release(struct dir_change *c);
void entry_set(struct sim_entries *e, const char *name, struct inode *inode);
void entries_release(struct sim_entries *e);

#endif
