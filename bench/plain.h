/* plain.h - targets that speak something simpler than Kafka's protocol: one connection sends and is answered in order,
 * another one may receive (inside this folder only).
 *
 *     plain_open(&options, &events, consuming, &p, &error)
 *     plain_send ... by one thread; plain_poll by another one: it flushes what lingers and hands out answers;
 *     plain_receive by a third one, when somebody consumes
 *     plain_close(p)                                      when the threads have ended
 *
 * A message starts with its number, eight bytes in the machine's order. Messages wait for `linger_ms`, or until there
 * is `batch_bytes` of them, as in a Kafka client; 65,536 at most are on their way.
 *
 * "redis"    Redis Streams: XADD, XREAD (redis.io/docs/latest/develop/reference/protocol-spec: RESP 2)
 * "nats"     NATS JetStream: PUB with an inbox for its answer, a consumer that is pushed to (docs.nats.io/reference:
 *            client protocol, JetStream API)
 * "direct"   our own sink (bench/sink.h): it answers when it has a message, and says when that was */
#ifndef MILLRACE_BENCH_PLAIN_H
#define MILLRACE_BENCH_PLAIN_H

#include <stdbool.h>
#include <stdint.h>

#include "bench/load.h"

struct plain;

/* Called by the threads of plain_poll and plain_receive. */
struct plain_events {
    void *context;
    void (*answered)(void *context, uint64_t number, bool acked, int64_t now_ns);
    void (*received)(void *context, uint64_t number, int64_t now_ns);
};

/* Of o: bootstrap, topic, protocol, linger_ms, batch_bytes, message_bytes. */
int plain_open(const struct load_options *o, const struct plain_events *events, bool consuming, struct plain **out,
               struct err_text *error);
void plain_close(struct plain *p);
int plain_send(struct plain *p, const void *message, size_t n, struct err_text *error);
void plain_poll(struct plain *p, int timeout_ms);
void plain_receive(struct plain *p, int timeout_ms);
/* How many messages the target has of the topic; -1 when it cannot be asked. */
int64_t plain_length(const struct load_options *o);
/* What must be there before a load, and what it left. */
int plain_topic_make(const struct load_options *o, struct err_text *error);
int plain_topic_delete(const struct load_options *o, struct err_text *error);

/* --- a protocol, for plain.c alone --- */

struct plain_answer {
    bool acked;
    bool none;           /* no answer to a message: something that is passed over */
    int64_t received_ns; /* when the receiver had it; 0: another connection will tell */
};

struct plain_protocol {
    const char *name;
    void (*publish)(struct buf *out, const char *topic, struct slice message);
    /* The answer at the start of `in`: how many bytes it has; 0 while it is not whole, -1 when it is none. */
    int64_t (*answer)(struct slice in, struct plain_answer *a);
    /* A receiver's next question, with the last position that it knows ("" at first), and what came back: the number of
     * bytes, 0 or -1 as above; `message` is called for each. NULL: answers say when a message was received. */
    void (*ask)(struct buf *out, const char *topic, const char *position);
    int64_t (*reply)(struct slice in, char position[64], void (*message)(void *context, struct slice m), void *context);
    /* What a connection begins with, before messages or questions; NULL: nothing. */
    void (*begin)(struct buf *out, const char *topic, bool receives);
    /* Questions to the target on a connection of their own: how long the topic is, make it, remove it; NULL when there
     * is nothing to ask. `told` reads what comes back: the number of bytes, 0 or -1 as above. */
    void (*length)(struct buf *out, const char *topic);
    void (*make)(struct buf *out, const char *topic);
    void (*remove)(struct buf *out, const char *topic);
    int64_t (*told)(struct slice in, int64_t *value);
};

extern const struct plain_protocol plain_redis, plain_nats, plain_direct;

#endif
