#include "bench/usage.h"

#include <ctype.h>
#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/memory.h"

#define SECOND_NS INT64_C(1000000000)

/* A line of stat, as far as it is needed. */
struct stat_line {
    pid_t pid, parent;
    int64_t user_ticks, system_ticks, child_user_ticks, child_system_ticks;
};

static bool stat_read(pid_t pid, struct stat_line *s)
{
    char path[64], text[1024];
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *file = fopen(path, "r");
    if (!file) return false;
    size_t n = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[n] = 0;
    /* The name may hold anything, brackets too: what follows its last bracket counts. */
    const char *after = strrchr(text, ')');
    int parent;
    long long t[4];
    if (!after || sscanf(after + 1, " %*c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lld %lld %lld %lld", &parent, &t[0],
                         &t[1], &t[2], &t[3]) != 5)
        return false;
    *s = (struct stat_line){pid, parent, t[0], t[1], t[2], t[3]};
    return true;
}

/* --- one process --- */

/* The number behind `key` in /proc/PID/NAME; `missing` when it is not there. */
static int64_t number_of(const char *folder, const char *name, const char *key, int64_t missing)
{
    char path[300], line[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "r");
    int64_t value = missing;
    while (file && value == missing && fgets(line, sizeof line, file)) {
        if (strncmp(line, key, strlen(key)) == 0) value = strtoll(line + strlen(key), NULL, 10);
    }
    if (file) fclose(file);
    return value;
}

static int64_t switches_of(pid_t pid)
{
    char folder[64], thread[sizeof folder + 256];
    int64_t sum = 0;
    snprintf(folder, sizeof folder, "/proc/%d/task", (int)pid);
    DIR *dir = opendir(folder);
    for (struct dirent *e; dir && (e = readdir(dir));) {
        if (!isdigit((unsigned char)e->d_name[0])) continue;
        snprintf(thread, sizeof thread, "%s/%s", folder, e->d_name);
        sum += number_of(thread, "status", "voluntary_ctxt_switches:", 0);
        sum += number_of(thread, "status", "nonvoluntary_ctxt_switches:", 0);
    }
    if (dir) closedir(dir);
    return sum;
}

/* The exact total of the process's own time; stat's ticks say how it divides. */
static void time_add(const struct stat_line *s, struct usage *u)
{
    clockid_t clock;
    struct timespec used;
    int64_t tick_ns = SECOND_NS / sysconf(_SC_CLK_TCK), ticks = s->user_ticks + s->system_ticks;
    int64_t total = ticks * tick_ns;
    if (clock_getcpuclockid(s->pid, &clock) == 0 && clock_gettime(clock, &used) == 0)
        total = used.tv_sec * SECOND_NS + used.tv_nsec;
    int64_t system = ticks > 0 ? (int64_t)((double)total * (double)s->system_ticks / (double)ticks) : 0;
    u->system_ns += system + s->child_system_ticks * tick_ns;
    u->user_ns += total - system + s->child_user_ticks * tick_ns;
}

static void io_add(const char *folder, struct usage *u)
{
    int64_t in = number_of(folder, "io", "read_bytes:", -1), out = number_of(folder, "io", "write_bytes:", -1);
    u->read_bytes = in < 0 || u->read_bytes < 0 ? -1 : u->read_bytes + in;
    u->write_bytes = out < 0 || u->write_bytes < 0 ? -1 : u->write_bytes + out;
}

static void memory_of(const char *folder, int64_t *anonymous_bytes, int64_t *file_bytes)
{
    *anonymous_bytes = number_of(folder, "status", "RssAnon:", 0) * 1024;
    *file_bytes = (number_of(folder, "status", "RssFile:", 0) + number_of(folder, "status", "RssShmem:", 0)) * 1024;
}

void usage_memory(pid_t pid, int64_t *anonymous_bytes, int64_t *file_bytes)
{
    char folder[64];
    snprintf(folder, sizeof folder, "/proc/%d", (int)pid);
    memory_of(folder, anonymous_bytes, file_bytes);
}

