#include "bench/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/os/clock.h"
#include "lib/os/net.h"

enum { ROUND_TRIPS = 4000, WARM_UP = 200, SMALL_APPENDS = 200000, LARGE_APPENDS = 1000, SYNCS = 300 };
enum { SQLITE_ROWS = 200000, SQLITE_BATCH = 1000 };

static double seconds_since(int64_t begin_ns)
{
    return (double)(clock_mono_ns() - begin_ns) / 1e9;
}

/* --- loopback: two threads, blocking sockets, 64 bytes there and back --- */

static bool read_whole(int fd, char *p, size_t n)
{
    while (n > 0) {
        ssize_t got = read(fd, p, n);
        if (got <= 0) return false;
        p += got;
        n -= (size_t)got;
    }
    return true;
}

static void *echo(void *context)
{
    char message[64];
    int fd = *(int *)context;
    while (read_whole(fd, message, sizeof message) && write(fd, message, sizeof message) == sizeof message) {}
    return NULL;
}

/* Both ends of a connection over 127.0.0.1, tuned as all our sockets are. */
static int connection_pair(int pair[2], struct err_text *error)
{
    struct net_address address = {.host = "127.0.0.1"};
    int listener = net_listen(&address, &address.port, error);
    if (listener < 0) return listener;
    pair[0] = net_connect(&address, 1000, error);
    pair[1] = pair[0] < 0 ? pair[0] : net_accept(listener, NULL);
    close(listener);
    if (pair[1] < 0) {
        if (pair[0] >= 0) close(pair[0]);
        return err_set(error, pair[1], "loopback connection: %s", err_name(pair[1]));
    }
    return net_set_blocking(pair[1], true);
}

static int loopback(struct trial *t, struct err_text *error)
{
    pthread_t thread;
    int pair[2];
    char message[64] = {0};
    int rc = connection_pair(pair, error);
    if (rc < 0) return rc;
    pthread_create(&thread, NULL, echo, &pair[1]);
    struct histogram *h = trial_histogram(t, "loopback_round_trip", "ns");
    for (int i = 0; i < WARM_UP + ROUND_TRIPS && rc == 0; i++) {
        int64_t begin_ns = clock_mono_ns();
        if (write(pair[0], message, sizeof message) != sizeof message || !read_whole(pair[0], message, sizeof message))
            rc = err_set(error, ERR_IO, "loopback connection: %s", strerror(errno));
        else if (i >= WARM_UP)
            histogram_record(h, clock_mono_ns() - begin_ns);
    }
    close(pair[0]);
    pthread_join(thread, NULL);
    close(pair[1]);
    return rc;
}

/* --- files --- */

static int appends(int fd, size_t size, int count, double *per_second)
{
    static char block[65536];
    int64_t begin_ns = clock_mono_ns();
    for (int i = 0; i < count; i++) {
        if (write(fd, block, size) != (ssize_t)size) return err_from_errno(errno);
    }
    *per_second = count / seconds_since(begin_ns);
    return 0;
}

static int syncs(int fd, struct histogram *h)
{
    static char block[4096];
    for (int i = 0; i < SYNCS; i++) {
        int64_t begin_ns = clock_mono_ns();
        if (write(fd, block, sizeof block) != sizeof block || fdatasync(fd) != 0) return err_from_errno(errno);
        histogram_record(h, clock_mono_ns() - begin_ns);
    }
    return 0;
}

static int files(struct trial *t, const char *dir, struct err_text *error)
{
    char path[PATH_MAX];
    double small = 0, large = 0;
    snprintf(path, sizeof path, "%s/limits.tmp", dir);
    int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
    int rc = fd < 0 ? err_from_errno(errno) : appends(fd, 100, SMALL_APPENDS, &small);
    if (rc == 0) rc = appends(fd, 65536, LARGE_APPENDS, &large);
    if (rc == 0) rc = fdatasync(fd) == 0 ? 0 : err_from_errno(errno);
    if (rc == 0) rc = syncs(fd, trial_histogram(t, "fdatasync_4k", "ns"));
    if (fd >= 0) close(fd);
    unlink(path);
    if (rc < 0) return err_set(error, rc, "%s: %s", path, err_name(rc));
    trial_metric(t, "append_100B", "calls/s", small);
    trial_metric(t, "append_64K", "bytes/s", large * 65536);
    return 0;
}

/* --- SQLite: eight columns, WAL, synchronous=NORMAL, 1000 rows a transaction --- */

static int insert_rows(sqlite3 *db)
{
    sqlite3_stmt *insert;
    if (sqlite3_prepare_v2(db, "INSERT INTO t VALUES(?,?,?,?,?,?,?,?)", -1, &insert, NULL) != SQLITE_OK) return ERR_IO;
    int rc = 0;
    for (int i = 0; i < SQLITE_ROWS && rc == 0; i++) {
        if (i % SQLITE_BATCH == 0 && sqlite3_exec(db, "BEGIN", NULL, NULL, NULL) != SQLITE_OK) rc = ERR_IO;
        for (int column = 1; column <= 6; column++) sqlite3_bind_int64(insert, column, i * 31 + column);
        sqlite3_bind_text(insert, 7, "WHITE METAL LANTERN", -1, SQLITE_STATIC);
        sqlite3_bind_text(insert, 8, "2010-12-01 08:26:00", -1, SQLITE_STATIC);
        if (sqlite3_step(insert) != SQLITE_DONE) rc = ERR_IO;
        sqlite3_reset(insert);
        if ((i + 1) % SQLITE_BATCH == 0 && sqlite3_exec(db, "COMMIT", NULL, NULL, NULL) != SQLITE_OK) rc = ERR_IO;
    }
    sqlite3_finalize(insert);
    return rc;
}

static int sqlite(struct trial *t, const char *dir, struct err_text *error)
{
    static const char *const suffix[] = {"", "-wal", "-shm"};
    char path[PATH_MAX], side[PATH_MAX + 8];
    sqlite3 *db = NULL;
    snprintf(path, sizeof path, "%s/limits.db", dir);
    unlink(path);
    int rc = sqlite3_open(path, &db) == SQLITE_OK ? 0 : ERR_IO;
    if (rc == 0 &&
        sqlite3_exec(db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; CREATE TABLE t(a,b,c,d,e,f,g,h)", NULL,
                     NULL, NULL) != SQLITE_OK)
        rc = ERR_IO;
    int64_t begin_ns = clock_mono_ns();
    if (rc == 0) rc = insert_rows(db);
    double took_s = seconds_since(begin_ns);
    if (rc < 0) err_set(error, rc, "%s: %s", path, sqlite3_errmsg(db));
    sqlite3_close(db);
    for (int i = 0; i < 3; i++) {
        snprintf(side, sizeof side, "%s%s", path, suffix[i]);
        unlink(side);
    }
    if (rc == 0) trial_metric(t, "sqlite_insert", "rows/s", SQLITE_ROWS / took_s);
    return rc;
}

int limits_measure(struct trial *t, const char *dir, struct err_text *error)
{
    trial_init(t, "limits", "limits", 1);
    int rc = loopback(t, error);
    if (rc == 0) rc = files(t, dir, error);
    if (rc == 0) rc = sqlite(t, dir, error);
    return rc;
}
