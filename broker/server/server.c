#include "broker/server/server.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "broker/server/server_internal.h"
#include "lib/base/memory.h"
#include "lib/os/clock.h"
#include "lib/os/descriptors.h"
#include "lib/os/net.h"

/* --- events and steps --- */

static struct node_time time_now(void)
{
    return (struct node_time){clock_mono_ns(), clock_wall_ms()};
}

static void event_add(struct server *s, const struct queued_event *e)
{
    if (s->event_count == s->event_capacity) {
        int capacity = s->event_capacity ? s->event_capacity * 2 : 64;
        struct queued_event *events = memory_grow(NULL, (size_t)capacity, sizeof *events);
        for (int i = 0; i < s->event_count; i++) events[i] = s->events[(s->event_first + i) % s->event_capacity];
        free(s->events);
        s->events = events;
        s->event_first = 0;
        s->event_capacity = capacity;
    }
    s->events[(s->event_first + s->event_count++) % s->event_capacity] = *e;
}

/* A completion that comes while the node's actions are carried out waits here: the node never sees an
 * event in the middle of a step. */
static void events_step(struct server *s)
{
    if (s->stepping) return;
    s->stepping = true;
    while (s->event_count) {
        struct queued_event e = s->events[s->event_first];
        s->event_first = (s->event_first + 1) % s->event_capacity;
        s->event_count--;
        node_step(s->node, time_now(), &e.event, &s->actions);
        free(e.read);
        actions_perform(s, &s->actions);
        actions_reset(&s->actions);
    }
    s->stepping = false;
}

void server_post(struct server *s, const struct event *e)
{
    event_add(s, &(struct queued_event){*e, NULL});
    events_step(s);
}

void server_post_read(struct server *s, uint64_t token, int err, uint8_t *bytes, size_t n)
{
    event_add(s, &(struct queued_event){
                     {.kind = EVENT_READ, .token = token, .err = err, .data = slice_of(bytes, n)},
                     bytes,
                 });
    events_step(s);
}

/* Once, until a sync has found its descriptors again. */
static void sync_told(struct server *s, int err)
{
    if (err == ERR_NOMEM && !s->sync_told) log_warn("broker", "no descriptors left for a sync: it is tried again");
    s->sync_told = err == ERR_NOMEM;
}

static void workers_collect(struct server *s)
{
    struct worker_task *t;
    while ((t = workers_take_done(s->workers))) {
        struct event e = {
            .kind = t->job ? EVENT_JOB_DONE : EVENT_SYNCED, .token = t->token, .err = t->err, .job = t->job};
        s->sync_descriptors -= t->descriptor_count;
        if (!t->job) sync_told(s, t->err);
        worker_task_free(t);
        server_post(s, &e);
    }
}

/* --- signals --- */

static void signals_ready(struct loop_watch *w, uint32_t events)
{
    struct server *s = w->context;
    struct signalfd_siginfo info;
    (void)events;
    while (read(w->descriptor, &info, sizeof info) == (ssize_t)sizeof info) s->signal_count++;
    if (s->stopping || s->signal_count == 0) return;
    s->stopping = true;
    loop_remove(&s->loop, &s->listener);
    close(s->listener.descriptor);
    s->listener.descriptor = -1;
    server_post(s, &(struct event){.kind = EVENT_SHUTDOWN});
}

static int signals_open(struct server *s)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    s->signals = (struct loop_watch){signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK), signals_ready, s, 0};
    return loop_add(&s->loop, &s->signals, EPOLLIN);
}

/* --- start, loop, end --- */

static uint64_t seed_draw(void)
{
    uint64_t seed;
    if (getrandom(&seed, sizeof seed, 0) != (ssize_t)sizeof seed) seed = (uint64_t)clock_mono_ns() ^ (uint64_t)getpid();
    return seed;
}

/* Connections and segments take a descriptor each: as many as we are allowed. Segments have their share of
 * them, so that a crowd of clients can never keep the log from its files. */