static void process_add(const struct stat_line *s, struct usage *u)
{
    char folder[64];
    snprintf(folder, sizeof folder, "/proc/%d", (int)s->pid);
    time_add(s, u);
    io_add(folder, u);
    u->switches += switches_of(s->pid);
    int64_t anonymous, file;
    memory_of(folder, &anonymous, &file);
    u->anonymous_bytes += anonymous;
    u->file_bytes += file;
    u->processes++;
}

/* --- a family --- */

static int every_process(struct stat_line **out)
{
    struct stat_line *all = NULL;
    size_t count = 0, capacity = 0;
    DIR *dir = opendir("/proc");
    for (struct dirent *e; dir && (e = readdir(dir));) {
        struct stat_line s;
        if (!isdigit((unsigned char)e->d_name[0]) || !stat_read((pid_t)strtol(e->d_name, NULL, 10), &s)) continue;
        if (count == capacity) all = memory_grow(all, capacity = capacity ? 2 * capacity : 256, sizeof *all);
        all[count++] = s;
    }
    if (dir) closedir(dir);
    *out = all;
    return (int)count;
}

typedef void process_fn(const struct stat_line *s, struct usage *u);

static void family_add(const struct stat_line *all, int count, const struct stat_line *head, process_fn *add,
                       struct usage *u)
{
    add(head, u);
    for (int i = 0; i < count; i++) {
        if (all[i].parent == head->pid && all[i].pid != head->pid) family_add(all, count, &all[i], add, u);
    }
}

static int family_read(pid_t pid, process_fn *add, struct usage *u)
{
    struct stat_line *all, head;
    *u = (struct usage){0};
    if (!stat_read(pid, &head)) return ERR_NOTFOUND;
    int count = every_process(&all);
    family_add(all, count, &head, add, u);
    free(all);
    return 0;
}

int usage_family(pid_t pid, pid_t family[], int max)
{
    struct stat_line *all;
    int count = every_process(&all), found = 0;
    for (int i = 0; i < count && found < max; i++)
        if (usage_descends(all[i].pid, pid)) family[found++] = all[i].pid;
    free(all);
    return found;
}

int usage_read(pid_t pid, struct usage *u)
{
    return family_read(pid, process_add, u);
}

int64_t usage_cpu_ns(pid_t pid)
{
    struct usage u;
    return family_read(pid, time_add, &u) == 0 ? u.user_ns + u.system_ns : 0;
}

/* The kernel's threads descend from the second process, unless this is a container with a numbering of its own. */
static bool kernel_seen(void)
{
    char name[16] = "";
    FILE *file = fopen("/proc/2/comm", "r");
    bool seen = file && fgets(name, sizeof name, file) && strcmp(name, "kthreadd\n") == 0;
    if (file) fclose(file);
    return seen;
}

bool usage_machine_cpu_ns(int64_t *programs_ns, int64_t *kernel_ns)
{
    struct stat_line *all;
    struct usage programs = {0}, kernel = {0};
    if (!kernel_seen()) return false;
    int count = every_process(&all);
    for (int i = 0; i < count; i++) time_add(&all[i], all[i].pid == 2 || all[i].parent == 2 ? &kernel : &programs);
    free(all);
    *programs_ns = programs.user_ns + programs.system_ns;
    *kernel_ns = kernel.user_ns + kernel.system_ns;
    return true;
}

bool usage_descends(pid_t pid, pid_t ancestor)
{
    struct stat_line s;
    while (pid > 1 && pid != ancestor) pid = stat_read(pid, &s) ? s.parent : 0;
    return pid == ancestor;
}

struct usage usage_since(const struct usage *after, const struct usage *before)
{
    struct usage u = *after;
    u.user_ns -= before->user_ns;
    u.system_ns -= before->system_ns;
    /* Ticks divide the time: of a short while one part may come out below nothing. */
    if (u.system_ns < 0) u.user_ns += u.system_ns, u.system_ns = 0;
    if (u.user_ns < 0) u.system_ns += u.user_ns, u.user_ns = 0;
    u.switches -= before->switches;
    u.read_bytes = after->read_bytes < 0 || before->read_bytes < 0 ? -1 : after->read_bytes - before->read_bytes;
    u.write_bytes = after->write_bytes < 0 || before->write_bytes < 0 ? -1 : after->write_bytes - before->write_bytes;
    return u;
}
