/* The file's first 100 bytes, numbers big-endian (https://sqlite.org/fileformat2.html):
 *
 *      0  16  "SQLite format 3\0"
 *     16   2  bytes of a page; 1: 65536
 *     24   4  counter of changes
 *     28   4  pages of the file, if the two counters are equal
 *     92   4  counter of changes when that was written */
#include "etl/source/sqlite_whole.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { HEADER_BYTES = 100 };

static uint32_t number(const uint8_t *p, int bytes)
{
    uint32_t n = 0;
    for (int i = 0; i < bytes; i++) n = n << 8 | p[i];
    return n;
}

/* Read through SQLite: closing a descriptor of our own would give up the locks that it has on the file. */
static bool header_read(sqlite3 *db, uint8_t header[HEADER_BYTES], sqlite3_int64 *size)
{
    sqlite3_file *file = NULL;
    if (sqlite3_file_control(db, "main", SQLITE_FCNTL_FILE_POINTER, &file) != SQLITE_OK || !file->pMethods)
        return false;
    return file->pMethods->xFileSize(file, size) == SQLITE_OK &&
           file->pMethods->xRead(file, header, HEADER_BYTES, 0) == SQLITE_OK &&
           memcmp(header, "SQLite format 3", 16) == 0;
}

int sqlite_whole_check(sqlite3 *db, const char *path, int err, struct err_text *error)
{
    uint8_t header[HEADER_BYTES];
    sqlite3_int64 size;
    if ((err && err != ERR_CORRUPT) || !header_read(db, header, &size)) return err;
    int64_t page = number(header + 16, 2) == 1 ? 65536 : number(header + 16, 2);
    if (page == 0) return err;
    bool counted = number(header + 24, 4) == number(header + 92, 4);
    int64_t whole = counted ? page * number(header + 28, 4) : (size + page - 1) / page * page;
    /* Whole pages may be in a write-ahead log still. */
    if (size >= whole || (!err && size % page == 0)) return err;
    return err_set(error, ERR_CORRUPT, "%s: the database is cut: its header says %lld bytes, the file has %lld", path,
                   (long long)whole, (long long)size);
}
