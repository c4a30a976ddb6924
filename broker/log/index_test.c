#include "broker/log/index.h"

#include "broker/log/recent.h"
#include "tests/unit.h"

TEST(index, bytes_are_big_endian_pairs)
{
    struct offset_index x = {0}, again = {0};
    struct time_index t = {0}, t_again = {0};
    struct buf b = {0};
    check(offset_index_add(&x, 5, 0x1000));
    check(!offset_index_add(&x, 5, 0x2000)); /* must ascend */
    check(offset_index_add(&x, 0x10203, 0x2000));
    offset_index_encode(&x, 0, &b);
    check_int(b.n, 16);
    check_mem(b.p, "\0\0\0\5\0\0\x10\0\0\1\2\3\0\0\x20\0", 16);
    check(offset_index_parse(&again, buf_slice(&b), 0x2001));
    check_int(again.count, 2);
    buf_reset(&b);
    check(time_index_add(&t, 0x0102, 7));
    check(!time_index_add(&t, 0x0102, 8));
    time_index_encode(&t, 0, &b);
    check_mem(b.p, "\0\0\0\0\0\0\1\2\0\0\0\7", 12);
    check(time_index_parse(&t_again, buf_slice(&b)));
    offset_index_release(&x);
    offset_index_release(&again);
    time_index_release(&t);
    time_index_release(&t_again);
    buf_release(&b);
}

TEST(index, damage_ends_the_good_prefix)
{
    struct offset_index x = {0};
    static const uint8_t zeros_behind[] = {0, 0, 0, 5, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    check(!offset_index_parse(&x, slice_of(zeros_behind, 16), 1000));
    check_int(x.count, 1);
    offset_index_release(&x);
    check(!offset_index_parse(&x, slice_of(zeros_behind, 8), 256)); /* points behind the log */
    check_int(x.count, 0);
    static const uint8_t same_position[] = {0, 0, 0, 5, 0, 0, 1, 0, 0, 0, 0, 6, 0, 0, 1, 0};
    check(!offset_index_parse(&x, slice_of(same_position, 16), 1000));
    check_int(x.count, 1);
    offset_index_release(&x);
    check(!offset_index_parse(&x, slice_of(zeros_behind, 11), 1000)); /* half an entry */
    check_int(x.count, 1);
    offset_index_release(&x);
}

TEST(index, floors)
{
    struct offset_index x = {0};
    struct time_index t = {0};
    check_int(offset_index_floor(&x, 100), 0);
    for (uint32_t i = 1; i <= 100; i++) {
        offset_index_add(&x, i * 10, i * 1000);
        time_index_add(&t, i * 100, i * 10);
    }
    check_int(offset_index_floor(&x, 9), 0);
    check_int(offset_index_floor(&x, 10), 1000);
    check_int(offset_index_floor(&x, 999), 99000);
    check_int(offset_index_floor(&x, UINT32_MAX), 100000);
    check_int(offset_index_boundary(&x, 999), 0);
    check_int(offset_index_boundary(&x, 2999), 2000);
    check_int(time_index_floor(&t, 99), 0);
    check_int(time_index_floor(&t, 250), 20);
    check_int(time_index_floor(&t, INT64_MAX), 1000);
    offset_index_release(&x);
    time_index_release(&t);
}

TEST(recent, remembers_the_latest_batches)
{
    struct recent r = {0};
    struct recent_batch b;
    uint64_t at, next;
    check(!recent_find(&r, 0, 0, &at, &next));
    for (int i = 0; i < 3000; i++) recent_push(&r, 10 * i, (uint64_t)i * 100);
    check(!recent_find(&r, 10 * (3000 - RECENT_MAX) - 1, 300000, &at, &next)); /* forgotten */
    for (int i = 3000 - RECENT_MAX; i < 3000; i++) {
        check(recent_find(&r, 10 * i + 9, 300000, &at, &next));
        check_int(at, i * 100);
        check_int(next, i * 100 + 100);
    }
    check_int(recent_boundary(&r, 299950), 299900);
    recent_cut(&r, 29900);
    check(recent_floor(&r, INT64_MAX, &b));
    check_int(b.base_offset, 29890);
    recent_push(&r, 29900, 1);
    check(recent_find(&r, 29905, 2, &at, &next));
    check_int(at, 1);
    recent_release(&r);
}
