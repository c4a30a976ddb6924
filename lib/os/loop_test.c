#include "lib/os/loop.h"

#include <pthread.h>
#include <unistd.h>

#include "lib/os/clock.h"
#include "tests/unit.h"

struct pipe_watch {
    struct loop_watch watch;
    int ends[2];
    int calls;
    struct loop *loop;
    struct pipe_watch *victim; /* removed when this one is called */
};

static void pipe_ready(struct loop_watch *w, uint32_t events)
{
    struct pipe_watch *p = w->context;
    check(events & EPOLLIN);
    p->calls++;
    if (p->victim) loop_remove(p->loop, &p->victim->watch);
}

static void pipe_watch_begin(struct pipe_watch *p, struct loop *l)
{
    *p = (struct pipe_watch){.loop = l};
    check_int(pipe(p->ends), 0);
    p->watch = (struct loop_watch){.descriptor = p->ends[0], .ready = pipe_ready, .context = p};
    check_int(loop_add(l, &p->watch, EPOLLIN), 0);
}

static void pipe_watch_end(struct pipe_watch *p)
{
    close(p->ends[0]);
    close(p->ends[1]);
}

TEST(loop, calls_what_is_ready_and_nothing_else)
{
    struct loop l;
    struct pipe_watch a, b;
    check_int(loop_init(&l), 0);
    pipe_watch_begin(&a, &l);
    pipe_watch_begin(&b, &l);
    check_int(loop_step(&l, 0), 0);
    check_int(write(b.ends[1], "x", 1), 1);
    check_int(loop_step(&l, INT64_MAX), 1);
    check_int(a.calls, 0);
    check_int(b.calls, 1);
    check_int(loop_change(&l, &b.watch, 0), 0);
    check_int(loop_step(&l, 0), 0);
    check_int(loop_change(&l, &b.watch, EPOLLIN), 0);
    check_int(loop_step(&l, 0), 1);
    pipe_watch_end(&a);
    pipe_watch_end(&b);
    loop_release(&l);
}

TEST(loop, a_watch_removed_in_the_same_round_is_not_called)
{
    struct loop l;
    struct pipe_watch a, b;
    check_int(loop_init(&l), 0);
    pipe_watch_begin(&a, &l);
    pipe_watch_begin(&b, &l);
    a.victim = &b;
    b.victim = &a;
    check_int(write(a.ends[1], "x", 1), 1);
    check_int(write(b.ends[1], "x", 1), 1);
    check_int(loop_step(&l, INT64_MAX), 1);
    check_int(a.calls + b.calls, 1);
    pipe_watch_end(&a);
    pipe_watch_end(&b);
    loop_release(&l);
}

TEST(loop, returns_at_its_deadline_not_before)
{
    struct loop l;
    check_int(loop_init(&l), 0);
    int64_t deadline_ns = clock_mono_ns() + 900000; /* under a millisecond, epoll's unit */
    check_int(loop_step(&l, deadline_ns), 0);
    check(clock_mono_ns() >= deadline_ns);
    loop_release(&l);
}

static void *wake_later(void *loop)
{
    clock_sleep_ms(5);
    loop_wake(loop);
    return NULL;
}

TEST(loop, another_thread_wakes_it_once)
{
    struct loop l;
    pthread_t thread;
    check_int(loop_init(&l), 0);
    check_int(pthread_create(&thread, NULL, wake_later, &l), 0);
    check_int(loop_step(&l, INT64_MAX), 1);
    pthread_join(thread, NULL);
    check_int(loop_step(&l, 0), 0);
    loop_release(&l);
}
