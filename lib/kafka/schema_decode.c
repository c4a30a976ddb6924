/* Bytes to structs, for every message and version, by walking the table.
 *
 *     struct := field*                        in the order of the description, those the version carries
 *               [count uvarint, { tag uvarint, size uvarint, field }*]     flexible versions; tags ascend
 *
 * What a hostile sender can claim is bounded: an array's count by the bytes that are left (each
 * element costs at least its smallest encoding), the arena by a multiple of the whole input. Elements are counted,
 * too: they are what a request costs after it was decoded. */
#include "lib/kafka/cursor.h"
#include "lib/kafka/schema_internal.h"

#include <assert.h>

struct decoder {
    struct cursor in;
    int version;
    bool flexible;
    struct arena *arena;
    size_t arena_left;
    size_t elements_left;
};

static void decode_struct(struct decoder *d, const struct kafka_struct *s, void *out);

static size_t struct_size_min(const struct kafka_struct *s, int version, bool flexible);

/* The fewest bytes that a value of this type can have on the wire. */
static size_t type_size_min(enum kafka_type type, const struct kafka_struct *nested, int version, bool flexible)
{
    switch (type) {
    case KAFKA_STRING: return flexible ? 1 : 2;
    case KAFKA_BYTES:
    case KAFKA_RECORDS:
    case KAFKA_ARRAY: return flexible ? 1 : 4;
    case KAFKA_STRUCT_TYPE: return struct_size_min(nested, version, flexible);
    default: return type_size(type);
    }
}

static size_t struct_size_min(const struct kafka_struct *s, int version, bool flexible)
{
    size_t n = flexible ? 1 : 0;
    for (int i = 0; i < s->field_count; i++) {
        const struct kafka_field *f = &s->fields[i];
        if (field_carried(f, version) && !f->tagged) n += type_size_min(f->type, f->nested, version, flexible);
    }
    return n;
}

/* A length or count: -1 for null, checked against null being allowed. */
static int32_t decode_length(struct decoder *d, bool narrow, bool nullable)
{
    int64_t n;
    if (d->flexible)
        n = (int64_t)cursor_uvarint32(&d->in) - 1;
    else
        n = narrow ? (int16_t)cursor_u16(&d->in) : (int32_t)cursor_u32(&d->in);
    if (d->in.error) return nullable ? -1 : 0;
    if (n < -1 || n > INT32_MAX || (n == -1 && !nullable)) {
        cursor_fail(&d->in, ERR_CORRUPT);
        return 0;
    }
    return (int32_t)n;
}

static struct kafka_string decode_string(struct decoder *d, bool nullable)
{
    int32_t n = decode_length(d, true, nullable);
    if (n > KAFKA_STRING_MAX) cursor_fail(&d->in, ERR_CORRUPT);
    if (n < 0) return KAFKA_STRING_NULL;
    struct slice s = cursor_slice(&d->in, (size_t)n);
    return kafka_string_of_slice(s);
}

static struct kafka_bytes decode_bytes(struct decoder *d, bool nullable)
{
    int32_t n = decode_length(d, false, nullable);
    if (n < 0) return KAFKA_BYTES_NULL;
    return kafka_bytes_of_slice(cursor_slice(&d->in, (size_t)n));
}

static struct kafka_uuid decode_uuid(struct decoder *d)
{
    struct kafka_uuid u = {{0}};
    const uint8_t *p = cursor_take(&d->in, sizeof(u.bytes));
    for (size_t i = 0; p && i < sizeof(u.bytes); i++) u.bytes[i] = p[i];
    return u;
}

/* One value that is neither a struct nor an array. */
static void decode_value(struct decoder *d, enum kafka_type type, bool nullable, void *out)
{
    switch (type) {
    case KAFKA_BOOL: *(bool *)out = cursor_u8(&d->in) != 0; break;
    case KAFKA_INT8: *(int8_t *)out = (int8_t)cursor_u8(&d->in); break;
    case KAFKA_INT16: *(int16_t *)out = (int16_t)cursor_u16(&d->in); break;
    case KAFKA_UINT16: *(uint16_t *)out = cursor_u16(&d->in); break;
    case KAFKA_INT32: *(int32_t *)out = (int32_t)cursor_u32(&d->in); break;
    case KAFKA_INT64: *(int64_t *)out = (int64_t)cursor_u64(&d->in); break;
    case KAFKA_UUID: *(struct kafka_uuid *)out = decode_uuid(d); break;
    case KAFKA_STRING: *(struct kafka_string *)out = decode_string(d, nullable); break;
    case KAFKA_BYTES:
    case KAFKA_RECORDS: *(struct kafka_bytes *)out = decode_bytes(d, nullable); break;
    case KAFKA_STRUCT_TYPE:
    case KAFKA_ARRAY: break;
    }
}

