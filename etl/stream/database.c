#include "etl/stream/database.h"

#include <stdint.h>

#include "etl/sink/sql.h"
#include "lib/os/clock.h"

enum { BUSY_TRIES_PER_MS = 5 };
enum { CACHE_KIB = 65536, WAL_BYTES_KEPT = 256 * 1024 * 1024 };

/* SQLite's own waiting sleeps up to 100 ms, longer than a commit takes, and who asks seldom finds the lock taken again:
 * it is free for a moment only. */
static int busy(void *busy_ms, int tries)
{
    if (tries / BUSY_TRIES_PER_MS >= (int)(intptr_t)busy_ms) return 0;
    clock_sleep_until(clock_mono_ns() + 1000000 / BUSY_TRIES_PER_MS, 0);
    return 1;
}

int database_open(const char *path, int busy_ms, sqlite3 **out, struct err_text *error)
{
    /* A connection belongs to one thread: no mutex on every call. */
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    int result = sql_open(path, flags, out, error);
    if (result == 0) sqlite3_busy_handler(*out, busy, (void *)(intptr_t)busy_ms);
    return result;
}

/* A log that is started over would be cut by the next commit, which takes 50 to 75 ms for 64 MiB: the file is kept. */
int database_tune(sqlite3 *db, struct err_text *error)
{
    return sql_exec(db, error,
                    "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 0;"
                    "PRAGMA journal_size_limit = %d; PRAGMA cache_size = -%d; PRAGMA temp_store = MEMORY;"
                    /* A row that is replaced is seen to go (etl/changelog/outbox.h). */
                    "PRAGMA recursive_triggers = ON",
                    WAL_BYTES_KEPT, CACHE_KIB);
}
