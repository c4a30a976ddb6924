#include "etl/time_format.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "etl/time_names.h"
#include "lib/base/text.h"

static const char *const MONTHS[] = {"January", "February", "March",     "April",   "May",      "June",
                                     "July",    "August",   "September", "October", "November", "December"};
static const char *const WEEKDAYS[] = {"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"};

enum { DAY_S = 86400, HOUR_S = 3600, MINUTE_S = 60 };

/* %F and %T are short for patterns without a flag. */
static const char *shorthand(char letter)
{
    return letter == 'F' ? "%Y-%m-%d" : letter == 'T' ? "%H:%M:%S" : NULL;
}

static bool is_iso(const char *format)
{
    return strcmp(format, "iso8601") == 0;
}

/* --- checking a pattern --- */

/* Steps over one directive: *format stands behind it afterwards. Gives its letter, 0 for a plain
 * character; *short_form tells whether it had the flag '-'. */
static char directive_take(const char **format, bool *short_form)
{
    *short_form = false;
    if (*(*format)++ != '%') return 0;
    if (**format == '-') {
        *short_form = true;
        (*format)++;
    }
    return **format ? *(*format)++ : '\0';
}

/* The letters of all directives, shorthands expanded. False at a directive that does not exist. */
static bool letters_collect(const char *format, char seen[128])
{
    while (*format) {
        bool short_form, plain = *format != '%';
        char letter = directive_take(&format, &short_form);
        if (plain) continue;
        const char *longer = short_form ? NULL : shorthand(letter);
        if (longer)
            letters_collect(longer, seen);
        else if (!letter || !strchr(short_form ? "mdHIMS" : "YymdebBaAHIpMSfzs%", letter))
            return false;
        seen[(unsigned char)letter & 127] = 1;
    }
    return true;
}

const char *time_format_wrong(const char *format, bool for_reading, struct arena *arena)
{
    char seen[128] = {0};
    if (is_iso(format)) return NULL;
    time_language_take(&format);
    if (!letters_collect(format, seen))
        return arena_printf(arena,
                            "\"%s\" has a directive that does not exist (known: %%Y %%y %%m %%d %%e %%b %%B %%a %%A "
                            "%%H %%I %%p %%M %%S %%f %%z %%s %%F %%T %%%%, and %%-m %%-d %%-H %%-I %%-M %%-S)",
                            format);
    if (!for_reading) return NULL;
    bool month = seen['m'] || seen['b'] || seen['B'];
    bool date = (seen['Y'] || seen['y']) && month && (seen['d'] || seen['e']);
    if (!date && !seen['s'])
        return arena_printf(arena, "\"%s\" does not hold year, month and day (or %%s)%s", format,
                            strchr(format, '%') ? "" : ": its letters stand behind %, dd/MM/yyyy is %d/%m/%Y");
    if (seen['I'] != seen['p']) return arena_printf(arena, "\"%s\": %%I and %%p go together", format);
    return NULL;
}

bool time_format_has_zone(const char *format)
{
    char seen[128] = {0};
    time_language_take(&format);
    return letters_collect(format, seen) && (seen['z'] || seen['s']);
}

/* --- reading --- */

struct reading {
    struct slice rest;
    const struct time_language *language; /* NULL: English */
    int64_t year, month, day, hour, minute, second;
    int64_t half;  /* 0 unless %p; 1 AM, 2 PM */
    int64_t east;  /* seconds */
    int64_t epoch; /* of %s */
    int64_t nanos; /* the fraction of the second */
    bool has_zone, has_epoch;
};

static bool digits_take(struct slice *s, int least, int most, int64_t *out)
{
    int n = 0;
    int64_t value = 0;
    for (; n < most && (size_t)n < s->n && s->p[n] >= '0' && s->p[n] <= '9'; n++) value = value * 10 + (s->p[n] - '0');
    if (n < least) return false;
    *s = slice_of(s->p + n, s->n - (size_t)n);
    *out = value;
    return true;
}

/* An English name, whole or its first three letters; *number is its place from 1. */
static bool name_take(struct slice *s, const char *const *names, int count, bool whole, int64_t *number)
{
    for (int i = 0; i < count; i++) {
        if (s->n == 0 || (s->p[0] | 32) != (names[i][0] | 32)) continue;
        size_t n = whole ? strlen(names[i]) : 3;
        if (s->n < n || strncasecmp((const char *)s->p, names[i], n) != 0) continue;
        *s = slice_of(s->p + n, s->n - n);
        *number = i + 1;
        return true;
    }
    return false;
}

static bool byte_take(struct slice *s, char c)
{
    if (s->n == 0 || s->p[0] != (uint8_t)c) return false;
    *s = slice_of(s->p + 1, s->n - 1);
    return true;
}

