/* environment.h - where a result was measured: it belongs into every result file, because a figure
 * without its machine means nothing. */
#ifndef MILLRACE_BENCH_ENVIRONMENT_H
#define MILLRACE_BENCH_ENVIRONMENT_H

#include <jansson.h>
#include <stdint.h>
#include <sys/types.h>

/* Processor, kernel, memory, file system of `dir`, congestion control, versions, build, time (UTC). */
json_t *environment_read(const char *dir);

/* Processor time (user and system) that a process has used so far; -1 when it is gone. */
int64_t environment_process_cpu_ns(pid_t pid);
/* The same of this process, and of its children that were waited for. */
int64_t environment_own_cpu_ns(void);
int64_t environment_children_cpu_ns(void);

#endif
