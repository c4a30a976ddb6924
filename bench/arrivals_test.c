#include "bench/arrivals.h"

#include <math.h>
#include <unistd.h>

#include "tests/unit.h"

#define SECOND INT64_C(1000000000)

static struct arrivals made(const char *text, int64_t rate, int64_t count)
{
    struct arrivals_pattern p;
    struct arrivals a;
    struct err_text error = {0};
    check_int(arrivals_parse(&p, text, rate, 7, &error), 0);
    check_int(arrivals_make(&a, &p, count, &error), 0);
    return a;
}

static void ascend(const struct arrivals *a)
{
    for (int64_t i = 0; i < a->count; i++) {
        int64_t at = schedule_instant(&a->schedule, i);
        check(i == 0 ? at == 0 : at >= schedule_instant(&a->schedule, i - 1));
        check(schedule_due(&a->schedule, at) >= i + 1);
        check(schedule_due(&a->schedule, at - 1) <= i);
    }
}

/* Exponential gaps: the standard deviation is the mean, and a share 1/e of them is longer than the mean. */
TEST(arrivals, poisson_gaps_are_exponential)
{
    enum { N = 100000, RATE = 10000 };
    struct arrivals a = made("poisson", RATE, N);
    double mean = (double)a.offsets[N - 1] / (N - 1), squares = 0, longer = 0;
    ascend(&a);
    for (int i = 1; i < N; i++) {
        double gap = (double)(a.offsets[i] - a.offsets[i - 1]);
        squares += (gap - mean) * (gap - mean);
        longer += gap > mean;
    }
    check(fabs(mean / (1e9 / RATE) - 1) < 0.02);
    check(fabs(sqrt(squares / N) / mean - 1) < 0.02);
    check(fabs(longer / N - exp(-1)) < 0.01);
    struct arrivals again = made("poisson", RATE, N);
    check(memcmp(a.offsets, again.offsets, N * sizeof *a.offsets) == 0);
    arrivals_release(&again);
    arrivals_release(&a);
}

/* 1,000/s on average, on for 100 ms of 400: 4,000/s, so 400 messages and then 300 ms of nothing. */
TEST(arrivals, bursts_keep_the_mean_and_the_pauses)
{
    struct arrivals a = made("burst:100:300", 1000, 2000);
    ascend(&a);
    check_int(a.offsets[399], 99750000);
    check_int(a.offsets[400], 400000000);
    check_int(a.offsets[1600], 4 * 400000000LL);
    check_int(schedule_due(&a.schedule, 399999999), 400);
    check_int(schedule_due(&a.schedule, 5 * SECOND), 2000);
    arrivals_release(&a);
}

static const char *trace_file(const char *text, char path[32])
{
    snprintf(path, 32, "/tmp/arrivals-XXXXXX");
    int fd = mkstemp(path);
    check_int(write(fd, text, strlen(text)), (int64_t)strlen(text));
    close(fd);
    return path;
}

static int traced(const char *text, int64_t count, struct arrivals *a, struct err_text *error)
{
    char path[32];
    *error = (struct err_text){0};
    struct arrivals_pattern p = {.kind = ARRIVALS_TRACE, .trace = trace_file(text, path)};
    int rc = arrivals_make(a, &p, count, error);
    unlink(path);
    return rc;
}

TEST(arrivals, a_trace_starts_at_its_first_instant)
{
    struct arrivals a;
    struct err_text error = {0};
    check_int(traced("# seconds\n10.5\n10.5\n\n 12 \r\n12.500000001\n", 0, &a, &error), 0);
    ascend(&a);
    check_int(a.count, 4);
    check_int(a.offsets[2], SECOND * 3 / 2);
    check_int(a.offsets[3], 2 * SECOND + 1);
    check_int(a.schedule.rate, 1);
    arrivals_release(&a);
    check_int(traced("0\n1\n2\n", 2, &a, &error), 0);
    check_int(a.count, 2);
    arrivals_release(&a);
}

TEST(arrivals, what_is_wrong_with_a_trace_is_told_with_its_line)
{
    struct arrivals a;
    struct err_text error = {0};
    check_int(traced("0\n1\n0.5\n", 0, &a, &error), ERR_INVALID);
    check(strstr(error.text, ":3: earlier than the line before it: 0.5"));
    check_int(traced("0\nsoon\n", 0, &a, &error), ERR_INVALID);
    check(strstr(error.text, ":2: not a number of seconds"));
    check_int(traced("0\n-1\n", 0, &a, &error), ERR_INVALID);
    check_int(traced("0\nnan\n", 0, &a, &error), ERR_INVALID);
    check_int(traced("5\n", 0, &a, &error), ERR_INVALID);
    check(strstr(error.text, "two different instants"));
    struct arrivals_pattern p = {.kind = ARRIVALS_TRACE, .trace = "/nowhere/at/all"};
    check_int(arrivals_make(&a, &p, 0, &error), ERR_NOTFOUND);
}

TEST(arrivals, patterns_have_names)
{
    struct arrivals_pattern p;
    struct err_text error = {0};
    static const char *const wrong[] = {"", "regular", "burst", "burst:0:5", "burst:5:5x", "burst:5", "trace:"};
    for (int i = 0; i < 7; i++) check_int(arrivals_parse(&p, wrong[i], 1, 0, &error), ERR_INVALID);
    check_int(arrivals_parse(&p, "trace:x.txt", 1, 0, &error), 0);
    check_str(p.trace, "x.txt");
    check_str(arrivals_name(p.kind), "trace");
    char said[64];
    arrivals_said("trace:/a/b.txt", said, sizeof said);
    check_str(said, "trace:b.txt");
    arrivals_said("burst:5:5", said, sizeof said);
    check_str(said, "burst:5:5");
}
