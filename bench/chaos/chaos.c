#include "bench/chaos/chaos.h"

#include <inttypes.h>
#include <string.h>

#include "lib/kafka/api.h"
#include "lib/os/clock.h"

/* --- what is told --- */

static const char *broker_name(const struct chaos *c)
{
    return c->keeper.address;
}

static void event(struct chaos *c, const char *what, const char *more, const char *text)
{
    journal_event(&c->journal, proxy_time_ns(c->proxy), what, broker_name(c), more, text);
}

static void keeper_tell(void *context, const char *what, const char *more, const char *text)
{
    struct chaos *c = context;
    if (strcmp(what, "kill") == 0) {
        c->journal.kills++;
        c->answer_awaited = true;
    }
    if (strcmp(what, "ready") == 0) {
        c->journal.recovery_ns = clock_mono_ns() - c->keeper.killed_ns;
        c->complained = false;
    }
    event(c, what, more, text);
}

static void keeper_moved(void *context, const char *from, const char *to)
{
    struct chaos *c = context;
    proxy_broker_moved(c->proxy, from, to);
}

static void exchange(void *context, const struct tap_exchange *x)
{
    struct chaos *c = context;
    journal_exchange(&c->journal, x);
}

static void fault(void *context, const struct chaos_event *e)
{
    struct chaos *c = context;
    journal_fault(&c->journal, e, proxy_time_ns(c->proxy));
}

static void meant(void *context)
{
    struct chaos *c = context;
    c->journal.meant++;
}

static int64_t number(void *context)
{
    struct chaos *c = context;
    return ++c->journal.connections;
}

/* Since the kill a client has got on: what a recovery is for. */
static void answered_again(struct chaos *c)
{
    char text[128], more[64];
    int64_t after_ns = clock_mono_ns() - c->keeper.killed_ns;
    c->answer_awaited = false;
    c->journal.answer_ns = after_ns;
    snprintf(more, sizeof more, ",\"after_ns\":%" PRId64, after_ns);
    snprintf(text, sizeof text, "the first answer to a client, %.3f s after the kill", (double)after_ns / 1e9);
    event(c, "first_answer", more, text);
}

static void passed(void *context, int api_key, int64_t acknowledged, int64_t fetched)
{
    struct chaos *c = context;
    bool data = api_key == KAFKA_API_PRODUCE || api_key == KAFKA_API_FETCH;
    c->at.acknowledged += acknowledged;
    c->at.fetched += fetched;
    if (c->answer_awaited && data && c->keeper.state == KEEPER_UP) answered_again(c);
}

/* --- partitions --- */

static const char *direction(const struct chaos_partition *p)
{
    if (p->requests && p->responses) return "nothing passes";
    return p->requests ? "no request passes" : "no answer passes";
}

static void partition_begin(struct chaos *c, int i, int64_t now_ns)
{
    const struct chaos_partition *p = &c->plan.partitions[i];
    char text[128], more[128];
    int64_t end_ns = now_ns + p->duration_ns;
    bool closed[2] = {[TAP_REQUESTS] = p->requests, [TAP_RESPONSES] = p->responses};
    for (int d = 0; d < 2; d++)
        if (closed[d] && c->closed_until_ns[d] < end_ns) c->closed_until_ns[d] = end_ns;
    c->partition_end_ns[i] = end_ns;
    c->journal.partitions++;
    snprintf(more, sizeof more, ",\"duration_ns\":%" PRId64 ",\"requests\":%s,\"responses\":%s", p->duration_ns,
             p->requests ? "true" : "false", p->responses ? "true" : "false");
    snprintf(text, sizeof text, "a partition: %s for %.3f s", direction(p), (double)p->duration_ns / 1e9);
    event(c, "partition", more, text);
}

/* Begins and ends them; before anything is moved, so that nothing slips through. */
static void partitions_look(struct chaos *c, int64_t now_ns)
{
    c->at.elapsed_ns = now_ns - c->begin_mono_ns;
    for (int i = 0; i < c->plan.partition_count; i++) {
        int64_t *end_ns = &c->partition_end_ns[i];
        if (*end_ns == 0 && chaos_reached(&c->plan.partitions[i].from, &c->at)) partition_begin(c, i, now_ns);
        if (*end_ns > 0 && now_ns >= *end_ns) {
            *end_ns = -1;
            event(c, "partition_end", NULL, "the partition is over");
        }
    }
}

/* --- between the ends of a link --- */

static void *between_opened(void *context, const char *client, const char *broker)
{
    struct chaos *c = context;
    return chaos_link_new(&c->plan, &c->sink, client, broker);
}

