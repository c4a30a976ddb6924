/* The sockets: accepting, reading, writing, in turns. What is done about those that take too much or say too
 * little is in patience.c. */
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
/* A turn: what one connection may ask before the others are looked at. 64 KiB that are read at once can hold
 * thousands of small requests, each with a large answer. */
enum { TURN_FRAMES_MAX = 64 };
enum { REQUEST_DEMAND_BYTES = 1024 }; /* what any request costs at least */
#define TURN_NS_MAX     2000000LL
#define ACCEPT_AGAIN_NS 100000000LL /* when descriptors have run out */

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

void client_active(struct server *s, struct channel *c)
{
    if (s->newest == c) {
        c->active_ns = clock_mono_ns();
        return;
    }
    activity_unlink(s, c);
    activity_link(s, c);
}

/* --- life --- */

static bool channel_reads(const struct channel *c)
{
    return !c->paused && !c->starved && !c->closing && !c->stash.n && !channel_is_congested(c);
}

/* One that is not read is still watched for its end. */
void client_interest(struct server *s, struct channel *c)
{
    bool reads = channel_reads(c);
    s->any_unfinished |= channel_is_mid_frame(c) || !channel_is_drained(c);
    uint32_t in = reads ? EPOLLIN : c->closing || c->ended ? 0u : EPOLLRDHUP;
    loop_change(&s->loop, &c->watch, in | (channel_is_drained(c) ? 0u : EPOLLOUT));
}

/* The node is told unless it was the one who closed. */
void client_drop(struct server *s, struct channel *c)
{
    if (c->dead) return;
    c->dead = true;
    loop_remove(&s->loop, &c->watch);
    activity_unlink(s, c);
    table_remove(&s->channels, key_of(&c->id));
    s->partial_bytes -= (int64_t)(channel_frame_memory(c) + c->stash.n);
    s->out_bytes -= (int64_t)c->out_bytes;
    c->next_dead = s->dead;
    s->dead = c;
    if (!c->closing) server_post(s, &(struct event){.kind = EVENT_DISCONNECTED, .connection = c->id});
}

void clients_bury(struct server *s)
{
    struct channel *c = s->dead, *next;
    s->dead = NULL;
    for (; c; c = next) {
        next = c->next_dead;
        if (c->queued) { /* not before the list of turns has let go of it */
            c->next_dead = s->dead;
            s->dead = c;
        } else {
            channel_free(c);
        }
    }
}

/* --- memory of frames --- */

static void frame_released(struct shared *frame, void *context)
{
    struct server *s = context;
    s->frame_bytes -= (int64_t)frame->n;
}

static void frame_deliver(struct server *s, struct channel *c, struct shared *frame)
{
    s->turn_frames++;
    c->demand_bytes += (int64_t)frame->n + REQUEST_DEMAND_BYTES;
    s->frame_bytes += (int64_t)frame->n;
    frame->released = frame_released;
    frame->context = s;
    server_post(s, &(struct event){.kind = EVENT_FRAME, .connection = c->id, .frame = frame});
}

static void starve_maybe(struct server *s, struct channel *c)
{
    if (!client_starves(s, c)) return;
    c->starved = true;
    s->any_starved = true;
}

/* --- reading --- */

static void channel_writable(struct server *s, struct channel *c);

static void turn_begin(struct server *s)
{
    s->turn_frames = 0;
    s->turn_began_ns = clock_mono_ns();
}

static bool turn_is_over(struct server *s)
{
    return s->turn_frames >= TURN_FRAMES_MAX ||
           (s->turn_frames > 0 && clock_mono_ns() - s->turn_began_ns >= TURN_NS_MAX);
}

/* For a turn after all that ask little had theirs. */
static void turn_queue(struct server *s, struct channel *c)
{
    if (c->queued || c->dead) return;
    c->queued = true;
    *s->turns_last = c;
    s->turns_last = &c->next_turn;
}

/* Who sends large requests or has asked for much lately waits for turns: each round of the loop serves all others, and
 * of these as many as fit into a turn. So an answer to a small request waits for one large one at most, however many
 * clients send them. What somebody asks for is counted in bytes of requests and answers, not in time: a busy machine
 * is not a client's fault. */
