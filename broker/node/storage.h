/* storage.h - jobs of the node's own, what happens by the clock, and the end: checkpoints, retention, the clean
 * shutdown (storage.c). */
#ifndef MILLRACE_BROKER_NODE_STORAGE_H
#define MILLRACE_BROKER_NODE_STORAGE_H

#include "broker/node/node.h"
#include "broker/node/node_deadline.h"
#include "lib/base/bytes.h"

struct request;

/* A job of the node's own. `done` is called in the step of its EVENT_JOB_DONE and frees it. */
struct job {
    struct node_job base;
    void (*done)(struct node *n, struct job *j, int err);
    void (*drop)(struct job *j); /* frees it when the node goes away first */
    struct job *next, **link;    /* of those under way */
};
/* Hands it to a helper thread. */
void job_start(struct node *n, struct job *j);

/* Orders of jobs that belong to no partition. */
enum { ORDER_CHECKPOINTS = 1, ORDER_PARTITION_FIRST = 16 };

/* Sets the first deadlines of what is done by the clock. */
void storage_timers_start(struct node *n);
/* One of them has come. */
void storage_deadline(struct node *n, enum deadline_kind kind);
/* The text of checkpoint files, made on the loop thread and put in place elsewhere. A zeroed struct is empty. */
struct checkpoint_file {
    const char *path;
    struct buf text;
};
struct checkpoint_files {
    struct checkpoint_file files[4];
    int count;
};
/* Log starts, recovery points and high watermarks of all partitions that are here. */
void checkpoint_files_now(struct node *n, struct checkpoint_files *c);
int checkpoint_files_write(const struct checkpoint_files *c, struct disk *disk);
void checkpoint_files_release(struct checkpoint_files *c);
void checkpoint_hashes_forget(struct node *n);
/* Writes log-start-offset-checkpoint as of now; then delete_records_stored. One job serves all that wait meanwhile. */
void log_starts_await(struct node *n, struct request *r);
/* EVENT_SHUTDOWN. */
void shutdown_begin(struct node *n);
/* Looks whether the next stage of the shutdown can begin. */
void shutdown_continue(struct node *n);

#endif
