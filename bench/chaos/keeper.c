#include "bench/chaos/keeper.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/bytes.h"
#include "lib/base/text.h"
#include "lib/os/clock.h"
#include "lib/os/net.h"

enum { LINE_BYTES = 1024, STOP_MS = 10000, CONNECT_MS = 20, LINES_A_STEP = 64 };

static const int64_t second_ns = 1000000000;

static double seconds(int64_t ns)
{
    return (double)ns / 1e9;
}

__attribute__((format(printf, 4, 5))) static void tell(const struct keeper *k, const char *what, const char *more,
                                                       const char *format, ...)
{
    struct err_text text;
    va_list list;
    va_start(list, format);
    vsnprintf(text.text, sizeof text.text, format, list);
    va_end(list);
    if (k->tell) k->tell(k->context, what, more, text.text);
}

static void enter(struct keeper *k, enum keeper_state state, int64_t now_ns)
{
    k->state = state;
    k->since_ns = now_ns;
}

/* --- start --- */

/* In a group of its own: a shell and what it started are killed together. */
static int command_run(struct keeper *k, struct err_text *error)
{
    const char *const shell[] = {"/bin/sh", "-c", k->then, NULL};
    return process_start(&k->process, k->command ? k->command : shell, PROCESS_PIPE_OUT | PROCESS_OWN_GROUP, error);
}

static void address_set(struct keeper *k, const char *address)
{
    if (k->address[0] && strcmp(k->address, address) != 0 && k->moved) k->moved(k->context, k->address, address);
    snprintf(k->address, sizeof k->address, "%.*s", KEEPER_ADDRESS_MAX - 1, address);
}

/* Takes lines of its output as they are there, each at most once a step; "ready HOST:PORT" says where it is. */
static bool ready_said(struct keeper *k)
{
    char line[LINE_BYTES];
    for (int i = 0; i < LINES_A_STEP && process_read_line(&k->process, line, sizeof line, 0) == 0; i++) {
        if (strncmp(line, "ready ", 6) == 0 && strlen(line + 6) < sizeof k->address) {
            address_set(k, line + 6);
            return true;
        }
        fprintf(stderr, "%s\n", line);
    }
    return false;
}

/* Somebody else's broker says nothing on its output: it is ready when it takes a connection. */
static bool connects(const struct keeper *k)
{
    struct net_address at;
    struct err_text error = {""};
    if (!k->address[0] || net_address_parse(k->address, &at, &error) < 0) return false;
    int descriptor = net_connect(&at, CONNECT_MS, &error);
    if (descriptor >= 0) close(descriptor);
    return descriptor >= 0;
}

int keeper_start(struct keeper *k, struct err_text *error)
{
    if (!k->command) {
        enter(k, k->pid ? KEEPER_UP : KEEPER_NONE, clock_mono_ns());
        return 0;
    }
    int64_t begin_ns = clock_mono_ns();
    int status = command_run(k, error);
    while (status == 0 && !ready_said(k) && !connects(k)) {
        int ended = process_wait(&k->process, 20);
        if (ended != ERR_LOCKED)
            return err_set(error, ERR_CLOSED, "%s ended with status %d before it was ready", k->command[0], ended);
        if (clock_mono_ns() - begin_ns > KEEPER_READY_S * second_ns)
            status = err_set(error, ERR_IO, "%s was not ready within %d s", k->command[0], KEEPER_READY_S);
    }
    if (status == 0) enter(k, KEEPER_UP, clock_mono_ns());
    return status;
}

/* --- kill --- */

static pid_t victim(const struct keeper *k)
{
    return k->process.pid > 0 ? k->process.pid : k->pid;
}

void keeper_kill(struct keeper *k, int64_t now_ns)
{
    if (k->state != KEEPER_UP) return;
    pid_t pid = victim(k);
    if (pid <= 1) {
        tell(k, "failed", NULL, "nothing to kill: what was started again went into the background");
        enter(k, KEEPER_GONE, now_ns);
        return;
    }
    if (kill(k->process.pid > 0 ? -pid : pid, SIGKILL) != 0) {
        tell(k, "failed", NULL, "kill -9 %d: %s", (int)pid, strerror(errno));
        enter(k, KEEPER_GONE, now_ns);
        return;
    }
    k->kills++;
    k->killed_ns = now_ns;
    char more[64];
    snprintf(more, sizeof more, ",\"pid\":%d", (int)pid);
    tell(k, "kill", more, "kill -9 %d", (int)pid);
    enter(k, KEEPER_DYING, now_ns);
}

/* A process that nobody has waited for yet still has a number, and does nothing any more. */
static bool zombie(pid_t pid)
{
    char path[64], text[512];
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *f = fopen(path, "r");
    if (!f) return true;
    size_t n = fread(text, 1, sizeof text - 1, f);
    fclose(f);
    text[n] = '\0';
    const char *name_end = strrchr(text, ')');
    return name_end && name_end[1] == ' ' && (name_end[2] == 'Z' || name_end[2] == 'X');
}

