/* shape_csv.c - header and columns of a table in text. */
#include <string.h>

#include "etl/draft/dialect.h"
#include "etl/draft/names.h"

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

int shape_csv(struct draft *draft, struct err_text *error)
{
    struct sample *sample = draft->sample;
    struct dialect d = dialect_find(sample);
    struct slice *first = arena_alloc(sample->arena, CSV_FIELDS_MAX * sizeof *first);
    const char *why = "";
    if (d.fields < 1) return err_set(error, ERR_INVALID, "%s: there is no record in it", sample->path);
    int skip_lines = dialect_title_lines(&d, sample), count = dialect_record(&d, sample, skip_lines, first);
    bool header = d.spec.delimiter != 1 && count == d.fields && header_is(first, count, &why);
    struct draft_source *s = draft_source_add(draft, NULL);
    draft_settings_begin(s, sample, "csv");
    if (*d.keys) buf_printf(&s->settings, ",\n    %s", d.keys);
    if (d.ragged) buf_append_str(&s->settings, ",\n    \"ragged\": true");
    if (memmem(sample->head.p, sample->head.n, "\r\r\n", 3))
        buf_append_str(
            &s->notes,
            "Lines end in CR CR LF, as of a file that was changed from LF to CR LF twice: all of that is the "
            "line end.\n");
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
        buf_printf(&s->notes, "Of the first %d records %d have %s%d fields. The first %s a header: %s.\n", d.records,
                   d.alike, d.ragged ? "two to " : "", d.fields, header ? "is" : "is not", why);
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
