/* Record batches field by field; batch.h draws them. */
#include "lib/kafka/batch.h"
#include "lib/kafka/cursor.h"
#include "lib/kafka/trace.h"

/* What a broker would take; more is shown as it is. */
enum { UNPACKED_MAX = 128 << 20 };

struct part {
    struct cursor in;
    const uint8_t *start;
    size_t offset; /* of `start` */
    int depth;
    bool unpacked;
    kafka_trace_fn *each;
    void *context;
};

static size_t offset_of(const struct part *t)
{
    return t->offset + (t->in.p ? (size_t)(t->in.p - t->start) : 0);
}

static void tell(const struct part *t, struct kafka_trace_entry e, size_t offset, int depth)
{
    if (t->in.error) return;
    e.offset = offset;
    e.size = offset_of(t) - offset;
    e.depth = t->depth + depth;
    e.unpacked = t->unpacked;
    t->each(t->context, &e);
}

static int64_t number(struct part *t, const char *name, const char *type, int bytes, int depth)
{
    size_t at = offset_of(t);
    struct kafka_trace_entry e = {.name = name, .type = type, .index = -1};
    switch (bytes) {
    case 1: e.number = (cursor_u8(&t->in) ^ 0x80) - 0x80; break; /* signed */
    case 2: e.number = (int16_t)cursor_u16(&t->in); break;
    case 4: e.number = type[0] == 'u' ? (int64_t)cursor_u32(&t->in) : (int32_t)cursor_u32(&t->in); break;
    default: e.number = (int64_t)cursor_u64(&t->in); break;
    }
    tell(t, e, at, depth);
    return e.number;
}

static int64_t varint(struct part *t, const char *name, int depth, int32_t index)
{
    size_t at = offset_of(t);
    struct kafka_trace_entry e = {.name = name, .type = "varint", .index = index};
    e.number = cursor_varint64(&t->in);
    tell(t, e, at, depth);
    return e.number;
}

/* Length and bytes, in one entry. */
static void bytes(struct part *t, const char *name, int depth, int32_t index)
{
    size_t at = offset_of(t);
    struct kafka_trace_entry e = {.name = name, .type = "varint bytes", .index = index, .kind = KAFKA_TRACE_BYTES};
    int32_t n = cursor_varint32(&t->in);
    if (n < -1) cursor_fail(&t->in, ERR_CORRUPT);
    e.is_null = n < 0;
    e.bytes = n < 0 ? slice_of(NULL, 0) : cursor_slice(&t->in, (size_t)n);
    tell(t, e, at, depth);
}

static void record(struct part *t, int32_t index)
{
    size_t at = offset_of(t);
    struct kafka_trace_entry e = {.name = "record", .type = "varint", .index = index, .kind = KAFKA_TRACE_GROUP};
    e.number = cursor_varint32(&t->in);
    if (e.number < 0 || e.number > (int64_t)cursor_left(&t->in)) cursor_fail(&t->in, ERR_CORRUPT);
    tell(t, e, at, 1);
    if (t->in.error) return;
    const uint8_t *end = t->in.p + e.number;
    number(t, "attributes", "int8", 1, 2);
    varint(t, "timestamp_delta", 2, -1);
    varint(t, "offset_delta", 2, -1);
    bytes(t, "key", 2, -1);
    bytes(t, "value", 2, -1);
    int64_t headers = varint(t, "headers", 2, -1);
    for (int64_t i = 0; i < headers && !t->in.error; i++) {
        bytes(t, "header_key", 3, (int32_t)i);
        bytes(t, "header_value", 3, (int32_t)i);
    }
    if (!t->in.error && t->in.p != end) cursor_fail(&t->in, ERR_CORRUPT);
}

static void rest(struct part *t, const char *name, const char *type, int depth)
{
    size_t at = offset_of(t);
    struct kafka_trace_entry e = {.name = name, .type = type, .index = -1, .kind = KAFKA_TRACE_BYTES};
    if (cursor_left(&t->in) == 0) return;
    e.bytes = cursor_slice(&t->in, cursor_left(&t->in));
    tell(t, e, at, depth);
}

/* Damage among the records ends them: what is left of the batch is shown as it is. */
static int records(struct part *t, int32_t count)
{
    struct cursor before = t->in;
    for (int32_t i = 0; i < count && !t->in.error; i++) {
        before = t->in;
        record(t, i);
    }
    int error = t->in.error;
    if (!error && cursor_left(&t->in) > 0) error = ERR_CORRUPT;
    if (t->in.error) t->in = (struct cursor){before.p, before.end, 0};
    rest(t, "unreadable", "bytes", 1);
    return error;
}

static int compressed(struct part *t, struct slice batch, const struct batch_header *h)
{
    struct buf scratch = {0};
    struct slice payload;
    const char *codec = compression_name(batch_codec(h));
    rest(t, "records", codec ? codec : "unknown codec", 1);
    int error = batch_payload(batch, h, UNPACKED_MAX, &scratch, &payload);
    if (error == 0) {
        struct part inner = {.in = cursor_of(payload), .start = payload.p, .depth = t->depth, .unpacked = true};
        inner.each = t->each;
        inner.context = t->context;
        error = records(&inner, h->count);
    }
    buf_release(&scratch);
    return error;
}

/* The 61 bytes of batch_layout.h, and what is behind them. `in` is the whole batch. */
static int batch(struct part *t, struct slice in, int32_t index)
{
    struct batch_header h;
    struct kafka_trace_entry e = {.name = "batch", .type = "batch", .index = index, .kind = KAFKA_TRACE_GROUP};
    int error = batch_header_read(in, &h);
    e.number = (int64_t)in.n;
    tell(t, e, offset_of(t), 0);
    if (error) {
        rest(t, "unreadable", "bytes", 1);
        return error;
    }
    number(t, "base_offset", "int64", 8, 1);
    number(t, "length", "int32", 4, 1);
    number(t, "leader_epoch", "int32", 4, 1);
    number(t, "magic", "int8", 1, 1);
    number(t, "crc", "uint32", 4, 1);
    number(t, "attributes", "int16", 2, 1);
    number(t, "last_offset_delta", "int32", 4, 1);
    number(t, "base_timestamp", "int64", 8, 1);
    number(t, "max_timestamp", "int64", 8, 1);
    number(t, "producer_id", "int64", 8, 1);
    number(t, "producer_epoch", "int16", 2, 1);
    number(t, "base_sequence", "int32", 4, 1);
    number(t, "count", "int32", 4, 1);
    return batch_codec(&h) ? compressed(t, in, &h) : records(t, h.count);
}

int kafka_trace_batches(struct slice in, size_t offset, int depth, kafka_trace_fn *each, void *context)
{
    struct part t = {.start = in.p, .offset = offset, .depth = depth, .each = each, .context = context};
    int error = 0;
    for (int32_t i = 0; in.n > 0; i++) {
        int64_t size = batch_peek_size(in);
        bool whole = size > 0 && (uint64_t)size <= in.n;
        struct slice one = slice_of(in.p, whole ? (size_t)size : in.n);
        t.in = cursor_of(one);
        if (whole) {
            int status = batch(&t, one, i);
            if (!error) error = status;
        } else {
            rest(&t, size == ERR_CORRUPT ? "unreadable" : "cut_off", "bytes", 0);
        }
        in = slice_of(in.p + one.n, in.n - one.n);
    }
    return error;
}
