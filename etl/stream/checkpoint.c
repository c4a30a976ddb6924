#include "etl/stream/checkpoint.h"

#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

#include "etl/sink/sql.h"
#include "etl/stream/database.h"

enum {
    GATE_MS = 60000, /* for the workers, which take turns */
    ROUNDS = 3,      /* beside the workers: each has only what came during the one before */
    WAL_BYTES_MAX = 64 * 1024 * 1024
};

void checkpoint_close(struct checkpoint *c)
{
    sqlite3_close(c->hold);
    sqlite3_close(c->gate);
    *c = (struct checkpoint){0};
}

static bool wal_is_large(sqlite3 *db)
{
    struct stat found;
    const char *name = sqlite3_filename_wal(sqlite3_db_filename(db, "main"));
    return stat(name, &found) == 0 && found.st_size > WAL_BYTES_MAX;
}

static int version_read(struct checkpoint *c, int64_t *version, struct err_text *error)
{
    return sql_integer(c->db, 0, version, error, "PRAGMA data_version");
}

/* With the gate shut: the reader goes to the end of the log. *held is false when it would find no place there. */
static int hold_move(struct checkpoint *c, bool *held, struct err_text *error)
{
    int64_t version, tables;
    int result = version_read(c, &version, error);
    *held = result == 0 && version != c->version;
    if (!*held) return result;
    c->version = version;
    if (!sqlite3_get_autocommit(c->hold)) result = sql_exec(c->hold, error, "COMMIT");
    if (result == 0) result = sql_exec(c->hold, error, "BEGIN");
    return result == 0 ? sql_integer(c->hold, 0, &tables, error, "SELECT count(*) FROM sqlite_schema") : result;
}

static void move(struct checkpoint *c, bool *all)
{
    int frames = 0, moved = 0;
    int code = sqlite3_wal_checkpoint_v2(c->db, NULL, SQLITE_CHECKPOINT_PASSIVE, &frames, &moved);
    *all = code == SQLITE_OK && frames == moved;
}

static int move_beside(struct checkpoint *c, bool *held, struct err_text *error)
{
    bool all;
    int result = sql_exec(c->gate, error, "BEGIN IMMEDIATE");
    if (result != 0) return result;
    result = hold_move(c, held, error);
    sqlite3_exec(c->gate, "ROLLBACK", NULL, NULL, NULL);
    if (result != 0 || !*held) return result;
    move(c, &all);
    /* SQLite syncs the file when all is moved, which is when writers wait; what is wrong it will meet then. */
    fdatasync(c->file);
    return 0;
}

static int move_rest(struct checkpoint *c, struct err_text *error)
{
    bool all = false;
    int result = sql_exec(c->gate, error, "BEGIN IMMEDIATE");
    if (result != 0) return result;
    if (!sqlite3_get_autocommit(c->hold)) result = sql_exec(c->hold, error, "COMMIT");
    if (result == 0) result = version_read(c, &c->version, error);
    if (result == 0) move(c, &all);
    if (!all) c->version = 0; /* a reader stands in the way: next time */
    sqlite3_exec(c->gate, "ROLLBACK", NULL, NULL, NULL);
    return result;
}

int checkpoint_open(struct checkpoint *c, sqlite3 *db, const char *path, int file, struct err_text *error)
{
    *c = (struct checkpoint){.db = db, .file = file};
    int result = database_open(path, GATE_MS, &c->gate, error);
    if (result == 0) result = database_open(path, GATE_MS, &c->hold, error);
    return result == 0 ? move_rest(c, error) : result;
}

int checkpoint_run(struct checkpoint *c, struct err_text *error)
{
    int64_t version;
    int result = version_read(c, &version, error);
    if (result != 0 || version == c->version || !wal_is_large(c->db)) return result;
    bool held = c->version != 0;
    for (int i = 0; i < ROUNDS && held && result == 0; i++) result = move_beside(c, &held, error);
    return result == 0 ? move_rest(c, error) : result;
}
