#include "bench/folder.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

int folder_make(const char *path, struct err_text *error)
{
    if (mkdir(path, 0777) == 0 || errno == EEXIST) return 0;
    return err_set(error, err_from_errno(errno), "%s: cannot be created: %s", path, strerror(errno));
}

int folders_make(const char *path, struct err_text *error)
{
    char part[PATH_MAX];
    int rc = 0;
    snprintf(part, sizeof part, "%s", path);
    for (char *slash = strchr(part + 1, '/'); slash && rc == 0; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        rc = folder_make(part, error);
        *slash = '/';
    }
    return rc == 0 ? folder_make(part, error) : rc;
}
