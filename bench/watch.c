#include "bench/watch.h"

#include <sqlite3.h>
#include <string.h>

#include "lib/os/clock.h"

/* -1: cannot be asked now (no file yet, no table yet, or the writer holds it). */
static int64_t ask(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *statement;
    int64_t value = -1;
    if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) != SQLITE_OK) return -1;
    if (sqlite3_step(statement) == SQLITE_ROW) value = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return value;
}

static void look(struct watch *w, sqlite3 *db, int64_t *version)
{
    int64_t now_version = ask(db, "PRAGMA data_version");
    if (now_version < 0 || now_version == *version) return;
    int64_t visible = ask(db, w->query);
    if (visible < 0) return;
    *version = now_version;
    w->visible = visible;
    freshness_observe(&w->seen, clock_mono_ns(), visible);
}

/* What a thread waits for that wants next to nothing, every other one of this machine waits for at least. */
static void nap(struct watch *w)
{
    int64_t due_ns = clock_mono_ns() + 1000000;
    clock_sleep_ms(1);
    if (w->late) histogram_record(w->late, clock_mono_ns() - due_ns);
}

static void *watch(void *context)
{
    struct watch *w = context;
    sqlite3 *db = NULL;
    int64_t version = -1;
    while (!w->stop) {
        if (!db && sqlite3_open_v2(w->db, &db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK) {
            sqlite3_close(db);
            db = NULL;
        }
        if (db) look(w, db, &version);
        nap(w);
    }
    sqlite3_close(db);
    return NULL;
}

void watch_start(struct watch *w, const char *db, const char *query, struct histogram *late)
{
    memset(w, 0, sizeof *w);
    w->db = db;
    w->query = query;
    w->late = late;
    pthread_create(&w->thread, NULL, watch, w);
}

void watch_stop(struct watch *w)
{
    w->stop = true;
    pthread_join(w->thread, NULL);
}
