#include "lib/base/bytes.h"

#include "tests/unit.h"

TEST(bytes, slices_compare_as_memory_then_length)
{
    check(slice_equal(slice_of(NULL, 0), SLICE_LIT("")));
    check(!slice_equal(SLICE_LIT("a"), SLICE_LIT("b")));
    check(slice_compare(SLICE_LIT("ab"), SLICE_LIT("abc")) < 0);
    check(slice_compare(SLICE_LIT("\xff"), SLICE_LIT("a")) > 0);
    check_int(slice_compare(slice_of(NULL, 0), SLICE_LIT("")), 0);
    check_int(slice_str("orders").n, 6);
}

TEST(bytes, buffer_grows_and_keeps_what_is_in_it)
{
    struct buf b = {0};
    for (int i = 0; i < 1000; i++) buf_printf(&b, "%03d", i);
    check_int(b.n, 3000);
    check_mem(b.p + 3 * 517, "517", 3);
    check_int(strlen(buf_cstr(&b)), 3000);
    buf_reset(&b);
    check_int(b.n, 0);
    check(b.capacity >= 3000);
    buf_append_slice(&b, slice_of(NULL, 0));
    check_str(buf_cstr(&b), "");
    buf_release(&b);
}

TEST(bytes, integers_are_big_endian)
{
    struct buf b = {0};
    buf_put_u16(&b, 0x0102);
    buf_put_u32(&b, 0x03040506);
    buf_put_u64(&b, 0x0708090a0b0c0d0e);
    const uint8_t expected[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14};
    check_int(b.n, sizeof expected);
    check_mem(b.p, expected, sizeof expected);
    check_int(get_u16be(b.p), 0x0102);
    check_int(get_u32be(b.p + 2), 0x03040506);
    check_int(get_u64be(b.p + 6), 0x0708090a0b0c0d0e);
    check_int(get_u32be("\xff\xff\xff\xfe"), 0xfffffffe);
    buf_release(&b);
}

TEST(bytes, arena_memory_is_zeroed_and_aligned_after_a_reset_too)
{
    struct arena a = {0};
    for (int round = 0; round < 3; round++) {
        for (size_t n = 0; n < 300; n++) {
            uint8_t *p = arena_alloc(&a, n);
            check_int((uintptr_t)p % 16, 0);
            for (size_t i = 0; i < n; i++) check_int(p[i], 0);
            memset(p, 0xee, n);
        }
        arena_reset(&a);
        check_int(a.used, 0);
    }
    arena_release(&a);
    check(a.head == NULL);
}

TEST(bytes, arena_serves_what_is_larger_than_a_block)
{
    struct arena a = {0};
    char *small = arena_str(&a, SLICE_LIT("small"));
    uint8_t *large = arena_alloc(&a, 1 << 20);
    large[(1 << 20) - 1] = 1;
    check_str(small, "small");
    check_str(arena_printf(&a, "%s-%d", "orders", 7), "orders-7");
    check_mem(arena_copy(&a, "abc", 3), "abc", 3);
    check(a.used >= 1 << 20);
    arena_release(&a);
}

static void count_release(struct shared *s, void *context)
{
    (void)s;
    ++*(int *)context;
}

TEST(bytes, shared_buffer_goes_with_its_last_reference)
{
    int released = 0;
    struct buf b = {0};
    buf_append_str(&b, "records");
    struct shared *s = shared_take(&b);
    check(b.p == NULL);
    check_int(s->n, 7);
    s->released = count_release;
    s->context = &released;
    check(shared_ref(s) == s);
    shared_unref(s);
    check_int(released, 0);
    shared_unref(s);
    check_int(released, 1);
    shared_unref(NULL);
}
