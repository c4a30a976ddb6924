#include "bench/results.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "bench/bench.h"
#include "bench/environment.h"
#include "lib/base/checksum.h"

void results_machine(char out[RESULTS_MACHINE_MAX])
{
    char text[512];
    struct utsname name;
    json_t *cpu = environment_line("/proc/cpuinfo", "model name"),
           *memory = environment_line("/proc/meminfo", "MemTotal");
    const char *model = json_string_value(cpu), *kb = json_string_value(memory);
    uname(&name);
    /* What the kernel keeps for itself differs from boot to boot: whole GiB. */
    long long gib = kb ? (strtoll(kb, NULL, 10) + (1 << 19)) >> 20 : 0;
    int n = snprintf(text, sizeof text, "%s\n%s\n%ld\n%lld\n", name.machine, model ? model : "?",
                     sysconf(_SC_NPROCESSORS_ONLN), gib);
    snprintf(out, RESULTS_MACHINE_MAX, "%08x", crc32c(0, text, (size_t)n));
    json_decref(cpu);
    json_decref(memory);
}

/* --- the folder --- */

void bench_results_dir(char *out, size_t size, bool fresh)
{
    char day[32], machine[RESULTS_MACHINE_MAX];
    time_t now = time(NULL);
    struct tm utc;
    strftime(day, sizeof day, "%Y-%m-%d", gmtime_r(&now, &utc));
    results_machine(machine);
    snprintf(out, size, "results/%s-%s", day, machine);
    for (int i = 2; fresh && access(out, F_OK) == 0; i++) snprintf(out, size, "results/%s-%s-%d", day, machine, i);
}

int bench_results_latest(const char *dir, struct err_text *error)
{
    const char *name = strrchr(dir, '/') + 1;
    unlink("results/latest.new");
    if (symlink(name, "results/latest.new") == 0 && rename("results/latest.new", "results/latest") == 0) return 0;
    return err_set(error, err_from_errno(errno), "results/latest: cannot be a link to %s: %s", name, strerror(errno));
}

/* --- files --- */

int results_write(const char *path, const void *p, size_t n, struct err_text *error)
{
    char landing[PATH_MAX];
    snprintf(landing, sizeof landing, "%.*s.new", PATH_MAX - 8, path);
    FILE *file = fopen(landing, "w");
    bool done = file && fwrite(p, 1, n, file) == n;
    if (file && fclose(file) != 0) done = false;
    if (done && rename(landing, path) == 0) return 0;
    return err_set(error, ERR_IO, "%s: cannot be written: %s", path, strerror(errno));
}

int results_write_json(const char *path, json_t *json, struct err_text *error)
{
    char *text = json_dumps(json, JSON_INDENT(1));
    int rc = text ? results_write(path, text, strlen(text), error)
                  : err_set(error, ERR_INVALID, "%s: no document to write", path);
    free(text);
    json_decref(json);
    return rc;
}
