/* chaos_fuzz - a connection under chaos: whatever both ends say, in any pieces.
 *
 *     input := seed, fault, { stream * 128 + size, `size` bytes }*
 *
 * What comes out on a side is a beginning of what went in on the other, and all of it when nothing can go wrong; when
 * all that is due was taken, nothing waits. */
#include <assert.h>
#include <string.h>

#include "bench/chaos/link.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int64_t number(void *context)
{
    (void)context;
    return 1;
}

static void fault(void *context, const struct chaos_event *e)
{
    (void)context;
    assert(e->request >= 0 && e->fate.fault <= CHAOS_NONE);
}

static void passed(void *context, int api_key, int64_t acknowledged, int64_t fetched)
{
    (void)context, (void)api_key;
    assert(acknowledged >= 0 && fetched >= 0);
}

/* The rest of the input, each piece to its side. True when the connection was cut. */
static bool talk(struct chaos_link *l, struct slice in, struct buf said[2], struct buf *const out[2])
{
    static const int64_t open[2] = {0, 0};
    int64_t now_ns = 0;
    while (in.n > 0) {
        enum tap_stream stream = in.p[0] & 128 ? TAP_RESPONSES : TAP_REQUESTS;
        size_t n = in.p[0] & 127;
        in = slice_of(in.p + 1, in.n - 1);
        if (n > in.n) n = in.n;
        buf_append(&said[stream], in.p, n);
        chaos_link_bytes(l, stream, now_ns += 1000000, slice_of(in.p, n));
        in = slice_of(in.p + n, in.n - n);
        if (chaos_link_due(l, now_ns, open, out) == CHAOS_LINK_CUT) return true;
    }
    for (int i = 0; i < 2; i++) chaos_link_ended(l, (enum tap_stream)i);
    return chaos_link_due(l, INT64_MAX, open, out) == CHAOS_LINK_CUT;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct chaos_plan plan;
    const struct chaos_link_sink sink = {.fault = fault, .passed = passed, .number = number};
    struct buf said[2] = {{0}, {0}}, heard[2] = {{0}, {0}};
    struct buf *const out[2] = {&heard[0], &heard[1]};
    if (size < 2) return 0;
    chaos_plan_init(&plan);
    plan.seed = data[0];
    plan.delay_max_ns = data[1] & 8 ? 3000000 : 0;
    bool calm = (data[1] & 7) >= CHAOS_FAULTS;
    if (!calm) plan.chances[data[1] & 7] = CHAOS_MILLION / 4;
    struct chaos_link *l = chaos_link_new(&plan, &sink, "c:1", "b:2");
    bool cut = talk(l, slice_of(data + 2, size - 2), said, out);
    assert(!calm || !cut);
    for (int i = 0; i < 2; i++) {
        assert(heard[i].n <= said[i].n && (heard[i].n == 0 || memcmp(heard[i].p, said[i].p, heard[i].n) == 0));
        assert(!calm || heard[i].n == said[i].n);
        assert(cut || chaos_link_held(l, (enum tap_stream)i) == 0);
        buf_release(&said[i]);
        buf_release(&heard[i]);
    }
    chaos_link_free(l);
    return 0;
}
