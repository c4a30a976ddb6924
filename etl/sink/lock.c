#include "etl/sink/lock.h"

#include <fcntl.h>
#include <sys/file.h>

int database_lock(const char *path, int *fd, struct err_text *error)
{
    *fd = open(path, O_RDONLY | O_CLOEXEC);
    if (*fd >= 0 && flock(*fd, LOCK_EX | LOCK_NB) == 0) return 0;
    return err_set(error, ERR_LOCKED, "%s: another run loads into it; one at a time", path);
}
