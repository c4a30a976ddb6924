/* environment.h - where a result was measured: it belongs into every result file, because a figure
 * without its machine means nothing. */
#ifndef MILLRACE_BENCH_ENVIRONMENT_H
#define MILLRACE_BENCH_ENVIRONMENT_H

#include <jansson.h>
#include <stdint.h>
#include <sys/types.h>

/* Processor, kernel, memory, file system of `dir`, congestion control, versions, build, time (UTC). */
json_t *environment_read(const char *dir);

/* What follows the colon of the first line of a file that starts with `key`, without one the first line; null when
 * there is none. */
json_t *environment_line(const char *path, const char *key);
/* "ext4", or its magic number. */
const char *environment_filesystem(const char *dir);

/* Processor time (user and system) that a process has used so far; -1 when it is gone. */
int64_t environment_process_cpu_ns(pid_t pid);
/* The same of this process, and of its children that were waited for. */
int64_t environment_own_cpu_ns(void);
int64_t environment_children_cpu_ns(void);

#endif
