/* manifest_machine.c - the machine and its system, as far as it can change a figure (manifest.h). */
#include <dirent.h>
#include <gnu/libc-version.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "bench/environment.h"
#include "bench/manifest.h"
#include "bench/results.h"
#include "lib/os/priority.h"

/* The first lines of all files of a folder: {"spectre_v2": "Mitigation: ...", ...}. */
static json_t *folder_json(const char *folder)
{
    char path[PATH_MAX];
    DIR *dir = opendir(folder);
    if (!dir) return json_null();
    json_t *json = json_object();
    for (struct dirent *e = readdir(dir); e; e = readdir(dir)) {
        if (e->d_name[0] == '.') continue;
        snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
        json_object_set_new(json, e->d_name, environment_line(path, NULL));
    }
    closedir(dir);
    return json;
}

/* --- where files lie --- */

/* How the file system of `device` is mounted ("rw,relatime"), from a line of mountinfo (proc(5)); its place is not
 * told. */
static json_t *mount_options(dev_t device)
{
    char line[1024], wanted[32], options[256];
    json_t *found = NULL;
    FILE *file = fopen("/proc/self/mountinfo", "r");
    snprintf(wanted, sizeof wanted, "%u:%u", major(device), minor(device));
    while (file && !found && fgets(line, sizeof line, file)) {
        char id[32];
        if (sscanf(line, "%*s %*s %31s %*s %*s %255s", id, options) == 2 && strcmp(id, wanted) == 0)
            found = json_string(options);
    }
    if (file) fclose(file);
    return found ? found : json_null();
}

/* A partition has its queue in its disk's folder. */
static json_t *queue_line(dev_t device, const char *name)
{
    static const char *const places[] = {"queue", "../queue"};
    json_t *line = json_null();
    for (int i = 0; i < 2 && json_is_null(line); i++) {
        char path[PATH_MAX];
        snprintf(path, sizeof path, "/sys/dev/block/%u:%u/%s/%s", major(device), minor(device), places[i], name);
        line = environment_line(path, NULL);
    }
    return line;
}

static json_t *filesystem_json(const char *dir)
{
    struct stat st;
    if (stat(dir, &st) != 0) return json_null();
    return json_pack("{s:s, s:o, s:o, s:o, s:o}", "type", environment_filesystem(dir), "options",
                     mount_options(st.st_dev), "scheduler", queue_line(st.st_dev, "scheduler"), "rotational",
                     queue_line(st.st_dev, "rotational"), "write_cache", queue_line(st.st_dev, "write_cache"));
}

json_t *manifest_machine(const char *dir)
{
    char hash[RESULTS_MACHINE_MAX];
    struct utsname name;
    results_machine(hash);
    uname(&name);
    return json_pack("{s:s, s:s, s:o, s:o, s:i, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "hash", hash, "architecture",
                     name.machine, "cpu", environment_line("/proc/cpuinfo", "model name"), "microcode",
                     environment_line("/proc/cpuinfo", "microcode"), "cpus", (int)sysconf(_SC_NPROCESSORS_ONLN),
                     "cache", environment_line("/proc/cpuinfo", "cache size"), "governor",
                     environment_line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", NULL), "smt",
                     environment_line("/sys/devices/system/cpu/smt/active", NULL), "hypervisor",
                     environment_line("/sys/class/dmi/id/sys_vendor", NULL), "memory",
                     environment_line("/proc/meminfo", "MemTotal"), "mitigations",
                     folder_json("/sys/devices/system/cpu/vulnerabilities"), "filesystem", filesystem_json(dir));
}

/* --- the system --- */

static json_t *sysctls_json(void)
{
    static const char *const names[] = {"net.ipv4.tcp_congestion_control",
                                        "net.ipv4.tcp_available_congestion_control",
                                        "net.ipv4.tcp_rmem",
                                        "net.ipv4.tcp_wmem",
                                        "net.ipv4.tcp_autocorking",
                                        "net.ipv4.tcp_slow_start_after_idle",
                                        "net.ipv4.tcp_timestamps",
                                        "net.core.rmem_max",
                                        "net.core.wmem_max",
                                        "net.core.somaxconn",
                                        "net.core.default_qdisc",
                                        "net.core.busy_poll",
                                        "vm.swappiness",
                                        "vm.overcommit_memory",
                                        "vm.dirty_ratio",
                                        "vm.dirty_background_ratio",
                                        "vm.dirty_bytes",
                                        "vm.dirty_background_bytes",
                                        "vm.dirty_expire_centisecs",
                                        "vm.dirty_writeback_centisecs",
                                        "kernel.sched_rt_runtime_us",
                                        "kernel.sched_autogroup_enabled",
                                        "kernel.numa_balancing",
                                        "kernel.randomize_va_space",
                                        "kernel.perf_event_paranoid"};
    json_t *json = json_object();
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char path[128];
        snprintf(path, sizeof path, "/proc/sys/%s", names[i]);
        for (char *c = path + strlen("/proc/sys/"); *c; c++)
            if (*c == '.') *c = '/';
        json_object_set_new(json, names[i], environment_line(path, NULL));
    }
    return json;
}

static json_t *limit_json(int resource)
{
    struct rlimit limit;
    if (getrlimit((__rlimit_resource_t)resource, &limit) != 0) return json_null();
    return limit.rlim_cur == RLIM_INFINITY ? json_string("unlimited") : json_integer((json_int_t)limit.rlim_cur);
}

/* PRETTY_NAME="Debian GNU/Linux 12 (bookworm)" of os-release(5). */
static json_t *distribution(void)
{
    char line[256], name[200] = "";
    FILE *file = fopen("/etc/os-release", "r");
    while (file && !name[0] && fgets(line, sizeof line, file)) {
        if (sscanf(line, "PRETTY_NAME=\"%199[^\"]", name) != 1) name[0] = 0;
    }
    if (file) fclose(file);
    return name[0] ? json_string(name) : json_null();
}

json_t *manifest_system(void)
{
    struct utsname name;
    uname(&name);
    return json_pack("{s:s, s:s, s:o, s:s, s:o, s:o, s:o, s:{s:s, s:i}, s:{s:o, s:o, s:o, s:o}, s:o}", "kernel",
                     name.release, "kernel_build", name.version, "distribution", distribution(), "libc",
                     gnu_get_libc_version(), "clocksource",
                     environment_line("/sys/devices/system/clocksource/clocksource0/current_clocksource", NULL),
                     "transparent_hugepage", environment_line("/sys/kernel/mm/transparent_hugepage/enabled", NULL),
                     "preemption", environment_line("/sys/kernel/debug/sched/preempt", NULL), "generator", "priority",
                     priority_name(priority_permitted()), "timer_slack_ns", 1, "limits", "open_files",
                     limit_json(RLIMIT_NOFILE), "locked_memory", limit_json(RLIMIT_MEMLOCK), "nice",
                     limit_json(RLIMIT_NICE), "real_time", limit_json(RLIMIT_RTPRIO), "sysctls", sysctls_json());
}
