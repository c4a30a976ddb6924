#include "etl/operator/temporary.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "etl/sink/sql.h"

static int fail(const char *what, struct err_text *error)
{
    return err_set(error, err_from_errno(errno), "a temporary file in %s: %s: %s", sql_temporary_folder(), what,
                   strerror(errno));
}

/* Without a name also where the file system knows no such file from the beginning. */
int temporary_open(struct err_text *error)
{
    char path[PATH_MAX];
    int fd = open(sql_temporary_folder(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd >= 0) return fd;
    snprintf(path, sizeof path, "%s/millrace-XXXXXX", sql_temporary_folder());
    fd = mkostemp(path, O_CLOEXEC);
    if (fd < 0) return fail("cannot be made", error);
    unlink(path);
    return fd;
}

int temporary_write(int fd, const void *p, size_t n, struct err_text *error)
{
    for (size_t done = 0; done < n;) {
        ssize_t wrote = write(fd, (const char *)p + done, n - done);
        if (wrote < 0 && errno == EINTR) continue;
        if (wrote <= 0) return fail("cannot be written", error);
        done += (size_t)wrote;
    }
    return 0;
}

int temporary_map(int fd, size_t n, const void **out, struct err_text *error)
{
    void *p = mmap(NULL, n, PROT_READ, MAP_SHARED, fd, 0);
    if (p == MAP_FAILED) return fail("cannot be mapped", error);
    *out = p;
    return 0;
}
