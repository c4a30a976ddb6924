/* power.h - what a power cut would take from a data directory, noted while a broker runs.
 *
 *     open a file   power_open_file          its name is not durable when that made it
 *     write         power_write, then the system call
 *     sync          power_sync_file / power_sync_directory, the system call, power_sync_end
 *     names         power_make_directory, power_rename, power_remove: note and system call in one
 *
 * Everything that is not durable has a record in the journal (lib/os/power_journal.h) before it happens, and
 * loses it after the sync that made it durable. So the process may be killed at any instant: what the journal
 * leaves out is durable. `millrace power-cut` (lib/os/power_cut.h) then takes the rest away.
 *
 * Contents are known by inode, so that renames need no attention; a file's record holds the length up to which
 * it is durable. Writing in place below that length lowers it, and so does truncating: what was there before
 * is gone at once. Changes of names are a list in their order. A name that is replaced or removed is kept under a hard
 * link (`millrace.power.loss.kept.N`) until its directory is synced, so that it can come back; large files and those
 * that every start clears away (.tmp, .deleted, -delete) are not kept, their removal counts as durable.
 *
 * A `struct power *` may be NULL everywhere: then only the system calls are made. All functions may be called
 * from any thread; a file is written by one thread at a time, and not while it is being told of a sync's begin. */
#ifndef MILLRACE_OS_POWER_H
#define MILLRACE_OS_POWER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/base/err.h"

struct power;
struct power_file;
struct power_sync;

/* Takes up the journal of a data directory, which the caller has locked, or makes one. A directory that was used
 * without one, or whose journal is damaged or incomplete, is synced as a whole first. Keeps no reference to
 * `directory`. */
int power_open(int directory, struct power **out, struct err_text *error);
/* After every sync has ended. What is not durable stays noted. */
void power_close(struct power *p);

/* --- names: like openat (with O_CREAT, never O_TRUNC), mkdirat, renameat, unlinkat: -1 and errno on failure --- */

int power_open_file(struct power *p, int directory, const char *path, int flags, mode_t mode);
int power_make_directory(struct power *p, int directory, const char *path, mode_t mode);
/* Within one directory. */
int power_rename(struct power *p, int directory, const char *from, const char *to);
/* A file, or an empty directory. */
int power_remove(struct power *p, int directory, const char *path);

/* --- contents --- */

/* The file behind a descriptor that `path` was opened as; NULL if `p` is. Give it back with power_file_put. */
struct power_file *power_file_get(struct power *p, int descriptor, const char *path);
void power_file_put(struct power *p, struct power_file *f);
/* Before the system call. */
void power_write(struct power *p, struct power_file *f, uint64_t at, uint64_t n);
void power_truncate(struct power *p, struct power_file *f, uint64_t size);

/* --- syncs: everything before the begin is durable after the end of a good one --- */

struct power_sync *power_sync_file(struct power *p, struct power_file *f);
struct power_sync *power_sync_directory(struct power *p, const char *path); /* "": the data directory */
/* A failed one is final: the kernel may have dropped what it was to write and count it as clean, so what was not
 * durable at its end stays noted whatever a later sync says, until it is cut off or the process ends. */
enum power_outcome { POWER_SYNCED, POWER_SYNC_UNTRIED, POWER_SYNC_FAILED };
void power_sync_end(struct power_sync *s, enum power_outcome outcome); /* NULL is allowed */

#endif
