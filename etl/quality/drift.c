/* drift.c - what differs between two reports.
 *
 * Sizes are relative (rows, distinct values: by the earlier one; min and max: by the width of the earlier range),
 * shares are differences of shares (NULL, misfits, rejected rows), a value that came or went weighs its share of the
 * rows. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "etl/quality/quality.h"
#include "etl/quality/report.h"
#include "etl/sink/value.h"

struct drift {
    json_t *changes;
    const char *source, *column;
    double threshold;
    int exceeding;
};

/* size: how large the change is; INFINITY: of shape. The text is for people. */
static void change_add(struct drift *d, const char *what, double size, json_t *before, json_t *after,
                       const struct buf *text)
{
    bool exceeds = d->threshold >= 0 && size > d->threshold;
    json_t *one = json_object();
    json_object_set_new(one, "source", json_string(d->source));
    if (d->column) json_object_set_new(one, "column", json_string(d->column));
    json_object_set_new(one, "what", json_string(what));
    json_object_set(one, "before", before ? before : json_null());
    json_object_set(one, "after", after ? after : json_null());
    json_object_set_new(one, "change", isfinite(size) ? json_real(size) : json_null());
    json_object_set_new(one, "exceeds", json_boolean(exceeds));
    json_object_set_new(one, "text", json_stringn((const char *)text->p, text->n));
    json_array_append_new(d->changes, one);
    d->exceeding += exceeds;
}

/* "before -> after (12.5%)", of what is not NULL. */
static void change_say(struct drift *d, const char *what, double size, json_t *before, json_t *after)
{
    struct buf text = {0};
    report_value(before, &text);
    if (before && after) buf_append_str(&text, " -> ");
    report_value(after, &text);
    if (isfinite(size)) buf_printf(&text, "%s(%.4g%%)", text.n ? " " : "", size * 100);
    change_add(d, what, size, before, after, &text);
    buf_release(&text);
}

static json_t *member(const json_t *list, const char *key, const char *name)
{
    size_t index;
    json_t *one;
    json_array_foreach(list, index, one) if (strcmp(report_str(one, key), name) == 0) return one;
    return NULL;
}

/* --- numbers --- */

static double relative(double before, double after)
{
    if (before == after) return 0;
    return before == 0 ? 1 : fabs(after - before) / fabs(before);
}

static void size_compare(struct drift *d, const char *key, const json_t *before, const json_t *after)
{
    double size = relative(report_number(before, key), report_number(after, key));
    if (size > 0) change_say(d, key, size, json_object_get(before, key), json_object_get(after, key));
}

static double share(const json_t *object, const char *part, const char *whole)
{
    double n = report_number(object, whole);
    return n > 0 ? report_number(object, part) / n : 0;
}

static void share_compare(struct drift *d, const char *what, const char *part, const char *whole, const json_t *before,
                          const json_t *after)
{
    double was = share(before, part, whole), is = share(after, part, whole);
    if (was == is) return;
    struct buf text = {0};
    json_t *from = json_real(was), *to = json_real(is);
    buf_printf(&text, "%.4g%% -> %.4g%%", was * 100, is * 100);
    change_add(d, what, fabs(is - was), from, to, &text);
    json_decref(from);
    json_decref(to);
    buf_release(&text);
}

/* --- min and max --- */

static bool measurable(const char *type)
{
    return strcmp(type, "text") != 0;
}

/* As value_print writes it: "2024-01-01", "2024-01-01 00:00:00"; the file may be from anywhere. */
static bool time_shaped(const char *text, bool date)
{
    size_t sign = *text == '-', digits = strspn(text + sign, "0123456789");
    return digits > 0 && digits < 10 && strlen(text + sign + digits) == (date ? 6 : 15);
}

/* A bound on a line of numbers: a time is its seconds or days. */
static double place_of(const json_t *bound, const char *type)
{
    const char *text = json_string_value(bound);
    bool date = strcmp(type, "date") == 0;
    if (!text) return json_number_value(bound);
    if (strcmp(type, "decimal") == 0) return strtod(text, NULL);
    return time_shaped(text, date) ? (double)value_time_read(text, date ? VALUE_DATE : VALUE_TIMESTAMP) : 0;
}

static void bound_compare(struct drift *d, const char *key, const json_t *before, const json_t *after)
{
    json_t *was = json_object_get(before, key), *is = json_object_get(after, key);
    const char *type = report_str(after, "type");
    if (!was || !is || json_equal(was, is)) return;
    if (json_is_null(was) || json_is_null(is) || !measurable(type)) {
        /* text has an order but no distance: it is told and never exceeds */
        change_say(d, key, 0, json_is_null(was) ? NULL : was, json_is_null(is) ? NULL : is);
        return;
    }
    double width = place_of(json_object_get(before, "max"), type) - place_of(json_object_get(before, "min"), type);
    double moved = fabs(place_of(is, type) - place_of(was, type));
    change_say(d, key, width > 0 ? moved / width : 1, was, is);
}

/* --- values --- */

static json_t *value_in(const json_t *column, const json_t *value)
{
    size_t index;
    json_t *one;
    json_array_foreach(json_object_get(column, "top"), index,
                       one) if (json_equal(json_object_get(one, "value"), value)) return one;
    return NULL;
}

