#include "etl/source/layout.h"

#include <string.h>
#include <strings.h>

#include "etl/source/json_scan.h"
#include "lib/base/text.h"

void layout_fixed(const struct feed *feed, struct layout *l)
{
    l->field_count = feed->spec->fields;
    for (int c = 0; c < feed->field_count; c++) l->fields[c] = feed->columns[c].field->number;
}

/* Columns that stand in the file: all, but the one of what no other reads. */
static int file_columns(const struct feed *feed)
{
    return feed->field_count - feed->spec->extra;
}

/* --- the text form --- */

static bool number_take(struct slice *s, char close, int low, int high, int *out)
{
    int64_t value;
    const uint8_t *end = s->n ? memchr(s->p, close, s->n) : NULL;
    size_t n = end ? (size_t)(end - s->p) : s->n;
    if (n > 9 || !text_to_i64(slice_of(s->p, n), &value) || value < low || value > high) return false;
    *s = end ? slice_of(end + 1, s->n - n - 1) : slice_of(NULL, 0);
    *out = (int)value;
    return true;
}

/* The line of titles; an array of strings and nulls, one for each field. */
static bool titles_parse(struct slice text, struct layout *l)
{
    struct json_scan s = json_scan_of(text);
    struct slice ignored;
    for (int i = 0; i < l->field_count; i++) {
        if (!json_scan_byte(&s, i ? ',' : '[', "an element is missing")) return false;
        const uint8_t *start = s.p;
        bool name = s.p < s.end && *s.p == '"';
        if (!(name ? json_scan_string(&s, &ignored) : json_scan_value(&s, 0))) return false;
        l->titles[i] = name ? slice_of(start, (size_t)(s.p - start)) : slice_of(NULL, 0);
    }
    return json_scan_byte(&s, ']', "the end is missing") && json_scan_end(&s);
}

static bool columns_parse(const struct feed *feed, struct slice text, struct layout *l);

bool layout_parse(const struct feed *feed, struct slice text, struct layout *l)
{
    const uint8_t *line = feed->spec->extra && text.n ? memchr(text.p, '\n', text.n) : NULL;
    size_t n = line ? (size_t)(line - text.p) : text.n;
    if (!columns_parse(feed, slice_of(text.p, n), l) || (feed->spec->extra && !line)) return false;
    return !line || titles_parse(slice_of(line + 1, text.n - n - 1), l);
}

static bool columns_parse(const struct feed *feed, struct slice text, struct layout *l)
{
    if (!number_take(&text, ':', 1, CSV_FIELDS_MAX, &l->field_count)) return false;
    bool plain = text.n == 0;
    int columns = file_columns(feed);
    if (feed->spec->extra) l->fields[columns] = CSV_FIELDS_MAX;
    for (int c = 0; c < columns; c++) {
        l->fields[c] = c;
        if (plain ? c >= l->field_count : !number_take(&text, ',', -1, l->field_count - 1, &l->fields[c])) return false;
    }
    return text.n == 0;
}

void layout_print(const struct feed *feed, const struct layout *l, struct buf *out)
{
    bool plain = true;
    int columns = file_columns(feed);
    for (int c = 0; c < columns; c++) plain = plain && l->fields[c] == c;
    buf_printf(out, "%d", l->field_count);
    for (int c = 0; c < columns && !plain; c++) buf_printf(out, "%c%d", c ? ',' : ':', l->fields[c]);
}

/* --- the header --- */

