#include "bench/pairs.h"

#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include "bench/speed/wire.h"
#include "lib/base/memory.h"
#include "lib/os/clock.h"
#include "lib/os/net.h"

enum { PATIENCE_MS = 10000, FETCH_BYTES = 1 << 20 };

struct meeting;

/* A producer or a consumer. */
struct end {
    struct meeting *meeting;
    int sockets[PAIRS_ENDS_MAX]; /* direct: one for each peer */
    struct wire wire;            /* through a broker */
    pthread_t thread;
    int64_t batches; /* that a consumer got */
    int rc;
    struct err_text error;
};

struct meeting {
    struct pairs *pairs;
    struct end producers[PAIRS_ENDS_MAX], consumers[PAIRS_ENDS_MAX];
    pthread_barrier_t begin;
};

/* --- direct --- */

static int all_acknowledge(struct end *e)
{
    uint8_t answer[4];
    int rc = 0;
    for (int i = 0; i < e->meeting->pairs->consumers && rc == 0; i++)
        rc = net_receive_all(e->sockets[i], answer, sizeof answer, PATIENCE_MS);
    return rc < 0 ? err_set(&e->error, rc, "a receiver did not acknowledge: %s", err_words(rc)) : 0;
}

/* Its size and a batch, which is encoded once, as for a broker. */
static int frame_make(const struct pairs *p, struct buf *frame)
{
    static const uint8_t size[4];
    buf_reset(frame);
    buf_append(frame, size, sizeof size);
    int rc = wire_batch(p->records, p->record_bytes, frame);
    if (rc == 0) put_u32be(frame->p, (uint32_t)(frame->n - sizeof size));
    return rc;
}

static void *direct_send(void *context)
{
    struct end *e = context;
    const struct pairs *p = e->meeting->pairs;
    struct buf frame = {0};
    pthread_barrier_wait(&e->meeting->begin);
    for (int b = 0; b < p->batches && e->rc == 0; b++) {
        e->rc = frame_make(p, &frame);
        for (int i = 0; i < p->consumers && e->rc == 0; i++) e->rc = net_send_all(e->sockets[i], buf_slice(&frame));
        if (e->rc == 0) e->rc = all_acknowledge(e);
    }
    if (e->rc < 0 && !e->error.text[0]) err_set(&e->error, e->rc, "a batch was not sent: %s", err_words(e->rc));
    buf_release(&frame);
    return NULL;
}

/* One frame of a producer that has begun to send it; its receipt goes back. */
static int frame_take(struct end *e, int socket, struct buf *room)
{
    uint8_t size[4];
    buf_reset(room);
    int rc = net_receive_all(socket, size, sizeof size, PATIENCE_MS);
    size_t n = get_u32be(size);
    if (rc == 0 && n > FETCH_BYTES) return err_set(&e->error, ERR_RANGE, "a frame of %zu bytes", n);
    if (rc == 0) rc = net_receive_all(socket, buf_reserve(room, n), n, PATIENCE_MS);
    if (rc == 0) rc = net_send_all(socket, slice_of(size, sizeof size));
    e->batches += rc == 0;
    return rc < 0 ? err_set(&e->error, rc, "a sender's connection failed: %s", err_words(rc)) : 0;
}

static void *direct_receive(void *context)
{
    struct end *e = context;
    const struct pairs *p = e->meeting->pairs;
    struct pollfd waiting[PAIRS_ENDS_MAX];
    struct buf room = {0};
    for (int i = 0; i < p->producers; i++) waiting[i] = (struct pollfd){.fd = e->sockets[i], .events = POLLIN};
    pthread_barrier_wait(&e->meeting->begin);
    while (e->batches < (int64_t)p->producers * p->batches && e->rc == 0) {
        int ready = poll(waiting, (nfds_t)p->producers, PATIENCE_MS);
        if (ready == 0) e->rc = err_set(&e->error, ERR_IO, "nothing came for %d ms", PATIENCE_MS);
        for (int i = 0; i < p->producers && ready > 0 && e->rc == 0; i++)
            if (waiting[i].revents) e->rc = frame_take(e, e->sockets[i], &room);
    }
    buf_release(&room);
    return NULL;
}

static int accept_one(int listener, struct err_text *error)
{
    struct pollfd waiting = {.fd = listener, .events = POLLIN};
    if (poll(&waiting, 1, PATIENCE_MS) != 1) return err_set(error, ERR_IO, "a connection to a receiver did not arrive");
    int socket = net_accept(listener, NULL);
    if (socket < 0) return err_set(error, socket, "accept: %s", err_words(socket));
    net_set_blocking(socket, true);
    return socket;
}

/* A listener of its own, and each producer connects to it. */
static int consumer_meets(struct meeting *m, int consumer, struct err_text *error)
{
    struct net_address address;
    int rc = net_listener_parse("PLAINTEXT://127.0.0.1:0", &address, error), port = 0;
    int listener = rc < 0 ? rc : net_listen(&address, &port, error);
    if (listener < 0) return listener;
    address.port = port;
    for (int i = 0; i < m->pairs->producers && rc == 0; i++) {
        m->producers[i].sockets[consumer] = net_connect(&address, PATIENCE_MS, error);
        m->consumers[consumer].sockets[i] = m->producers[i].sockets[consumer] < 0 ? -1 : accept_one(listener, error);
        rc = m->consumers[consumer].sockets[i] < 0 ? ERR_IO : 0;
        m->pairs->connections += rc == 0;
    }
    close(listener);
    return rc;
}

