#include "etl/stream/own_broker.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "etl/stream/client.h"
#include "lib/base/bytes.h"
#include "lib/base/log.h"
#include "lib/os/clock.h"
#include "lib/os/disk.h"
#include "lib/os/net.h"

enum { CONNECT_MS = 1000, START_MS = 60000, SHARED_WAIT_MS = 15000, STOP_MS = 15000 };
static const char address_file[] = "millrace.address", log_file[] = "millrace.log";

/* True when somebody accepts connections at b->bootstrap. */
static bool answers(const struct own_broker *b)
{
    struct net_address address;
    struct err_text ignored = {{0}};
    if (net_address_parse(b->bootstrap, &address, &ignored) != 0 || address.port == 0) return false;
    int descriptor = net_connect(&address, CONNECT_MS, &ignored);
    if (descriptor < 0) return false;
    close(descriptor);
    return true;
}

/* The cluster id in DIR/meta.properties; "" when there is none. */
static void cluster_id(const struct own_broker *b, char *out, size_t size)
{
    char path[PATH_MAX], line[256];
    static const char name[] = "cluster.id=";
    snprintf(path, sizeof path, "%s/meta.properties", b->dir);
    out[0] = 0;
    FILE *f = fopen(path, "r");
    while (f && fgets(line, sizeof line, f))
        if (strncmp(line, name, sizeof name - 1) == 0)
            snprintf(out, size, "%.*s", (int)strcspn(line + sizeof name - 1, "\r\n"), line + sizeof name - 1);
    if (f) fclose(f);
}

/* True when the broker of this very folder is at b->bootstrap: the port in the file may be somebody else's by now. */
static bool is_ours(const struct own_broker *b)
{
    char expected[128];
    const struct client_callbacks none = {0};
    static const char *const settings[] = {NULL};
    cluster_id(b, expected, sizeof expected);
    if (!expected[0] || !answers(b)) return false;
    rd_kafka_t *rk = client_new(RD_KAFKA_PRODUCER, b->bootstrap, settings, &none, NULL);
    char *found = rk ? rd_kafka_clusterid(rk, CONNECT_MS) : NULL;
    bool ours = found && strcmp(found, expected) == 0;
    if (found) rd_kafka_mem_free(rk, found);
    if (rk) rd_kafka_destroy(rk);
    return ours;
}

/* What DIR/millrace.address says, into b->bootstrap; false when there is none. */
static bool address_read(struct own_broker *b)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", b->dir, address_file);
    FILE *f = fopen(path, "r");
    if (!f) return false;
    bool ok = fgets(b->bootstrap, sizeof b->bootstrap, f) != NULL;
    fclose(f);
    b->bootstrap[strcspn(b->bootstrap, "\n")] = 0;
    return ok;
}

static int address_write(const struct own_broker *b, struct err_text *error)
{
    struct disk *disk;
    struct buf line = {0};
    int result = disk_linux_new(b->dir, &disk, error);
    if (result != 0) return result;
    buf_printf(&line, "%s\n", b->bootstrap);
    result = disk_replace(disk, address_file, buf_slice(&line));
    buf_release(&line);
    disk_linux_free(disk);
    return result != 0 ? err_set(error, result, "%s/%s: cannot be written", b->dir, address_file) : 0;
}

/* Starts one; ERR_CLOSED when it ended before it was ready (somebody else holds the folder). */
static int start(struct own_broker *b, struct err_text *error)
{
    char program[PATH_MAX], listener[192], log_dirs[PATH_MAX + 16], line[160];
    int result = process_self(program, sizeof program);
    if (result != 0) return err_set(error, result, "cannot find this program's own path");
    snprintf(listener, sizeof listener, "listeners=PLAINTEXT://%s", b->bootstrap[0] ? b->bootstrap : "127.0.0.1:0");
    snprintf(log_dirs, sizeof log_dirs, "log.dirs=%s", b->dir);
    /* Workers start together: who waits this long for the others is spared a second rebalance, which costs librdkafka
     * more than a second. Nobody commits offsets to the group, so one partition is plenty for them. */
    const char *argv[] = {program, "broker",
                          "-o",    listener,
                          "-o",    log_dirs,
                          "-o",    "group.initial.rebalance.delay.ms=100",
                          "-o",    "offsets.topic.num.partitions=1",
                          NULL};
    char log[PATH_MAX];
    snprintf(log, sizeof log, "%s/%s", b->dir, log_file);
    result = process_start_logged(&b->child, argv, PROCESS_PIPE_OUT, log, error);
    if (result != 0) return result;
    result = process_read_line(&b->child, line, sizeof line, START_MS);
    if (result != 0 || strncmp(line, "ready ", 6) != 0) {
        process_stop(&b->child, STOP_MS);
        b->child = (struct process){0};
        return ERR_CLOSED;
    }
    snprintf(b->bootstrap, sizeof b->bootstrap, "%.*s", (int)sizeof b->bootstrap - 1, line + 6);
    return address_write(b, error);
}

/* Finds a running broker of the folder, else starts one on the port that it had last. Once clients know that port it
 * must come back there; before that any other will do. */
static int find_or_start(struct own_broker *b, bool port_is_known, struct err_text *error)
{
    int64_t until_ns = clock_mono_ns() + (int64_t)SHARED_WAIT_MS * 1000000;
    do {
        if (port_is_known || address_read(b)) {
            if (is_ours(b)) return 0;
            int result = start(b, error);
            if (result != ERR_CLOSED) return result;
        }
        if (!port_is_known) {
            b->bootstrap[0] = 0;
            int result = start(b, error);
            if (result != ERR_CLOSED) return result;
        }
        clock_sleep_ms(200); /* somebody else is starting one this very moment */
    } while (clock_mono_ns() < until_ns);
    return err_set(error, ERR_IO, "%s: no broker can be started there%s%s; %s/%s says why", b->dir,
                   port_is_known ? " on " : "", port_is_known ? b->bootstrap : "", b->dir, log_file);
}

int own_broker_open(struct own_broker *b, const char *bootstrap, const char *dir, struct err_text *error)
{
    memset(b, 0, sizeof *b);
    if (bootstrap) {
        if (strlen(bootstrap) >= sizeof b->bootstrap)
            return err_set(error, ERR_INVALID, "--bootstrap: too long: %s", bootstrap);
        strcpy(b->bootstrap, bootstrap);
        return 0;
    }
    b->dir = dir;
    if (mkdir(dir, 0777) != 0 && errno != EEXIST)
        return err_set(error, err_from_errno(errno), "--broker-dir %s: %s", dir, strerror(errno));
    return find_or_start(b, false, error);
}

int own_broker_ensure(struct own_broker *b, struct err_text *error)
{
    if (!b->dir) return 0;
    if (b->child.pid != 0) {
        if (process_wait(&b->child, 0) == ERR_LOCKED) return 0;
        b->child = (struct process){0};
    } else if (answers(b)) {
        return 0;
    }
    log_warn("stream", "the broker on %s is gone: starting it again", b->dir);
    return find_or_start(b, true, error);
}

void own_broker_close(struct own_broker *b)
{
    if (b->child.pid != 0) process_stop(&b->child, STOP_MS);
    b->child = (struct process){0};
}
