#include "etl/draft/dialect.h"

#include <stdlib.h>
#include <string.h>

#include "etl/source/encoding.h"
#include "etl/source/field.h"
#include "lib/base/memory.h"

enum { RECORDS_TRIED = 2000, ALIKE_LEAST_PERCENT = 80, TITLE_LINES_MAX = 30, RAGGED_TRIED = 4 };

/* A quote ahead of a field; those inside of words are apostrophes. */
static bool quote_begins(const struct csv_spec *spec, struct slice s)
{
    for (size_t i = 0; i < s.n && spec->quote; i++)
        if (s.p[i] == (uint8_t)spec->quote && (i == 0 || s.p[i - 1] == (uint8_t)spec->delimiter)) return true;
    return false;
}

/* Of how many records have so many fields: those of the most. */
static void alike_find(struct dialect *d, const int *seen)
{
    d->alike = 0;
    for (int i = 1; i <= CSV_FIELDS_MAX; i++)
        if (seen[i] > d->alike) d->alike = seen[i], d->fields = i;
}

/* The most fields that two records have, and those of at least two. */
static void ragged_find(struct dialect *d, const int *seen)
{
    d->alike = 0;
    for (int i = 2; i <= CSV_FIELDS_MAX; i++) {
        if (seen[i] > 1) d->fields = i;
        d->alike += seen[i];
    }
}

static void dialect_try(struct dialect *d, const struct sample *sample)
{
    struct slice *fields = memory_new(CSV_FIELDS_MAX * sizeof *fields), rest = sample->head;
    int *seen = memory_new((CSV_FIELDS_MAX + 1) * sizeof *seen);
    struct arena arena = {0};
    d->fields = d->alike = d->records = d->quoted = 0;
    while (rest.n && d->records < RECORDS_TRIED) {
        size_t next, n = csv_record_length(&d->spec, rest, &next);
        int count = 0;
        if (next >= rest.n && !sample->whole && d->records) break; /* cut off */
        if (n && csv_split(&d->spec, slice_of(rest.p, n), &arena, fields, &count))
            seen[count]++, d->quoted += quote_begins(&d->spec, slice_of(rest.p, n));
        d->records += n > 0;
        rest = slice_of(rest.p + next, rest.n - next);
    }
    (d->ragged ? ragged_find : alike_find)(d, seen);
    free(seen);
    free(fields);
    arena_release(&arena);
}

static bool is_mostly_alike(const struct dialect *d)
{
    return d->alike * 100 >= d->records * ALIKE_LEAST_PERCENT;
}

static bool all_alike(const struct dialect *d)
{
    return d->alike == d->records;
}

/* A character that separates every record, the header too, is the delimiter: one in texts misses some. */
static bool dialect_better(const struct dialect *a, const struct dialect *b, bool escapes)
{
    if (a->fields < 2 || !is_mostly_alike(a)) return false;
    if (a->spec.quote == '\'' && a->quoted == 0) return false; /* apostrophes */
    if (a->spec.delimiter != b->spec.delimiter && b->fields > 1 && all_alike(a) != all_alike(b)) return all_alike(a);
    if (a->fields == b->fields && a->spec.delimiter == b->spec.delimiter)
        return a->alike > b->alike || (a->alike == b->alike && a->spec.escape == CSV_ESCAPE_BACKSLASH && escapes);
    if (a->alike * 20 > b->alike * 21) return true; /* clearly more alike */
    /* it takes the delimiters within the other's quotes for its own */
    if (a->spec.delimiter == b->spec.delimiter && a->spec.quote != b->spec.quote && a->quoted < b->quoted) return false;
    return a->alike * 21 >= b->alike * 20 && a->fields > b->fields;
}

/* What only backslash escapes bring about: \" of those with quotes, \N of the dumps of databases, where no quote is. */
static bool escapes_are_there(const struct dialect *d, struct slice head)
{
    if (d->spec.quote) return memmem(head.p, head.n, "\\\"", 2);
    return memmem(head.p, head.n, "\t\\N", 3) && !memmem(head.p, head.n, "\"", 1);
}

/* One field for each line, for a text that no delimiter separates. */
static const struct dialect LINES = {
    .spec = {.delimiter = 1}, .keys = "\"delimiter\": \"\\u0001\", \"quote\": \"\"", .fields = 1};

/* --- titles --- */

bool header_is(const struct slice *fields, int count, const char **why)
{
    struct candidates all;
    bool titles = true;
    *why = "none of its fields is a number or a time";
    candidates_init(&all);
    for (int i = 0; i < count && titles; i++) {
        struct value v;
        for (int c = 0; c < all.count && titles && fields[i].n; c++)
            titles = !field_convert(all.items[c].field, fields[i], &v) || v.type == VALUE_NULL;
        if (!titles) *why = "it has a number or a time";
        if (fields[i].n > 80) titles = false, *why = "it has a field that is too long for a title";
    }
    candidates_release(&all);
    return titles;
}

int dialect_title_lines(const struct dialect *d, const struct sample *sample)
{
    struct slice *fields = memory_new(CSV_FIELDS_MAX * sizeof *fields), rest = sample->head;
    struct arena arena = {0};
    int lines = 0, count = 0;
    size_t next;
    while (rest.n && lines <= TITLE_LINES_MAX && d->fields > 1) {
        size_t n = csv_record_length(&d->spec, rest, &next);
        if (n && csv_split(&d->spec, slice_of(rest.p, n), &arena, fields, &count) && count == d->fields) break;
        for (size_t i = 0; i < next; i++) lines += rest.p[i] == '\n';
        rest = slice_of(rest.p + next, rest.n - next);
    }
    free(fields);
    arena_release(&arena);
    return count == d->fields && lines <= TITLE_LINES_MAX ? lines : 0;
}

