#include "bench/plain.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/memory.h"
#include "lib/os/clock.h"
#include "lib/os/net.h"

enum {
    IN_FLIGHT_MAX = 65536,
    BATCH_BYTES = 1000000,
    CONNECT_MS = 5000,
    READ_BYTES = 65536,
    LINGER_LOOK_MS = 1,
    ANSWER_LOOK_MS = 100
};

struct plain {
    const struct plain_protocol *protocol;
    struct plain_events events;
    const char *topic;
    int sender, receiver; /* connections; -1: none */
    int linger_ms;
    size_t batch_bytes;
    /* Shared by the sending and the polling thread. */
    pthread_mutex_t lock;
    struct buf out;
    int64_t out_since_ns;            /* when the first message of `out` came */
    uint64_t numbers[IN_FLIGHT_MAX]; /* of messages without an answer, in order */
    _Atomic int64_t sent, answered;  /* since the start */
    struct buf in, received;         /* of the polling and of the receiving thread */
    char position[64];               /* of the receiver */
    bool asked;
};

static const struct plain_protocol *protocol_find(const char *name)
{
    static const struct plain_protocol *const all[] = {&plain_redis, &plain_nats, &plain_direct};
    int i = 0;
    while (i < 2 && strcmp(all[i]->name, name) != 0) i++;
    return all[i];
}

static int connect_to(const char *address, struct err_text *error)
{
    struct net_address a;
    int rc = net_address_parse(address, &a, error);
    return rc < 0 ? rc : net_connect(&a, CONNECT_MS, error);
}

static int begin(const struct plain *p, int descriptor, bool receives)
{
    struct buf out = {0};
    if (!p->protocol->begin || descriptor < 0) return 0;
    p->protocol->begin(&out, p->topic, receives);
    int rc = net_send_all(descriptor, buf_slice(&out));
    buf_release(&out);
    return rc;
}

int plain_open(const struct load_options *o, const struct plain_events *events, bool consuming, struct plain **out,
               struct err_text *error)
{
    struct plain *p = memory_new(sizeof *p);
    p->protocol = protocol_find(o->protocol);
    p->events = *events;
    p->topic = o->topic;
    p->linger_ms = o->linger_ms;
    p->batch_bytes = o->batch_bytes > 0 ? (size_t)o->batch_bytes : BATCH_BYTES;
    p->receiver = -1;
    pthread_mutex_init(&p->lock, NULL);
    p->sender = connect_to(o->bootstrap, error);
    if (p->sender >= 0 && consuming && p->protocol->ask) p->receiver = connect_to(o->bootstrap, error);
    bool open = p->sender >= 0 && (!consuming || !p->protocol->ask || p->receiver >= 0);
    if (!open || begin(p, p->sender, false) < 0 || begin(p, p->receiver, true) < 0) {
        plain_close(p);
        return ERR_IO;
    }
    *out = p;
    return 0;
}

void plain_close(struct plain *p)
{
    if (p->sender >= 0) close(p->sender);
    if (p->receiver >= 0) close(p->receiver);
    pthread_mutex_destroy(&p->lock);
    buf_release(&p->out);
    buf_release(&p->in);
    buf_release(&p->received);
    free(p);
}

/* --- sending --- */

static int flush_locked(struct plain *p)
{
    int rc = p->out.n > 0 ? net_send_all(p->sender, buf_slice(&p->out)) : 0;
    buf_reset(&p->out);
    return rc;
}

int plain_send(struct plain *p, const void *message, size_t n, struct err_text *error)
{
    while (p->sent - p->answered >= IN_FLIGHT_MAX) clock_sleep_ms(1);
    pthread_mutex_lock(&p->lock);
    if (p->out.n == 0) p->out_since_ns = clock_mono_ns();
    memcpy(&p->numbers[p->sent % IN_FLIGHT_MAX], message, sizeof *p->numbers);
    p->sent++;
    p->protocol->publish(&p->out, p->topic, (struct slice){message, n});
    int rc = p->linger_ms == 0 || p->out.n >= p->batch_bytes ? flush_locked(p) : 0;
    pthread_mutex_unlock(&p->lock);
    return rc == 0 ? 0 : err_set(error, ERR_IO, "%s: the connection is gone", p->protocol->name);
}

/* Flushes what has lingered; returns how long the next wait for an answer may be. */
static int linger(struct plain *p, int timeout_ms)
{
    if (p->linger_ms == 0) return timeout_ms;
    pthread_mutex_lock(&p->lock);
    bool waits = p->out.n > 0;
    if (waits && clock_mono_ns() - p->out_since_ns >= (int64_t)p->linger_ms * 1000000) flush_locked(p);
    pthread_mutex_unlock(&p->lock);
    return LINGER_LOOK_MS;
}

