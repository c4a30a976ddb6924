#include "bench/tap/decode.h"

#include <string.h>

#include "lib/kafka/batch.h"
#include "lib/kafka/messages.h"

static void error_add(struct tap_content *c, int code)
{
    for (int i = 0; i < c->error_count; i++)
        if (c->errors[i] == code) return;
    if (code != 0 && c->error_count < TAP_ERRORS_MAX) c->errors[c->error_count++] = code;
}

/* The last batch of an answer to a fetch may be cut off: it is no record that anybody got. */
static void records_add(struct tap_content *c, struct slice in)
{
    struct batch_header h;
    while (batch_header_read(in, &h) == 0 && batch_size(&h) <= in.n) {
        if (!batch_is_control(&h)) c->records += h.count;
        c->record_bytes += (int64_t)batch_size(&h);
        in = slice_of(in.p + batch_size(&h), in.n - batch_size(&h));
    }
}

static void field_look(void *context, const struct kafka_field *f, int depth, int32_t index, const void *value)
{
    struct tap_content *c = context;
    (void)depth, (void)index;
    if (f->type == KAFKA_RECORDS) records_add(c, kafka_bytes_slice(*(const struct kafka_bytes *)value));
    if (f->type == KAFKA_INT16 && strcmp(f->name, "error_code") == 0) error_add(c, *(const int16_t *)value);
}

static int decode(const struct message *m, int version, struct slice body, struct arena *a, struct tap_content *out,
                  void **message)
{
    if (version < m->min || version > m->max) return ERR_UNSUPPORTED;
    *message = arena_alloc(a, m->root->size);
    int error = kafka_decode_front(m, version, body, a, *message);
    if (error == 0) kafka_walk(m, version, *message, field_look, out);
    if (error == 0) out->message = *message;
    return error;
}

int tap_decode_request(int api_key, int api_version, struct slice body, struct arena *a, struct tap_content *out)
{
    const struct kafka_api *api = kafka_api_find(api_key);
    void *message;
    *out = (struct tap_content){0};
    int error = api ? decode(api->request, api_version, body, a, out, &message) : ERR_UNSUPPORTED;
    if (error == 0 && api_key == KAFKA_API_PRODUCE) out->no_answer = ((struct produce_request *)message)->acks == 0;
    return error;
}

int tap_decode_response(int api_key, int api_version, struct slice body, struct arena *a, struct tap_content *out)
{
    const struct kafka_api *api = kafka_api_find(api_key);
    void *message;
    *out = (struct tap_content){0};
    if (!api) return ERR_UNSUPPORTED;
    int error = decode(api->response, api_version, body, a, out, &message);
    /* A broker that does not know the version says so in version 0 (KIP-511). */
    if (error && api_key == KAFKA_API_API_VERSIONS && api_version > 0) {
        *out = (struct tap_content){0};
        error = decode(api->response, 0, body, a, out, &message);
    }
    return error;
}

bool tap_request_whole(struct slice frame, struct arena *a)
{
    struct kafka_request_header h;
    struct slice body;
    struct tap_content c;
    if (kafka_request_header_decode(slice_of(frame.p + 4, frame.n - 4), &h, &body) != 0) return false;
    return tap_decode_request(h.api_key, h.api_version, body, a, &c) == 0;
}

bool tap_response_whole(int api_key, int api_version, struct slice frame, struct arena *a)
{
    int32_t correlation_id;
    struct slice body;
    struct tap_content c;
    frame = slice_of(frame.p + 4, frame.n - 4);
    if (kafka_response_header_decode(api_key, api_version, frame, &correlation_id, &body) != 0) return false;
    int error = tap_decode_response(api_key, api_version, body, a, &c);
    return error == 0 || error == ERR_UNSUPPORTED;
}
