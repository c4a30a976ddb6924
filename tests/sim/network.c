/* The fake network: links that deliver bytes late, in order within a link and in any order between links, and
 * that break. Nothing is lost in the middle of a link: as under TCP, what is lost takes the link with it. */
#include <stdlib.h>

#include "lib/base/memory.h"
#include "tests/sim/client.h"

struct link {
    uint64_t id;
    struct client *client; /* NULL: the client walked away */
    bool at_node;          /* the node knows it */
    bool node_closed;      /* the node has closed it, or died */
    bool paused;
    int64_t last_in_ns, last_out_ns; /* when the latest delivery arrives */
    struct shared **held;            /* frames that came while paused */
    int held_count, held_first;
};

static int64_t delay_draw(struct sim *s)
{
    if (s->auditing) return 1000;
    if (sim_chance(s, 50)) return sim_draw(s, s->plan.delay_ns_max * 20);
    return sim_draw(s, s->plan.delay_ns_max);
}

/* After everything that was sent before on the same way. */
static int64_t arrival(struct sim *s, int64_t *last_ns)
{
    int64_t at_ns = s->now_ns + delay_draw(s);
    if (at_ns <= *last_ns) at_ns = *last_ns + 1;
    *last_ns = at_ns;
    return at_ns - s->now_ns;
}

/* --- towards the node --- */

static void connect_arrives(struct sim *s, struct sim_event *e)
{
    if (e->link->node_closed) return;
    e->link->at_node = true;
    sim_step(s, &(struct event){.kind = EVENT_CONNECTED, .connection = e->link->id, .data = SLICE_LIT("sim")});
}

struct link *link_open(struct sim *s, struct client *c)
{
    struct link *l = memory_new(sizeof *l);
    if (s->link_count == s->link_capacity) {
        s->link_capacity = s->link_capacity ? s->link_capacity * 2 : 16;
        s->links = memory_grow(s->links, (size_t)s->link_capacity, sizeof(struct link *));
    }
    s->links[s->link_count++] = l;
    l->id = (uint64_t)s->link_count;
    l->client = c;
    struct sim_event *e = sim_later(s, arrival(s, &l->last_in_ns), connect_arrives);
    e->life = s->life;
    e->link = l;
    return l;
}

static void frame_give(struct sim *s, struct link *l, struct shared *frame)
{
    sim_step(s, &(struct event){.kind = EVENT_FRAME, .connection = l->id, .frame = frame});
}

static void frame_arrives(struct sim *s, struct sim_event *e)
{
    struct link *l = e->link;
    if (!l->at_node || l->node_closed) return;
    struct shared *frame = shared_take(&e->bytes);
    if (!l->paused) {
        frame_give(s, l, frame);
        return;
    }
    l->held = memory_grow(l->held, (size_t)l->held_count + 1, sizeof(struct shared *));
    l->held[l->held_count++] = frame;
}

static void held_give(struct sim *s, struct sim_event *e)
{
    struct link *l = e->link;
    while (!l->paused && !l->node_closed && s->node && !s->disk.off && l->held_first < l->held_count)
        frame_give(s, l, l->held[l->held_first++]);
}

void link_send(struct sim *s, struct link *l, struct buf *frame)
{
    if (l->node_closed) {
        buf_release(frame);
        return;
    }
    struct sim_event *e = sim_later(s, arrival(s, &l->last_in_ns), frame_arrives);
    e->life = s->life;
    e->link = l;
    e->bytes = *frame;
    *frame = (struct buf){0};
}

static void disconnect_arrives(struct sim *s, struct sim_event *e)
{
    struct link *l = e->link;
    bool known = l->at_node && !l->node_closed;
    l->node_closed = true;
    if (known) sim_step(s, &(struct event){.kind = EVENT_DISCONNECTED, .connection = l->id});
}

void link_close(struct sim *s, struct link *l)
{
    l->client = NULL;
    if (l->node_closed) return;
    /* A reset may overtake what is under way. */
    int64_t in_ns = sim_chance(s, 3) ? sim_draw(s, s->plan.delay_ns_max) : arrival(s, &l->last_in_ns);
    struct sim_event *e = sim_later(s, in_ns, disconnect_arrives);
    e->life = s->life;
    e->link = l;
}

/* --- towards the client --- */

