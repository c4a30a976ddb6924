/* power_cut.h - makes a data directory look as if the power had failed when its broker was killed.
 *
 * Works off the journal of lib/os/power.h and empties it:
 *
 *     names      changes that no directory sync made durable are undone, the newest first: a file or directory that was
 *                made goes, a rename goes back, what it replaced and what was removed comes back. `torn`: only
 *                the newest of them, by lot, as a journalling file system loses a tail of its transactions.
 *     contents   a file is cut to its synced length. `torn`: some of what is beyond stays, by lot: none, all,
 *                up to any byte, or up to a sector of 512 bytes; and some of these sectors are zeros.
 *
 * What stays is durable from then on, and the journal is empty. An interrupted cut may be made again. */
#ifndef MILLRACE_OS_POWER_CUT_H
#define MILLRACE_OS_POWER_CUT_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/err.h"

/* What was lost at one file or name. */
struct power_loss {
    const char *what; /* "cut", "created", "renamed", "removed": in a form for people */
    const char *path, *to;
    uint64_t before, synced, after; /* lengths, of "cut" */
    int zeroed;                     /* sectors, of "cut" */
};

struct power_cut_options {
    bool torn, pretend; /* pretend: tell what would be lost if it were not torn, change nothing */
    uint64_t seed;
    void (*each)(void *context, const struct power_loss *loss);
    void *context;
};

struct power_cut_report {
    int files, names; /* that lost something */
    uint64_t bytes;
    int sectors; /* that are zeros */
};

/* The caller holds the lock of the directory. ERR_NOTFOUND: no journal; ERR_CORRUPT: a damaged one; ERR_UNSUPPORTED: an
 * incomplete one; each with a sentence, and nothing is changed then. */
int power_cut(int directory, const struct power_cut_options *options, struct power_cut_report *report,
              struct err_text *error);

#endif
