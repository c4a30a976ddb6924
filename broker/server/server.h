/* server.h - the node's owner in real life: one epoll loop, sockets, files, helper threads.
 *
 *     sockets --frames--> node_step --actions--> pwritev / sendfile / workers / sockets
 *                             ^                        |
 *                             +---- events ------------+
 *
 * The loop thread owns the node and everything the node can see. Appends and reads are done at once, in
 * the page cache; syncs and jobs go to the helper threads (workers.h) and come back through the loop.
 *
 * Bounds: a frame by socket.request.max.bytes, all frames by queued.max.request.bytes, a connection's
 * answers by OUTPUT_BYTES_MAX of memory, open segment files by millrace.open.segment.files. */
#ifndef MILLRACE_BROKER_SERVER_H
#define MILLRACE_BROKER_SERVER_H

#include "broker/node/config.h"
#include "lib/base/err.h"

/* Serves until SIGTERM or SIGINT. Prints `ready HOST:PORT` on standard output once connections are
 * accepted, everything else on standard error. Sets the ports of `config` when they were 0. Returns 0
 * after a clean end, otherwise a negative err with a sentence. */
int server_run(struct node_config *config, struct err_text *error);

#endif