struct slice lines_skipped(struct slice s, int lines)
{
    for (; lines > 0 && s.n; lines--) {
        const uint8_t *end = memchr(s.p, '\n', s.n);
        size_t n = end ? (size_t)(end - s.p) + 1 : s.n;
        s = slice_of(s.p + n, s.n - n);
    }
    return s;
}

int dialect_record(const struct dialect *d, const struct sample *sample, int skip_lines, struct slice *fields)
{
    struct slice rest = lines_skipped(sample->head, skip_lines);
    size_t next = 0, n = 0, bad;
    int count = 0, encoding = 0;
    while (rest.n && (n = csv_record_length(&d->spec, rest, &next)) == 0) rest = slice_of(rest.p + next, rest.n - next);
    while (strcmp(ENCODING_NAMES[encoding], sample->encoding) != 0) encoding++;
    if (!n || !csv_split(&d->spec, slice_of(rest.p, n), sample->arena, fields, &count)) return 0;
    for (int i = 0; i < count && !encoding_is_wide((enum encoding)encoding); i++)
        if (encoding_check((enum encoding)encoding, fields[i], &bad))
            fields[i] = encoding_decode((enum encoding)encoding, fields[i], sample->arena);
    return count;
}

/* --- lines that go together although their numbers of fields differ --- */

enum { RAGGED_FIELDS_LEAST = 3 };

/* In prose there are commas, too: titles must stand above a record with a number or a time. */
static bool is_under_titles(const struct dialect *d, const struct sample *sample)
{
    struct slice *fields = arena_alloc(sample->arena, CSV_FIELDS_MAX * sizeof *fields);
    struct sample behind = *sample;
    const char *why;
    size_t next;
    int count = dialect_record(d, sample, 0, fields);
    csv_record_length(&d->spec, sample->head, &next);
    behind.head = slice_of(sample->head.p + next, sample->head.n - next);
    if (count != d->fields || !header_is(fields, count, &why)) return false;
    count = dialect_record(d, &behind, 0, fields);
    return count > 1 && !header_is(fields, count, &why);
}

/* Behind the lines ahead of the titles most records are rows, of which some may lack fields. */
static bool is_ragged(struct dialect *d, const struct sample *sample)
{
    struct sample behind = *sample;
    d->ragged = true;
    dialect_try(d, sample);
    if (d->fields < RAGGED_FIELDS_LEAST) return false;
    behind.head = lines_skipped(sample->head, dialect_title_lines(d, sample));
    dialect_try(d, &behind);
    if (d->fields < RAGGED_FIELDS_LEAST || !is_mostly_alike(d) || !is_under_titles(d, &behind)) return false;
    struct dialect plain = *d;
    plain.ragged = false;
    dialect_try(&plain, &behind);
    if (plain.fields == d->fields && all_alike(&plain)) *d = plain;
    return true;
}

/* --- the choice --- */

struct dialect dialect_find(const struct sample *sample)
{
    static const struct dialect dialects[] = {
        {.spec = {.delimiter = ',', .quote = '"', .multiline = true}, .keys = ""},
        {.spec = {.delimiter = ';', .quote = '"', .multiline = true}, .keys = "\"delimiter\": \";\""},
        {.spec = {.delimiter = '\t', .quote = '"', .multiline = true}, .keys = "\"delimiter\": \"\\t\""},
        {.spec = {.delimiter = '|', .quote = '"', .multiline = true}, .keys = "\"delimiter\": \"|\""},
        {.spec = {.delimiter = '\t'}, .keys = "\"delimiter\": \"\\t\", \"quote\": \"\""},
        {.spec = {.delimiter = ',', .quote = '"', .escape = CSV_ESCAPE_BACKSLASH, .decode = true},
         .keys = "\"escape\": \"backslash\""},
        {.spec = {.delimiter = ';', .quote = '"', .escape = CSV_ESCAPE_BACKSLASH, .decode = true},
         .keys = "\"delimiter\": \";\", \"escape\": \"backslash\""},
        {.spec = {.delimiter = '\t', .escape = CSV_ESCAPE_BACKSLASH, .decode = true},
         .keys = "\"dialect\": \"postgresql\""},
        {.spec = {.delimiter = ',', .quote = '\'', .multiline = true}, .keys = "\"quote\": \"'\""},
        {.spec = {.delimiter = ' ', .quote = '"'}, .keys = "\"delimiter\": \" \", \"multiline\": false"}};
    struct dialect best = {.fields = 1};
    for (size_t i = 0; i < sizeof dialects / sizeof *dialects; i++) {
        struct dialect d = dialects[i];
        if (d.spec.delimiter == ' ' && best.fields > 1) break; /* blanks are in most texts */
        dialect_try(&d, sample);
        if (dialect_better(&d, &best, sample->head.n && escapes_are_there(&d, sample->head))) best = d;
    }
    if (best.fields > 1) return best;
    for (size_t i = 0; i < RAGGED_TRIED; i++) {
        best = dialects[i];
        if (is_ragged(&best, sample)) return best;
    }
    best = dialects[0];
    best.fields = 0;
    dialect_try(&best, sample);
    return best.fields == 1 && best.alike == best.records ? best : LINES;
}
