/* Structs to bytes, for every message and version, by walking the table; schema_decode.c has the layout.
 *
 * A field that the version does not carry is left out without a word: which answer fits which version is the
 * node's business, inner parts know no versions. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "lib/kafka/schema_internal.h"
#include "lib/kafka/varint.h"

struct encoder {
    struct buf *out;
    int version;
    bool flexible;
    struct kafka_holes *holes;
    int error; /* the first one; writing goes on, the caller cuts it off */
};

static void encode_struct(struct encoder *e, const struct kafka_struct *s, const void *in);

static void encode_fail(struct encoder *e)
{
    if (!e->error) e->error = ERR_INVALID;
}

/* Writes a length or count (-1: null) and returns whether bytes or elements follow. */
static bool encode_length(struct encoder *e, int32_t n, bool narrow, bool nullable)
{
    if (n < -1 || (n == -1 && !nullable) || (narrow && n > KAFKA_STRING_MAX)) {
        encode_fail(e);
        return false;
    }
    if (e->flexible)
        varint_append_u64(e->out, (uint64_t)n + 1);
    else if (narrow)
        buf_put_u16(e->out, (uint16_t)n);
    else
        buf_put_u32(e->out, (uint32_t)n);
    return n > 0;
}

static void encode_string(struct encoder *e, struct kafka_string s, bool nullable)
{
    if (encode_length(e, s.n, true, nullable)) buf_append(e->out, s.p, (size_t)s.n);
}

static void encode_hole(struct encoder *e, int32_t size)
{
    struct kafka_holes *h = e->holes;
    if (h->count == h->capacity) {
        h->capacity = h->capacity ? 2 * h->capacity : 8;
        h->items = realloc(h->items, (size_t)h->capacity * sizeof(h->items[0]));
        assert(h->items);
    }
    h->items[h->count++] = (struct kafka_hole){e->out->n, size};
    h->size += size;
}

static void encode_bytes(struct encoder *e, struct kafka_bytes b, bool nullable, bool hole_allowed)
{
    if (!encode_length(e, b.n, false, nullable)) return;
    if (b.p)
        buf_append(e->out, b.p, (size_t)b.n);
    else if (hole_allowed && e->holes)
        encode_hole(e, b.n);
    else
        encode_fail(e);
}

static void encode_value(struct encoder *e, enum kafka_type type, bool nullable, const void *in)
{
    switch (type) {
    case KAFKA_BOOL: buf_append_byte(e->out, *(const bool *)in); break;
    case KAFKA_INT8: buf_append_byte(e->out, *(const uint8_t *)in); break;
    case KAFKA_INT16:
    case KAFKA_UINT16: buf_put_u16(e->out, *(const uint16_t *)in); break;
    case KAFKA_INT32: buf_put_u32(e->out, *(const uint32_t *)in); break;
    case KAFKA_INT64: buf_put_u64(e->out, *(const uint64_t *)in); break;
    case KAFKA_UUID: buf_append(e->out, in, sizeof(struct kafka_uuid)); break;
    case KAFKA_STRING: encode_string(e, *(const struct kafka_string *)in, nullable); break;
    case KAFKA_BYTES: encode_bytes(e, *(const struct kafka_bytes *)in, nullable, false); break;
    case KAFKA_RECORDS: encode_bytes(e, *(const struct kafka_bytes *)in, nullable, true); break;
    case KAFKA_STRUCT_TYPE:
    case KAFKA_ARRAY: break;
    }
}

static void encode_array(struct encoder *e, const struct kafka_field *f, const void *in)
{
    int32_t count = field_count(f, in);
    if (!encode_length(e, count, false, field_nullable(f, e->version))) return;
    const uint8_t *element = *(uint8_t *const *)((const uint8_t *)in + f->offset);
    for (int32_t i = 0; i < count; i++, element += field_element_size(f)) {
        if (f->nested)
            encode_struct(e, f->nested, element);
        else
            encode_value(e, f->element, false, element);
    }
}

static void encode_field(struct encoder *e, const struct kafka_field *f, const void *in)
{
    const uint8_t *p = (const uint8_t *)in + f->offset;
    if (f->type == KAFKA_ARRAY)
        encode_array(e, f, in);
    else if (f->type == KAFKA_STRUCT_TYPE)
        encode_struct(e, f->nested, p);
    else
        encode_value(e, f->type, field_nullable(f, e->version), p);
}

/* The size stands before the field but is known after it: write, then move up to make room. Tagged fields
 * are small and rare, and never hold records, so no hole moves with them. */
static void encode_tagged(struct encoder *e, const struct kafka_field *f, const void *in)
{
    varint_append_u64(e->out, (uint64_t)f->tag);
    size_t start = e->out->n;
    encode_field(e, f, in);
    size_t size = e->out->n - start, prefix = varint_size_u64(size);
    buf_reserve(e->out, prefix);
    memmove(e->out->p + start + prefix, e->out->p + start, size);
    varint_put_u64(e->out->p + start, size);
    e->out->n += prefix;
}

static bool field_tag_sent(const struct encoder *e, const struct kafka_field *f, const void *in)
{
    return f->tagged && field_carried(f, e->version) && !field_is_default(f, in);
}

/* The next field to send with a tag above `last`: a description may list tags in any order. */
static const struct kafka_field *field_tag_next(const struct encoder *e, const struct kafka_struct *s, const void *in,
                                                int last)
{
    const struct kafka_field *next = NULL;
    for (int i = 0; i < s->field_count; i++) {
        const struct kafka_field *f = &s->fields[i];
        if (field_tag_sent(e, f, in) && f->tag > last && (!next || f->tag < next->tag)) next = f;
    }
    return next;
}

static void encode_tags(struct encoder *e, const struct kafka_struct *s, const void *in)
{
    uint64_t count = 0;
    for (int i = 0; i < s->field_count; i++) count += field_tag_sent(e, &s->fields[i], in);
    varint_append_u64(e->out, count);
    for (const struct kafka_field *f = field_tag_next(e, s, in, -1); f; f = field_tag_next(e, s, in, f->tag))
        encode_tagged(e, f, in);
}

static void encode_struct(struct encoder *e, const struct kafka_struct *s, const void *in)
{
    for (int i = 0; i < s->field_count; i++)
        if (field_carried(&s->fields[i], e->version) && !s->fields[i].tagged) encode_field(e, &s->fields[i], in);
    if (e->flexible) encode_tags(e, s, in);
}

int kafka_encode_holes(const struct message *m, int version, const void *in, struct buf *out, struct kafka_holes *holes)
{
    if (version < m->min || version > m->max) return ERR_UNSUPPORTED;
    size_t start = out->n;
    struct encoder e = {out, version, version >= m->flexible_from, holes, 0};
    struct kafka_holes before = holes ? *holes : (struct kafka_holes){0};
    encode_struct(&e, m->root, in);
    if (!e.error) return 0;
    out->n = start;
    if (holes) {
        holes->count = before.count;
        holes->size = before.size;
    }
    return e.error;
}

int kafka_encode(const struct message *m, int version, const void *in, struct buf *out)
{
    return kafka_encode_holes(m, version, in, out, NULL);
}

int kafka_encode_versioned(const struct message *m, int version, const void *in, struct buf *out)
{
    size_t start = out->n;
    buf_put_u16(out, (uint16_t)version);
    int err = kafka_encode(m, version, in, out);
    if (err) out->n = start;
    return err;
}

void kafka_holes_release(struct kafka_holes *h)
{
    free(h->items);
    *h = (struct kafka_holes){0};
}
