/* page.c - the page itself (report.h): style, verdicts, answers, then each figure with how to read it and the command
 * that rebuilds it, what the machine can do at best, where it was measured. One file that needs nothing else. */
#include <jansson.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "bench/report.h"
#include "bench/results.h"

static const char head[] = "<!doctype html>\n<html lang=en><head><meta charset=utf-8><title>millrace: report</title>\n"
                           "<meta name=viewport content='width=device-width, initial-scale=1'>\n<style>\n";
/* What is wider than the window scrolls by itself: tables, and drawings whose letters would be too small. */
static const char style[] =
    "body{font:16px/1.5 system-ui,sans-serif;max-width:62rem;margin:2rem auto;padding:0 1rem;color:var(--ink);"
    "background:var(--paper);overflow-wrap:anywhere}\n"
    "h1{font-size:1.6rem;line-height:1.25}h2{margin-top:2.5rem;border-bottom:1px solid var(--grid);font-size:1.3rem}\n"
    "a{color:var(--s0)}nav a{margin-right:.8rem}\n"
    ".wide{overflow-x:auto}figure{margin:1.5rem 0}figure svg{display:block;width:100%;height:auto}\n"
    "figcaption{font-size:.95rem}figcaption b{display:block}\n"
    "code{background:var(--shade);padding:.1em .3em;border-radius:3px;font-size:.9em}\n"
    "table{border-collapse:collapse;font-size:.9rem;margin:1rem 0;overflow-wrap:normal}\n"
    "caption{text-align:left;font-weight:600;padding:.3em 0}\n"
    "td,th{padding:.2rem .6rem;border-bottom:1px solid var(--grid);text-align:right}\n"
    "td:first-child,th:first-child{text-align:left}\n"
    ".note{color:var(--axis);font-size:.9rem}.good{color:var(--good);font-weight:600}"
    ".open{font-weight:600}.claims td{text-align:left;vertical-align:top}.claims th{text-align:left}"
    ".claims td:first-child{min-width:18rem}.claims td:nth-child(2){white-space:nowrap}.claims "
    "td:nth-child(3){min-width:15rem}"
    ".bad{color:var(--bad);font-weight:600}li{margin:.5rem 0}\n"
    ":root{--shade:#f2f2f2;--good:#00664a;--bad:#a33b00}\n"
    "@media (prefers-color-scheme:dark){:root{--shade:#26292f;--good:#4fd0a5;--bad:#ff9a62}}\n"
    /* On paper there is nothing to open or to scroll: what is folded away stays in the files. */
    "@page{size:A4;margin:14mm 12mm}\n"
    "@media print{:root{color-scheme:light;--shade:#f2f2f2;--good:#00664a;--bad:#a33b00}"
    "body{max-width:none;margin:0;padding:0;font-size:10.5pt}nav,details{display:none}.wide{overflow:visible}"
    "figure svg{min-width:0!important;max-height:200mm}table{font-size:8.5pt}td "
    ".note{font-size:inherit}td,th{padding:.15rem .4rem}"
    ".claims td:first-child,.claims td:nth-child(3){min-width:0}thead{display:table-header-group}"
    "figure,tr,li{break-inside:avoid}h2,caption,h2+.note{break-after:avoid}}\n";

static void yes_no(struct buf *b, json_t *value)
{
    buf_append_str(b, json_is_true(value) ? "<td class=good>yes" : "<td class=bad>NO");
}

/* lab.json is written by `millrace lab`; without it nothing is claimed. */
static void verdicts(struct report *r, struct buf *b)
{
    char path[PATH_MAX + 16];
    size_t index;
    json_t *verdict;
    snprintf(path, sizeof path, "%s/lab.json", r->dir);
    json_t *lab = json_load_file(path, 0, NULL);
    if (!lab) return;
    buf_append_str(b, "<table><caption>Batch = stream = truth?</caption><tr><th>workload<th>batch = stream<th>batch = "
                      "truth<th>stream "
                      "= truth<th>batch s<th>stream s</tr>\n");
    json_array_foreach(json_object_get(lab, "verdicts"), index, verdict)
    {
        const char *name = json_string_value(json_object_get(verdict, "workload"));
        buf_append_str(b, "<tr><td>");
        report_html(b, name ? name : "?");
        buf_append_str(b, json_is_true(json_object_get(verdict, "generated")) ? " (generated)" : " (given)");
        yes_no(b, json_object_get(verdict, "batch_equals_stream"));
        yes_no(b, json_object_get(verdict, "batch_equals_truth"));
        yes_no(b, json_object_get(verdict, "stream_equals_truth"));
        buf_printf(b, "<td>%.2f<td>%.2f</tr>\n", json_number_value(json_object_get(verdict, "batch_s")),
                   json_number_value(json_object_get(verdict, "stream_s")));
    }
    buf_append_str(
        b, "</table>\n<p class=note>Each workload ran through both pipelines; a digest of every table was compared, "
           "and both warehouses with the ground truth.</p>\n");
    json_decref(lab);
}

