/* The sockets: accepting, reading, writing, and what is done about those that take too much or say too
 * little. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "broker/server/server_internal.h"
#include "lib/base/memory.h"
#include "lib/os/clock.h"
#include "lib/os/net.h"

enum { SCRATCH_BYTES = 64 * 1024, READS_PER_ROUND = 8, ACCEPTS_PER_ROUND = 64 };
#define ACCEPT_AGAIN_NS   100000000LL  /* when descriptors have run out */
#define SHORT_PATIENCE_NS 3000000000LL /* how long memory may be short before the largest sender goes */

static struct slice key_of(const uint64_t *id)
{
    return slice_of(id, sizeof *id);
}

static struct channel *channel_find(struct server *s, uint64_t id)
{
    return table_get(&s->channels, key_of(&id));
}

/* --- the list by activity --- */

static void activity_unlink(struct server *s, struct channel *c)
{
    *(c->newer ? &c->newer->older : &s->newest) = c->older;
    *(c->older ? &c->older->newer : &s->oldest) = c->newer;
    c->newer = c->older = NULL;
}

static void activity_link(struct server *s, struct channel *c)
{
    c->active_ns = clock_mono_ns();
    c->older = s->newest;
    if (s->newest) s->newest->newer = c;
    s->newest = c;
    if (!s->oldest) s->oldest = c;
}

static void activity_note(struct server *s, struct channel *c)
{
    if (s->newest == c) {
        c->active_ns = clock_mono_ns();
        return;
    }
    activity_unlink(s, c);
    activity_link(s, c);
}

/* --- life --- */

static void channel_interest(struct server *s, struct channel *c)
{
    bool reads = !c->paused && !c->resumed && !c->starved && !c->closing && !channel_is_congested(c);
    uint32_t end = c->starved && !c->ended ? EPOLLRDHUP : 0u;
    loop_change(&s->loop, &c->watch, (reads ? EPOLLIN : 0u) | (channel_is_drained(c) ? 0u : EPOLLOUT) | end);
}

/* The node is told unless it was the one who closed. */
static void channel_drop(struct server *s, struct channel *c)
{
    if (c->dead) return;
    c->dead = true;
    loop_remove(&s->loop, &c->watch);
    activity_unlink(s, c);
    table_remove(&s->channels, key_of(&c->id));
    s->partial_bytes -= (int64_t)channel_frame_memory(c);
    c->next_dead = s->dead;
    s->dead = c;
    if (!c->closing) server_post(s, &(struct event){.kind = EVENT_DISCONNECTED, .connection = c->id});
}

void clients_bury(struct server *s)
{
    while (s->dead) {
        struct channel *c = s->dead;
        s->dead = c->next_dead;
        channel_free(c);
    }
}

/* --- memory of frames --- */

/* The last quarter is for requests of common size: a few clients that announce 90 MiB each cannot have it. */
static bool memory_is_short(const struct server *s, uint32_t frame_size)
{
    enum { COMMON_BYTES_MAX = 2 * 1024 * 1024 };
    int64_t all = s->config->request_memory_bytes;
    return s->frame_bytes + s->partial_bytes > (frame_size > COMMON_BYTES_MAX ? all - all / 4 : all);
}

static void frame_released(struct shared *frame, void *context)
{
    struct server *s = context;
    s->frame_bytes -= (int64_t)frame->n;
}

static void frame_deliver(struct server *s, struct channel *c, struct shared *frame)
{
    s->frame_bytes += (int64_t)frame->n;
    frame->released = frame_released;
    frame->context = s;
    server_post(s, &(struct event){.kind = EVENT_FRAME, .connection = c->id, .frame = frame});
}

/* A large frame that is coming in waits while memory is short; small ones are let through, so that a few
 * greedy clients do not delay the others (T50). */
static void starve_maybe(struct server *s, struct channel *c)
{
    if (!c->in_frame || c->frame_size <= SCRATCH_BYTES || !memory_is_short(s, c->frame_size)) return;
    c->starved = true;
    s->any_starved = true;
}

/* --- reading --- */

static void channel_give_on(struct server *s, struct channel *c, struct slice in)
{
    while (!c->dead && !c->closing) {
        struct shared *frame;
        if (c->paused) {
            buf_append_slice(&c->stash, in);
            return;
        }
        int64_t before = (int64_t)channel_frame_memory(c);
        int rc = channel_feed(c, &in, s->config->request_bytes_max, &frame);
        s->partial_bytes += (int64_t)channel_frame_memory(c) - before;
        if (rc < 0) {
            log_warn("broker", "closing the connection of %s: it announces a request of more than %lld bytes", c->peer,
                     (long long)s->config->request_bytes_max);
            channel_drop(s, c);
            return;
        }
        if (rc == 0) return;
        frame_deliver(s, c, frame);
    }
}

