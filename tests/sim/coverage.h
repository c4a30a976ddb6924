/* coverage.h - which faults met which states of the broker: a count for each pair.
 *
 * A fault counts once in every state that holds when it happens, and in STATE_IDLE when none does. A state holds
 * from the action that begins it to the event that ends it; a job that a fault meets while it runs is one of them. */
#ifndef MILLRACE_TESTS_SIM_COVERAGE_H
#define MILLRACE_TESTS_SIM_COVERAGE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum sim_fault {
    FAULT_KILL,         /* kill -9: nothing is lost */
    FAULT_CUT_ALL,      /* a power cut that takes everything that was not synced */
    FAULT_CUT_LATER,    /* ... all but the first of it */
    FAULT_CUT_SOME,     /* ... any of it */
    FAULT_CUT_NOTHING,  /* ... none of it, by chance */
    FAULT_TORN,         /* with one of these: writes of which a part is there */
    FAULT_WRITE_ERROR,  /* EIO */
    FAULT_WRITE_FULL,   /* ENOSPC */
    FAULT_MAKE_FULL,    /* ENOSPC for a new file or directory */
    FAULT_CHANGE_ERROR, /* EIO of a rename, a removal, a truncation */
    FAULT_READ_ERROR,   /* EIO */
    FAULT_SHORT_READ,   /* fewer bytes than there are */
    FAULT_SYNC_ERROR,   /* EIO: and what it covered may never get there */
    FAULT_FLIP,         /* a bit has turned over in a file at rest */
    FAULT_DROP,         /* a connection goes, with what is on its way */
    FAULT_KINDS
};

/* Faults of the process, the machine and its disk: those of which each run has its share. */
static inline bool fault_is_grave(enum sim_fault f)
{
    return f != FAULT_TORN && f != FAULT_DROP;
}

enum sim_state {
    STATE_IDLE,
    STATE_APPENDING,  /* a write is not reported yet */
    STATE_SYNCING,    /* a sync is not reported yet */
    STATE_READING,    /* the search of a fetch is on the disk */
    STATE_CHECKING,   /* records are looked at in a job */
    STATE_LOOKING_UP, /* ListOffsets by time */
    STATE_ROLLING,    /* a full segment is settled */
    STATE_REPAIRING,  /* after a failed write */
    STATE_SNAPSHOT,   /* of producers */
    STATE_EPOCHS,     /* leader-epoch-checkpoint */
    STATE_RETAINING,  /* segments are removed */
    STATE_SCRUBBING,
    STATE_CHECKPOINT,  /* recovery points, log starts, high watermarks */
    STATE_MAKING,      /* the folders of a topic */
    STATE_REMOVING,    /* the folders of a topic that was deleted */
    STATE_JOB,         /* any other */
    STATE_REBALANCING, /* a member waits for its JoinGroup or SyncGroup */
    STATE_POLLING,     /* a fetch waits for more */
    STATE_COMMITTING,  /* offsets are on their way to the log */
    STATE_CLOSING,     /* a clean stop has begun */
    STATE_OFFLINE,     /* a sync has failed */
    STATE_OPENING,     /* recovery */
    STATE_KINDS
};

struct coverage {
    uint64_t cells[FAULT_KINDS][STATE_KINDS];
    uint64_t faults[FAULT_KINDS];
};

/* The state that a job of this name is; STATE_JOB when it is none of them. */
enum sim_state coverage_job_state(const char *name);
/* `states` has a bit for each state that holds. */
void coverage_count(struct coverage *c, enum sim_fault fault, uint32_t states);
void coverage_merge(struct coverage *into, const struct coverage *from);
/* A row a state, a column a fault; cells that were never met are a dot. */
void coverage_print(const struct coverage *c, FILE *out);
/* The number of cells that must have been met in a thousand runs and were not, each told in a line. */
int coverage_missing(const struct coverage *c, FILE *out);

#endif
