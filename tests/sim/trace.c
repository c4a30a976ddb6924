#include "tests/sim/trace.h"

#include <assert.h>
#include <stdarg.h>
#include <string.h>

#include "lib/base/table.h" /* hash_bytes */
#include "lib/kafka/api.h"

static void hash_add(struct trace *t, const void *p, size_t n)
{
    t->hash = hash_bytes(p, n, t->hash);
}

/* Numbers in one go, in an order of bytes that does not depend on the machine. */
static void hash_numbers(struct trace *t, const uint64_t *numbers, int count)
{
    uint8_t bytes[64];
    assert(count <= 8);
    for (int i = 0; i < count; i++) put_u64be(bytes + 8 * i, numbers[i]);
    hash_add(t, bytes, 8 * (size_t)count);
}
#define HASH_NUMBERS(t, ...)                                                                                           \
    hash_numbers(t, (const uint64_t[]){__VA_ARGS__}, (int)(sizeof((const uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t)))

static void line(struct trace *t, int64_t now_ns, const char *format, ...) __attribute__((format(printf, 3, 4)));
static void line(struct trace *t, int64_t now_ns, const char *format, ...)
{
    va_list arguments;
    if (!t->file) return;
    fprintf(t->file, "%12.6f ", (double)now_ns / 1e9);
    va_start(arguments, format);
    vfprintf(t->file, format, arguments);
    va_end(arguments);
    fputc('\n', t->file);
    fflush(t->file);
}

/* "Fetch v11 #7" of a request that can be read. */
static void frame_describe(struct slice frame, char *out, size_t size)
{
    struct kafka_request_header h;
    struct slice body;
    const struct kafka_api *api = NULL;
    if (kafka_request_header_decode(frame, &h, &body) == 0) api = kafka_api_find(h.api_key);
    if (api)
        snprintf(out, size, "%s v%d #%d", api->name, h.api_version, h.correlation_id);
    else
        snprintf(out, size, "no request");
}

static void event_line(struct trace *t, int64_t now_ns, const struct event *e)
{
    char what[80];
    unsigned long long c = e->connection, token = e->token;
    switch (e->kind) {
    case EVENT_CONNECTED: line(t, now_ns, "-> connected %llu", c); break;
    case EVENT_ENDED: line(t, now_ns, "-> ended %llu", c); break;
    case EVENT_DISCONNECTED: line(t, now_ns, "-> disconnected %llu", c); break;
    case EVENT_FRAME:
        assert(e->frame);
        frame_describe(slice_of(e->frame->p, e->frame->n), what, sizeof what);
        line(t, now_ns, "-> frame %llu: %s, %zu bytes", c, what, e->frame->n);
        break;
    case EVENT_APPENDED: line(t, now_ns, "-> appended !%llu %s", token, err_name(e->err)); break;
    case EVENT_SYNCED: line(t, now_ns, "-> synced !%llu %s", token, err_name(e->err)); break;
    case EVENT_READ: line(t, now_ns, "-> read !%llu %s, %zu bytes", token, err_name(e->err), e->data.n); break;
    case EVENT_JOB_DONE:
        assert(e->job);
        line(t, now_ns, "-> job done: %s %s", e->job->name, err_name(e->err));
        break;
    case EVENT_TIMER: line(t, now_ns, "-> timer"); break;
    case EVENT_SHUTDOWN: line(t, now_ns, "-> shutdown"); break;
    }
}

void trace_event(struct trace *t, int64_t now_ns, const struct event *e)
{
    HASH_NUMBERS(t, (uint64_t)now_ns, e->kind, e->connection, e->token, (uint64_t)(int64_t)e->err);
    if (e->frame) hash_add(t, e->frame->p, e->frame->n);
    hash_add(t, e->data.p, e->data.n);
    if (e->job) hash_add(t, e->job->name, strlen(e->job->name));
    if (t->file) event_line(t, now_ns, e);
}

static uint64_t pieces_length(const struct action *a)
{
    uint64_t n = 0;
    for (int i = 0; i < a->piece_count; i++) n += a->pieces[i].file ? a->pieces[i].length : a->pieces[i].bytes.n;
    return n;
}

/* Size and correlation id stand at the front of every response. */
static int answer_number(const struct action *a)
{
    struct slice s = a->piece_count ? a->pieces[0].bytes : (struct slice){0};
    return s.n >= 8 ? (int)get_u32be(s.p + 4) : -1;
}

static void action_line(struct trace *t, int64_t now_ns, const struct action *a)
{
    unsigned long long c = a->connection, token = a->token, length = pieces_length(a);
    const char *path = a->file ? a->file->path : "";
    switch (a->kind) {
    case ACTION_APPEND:
        line(t, now_ns, "<- append !%llu %s at %llu, %llu bytes", token, path, (unsigned long long)a->at, length);
        break;
    case ACTION_SYNC:
        for (int i = 0; i < a->file_count; i++) line(t, now_ns, "<- sync !%llu %s", token, a->files[i]->path);
        break;
    case ACTION_READ:
        line(t, now_ns, "<- read !%llu %s at %llu, %llu bytes", token, path, (unsigned long long)a->at,
             (unsigned long long)a->length);
        break;
    case ACTION_SEND: line(t, now_ns, "<- send %llu: #%d, %llu bytes", c, answer_number(a), length); break;
    case ACTION_CLOSE: line(t, now_ns, "<- close %llu", c); break;
    case ACTION_JOB:
        assert(a->job);
        line(t, now_ns, "<- job %s", a->job->name);
        break;
    case ACTION_WAKE: line(t, now_ns, "<- wake at %.6f", a->at_ns == INT64_MAX ? -1.0 : (double)a->at_ns / 1e9); break;
    case ACTION_PAUSE: line(t, now_ns, "<- pause %llu", c); break;
    case ACTION_RESUME: line(t, now_ns, "<- resume %llu", c); break;
    case ACTION_FORGET: line(t, now_ns, "<- forget %s", path); break;
    case ACTION_LIMIT: line(t, now_ns, "<- limit %llu connections", (unsigned long long)a->length); break;
    case ACTION_SAY: line(t, now_ns, "<- say: %s", a->text); break;
    case ACTION_STOPPED: line(t, now_ns, "<- stopped"); break;
    }
}

void trace_action(struct trace *t, int64_t now_ns, const struct action *a)
{
    HASH_NUMBERS(t, a->kind, a->connection, a->token, a->at, a->length, (uint64_t)a->at_ns);
    if (a->file) hash_add(t, a->file->path, strlen(a->file->path));
    for (int i = 0; i < a->piece_count; i++) {
        const struct action_piece *p = &a->pieces[i];
        hash_add(t, p->bytes.p, p->bytes.n);
        HASH_NUMBERS(t, p->at, p->length);
        if (p->file) hash_add(t, p->file->path, strlen(p->file->path));
    }
    for (int i = 0; i < a->file_count; i++) hash_add(t, a->files[i]->path, strlen(a->files[i]->path));
    if (a->job) hash_add(t, a->job->name, strlen(a->job->name));
    if (a->text) hash_add(t, a->text, strlen(a->text));
    if (t->file) action_line(t, now_ns, a);
}

void trace_note(struct trace *t, int64_t now_ns, const char *format, ...)
{
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    HASH_NUMBERS(t, (uint64_t)now_ns);
    hash_add(t, text, strlen(text));
    line(t, now_ns, "%s", text);
}
