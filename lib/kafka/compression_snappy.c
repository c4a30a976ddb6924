/* Snappy as Kafka's clients send it.
 *
 *     xerial (snappy-java's SnappyOutputStream, the Java client; librdkafka reads both, writes raw):
 *
 *     offset  size  field
 *          0     8  magic 82 'S' 'N' 'A' 'P' 'P' 'Y' 00
 *          8     4  version 1
 *         12     4  lowest compatible version 1
 *         16     4  n, then n bytes: a raw snappy block of at most 32 KiB of input; repeated to the end
 *
 *     A raw block starts with its uncompressed length as a varint. 0x82 'S' would be the length 10626 with a
 *     next tag 'N', so a raw block could in theory look like the magic; seven more fixed bytes rule it out. */
#include "lib/kafka/compression_snappy.h"

#include <snappy-c.h>
#include <string.h>

static const uint8_t XERIAL_HEADER[16] = {0x82, 'S', 'N', 'A', 'P', 'P', 'Y', 0, 0, 0, 0, 1, 0, 0, 0, 1};
enum { XERIAL_MAGIC_SIZE = 8, XERIAL_BLOCK_SIZE = 32 * 1024 };

static int raw_decompress(struct slice in, size_t *left, struct buf *out)
{
    const char *from = (const char *)in.p;
    size_t n = 0;
    if (snappy_uncompressed_length(from, in.n, &n) != SNAPPY_OK) return ERR_CORRUPT;
    if (n > *left) return ERR_RANGE;
    /* Looked at before memory is taken for what it claims. */
    if (snappy_validate_compressed_buffer(from, in.n) != SNAPPY_OK) return ERR_CORRUPT;
    if (snappy_uncompress(from, in.n, (char *)buf_reserve(out, n), &n) != SNAPPY_OK) return ERR_CORRUPT;
    *left -= n;
    out->n += n;
    return 0;
}

static int xerial_decompress(struct slice in, size_t left, struct buf *out)
{
    while (in.n > 0) {
        if (in.n < 4) return ERR_CORRUPT;
        size_t n = get_u32be(in.p);
        if (n > in.n - 4) return ERR_CORRUPT;
        int err = raw_decompress(slice_of(in.p + 4, n), &left, out);
        if (err) return err;
        in = slice_of(in.p + 4 + n, in.n - 4 - n);
    }
    return 0;
}

int snappy_decompress(struct slice in, size_t max, struct buf *out)
{
    if (in.n < sizeof(XERIAL_HEADER) || memcmp(in.p, XERIAL_HEADER, XERIAL_MAGIC_SIZE) != 0)
        return raw_decompress(in, &max, out);
    return xerial_decompress(slice_of(in.p + sizeof(XERIAL_HEADER), in.n - sizeof(XERIAL_HEADER)), max, out);
}

static int block_compress(struct slice in, struct buf *out)
{
    size_t n = snappy_max_compressed_length(in.n);
    uint8_t *to = buf_reserve(out, 4 + n);
    if (snappy_compress((const char *)in.p, in.n, (char *)to + 4, &n) != SNAPPY_OK) return ERR_NOMEM;
    put_u32be(to, (uint32_t)n);
    out->n += 4 + n;
    return 0;
}

int snappy_xerial_compress(struct slice in, struct buf *out)
{
    buf_append(out, XERIAL_HEADER, sizeof(XERIAL_HEADER));
    while (in.n > 0) {
        size_t n = in.n < XERIAL_BLOCK_SIZE ? in.n : XERIAL_BLOCK_SIZE;
        int err = block_compress(slice_of(in.p, n), out);
        if (err) return err;
        in = slice_of(in.p + n, in.n - n);
    }
    return 0;
}
