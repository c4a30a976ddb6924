/* html.c - the report as one page that needs nothing else. */
#include <stdio.h>

#include "etl/quality/quality.h"
#include "etl/quality/report.h"

enum { BAR_WIDTH = 200, BAR_HEIGHT = 12 };

#define COLOUR_VALUE  "#2f6f9f"
#define COLOUR_NULL   "#cfcfcf"
#define COLOUR_MISFIT "#a33b00"
#define COLOUR_TOP    "#8fb8d4"

static const char head[] =
    "<!doctype html>\n<html lang=en><head><meta charset=utf-8>\n"
    "<meta name=viewport content='width=device-width, initial-scale=1'>\n<style>\n"
    "body{font:16px/1.5 system-ui,sans-serif;max-width:72rem;margin:2rem auto;padding:0 "
    "1rem;color:#222;background:#fff}\n"
    "h1{font-size:1.6rem}h2{margin-top:2.5rem;border-bottom:1px solid #ccc;font-size:1.3rem}h3{font-size:1.05rem}\n"
    "table{border-collapse:collapse;font-size:.9rem;margin:1rem 0;width:100%}\n"
    "td,th{padding:.25rem .6rem;border-bottom:1px solid #ddd;text-align:right;vertical-align:top}\n"
    "td:first-child,th:first-child,td.l,th.l{text-align:left}\n"
    "svg{vertical-align:middle}\n"
    "details{margin:.2rem 0}summary{cursor:pointer;color:#555}code{background:#f2f2f2;padding:.1em "
    ".3em;border-radius:3px;font-size:.9em;word-break:break-word}\n"
    ".note{color:#555;font-size:.9rem}.bad{color:#a33b00;font-weight:600}.scroll{overflow-x:auto}\n"
    ".key{display:inline-block;width:.8em;height:.8em;margin:0 .3em 0 1em;vertical-align:middle}\n"
    "</style>\n";

static void escaped(struct buf *b, const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        switch (p[i]) {
        case '<': buf_append_str(b, "&lt;"); break;
        case '>': buf_append_str(b, "&gt;"); break;
        case '&': buf_append_str(b, "&amp;"); break;
        case '"': buf_append_str(b, "&quot;"); break;
        case '\0': buf_append_str(b, "\u2400"); break; /* HTML has no zero byte */
        default: buf_append_byte(b, (uint8_t)p[i]); break;
        }
    }
}

static void member_put(struct buf *b, const json_t *object, const char *key)
{
    struct buf text = {0};
    report_value(json_object_get(object, key), &text);
    escaped(b, (const char *)text.p, text.n);
    buf_release(&text);
}

/* 1234567 as 1,234,567. */
static void count_put(struct buf *b, double n)
{
    char digits[32];
    int length = snprintf(digits, sizeof digits, "%.0f", n);
    for (int i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0 && digits[i - 1] != '-') buf_append_byte(b, ',');
        buf_append_byte(b, (uint8_t)digits[i]);
    }
}

static void count_cell(struct buf *b, const json_t *object, const char *key, bool bad)
{
    double n = report_number(object, key);
    buf_append_str(b, bad && n > 0 ? "<td class=bad>" : "<td>");
    count_put(b, n);
}

/* --- bars --- */

static double piece(struct buf *b, const char *colour, double from, double part, double whole)
{
    double width = whole > 0 ? part / whole * BAR_WIDTH : 0;
    if (width > 0 && width < 1) width = 1; /* one row of a million is seen, too */
    if (from + width > BAR_WIDTH) from = BAR_WIDTH - width;
    if (width > 0) buf_printf(b, "<rect fill=%s x=%.1f width=%.1f height=%d />", colour, from, width, BAR_HEIGHT);
    return from + width;
}

static void bar_open(struct buf *b, const char *label)
{
    buf_printf(b, "<svg width=%d height=%d role=img><title>%s</title>", BAR_WIDTH, BAR_HEIGHT, label);
}

static void column_bar(struct buf *b, const json_t *c)
{
    double rows = report_number(c, "rows"), nulls = report_number(c, "nulls"), misfits = report_number(c, "misfits");
    bar_open(b, "values, NULL, misfits");
    double at = piece(b, COLOUR_VALUE, 0, rows - nulls - misfits, rows);
    at = piece(b, COLOUR_NULL, at, nulls, rows);
    piece(b, COLOUR_MISFIT, at, misfits, rows);
    buf_append_str(b, "</svg>");
}

static void single_bar(struct buf *b, const char *colour, double part, double whole)
{
    bar_open(b, "share");
    piece(b, colour, 0, part, whole);
    buf_append_str(b, "</svg>");
}

/* --- tables --- */

