/* Who has to go: connections that say nothing, that do not end what they began to say, that do not listen, and those
 * that hold memory while it is short.
 *
 *     nothing moves and nothing is owed to it     connections.max.idle.ms
 *     a request has begun and does not end        millrace.receive.timeout.ms
 *     an answer is not read                       millrace.send.timeout.ms
 *     requests' memory is short for 3 s           the largest incomplete request
 *     answers' memory is used up                  the largest heap of unread answers
 *
 * A request or an answer that moves by PACE_BYTES within a look (a second) is fine however large it is, and so is
 * every request that becomes complete. A connection that we do not read, for whatever reason, is not blamed. */
#include "broker/server/server_internal.h"

#define LOOK_NS 1000000000LL
#define FEED_NS 5000000LL /* between two looks for memory for those that wait */
enum { PACE_BYTES = 1024 };
enum { SHORT_PATIENCE_MS = 3000 }; /* how long memory may be short before the largest sender goes */

/* --- memory --- */

/* The last quarter is for requests of common size: a few clients that announce 90 MiB each cannot have it. */
static bool memory_is_short(const struct server *s, uint32_t frame_size)
{
    enum { COMMON_BYTES_MAX = 2 * 1024 * 1024 };
    int64_t all = s->config->request_memory_bytes;
    return s->frame_bytes + s->partial_bytes > (frame_size > COMMON_BYTES_MAX ? all - all / 4 : all);
}

/* A large frame waits while memory is short. Small ones are let through, so that a few greedy clients do not delay
 * the others (T50), but only one after the other: a crowd cannot fill the memory with them. */
bool client_starves(const struct server *s, const struct channel *c)
{
    enum { SMALL_BYTES_MAX = 64 * 1024 };
    if (c->in_frame && c->frame_size > SMALL_BYTES_MAX) return memory_is_short(s, c->frame_size);
    return memory_is_short(s, 0) && node_owes(s->node, c->id);
}

static void starved_feed(struct server *s)
{
    s->any_starved = false;
    for (struct table_entry *e = table_first(&s->channels); e; e = table_next(&s->channels, e)) {
        struct channel *c = e->value;
        if (!c->starved) continue;
        c->starved = client_starves(s, c);
        s->any_starved |= c->starved;
        if (!c->starved) client_interest(s, c);
    }
}

static struct channel *largest_of(struct server *s, uint64_t (*size)(const struct channel *c))
{
    struct channel *largest = NULL;
    for (struct table_entry *e = table_first(&s->channels); e; e = table_next(&s->channels, e)) {
        struct channel *c = e->value;
        if (size(c) > 0 && (!largest || size(c) > size(largest))) largest = c;
    }
    return largest;
}

static uint64_t frame_memory(const struct channel *c)
{
    return channel_frame_memory(c);
}

static uint64_t out_memory(const struct channel *c)
{
    return c->out_bytes;
}

/* Requests that are announced and do not come must not keep the memory from those that do. */
static void largest_drop(struct server *s)
{
    struct channel *c = largest_of(s, frame_memory);
    if (!c) return;
    log_warn("broker",
             "closing the connection of %s: memory for requests is short and its request of %u bytes does not end",
             c->peer, c->frame_size);
    client_drop(s, c);
}

static int64_t memory_tend(struct server *s, int64_t now_ns)
{
    if (s->any_starved && now_ns - s->fed_ns >= FEED_NS) {
        starved_feed(s);
        s->fed_ns = now_ns;
    }
    if (!s->any_starved) {
        s->short_since_ns = 0;
        return INT64_MAX;
    }
    if (s->short_since_ns == 0) s->short_since_ns = now_ns;
    if (now_ns - s->short_since_ns >= SHORT_PATIENCE_MS * 1000000LL) {
        largest_drop(s);
        s->short_since_ns = now_ns;
    }
    return s->fed_ns + FEED_NS;
}

