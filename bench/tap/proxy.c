#include "bench/tap/proxy.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "bench/tap/rewrite.h"
#include "lib/base/memory.h"
#include "lib/os/clock.h"
#include "lib/os/descriptors.h"
#include "lib/os/loop.h"
#include "lib/os/net.h"

enum { READ_BYTES = 64 << 10, ROUND_NS = 100000000, ROUND_BETWEEN_NS = 10000000 };

struct listener {
    struct loop_watch watch;
    struct proxy *proxy;
    struct net_address broker; /* where its connections go on to */
    int port;
    bool paused;
};

/* One end of a link: what is read from it goes to the other's `out`. */
struct side {
    struct loop_watch watch;
    bool watched;
    bool connecting;
    bool read_over, write_over;
    struct buf out;
    size_t out_at; /* of it is written */
};

enum { CLIENT, BROKER };

struct link {
    struct proxy *proxy;
    struct link *next, *previous; /* the list of links */
    struct side sides[2];
    struct tap_connection *tap;
    struct writer_flow flow;
    struct rewriter rewriter;
    struct net_address broker;         /* where it leads; its listener's may move */
    char local_host[REWRITE_HOST_MAX]; /* that the client connected to */
    /* with something between */
    void *between;
    int64_t due_ns; /* when it is to be asked again */
    bool cut;       /* nothing more is heard of either end */
    bool told;      /* draining: all answers have come; what the client still says is thrown away */
};

struct proxy {
    struct loop loop;
    struct tap *tap;
    struct capture_writer *writer;
    struct listener *listeners[PROXY_LISTENERS_MAX];
    int listener_count;
    struct link *links;
    int link_count, links_max;
    bool draining;
    char host[REWRITE_HOST_MAX]; /* of --listen */
    char address[REWRITE_HOST_MAX + 16];
    int64_t wall_ns, mono_ns; /* the same moment */
    int64_t not_rewritten;
    const struct proxy_between *between; /* or NULL */
    struct buf rewritten;                /* of the answer at hand, on its way to what is between */
    uint8_t input[READ_BYTES];
};

static int64_t now_ns(const struct proxy *p)
{
    return p->wall_ns + clock_mono_ns() - p->mono_ns;
}

int64_t proxy_time_ns(const struct proxy *p)
{
    return now_ns(p);
}

__attribute__((format(printf, 2, 3))) static void complain(const struct proxy *p, const char *format, ...)
{
    struct err_text sentence;
    va_list list;
    va_start(list, format);
    vsnprintf(sentence.text, sizeof sentence.text, format, list);
    va_end(list);
    if (p->between)
        p->between->complain(p->between->context, sentence.text);
    else
        fprintf(stderr, "millrace tap: %s\n", sentence.text);
}

/* --- names --- */

/* A host that is a name stands as the address that the client connected to. */
static struct tcp_endpoint endpoint_of(const struct net_address *a, const char *instead)
{
    struct tcp_endpoint e = {.port = (uint16_t)a->port};
    struct in_addr v4;
    bool literal = inet_pton(AF_INET, a->host, &v4) == 1 || inet_pton(AF_INET6, a->host, e.address) == 1;
    const char *host = literal ? a->host : instead;
    if (inet_pton(AF_INET, host, &v4) == 1) return tcp_endpoint_v4(ntohl(v4.s_addr), (uint16_t)a->port);
    if (inet_pton(AF_INET6, host, e.address) != 1) memset(e.address, 0, sizeof e.address);
    return e;
}

static int listener_add(struct proxy *p, const char *host, int port, const struct net_address *broker,
                        struct err_text *error);

