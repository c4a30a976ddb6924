#include "lib/os/loop.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "lib/os/clock.h"

static void wakeup_ready(struct loop_watch *w, uint32_t events)
{
    (void)events;
    uint64_t count;
    ssize_t ignored = read(w->descriptor, &count, sizeof count);
    (void)ignored;
}

int loop_init(struct loop *l)
{
    *l = (struct loop){.wakeup = {.descriptor = -1, .ready = wakeup_ready}};
    l->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (l->epoll >= 0) l->wakeup.descriptor = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (l->wakeup.descriptor < 0) {
        int status = err_from_errno(errno);
        if (l->epoll >= 0) close(l->epoll);
        return status;
    }
    return loop_add(l, &l->wakeup, EPOLLIN);
}

void loop_release(struct loop *l)
{
    close(l->wakeup.descriptor);
    close(l->epoll);
}

static int loop_control(struct loop *l, int operation, struct loop_watch *w, uint32_t events)
{
    struct epoll_event e = {.events = events, .data.ptr = w};
    if (epoll_ctl(l->epoll, operation, w->descriptor, &e) != 0) return err_from_errno(errno);
    w->events = events;
    return 0;
}

int loop_add(struct loop *l, struct loop_watch *w, uint32_t events)
{
    return loop_control(l, EPOLL_CTL_ADD, w, events);
}

int loop_change(struct loop *l, struct loop_watch *w, uint32_t events)
{
    return w->events == events ? 0 : loop_control(l, EPOLL_CTL_MOD, w, events);
}

void loop_remove(struct loop *l, struct loop_watch *w)
{
    loop_control(l, EPOLL_CTL_DEL, w, 0);
    for (int i = 0; i < l->round_count; i++)
        if (l->round[i].data.ptr == w) l->round[i].data.ptr = NULL;
}

/* Rounded up: waking a moment before the deadline would only mean another round. */
static int timeout_until(int64_t deadline_ns)
{
    if (deadline_ns == INT64_MAX) return -1;
    int64_t left_ns = deadline_ns - clock_mono_ns();
    if (left_ns <= 0) return 0;
    int64_t left_ms = left_ns / 1000000 + (left_ns % 1000000 != 0);
    return left_ms > 3600000 ? 3600000 : (int)left_ms;
}

int loop_step(struct loop *l, int64_t deadline_ns)
{
    int n = epoll_wait(l->epoll, l->round, LOOP_ROUND_MAX, timeout_until(deadline_ns)), calls = 0;
    if (n < 0) return errno == EINTR ? 0 : err_from_errno(errno);
    l->round_count = n;
    for (int i = 0; i < n; i++) {
        struct loop_watch *w = l->round[i].data.ptr;
        if (!w) continue;
        w->ready(w, l->round[i].events);
        calls++;
    }
    l->round_count = 0;
    return calls;
}

void loop_wake(struct loop *l)
{
    uint64_t one = 1;
    ssize_t ignored = write(l->wakeup.descriptor, &one, sizeof one);
    (void)ignored; /* full means that the loop has been woken already */
}
