#include "lib/kafka/trace.h"

#include "lib/kafka/cursor.h"
#include "lib/kafka/schema_internal.h"

struct tracer {
    struct cursor in;
    const uint8_t *start; /* offsets count from here */
    int version;
    bool flexible;
    kafka_trace_fn *each;
    void *context;
};

static size_t offset_of(const struct tracer *t)
{
    return t->in.p ? (size_t)(t->in.p - t->start) : 0;
}

/* Completes an entry that began at `offset`; nothing is told of what did not fit. */
static void tell(struct tracer *t, struct kafka_trace_entry e, size_t offset)
{
    if (t->in.error) return;
    e.offset = offset;
    e.size = offset_of(t) - offset;
    t->each(t->context, &e);
}

static void number(struct tracer *t, struct kafka_trace_entry e, int bytes)
{
    size_t at = offset_of(t);
    switch (bytes) {
    case 1: e.number = (cursor_u8(&t->in) ^ 0x80) - 0x80; break; /* signed */
    case 2: e.number = e.type[0] == 'u' ? cursor_u16(&t->in) : (int16_t)cursor_u16(&t->in); break;
    case 4: e.number = (int32_t)cursor_u32(&t->in); break;
    default: e.number = (int64_t)cursor_u64(&t->in); break;
    }
    tell(t, e, at);
}

/* A length or count, -1 for null. */
static int64_t length(struct tracer *t, bool narrow)
{
    if (t->flexible) return (int64_t)cursor_uvarint32(&t->in) - 1;
    return narrow ? (int16_t)cursor_u16(&t->in) : (int32_t)cursor_u32(&t->in);
}

/* A string or bytes with its length. */
static void text(struct tracer *t, struct kafka_trace_entry e, enum kafka_trace_kind kind)
{
    size_t at = offset_of(t);
    int64_t n = length(t, kind == KAFKA_TRACE_TEXT);
    if (n < -1) cursor_fail(&t->in, ERR_CORRUPT);
    e.kind = kind;
    e.is_null = n < 0;
    e.bytes = n < 0 ? slice_of(NULL, 0) : cursor_slice(&t->in, (size_t)n);
    tell(t, e, at);
}

static void uuid(struct tracer *t, struct kafka_trace_entry e)
{
    size_t at = offset_of(t);
    e.kind = KAFKA_TRACE_BYTES;
    e.bytes = cursor_slice(&t->in, sizeof(struct kafka_uuid));
    tell(t, e, at);
}

static void records(struct tracer *t, struct kafka_trace_entry e)
{
    size_t at = offset_of(t);
    int64_t n = length(t, false);
    e.kind = KAFKA_TRACE_GROUP;
    e.is_null = n < 0;
    e.number = n;
    if (n > (int64_t)cursor_left(&t->in)) cursor_fail(&t->in, ERR_CORRUPT);
    tell(t, e, at);
    if (t->in.error || n <= 0) return;
    at = offset_of(t);
    struct slice batches = cursor_slice(&t->in, (size_t)n);
    kafka_trace_batches(batches, at, e.depth + 1, t->each, t->context);
}

static const char *type_name(enum kafka_type type, bool flexible)
{
    static const char *const names[] = {"bool", "int8", "int16", "uint16", "int32", "int64", "uuid"};
    switch (type) {
    case KAFKA_STRING: return flexible ? "compact string" : "string";
    case KAFKA_BYTES: return flexible ? "compact bytes" : "bytes";
    case KAFKA_RECORDS: return flexible ? "compact records" : "records";
    case KAFKA_STRUCT_TYPE: return "struct";
    case KAFKA_ARRAY: return flexible ? "compact array" : "array";
    default: return names[type];
    }
}

static void trace_struct(struct tracer *t, const struct kafka_struct *s, int depth);

static void trace_value(struct tracer *t, enum kafka_type type, const struct kafka_struct *nested,
                        struct kafka_trace_entry e)
{
    e.type = type_name(type, t->flexible);
    switch (type) {
    case KAFKA_STRING: text(t, e, KAFKA_TRACE_TEXT); break;
    case KAFKA_BYTES: text(t, e, KAFKA_TRACE_BYTES); break;
    case KAFKA_RECORDS: records(t, e); break;
    case KAFKA_UUID: uuid(t, e); break;
    case KAFKA_STRUCT_TYPE:
        e.kind = KAFKA_TRACE_GROUP;
        tell(t, e, offset_of(t));
        trace_struct(t, nested, e.depth + 1);
        break;
    case KAFKA_ARRAY: break; /* arrays of arrays do not exist */
    default: number(t, e, (int)type_size(type)); break;
    }
}

static void trace_array(struct tracer *t, const struct kafka_field *f, struct kafka_trace_entry e)
{
    size_t at = offset_of(t);
    int64_t count = length(t, false);
    e.type = type_name(KAFKA_ARRAY, t->flexible);
    e.kind = KAFKA_TRACE_GROUP;
    e.is_null = count < 0;
    e.number = count;
    /* every element has a byte: that bounds what a count can claim */
    if (count < -1 || count > (int64_t)cursor_left(&t->in)) cursor_fail(&t->in, ERR_CORRUPT);
    tell(t, e, at);
    e = (struct kafka_trace_entry){.name = f->name, .depth = e.depth + 1};
    for (int64_t i = 0; i < count && !t->in.error; i++) {
        e.index = (int32_t)i;
        trace_value(t, f->element, f->nested, e);
    }
}

