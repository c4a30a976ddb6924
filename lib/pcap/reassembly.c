#include "lib/pcap/reassembly.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/memory.h"

/* A part of a segment that waits for what is before it. */
struct piece {
    struct piece *next; /* ascending sequence, without overlaps */
    uint32_t sequence;
    int64_t time_ns;
    size_t n;
    uint8_t bytes[];
};

struct direction {
    bool started; /* `next` is known */
    bool finished;
    uint32_t next; /* the first byte that was not handed on */
    bool acked_known;
    uint32_t acked; /* by the other side */
    bool fin_known;
    uint32_t fin; /* the sequence number behind the last byte */
    struct piece *waiting;
    size_t waiting_bytes; /* with what a piece costs itself */
    int waiting_count;
    int64_t waiting_since_ns; /* of the hole in front */
};

struct flow {
    struct tcp_flow public;
    struct direction directions[2];
    struct flow *newer, *older;
    uint8_t key[36];
};

static size_t piece_cost(size_t n)
{
    return n + sizeof(struct piece);
}

/* a - b, as sequence numbers: negative when a is before b. */
static int32_t after(uint32_t a, uint32_t b)
{
    return (int32_t)(a - b);
}

/* --- the list by age --- */

static void list_remove(struct reassembly *r, struct flow *f)
{
    *(f->newer ? &f->newer->older : &r->newest) = f->older;
    *(f->older ? &f->older->newer : &r->oldest) = f->newer;
    f->newer = f->older = NULL;
}

static void list_push(struct reassembly *r, struct flow *f)
{
    f->older = r->newest;
    if (r->newest) r->newest->newer = f;
    r->newest = f;
    if (!r->oldest) r->oldest = f;
}

/* --- one direction --- */

static void pieces_drop(struct reassembly *r, struct direction *d)
{
    for (struct piece *p = d->waiting, *next; p; p = next) {
        next = p->next;
        free(p);
    }
    r->waiting -= d->waiting_bytes;
    d->waiting = NULL;
    d->waiting_bytes = 0;
    d->waiting_count = 0;
}

/* The part of bytes at `sequence`, at or before `next`, that is not known yet. */
static struct slice new_part(struct reassembly *r, uint32_t sequence, uint32_t next, struct slice bytes)
{
    size_t known = (size_t)after(next, sequence);
    if (known > bytes.n) known = bytes.n;
    r->counts.repeated_bytes += known;
    return slice_of(bytes.p + known, bytes.n - known);
}

static void hand_on(struct reassembly *r, struct flow *f, int i, uint32_t sequence, int64_t time_ns, struct slice bytes)
{
    struct direction *d = &f->directions[i];
    struct slice fresh = new_part(r, sequence, d->next, bytes);
    if (fresh.n == 0) return;
    d->next += (uint32_t)fresh.n;
    r->sink.bytes(r->sink.context, &f->public, i, time_ns, fresh);
}

/* Hands on all that waits and does not have to any more. */
static void drain(struct reassembly *r, struct flow *f, int i)
{
    struct direction *d = &f->directions[i];
    while (d->waiting && after(d->waiting->sequence, d->next) <= 0) {
        struct piece *p = d->waiting;
        d->waiting = p->next;
        d->waiting_bytes -= piece_cost(p->n);
        d->waiting_count--;
        r->waiting -= piece_cost(p->n);
        if (p->next) d->waiting_since_ns = p->next->time_ns; /* of the next hole, if there is one */
        hand_on(r, f, i, p->sequence, p->time_ns, slice_of(p->bytes, p->n));
        free(p);
    }
    if (d->fin_known && !d->finished && after(d->next, d->fin) >= 0) {
        d->finished = true;
        r->sink.end(r->sink.context, &f->public, i);
    }
}

/* The hole in front is given up. */
static void give_up(struct reassembly *r, struct flow *f, int i, uint32_t until)
{
    struct direction *d = &f->directions[i];
    uint64_t size = (uint32_t)after(until, d->next);
    r->counts.gaps++;
    r->counts.gap_bytes += size;
    d->next = until;
    r->sink.gap(r->sink.context, &f->public, i, size);
    drain(r, f, i);
}

