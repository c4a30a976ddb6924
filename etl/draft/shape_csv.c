/* shape_csv.c - delimiter, quotes and header of a table in text. */
#include <stdlib.h>
#include <string.h>

#include "etl/draft/names.h"
#include "etl/draft/parts.h"
#include "etl/source/csv.h"
#include "etl/source/encoding.h"
#include "etl/source/field.h"
#include "lib/base/memory.h"

/* --- the dialect: the one in which most records have the same number of fields --- */

struct dialect {
    struct csv_spec spec;
    const char *keys; /* of the source */
    int fields;       /* of most records; 1: it separates nothing */
    int records, alike;
};

enum { RECORDS_TRIED = 2000, ALIKE_LEAST_PERCENT = 80, TITLE_LINES_MAX = 30 };

static void dialect_try(struct dialect *d, const struct sample *sample)
{
    struct slice *fields = memory_new(CSV_FIELDS_MAX * sizeof *fields), rest = sample->head;
    int *seen = memory_new((CSV_FIELDS_MAX + 1) * sizeof *seen);
    struct arena arena = {0};
    d->fields = d->alike = d->records = 0;
    while (rest.n && d->records < RECORDS_TRIED) {
        size_t next, n = csv_record_length(&d->spec, rest, &next);
        int count = 0;
        if (next >= rest.n && !sample->whole && d->records) break; /* cut off */
        if (n && csv_split(&d->spec, slice_of(rest.p, n), &arena, fields, &count)) seen[count]++;
        d->records += n > 0;
        rest = slice_of(rest.p + next, rest.n - next);
    }
    for (int i = 1; i <= CSV_FIELDS_MAX; i++)
        if (seen[i] > d->alike) d->alike = seen[i], d->fields = i;
    free(seen);
    free(fields);
    arena_release(&arena);
}

static bool all_alike(const struct dialect *d)
{
    return d->alike == d->records;
}

/* A character that separates every record, the header too, is the delimiter: one in texts misses some. */
static bool dialect_better(const struct dialect *a, const struct dialect *b, bool escapes)
{
    if (a->fields < 2 || a->alike * 100 < a->records * ALIKE_LEAST_PERCENT) return false;
    if (a->spec.delimiter != b->spec.delimiter && b->fields > 1 && all_alike(a) != all_alike(b)) return all_alike(a);
    if (a->fields == b->fields && a->spec.delimiter == b->spec.delimiter)
        return a->alike > b->alike || (a->alike == b->alike && a->spec.escape == CSV_ESCAPE_BACKSLASH && escapes);
    if (a->alike * 20 > b->alike * 21) return true; /* clearly more alike */
    return a->alike * 21 >= b->alike * 20 && a->fields > b->fields;
}

/* Whether a quote stands where a field begins: one inside of a word is an apostrophe. */
static bool quotes_begin(const struct csv_spec *spec, struct slice head)
{
    for (size_t i = 0; i < head.n; i++) {
        const uint8_t *at = memchr(head.p + i, spec->quote, head.n - i);
        if (!at) return false;
        i = (size_t)(at - head.p);
        if (i == 0 || head.p[i - 1] == (uint8_t)spec->delimiter || head.p[i - 1] == '\n') return true;
    }
    return false;
}

/* What only backslash escapes bring about: \" of those with quotes, \N of the dumps of databases, where no quote is. */
static bool escapes_are_there(const struct dialect *d, struct slice head)
{
    if (d->spec.quote) return memmem(head.p, head.n, "\\\"", 2);
    return memmem(head.p, head.n, "\t\\N", 3) && !memmem(head.p, head.n, "\"", 1);
}

/* One field for each line, for a text that no delimiter separates. */
static const struct dialect LINES = {{.delimiter = 1}, "\"delimiter\": \"\\u0001\", \"quote\": \"\"", 1, 0, 0};