/* --- answers --- */

/* Appends what has come; false when nothing came in time, or nothing will any more. */
static bool bytes_take(int descriptor, struct buf *in, int timeout_ms)
{
    struct pollfd wait = {.fd = descriptor, .events = POLLIN};
    if (poll(&wait, 1, timeout_ms) <= 0) return false;
    ssize_t n = recv(descriptor, buf_reserve(in, READ_BYTES), READ_BYTES, MSG_DONTWAIT);
    if (n == 0) clock_sleep_ms(timeout_ms); /* gone: the messages without an answer are simply missing */
    if (n > 0) in->n += (size_t)n;
    return n > 0;
}

static void consume(struct buf *in, size_t n)
{
    memmove(in->p, in->p + n, in->n - n);
    in->n -= n;
}

void plain_poll(struct plain *p, int timeout_ms)
{
    if (!bytes_take(p->sender, &p->in, linger(p, timeout_ms))) return;
    int64_t now_ns = clock_mono_ns(), n = 1;
    size_t at = 0;
    while (p->answered < p->sent && n > 0 && at < p->in.n) {
        struct plain_answer a = {0};
        n = p->protocol->answer((struct slice){p->in.p + at, p->in.n - at}, &a);
        if (n <= 0) break;
        uint64_t number = p->numbers[p->answered % IN_FLIGHT_MAX];
        at += (size_t)n;
        if (a.none) continue;
        if (a.received_ns > 0) p->events.received(p->events.context, number, a.received_ns);
        p->events.answered(p->events.context, number, a.acked, now_ns);
        p->answered++;
    }
    consume(&p->in, at);
}

static void message_take(void *context, struct slice m)
{
    struct plain *p = context;
    uint64_t number;
    if (m.n < sizeof number) return;
    memcpy(&number, m.p, sizeof number);
    p->events.received(p->events.context, number, clock_mono_ns());
}

void plain_receive(struct plain *p, int timeout_ms)
{
    struct buf question = {0};
    if (p->receiver < 0) {
        clock_sleep_ms(timeout_ms);
        return;
    }
    if (!p->asked) {
        p->protocol->ask(&question, p->topic, p->position);
        p->asked = net_send_all(p->receiver, buf_slice(&question)) == 0;
        buf_release(&question);
    }
    if (!bytes_take(p->receiver, &p->received, timeout_ms)) return;
    int64_t n = p->protocol->reply(buf_slice(&p->received), p->position, message_take, p);
    if (n <= 0) return;
    consume(&p->received, (size_t)n);
    p->asked = false;
}

/* --- single questions --- */

/* Asks, and waits for what is told; negative when that is no answer or none comes. */
static int64_t question(const struct load_options *o, void (*write)(struct buf *out, const char *topic),
                        struct err_text *error)
{
    const struct plain_protocol *protocol = protocol_find(o->protocol);
    struct buf out = {0}, in = {0};
    int64_t value = ERR_IO, told = 0, give_up_ns = clock_mono_ns() + (int64_t)CONNECT_MS * 1000000;
    int descriptor = connect_to(o->bootstrap, error);
    if (descriptor < 0) return descriptor;
    write(&out, o->topic);
    int rc = net_send_all(descriptor, buf_slice(&out));
    while (rc == 0 && told == 0 && clock_mono_ns() < give_up_ns) {
        if (bytes_take(descriptor, &in, ANSWER_LOOK_MS)) told = protocol->told(buf_slice(&in), &value);
    }
    if (told <= 0)
        value = err_set(error, ERR_IO, "%s: %s does not do what it is asked: %.*s", o->topic, protocol->name,
                        (int)(in.n < 80 ? in.n : 80), in.n ? (const char *)in.p : "");
    close(descriptor);
    buf_release(&out);
    buf_release(&in);
    return value;
}

int64_t plain_length(const struct load_options *o)
{
    const struct plain_protocol *protocol = protocol_find(o->protocol);
    struct err_text why = {0};
    int64_t value = protocol->length ? question(o, protocol->length, &why) : -1;
    return value < 0 ? -1 : value;
}

int plain_topic_make(const struct load_options *o, struct err_text *error)
{
    const struct plain_protocol *protocol = protocol_find(o->protocol);
    int64_t value = protocol->make ? question(o, protocol->make, error) : 0;
    return value < 0 ? ERR_IO : 0;
}

int plain_topic_delete(const struct load_options *o, struct err_text *error)
{
    const struct plain_protocol *protocol = protocol_find(o->protocol);
    int64_t value = protocol->remove ? question(o, protocol->remove, error) : 0;
    return value < 0 ? ERR_IO : 0;
}
