#include "bench/tool.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/unit.h"

/* A folder with workloads/ and scripts/peer-tool.sh, which is `text`. */
static void tool_make(struct bench *b, char folder[32], const char *text)
{
    char path[96];
    memcpy(folder, "/tmp/millrace-peer-XXXXXX", sizeof "/tmp/millrace-peer-XXXXXX");
    check(mkdtemp(folder) != NULL);
    memset(b, 0, sizeof *b);
    snprintf(b->workloads, sizeof b->workloads, "%s/workloads", folder);
    snprintf(path, sizeof path, "%s/scripts", folder);
    check(mkdir(b->workloads, 0700) == 0 && mkdir(path, 0700) == 0);
    strncat(path, "/peer-tool.sh", sizeof path - strlen(path) - 1);
    FILE *f = fopen(path, "w");
    check(f != NULL);
    if (!f) return;
    check(fputs(text, f) >= 0);
    check(fclose(f) == 0);
}

static int run(const char *text, struct tool_took *out, struct err_text *error)
{
    char folder[32];
    struct bench *b = calloc(1, sizeof *b);
    check(b != NULL);
    if (!b) return -1;
    tool_make(b, folder, text);
    int rc = tool_run(b, "tool", "IN", "DB", out, error);
    bench_remove(folder);
    free(b);
    return rc;
}

TEST(tool, a_script_says_what_it_made_and_what_it_took)
{
    struct tool_took out;
    struct err_text error = {0};
    check_int(run("echo reading $1, writing $2\necho sales 20412 1495913462\n"
                  "echo took 0.926 s, 0.283 s of processor time\n",
                  &out, &error),
              0);
    check(out.wall_s == 0.926 && out.cpu_s == 0.283);
    check_int(out.sales, 20412);
    check_int(out.revenue, 1495913462);
}

TEST(tool, a_script_that_fails_or_does_not_say_it_all_is_an_error)
{
    struct tool_took out;
    struct err_text error = {0};
    check_int(run("echo sales 1 2\necho took 1.0 s, 1.0 s of processor time\nexit 3\n", &out, &error), ERR_IO);
    check(strstr(error.text, "peer-tool.sh ended with status 3 (it said: took 1.0 s") != NULL);
    check_int(run("echo took 1.0 s, 1.0 s of processor time\n", &out, &error), ERR_IO);
    error = (struct err_text){0};
    check_int(run("echo sales 1 2\n", &out, &error), ERR_IO);
    check(strstr(error.text, "status 0 (it said: sales 1 2)") != NULL);
}
