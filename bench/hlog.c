#include "bench/hlog.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "lib/base/memory.h"
#include "lib/kafka/varint.h"

/* An encoding: cookie, length of what follows the head, three int32 and three 64-bit fields, then the counts. */
enum { HEAD = 40, DIGITS = 3, COUNT_SIZE_MAX = 9, PLAIN_MAX = HEAD + HISTOGRAM_BUCKETS * COUNT_SIZE_MAX };
#define COOKIE_PLAIN    UINT32_C(0x1c849313)
#define COOKIE_DEFLATED UINT32_C(0x1c849314)
#define VALUE_MAX       ((UINT64_C(1) << HISTOGRAM_BITS) - 1)
#define ONE_AS_DOUBLE   UINT64_C(0x3ff0000000000000) /* the factor from integers to values: 1.0 */

/* --- counts --- */

/* Seven bits a byte, low ones first; a ninth byte has all eight. */
static void count_append(struct buf *out, int64_t count)
{
    uint64_t v = varint_zigzag(count);
    for (int i = 0; i < COUNT_SIZE_MAX - 1 && v > 0x7f; i++, v >>= 7) buf_append_byte(out, (uint8_t)(v | 0x80));
    buf_append_byte(out, (uint8_t)v);
}

/* Takes a count from the front of `in`; false when it ends too early. */
static bool count_take(struct slice *in, int64_t *count)
{
    uint64_t v = 0;
    for (int i = 0; i < COUNT_SIZE_MAX && in->n > 0; i++) {
        uint8_t byte = *in->p;
        *in = slice_of(in->p + 1, in->n - 1);
        bool last = i == COUNT_SIZE_MAX - 1;
        v |= (uint64_t)(last ? byte : byte & 0x7f) << (7 * i);
        if (!last && byte & 0x80) continue;
        *count = varint_unzigzag(v);
        return true;
    }
    return false;
}

static void plain_append(const struct histogram *h, struct buf *out)
{
    buf_put_u32(out, COOKIE_PLAIN);
    buf_put_u32(out, 0); /* the length, below */
    buf_put_u32(out, 0); /* no normalizing offset */
    buf_put_u32(out, DIGITS);
    buf_put_u64(out, 1); /* lowest value to tell apart */
    buf_put_u64(out, VALUE_MAX);
    buf_put_u64(out, ONE_AS_DOUBLE);
    int64_t empty = 0;
    for (uint32_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
        if (h->counts[i] == 0) {
            empty++;
            continue;
        }
        if (empty > 0) count_append(out, -empty);
        empty = 0;
        count_append(out, (int64_t)h->counts[i]);
    }
    put_u32be(out->p + 4, (uint32_t)(out->n - HEAD));
}

static int plain_take(struct slice in, struct histogram *h, struct err_text *error)
{
    if (in.n < HEAD || get_u32be(in.p) != COOKIE_PLAIN) return err_set(error, ERR_CORRUPT, "no V2 histogram");
    if (get_u32be(in.p + 4) != in.n - HEAD) return err_set(error, ERR_CORRUPT, "a V2 histogram of another length");
    if (get_u32be(in.p + 8) != 0 || get_u32be(in.p + 12) != DIGITS || get_u64be(in.p + 16) != 1 ||
        get_u64be(in.p + 32) != ONE_AS_DOUBLE)
        return err_set(error, ERR_CORRUPT, "not a histogram of integers from 1 up, with three digits");
    int64_t count, bucket = 0;
    for (in = slice_of(in.p + HEAD, in.n - HEAD); in.n > 0;) {
        if (!count_take(&in, &count)) return err_set(error, ERR_CORRUPT, "a count is cut");
        int64_t left = HISTOGRAM_BUCKETS - bucket;
        if (count < 0 ? count < -left : left == 0) return err_set(error, ERR_CORRUPT, "more buckets than fit");
        if (count > 0) histogram_record_count(h, histogram_bucket_upper((uint32_t)bucket), (uint64_t)count);
        bucket += count < 0 ? -count : 1;
    }
    return 0;
}

/* --- deflated, as text --- */

