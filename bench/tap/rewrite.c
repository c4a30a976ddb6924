#include "bench/tap/rewrite.h"

#include <string.h>

#include "lib/kafka/api.h"
#include "lib/kafka/messages.h"

enum { SIZE_BYTES = 4, HEAD_BYTES = 8, PRODUCE_NAMES_BROKERS = 10, FETCH_WITHOUT_BROKERS = 15 };

void rewriter_init(struct rewriter *r, const struct tap_connection *c)
{
    *r = (struct rewriter){.connection = c};
}

void rewriter_release(struct rewriter *r)
{
    buf_release(&r->held);
    arena_release(&r->arena);
}

static bool names_brokers(int api_key, int api_version)
{
    switch (api_key) {
    case KAFKA_API_METADATA:
    case KAFKA_API_FIND_COORDINATOR:
    case KAFKA_API_DESCRIBE_CLUSTER:
    case KAFKA_API_API_VERSIONS: return true;
    case KAFKA_API_PRODUCE: return api_version >= PRODUCE_NAMES_BROKERS;
    default: return false;
    }
}

/* --- what is changed --- */

static void address(struct rewriter *r, struct kafka_string *host, int32_t *port)
{
    char to[REWRITE_HOST_MAX];
    int32_t to_port;
    if (host->n <= 0 || *port < 0) return; /* "no coordinator" */
    if (!r->place(r->context, kafka_string_slice(*host), *port, to, &to_port)) return;
    *host = kafka_string_of(arena_str(&r->arena, slice_str(to)));
    *port = to_port;
}

static void metadata(struct rewriter *r, struct metadata_response *m)
{
    for (int32_t i = 0; i < m->brokers_count; i++) address(r, &m->brokers[i].host, &m->brokers[i].port);
}

static void find_coordinator(struct rewriter *r, struct find_coordinator_response *m)
{
    address(r, &m->host, &m->port);
    for (int32_t i = 0; i < m->coordinators_count; i++) address(r, &m->coordinators[i].host, &m->coordinators[i].port);
}

static void describe_cluster(struct rewriter *r, struct describe_cluster_response *m)
{
    for (int32_t i = 0; i < m->brokers_count; i++) address(r, &m->brokers[i].host, &m->brokers[i].port);
}

static void produce(struct rewriter *r, struct produce_response *m)
{
    for (int32_t i = 0; i < m->node_endpoints_count; i++)
        address(r, &m->node_endpoints[i].host, &m->node_endpoints[i].port);
}

/* The highest version whose answer can be rewritten, or has nothing to rewrite. */
static int version_max(int api_key)
{
    const struct kafka_api *api = kafka_api_find(api_key);
    if (api_key == KAFKA_API_FETCH) return FETCH_WITHOUT_BROKERS;
    return api && names_brokers(api_key, INT16_MAX) ? api->response->max : INT16_MAX;
}

static void api_versions(struct api_versions_response *m)
{
    for (int32_t i = 0; i < m->api_keys_count; i++) {
        int max = version_max(m->api_keys[i].api_key);
        if (m->api_keys[i].max_version > max) m->api_keys[i].max_version = (int16_t)max;
    }
}

static void change(struct rewriter *r, int api_key, void *message)
{
    switch (api_key) {
    case KAFKA_API_METADATA: metadata(r, message); break;
    case KAFKA_API_FIND_COORDINATOR: find_coordinator(r, message); break;
    case KAFKA_API_DESCRIBE_CLUSTER: describe_cluster(r, message); break;
    case KAFKA_API_PRODUCE: produce(r, message); break;
    default: api_versions(message); break;
    }
}

/* --- frames --- */

static int answer_rewrite(struct rewriter *r, int api_key, int api_version, struct buf *out)
{
    const struct kafka_api *api = kafka_api_find(api_key);
    struct slice body, frame = slice_of(r->held.p + SIZE_BYTES, r->held.n - SIZE_BYTES);
    int32_t correlation_id;
    void *message = arena_alloc(&r->arena, api->response->root->size);
    int error = kafka_response_header_decode(api_key, api_version, frame, &correlation_id, &body);
    if (!error) error = kafka_decode_front(api->response, api_version, body, &r->arena, message);
    if (error) return error;
    change(r, api_key, message);
    return kafka_response_frame(api_key, api_version, correlation_id, message, out);
}

/* An ApiVersions answer that refuses the version is one of version 0, and offers nothing to be changed. */
static void held_done(struct rewriter *r, struct buf *out)
{
    int key = -1, version;
    bool known = tap_answered_by(r->connection, (int32_t)get_u32be(r->held.p + SIZE_BYTES), &key, &version);
    int error = known ? answer_rewrite(r, key, version, out) : ERR_NOTFOUND;
    if (error) buf_append_slice(out, buf_slice(&r->held));
    if (error && key != KAFKA_API_API_VERSIONS) r->not_rewritten++;
    arena_reset(&r->arena);
}

static void frame_end(struct rewriter *r, struct buf *out)
{
    if (r->holding) held_done(r, out);
    buf_reset(&r->held);
    r->size = r->had = 0;
    r->holding = false;
}

/* The first 8 bytes are there: do the others have to be waited for? */
static void head_done(struct rewriter *r, struct buf *out)
{
    int key, version;
    uint32_t size = get_u32be(r->held.p);
    r->size = (size_t)size + SIZE_BYTES;
    if (size < SIZE_BYTES || size > TAP_FRAME_MAX) r->raw = true;
    bool known = !r->raw && tap_answered_by(r->connection, (int32_t)get_u32be(r->held.p + SIZE_BYTES), &key, &version);
    r->holding = known && names_brokers(key, version);
    if (!r->holding) {
        buf_append_slice(out, buf_slice(&r->held));
        buf_reset(&r->held);
    }
    if (r->had == r->size) frame_end(r, out);
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

void rewriter_bytes(struct rewriter *r, struct slice in, struct buf *out)
{
    while (in.n > 0) {
        bool head = r->had < HEAD_BYTES;
        size_t n = r->raw ? in.n : least(in.n, (head ? HEAD_BYTES : r->size) - r->had);
        bool hold = !r->raw && (head || r->holding);
        buf_append(hold ? &r->held : out, in.p, n);
        in = slice_of(in.p + n, in.n - n);
        if (r->raw) continue;
        r->had += n;
        if (head && r->had == HEAD_BYTES)
            head_done(r, out);
        else if (!head && r->had == r->size)
            frame_end(r, out);
    }
}

void rewriter_end(struct rewriter *r, struct buf *out)
{
    buf_append_slice(out, buf_slice(&r->held));
    buf_reset(&r->held);
}
