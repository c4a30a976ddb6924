/* Functions of timestamps and dates. A week begins on Monday (ISO 8601). */
#include "etl/expr/node.h"
#include "etl/time_format.h"
#include "etl/time_zone.h"
#include "lib/base/text.h"

#define STRICT(name)                                                                                                   \
    static enum expr_outcome name(const struct expr *e, const struct value *a, struct arena *arena, struct value *out)

enum { DAY_S = 86400, HOUR_S = 3600, MINUTE_S = 60 };

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

static int64_t days_of(const struct value *v)
{
    return v->type == VALUE_DATE ? v->i : floor_div(v->i, DAY_S);
}

static int64_t seconds_of(const struct value *v)
{
    return v->type == VALUE_DATE ? v->i * DAY_S : v->i;
}

static enum expr_outcome give_date(struct value *out, int64_t days)
{
    *out = (struct value){.type = VALUE_DATE, .i = days};
    return EXPR_OK;
}

static enum expr_outcome give_timestamp(struct value *out, int64_t seconds)
{
    *out = (struct value){.type = VALUE_TIMESTAMP, .i = seconds};
    return EXPR_OK;
}

/* --- cutting down --- */

STRICT(date_call)
{
    (void)e, (void)arena;
    return give_date(out, days_of(&a[0]));
}

STRICT(hour_start_call)
{
    (void)e, (void)arena;
    return give_timestamp(out, floor_div(a[0].i, HOUR_S) * HOUR_S);
}

STRICT(minute_start_call)
{
    (void)e, (void)arena;
    return give_timestamp(out, floor_div(a[0].i, MINUTE_S) * MINUTE_S);
}

/* window_start(timestamp, seconds): windows are aligned to 1970-01-01T00:00:00. */
STRICT(window_start_call)
{
    (void)e, (void)arena;
    if (a[1].i <= 0) return EXPR_ZERO_DIVISION;
    return give_timestamp(out, floor_div(a[0].i, a[1].i) * a[1].i);
}

/* 0 Monday ... 6 Sunday; 1970-01-01 was a Thursday. */
static int64_t weekday_of(int64_t days)
{
    return (days % 7 + 10) % 7;
}

static int64_t thursday_of(int64_t days)
{
    return days - weekday_of(days) + 3;
}

STRICT(week_start_call)
{
    (void)e, (void)arena;
    int64_t days = days_of(&a[0]);
    return give_date(out, days - weekday_of(days));
}

STRICT(month_start_call)
{
    (void)e, (void)arena;
    int64_t year;
    int month, day;
    civil_from_days(days_of(&a[0]), &year, &month, &day);
    return give_date(out, days_of(&a[0]) - day + 1);
}

/* --- parts --- */

enum { PART_YEAR, PART_MONTH, PART_DAY, PART_WEEKDAY, PART_HOUR, PART_MINUTE, PART_SECOND };

static enum expr_outcome part_give(const struct value *v, int part, struct value *out)
{
    int64_t year, days = days_of(v), of_day = seconds_of(v) - days * DAY_S;
    int month, day;
    civil_from_days(days, &year, &month, &day);
    int64_t parts[] = {year, month, day, weekday_of(days) + 1, of_day / HOUR_S, of_day / MINUTE_S % 60, of_day % 60};
    return expr_give_integer(out, parts[part]);
}

#define PART(name, part)                                                                                               \
    STRICT(name)                                                                                                       \
    {                                                                                                                  \
        (void)e, (void)arena;                                                                                          \
        return part_give(&a[0], part, out);                                                                            \
    }

PART(year_call, PART_YEAR)
PART(month_number_call, PART_MONTH)
PART(day_of_month_call, PART_DAY)
PART(day_of_week_call, PART_WEEKDAY)
PART(hour_call, PART_HOUR)
PART(minute_call, PART_MINUTE)
PART(second_call, PART_SECOND)