/* The memory of an array, or NULL after a failure. */
static uint8_t *decode_array_alloc(struct decoder *d, const struct kafka_field *f, int32_t count)
{
    size_t n = (size_t)count, smallest = type_size_min(f->element, f->nested, d->version, d->flexible);
    assert(smallest > 0);
    if (n > cursor_left(&d->in) / smallest) cursor_fail(&d->in, ERR_CORRUPT);
    size_t size = n * field_element_size(f);
    if (!d->in.error && (size > d->arena_left || n > d->elements_left)) cursor_fail(&d->in, ERR_NOMEM);
    if (d->in.error || n == 0) return NULL;
    d->arena_left -= size;
    d->elements_left -= n;
    return arena_alloc(d->arena, size);
}

static void decode_array(struct decoder *d, const struct kafka_field *f, void *out)
{
    int32_t count = decode_length(d, false, field_nullable(f, d->version));
    uint8_t *items = count > 0 ? decode_array_alloc(d, f, count) : NULL;
    if (count > 0 && !items) count = 0;
    *(void **)((uint8_t *)out + f->offset) = items;
    *(int32_t *)((uint8_t *)out + f->count_offset) = count;
    size_t size = field_element_size(f);
    for (int32_t i = 0; i < count && !d->in.error; i++) {
        if (f->nested)
            decode_struct(d, f->nested, items + (size_t)i * size);
        else
            decode_value(d, f->element, false, items + (size_t)i * size);
    }
}

static void decode_field(struct decoder *d, const struct kafka_field *f, void *out)
{
    if (f->type == KAFKA_ARRAY)
        decode_array(d, f, out);
    else if (f->type == KAFKA_STRUCT_TYPE)
        decode_struct(d, f->nested, (uint8_t *)out + f->offset);
    else
        decode_value(d, f->type, field_nullable(f, d->version), (uint8_t *)out + f->offset);
}

static const struct kafka_field *field_of_tag(const struct kafka_struct *s, uint32_t tag, int version)
{
    for (int i = 0; i < s->field_count; i++) {
        const struct kafka_field *f = &s->fields[i];
        if (f->tagged && (uint32_t)f->tag == tag && field_carried(f, version)) return f;
    }
    return NULL;
}

/* One tagged field has its own end: the field must use exactly its size. */
static void decode_tagged(struct decoder *d, const struct kafka_field *f, struct slice value, void *out)
{
    struct cursor outer = d->in;
    d->in = cursor_of(value);
    decode_field(d, f, out);
    if (!d->in.error && cursor_left(&d->in) > 0) cursor_fail(&d->in, ERR_CORRUPT);
    outer.error = d->in.error;
    d->in = outer;
}

/* Unknown tags are skipped at every level: that is what lets a newer peer speak to us (KIP-482). */
static void decode_tags(struct decoder *d, const struct kafka_struct *s, void *out)
{
    uint32_t count = cursor_uvarint32(&d->in);
    int64_t last = -1;
    for (uint32_t i = 0; i < count && !d->in.error; i++) {
        uint32_t tag = cursor_uvarint32(&d->in);
        struct slice value = cursor_slice(&d->in, cursor_uvarint32(&d->in));
        if ((int64_t)tag <= last) cursor_fail(&d->in, ERR_CORRUPT);
        if (d->in.error) return;
        last = tag;
        const struct kafka_field *f = field_of_tag(s, tag, d->version);
        if (f) decode_tagged(d, f, value, out);
    }
}

static void decode_struct(struct decoder *d, const struct kafka_struct *s, void *out)
{
    for (int i = 0; i < s->field_count; i++) {
        const struct kafka_field *f = &s->fields[i];
        if (field_carried(f, d->version) && !f->tagged)
            decode_field(d, f, out);
        else
            field_default(f, out);
    }
    if (d->flexible) decode_tags(d, s, out);
}

/* `tail_allowed`: bytes that a later version added may follow. */
static int decode_message(const struct message *m, int version, bool tail_allowed, struct slice in, struct arena *a,
                          void *out)
{
    if (version < m->min || version > m->max) return ERR_UNSUPPORTED;
    struct decoder d = {.in = cursor_of(in),
                        .version = version,
                        .flexible = version >= m->flexible_from,
                        .arena = a,
                        .arena_left = in.n < KAFKA_ARENA_BYTES_MAX / KAFKA_ARENA_FACTOR ? in.n * KAFKA_ARENA_FACTOR
                                                                                        : KAFKA_ARENA_BYTES_MAX,
                        .elements_left = KAFKA_ELEMENTS_MAX};
    kafka_struct_init(m->root, out);
    decode_struct(&d, m->root, out);
    if (!d.in.error && !tail_allowed && cursor_left(&d.in) > 0) return ERR_CORRUPT;
    return d.in.error;
}

int kafka_decode(const struct message *m, int version, struct slice in, struct arena *a, void *out)
{
    return decode_message(m, version, false, in, a, out);
}

int kafka_decode_front(const struct message *m, int version, struct slice in, struct arena *a, void *out)
{
    return decode_message(m, version, true, in, a, out);
}

int kafka_decode_versioned(const struct message *m, struct slice in, bool lenient, struct arena *a, void *out,
                           int *version)
{
    if (in.n < 2) return ERR_CORRUPT;
    *version = (int16_t)get_u16be(in.p);
    int used = lenient && *version > m->max ? m->max : *version;
    return decode_message(m, used, lenient, slice_of(in.p + 2, in.n - 2), a, out);
}
