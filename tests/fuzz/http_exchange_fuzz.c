/* http_exchange_fuzz - any bytes, gaps and ends in both directions of a connection.
 *
 * The first byte says which direction requests go in, if that is known; then come pieces: a byte for the direction (bit
 * 0) and what it is (bits 1-2: bytes, bytes, gap, end), one for its size, the bytes. Invariants: times never go back,
 * an exchange without a request or without a response says so, bodies are no larger than what was sent and lost. */
#include <assert.h>
#include <string.h>

#include "etl/source/http_exchange.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct sums {
    uint64_t said, found;
};

static void found(void *context, const struct http_exchange *e)
{
    struct sums *sums = context;
    assert(e->status == 0 || (e->status >= 100 && e->status <= 999));
    assert(e->request || e->wrong);
    assert(e->duration_ns < 0 || (e->request && e->status));
    assert(e->lost <= e->bytes + e->bytes_in);
    sums->found += e->bytes + e->bytes_in;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) return 0;
    struct sums sums = {0};
    struct http_connection *c = http_connection_new((int)(data[0] % 3) - 1, found, &sums);
    int64_t time = 0;
    for (size_t at = 1; at + 2 <= size;) {
        int direction = data[at] & 1, what = data[at] >> 1 & 3;
        size_t n = data[at + 1];
        at += 2;
        if (what == 2) http_gap(c, direction, n + 1);
        if (what == 3) http_end(c, direction);
        if (what == 2) sums.said += n + 1;
        if (what > 1) continue;
        if (n > size - at) n = size - at;
        if (n) http_bytes(c, direction, ++time, (struct slice){data + at, n});
        sums.said += n;
        at += n;
    }
    http_connection_finish(c);
    http_connection_free(c);
    assert(sums.found <= sums.said);
    return 0;
}