static void limits_table(const struct report *r, struct buf *b)
{
    if (r->limits.count == 0) return;
    buf_append_str(b, "<h2>What this machine can do at best</h2>\n<table><tr><th>limit<th>value</tr>\n");
    buf_printf(b, "<tr><td>loopback round trip, 64 B, two threads<td>p50 %.1f &micro;s, p99 %.1f &micro;s</tr>\n",
               report_limit_percentile(r, "loopback_round_trip", 50) / 1e3,
               report_limit_percentile(r, "loopback_round_trip", 99) / 1e3);
    buf_printf(b, "<tr><td>append of 100 B, a write() each<td>%.2f million/s</tr>\n",
               report_limit(r, "append_100B") / 1e6);
    buf_printf(b, "<tr><td>append of 64 KiB blocks<td>%.2f GB/s</tr>\n", report_limit(r, "append_64K") / 1e9);
    buf_printf(b, "<tr><td>append of 4 KiB and fdatasync<td>p50 %.3f ms, p99 %.3f ms</tr>\n",
               report_limit_percentile(r, "fdatasync_4k", 50) / 1e6,
               report_limit_percentile(r, "fdatasync_4k", 99) / 1e6);
    buf_printf(b, "<tr><td>SQLite insert, 8 columns, WAL, 1,000 rows a transaction<td>%.0f rows/s</tr>\n</table>\n",
               report_limit(r, "sqlite_insert"));
    buf_append_str(b, "<p class=note>Measured right before the experiments, in the same folder.</p>\n");
}

static void environment_table(const struct report *r, struct buf *b)
{
    const char *key;
    json_t *value, *environment = report_environment(r);
    if (!environment) return;
    buf_append_str(b, "<h2>Where it was measured</h2>\n<table>\n");
    json_object_foreach(environment, key, value)
    {
        buf_append_str(b, "<tr><td>");
        report_html(b, key);
        buf_append_str(b, "<td>");
        if (json_is_string(value))
            report_html(b, json_string_value(value));
        else if (json_is_integer(value))
            buf_printf(b, "%lld", (long long)json_integer_value(value));
        buf_append_str(b, "</tr>\n");
    }
    buf_append_str(b, "</table>\n");
    json_decref(environment);
}

/* A first row of headings is the table's head: it is repeated on each sheet of paper. */
static void put_table(struct buf *page, const char *at, const char *end)
{
    const char *row = strstr(at, "<tr>"), *done = row ? strstr(row, "</tr>") : NULL;
    if (done && done < end && strncmp(row, "<tr><th", 7) == 0) {
        done += strlen("</tr>");
        buf_append(page, at, (size_t)(row - at));
        buf_append_str(page, "<thead>");
        buf_append(page, row, (size_t)(done - row));
        buf_append_str(page, "</thead>");
        at = done;
    }
    buf_append(page, at, (size_t)(end - at));
}

/* Tables are as wide as they are: each scrolls by itself. */
static void put_wrapped(struct buf *page, struct buf *content)
{
    const char *at = buf_cstr(content), *begin;
    while ((begin = strstr(at, "<table")) != NULL) {
        const char *end = strstr(begin, "</table>");
        if (!end) break;
        end += strlen("</table>");
        buf_append(page, at, (size_t)(begin - at));
        buf_append_str(page, "<div class=wide>");
        put_table(page, begin, end);
        buf_append_str(page, "</div>");
        at = end;
    }
    buf_append_str(page, at);
}

static void put_head(struct buf *page)
{
    buf_append_str(page, head);
    figure_style(page);
    buf_append_str(page, style);
    buf_append_str(page, "</style></head><body>\n");
}

static void claims_table(const struct report *r, struct buf *b)
{
    buf_append_str(b, "<h2 id=claims>What is claimed, and what was measured</h2>\n<p>");
    buf_append_slice(b, buf_slice(&r->claims_summary));
    buf_append_str(b, "</p>\n<table class=claims><tr><th>claim, and where it comes from<th>verdict<th>measured, and "
                      "the rule<th>figure</tr>\n");
    buf_append_slice(b, buf_slice(&r->claims));
    buf_append_str(
        b,
        "</table>\n<p class=note>A claim holds when the whole interval of what was measured is on its side of the "
        "bound, does not hold when the whole interval is on the other side, and is open in between, or when "
        "either side has one valid trial. In brackets the interval of what was measured. Not measurable: every trial "
        "was void, because what it says would be of the machine's other work or of a late sender, not of what was "
        "to be measured.</p>\n");
}

static void put_content(struct report *r, struct buf *b)
{
    buf_append_str(b, "<h1>Batch ETL and streaming over a Kafka-compatible broker: what was measured here</h1>\n");
    buf_printf(b, "<p class=note>Run <code>%s</code>, profile %s. %s</p>\n", strrchr(r->dir, '/') + 1, r->profile,
               r->machine);
    if (r->links.n > 0)
        buf_printf(b, "<nav class=note><a href=#claims>Claims</a> <a href=#answers>Answers</a> %s</nav>\n",
                   buf_cstr(&r->links));
    verdicts(r, b);
    claims_table(r, b);
    buf_append_str(b, "<h2 id=answers>The answers, in figures</h2>\n<ul>\n");
    buf_append_slice(b, buf_slice(&r->answers));
    buf_append_str(
        b, "</ul>\n<p class=note>Figures of one machine in one run: compare ratios, not absolute values, with those of "
           "others. Each trial with its whole histograms is in the folders of the experiments beside this page.</p>\n");
    buf_append_slice(b, buf_slice(&r->body));
    limits_table(r, b);
    environment_table(r, b);
}

int report_page(struct report *r, struct err_text *error)
{
    char path[PATH_MAX + 16];
    struct buf page = {0}, content = {0};
    put_head(&page);
    put_content(r, &content);
    put_wrapped(&page, &content);
    buf_append_str(&page, "</body></html>\n");
    snprintf(path, sizeof path, "%s/report.html", r->dir);
    int rc = results_write(path, page.p, page.n, error);
    buf_release(&page);
    buf_release(&content);
    return rc;
}
