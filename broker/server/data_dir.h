/* data_dir.h - the directory of log.dirs and its lock.
 *
 * As in Kafka the lock is an fcntl lock on the file `.lock`, so that neither a second broker of ours
 * nor a Kafka on the same directory can start; it goes with the process, however that ends. */
#ifndef MILLRACE_BROKER_SERVER_DATA_DIR_H
#define MILLRACE_BROKER_SERVER_DATA_DIR_H

#include "lib/base/err.h"

struct data_dir {
    int directory; /* -1 once taken by somebody else */
    int lock;
};

/* Creates the directory where it is missing. ERR_LOCKED, with a sentence, when it is in use. */
int data_dir_open(struct data_dir *d, const char *path, struct err_text *error);
void data_dir_close(struct data_dir *d);

#endif
