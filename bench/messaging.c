#include "bench/messaging.h"

#include <ctype.h>
#include <stdio.h>

enum { KEY_MAX = 96 };

static const struct messaging_latency latencies[] = {{"ack", "PublishLatency", 1e6},
                                                     {"end_to_end", "EndToEndLatency", 1e6},
                                                     {"generator_lag", "PublishDelayLatency", 1e3},
                                                     {NULL, NULL, 0}};

static const struct {
    const char *name;
    double percentile;
} at[] = {{"50pct", 50},    {"75pct", 75},      {"95pct", 95},        {"99pct", 99},
          {"999pct", 99.9}, {"9999pct", 99.99}, {"99999pct", 99.999}, {"Max", 100}};
enum { AT = sizeof at / sizeof at[0] };

const struct messaging_latency *messaging_latencies(void)
{
    return latencies;
}

void messaging_aggregate(json_t *json, const struct messaging_latency *l, const struct histogram *h)
{
    char key[KEY_MAX];
    if (h->total == 0) return;
    snprintf(key, sizeof key, "aggregated%sAvg", l->name);
    json_object_set_new(json, key, json_real(histogram_mean(h) / l->unit));
    for (int i = 0; i < AT; i++) {
        snprintf(key, sizeof key, "aggregated%s%s", l->name, at[i].name);
        json_object_set_new(json, key, json_real((double)histogram_percentile(h, at[i].percentile) / l->unit));
    }
}

void messaging_quantiles(json_t *json, const struct messaging_latency *l, const struct histogram *h)
{
    static const double quantiles[] = {0,  10, 20, 30, 40, 50,   60,   70,    75,    80,     85,
                                       90, 95, 97, 98, 99, 99.5, 99.9, 99.95, 99.99, 99.999, 100};
    char key[KEY_MAX];
    json_t *all = json_object();
    for (size_t i = 0; i < sizeof quantiles / sizeof quantiles[0] && h->total > 0; i++) {
        snprintf(key, sizeof key, quantiles[i] == (int)quantiles[i] ? "%.1f" : "%g", quantiles[i]);
        json_object_set_new(all, key, json_real((double)histogram_percentile(h, quantiles[i]) / l->unit));
    }
    snprintf(key, sizeof key, "aggregated%sQuantiles", l->name);
    json_object_set_new(json, key, all);
}

/* "PublishLatency" and "99pct" give the list "publishLatency99pct". */
static void list_append(json_t *json, const char *name, const char *end, double value)
{
    char key[KEY_MAX];
    snprintf(key, sizeof key, "%c%s%s", tolower((unsigned char)name[0]), name + 1, end);
    json_t *list = json_object_get(json, key);
    if (!list) json_object_set_new(json, key, list = json_array());
    json_array_append_new(list, json_real(value));
}

void messaging_append(json_t *json, const struct messaging_latency *l, const struct histogram *h)
{
    if (h->total == 0) return;
    list_append(json, l->name, "Avg", histogram_mean(h) / l->unit);
    for (int i = 0; i < AT; i++)
        list_append(json, l->name, at[i].name, (double)histogram_percentile(h, at[i].percentile) / l->unit);
}
