#include "bench/syncs.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit.h"

static void *sync_twice(void *file)
{
    fdatasync(fileno(file));
    fdatasync(fileno(file));
    return NULL;
}

/* Where nothing is counted the answer is -1, never a number that is too small. */
static void check_calls(int64_t counted, int made)
{
    check(counted == made || counted == -1);
}

TEST(syncs, of_threads_and_children_that_come_later)
{
    struct syncs s;
    pthread_t thread;
    FILE *file = tmpfile();
    check(file != NULL);
    if (!file) return;
    syncs_begin(&s, getpid());
    int counters = s.count;
    check(counters == 0 || counters >= 2);
    fsync(fileno(file));
    check_int(pthread_create(&thread, NULL, sync_twice, file), 0);
    check_int(pthread_join(thread, NULL), 0);
    pid_t child = fork();
    if (child == 0) {
        sync_twice(file);
        _exit(0);
    }
    check(waitpid(child, NULL, 0) == child);
    check_calls(syncs_end(&s), counters ? 5 : -1);
    syncs_begin(&s, getpid());
    check_calls(syncs_end(&s), counters ? 0 : -1);
    fclose(file);
}

TEST(syncs, of_nobody)
{
    struct syncs s;
    syncs_begin(&s, 0x7ffffff0);
    check_int(syncs_end(&s), -1);
}
