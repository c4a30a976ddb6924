/* Our gzip files as zlib reads them. */
#include "workloads/gzip.h"

#include <stdlib.h>
#include <zlib.h>

#include "lib/base/memory.h"
#include "lib/base/random.h"
#include "tests/unit.h"

static void check_inflates(struct slice packed, struct slice expected)
{
    z_stream z = {.next_in = (Bytef *)(uintptr_t)packed.p, .avail_in = (uInt)packed.n};
    uint8_t *out = memory_new(expected.n + 1);
    check_int(inflateInit2(&z, 15 + 16), Z_OK);
    z.next_out = out;
    z.avail_out = (uInt)expected.n + 1;
    check_int(inflate(&z, Z_FINISH), Z_STREAM_END); /* also checks the CRC and the size */
    check_int(z.avail_in, 0);
    check(slice_equal(slice_of(out, z.total_out), expected));
    inflateEnd(&z);
    free(out);
}

static size_t check_round(struct slice in, size_t chunk)
{
    static struct gzip g;
    struct buf out = {0};
    gzip_begin(&g, &out);
    for (size_t at = 0; at < in.n; at += chunk)
        gzip_chunk(&g, slice_of(in.p + at, in.n - at < chunk ? in.n - at : chunk), &out);
    gzip_end(&g, &out);
    check_inflates(buf_slice(&out), in);
    size_t n = out.n;
    buf_release(&out);
    return n;
}

TEST(gzip, zlib_reads_it)
{
    struct random r;
    struct buf text = {0};
    random_seed(&r, 1);
    check_round(slice_of(NULL, 0), 1);
    check_round(slice_str("a"), 1);
    for (int i = 0; i < 4000; i++) /* matches of every length up to 258 and beyond, distances up to the whole window */
        for (uint64_t n = random_below(&r, 300), byte = random_below(&r, 256); n > 0; n--)
            buf_append_byte(&text, (uint8_t)(i % 3 ? byte : random_below(&r, 256)));
    check_round(buf_slice(&text), 256 * 1024);
    check_round(buf_slice(&text), 999);
    buf_release(&text);
}

TEST(gzip, logs_shrink)
{
    struct random r;
    struct buf text = {0};
    random_seed(&r, 2);
    for (int i = 0; i < 5000; i++)
        buf_printf(&text, "100.64.0.%d - - [18/Dec/2025:13:%02d:22 +0000] \"GET /product/%d HTTP/1.1\" 200 %d \"-\"\n",
                   (int)random_below(&r, 256), i / 100, (int)random_below(&r, 2000), (int)random_below(&r, 9000));
    check(check_round(buf_slice(&text), 256 * 1024) * 3 < text.n);
    buf_release(&text);
}