static struct slice title_trimmed(struct slice s)
{
    while (s.n && (s.p[0] == ' ' || s.p[0] == '\t')) s = slice_of(s.p + 1, s.n - 1);
    while (s.n && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t')) s.n--;
    return s;
}

/* Index of the only field with this title; -1: none, -2: several. */
static int title_find(const struct slice *titles, int count, const char *name)
{
    int found = -1;
    for (int i = 0; i < count; i++)
        if (slice_equal(title_trimmed(titles[i]), slice_str(name))) found = found == -1 ? i : -2;
    return found;
}

static void titles_print(const struct slice *titles, int count, struct buf *out)
{
    for (int i = 0; i < count && out->n < 400; i++)
        buf_printf(out, "%s\"%.*s\"", i ? ", " : "", (int)(titles[i].n < 80 ? titles[i].n : 80),
                   (const char *)titles[i].p);
}

static bool titles_have(const struct slice *titles, int count, char byte)
{
    for (int i = 0; i < count; i++)
        if (titles[i].n && memchr(titles[i].p, byte, titles[i].n)) return true;
    return false;
}

static bool title_differs_in_case(const struct slice *titles, int count, const char *name)
{
    for (int i = 0; i < count; i++) {
        struct slice s = title_trimmed(titles[i]);
        if (s.n == strlen(name) && strncasecmp((const char *)s.p, name, s.n) == 0) return true;
    }
    return false;
}

/* A header that is one field with other separators in it is read with the wrong delimiter. */
static const char *header_hint(const struct slice *titles, int count, char delimiter)
{
    static const char *const hints[] = {";", "\t", "|", ","};
    if (count > 0 && titles[0].n >= 4 && strncasecmp((const char *)titles[0].p, "sep=", 4) == 0)
        return "; the first line is a word to a spreadsheet: say \"skip_lines\": 1";
    if (titles_have(titles, count, '\0'))
        return "; is the file UTF-16? then say \"encoding\": \"utf-16le\" or \"utf-16be\"";
    if (titles_have(titles, count, '\r')) return "; do its lines end with CR alone? make that LF first";
    for (size_t i = 0; count == 1 && i < sizeof hints / sizeof *hints; i++)
        if (*hints[i] != delimiter && memchr(titles[0].p, *hints[i], titles[0].n))
            return *hints[i] == '\t' ? "; is the delimiter a tab (\"\\t\")?"
                                     : (const char *[]){"; is the delimiter \";\"?", "", "; is the delimiter \"|\"?",
                                                        "; is the delimiter \",\"?"}[i];
    return "";
}

static int missing(const struct feed *feed, const char *file, const struct column *c, const struct slice *titles,
                   int count, struct err_text *error)
{
    struct buf wanted = {0}, there = {0};
    for (const char *const *name = c->field->headers; *name; name++)
        buf_printf(&wanted, "%s\"%s\"", wanted.n ? " or " : "", *name);
    titles_print(titles, count, &there);
    const char *hint = header_hint(titles, count, feed->spec->csv.delimiter);
    for (const char *const *name = c->field->headers; *name; name++)
        if (title_differs_in_case(titles, count, *name)) hint = "; letter case counts";
    int err = err_set(error, ERR_INVALID, "%s: the header has no column %s (%s of %s); it has: %s%s", file,
                      buf_cstr(&wanted), c->field->at, feed->path, buf_cstr(&there), hint);
    buf_release(&wanted);
    buf_release(&there);
    return err;
}

/* --- drift --- */

static bool field_is_read(const struct feed *feed, const struct layout *l, int field)
{
    for (int c = 0; c < file_columns(feed); c++)
        if (l->fields[c] == field) return true;
    return false;
}

/* A title that a column names behind the one that was found is known, too. */
static bool title_is_known(const struct feed *feed, struct slice title)
{
    for (int c = 0; c < file_columns(feed); c++)
        for (const char *const *name = feed->columns[c].field->headers; name && *name; name++)
            if (slice_equal(title, slice_str(*name))) return true;
    return false;
}

static int new_column_find(const struct feed *feed, const char *file, const struct slice *titles,
                           const struct layout *l, struct err_text *error)
{
    for (int i = 0; i < l->field_count; i++) {
        struct slice title = title_trimmed(titles[i]);
        if (field_is_read(feed, l, i) || title_is_known(feed, title)) continue;
        return err_set(
            error, ERR_INVALID,
            "%s: the header has a new column \"%.*s\", number %d: no column of source %s of %s reads it, and "
            "its \"drift\" says \"new_column\": \"fail\"",
            file, title.n < 80 ? (int)title.n : 80, (const char *)title.p, i + 1, feed->name, feed->path);
    }
    return ERR_OK;
}

static int order_check(const struct feed *feed, const char *file, const struct layout *l, struct err_text *error)
{
    const struct column *before = NULL;
    int last = -1;
    for (int c = 0; c < file_columns(feed); c++) {
        const struct column *column = &feed->columns[c];
        if (l->fields[c] < 0 || column->field->number >= 0) continue; /* absent, or placed by its number */
        if (before && l->fields[c] < last)
            return err_set(error, ERR_INVALID,
                           "%s: the header has the column of %s ahead of that of %s (%s of %s), and \"drift\" says "
                           "\"reordered\": \"fail\"",
                           file, column->name, before->name, column->field->at, feed->path);
        last = l->fields[c];
        before = column;
    }
    return ERR_OK;
}

static int drift_check(const struct feed *feed, const char *file, const struct slice *titles, const struct layout *l,
                       struct err_text *error)
{
    int err = feed->spec->drift.new_fails ? new_column_find(feed, file, titles, l, error) : ERR_OK;
    return !err && feed->spec->drift.reordered_fails ? order_check(feed, file, l, error) : err;
}

int layout_from_header(const struct feed *feed, const char *file, const struct slice *titles, int count,
                       struct layout *l, struct err_text *error)
{
    l->field_count = count;
    for (int i = 0; i < file_columns(feed); i++) {
        const struct column *c = &feed->columns[i];
        int found = c->field->number;
        if (found >= count)
            return err_set(error, ERR_INVALID, "%s: the header has %d columns, no number %d (%s of %s)", file, count,
                           found + 1, c->field->at, feed->path);
        if (found >= 0) {
            l->fields[i] = found;
            continue;
        }
        for (const char *const *name = c->field->headers; *name && found == -1; name++)
            found = title_find(titles, count, *name);
        if (found == -2)
            return err_set(error, ERR_INVALID, "%s: the header has the column of %s (%s of %s) more than once", file,
                           c->name, c->field->at, feed->path);
        if (found == -1 && !c->field->optional && feed->spec->drift.missing_fails)
            return missing(feed, file, c, titles, count, error);
        l->fields[i] = found;
    }
    return drift_check(feed, file, titles, l, error);
}

void layout_titles_print(const struct feed *feed, const struct layout *l, const struct slice *titles, struct buf *out)
{
    for (int i = 0; i < l->field_count; i++) {
        buf_append_str(out, i ? "," : "\n[");
        if (field_is_read(feed, l, i))
            buf_append_str(out, "null");
        else
            text_json_string(title_trimmed(titles[i]), out);
    }
    buf_append_byte(out, ']');
}
