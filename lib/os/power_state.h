/* power_state.h - the inside of lib/os/power.h, shared by the files that know what a power cut would take.
 *
 *     power.c          a journal is taken up, made anew, closed; a sync's end
 *     power_content.c  contents: files by inode, and up to which length they are durable
 *     power_names.c    names: changes that no directory sync has made durable, and the system calls that make them */
#ifndef MILLRACE_OS_POWER_STATE_H
#define MILLRACE_OS_POWER_STATE_H

#include <pthread.h>

#include "lib/base/bytes.h"
#include "lib/base/table.h"
#include "lib/os/power.h"
#include "lib/os/power_journal.h"

struct power {
    pthread_mutex_t lock;
    int directory;
    struct power_journal journal;
    struct table files;       /* 8 bytes of inode -> struct power_file */
    struct table directories; /* path -> struct changes: names in it that are not durable */
    uint64_t clock;           /* numbers changes of names, and says what came before a sync */
    uint32_t last_kept;
};

struct power_file {
    char *path; /* that it was opened as first */
    uint64_t inode, size, synced;
    struct power_record *record; /* NULL: all of it is durable */
    int references;
    bool removed;
    bool lost;                /* a sync failed: what is not durable never will be */
    struct power_sync *syncs; /* under way */
};

struct power_sync {
    struct power *power;
    struct power_file *file; /* or a directory */
    char *path;
    uint64_t mark; /* the size, or the clock, at the begin */
    uint64_t low;  /* the lowest byte that was written or cut since */
    struct power_sync *next;
};

/* A change of a name that no directory sync has made durable. */
struct change {
    struct power_record *record;
    uint64_t done_at; /* 0: the system call is under way */
    struct change *next;
};

struct changes {
    struct change *first, **last;
    bool lost; /* as of a file; later ones too, for they are undone in their order */
};

/* --- power_content.c --- */

/* The key of a file in `files`. */
struct slice power_inode_key(const uint64_t *inode);
/* The inode has no name any more, and its number may be given out again. Under the lock. */
void power_inode_forget(struct power *p, uint64_t inode);
void power_file_sync_end(struct power_sync *s, enum power_outcome outcome);

/* --- power_names.c --- */

/* Puts a change at the end of its directory's list. Under the lock. */
void power_change_list(struct power *p, struct change *c);
/* What was kept for a change goes; 0: nothing was. Takes the lock. */
void power_kept_remove(struct power *p, uint32_t kept);
void power_directory_sync_end(const struct power_sync *s, enum power_outcome outcome);

#endif
