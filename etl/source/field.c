#include "etl/source/field.h"

#include <string.h>

#include "etl/expr/node.h"
#include "etl/time_format.h"
#include "lib/base/text.h"

const char *const FIELD_KEYS[] = {"name",      "header",        "field", "path",    "optional", "type",
                                  "scale",     "trim",          "null",  "default", "strip",    "decimal_point",
                                  "thousands", "decimal_zeros", "round", "format",  "zone",     "ambiguous",
                                  NULL};

/* --- reading the declaration --- */

static const char *const NO_TEXTS[] = {NULL};

static char separator_read(struct node n, char fallback, const char *allowed)
{
    const char *text = node_text(n, "");
    if (!node_present(n)) return fallback;
    if (strlen(text) != 1 || !strchr(allowed, *text)) node_fail(n, "must be one of the characters %s", allowed);
    return *text;
}

static void number_read(struct node column, struct field_spec *f)
{
    bool decimal = f->type == VALUE_DECIMAL;
    if (decimal) f->scale = (int)node_integer(node_required(column, "scale"), 1, 1, DECIMAL_SCALE_MAX);
    f->point = separator_read(node_member(column, "decimal_point"), '.', ".,");
    f->thousands = separator_read(node_member(column, "thousands"), 0, ".,' _");
    if (f->point == f->thousands)
        node_fail(node_member(column, "thousands"), "is the decimal point too; set decimal_point");
    f->strips = node_text_list(node_member(column, "strip"), NULL);
    f->zeros = node_bool(node_member(column, "decimal_zeros"), false);
    f->round = node_bool(node_member(column, "round"), false);
    for (int i = 0; f->strips[i]; i++)
        if (!*f->strips[i]) node_fail(node_member(column, "strip"), "an empty text cannot be taken off");
}

static void formats_read(struct node column, struct field_spec *f)
{
    int count;
    struct node format = node_required(column, "format");
    f->formats = node_text_list(format, &count);
    if (node_present(format) && count == 0) node_fail(format, "needs at least one pattern such as \"%%Y-%%m-%%d\"");
    for (int i = 0; i < count; i++) {
        const char *wrong = time_format_wrong(f->formats[i], true, format.doc->arena);
        if (wrong) node_fail(format, "%s", wrong);
    }
}

/* True when no pattern leaves a wall clock without a zone. */
static bool formats_have_zone(const struct field_spec *f)
{
    const char *const *format = f->formats;
    while (*format && time_format_has_zone(*format)) format++;
    return !*format;
}

static void zone_read(struct node column, struct field_spec *f)
{
    char message[ZONE_MESSAGE_BYTES];
    struct node zone = node_member(column, "zone"), ambiguous = node_member(column, "ambiguous");
    const char *name = node_text(zone, "keep");
    f->ambiguous = (enum zone_choice)node_choice(ambiguous, ZONE_CHOICES, ZONE_REJECT);
    if (strcmp(name, "keep") != 0 && !column.doc->failed) {
        if (formats_have_zone(f)) node_fail(zone, "the pattern holds the zone already (%%z or %%s)");
        if (f->type == VALUE_DATE) node_fail(zone, "a date has no zone; declare a timestamp and derive date()");
        f->zone = time_zone_open(name, column.doc->arena, message);
        if (!f->zone) node_fail(zone, "%s; or \"keep\"", message);
    }
    if (node_present(ambiguous) && (!f->zone || time_zone_is_fixed(f->zone)))
        node_fail(ambiguous, "only has a meaning with a \"zone\" in which clocks are changed");
}

static void time_keys_read(struct node column, struct field_spec *f)
{
    formats_read(column, f);
    zone_read(column, f);
}

static void key_refuse(struct node column, const char *const *keys, enum value_type type)
{
    static const char *const names[] = {"", "integer", "decimal", "text", "timestamp", "date"};
    for (; *keys; keys++)
        if (node_present(node_member(column, *keys)))
            node_fail(node_member(column, *keys), "has no meaning for a column of type %s", names[type]);
}

static void nulls_set(struct field_spec *f, const char *const *texts, struct arena *arena)
{
    while (texts[f->null_count]) f->null_count++;
    f->nulls = arena_alloc(arena, (size_t)f->null_count * sizeof *f->nulls);
    for (int i = 0; i < f->null_count; i++)
        f->nulls[i] = slice_of(arena_str(arena, slice_str(texts[i])), strlen(texts[i]));
}

