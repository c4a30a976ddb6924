#include "lib/kafka/varint.h"

#include "lib/kafka/hex_test.h"

TEST(varint, known_answers)
{
    static const struct {
        uint64_t value;
        size_t size;
        uint8_t bytes[10];
    } cases[] = {
        {0, 1, {0}},
        {127, 1, {0x7f}},
        {128, 2, {0x80, 1}},
        {300, 2, {0xac, 2}},
        {UINT32_MAX, 5, {0xff, 0xff, 0xff, 0xff, 0x0f}},
        {UINT64_MAX, 10, {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1}},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint8_t out[VARINT_SIZE_MAX];
        uint64_t back = 0;
        check_int(varint_put_u64(out, cases[i].value), cases[i].size);
        check_int(varint_size_u64(cases[i].value), cases[i].size);
        check_mem(out, cases[i].bytes, cases[i].size);
        check_int(varint_get_u64(slice_of(out, cases[i].size), &back), cases[i].size);
        check(back == cases[i].value);
        check_int(varint_get_u64(slice_of(out, cases[i].size - 1), &back), 0);
    }
}

TEST(varint, zigzag)
{
    check_int(varint_zigzag(0), 0);
    check_int(varint_zigzag(-1), 1);
    check_int(varint_zigzag(1), 2);
    check_int(varint_zigzag(-2), 3);
    int64_t ends[] = {INT64_MIN, INT64_MIN + 1, -1, 0, 1, INT64_MAX};
    for (int i = 0; i < 6; i++) check(varint_unzigzag(varint_zigzag(ends[i])) == ends[i]);
}

TEST(varint, too_wide_for_the_type)
{
    uint32_t v32;
    uint64_t v64;
    check_int(varint_get_u32(SLICE_LIT("\xff\xff\xff\xff\x0f"), &v32), 5);
    check(v32 == UINT32_MAX);
    check_int(varint_get_u32(SLICE_LIT("\xff\xff\xff\xff\x1f"), &v32), 0); /* bit 32 is set */
    check_int(varint_get_u32(SLICE_LIT("\x80\x80\x80\x80\x80\x00"), &v32), 0);
    check_int(varint_get_u64(SLICE_LIT("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"), &v64), 0);
    check_int(varint_get_u64(SLICE_LIT("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00"), &v64), 0);
}
