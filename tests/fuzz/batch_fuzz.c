/* batch_fuzz - a record batch as a producer sends it or a disk gives it back.
 *
 * The crc and the length are put right first, for no fuzzer guesses them; the fields are left alone. Records
 * that are read are built again and must read the same. */
#include <assert.h>
#include <string.h>

#include "lib/base/checksum.h"
#include "lib/kafka/batch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PAYLOAD_MAX = 1 << 20, HEADERS_MAX = 64 };

static bool bytes_equal(struct kafka_bytes a, struct kafka_bytes b)
{
    return a.n == b.n && (a.n <= 0 || memcmp(a.p, b.p, (size_t)a.n) == 0);
}

/* Returns false when a record has more headers than are kept here. */
static bool copy_record(struct batch_builder *b, const struct batch_header *h, const struct batch_record *r)
{
    struct batch_record_header headers[HEADERS_MAX];
    struct slice rest = r->headers;
    int32_t n = 0;
    if (r->header_count > HEADERS_MAX) return false;
    while (batch_record_header_next(&rest, &headers[n])) n++;
    assert(n == r->header_count && rest.n == 0);
    batch_builder_add_at(b, (int32_t)(r->offset - h->base_offset), r->timestamp, r->key, r->value, headers, n);
    return true;
}

static void check_same(struct slice built, const struct batch_header *h, struct slice payload)
{
    struct batch_header again;
    struct batch_records x, y;
    struct batch_record r, s;
    int err = batch_check(built, &again);
    assert(!err);
    again.base_offset = h->base_offset;
    batch_records_init(&x, h, payload);
    batch_records_init(&y, &again, slice_of(built.p + BATCH_HEADER_SIZE, built.n - BATCH_HEADER_SIZE));
    while (batch_records_next(&x, &r) == 1) {
        int more = batch_records_next(&y, &s);
        assert(more == 1 && r.offset == s.offset && r.timestamp == s.timestamp);
        assert(bytes_equal(r.key, s.key) && bytes_equal(r.value, s.value) && r.header_count == s.header_count);
    }
    int end = batch_records_next(&y, &s);
    assert(end == 0);
}

static void read_records(const struct batch_header *h, struct slice payload)
{
    struct batch_options o = BATCH_OPTIONS_PLAIN;
    struct batch_builder b;
    struct batch_records it;
    struct batch_record r;
    struct buf out = {0};
    batch_builder_init(&b, &o);
    batch_records_init(&it, h, payload);
    bool whole = true;
    int more;
    while ((more = batch_records_next(&it, &r)) == 1) whole = copy_record(&b, h, &r) && whole;
    if (more == 0 && whole && b.count > 0) {
        int err = batch_builder_finish(&b, &out);
        assert(!err);
        check_same(buf_slice(&out), h, payload);
    }
    buf_release(&out);
    batch_builder_release(&b);
}

static void read_batch(uint8_t *p, size_t n)
{
    struct batch_header h;
    struct buf scratch = {0};
    struct slice in = slice_of(p, n), payload;
    batch_check_produced(in, &h);
    if (batch_check(in, &h)) return;
    if (batch_payload(in, &h, PAYLOAD_MAX, &scratch, &payload) == 0) read_records(&h, payload);
    buf_release(&scratch);
    batch_stamp(p, 7, 3);
    batch_stamp_log_append_time(p, n, 12345);
    int err = batch_check(in, &h);
    assert(!err && h.base_offset == 7 && h.leader_epoch == 3 && h.max_timestamp == 12345);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    batch_peek_size(slice_of(data, size));
    struct buf copy = {0};
    buf_append(&copy, data, size);
    if (size >= BATCH_HEADER_SIZE) {
        put_u32be(copy.p + 8, (uint32_t)(size - BATCH_LOG_OVERHEAD));
        put_u32be(copy.p + 17, crc32c(0, copy.p + 21, size - 21));
        read_batch(copy.p, size);
    }
    buf_release(&copy);
    return 0;
}
