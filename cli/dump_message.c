#include "cli/dump_message.h"

#include <string.h>

#include "broker/log/checkpoint.h"
#include "cli/record.h"
#include "lib/base/text.h"
#include "lib/kafka/messages_record.h"
#include "lib/kafka/metadata_record.h"

/* ---- any message ---- */

static void struct_json(const struct kafka_struct *s, int version, const uint8_t *in, struct buf *out);

static size_t element_size(const struct kafka_field *f)
{
    switch (f->element) {
    case KAFKA_BOOL: return sizeof(bool);
    case KAFKA_INT8: return sizeof(int8_t);
    case KAFKA_INT16:
    case KAFKA_UINT16: return sizeof(int16_t);
    case KAFKA_INT32: return sizeof(int32_t);
    case KAFKA_INT64: return sizeof(int64_t);
    case KAFKA_UUID: return sizeof(struct kafka_uuid);
    case KAFKA_STRING: return sizeof(struct kafka_string);
    case KAFKA_BYTES:
    case KAFKA_RECORDS: return sizeof(struct kafka_bytes);
    case KAFKA_STRUCT_TYPE: return f->nested->size;
    case KAFKA_ARRAY: break;
    }
    return 0;
}

static void uuid_json(const struct kafka_uuid *id, struct buf *out)
{
    char text[23];
    uuid_format(id->bytes, text);
    buf_printf(out, "\"%s\"", text);
}

static void string_json(const struct kafka_string *s, struct buf *out)
{
    record_bytes_json(s->n < 0 ? NULL : s->n == 0 ? "" : s->p, s->n < 0 ? 0 : (size_t)s->n, out);
}

static void bytes_json(const struct kafka_bytes *b, struct buf *out)
{
    record_bytes_json(b->n < 0 ? NULL : b->n == 0 ? (const uint8_t *)"" : b->p, b->n < 0 ? 0 : (size_t)b->n, out);
}

static void value_json(const struct kafka_field *f, enum kafka_type type, int version, const void *in, struct buf *out)
{
    switch (type) {
    case KAFKA_BOOL: buf_append_str(out, *(const bool *)in ? "true" : "false"); break;
    case KAFKA_INT8: buf_printf(out, "%d", *(const int8_t *)in); break;
    case KAFKA_INT16: buf_printf(out, "%d", *(const int16_t *)in); break;
    case KAFKA_UINT16: buf_printf(out, "%u", *(const uint16_t *)in); break;
    case KAFKA_INT32: buf_printf(out, "%d", *(const int32_t *)in); break;
    case KAFKA_INT64: buf_printf(out, "%lld", (long long)*(const int64_t *)in); break;
    case KAFKA_UUID: uuid_json(in, out); break;
    case KAFKA_STRING: string_json(in, out); break;
    case KAFKA_BYTES:
    case KAFKA_RECORDS: bytes_json(in, out); break;
    case KAFKA_STRUCT_TYPE: struct_json(f->nested, version, in, out); break;
    case KAFKA_ARRAY: break; /* no array of arrays in Kafka */
    }
}

static void array_json(const struct kafka_field *f, int version, const uint8_t *in, struct buf *out)
{
    int32_t count;
    const uint8_t *items;
    memcpy(&count, in + f->count_offset, sizeof count);
    memcpy(&items, in + f->offset, sizeof items);
    if (count < 0) {
        buf_append_str(out, "null");
        return;
    }
    buf_append_byte(out, '[');
    for (int32_t i = 0; i < count; i++) {
        if (i) buf_append_byte(out, ',');
        value_json(f, f->element, version, items + (size_t)i * element_size(f), out);
    }
    buf_append_byte(out, ']');
}

static void struct_json(const struct kafka_struct *s, int version, const uint8_t *in, struct buf *out)
{
    const char *separator = "";
    buf_append_byte(out, '{');
    for (int i = 0; i < s->field_count; i++) {
        const struct kafka_field *f = &s->fields[i];
        if (version < f->min || version > f->max) continue;
        buf_printf(out, "%s\"%s\":", separator, f->name);
        separator = ",";
        if (f->type == KAFKA_ARRAY)
            array_json(f, version, in, out);
        else
            value_json(f, f->type, version, in + f->offset, out);
    }
    buf_append_byte(out, '}');
}

void dump_message_json(const struct message *m, int version, const void *in, struct buf *out)
{
    struct_json(m->root, version, in, out);
}

/* ---- internal topics ---- */

static void decoded_json(const struct message *m, int version, const void *in, struct buf *out)
{
    buf_printf(out, "{\"type\":\"%s\",\"version\":%d,\"data\":", m->name, version);
    dump_message_json(m, version, in, out);
    buf_append_byte(out, '}');
}

/* Key or value that starts with its own version. False when it is no such thing. */
static bool versioned_json(const struct message *m, struct kafka_bytes in, struct buf *out)
{
    struct arena a = {0};
    int version = 0;
    void *decoded = arena_alloc(&a, m->root->size);
    bool ok = kafka_decode_versioned(m, kafka_bytes_slice(in), false, &a, decoded, &version) == 0;
    if (ok) decoded_json(m, version, decoded, out);
    arena_release(&a);
    return ok;
}

bool dump_offsets_record(const struct batch_record *r, struct buf *out)
{
    size_t start = out->n;
    if (r->key.n < 2) return false;
    uint16_t kind = get_u16be(r->key.p);
    const struct message *key = kind <= 1 ? &offset_commit_key_message : &group_metadata_key_message;
    const struct message *value = kind <= 1 ? &offset_commit_value_message : &group_metadata_value_message;
    buf_append_str(out, "{\"key\":");
    bool ok = kind <= 2 && versioned_json(key, r->key, out);
    buf_append_str(out, ",\"value\":");
    if (ok && r->value.n < 0)
        buf_append_str(out, "null");
    else
        ok = ok && versioned_json(value, r->value, out);
    buf_append_byte(out, '}');
    if (!ok) out->n = start;
    return ok;
}

bool dump_metadata_record(const struct batch_record *r, struct buf *out)
{
    struct arena a = {0};
    struct metadata_record m;
    bool ok = r->value.n > 0 && metadata_record_decode(kafka_bytes_slice(r->value), &a, &m) == 0;
    if (ok) decoded_json(metadata_record_message(m.type), m.version, m.value, out);
    arena_release(&a);
    return ok;
}

bool dump_control_record(const struct batch_record *r, struct buf *out)
{
    static const char *const names[] = {"ABORT", "COMMIT", "LEADER_CHANGE", "SNAPSHOT_HEADER", "SNAPSHOT_FOOTER"};
    int type = batch_control_type(r);
    if (type < 0 || type > BATCH_CONTROL_SNAPSHOT_FOOTER) return false;
    buf_printf(out, "{\"type\":\"%s\"}", names[type]);
    return true;
}
