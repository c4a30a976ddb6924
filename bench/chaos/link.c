#include "bench/chaos/link.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/tap/decode.h"
#include "lib/base/memory.h"

enum { SIZE_BYTES = 4, REQUEST_MIN = 8, NAME_BYTES = 64 };

/* A frame, or some bytes of what is no Kafka, on its way. */
struct piece {
    struct piece *next;
    int64_t due_ns;
    bool last; /* the connection ends behind it */
    int api_key;
    int64_t acknowledged, fetched; /* records that have arrived when it has */
    struct chaos_event event;      /* of an answer: what it answers, without the client's id */
    size_t n;
    uint8_t bytes[];
};

struct lane {
    struct buf frame; /* the one at hand */
    bool raw;         /* these are no frames */
    bool silent;      /* nothing more gets through */
    struct piece *first, **end;
    size_t held;
    int64_t due_ns; /* of the last piece: nothing overtakes */
};

/* A request on whose answer something depends. */
struct asked {
    struct asked *next;
    struct chaos_event event; /* its client_id points behind it */
    int api_version;
    uint8_t client_id[];
};

struct chaos_link {
    const struct chaos_plan *plan;
    const struct chaos_link_sink *sink;
    char client[NAME_BYTES], broker[NAME_BYTES];
    int64_t connection, requests; /* ordinals: of this one, and so far of its requests */
    struct lane lanes[2];
    struct asked *oldest, **newest;
    struct arena arena; /* of one frame */
    bool begun;         /* its first bytes have been looked at */
};

struct chaos_link *chaos_link_new(const struct chaos_plan *plan, const struct chaos_link_sink *sink, const char *client,
                                  const char *broker)
{
    struct chaos_link *l = memory_new(sizeof *l);
    l->plan = plan;
    l->sink = sink;
    snprintf(l->client, sizeof l->client, "%s", client);
    snprintf(l->broker, sizeof l->broker, "%s", broker);
    for (int i = 0; i < 2; i++) l->lanes[i].end = &l->lanes[i].first;
    l->newest = &l->oldest;
    return l;
}

static struct piece *piece_take(struct lane *lane)
{
    struct piece *p = lane->first;
    lane->first = p->next;
    if (!lane->first) lane->end = &lane->first;
    lane->held -= p->n;
    return p;
}

static struct asked *asked_take(struct chaos_link *l)
{
    struct asked *a = l->oldest;
    l->oldest = a->next;
    if (!l->oldest) l->newest = &l->oldest;
    return a;
}

void chaos_link_free(struct chaos_link *l)
{
    for (int i = 0; i < 2; i++) {
        while (l->lanes[i].first) free(piece_take(&l->lanes[i]));
        buf_release(&l->lanes[i].frame);
    }
    while (l->oldest) free(asked_take(l));
    arena_release(&l->arena);
    free(l);
}

/* The next piece of a lane; the caller completes it. */
static struct piece *piece_add(struct lane *lane, struct slice bytes, int64_t due_ns)
{
    struct piece *p = memory_new(sizeof *p + bytes.n);
    if (due_ns > lane->due_ns) lane->due_ns = due_ns;
    p->due_ns = lane->due_ns;
    p->n = bytes.n;
    p->api_key = -1;
    if (bytes.n) memcpy(p->bytes, bytes.p, bytes.n);
    *lane->end = p;
    lane->end = &p->next;
    lane->held += p->n;
    return p;
}

/* --- requests --- */

static void fault_tell(const struct chaos_link *l, const struct chaos_event *e)
{
    if (l->sink->fault) l->sink->fault(l->sink->context, e);
}

static void asked_add(struct chaos_link *l, const struct chaos_event *e, int api_version)
{
    struct asked *a = memory_new(sizeof *a + e->client_id.n);
    a->event = *e;
    a->api_version = api_version;
    if (e->client_id.n) memcpy(a->client_id, e->client_id.p, e->client_id.n);
    a->event.client_id = slice_of(a->client_id, e->client_id.n);
    *l->newest = a;
    l->newest = &a->next;
}

/* The lots of a request that the plan means. */
static struct chaos_fate fate_of(struct chaos_link *l, struct chaos_event *e)
{
    if (l->connection == 0) l->connection = l->sink->number(l->sink->context);
    e->connection = l->connection;
    e->request = ++l->requests;
    if (l->sink->meant) l->sink->meant(l->sink->context);
    return chaos_decide(l->plan, e->connection, e->request);
}