/* rewriter.place: the listener that stands for this broker, made when it is named for the first time. */
static bool place(void *context, struct slice host, int32_t port, char to[REWRITE_HOST_MAX], int32_t *to_port)
{
    struct link *k = context;
    struct proxy *p = k->proxy;
    struct net_address broker = {.port = port};
    struct err_text error = {""};
    int found = 0;
    if (host.n >= sizeof broker.host || port > 65535) return false;
    memcpy(broker.host, host.p, host.n);
    while (found < p->listener_count &&
           (p->listeners[found]->broker.port != port || strcmp(p->listeners[found]->broker.host, broker.host) != 0))
        found++;
    if (found == p->listener_count) found = listener_add(p, p->host, 0, &broker, &error);
    if (found < 0) {
        complain(p, "%s:%d stays as it is: %s", broker.host, broker.port, error.text);
        return false;
    }
    snprintf(to, REWRITE_HOST_MAX, "%s", k->local_host);
    *to_port = p->listeners[found]->port;
    return true;
}

/* --- a link's end --- */

static void link_free(struct link *k)
{
    struct proxy *p = k->proxy;
    for (int i = 0; i < 2; i++) {
        struct side *s = &k->sides[i];
        if (p->writer) capture_write_end(p->writer, &k->flow, i, now_ns(p));
        if (s->watched) loop_remove(&p->loop, &s->watch);
        close(s->watch.descriptor);
        buf_release(&s->out);
    }
    if (k->previous)
        k->previous->next = k->next;
    else
        p->links = k->next;
    if (k->next) k->next->previous = k->previous;
    p->link_count--;
    p->not_rewritten += k->rewriter.not_rewritten;
    rewriter_release(&k->rewriter);
    tap_connection_free(k->tap);
    if (p->between) p->between->closed(k->between);
    free(k);
}

/* A side that is broken takes no more bytes and gives none; what it gave goes on to the other one. */
static void side_broken(struct link *k, int i)
{
    struct side *s = &k->sides[i], *other = &k->sides[!i];
    s->read_over = s->write_over = other->read_over = true;
    buf_reset(&s->out);
    s->out_at = 0;
}

/* --- moving bytes --- */

static size_t left(const struct side *s)
{
    return s->out.n - s->out_at;
}

static enum tap_stream stream_to(int i)
{
    return i == BROKER ? TAP_REQUESTS : TAP_RESPONSES;
}

/* All that is still to be written to this end. */
static size_t waiting(const struct link *k, int i)
{
    const struct proxy_between *between = k->proxy->between;
    size_t held = between && !k->cut ? between->held(k->between, stream_to(i)) : 0;
    return left(&k->sides[i]) + held;
}

/* What the broker said, as the client is to hear it, to `out`. */
static void answer_pass(struct link *k, struct slice in, bool last, struct buf *out)
{
    if (last)
        rewriter_end(&k->rewriter, out);
    else
        rewriter_bytes(&k->rewriter, in, out); /* asks the tap what is answered: before it is told */
}

/* On to the other end, or to what is between. `last`: there are no bytes any more. */
static void pass_on(struct link *k, int from, struct slice in, bool last)
{
    struct proxy *p = k->proxy;
    struct buf *out = p->between ? &p->rewritten : &k->sides[!from].out;
    if (from == BROKER)
        answer_pass(k, in, last, out);
    else if (!p->between)
        buf_append_slice(out, in);
    if (!p->between) return;
    enum tap_stream stream = stream_to(!from);
    if (!k->cut) p->between->bytes(k->between, stream, clock_mono_ns(), from == BROKER ? buf_slice(out) : in);
    if (!k->cut && last) p->between->ended(k->between, stream);
    buf_reset(out);
}

/* Asks what is between for what is due. */
static void between_due(struct link *k)
{
    const struct proxy_between *between = k->proxy->between;
    struct buf *const out[2] = {[TAP_REQUESTS] = &k->sides[BROKER].out, [TAP_RESPONSES] = &k->sides[CLIENT].out};
    if (!between || k->cut) return;
    k->due_ns = between->due(between->context, k->between, clock_mono_ns(), out);
    k->cut = k->due_ns == PROXY_CUT;
    if (!k->cut) return;
    k->due_ns = INT64_MAX;
    k->sides[CLIENT].read_over = k->sides[BROKER].read_over = true;
}

