/* e13_report.c - E13 in the report: bytes per record on the wire, and the wire's latency beside the client's. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "bench/report.h"

enum { BATCHES = 3, CODECS = 5, ACKS = 3 };
static const int batches[BATCHES] = {1, 30, 1000};
static const char *const codecs[CODECS] = {"none", "gzip", "snappy", "lz4", "zstd"};
static const char *const acks[ACKS] = {"0", "1", "all"};

static const char *bytes_cell(int codec, int batch)
{
    static char name[TRIAL_NAME_MAX];
    snprintf(name, sizeof name, "%s, batches of %d", codecs[codec], batches[batch]);
    return name;
}

static const char *acks_cell(int a)
{
    static char names[ACKS][TRIAL_NAME_MAX];
    snprintf(names[a], sizeof names[a], "acks=%s", acks[a]);
    return names[a];
}

/* --- bytes --- */

static int bytes_figure(struct report *r, const struct trials *all, struct err_text *error)
{
    static const int marks[CODECS] = {7, 5, 9, 13, 11};
    struct figure f;
    char n[96];
    const char *cells[CODECS];
    char names[CODECS][TRIAL_NAME_MAX];
    figure_begin(&f, "e13_bytes", 900, 440);
    for (int c = 0; c < CODECS; c++) {
        buf_printf(&f.script, "$c%d << EOD\n", c);
        for (int b = 0; b < BATCHES; b++) {
            struct estimate e, records;
            if (!report_estimate(all, bytes_cell(c, b), "bytes_per_record", &e) ||
                !report_estimate(all, bytes_cell(c, b), "records_per_request", &records))
                continue;
            buf_printf(&f.script, "%g %.3f\n", records.median, e.median);
            f.points++;
        }
        buf_append_str(&f.script, "EOD\n");
        snprintf(names[c], sizeof names[c], "%s", bytes_cell(c, BATCHES - 1));
        cells[c] = names[c];
    }
    buf_append_str(&f.script, "set logscale x\nset grid xtics ytics lc rgb '#dddddd' lt 1\nset yrange [0:*]\n"
                              "set offsets 0,0,graph 0.05,0\nset xlabel 'records per request'\n"
                              "set ylabel 'bytes per record, request and answer'\nset xrange [0.8:1300]\n"
                              "set key outside top center horizontal\n"
                              "plot 100 with lines lw 1.5 dt 3 lc rgb '#777777' title 'the values alone'");
    for (int c = 0; c < CODECS; c++)
        buf_printf(&f.script, ", \\\n$c%d using 1:2 with linespoints lw 2 dt %d pt %d ps 0.9 lc rgb '%s' title '%s'", c,
                   c + 1, marks[c], figure_colour(c), codecs[c]);
    buf_append_str(&f.script, "\n");
    report_n(n, sizeof n, all, cells, CODECS, "bytes_per_record", "point");
    struct caption caption = {
        "E13. Bytes on the wire for a record of 100 B",
        "Lower is better. Request and answer of a Produce together, their frames counted by the tap, without the "
        "headers "
        "of TCP and IP. A record is 100 B of the shop's order lines (CSV). Right: more records share what a request "
        "and "
        "a batch cost, and a codec finds more that repeats. A batch that a codec would make larger is sent as it is.",
        n, "page-cache; acks=1", "E13"};
    int rc = report_figure(r, &f, &caption, error);
    figure_release(&f);
    return rc;
}

static void bytes_table(struct report *r, const struct trials *all)
{
    struct buf *b = &r->body;
    buf_append_str(b, "<table><caption>E13: bytes per record</caption><tr><th>codec<th>records per "
                      "request<th>n<th>request<th>of it the batch<th>answer<th>together<th>of uncompressed</tr>\n");
    for (int c = 0; c < CODECS; c++) {
        for (int i = 0; i < BATCHES; i++) {
            struct estimate all_bytes, request, batch, records, plain;
            if (!report_estimate(all, bytes_cell(c, i), "bytes_per_record", &all_bytes) ||
                !report_estimate(all, bytes_cell(c, i), "request_bytes_per_record", &request) ||
                !report_estimate(all, bytes_cell(c, i), "batch_bytes_per_record", &batch) ||
                !report_estimate(all, bytes_cell(c, i), "records_per_request", &records))
                continue;
            buf_printf(b, "<tr><td>%s<td>%.0f<td>%d<td>%.1f<td>%.1f<td>%.1f<td>%.1f", codecs[c], records.median,
                       all_bytes.n, request.median, batch.median, all_bytes.median - request.median, all_bytes.median);
            if (report_estimate(all, bytes_cell(0, i), "bytes_per_record", &plain))
                buf_printf(b, "<td>%.0f&nbsp;%%", 100 * all_bytes.median / plain.median);
            buf_append_str(b, "</tr>\n");
        }
    }
    buf_append_str(b, "</table>\n");
}

