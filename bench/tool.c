#include "bench/tool.h"

#include <stdio.h>
#include <string.h>

enum { LIMIT_MS = 600000, LINE_MAX_BYTES = 256 };

static void script(const struct bench *b, const char *name, char out[PATH_MAX])
{
    char scripts[PATH_MAX], file[64];
    bench_path(scripts, b->workloads, "../scripts");
    snprintf(file, sizeof file, "peer-%s.sh", name);
    bench_path(out, scripts, file);
}

bool tool_is_there(struct bench *b, const char *name)
{
    char path[PATH_MAX];
    struct process probe;
    struct err_text error = {0};
    /* The run's own folder, where it was given one. */
    if (!b->workloads[0] && bench_workloads_find(b, NULL, &error) < 0) return false;
    script(b, name, path);
    const char *argv[] = {"bash", path, "--probe", NULL};
    return process_start(&probe, argv, PROCESS_QUIET_ERR, &error) == 0 && process_wait(&probe, -1) == 0;
}

static void line_read(const char *line, struct tool_took *out, bool *made, bool *took)
{
    long long rows, revenue;
    if (sscanf(line, "sales %lld %lld", &rows, &revenue) == 2) {
        out->sales = rows;
        out->revenue = revenue;
        *made = true;
    }
    if (sscanf(line, "took %lf s, %lf s of processor time", &out->wall_s, &out->cpu_s) == 2) *took = true;
}

int tool_run(const struct bench *b, const char *name, const char *in, const char *db, struct tool_took *out,
             struct err_text *error)
{
    char path[PATH_MAX], line[LINE_MAX_BYTES], last[LINE_MAX_BYTES] = "";
    bool made = false, took = false;
    struct process child;
    *out = (struct tool_took){0};
    script(b, name, path);
    const char *argv[] = {"bash", path, in, db, NULL};
    int rc = process_start(&child, argv, PROCESS_PIPE_OUT | PROCESS_QUIET_ERR, error);
    if (rc < 0) return rc;
    while ((rc = process_read_line(&child, line, sizeof line, LIMIT_MS)) >= 0) {
        line_read(line, out, &made, &took);
        memcpy(last, line, sizeof last);
    }
    int status = rc == ERR_CLOSED ? process_wait(&child, -1) : process_stop(&child, 0);
    if (status != 0 || !made || !took)
        return err_set(error, ERR_IO, "%s ended with status %d (it said: %s)", path, status, last);
    return 0;
}
