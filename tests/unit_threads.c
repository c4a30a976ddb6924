/* unit_threads.c - which tests start a thread: part of the unit programs of a release build.
 *
 * Stands between everything in the process, libraries included, and the C library's two ways to start a thread. Each
 * call appends a line `SUITE/NAME` to the file that UNIT_THREADS names, from forked children of a test as well; without
 * UNIT_THREADS it changes nothing. `make sanitize` runs under ThreadSanitizer what that file lists (Makefile). */
#include <criterion/criterion.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <threads.h>
#include <unistd.h>

/* Outside of a test it is Criterion that starts one. A line that cannot be written would hide a test from
 * ThreadSanitizer: the test ends here instead. */
static void note(void)
{
    const char *path = getenv("UNIT_THREADS");
    if (!path || !criterion_current_test) return;
    char line[512];
    int length = snprintf(line, sizeof line, "%s/%s\n", criterion_current_test->category, criterion_current_test->name);
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
    if (length < 0 || length >= (int)sizeof line || fd < 0 || write(fd, line, (size_t)length) != length) abort();
    close(fd);
}

static void *next(const char *name)
{
    void *function = dlsym(RTLD_NEXT, name);
    if (!function) abort();
    return function;
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*body)(void *), void *argument)
{
    note();
    int (*real)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *) = next("pthread_create");
    return real(thread, attributes, body, argument);
}

int thrd_create(thrd_t *thread, thrd_start_t body, void *argument)
{
    note();
    int (*real)(thrd_t *, thrd_start_t, void *) = next("thrd_create");
    return real(thread, body, argument);
}
