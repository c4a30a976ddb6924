#include "lib/os/net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LISTEN_BACKLOG = 1024 };

static void address_from_socket(const struct sockaddr_storage *from, struct net_address *out)
{
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    memcpy(&v4, from, sizeof v4);
    memcpy(&v6, from, sizeof v6);
    bool is_v6 = from->ss_family == AF_INET6;
    const void *bytes = is_v6 ? (const void *)&v6.sin6_addr : (const void *)&v4.sin_addr;
    if (!inet_ntop(from->ss_family, bytes, out->host, sizeof out->host)) out->host[0] = '\0';
    out->port = ntohs(is_v6 ? v6.sin6_port : v4.sin_port);
}

/* --- sockets --- */

int net_set_blocking(int descriptor, bool blocking)
{
    int flags = fcntl(descriptor, F_GETFL);
    if (flags < 0) return err_from_errno(errno);
    flags = blocking ? flags & ~O_NONBLOCK : flags | O_NONBLOCK;
    return fcntl(descriptor, F_SETFL, flags) == 0 ? 0 : err_from_errno(errno);
}

void net_tune(int descriptor)
{
    int one = 1;
    setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    struct sockaddr_storage local = {0};
    socklen_t length = sizeof local;
    struct net_address a;
    if (getsockname(descriptor, (struct sockaddr *)&local, &length) != 0) return;
    address_from_socket(&local, &a);
    if (net_address_is_loopback(&a)) setsockopt(descriptor, IPPROTO_TCP, TCP_CONGESTION, "reno", 4);
}

void net_keep_alive(int descriptor)
{
    int one = 1, idle = NET_KEEP_IDLE_S, interval = NET_KEEP_INTERVAL_S, probes = NET_KEEP_PROBES;
    setsockopt(descriptor, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof one);
    setsockopt(descriptor, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle);
    setsockopt(descriptor, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof interval);
    setsockopt(descriptor, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof probes);
}

/* getaddrinfo with a sentence; the caller frees `*out`. */
static int address_resolve(const struct net_address *a, bool passive, struct addrinfo **out, struct err_text *error)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    if (passive) hints.ai_flags = AI_PASSIVE;
    if (!a->host[0]) hints.ai_family = AF_INET; /* Kafka's empty host: 0.0.0.0 */
    char port[8];
    snprintf(port, sizeof port, "%d", a->port);
    int status = getaddrinfo(a->host[0] ? a->host : NULL, port, &hints, out);
    if (status == 0) return 0;
    return err_set(error, ERR_NOTFOUND, "cannot resolve \"%s\": %s", a->host, gai_strerror(status));
}

static int socket_failed(int descriptor, const char *verb, const struct net_address *a, struct err_text *error)
{
    int cause = errno;
    char text[300];
    net_address_format(a, text, sizeof text);
    if (descriptor >= 0) close(descriptor);
    return err_set(error, err_from_errno(cause), "cannot %s %s: %s", verb, text, strerror(cause));
}

static int bound_port(int descriptor)
{
    struct sockaddr_storage local = {0};
    struct net_address a;
    socklen_t length = sizeof local;
    getsockname(descriptor, (struct sockaddr *)&local, &length);
    address_from_socket(&local, &a);
    return a.port;
}

