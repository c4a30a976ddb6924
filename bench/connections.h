/* connections.h - the sockets of a Kafka client, so that they can be reset while it works.
 *
 *     connections_open, connections_close     the client's socket_cb and closesocket_cb
 *     connections_reset                       from any thread: each is cut with a RST, as a firewall or a NAT does it
 *
 * A connected socket that is told to connect to nobody (AF_UNSPEC) is aborted: Linux sends a RST, whatever is on its
 * way, and every call of its owner fails from then on (tcp_disconnect in net/ipv4/tcp.c). It needs no rights. */
#ifndef MILLRACE_BENCH_CONNECTIONS_H
#define MILLRACE_BENCH_CONNECTIONS_H

#include <pthread.h>

enum { CONNECTIONS_MAX = 64 };

struct connections {
    pthread_mutex_t lock;
    int fds[CONNECTIONS_MAX];
    int count;
};

void connections_init(struct connections *c);
/* As socket(2); what is more than CONNECTIONS_MAX is not known. */
int connections_open(struct connections *c, int domain, int type, int protocol);
int connections_close(struct connections *c, int fd);
/* Returns how many were reset. */
int connections_reset(struct connections *c);

#endif
