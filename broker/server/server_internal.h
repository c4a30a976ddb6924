/* server_internal.h - what server.c (the loop), perform.c (actions), clients.c (sockets) and patience.c (who has to
 * go) share. */
#ifndef MILLRACE_BROKER_SERVER_INTERNAL_H
#define MILLRACE_BROKER_SERVER_INTERNAL_H

#include "broker/node/config.h"
#include "broker/node/node.h"
#include "broker/server/channel.h"
#include "broker/server/data_dir.h"
#include "broker/server/file_cache.h"
#include "broker/server/workers.h"
#include "lib/base/log.h"
#include "lib/base/table.h"
#include "lib/os/loop.h"

/* An event that waits for the step under way to end. */
struct queued_event {
    struct event event;
    uint8_t *read; /* malloc'ed bytes of an EVENT_READ */
};

struct server {
    struct node_config *config;
    struct loop loop;
    struct data_dir data_dir;
    struct power *power; /* what a power cut would take */
    struct disk *disk;
    struct file_cache files;
    struct workers *workers;
    struct node *node;
    struct actions actions;

    struct queued_event *events; /* a ring */
    int event_first, event_count, event_capacity;
    bool stepping;

    struct loop_watch listener, signals;
    bool listening, accept_told, sync_told;
    int files_max;                              /* descriptors that segments may have */
    int sync_descriptors, sync_descriptors_max; /* and syncs that wait or run, beside them */
    int64_t channels_max;                       /* and connections */
    int64_t accept_again_ns;                    /* descriptors had run out: listen again then */
    uint64_t last_connection;
    int64_t connections_max;         /* max.connections, as it is now */
    struct table channels;           /* 8 bytes of id -> struct channel */
    struct channel *newest, *oldest; /* by activity */
    struct channel *dead;            /* freed at the end of the round */
    uint8_t *scratch;                /* what is read before it is known where it belongs */

    int64_t frame_bytes;   /* of complete frames that somebody holds */
    int64_t partial_bytes; /* of frames that are coming in, and of stashes */
    int64_t out_bytes;     /* of answers that the sockets did not take */
    int64_t short_since_ns, fed_ns, looked_ns;
    bool any_starved, any_unfinished;

    struct channel *turns, **turns_last; /* that have more to give on */
    int turn_frames;                     /* of the turn under way */
    int64_t turn_began_ns;
    bool turn_is_late; /* after all that ask little */

    int64_t wake_ns; /* of the last ACTION_WAKE */
    bool stopping, stopped;
    int signal_count;
};

/* Queues an event and, unless a step is under way, steps until the queue is empty. */
void server_post(struct server *s, const struct event *e);
/* The same for an EVENT_READ, whose bytes (malloc'ed) are freed after its step. */
void server_post_read(struct server *s, uint64_t token, int err, uint8_t *bytes, size_t n);

/* perform.c: carries out one step's actions, in their order. */
void actions_perform(struct server *s, struct actions *a);

/* --- clients.c --- */

/* Opens the listener and sets the ports of the configuration that were 0. */
int clients_listen(struct server *s, struct err_text *error);
/* Closes every connection; nobody is told. */
void clients_release(struct server *s);
/* The node's SEND, CLOSE, PAUSE and RESUME. A connection that is gone is no error: the node hears of it. */
void client_send(struct server *s, uint64_t id, const struct action_piece *pieces, int count);
void client_close(struct server *s, uint64_t id);
void client_pause(struct server *s, uint64_t id, bool pause);
/* What it is watched for, after anything changed. */
void client_interest(struct server *s, struct channel *c);
/* Something came from it or went to it. */
void client_active(struct server *s, struct channel *c);
/* The end of a connection; it is freed by clients_bury. Not for one that is dead already. */
void client_drop(struct server *s, struct channel *c);
/* What the clock asks for; the instant of the next one. */
int64_t clients_tend(struct server *s, int64_t now_ns);
/* Frees those that died in this round. */
void clients_bury(struct server *s);

/* --- patience.c --- */

/* Whether there is no memory for what it sends. */
bool client_starves(const struct server *s, const struct channel *c);
/* Memory for answers is used up: those go who let most of it lie. */
void clients_unburden(struct server *s);
/* Drops whom patience has run out with; the instant to look again. */
int64_t clients_patience(struct server *s, int64_t now_ns);

#endif
