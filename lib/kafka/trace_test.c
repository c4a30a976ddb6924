/* Batches field by field: where each stands, what it says, and what comes out of a compressed one. */
#include "lib/kafka/trace.h"

#include "lib/kafka/batch.h"
#include "tests/unit.h"

enum { ENTRIES_MAX = 256 };

struct told {
    struct kafka_trace_entry e[ENTRIES_MAX];
    int count;
    struct buf values; /* of entries named "value", a comma behind each */
};

static void collect(void *context, const struct kafka_trace_entry *e)
{
    struct told *t = context;
    check(t->count < ENTRIES_MAX);
    t->e[t->count++] = *e;
    if (strcmp(e->name, "value") != 0) return;
    buf_append_slice(&t->values, e->bytes); /* unpacked bytes are gone afterwards */
    buf_append_byte(&t->values, ',');
}

static void batch(int codec, int records, struct buf *out)
{
    struct batch_builder b;
    struct batch_options o = BATCH_OPTIONS_PLAIN;
    const struct batch_record_header header = {KAFKA_STRING_LIT("h"), KAFKA_BYTES_NULL};
    o.codec = codec;
    batch_builder_init(&b, &o);
    for (int i = 0; i < records; i++) {
        char value[8];
        int n = snprintf(value, sizeof value, "v%d", i);
        batch_builder_add(&b, 1000 + i, KAFKA_BYTES_NULL, (struct kafka_bytes){(uint8_t *)value, n}, &header, 1);
    }
    check_int(batch_builder_finish(&b, out), 0);
    batch_builder_release(&b);
}

static const struct kafka_trace_entry *named(const struct told *t, const char *name)
{
    for (int i = 0; i < t->count; i++)
        if (strcmp(t->e[i].name, name) == 0) return &t->e[i];
    unit_fail("no entry %s", name);
    return NULL;
}

/* The entries of the frame, and those of what was unpacked, stand behind one another. */
static void check_tiles(const struct told *t, size_t offset, size_t size)
{
    size_t end = offset, unpacked = 0;
    for (int i = 0; i < t->count; i++) {
        size_t *at = t->e[i].unpacked ? &unpacked : &end;
        if (!t->e[i].unpacked) unpacked = 0;
        check_int(t->e[i].offset, *at);
        *at += t->e[i].size;
    }
    check_int(end, offset + size);
}

static void check_codec(int codec)
{
    struct told t = {0};
    struct buf bytes = {0};
    batch(codec, 3, &bytes);
    size_t one = bytes.n;
    batch(codec, 2, &bytes);
    check_int(kafka_trace_batches(buf_slice(&bytes), 50, 1, collect, &t), 0);
    check_tiles(&t, 50, bytes.n);
    check_str(buf_cstr(&t.values), "v0,v1,v2,v0,v1,");
    check_int(named(&t, "count")->number, 3);
    check_int(named(&t, "count")->offset, 50 + 57);
    check_int(named(&t, "base_timestamp")->number, 1000);
    check_int(named(&t, "batch")->number, one);
    check_int(named(&t, "record")->unpacked, codec != 0);
    check_int(named(&t, "header_value")->is_null, 1);
    buf_release(&t.values);
    buf_release(&bytes);
}

TEST(trace, batches_of_every_codec)
{
    for (int codec = 0; codec <= 4; codec++) check_codec(codec);
}

TEST(trace, a_batch_that_is_cut_off)
{
    struct told t = {0};
    struct buf bytes = {0};
    batch(0, 3, &bytes);
    size_t whole = bytes.n;
    batch(0, 2, &bytes);
    check_int(kafka_trace_batches(slice_of(bytes.p, bytes.n - 1), 0, 0, collect, &t), 0);
    check_tiles(&t, 0, bytes.n - 1);
    check_int(named(&t, "cut_off")->offset, whole);
    buf_release(&t.values);
    buf_release(&bytes);
}

TEST(trace, damage_in_a_record)
{
    struct told t = {0};
    struct buf bytes = {0};
    batch(0, 3, &bytes);
    bytes.p[BATCH_HEADER_SIZE] = 0x7f; /* the first record claims 63 bytes less than none */
    check_int(kafka_trace_batches(buf_slice(&bytes), 0, 0, collect, &t), ERR_CORRUPT);
    check_tiles(&t, 0, bytes.n);
    check_int(named(&t, "unreadable")->offset, BATCH_HEADER_SIZE);
    buf_release(&t.values);
    buf_release(&bytes);
}

/* Found by tap_fuzz. */
TEST(trace, a_codec_that_does_not_exist)
{
    struct told t = {0};
    struct buf bytes = {0};
    batch(0, 3, &bytes);
    bytes.p[22] = 5;
    check(kafka_trace_batches(buf_slice(&bytes), 0, 0, collect, &t) != 0);
    check_tiles(&t, 0, bytes.n);
    check_str(named(&t, "records")->type, "unknown codec");
    buf_release(&t.values);
    buf_release(&bytes);
}

TEST(trace, an_api_that_is_not_described)
{
    struct told t = {0};
    check_int(kafka_trace_request(SLICE_LIT("\0\0\0\x0c\0\x11\0\1\0\0\0\x09\xff\xff\1\2"), collect, &t),
              ERR_UNSUPPORTED);
    check_tiles(&t, 0, 16);
    check_int(named(&t, "body")->bytes.n, 2);
}