int net_listen(const struct net_address *a, int *port, struct err_text *error)
{
    struct addrinfo *list;
    int status = address_resolve(a, true, &list, error), one = 1;
    if (status < 0) return status;
    int s = socket(list->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    /* A broker that was killed comes back at once on its port, connections in TIME_WAIT or not. */
    if (s >= 0) setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    bool ok = s >= 0 && bind(s, list->ai_addr, list->ai_addrlen) == 0 && listen(s, LISTEN_BACKLOG) == 0;
    status = ok ? s : socket_failed(s, "listen on", a, error);
    freeaddrinfo(list);
    if (status >= 0) *port = bound_port(s);
    return status;
}

int net_accept(int listener, struct net_address *peer)
{
    struct sockaddr_storage from = {0};
    socklen_t length = sizeof from;
    int s;
    do s = accept4(listener, (struct sockaddr *)&from, &length, SOCK_CLOEXEC | SOCK_NONBLOCK);
    while (s < 0 && errno == EINTR);
    if (s < 0) return errno == ECONNABORTED ? ERR_CLOSED : err_from_errno(errno);
    net_tune(s);
    if (peer) address_from_socket(&from, peer);
    return s;
}

/* connect(2) with a limit: nonblocking, then wait until writable, then ask how it went. */
static bool socket_connect(int s, const struct addrinfo *to, int timeout_ms)
{
    if (connect(s, to->ai_addr, to->ai_addrlen) == 0) return true;
    if (errno != EINPROGRESS) return false;
    struct pollfd wait = {.fd = s, .events = POLLOUT};
    int ready = poll(&wait, 1, timeout_ms), cause = 0;
    socklen_t length = sizeof cause;
    if (ready > 0) getsockopt(s, SOL_SOCKET, SO_ERROR, &cause, &length);
    errno = ready > 0 ? cause : ETIMEDOUT;
    return errno == 0;
}

int net_connect(const struct net_address *a, int timeout_ms, struct err_text *error)
{
    struct addrinfo *list;
    int s = address_resolve(a, false, &list, error);
    if (s < 0) return s;
    bool connected = false;
    for (struct addrinfo *to = list; to && !connected; to = to->ai_next) {
        if (to != list && s >= 0) close(s);
        s = socket(to->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        connected = s >= 0 && socket_connect(s, to, timeout_ms);
    }
    int status = connected ? s : socket_failed(s, "connect to", a, error);
    freeaddrinfo(list);
    if (status < 0) return status;
    net_tune(s);
    net_set_blocking(s, true);
    return s;
}

int net_connect_start(const struct net_address *a, struct err_text *error)
{
    struct addrinfo *list;
    int status = address_resolve(a, false, &list, error);
    if (status < 0) return status;
    int s = socket(list->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (s >= 0) net_tune(s);
    bool begun = s >= 0 && (connect(s, list->ai_addr, list->ai_addrlen) == 0 || errno == EINPROGRESS);
    status = begun ? s : socket_failed(s, "connect to", a, error);
    freeaddrinfo(list);
    return status;
}

int net_names(int descriptor, struct net_address *local, struct net_address *peer)
{
    struct sockaddr_storage at = {0};
    socklen_t length = sizeof at;
    if (getsockname(descriptor, (struct sockaddr *)&at, &length) != 0) return ERR_CLOSED;
    address_from_socket(&at, local);
    length = sizeof at;
    if (getpeername(descriptor, (struct sockaddr *)&at, &length) != 0) return ERR_CLOSED;
    address_from_socket(&at, peer);
    return 0;
}

/* --- a blocking client's exchange --- */

int net_send_all(int descriptor, struct slice bytes)
{
    while (bytes.n > 0) {
        ssize_t n = send(descriptor, bytes.p, bytes.n, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return errno == EPIPE || errno == ECONNRESET ? ERR_CLOSED : err_from_errno(errno);
        bytes = slice_of(bytes.p + n, bytes.n - (size_t)n);
    }
    return 0;
}

int net_receive_all(int descriptor, void *out, size_t n, int timeout_ms)
{
    for (uint8_t *p = out; n > 0;) {
        struct pollfd wait = {.fd = descriptor, .events = POLLIN};
        int ready = poll(&wait, 1, timeout_ms);
        if (ready < 0 && errno == EINTR) continue;
        if (ready <= 0) return ERR_IO;
        ssize_t got = recv(descriptor, p, n, 0);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return errno == ECONNRESET ? ERR_CLOSED : err_from_errno(errno);
        if (got == 0) return ERR_CLOSED;
        p += got;
        n -= (size_t)got;
    }
    return 0;
}
