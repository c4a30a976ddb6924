#include "etl/stream/checkpoint.h"

#include <stdbool.h>
#include <time.h>
#include <unistd.h>

#include "etl/sink/sql.h"
#include "etl/stream/database.h"

enum {
    GATE_MS = 60000,    /* for the workers, which take turns */
    EVERY_MS = 10,      /* a worker writes some 2 MiB meanwhile */
    FRAMES_MAX = 16384, /* of a page each; 64 MiB */
    ROUNDS_MAX = 8,     /* beside the workers: each has only what came during the one before */
    REST_FRAMES = 400,  /* moved and synced within few milliseconds: no more rounds */
    COPIES_MAX = 2,     /* after these, without syncing: while that lasts as many come again */
    COPY_FRAMES = 100
};

/* The first page of the wal-index, as its format has it (sqlite.org/walformat.html), and two of its 32-bit words. */
enum { INDEX_BYTES = 32768, INDEX_FRAMES = 4, INDEX_MOVED = 24 };

/* How many frames of the log are not in the database yet. The file's size does not tell: it is kept. */
static int frames_read(sqlite3 *db, uint32_t *frames, struct err_text *error)
{
    sqlite3_file *file = NULL;
    void volatile *index = NULL;
    *frames = 0;
    sqlite3_file_control(db, "main", SQLITE_FCNTL_FILE_POINTER, &file);
    if (!file || file->pMethods->iVersion < 2 ||
        file->pMethods->xShmMap(file, 0, INDEX_BYTES, 0, &index) != SQLITE_OK || !index)
        return err_set(error, ERR_IO, "%s: its write-ahead log cannot be looked at", sqlite3_db_filename(db, "main"));
    /* In this order: who starts the log over sets both to 0, the number of frames first. */
    const uint32_t *words = (const uint32_t *)(uintptr_t)index;
    uint32_t moved = __atomic_load_n(&words[INDEX_MOVED], __ATOMIC_ACQUIRE);
    uint32_t all = __atomic_load_n(&words[INDEX_FRAMES], __ATOMIC_ACQUIRE);
    *frames = all > moved ? all - moved : 0;
    return 0;
}

static int hold_end(struct checkpoint *c, struct err_text *error)
{
    return sqlite3_get_autocommit(c->hold) ? 0 : sql_exec(c->hold, error, "COMMIT");
}

/* The reader goes to the end of the log. Of a log that has frames to be moved nobody starts over, and nobody else moves
 * any: so the reader has its place there. */
static int hold_move(struct checkpoint *c, uint32_t *left, struct err_text *error)
{
    int64_t tables;
    int result = hold_end(c, error);
    if (result == 0) result = frames_read(c->db, left, error);
    if (result != 0 || !*left) return result;
    result = sql_exec(c->hold, error, "BEGIN");
    return result == 0 ? sql_integer(c->hold, 0, &tables, error, "SELECT count(*) FROM sqlite_schema") : result;
}

static void move(struct checkpoint *c)
{
    /* When a reader stands in the way, what is left is moved next time. */
    sqlite3_wal_checkpoint_v2(c->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
}

/* *left: how many frames have come meanwhile. */
static int move_beside(struct checkpoint *c, uint32_t *left, struct err_text *error)
{
    int result = hold_move(c, left, error);
    if (result != 0 || !*left) return result;
    move(c);
    /* SQLite syncs the file when all is moved, which is when writers wait; what is wrong it will meet then. */
    fdatasync(c->file);
    return frames_read(c->db, left, error);
}

static int copy_beside(struct checkpoint *c, uint32_t *left, struct err_text *error)
{
    int result = hold_move(c, left, error);
    if (result != 0 || !*left) return result;
    move(c);
    return frames_read(c->db, left, error);
}

static int move_rest(struct checkpoint *c, struct err_text *error)
{
    int result = sql_exec(c->gate, error, "BEGIN IMMEDIATE");
    if (result != 0) return result;
    result = hold_end(c, error);
    if (result == 0) move(c);
    sqlite3_exec(c->gate, "ROLLBACK", NULL, NULL, NULL);
    return result;
}

int checkpoint_run(struct checkpoint *c, struct err_text *error)
{
    uint32_t left;
    int result = frames_read(c->db, &left, error);
    if (result != 0 || left <= FRAMES_MAX) return result;
    for (int i = 0; i < ROUNDS_MAX && left > REST_FRAMES && result == 0; i++) result = move_beside(c, &left, error);
    for (int i = 0; i < COPIES_MAX && left > COPY_FRAMES && result == 0; i++) result = copy_beside(c, &left, error);
    return result == 0 ? move_rest(c, error) : result;
}

/* ---- a thread of its own ---- */

static void pause_make(struct timespec *until)
{
    clock_gettime(CLOCK_MONOTONIC, until);
    until->tv_nsec += EVERY_MS * 1000000;
    if (until->tv_nsec < 1000000000) return;
    until->tv_nsec -= 1000000000;
    until->tv_sec++;
}

static void *run(void *context)
{
    struct checkpoint *c = context;
    struct timespec until;
    pthread_mutex_lock(&c->lock);
    while (!c->ended && c->result == 0) {
        pthread_mutex_unlock(&c->lock);
        int result = checkpoint_run(c, &c->failure);
        pause_make(&until);
        pthread_mutex_lock(&c->lock);
        c->result = result;
        if (!c->ended) pthread_cond_timedwait(&c->turned, &c->lock, &until);
    }
    pthread_mutex_unlock(&c->lock);
    return NULL;
}

int checkpoint_start(struct checkpoint *c, struct err_text *error)
{
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_mutex_init(&c->lock, NULL);
    pthread_cond_init(&c->turned, &attributes);
    pthread_condattr_destroy(&attributes);
    c->started = pthread_create(&c->thread, NULL, run, c) == 0;
    return c->started ? 0 : err_set(error, ERR_NOMEM, "no thread for checkpoints can be started");
}

int checkpoint_look(struct checkpoint *c, struct err_text *error)
{
    pthread_mutex_lock(&c->lock);
    int result = c->result == 0 ? 0 : err_set(error, c->result, "%s", c->failure.text);
    pthread_mutex_unlock(&c->lock);
    return result;
}

static void thread_end(struct checkpoint *c)
{
    pthread_mutex_lock(&c->lock);
    c->ended = true;
    pthread_cond_signal(&c->turned);
    pthread_mutex_unlock(&c->lock);
    pthread_join(c->thread, NULL);
    pthread_cond_destroy(&c->turned);
    pthread_mutex_destroy(&c->lock);
}

int checkpoint_open(struct checkpoint *c, const char *path, int file, struct err_text *error)
{
    *c = (struct checkpoint){.file = file};
    int result = database_open(path, GATE_MS, &c->db, error);
    if (result == 0) result = database_tune(c->db, error);
    if (result == 0) result = database_open(path, GATE_MS, &c->hold, error);
    if (result == 0) result = database_open(path, GATE_MS, &c->gate, error);
    return result == 0 ? move_rest(c, error) : result;
}

void checkpoint_close(struct checkpoint *c)
{
    if (c->started) thread_end(c);
    sqlite3_close(c->hold);
    sqlite3_close(c->gate);
    sqlite3_close(c->db);
    *c = (struct checkpoint){0};
}
