/* tap_fuzz - a stream of packets: the fuzzer's bytes are what happens on the wire, not a capture file, for
 * libpcap is not ours to fuzz.
 *
 *     input := { link * 16 + size high, size low, `size` bytes }*
 *
 * Whatever comes, memory that waits stays within its bounds and everything is given back. */
#include <assert.h>

#include "bench/tap/source.h"
#include "bench/tap/view.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const int LINKS[] = {PACKET_LINK_RAW,    PACKET_LINK_ETHERNET, PACKET_LINK_NULL,
                            PACKET_LINK_COOKED, PACKET_LINK_COOKED2,  PACKET_LINK_RAW_FILE};
enum { LINK_COUNT = sizeof LINKS / sizeof *LINKS };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static FILE *nowhere;
    struct tap_view view;
    struct tap tap;
    struct tap_source source;
    struct tcp_segment segment;
    int64_t time_ns = 0;
    if (!nowhere) nowhere = fopen("/dev/null", "we");
    if (!nowhere) return 0;
    tap_view_init(&view, size % 2 ? TAP_VIEW_JSON : TAP_VIEW_LIST, nowhere);
    if (size % 3 == 0) {
        view.mode = TAP_VIEW_XRAY;
        view.frame = 1 + (int64_t)(size % 5);
    }
    tap_init(&tap, &view.sink);
    tap.details = true;
    tap_source_init(&source, &tap, size % 7 == 0 ? 9092 : 0);
    while (size >= 2) {
        int link = data[0] >> 4;
        size_t n = (size_t)(data[0] & 15) << 8 | data[1];
        data += 2, size -= 2;
        if (n > size) n = size;
        if (packet_decode(LINKS[link % LINK_COUNT], slice_of(data, n), &segment) == PACKET_TCP) {
            segment.time_ns = time_ns += 50000000;
            tap_source_segment(&source, &segment);
        }
        assert(source.reassembly.waiting <= REASSEMBLY_WAITING_MAX + 2 * 65536);
        data += n, size -= n;
    }
    tap_source_finish(&source);
    assert(tap.kept == 0 && source.reassembly.waiting == 0);
    tap_view_finish(&view, &tap.counts, slice_of("", 0));
    tap_view_release(&view);
    tap_release(&tap);
    return 0;
}
