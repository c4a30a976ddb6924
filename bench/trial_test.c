#include "bench/trial.h"

#include <math.h>
#include <unistd.h>

#include "lib/os/disk.h"
#include "tests/unit.h"

static void fill(struct trial *t, int number, int64_t scale)
{
    trial_init(t, "E1", "acks=1 page-cache", number);
    trial_set(t, "acks", "1");
    trial_metric(t, "throughput", "messages/s", 1000.5 * number);
    struct histogram *h = trial_histogram(t, "ack", "ns");
    for (int64_t i = 0; i < 5000; i++) histogram_record(h, i * i * scale);
}

static char *results_new(void)
{
    static char path[64];
    snprintf(path, sizeof path, "%s/millrace-trial-XXXXXX", P_tmpdir);
    check(mkdtemp(path) != NULL);
    return path;
}

static void results_remove(const char *path)
{
    struct disk *disk;
    check_int(disk_linux_new(P_tmpdir, &disk, NULL), 0);
    disk_remove_tree(disk, path + strlen(P_tmpdir) + 1);
    disk_linux_free(disk);
}

TEST(trial, comes_back_from_its_file)
{
    struct trial t;
    struct trials all;
    struct err_text error = {0};
    const char *dir = results_new();
    json_t *environment = json_pack("{s:s}", "cpu", "any");
    fill(&t, 1, 7);
    check_int(trial_write(&t, dir, environment, &error), 0);
    check_int(trials_load(&all, dir, "E1", &error), 0);
    check_int(all.count, 1);
    const struct trial *r = &all.items[0];
    check_str(r->cell, "acks=1 page-cache");
    check_str(trial_get(r, "acks"), "1");
    check(trial_get(r, "none") == NULL && isnan(trial_value(r, "none")));
    check(trial_value(r, "throughput") == 1000.5);
    const struct histogram *a = trial_values(&t, "ack"), *b = trial_values(r, "ack");
    check_int(b->total, 5000);
    check_int(b->min, 0);
    check_int(b->max, a->max);
    for (int p = 0; p <= 100; p++) check_int(histogram_percentile(b, p), histogram_percentile(a, p));
    trial_release(&t);
    trials_release(&all);
    json_decref(environment);
    results_remove(dir);
}

TEST(trial, percentiles_are_merged_and_void_trials_left_out)
{
    struct trials all;
    struct trial t;
    struct histogram h;
    double values[8];
    struct err_text error = {0};
    const char *dir = results_new();
    json_t *environment = json_object();
    for (int i = 1; i <= 3; i++) {
        fill(&t, i, i);
        if (i == 2) trial_void(&t, "the generator fell %d ms behind", 12);
        check_int(trial_write(&t, dir, environment, &error), 0);
        trial_release(&t);
    }
    check_int(trials_load(&all, dir, "E1", &error), 0);
    check_int(all.count, 3);
    check_str(all.items[1].verdict.void_reasons[0], "the generator fell 12 ms behind");
    check_int(trials_values(&all, "acks=1 page-cache", "throughput", values, 8), 2);
    check(values[0] == 1000.5 && values[1] == 3001.5);
    histogram_init(&h);
    check_int(trials_merge(&all, "acks=1 page-cache", "ack", &h), 2);
    check_int(h.total, 10000);
    check_int(h.max, INT64_C(4999) * 4999 * 3);
    histogram_release(&h);
    trials_release(&all);
    json_decref(environment);
    results_remove(dir);
}

TEST(trial, a_damaged_file_is_named)
{
    struct trials all;
    struct trial t;
    struct err_text error = {0};
    char path[128];
    const char *dir = results_new();
    json_t *environment = json_object();
    fill(&t, 1, 1);
    check_int(trial_write(&t, dir, environment, &error), 0);
    trial_release(&t);
    snprintf(path, sizeof path, "%s/E1/trial-acks_1_page-cache-1.json", dir);
    check_int(truncate(path, 1000), 0);
    check_int(trials_load(&all, dir, "E1", &error), ERR_CORRUPT);
    check(strstr(error.text, path) != NULL);
    json_decref(environment);
    results_remove(dir);
}

TEST(trial, no_folder_means_no_trials)
{
    struct trials all;
    check_int(trials_load(&all, "there-is-no-such-folder", "E1", NULL), 0);
    check_int(all.count, 0);
    trials_release(&all);
}