/* A whole request and its fate: lost, half of it, or all of it in time. */
static void request_go(struct chaos_link *l, const struct chaos_event *e, struct slice frame, bool no_answer,
                       int64_t now_ns)
{
    struct lane *lane = &l->lanes[TAP_REQUESTS];
    enum chaos_fault fault = e->fate.fault;
    bool now = fault == CHAOS_DROP_REQUEST || fault == CHAOS_CUT;
    bool later = fault == CHAOS_DROP_RESPONSE || fault == CHAOS_CUT_RESPONSE;
    if (now || (e->fate.delay_ns > 0 && !later)) fault_tell(l, e);
    if (now) lane->silent = true;
    if (fault == CHAOS_DROP_REQUEST) return;
    if (fault == CHAOS_CUT) frame.n /= 2;
    struct piece *p = piece_add(lane, frame, now_ns + e->fate.delay_ns);
    p->last = fault == CHAOS_CUT;
    p->api_key = e->api_key;
    if (no_answer && !now) p->acknowledged = e->records;
}

static void request_done(struct chaos_link *l, struct slice frame, int64_t now_ns)
{
    struct kafka_request_header h;
    struct slice body;
    struct tap_content content;
    struct chaos_event e = {.client = l->client, .broker = l->broker, .fate = {.fault = CHAOS_NONE}};
    if (kafka_request_header_decode(slice_of(frame.p + SIZE_BYTES, frame.n - SIZE_BYTES), &h, &body) != 0) {
        piece_add(&l->lanes[TAP_REQUESTS], frame, now_ns);
        return;
    }
    tap_decode_request(h.api_key, h.api_version, body, &l->arena, &content); /* what it cannot read has no records */
    e.api_key = h.api_key;
    e.correlation_id = h.correlation_id;
    e.client_id = kafka_string_slice(h.client_id);
    e.records = content.records;
    if (chaos_means(l->plan, h.api_key)) e.fate = fate_of(l, &e);
    /* acks=0: there is no answer that could be lost */
    if (content.no_answer && (e.fate.fault == CHAOS_DROP_RESPONSE || e.fate.fault == CHAOS_CUT_RESPONSE))
        e.fate.fault = CHAOS_NONE;
    if (!content.no_answer) asked_add(l, &e, h.api_version);
    request_go(l, &e, frame, content.no_answer, now_ns);
}

/* --- responses --- */

/* The request that this answers; the ones before it get no answer. NULL when nobody asked. */
static struct asked *asked_by(struct chaos_link *l, int32_t correlation_id)
{
    const struct asked *a = l->oldest;
    while (a && a->event.correlation_id != correlation_id) a = a->next;
    if (!a) return NULL;
    while (l->oldest != a) free(asked_take(l));
    return asked_take(l);
}

/* What an answer is worth: the records of a Produce without an error (with one, it is not told here which partition's
 * it is), and those that a Fetch brings. */
static void worth(struct chaos_link *l, const struct asked *a, struct slice frame, struct piece *p)
{
    struct tap_content content;
    struct slice body;
    int32_t correlation_id;
    int key = a->event.api_key;
    p->api_key = key;
    if (key != KAFKA_API_PRODUCE && key != KAFKA_API_FETCH) return;
    if (kafka_response_header_decode(key, a->api_version, frame, &correlation_id, &body) != 0) return;
    if (tap_decode_response(key, a->api_version, body, &l->arena, &content) != 0) return;
    if (key == KAFKA_API_PRODUCE && content.error_count == 0) p->acknowledged = a->event.records;
    if (key == KAFKA_API_FETCH) p->fetched = content.records;
}

static void response_done(struct chaos_link *l, struct slice frame, int64_t now_ns)
{
    struct lane *lane = &l->lanes[TAP_RESPONSES];
    struct slice inside = slice_of(frame.p + SIZE_BYTES, frame.n - SIZE_BYTES);
    struct asked *a = inside.n >= 4 ? asked_by(l, (int32_t)get_u32be(inside.p)) : NULL;
    enum chaos_fault fault = a ? a->event.fate.fault : CHAOS_NONE;
    bool lost = fault == CHAOS_DROP_RESPONSE || fault == CHAOS_CUT_RESPONSE;
    if (lost) {
        fault_tell(l, &a->event);
        lane->silent = true;
    }
    if (fault == CHAOS_CUT_RESPONSE) piece_add(lane, slice_of(NULL, 0), now_ns)->last = true;
    if (!lost) {
        struct piece *p = piece_add(lane, frame, now_ns);
        if (a) worth(l, a, inside, p);
        if (a) p->event = a->event;
        p->event.client_id = slice_of(NULL, 0); /* which goes with the request */
    }
    free(a);
}