struct field_spec *field_spec_read(struct node column, enum value_type type, const char *const *nulls, bool trim)
{
    static const char *const number_keys[] = {"decimal_point", "thousands", "strip", "decimal_zeros",
                                              "round",         "scale",     NULL};
    static const char *const time_keys[] = {"format", "zone", "ambiguous", NULL};
    struct field_spec *f = arena_alloc(column.doc->arena, sizeof *f);
    bool number = type == VALUE_INTEGER || type == VALUE_DECIMAL, time = type == VALUE_TIMESTAMP || type == VALUE_DATE;
    *f = (struct field_spec){.at = column.path, .type = type, .number = -1, .strips = NO_TEXTS};
    f->trim = node_bool(node_member(column, "trim"), trim);
    struct node null = node_member(column, "null"), fallback = node_member(column, "default");
    nulls_set(f, node_present(null) ? node_text_list(null, NULL) : nulls, column.doc->arena);
    f->has_fallback = node_present(fallback);
    f->fallback = slice_str(f->has_fallback ? node_number_text(fallback) : "");
    if (number)
        number_read(column, f);
    else
        key_refuse(column, number_keys, type);
    if (type == VALUE_INTEGER) key_refuse(column, number_keys + 5, type);
    if (time)
        time_keys_read(column, f);
    else
        key_refuse(column, time_keys, type);
    struct value v;
    if (f->has_fallback && !column.doc->failed && !field_convert(f, f->fallback, &v))
        node_fail(fallback, "\"%s\" does not fit the column's own type", (const char *)f->fallback.p);
    return f;
}

/* --- converting --- */

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t';
}

static struct slice trimmed(struct slice s)
{
    while (s.n && is_blank(s.p[0])) s = slice_of(s.p + 1, s.n - 1);
    while (s.n && is_blank(s.p[s.n - 1])) s.n--;
    return s;
}

static bool is_null(const struct field_spec *f, struct slice s)
{
    for (int i = 0; i < f->null_count; i++)
        if (f->nulls[i].n == s.n && memcmp(f->nulls[i].p, s.p, s.n) == 0) return true;
    return false;
}

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

/* Takes thousands separators out and makes the decimal sign a point. A separator must stand between
 * digits, every three digits before the point: 1.234.567,8 but not 1.23,4. False when it does not. */
static bool separators_normalize(const struct field_spec *f, struct slice s, char *out, size_t *n)
{
    size_t group = 0, digits = 0, end = 0;
    bool grouped = false, fraction = false;
    if (!s.p || s.n > NUMBER_BYTES_MAX) return false;
    for (size_t i = 0; i < s.n; i++) {
        char c = (char)s.p[i];
        if (f->thousands && c == f->thousands) {
            if (fraction || digits == 0 || (grouped ? group != 3 : group > 3)) return false;
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

static bool number_convert(const struct field_spec *f, struct slice s, struct value *out)
{
    char room[NUMBER_BYTES_MAX], plain[NUMBER_BYTES_MAX];
    if (*f->strips) s = stripped(f, s, room);
    if (f->thousands || f->point != '.') {
        size_t n;
        if (!separators_normalize(f, s, plain, &n)) return false;
        s = slice_of(plain, n);
    }
    if (f->round) return rounded_convert(s, f->scale, &out->i);
    if (f->type == VALUE_INTEGER && !f->zeros) return text_to_i64(s, &out->i);
    return text_to_decimal(s, f->scale, &out->i);
}

static bool time_convert(const struct field_spec *f, struct slice s, struct value *out)
{
    int64_t seconds;
    bool is_utc;
    const char *const *format = f->formats;
    while (*format && !time_read_zoned(*format, s, &seconds, &is_utc)) format++;
    if (!*format) return false;
    if (f->zone && !is_utc && !time_zone_to_utc(f->zone, seconds, f->ambiguous, &seconds)) return false;
    out->i = f->type == VALUE_DATE ? seconds / 86400 - (seconds % 86400 < 0) : seconds;
    return time_in_range(seconds);
}

bool field_convert(const struct field_spec *f, struct slice text, struct value *out)
{
    struct slice s = f->trim && text.p ? trimmed(text) : text;
    *out = (struct value){.type = VALUE_NULL};
    if (!s.p || is_null(f, s)) {
        if (!f->has_fallback) return true;
        s = f->fallback;
    }
    bool fits = true;
    if (f->type == VALUE_TEXT)
        out->text = s;
    else if (f->type == VALUE_INTEGER || f->type == VALUE_DECIMAL)
        fits = number_convert(f, s, out);
    else
        fits = time_convert(f, s, out);
    if (fits) out->type = f->type;
    return fits;
}
