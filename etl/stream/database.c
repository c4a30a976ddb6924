#include "etl/stream/database.h"

#include "etl/sink/sql.h"
#include "lib/os/clock.h"

enum {
    BUSY_MS = 60000,
    CACHE_KIB = 65536,
    /* Pages after which a worker does checkpoint, should the supervisor not get through: 128 MiB. */
    CHECKPOINT_PAGES = 32768
};

/* SQLite's own waiting sleeps up to 100 ms, longer than a commit takes: the lock would often be idle. */
static int busy(void *unused, int tries)
{
    (void)unused;
    if (tries >= BUSY_MS) return 0;
    clock_sleep_ms(1);
    return 1;
}

int database_open(const char *path, sqlite3 **out, struct err_text *error)
{
    int code = sqlite3_open_v2(path, out, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL);
    if (code == SQLITE_OK) {
        sqlite3_busy_handler(*out, busy, NULL);
        return 0;
    }
    err_set(error, ERR_IO, "%s: %s", path, *out ? sqlite3_errmsg(*out) : "out of memory");
    sqlite3_close(*out);
    *out = NULL;
    return ERR_IO;
}

int database_tune(sqlite3 *db, struct err_text *error)
{
    return sql_exec(db, error,
                    "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = %d;"
                    "PRAGMA cache_size = -%d; PRAGMA temp_store = MEMORY",
                    CHECKPOINT_PAGES, CACHE_KIB);
}