static void examples(struct buf *b, const json_t *all)
{
    size_t index;
    json_t *one;
    if (json_array_size(all) == 0) return;
    buf_append_str(b, "<details><summary>examples</summary>");
    json_array_foreach(all, index, one)
    {
        buf_append_str(b, "<div>");
        member_put(b, one, "file");
        buf_printf(b, ":%.0f ", report_number(one, "line"));
        member_put(b, one, "column");
        if (*report_str(one, "text")) {
            buf_append_str(b, " <code>");
            member_put(b, one, "text");
            buf_append_str(b, "</code>");
        }
        buf_append_str(b, "</div>");
    }
    buf_append_str(b, "</details>");
}

static void top(struct buf *b, const json_t *column)
{
    size_t index;
    json_t *one;
    const json_t *all = json_object_get(column, "top");
    if (json_array_size(all) == 0) return;
    bool complete = json_is_true(json_object_get(column, "top_complete"));
    buf_printf(b, "<details><summary>%s%zu values</summary><table>", complete ? "all " : "most frequent ",
               json_array_size(all));
    json_array_foreach(all, index, one)
    {
        buf_append_str(b, "<tr><td><code>");
        member_put(b, one, "value");
        buf_append_str(b, "</code>");
        count_cell(b, one, "rows", false);
        buf_append_str(b, "<td>");
        single_bar(b, COLOUR_TOP, report_number(one, "rows"), report_number(column, "rows"));
        buf_append_str(b, "</tr>");
    }
    buf_append_str(b, "</table>");
    if (report_number(column, "top_error") > 0)
        buf_printf(b, "<p class=note>Each may be there up to %.0f times more.</p>", report_number(column, "top_error"));
    buf_append_str(b, "</details>");
}

static void length_put(struct buf *b, const json_t *column)
{
    const json_t *shortest = json_object_get(column, "shortest"), *longest = json_object_get(column, "longest");
    if (!shortest) return;
    buf_printf(b, "<div class=note>%.0f to %.0f characters</div>", report_number(shortest, "characters"),
               report_number(longest, "characters"));
}

static void column_row(struct buf *b, const json_t *c)
{
    bool exact = json_is_true(json_object_get(c, "distinct_exact"));
    buf_append_str(b, "<tr><td><b>");
    member_put(b, c, "column");
    buf_printf(b, "</b><div class=note>%s%s</div><td class=l>", report_str(c, "type"),
               json_is_true(json_object_get(c, "derived")) ? ", derived" : "");
    column_bar(b, c);
    top(b, c);
    examples(b, json_object_get(c, "misfit_examples"));
    count_cell(b, c, "nulls", false);
    count_cell(b, c, "misfits", true);
    buf_append_str(b, exact ? "<td>" : "<td title='an estimate, standard error 0.81%'>&asymp; ");
    count_put(b, report_number(c, "distinct"));
    buf_append_str(b, "<td class=l>");
    if (!json_is_null(json_object_get(c, "min"))) {
        buf_append_str(b, "<code>");
        member_put(b, c, "min");
        buf_append_str(b, "</code> to <code>");
        member_put(b, c, "max");
        buf_append_str(b, "</code>");
    }
    length_put(b, c);
    buf_append_str(b, "</tr>\n");
}

static void columns(struct buf *b, const json_t *source)
{
    size_t index;
    json_t *one;
    buf_append_str(b, "<h3>Columns</h3><p class=note><span class=key style='background:" COLOUR_VALUE
                      "'></span>values<span "
                      "class=key style='background:" COLOUR_NULL "'></span>NULL<span class=key "
                      "style='background:" COLOUR_MISFIT "'></span>does not fit its type</p>\n<div class=scroll><table "
                      "class=columns><tr><th>column<th class=l>rows<th>NULL<th>misfits<th>distinct<th "
                      "class=l>values</tr>\n");
    json_array_foreach(json_object_get(source, "columns"), index, one) column_row(b, one);
    buf_append_str(b, "</table></div>\n");
}

/* The first cells of a rule's line: what it is, and how many of so many records or rows break it. */
static void rule_cells(struct buf *b, const json_t *rule, double all)
{
    buf_append_str(b, "<tr><td><b>");
    member_put(b, rule, "rule");
    buf_append_str(b, "</b><div class=note>");
    member_put(b, rule, "column");
    buf_printf(b, "</div><td class=l>%s<td class=l>", report_str(rule, "severity"));
    single_bar(b, COLOUR_MISFIT, report_number(rule, "violations"), all);
}

static void rules(struct buf *b, const json_t *source)
{
    size_t index;
    json_t *one;
    buf_append_str(b, "<h3>Rules</h3><div class=scroll><table class=rules><tr><th>rule<th class=l>severity<th "
                      "class=l>share of the records<th>violations<th>rejected first</tr>\n");
    json_array_foreach(json_object_get(source, "rules"), index, one)
    {
        rule_cells(b, one, report_number(source, "records"));
        examples(b, json_object_get(one, "examples"));
        count_cell(b, one, "violations", true);
        count_cell(b, one, "rejected", true);
        buf_append_str(b, "</tr>\n");
    }
    buf_append_str(b, "</table></div>\n");
}

