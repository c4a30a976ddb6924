/* log_file.h - a file of the log as everyone above the disk sees it: a number, a name, a count.
 *
 * The log decides what is written where and names the file; the owner of the node opens it (the
 * server keeps a cache of descriptors by `id`, the simulator a table). References keep the file's
 * name valid: a range that still waits to be sent holds one, and deletion waits until only the log's
 * own reference is left. Counts belong to the loop thread; they are not atomic. */
#ifndef MILLRACE_BROKER_LOG_LOG_FILE_H
#define MILLRACE_BROKER_LOG_LOG_FILE_H

#include <stdbool.h>
#include <stdint.h>

struct log_file {
    uint64_t id;    /* never used twice within one run; never 0 */
    char *path;     /* relative to the data directory: "orders-0/00000000000000000000.log" */
    bool directory; /* only ever synced, so that a new file's name survives */
    int references;
};

/* Gives out ids; one per node, so that a run needs no global counter. Starts zeroed. */
struct log_file_ids {
    uint64_t last;
};

/* A new file object with one reference; copies `path`. Touches no disk. */
struct log_file *log_file_new(struct log_file_ids *ids, const char *path, bool directory);
struct log_file *log_file_ref(struct log_file *f);
/* Frees with the last reference. NULL is allowed. */
void log_file_unref(struct log_file *f);

#endif
