/* notebooks.c - see notebooks.h. */
#include "cli/notebooks.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "lib/os/process.h"

#define PYTHON "/usr/bin/python3"

/* Where it may be, from the folder of the program: build/millrace, build/asan/millrace, bin/millrace. */
static const char *const places[] = {"../notebooks", "../../notebooks", "../share/millrace/notebooks"};
enum { PLACES = sizeof(places) / sizeof(places[0]), FIXED_ARGUMENTS = 4 };

static bool has_labs(const char *folder)
{
    char package[PATH_MAX + 32];
    int n = snprintf(package, sizeof package, "%s/millrace_labs/lab.py", folder);
    return n > 0 && (size_t)n < sizeof package && access(package, R_OK) == 0;
}

/* The folder's real path, or false with a sentence. */
static bool find(const char *command, const char *program, char out[PATH_MAX])
{
    const char *named = getenv("MILLRACE_NOTEBOOKS");
    if (named) {
        if (has_labs(named) && realpath(named, out)) return true;
        fprintf(stderr, "millrace %s: MILLRACE_NOTEBOOKS=%s: no labs there\n", command, named);
        return false;
    }
    const char *slash = strrchr(program, '/');
    for (int i = 0; slash && i < PLACES; i++) {
        char folder[PATH_MAX * 2];
        snprintf(folder, sizeof folder, "%.*s/%s", (int)(slash - program), program, places[i]);
        if (realpath(folder, out) && has_labs(out)) return true;
    }
    fprintf(stderr, "millrace %s: no folder notebooks beside %s; name it with MILLRACE_NOTEBOOKS\n", command, program);
    return false;
}

int notebooks_run(const char *command, const char *module, int argc, char **argv)
{
    char program[PATH_MAX], folder[PATH_MAX], package[128];
    if (process_self(program, sizeof program) != 0) {
        fprintf(stderr, "millrace %s: the path of this program is too long\n", command);
        return CLI_USAGE;
    }
    if (!find(command, program, folder)) return CLI_USAGE;
    const char **words = calloc((size_t)argc + FIXED_ARGUMENTS + 1, sizeof *words);
    if (!words) {
        fprintf(stderr, "millrace %s: no memory\n", command);
        return CLI_USAGE;
    }
    snprintf(package, sizeof package, "millrace_labs.%s", module);
    int count = 0;
    words[count++] = PYTHON;
    words[count++] = "-P"; /* what lies in the student's folder is not a module of ours */
    words[count++] = "-m";
    words[count++] = package;
    for (int i = 1; i < argc; i++) words[count++] = argv[i];
    setenv("PYTHONPATH", folder, 1);
    setenv("MILLRACE", program, 0); /* a test may name another build for the brokers */
    setenv("PYTHONDONTWRITEBYTECODE", "1", 0);
    execv(PYTHON, (char *const *)words);
    fprintf(stderr, "millrace %s: %s: %s (the labs need Debian's python3 and python3-confluent-kafka: make labs)\n",
            command, PYTHON, strerror(errno));
    free(words);
    return CLI_USAGE;
}
