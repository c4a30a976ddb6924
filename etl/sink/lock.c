#include "etl/sink/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "lib/os/clock.h"

enum { WAIT_MS = 500, PAUSE_MS = 5 };

/* A run that was killed while it started a worker lives on in it for a moment: until the exec of the fork. */
static bool locked(int fd)
{
    int64_t until_ns = clock_mono_ns() + (int64_t)WAIT_MS * 1000000;
    while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK || clock_mono_ns() > until_ns) return false;
        clock_sleep_ms(PAUSE_MS);
    }
    return true;
}

int database_lock(const char *path, int *fd, struct err_text *error)
{
    struct stat st;
    *fd = open(path, O_RDONLY | O_CLOEXEC);
    /* Without a name: a run that had made it has failed and removed it since it was opened. */
    if (*fd >= 0 && locked(*fd) && fstat(*fd, &st) == 0 && st.st_nlink > 0) return 0;
    return err_set(error, ERR_LOCKED, "%s: another run loads into it; one at a time", path);
}
