/* net.h - TCP sockets as the broker, the load generator and the tests want them.
 *
 *     net_listener_parse("PLAINTEXT://127.0.0.1:0", &a, &error);
 *     listener = net_listen(&a, &port, &error);       port is the one that the kernel chose
 *     connection = net_accept(listener, &peer);       ERR_LOCKED: nobody is waiting
 *
 * Descriptors are close-on-exec and have TCP_NODELAY; accepted ones and the listener are nonblocking.
 * Functions return a descriptor (>= 0) or 0, or a negative `enum err`. */
#ifndef MILLRACE_OS_NET_H
#define MILLRACE_OS_NET_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/err.h"

struct net_address {
    char host[256]; /* a name or a literal without brackets; "" is every interface */
    int port;       /* 0 to listen: a free one */
};

/* "host:port", "[::1]:port" or ":port". ERR_INVALID with a sentence that quotes the text. */
int net_address_parse(const char *text, struct net_address *out, struct err_text *error);
/* One entry of `listeners`: "PLAINTEXT://host:port". Other protocols are ERR_UNSUPPORTED. */
int net_listener_parse(const char *text, struct net_address *out, struct err_text *error);
/* "host:port", with brackets around an IPv6 literal; into `out` of `size` bytes. */
void net_address_format(const struct net_address *a, char *out, size_t size);
/* True for 127.0.0.0/8, ::1 and "localhost": what may be served without being told to. */
bool net_address_is_loopback(const struct net_address *a);

/* A nonblocking listening socket; `*port` gets the port in use. The sentence names address and cause;
 * ERR_LOCKED when somebody else listens there. */
int net_listen(const struct net_address *a, int *port, struct err_text *error);
/* The next waiting connection, nonblocking and tuned; `peer` (may be NULL) gets its address.
 * ERR_LOCKED when none waits, ERR_NOMEM when descriptors have run out, ERR_CLOSED when it left again. */
int net_accept(int listener, struct net_address *peer);
/* A blocking, tuned connection; ERR_CLOSED when refused, ERR_IO when it took over `timeout_ms`. */
int net_connect(const struct net_address *a, int timeout_ms, struct err_text *error);
/* TCP_NODELAY; on the loopback also Reno: the pacing of other congestion controls (BBR) and their
 * slow start after idling only add delay where nothing is ever lost. Failure is ignored. */
void net_tune(int descriptor);
int net_set_blocking(int descriptor, bool blocking);

#endif
