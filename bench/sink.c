#include "bench/sink.h"

#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/runner.h"
#include "lib/base/bytes.h"
#include "lib/os/clock.h"
#include "lib/os/net.h"

enum { READ_BYTES = 262144, LOOK_MS = 100 };

/* Answers every whole message in `in`; what is left over stays. False when a length is beyond all bounds. */
static bool answer_all(struct buf *in, struct buf *out)
{
    size_t at = 0;
    int64_t answer[2] = {1, clock_mono_ns()};
    while (in->n - at >= sizeof(uint32_t)) {
        uint32_t n;
        memcpy(&n, in->p + at, sizeof n);
        if (n > SINK_MESSAGE_MAX) return false;
        if (in->n - at < sizeof n + n) break;
        at += sizeof n + n;
        buf_append(out, answer, sizeof answer);
    }
    memmove(in->p, in->p + at, in->n - at);
    in->n -= at;
    return true;
}

void sink_serve(int descriptor)
{
    struct buf in = {0}, out = {0};
    for (;;) {
        ssize_t n = recv(descriptor, buf_reserve(&in, READ_BYTES), READ_BYTES, 0);
        if (n <= 0) break;
        in.n += (size_t)n;
        if (!answer_all(&in, &out) || net_send_all(descriptor, buf_slice(&out)) < 0) break;
        buf_reset(&out);
    }
    buf_release(&in);
    buf_release(&out);
    close(descriptor);
}

static void *serve(void *context)
{
    sink_serve((int)(intptr_t)context);
    return NULL;
}

static void connection_take(int listener)
{
    pthread_t thread;
    int descriptor = net_accept(listener, NULL);
    if (descriptor < 0) return;
    net_set_blocking(descriptor, true);
    if (pthread_create(&thread, NULL, serve, (void *)(intptr_t)descriptor) == 0)
        pthread_detach(thread);
    else
        close(descriptor);
}

int sink_run(const char *address, struct err_text *error)
{
    struct net_address a;
    char text[300];
    int rc = net_address_parse(address, &a, error);
    int listener = rc < 0 ? rc : net_listen(&a, &a.port, error);
    if (listener < 0) return listener;
    runner_watch_signals();
    net_address_format(&a, text, sizeof text);
    printf("ready %s\n", text);
    fflush(stdout);
    while (!runner_ending()) {
        struct pollfd wait = {.fd = listener, .events = POLLIN};
        if (poll(&wait, 1, LOOK_MS) > 0) connection_take(listener);
    }
    close(listener);
    return 0;
}