static void trace_field(struct tracer *t, const struct kafka_field *f, int depth)
{
    struct kafka_trace_entry e = {.name = f->name, .depth = depth, .index = -1};
    if (f->type == KAFKA_ARRAY)
        trace_array(t, f, e);
    else
        trace_value(t, f->type, f->nested, e);
}

static void uvarint(struct tracer *t, const char *name, int depth, uint32_t *out)
{
    size_t at = offset_of(t);
    *out = cursor_uvarint32(&t->in);
    tell(t, (struct kafka_trace_entry){.name = name, .type = "uvarint", .depth = depth, .index = -1, .number = *out},
         at);
}

static const struct kafka_field *field_of_tag(const struct tracer *t, const struct kafka_struct *s, uint32_t tag)
{
    for (int i = 0; s && i < s->field_count; i++) {
        const struct kafka_field *f = &s->fields[i];
        if (f->tagged && (uint32_t)f->tag == tag && field_carried(f, t->version)) return f;
    }
    return NULL;
}

static void trace_tagged(struct tracer *t, const struct kafka_field *f, uint32_t size, int depth)
{
    size_t at = offset_of(t);
    struct slice value = cursor_slice(&t->in, size);
    if (t->in.error) return;
    if (!f) {
        struct kafka_trace_entry e = {.name = "unknown", .type = "bytes", .depth = depth, .index = -1};
        e.kind = KAFKA_TRACE_BYTES;
        e.bytes = value;
        tell(t, e, at);
        return;
    }
    struct cursor outer = t->in;
    t->in = cursor_of(value);
    trace_field(t, f, depth);
    if (!t->in.error && cursor_left(&t->in) > 0) cursor_fail(&t->in, ERR_CORRUPT);
    outer.error = t->in.error;
    t->in = outer;
}

/* `s` NULL: those of a header, of which none is known. */
static void trace_tags(struct tracer *t, const struct kafka_struct *s, int depth)
{
    uint32_t count, tag, size;
    uvarint(t, "tags", depth, &count);
    for (uint32_t i = 0; i < count && !t->in.error; i++) {
        uvarint(t, "tag", depth + 1, &tag);
        uvarint(t, "size", depth + 1, &size);
        if (!t->in.error) trace_tagged(t, field_of_tag(t, s, tag), size, depth + 1);
    }
}

static void trace_struct(struct tracer *t, const struct kafka_struct *s, int depth)
{
    for (int i = 0; i < s->field_count && !t->in.error; i++)
        if (field_carried(&s->fields[i], t->version) && !s->fields[i].tagged) trace_field(t, &s->fields[i], depth);
    if (t->flexible) trace_tags(t, s, depth);
}

/* What is left, as it is. */
static void trace_rest(struct tracer *t, const char *name)
{
    size_t at = offset_of(t);
    struct kafka_trace_entry e = {.name = name, .type = "bytes", .index = -1, .kind = KAFKA_TRACE_BYTES};
    if (t->in.error || cursor_left(&t->in) == 0) return;
    e.bytes = cursor_slice(&t->in, cursor_left(&t->in));
    tell(t, e, at);
}

static int trace_body(struct tracer *t, const struct message *m, int version)
{
    if (!t->in.error && (!m || version < m->min || version > m->max)) {
        trace_rest(t, "body");
        return ERR_UNSUPPORTED;
    }
    if (m) {
        t->version = version;
        t->flexible = version >= m->flexible_from;
        trace_struct(t, m->root, 0);
    }
    trace_rest(t, "trailing");
    return t->in.error;
}

static struct tracer tracer_of(struct slice frame, kafka_trace_fn *each, void *context)
{
    return (struct tracer){.in = cursor_of(frame), .start = frame.p, .each = each, .context = context};
}

static int64_t header_number(struct tracer *t, const char *name, int bytes)
{
    struct slice there = slice_of(t->in.p, cursor_left(&t->in));
    number(t, (struct kafka_trace_entry){.name = name, .type = bytes == 2 ? "int16" : "int32", .index = -1}, bytes);
    if (t->in.error) return 0;
    return bytes == 2 ? (int16_t)get_u16be(there.p) : (int32_t)get_u32be(there.p);
}

int kafka_trace_request(struct slice frame, kafka_trace_fn *each, void *context)
{
    struct tracer t = tracer_of(frame, each, context);
    header_number(&t, "size", 4);
    int key = (int)header_number(&t, "api_key", 2), version = (int)header_number(&t, "api_version", 2);
    header_number(&t, "correlation_id", 4);
    text(&t, (struct kafka_trace_entry){.name = "client_id", .type = "string", .index = -1}, KAFKA_TRACE_TEXT);
    const struct kafka_api *api = kafka_api_find(key);
    if (kafka_api_flexible(key, version)) trace_tags(&t, NULL, 0);
    return trace_body(&t, api ? api->request : NULL, version);
}

int kafka_trace_response(int api_key, int api_version, struct slice frame, kafka_trace_fn *each, void *context)
{
    struct tracer t = tracer_of(frame, each, context);
    header_number(&t, "size", 4);
    header_number(&t, "correlation_id", 4);
    const struct kafka_api *api = kafka_api_find(api_key);
    if (api_key != KAFKA_API_API_VERSIONS && kafka_api_flexible(api_key, api_version)) trace_tags(&t, NULL, 0);
    return trace_body(&t, api ? api->response : NULL, api_version);
}
