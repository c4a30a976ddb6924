#include "etl/source/csv.h"

#include <ctype.h>
#include <string.h>

#include "etl/source/csv_common.h"

/* --- where a record ends --- */

/* Offset behind the closing quote of a field whose opening quote is at `at`; SIZE_MAX if it stays open. */
static size_t quoted_end(const struct csv_spec *spec, struct slice s, size_t at)
{
    for (size_t i = at + 1; i < s.n; i++) {
        uint8_t c = s.p[i];
        if (spec->escape == CSV_ESCAPE_BACKSLASH && c == '\\')
            i++;
        else if (c == (uint8_t)spec->quote) {
            bool doubled = spec->escape == CSV_ESCAPE_DOUBLED && i + 1 < s.n && s.p[i + 1] == c;
            if (!doubled) return i + 1;
            i++;
        }
    }
    return SIZE_MAX;
}

/* Offset of the delimiter or line end that closes an unquoted stretch beginning at `at`. */
static size_t plain_end(const struct csv_spec *spec, struct slice s, size_t at)
{
    for (; at < s.n && s.p[at] != (uint8_t)spec->delimiter && s.p[at] != '\n'; at++)
        if (spec->escape == CSV_ESCAPE_BACKSLASH && s.p[at] == '\\' && at + 1 < s.n && s.p[at + 1] != '\n') at++;
    return at < s.n ? at : s.n;
}

static size_t blanks_skip(const struct csv_spec *spec, struct slice s, size_t at)
{
    while (spec->trim && at < s.n && (s.p[at] == ' ' || s.p[at] == '\t') && s.p[at] != (uint8_t)spec->delimiter) at++;
    return at;
}

/* Walks field by field to the line end that stands outside of quotes; SIZE_MAX when a quote stays open. */
static size_t quoted_record_end(const struct csv_spec *spec, struct slice s)
{
    for (size_t at = 0;; at++) {
        at = blanks_skip(spec, s, at);
        if (at < s.n && s.p[at] == (uint8_t)spec->quote) {
            at = quoted_end(spec, s, at);
            if (at == SIZE_MAX) return SIZE_MAX;
        }
        at = plain_end(spec, s, at);
        if (at >= s.n || s.p[at] == '\n') return at;
    }
}

size_t csv_record_length(const struct csv_spec *spec, struct slice rest, size_t *next)
{
    const uint8_t *newline = memchr(rest.p, '\n', rest.n);
    size_t end = newline ? (size_t)(newline - rest.p) : rest.n;
    /* Only a quote in the first line can carry the record beyond it; most lines have none. */
    if (spec->multiline && spec->quote && memchr(rest.p, spec->quote, end)) {
        size_t bound = rest.n < CSV_RECORD_BYTES_MAX ? rest.n : CSV_RECORD_BYTES_MAX;
        size_t further = quoted_record_end(spec, slice_of(rest.p, bound));
        bool whole = further != SIZE_MAX && (further < bound || bound == rest.n);
        if (whole) end = further;
    }
    *next = end < rest.n ? end + 1 : end;
    while (end && rest.p[end - 1] == '\r') end--; /* some programs make CR CR LF of CR LF */
    return end;
}

bool csv_record_open(const struct csv_spec *spec, struct slice rest)
{
    const uint8_t *newline = memchr(rest.p, '\n', rest.n);
    size_t end = newline ? (size_t)(newline - rest.p) : rest.n;
    bool over_lines = spec->multiline && spec->quote && memchr(rest.p, spec->quote, end);
    return over_lines && rest.n < CSV_RECORD_BYTES_MAX && quoted_record_end(spec, rest) == SIZE_MAX;
}

/* --- what the fields are --- */

static int hex_digit(uint8_t c)
{
    return c >= '0' && c <= '9' ? c - '0' : isxdigit(c) ? (c | 0x20) - 'a' + 10 : -1;
}

/* Two hexadecimal digits, or -1. */
static int hex_byte(const uint8_t *p)
{
    int high = hex_digit(p[0]), low = hex_digit(p[1]);
    return high < 0 || low < 0 ? -1 : high * 16 + low;
}

