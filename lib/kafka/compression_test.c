#include "lib/kafka/compression.h"

#include "lib/base/random.h"
#include "lib/kafka/hex_test.h"

/* Text-like, random, and constant inputs around the sizes where blocks end. */
static void input(struct buf *out, int kind, size_t n)
{
    struct random r;
    random_seed(&r, n);
    buf_reset(out);
    for (size_t i = 0; i < n; i++)
        buf_append_byte(out, kind == 0 ? (uint8_t)("order line "[i % 11]) : kind == 1 ? (uint8_t)random_u64(&r) : 0);
}

static const size_t SIZES[] = {0, 1, 100, 32767, 32768, 32769, 65536, 65537, 300000};
enum { SIZE_COUNT = sizeof(SIZES) / sizeof(SIZES[0]) };

TEST(compression, both_ways_with_every_codec)
{
    struct buf in = {0}, packed = {0}, out = {0};
    for (int codec = COMPRESSION_NONE; codec <= COMPRESSION_ZSTD; codec++)
        for (int kind = 0; kind < 3; kind++)
            for (int i = 0; i < SIZE_COUNT; i++) {
                input(&in, kind, SIZES[i]);
                buf_reset(&packed);
                buf_reset(&out);
                buf_append_str(&out, "kept");
                check_int(compression_compress(codec, buf_slice(&in), &packed), 0);
                uint8_t *tight = tight_copy(buf_slice(&packed));
                check_int(compression_decompress(codec, slice_of(tight, packed.n), in.n, &out), 0);
                check_int(out.n, in.n + 4);
                check_mem(out.p, "kept", 4);
                if (in.n) check_mem(out.p + 4, in.p, in.n);
                free(tight);
                if (kind == 2 && in.n > 1000 && codec) check(packed.n < in.n / 10);
            }
    buf_release(&in);
    buf_release(&packed);
    buf_release(&out);
}

TEST(compression, output_is_bounded)
{
    struct buf in = {0}, packed = {0}, out = {0};
    for (int codec = COMPRESSION_NONE; codec <= COMPRESSION_ZSTD; codec++) {
        input(&in, 2, 300000);
        buf_reset(&packed);
        check_int(compression_compress(codec, buf_slice(&in), &packed), 0);
        check_int(compression_decompress(codec, buf_slice(&packed), 299999, &out), ERR_RANGE);
        check_int(compression_decompress(codec, buf_slice(&packed), 0, &out), ERR_RANGE);
        check_int(out.n, 0);
        check(out.capacity < 1000000);
    }
    buf_release(&in);
    buf_release(&packed);
    buf_release(&out);
}

TEST(compression, cut_and_damaged_input_is_an_error)
{
    struct buf in = {0}, packed = {0}, out = {0};
    for (int codec = COMPRESSION_GZIP; codec <= COMPRESSION_ZSTD; codec++) {
        input(&in, 0, 3000);
        buf_reset(&packed);
        check_int(compression_compress(codec, buf_slice(&in), &packed), 0);
        for (size_t n = 0; n < packed.n; n++) {
            /* Behind xerial's header stands a whole stream of no blocks. */
            if (codec == COMPRESSION_SNAPPY && n == 16) continue;
            uint8_t *tight = tight_copy(slice_of(packed.p, n));
            int err = compression_decompress(codec, slice_of(tight, n), 100000, &out);
            if (err != ERR_CORRUPT) unit_fail("%s: %zu of %zu bytes: %d", compression_name(codec), n, packed.n, err);
            free(tight);
        }
        packed.p[codec == COMPRESSION_SNAPPY ? 20 : 0] ^= 0x55;
        check(compression_decompress(codec, buf_slice(&packed), 10000, &out) < 0);
        check_int(out.n, 0);
    }
    buf_release(&in);
    buf_release(&packed);
    buf_release(&out);
}

/* gzip -n of "hello", and the same twice: members follow each other. */
TEST(compression, gzip_of_another_program)
{
    struct arena a = {0};
    struct buf out = {0};
    const char *member = "1f8b 0800 00000000 0003 cb48cdc9c907 0086a61036 05000000";
    struct buf twice = {0};
    buf_printf(&twice, "%s %s", member, member);
    check_int(compression_decompress(COMPRESSION_GZIP, hex(&a, member), 5, &out), 0);
    check_int(compression_decompress(COMPRESSION_GZIP, hex(&a, buf_cstr(&twice)), 10, &out), 0);
    check_str(buf_cstr(&out), "hellohellohello");
    buf_release(&twice);
    buf_release(&out);
    arena_release(&a);
}

