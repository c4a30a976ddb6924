/* channel.h - one client's socket: bytes in become frames, pieces out become bytes.
 *
 *     frame := int32 size, then `size` bytes
 *
 * In: a frame's buffer grows as its bytes arrive, so that a client that announces 90 MiB and sends slowly
 * costs what it has sent (T50). Out: a queue of memory pieces and file ranges; what the socket takes at
 * once is never copied. */
#ifndef MILLRACE_BROKER_SERVER_CHANNEL_H
#define MILLRACE_BROKER_SERVER_CHANNEL_H

#include <stdbool.h>
#include <stdint.h>

#include "broker/node/node.h"
#include "broker/server/file_cache.h"
#include "lib/os/loop.h"

/* A piece on its way out. Memory without a holder is borrowed until the end of channel_send. */
struct out_piece {
    struct slice bytes;
    struct shared *shared;
    struct log_file *file;
    uint64_t at, length;
};

struct server;

struct channel {
    uint64_t id;
    struct server *server;
    struct loop_watch watch; /* context: this channel */
    char peer[64];

    uint8_t size_bytes[4]; /* of the frame that is coming in */
    int size_count;
    uint32_t frame_size;
    bool in_frame;
    struct buf frame;
    uint32_t frame_count; /* complete ones; wraps */
    uint64_t in_total;    /* bytes that came */

    struct buf stash; /* read, but not yet given on: it was paused, its answers wait, or its turn was over */
    bool paused;      /* by the node */
    bool starved;     /* no memory for its frame */
    bool ended;       /* the peer will send no more */
    bool queued;      /* for another turn */
    struct channel *next_turn;
    int64_t demand_bytes, demand_age; /* what it asked for lately */

    struct out_piece *out;
    int out_first, out_count, out_capacity; /* a ring */
    uint64_t out_bytes;                     /* memory in the ring */
    uint64_t out_total;                     /* bytes that left */

    bool gathers; /* what is sent waits for the next channel_flush */
    bool closing; /* close when everything is sent */
    bool dead;    /* waits to be freed at the end of the round */
    int64_t active_ns;
    struct channel *newer, *older; /* by activity */
    struct channel *next_dead;

    /* patience.c: how far each direction was when it last went well, and when that was */
    struct channel_pace {
        int64_t good_ns; /* 0: nothing is under way */
        uint64_t total;
        uint32_t frame_count;
    } in_pace, out_pace;
};

/* Memory that answers of one connection may wait in before it is not read any more. */
enum { OUTPUT_BYTES_MAX = 4 * 1024 * 1024, OUTPUT_PIECES_MAX = 4096 };
/* What one flush sends at the most, give or take a piece of memory: a reader that takes whatever it is given comes back
 * when the others had their turn. */
enum { FLUSH_BYTES_MAX = 2 * 1024 * 1024 };

struct channel *channel_new(uint64_t id, int descriptor);
/* Closes the socket. */
void channel_free(struct channel *c);

/* Adds pieces (references are taken) and, unless the channel gathers, sends what the socket takes now. ERR_CLOSED when
 * the peer is gone, another error when a file could not be read. */
int channel_send(struct channel *c, struct file_cache *files, const struct action_piece *pieces, int count);
/* Goes on sending. */
int channel_flush(struct channel *c, struct file_cache *files);
bool channel_is_drained(const struct channel *c);
bool channel_is_congested(const struct channel *c);
/* Whether a request has begun to come in and is not complete. */
bool channel_is_mid_frame(const struct channel *c);

/* Takes bytes off `in` until a frame is complete, then moves it to `*frame` (one reference) and returns 1;
 * 0 when all bytes are taken; ERR_RANGE for a size that is negative or above `size_max`. */
int channel_feed(struct channel *c, struct slice *in, int64_t size_max, struct shared **frame);
/* Where the rest of a large frame can be read to directly, at least `*n` bytes of it; NULL when no large frame is
 * coming in. channel_window_filled says how much was read and returns as channel_feed. */
uint8_t *channel_window(struct channel *c, size_t *n);
int channel_window_filled(struct channel *c, size_t n, struct shared **frame);
/* Bytes of memory that the incomplete frame holds. */
size_t channel_frame_memory(const struct channel *c);
/* Bytes of it that have not come yet. */
size_t channel_frame_left(const struct channel *c);

#endif
