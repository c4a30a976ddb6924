/* workers.h - the helper threads: everything that may block or burn happens here.
 *
 *     loop thread                          helper threads
 *     workers_sync(token, files) ----->    fdatasync each              --+
 *     workers_job(job)          ------>    job->run(job, disk)         --+--> loop_wake
 *     workers_take_done()       <------------------------------------------
 *
 * Jobs with equal `order` run one after the other in the order given; everything else runs side by
 * side, but the last free thread is kept for syncs, and one heavy job runs at a time. The queue is bounded by what the
 * node has under way: at most a sync and a few jobs for each partition, a job and a look-up for each connection. */
#ifndef MILLRACE_BROKER_SERVER_WORKERS_H
#define MILLRACE_BROKER_SERVER_WORKERS_H

#include <stdint.h>

#include "broker/node/node.h"
#include "lib/os/disk.h"
#include "lib/os/loop.h"
#include "lib/os/power.h"

struct workers;

/* A file or directory to sync. */
struct worker_sync {
    int descriptor;           /* without a file: negative is the error that opening it met */
    struct log_file *file;    /* instead of a descriptor: opened when its turn comes, so that it takes none before */
    struct power_sync *noted; /* ends with the sync; NULL: nothing is noted */
};

struct worker_task {
    struct node_job *job;        /* NULL: a sync */
    uint64_t token;              /* of the sync */
    struct worker_sync *targets; /* of the sync; closed when it is done */
    int target_count;
    int descriptor_count; /* of its targets, when it was given */
    int err;         /* 0 or negative, once done; of a sync ERR_NOMEM: no descriptor, so none was tried for a file */
    uint64_t number; /* in the order of submission */
    struct worker_task *next;
};

/* `disk` is what jobs run on, `directory` what the names of files to sync are relative to (the data directory, which
 * stays open as long as the workers); `loop` is woken when a task is done. */
struct workers *workers_new(int threads, struct disk *disk, int directory, struct loop *loop);
/* Waits for what runs, drops what waits. */
void workers_free(struct workers *w);

/* Takes the descriptors and the references of files (not the array). */
void workers_sync(struct workers *w, uint64_t token, const struct worker_sync *targets, int count);
void workers_job(struct workers *w, struct node_job *job);
/* The next finished task, in the order of finishing, or NULL. Free it with worker_task_free. */
struct worker_task *workers_take_done(struct workers *w);
/* On the loop's thread, which references of files belong to. */
void worker_task_free(struct worker_task *t);
/* How many syncs were done so far. */
uint64_t workers_sync_count(struct workers *w);

#endif