static void side_read(struct link *k, int i)
{
    struct proxy *p = k->proxy;
    struct side *s = &k->sides[i];
    ssize_t n = recv(s->watch.descriptor, p->input, sizeof p->input, 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (n < 0) {
        side_broken(k, i);
        return;
    }
    if (n == 0) {
        s->read_over = true;
        pass_on(k, i, slice_of(NULL, 0), true);
        if (p->writer) capture_write_end(p->writer, &k->flow, i, now_ns(p));
        return;
    }
    if (k->told) return; /* left unread it would make a reset of our close, and take the answers with it */
    struct slice in = slice_of(p->input, (size_t)n);
    int64_t time_ns = now_ns(p);
    pass_on(k, i, in, false);
    if (p->writer) capture_write_bytes(p->writer, &k->flow, i, time_ns, in);
    tap_bytes(k->tap, i == CLIENT ? TAP_REQUESTS : TAP_RESPONSES, time_ns, in);
}

static void side_write(struct link *k, int i)
{
    struct side *s = &k->sides[i];
    while (left(s) > 0 && !s->connecting) {
        ssize_t n = send(s->watch.descriptor, s->out.p + s->out_at, left(s), MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && errno == EAGAIN) return;
        if (n < 0) {
            side_broken(k, i);
            return;
        }
        s->out_at += (size_t)n;
    }
    if (left(s) > 0) return;
    buf_reset(&s->out);
    s->out_at = 0;
    if (k->sides[!i].read_over && !s->write_over && !s->connecting && waiting(k, i) == 0) {
        s->write_over = true;
        shutdown(s->watch.descriptor, SHUT_WR);
    }
}

/* Draining, a request that has begun is still taken, and then no other: its answers end the link. */
static bool heard(const struct link *k, int i)
{
    if (!k->proxy->draining || i == BROKER || k->told) return true;
    return tap_request_begun(k->tap);
}

/* A client that gets no more answers is told so by the end of our side, behind what it has still to read. */
static void link_drain(struct link *k)
{
    if (!k->proxy->draining || tap_request_begun(k->tap) || tap_answer_awaited(k->tap)) return;
    k->told = true;
    k->sides[BROKER].read_over = true;
}

/* What is still to be done at this end. A side that wants nothing is not watched: epoll tells of a hang-up whether it
 * was asked to or not, again and again. */
static void side_watch(struct link *k, int i)
{
    struct side *s = &k->sides[i];
    uint32_t events = 0;
    if (s->connecting || left(s) > 0) events |= EPOLLOUT;
    if (!s->connecting && !s->read_over && heard(k, i) && waiting(k, !i) < PROXY_BUFFER_MAX) events |= EPOLLIN;
    if (s->watched && events == 0) loop_remove(&k->proxy->loop, &s->watch);
    if (events && !s->watched) loop_add(&k->proxy->loop, &s->watch, events);
    if (events && s->watched) loop_change(&k->proxy->loop, &s->watch, events);
    s->watched = events != 0;
}

/* After anything happened: writes what can be written, and ends what is over. */
static void link_settle(struct link *k)
{
    between_due(k);
    link_drain(k);
    for (int i = 0; i < 2; i++) side_write(k, i);
    bool over = true;
    for (int i = 0; i < 2; i++) over = over && k->sides[i].read_over && waiting(k, i) == 0;
    if (over) {
        link_free(k);
        return;
    }
    for (int i = 0; i < 2; i++) side_watch(k, i);
}

static void connected(struct link *k)
{
    struct side *s = &k->sides[BROKER];
    int cause = 0;
    socklen_t length = sizeof cause;
    getsockopt(s->watch.descriptor, SOL_SOCKET, SO_ERROR, &cause, &length);
    s->connecting = false;
    if (cause == 0) {
        net_tune(s->watch.descriptor); /* what it does depends on where the connection leads */
        return;
    }
    complain(k->proxy, "%s:%d: %s", k->broker.host, k->broker.port, strerror(cause));
    side_broken(k, BROKER);
    side_broken(k, CLIENT);
}

static void side_ready(struct loop_watch *w, uint32_t events)
{
    struct link *k = w->context;
    int i = w == &k->sides[BROKER].watch;
    if (k->sides[i].connecting)
        connected(k);
    else if (!k->sides[i].read_over && events & (EPOLLIN | EPOLLHUP | EPOLLERR))
        side_read(k, i);
    link_settle(k);
}

/* --- listeners --- */

static void link_new(struct listener *l, int client, int broker)
{
    struct proxy *p = l->proxy;
    struct link *k = memory_new(sizeof *k);
    struct net_address local = {"", 0}, peer = {"", 0};
    char client_text[TCP_ENDPOINT_TEXT], broker_text[TCP_ENDPOINT_TEXT];
    net_names(client, &local, &peer);
    *k = (struct link){.proxy = p, .broker = l->broker, .next = p->links, .due_ns = INT64_MAX};
    snprintf(k->local_host, sizeof k->local_host, "%s", local.host);
    k->sides[CLIENT].watch = (struct loop_watch){.descriptor = client, .ready = side_ready, .context = k};
    k->sides[BROKER].watch = (struct loop_watch){.descriptor = broker, .ready = side_ready, .context = k};
    k->sides[BROKER].connecting = true;
    k->flow = (struct writer_flow){.ends = {endpoint_of(&peer, local.host), endpoint_of(&l->broker, local.host)},
                                   .next = {1000, 2000}};
    tcp_endpoint_format(&k->flow.ends[0], client_text);
    tcp_endpoint_format(&k->flow.ends[1], broker_text);
    k->tap = tap_connection_new(p->tap, client_text, broker_text, true);
    rewriter_init(&k->rewriter, k->tap);
    k->rewriter.place = place;
    k->rewriter.context = k;
    if (p->between) k->between = p->between->opened(p->between->context, client_text, broker_text);
    if (p->links) p->links->previous = k;
    p->links = k;
    p->link_count++;
    if (p->writer) capture_write_open(p->writer, &k->flow, now_ns(p));
    link_settle(k);
}

static void listener_pause(struct listener *l, bool paused)
{
    if (l->paused != paused) loop_change(&l->proxy->loop, &l->watch, paused ? 0 : EPOLLIN);
    l->paused = paused;
}

static void listener_ready(struct loop_watch *w, uint32_t events)
{
    struct listener *l = w->context;
    struct err_text error = {""};
    (void)events;
    bool room = !l->proxy->draining && l->proxy->link_count < l->proxy->links_max;
    int client = room ? net_accept(w->descriptor, NULL) : ERR_NOMEM;
    if (client == ERR_NOMEM) listener_pause(l, true);
    if (client < 0) return;
    int broker = net_connect_start(&l->broker, &error);
    if (broker < 0) {
        complain(l->proxy, "%s", error.text);
        close(client);
        return;
    }
    link_new(l, client, broker);
}

/* The listener's index, or a negative err. */
static int listener_add(struct proxy *p, const char *host, int port, const struct net_address *broker,
                        struct err_text *error)
{
    struct net_address at = {.port = port};
    if (p->listener_count == PROXY_LISTENERS_MAX) return err_set(error, ERR_NOMEM, "too many brokers");
    snprintf(at.host, sizeof at.host, "%s", host);
    struct listener *l = memory_new(sizeof *l);
    int descriptor = net_listen(&at, &l->port, error);
    if (descriptor < 0) {
        free(l);
        return descriptor;
    }
    l->proxy = p;
    l->broker = *broker;
    l->watch = (struct loop_watch){.descriptor = descriptor, .ready = listener_ready, .context = l};
    loop_add(&p->loop, &l->watch, EPOLLIN);
    p->listeners[p->listener_count] = l;
    return p->listener_count++;
}

/* --- the whole --- */

static int64_t wall_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* Two descriptors each, and some are for other things: a client that we take has one to the broker, too. */
static int links_allowed(void)
{
    enum { OWN = 64 };
    int64_t links = (descriptors_allow() - OWN) / 2;
    if (links < 1) return 1;
    return links < PROXY_LINKS_MAX ? (int)links : PROXY_LINKS_MAX;
}

struct proxy *proxy_new(struct tap *tap, struct capture_writer *writer, const char *listen, const char *to,
                        struct err_text *error)
{
    struct net_address at, broker;
    if (net_address_parse(listen, &at, error) < 0 || net_address_parse(to, &broker, error) < 0) return NULL;
    struct proxy *p = memory_new(sizeof *p);
    p->tap = tap;
    p->writer = writer;
    p->links_max = links_allowed();
    p->wall_ns = wall_ns();
    p->mono_ns = clock_mono_ns();
    snprintf(p->host, sizeof p->host, "%s", at.host);
    int status = loop_init(&p->loop);
    if (status == 0) status = listener_add(p, at.host, at.port, &broker, error);
    if (status < 0) {
        err_set(error, status, "%s", err_words(status));
        free(p);
        return NULL;
    }
    at.port = p->listeners[0]->port;
    net_address_format(&at, p->address, sizeof p->address);
    return p;
}

const char *proxy_address(const struct proxy *p)
{
    return p->address;
}

void proxy_put_between(struct proxy *p, const struct proxy_between *between)
{
    p->between = between;
}

void proxy_broker_moved(struct proxy *p, const char *from, const char *to)
{
    struct net_address a, b;
    struct err_text error;
    if (net_address_parse(from, &a, &error) < 0 || net_address_parse(to, &b, &error) < 0) return;
    for (int i = 0; i < p->listener_count; i++) {
        struct net_address *broker = &p->listeners[i]->broker;
        if (broker->port == a.port && strcmp(broker->host, a.host) == 0) *broker = b;
    }
}

/* Moves what is due in every link; when the next round has to end. */
static int64_t links_due(struct proxy *p, int64_t now_ns)
{
    int64_t until_ns = now_ns + ROUND_BETWEEN_NS;
    for (struct link *k = p->links, *next; k; k = next) {
        next = k->next;
        if (k->due_ns <= now_ns) link_settle(k);
    }
    for (const struct link *k = p->links; k; k = k->next)
        if (k->due_ns < until_ns) until_ns = k->due_ns;
    return until_ns;
}

int proxy_step(struct proxy *p)
{
    if (!p->draining && p->link_count < p->links_max)
        for (int i = 0; i < p->listener_count; i++) listener_pause(p->listeners[i], false);
    int64_t now_ns = clock_mono_ns();
    int status = loop_step(&p->loop, p->between ? links_due(p, now_ns) : now_ns + ROUND_NS);
    return status < 0 ? status : 0;
}

void proxy_drain(struct proxy *p)
{
    p->draining = true;
    for (struct link *k = p->links, *next; k; k = next) {
        next = k->next;
        link_settle(k);
    }
}

int proxy_waiting(const struct proxy *p)
{
    int count = 0;
    for (const struct link *k = p->links; k; k = k->next) count += !k->told || waiting(k, CLIENT) > 0;
    return count;
}

int proxy_connections(const struct proxy *p)
{
    return p->link_count;
}

int64_t proxy_not_rewritten(const struct proxy *p)
{
    return p->not_rewritten;
}

void proxy_free(struct proxy *p)
{
    for (struct link *k = p->links, *next; k; k = next) {
        next = k->next;
        link_free(k);
    }
    for (int i = 0; i < p->listener_count; i++) {
        loop_remove(&p->loop, &p->listeners[i]->watch);
        close(p->listeners[i]->watch.descriptor);
        free(p->listeners[i]);
    }
    buf_release(&p->rewritten);
    loop_release(&p->loop);
    free(p);
}
