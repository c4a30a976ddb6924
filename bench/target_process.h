/* target_process.h - a target as its file says (target_file.h): fetched, started, waited for, stopped.
 *
 *     target_process_start(&p, &spec, &spec.durabilities[0], b->program, folder, &error)
 *     p.address "127.0.0.1:41234", p.process.pid, FOLDER.log: what it said
 *     target_process_stop(&p)
 *
 * The files and the data lie in FOLDER, which is made anew and removed by the stop. The process ends with this one, by
 * the kernel's hand if need be. */
#ifndef MILLRACE_BENCH_TARGET_PROCESS_H
#define MILLRACE_BENCH_TARGET_PROCESS_H

#include "bench/target_file.h"
#include "lib/os/process.h"

struct target_process {
    const struct target_spec *spec;
    struct process process;
    char address[128], folder[PATH_MAX], said[PATH_MAX]; /* said: the file with its output */
};

/* Runs what `fetch` says; nothing when it is there already. Takes as long as the net does. */
int target_fetch(const struct target_spec *spec, const char *program, struct err_text *error);
/* ERR_NOTFOUND with the way to get it when the target cannot be had here; ERR_IO naming its log when it does not get
 * ready in time. */
int target_process_start(struct target_process *p, const struct target_spec *spec, const struct target_durability *mode,
                         const char *program, const char *folder, struct err_text *error);
/* One that never started is fine. */
void target_process_stop(struct target_process *p);

#endif