/* --- latency --- */

/* Why the wire was not listened to; NULL when it was, by some trial. */
static const char *not_captured(const struct trials *all)
{
    const char *why = NULL;
    for (int i = 0; i < all->count; i++) {
        const char *observed = trial_get(&all->items[i], "observed");
        if (observed && strcmp(observed, "capture") == 0) return NULL;
        if (!why) why = trial_get(&all->items[i], "capture_refused");
    }
    return why ? why : "nothing was captured";
}

/* Lines "x p50 p99" of what client (0) and wire (1) say; of valid cells, or of those with void trials only. */
static void latency_points(struct figure *f, const struct trials *all, int who, bool is_void)
{
    static const char *const histograms[] = {"ack", "wire"};
    char why[REPORT_WHY_MAX];
    struct trials voids = trials_voids(all);
    const struct trials *from = is_void ? &voids : all;
    for (int a = 0; a < ACKS; a++) {
        const char *cell = acks_cell(a);
        if (report_unmeasurable(all, cell, why) != is_void || report_total(from, cell, histograms[who]) == 0) continue;
        buf_printf(&f->script, "%.2f %.6f %.6f\n", a + (who - 0.5) * 0.3,
                   report_percentile(from, cell, histograms[who], 50) / 1e6,
                   report_percentile(from, cell, histograms[who], 99) / 1e6);
        f->points++;
    }
}

static int latency_figure(struct report *r, const struct trials *all, struct err_text *error)
{
    static const char *const titles[] = {"the client says", "on the wire"};
    const char *refused = not_captured(all), *cells[ACKS];
    struct figure f;
    char n[96];
    figure_begin(&f, "e13_latency", 800, 420);
    for (int who = 0; who < 2; who++) {
        buf_printf(&f.script, "$c%d << EOD\n", who);
        latency_points(&f, all, who, false);
        buf_printf(&f.script, "EOD\n$v%d << EOD\n", who);
        latency_points(&f, all, who, true);
        buf_append_str(&f.script, "EOD\n");
    }
    for (int a = 0; a < ACKS; a++) {
        cells[a] = acks_cell(a);
        if (refused)
            figure_note(&f.script, a + 0.15, "not measured: no capture here");
        else if (a == 0)
            figure_note(&f.script, a + 0.15, "acks=0: has no answer");
    }
    buf_append_str(&f.script,
                   "set logscale y\nset format y '%g'\nset xrange [-0.6:2.6]\nset yrange [0.01:*]\n"
                   "set offsets 0,0,graph 0.1,0\nset xtics ('acks=0' 0, 'acks=1' 1, 'acks=all' 2)\n"
                   "set ylabel 'milliseconds; from p50 to p99'\nset key outside top center horizontal\nplot ");
    for (int who = 0; who < 2; who++)
        buf_printf(&f.script,
                   "$c%d using 1:2:2:3 with yerrorbars pt %d ps 1.2 lw 2.5 lc rgb '%s' title '%s', "
                   "$v%d using 1:2:2:3 with yerrorbars pt %d ps 1.2 lw 1.5 lc rgb '%s' title '%s (void)'%s",
                   who, who ? 7 : 5, figure_colour(who), titles[who], who, who ? 6 : 4, figure_faded(who), titles[who],
                   who ? "\n" : ", \\\n");
    report_n(n, sizeof n, all, cells, ACKS, "paced_n", "point");
    struct caption caption = {
        "E13. An acknowledgement as the client sees it, and on the wire",
        "A mark is the median, the line above it ends at the 99th percentile. 1,000 messages/s, one record a request. "
        "The "
        "client counts from the instant at which a message was due; the tap from a request's last byte on the "
        "loopback to its answer's last byte. What lies between is the client: its queue, its threads, its wake-ups.",
        n, "page-cache", "E13"};
    int rc = report_figure(r, &f, &caption, error);
    if (rc == 0 && refused)
        buf_printf(&r->body, "<p class=note>The latency on the wire was not measured: %s.</p>\n", refused);
    figure_release(&f);
    return rc;
}

