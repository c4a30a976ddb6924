#include "bench/tap/tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/tap/decode.h"
#include "bench/tap/detail.h"
#include "lib/base/memory.h"

enum { SIZE_BYTES = 4, REQUEST_MIN = 8, RESPONSE_MIN = 4, HEAD_KEPT = 4096, NAME_MAX_BYTES = 64, CANDIDATES_MAX = 32 };

/* A request that waits for its answer. */
struct pending {
    struct pending *next;
    struct tap_exchange x;
    struct buf detail;
    uint8_t client_id[];
};

enum state {
    FRAMING,   /* the next byte's place in a frame is known */
    SEARCHING, /* it is not */
    PASSING,   /* not Kafka: nothing is looked at */
};

struct mark {
    size_t end; /* bytes of the search buffer up to here came then */
    int64_t time_ns;
};

struct stream {
    enum state state;
    struct buf kept; /* FRAMING: the frame at hand, its beginning at least; SEARCHING: what is searched */
    /* of the frame at hand */
    size_t size; /* with its size field; 0: not known yet */
    size_t had;  /* bytes of it that are behind us */
    bool damaged;
    int64_t first_ns, last_ns; /* of its first byte, and of the last one that was seen */
    int64_t frames;            /* so far */
    /* while searching */
    struct mark *marks;
    size_t mark_count, mark_capacity;
    size_t looked;                     /* at every place before this: it begins no frame, or is a candidate */
    size_t candidates[CANDIDATES_MAX]; /* frames may begin there, and are not complete; ascending */
    int candidate_count;
};

struct tap_connection {
    struct tap *tap;
    char client[NAME_MAX_BYTES], broker[NAME_MAX_BYTES];
    struct stream streams[2];
    struct pending *oldest, **newest;
    int pending_count;
    bool from_start;
};

void tap_init(struct tap *t, const struct tap_sink *sink)
{
    *t = (struct tap){.sink = *sink};
}

void tap_release(struct tap *t)
{
    arena_release(&t->arena);
}

struct tap_connection *tap_connection_new(struct tap *t, const char *client, const char *broker, bool from_start)
{
    struct tap_connection *c = memory_new(sizeof *c);
    c->tap = t;
    snprintf(c->client, sizeof c->client, "%s", client);
    snprintf(c->broker, sizeof c->broker, "%s", broker);
    c->newest = &c->oldest;
    c->from_start = from_start;
    if (!from_start) c->streams[TAP_REQUESTS].state = c->streams[TAP_RESPONSES].state = SEARCHING;
    t->counts.connections++;
    t->counts.midway += !from_start;
    return c;
}

/* --- requests that wait --- */

static struct pending *pending_take(struct tap_connection *c)
{
    struct pending *p = c->oldest;
    c->oldest = p->next;
    if (!c->oldest) c->newest = &c->oldest;
    c->pending_count--;
    return p;
}

/* The last of it: the sink hears of the exchange. */
static void pending_tell(struct tap_connection *c, struct pending *p, enum tap_status status)
{
    p->x.status = status;
    p->x.detail = buf_slice(&p->detail);
    c->tap->sink.exchange(c->tap->sink.context, &p->x);
    buf_release(&p->detail);
    free(p);
}

static void pending_unanswered(struct tap_connection *c)
{
    pending_tell(c, pending_take(c), TAP_UNANSWERED);
}

/* Takes `detail`. */
static void pending_add(struct tap_connection *c, const struct tap_exchange *x, struct buf *detail)
{
    if (c->pending_count == TAP_PENDING_MAX) pending_unanswered(c);
    struct pending *p = memory_new(sizeof *p + x->client_id.n);
    p->x = *x;
    if (x->client_id.n) memcpy(p->client_id, x->client_id.p, x->client_id.n);
    p->x.client_id = slice_of(p->client_id, x->client_id.n);
    p->detail = *detail;
    *detail = (struct buf){0};
    *c->newest = p;
    c->newest = &p->next;
    c->pending_count++;
}

static const struct pending *pending_find(const struct tap_connection *c, int32_t correlation_id)
{
    const struct pending *p = c->oldest;
    while (p && p->x.correlation_id != correlation_id) p = p->next;
    return p;
}

bool tap_answered_by(const struct tap_connection *c, int32_t correlation_id, int *api_key, int *api_version)
{
    const struct pending *p = pending_find(c, correlation_id);
    if (!p) return false;
    *api_key = p->x.api_key;
    *api_version = p->x.api_version;
    return true;
}

/* --- frames --- */

