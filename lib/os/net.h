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

#include "lib/base/bytes.h"
#include "lib/base/err.h"
#include "lib/os/address.h"

/* A nonblocking listening socket; `*port` gets the port in use. The sentence names address and cause;
 * ERR_LOCKED when somebody else listens there. */
int net_listen(const struct net_address *a, int *port, struct err_text *error);
/* The next waiting connection, nonblocking and tuned; `peer` (may be NULL) gets its address.
 * ERR_LOCKED when none waits, ERR_NOMEM when descriptors have run out, ERR_CLOSED when it left again. */
int net_accept(int listener, struct net_address *peer);
/* A blocking, tuned connection; ERR_CLOSED when refused, ERR_IO when it took over `timeout_ms`. */
int net_connect(const struct net_address *a, int timeout_ms, struct err_text *error);
/* A tuned, nonblocking connection that may still be on its way to the first address of `a`: once it is writable,
 * SO_ERROR says how it went. A name is looked up at once, which may wait. */
int net_connect_start(const struct net_address *a, struct err_text *error);
/* Both ends of a connection, as numbers; ERR_CLOSED when it has none any more. */
int net_names(int descriptor, struct net_address *local, struct net_address *peer);
/* All of `bytes` on a blocking connection. ERR_CLOSED when the peer has gone. */
int net_send_all(int descriptor, struct slice bytes);
/* Exactly `n` bytes, each wait for some at most `timeout_ms`. ERR_CLOSED at the end of the stream, ERR_IO when it took
 * too long. */
int net_receive_all(int descriptor, void *out, size_t n, int timeout_ms);
/* TCP_NODELAY; on the loopback also Reno: the pacing of other congestion controls (BBR) and their
 * slow start after idling only add delay where nothing is ever lost. Failure is ignored. */
void net_tune(int descriptor);
/* A peer that has vanished without a word is noticed after 2 minutes of silence: the kernel asks after
 * NET_KEEP_IDLE_S and then NET_KEEP_PROBES times every NET_KEEP_INTERVAL_S. */
enum { NET_KEEP_IDLE_S = 60, NET_KEEP_INTERVAL_S = 15, NET_KEEP_PROBES = 4 };
void net_keep_alive(int descriptor);
int net_set_blocking(int descriptor, bool blocking);

#endif
