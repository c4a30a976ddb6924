/* E13's section from trials with known bytes and latencies. */
#include "bench/page_test.h"

static void bytes_trial(const char *dir, const char *cell, double records, double bytes)
{
    struct trial t;
    trial_init(&t, "E13", cell, 1);
    trial_metric(&t, "bytes_per_record", "bytes", bytes);
    trial_metric(&t, "request_bytes_per_record", "bytes", bytes * 0.9);
    trial_metric(&t, "batch_bytes_per_record", "bytes", bytes * 0.8);
    trial_metric(&t, "records_per_request", "records", records);
    keep(&t, dir);
}

static void acks_trial(const char *dir, bool captured)
{
    struct trial t;
    trial_init(&t, "E13", "acks=1", 1);
    trial_set(&t, "observed", captured ? "capture" : "proxy");
    if (!captured) trial_set(&t, "capture_refused", "lo: needs CAP_NET_RAW");
    trial_metric(&t, "bytes_per_record", "bytes", 307);
    trial_metric(&t, "paced_n", "messages", 100);
    histogram_record_count(trial_histogram(&t, "ack", "ns"), 400000, 100);
    histogram_record_count(trial_histogram(&t, captured ? "wire" : "through_proxy", "ns"), 100000, 100);
    keep(&t, dir);
}

static void wire_page(const char *dir, bool captured, struct buf *page, struct buf *script)
{
    struct err_text error = {0};
    bytes_trial(dir, "none, batches of 1", 1, 307);
    bytes_trial(dir, "none, batches of 1000", 1000, 110);
    bytes_trial(dir, "gzip, batches of 1000", 1000, 24);
    bytes_trial(dir, "zstd, batches of 1000", 1000, 25);
    acks_trial(dir, captured);
    if (bench_report(dir, &error) != 0) unit_fail("%s", error.text);
    page_read(dir, page);
    file_read(dir, "figures/e13_latency.gnuplot", script);
}

TEST(e13, bytes_and_what_of_the_latency_is_on_the_wire)
{
    struct buf page = {0}, script = {0};
    const char *dir = results_new();
    wire_page(dir, true, &page, &script);
    check_has(&page,
              "A record of 100 B costs 307 B alone in its request and 110 B among 1000, 24 B with gzip, the smallest "
              "of four codecs; of the 0.400 ms (median) that an acknowledgement takes for the client 0.100 are on");
    check_has(&page, "<td>gzip<td>1000<td>1<td>21.6<td>19.2<td>2.4<td>24.0<td>22&nbsp;%");
    check_has(&page, "<td>1<td>1<td>307.0<td>0.400<td>0.400<td>0.100<td>0.100<td>&ndash;<td>");
    check_has(&script, "$c0 << EOD\n0.85 0.400000 0.400000\nEOD");
    check_has(&script, "$c1 << EOD\n1.15 0.100000 0.100000\nEOD");
    check_lacks(&script, "not measured");
    buf_release(&page);
    buf_release(&script);
    results_remove(dir);
}

TEST(e13, without_a_capture_the_wire_is_not_measured_and_a_proxy_is_called_one)
{
    struct buf page = {0}, script = {0};
    const char *dir = results_new();
    wire_page(dir, false, &page, &script);
    check_has(&page, "The latency on the wire was not measured: lo: needs CAP_NET_RAW.");
    check_has(&page, "<td>0.400<td>0.400<td>not measured<td><td>0.100<td>0.100</tr>");
    check_lacks(&page, "are on the wire");
    check_has(&script, "'not measured:' . \"\\n\" . 'no capture here' at 1.15,");
    check_has(&script, "$c1 << EOD\nEOD");
    buf_release(&page);
    buf_release(&script);
    results_remove(dir);
}
