/* How long an acknowledgement takes, and the way to a consumer: 100 B messages on an absolute schedule (schedule.h),
 * linger 0, acks=1. Latency counts from the intended instant, so what the generator is late counts for every side
 * alike; `lag` says how much that was. Acknowledgements are measured without a consumer, because the mock has none. */
#include "bench/load.h"
#include "bench/speed/speed.h"

enum { SECONDS = 5, WARM_UP_PARTS = 5 };

static int paced(struct speed *s, const char *side, struct trial *t, int64_t rate, bool ack_only,
                 struct err_text *error)
{
    char topic[SPEED_TOPIC_MAX];
    const char *bootstrap = speed_bootstrap(s, side);
    struct load_result result = {.ack = trial_histogram(t, "ack", "ns"), .lag = trial_histogram(t, "lag", "ns")};
    if (!ack_only) result.end_to_end = trial_histogram(t, "end_to_end", "ns");
    speed_topic(topic);
    struct load_options options = {.bootstrap = bootstrap,
                                   .topic = topic,
                                   .acks = "1",
                                   .message_bytes = SPEED_MESSAGE_BYTES,
                                   .count = speed_scaled(s, rate * SECONDS, 100),
                                   .rate = rate,
                                   .timeout_ms = 30000,
                                   .ack_only = ack_only};
    options.warm_up = options.count / WARM_UP_PARTS;
    int rc = bootstrap ? load_topic_create(bootstrap, topic, 1, error) : 0;
    if (rc == 0) rc = load_paced(&options, &result, error);
    if (rc == 0 && bootstrap) rc = load_topic_delete(bootstrap, topic, error);
    if (rc < 0) return rc;
    speed_percentiles(t, "ack");
    if (!ack_only) speed_percentiles(t, "end_to_end");
    speed_percentiles(t, "lag");
    if (result.acked != options.count || (!ack_only && result.consumed != options.count))
        trial_void(t, "%lld of %lld messages were acknowledged, %lld consumed", (long long)result.acked,
                   (long long)options.count, (long long)result.consumed);
    return 0;
}

static int ack_1000(struct speed *s, const char *side, struct trial *t, struct err_text *error)
{
    return paced(s, side, t, 1000, true, error);
}

static int ack_10000(struct speed *s, const char *side, struct trial *t, struct err_text *error)
{
    return paced(s, side, t, 10000, true, error);
}

static int end_to_end(struct speed *s, const char *side, struct trial *t, struct err_text *error)
{
    return paced(s, side, t, 10000, false, error);
}

static const char *const settings[] = {NULL};
static const char *const with_mock[] = {"millrace", "mock", "kafka", NULL};
static const char *const without_mock[] = {"millrace", "kafka", NULL};

static const struct speed_bar ack_1000_bars[] = {
    {"p50 / Apache Kafka's", "millrace", "ack_p50", "kafka", NULL, SPEED_AT_MOST, 1},
    {"p99 / the client's with its own mock", "millrace", "ack_p99", "mock", NULL, SPEED_AT_MOST, 1},
    {0},
};
const struct speed_row speed_row_latency_1000 = {
    "ack-1000",   "ack latency, 1,000/s, linger 0, acks=1",
    "page-cache", settings,
    with_mock,    ack_1000_bars,
    ack_1000,     NULL,
    NULL,
};

static const struct speed_bar ack_10000_bars[] = {
    {"p50 / Apache Kafka's", "millrace", "ack_p50", "kafka", NULL, SPEED_AT_MOST, 1},
    {"p99 / the client's with its own mock", "millrace", "ack_p99", "mock", NULL, SPEED_AT_MOST, 1},
    {"p99 / Apache Kafka's", "millrace", "ack_p99", "kafka", NULL, SPEED_AT_MOST, 0.2},
    {0},
};
const struct speed_row speed_row_latency_10000 = {
    "ack-10000",  "ack latency, 10,000/s, linger 0, acks=1",
    "page-cache", settings,
    with_mock,    ack_10000_bars,
    ack_10000,    NULL,
    NULL,
};

static const struct speed_bar end_to_end_bars[] = {
    {"p99 / Apache Kafka's", "millrace", "end_to_end_p99", "kafka", NULL, SPEED_AT_MOST, 0.2},
    {0},
};
const struct speed_row speed_row_end_to_end = {
    "end-to-end", "producer to consumer, 10,000/s, linger 0",
    "page-cache", settings,
    without_mock, end_to_end_bars,
    end_to_end,   NULL,
    NULL,
};