static struct dialect dialect_find(const struct sample *sample)
{
    static const struct dialect dialects[] = {
        {{.delimiter = ',', .quote = '"', .multiline = true}, "", 0, 0, 0},
        {{.delimiter = ';', .quote = '"', .multiline = true}, "\"delimiter\": \";\"", 0, 0, 0},
        {{.delimiter = '\t', .quote = '"', .multiline = true}, "\"delimiter\": \"\\t\"", 0, 0, 0},
        {{.delimiter = '|', .quote = '"', .multiline = true}, "\"delimiter\": \"|\"", 0, 0, 0},
        {{.delimiter = '\t'}, "\"delimiter\": \"\\t\", \"quote\": \"\"", 0, 0, 0},
        {{.delimiter = ',', .quote = '"', .escape = CSV_ESCAPE_BACKSLASH, .decode = true},
         "\"escape\": \"backslash\"",
         0,
         0,
         0},
        {{.delimiter = ';', .quote = '"', .escape = CSV_ESCAPE_BACKSLASH, .decode = true},
         "\"delimiter\": \";\", \"escape\": \"backslash\"",
         0,
         0,
         0},
        {{.delimiter = '\t', .escape = CSV_ESCAPE_BACKSLASH, .decode = true}, "\"dialect\": \"postgresql\"", 0, 0, 0},
        {{.delimiter = ',', .quote = '\'', .multiline = true}, "\"quote\": \"'\"", 0, 0, 0},
        {{.delimiter = ' ', .quote = '"'}, "\"delimiter\": \" \", \"multiline\": false", 0, 0, 0}};
    struct dialect best = {.fields = 1};
    for (size_t i = 0; i < sizeof dialects / sizeof *dialects; i++) {
        struct dialect d = dialects[i];
        if (d.spec.delimiter == ' ' && best.fields > 1) break; /* blanks are in most texts */
        if (d.spec.quote == '\'' && !quotes_begin(&d.spec, sample->head)) continue;
        dialect_try(&d, sample);
        if (dialect_better(&d, &best, sample->head.n && escapes_are_there(&d, sample->head))) best = d;
    }
    if (best.fields > 1) return best;
    best = dialects[0];
    best.fields = 0;
    dialect_try(&best, sample);
    return best.fields == 1 && best.alike == best.records ? best : LINES;
}

/* --- the header --- */

/* Whether the first record looks like titles: none of them a number or a time. */
static bool header_is(const struct slice *fields, int count, const char **why)
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

static bool title_is_plain(const struct slice *titles, int count, int i)
{
    if (!titles[i].n || memchr(titles[i].p, 0, titles[i].n)) return false;
    for (int k = 0; k < count; k++)
        if (k != i && slice_equal(titles[i], titles[k])) return false;
    return true;
}

