#include "bench/environment.h"

#include <librdkafka/rdkafka.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "lib/os/priority.h"

json_t *environment_line(const char *path, const char *key)
{
    char line[512];
    json_t *found = NULL;
    FILE *file = fopen(path, "r");
    if (!file) return json_null();
    while (!found && fgets(line, sizeof line, file)) {
        if (key && strncmp(line, key, strlen(key)) != 0) continue;
        char *value = key ? strchr(line, ':') : line;
        value = key && value ? value + 1 : line;
        while (*value == ' ' || *value == '\t') value++;
        value[strcspn(value, "\n")] = 0;
        found = json_string(value);
    }
    fclose(file);
    return found ? found : json_null();
}

const char *environment_filesystem(const char *dir)
{
    static const struct {
        unsigned long magic;
        const char *name;
    } known[] = {{0xef53, "ext4"},          {0x58465342, "xfs"}, {0x9123683e, "btrfs"}, {0x01021994, "tmpfs"},
                 {0x794c7630, "overlayfs"}, {0x2fc12fc1, "zfs"}, {0x6969, "nfs"}};
    static char other[32];
    struct statfs fs;
    if (statfs(dir, &fs) != 0) return "unknown";
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (known[i].magic == ((unsigned long)fs.f_type & 0xffffffff)) return known[i].name;
    }
    snprintf(other, sizeof other, "0x%lx", (unsigned long)fs.f_type);
    return other;
}

static json_t *now_utc(void)
{
    char text[32];
    time_t now = time(NULL);
    struct tm utc;
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &utc));
    return json_string(text);
}

static const char *build_kind(void)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    return "sanitizer";
#elif defined(__OPTIMIZE__)
    return "optimized";
#else
    return "debug";
#endif
}

json_t *environment_read(const char *dir)
{
    struct utsname name;
    uname(&name);
    return json_pack(
        "{s:o, s:s, s:s, s:o, s:i, s:o, s:s, s:o, s:o, s:o, s:s, s:s, s:i, s:s, s:s, s:s, s:s}", "time", now_utc(),
        "kernel", name.release, "machine", name.machine, "cpu", environment_line("/proc/cpuinfo", "model name"), "cpus",
        (int)sysconf(_SC_NPROCESSORS_ONLN), "memory", environment_line("/proc/meminfo", "MemTotal"), "filesystem",
        environment_filesystem(dir), "system_congestion_control",
        environment_line("/proc/sys/net/ipv4/tcp_congestion_control", NULL), "clocksource",
        environment_line("/sys/devices/system/clocksource/clocksource0/current_clocksource", NULL), "load_average",
        environment_line("/proc/loadavg", NULL), "loopback_sockets", "TCP_NODELAY, reno where allowed",
        "generator_priority", priority_name(priority_permitted()), "generator_timer_slack_ns", 1, "librdkafka",
        rd_kafka_version_str(), "sqlite", sqlite3_libversion(), "compiler", __VERSION__, "build", build_kind());
}

int64_t environment_process_cpu_ns(pid_t pid)
{
    clockid_t clock;
    struct timespec used;
    if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &used) != 0) return -1;
    return used.tv_sec * INT64_C(1000000000) + used.tv_nsec;
}

static int64_t usage_ns(int who)
{
    struct rusage u;
    getrusage(who, &u);
    return (u.ru_utime.tv_sec + u.ru_stime.tv_sec) * INT64_C(1000000000) +
           (u.ru_utime.tv_usec + u.ru_stime.tv_usec) * INT64_C(1000);
}

int64_t environment_own_cpu_ns(void)
{
    return usage_ns(RUSAGE_SELF);
}
int64_t environment_children_cpu_ns(void)
{
    return usage_ns(RUSAGE_CHILDREN);
}