static void content_add(struct tap_exchange *x, const struct tap_content *content)
{
    x->records += content->records;
    x->record_bytes += content->record_bytes;
    for (int i = 0; i < content->error_count && x->error_count < TAP_ERRORS_MAX; i++)
        x->errors[x->error_count++] = content->errors[i];
}

static void decoded_count(struct tap *t, int error)
{
    t->counts.undecoded_api += error == ERR_UNSUPPORTED;
    t->counts.undecoded_damage += error != 0 && error != ERR_UNSUPPORTED;
}

static void frame_tell(struct tap_connection *c, struct stream *s, int api_key, int api_version, int64_t time_ns)
{
    struct tap_frame f = {.number = c->tap->counts.frames,
                          .stream = s == &c->streams[TAP_REQUESTS] ? TAP_REQUESTS : TAP_RESPONSES,
                          .api_key = api_key,
                          .api_version = api_version,
                          .bytes = buf_slice(&s->kept),
                          .damaged = s->damaged,
                          .time_ns = time_ns,
                          .client = c->client,
                          .broker = c->broker};
    if (c->tap->sink.frame) c->tap->sink.frame(c->tap->sink.context, &f);
}

/* The frame at hand without its size, as far as it was kept. */
static struct slice frame_inside(const struct stream *s)
{
    return s->kept.n > SIZE_BYTES ? slice_of(s->kept.p + SIZE_BYTES, s->kept.n - SIZE_BYTES) : slice_of(NULL, 0);
}

static void request_done(struct tap_connection *c, struct stream *s, int64_t time_ns)
{
    struct kafka_request_header h;
    struct slice body;
    struct tap_content content = {0};
    int error = kafka_request_header_decode(frame_inside(s), &h, &body);
    if (error) { /* nothing to match it by */
        c->tap->counts.undecoded_damage++;
        frame_tell(c, s, -1, -1, time_ns);
        return;
    }
    frame_tell(c, s, h.api_key, h.api_version, time_ns);
    error = s->damaged ? ERR_CORRUPT : tap_decode_request(h.api_key, h.api_version, body, &c->tap->arena, &content);
    decoded_count(c->tap, error);
    struct tap_exchange x = {.client = c->client,
                             .broker = c->broker,
                             .api_key = h.api_key,
                             .api_version = h.api_version,
                             .correlation_id = h.correlation_id,
                             .client_id = kafka_string_slice(h.client_id),
                             .request_frame = c->tap->counts.frames,
                             .request_first_ns = s->first_ns,
                             .request_last_ns = time_ns,
                             .request_bytes = (int64_t)s->size,
                             .request_decoded = error == 0};
    content_add(&x, &content);
    struct buf detail = {0};
    if (c->tap->details && content.message) tap_detail_request(h.api_key, content.message, &detail);
    if (content.no_answer) {
        x.status = TAP_ONE_WAY;
        x.detail = buf_slice(&detail);
        c->tap->sink.exchange(c->tap->sink.context, &x);
        buf_release(&detail);
    } else {
        pending_add(c, &x, &detail);
    }
}

static void response_decode(struct tap_connection *c, struct stream *s, struct pending *p)
{
    struct tap_exchange *x = &p->x;
    struct tap_content content = {0};
    struct slice body;
    int32_t correlation_id;
    int error = kafka_response_header_decode(x->api_key, x->api_version, frame_inside(s), &correlation_id, &body);
    if (s->damaged) error = ERR_CORRUPT;
    if (!error) error = tap_decode_response(x->api_key, x->api_version, body, &c->tap->arena, &content);
    decoded_count(c->tap, error);
    x->response_decoded = error == 0;
    content_add(x, &content);
    if (c->tap->details && content.message) tap_detail_response(x->api_key, content.message, &p->detail);
}

/* Answers come in the order of the requests: what waits before the one that is answered will get none. */
static void response_done(struct tap_connection *c, struct stream *s, int64_t time_ns)
{
    struct slice in = frame_inside(s);
    int32_t correlation_id = in.n >= 4 ? (int32_t)get_u32be(in.p) : 0;
    if (in.n < 4 || !pending_find(c, correlation_id)) {
        c->tap->counts.unmatched++;
        frame_tell(c, s, -1, -1, time_ns);
        return;
    }
    while (c->oldest->x.correlation_id != correlation_id) pending_unanswered(c);
    struct pending *p = pending_take(c);
    frame_tell(c, s, p->x.api_key, p->x.api_version, time_ns);
    p->x.response_frame = c->tap->counts.frames;
    p->x.response_first_ns = s->first_ns;
    p->x.response_last_ns = time_ns;
    p->x.response_bytes = (int64_t)s->size;
    response_decode(c, s, p);
    pending_tell(c, p, TAP_ANSWERED);
}

