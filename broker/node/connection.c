/* A connection's requests are a queue: each is decoded and started when its frame comes, may be answered
 * in any order, and is sent when all before it were sent (T17).
 *
 *     frame -> [ r1 answered ][ r2 waits ][ r3 answered ] -> nothing is sent until r2 is answered */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/node/node_internal.h"
#include "lib/base/memory.h"

static struct slice id_key(const uint64_t *id)
{
    return slice_of(id, sizeof *id);
}

/* --- requests --- */

/* A request that used more than this gives its memory back. */
enum { ARENA_KEPT_BYTES = 64 * 1024 };

static void request_clear(struct request *r)
{
    *r = (struct request){.arena = r->arena, .newer = r->newer, .older = r->older};
}

static struct request *request_make(struct node *n)
{
    struct request *r = memory_new(sizeof *r);
    r->older = n->requests;
    if (r->older) r->older->newer = r;
    n->requests = r;
    return r;
}

/* A crowd that has waited for something leaves no requests behind. */
static void request_unmake(struct node *n, struct request *r)
{
    *(r->newer ? &r->newer->older : &n->requests) = r->older;
    if (r->older) r->older->newer = r->newer;
    arena_release(&r->arena);
    free(r);
}

static struct request *request_new(struct node *n, struct connection *c, struct shared *frame)
{
    struct request *r = n->free_requests;
    if (r) {
        n->free_requests = r->next;
        n->free_request_count--;
    } else {
        r = request_make(n);
    }
    request_clear(r);
    r->connection = c;
    r->frame = frame;
    r->deadline = (struct deadline){.kind = DEADLINE_REQUEST, .owner = r};
    *c->last = r;
    c->last = &r->next;
    c->depth++;
    return r;
}

static void request_release(struct request *r)
{
    for (int i = 0; i < r->piece_count; i++) {
        shared_unref(r->pieces[i].shared);
        log_file_unref(r->pieces[i].file);
    }
    shared_unref(r->frame);
    if (r->arena.used > ARENA_KEPT_BYTES)
        arena_release(&r->arena);
    else
        arena_reset(&r->arena);
}

/* Back to the free list. It must be in no connection's queue. */
static void request_free(struct node *n, struct request *r)
{
    deadline_clear(&n->deadlines, &r->deadline);
    n->held_bytes -= (int64_t)r->held_bytes;
    request_release(r);
    if (n->free_request_count == FREE_REQUESTS_MAX) {
        request_unmake(n, r);
        return;
    }
    request_clear(r);
    r->next = n->free_requests;
    n->free_requests = r;
    n->free_request_count++;
}

static void request_unlink(struct connection *c, struct request *r)
{
    struct request **link = &c->first;
    while (*link != r) link = &(*link)->next;
    *link = r->next;
    if (!*link) c->last = link;
    c->depth--;
    c->held_bytes -= (int64_t)r->held_bytes;
}

static void send(struct node *n, struct connection *c, struct request *r)
{
    if (r->piece_count == 0) return;
    struct action *a = action_add(n, ACTION_SEND);
    a->connection = c->id;
    a->pieces = arena_copy(&n->out->arena, r->pieces, (size_t)r->piece_count * sizeof *r->pieces);
    a->piece_count = r->piece_count;
    r->piece_count = 0; /* the references went to the action */
}

static bool holds_too_much(const struct node *n, const struct connection *c)
{
    return c->held_bytes > HELD_BYTES_MAX || (c->held_bytes > 0 && n->held_bytes > HELD_BYTES_ALL_MAX);
}

static void pause_maybe(struct node *n, struct connection *c)
{
    if (c->paused || (c->depth < PIPELINE_DEPTH_MAX && !holds_too_much(n, c))) return;
    c->paused = true;
    action_connection(n, ACTION_PAUSE, c->id);
}

/* The answer waits for that to an earlier request. */
static void request_hold(struct node *n, struct request *r)
{
    for (int i = 0; i < r->piece_count; i++) r->held_bytes += r->pieces[i].bytes.n;
    r->held_bytes += r->arena.used;
    r->connection->held_bytes += (int64_t)r->held_bytes;
    n->held_bytes += (int64_t)r->held_bytes;
    pause_maybe(n, r->connection);
}

