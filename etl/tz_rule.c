#include "etl/tz_rule.h"

#include <ctype.h>

#include "lib/base/text.h"

enum { DAY_S = 86400, HOUR_S = 3600, MINUTE_S = 60, OFFSET_HOURS_MAX = 24, RULE_HOURS_MAX = 167 };

/* A cursor that remembers its failure. */
struct cursor {
    struct slice rest;
    bool failed;
};

static char peek(const struct cursor *c)
{
    return c->rest.n && !c->failed ? (char)c->rest.p[0] : '\0';
}

static bool accept(struct cursor *c, char wanted)
{
    if (peek(c) != wanted || !wanted) return false;
    c->rest = slice_of(c->rest.p + 1, c->rest.n - 1);
    return true;
}

static void expect(struct cursor *c, char wanted)
{
    if (!accept(c, wanted)) c->failed = true;
}

static int number(struct cursor *c, int low, int high)
{
    int value = 0, digits = 0;
    for (; isdigit((unsigned char)peek(c)) && digits < 4; digits++) {
        value = value * 10 + (peek(c) - '0');
        accept(c, peek(c));
    }
    if (digits == 0 || value < low || value > high) c->failed = true;
    return c->failed ? low : value;
}

/* An abbreviation: CET, or <+0330>. */
static void name_skip(struct cursor *c)
{
    int n = 0;
    bool quoted = accept(c, '<');
    for (; quoted ? peek(c) && peek(c) != '>' : isalpha((unsigned char)peek(c)); n++) accept(c, peek(c));
    if (quoted) expect(c, '>');
    if (n < 3) c->failed = true;
}

/* [+-]hh[:mm[:ss]] in seconds. */
static int64_t clock_take(struct cursor *c, int hours_max)
{
    int sign = accept(c, '-') ? -1 : 1;
    if (sign > 0) accept(c, '+');
    int64_t seconds = (int64_t)number(c, 0, hours_max) * HOUR_S;
    if (accept(c, ':')) {
        seconds += (int64_t)number(c, 0, 59) * MINUTE_S;
        if (accept(c, ':')) seconds += number(c, 0, 59);
    }
    return sign * seconds;
}

static struct tz_day day_take(struct cursor *c)
{
    struct tz_day d = {.time_s = 2 * HOUR_S};
    expect(c, ',');
    if (accept(c, 'M')) {
        d.kind = 'M';
        d.month = number(c, 1, 12);
        expect(c, '.');
        d.week = number(c, 1, 5);
        expect(c, '.');
        d.day = number(c, 0, 6);
    } else {
        d.kind = accept(c, 'J') ? 'J' : 0;
        d.day = number(c, d.kind == 'J', 365);
    }
    if (accept(c, '/')) d.time_s = clock_take(c, RULE_HOURS_MAX);
    return d;
}

/* POSIX counts to the west. */
bool tz_rule_parse(struct slice text, struct tz_rule *out)
{
    struct cursor c = {.rest = text};
    *out = (struct tz_rule){0};
    name_skip(&c);
    out->standard_s = -clock_take(&c, OFFSET_HOURS_MAX);
    if (!c.failed && c.rest.n) {
        out->has_summer = true;
        name_skip(&c);
        out->summer_s = peek(&c) == ',' ? out->standard_s + HOUR_S : -clock_take(&c, OFFSET_HOURS_MAX);
        out->begin = day_take(&c);
        out->end = day_take(&c);
    }
    return !c.failed && c.rest.n == 0;
}

static bool is_leap(int64_t year)
{
    return civil_valid(year, 2, 29);
}

/* Days since 1970 of the day that `d` is in `year`. */
static int64_t day_in_year(const struct tz_day *d, int64_t year)
{
    int64_t new_year = days_from_civil(year, 1, 1);
    if (d->kind == 'J') return new_year + d->day - 1 + (d->day >= 60 && is_leap(year));
    if (d->kind == 0) return new_year + d->day;
    int64_t first = days_from_civil(year, d->month, 1);
    int64_t next = d->month == 12 ? days_from_civil(year + 1, 1, 1) : days_from_civil(year, d->month + 1, 1);
    int64_t weekday = (first % 7 + 11) % 7; /* 1970-01-01 was a Thursday; 0 is Sunday */
    int64_t day = first + (d->day - weekday + 7) % 7 + (int64_t)(d->week - 1) * 7;
    return day >= next ? day - 7 : day;
}

int64_t tz_rule_begin(const struct tz_rule *r, int64_t year)
{
    return day_in_year(&r->begin, year) * DAY_S + r->begin.time_s - r->standard_s;
}

int64_t tz_rule_end(const struct tz_rule *r, int64_t year)
{
    return day_in_year(&r->end, year) * DAY_S + r->end.time_s - r->summer_s;
}