/* --- bytes --- */

static bool frame_possible(const struct lane *lane, bool request)
{
    uint32_t size = get_u32be(lane->frame.p);
    return size >= (request ? (uint32_t)REQUEST_MIN : 4) && size <= TAP_FRAME_MAX;
}

/* Whether a first request is one; later ones only need a possible size. */
static bool begins_well(struct chaos_link *l, const struct lane *lane)
{
    l->begun = true;
    return tap_looks_like_request(buf_slice(&lane->frame));
}

/* Takes bytes of one frame off the front of `in`; false when these are no frames. */
static bool frame_step(struct chaos_link *l, enum tap_stream stream, int64_t now_ns, struct slice *in)
{
    struct lane *lane = &l->lanes[stream];
    bool request = stream == TAP_REQUESTS;
    size_t needs = SIZE_BYTES;
    if (lane->frame.n >= SIZE_BYTES) needs = (size_t)get_u32be(lane->frame.p) + SIZE_BYTES;
    if (lane->frame.n >= SIZE_BYTES && request && !l->begun) needs = SIZE_BYTES + REQUEST_MIN;
    size_t n = needs - lane->frame.n < in->n ? needs - lane->frame.n : in->n;
    buf_append(&lane->frame, in->p, n);
    *in = slice_of(in->p + n, in->n - n);
    if (lane->frame.n < needs) return true;
    if (needs == SIZE_BYTES) return frame_possible(lane, request);
    if (request && !l->begun && !begins_well(l, lane)) return false;
    if (lane->frame.n < (size_t)get_u32be(lane->frame.p) + SIZE_BYTES) return true;
    if (request)
        request_done(l, buf_slice(&lane->frame), now_ns);
    else
        response_done(l, buf_slice(&lane->frame), now_ns);
    arena_reset(&l->arena);
    buf_reset(&lane->frame);
    return true;
}

static void raw_pass(struct lane *lane, struct slice in, int64_t now_ns)
{
    if (lane->frame.n) piece_add(lane, buf_slice(&lane->frame), now_ns);
    buf_reset(&lane->frame);
    if (in.n) piece_add(lane, in, now_ns);
}

void chaos_link_bytes(struct chaos_link *l, enum tap_stream stream, int64_t now_ns, struct slice in)
{
    struct lane *lane = &l->lanes[stream];
    while (in.n > 0 && !lane->raw && !lane->silent) lane->raw = !frame_step(l, stream, now_ns, &in);
    if (lane->raw && !lane->silent) raw_pass(lane, in, now_ns);
}

void chaos_link_ended(struct chaos_link *l, enum tap_stream stream)
{
    struct lane *lane = &l->lanes[stream];
    if (!lane->silent) raw_pass(lane, slice_of(NULL, 0), lane->due_ns);
}

size_t chaos_link_held(const struct chaos_link *l, enum tap_stream stream)
{
    return l->lanes[stream].held;
}

/* --- what is due --- */

/* An answer that a partition kept for longer than a loop may take to look at it. */
static void held_tell(const struct chaos_link *l, struct piece *p, int64_t now_ns)
{
    static const int64_t noticed_ns = 20000000;
    if (!p->event.client || now_ns - p->due_ns < noticed_ns) return;
    p->event.held_ns = now_ns - p->due_ns;
    fault_tell(l, &p->event);
}

static int64_t lane_due(struct chaos_link *l, struct lane *lane, int64_t now_ns, int64_t closed_until_ns,
                        struct buf *out)
{
    while (lane->first) {
        int64_t due_ns = lane->first->due_ns > closed_until_ns ? lane->first->due_ns : closed_until_ns;
        if (due_ns > now_ns) return due_ns;
        struct piece *p = piece_take(lane);
        buf_append(out, p->bytes, p->n);
        bool last = p->last;
        held_tell(l, p, now_ns);
        if (l->sink->passed && !last) l->sink->passed(l->sink->context, p->api_key, p->acknowledged, p->fetched);
        free(p);
        if (last) return CHAOS_LINK_CUT;
    }
    return INT64_MAX;
}

int64_t chaos_link_due(struct chaos_link *l, int64_t now_ns, const int64_t closed_until_ns[2], struct buf *const out[2])
{
    int64_t next_ns = INT64_MAX;
    for (int i = 0; i < 2; i++) {
        int64_t lane_ns = lane_due(l, &l->lanes[i], now_ns, closed_until_ns[i], out[i]);
        if (lane_ns < next_ns) next_ns = lane_ns; /* CHAOS_LINK_CUT is the least */
    }
    return next_ns;
}