/* One read: into the frame where a large one is coming in, what follows into scratch. */
static ssize_t channel_read(struct server *s, struct channel *c)
{
    size_t window_size = 0;
    int64_t before = (int64_t)channel_frame_memory(c);
    uint8_t *window = channel_window(c, &window_size);
    s->partial_bytes += (int64_t)channel_frame_memory(c) - before;
    struct iovec vector[2] = {{window, window_size}, {s->scratch, SCRATCH_BYTES}};
    ssize_t n = readv(c->watch.descriptor, vector, 2);
    if (n <= 0) return n;
    size_t in_window = (size_t)n < window_size ? (size_t)n : window_size;
    if (in_window) {
        struct shared *frame;
        before = (int64_t)channel_frame_memory(c);
        int complete = channel_window_filled(c, in_window, &frame);
        s->partial_bytes += (int64_t)channel_frame_memory(c) - before;
        if (complete) frame_deliver(s, c, frame);
    }
    if ((size_t)n > in_window && !c->dead) channel_give_on(s, c, slice_of(s->scratch, (size_t)n - in_window));
    return n;
}

static void channel_readable(struct server *s, struct channel *c)
{
    for (int i = 0; i < READS_PER_ROUND; i++) {
        starve_maybe(s, c); /* before its frame grows */
        if (c->dead || c->paused || c->resumed || c->starved || c->closing || channel_is_congested(c)) break;
        ssize_t n = channel_read(s, c);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && errno == EAGAIN) break;
        if (n <= 0) {
            channel_drop(s, c);
            return;
        }
        starve_maybe(s, c);
        if (!c->dead) activity_note(s, c);
        if (n < SCRATCH_BYTES) break; /* probably all there was; the loop comes back if not */
    }
    if (!c->dead) channel_interest(s, c);
}

/* --- writing --- */

static void channel_after_send(struct server *s, struct channel *c, int rc)
{
    if (rc < 0) {
        if (rc != ERR_CLOSED)
            log_error("broker", "closing the connection of %s: an answer could not be sent: %s", c->peer, err_name(rc));
        channel_drop(s, c);
        return;
    }
    if (c->closing && channel_is_drained(c)) {
        channel_drop(s, c);
        return;
    }
    channel_interest(s, c);
}

void client_send(struct server *s, uint64_t id, const struct action_piece *pieces, int count)
{
    struct channel *c = channel_find(s, id);
    if (!c) return;
    activity_note(s, c);
    channel_after_send(s, c, channel_send(c, &s->files, pieces, count));
}

void client_close(struct server *s, uint64_t id)
{
    struct channel *c = channel_find(s, id);
    if (!c) return;
    c->closing = true;
    channel_after_send(s, c, 0);
}

/* What was read before the pause is given on first. */
static void channel_resume(struct server *s, struct channel *c)
{
    struct buf stash = c->stash;
    c->stash = (struct buf){0};
    if (stash.n) channel_give_on(s, c, buf_slice(&stash));
    buf_release(&stash);
    if (!c->dead) channel_interest(s, c);
}

void client_pause(struct server *s, uint64_t id, bool pause)
{
    struct channel *c = channel_find(s, id);
    if (!c) return;
    c->paused = pause;
    c->resumed = !pause && c->stash.n > 0;
    if (c->resumed) s->any_resumed = true;
    if (!c->dead) channel_interest(s, c);
}

/* A client that is gone is not read to its end while its request waits for memory; when what has come cannot
 * complete the request, the memory goes to those who are there. */
static void starved_ended(struct server *s, struct channel *c)
{
    int unread = 0;
    c->ended = true;
    if (ioctl(c->watch.descriptor, FIONREAD, &unread) == 0 && channel_frame_left(c) > (size_t)unread)
        channel_drop(s, c);
    else
        channel_interest(s, c);
}

static void channel_ready(struct loop_watch *w, uint32_t events)
{
    struct channel *c = w->context;
    struct server *s = c->server;
    if (events & (EPOLLERR | EPOLLHUP)) {
        channel_drop(s, c);
        return;
    }
    if ((events & EPOLLRDHUP) && c->starved) starved_ended(s, c);
    if (c->dead) return;
    if (events & EPOLLOUT) channel_after_send(s, c, channel_flush(c, &s->files));
    if ((events & EPOLLIN) && !c->dead) channel_readable(s, c);
}

/* --- accepting --- */

static void channel_add(struct server *s, int descriptor, const struct net_address *peer)
{
    struct channel *c = channel_new(++s->last_connection, descriptor);
    int send = (int)s->config->send_buffer_bytes, receive = (int)s->config->receive_buffer_bytes;
    if (send > 0) setsockopt(descriptor, SOL_SOCKET, SO_SNDBUF, &send, sizeof send);
    if (receive > 0) setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &receive, sizeof receive);
    snprintf(c->peer, sizeof c->peer, "%.45s", peer->host);
    c->server = s;
    c->watch.ready = channel_ready;
    if (loop_add(&s->loop, &c->watch, EPOLLIN) < 0) {
        channel_free(c);
        return;
    }
    table_set(&s->channels, key_of(&c->id), c);
    activity_link(s, c);
    server_post(s, &(struct event){.kind = EVENT_CONNECTED, .connection = c->id, .data = slice_str(c->peer)});
}

static void listener_set(struct server *s, bool on)
{
    s->listening = on;
    loop_change(&s->loop, &s->listener, on ? EPOLLIN : 0);
}