static bool is_demanding(const struct server *s, struct channel *c)
{
    enum { LITTLE_BYTES_MAX = 1024 * 1024 };
    int64_t age = (s->turn_began_ns >> 27) - c->demand_age; /* in 134 ms, after which half of it is forgotten */
    c->demand_bytes = age > 30 ? 0 : c->demand_bytes >> age;
    c->demand_age = s->turn_began_ns >> 27;
    return (c->in_frame && c->frame_size > SCRATCH_BYTES) || c->demand_bytes > LITTLE_BYTES_MAX;
}

/* What cannot be given on now waits in the stash, which is at most what one read brought: a connection with a
 * stash is not read. */
static void channel_stash(struct server *s, struct channel *c, struct slice in)
{
    buf_append_slice(&c->stash, in);
    s->partial_bytes += (int64_t)in.n;
    if (!c->paused && !channel_is_congested(c)) turn_queue(s, c);
}

static void frames_give_on(struct server *s, struct channel *c, struct slice in)
{
    while (in.n && !c->dead && !c->closing) {
        struct shared *frame;
        if (c->paused || channel_is_congested(c) || turn_is_over(s)) {
            channel_stash(s, c, in);
            return;
        }
        int64_t before = (int64_t)channel_frame_memory(c);
        int rc = channel_feed(c, &in, s->config->request_bytes_max, &frame);
        s->partial_bytes += (int64_t)channel_frame_memory(c) - before;
        if (rc < 0) {
            log_warn("broker", "closing the connection of %s: it announces a request of more than %lld bytes", c->peer,
                     (long long)s->config->request_bytes_max);
            client_drop(s, c);
            return;
        }
        if (rc == 1) frame_deliver(s, c, frame);
    }
}

/* A client that pipelines gets its answers in one piece: requests that came with one read are all looked at before
 * anything is sent. A send for each would wake it, and often give it our processor, once for each. */
static void channel_give_on(struct server *s, struct channel *c, struct slice in)
{
    c->gathers = true;
    frames_give_on(s, c, in);
    c->gathers = false;
    if (!c->dead && !channel_is_drained(c)) channel_writable(s, c);
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
    c->in_total += (uint64_t)n;
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

static void channel_take_in(struct server *s, struct channel *c)
{
    for (int i = 0; i < READS_PER_ROUND && !turn_is_over(s); i++) {
        starve_maybe(s, c); /* before its frame grows */
        if (c->dead || !channel_reads(c)) break;
        ssize_t n = channel_read(s, c);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && errno == EAGAIN) break;
        if (n <= 0) client_drop(s, c);
        if (n <= 0) break;
        starve_maybe(s, c);
        if (!c->dead) client_active(s, c);
        if (c->in_frame && c->frame_size > SCRATCH_BYTES && !s->turn_is_late) break;
        if (n < SCRATCH_BYTES) break; /* probably all there was; the loop comes back if not */
    }
}

static void channel_readable(struct server *s, struct channel *c)
{
    turn_begin(s);
    if (is_demanding(s, c)) {
        turn_queue(s, c);
        return;
    }
    s->turn_is_late = false;
    channel_take_in(s, c);
    if (!c->dead) client_interest(s, c);
}

/* --- writing --- */

static void channel_after_send(struct server *s, struct channel *c, int rc)
{
    if (rc < 0) {
        if (rc != ERR_CLOSED)
            log_error("broker", "closing the connection of %s: an answer could not be sent: %s", c->peer, err_name(rc));
        client_drop(s, c);
        return;
    }
    if (c->closing && channel_is_drained(c)) {
        client_drop(s, c);
        return;
    }
    client_interest(s, c);
}

void client_send(struct server *s, uint64_t id, const struct action_piece *pieces, int count)
{
    struct channel *c = channel_find(s, id);
    if (!c) return;
    uint64_t before = c->out_bytes, sent = c->out_total;
    for (int i = 0; i < count; i++) c->demand_bytes += (int64_t)pieces[i].bytes.n;
    int rc = channel_send(c, &s->files, pieces, count);
    s->out_bytes += (int64_t)(c->out_bytes - before);
    if (c->out_total != sent) client_active(s, c);
    if (!c->gathers) channel_after_send(s, c, rc);
    if (s->out_bytes > s->config->answer_memory_bytes) clients_unburden(s);
}

static void channel_writable(struct server *s, struct channel *c)
{
    uint64_t before = c->out_bytes, sent = c->out_total;
    bool was_congested = channel_is_congested(c);
    int rc = channel_flush(c, &s->files);
    s->out_bytes += (int64_t)(c->out_bytes - before);
    if (c->out_total != sent) client_active(s, c);
    if (rc >= 0 && was_congested && !channel_is_congested(c) && c->stash.n && !c->paused) turn_queue(s, c);
    channel_after_send(s, c, rc);
}

