/* gzip, lz4 and zstd through their libraries' streaming interfaces, so that a frame's claim about its size is
 * never believed; snappy is in compression_snappy.c. */
#include "lib/kafka/compression.h"

#include <limits.h>
#include <lz4frame.h>
#include <zlib.h>
#include <zstd.h>

#include "lib/kafka/compression_snappy.h"

static const char *const NAMES[] = {"none", "gzip", "snappy", "lz4", "zstd"};
enum { CODECS = sizeof(NAMES) / sizeof(NAMES[0]) };
/* Output grows by this much at a time. */
enum { STEP = 64 * 1024 };
enum { LZ4_LEVEL_FAST = 9 };

const char *compression_name(int codec)
{
    return codec >= 0 && codec < CODECS ? NAMES[codec] : NULL;
}

/* Room for the next step, one byte more than `left` at most: that byte shows that the bound is broken. */
static size_t step_size(size_t left)
{
    return left < STEP ? left + 1 : STEP;
}

/* Counts what a step wrote against the bound. */
static int step_taken(struct buf *out, size_t wrote, size_t *left)
{
    if (wrote > *left) return ERR_RANGE;
    *left -= wrote;
    out->n += wrote;
    return 0;
}

enum { GZIP_WINDOW = 15 + 16 }; /* zlib: the largest window, gzip wrapping */

static int gzip_inflate(z_stream *z, size_t left, struct buf *out)
{
    for (;;) {
        size_t room = step_size(left);
        z->next_out = buf_reserve(out, room);
        z->avail_out = (uInt)room;
        int rc = inflate(z, Z_NO_FLUSH);
        int err = step_taken(out, room - z->avail_out, &left);
        if (err) return err;
        if (rc == Z_STREAM_END && z->avail_in == 0) return 0;
        if (rc == Z_STREAM_END && inflateReset(z) == Z_OK) continue; /* another member follows */
        if (rc != Z_OK) return ERR_CORRUPT;                          /* Z_BUF_ERROR: the input ends too early */
    }
}

static int gzip_decompress(struct slice in, size_t max, struct buf *out)
{
    z_stream z = {.next_in = (Bytef *)in.p, .avail_in = (uInt)in.n};
    if (inflateInit2(&z, GZIP_WINDOW) != Z_OK) return ERR_NOMEM;
    int err = gzip_inflate(&z, max, out);
    inflateEnd(&z);
    return err;
}

static int gzip_compress(int level, struct slice in, struct buf *out)
{
    z_stream z = {.next_in = (Bytef *)in.p, .avail_in = (uInt)in.n};
    if (deflateInit2(&z, level, Z_DEFLATED, GZIP_WINDOW, 8, Z_DEFAULT_STRATEGY) != Z_OK) return ERR_NOMEM;
    size_t room = deflateBound(&z, in.n);
    z.next_out = buf_reserve(out, room);
    z.avail_out = (uInt)room;
    int rc = deflate(&z, Z_FINISH);
    out->n += room - z.avail_out;
    deflateEnd(&z);
    return rc == Z_STREAM_END ? 0 : ERR_NOMEM;
}

static int lz4_frames(LZ4F_dctx *context, struct slice in, size_t left, struct buf *out)
{
    size_t hint = 1; /* 0: a frame has ended */
    while (in.n > 0 || hint != 0) {
        size_t room = step_size(left), wrote = room, read = in.n;
        uint8_t *to = buf_reserve(out, room);
        hint = LZ4F_decompress(context, to, &wrote, in.p, &read, NULL);
        if (LZ4F_isError(hint)) return ERR_CORRUPT;
        int err = step_taken(out, wrote, &left);
        if (err) return err;
        if (read == 0 && wrote == 0) return ERR_CORRUPT; /* the input ends inside of a frame */
        in = slice_of(in.p + read, in.n - read);
    }
    return 0;
}

static int lz4_decompress(struct slice in, size_t max, struct buf *out)
{
    LZ4F_dctx *context;
    if (LZ4F_isError(LZ4F_createDecompressionContext(&context, LZ4F_VERSION))) return ERR_NOMEM;
    int err = lz4_frames(context, in, max, out);
    LZ4F_freeDecompressionContext(context);
    return err;
}

