/* text.c - the report for a terminal. */
#include "lib/base/text.h"
#include "etl/quality/quality.h"
#include "etl/quality/report.h"

enum { VALUE_WIDTH = 24, TOP_IN_TEXT = 3 };

static void count(struct buf *out, const json_t *object, const char *key)
{
    buf_printf(out, "%12.0f", report_number(object, key));
}

/* A value in a line of its own kind: no line ends or other control characters, cut to a width. */
static void value_short(struct buf *out, const json_t *value)
{
    struct buf text = {0};
    size_t shown = 0, i = 0;
    report_value(value, &text);
    for (; i < text.n && (shown < VALUE_WIDTH || (text.p[i] & 0xc0) == 0x80); i++) {
        shown += (text.p[i] & 0xc0) != 0x80;
        buf_append_byte(out, text.p[i] < 0x20 || text.p[i] == 0x7f ? ' ' : text.p[i]);
    }
    if (i < text.n) buf_append_str(out, "...");
    buf_release(&text);
}

static void quoted(struct buf *out, const json_t *value)
{
    buf_append_byte(out, '"');
    value_short(out, value);
    buf_append_byte(out, '"');
}

static void examples(struct buf *out, const json_t *all)
{
    size_t index;
    json_t *one;
    json_array_foreach(all, index, one)
    {
        buf_printf(out, "        %s:%.0f", report_str(one, "file"), report_number(one, "line"));
        if (*report_str(one, "column")) buf_printf(out, " %s", report_str(one, "column"));
        if (*report_str(one, "text")) {
            buf_append_byte(out, ' ');
            quoted(out, json_object_get(one, "text"));
        }
        buf_append_byte(out, '\n');
    }
}

static void top(struct buf *out, const json_t *column)
{
    size_t index;
    json_t *one;
    const json_t *all = json_object_get(column, "top");
    if (report_number(json_array_get(all, 0), "rows") < 2) return; /* a key: none is there more often than others */
    json_array_foreach(all, index, one)
    {
        if (index == TOP_IN_TEXT) break;
        buf_append_str(out, index ? ", " : "        most: ");
        quoted(out, json_object_get(one, "value"));
        buf_printf(out, " %.0f", report_number(one, "rows"));
    }
    buf_append_byte(out, '\n');
}

static void column_text(struct buf *out, const json_t *column)
{
    bool exact = json_is_true(json_object_get(column, "distinct_exact"));
    buf_printf(out, "    %-24s %-10s", report_str(column, "column"), report_str(column, "type"));
    count(out, column, "rows");
    count(out, column, "nulls");
    count(out, column, "misfits");
    buf_printf(out, " %s%11.0f  ", exact ? " " : "~", report_number(column, "distinct"));
    if (!json_is_null(json_object_get(column, "min"))) {
        value_short(out, json_object_get(column, "min"));
        buf_append_str(out, " .. ");
        value_short(out, json_object_get(column, "max"));
    }
    buf_append_byte(out, '\n');
    const json_t *shortest = json_object_get(column, "shortest"), *longest = json_object_get(column, "longest");
    if (shortest)
        buf_printf(out, "        length: %.0f to %.0f characters\n", report_number(shortest, "characters"),
                   report_number(longest, "characters"));
    top(out, column);
    if (report_number(column, "misfits") > 0) buf_append_str(out, "      does not fit:\n");
    examples(out, json_object_get(column, "misfit_examples"));
}

static void columns(struct buf *out, const json_t *source)
{
    size_t index;
    json_t *one;
    buf_printf(out, "\n    %-24s %-10s%12s%12s%12s%13s  %s\n", "column", "type", "rows", "null", "misfit", "distinct",
               "min .. max");
    json_array_foreach(json_object_get(source, "columns"), index, one) column_text(out, one);
}

static void rules(struct buf *out, const json_t *source)
{
    size_t index;
    json_t *one;
    buf_printf(out, "\n    %-24s %-10s%12s%12s\n", "rule", "severity", "violations", "rejected");
    json_array_foreach(json_object_get(source, "rules"), index, one)
    {
        buf_printf(out, "    %-24s %-10s", report_str(one, "rule"), report_str(one, "severity"));
        count(out, one, "violations");
        count(out, one, "rejected");
        buf_append_byte(out, '\n');
        examples(out, json_object_get(one, "examples"));
    }
}

static void files(struct buf *out, const json_t *source)
{
    size_t index;
    json_t *one;
    json_array_foreach(json_object_get(source, "files"), index, one)
    {
        const char *twin = report_str(one, "skipped_as_identical_to");
        buf_printf(out, "    %-40s ", report_str(one, "file"));
        if (*twin)
            buf_printf(out, "skipped: the same bytes as %s\n", twin);
        else
            buf_printf(out, "%12.0f records of %.0f bytes\n", report_number(one, "records"),
                       report_number(one, "bytes"));
    }
}

/* "day=2024-12-31 revenue=-3.00" */
static void row_text(struct buf *out, json_t *row)
{
    const char *column;
    json_t *value;
    buf_append_str(out, "       ");
    json_object_foreach(row, column, value)
    {
        buf_printf(out, " %s=", column);
        if (json_is_null(value))
            buf_append_str(out, "NULL");
        else
            value_short(out, value);
    }
    buf_append_byte(out, '\n');
}

static void table_text(struct buf *out, const json_t *table)
{
    size_t index, at;
    json_t *rule, *row;
    buf_printf(out, "\ntable %s: %.0f rows, %.0f rejected\n", report_str(table, "table"), report_number(table, "rows"),
               report_number(table, "rejected"));
    buf_printf(out, "\n    %-24s %-10s%12s\n", "rule", "severity", "violations");
    json_array_foreach(json_object_get(table, "rules"), index, rule)
    {
        buf_printf(out, "    %-24s %-10s", report_str(rule, "rule"), report_str(rule, "severity"));
        count(out, rule, "violations");
        buf_append_byte(out, '\n');
        json_array_foreach(json_object_get(rule, "examples"), at, row) row_text(out, row);
    }
}

static void drift(struct buf *out, const json_t *all)
{
    size_t index;
    json_t *one;
    if (!all) return;
    buf_printf(out, "\ndrift against %s: %zu changes, %.0f exceed the threshold\n", report_str(all, "against"),
               json_array_size(json_object_get(all, "changes")), report_number(all, "exceeding"));
    json_array_foreach(json_object_get(all, "changes"), index, one)
    {
        buf_printf(out, "  %s %s%s%s %s: ", json_is_true(json_object_get(one, "exceeds")) ? "!" : " ",
                   report_str(one, "source"), *report_str(one, "column") ? "." : "", report_str(one, "column"),
                   report_str(one, "what"));
        buf_append_str(out, report_str(one, "text"));
        buf_append_byte(out, '\n');
    }
}

void quality_text(const json_t *report, struct buf *out)
{
    size_t index;
    json_t *one;
    buf_printf(out, "quality of %s\n", report_str(report, "pipeline"));
    json_array_foreach(json_object_get(report, "sources"), index, one)
    {
        buf_printf(out, "\n%s: %.0f records, %.0f accepted, %.0f rejected, %.0f with warnings, %.0f malformed\n",
                   report_str(one, "source"), report_number(one, "records"), report_number(one, "accepted"),
                   report_number(one, "rejected"), report_number(one, "warned"), report_number(one, "malformed"));
        files(out, one);
        columns(out, one);
        rules(out, one);
    }
    json_array_foreach(json_object_get(report, "tables"), index, one) table_text(out, one);
    drift(out, json_object_get(report, "drift"));
}
