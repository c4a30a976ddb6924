#include "lib/base/text.h"

#include <assert.h>
#include <string.h>

/* Takes a sign off the front of `s`. */
static bool sign_take(struct slice *s)
{
    bool negative = s->n && s->p[0] == '-';
    if (negative || (s->n && s->p[0] == '+')) *s = slice_of(s->p + 1, s->n - 1);
    return negative;
}

/* value * 10 + digit, with the sign kept inside so that INT64_MIN can be reached. */
static bool digit_push(int64_t *value, int digit, bool negative)
{
    return !__builtin_mul_overflow(*value, 10, value) &&
           !__builtin_add_overflow(*value, negative ? -digit : digit, value);
}

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

bool text_to_i64(struct slice s, int64_t *out)
{
    bool negative = sign_take(&s);
    int64_t value = 0;
    if (s.n == 0) return false;
    for (size_t i = 0; i < s.n; i++)
        if (!is_digit(s.p[i]) || !digit_push(&value, s.p[i] - '0', negative)) return false;
    *out = value;
    return true;
}

bool text_to_decimal(struct slice s, int scale, int64_t *out)
{
    assert(scale >= 0 && scale <= 18);
    bool negative = sign_take(&s), point = false;
    int64_t value = 0;
    int digits = 0, decimals = 0;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '.' && !point) {
            point = true;
            continue;
        }
        if (!is_digit(s.p[i])) return false;
        digits = 1;
        if (decimals == scale && point) {
            if (s.p[i] != '0') return false;
            continue;
        }
        if (!digit_push(&value, s.p[i] - '0', negative)) return false;
        decimals += point;
    }
    for (; decimals < scale; decimals++)
        if (!digit_push(&value, 0, negative)) return false;
    if (!digits) return false;
    *out = value;
    return true;
}

void text_from_decimal(int64_t value, int scale, struct buf *out)
{
    assert(scale >= 0 && scale <= 18);
    char text[24];
    size_t at = sizeof text;
    uint64_t rest = value < 0 ? -(uint64_t)value : (uint64_t)value;
    for (int digit = 0; rest || digit <= scale; digit++) {
        if (digit == scale && scale > 0) text[--at] = '.';
        text[--at] = (char)('0' + rest % 10);
        rest /= 10;
    }
    if (value < 0) text[--at] = '-';
    buf_append(out, text + at, sizeof text - at);
}

/* --- UTF-8 --- */

static bool is_continuation(struct slice s, size_t i)
{
    return i < s.n && (s.p[i] & 0xc0) == 0x80;
}

/* Bytes of the valid sequence at the start of `s` (n > 0), or 0. `bad` is then how many bytes one
 * U+FFFD stands for: the longest start of a valid sequence, at least one (Unicode 15, section 3.9). */
static size_t utf8_sequence(struct slice s, size_t *bad)
{
    uint8_t c = s.p[0];
    *bad = 1;
    if (c < 0x80) return 1;
    if (c < 0xc2 || c > 0xf4) return 0;
    size_t n = c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
    uint8_t low = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : 0x80;  /* below: overlong */
    uint8_t high = c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : 0xbf; /* above: surrogate, or past U+10FFFF */
    if (s.n < 2 || s.p[1] < low || s.p[1] > high) return 0;
    for (*bad = 2; *bad < n; (*bad)++)
        if (!is_continuation(s, *bad)) return 0;
    return n;
}

bool text_is_utf8(struct slice s)
{
    size_t bad;
    while (s.n) {
        size_t n = utf8_sequence(s, &bad);
        if (n == 0) return false;
        s = slice_of(s.p + n, s.n - n);
    }
    return true;
}

size_t text_length(struct slice s)
{
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++) n += (s.p[i] & 0xc0) != 0x80;
    return n;
}

static void json_control(uint8_t c, struct buf *out)
{
    static const char letters[] = "btnvfr"; /* 0x08 .. 0x0d; JSON has no \v */
    if (c >= 0x08 && c <= 0x0d && c != 0x0b)
        buf_printf(out, "\\%c", letters[c - 0x08]);
    else
        buf_printf(out, "\\u%04x", c);
}

void text_json_string(struct slice s, struct buf *out)
{
    buf_append_byte(out, '"');
    while (s.n) {
        size_t bad, n = utf8_sequence(s, &bad);
        if (n == 0)
            buf_append_str(out, "\xef\xbf\xbd");
        else if (s.p[0] < 0x20)
            json_control(s.p[0], out);
        else {
            if (s.p[0] == '"' || s.p[0] == '\\') buf_append_byte(out, '\\');
            buf_append(out, s.p, n);
        }
        if (n == 0) n = bad;
        s = slice_of(s.p + n, s.n - n);
    }
    buf_append_byte(out, '"');
}

void text_base64(struct slice s, struct buf *out)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < s.n; i += 3) {
        size_t n = s.n - i < 3 ? s.n - i : 3;
        uint32_t group = (uint32_t)s.p[i] << 16;
        if (n > 1) group |= (uint32_t)s.p[i + 1] << 8;
        if (n > 2) group |= s.p[i + 2];
        for (size_t k = 0; k < 4; k++) buf_append_byte(out, k <= n ? (uint8_t)digits[group >> (18 - 6 * k) & 63] : '=');
    }
}

/* --- civil dates: eras of 400 years, years that start in March (Hinnant, "chrono-compatible
 * low-level date algorithms") --- */

enum { DAYS_PER_ERA = 146097, EPOCH_FROM_MARCH_0000 = 719468 };

static int64_t floor_divide(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

int64_t days_from_civil(int64_t year, int month, int day)
{
    if (month <= 2) year--;
    int64_t era = floor_divide(year, 400), year_of_era = year - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * DAYS_PER_ERA + day_of_era - EPOCH_FROM_MARCH_0000;
}

void civil_from_days(int64_t days, int64_t *year, int *month, int *day)
{
    days += EPOCH_FROM_MARCH_0000;
    int64_t era = floor_divide(days, DAYS_PER_ERA), day_of_era = days - era * DAYS_PER_ERA;
    int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t shifted = (5 * day_of_year + 2) / 153; /* 0 is March */
    *day = (int)(day_of_year - (153 * shifted + 2) / 5 + 1);
    *month = (int)(shifted < 10 ? shifted + 3 : shifted - 9);
    *year = year_of_era + era * 400 + (*month <= 2);
}

bool civil_valid(int64_t year, int month, int day)
{
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (month < 1 || month > 12 || day < 1) return false;
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return day <= lengths[month - 1] + (month == 2 && leap);
}