/* No descriptor for another connection: those that wait outside are asked in when others have left. */
static void accept_later(struct server *s)
{
    if (!s->accept_told)
        log_warn("broker", "no descriptors left beside %u connections: others wait until some leave",
                 s->channels.count);
    s->accept_told = true;
    listener_set(s, false);
    s->accept_again_ns = clock_mono_ns() + ACCEPT_AGAIN_NS;
}

static void listener_ready(struct loop_watch *w, uint32_t events)
{
    struct server *s = w->context;
    (void)events;
    for (int i = 0; i < ACCEPTS_PER_ROUND; i++) {
        struct net_address peer = {0};
        if ((int64_t)s->channels.count >= s->channels_max) {
            accept_later(s);
            return;
        }
        int d = net_accept(w->descriptor, &peer);
        if (d == ERR_CLOSED) continue;
        if (d == ERR_LOCKED) return;
        if (d < 0) {
            accept_later(s);
            return;
        }
        if ((int64_t)s->channels.count >= s->connections_max) {
            log_warn("broker", "refusing %s: max.connections is reached", peer.host);
            close(d);
            continue;
        }
        s->accept_told = false;
        channel_add(s, d, &peer);
    }
}

int clients_listen(struct server *s, struct err_text *error)
{
    struct net_address address = {.port = s->config->port};
    int port;
    snprintf(address.host, sizeof address.host, "%s", s->config->host);
    int d = net_listen(&address, &port, error);
    if (d < 0) return d;
    s->config->port = port;
    if (s->config->advertised_port == 0) s->config->advertised_port = port;
    s->scratch = memory_new(SCRATCH_BYTES);
    s->listener = (struct loop_watch){.descriptor = d, .ready = listener_ready, .context = s};
    s->listening = true;
    return loop_add(&s->loop, &s->listener, EPOLLIN);
}

void clients_release(struct server *s)
{
    while (s->oldest) {
        s->oldest->closing = true;
        channel_drop(s, s->oldest);
    }
    clients_bury(s);
    table_release(&s->channels);
    if (s->listener.descriptor > 0) close(s->listener.descriptor);
    free(s->scratch);
}

/* --- what the clock asks for --- */

static void starved_feed(struct server *s)
{
    s->any_starved = false;
    for (struct table_entry *e = table_first(&s->channels); e; e = table_next(&s->channels, e)) {
        struct channel *c = e->value;
        if (!c->starved) continue;
        c->starved = memory_is_short(s, c->frame_size);
        s->any_starved |= c->starved;
        if (!c->starved) channel_interest(s, c);
    }
}

/* Requests that are announced and do not come must not keep the memory from those that do. */
static void largest_drop(struct server *s)
{
    struct channel *largest = NULL;
    for (struct table_entry *e = table_first(&s->channels); e; e = table_next(&s->channels, e)) {
        struct channel *c = e->value;
        if (!largest || channel_frame_memory(c) > channel_frame_memory(largest)) largest = c;
    }
    if (!largest || channel_frame_memory(largest) == 0) return;
    log_warn("broker",
             "closing the connection of %s: memory for requests is short and its request of %u bytes does not end",
             largest->peer, largest->frame_size);
    channel_drop(s, largest);
}

static int64_t memory_tend(struct server *s, int64_t now_ns)
{
    if (s->any_starved) starved_feed(s);
    if (!s->any_starved) {
        s->short_since_ns = 0;
        return INT64_MAX;
    }
    if (s->short_since_ns == 0) s->short_since_ns = now_ns;
    if (now_ns - s->short_since_ns >= SHORT_PATIENCE_NS) {
        largest_drop(s);
        s->short_since_ns = now_ns;
    }
    return s->short_since_ns + SHORT_PATIENCE_NS;
}

static int64_t idle_tend(struct server *s, int64_t now_ns)
{
    if (s->config->connections_idle_ms < 0) return INT64_MAX;
    int64_t limit_ns = s->config->connections_idle_ms * 1000000;
    while (s->oldest && now_ns - s->oldest->active_ns > limit_ns) channel_drop(s, s->oldest);
    return s->oldest ? s->oldest->active_ns + limit_ns + 1000000 : INT64_MAX;
}

static void resumed_tend(struct server *s)
{
    while (s->any_resumed) {
        s->any_resumed = false;
        for (struct table_entry *e = table_first(&s->channels); e; e = table_next(&s->channels, e)) {
            struct channel *c = e->value;
            if (!c->resumed) continue;
            c->resumed = false;
            channel_resume(s, c);
            break; /* the table may have changed */
        }
    }
}

int64_t clients_tend(struct server *s, int64_t now_ns)
{
    int64_t next = INT64_MAX, x;
    resumed_tend(s);
    if ((x = memory_tend(s, now_ns)) < next) next = x;
    if ((x = idle_tend(s, now_ns)) < next) next = x;
    if (!s->listening && !s->stopping) {
        if (now_ns >= s->accept_again_ns)
            listener_set(s, true);
        else if (s->accept_again_ns < next)
            next = s->accept_again_ns;
    }
    return next;
}
