#include "bench/syncs.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <linux/perf_event.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bench/usage.h"

static const char *const CALLS[] = {"fsync", "fdatasync"};
enum { CALLS_COUNT = 2, SYNCS_PROCESSES_MAX = 128 };

/* The number by which perf_event_open knows a tracepoint; -1: it is not there, or not for us. */
static int64_t tracepoint(const char *call)
{
    static const char *const folders[] = {"/sys/kernel/tracing", "/sys/kernel/debug/tracing"};
    long long id = -1;
    for (int i = 0; i < 2 && id < 0; i++) {
        char path[128];
        snprintf(path, sizeof path, "%s/events/syscalls/sys_enter_%s/id", folders[i], call);
        FILE *file = fopen(path, "r");
        if (file && fscanf(file, "%lld", &id) != 1) id = -1;
        if (file) fclose(file);
    }
    return id;
}

/* A thread that has ended meanwhile has nothing to be counted; one that ends later leaves what it had counted. */
static bool counter_add(struct syncs *s, int64_t id, pid_t thread)
{
    struct perf_event_attr attr = {
        .type = PERF_TYPE_TRACEPOINT, .size = sizeof attr, .config = (uint64_t)id, .inherit = 1};
    if (s->count == SYNCS_COUNTERS_MAX) return false;
    int fd = (int)syscall(SYS_perf_event_open, &attr, thread, -1, -1, PERF_FLAG_FD_CLOEXEC);
    if (fd >= 0) s->counters[s->count++] = fd;
    return fd >= 0 || errno == ESRCH;
}

static void give_up(struct syncs *s)
{
    while (s->count > 0) close(s->counters[--s->count]);
}

static bool threads_add(struct syncs *s, int64_t id, pid_t pid)
{
    char folder[64];
    bool all = true;
    snprintf(folder, sizeof folder, "/proc/%d/task", (int)pid);
    DIR *dir = opendir(folder);
    for (struct dirent *e; dir && all && (e = readdir(dir));)
        if (isdigit((unsigned char)e->d_name[0])) all = counter_add(s, id, (pid_t)strtol(e->d_name, NULL, 10));
    if (dir) closedir(dir);
    return all;
}

static bool family_add(struct syncs *s, int64_t id, pid_t pid)
{
    pid_t family[SYNCS_PROCESSES_MAX];
    int count = usage_family(pid, family, SYNCS_PROCESSES_MAX);
    bool all = count > 0 && count < SYNCS_PROCESSES_MAX;
    for (int i = 0; i < count && all; i++) all = threads_add(s, id, family[i]);
    return all;
}

void syncs_begin(struct syncs *s, pid_t pid)
{
    *s = (struct syncs){.count = 0};
    for (int i = 0; i < CALLS_COUNT; i++) {
        int64_t id = tracepoint(CALLS[i]);
        if (id >= 0 && (pid ? family_add(s, id, pid) : counter_add(s, id, 0))) continue;
        give_up(s);
        return;
    }
}

int64_t syncs_end(struct syncs *s)
{
    int64_t sum = s->count ? 0 : -1;
    for (int i = 0; i < s->count && sum >= 0; i++) {
        int64_t calls = 0;
        sum = read(s->counters[i], &calls, sizeof calls) == sizeof calls ? sum + calls : -1;
    }
    give_up(s);
    return sum;
}
