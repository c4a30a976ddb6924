#include "workloads/out_time.h"

#include <assert.h>

#include "lib/base/text.h"

void out_two(struct buf *b, int value)
{
    uint8_t *p = buf_reserve(b, 2);
    p[0] = (uint8_t)('0' + value / 10);
    p[1] = (uint8_t)('0' + value % 10);
    b->n += 2;
}

void out_date(struct buf *b, int64_t day)
{
    int64_t year;
    int month, day_of_month;
    civil_from_days(day, &year, &month, &day_of_month);
    assert(year >= 1000 && year <= 9999);
    out_two(b, (int)(year / 100));
    out_two(b, (int)(year % 100));
    buf_append_byte(b, '-');
    out_two(b, month);
    buf_append_byte(b, '-');
    out_two(b, day_of_month);
}

static int64_t day_of(int64_t time)
{
    return time >= 0 ? time / 86400 : -((86399 - time) / 86400);
}

void out_clock(struct buf *b, int64_t time)
{
    int second = (int)(time - day_of(time) * 86400);
    out_two(b, second / 3600);
    buf_append_byte(b, ':');
    out_two(b, second / 60 % 60);
    buf_append_byte(b, ':');
    out_two(b, second % 60);
}

void out_stamp(struct buf *b, int64_t time)
{
    out_date(b, day_of(time));
    buf_append_byte(b, ' ');
    out_clock(b, time);
}

void out_stampz(struct buf *b, int64_t time)
{
    out_date(b, day_of(time));
    buf_append_byte(b, 'T');
    out_clock(b, time);
    buf_append_byte(b, 'Z');
}
