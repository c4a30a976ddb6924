/* node_deadline.h - what the node waits for by the clock: in milliseconds of the monotonic one, rounded up. */
#ifndef MILLRACE_BROKER_NODE_NODE_DEADLINE_H
#define MILLRACE_BROKER_NODE_NODE_DEADLINE_H

#include "broker/group/deadline.h"

struct node;

enum deadline_kind {
    DEADLINE_REQUEST,         /* owner: struct request */
    DEADLINE_FLUSH,           /* owner: struct partition; log.flush.interval.ms */
    DEADLINE_JOBS,            /* owner: struct partition; a job found no descriptor and is tried again */
    DEADLINE_GROUPS,          /* what the coordinator waits for */
    DEADLINE_RETENTION,       /* log.retention.check.interval.ms */
    DEADLINE_RECOVERY_POINTS, /* log.flush.offset.checkpoint.interval.ms */
    DEADLINE_HIGH_WATERMARKS, /* replica.high.watermark.checkpoint.interval.ms */
    DEADLINE_FOLDERS,         /* folders that could not be made are tried again */
    DEADLINE_PATIENCE,        /* a change does not wait any longer for folders of deleted partitions */
    DEADLINE_LOG_STARTS,      /* log.flush.start.offset.checkpoint.interval.ms */
    DEADLINE_DOOMED,          /* what a deleted partition waits for may have gone without an event */
};

/* `in_ms` from now; at least that long. */
void node_deadline_in(struct node *n, struct deadline *d, int64_t in_ms);

#endif
