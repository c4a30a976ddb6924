/* disk_faults.c - a disk that fails on demand, for LD_PRELOAD: tests/faults/full_disk.py builds and drives it.
 *
 *     cc -shared -fPIC -o disk_faults.so disk_faults.c
 *     DISK_FAULTS=FILE LD_PRELOAD=./disk_faults.so millrace broker ...
 *
 * Each line of FILE is read at every call: `full TEXT` makes whatever needs space fail with ENOSPC on paths that hold
 * TEXT, `sync TEXT` makes fdatasync and fsync fail with EIO, `torn TEXT` lets writes store a part before they fail,
 * `make TEXT` only keeps new files from being made, `note TEXT` does no harm. Failed and noted syncs are written to
 * FILE.seen: "failed CALL PATH", "well CALL PATH". */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

/* Whether FILE has a line of this kind whose text is in the path. */
static bool told(const char *kind, const char *path)
{
    const char *file = getenv("DISK_FAULTS");
    char word[16], text[256];
    bool found = false;
    FILE *in = file ? fopen(file, "re") : NULL;
    if (!in) return false;
    while (!found && fscanf(in, "%15s %255s", word, text) == 2)
        found = strcmp(word, kind) == 0 && strstr(path, text) != NULL;
    fclose(in);
    return found;
}

static const char *path_of(int descriptor, char path[static 512])
{
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t n = readlink(link, path, 511);
    path[n < 0 ? 0 : n] = '\0';
    return path;
}

static bool full(const char *path)
{
    int before = errno;
    bool yes = told("full", path) || told("torn", path);
    errno = yes ? ENOSPC : before;
    return yes;
}

static bool full_at(int descriptor)
{
    char path[512];
    return full(path_of(descriptor, path));
}

ssize_t pwrite(int d, const void *p, size_t n, off_t at)
{
    char path[512];
    if (!full_at(d)) return REAL(pwrite)(d, p, n, at);
    if (!told("torn", path_of(d, path)) || n < 2) return errno = ENOSPC, -1;
    return REAL(pwrite)(d, p, n / 2, at); /* the next call finds no room at all if it is a single byte */
}

ssize_t pwritev(int d, const struct iovec *v, int count, off_t at)
{
    char path[512];
    if (!full_at(d)) return REAL(pwritev)(d, v, count, at);
    if (!told("torn", path_of(d, path)) || v[0].iov_len < 2) return errno = ENOSPC, -1;
    return REAL(pwrite)(d, v[0].iov_base, v[0].iov_len / 2, at);
}

static bool no_more_files(const char *path)
{
    errno = ENOSPC;
    return told("make", path);
}

int openat(int directory, const char *path, int flags, ...)
{
    va_list list;
    va_start(list, flags);
    mode_t mode = flags & O_CREAT ? va_arg(list, mode_t) : 0;
    va_end(list);
    struct stat st;
    if ((flags & O_CREAT) && fstatat(directory, path, &st, 0) != 0 && (full(path) || no_more_files(path))) return -1;
    return REAL(openat)(directory, path, flags, mode);
}

int mkdirat(int directory, const char *path, mode_t mode)
{
    return full(path) ? -1 : REAL(mkdirat)(directory, path, mode);
}

static int sync_call(int d, int (*real)(int), const char *name)
{
    char path[512], seen[512];
    bool fails = told("sync", path_of(d, path));
    if (!fails && !told("note", path)) return real(d);
    snprintf(seen, sizeof seen, "%s.seen", getenv("DISK_FAULTS"));
    FILE *out = fopen(seen, "ae");
    if (out) fprintf(out, "%s %s %s\n", fails ? "failed" : "well", name, path);
    if (out) fclose(out);
    if (!fails) return real(d);
    errno = EIO;
    return -1;
}

int fdatasync(int d)
{
    return sync_call(d, REAL(fdatasync), "fdatasync");
}

int fsync(int d)
{
    return sync_call(d, REAL(fsync), "fsync");
}
