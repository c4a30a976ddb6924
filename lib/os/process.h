/* process.h - child processes: brokers started for a run, workers, tests.
 *
 *     process_self(path, sizeof path);                     this very executable
 *     process_start(&p, argv, PROCESS_PIPE_OUT, &error);
 *     process_read_line(&p, line, sizeof line, 10000);     "ready 127.0.0.1:41234"
 *     ...
 *     status = process_stop(&p, 5000);                     SIGTERM, patience, SIGKILL; reaped
 *
 * A child is killed by the kernel when the THREAD that started it ends (PR_SET_PDEATHSIG), so that
 * nothing outlives a killed parent: start children from a thread that lives as long as they do. */
#ifndef MILLRACE_OS_PROCESS_H
#define MILLRACE_OS_PROCESS_H

#include <stddef.h>
#include <sys/types.h>

#include "lib/base/err.h"

struct process {
    pid_t pid; /* 0 when there is none or it was reaped */
    int out;   /* our end of its standard output, or -1 */
    int in;    /* our end of its standard input; 0 or less: none */
};

enum process_flags {
    PROCESS_PIPE_OUT = 1,    /* standard output comes to us; otherwise it is shared */
    PROCESS_QUIET_ERR = 2,   /* standard error goes to /dev/null */
    PROCESS_OWN_GROUP = 8,   /* what a terminal's Ctrl-C ends is us, and we end the child when it is time */
    PROCESS_OUT_TO_ERR = 16, /* standard output goes where standard error goes */
    PROCESS_PIPE_IN = 32,    /* standard input comes from us */
    PROCESS_OUTLIVES_US = 4  /* own session, no death signal: a broker that stays */
};

/* The path of the running executable (/proc/self/exe). ERR_RANGE when `size` is too small. */
int process_self(char *out, size_t size);
/* Starts argv[0] (looked up in PATH without a slash), standard input from /dev/null unless it comes from us. A program
 * that cannot be run is ERR_NOTFOUND or ERR_IO here already, with a sentence, not an odd exit status. */
int process_start(struct process *p, const char *const argv[], int flags, struct err_text *error);
/* The same; its standard error is appended to the file `err_path` (NULL: as the flags say). */
int process_start_logged(struct process *p, const char *const argv[], int flags, const char *err_path,
                         struct err_text *error);
/* The next line of its standard output without the newline; what is too long is cut. Bytes after the
 * line stay in the pipe. ERR_CLOSED when the output ended, ERR_LOCKED when `timeout_ms` passed. */
int process_read_line(struct process *p, char *line, size_t size, int timeout_ms);
/* Waits for the end at most `timeout_ms` (-1: forever; 0: only looks). Its exit status, or 128 + the
 * signal that killed it, as a shell has it; ERR_LOCKED while it still runs. Reaps and closes `out`. */
int process_wait(struct process *p, int timeout_ms);
/* Sends a signal; nothing happens when it was reaped already. */
void process_signal(const struct process *p, int signal_number);
/* SIGTERM, up to `grace_ms`, then SIGKILL. Returns as process_wait; 0 when there was no process. */
int process_stop(struct process *p, int grace_ms);

#endif