static void kept_reset(struct tap_connection *c, struct stream *s)
{
    c->tap->kept -= s->kept.n;
    if (s->kept.capacity > 1 << 20)
        buf_release(&s->kept);
    else
        buf_reset(&s->kept);
}

/* The next byte begins a frame. */
static void frame_reset(struct tap_connection *c, struct stream *s)
{
    kept_reset(c, s);
    s->size = s->had = 0;
    s->damaged = false;
}

static void frame_done(struct tap_connection *c, struct stream *s, int64_t time_ns)
{
    c->tap->counts.frames++;
    c->tap->counts.bytes += (int64_t)s->size;
    s->frames++;
    if (s->kept.n < s->size) s->damaged = true;
    if (s == &c->streams[TAP_REQUESTS])
        request_done(c, s, time_ns);
    else
        response_done(c, s, time_ns);
    arena_reset(&c->tap->arena);
    frame_reset(c, s);
}

/* Bytes of the frame at hand that may still be kept: the head of each frame is, whatever the others take. */
static void keep(struct tap_connection *c, struct stream *s, struct slice bytes)
{
    size_t max = c->tap->kept + bytes.n > TAP_KEPT_ALL_MAX ? HEAD_KEPT : TAP_KEPT_MAX;
    if (s->kept.n < s->had || s->kept.n >= max) return; /* what is kept is a beginning without holes */
    size_t n = bytes.n < max - s->kept.n ? bytes.n : max - s->kept.n;
    buf_append(&s->kept, bytes.p, n);
    c->tap->kept += n;
}

static void search_begin(struct tap_connection *c, struct stream *s)
{
    if (s->state == SEARCHING) c->tap->counts.skipped_bytes += (int64_t)s->kept.n;
    frame_reset(c, s);
    s->state = SEARCHING;
    s->looked = 0;
    s->candidate_count = 0;
    s->mark_count = 0;
    c->tap->counts.searches++;
}

static void pass(struct tap_connection *c)
{
    for (int i = 0; i < 2; i++) {
        frame_reset(c, &c->streams[i]);
        c->streams[i].state = PASSING;
    }
}

static bool size_possible(uint32_t size, bool request)
{
    return size >= (request ? (uint32_t)REQUEST_MIN : (uint32_t)RESPONSE_MIN) && size <= TAP_FRAME_MAX;
}

bool tap_looks_like_request(struct slice in)
{
    if (in.n < SIZE_BYTES + REQUEST_MIN) return false;
    int16_t key = (int16_t)get_u16be(in.p + 4), version = (int16_t)get_u16be(in.p + 6);
    return size_possible(get_u32be(in.p), true) && key >= 0 && key < 128 && version >= 0 && version < 64;
}

/* TLS: a handshake record, version 3.x. */
static bool looks_like_tls(struct slice in)
{
    return in.n >= 2 && in.p[0] == 0x16 && in.p[1] == 3;
}

/* The header that has just become complete says that this is no frame: another protocol, or the place was lost. */
static void no_frame(struct tap_connection *c, struct stream *s)
{
    bool first = s->frames == 0 && c->from_start;
    if (!first) {
        search_begin(c, s);
        return;
    }
    if (looks_like_tls(buf_slice(&s->kept)))
        c->tap->counts.encrypted++;
    else
        c->tap->counts.other_protocol++;
    pass(c);
}

/* How many bytes the frame's next decision needs: its size, the head of a first request, its end. */
static size_t frame_needs(const struct tap_connection *c, const struct stream *s)
{
    if (s->had < SIZE_BYTES) return SIZE_BYTES;
    bool request = s == &c->streams[TAP_REQUESTS];
    return request && s->had < SIZE_BYTES + REQUEST_MIN ? (size_t)SIZE_BYTES + REQUEST_MIN : s->size;
}

