/* What decoder and encoder share: small types, defaults, and the walk over a decoded struct. */
#include "lib/kafka/schema_internal.h"

#include <string.h>

struct kafka_string kafka_string_of(const char *s)
{
    return s ? (struct kafka_string){s, (int32_t)strlen(s)} : KAFKA_STRING_NULL;
}

struct kafka_string kafka_string_of_slice(struct slice s)
{
    return (struct kafka_string){(const char *)s.p, (int32_t)s.n};
}

struct slice kafka_string_slice(struct kafka_string s)
{
    return s.n > 0 ? (struct slice){(const uint8_t *)s.p, (size_t)s.n} : (struct slice){NULL, 0};
}

struct slice kafka_bytes_slice(struct kafka_bytes b)
{
    return b.n > 0 ? (struct slice){b.p, (size_t)b.n} : (struct slice){NULL, 0};
}

struct kafka_bytes kafka_bytes_of_slice(struct slice s)
{
    return (struct kafka_bytes){s.p, (int32_t)s.n};
}

bool kafka_string_equal(struct kafka_string a, struct kafka_string b)
{
    return a.n == b.n && (a.n <= 0 || memcmp(a.p, b.p, (size_t)a.n) == 0);
}

bool kafka_string_equal_str(struct kafka_string a, const char *s)
{
    return kafka_string_equal(a, kafka_string_of(s));
}

bool kafka_uuid_equal(struct kafka_uuid a, struct kafka_uuid b)
{
    return memcmp(a.bytes, b.bytes, sizeof(a.bytes)) == 0;
}

bool kafka_uuid_is_zero(struct kafka_uuid u)
{
    return kafka_uuid_equal(u, (struct kafka_uuid){{0}});
}

