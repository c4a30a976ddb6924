#include "etl/stream/database.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "etl/sink/sql.h"
#include "lib/os/clock.h"

enum { CACHE_KIB = 65536, WAL_BYTES_MAX = 64 * 1024 * 1024 };

/* SQLite's own waiting sleeps up to 100 ms, longer than a commit takes: the lock would often be idle. */
static int busy(void *busy_ms, int tries)
{
    if (tries >= (int)(intptr_t)busy_ms) return 0;
    clock_sleep_ms(1);
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

int database_tune(sqlite3 *db, struct err_text *error)
{
    return sql_exec(db, error,
                    "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 0;"
                    "PRAGMA journal_size_limit = 0; PRAGMA cache_size = -%d; PRAGMA temp_store = MEMORY;"
                    /* A row that is replaced is seen to go (etl/changelog/outbox.h). */
                    "PRAGMA recursive_triggers = ON",
                    CACHE_KIB);
}

static bool wal_is_large(sqlite3 *db)
{
    struct stat found;
    const char *name = sqlite3_filename_wal(sqlite3_db_filename(db, "main"));
    return stat(name, &found) == 0 && found.st_size > WAL_BYTES_MAX;
}

int database_checkpoint(sqlite3 *db, sqlite3 *gate, struct err_text *error)
{
    if (!wal_is_large(db)) return 0;
    int result = sql_exec(gate, error, "BEGIN IMMEDIATE");
    if (result != 0) return result;
    sqlite3_wal_checkpoint_v2(db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    return sql_exec(gate, error, "ROLLBACK");
}