/* Takes bytes of one frame off the front of `in`. */
static void frame_step(struct tap_connection *c, struct stream *s, int64_t time_ns, struct slice *in)
{
    bool request = s == &c->streams[TAP_REQUESTS];
    size_t needs = frame_needs(c, s), n = needs - s->had < in->n ? needs - s->had : in->n;
    if (s->had == 0) s->first_ns = time_ns;
    s->last_ns = time_ns;
    keep(c, s, slice_of(in->p, n));
    s->had += n;
    *in = slice_of(in->p + n, in->n - n);
    if (s->had < needs) return;
    if (needs == SIZE_BYTES) {
        uint32_t size = get_u32be(s->kept.p);
        s->size = (size_t)size + SIZE_BYTES;
        if (!size_possible(size, request)) no_frame(c, s);
    } else if (request && needs == SIZE_BYTES + REQUEST_MIN && !tap_looks_like_request(buf_slice(&s->kept))) {
        no_frame(c, s);
    } else if (s->had == s->size) {
        frame_done(c, s, time_ns);
    }
}

/* --- searching --- */

static void mark_add(struct stream *s, int64_t time_ns)
{
    if (s->mark_count == s->mark_capacity) {
        s->mark_capacity = s->mark_capacity ? s->mark_capacity * 2 : 16;
        s->marks = memory_grow(s->marks, s->mark_capacity, sizeof *s->marks);
    }
    s->marks[s->mark_count++] = (struct mark){s->kept.n, time_ns};
}

/* Drops the first bytes, which begin no frame. */
static void search_drop(struct tap_connection *c, struct stream *s, size_t n)
{
    memmove(s->kept.p, s->kept.p + n, s->kept.n - n);
    s->kept.n -= n;
    c->tap->kept -= n;
    c->tap->counts.skipped_bytes += (int64_t)n;
    size_t gone = 0;
    while (gone < s->mark_count && s->marks[gone].end <= n) gone++;
    memmove(s->marks, s->marks + gone, (s->mark_count - gone) * sizeof *s->marks);
    s->mark_count -= gone;
    for (size_t i = 0; i < s->mark_count; i++) s->marks[i].end -= n;
    for (int i = 0; i < s->candidate_count; i++) s->candidates[i] -= n;
    s->looked -= n;
}

static bool readable(const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (p[i] < 0x20 || p[i] == 0x7f) return false;
    return true;
}

enum found { NO, PERHAPS, YES };

static enum found request_found(struct slice in, size_t size, struct arena *a)
{
    enum { HEAD = SIZE_BYTES + REQUEST_MIN + 2 };
    if (!tap_looks_like_request(in)) return NO;
    const struct kafka_api *api = kafka_api_find((int16_t)get_u16be(in.p + 4));
    int version = (int16_t)get_u16be(in.p + 6);
    if (!api || version < api->request->min || version > api->request->max || size < HEAD) return NO;
    if (in.n < HEAD) return PERHAPS;
    int16_t name = (int16_t)get_u16be(in.p + 12);
    if (name < -1 || (name > 0 && HEAD + (size_t)name > size)) return NO;
    if (name > 0 && !readable(in.p + HEAD, (size_t)name < in.n - HEAD ? (size_t)name : in.n - HEAD)) return NO;
    if (in.n < size) return PERHAPS;
    return tap_request_whole(slice_of(in.p, size), a) ? YES : NO;
}

static enum found response_found(const struct tap_connection *c, struct slice in, size_t size, struct arena *a)
{
    const struct pending *p = pending_find(c, (int32_t)get_u32be(in.p + 4));
    if (!p) return NO;
    if (in.n < size) return PERHAPS;
    return tap_response_whole(p->x.api_key, p->x.api_version, slice_of(in.p, size), a) ? YES : NO;
}

static enum found frame_found(struct tap_connection *c, struct stream *s, struct slice in)
{
    bool request = s == &c->streams[TAP_REQUESTS];
    uint32_t size = get_u32be(in.p);
    if (!size_possible(size, request) || (size_t)size + SIZE_BYTES > TAP_SEARCH_MAX) return NO;
    enum found found = request ? request_found(in, (size_t)size + SIZE_BYTES, &c->tap->arena)
                               : response_found(c, in, (size_t)size + SIZE_BYTES, &c->tap->arena);
    arena_reset(&c->tap->arena);
    return found;
}

/* What was searched goes through the frames, piece by piece with its times. */
static void search_end(struct tap_connection *c, struct stream *s)
{
    struct buf bytes = s->kept;
    struct mark *marks = s->marks;
    size_t count = s->mark_count, from = 0;
    c->tap->kept -= bytes.n;
    s->kept = (struct buf){0};
    s->marks = NULL;
    s->mark_count = s->mark_capacity = 0;
    s->state = FRAMING;
    frame_reset(c, s);
    for (size_t i = 0; i < count; from = marks[i++].end)
        tap_bytes(c, s == &c->streams[TAP_REQUESTS] ? TAP_REQUESTS : TAP_RESPONSES, marks[i].time_ns,
                  slice_of(bytes.p + from, marks[i].end - from));
    free(marks);
    buf_release(&bytes);
}

