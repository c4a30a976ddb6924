#include "etl/sink/lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

int database_lock(const char *path, int *fd, struct err_text *error)
{
    struct stat st;
    *fd = open(path, O_RDONLY | O_CLOEXEC);
    /* Without a name: a run that had made it has failed and removed it since it was opened. */
    if (*fd >= 0 && flock(*fd, LOCK_EX | LOCK_NB) == 0 && fstat(*fd, &st) == 0 && st.st_nlink > 0) return 0;
    return err_set(error, ERR_LOCKED, "%s: another run loads into it; one at a time", path);
}
