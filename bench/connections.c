#include "bench/connections.h"

#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

void connections_init(struct connections *c)
{
    pthread_mutex_init(&c->lock, NULL);
    c->count = 0;
}

int connections_open(struct connections *c, int domain, int type, int protocol)
{
    int fd = socket(domain, type | SOCK_CLOEXEC, protocol);
    pthread_mutex_lock(&c->lock);
    if (fd >= 0 && c->count < CONNECTIONS_MAX) c->fds[c->count++] = fd;
    pthread_mutex_unlock(&c->lock);
    return fd;
}

/* Closed under the lock: the number may be another socket's at once. */
int connections_close(struct connections *c, int fd)
{
    pthread_mutex_lock(&c->lock);
    for (int i = 0; i < c->count; i++) {
        if (c->fds[i] != fd) continue;
        c->fds[i] = c->fds[--c->count];
        break;
    }
    int rc = close(fd);
    pthread_mutex_unlock(&c->lock);
    return rc;
}

int connections_reset(struct connections *c)
{
    const struct sockaddr nobody = {.sa_family = AF_UNSPEC};
    int count = 0;
    pthread_mutex_lock(&c->lock);
    for (int i = 0; i < c->count; i++) {
        struct sockaddr_storage peer;
        socklen_t size = sizeof peer;
        bool connected = getpeername(c->fds[i], (struct sockaddr *)&peer, &size) == 0;
        count += connected && connect(c->fds[i], &nobody, sizeof nobody) == 0;
    }
    pthread_mutex_unlock(&c->lock);
    return count;
}