static void percentiles(struct buf *b, const struct trials *all, const char *cell, const char *histogram,
                        const char *otherwise)
{
    if (report_total(all, cell, histogram) > 0)
        buf_printf(b, "<td>%.3f<td>%.3f", report_percentile(all, cell, histogram, 50) / 1e6,
                   report_percentile(all, cell, histogram, 99) / 1e6);
    else
        buf_printf(b, "<td>%s<td>", otherwise);
}

static void latency_table(struct report *r, const struct trials *all)
{
    struct buf *b = &r->body;
    char why[REPORT_WHY_MAX];
    buf_append_str(b,
                   "<table><caption>E13: client and wire, 1,000 messages/s</caption><tr><th>acks<th>n<th>bytes per "
                   "record<th>client p50 ms<th>p99 ms<th>wire p50 ms<th>p99 ms<th>at a proxy p50 ms<th>p99 ms</tr>\n");
    for (int a = 0; a < ACKS; a++) {
        const char *cell = acks_cell(a);
        struct estimate bytes;
        if (report_unmeasurable(all, cell, why))
            buf_printf(b, "<tr class=note><td>%s<td>0<td colspan=7>%s</tr>\n", acks[a], why);
        if (!report_estimate(all, cell, "bytes_per_record", &bytes)) continue;
        buf_printf(b, "<tr><td>%s<td>%d<td>%.1f", acks[a], bytes.n, bytes.median);
        percentiles(b, all, cell, "ack", "&ndash;");
        percentiles(b, all, cell, "wire", a == 0 ? "no answer" : "not measured");
        percentiles(b, all, cell, "through_proxy", "&ndash;");
        buf_append_str(b, "</tr>\n");
    }
    buf_append_str(b,
                   "</table><p class=note>A proxy stands in the way and adds its own time, also to the client's: where "
                   "it was used, its figures are not the wire's.</p>\n");
}

static void answer(struct report *r, const struct trials *all)
{
    static const char topic[] = "What goes over the wire";
    struct estimate one, many, small = {0};
    int best = 0;
    if (!report_estimate(all, bytes_cell(0, 0), "bytes_per_record", &one) ||
        !report_estimate(all, bytes_cell(0, BATCHES - 1), "bytes_per_record", &many))
        return;
    for (int c = 1; c < CODECS; c++) {
        struct estimate e;
        if (report_estimate(all, bytes_cell(c, BATCHES - 1), "bytes_per_record", &e) &&
            (best == 0 || e.median < small.median)) {
            small = e;
            best = c;
        }
    }
    buf_printf(&r->answers, "<li><b>%s.</b> A record of 100 B costs %.0f B alone in its request and %.0f B among %d",
               topic, one.median, many.median, batches[BATCHES - 1]);
    if (best > 0) buf_printf(&r->answers, ", %.0f B with %s, the smallest of four codecs", small.median, codecs[best]);
    if (report_total(all, "acks=1", "wire") > 0)
        buf_printf(
            &r->answers, "; of the %.3f ms (median) that an acknowledgement takes for the client %.3f are on the wire",
            report_percentile(all, "acks=1", "ack", 50) / 1e6, report_percentile(all, "acks=1", "wire", 50) / 1e6);
    buf_printf(&r->answers, ". <span class=note>(E13, n=%d)</span></li>\n", many.n);
}

int report_wire(struct report *r, struct err_text *error)
{
    struct trials all;
    int rc = trials_load(&all, r->dir, "E13", error);
    if (rc < 0 || all.count == 0) return rc;
    r->experiments++;
    report_section(r, "E13: what goes over the wire?", &all);
    answer(r, &all);
    rc = bytes_figure(r, &all, error);
    if (rc == 0) bytes_table(r, &all);
    if (rc == 0) rc = latency_figure(r, &all, error);
    if (rc == 0) latency_table(r, &all);
    trials_release(&all);
    return rc;
}
