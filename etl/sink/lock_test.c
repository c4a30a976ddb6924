#include "etl/sink/lock.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/os/clock.h"
#include "tests/unit.h"

static void path_make(char *path, size_t size)
{
    snprintf(path, size, "/tmp/millrace_lock_%d", (int)getpid());
    close(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
}

TEST(lock, one_run_at_a_time)
{
    char path[64];
    int first, second;
    struct err_text error = {{0}};
    path_make(path, sizeof path);
    check_int(database_lock(path, &first, &error), 0);
    check_int(database_lock(path, &second, &error), ERR_LOCKED);
    close(second);
    close(first);
    check_int(database_lock(path, &second, &error), 0);
    close(second);
    unlink(path);
}

/* As a run leaves it that is killed while it starts a worker: the fork has the descriptor for a while yet. */
TEST(lock, what_a_killed_run_leaves_is_waited_for)
{
    char path[64];
    int first, second;
    struct err_text error = {{0}};
    path_make(path, sizeof path);
    check_int(database_lock(path, &first, &error), 0);
    pid_t fork_of_it = fork();
    if (fork_of_it == 0) {
        clock_sleep_ms(20);
        _exit(0);
    }
    close(first);
    check_int(database_lock(path, &second, &error), 0);
    waitpid(fork_of_it, NULL, 0);
    close(second);
    unlink(path);
}