static int direct_open(struct meeting *m, struct err_text *error)
{
    int rc = 0;
    for (int i = 0; i < m->pairs->consumers && rc == 0; i++) rc = consumer_meets(m, i, error);
    return rc;
}

/* --- through a broker --- */

static void *broker_send(void *context)
{
    struct end *e = context;
    const struct pairs *p = e->meeting->pairs;
    pthread_barrier_wait(&e->meeting->begin);
    for (int b = 0; b < p->batches && e->rc == 0; b++)
        e->rc = wire_produce(&e->wire, p->topic, 0, p->records, p->record_bytes, &e->error);
    return NULL;
}

static void *broker_receive(void *context)
{
    struct end *e = context;
    const struct pairs *p = e->meeting->pairs;
    int64_t offset = 0, bytes = 0, end = (int64_t)p->producers * p->batches * p->records, since_ns = clock_mono_ns();
    pthread_barrier_wait(&e->meeting->begin);
    while (offset < end && e->rc == 0) {
        int64_t before = offset;
        e->rc = wire_read(&e->wire, p->topic, FETCH_BYTES, &offset, &bytes, &e->error);
        if (offset > before) since_ns = clock_mono_ns();
        if (e->rc == 0 && clock_mono_ns() - since_ns > PATIENCE_MS * INT64_C(1000000))
            e->rc = err_set(&e->error, ERR_IO, "%s: nothing came for %d ms", p->topic, PATIENCE_MS);
    }
    e->batches = offset / p->records;
    return NULL;
}

static int broker_open(struct meeting *m, struct err_text *error)
{
    struct pairs *p = m->pairs;
    int rc = 0;
    for (int i = 0; i < p->producers + p->consumers && rc == 0; i++) {
        struct end *e = i < p->producers ? &m->producers[i] : &m->consumers[i - p->producers];
        rc = wire_open(&e->wire, p->bootstrap, error);
        p->connections += rc == 0;
    }
    return rc;
}

/* --- both --- */

static void ends_init(struct meeting *m, struct end ends[])
{
    for (int i = 0; i < PAIRS_ENDS_MAX; i++) {
        ends[i].meeting = m;
        ends[i].wire.descriptor = -1;
        for (int k = 0; k < PAIRS_ENDS_MAX; k++) ends[i].sockets[k] = -1;
    }
}

static void ends_close(struct end ends[])
{
    for (int i = 0; i < PAIRS_ENDS_MAX; i++) {
        wire_close(&ends[i].wire);
        for (int k = 0; k < PAIRS_ENDS_MAX; k++)
            if (ends[i].sockets[k] >= 0) close(ends[i].sockets[k]);
    }
}

/* Waits for them; the first failure. */
static int ends_join(struct end ends[], int count, struct err_text *error)
{
    int rc = 0;
    for (int i = 0; i < count; i++) {
        pthread_join(ends[i].thread, NULL);
        if (rc == 0 && ends[i].rc < 0) {
            rc = ends[i].rc;
            if (error) *error = ends[i].error;
        }
    }
    return rc;
}

static int meeting_run(struct meeting *m, void *(*send)(void *), void *(*receive)(void *), struct err_text *error)
{
    struct pairs *p = m->pairs;
    pthread_barrier_init(&m->begin, NULL, (unsigned)(p->producers + p->consumers + 1));
    for (int i = 0; i < p->consumers; i++) pthread_create(&m->consumers[i].thread, NULL, receive, &m->consumers[i]);
    for (int i = 0; i < p->producers; i++) pthread_create(&m->producers[i].thread, NULL, send, &m->producers[i]);
    pthread_barrier_wait(&m->begin);
    int64_t begin_ns = clock_mono_ns();
    int rc = ends_join(m->consumers, p->consumers, error);
    p->seconds = (double)(clock_mono_ns() - begin_ns) / 1e9;
    int sent = ends_join(m->producers, p->producers, rc < 0 ? NULL : error);
    for (int i = 0; i < p->consumers; i++) p->delivered += m->consumers[i].batches * p->records;
    pthread_barrier_destroy(&m->begin);
    return rc < 0 ? rc : sent;
}

static int pairs_run(struct pairs *p, bool direct, struct err_text *error)
{
    struct meeting *m = memory_new(sizeof *m);
    m->pairs = p;
    p->connections = 0;
    p->delivered = 0;
    ends_init(m, m->producers);
    ends_init(m, m->consumers);
    int rc = direct ? direct_open(m, error) : broker_open(m, error);
    if (rc == 0)
        rc = direct ? meeting_run(m, direct_send, direct_receive, error)
                    : meeting_run(m, broker_send, broker_receive, error);
    ends_close(m->producers);
    ends_close(m->consumers);
    free(m);
    return rc;
}

int pairs_direct(struct pairs *p, struct err_text *error)
{
    return pairs_run(p, true, error);
}

int pairs_through_broker(struct pairs *p, struct err_text *error)
{
    return pairs_run(p, false, error);
}
