#include "bench/run_delay.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/usage.h"

static bool thread_add(const char *path, struct run_delay *out)
{
    int64_t ran, waited;
    FILE *f = fopen(path, "r");
    bool known = f && fscanf(f, "%" SCNd64 " %" SCNd64, &ran, &waited) == 2;
    if (f) fclose(f);
    if (!known) return false;
    out->ran_ns += ran;
    out->waited_ns += waited;
    return true;
}

static bool process_add(pid_t pid, struct run_delay *out)
{
    char path[300];
    snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
    DIR *tasks = opendir(path);
    bool known = false;
    for (struct dirent *e; tasks && (e = readdir(tasks));) {
        if (e->d_name[0] == '.') continue;
        snprintf(path, sizeof path, "/proc/%d/task/%s/schedstat", (int)pid, e->d_name);
        known |= thread_add(path, out);
    }
    if (tasks) closedir(tasks);
    return known;
}

bool run_delay_read(pid_t pid, struct run_delay *out)
{
    *out = (struct run_delay){0};
    DIR *all = opendir("/proc");
    bool known = false;
    for (struct dirent *e; all && (e = readdir(all));) {
        pid_t one = (pid_t)strtol(e->d_name, NULL, 10);
        if (one > 0 && usage_descends(one, pid)) known |= process_add(one, out);
    }
    if (all) closedir(all);
    return known;
}
