#include "etl/source/field.h"

#include <string.h>

#include "etl/expr/node.h"
#include "etl/source/number.h"
#include "etl/time_format.h"
#include "lib/base/text.h"

const char *const FIELD_KEYS[] = {
    "name", "header",    "field",    "path",          "optional",        "type",          "scale",    "trim",
    "null", "default",   "strip",    "decimal_point", "thousands",       "decimal_zeros", "round",    "format",
    "zone", "ambiguous", "exponent", "currency",      "currency_column", "sign",          "grouping", NULL};

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
    f->exponent = node_bool(node_member(column, "exponent"), false);
    static const char *const signs[] = {"leading", "any", NULL}, *const groupings[] = {"thousands", "indian", NULL};
    struct node grouping = node_member(column, "grouping");
    f->any_sign = node_choice(node_member(column, "sign"), signs, 0) == 1;
    f->indian = node_choice(grouping, groupings, 0) == 1;
    if (node_present(grouping) && !f->thousands)
        node_fail(grouping, "is about the \"thousands\" separator, and there is none");
    for (int i = 0; f->strips[i]; i++)
        if (!*f->strips[i]) node_fail(node_member(column, "strip"), "an empty text cannot be taken off");
}

/* "currency": the amount's; "currency_column": where to put it. */
static void money_read(struct node column, struct field_spec *f)
{
    struct node currency = node_member(column, "currency"), companion = node_member(column, "currency_column");
    if (node_present(companion) && !node_present(currency))
        node_fail(companion, "needs \"currency\": a code such as \"EUR\", a list of them, or \"any\"");
    if (!node_present(currency)) return;
    f->money = money_spec_read(currency);
    if (f->money->count != 1 && !node_present(companion))
        node_fail(currency, "amounts of several currencies need a \"currency_column\" that says which each is in");
}

struct field_spec *field_currency_spec(const struct field_spec *amount, struct arena *arena)
{
    struct field_spec *f = arena_copy(arena, amount, sizeof *f);
    f->type = VALUE_TEXT;
    f->scale = 0;
    f->is_currency = true;
    return f;
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
    static const char *const number_keys[] = {"decimal_point", "thousands", "strip", "decimal_zeros", "round",
                                              "scale",         "exponent",  "sign",  "grouping",      NULL};
    static const char *const decimal_keys[] = {"scale", NULL}, *const money_keys[] = {"currency", "currency_column",
                                                                                      NULL};
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
    if (type == VALUE_INTEGER) key_refuse(column, decimal_keys, type);
    if (type == VALUE_DECIMAL)
        money_read(column, f);
    else
        key_refuse(column, money_keys, type);
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

/* What is no money is the amount's violation; its currency is not known. */
static void currency_convert(const struct field_spec *f, struct slice s, struct value *out)
{
    const char *code;
    if (number_currency(f, s, &code)) *out = (struct value){.type = VALUE_TEXT, .text = slice_str(code)};
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
    if (f->is_currency) {
        currency_convert(f, s, out);
        return true;
    }
    if (f->type == VALUE_TEXT)
        out->text = s;
    else if (f->type == VALUE_INTEGER || f->type == VALUE_DECIMAL)
        fits = number_convert(f, s, &out->i);
    else
        fits = time_convert(f, s, out);
    if (fits) out->type = f->type;
    return fits;
}
