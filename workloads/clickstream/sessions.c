#include "workloads/clickstream/sessions.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/memory.h"

void sessions_init(struct sessions *s, void (*closed)(void *context, const struct session *s), void *context)
{
    memset(s, 0, sizeof *s);
    s->closed = closed;
    s->context = context;
    s->queue_size = 1024;
    s->queue = memory_new(s->queue_size * sizeof *s->queue);
    s->latest = memory_new((size_t)SITE_COUNT * SITE_VISITORS * sizeof *s->latest);
}

void sessions_release(struct sessions *s)
{
    free(s->queue);
    free(s->latest);
}

static struct session *session_number(struct sessions *s, uint64_t number)
{
    return &s->queue[number & (s->queue_size - 1)];
}

/* Closes the sessions at the head that can't go on at `now`. */
static void close_ended(struct sessions *s, int64_t now)
{
    while (s->head < s->tail && now - session_number(s, s->head)->last > SESSION_GAP_S)
        s->closed(s->context, session_number(s, s->head++));
}

static struct session *open_session(struct sessions *s, int64_t time, uint64_t *latest)
{
    if (s->tail - s->head == s->queue_size) {
        struct session *larger = memory_new(2 * s->queue_size * sizeof *larger);
        for (uint64_t n = s->head; n < s->tail; n++) larger[n & (2 * s->queue_size - 1)] = *session_number(s, n);
        free(s->queue);
        s->queue = larger;
        s->queue_size *= 2;
    }
    struct session *session = session_number(s, s->tail++);
    s->keys += *latest == 0;
    *latest = s->tail;
    *session = (struct session){.start = time};
    for (int i = 0; i < FUNNEL_STEPS; i++) session->step[i] = -1;
    return session;
}

struct session *sessions_at(struct sessions *s, int64_t time, int site, int visitor)
{
    uint64_t *latest = &s->latest[(size_t)site * SITE_VISITORS + (size_t)visitor];
    close_ended(s, time);
    /* A session that has left the queue is closed. */
    struct session *session = *latest > s->head ? session_number(s, *latest - 1) : NULL;
    if (!session || time - session->last > SESSION_GAP_S) {
        session = open_session(s, time, latest);
        session->site = site;
        session->visitor = visitor;
    }
    session->last = time;
    return session;
}

void sessions_finish(struct sessions *s)
{
    close_ended(s, INT64_MAX);
}