static void give_up_all(struct reassembly *r, struct flow *f, int i)
{
    struct direction *d = &f->directions[i];
    while (d->waiting) give_up(r, f, i, d->waiting->sequence);
    if (d->started && d->fin_known && !d->finished && after(d->fin, d->next) > 0) give_up(r, f, i, d->fin);
}

/* Nobody will send again what was acknowledged; and so late the capture will not bring it. */
static void give_up_acked(struct reassembly *r, struct flow *f, int i, int64_t now_ns)
{
    struct direction *d = &f->directions[i];
    while (d->waiting && d->acked_known && after(d->acked, d->waiting->sequence) >= 0 &&
           now_ns - d->waiting_since_ns >= REASSEMBLY_PATIENCE_NS)
        give_up(r, f, i, d->waiting->sequence);
}

static struct piece *piece_new(uint32_t sequence, int64_t time_ns, struct slice bytes)
{
    struct piece *p = memory_new(sizeof *p + bytes.n);
    *p = (struct piece){.sequence = sequence, .time_ns = time_ns, .n = bytes.n};
    memcpy(p->bytes, bytes.p, bytes.n);
    return p;
}

/* Keeps those parts of the bytes that no piece has. */
static void keep(struct reassembly *r, struct direction *d, uint32_t sequence, int64_t time_ns, struct slice bytes)
{
    if (!d->waiting) d->waiting_since_ns = time_ns;
    struct piece **at = &d->waiting;
    while (bytes.n > 0) {
        while (*at && after((*at)->sequence + (uint32_t)(*at)->n, sequence) <= 0) at = &(*at)->next;
        int64_t free_bytes = *at ? after((*at)->sequence, sequence) : (int64_t)bytes.n;
        size_t n = free_bytes < 0 ? 0 : (size_t)free_bytes < bytes.n ? (size_t)free_bytes : bytes.n;
        if (n > 0) {
            struct piece *p = piece_new(sequence, time_ns, slice_of(bytes.p, n));
            p->next = *at;
            *at = p;
            at = &p->next;
            d->waiting_bytes += piece_cost(n);
            d->waiting_count++;
            r->waiting += piece_cost(n);
        } else { /* as far as the piece at hand reaches, it is there already */
            n = (size_t)after((*at)->sequence + (uint32_t)(*at)->n, sequence);
            if (n > bytes.n) n = bytes.n;
            r->counts.repeated_bytes += n;
        }
        sequence += (uint32_t)n;
        bytes = slice_of(bytes.p + n, bytes.n - n);
    }
}

static void payload_take(struct reassembly *r, struct flow *f, int i, const struct tcp_segment *s, uint32_t sequence)
{
    struct direction *d = &f->directions[i];
    if (s->payload.n == 0) return;
    if (!d->started) {
        d->started = true;
        d->next = sequence;
    }
    int32_t early = after(sequence, d->next);
    if (early <= 0 && !d->waiting) {
        hand_on(r, f, i, sequence, s->time_ns, s->payload);
        return;
    }
    if (early <= 0) { /* what waits came first: only what is before it is new */
        struct slice fresh = new_part(r, sequence, d->next, s->payload);
        keep(r, d, d->next, s->time_ns, fresh);
        drain(r, f, i);
        return;
    }
    r->counts.early_segments++;
    keep(r, d, sequence, s->time_ns, s->payload);
    if (d->waiting_bytes > REASSEMBLY_WAITING_MAX || d->waiting_count > REASSEMBLY_PIECES_MAX ||
        r->waiting > REASSEMBLY_WAITING_ALL_MAX)
        give_up(r, f, i, d->waiting->sequence);
}

/* --- connections --- */

static void flow_close(struct reassembly *r, struct flow *f)
{
    for (int i = 0; i < 2; i++) {
        give_up_all(r, f, i);
        pieces_drop(r, &f->directions[i]);
    }
    r->sink.closed(r->sink.context, &f->public);
    list_remove(r, f);
    table_remove(&r->flows, slice_of(f->key, sizeof f->key));
    free(f);
}

