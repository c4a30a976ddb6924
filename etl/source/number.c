#include "etl/source/number.h"

#include <string.h>

#include "lib/base/text.h"

enum { NUMBER_BYTES_MAX = 64 };

/* Takes the declared texts off both ends; a sign may stand ahead of them: -$5.00. The result is in `room` when it
 * is not a part of `s`. */
static struct slice stripped(const struct field_spec *f, struct slice s, char room[NUMBER_BYTES_MAX])
{
    bool sign = s.n && (s.p[0] == '-' || s.p[0] == '+');
    struct slice rest = slice_of(s.p + sign, s.n - sign);
    for (const char *const *strip = f->strips; *strip; strip++) {
        size_t n = strlen(*strip);
        if (rest.n >= n && memcmp(rest.p, *strip, n) == 0) rest = slice_of(rest.p + n, rest.n - n);
        if (rest.n >= n && memcmp(rest.p + rest.n - n, *strip, n) == 0) rest.n -= n;
    }
    if (!sign || rest.n >= NUMBER_BYTES_MAX) return rest;
    room[0] = (char)s.p[0];
    memmove(room + 1, rest.p, rest.n);
    return slice_of(room, rest.n + 1);
}

/* Length of the thousands separator at the start of `s`, 0 if there is none. A blank may be a no-break one, and an
 * apostrophe a typographic one: people see no difference. */
static size_t separator_length(const struct field_spec *f, struct slice s)
{
    static const char *const blanks[] = {"\xc2\xa0", "\xe2\x80\xaf", "\xe2\x80\x89", NULL};
    static const char *const apostrophes[] = {"\xe2\x80\x99", NULL};
    if (!f->thousands || s.n == 0) return 0;
    if (s.p[0] == (uint8_t)f->thousands) return 1;
    if (f->thousands != ' ' && f->thousands != '\'') return 0;
    for (const char *const *other = f->thousands == ' ' ? blanks : apostrophes; *other; other++)
        if (s.n >= strlen(*other) && memcmp(s.p, *other, strlen(*other)) == 0) return strlen(*other);
    return 0;
}

/* Takes thousands separators out and makes the decimal sign a point. A separator must stand between
 * digits, every three digits before the point: 1.234.567,8 but not 1.23,4; in India every two ahead of the last three:
 * 12,34,567. False when it does not. */
static bool separators_normalize(const struct field_spec *f, struct slice s, char *out, size_t *n)
{
    size_t group = 0, digits = 0, end = 0, inner = f->indian ? 2 : 3;
    bool grouped = false, fraction = false;
    if (!s.p || s.n > NUMBER_BYTES_MAX) return false;
    for (size_t i = 0; i < s.n; i++) {
        size_t separator = separator_length(f, slice_of(s.p + i, s.n - i));
        char c = separator ? f->thousands : (char)s.p[i];
        if (separator) i += separator - 1;
        if (f->thousands && c == f->thousands) {
            if (fraction || digits == 0 || (grouped ? group != inner : group > inner)) return false;
            grouped = true;
            group = 0;
            continue;
        }
        if (c == f->point) {
            if (grouped && group != 3) return false;
            fraction = true;
            grouped = false;
            c = '.';
        } else if (c == '.')
            return false;
        bool digit = c >= '0' && c <= '9';
        digits += digit;
        group += digit;
        out[end++] = c;
    }
    *n = end;
    return !grouped || group == 3;
}

/* Half away from zero: the digits behind the scale are cut off, the first of them decides. */
static bool rounded_convert(struct slice s, int scale, int64_t *out)
{
    const uint8_t *point = memchr(s.p, '.', s.n);
    size_t kept = point ? (size_t)(point - s.p) + 1 + (size_t)scale : s.n;
    if (kept >= s.n) return text_to_decimal(s, scale, out);
    for (size_t i = kept; i < s.n; i++)
        if (s.p[i] < '0' || s.p[i] > '9') return false;
    /* `.5` as an integer: no digit is kept, but it is a number all the same */
    bool none_kept = scale == 0 && (point == s.p || (point == s.p + 1 && (s.p[0] == '-' || s.p[0] == '+')));
    *out = 0;
    if (!none_kept && !text_to_decimal(slice_of(s.p, kept), scale, out)) return false;
    int64_t step = s.p[kept] < '5' ? 0 : s.p[0] == '-' ? -1 : 1;
    return !__builtin_add_overflow(*out, step, out);
}

/* --- exponents: 1.5e3 is written out as 1500 --- */

