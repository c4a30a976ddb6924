#include "bench/cost.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "lib/os/clock.h"

static int64_t time_ns(struct timeval t)
{
    return t.tv_sec * INT64_C(1000000000) + t.tv_usec * INT64_C(1000);
}

static struct usage children(void)
{
    struct rusage r;
    getrusage(RUSAGE_CHILDREN, &r);
    return (struct usage){.user_ns = time_ns(r.ru_utime),
                          .system_ns = time_ns(r.ru_stime),
                          .switches = r.ru_nvcsw + r.ru_nivcsw,
                          .read_bytes = r.ru_inblock * INT64_C(512),
                          .write_bytes = r.ru_oublock * INT64_C(512)};
}

void cost_begin(struct cost *c, pid_t pid)
{
    *c = (struct cost){.pid = pid, .began_ns = clock_mono_ns()};
    c->known = pid == 0 || usage_read(pid, &c->before) == 0;
    if (pid == 0) c->before = children();
    syncs_begin(&c->syncs, pid);
}

void cost_end(struct cost *c)
{
    struct usage now;
    c->wall_ns = clock_mono_ns() - c->began_ns;
    c->sync_calls = syncs_end(&c->syncs);
    c->known = c->known && usage_read(c->pid, &now) == 0;
    if (c->known) c->used = usage_since(&now, &c->before);
}

static void memory_look(struct cost *c, pid_t pid)
{
    int64_t anonymous, file;
    usage_memory(pid, &anonymous, &file);
    if (anonymous > c->used.anonymous_bytes) c->used.anonymous_bytes = anonymous;
    if (file > c->used.file_bytes) c->used.file_bytes = file;
}

int cost_wait(struct cost *c, struct process *p)
{
    char line[256];
    int rc = 0;
    while (rc >= 0 || rc == ERR_LOCKED) {
        memory_look(c, p->pid);
        rc = process_read_line(p, line, sizeof line, COST_LOOK_MS);
    }
    int status = process_wait(p, -1);
    c->sync_calls = syncs_end(&c->syncs);
    int64_t anonymous = c->used.anonymous_bytes, file = c->used.file_bytes;
    struct usage now = children();
    c->used = usage_since(&now, &c->before);
    c->used.anonymous_bytes = anonymous;
    c->used.file_bytes = file;
    c->wall_ns = clock_mono_ns() - c->began_ns;
    return status;
}

static void metric(struct trial *t, const char *who, const char *what, const char *unit, double value)
{
    char name[TRIAL_NAME_MAX];
    snprintf(name, sizeof name, "%s_%s", who, what);
    trial_metric(t, name, unit, value);
}

void cost_metrics(struct trial *t, const char *who, const struct cost *c, double millions)
{
    const struct usage *u = &c->used;
    if (!c->known) return;
    metric(t, who, "user", "s per million events", (double)u->user_ns / 1e9 / millions);
    metric(t, who, "system", "s per million events", (double)u->system_ns / 1e9 / millions);
    metric(t, who, "switches", "per million events", (double)u->switches / millions);
    if (u->write_bytes >= 0) metric(t, who, "storage", "bytes per million events", (double)u->write_bytes / millions);
    if (c->sync_calls >= 0) metric(t, who, "syncs", "per million events", (double)c->sync_calls / millions);
    metric(t, who, "anonymous", "bytes", (double)u->anonymous_bytes);
    metric(t, who, "file", "bytes", (double)u->file_bytes);
    if (c->wall_ns > 0) metric(t, who, "busy", "processors", (double)(u->user_ns + u->system_ns) / (double)c->wall_ns);
}

static double value(const struct trial *t, const char *who, const char *what)
{
    char name[TRIAL_NAME_MAX];
    snprintf(name, sizeof name, "%s_%s", who, what);
    return trial_value(t, name);
}

double cost_cpu(const struct trial *t, const char *const who[], int count)
{
    double sum = NAN;
    for (int i = 0; i < count; i++) {
        double s = value(t, who[i], "user") + value(t, who[i], "system");
        if (!isnan(s)) sum = isnan(sum) ? s : sum + s;
    }
    return sum;
}

const char *cost_bottleneck(const struct trial *t, const char *const who[], int count, double *busy)
{
    const char *most = NULL;
    for (int i = 0; i < count; i++) {
        double b = value(t, who[i], "busy");
        if (isnan(b) || (most && b <= *busy)) continue;
        most = who[i];
        *busy = b;
    }
    return most;
}

int64_t cost_loopback_bytes(void)
{
    char line[512];
    long long bytes = -1;
    FILE *file = fopen("/proc/net/dev", "r");
    while (file && fgets(line, sizeof line, file))
        if (sscanf(line, " lo: %lld", &bytes) == 1) break;
    if (file) fclose(file);
    return bytes;
}
