#include "bench/monitor.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bench/usage.h"
#include "lib/os/clock.h"

#define SECOND_NS INT64_C(1000000000)
enum { LOOK_MS = 50, IO_LOOK_MS = 50, IO_LOOKS_MAX = 60 };

/* --- counters --- */

/* Idle time, waiting for storage included, and stolen time of all processors. */
static void stat_counters(int64_t *idle_ns, int64_t *steal_ns)
{
    long long user, nice, system, idle, wait, irq, softirq, steal = -1;
    int64_t tick_ns = SECOND_NS / sysconf(_SC_CLK_TCK);
    FILE *file = fopen("/proc/stat", "r");
    int n = file ? fscanf(file, "cpu %lld %lld %lld %lld %lld %lld %lld %lld", &user, &nice, &system, &idle, &wait,
                          &irq, &softirq, &steal)
                 : 0;
    if (file) fclose(file);
    *idle_ns = n >= 5 ? (idle + wait) * tick_ns : -1;
    *steal_ns = n == 8 ? steal * tick_ns : -1;
}

/* The total of the line "some" of a pressure file, which is in microseconds; -1 without such a file. */
static int64_t pressure(const char *path)
{
    char line[256];
    int64_t ns = -1;
    FILE *file = fopen(path, "r");
    if (file && fgets(line, sizeof line, file) && strncmp(line, "some ", 5) == 0) {
        const char *total = strstr(line, "total=");
        if (total) ns = strtoll(total + 6, NULL, 10) * 1000;
    }
    if (file) fclose(file);
    return ns;
}

/* Counters as of now; busy_ns holds the idle time. */
static struct monitor_seen counters(const struct monitor *m)
{
    struct monitor_seen c = {.wall_ns = clock_mono_ns(), .accounted_ns = usage_cpu_ns(getpid())};
    c.programs_seen = usage_machine_cpu_ns(&c.programs_ns, &c.kernel_ns);
    stat_counters(&c.busy_ns, &c.steal_ns);
    for (int i = 0; i < m->pid_count; i++) c.accounted_ns += m->ours[i] ? 0 : usage_cpu_ns(m->pids[i]);
    c.io_stall_ns = pressure("/proc/pressure/io");
    c.cpu_stall_ns = pressure("/proc/pressure/cpu");
    return c;
}

static int64_t between(int64_t begin, int64_t end)
{
    return begin < 0 || end < 0 ? -1 : end - begin;
}

/* --- the wall clock --- */

static int64_t wall_minus_mono_ns(void)
{
    struct timespec wall;
    clock_gettime(CLOCK_REALTIME, &wall);
    return wall.tv_sec * SECOND_NS + wall.tv_nsec - clock_mono_ns();
}

static void *look(void *context)
{
    struct monitor *m = context;
    int64_t before = wall_minus_mono_ns();
    while (!m->stop) {
        clock_sleep_ms(LOOK_MS);
        int64_t now = wall_minus_mono_ns(), jump = llabs(now - before);
        if (jump > m->jump_ns) m->jump_ns = jump;
        before = now;
    }
    return NULL;
}

void monitor_start(struct monitor *m, const pid_t *pids, int count)
{
    assert(count >= 0 && count <= MONITOR_PIDS_MAX);
    *m = (struct monitor){.pid_count = count};
    for (int i = 0; i < count; i++) {
        m->pids[i] = pids[i];
        m->ours[i] = usage_descends(pids[i], getpid());
    }
    m->begin = counters(m);
    pthread_create(&m->thread, NULL, look, m);
}

/* Not idle is also what belongs to nobody: interrupts, and ways in and out of idle, a tenth of a processor beside a
 * target that syncs a thousand times a second. So where other programs are seen they are added up. */
static int64_t foreign(const struct monitor_seen *s)
{
    int64_t rest_ns = s->busy_ns - s->accounted_ns - s->kernel_ns;
    int64_t others_ns = s->programs_ns - s->accounted_ns;
    if (s->programs_seen && others_ns < rest_ns) rest_ns = others_ns;
    return rest_ns < 0 ? 0 : rest_ns;
}

void monitor_stop(struct monitor *m)
{
    m->stop = true;
    pthread_join(m->thread, NULL);
    struct monitor_seen end = counters(m), *s = &m->seen;
    int64_t idle_ns = between(m->begin.busy_ns, end.busy_ns);
    s->wall_ns = end.wall_ns - m->begin.wall_ns;
    s->steal_ns = between(m->begin.steal_ns, end.steal_ns);
    s->accounted_ns = end.accounted_ns - m->begin.accounted_ns;
    s->busy_ns = idle_ns < 0 ? -1 : s->wall_ns * sysconf(_SC_NPROCESSORS_ONLN) - idle_ns;
    if (s->busy_ns > 0 && s->steal_ns > 0) s->busy_ns -= s->steal_ns;
    s->kernel_ns = end.kernel_ns - m->begin.kernel_ns;
    s->programs_ns = end.programs_ns - m->begin.programs_ns;
    s->programs_seen = m->begin.programs_seen && end.programs_seen;
    s->foreign_ns = foreign(s);
    s->io_stall_ns = between(m->begin.io_stall_ns, end.io_stall_ns);
    s->cpu_stall_ns = between(m->begin.cpu_stall_ns, end.cpu_stall_ns);
    s->clock_jump_ns = m->jump_ns;
}

double monitor_io_share(void)
{
    static bool in_vain; /* the last wait */
    double share = 1;
    for (int look = 0; look < (in_vain ? 1 : IO_LOOKS_MAX) && share > MONITOR_IO_QUIET; look++) {
        int64_t begin_ns = clock_mono_ns(), before = pressure("/proc/pressure/io");
        if (before < 0) return -1;
        clock_sleep_ms(IO_LOOK_MS);
        share = (double)between(before, pressure("/proc/pressure/io")) / (double)(clock_mono_ns() - begin_ns);
    }
    in_vain = share > MONITOR_IO_QUIET;
    return share;
}