static void descriptors_share(struct server *s)
{
    enum { OWN = 32 }; /* listener, signals, lock, directories, files that jobs and late syncs have open */
    enum { SYNCS_MAX = 256 };
    int64_t files = s->config->open_files_max, all = descriptors_allow();
    if (files > (all - OWN) / 3) files = (all - OWN) / 3;
    s->files_max = files > 4 ? (int)files : 4;
    s->sync_descriptors_max = s->files_max / 4 < SYNCS_MAX ? s->files_max / 4 : SYNCS_MAX;
    s->files_max -= s->sync_descriptors_max;
    s->channels_max = all - OWN - s->files_max - s->sync_descriptors_max;
}

static int server_open(struct server *s, struct err_text *error)
{
    descriptors_share(s);
    int rc = data_dir_open(&s->data_dir, s->config->log_dir, error);
    if (rc < 0) return rc;
    rc = power_open(s->data_dir.directory, &s->power, error);
    if (rc == 0) rc = disk_linux_new(s->config->log_dir, &s->disk, error);
    if (rc < 0) return rc;
    disk_linux_note(s->disk, s->power);
    rc = loop_init(&s->loop);
    if (rc < 0) return err_set(error, rc, "cannot make an event loop: %s", err_name(rc));
    rc = signals_open(s);
    if (rc == 0) rc = clients_listen(s, error);
    if (rc < 0) return rc;
    file_cache_init(&s->files, dup(s->data_dir.directory), s->files_max, s->power);
    s->workers = workers_new((int)s->config->worker_threads, s->disk, s->data_dir.directory, &s->loop);
    return node_open(s->config, s->disk, time_now(), seed_draw(), &s->node, error);
}

static void ready_tell(const struct server *s)
{
    struct net_address a = {.port = s->config->port};
    char text[300];
    bool everywhere = !s->config->host[0] || strcmp(s->config->host, "0.0.0.0") == 0;
    snprintf(a.host, sizeof a.host, "%s", everywhere ? "127.0.0.1" : s->config->host);
    net_address_format(&a, text, sizeof text);
    printf("ready %s\n", text);
    fflush(stdout);
}

static int server_loop(struct server *s)
{
    server_post(s, &(struct event){.kind = EVENT_TIMER});
    while (!s->stopped && s->signal_count < 2) {
        int64_t now_ns = clock_mono_ns();
        if (now_ns >= s->wake_ns) {
            s->wake_ns = INT64_MAX;
            server_post(s, &(struct event){.kind = EVENT_TIMER});
        }
        int64_t next_ns = clients_tend(s, now_ns);
        clients_bury(s);
        int rc = loop_step(&s->loop, s->wake_ns < next_ns ? s->wake_ns : next_ns);
        if (rc < 0) return rc;
        workers_collect(s);
    }
    return s->stopped ? 0 : ERR_CLOSED;
}

static void server_release(struct server *s)
{
    if (s->workers) workers_free(s->workers);
    s->stepping = true; /* nobody is told any more */
    clients_release(s);
    actions_release(&s->actions);
    node_free(s->node);
    if (s->files.count_max) file_cache_release(&s->files);
    if (s->signals.descriptor > 0) close(s->signals.descriptor);
    if (s->disk) disk_linux_free(s->disk);
    power_close(s->power);
    if (s->loop.epoll > 0) loop_release(&s->loop);
    data_dir_close(&s->data_dir);
    for (int i = 0; i < s->event_count; i++) {
        struct queued_event *e = &s->events[(s->event_first + i) % s->event_capacity];
        free(e->read);
        shared_unref(e->event.frame);
    }
    free(s->events);
}

int server_run(struct node_config *config, struct err_text *error)
{
    struct server s = {
        .config = config, .wake_ns = INT64_MAX, .data_dir = {-1, -1}, .connections_max = config->connections_max};
    int rc = server_open(&s, error);
    if (rc == 0) {
        ready_tell(&s);
        rc = server_loop(&s);
        if (rc < 0) err_set(error, rc, "the broker stopped before everything was written: %s", err_name(rc));
        log_info("broker", "stopped after %llu syncs", (unsigned long long)workers_sync_count(s.workers));
    }
    server_release(&s);
    return rc;
}
