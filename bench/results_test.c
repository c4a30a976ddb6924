/* What lies beside the trials: summaries with the OpenMessaging Benchmark's fields, CSV of figures, manifests. */
#include "bench/results.h"

#include <math.h>
#include <unistd.h>

#include "bench/bench.h"
#include "bench/figure.h"
#include "bench/manifest.h"
#include "bench/summary.h"
#include "lib/os/disk.h"
#include "tests/unit.h"

static struct trials trials_of(struct trial *items, int count)
{
    return (struct trials){.items = items, .count = count};
}

/* Two valid trials of a cell, 1 and 3 ms, and a void one. */
static void acks_trials(struct trial t[3])
{
    for (int i = 0; i < 3; i++) {
        trial_init(&t[i], "E1", "acks=1", i + 1);
        trial_set(&t[i], "message_bytes", "100");
        trial_metric(&t[i], "throughput", "messages/s", 1e6);
        trial_metric(&t[i], "achieved", "messages/s", 2000 + i);
        histogram_record_count(trial_histogram(&t[i], "ack", "ns"), 1000000 + 2000000 * i, 100);
    }
    trial_void(&t[2], "a busy neighbour");
}

static double real_at(json_t *json, const char *key, const char *inner)
{
    json_t *value = json_object_get(json, key);
    return json_number_value(inner ? json_object_get(value, inner) : value);
}

TEST(summary, a_cell_is_a_result_of_the_open_messaging_benchmark_and_more)
{
    struct trial t[3];
    acks_trials(t);
    struct trials all = trials_of(t, 3);
    json_t *summary = summary_of(&all, "E1"), *results = json_object_get(summary, "results");
    check_int((int)json_array_size(results), 1);
    json_t *r = json_array_get(results, 0);
    check_str(json_string_value(json_object_get(r, "driver")), "millrace");
    check_str(json_string_value(json_object_get(r, "workload")), "acks=1");
    check_int((int)real_at(r, "messageSize", NULL), 100);
    check_int((int)json_array_size(json_object_get(r, "publishRate")), 2);
    check(json_number_value(json_array_get(json_object_get(r, "publishRate"), 1)) == 2001);
    /* merged: a half at 1 ms, a half at 3 ms; a thousandth wide */
    check(fabs(real_at(r, "aggregatedPublishLatency50pct", NULL) - 1) < 0.002);
    check(fabs(real_at(r, "aggregatedPublishLatency99pct", NULL) - 3) < 0.006);
    check(fabs(real_at(r, "aggregatedPublishLatencyQuantiles", "99.0") - 3) < 0.006);
    check_int((int)json_array_size(json_object_get(r, "publishLatency99pct")), 2);
    check_int((int)real_at(r, "valid", NULL), 2);
    check_int((int)real_at(r, "void", NULL), 1);
    json_t *metric = json_object_get(json_object_get(r, "metrics"), "achieved");
    check(real_at(metric, "median", NULL) == 2000.5 && real_at(metric, "high", NULL) == 2001);
    check_int((int)real_at(json_object_get(json_object_get(r, "histograms"), "ack"), "n", NULL), 200);
    check_str(json_string_value(json_array_get(json_object_get(r, "hlog"), 2)), "trial-acks_1-3.hlog");
    json_decref(summary);
    for (int i = 0; i < 3; i++) trial_release(&t[i]);
}

TEST(summary, a_cell_with_void_trials_only_has_no_figures)
{
    struct trial t[3];
    acks_trials(t);
    struct trials all = trials_of(t + 2, 1);
    json_t *summary = summary_of(&all, "E1"), *r = json_array_get(json_object_get(summary, "results"), 0);
    check_int((int)real_at(r, "valid", NULL), 0);
    check_int((int)json_object_size(json_object_get(r, "metrics")), 0);
    check(json_object_get(r, "aggregatedPublishLatency99pct") == NULL);
    check_str(json_string_value(json_array_get(json_object_get(r, "void_reasons"), 0)), "a busy neighbour");
    json_decref(summary);
    for (int i = 0; i < 3; i++) trial_release(&t[i]);
}

TEST(figure, its_data_is_csv_with_the_titles_of_its_series)
{
    struct figure f;
    struct buf csv = {0};
    figure_begin(&f, "t", 100, 100);
    buf_append_str(&f.script,
                   "$bars << EOD\n# x median\n1 2.5\nEOD\n$c << EOD\n1 2 3 4\n\"a, b\" 6 7 8\nEOD\n$e << EOD\nEOD\n"
                   "set title 'left'\nplot $bars using 1:2 with boxes title 'acks, all', \\\n"
                   "$c using 1:2 with lines notitle, $c using 1:2:3:4 with yerrorbars title 'p99'\n");
    figure_csv(&f, &csv);
    check_str(buf_cstr(&csv), "series,point,name,value\n"
                              "\"left: acks, all\",1,x,1\n"
                              "\"left: acks, all\",1,median,2.5\n"
                              "left: p99,1,x,1\nleft: p99,1,y,2\nleft: p99,1,low,3\nleft: p99,1,high,4\n"
                              "left: p99,2,x,\"a, b\"\nleft: p99,2,y,6\nleft: p99,2,low,7\nleft: p99,2,high,8\n");
    buf_release(&csv);
    figure_release(&f);
}

TEST(results, a_machine_has_a_short_hash_and_no_name)
{
    char one[RESULTS_MACHINE_MAX], two[RESULTS_MACHINE_MAX], dir[128], host[64] = "";
    results_machine(one);
    results_machine(two);
    check_str(one, two);
    check_int((int)strlen(one), 8);
    check_int((int)strspn(one, "0123456789abcdef"), 8);
    bench_results_dir(dir, sizeof dir, true);
    check(strstr(dir, one) != NULL);
    json_t *machine = manifest_machine("."), *system = manifest_system();
    char *text = json_dumps(machine, 0), *more = json_dumps(system, 0);
    gethostname(host, sizeof host - 1);
    if (strlen(host) > 4) check(!strstr(text, host) && !strstr(more, host));
    check(json_is_string(json_object_get(json_object_get(system, "sysctls"), "net.core.somaxconn")));
    check(json_is_string(json_object_get(json_object_get(machine, "filesystem"), "type")));
    free(text);
    free(more);
    json_decref(machine);
    json_decref(system);
}
