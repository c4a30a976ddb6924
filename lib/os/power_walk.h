/* power_walk.h - the files of a data directory by inode: which name has a content that the journal speaks of. */
#ifndef MILLRACE_OS_POWER_WALK_H
#define MILLRACE_OS_POWER_WALK_H

#include <stdint.h>

#include "lib/base/table.h"

struct power_walk {
    struct table paths; /* 8 bytes of inode -> malloc'ed path, relative to the directory */
    struct table kept;  /* name of a file that keeps what a name stood for -> its number */
};

/* Reads the directory and the directories in it; what cannot be read is left out. */
void power_walk_begin(struct power_walk *w, int directory);
void power_walk_end(struct power_walk *w);
/* NULL when no name has this inode. */
const char *power_walk_path(const struct power_walk *w, uint64_t inode);

#endif