static struct slice title_trimmed(struct slice s)
{
    while (s.n && (s.p[0] == ' ' || s.p[0] == '\t')) s = slice_of(s.p + 1, s.n - 1);
    while (s.n && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t')) s.n--;
    return s;
}

/* A file that was changed from LF to CR LF twice. */
static void line_ends_say(struct draft_source *s, struct slice head)
{
    if (head.n && memmem(head.p, head.n, "\r\r\n", 3))
        buf_append_str(&s->notes,
                       "Lines end in CR CR LF: the last field of each has a CR at its end, which trim() takes off in "
                       "\"derive\"; behind a quote it makes the record malformed: mend the file first.\n");
}

static void columns_add(struct draft_source *s, struct slice *titles, int count, bool header, struct arena *arena)
{
    for (int i = 0; i < count; i++) titles[i] = header ? title_trimmed(titles[i]) : slice_of(NULL, 0);
    for (int i = 0; i < count; i++) {
        const char *title = titles[i].n ? arena_str(arena, titles[i]) : arena_printf(arena, "field_%d", i + 1);
        struct draft_column *c = draft_column_add(s, arena, title);
        if (!header || !title_is_plain(titles, count, i))
            c->place = arena_printf(arena, "\"field\": %d", i + 1);
        else if (strcmp(c->name, title) != 0)
            c->place = arena_printf(arena, "\"header\": %s", draft_json(titles[i], arena));
    }
}

/* Lines ahead of the first record with as many fields as most: a title, who made it, an empty line. 0, too, when there
 * are so many that it is something else. */
static int title_lines(const struct dialect *d, const struct sample *sample)
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

static struct slice lines_skipped(struct slice s, int lines)
{
    for (; lines > 0 && s.n; lines--) {
        const uint8_t *end = memchr(s.p, '\n', s.n);
        size_t n = end ? (size_t)(end - s.p) + 1 : s.n;
        s = slice_of(s.p + n, s.n - n);
    }
    return s;
}

/* The fields of the first record behind so many lines, in UTF-8. */
static int first_record(const struct dialect *d, const struct sample *sample, int skip_lines, struct slice *fields)
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

int shape_csv(struct draft *draft, struct err_text *error)
{
    struct sample *sample = draft->sample;
    struct dialect d = dialect_find(sample);
    struct slice *first = arena_alloc(sample->arena, CSV_FIELDS_MAX * sizeof *first);
    const char *why = "";
    if (d.fields < 1) return err_set(error, ERR_INVALID, "%s: there is no record in it", sample->path);
    int skip_lines = title_lines(&d, sample), count = first_record(&d, sample, skip_lines, first);
    bool header = d.spec.delimiter != 1 && count == d.fields && header_is(first, count, &why);
    struct draft_source *s = draft_source_add(draft, NULL);
    draft_settings_begin(s, sample, "csv");
    if (*d.keys) buf_printf(&s->settings, ",\n    %s", d.keys);
    if (skip_lines) {
        buf_printf(&s->settings, ",\n    \"skip_lines\": %d", skip_lines);
        buf_printf(&s->notes, "Lines ahead of the first record that have another number of fields, %d, are skipped.\n",
                   skip_lines);
    }
    s->trial_settings =
        arena_printf(sample->arena, "%s, \"header\": false, \"fields\": %d", buf_cstr(&s->settings), d.fields);
    if (!header) buf_printf(&s->settings, ",\n    \"header\": false, \"fields\": %d", d.fields);
    if (header && strstr(d.keys, "\"dialect\"")) buf_append_str(&s->settings, ",\n    \"header\": true");
    s->records_skipped = header;
    if (d.spec.delimiter == 1)
        buf_append_str(
            &s->notes,
            "No delimiter separates it: a line is one field. Take it apart in \"derive\", with extract().\n");
    else
        buf_printf(&s->notes, "Of the first %d records %d have %d fields. The first %s a header: %s.\n", d.records,
                   d.alike, d.fields, header ? "is" : "is not", why);
    line_ends_say(s, sample->head);
    columns_add(s, first, d.fields, header, sample->arena);
    return 0;
}

/* --- logs with a line "#Fields: ..." --- */

static struct slice line_at(struct slice s)
{
    const uint8_t *end = s.n ? memchr(s.p, '\n', s.n) : NULL;
    size_t n = end ? (size_t)(end - s.p) : s.n;
    return slice_of(s.p, n - (n && s.p[n - 1] == '\r'));
}

bool shape_is_w3c(const struct sample *sample, struct slice *fields, bool *tabs)
{
    struct slice rest = sample->head;
    bool found = false;
    for (; rest.n && *rest.p == '#'; rest = lines_skipped(rest, 1)) {
        struct slice line = line_at(rest);
        if (line.n < 8 || memcmp(line.p, "#Fields:", 8) != 0) continue;
        *fields = slice_of(line.p + 8, line.n - 8);
        found = true;
    }
    struct slice first = line_at(rest);
    *tabs = first.n && memchr(first.p, '\t', first.n);
    return found;
}

int shape_w3c(struct draft *draft, struct slice fields, bool tabs)
{
    struct sample *sample = draft->sample;
    struct slice *titles = arena_alloc(sample->arena, CSV_FIELDS_MAX * sizeof *titles);
    struct draft_source *s = draft_source_add(draft, NULL);
    int count = 0;
    for (size_t at = 0; at < fields.n && count < CSV_FIELDS_MAX; at++) {
        size_t start = at;
        while (at < fields.n && fields.p[at] != ' ' && fields.p[at] != '\t') at++;
        if (at > start) titles[count++] = slice_of(fields.p + start, at - start);
    }
    draft_settings_begin(s, sample, "csv");
    buf_printf(&s->settings, ",\n    \"dialect\": \"w3c\"%s", tabs ? ", \"delimiter\": \"\\t\"" : "");
    buf_append_str(&s->notes, "Its line #Fields names the columns. Date and time are two of them: for an event time "
                              "declare both as texts and "
                              "derive parse_timestamp(date || ' ' || time, '%F %T').\n");
    columns_add(s, titles, count, true, sample->arena);
    return 0;
}