static void between_closed(void *state)
{
    chaos_link_free(state);
}

static void between_bytes(void *state, enum tap_stream stream, int64_t mono_ns, struct slice in)
{
    chaos_link_bytes(state, stream, mono_ns, in);
}

static void between_ended(void *state, enum tap_stream stream)
{
    chaos_link_ended(state, stream);
}

static size_t between_held(const void *state, enum tap_stream stream)
{
    return chaos_link_held(state, stream);
}

static int64_t between_due(void *context, void *state, int64_t mono_ns, struct buf *const out[2])
{
    struct chaos *c = context;
    partitions_look(c, mono_ns);
    int64_t next_ns = chaos_link_due(state, mono_ns, c->closed_until_ns, out);
    return next_ns == CHAOS_LINK_CUT ? PROXY_CUT : next_ns;
}

/* Clients try again and again while a broker is down: one sentence for all of them. */
static void between_complain(void *context, const char *sentence)
{
    struct chaos *c = context;
    c->journal.refused++;
    if (!c->complained) event(c, "refused", NULL, sentence);
    c->complained = true;
}

/* --- the whole --- */

void chaos_init(struct chaos *c)
{
    *c = (struct chaos){.status = 0};
    chaos_plan_init(&c->plan);
    c->keeper.tell = keeper_tell;
    c->keeper.moved = keeper_moved;
    c->keeper.context = c;
    c->sink =
        (struct chaos_link_sink){.fault = fault, .meant = meant, .passed = passed, .number = number, .context = c};
    c->between = (struct proxy_between){.opened = between_opened,
                                        .closed = between_closed,
                                        .bytes = between_bytes,
                                        .ended = between_ended,
                                        .due = between_due,
                                        .held = between_held,
                                        .complain = between_complain,
                                        .context = c};
    tap_init(&c->tap, &(struct tap_sink){.exchange = exchange, .context = c});
}

static void begin(struct chaos *c)
{
    struct buf more = {0};
    char text[64];
    c->begin_mono_ns = clock_mono_ns();
    c->journal.begin_ns = proxy_time_ns(c->proxy);
    buf_append_str(&more, ",\"plan\":");
    chaos_plan_json(&c->plan, &more);
    snprintf(text, sizeof text, "begins, with seed %" PRIu64, c->plan.seed);
    event(c, "begin", buf_cstr(&more), text);
    buf_release(&more);
}

int chaos_open(struct chaos *c, const char *listen, const char *to, const char *log, struct err_text *error)
{
    if (to) snprintf(c->keeper.address, sizeof c->keeper.address, "%s", to);
    c->tap.details = log != NULL;
    int status = journal_open(&c->journal, log, error);
    if (status == 0) status = keeper_start(&c->keeper, error);
    if (status < 0) return status;
    c->proxy = proxy_new(&c->tap, NULL, listen, c->keeper.address, error);
    if (!c->proxy) return ERR_INVALID;
    proxy_put_between(c->proxy, &c->between);
    begin(c);
    return 0;
}

const char *chaos_address(const struct chaos *c)
{
    return proxy_address(c->proxy);
}

/* A moment that has come while the broker is down waits until it is up again. */
static void kills_look(struct chaos *c, int64_t now_ns)
{
    c->at.elapsed_ns = now_ns - c->begin_mono_ns;
    for (int i = 0; i < c->plan.kill_count && c->keeper.state == KEEPER_UP; i++) {
        if (c->kill_done[i] || !chaos_reached(&c->plan.kills[i], &c->at)) continue;
        c->kill_done[i] = true;
        keeper_kill(&c->keeper, now_ns);
    }
}

int chaos_step(struct chaos *c)
{
    int status = proxy_step(c->proxy);
    int64_t now_ns = clock_mono_ns();
    partitions_look(c, now_ns);
    kills_look(c, now_ns);
    int kept = keeper_step(&c->keeper, now_ns);
    if (kept < 0) c->status = kept;
    journal_flush(&c->journal);
    return status;
}

int chaos_close(struct chaos *c, bool json, FILE *to)
{
    bool ran = c->proxy != NULL;
    if (ran) {
        c->at.elapsed_ns = clock_mono_ns() - c->begin_mono_ns;
        event(c, "end", NULL, "ends");
        proxy_free(c->proxy); /* tells what is unanswered */
        c->proxy = NULL;
        journal_summary(&c->journal, &c->plan, &c->at, json, to);
    }
    keeper_stop(&c->keeper);
    tap_release(&c->tap);
    int status = journal_close(&c->journal);
    return c->status < 0 ? c->status : status;
}
