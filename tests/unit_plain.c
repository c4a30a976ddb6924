/* The plain runner behind -DUNIT_PLAIN: every case in one process, in order of suite and name. Used
 * under ThreadSanitizer, where Criterion (a process per test) aborts. A check that fails aborts, so
 * each case runs in a child of its own fork: the others still get their turn.
 *
 * Usage: unit [SUITE or SUITE/NAME ...]. Last line: `N passed, N failed`. */
#ifndef UNIT_PLAIN
#define UNIT_PLAIN /* also for a linter that looks at this file alone */
#endif

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit.h"

static struct unit_case *cases;

/* Keeps the list sorted: constructors run in an order that the linker chose. */
void unit_register(struct unit_case *c)
{
    struct unit_case **at = &cases;
    while (*at) {
        int order = strcmp((*at)->suite, c->suite);
        if (order > 0 || (order == 0 && strcmp((*at)->name, c->name) > 0)) break;
        at = &(*at)->next;
    }
    c->next = *at;
    *at = c;
}

static bool wanted(const struct unit_case *c, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        size_t n = strlen(c->suite);
        if (strncmp(argv[i], c->suite, n) != 0) continue;
        if (argv[i][n] == '\0' || (argv[i][n] == '/' && strcmp(argv[i] + n + 1, c->name) == 0)) return true;
    }
    return argc == 1;
}

static bool run(const struct unit_case *c)
{
    enum { TIMEOUT_S = 300 }; /* a hang; TSan on a busy machine takes two minutes for what takes a second */
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        alarm(TIMEOUT_S);
        c->body();
        exit(0); /* not _exit: the sanitizer reports what it found at exit */
    }
    int status = -1;
    if (pid < 0 || waitpid(pid, &status, 0) != pid) return false;
    if (WIFSIGNALED(status)) fprintf(stderr, "killed by signal %d\n", WTERMSIG(status));
    return status == 0;
}

/* What leaves itself out of a build under TSan (`#ifndef __SANITIZE_THREAD__`) is named, for it did not run. */
static void name_absent(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        char *one[] = {argv[0], argv[i]};
        const struct unit_case *c = cases;
        while (c && !wanted(c, 2, one)) c = c->next;
        if (!c) printf("not in this build: %s\n", argv[i]);
    }
}

int main(int argc, char **argv)
{
    int passed = 0, failed = 0;
    name_absent(argc, argv);
    for (const struct unit_case *c = cases; c; c = c->next) {
        if (!wanted(c, argc, argv)) continue;
        bool ok = run(c);
        printf("%s %s/%s\n", ok ? "ok  " : "FAIL", c->suite, c->name);
        if (ok)
            passed++;
        else
            failed++;
    }
    printf("%d passed, %d failed\n", passed, failed);
    return failed || passed == 0;
}