static void values_missing(struct drift *d, const char *what, const json_t *from, const json_t *in)
{
    size_t index;
    json_t *one;
    json_array_foreach(json_object_get(from, "top"), index, one)
    {
        json_t *value = json_object_get(one, "value");
        if (value_in(in, value)) continue;
        double rows = report_number(from, "rows"), size = rows > 0 ? report_number(one, "rows") / rows : 0;
        bool gone = strcmp(what, "value vanished") == 0;
        change_say(d, what, size, gone ? value : NULL, gone ? NULL : value);
    }
}

/* Only where both reports have all values: a category. */
static void values_compare(struct drift *d, const json_t *before, const json_t *after)
{
    if (!json_is_true(json_object_get(before, "top_complete")) || !json_is_true(json_object_get(after, "top_complete")))
        return;
    values_missing(d, "value appeared", after, before);
    values_missing(d, "value vanished", before, after);
}

/* --- columns, sources --- */

static void type_of(const json_t *column, struct buf *out)
{
    buf_append_str(out, report_str(column, "type"));
    if (json_object_get(column, "scale")) buf_printf(out, " %.0f", report_number(column, "scale"));
}

static bool type_compare(struct drift *d, const json_t *before, const json_t *after)
{
    struct buf was = {0}, is = {0};
    type_of(before, &was);
    type_of(after, &is);
    bool same = slice_equal(buf_slice(&was), buf_slice(&is));
    if (!same) {
        json_t *from = json_string(buf_cstr(&was)), *to = json_string(buf_cstr(&is));
        change_say(d, "type", INFINITY, from, to);
        json_decref(from);
        json_decref(to);
    }
    buf_release(&was);
    buf_release(&is);
    return same;
}

static void column_compare(struct drift *d, const json_t *before, const json_t *after)
{
    if (!type_compare(d, before, after)) return;
    share_compare(d, "null share", "nulls", "rows", before, after);
    share_compare(d, "misfit share", "misfits", "rows", before, after);
    size_compare(d, "distinct", before, after);
    bound_compare(d, "min", before, after);
    bound_compare(d, "max", before, after);
    values_compare(d, before, after);
}

static void columns_compare(struct drift *d, const json_t *before, const json_t *after)
{
    size_t index;
    json_t *one;
    const json_t *were = json_object_get(before, "columns"), *are = json_object_get(after, "columns");
    json_array_foreach(are, index, one)
    {
        d->column = report_str(one, "column");
        const json_t *was = member(were, "column", d->column);
        if (was)
            column_compare(d, was, one);
        else
            change_say(d, "new column", INFINITY, NULL, NULL);
    }
    json_array_foreach(were, index, one)
    {
        d->column = report_str(one, "column");
        if (!member(are, "column", d->column)) change_say(d, "missing column", INFINITY, NULL, NULL);
    }
    d->column = NULL;
}

static void rules_compare(struct drift *d, const json_t *before, const json_t *after)
{
    size_t index;
    json_t *one;
    const json_t *were = json_object_get(before, "rules");
    json_array_foreach(json_object_get(after, "rules"), index, one)
    {
        const json_t *was = member(were, "rule", report_str(one, "rule"));
        double now = report_number(one, "rejected") / fmax(1, report_number(after, "records"));
        double then = report_number(was, "rejected") / fmax(1, report_number(before, "records"));
        struct buf text = {0};
        if (!was || now == then) continue;
        buf_printf(&text, "rule %s: %.4g%% -> %.4g%%", report_str(one, "rule"), then * 100, now * 100);
        json_t *from = json_real(then), *to = json_real(now);
        change_add(d, "rejected share", fabs(now - then), from, to, &text);
        json_decref(from);
        json_decref(to);
        buf_release(&text);
    }
}

static void sources_compare(struct drift *d, const json_t *before, const json_t *after)
{
    size_t index;
    json_t *one;
    json_array_foreach(after, index, one)
    {
        d->source = report_str(one, "source");
        const json_t *was = member(before, "source", d->source);
        if (!was) {
            change_say(d, "new source", INFINITY, NULL, NULL);
            continue;
        }
        size_compare(d, "records", was, one);
        rules_compare(d, was, one);
        columns_compare(d, was, one);
    }
    json_array_foreach(before, index, one)
    {
        d->source = report_str(one, "source");
        if (!member(after, "source", d->source)) change_say(d, "missing source", INFINITY, NULL, NULL);
    }
}

int quality_drift(json_t *report, const json_t *earlier, const char *against, double threshold)
{
    struct drift d = {.changes = json_array(), .threshold = threshold};
    json_t *drift = json_object();
    sources_compare(&d, json_object_get(earlier, "sources"), json_object_get(report, "sources"));
    json_object_set_new(drift, "against", json_string(against));
    json_object_set_new(drift, "threshold", threshold >= 0 ? json_real(threshold) : json_null());
    json_object_set_new(drift, "exceeding", json_integer(d.exceeding));
    json_object_set_new(drift, "changes", d.changes);
    json_object_set_new(report, "drift", drift);
    return d.exceeding;
}

int quality_load(const char *path, json_t **out, struct err_text *error)
{
    json_error_t wrong;
    *out = json_load_file(path, 0, &wrong);
    if (!*out && wrong.line < 0) return err_set(error, ERR_IO, "%s: %s", path, wrong.text);
    if (!*out) return err_set(error, ERR_INVALID, "%s:%d: no JSON: %s", path, wrong.line, wrong.text);
    if (json_integer_value(json_object_get(*out, "millrace_quality")) == QUALITY_VERSION) return 0;
    json_decref(*out);
    *out = NULL;
    return err_set(error, ERR_INVALID, "%s: no report of `millrace etl quality --format json` (version %d)", path,
                   QUALITY_VERSION);
}