struct slice backslash_decode(struct slice s, char delimiter, struct arena *arena)
{
    static const char letters[] = "\"\\/'nrtbfv0", meanings[] = "\"\\/'\n\r\t\b\f\v\0";
    if (s.n == 0 || !memchr(s.p, '\\', s.n)) return s;
    uint8_t *p = arena_alloc(arena, s.n);
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++) {
        const char *letter = NULL;
        bool escape = s.p[i] == '\\' && i + 1 < s.n;
        if (escape && s.p[i + 1]) letter = strchr(letters, s.p[i + 1]);
        bool protects = escape && delimiter && s.p[i + 1] == (uint8_t)delimiter;
        int byte = escape && s.p[i + 1] == 'x' && i + 3 < s.n ? hex_byte(s.p + i + 2) : -1;
        if (byte >= 0)
            p[n++] = (uint8_t)byte;
        else if (protects)
            p[n++] = (uint8_t)delimiter;
        else
            p[n++] = letter ? (uint8_t)meanings[letter - letters] : s.p[i];
        i += byte >= 0 ? 3 : letter || protects ? 1 : 0;
    }
    return slice_of(p, n);
}

static struct slice field_decode(const struct csv_spec *spec, struct slice s, bool quoted, struct arena *arena)
{
    if (quoted && spec->escape == CSV_ESCAPE_DOUBLED) return csv_doubled_halve(s, spec->quote, arena);
    if (spec->escape == CSV_ESCAPE_BACKSLASH && spec->decode) return backslash_decode(s, spec->delimiter, arena);
    return s;
}

/* An unquoted stretch ends at the delimiter; a line end in it is content that a cut record cannot have. */
static size_t field_end(const struct csv_spec *spec, struct slice s, size_t at)
{
    if (spec->escape != CSV_ESCAPE_BACKSLASH) {
        const uint8_t *p = at < s.n ? memchr(s.p + at, spec->delimiter, s.n - at) : NULL;
        return p ? (size_t)(p - s.p) : s.n;
    }
    while (at < s.n && s.p[at] != (uint8_t)spec->delimiter) at += s.p[at] == '\\' && at + 1 < s.n ? 2 : 1;
    return at;
}

/* NULL, or what is wrong at *wrong_at. */
static const char *split(const struct csv_spec *spec, struct slice s, struct arena *arena, struct slice *fields,
                         int *count, size_t *wrong_at)
{
    for (size_t at = 0;; at++) {
        *wrong_at = at;
        if (*count == CSV_FIELDS_MAX) return "there are more than 1024 fields";
        size_t start = at, end; /* blanks that no quote follows are the column's: it may want them */
        at = blanks_skip(spec, s, at);
        bool quoted = spec->quote && at < s.n && s.p[at] == (uint8_t)spec->quote;
        if (quoted) {
            start = at + 1;
            *wrong_at = at;
            at = quoted_end(spec, s, at);
            if (at == SIZE_MAX) return "this quote is never closed";
            end = at - 1;
            at = blanks_skip(spec, s, at);
            *wrong_at = at;
            if (at < s.n && s.p[at] != (uint8_t)spec->delimiter) return "text stands behind a closing quote";
        } else
            at = end = field_end(spec, s, at);
        if (end > s.n) at = end = s.n;
        if (fields) fields[*count] = field_decode(spec, slice_of(s.p + start, end - start), quoted, arena);
        ++*count;
        if (at >= s.n) return NULL;
    }
}

bool csv_split(const struct csv_spec *spec, struct slice record, struct arena *arena, struct slice *fields, int *count)
{
    size_t at;
    if (!record.p) record = SLICE_LIT("");
    if (csv_common_split(spec, record, arena, fields, count)) return true;
    *count = 0;
    return split(spec, record, arena, fields, count, &at) == NULL;
}

const char *csv_wrong(const struct csv_spec *spec, struct slice record, size_t *at)
{
    int count = 0;
    return split(spec, record.p ? record : SLICE_LIT(""), NULL, NULL, &count, at);
}