static void key_put(const struct tcp_endpoint *e, uint8_t *out)
{
    memcpy(out, e->address, 16);
    put_u16be(out + 16, e->port);
}

static struct flow *flow_new(struct reassembly *r, const struct tcp_segment *s, bool swapped, const uint8_t *key)
{
    if (r->flows.count >= REASSEMBLY_FLOWS_MAX) {
        r->counts.evicted++;
        flow_close(r, r->oldest);
    }
    struct flow *f = memory_new(sizeof *f);
    f->public.a = swapped ? s->to : s->from;
    f->public.b = swapped ? s->from : s->to;
    f->public.opener = -1;
    if (s->flags & TCP_SYN) f->public.opener = (s->flags & TCP_ACK ? !swapped : swapped);
    memcpy(f->key, key, sizeof f->key);
    table_set(&r->flows, slice_of(f->key, sizeof f->key), f);
    list_push(r, f);
    r->counts.flows++;
    r->counts.midway += f->public.opener < 0;
    r->sink.opened(r->sink.context, &f->public);
    return f;
}

/* A SYN that begins a connection where another one still stands in the books: same addresses, used again. */
static bool begins_anew(const struct flow *f, int i, const struct tcp_segment *s)
{
    const struct direction *d = &f->directions[i];
    bool opening = (s->flags & (TCP_SYN | TCP_ACK)) == TCP_SYN;
    return opening && (!d->started || s->sequence + 1 != d->next) && (d->started || f->directions[!i].started);
}

/* The connection of a segment; NULL when it belongs to none and begins none. */
static struct flow *flow_of(struct reassembly *r, const struct tcp_segment *s, int *direction)
{
    uint8_t key[36];
    bool swapped = tcp_endpoint_compare(&s->from, &s->to) > 0;
    *direction = swapped;
    key_put(swapped ? &s->to : &s->from, key);
    key_put(swapped ? &s->from : &s->to, key + 18);
    struct flow *f = table_get(&r->flows, slice_of(key, sizeof key));
    if (f && begins_anew(f, *direction, s)) {
        flow_close(r, f);
        f = NULL;
    }
    if (!f && !(s->flags & TCP_SYN) && s->payload.n == 0) return NULL; /* the last words of one that is over */
    if (!f) return flow_new(r, s, swapped, key);
    list_remove(r, f);
    list_push(r, f);
    return f;
}

/* Both directions, for an acknowledgement tells of the other one. */
static void segment_take(struct reassembly *r, struct flow *f, int i, const struct tcp_segment *s)
{
    struct direction *d = &f->directions[i], *other = &f->directions[!i];
    uint32_t sequence = s->sequence;
    if (s->flags & TCP_SYN) {
        sequence++;
        if (!d->started) d->next = sequence;
        d->started = true;
    }
    if (s->flags & TCP_ACK && (!other->acked_known || after(s->acknowledged, other->acked) > 0)) {
        other->acked_known = true;
        other->acked = s->acknowledged;
    }
    payload_take(r, f, i, s, sequence);
    if (s->flags & TCP_FIN && !d->fin_known) {
        d->fin_known = true;
        d->fin = sequence + (uint32_t)s->payload.n + s->missing;
        if (!d->started) d->next = d->fin;
        d->started = true;
    }
    drain(r, f, i);
    give_up_acked(r, f, 0, s->time_ns);
    give_up_acked(r, f, 1, s->time_ns);
}

void reassembly_init(struct reassembly *r, const struct reassembly_sink *sink)
{
    *r = (struct reassembly){.sink = *sink};
}

void reassembly_segment(struct reassembly *r, const struct tcp_segment *s)
{
    int direction;
    r->counts.segments++;
    r->counts.payload_bytes += s->payload.n;
    struct flow *f = flow_of(r, s, &direction);
    if (!f) return;
    segment_take(r, f, direction, s);
    bool over = f->directions[0].finished && f->directions[1].finished;
    if (over || s->flags & TCP_RST) flow_close(r, f);
}

void reassembly_finish(struct reassembly *r)
{
    while (r->oldest) flow_close(r, r->oldest);
    table_release(&r->flows);
}