static bool gone(struct keeper *k)
{
    if (k->process.pid > 0) return process_wait(&k->process, 0) != ERR_LOCKED;
    return kill(k->pid, 0) != 0 || zombie(k->pid);
}

/* --- power cut --- */

/* By this program's own command; what it prints last is its sum. */
static int power_cut(struct keeper *k)
{
    char seed[32], line[LINE_BYTES] = "", last[LINE_BYTES] = "";
    const char *argv[8] = {k->program, "power-cut", "--seed", seed};
    int n = 4, status;
    struct process p;
    struct err_text error = {""};
    snprintf(seed, sizeof seed, "%" PRIu64, (k->seed + (uint64_t)k->kills) % INT32_MAX);
    if (k->torn) argv[n++] = "--torn";
    argv[n++] = k->power_cut;
    argv[n] = NULL;
    status = process_start(&p, argv, PROCESS_PIPE_OUT, &error);
    if (status == 0) {
        while (process_read_line(&p, line, sizeof line, KEEPER_READY_S * 1000) == 0) memcpy(last, line, sizeof last);
        status = process_wait(&p, -1);
    }
    if (status != 0) {
        tell(k, "failed", NULL, "no power cut in %s: %s", k->power_cut, error.text[0] ? error.text : "see above");
        return ERR_IO;
    }
    tell(k, "power_cut", k->torn ? ",\"torn\":true" : ",\"torn\":false", "power cut: %s", last);
    return 0;
}

/* --- what is under way --- */

static bool starts_again(const struct keeper *k)
{
    return k->command || k->then;
}

static int down(struct keeper *k, int64_t now_ns)
{
    k->pid = 0; /* the number may soon be somebody else's */
    enter(k, starts_again(k) ? KEEPER_DOWN : KEEPER_GONE, now_ns);
    int status = k->power_cut ? power_cut(k) : 0;
    if (status < 0) enter(k, KEEPER_GONE, now_ns);
    return status;
}

static int again(struct keeper *k, int64_t now_ns)
{
    struct err_text error = {""};
    if (command_run(k, &error) < 0) {
        tell(k, "failed", NULL, "%s", error.text);
        enter(k, KEEPER_GONE, now_ns);
        return ERR_IO;
    }
    tell(k, "start", NULL, "started again: %s", k->command ? k->command[0] : k->then);
    enter(k, KEEPER_STARTING, now_ns);
    return 0;
}

static void ready(struct keeper *k, int64_t now_ns)
{
    char more[96];
    snprintf(more, sizeof more, ",\"recovery_ns\":%" PRId64 ",\"start_ns\":%" PRId64, now_ns - k->killed_ns,
             now_ns - k->since_ns);
    tell(k, "ready", more, "ready again at %s, %.3f s after the kill, %.3f s after its start", k->address,
         seconds(now_ns - k->killed_ns), seconds(now_ns - k->since_ns));
    enter(k, KEEPER_UP, now_ns);
}

/* A start command may end when it has started something in the background: then only its address can tell. */
static int starting(struct keeper *k, int64_t now_ns)
{
    bool said = k->process.pid > 0 && ready_said(k);
    if (said || connects(k)) {
        ready(k, clock_mono_ns());
        return 0;
    }
    int status = k->process.pid > 0 ? process_wait(&k->process, 0) : ERR_LOCKED;
    if (status != ERR_LOCKED && status != 0) {
        tell(k, "failed", NULL, "what was started again ended with status %d", status);
        enter(k, KEEPER_GONE, now_ns);
        return ERR_CLOSED;
    }
    if (now_ns - k->since_ns <= KEEPER_READY_S * second_ns) return 0;
    tell(k, "failed", NULL, "not ready within %d s", KEEPER_READY_S);
    enter(k, KEEPER_GONE, now_ns);
    return ERR_IO;
}

/* Its output is read on, so that it never waits for us; and it may end by itself. */
static int up(struct keeper *k, int64_t now_ns)
{
    if (k->process.pid <= 0) return 0;
    ready_said(k);
    int status = process_wait(&k->process, 0);
    if (status == ERR_LOCKED) return 0;
    if (!k->command && status == 0) return 0; /* `then` went into the background */
    tell(k, "ended", NULL, "the broker ended by itself, with status %d", status);
    enter(k, KEEPER_GONE, now_ns);
    return ERR_CLOSED;
}

int keeper_step(struct keeper *k, int64_t now_ns)
{
    switch (k->state) {
    case KEEPER_UP: return up(k, now_ns);
    case KEEPER_DYING: return gone(k) ? down(k, now_ns) : 0;
    case KEEPER_DOWN: return now_ns - k->since_ns >= k->down_ns ? again(k, now_ns) : 0;
    case KEEPER_STARTING: return starting(k, now_ns);
    default: return 0;
    }
}

void keeper_stop(struct keeper *k)
{
    if (k->process.pid <= 0) return;
    pid_t group = k->process.pid;
    kill(-group, SIGTERM);
    if (process_wait(&k->process, STOP_MS) == ERR_LOCKED) {
        kill(-group, SIGKILL);
        process_wait(&k->process, -1);
    }
}