/* ISO 8601: a week belongs to the year that its Thursday is in. */
STRICT(iso_year_call)
{
    (void)e, (void)arena;
    int64_t year;
    int month, day;
    civil_from_days(thursday_of(days_of(&a[0])), &year, &month, &day);
    return expr_give_integer(out, year);
}

STRICT(iso_week_call)
{
    (void)e, (void)arena;
    int64_t year, thursday = thursday_of(days_of(&a[0]));
    int month, day;
    civil_from_days(thursday, &year, &month, &day);
    return expr_give_integer(out, (thursday - days_from_civil(year, 1, 1)) / 7 + 1);
}

STRICT(quarter_call)
{
    enum expr_outcome outcome = month_number_call(e, a, arena, out);
    out->i = (out->i + 2) / 3;
    return outcome;
}

/* days_between(from, to): whole calendar days, negative when `to` is earlier. */
STRICT(days_between_call)
{
    (void)e, (void)arena;
    return expr_give_integer(out, days_of(&a[1]) - days_of(&a[0]));
}

/* --- texts --- */

static enum expr_outcome print_give(const char *format, const struct value *v, struct arena *arena, struct value *out)
{
    struct buf b = {0};
    time_print(format, seconds_of(v), &b);
    struct slice made = slice_of(arena_copy(arena, b.p, b.n), b.n);
    buf_release(&b);
    return expr_give_text(out, made);
}

/* "2011-12", which many definitions ask of every row. */
STRICT(month_call)
{
    (void)e;
    int64_t year;
    int month, day;
    civil_from_days(floor_div(seconds_of(&a[0]), DAY_S), &year, &month, &day);
    if (year < 0 || year > 9999) return print_give("%Y-%m", &a[0], arena, out);
    uint8_t *p = arena_alloc(arena, 7);
    for (int i = 3; i >= 0; i--, year /= 10) p[i] = (uint8_t)('0' + year % 10);
    p[4] = '-';
    p[5] = (uint8_t)('0' + month / 10);
    p[6] = (uint8_t)('0' + month % 10);
    return expr_give_text(out, slice_of(p, 7));
}

STRICT(format_call)
{
    return print_give(e->format, &a[0], arena, out);
}

STRICT(read_call)
{
    (void)arena;
    int64_t seconds;
    if (!time_read(e->format, a[0].text, &seconds)) return EXPR_NO_NUMBER;
    return e->type == VALUE_DATE ? give_date(out, floor_div(seconds, DAY_S)) : give_timestamp(out, seconds);
}

/* format(when, 'pattern'), parse_timestamp(text, 'pattern'), parse_date(text, 'pattern'). */
static struct expr *format_build(struct expr_builder *b, const struct expr_function *f, struct expr **args, int count)
{
    (void)count;
    struct expr *e = expr_strict_node(b, f->type, 0, f->call, args, 1);
    e->format = expr_literal_text(b, f, args[1]);
    const char *wrong = time_format_wrong(e->format, f->type != VALUE_TEXT, b->arena);
    if (wrong) expr_fail(b, "%s(): %s", f->name, wrong);
    return e;
}

/* fraction(text, 'pattern', digits): what a timestamp drops. */
STRICT(fraction_call)
{
    (void)arena;
    int64_t nanos;
    return time_fraction_read(e->format, a[0].text, &nanos) ? expr_give_integer(out, nanos / e->number)
                                                            : EXPR_NO_NUMBER;
}

static struct expr *fraction_build(struct expr_builder *b, const struct expr_function *f, struct expr **args, int count)
{
    enum { DIGITS_MAX = 9 };
    int64_t digits = expr_literal_integer(b, f, args[2], 1, DIGITS_MAX);
    struct expr *e = format_build(b, f, args, count);
    e->number = EXPR_POWERS_OF_TEN[DIGITS_MAX - digits];
    return e;
}

/* --- numbers --- */

STRICT(unix_call)
{
    (void)e, (void)arena;
    return expr_give_integer(out, seconds_of(&a[0]));
}

STRICT(from_unix_call)
{
    (void)e, (void)arena;
    if (!time_in_range(a[0].i)) return EXPR_OVERFLOW;
    return give_timestamp(out, a[0].i);
}

