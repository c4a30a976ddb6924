/* How fast the generators write: events per second of the clock, with everything on its way to the page cache. */
#include "bench/speed/speed.h"
#include "lib/os/clock.h"
#include "workloads/generate.h"

static int generate(struct speed *s, const char *side, struct trial *t, struct err_text *error)
{
    char folder[PATH_MAX];
    struct generate_options options = {.out = folder, .scale = speed_scaled(s, 500000, GENERATE_SCALE_MIN), .seed = 1};
    struct generate_result result;
    int rc = bench_folder(s->bench, "generated", folder, error);
    int64_t begin_ns = clock_mono_ns();
    if (rc == 0) rc = generator_find(side)->run(&options, &result, error);
    int64_t took_ns = clock_mono_ns() - begin_ns;
    bench_remove(folder);
    if (rc == 0) trial_metric(t, "events", "events/s", (double)result.events * 1e9 / (double)took_ns);
    return rc;
}

static const char *const sides[] = {"ecommerce", "clickstream", "iot", "applogs", NULL};
static const struct speed_bar bars[] = {
    {"events/s, ecommerce", "ecommerce", "events", NULL, NULL, SPEED_AT_LEAST, 1e6},
    {"events/s, clickstream", "clickstream", "events", NULL, NULL, SPEED_AT_LEAST, 1e6},
    {"events/s, iot", "iot", "events", NULL, NULL, SPEED_AT_LEAST, 1e6},
    {"lines/s, applogs", "applogs", "events", NULL, NULL, SPEED_AT_LEAST, 1e6},
    {0},
};
const struct speed_row speed_row_generate = {
    "generate", "generators, 500,000 events", "no broker", NULL, sides, bars, generate, NULL, NULL,
};
