/* requests.h - requests from a frame to an answer, and the connections that they come from (connection.c, dispatch.c).
 *
 * A request lives until it is answered. Its connection may be gone by then: r->connection is NULL and the answer is
 * dropped. */
#ifndef MILLRACE_BROKER_NODE_REQUESTS_H
#define MILLRACE_BROKER_NODE_REQUESTS_H

#include "broker/group/deadline.h"
#include "broker/log/log_file.h"
#include "broker/node/node.h"
#include "lib/base/bytes.h"
#include "lib/kafka/api.h"
#include "lib/kafka/messages.h"

struct check_line;

/* Requests of one connection that may be under way; beyond that its frames are not read. */
enum { PIPELINE_DEPTH_MAX = 64, PIPELINE_DEPTH_RESUME = 32 };
/* Memory of answers that wait for the answer to an earlier request, of one connection and of all; beyond that it is not
 * read either. */
enum { HELD_BYTES_MAX = 1024 * 1024, HELD_BYTES_ALL_MAX = 64 * 1024 * 1024 };
/* Memory of fetches that wait for more, with their frames; beyond that they are answered with what there is. */
enum { WATCHING_BYTES_MAX = 64 * 1024 * 1024 };
/* Requests whose memory is kept for the next ones. */
enum { FREE_REQUESTS_MAX = 256 };

struct request {
    struct connection *connection; /* NULL: gone */
    struct kafka_request_header header;
    const struct kafka_api *api;
    struct shared *frame; /* what strings and records of `body` point into */
    void *body;           /* decoded; in the arena */
    void *state;          /* of the part that works on it; in the arena */
    struct arena arena;   /* reset when the request ends */
    struct deadline deadline;
    uint64_t token; /* what `awaited` knows it by; 0: nothing is awaited */
    bool answered;
    struct action_piece *pieces; /* the answer while it waits for its turn; in the arena */
    int piece_count;
    size_t held_bytes;             /* memory of `pieces` while they wait for an earlier request */
    struct request *next;          /* in the connection's order, or in the free list */
    struct request *next_waiting;  /* of those that wait for the same write */
    struct request *newer, *older; /* of all there are, for node_free */
};

struct connection {
    uint64_t id;
    char peer[64];
    struct request *first, **last;
    int depth;
    int64_t held_bytes;           /* of its answers that wait for an earlier one */
    struct check_line *line;      /* of its batches; NULL: none is checked */
    struct request *lookups_last; /* of its ListOffsets that look up times, linked by next_waiting; NULL: none does */
    bool paused;
    bool ended; /* its peer, perhaps dead, asks for nothing new: no fetch of it waits */
};

/* `peer` is its address as text, for the log and for groups. */
void connection_opened(struct node *n, uint64_t id, struct slice peer);
/* Nothing can be sent to it any more: its requests go on, their answers are dropped. */
void connection_gone(struct node *n, uint64_t id);
/* Nothing new will come from it, but what it sent may wait behind its long polls: they end now. */
void connection_ended(struct node *n, uint64_t id);
/* Decodes one request and starts it; takes the frame's reference. */
void connection_frame(struct node *n, uint64_t id, struct shared *frame);
/* For node_free. */
void connections_release(struct node *n);

/* Encodes and sends when its turn has come. The request is gone afterwards. */
void request_answer(struct node *n, struct request *r, const void *response);
/* The same with file ranges for the holes, in their order; their references are taken over. */
struct file_range {
    struct log_file *file;
    uint64_t at, length;
};
void request_answer_ranges(struct node *n, struct request *r, const void *response, const struct file_range *ranges,
                           int range_count);
/* Ends it without an answer (acks=0). */
void request_finish_silently(struct node *n, struct request *r);
/* Ends it and its connection. */
void request_refuse(struct node *n, struct request *r, const char *why);

/* Starts a decoded request. */
void dispatch(struct node *n, struct request *r);
/* ApiVersions is answered also where its version is not known (KIP-511). */
void api_versions_unknown(struct node *n, struct request *r);

#endif