static void connection_flush(struct node *n, struct connection *c)
{
    while (c->first && c->first->answered) {
        struct request *r = c->first;
        send(n, c, r);
        request_unlink(c, r);
        request_free(n, r);
    }
    if (c->paused && c->depth <= PIPELINE_DEPTH_RESUME && !holds_too_much(n, c)) {
        c->paused = false;
        action_connection(n, ACTION_RESUME, c->id);
    }
}

static void request_answered(struct node *n, struct request *r)
{
    assert(!r->answered);
    r->answered = true;
    deadline_clear(&n->deadlines, &r->deadline);
    if (!r->connection)
        request_free(n, r);
    else if (r->connection->first == r)
        connection_flush(n, r->connection);
    else
        request_hold(n, r);
}

/* Cuts the encoded bytes at the holes and puts the file ranges between. */
static void pieces_build(struct request *r, struct shared *bytes, const struct kafka_holes *holes,
                         const struct file_range *ranges)
{
    r->pieces = arena_alloc(&r->arena, (size_t)(2 * holes->count + 1) * sizeof *r->pieces);
    size_t at = 0;
    for (int i = 0; i <= holes->count; i++) {
        size_t end = i < holes->count ? holes->items[i].offset : bytes->n;
        if (end > at)
            r->pieces[r->piece_count++] =
                (struct action_piece){.bytes = slice_of(bytes->p + at, end - at), .shared = shared_ref(bytes)};
        at = end;
        if (i == holes->count) break;
        assert((uint64_t)holes->items[i].size == ranges[i].length);
        r->pieces[r->piece_count++] =
            (struct action_piece){.file = ranges[i].file, .at = ranges[i].at, .length = ranges[i].length};
    }
}

/* Size, header and body with holes into `out`. */
static int response_encode(struct request *r, const void *response, struct buf *out, struct kafka_holes *holes)
{
    buf_put_u32(out, 0); /* the size, known below */
    kafka_response_header_encode(r->header.api_key, r->header.api_version, r->header.correlation_id, out);
    int rc = kafka_encode_holes(r->api->response, r->header.api_version, response, out, holes);
    if (rc == 0) put_u32be(out->p, (uint32_t)(out->n - 4 + (size_t)holes->size));
    return rc;
}

void request_answer_ranges(struct node *n, struct request *r, const void *response, const struct file_range *ranges,
                           int range_count)
{
    struct buf out = {0};
    struct kafka_holes holes = {0};
    int rc = r->connection ? response_encode(r, response, &out, &holes) : 0;
    if (r->connection && rc == 0) {
        assert(holes.count == range_count);
        struct shared *bytes = shared_take(&out);
        pieces_build(r, bytes, &holes, ranges);
        shared_unref(bytes);
    } else {
        for (int i = 0; i < range_count; i++) log_file_unref(ranges[i].file);
    }
    buf_release(&out);
    kafka_holes_release(&holes);
    if (rc == 0)
        request_answered(n, r);
    else
        request_refuse(n, r, "its answer cannot be said in the version it asked for");
}

void request_answer(struct node *n, struct request *r, const void *response)
{
    request_answer_ranges(n, r, response, NULL, 0);
}

void request_finish_silently(struct node *n, struct request *r)
{
    request_answered(n, r);
}

/* --- connections --- */

void connection_opened(struct node *n, uint64_t id, struct slice peer)
{
    struct connection *c = memory_new(sizeof *c);
    c->id = id;
    c->last = &c->first;
    size_t length = peer.n < sizeof c->peer - 1 ? peer.n : sizeof c->peer - 1;
    memcpy(c->peer, peer.n ? (const char *)peer.p : "", length);
    table_set(&n->connections, id_key(&c->id), c);
}

