/* compression_fuzz - the first byte picks a codec; the rest is decompressed under a bound, and also
 * compressed and decompressed, which must give it back. */
#include <assert.h>
#include <string.h>

#include "lib/kafka/compression.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { OUTPUT_MAX = 1 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1) return 0;
    int codec = data[0] % 6; /* 5 is none of them */
    struct slice in = slice_of(data + 1, size - 1);
    struct buf out = {0}, packed = {0};
    int err = compression_decompress(codec, in, OUTPUT_MAX, &out);
    assert(err ? out.n == 0 : out.n <= OUTPUT_MAX);
    buf_reset(&out);
    if (compression_compress(codec, in, &packed) == 0) {
        err = compression_decompress(codec, buf_slice(&packed), in.n, &out);
        assert(!err && out.n == in.n && (in.n == 0 || memcmp(out.p, in.p, in.n) == 0));
    } else {
        assert(codec == 5);
    }
    buf_release(&out);
    buf_release(&packed);
    return 0;
}