static void files(struct buf *b, const json_t *source)
{
    size_t index;
    json_t *one;
    const json_t *all = json_object_get(source, "files");
    buf_printf(b, "<details><summary>%zu files</summary><table><tr><th>file<th>records<th>bytes<th></tr>\n",
               json_array_size(all));
    json_array_foreach(all, index, one)
    {
        buf_append_str(b, "<tr><td>");
        member_put(b, one, "file");
        count_cell(b, one, "records", false);
        count_cell(b, one, "bytes", false);
        buf_append_str(b, *report_str(one, "skipped_as_identical_to") ? "<td class=l>skipped: the same bytes as "
                                                                      : "<td>");
        member_put(b, one, "skipped_as_identical_to");
        buf_append_str(b, "</tr>\n");
    }
    buf_append_str(b, "</table></details>\n");
}

static void drift(struct buf *b, const json_t *all)
{
    size_t index;
    json_t *one;
    if (!all) return;
    buf_append_str(b, "<h2>Drift</h2><p>Against <code>");
    member_put(b, all, "against");
    buf_printf(b,
               "</code>: %zu changes, <span class=%s>%.0f beyond the threshold</span>.</p>\n<table><tr><th>where<th "
               "class=l>what<th class=l>change</tr>\n",
               json_array_size(json_object_get(all, "changes")), report_number(all, "exceeding") > 0 ? "bad" : "note",
               report_number(all, "exceeding"));
    json_array_foreach(json_object_get(all, "changes"), index, one)
    {
        buf_append_str(b, json_is_true(json_object_get(one, "exceeds")) ? "<tr class=bad><td>" : "<tr><td>");
        member_put(b, one, "source");
        if (*report_str(one, "column")) buf_append_byte(b, '.');
        member_put(b, one, "column");
        buf_append_str(b, "<td class=l>");
        member_put(b, one, "what");
        buf_append_str(b, "<td class=l>");
        member_put(b, one, "text");
        buf_append_str(b, "</tr>\n");
    }
    buf_append_str(b, "</table>\n");
}

static void source_put(struct buf *b, const json_t *source)
{
    double records = report_number(source, "records");
    buf_append_str(b, "<h2>");
    member_put(b, source, "source");
    buf_append_str(b, "</h2>\n<p><b>");
    count_put(b, records);
    buf_append_str(b, "</b> records: ");
    count_put(b, report_number(source, "accepted"));
    buf_append_str(b, " accepted, <span class=bad>");
    count_put(b, report_number(source, "rejected"));
    buf_append_str(b, "</span> rejected, ");
    count_put(b, report_number(source, "warned"));
    buf_append_str(b, " with warnings, ");
    count_put(b, report_number(source, "malformed"));
    buf_append_str(b, " malformed.</p>\n");
    files(b, source);
    columns(b, source);
    rules(b, source);
}

static void row_put(struct buf *b, json_t *row)
{
    const char *column;
    json_t *value;
    buf_append_str(b, "<div class=note>");
    json_object_foreach(row, column, value)
    {
        buf_printf(b, "%s: ", column);
        if (json_is_null(value))
            buf_append_str(b, "NULL");
        else
            member_put(b, row, column);
        buf_append_str(b, " &nbsp; ");
    }
    buf_append_str(b, "</div>");
}

static void table_put(struct buf *b, const json_t *table)
{
    size_t index, at;
    json_t *rule, *row;
    buf_append_str(b, "<h2>Table ");
    member_put(b, table, "table");
    buf_append_str(b, "</h2>\n<p><b>");
    count_put(b, report_number(table, "rows"));
    buf_append_str(b, "</b> rows, <span class=bad>");
    count_put(b, report_number(table, "rejected"));
    buf_append_str(b, "</span> rejected.</p>\n<div class=scroll><table class=rules><tr><th>rule<th class=l>severity<th "
                      "class=l>share of the rows<th>violations</tr>\n");
    json_array_foreach(json_object_get(table, "rules"), index, rule)
    {
        rule_cells(b, rule, report_number(table, "rows"));
        json_array_foreach(json_object_get(rule, "examples"), at, row) row_put(b, row);
        count_cell(b, rule, "violations", true);
        buf_append_str(b, "</tr>\n");
    }
    buf_append_str(b, "</table></div>\n");
}

void quality_html(const json_t *report, struct buf *out)
{
    size_t index;
    json_t *one;
    buf_append_str(out, head);
    buf_append_str(out, "<title>quality of ");
    member_put(out, report, "pipeline");
    buf_append_str(out, "</title></head><body>\n<h1>Quality of ");
    member_put(out, report, "pipeline");
    buf_append_str(out, "</h1>\n");
    drift(out, json_object_get(report, "drift"));
    json_array_foreach(json_object_get(report, "sources"), index, one) source_put(out, one);
    json_array_foreach(json_object_get(report, "tables"), index, one) table_put(out, one);
    buf_append_str(out, "</body></html>\n");
}
