#include "bench/monitor.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench/usage.h"
#include "lib/os/clock.h"
#include "tests/unit.h"

#define MS INT64_C(1000000)

static int64_t own_cpu_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

static void burn(int64_t ns)
{
    int64_t end = own_cpu_ns() + ns;
    while (own_cpu_ns() < end) {}
}

/* A child that burns. */
static pid_t burner(int64_t ns)
{
    pid_t pid = fork();
    if (pid == 0) {
        burn(ns);
        _exit(0);
    }
    return pid;
}

/* One that belongs to nobody here: its parent has ended. Returns when it has burnt, however long that took; it lives
 * until it is killed. */
static pid_t burnt_stranger(int64_t ns)
{
    int ends[2];
    pid_t pid = 0;
    check_int(pipe(ends), 0);
    pid_t parent = fork();
    if (parent == 0) {
        if (fork() != 0) _exit(0);
        burn(ns);
        pid = getpid();
        if (write(ends[1], &pid, sizeof pid) != sizeof pid) _exit(1);
        for (;;) pause();
    }
    waitpid(parent, NULL, 0);
    check_int(read(ends[0], &pid, sizeof pid), sizeof pid);
    close(ends[0]);
    close(ends[1]);
    return pid;
}

TEST(usage, counts_time_memory_and_children)
{
    enum { BYTES = 32 << 20 };
    struct usage before, after;
    check_int(usage_read(getpid(), &before), 0);
    burn(60 * MS);
    char *memory = malloc(BYTES);
    check(memory);
    memset(memory, 1, BYTES);
    pid_t child = burner(100 * MS);
    waitpid(child, NULL, 0);
    check_int(usage_read(getpid(), &after), 0);
    struct usage used = usage_since(&after, &before);
    /* Children's time comes in ticks of 10 ms. */
    check(used.user_ns + used.system_ns >= 145 * MS);
    check(used.anonymous_bytes >= BYTES);
    check(memory[BYTES / 2] == 1);
    check(used.processes >= 1 && after.file_bytes > 0);
    free(memory);
    check_int(usage_read(0x7ffffff0, &after), ERR_NOTFOUND);
}

TEST(usage, a_living_child_counts)
{
    struct usage before, after;
    check_int(usage_read(getpid(), &before), 0);
    pid_t child = fork();
    if (child == 0) {
        burn(80 * MS);
        for (;;) pause();
    }
    int64_t give_up_ns = clock_mono_ns() + 60000 * MS;
    do {
        clock_sleep_ms(10);
        check_int(usage_read(getpid(), &after), 0);
    } while (after.user_ns + after.system_ns - before.user_ns - before.system_ns < 80 * MS &&
             clock_mono_ns() < give_up_ns);
    check_int(after.processes, before.processes + 1);
    check(after.user_ns + after.system_ns - before.user_ns - before.system_ns >= 80 * MS);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
}

/* Neighbours of the test may add to what is foreign, never take away from it. */
TEST(monitor, a_stranger_is_foreign_and_a_child_is_not)
{
    struct monitor m;
    monitor_start(&m, NULL, 0);
    pid_t stranger = burnt_stranger(300 * MS);
    monitor_stop(&m);
    kill(stranger, SIGKILL);
    check(m.seen.foreign_ns >= 200 * MS);
    check(m.seen.wall_ns >= 300 * MS && m.seen.busy_ns >= m.seen.foreign_ns);

    monitor_start(&m, NULL, 0);
    waitpid(burner(300 * MS), NULL, 0);
    monitor_stop(&m);
    check(m.seen.accounted_ns >= 285 * MS);
    check(m.seen.clock_jump_ns < 50 * MS);
}