void hlog_encode(const struct histogram *h, struct buf *text)
{
    struct buf plain = {0}, packed = {0};
    plain_append(h, &plain);
    uLongf n = compressBound((uLong)plain.n);
    buf_put_u32(&packed, COOKIE_DEFLATED);
    buf_put_u32(&packed, 0);
    compress(buf_reserve(&packed, n), &n, plain.p, (uLong)plain.n); /* cannot fail: the room is compressBound's */
    put_u32be(packed.p + 4, (uint32_t)n);
    packed.n += n;
    text->n += (size_t)EVP_EncodeBlock(buf_reserve(text, packed.n / 3 * 4 + 5), packed.p, (int)packed.n);
    buf_release(&plain);
    buf_release(&packed);
}

static int packed_take(struct slice packed, struct histogram *h, struct err_text *error)
{
    if (packed.n < 8 || get_u32be(packed.p) != COOKIE_DEFLATED || get_u32be(packed.p + 4) > packed.n - 8)
        return err_set(error, ERR_CORRUPT, "no deflated V2 histogram");
    uLongf n = PLAIN_MAX;
    uint8_t *plain = memory_new(n);
    int rc = uncompress(plain, &n, packed.p + 8, get_u32be(packed.p + 4)) == Z_OK
                 ? plain_take(slice_of(plain, n), h, error)
                 : err_set(error, ERR_CORRUPT, "a histogram that cannot be inflated");
    free(plain);
    return rc;
}

int hlog_decode(struct slice text, struct histogram *h, struct err_text *error)
{
    if (text.n == 0 || text.n % 4 != 0 || text.n > 2 * PLAIN_MAX)
        return err_set(error, ERR_CORRUPT, "no base64: %zu characters", text.n);
    struct buf packed = {0};
    int n = EVP_DecodeBlock(buf_reserve(&packed, text.n), text.p, (int)text.n);
    /* The library counts the padding's bytes as zeros; deflate ends by itself and the length is in the head. */
    int rc = n < 0 ? err_set(error, ERR_CORRUPT, "no base64") : packed_take(slice_of(packed.p, (size_t)n), h, error);
    buf_release(&packed);
    return rc;
}

/* --- logs --- */

void hlog_begin(struct buf *out, double start_s)
{
    buf_printf(out,
               "#[Histogram log format version 1.3]\n#[StartTime: %.3f (seconds since epoch)]\n"
               "\"StartTimestamp\",\"Interval_Length\",\"Interval_Max\",\"HdrHistogram\"\n",
               start_s);
}

void hlog_append(struct buf *out, const char *tag, double from_s, double length_s, const struct histogram *h)
{
    buf_printf(out, "Tag=%s,%.3f,%.3f,%.6f,", tag, from_s, length_s, (double)h->max / 1e6);
    hlog_encode(h, out);
    buf_append_byte(out, '\n');
}

/* The text behind the third comma of a line with this tag; empty for other lines. */
static struct slice line_histogram(struct slice line, const char *tag)
{
    char start[HLOG_TAG_MAX + 8];
    int n = snprintf(start, sizeof start, "Tag=%s,", tag);
    if (line.n < (size_t)n || memcmp(line.p, start, (size_t)n) != 0) return (struct slice){0};
    const uint8_t *at = line.p + n, *end = line.p + line.n;
    for (int commas = 0; at < end && commas < 3; at++) commas += *at == ',';
    return slice_of(at, (size_t)(end - at));
}

int hlog_read(struct slice log, const char *tag, struct histogram *h, struct err_text *error)
{
    int found = 0, number = 1;
    for (const uint8_t *at = log.p, *end = log.p + log.n; at < end; number++) {
        const uint8_t *stop = memchr(at, '\n', (size_t)(end - at));
        struct slice line = slice_of(at, (size_t)((stop ? stop : end) - at));
        struct slice text = line_histogram(line, tag);
        struct err_text why = {0};
        if (text.p) {
            int rc = hlog_decode(text, h, &why);
            if (rc < 0) return err_set(error, rc, "line %d, tag %s: %s", number, tag, why.text);
            found++;
        }
        at = line.p + line.n + 1;
    }
    return found;
}
