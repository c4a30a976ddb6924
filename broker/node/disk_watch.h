/* disk_watch.h - a disk that remembers whether a sync on it failed.
 *
 * Most of what fails on a disk may be tried again. A sync may not: the kernel may have dropped what it was to make
 * durable, and the next one says that all is well (Rebello et al., ATC 2020). The error alone does not tell them
 * apart: a full disk can show in either. */
#ifndef MILLRACE_BROKER_NODE_DISK_WATCH_H
#define MILLRACE_BROKER_NODE_DISK_WATCH_H

#include "lib/os/disk.h"

struct disk_watch {
    struct disk disk; /* first: to be used in place of `inner` */
    struct disk *inner;
    bool sync_failed; /* of a file or a directory; a directory that could not be opened does not count */
};

void disk_watch_init(struct disk_watch *w, struct disk *inner);

#endif