void client_close(struct server *s, uint64_t id)
{
    struct channel *c = channel_find(s, id);
    if (!c) return;
    c->closing = true;
    channel_after_send(s, c, 0);
}

/* What was read before is given on first. */
static void channel_turn(struct server *s, struct channel *c)
{
    if (c->dead || c->closing || c->paused || channel_is_congested(c)) return;
    turn_begin(s);
    s->turn_is_late = true;
    if (c->stash.n) {
        struct buf stash = c->stash;
        c->stash = (struct buf){0};
        s->partial_bytes -= (int64_t)stash.n;
        channel_give_on(s, c, buf_slice(&stash));
        buf_release(&stash);
    } else {
        channel_take_in(s, c);
    }
    if (!c->dead) client_interest(s, c);
}

static struct channel *turn_take(struct server *s)
{
    struct channel *c = s->turns;
    s->turns = c->next_turn;
    if (!s->turns) s->turns_last = &s->turns;
    c->next_turn = NULL;
    c->queued = false;
    return c;
}

/* Some of those that wait for another turn, for as long as a turn is. Then the sockets are looked at again: who asks
 * little does not wait for all who ask much. */
static void turns_give(struct server *s, int64_t now_ns)
{
    int64_t end_ns = now_ns + TURN_NS_MAX;
    while (s->turns) {
        channel_turn(s, turn_take(s));
        if (clock_mono_ns() >= end_ns) break;
    }
}

void client_pause(struct server *s, uint64_t id, bool pause)
{
    struct channel *c = channel_find(s, id);
    if (!c) return;
    c->paused = pause;
    if (!pause && c->stash.n) turn_queue(s, c);
    client_interest(s, c);
}

/* The peer says no more. What it has sent before is still taken, except where that cannot complete a request or
 * there is nothing: then its long polls and its memory are given back now. What is to be taken may stand behind a
 * pipeline full of long polls: the node ends them. */
static void channel_ended(struct server *s, struct channel *c)
{
    int unread = 0;
    c->ended = true;
    bool known = ioctl(c->watch.descriptor, FIONREAD, &unread) == 0;
    size_t left = channel_frame_left(c);
    if (known && !c->stash.n && (unread == 0 || left > (size_t)unread)) {
        client_drop(s, c);
        return;
    }
    client_interest(s, c);
    server_post(s, &(struct event){.kind = EVENT_ENDED, .connection = c->id});
}

static void channel_ready(struct loop_watch *w, uint32_t events)
{
    struct channel *c = w->context;
    struct server *s = c->server;
    if (events & (EPOLLERR | EPOLLHUP)) {
        client_drop(s, c);
        return;
    }
    if ((events & EPOLLRDHUP) && !channel_reads(c)) channel_ended(s, c);
    if (c->dead) return;
    if (events & EPOLLOUT) channel_writable(s, c);
    if ((events & EPOLLIN) && !c->dead) channel_readable(s, c);
}

/* --- accepting --- */

static void channel_add(struct server *s, int descriptor, const struct net_address *peer)
{
    struct channel *c = channel_new(++s->last_connection, descriptor);
    net_keep_alive(descriptor);
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
    s->turns_last = &s->turns;
    s->listener = (struct loop_watch){.descriptor = d, .ready = listener_ready, .context = s};
    s->listening = true;
    return loop_add(&s->loop, &s->listener, EPOLLIN);
}

void clients_release(struct server *s)
{
    while (s->oldest) {
        s->oldest->closing = true;
        client_drop(s, s->oldest);
    }
    while (s->turns) turn_take(s);
    clients_bury(s);
    table_release(&s->channels);
    if (s->listener.descriptor > 0) close(s->listener.descriptor);
    free(s->scratch);
}

/* --- what the clock asks for --- */

int64_t clients_tend(struct server *s, int64_t now_ns)
{
    turns_give(s, now_ns);
    int64_t next = clients_patience(s, now_ns);
    if (!s->listening && !s->stopping) {
        if (now_ns >= s->accept_again_ns)
            listener_set(s, true);
        else if (s->accept_again_ns < next)
            next = s->accept_again_ns;
    }
    return s->turns ? now_ns : next;
}