/* File ranges are read when they leave, as sendfile does: until then the references keep them valid. */
static bool pieces_collect(struct sim *s, const struct sim_event *e, struct buf *out)
{
    for (int i = 0; i < e->piece_count; i++) {
        const struct action_piece *p = &e->pieces[i];
        if (!p->file) {
            buf_append_slice(out, p->bytes);
            continue;
        }
        int err;
        struct inode *f = sim_disk_find(&s->disk, p->file->path, false, &err);
        int64_t got =
            f ? sim_disk_read(&s->disk, f, p->at, buf_reserve(out, (size_t)p->length), (size_t)p->length) : err;
        if (got == ERR_IO) return false;
        if (got != (int64_t)p->length)
            sim_fail(s, "a response refers to %s at %llu, %llu bytes, of which %lld are there", p->file->path,
                     (unsigned long long)p->at, (unsigned long long)p->length, (long long)got);
        out->n += (size_t)got;
    }
    return true;
}

static void bytes_arrive(struct sim *s, struct sim_event *e)
{
    struct link *l = e->link;
    struct buf bytes = {0};
    if (l->client && pieces_collect(s, e, &bytes)) {
        client_received(l->client, buf_slice(&bytes));
    } else if (l->client) {
        struct client *c = l->client;
        link_close(s, l);
        client_disconnected(c);
    }
    buf_release(&bytes);
}

static void close_arrives(struct sim *s, struct sim_event *e)
{
    struct client *c = e->link->client;
    (void)s;
    e->link->client = NULL;
    if (c) client_disconnected(c);
}

static void perform_send(struct sim *s, struct link *l, const struct action *a)
{
    struct sim_event *e = sim_later(s, arrival(s, &l->last_out_ns), bytes_arrive);
    e->life = s->life;
    e->link = l;
    e->pieces = memory_new((size_t)a->piece_count * sizeof *e->pieces);
    for (int i = 0; i < a->piece_count; i++) {
        struct action_piece *p = &e->pieces[e->piece_count++];
        *p = a->pieces[i];
        if (p->file) {
            log_file_ref(p->file);
        } else if (p->shared) {
            shared_ref(p->shared);
        } else { /* lives in the list's arena */
            struct buf copy = {0};
            buf_append_slice(&copy, p->bytes);
            p->shared = shared_take(&copy);
            p->bytes = slice_of(p->shared->p, p->shared->n);
        }
    }
}

void links_perform(struct sim *s, const struct action *a)
{
    struct link *l = a->connection && a->connection <= (uint64_t)s->link_count ? s->links[a->connection - 1] : NULL;
    if (!l || !l->at_node)
        sim_fail(s, "an action names connection %llu, which the node was never told of",
                 (unsigned long long)a->connection);
    if (l->node_closed) sim_fail(s, "an action names connection %llu, which is closed", (unsigned long long)l->id);
    struct sim_event *e;
    switch (a->kind) {
    case ACTION_SEND: perform_send(s, l, a); break;
    case ACTION_CLOSE:
        l->node_closed = true;
        e = sim_later(s, arrival(s, &l->last_out_ns), close_arrives);
        e->life = s->life;
        e->link = l;
        break;
    case ACTION_PAUSE: l->paused = true; break;
    default:
        l->paused = false;
        e = sim_later(s, 0, held_give);
        e->life = s->life;
        e->link = l;
    }
}

/* --- the end --- */

static void break_arrives(struct sim *s, struct sim_event *e)
{
    (void)s;
    if (e->client->link == e->link) client_disconnected(e->client);
}

void links_break(struct sim *s)
{
    for (int i = 0; i < s->link_count; i++) {
        struct link *l = s->links[i];
        struct client *c = l->client;
        l->node_closed = true;
        l->client = NULL;
        if (!c) continue;
        struct sim_event *e = sim_later(s, delay_draw(s), break_arrives);
        e->client = c;
        e->link = l;
    }
}

bool links_wait(const struct sim *s)
{
    for (int i = 0; i < s->link_count; i++) {
        const struct link *l = s->links[i];
        if (l->paused && l->client && l->at_node && !l->node_closed) return true;
    }
    return false;
}

void links_release(struct sim *s)
{
    for (int i = 0; i < s->link_count; i++) {
        struct link *l = s->links[i];
        while (l->held_first < l->held_count) shared_unref(l->held[l->held_first++]);
        free(l->held);
        free(l);
    }
    free(s->links);
}
