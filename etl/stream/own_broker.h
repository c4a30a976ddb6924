/* own_broker.h - a broker for commands that were not told of one: on a folder, started when none runs there.
 *
 *     DIR/                   the broker's log.dirs
 *     DIR/millrace.address   HOST:PORT of the broker that runs there (or ran there last)
 *     DIR/millrace.log       what these brokers had to say
 *
 * Several commands may share DIR. The folder's lock decides who starts the broker; it serves until the command that
 * started it ends. own_broker_ensure, called now and then, notices that it is gone and starts it again on the same
 * port, so that clients find it where it was. That is also what makes kill -9 of the broker harmless. */
#ifndef MILLRACE_ETL_STREAM_OWN_BROKER_H
#define MILLRACE_ETL_STREAM_OWN_BROKER_H

#include "lib/base/err.h"
#include "lib/os/process.h"

struct own_broker {
    const char *dir;      /* NULL: a cluster was named, there is nothing to look after */
    char bootstrap[128];  /* HOST:PORT */
    struct process child; /* pid 0: another command's */
};

/* With `bootstrap` only remembers it. Otherwise finds or starts the broker of `dir`. */
int own_broker_open(struct own_broker *b, const char *bootstrap, const char *dir, struct err_text *error);
/* Starts it again if it is gone. */
int own_broker_ensure(struct own_broker *b, struct err_text *error);
/* Stops what this command started. */
void own_broker_close(struct own_broker *b);

#endif