static bool zone_take(struct slice *s, int64_t *east)
{
    int64_t hours, minutes = 0;
    *east = 0;
    if (byte_take(s, 'Z')) return true;
    bool west = s->n && s->p[0] == '-';
    if (!byte_take(s, west ? '-' : '+') || !digits_take(s, 2, 2, &hours)) return false;
    bool colon = byte_take(s, ':');
    if ((colon || (s->n && isdigit(s->p[0]))) && !digits_take(s, 2, 2, &minutes)) return false;
    if (hours > 23 || minutes > 59) return false;
    *east = (hours * HOUR_S + minutes * MINUTE_S) * (west ? -1 : 1);
    return true;
}

static bool year_short_take(struct slice *s, int64_t *year)
{
    if (!digits_take(s, 2, 2, year)) return false;
    *year += *year >= 69 ? 1900 : 2000; /* as POSIX has it */
    return true;
}

static bool epoch_take(struct reading *r)
{
    bool negative = byte_take(&r->rest, '-');
    if (!digits_take(&r->rest, 1, 12, &r->epoch)) return false;
    if (negative) r->epoch = -r->epoch;
    r->has_epoch = true;
    return true;
}

static bool fraction_take(struct reading *r)
{
    enum { DIGITS = 9 };
    size_t before = r->rest.n;
    if (!digits_take(&r->rest, 1, DIGITS, &r->nanos)) return false;
    for (size_t taken = before - r->rest.n; taken < DIGITS; taken++) r->nanos *= 10;
    return true;
}

static bool directive_read(char letter, bool short_form, struct reading *r)
{
    struct slice *s = &r->rest;
    int least = short_form ? 1 : 2;
    int64_t ignored;
    switch (letter) {
    case 'Y': return digits_take(s, 4, 4, &r->year);
    case 'y': return year_short_take(s, &r->year);
    case 'm': return digits_take(s, least, 2, &r->month);
    case 'd': return digits_take(s, least, 2, &r->day);
    case 'e': return byte_take(s, ' ') ? digits_take(s, 1, 1, &r->day) : digits_take(s, 1, 2, &r->day);
    case 'b':
    case 'B':
        if (r->language) return time_name_take(r->language, false, letter == 'B', s, &r->month);
        return name_take(s, MONTHS, 12, letter == 'B', &r->month);
    case 'a':
    case 'A':
        if (r->language) return time_name_take(r->language, true, letter == 'A', s, &ignored);
        return name_take(s, WEEKDAYS, 7, letter == 'A', &ignored);
    case 'H': return digits_take(s, least, 2, &r->hour);
    case 'I': return digits_take(s, least, 2, &r->hour) && r->hour >= 1 && r->hour <= 12;
    case 'p':
        r->half = s->n >= 2 && (s->p[0] | 32) == 'a' ? 1 : 2;
        if (s->n < 2 || (r->half == 2 && (s->p[0] | 32) != 'p') || (s->p[1] | 32) != 'm') return false;
        *s = slice_of(s->p + 2, s->n - 2);
        return true;
    case 'M': return digits_take(s, least, 2, &r->minute);
    case 'S': return digits_take(s, least, 2, &r->second);
    case 'f': return fraction_take(r);
    case 'z': r->has_zone = true; return zone_take(s, &r->east);
    case 's': return epoch_take(r);
    default: return byte_take(s, '%');
    }
}

static bool format_read(const char *format, struct reading *r)
{
    while (*format) {
        bool short_form;
        char plain = *format, letter = directive_take(&format, &short_form);
        const char *longer = plain == '%' ? shorthand(letter) : NULL;
        if (longer         ? !format_read(longer, r)
            : plain != '%' ? !byte_take(&r->rest, plain)
                           : !directive_read(letter, short_form, r))
            return false;
    }
    return true;
}

/* hh:mm[:ss[.fraction]], or the same without colons. */
static bool iso_clock_read(struct reading *r)
{
    if (!digits_take(&r->rest, 2, 2, &r->hour)) return false;
    bool colons = byte_take(&r->rest, ':');
    if (!digits_take(&r->rest, 2, 2, &r->minute)) return false;
    bool digit = r->rest.n && isdigit(r->rest.p[0]);
    if (colons ? !byte_take(&r->rest, ':') : !digit) return true;
    if (!digits_take(&r->rest, 2, 2, &r->second)) return false;
    bool fraction = byte_take(&r->rest, '.') || byte_take(&r->rest, ',');
    return !fraction || fraction_take(r);
}

static bool iso_read(struct reading *r)
{
    if (!digits_take(&r->rest, 4, 4, &r->year)) return false;
    bool dashes = byte_take(&r->rest, '-');
    if (!digits_take(&r->rest, 2, 2, &r->month) || (dashes && !byte_take(&r->rest, '-')) ||
        !digits_take(&r->rest, 2, 2, &r->day))
        return false;
    if (r->rest.n == 0) return true;
    if (!byte_take(&r->rest, 'T') && !byte_take(&r->rest, 't') && !byte_take(&r->rest, ' ')) return false;
    if (!iso_clock_read(r)) return false;
    r->has_zone = r->rest.n > 0;
    return !r->has_zone || byte_take(&r->rest, 'z') || zone_take(&r->rest, &r->east);
}

