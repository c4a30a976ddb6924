/* field.h - the text of one field becomes a typed value, exactly as its column declares.
 *
 *     as read -> trim -> null? -> default? -> strip -> separators -> number or time -> value
 *
 * Nothing is guessed: a text that does not fit the declaration is a failure, never a best effort. */
#ifndef MILLRACE_ETL_SOURCE_FIELD_H
#define MILLRACE_ETL_SOURCE_FIELD_H

#include "etl/document.h"
#include "etl/row.h"
#include "etl/source/money.h"
#include "etl/time_zone.h"

struct field_spec {
    const char *at;             /* key path, for messages */
    enum value_type type;       /* never VALUE_NULL */
    int scale;                  /* decimal */
    const char *const *headers; /* CSV with a header: names to look for, the first match wins. JSON, XML: the path */
    int number;                 /* where the field stands, 0-based; -1: by header */
    bool optional;              /* a file without this header gives NULL; one without this path is not told of */
    bool required;              /* a file without this path is an error */
    bool trim;                  /* blanks and tabs at both ends do not count */
    struct slice *nulls;        /* texts that mean NULL */
    int null_count;
    bool has_fallback; /* "default": the text to read where the field is NULL */
    struct slice fallback;
    const char *const *strips;      /* texts taken off the ends of a number: "$", " EUR" */
    char point, thousands;          /* decimal sign; thousands separator, 0 if none */
    bool zeros;                     /* "decimal_zeros": 17850.0 is the integer 17850 */
    bool round;                     /* digits behind the scale are rounded, half away from zero, not refused */
    bool exponent;                  /* 1.5e3 is a number */
    bool any_sign;                  /* "sign": "any": 5-, (5) and U+2212 are negative, too */
    bool indian;                    /* "grouping": "indian": 12,34,567 */
    const struct money_spec *money; /* decimal: the text is an amount with its currency; NULL: a number alone */
    bool is_currency;               /* the companion column: the currency of the amount in the same field */
    const char *const *formats;     /* time patterns, tried in order */
    const struct time_zone *zone;   /* what a wall clock without a zone of its own is in; NULL: it is kept */
    enum zone_choice ambiguous;     /* when it is there twice or not at all */
};

/* Reads the keys type, scale, format, zone, null, default, trim, ... of one column. Keys of its place (name,
 * header, field) belong to the caller. `nulls` and `trim` are the source's own. */
struct field_spec *field_spec_read(struct node column, enum value_type type, const char *const *nulls, bool trim);
/* For the column that "currency_column" of an amount names: the same field, read for its currency. */
struct field_spec *field_currency_spec(const struct field_spec *amount, struct arena *arena);
extern const char *const FIELD_KEYS[]; /* every key that a column may have */

/* False when the text does not fit the type. `text.p` NULL means: there is no such field here; that is NULL.
 * A text value points into `text` or the definition. */
bool field_convert(const struct field_spec *f, struct slice text, struct value *out);

#endif
