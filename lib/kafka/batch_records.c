/* The records of a batch, front to back. batch.h draws a record. */
#include "lib/kafka/batch.h"
#include "lib/kafka/cursor.h"
#include "lib/kafka/varint.h"

void batch_records_init(struct batch_records *r, const struct batch_header *h, struct slice payload)
{
    *r = (struct batch_records){.rest = payload, .header = *h, .index = 0, .last_offset_delta = -1};
}

/* Length as a varint, -1 for null. */
static struct kafka_bytes record_bytes(struct cursor *c)
{
    int32_t n = cursor_varint32(c);
    if (n < -1) cursor_fail(c, ERR_CORRUPT);
    if (n < 0) return KAFKA_BYTES_NULL;
    return kafka_bytes_of_slice(cursor_slice(c, (size_t)n));
}

static struct batch_record_header record_header(struct cursor *c)
{
    struct batch_record_header h;
    struct kafka_bytes key = record_bytes(c);
    if (key.n < 0) cursor_fail(c, ERR_CORRUPT); /* only the value of a header may be null */
    h.key = (struct kafka_string){(const char *)key.p, key.n};
    h.value = record_bytes(c);
    return h;
}

static void record_headers(struct cursor *c, struct batch_record *out)
{
    out->header_count = cursor_varint32(c);
    if (out->header_count < 0) cursor_fail(c, ERR_CORRUPT);
    const uint8_t *start = c->p;
    for (int32_t i = 0; i < out->header_count && !c->error; i++) record_header(c);
    out->headers = (struct slice){start, (size_t)(c->p - start)};
}

/* Timestamps are a producer's free choice, so their sum may wrap; Java wraps too. */
static int64_t record_timestamp(const struct batch_header *h, int64_t delta)
{
    if (h->attributes & BATCH_LOG_APPEND_TIME) return h->max_timestamp;
    return (int64_t)((uint64_t)h->base_timestamp + (uint64_t)delta);
}

static int record_parse(struct batch_records *r, struct slice body, struct batch_record *out)
{
    struct cursor c = cursor_of(body);
    cursor_u8(&c); /* attributes of a record: none is defined */
    out->timestamp = record_timestamp(&r->header, cursor_varint64(&c));
    int32_t delta = cursor_varint32(&c);
    if (delta <= r->last_offset_delta || delta > r->header.last_offset_delta) cursor_fail(&c, ERR_CORRUPT);
    out->offset = c.error ? -1 : r->header.base_offset + delta; /* cannot overflow within the last offset */
    out->key = record_bytes(&c);
    out->value = record_bytes(&c);
    record_headers(&c, out);
    if (!c.error && cursor_left(&c) > 0) cursor_fail(&c, ERR_CORRUPT);
    r->last_offset_delta = delta;
    return c.error;
}

/* --- the common record --- */

/* An integer of at most three bytes that ends before `end`; NULL for any other. */
static inline const uint8_t *short_uvarint(const uint8_t *p, const uint8_t *end, uint32_t *out)
{
    if (end - p < 3) return NULL;
    *out = p[0] & 0x7fu;
    if (p[0] < 0x80) return p + 1;
    *out |= (p[1] & 0x7fu) << 7;
    if (p[1] < 0x80) return p + 2;
    *out |= (uint32_t)p[2] << 14;
    return p[2] < 0x80 ? p + 3 : NULL;
}

static inline const uint8_t *short_varint(const uint8_t *p, const uint8_t *end, int64_t *out)
{
    uint32_t v = 0;
    p = p ? short_uvarint(p, end, &v) : NULL;
    *out = varint_unzigzag(v);
    return p;
}

/* A broker looks at every record that it stores, ten million of 100 B in a gigabyte. Nearly all of them have short
 * integers, no headers and a byte or two behind them: these are read here, on two pointers that stay in registers.
 * False for all others, right or wrong: record_parse decides about them. */
static bool record_parse_common(struct batch_records *r, struct batch_record *out)
{
    int64_t size, time, delta, key, value;
    const uint8_t *end = r->rest.p + r->rest.n, *p = short_varint(r->rest.p, end, &size);
    if (!p || size < 1 || size > end - p) return false;
    const uint8_t *next = p + size;
    p = short_varint(p + 1, end, &time); /* behind the attributes */
    p = short_varint(p, end, &delta);
    p = short_varint(p, end, &key);
    if (!p || key < -1 || key >= next - p || delta <= r->last_offset_delta || delta > r->header.last_offset_delta)
        return false;
    out->key = (struct kafka_bytes){key < 0 ? NULL : p, (int32_t)key};
    p = short_varint(key < 0 ? p : p + key, end, &value);
    /* The value, if there is one, and a header count of 0 are the rest of the record. */
    if (!p || value < -1 || next - p != (value < 0 ? 0 : value) + 1 || next[-1] != 0) return false;
    out->value = (struct kafka_bytes){value < 0 ? NULL : p, (int32_t)value};
    out->timestamp = record_timestamp(&r->header, time);
    out->offset = r->header.base_offset + delta;
    out->header_count = 0;
    out->headers = slice_of(next, 0);
    r->last_offset_delta = (int32_t)delta;
    r->rest = slice_of(next, (size_t)(end - next));
    return true;
}

int batch_records_next(struct batch_records *r, struct batch_record *out)
{
    if (r->index == r->header.count) return r->rest.n == 0 ? 0 : ERR_CORRUPT;
    if (record_parse_common(r, out)) {
        r->index++;
        return 1;
    }
    struct cursor c = cursor_of(r->rest);
    int32_t n = cursor_varint32(&c);
    if (n < 0) cursor_fail(&c, ERR_CORRUPT);
    struct slice body = cursor_slice(&c, c.error ? 0 : (size_t)n);
    int err = c.error ? c.error : record_parse(r, body, out);
    if (err) return err;
    r->rest = (struct slice){c.p, cursor_left(&c)};
    r->index++;
    return 1;
}

bool batch_record_header_next(struct slice *headers, struct batch_record_header *out)
{
    if (headers->n == 0) return false;
    struct cursor c = cursor_of(*headers);
    *out = record_header(&c);
    *headers = (struct slice){c.p, cursor_left(&c)};
    return c.error == 0;
}