static enum found look(struct tap_connection *c, struct stream *s, size_t at)
{
    return frame_found(c, s, slice_of(s->kept.p + at, s->kept.n - at));
}

/* Candidates that turned out to be none go. True when one is complete; `*at` is where it begins. */
static bool candidates_look(struct tap_connection *c, struct stream *s, size_t *at)
{
    int kept = 0;
    for (int i = 0; i < s->candidate_count; i++) {
        *at = s->candidates[i];
        enum found found = look(c, s, *at);
        if (found == YES) return true;
        if (found == PERHAPS) s->candidates[kept++] = *at;
    }
    s->candidate_count = kept;
    return false;
}

/* The newest candidates count: one that waits for long is likely none. */
static void candidate_add(struct stream *s, size_t at)
{
    if (s->candidate_count == CANDIDATES_MAX) {
        s->candidate_count--;
        memmove(s->candidates, s->candidates + 1, (size_t)s->candidate_count * sizeof *s->candidates);
    }
    s->candidates[s->candidate_count++] = at;
}

static bool search_found(struct tap_connection *c, struct stream *s, size_t *at)
{
    enum { LOOK = SIZE_BYTES + REQUEST_MIN };
    if (candidates_look(c, s, at)) return true;
    for (; s->looked + LOOK <= s->kept.n; s->looked++) {
        *at = s->looked;
        enum found found = look(c, s, *at);
        if (found == YES) return true;
        if (found == PERHAPS) candidate_add(s, *at);
    }
    return false;
}

/* A candidate may be a record's bytes that look like a frame: while it waits to be complete, what is behind it is
 * looked at, too. */
static void search(struct tap_connection *c, struct stream *s, int64_t time_ns, struct slice in)
{
    size_t at;
    buf_append_slice(&s->kept, in);
    c->tap->kept += in.n;
    mark_add(s, time_ns);
    if (search_found(c, s, &at)) {
        search_drop(c, s, at);
        search_end(c, s);
        return;
    }
    if (s->kept.n > TAP_SEARCH_MAX) s->candidate_count = 0;
    size_t none = s->candidate_count ? s->candidates[0] : s->looked;
    if (none > 0) search_drop(c, s, none);
}

/* --- what comes in --- */

void tap_bytes(struct tap_connection *c, enum tap_stream stream, int64_t time_ns, struct slice bytes)
{
    struct stream *s = &c->streams[stream];
    while (bytes.n > 0 && s->state == FRAMING) frame_step(c, s, time_ns, &bytes);
    if (bytes.n > 0 && s->state == SEARCHING) search(c, s, time_ns, bytes);
}

void tap_gap(struct tap_connection *c, enum tap_stream stream, uint64_t size)
{
    struct stream *s = &c->streams[stream];
    if (s->state == PASSING) return;
    c->tap->counts.gaps++;
    c->tap->counts.gap_bytes += (int64_t)size;
    bool inside = s->state == FRAMING && s->had >= SIZE_BYTES && size <= s->size - s->had &&
                  (stream == TAP_RESPONSES || s->had >= SIZE_BYTES + REQUEST_MIN);
    if (!inside) {
        if (s->state == FRAMING && s->had >= SIZE_BYTES + REQUEST_MIN) frame_done(c, s, s->last_ns);
        search_begin(c, s);
        return;
    }
    s->damaged = true;
    s->had += (size_t)size;
    if (s->had == s->size) frame_done(c, s, s->last_ns);
}

static bool begun(const struct tap_connection *c, enum tap_stream stream)
{
    return c->streams[stream].state == FRAMING && c->streams[stream].had > 0;
}

bool tap_request_begun(const struct tap_connection *c)
{
    return begun(c, TAP_REQUESTS);
}

bool tap_answer_awaited(const struct tap_connection *c)
{
    return c->pending_count > 0 || begun(c, TAP_RESPONSES);
}

static void stream_release(struct tap_connection *c, struct stream *s)
{
    if (s->state == SEARCHING) c->tap->counts.skipped_bytes += (int64_t)s->kept.n;
    c->tap->kept -= s->kept.n;
    buf_release(&s->kept);
    free(s->marks);
}

void tap_connection_free(struct tap_connection *c)
{
    while (c->oldest) pending_unanswered(c);
    for (int i = 0; i < 2; i++) stream_release(c, &c->streams[i]);
    free(c);
}
