#include "etl/sink/value.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/text.h"

enum { DAY_S = 86400 };

static char *digits(char *p, int64_t number, int count)
{
    for (int i = count - 1; i >= 0; i--, number /= 10) p[i] = (char)('0' + number % 10);
    return p + count;
}

static char *date_write(char *p, int64_t days)
{
    int64_t year;
    int month, day;
    civil_from_days(days, &year, &month, &day);
    if (year >= 0 && year <= 9999)
        p = digits(p, year, 4);
    else
        p += strlen(sqlite3_snprintf(24, p, "%lld", (long long)year));
    *p++ = '-';
    p = digits(p, month, 2);
    *p++ = '-';
    return digits(p, day, 2);
}

static char *time_write(char *p, int64_t s)
{
    int64_t days = s / DAY_S, second = s % DAY_S;
    if (second < 0) {
        second += DAY_S;
        days--;
    }
    p = date_write(p, days);
    *p++ = ' ';
    p = digits(p, second / 3600, 2);
    *p++ = ':';
    p = digits(p, second / 60 % 60, 2);
    *p++ = ':';
    return digits(p, second % 60, 2);
}

int value_text_write(const struct value *v, struct value_text *out)
{
    if (out->type == v->type && out->shown == v->i) return out->length;
    char *end = v->type == VALUE_DATE ? date_write(out->text, v->i) : time_write(out->text, v->i);
    out->type = v->type;
    out->shown = v->i;
    return out->length = (int)(end - out->text);
}

void value_print(const struct value *v, int scale, struct buf *out)
{
    struct value_text time = {.type = VALUE_NULL};
    switch (v->type) {
    case VALUE_NULL: break;
    case VALUE_INTEGER: text_from_decimal(v->i, 0, out); break;
    case VALUE_DECIMAL: text_from_decimal(v->i, scale, out); break;
    case VALUE_TEXT: buf_append_slice(out, v->text); break;
    case VALUE_TIMESTAMP:
    case VALUE_DATE: buf_append(out, time.text, (size_t)value_text_write(v, &time)); break;
    }
}

void value_bind(sqlite3_stmt *s, int at, const struct value *v, struct value_text *room)
{
    switch (v->type) {
    case VALUE_NULL: sqlite3_bind_null(s, at); break;
    case VALUE_INTEGER:
    case VALUE_DECIMAL: sqlite3_bind_int64(s, at, v->i); break;
    case VALUE_TEXT:
        sqlite3_bind_text(s, at, v->text.n ? (const char *)v->text.p : "", (int)v->text.n, SQLITE_STATIC);
        break;
    case VALUE_TIMESTAMP:
    case VALUE_DATE: sqlite3_bind_text(s, at, room->text, value_text_write(v, room), SQLITE_STATIC); break;
    }
}

void value_result(sqlite3_context *out, const struct value *v, struct value_text *room)
{
    switch (v->type) {
    case VALUE_NULL: sqlite3_result_null(out); break;
    case VALUE_INTEGER:
    case VALUE_DECIMAL: sqlite3_result_int64(out, v->i); break;
    case VALUE_TEXT:
        sqlite3_result_text(out, v->text.n ? (const char *)v->text.p : "", (int)v->text.n, SQLITE_STATIC);
        break;
    case VALUE_TIMESTAMP:
    case VALUE_DATE: sqlite3_result_text(out, room->text, value_text_write(v, room), SQLITE_STATIC); break;
    }
}

/* Reads what value_text_write wrote, also years of other lengths. */
int64_t value_time_read(const char *text, enum value_type type)
{
    char *rest;
    int64_t year = strtoll(text, &rest, 10);
    int month = atoi(rest + 1), day = atoi(rest + 4);
    int64_t days = days_from_civil(year, month, day);
    if (type == VALUE_DATE) return days;
    return days * DAY_S + atoi(rest + 7) * 3600 + atoi(rest + 10) * 60 + atoi(rest + 13);
}

struct value value_column(sqlite3_stmt *s, int column, enum value_type type)
{
    struct value v = {.type = type};
    if (sqlite3_column_type(s, column) == SQLITE_NULL) {
        v.type = VALUE_NULL;
    } else if (type == VALUE_TEXT) {
        v.text.p = sqlite3_column_text(s, column);
        v.text.n = (size_t)sqlite3_column_bytes(s, column);
    } else if (type == VALUE_TIMESTAMP || type == VALUE_DATE) {
        v.i = value_time_read((const char *)sqlite3_column_text(s, column), type);
    } else {
        v.i = sqlite3_column_int64(s, column);
    }
    return v;
}

const char *value_sql_type(enum value_type type)
{
    return type == VALUE_INTEGER || type == VALUE_DECIMAL ? "INTEGER" : "TEXT";
}

int value_compare(const struct value *a, const struct value *b)
{
    if (a->type == VALUE_NULL || b->type == VALUE_NULL) return (a->type != VALUE_NULL) - (b->type != VALUE_NULL);
    if (a->type == VALUE_TEXT) return slice_compare(a->text, b->text);
    return (a->i > b->i) - (a->i < b->i);
}

struct value value_copy(const struct value *v, struct arena *arena)
{
    struct value copy = *v;
    if (v->type == VALUE_TEXT && v->text.n) copy.text.p = arena_copy(arena, v->text.p, v->text.n);
    return copy;
}
