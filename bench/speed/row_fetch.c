/* Fetched bytes against what the kernel can do: the same segment, from the page cache over the loopback (Reno both)
 * into the same buffer of the same reader; once through Fetch, one request in flight, once from a bare loop of
 * sendfile in a thread of its own. The reader of Fetch walks the headers of the batches, as a consumer must to know
 * where to go on. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/speed/speed.h"
#include "bench/speed/wire.h"
#include "lib/base/memory.h"
#include "lib/os/clock.h"
#include "lib/os/net.h"

enum { MESSAGES = 8000000, FETCH_BYTES = 16 << 20, SMALL_FETCH_BYTES = 1 << 20, PASSES = 2 };

/* --- through the broker --- */

static int log_read(struct wire *w, const char *topic, int64_t end, int32_t fetch_bytes, int64_t *bytes,
                    struct err_text *error)
{
    int rc = 0;
    for (int64_t offset = 0, before = -1; offset < end && rc == 0;) {
        before = offset;
        rc = wire_read(w, topic, fetch_bytes, &offset, bytes, error);
        if (rc == 0 && offset == before) rc = err_set(error, ERR_IO, "%s ends at %lld", topic, (long long)offset);
    }
    return rc;
}

static int fetch_speed(struct speed *s, const char *side, int32_t fetch_bytes, double *per_second,
                       struct err_text *error)
{
    struct wire w;
    int64_t bytes = 0, end = speed_scaled(s, MESSAGES, 10000);
    int rc = wire_open(&w, speed_bootstrap(s, side), error);
    int64_t begin_ns = clock_mono_ns();
    for (int i = 0; i < PASSES && rc == 0; i++) rc = log_read(&w, s->topic, end, fetch_bytes, &bytes, error);
    *per_second = (double)bytes * 1e9 / (double)(clock_mono_ns() - begin_ns);
    wire_close(&w);
    return rc;
}

/* --- without it --- */

struct bare {
    int file, socket;
    int64_t size;
    int error;
};

static void *bare_send(void *context)
{
    struct bare *b = context;
    for (int i = 0; i < PASSES; i++) {
        off_t at = 0;
        while (at < b->size) {
            if (sendfile(b->socket, b->file, &at, (size_t)(b->size - at)) > 0) continue;
            b->error = errno;
            break;
        }
    }
    shutdown(b->socket, SHUT_WR);
    return NULL;
}

static int64_t bare_receive(int descriptor)
{
    uint8_t *buffer = memory_new(FETCH_BYTES);
    int64_t bytes = 0;
    size_t at = 0;
    for (;;) {
        ssize_t n = recv(descriptor, buffer + at, FETCH_BYTES - at, 0);
        if (n <= 0) break;
        bytes += n;
        at = (at + (size_t)n) % FETCH_BYTES;
    }
    free(buffer);
    return bytes;
}

static int bare_pair(int pair[2], struct err_text *error)
{
    struct net_address address = {.host = "127.0.0.1"};
    int listener = net_listen(&address, &address.port, error);
    if (listener < 0) return listener;
    pair[0] = net_connect(&address, 1000, error);
    pair[1] = pair[0] < 0 ? pair[0] : net_accept(listener, NULL);
    close(listener);
    if (pair[1] >= 0) return net_set_blocking(pair[1], true);
    if (pair[0] >= 0) close(pair[0]);
    return err_set(error, ERR_IO, "no connection to ourselves");
}

static int bare_speed(const struct speed *s, double *per_second, struct err_text *error)
{
    char path[PATH_MAX], name[SPEED_TOPIC_MAX + 40];
    struct stat st;
    struct bare b = {.file = -1};
    pthread_t sender;
    int pair[2];
    snprintf(name, sizeof name, "%s-0/%020d.log", s->topic, 0);
    bench_path(path, s->ours.folder, name);
    b.file = open(path, O_RDONLY | O_CLOEXEC);
    if (b.file < 0 || fstat(b.file, &st) != 0)
        return err_set(error, err_from_errno(errno), "%s: %s", path, strerror(errno));
    int rc = bare_pair(pair, error);
    if (rc == 0) {
        b.socket = pair[0];
        b.size = st.st_size;
        int64_t begin_ns = clock_mono_ns();
        pthread_create(&sender, NULL, bare_send, &b);
        int64_t bytes = bare_receive(pair[1]);
        *per_second = (double)bytes * 1e9 / (double)(clock_mono_ns() - begin_ns);
        pthread_join(sender, NULL);
        if (b.error || bytes != PASSES * b.size)
            rc = err_set(error, ERR_IO, "sendfile of %s: %s", path, strerror(b.error));
        close(pair[0]);
        close(pair[1]);
    }
    close(b.file);
    return rc;
}

/* --- the row --- */

static int fetch(struct speed *s, const char *side, struct trial *t, struct err_text *error)
{
    double large = 0, small = 0;
    int rc;
    if (speed_is(side, "machine")) {
        rc = bare_speed(s, &large, error);
        if (rc == 0) trial_metric(t, "bytes", "bytes/s", large);
        return rc;
    }
    rc = fetch_speed(s, side, FETCH_BYTES, &large, error);
    if (rc == 0) rc = fetch_speed(s, side, SMALL_FETCH_BYTES, &small, error);
    trial_metric(t, "bytes", "bytes/s", large);
    trial_metric(t, "bytes_1MiB", "bytes/s", small);
    return rc;
}

static int fill(struct speed *s, const char *side, struct err_text *error)
{
    if (speed_is(side, "machine")) return 0;
    return speed_topic_fill(s, side, speed_scaled(s, MESSAGES, 10000), error);
}

static int drop(struct speed *s, const char *side, struct err_text *error)
{
    return speed_is(side, "machine") ? 0 : speed_topic_drop(s, side, error);
}

static const char *const settings[] = {NULL};
static const char *const sides[] = {"millrace", "machine", "kafka", NULL};
static const struct speed_bar bars[] = {
    {"bytes/s, 16 MiB a fetch / bare sendfile", "millrace", "bytes", "machine", NULL, SPEED_AT_LEAST, 0.8},
    {"bytes/s, 1 MiB a fetch / Apache Kafka's", "millrace", "bytes_1MiB", "kafka", NULL, SPEED_AT_LEAST, 1},
    {0},
};
const struct speed_row speed_row_fetch = {
    "fetch", "fetched bytes, one connection, from page cache", "page-cache", settings, sides, bars, fetch, fill, drop,
};
