/* folder.h - folders of a results tree. */
#ifndef MILLRACE_BENCH_FOLDER_H
#define MILLRACE_BENCH_FOLDER_H

#include "lib/base/err.h"

/* One that is there already is fine. 0, or a negative `enum err` with the path and the cause. */
int folder_make(const char *path, struct err_text *error);
/* With its parents. */
int folders_make(const char *path, struct err_text *error);

#endif