static const char UUID_DIGITS[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

void kafka_uuid_to_text(struct kafka_uuid u, char out[23])
{
    uint32_t bits = 0;
    int held = 0, n = 0;
    for (int i = 0; i < 16; i++) {
        bits = bits << 8 | u.bytes[i];
        for (held += 8; held >= 6; held -= 6) out[n++] = UUID_DIGITS[bits >> (held - 6) & 63];
    }
    out[n++] = UUID_DIGITS[bits << (6 - held) & 63]; /* 128 = 21 * 6 + 2 */
    out[n] = 0;
}

bool kafka_uuid_from_text(struct slice text, struct kafka_uuid *out)
{
    if (text.n != 22) return false;
    uint32_t bits = 0;
    int held = 0, n = 0;
    for (size_t i = 0; i < text.n; i++) {
        const char *digit = text.p[i] ? strchr(UUID_DIGITS, text.p[i]) : NULL;
        if (!digit) return false;
        bits = bits << 6 | (uint32_t)(digit - UUID_DIGITS);
        held += 6;
        if (held >= 8) {
            held -= 8;
            out->bytes[n++] = (uint8_t)(bits >> held);
        }
    }
    return (bits & 0xf) == 0; /* what the last digit says beyond 128 bits */
}

bool field_carried(const struct kafka_field *f, int version)
{
    return version >= f->min && version <= f->max;
}

bool field_nullable(const struct kafka_field *f, int version)
{
    return f->nullable && version >= f->nullable_from;
}

size_t type_size(enum kafka_type type)
{
    switch (type) {
    case KAFKA_BOOL: return sizeof(bool);
    case KAFKA_INT8: return 1;
    case KAFKA_INT16:
    case KAFKA_UINT16: return 2;
    case KAFKA_INT32: return 4;
    case KAFKA_INT64: return 8;
    case KAFKA_UUID: return sizeof(struct kafka_uuid);
    case KAFKA_STRING: return sizeof(struct kafka_string);
    case KAFKA_BYTES:
    case KAFKA_RECORDS: return sizeof(struct kafka_bytes);
    case KAFKA_STRUCT_TYPE:
    case KAFKA_ARRAY: break;
    }
    return 0;
}

size_t field_element_size(const struct kafka_field *f)
{
    return f->nested ? f->nested->size : type_size(f->element);
}

void field_default(const struct kafka_field *f, void *out)
{
    uint8_t *p = (uint8_t *)out + f->offset;
    int64_t v = f->default_value;
    int32_t n = f->default_null ? -1 : 0;
    switch (f->type) {
    case KAFKA_BOOL: *(bool *)p = v != 0; break;
    case KAFKA_INT8: *(int8_t *)p = (int8_t)v; break;
    case KAFKA_INT16: *(int16_t *)p = (int16_t)v; break;
    case KAFKA_UINT16: *(uint16_t *)p = (uint16_t)v; break;
    case KAFKA_INT32: *(int32_t *)p = (int32_t)v; break;
    case KAFKA_INT64: *(int64_t *)p = v; break;
    case KAFKA_UUID: *(struct kafka_uuid *)p = (struct kafka_uuid){{0}}; break;
    case KAFKA_STRING: *(struct kafka_string *)p = (struct kafka_string){NULL, n}; break;
    case KAFKA_BYTES:
    case KAFKA_RECORDS: *(struct kafka_bytes *)p = (struct kafka_bytes){NULL, n}; break;
    case KAFKA_STRUCT_TYPE: kafka_struct_init(f->nested, p); break;
    case KAFKA_ARRAY:
        *(void **)p = NULL;
        *(int32_t *)((uint8_t *)out + f->count_offset) = n;
        break;
    }
}

void kafka_struct_init(const struct kafka_struct *s, void *out)
{
    memset(out, 0, s->size);
    for (int i = 0; i < s->field_count; i++) field_default(&s->fields[i], out);
}

void *kafka_struct_array(const struct kafka_struct *s, struct arena *a, int32_t count)
{
    size_t n = count > 0 ? (size_t)count : 0;
    uint8_t *p = arena_alloc(a, n > 0 ? n * s->size : 1);
    for (size_t i = 0; i < n; i++) kafka_struct_init(s, p + i * s->size);
    return p;
}

static bool struct_is_default(const struct kafka_struct *s, const void *in)
{
    for (int i = 0; i < s->field_count; i++)
        if (!field_is_default(&s->fields[i], in)) return false;
    return true;
}

bool field_is_default(const struct kafka_field *f, const void *in)
{
    const uint8_t *p = (const uint8_t *)in + f->offset;
    int64_t v = f->default_value;
    int32_t n = f->default_null ? -1 : 0;
    switch (f->type) {
    case KAFKA_BOOL: return *(const bool *)p == (v != 0);
    case KAFKA_INT8: return *(const int8_t *)p == v;
    case KAFKA_INT16: return *(const int16_t *)p == v;
    case KAFKA_UINT16: return *(const uint16_t *)p == v;
    case KAFKA_INT32: return *(const int32_t *)p == v;
    case KAFKA_INT64: return *(const int64_t *)p == v;
    case KAFKA_UUID: return kafka_uuid_is_zero(*(const struct kafka_uuid *)p);
    case KAFKA_STRING: return ((const struct kafka_string *)p)->n == n;
    case KAFKA_BYTES:
    case KAFKA_RECORDS: return ((const struct kafka_bytes *)p)->n == n;
    case KAFKA_STRUCT_TYPE: return struct_is_default(f->nested, p);
    case KAFKA_ARRAY: return field_count(f, in) == n;
    }
    return false;
}

int32_t field_count(const struct kafka_field *f, const void *in)
{
    return *(const int32_t *)((const uint8_t *)in + f->count_offset);
}

struct walk {
    int version;
    kafka_walk_fn *each;
    void *context;
};

static void walk_struct(const struct walk *w, const struct kafka_struct *s, const void *in, int depth);

static void walk_field(const struct walk *w, const struct kafka_field *f, const void *in, int depth)
{
    const uint8_t *p = (const uint8_t *)in + f->offset;
    w->each(w->context, f, depth, -1, p);
    if (f->type == KAFKA_STRUCT_TYPE) walk_struct(w, f->nested, p, depth + 1);
    if (f->type != KAFKA_ARRAY) return;
    const uint8_t *element = *(uint8_t *const *)p;
    for (int32_t i = 0; i < field_count(f, in); i++, element += field_element_size(f)) {
        w->each(w->context, f, depth + 1, i, element);
        if (f->nested) walk_struct(w, f->nested, element, depth + 2);
    }
}

static void walk_struct(const struct walk *w, const struct kafka_struct *s, const void *in, int depth)
{
    for (int i = 0; i < s->field_count; i++)
        if (field_carried(&s->fields[i], w->version) && !s->fields[i].tagged) walk_field(w, &s->fields[i], in, depth);
    for (int i = 0; i < s->field_count; i++)
        if (field_carried(&s->fields[i], w->version) && s->fields[i].tagged && !field_is_default(&s->fields[i], in))
            walk_field(w, &s->fields[i], in, depth);
}

void kafka_walk(const struct message *m, int version, const void *in, kafka_walk_fn *each, void *context)
{
    struct walk w = {version, each, context};
    walk_struct(&w, m->root, in, 0);
}
