/* compression.h - the four codecs of a record batch, whole buffers in and out.
 *
 *     codec    as clients send it
 *     gzip     one or more gzip members (RFC 1952)
 *     snappy   Java and librdkafka: xerial blocks, a header and int32-sized chunks; others: one raw block.
 *              Both are read, xerial is written
 *     lz4      an LZ4 frame with a correct header checksum (magic 2 has no other form)
 *     zstd     one or more zstd frames
 *
 * What a decompressor may write is bounded by the caller: a small batch can claim gigabytes. */
#ifndef MILLRACE_KAFKA_COMPRESSION_H
#define MILLRACE_KAFKA_COMPRESSION_H

#include "lib/base/bytes.h"
#include "lib/base/err.h"

/* The low three bits of a batch's attributes. */
enum compression {
    COMPRESSION_NONE = 0,
    COMPRESSION_GZIP = 1,
    COMPRESSION_SNAPPY = 2,
    COMPRESSION_LZ4 = 3,
    COMPRESSION_ZSTD = 4,
};

/* "none", "gzip", ...; NULL for a number that is none. */
const char *compression_name(int codec);

/* Appends `in`, decompressed, to `out`. ERR_CORRUPT for damaged or truncated input, ERR_RANGE when more than
 * `max` bytes would come out, ERR_UNSUPPORTED for an unknown codec. `out` is as before on error. */
int compression_decompress(int codec, struct slice in, size_t max, struct buf *out);
/* Appends `in`, compressed, to `out`. `level` is Kafka's (compression.gzip.level, ...): gzip -1 (zlib's choice) to 9,
 * lz4 1 to 17, of which 9 is the fast compressor and the others the thorough one, zstd as in its library; codecs
 * without levels ignore it. */
int compression_compress_level(int codec, int level, struct slice in, struct buf *out);
/* What Kafka takes where nobody says: -1, 9, 3. */
int compression_level_default(int codec);
/* The same at that level. */
int compression_compress(int codec, struct slice in, struct buf *out);

#endif