/* Its requests go on without it; what is answered or only waits for data is dropped now. */
static void connection_forget(struct node *n, struct connection *c)
{
    table_remove(&n->connections, id_key(&c->id));
    if (c->line) check_line_orphan(c->line);
    for (struct request *r = c->first, *next; r; r = next) {
        next = r->next;
        r->connection = NULL;
        r->next = NULL;
        if (r->answered)
            request_free(n, r);
        else if (r->api && r->api->key == KAFKA_API_FETCH)
            fetch_abandoned(n, r);
    }
    free(c);
}

void connection_gone(struct node *n, uint64_t id)
{
    struct connection *c = table_get(&n->connections, id_key(&id));
    if (c) connection_forget(n, c);
}

void connection_ended(struct node *n, uint64_t id)
{
    struct connection *c = table_get(&n->connections, id_key(&id));
    if (!c) return;
    c->ended = true;
    for (struct request *r = c->first; r; r = r->next)
        if (!r->answered && r->api && r->api->key == KAFKA_API_FETCH) fetch_hurry(n, r);
}

static void connection_close(struct node *n, struct connection *c, const char *why)
{
    action_say(n, LOG_LEVEL_WARN, "closing the connection of %s: %s", c->peer[0] ? c->peer : "a client", why);
    action_connection(n, ACTION_CLOSE, c->id);
    connection_forget(n, c);
}

void request_refuse(struct node *n, struct request *r, const char *why)
{
    struct connection *c = r->connection;
    if (!c) {
        request_answered(n, r);
        return;
    }
    request_unlink(c, r);
    r->connection = NULL;
    request_free(n, r);
    connection_close(n, c, why);
}

/* --- frames --- */

static void request_start(struct node *n, struct request *r, struct slice body)
{
    const struct kafka_request_header *h = &r->header;
    if (h->api_key == KAFKA_API_API_VERSIONS && h->api_version > r->api->max) {
        api_versions_unknown(n, r);
        return;
    }
    if (h->api_version < r->api->min || h->api_version > r->api->max) {
        char why[96];
        snprintf(why, sizeof why, "%s in version %d, we speak %d to %d", r->api->name, h->api_version, r->api->min,
                 r->api->max);
        request_refuse(n, r, why);
        return;
    }
    r->body = arena_alloc(&r->arena, r->api->request->root->size);
    int rc = kafka_decode_front(r->api->request, h->api_version, body, &r->arena, r->body);
    if (rc < 0) {
        char why[96];
        snprintf(why, sizeof why, "a %s request of version %d that cannot be read (%s)", r->api->name, h->api_version,
                 err_name(rc));
        request_refuse(n, r, why);
        return;
    }
    dispatch(n, r);
}

void connection_frame(struct node *n, uint64_t id, struct shared *frame)
{
    struct connection *c = table_get(&n->connections, id_key(&id));
    if (!c || n->shutdown != SHUTDOWN_NOT) {
        shared_unref(frame);
        return;
    }
    struct request *r = request_new(n, c, frame);
    struct slice body;
    if (kafka_request_header_decode(slice_of(frame->p, frame->n), &r->header, &body) < 0) {
        request_refuse(n, r, "a frame that is no Kafka request");
        return;
    }
    r->api = kafka_api_find(r->header.api_key);
    if (!r->api) {
        char why[64];
        snprintf(why, sizeof why, "API key %d, which we do not speak", r->header.api_key);
        request_refuse(n, r, why);
        return;
    }
    pause_maybe(n, c);
    request_start(n, r, body);
}

bool node_owes(const struct node *n, uint64_t id)
{
    const struct connection *c = table_get(&n->connections, id_key(&id));
    return c && c->first;
}

void connections_release(struct node *n)
{
    for (struct table_entry *e = table_first(&n->connections); e; e = table_next(&n->connections, e)) free(e->value);
    table_release(&n->connections);
    for (struct request *r = n->requests, *older; r; r = older) {
        older = r->older;
        if (r->api && r->api->key == KAFKA_API_FETCH && !r->answered) fetch_release(r);
        request_release(r);
        arena_release(&r->arena);
        free(r);
    }
}
