/* usage.h - what a process has used, with all that descend from it: the cost side of every figure.
 *
 *     usage_read(pid, &before) ... work ... usage_read(pid, &after); usage_since(&after, &before)
 *
 * From /proc (proc(5)): processor time from the process's own clock in nanoseconds, split into user and system in the
 * proportion of stat's ticks; what children that have ended used, once their parent has waited for them; context
 * switches of threads that still live; memory split into anonymous (its own) and file (shared with the page cache);
 * bytes that went to or came from storage. A process of another user shows no I/O: those fields are then -1. */
#ifndef MILLRACE_BENCH_USAGE_H
#define MILLRACE_BENCH_USAGE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/base/err.h"

struct usage {
    int64_t user_ns, system_ns;
    int64_t switches;                    /* voluntary and not */
    int64_t read_bytes, write_bytes;     /* from and to storage; -1 when it cannot be known */
    int64_t anonymous_bytes, file_bytes; /* now, not since */
    int processes;                       /* that live */
};

/* The process and its descendants. ERR_NOTFOUND when there is none. */
int usage_read(pid_t pid, struct usage *u);
/* Its memory now, split; without its children, 0 when it is gone. */
void usage_memory(pid_t pid, int64_t *anonymous_bytes, int64_t *file_bytes);
/* Processor time alone, of the process and its descendants; 0 when there is none. */
int64_t usage_cpu_ns(pid_t pid);
/* Processor time of all programs of the machine, and of the kernel's own threads, which work for the files and sockets
 * of whoever. false: they cannot be seen (a container has a numbering of its own). What a child used that nobody waits
 * for is lost when it ends. */
bool usage_machine_cpu_ns(int64_t *programs_ns, int64_t *kernel_ns);
/* Whether `pid` is `ancestor` or descends from it. */
bool usage_descends(pid_t pid, pid_t ancestor);
/* `pid` and its descendants that live, at most `max` of them; 0 when there is none. */
int usage_family(pid_t pid, pid_t family[], int max);
/* What was used between two readings; memory and processes are those of `after`. */
struct usage usage_since(const struct usage *after, const struct usage *before);

#endif