void clients_unburden(struct server *s)
{
    struct channel *c;
    while (s->out_bytes > s->config->answer_memory_bytes && (c = largest_of(s, out_memory))) {
        log_warn("broker", "closing the connection of %s: memory for answers is used up and it lets %llu bytes lie",
                 c->peer, (unsigned long long)c->out_bytes);
        client_drop(s, c);
    }
}

/* --- time --- */

/* One direction at one look: for how long it has not gone well, in nanoseconds. */
static int64_t pace_look(struct channel_pace *p, bool under_way, uint64_t total, uint32_t frame_count, int64_t now_ns)
{
    bool good = !under_way || p->good_ns == 0 || total - p->total >= PACE_BYTES || frame_count != p->frame_count;
    if (good) p->good_ns = under_way ? now_ns : 0;
    p->total = total;
    p->frame_count = frame_count;
    return good ? 0 : now_ns - p->good_ns;
}

static bool blamed_for_sending(const struct server *s, struct channel *c, int64_t now_ns)
{
    bool ours = c->paused || c->starved || c->closing || c->stash.n || channel_is_congested(c);
    int64_t bad_ns = pace_look(&c->in_pace, channel_is_mid_frame(c) && !ours, c->in_total, c->frame_count, now_ns);
    return s->config->receive_timeout_ms >= 0 && bad_ns / 1000000 > s->config->receive_timeout_ms;
}

static bool blamed_for_reading(const struct server *s, struct channel *c, int64_t now_ns)
{
    int64_t bad_ns = pace_look(&c->out_pace, !channel_is_drained(c), c->out_total, 0, now_ns);
    return s->config->send_timeout_ms >= 0 && bad_ns / 1000000 > s->config->send_timeout_ms;
}

/* True when there is something to look at again. */
static bool channel_look(struct server *s, struct channel *c, int64_t now_ns)
{
    const char *why = NULL;
    if (blamed_for_sending(s, c, now_ns)) why = "a request has begun and does not end";
    if (blamed_for_reading(s, c, now_ns)) why = "it does not read its answers";
    if (why) {
        log_warn("broker", "closing the connection of %s: %s", c->peer, why);
        client_drop(s, c);
        return false;
    }
    return c->in_pace.good_ns || c->out_pace.good_ns;
}

/* One look at all of them. Nobody looks while nothing is half done: a broker without work sleeps. */
static int64_t pace_tend(struct server *s, int64_t now_ns)
{
    if (!s->any_unfinished) return INT64_MAX;
    if (now_ns - s->looked_ns < LOOK_NS) return s->looked_ns + LOOK_NS;
    s->looked_ns = now_ns;
    s->any_unfinished = false;
    for (struct table_entry *e = table_first(&s->channels); e; e = table_next(&s->channels, e))
        if (channel_look(s, e->value, now_ns)) s->any_unfinished = true;
    return s->any_unfinished ? now_ns + LOOK_NS : INT64_MAX;
}

/* Who waits for an answer of ours, a long poll of an hour perhaps, is not idle. */
static int64_t idle_tend(struct server *s, int64_t now_ns)
{
    if (s->config->connections_idle_ms < 0) return INT64_MAX;
    int64_t limit_ns =
        s->config->connections_idle_ms > INT64_MAX / 2000000 ? INT64_MAX / 2 : s->config->connections_idle_ms * 1000000;
    while (s->oldest && now_ns - s->oldest->active_ns > limit_ns) {
        if (node_owes(s->node, s->oldest->id))
            client_active(s, s->oldest);
        else
            client_drop(s, s->oldest);
    }
    return s->oldest ? s->oldest->active_ns + limit_ns + 1000000 : INT64_MAX;
}

int64_t clients_patience(struct server *s, int64_t now_ns)
{
    int64_t next = memory_tend(s, now_ns), x;
    if ((x = pace_tend(s, now_ns)) < next) next = x;
    if ((x = idle_tend(s, now_ns)) < next) next = x;
    return next;
}
