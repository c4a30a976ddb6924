/* Whether the cost of an append and of a fetch depends on how many partitions there are, and on how long the log is:
 * one connection, one request in flight, a record of 100 B; the same of a broker with one partition and of one with
 * 5,000 that are used in turn, and of a log of 1 MB and of one of 5 GB, read at random offsets. */
#include <stdio.h>
#include <stdlib.h>

#include "bench/load.h"
#include "bench/speed/speed.h"
#include "bench/speed/wire.h"
#include "lib/base/random.h"
#include "lib/os/clock.h"

enum { MANY = 5000, REQUESTS = 10000, BATCH_RECORDS = 160 };
static const int64_t short_bytes = 1 << 20, long_bytes = (int64_t)5 << 30;

/* The two sides of a row run at the same time, so that both meet the same minutes. */
struct scale_side {
    struct target broker;
    int32_t partitions;
    int64_t end; /* records of a partition that may be read */
};
static struct scale_side both[2];
static struct random dice;

static const char *const settings[] = {NULL};

static int samples_take(struct speed *s, const struct scale_side *x, struct trial *t, struct err_text *error)
{
    struct wire w;
    struct histogram *append = trial_histogram(t, "append", "ns"), *fetch = trial_histogram(t, "fetch", "ns");
    int64_t count = speed_scaled(s, REQUESTS, 500);
    int rc = wire_open(&w, x->broker.bootstrap, error);
    for (int64_t i = 0; i < count && rc == 0; i++) {
        int32_t partition = (int32_t)(i % x->partitions);
        int64_t offset = (int64_t)random_below(&dice, (uint64_t)x->end), begin_ns = clock_mono_ns();
        rc = wire_produce(&w, s->topic, partition, 1, SPEED_MESSAGE_BYTES, error);
        int64_t middle_ns = clock_mono_ns();
        if (rc == 0) rc = wire_fetch(&w, s->topic, partition, offset, 1, error);
        histogram_record(append, middle_ns - begin_ns);
        histogram_record(fetch, clock_mono_ns() - middle_ns);
    }
    wire_close(&w);
    if (rc < 0) return rc;
    speed_percentiles(t, "append");
    speed_percentiles(t, "fetch");
    return 0;
}

static int side_start(struct speed *s, const char *side, struct scale_side *x, int32_t partitions,
                      struct err_text *error)
{
    *x = (struct scale_side){.partitions = partitions, .end = 1};
    random_seed(&dice, 1); /* the same offsets in every run */
    int rc = target_start(&x->broker, s->bench, side, settings, error);
    return rc == 0 ? load_topic_create(x->broker.bootstrap, s->topic, partitions, error) : rc;
}

static int scale_end(struct speed *s, const char *side, struct err_text *error)
{
    (void)s;
    (void)side;
    (void)error;
    for (int i = 0; i < 2; i++) target_stop(&both[i].broker);
    return 0;
}

/* --- partitions --- */

static int partitions_start(struct speed *s, const char *side, struct err_text *error)
{
    bool many = speed_is(side, "many");
    struct scale_side *x = &both[many];
    struct wire w = {.descriptor = -1};
    int rc = side_start(s, side, x, many ? (int32_t)speed_scaled(s, MANY, 50) : 1, error);
    if (rc == 0) rc = wire_open(&w, x->broker.bootstrap, error);
    for (int32_t i = 0; i < x->partitions && rc == 0; i++) rc = wire_produce(&w, s->topic, i, 1, 100, error);
    wire_close(&w);
    return rc;
}

static int partitions(struct speed *s, const char *side, struct trial *t, struct err_text *error)
{
    return samples_take(s, &both[speed_is(side, "many")], t, error);
}

static const char *const partition_sides[] = {"one", "many", NULL};
static const struct speed_bar partition_bars[] = {
    {"append p50, 5,000 partitions / one", "many", "append_p50", "one", NULL, SPEED_AT_MOST, 1.1},
    {"fetch p50, 5,000 partitions / one", "many", "fetch_p50", "one", NULL, SPEED_AT_MOST, 1.1},
    {0},
};
const struct speed_row speed_row_partitions = {
    "partitions",    "append and fetch of a record, 1 and 5,000 partitions in turn",
    "page-cache",    NULL,
    partition_sides, partition_bars,
    partitions,      partitions_start,
    scale_end,
};

/* --- length --- */

static int log_fill(struct speed *s, struct scale_side *x, int64_t bytes, struct err_text *error)
{
    struct wire_crowd crowd = {.bootstrap = x->broker.bootstrap,
                               .topic = s->topic,
                               .connections = 16,
                               .records = BATCH_RECORDS,
                               .record_bytes = SPEED_MESSAGE_BYTES,
                               .seconds = 0.05};
    int rc = 0;
    for (int64_t filled = 0; filled < bytes && rc == 0; filled += crowd.acked * crowd.request_bytes) {
        crowd.acked = 0;
        rc = wire_crowd(&crowd, error);
        x->end += crowd.acked * BATCH_RECORDS;
        crowd.seconds = bytes - filled > bytes / 4 ? 1 : 0.05;
    }
    x->end--; /* side_start's 1 */
    return rc;
}

static int length_start(struct speed *s, const char *side, struct err_text *error)
{
    bool is_long = speed_is(side, "long");
    struct scale_side *x = &both[is_long];
    int rc = side_start(s, side, x, 1, error);
    return rc == 0 ? log_fill(s, x, is_long ? speed_scaled(s, long_bytes, 64 << 20) : short_bytes, error) : rc;
}

static int length(struct speed *s, const char *side, struct trial *t, struct err_text *error)
{
    return samples_take(s, &both[speed_is(side, "long")], t, error);
}

static const char *const length_sides[] = {"short", "long", NULL};
static const struct speed_bar length_bars[] = {
    {"append p50, log of 5 GB / of 1 MB", "long", "append_p50", "short", NULL, SPEED_AT_MOST, 1.1},
    {"fetch p50 at random, log of 5 GB / of 1 MB", "long", "fetch_p50", "short", NULL, SPEED_AT_MOST, 1.1},
    {0},
};
const struct speed_row speed_row_log_length = {
    "log-length", "append and fetch of a record, a short and a long log",
    "page-cache", NULL,
    length_sides, length_bars,
    length,       length_start,
    scale_end,
};