bool time_fraction_read(const char *format, struct slice text, int64_t *nanos)
{
    struct reading r = {.rest = text, .language = time_language_take(&format)};
    bool fits = (is_iso(format) ? iso_read(&r) : format_read(format, &r)) && r.rest.n == 0;
    *nanos = r.nanos;
    return fits;
}

bool time_read_zoned(const char *format, struct slice text, int64_t *seconds, bool *is_utc)
{
    struct reading r = {.rest = text, .language = time_language_take(&format)};
    if (!(is_iso(format) ? iso_read(&r) : format_read(format, &r)) || r.rest.n) return false;
    *is_utc = r.has_zone || r.has_epoch;
    if (r.has_epoch) {
        *seconds = r.epoch;
        return time_in_range(r.epoch);
    }
    if (r.half) r.hour = r.hour % 12 + (r.half == 2 ? 12 : 0);
    if (!civil_valid(r.year, (int)r.month, (int)r.day) || r.hour > 23 || r.minute > 59 || r.second > 59) return false;
    int64_t days = days_from_civil(r.year, (int)r.month, (int)r.day);
    *seconds = days * DAY_S + r.hour * HOUR_S + r.minute * MINUTE_S + r.second - r.east;
    return time_in_range(*seconds);
}

bool time_read(const char *format, struct slice text, int64_t *seconds)
{
    bool is_utc;
    return time_read_zoned(format, text, seconds, &is_utc);
}

bool time_zone_read(struct slice text, int64_t *seconds_east)
{
    *seconds_east = 0;
    if (slice_equal(text, SLICE_LIT("UTC"))) return true;
    return zone_take(&text, seconds_east) && text.n == 0;
}

/* --- printing --- */

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

/* At least `width` digits, zero-padded. */
static void number_print(struct buf *out, int64_t value, int width)
{
    char digits[24];
    int at = sizeof digits;
    uint64_t rest = value < 0 ? -(uint64_t)value : (uint64_t)value;
    for (int n = 0; rest || n < width; n++) {
        digits[--at] = (char)('0' + rest % 10);
        rest /= 10;
    }
    if (value < 0) digits[--at] = '-';
    buf_append(out, digits + at, sizeof digits - (size_t)at);
}

static void directive_print(const struct time_language *l, char letter, int width, int64_t seconds, struct buf *out)
{
    int64_t days = floor_div(seconds, DAY_S), of_day = seconds - days * DAY_S, year;
    int64_t hour = of_day / HOUR_S, weekday = (days % 7 + 10) % 7; /* 1970-01-01 was a Thursday; 0 is Monday */
    int month, day;
    civil_from_days(days, &year, &month, &day);
    switch (letter) {
    case 'Y': number_print(out, year, 4); break;
    case 'y': number_print(out, year % 100, 2); break;
    case 'm': number_print(out, month, width); break;
    case 'd': number_print(out, day, width); break;
    case 'e': number_print(out, day, 1); break;
    case 'b':
    case 'B':
        if (l)
            time_name_print(l, false, letter == 'B', month - 1, out);
        else
            buf_append(out, MONTHS[month - 1], letter == 'b' ? 3 : strlen(MONTHS[month - 1]));
        break;
    case 'a':
    case 'A':
        if (l)
            time_name_print(l, true, letter == 'A', weekday, out);
        else
            buf_append(out, WEEKDAYS[weekday], letter == 'a' ? 3 : strlen(WEEKDAYS[weekday]));
        break;
    case 'H': number_print(out, hour, width); break;
    case 'I': number_print(out, (hour + 11) % 12 + 1, width); break;
    case 'p': buf_append_str(out, hour < 12 ? "AM" : "PM"); break;
    case 'M': number_print(out, of_day / MINUTE_S % 60, width); break;
    case 'S': number_print(out, of_day % 60, width); break;
    case 'f': buf_append_str(out, "0"); break;
    case 'z': buf_append_str(out, "+0000"); break;
    case 's': number_print(out, seconds, 1); break;
    default: buf_append_byte(out, '%'); break;
    }
}

void time_print(const char *format, int64_t seconds, struct buf *out)
{
    if (is_iso(format)) format = "%FT%T";
    const struct time_language *language = time_language_take(&format);
    while (*format) {
        bool short_form;
        char plain = *format, letter = directive_take(&format, &short_form);
        const char *longer = plain == '%' ? shorthand(letter) : NULL;
        if (longer)
            time_print(longer, seconds, out);
        else if (plain == '%')
            directive_print(language, letter, short_form ? 1 : 2, seconds, out);
        else
            buf_append_byte(out, (uint8_t)plain);
    }
}
