/* What one fdatasync for all who wait is worth: 64 producers with one request in flight each, in group-commit, against
 * a loop that appends as many bytes and syncs them, and does nothing else. How many bytes a sync had is told by the
 * broker itself at its end ("N syncs"); the loop runs right after, with that many. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/environment.h"
#include "bench/load.h"
#include "bench/speed/speed.h"
#include "bench/speed/wire.h"
#include "lib/base/memory.h"
#include "lib/os/clock.h"

enum { PRODUCERS = 64, SECONDS = 3 };

static const char *const group_commit[] = {"log.flush.interval.messages=1", NULL};

/* The last "N syncs" of what the broker said. */
static int64_t syncs_told(const char *path)
{
    char line[512];
    long long count = -1;
    FILE *file = fopen(path, "r");
    while (file && fgets(line, sizeof line, file)) {
        const char *at = strstr(line, "stopped after ");
        if (at) sscanf(at, "stopped after %lld syncs", &count);
    }
    if (file) fclose(file);
    return count;
}

/* A broker of its own for each trial: it tells its syncs when it ends. */
static int ours(struct speed *s, struct trial *t, int records, struct err_text *error)
{
    struct target broker;
    char topic[SPEED_TOPIC_MAX], log[PATH_MAX];
    speed_topic(topic);
    int rc = target_start(&broker, s->bench, "commit", group_commit, error);
    if (rc == 0) rc = load_topic_create(broker.bootstrap, topic, 1, error);
    struct wire_crowd crowd = {.bootstrap = broker.bootstrap,
                               .topic = topic,
                               .connections = PRODUCERS,
                               .records = records,
                               .record_bytes = SPEED_MESSAGE_BYTES,
                               .seconds = SECONDS * s->scale,
                               .ack = trial_histogram(t, "ack", "ns")};
    int64_t cpu_ns = rc == 0 ? environment_process_cpu_ns(broker.process.pid) : 0;
    if (rc == 0) rc = wire_crowd(&crowd, error);
    if (rc == 0) cpu_ns = environment_process_cpu_ns(broker.process.pid) - cpu_ns;
    target_stop(&broker);
    if (rc < 0) return rc;
    bench_path(log, s->bench->work, "commit.log");
    int64_t syncs = syncs_told(log);
    if (syncs <= 0) return err_set(error, ERR_NOTFOUND, "%s does not say how many syncs there were", log);
    double bytes = (double)(crowd.acked * crowd.request_bytes);
    s->bytes_per_sync = (int64_t)(bytes / (double)syncs);
    trial_metric(t, "bytes", "bytes/s", bytes / crowd.took_s);
    trial_metric(t, "requests", "requests/s", (double)crowd.acked / crowd.took_s);
    trial_metric(t, "bytes_per_sync", "bytes", (double)s->bytes_per_sync);
    trial_metric(t, "broker_cpu", "us/request", (double)cpu_ns / 1e3 / (double)crowd.acked);
    speed_percentiles(t, "ack");
    return 0;
}

static int loop(const struct speed *s, struct trial *t, struct err_text *error)
{
    char path[PATH_MAX];
    size_t size = (size_t)s->bytes_per_sync;
    uint8_t *block = memory_new(size);
    bench_path(path, s->bench->work, "loop.tmp");
    int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600), rc = 0;
    int64_t begin_ns = clock_mono_ns(), end_ns = begin_ns + (int64_t)(SECONDS * s->scale * 1e9), count = 0, now_ns;
    do {
        if (fd < 0 || write(fd, block, size) != (ssize_t)size || fdatasync(fd) != 0)
            rc = err_set(error, err_from_errno(errno), "%s: %s", path, strerror(errno));
        count++;
    } while ((now_ns = clock_mono_ns()) < end_ns && rc == 0);
    if (fd >= 0) close(fd);
    unlink(path);
    free(block);
    trial_metric(t, "bytes", "bytes/s", (double)count * (double)size * 1e9 / (double)(now_ns - begin_ns));
    trial_metric(t, "sync", "us", (double)(now_ns - begin_ns) / 1e3 / (double)count);
    return rc;
}

static int commit(struct speed *s, const char *side, struct trial *t, struct err_text *error)
{
    return speed_is(side, "machine") ? loop(s, t, error) : ours(s, t, 100, error);
}

static int commit_small(struct speed *s, const char *side, struct trial *t, struct err_text *error)
{
    return speed_is(side, "machine") ? loop(s, t, error) : ours(s, t, 1, error);
}

static const char *const sides[] = {"millrace", "machine", NULL};
static const struct speed_bar bars[] = {
    {"bytes/s / bare append+fdatasync of the same size", "millrace", "bytes", "machine", NULL, SPEED_AT_LEAST, 0.5},
    {0},
};
const struct speed_row speed_row_commit = {
    "commit", "64 producers, one request of 100 x 100 B each", "group-commit", NULL, sides, bars, commit, NULL, NULL,
};
const struct speed_row speed_row_commit_small = {
    "commit-small", "64 producers, one request of 1 x 100 B each",
    "group-commit", NULL,
    sides,          bars,
    commit_small,   NULL,
    NULL,
};