STRICT(timestamp_call)
{
    (void)e, (void)arena;
    return give_timestamp(out, seconds_of(&a[0]));
}

/* --- zones --- */

/* in_zone(utc, 'Europe/Rome'): the wall clock there. */
STRICT(in_zone_call)
{
    (void)arena;
    int64_t wall = a[0].i + time_zone_offset(e->data, a[0].i);
    return time_in_range(wall) ? give_timestamp(out, wall) : EXPR_OVERFLOW;
}

/* to_utc(wall, 'Europe/Rome' [, 'reject' | 'earlier' | 'later']) */
STRICT(to_utc_call)
{
    (void)arena;
    int64_t utc;
    if (!time_zone_to_utc(e->data, a[0].i, (enum zone_choice)e->number, &utc)) return EXPR_NO_NUMBER;
    return time_in_range(utc) ? give_timestamp(out, utc) : EXPR_OVERFLOW;
}

static struct expr *zone_build(struct expr_builder *b, const struct expr_function *f, struct expr **args, int count)
{
    char message[ZONE_MESSAGE_BYTES];
    struct expr *e = expr_strict_node(b, f->type, 0, f->call, args, 1);
    const char *name = expr_literal_text(b, f, args[1]);
    e->number = count == 3 ? expr_literal_choice(b, f, args[2], ZONE_CHOICES) : ZONE_REJECT;
    e->data = b->failed ? NULL : time_zone_open(name, b->arena, message);
    if (!e->data && !b->failed) expr_fail(b, "%s(): %s", f->name, message);
    return e;
}

const struct expr_function EXPR_TIME_FUNCTIONS[] = {
    {"date", "w", VALUE_DATE, date_call, NULL},
    {"timestamp", "w", VALUE_TIMESTAMP, timestamp_call, NULL},
    {"hour_start", "T", VALUE_TIMESTAMP, hour_start_call, NULL},
    {"minute_start", "T", VALUE_TIMESTAMP, minute_start_call, NULL},
    {"window_start", "Ti", VALUE_TIMESTAMP, window_start_call, NULL},
    {"week_start", "w", VALUE_DATE, week_start_call, NULL},
    {"month_start", "w", VALUE_DATE, month_start_call, NULL},
    {"month", "w", VALUE_TEXT, month_call, NULL},
    {"year", "w", VALUE_INTEGER, year_call, NULL},
    {"month_number", "w", VALUE_INTEGER, month_number_call, NULL},
    {"day_of_month", "w", VALUE_INTEGER, day_of_month_call, NULL},
    {"day_of_week", "w", VALUE_INTEGER, day_of_week_call, NULL},
    {"hour", "T", VALUE_INTEGER, hour_call, NULL},
    {"minute", "T", VALUE_INTEGER, minute_call, NULL},
    {"second", "T", VALUE_INTEGER, second_call, NULL},
    {"format", "w*", VALUE_TEXT, format_call, format_build},
    {"parse_timestamp", "t*", VALUE_TIMESTAMP, read_call, format_build},
    {"parse_date", "t*", VALUE_DATE, read_call, format_build},
    {"fraction", "t*i", VALUE_INTEGER, fraction_call, fraction_build},
    {"quarter", "w", VALUE_INTEGER, quarter_call, NULL},
    {"iso_week", "w", VALUE_INTEGER, iso_week_call, NULL},
    {"iso_year", "w", VALUE_INTEGER, iso_year_call, NULL},
    {"days_between", "ww", VALUE_INTEGER, days_between_call, NULL},
    {"in_zone", "T*", VALUE_TIMESTAMP, in_zone_call, zone_build},
    {"to_utc", "T*|*", VALUE_TIMESTAMP, to_utc_call, zone_build},
    {"unix", "w", VALUE_INTEGER, unix_call, NULL},
    {"from_unix", "i", VALUE_TIMESTAMP, from_unix_call, NULL},
    {NULL, NULL, VALUE_NULL, NULL, NULL},
};
