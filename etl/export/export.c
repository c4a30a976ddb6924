#include "etl/export/export.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "etl/export/rows.h"
#include "etl/sink/schema.h"
#include "etl/sink/sql.h"

enum { WRITE_BYTES = 1 << 18 };

/* --- before anything is done --- */

int export_check(const struct definition *d, struct err_text *error)
{
    sqlite3 *db = NULL;
    if (d->export_count == 0) return 0;
    if (sqlite3_open(":memory:", &db) != SQLITE_OK) abort();
    int result = schema_prepare(d, db, ENGINE_LIVE, error);
    for (int i = 0; i < d->export_count && result == 0; i++) {
        struct export_rows rows;
        result = export_rows_open(&rows, d, &d->exports[i], db, error);
        export_rows_close(&rows);
    }
    sqlite3_close(db);
    return result;
}

static const char *folder_of(struct exports *x, const char *db_path)
{
    const char *slash = strrchr(db_path, '/');
    if (!slash) return ".";
    x->own = strndup(db_path, (size_t)(slash - db_path) + (slash == db_path));
    return x->own;
}

int export_open(struct exports *x, const struct definition *d, const char *db_path, const char *out,
                struct err_text *error)
{
    *x = (struct exports){.definition = d, .fd = -1};
    int result = export_check(d, error);
    if (result != 0 || (!out && (!db_path || d->export_count == 0))) return result;
    x->folder = out ? out : folder_of(x, db_path);
    x->fd = open(x->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return x->fd >= 0
               ? 0
               : err_set(error, err_from_errno(errno), "%s: the folder for outputs: %s", x->folder, strerror(errno));
}

void export_close(struct exports *x)
{
    if (x->definition && x->fd >= 0) close(x->fd);
    free(x->own);
    *x = (struct exports){.fd = -1};
}

/* --- one file --- */

static int file_fail(const struct exports *x, const char *name, struct err_text *error)
{
    return err_set(error, err_from_errno(errno), "%s/%s: %s", x->folder, name, strerror(errno));
}

/* The stand-in's name; what a killed run left there is written over. */
static const char *stand_in(const struct export *e, char *room, size_t size)
{
    snprintf(room, size, ".%s.millrace-new", e->file);
    return room;
}

/* An output must not take the place of the database it is made from. */
static int target_check(const struct exports *x, const struct export *e, sqlite3 *db, struct err_text *error)
{
    struct stat file, database;
    if (fstatat(x->fd, e->file, &file, AT_SYMLINK_NOFOLLOW) != 0) return 0;
    if (S_ISDIR(file.st_mode)) {
        errno = EISDIR;
        return file_fail(x, e->file, error);
    }
    if (stat(sqlite3_db_filename(db, "main"), &database) == 0 && file.st_dev == database.st_dev &&
        file.st_ino == database.st_ino)
        return err_set(error, ERR_INVALID, "%s/%s: is the database", x->folder, e->file);
    return 0;
}

static int bytes_write(const struct exports *x, const char *name, int fd, struct buf *b, struct err_text *error)
{
    for (size_t done = 0; done < b->n;) {
        ssize_t n = write(fd, b->p + done, b->n - done);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return file_fail(x, name, error);
        done += (size_t)n;
    }
    buf_reset(b);
    return 0;
}

static int rows_write(struct exports *x, const struct export *e, sqlite3 *db, int fd, struct err_text *error)
{
    struct export_rows rows;
    struct buf lines = {0};
    int code = SQLITE_DONE, result = export_rows_open(&rows, x->definition, e, db, error);
    if (result == 0) export_header(&rows, &lines);
    while (result == 0 && (code = sqlite3_step(rows.statement)) == SQLITE_ROW) {
        export_row(&rows, &lines);
        x->rows++;
        if (lines.n >= WRITE_BYTES) result = bytes_write(x, e->file, fd, &lines, error);
    }
    if (result == 0 && code != SQLITE_DONE) {
        result = sql_err(code);
        err_set(error, result, "%s/%s: reading \"%s\": %s", x->folder, e->file, e->relation, sqlite3_errmsg(db));
    }
    if (result == 0) result = bytes_write(x, e->file, fd, &lines, error);
    export_rows_close(&rows);
    buf_release(&lines);
    return result;
}

static int file_write(struct exports *x, const struct export *e, sqlite3 *db, struct err_text *error)
{
    char name[256];
    int result = target_check(x, e, db, error);
    if (result != 0) return result;
    int fd = openat(x->fd, stand_in(e, name, sizeof name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (fd < 0) return file_fail(x, e->file, error);
    result = rows_write(x, e, db, fd, error);
    if (result == 0 && fsync(fd) != 0) result = file_fail(x, e->file, error);
    if (close(fd) != 0 && result == 0) result = file_fail(x, e->file, error);
    return result;
}

/* --- all of them --- */

static int files_rename(struct exports *x, struct err_text *error)
{
    const struct definition *d = x->definition;
    char name[256];
    for (int i = 0; i < d->export_count; i++)
        if (renameat(x->fd, stand_in(&d->exports[i], name, sizeof name), x->fd, d->exports[i].file) != 0)
            return file_fail(x, d->exports[i].file, error);
    return fsync(x->fd) == 0 ? 0 : file_fail(x, "", error);
}

static int files_write(struct exports *x, sqlite3 *db, struct err_text *error)
{
    const struct definition *d = x->definition;
    char name[256];
    int result = 0;
    while (flock(x->fd, LOCK_EX) != 0)
        if (errno != EINTR) return file_fail(x, "", error);
    for (int i = 0; i < d->export_count && result == 0; i++) result = file_write(x, &d->exports[i], db, error);
    if (result == 0) result = files_rename(x, error);
    for (int i = 0; i < d->export_count && result != 0; i++)
        unlinkat(x->fd, stand_in(&d->exports[i], name, sizeof name), 0);
    flock(x->fd, LOCK_UN);
    return result;
}

int export_write(struct exports *x, sqlite3 *db, struct err_text *error)
{
    if (x->fd < 0 || x->definition->export_count == 0) return 0;
    /* Takes the lock of a writer: whoever commits after this writes its files after these. */
    int result = sql_exec(db, error, "BEGIN IMMEDIATE");
    if (result != 0) return result;
    result = files_write(x, db, error);
    sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    return result;
}
