#include "lib/os/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/os/clock.h"

int process_self(char *out, size_t size)
{
    ssize_t n = readlink("/proc/self/exe", out, size);
    if (n < 0) return err_from_errno(errno);
    if ((size_t)n >= size) return ERR_RANGE;
    out[n] = '\0';
    return 0;
}

/* --- start --- */

/* In the child, between fork and exec: only what is async-signal-safe. On failure errno goes up the
 * pipe `report`, which a successful exec closes. */
static _Noreturn void child_run(const char *const argv[], int flags, const char *err_path, int in, int out, int report,
                                pid_t parent)
{
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    if (flags & PROCESS_OUTLIVES_US)
        setsid();
    else
        prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (flags & PROCESS_OWN_GROUP) setpgid(0, 0);
    bool orphan = !(flags & PROCESS_OUTLIVES_US) && getppid() != parent; /* it died before the prctl */
    int null = open("/dev/null", O_RDWR);
    bool ok = !orphan && null >= 0 && dup2(in >= 0 ? in : null, STDIN_FILENO) >= 0;
    if (ok && out >= 0) ok = dup2(out, STDOUT_FILENO) >= 0;
    if (ok && (flags & PROCESS_QUIET_ERR)) ok = dup2(null, STDERR_FILENO) >= 0;
    if (ok && err_path) {
        int err = open(err_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
        ok = err >= 0 && dup2(err, STDERR_FILENO) >= 0;
    }
    if (ok && (flags & PROCESS_OUT_TO_ERR)) ok = dup2(STDERR_FILENO, STDOUT_FILENO) >= 0;
    if (null > STDERR_FILENO) close(null);
    if (ok) execvp(argv[0], (char *const *)argv);
    int cause = errno;
    ssize_t ignored = write(report, &cause, sizeof cause);
    (void)ignored;
    _exit(127);
}

static void close_pair(int pair[2])
{
    if (pair[0] >= 0) close(pair[0]);
    if (pair[1] >= 0) close(pair[1]);
}

/* 0 when the exec went well, else the child's errno. */
static int exec_result(int report)
{
    int cause = 0;
    ssize_t n;
    do n = read(report, &cause, sizeof cause);
    while (n < 0 && errno == EINTR);
    return n == (ssize_t)sizeof cause ? cause : 0;
}

static int start_failed(const char *program, int cause, struct err_text *error)
{
    return err_set(error, err_from_errno(cause), "cannot run %s: %s", program, strerror(cause));
}

int process_start(struct process *p, const char *const argv[], int flags, struct err_text *error)
{
    return process_start_logged(p, argv, flags, NULL, error);
}

int process_start_logged(struct process *p, const char *const argv[], int flags, const char *err_path,
                         struct err_text *error)
{
    int in[2] = {-1, -1}, out[2] = {-1, -1}, report[2] = {-1, -1};
    *p = (struct process){.out = -1};
    bool ok = pipe2(report, O_CLOEXEC) == 0 && (!(flags & PROCESS_PIPE_OUT) || pipe2(out, O_CLOEXEC) == 0) &&
              (!(flags & PROCESS_PIPE_IN) || pipe2(in, O_CLOEXEC) == 0);
    pid_t parent = getpid(), pid = ok ? fork() : -1;
    if (pid < 0) {
        int cause = errno;
        close_pair(in);
        close_pair(out);
        close_pair(report);
        return start_failed(argv[0], cause, error);
    }
    if (pid == 0) child_run(argv, flags, err_path, in[0], out[1], report[1], parent);
    close(report[1]);
    if (out[1] >= 0) close(out[1]);
    if (in[0] >= 0) close(in[0]);
    *p = (struct process){pid, out[0], in[1]};
    int cause = exec_result(report[0]);
    close(report[0]);
    if (cause == 0) return 0;
    process_wait(p, -1);
    return start_failed(argv[0], cause, error);
}

/* --- talk and end --- */

static int timeout_left(int64_t deadline_ns)
{
    int64_t left = (deadline_ns - clock_mono_ns() + 999999) / 1000000;
    return left < 0 ? 0 : (int)left;
}

/* Byte by byte: what follows the line belongs to whoever reads the pipe next. */
int process_read_line(struct process *p, char *line, size_t size, int timeout_ms)
{
    int64_t deadline_ns = clock_mono_ns() + (int64_t)timeout_ms * 1000000;
    for (size_t n = 0;;) {
        struct pollfd wait = {.fd = p->out, .events = POLLIN};
        int ready = poll(&wait, 1, timeout_left(deadline_ns));
        if (ready < 0 && errno == EINTR) continue;
        if (ready == 0) return ERR_LOCKED;
        char c = 0;
        ssize_t got = ready < 0 ? -1 : read(p->out, &c, 1);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return err_from_errno(errno);
        if (got == 0 && n == 0) return ERR_CLOSED;
        line[n] = '\0';
        if (got == 0 || c == '\n') return 0;
        if (n + 1 < size) line[n++] = c;
    }
}

static int wait_status(int status)
{
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int process_wait(struct process *p, int timeout_ms)
{
    int64_t deadline_ns = clock_mono_ns() + (int64_t)timeout_ms * 1000000;
    for (;;) {
        int status;
        pid_t ended = waitpid(p->pid, &status, timeout_ms < 0 ? 0 : WNOHANG);
        if (ended == p->pid) {
            if (p->out >= 0) close(p->out);
            if (p->in > 0) close(p->in);
            *p = (struct process){.out = -1};
            return wait_status(status);
        }
        if (ended < 0 && errno != EINTR) return err_from_errno(errno);
        if (ended == 0 && clock_mono_ns() >= deadline_ns) return ERR_LOCKED;
        if (ended == 0) clock_sleep_ms(1);
    }
}

void process_signal(const struct process *p, int signal_number)
{
    if (p->pid > 0) kill(p->pid, signal_number);
}

int process_stop(struct process *p, int grace_ms)
{
    if (p->pid <= 0) return 0;
    process_signal(p, SIGTERM);
    int status = process_wait(p, grace_ms);
    if (status != ERR_LOCKED) return status;
    process_signal(p, SIGKILL);
    return process_wait(p, -1);
}
