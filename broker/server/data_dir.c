#include "broker/server/data_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/memory.h"

/* mkdir -p. */
static int path_make(const char *path)
{
    char *p = memory_str(path);
    int rc = 0;
    for (char *c = p + 1; rc == 0 && *c; c++) {
        if (*c != '/') continue;
        *c = '\0';
        if (mkdir(p, 0755) != 0 && errno != EEXIST) rc = -1;
        *c = '/';
    }
    if (rc == 0 && mkdir(p, 0755) != 0 && errno != EEXIST) rc = -1;
    free(p);
    return rc;
}

static int failed(struct err_text *error, const char *verb, const char *path)
{
    int code = errno;
    return err_set(error, err_from_errno(code), "cannot %s %s: %s", verb, path, strerror(code));
}

int data_dir_open(struct data_dir *d, const char *path, struct err_text *error)
{
    *d = (struct data_dir){-1, -1};
    if (path_make(path) != 0) return failed(error, "make the directory", path);
    d->directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (d->directory < 0) return failed(error, "open the directory", path);
    d->lock = openat(d->directory, ".lock", O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    int rc = 0;
    if (d->lock < 0) {
        rc = failed(error, "make a lock file in", path);
    } else if (lockf(d->lock, F_TLOCK, 0) != 0) {
        if (errno == EACCES || errno == EAGAIN)
            rc = err_set(error, ERR_LOCKED, "%s is in use by another broker: one directory, one broker", path);
        else
            rc = failed(error, "lock", path);
    }
    if (rc < 0) data_dir_close(d);
    return rc;
}

void data_dir_close(struct data_dir *d)
{
    if (d->directory >= 0) close(d->directory);
    if (d->lock >= 0) close(d->lock);
    *d = (struct data_dir){-1, -1};
}
