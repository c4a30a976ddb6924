#include "tests/sim/client.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/memory.h"

/* Nothing takes longer than this while its link stands: waits of requests are a second at most, what the disk
 * and the network add is far below. */
enum { ANSWER_SECONDS_MAX = 30 };
/* Frames that a client sees must be whole within this. */
enum { RESPONSE_BYTES_MAX = 1 << 26 };

/* --- thinking --- */

static void answers_check(const struct client *c)
{
    const struct call *oldest = c->first;
    if (!oldest || c->sim->now_ns - oldest->sent_ns < ANSWER_SECONDS_MAX * NS_SEC) return;
    sim_fail(c->sim, "%s %d: %s v%d #%d was neither answered nor its connection closed for %d s", c->kind->name,
             c->number, oldest->api->name, oldest->version, oldest->correlation, ANSWER_SECONDS_MAX);
}

static void think_run(struct sim *s, struct sim_event *e)
{
    struct client *c = e->client;
    if (e->token != c->think_number) return;
    answers_check(c);
    if (c != s->auditor && s->now_ns < s->lull_until_ns) {
        client_think_in(c, s->lull_until_ns - s->now_ns + sim_draw(s, 20 * NS_MS));
        return;
    }
    if (s->auditing && c != s->auditor) {
        client_think_in(c, 2 * NS_MS);
        return;
    }
    c->kind->think(c);
}

void client_think_in(struct client *c, int64_t in_ns)
{
    struct sim_event *e = sim_later(c->sim, in_ns, think_run);
    e->client = c;
    e->token = ++c->think_number;
}

struct client *client_add(struct sim *s, const struct client_kind *kind, void *state)
{
    struct client *c = memory_new(sizeof *c);
    c->sim = s;
    c->kind = kind;
    c->state = state;
    c->last = &c->first;
    s->clients = memory_grow(s->clients, (size_t)s->client_count + 1, sizeof(struct client *));
    s->clients[s->client_count++] = c;
    c->number = s->client_count;
    if (kind->think) client_think_in(c, sim_draw(s, 50 * NS_MS));
    return c;
}

/* --- calls --- */

static struct call *call_take(struct client *c)
{
    struct call *call = c->first;
    c->first = call->next;
    if (!c->first) c->last = &c->first;
    c->call_count--;
    return call;
}

void clients_release(struct sim *s)
{
    for (int i = 0; i < s->client_count; i++) {
        struct client *c = s->clients[i];
        while (c->first) free(call_take(c));
        if (c->kind->release) c->kind->release(c);
        free(c->state);
        buf_release(&c->inbox);
        arena_release(&c->arena);
        free(c);
    }
    free(s->clients);
}

bool client_connect(struct client *c)
{
    struct sim *s = c->sim;
    if (c->link) return true;
    if (!s->node || s->disk.off || (s->auditing && c != s->auditor)) {
        client_think_in(c, NS_MS + sim_draw(s, 20 * NS_MS));
        return false;
    }
    c->link = link_open(s, c);
    return true;
}

int16_t client_version(struct client *c, int api_key, int min_version, int max_version)
{
    const struct kafka_api *api = kafka_api_find(api_key);
    int min = api->served_from > api->min ? api->served_from : api->min, max = api->max;
    if (min < min_version) min = min_version;
    if (max > max_version) max = max_version;
    return (int16_t)(min + sim_draw(c->sim, max - min));
}

static void call_note(struct client *c, const struct kafka_api *api, int16_t version, void *context)
{
    struct call *call = memory_new(sizeof *call);
    *call = (struct call){c->correlation, api, version, c->sim->now_ns, c->sim->event_count, context, NULL};
    *c->last = call;
    c->last = &call->next;
    c->call_count++;
}

static void connection_breaks(struct client *c)
{
    sim_broke(c->sim, FAULT_DROP);
    client_drop(c);
}

void client_call_version(struct client *c, int api_key, int16_t version, const void *request, void *context,
                         bool answered)
{
    const struct kafka_api *api = kafka_api_find(api_key);
    struct buf frame = {0};
    struct kafka_request_header h = {(int16_t)api_key, version, ++c->correlation, KAFKA_STRING_LIT("sim")};
    kafka_request_header_encode(&h, &frame);
    int rc = kafka_encode(api->request, version, request, &frame);
    if (rc < 0) sim_fail(c->sim, "the simulator cannot say %s v%d: %s", api->name, version, err_name(rc));
    if (answered) call_note(c, api, version, context);
    link_send(c->sim, c->link, &frame);
    if (sim_breaks(c->sim) && sim_chance(c->sim, c->sim->plan.drop)) connection_breaks(c);
}

void client_call(struct client *c, int api_key, int min_version, int max_version, const void *request, void *context)
{
    client_call_version(c, api_key, client_version(c, api_key, min_version, max_version), request, context, true);
}

void client_send_bytes(struct client *c, struct buf *frame)
{
    link_send(c->sim, c->link, frame);
}

/* --- what comes back --- */

static void response_take(struct client *c, struct slice frame)
{
    struct sim *s = c->sim;
    struct slice body;
    int32_t correlation;
    if (!c->first) sim_fail(s, "%s %d: a response to nothing", c->kind->name, c->number);
    struct call *call = call_take(c);
    int rc = kafka_response_header_decode(call->api->key, call->version, frame, &correlation, &body);
    if (rc == 0 && correlation != call->correlation)
        sim_fail(s, "%s %d: response #%d where #%d is due", c->kind->name, c->number, correlation, call->correlation);
    void *response = arena_alloc(&c->arena, call->api->response->root->size);
    if (rc == 0) rc = kafka_decode(call->api->response, call->version, body, &c->arena, response);
    if (rc < 0)
        sim_fail(s, "%s %d: the response to %s v%d cannot be read: %s", c->kind->name, c->number, call->api->name,
                 call->version, err_name(rc));
    s->operations += c != s->auditor;
    c->kind->answered(c, call, response);
    free(call);
    arena_reset(&c->arena);
}

void client_received(struct client *c, struct slice bytes)
{
    if (sim_breaks(c->sim) && c != c->sim->auditor && sim_chance(c->sim, c->sim->plan.drop)) {
        connection_breaks(c); /* what was on its way is lost */
        return;
    }
    buf_append_slice(&c->inbox, bytes);
    struct link *link = c->link;
    while (c->link == link && c->inbox.n >= 4) {
        size_t size = get_u32be(c->inbox.p);
        if (size > RESPONSE_BYTES_MAX)
            sim_fail(c->sim, "%s %d: a response of %zu bytes", c->kind->name, c->number, size);
        if (c->inbox.n < 4 + size) return;
        struct buf frame = {0};
        buf_append(&frame, c->inbox.p + 4, size);
        memmove(c->inbox.p, c->inbox.p + 4 + size, c->inbox.n - 4 - size);
        c->inbox.n -= 4 + size;
        if (c->kind->answered) response_take(c, buf_slice(&frame));
        buf_release(&frame);
    }
}

void client_disconnected(struct client *c)
{
    c->link = NULL;
    buf_reset(&c->inbox);
    while (c->first) {
        struct call *call = call_take(c);
        if (c->kind->lost) c->kind->lost(c, call);
        free(call);
    }
    if (c->kind->gone) c->kind->gone(c);
    client_think_in(c, sim_draw(c->sim, 20 * NS_MS));
}

void client_drop(struct client *c)
{
    link_close(c->sim, c->link);
    client_disconnected(c);
}
