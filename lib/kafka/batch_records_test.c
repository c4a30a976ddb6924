/* Records are read in two ways, by how common they are (batch_records.c): here both are held to a third, which reads
 * one integer after the other. */
#include "lib/base/random.h"
#include "lib/kafka/batch.h"
#include "lib/kafka/cursor.h"

#include "tests/unit.h"

/* What batch.h says a record is. The value of batch_records_next: 1, 0 or negative. */
static int plain_next(struct cursor *c, const struct batch_header *h, int32_t *index, int32_t *last,
                      struct batch_record *out)
{
    if (*index == h->count) return cursor_left(c) == 0 ? 0 : ERR_CORRUPT;
    int32_t size = cursor_varint32(c);
    if (size < 0) return ERR_CORRUPT;
    struct cursor r = cursor_of(cursor_slice(c, (size_t)size));
    cursor_u8(&r);
    out->timestamp = (int64_t)((uint64_t)h->base_timestamp + (uint64_t)cursor_varint64(&r));
    int32_t delta = cursor_varint32(&r);
    if (delta <= *last || delta > h->last_offset_delta) return ERR_CORRUPT;
    out->offset = h->base_offset + delta;
    *last = delta;
    int32_t pairs = 0;
    for (int i = 0; i < 2 + 2 * pairs; i++) {
        int32_t n = cursor_varint32(&r);
        struct slice bytes = cursor_slice(&r, n > 0 ? (size_t)n : 0);
        if (n < -1 || (i > 1 && i % 2 == 0 && n < 0)) return ERR_CORRUPT;
        if (i == 0) out->key = (struct kafka_bytes){bytes.p, n};
        if (i == 1) {
            out->value = (struct kafka_bytes){bytes.p, n};
            out->header_count = pairs = cursor_varint32(&r);
            if (pairs < 0 || pairs > 1000) return ERR_CORRUPT;
        }
    }
    if (c->error || r.error || cursor_left(&r) > 0) return ERR_CORRUPT;
    ++*index;
    return 1;
}

static bool bytes_alike(struct kafka_bytes a, struct kafka_bytes b)
{
    return a.n == b.n && (a.n <= 0 || a.p == b.p);
}

/* Both to the end or to the first record that is none. Returns how many there were. */
static int read_alike(const struct batch_header *h, struct slice payload)
{
    struct batch_records it;
    struct batch_record a = {0}, b = {0};
    struct cursor c = cursor_of(payload);
    int32_t index = 0, last = -1;
    batch_records_init(&it, h, payload);
    for (;;) {
        int ours = batch_records_next(&it, &a), plain = plain_next(&c, h, &index, &last, &b);
        check_int(ours < 0 ? -1 : ours, plain < 0 ? -1 : plain);
        if (ours != 1 || plain != 1) return index;
        check_int(a.offset, b.offset);
        check_int(a.timestamp, b.timestamp);
        check_int(a.header_count, b.header_count);
        check(bytes_alike(a.key, b.key) && bytes_alike(a.value, b.value));
    }
}

static uint8_t filler[70000];

static struct kafka_bytes some_bytes(struct random *r)
{
    static const int32_t sizes[] = {-1, 0, 1, 2, 62, 63, 64, 65, 127, 128, 8190, 8191, 8192, 8193, 65536};
    int32_t n = sizes[random_below(r, random_chance(r, 1, 20) ? 15 : 9)];
    return n < 0 ? KAFKA_BYTES_NULL : (struct kafka_bytes){filler, n};
}

static void batch_of(struct random *r, int count, struct buf *out, struct batch_header *h)
{
    struct batch_options options = BATCH_OPTIONS_PLAIN;
    struct batch_builder b;
    struct batch_record_header header = {KAFKA_STRING_LIT("h"), KAFKA_BYTES_NULL};
    options.base_offset = 1000;
    batch_builder_init(&b, &options);
    for (int i = 0; i < count; i++) {
        int64_t time = (int64_t)random_below(r, random_chance(r, 1, 10) ? (uint64_t)1 << 40 : 300);
        batch_builder_add(&b, time, some_bytes(r), some_bytes(r), &header, random_chance(r, 1, 8));
    }
    check_int(batch_builder_finish(&b, out), 0);
    check_int(batch_check(buf_slice(out), h), 0);
    batch_builder_release(&b);
}

TEST(batch_records, the_common_and_the_uncommon_are_read_alike)
{
    struct random r;
    random_seed(&r, 1);
    for (int round = 0; round < 200; round++) {
        struct buf batch = {0};
        struct batch_header h;
        int count = 1 + (int)random_below(&r, 40);
        batch_of(&r, count, &batch, &h);
        check_int(read_alike(&h, slice_of(batch.p + BATCH_HEADER_SIZE, batch.n - BATCH_HEADER_SIZE)), count);
        buf_release(&batch);
    }
}

TEST(batch_records, nothing_is_read_that_does_not_parse)
{
    struct random r;
    random_seed(&r, 2);
    for (int round = 0; round < 300; round++) {
        struct buf batch = {0};
        struct batch_header h;
        batch_of(&r, 1 + (int)random_below(&r, 6), &batch, &h);
        uint8_t *records = batch.p + BATCH_HEADER_SIZE;
        size_t n = batch.n - BATCH_HEADER_SIZE;
        for (int k = 0; k < 100; k++) {
            size_t at = random_below(&r, n < 300 ? n : 300);
            uint8_t before = records[at];
            records[at] =
                random_chance(&r, 1, 2) ? (uint8_t)random_u64(&r) : (uint8_t)(before + 2 - random_below(&r, 5));
            size_t cut = random_chance(&r, 1, 4) ? random_below(&r, n) : n;
            uint8_t *exact = memcpy(malloc(cut + 1), records, cut); /* so that a sanitizer sees the end */
            read_alike(&h, slice_of(exact, cut));
            free(exact);
            records[at] = before;
        }
        buf_release(&batch);
    }
}
