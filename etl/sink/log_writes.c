#include "etl/sink/log_writes.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdalign.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/bytes.h"

enum {
    GATHERED_MAX = 120 * 1024, /* SQLite's own file takes less than 128 KiB at once */
    FRAME_HEADER = 24,
    FRAME_COMMIT = 4 /* where in it: pages of the database, or 0 (four bytes) */
};

struct log_file {
    sqlite3_file base;
    uint8_t *bytes; /* gathered */
    size_t n;
    sqlite3_int64 at;   /* where they go */
    sqlite3_int64 read; /* where was read last */
    bool commits;       /* the page that comes next ends a transaction */
};

static sqlite3_vfs *beneath;
static sqlite3_vfs ours;

/* SQLite's own file stands behind ours. */
static size_t log_file_size(void)
{
    size_t unit = alignof(max_align_t);
    return (sizeof(struct log_file) + unit - 1) / unit * unit;
}

static sqlite3_file *real(sqlite3_file *file)
{
    return (sqlite3_file *)(void *)((char *)file + log_file_size());
}

/* What could not be written is not tried again: its transaction fails, and the next one begins at the same place. */
static int put(sqlite3_file *file)
{
    struct log_file *l = (struct log_file *)file;
    size_t n = l->n;
    l->n = 0;
    return n == 0 ? SQLITE_OK : real(file)->pMethods->xWrite(real(file), l->bytes, (int)n, l->at);
}

/* A page that did not fit into SQLite's cache is in the log before its transaction ends, and may be written there a
 * second time. Then all headers from there on, the last one too, are read and written again: no page follows them. */
static bool is_again(const struct log_file *l, int n, sqlite3_int64 at)
{
    return n == FRAME_HEADER && at == l->read;
}

static int file_write(sqlite3_file *file, const void *bytes, int n, sqlite3_int64 at)
{
    struct log_file *l = (struct log_file *)file;
    bool header = n == FRAME_HEADER, ends = l->commits && !header, again = is_again(l, n, at);
    l->commits = header && get_u32be((const uint8_t *)bytes + FRAME_COMMIT) != 0;
    bool follows = at == l->at + (sqlite3_int64)l->n && l->n + (size_t)n <= GATHERED_MAX;
    int code = again || !follows ? put(file) : SQLITE_OK;
    if (code != SQLITE_OK) return code;
    if (again) return real(file)->pMethods->xWrite(real(file), bytes, n, at);
    if (l->n == 0) l->at = at;
    memcpy(l->bytes + l->n, bytes, (size_t)n);
    l->n += (size_t)n;
    return ends ? put(file) : SQLITE_OK;
}

static int file_read(sqlite3_file *file, void *bytes, int n, sqlite3_int64 at)
{
    int code = put(file);
    ((struct log_file *)file)->read = at;
    return code != SQLITE_OK ? code : real(file)->pMethods->xRead(real(file), bytes, n, at);
}

static int file_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    int code = put(file);
    return code != SQLITE_OK ? code : real(file)->pMethods->xTruncate(real(file), size);
}

static int file_sync(sqlite3_file *file, int flags)
{
    int code = put(file);
    return code != SQLITE_OK ? code : real(file)->pMethods->xSync(real(file), flags);
}

static int file_size(sqlite3_file *file, sqlite3_int64 *size)
{
    int code = put(file);
    return code != SQLITE_OK ? code : real(file)->pMethods->xFileSize(real(file), size);
}

static int file_close(sqlite3_file *file)
{
    int code = put(file), closed = real(file)->pMethods->xClose(real(file));
    free(((struct log_file *)file)->bytes);
    return code != SQLITE_OK ? code : closed;
}

static int file_lock(sqlite3_file *file, int lock)
{
    return real(file)->pMethods->xLock(real(file), lock);
}

static int file_unlock(sqlite3_file *file, int lock)
{
    return real(file)->pMethods->xUnlock(real(file), lock);
}

static int file_reserved(sqlite3_file *file, int *out)
{
    return real(file)->pMethods->xCheckReservedLock(real(file), out);
}

static int file_control(sqlite3_file *file, int what, void *argument)
{
    int code = put(file);
    return code != SQLITE_OK ? code : real(file)->pMethods->xFileControl(real(file), what, argument);
}

static int file_sector(sqlite3_file *file)
{
    return real(file)->pMethods->xSectorSize(real(file));
}

static int file_device(sqlite3_file *file)
{
    return real(file)->pMethods->xDeviceCharacteristics(real(file));
}

static const sqlite3_io_methods methods = {
    .iVersion = 1, /* logs have no shared memory, and are not mapped */
    .xClose = file_close,
    .xRead = file_read,
    .xWrite = file_write,
    .xTruncate = file_truncate,
    .xSync = file_sync,
    .xFileSize = file_size,
    .xLock = file_lock,
    .xUnlock = file_unlock,
    .xCheckReservedLock = file_reserved,
    .xFileControl = file_control,
    .xSectorSize = file_sector,
    .xDeviceCharacteristics = file_device,
};

static int log_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out)
{
    (void)vfs;
    if (!(flags & SQLITE_OPEN_WAL)) return beneath->xOpen(beneath, name, file, flags, out);
    struct log_file *l = (struct log_file *)file;
    *l = (struct log_file){.read = -1};
    int code = beneath->xOpen(beneath, name, real(file), flags, out);
    if (code == SQLITE_OK && !(l->bytes = malloc(GATHERED_MAX))) {
        real(file)->pMethods->xClose(real(file));
        code = SQLITE_NOMEM;
    }
    if (code == SQLITE_OK) l->base.pMethods = &methods; /* else there is nothing to close */
    return code;
}

static void make(void)
{
    beneath = sqlite3_vfs_find(NULL);
    if (!beneath) return;
    ours = *beneath; /* what it does with names and time is asked of it directly */
    ours.zName = "millrace";
    ours.szOsFile = (int)log_file_size() + beneath->szOsFile;
    ours.xOpen = log_open;
    if (sqlite3_vfs_register(&ours, 0) != SQLITE_OK) beneath = NULL;
}

const char *log_writes_vfs(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, make);
    return beneath ? ours.zName : NULL;
}
