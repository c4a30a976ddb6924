/* figure_csv.c - the data of a figure as CSV (figure.h), taken out of its script, so that both can never differ.
 *
 *     series,point,name,value          RFC 4180, a line per number
 *     p50,1,x,10                       series: the title in the legend, after that of its panel; else the block's name
 *     p50,1,y,0.42                     name: as the block's comment "# x median low high" has it; else x y v3 v4 ...,
 *     p50,1,low,0.40                         and of error bars x y low high
 */
#include <stdio.h>
#include <string.h>

#include "bench/figure.h"

enum { COLUMNS_MAX = 16, TITLE_MAX = 160 };

struct block {
    const char *name; /* "$c0" */
    size_t name_n;
    const char *rows, *end; /* its lines */
    char series[TITLE_MAX];
    char columns[COLUMNS_MAX][32];
};

static const char *line_end(const char *at)
{
    const char *end = strchr(at, '\n');
    return end ? end : at + strlen(at);
}

/* The text in single quotes behind `key` between `from` and `to`; false when there is none. */
static bool quoted_after(const char *key, const char *from, const char *to, char out[TITLE_MAX])
{
    const char *found = NULL;
    for (const char *at = strstr(from, key); at && at < to; at = strstr(at + 1, key)) found = at;
    if (!found) return false;
    found += strlen(key);
    snprintf(out, TITLE_MAX, "%.*s", (int)strcspn(found, "'\n"), found);
    return true;
}

/* Where the block is plotted: behind it, followed by " using". */
static const char *plotted(const struct block *b, const char *from)
{
    char wanted[80];
    snprintf(wanted, sizeof wanted, "%.*s using ", (int)b->name_n, b->name);
    return strstr(from, wanted);
}

/* The first use that has a title names the series. */
static void series_find(struct block *b, const char *script)
{
    char title[TITLE_MAX], panel[TITLE_MAX / 2];
    snprintf(b->series, sizeof b->series, "%.*s", (int)b->name_n - 1, b->name + 1);
    for (const char *at = plotted(b, b->end); at; at = plotted(b, at + 1)) {
        const char *stop = strstr(at + b->name_n + strlen(" using "), "using "), *end = line_end(at);
        if (stop && stop < end) end = stop; /* the next element of the plot */
        if (!quoted_after(" title '", at, end, title)) continue;
        char before[TITLE_MAX] = "";
        quoted_after("set title '", script, at, before);
        snprintf(panel, sizeof panel, "%.*s", TITLE_MAX / 2 - 1, before);
        snprintf(b->series, sizeof b->series, "%s%s%.*s", panel, panel[0] ? ": " : "", TITLE_MAX / 2 - 3, title);
        return;
    }
}

static void columns_find(struct block *b)
{
    static const char *const bars[] = {"x", "y", "low", "high"};
    char wanted[96];
    snprintf(wanted, sizeof wanted, "%.*s using 1:2:3:4 with yerrorbars", (int)b->name_n, b->name);
    bool has_bars = strstr(b->end, wanted) != NULL;
    for (int i = 0; i < COLUMNS_MAX; i++) {
        if (has_bars && i < 4)
            snprintf(b->columns[i], sizeof b->columns[i], "%s", bars[i]);
        else if (i < 2)
            snprintf(b->columns[i], sizeof b->columns[i], "%c", "xy"[i]);
        else
            snprintf(b->columns[i], sizeof b->columns[i], "v%d", i + 1);
    }
    const char *at = b->rows;
    if (*at != '#') return;
    at++;
    for (int i = 0, n = 0; i < COLUMNS_MAX && sscanf(at, " %31[^ \n]%n", b->columns[i], &n) == 1; i++) {
        at += n;
        if (*at == '\n') break;
    }
}

/* The next block behind `at`; false after the last. */
static bool block_next(const char *script, const char *at, struct block *b)
{
    const char *here = strstr(at, " << EOD\n");
    if (!here) return false;
    b->name = here;
    while (b->name > script && b->name[-1] != '\n') b->name--;
    b->name_n = (size_t)(here - b->name);
    b->rows = here + strlen(" << EOD\n");
    b->end = strncmp(b->rows, "EOD\n", 4) == 0 ? b->rows : strstr(b->rows, "\nEOD\n");
    if (!b->end) return false;
    if (b->end != b->rows) b->end++;
    series_find(b, script);
    columns_find(b);
    return true;
}

static void put_field(struct buf *csv, const char *text, size_t n)
{
    bool plain = !memchr(text, ',', n) && !memchr(text, '"', n);
    if (!plain) buf_append_byte(csv, '"');
    for (size_t i = 0; i < n; i++) {
        if (text[i] == '"') buf_append_byte(csv, '"');
        buf_append_byte(csv, (uint8_t)text[i]);
    }
    if (!plain) buf_append_byte(csv, '"');
}

/* A word, or what stands in double quotes; the place behind it. */
static const char *value_end(const char *at, const char **text, size_t *n)
{
    bool quoted = *at == '"';
    *text = at += quoted;
    *n = strcspn(at, quoted ? "\"\n" : " \n");
    at += *n;
    return at + (quoted && *at == '"');
}

static void put_row(struct buf *csv, const struct block *b, int point, const char *at)
{
    for (int column = 0; *at != '\n' && *at && column < COLUMNS_MAX; column++) {
        const char *text;
        size_t n;
        at = value_end(at, &text, &n);
        put_field(csv, b->series, strlen(b->series));
        buf_printf(csv, ",%d,%s,", point, b->columns[column]);
        put_field(csv, text, n);
        buf_append_byte(csv, '\n');
        while (*at == ' ') at++;
    }
}

void figure_csv(struct figure *f, struct buf *csv)
{
    const char *script = buf_cstr(&f->script);
    struct block b;
    buf_append_str(csv, "series,point,name,value\n");
    for (const char *at = script; block_next(script, at, &b); at = b.end) {
        int point = 0;
        for (const char *row = b.rows; row < b.end; row = line_end(row) + 1) {
            if (*row != '#' && *row != '\n') put_row(csv, &b, ++point, row);
        }
    }
}