/* One raw block, as librdkafka, Go and Python clients without xerial send it. */
TEST(compression, snappy_raw_block)
{
    struct arena a = {0};
    struct buf out = {0};
    check_int(compression_decompress(COMPRESSION_SNAPPY, hex(&a, "05 10 'hello'"), 5, &out), 0);
    check_str(buf_cstr(&out), "hello");
    buf_reset(&out);
    /* "aaaaaaaaaa": a literal and a copy of it */
    check_int(compression_decompress(COMPRESSION_SNAPPY, hex(&a, "0a 00 'a' 15 01"), 10, &out), 0);
    check_str(buf_cstr(&out), "aaaaaaaaaa");
    /* a claim of four gigabytes takes no memory */
    size_t capacity = out.capacity;
    check_int(compression_decompress(COMPRESSION_SNAPPY, hex(&a, "ffffffff0f 00 'a'"), 1u << 30, &out), ERR_RANGE);
    check_int(compression_decompress(COMPRESSION_SNAPPY, hex(&a, "ffffff7f 00 'a'"), 1u << 30, &out), ERR_CORRUPT);
    check_int(out.capacity, capacity);
    buf_release(&out);
    arena_release(&a);
}

/* The framing of snappy-java: two blocks behind its header. */
TEST(compression, snappy_xerial)
{
    struct arena a = {0};
    struct buf out = {0};
    const char *framed = "82'SNAPPY'00 00000001 00000001 00000007 05 10 'hello' 00000003 01 00 '!'";
    check_int(compression_decompress(COMPRESSION_SNAPPY, hex(&a, framed), 6, &out), 0);
    check_str(buf_cstr(&out), "hello!");
    check_int(compression_decompress(COMPRESSION_SNAPPY, hex(&a, framed), 5, &out), ERR_RANGE);
    buf_reset(&out);
    check_int(compression_compress(COMPRESSION_SNAPPY, SLICE_LIT("hello"), &out), 0);
    check_hex(&a, buf_slice(&out), "82'SNAPPY'00 00000001 00000001 00000007 05 10 'hello'");
    buf_release(&out);
    arena_release(&a);
}

TEST(compression, lz4_and_zstd_of_another_program)
{
    struct arena a = {0};
    struct buf out = {0};
    /* A block is stored where the top bit of its size is set; the zstd block is a raw one. */
    check_int(compression_decompress(COMPRESSION_LZ4, hex(&a, "04224d18 60 40 82 05000080 'hello' 00000000"), 5, &out),
              0);
    check_int(compression_decompress(COMPRESSION_ZSTD, hex(&a, "28b52ffd 20 05 290000 'hello'"), 5, &out), 0);
    check_str(buf_cstr(&out), "hellohello");
    /* a wrong header checksum, which old clients sent in message formats 0 and 1 only */
    check_int(compression_decompress(COMPRESSION_LZ4, hex(&a, "04224d18 60 40 83 05000080 'hello' 00000000"), 5, &out),
              ERR_CORRUPT);
    buf_release(&out);
    arena_release(&a);
}

/* More effort is not larger on text that repeats itself, and every level of Kafka's ranges can be read back. */
TEST(compression, levels)
{
    static const int levels[][3] = {{COMPRESSION_GZIP, 1, 9}, {COMPRESSION_LZ4, 9, 12}, {COMPRESSION_ZSTD, 1, 19}};
    struct buf text = {0};
    for (int i = 0; i < 3000; i++) buf_printf(&text, "order %d of customer %d;", i * 7919 % 1009, i * 31 % 97);
    for (int c = 0; c < 3; c++) {
        size_t sizes[2];
        for (int k = 0; k < 2; k++) {
            struct buf packed = {0}, back = {0};
            check_int(compression_compress_level(levels[c][0], levels[c][1 + k], buf_slice(&text), &packed), 0);
            check_int(compression_decompress(levels[c][0], buf_slice(&packed), text.n, &back), 0);
            check(slice_equal(buf_slice(&back), buf_slice(&text)));
            sizes[k] = packed.n;
            buf_release(&packed);
            buf_release(&back);
        }
        check(sizes[1] < sizes[0]);
    }
    static const int ends[][2] = {{COMPRESSION_GZIP, -1},      {COMPRESSION_LZ4, 1},   {COMPRESSION_LZ4, 17},
                                  {COMPRESSION_ZSTD, -131072}, {COMPRESSION_ZSTD, 22}, {COMPRESSION_SNAPPY, 5}};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        struct buf packed = {0}, back = {0};
        check_int(compression_compress_level(ends[i][0], ends[i][1], buf_slice(&text), &packed), 0);
        check_int(compression_decompress(ends[i][0], buf_slice(&packed), text.n, &back), 0);
        buf_release(&packed);
        buf_release(&back);
    }
    buf_release(&text);
}

TEST(compression, names)
{
    check_str(compression_name(COMPRESSION_NONE), "none");
    check_str(compression_name(COMPRESSION_ZSTD), "zstd");
    check(compression_name(5) == NULL && compression_name(-1) == NULL);
    struct buf out = {0};
    check_int(compression_compress(5, SLICE_LIT("x"), &out), ERR_UNSUPPORTED);
    check_int(compression_decompress(7, SLICE_LIT("x"), 9, &out), ERR_UNSUPPORTED);
    buf_release(&out);
}