enum { EXPONENT_MAX = 60, WRITTEN_OUT_BYTES_MAX = NUMBER_BYTES_MAX + EXPONENT_MAX + 4 };

static struct slice exponent_find(struct slice s)
{
    size_t i = 0;
    while (i < s.n && (s.p[i] | 0x20) != 'e') i++;
    return slice_of(s.p + i, s.n - i);
}

/* Moves the point of a plain number (sign, digits, at most one point) by `places` to the right. */
static bool point_move(struct slice s, int64_t places, char *out, size_t *n)
{
    char digits[NUMBER_BYTES_MAX];
    int64_t count = 0, point = -1;
    bool sign = s.n && (s.p[0] == '-' || s.p[0] == '+');
    for (size_t i = sign; i < s.n; i++) {
        if (s.p[i] == '.' && point < 0)
            point = count;
        else if (s.p[i] >= '0' && s.p[i] <= '9')
            digits[count++] = (char)s.p[i];
        else
            return false;
    }
    if (count == 0) return false;
    point = (point < 0 ? count : point) + places;
    *n = 0;
    if (sign) out[(*n)++] = (char)s.p[0];
    if (point <= 0) out[(*n)++] = '0';
    for (int64_t i = point < 0 ? point : 0; i < count || i < point; i++) {
        if (i == point) out[(*n)++] = '.';
        out[(*n)++] = i >= 0 && i < count ? digits[i] : '0';
    }
    return true;
}

static bool exponent_apply(struct slice *s, struct slice exponent, char out[WRITTEN_OUT_BYTES_MAX])
{
    int64_t places;
    size_t n;
    if (s->n > NUMBER_BYTES_MAX || !text_to_i64(slice_of(exponent.p + 1, exponent.n - 1), &places)) return false;
    if (places > EXPONENT_MAX || places < -EXPONENT_MAX || !point_move(*s, places, out, &n)) return false;
    *s = slice_of(out, n);
    return true;
}

/* "5-", "(5)" and U+2212, a minus that is none of ASCII: as "-5". What has one of them and a sign is left, as no
 * number. */
static struct slice sign_lead(struct slice s, char room[NUMBER_BYTES_MAX])
{
    static const char minus[] = "\xe2\x88\x92";
    enum { MINUS = sizeof minus - 1 };
    struct slice rest = s;
    if (s.n >= MINUS && memcmp(s.p, minus, MINUS) == 0)
        rest = slice_of(s.p + MINUS, s.n - MINUS);
    else if (s.n >= MINUS && memcmp(s.p + s.n - MINUS, minus, MINUS) == 0)
        rest.n -= MINUS;
    else if (s.n && s.p[s.n - 1] == '-')
        rest.n--;
    else if (s.n >= 2 && s.p[0] == '(' && s.p[s.n - 1] == ')')
        rest = slice_of(s.p + 1, s.n - 2);
    else
        return s;
    while (rest.n && rest.p[rest.n - 1] == ' ') rest.n--;
    if (rest.n == 0 || rest.n >= NUMBER_BYTES_MAX) return s;
    room[0] = '-';
    memcpy(room + 1, rest.p, rest.n);
    return slice_of(room, rest.n + 1);
}

bool number_currency(const struct field_spec *f, struct slice s, const char **code)
{
    char room[NUMBER_BYTES_MAX], money[MONEY_BYTES_MAX];
    if (*f->strips) s = stripped(f, s, room);
    return money_split(f->money, s, money, &s, code);
}

bool number_convert(const struct field_spec *f, struct slice s, int64_t *out)
{
    char lead[NUMBER_BYTES_MAX], room[NUMBER_BYTES_MAX], money[MONEY_BYTES_MAX], plain[NUMBER_BYTES_MAX],
        written[WRITTEN_OUT_BYTES_MAX];
    const char *code;
    if (f->any_sign) s = sign_lead(s, lead);
    if (*f->strips) s = stripped(f, s, room);
    if (f->money && !money_split(f->money, s, money, &s, &code)) return false;
    struct slice exponent = f->exponent ? exponent_find(s) : slice_of(NULL, 0);
    s.n -= exponent.n;
    if (f->thousands || f->point != '.') {
        size_t n;
        if (!separators_normalize(f, s, plain, &n)) return false;
        s = slice_of(plain, n);
    }
    if (exponent.n && !exponent_apply(&s, exponent, written)) return false;
    if (f->round) return rounded_convert(s, f->scale, out);
    if (f->type == VALUE_INTEGER && !f->zeros && !exponent.n) return text_to_i64(s, out);
    return text_to_decimal(s, f->scale, out);
}