/* Java's library has its thorough compressor at every level but 9, where Kafka takes the fast one. */
static int lz4_compress(int level, struct slice in, struct buf *out)
{
    /* Independent blocks of 64 KiB without a content size: what the Java client writes and can read. */
    LZ4F_preferences_t preferences = {.frameInfo = {.blockSizeID = LZ4F_max64KB, .blockMode = LZ4F_blockIndependent},
                                      .compressionLevel = level == LZ4_LEVEL_FAST ? 0 : level};
    size_t room = LZ4F_compressFrameBound(in.n, &preferences);
    size_t n = LZ4F_compressFrame(buf_reserve(out, room), room, in.p, in.n, &preferences);
    if (LZ4F_isError(n)) return ERR_NOMEM;
    out->n += n;
    return 0;
}

static int zstd_frames(ZSTD_DStream *stream, struct slice in, size_t left, struct buf *out)
{
    ZSTD_inBuffer from = {in.p, in.n, 0};
    size_t hint = 1; /* 0: a frame has ended and all of it is written */
    while (from.pos < from.size || hint != 0) {
        size_t read = from.pos;
        ZSTD_outBuffer to = {NULL, step_size(left), 0};
        to.dst = buf_reserve(out, to.size);
        hint = ZSTD_decompressStream(stream, &to, &from);
        if (ZSTD_isError(hint)) return ERR_CORRUPT;
        int err = step_taken(out, to.pos, &left);
        if (err) return err;
        if (from.pos == read && to.pos == 0) return ERR_CORRUPT;
    }
    return 0;
}

/* A frame may ask for a window of gigabytes; clients at their highest level use 8 MiB, 27 is zstd's own limit. */
enum { ZSTD_WINDOW_LOG_MAX = 27 };

static int zstd_decompress(struct slice in, size_t max, struct buf *out)
{
    ZSTD_DStream *stream = ZSTD_createDStream();
    if (!stream) return ERR_NOMEM;
    ZSTD_DCtx_setParameter(stream, ZSTD_d_windowLogMax, ZSTD_WINDOW_LOG_MAX);
    int err = zstd_frames(stream, in, max, out);
    ZSTD_freeDStream(stream);
    return err;
}

static int zstd_compress(int level, struct slice in, struct buf *out)
{
    size_t room = ZSTD_compressBound(in.n);
    size_t n = ZSTD_compress(buf_reserve(out, room), room, in.p, in.n, level);
    if (ZSTD_isError(n)) return ERR_NOMEM;
    out->n += n;
    return 0;
}

static int none_decompress(struct slice in, size_t max, struct buf *out)
{
    if (in.n > max) return ERR_RANGE;
    buf_append_slice(out, in);
    return 0;
}

int compression_decompress(int codec, struct slice in, size_t max, struct buf *out)
{
    if (in.n > INT_MAX) return ERR_RANGE; /* no batch is that long, and zlib counts in 32 bits */
    size_t start = out->n;
    int err = ERR_UNSUPPORTED;
    switch (codec) {
    case COMPRESSION_NONE: err = none_decompress(in, max, out); break;
    case COMPRESSION_GZIP: err = gzip_decompress(in, max, out); break;
    case COMPRESSION_SNAPPY: err = snappy_decompress(in, max, out); break;
    case COMPRESSION_LZ4: err = lz4_decompress(in, max, out); break;
    case COMPRESSION_ZSTD: err = zstd_decompress(in, max, out); break;
    }
    if (err) out->n = start;
    return err;
}

int compression_level_default(int codec)
{
    switch (codec) {
    case COMPRESSION_GZIP: return Z_DEFAULT_COMPRESSION;
    case COMPRESSION_LZ4: return LZ4_LEVEL_FAST;
    case COMPRESSION_ZSTD: return ZSTD_CLEVEL_DEFAULT;
    default: return 0;
    }
}

int compression_compress(int codec, struct slice in, struct buf *out)
{
    return compression_compress_level(codec, compression_level_default(codec), in, out);
}

int compression_compress_level(int codec, int level, struct slice in, struct buf *out)
{
    if (in.n > INT_MAX) return ERR_RANGE;
    size_t start = out->n;
    int err = ERR_UNSUPPORTED;
    switch (codec) {
    case COMPRESSION_NONE: buf_append_slice(out, in), err = 0; break;
    case COMPRESSION_GZIP: err = gzip_compress(level, in, out); break;
    case COMPRESSION_SNAPPY: err = snappy_xerial_compress(in, out); break;
    case COMPRESSION_LZ4: err = lz4_compress(level, in, out); break;
    case COMPRESSION_ZSTD: err = zstd_compress(level, in, out); break;
    }
    if (err) out->n = start;
    return err;
}
