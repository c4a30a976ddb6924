#include "etl/stream/crew.h"

#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "etl/engine.h"
#include "lib/base/log.h"
#include "lib/base/memory.h"
#include "lib/os/clock.h"

enum {
    STOP_MS = 15000,
    EARLY_MS = 1000, /* who dies younger than this died early */
    EARLY_DEATHS_MAX = 20
};

static int member_start(struct crew *c, struct crew_member *m, struct err_text *error)
{
    char program[PATH_MAX], instance[32], run[24];
    int result = process_self(program, sizeof program);
    if (result != 0) return err_set(error, result, "cannot find this program's own path");
    snprintf(instance, sizeof instance, "worker-%d", m->number);
    snprintf(run, sizeof run, "%" PRId64, c->options.run);
    const struct worker_options *o = &c->options;
    char commit_ms[16];
    snprintf(commit_ms, sizeof commit_ms, "%d", o->commit_ms);
    const char *argv[24] = {program,   "stream", "worker",      o->definition, "--db",    o->db,
                            "--topic", o->topic, "--bootstrap", o->bootstrap,  "--group", o->group,
                            "--run",   run,      "--instance",  instance,      NULL};
    int count = 0;
    while (argv[count]) count++;
    if (o->backfill) argv[count++] = "--backfill";
    if (o->commit_ms) argv[count++] = "--commit-ms", argv[count++] = commit_ms;
    if (o->probe) argv[count++] = "--probe", argv[count++] = o->probe;
    m->started_ns = clock_mono_ns();
    result = process_start(&m->process, argv, 0, error);
    if (result != 0) return result;
    printf("worker %d %d\n", m->number, (int)m->process.pid);
    return fflush(stdout) == 0 ? 0 : err_set(error, ERR_IO, "standard output cannot be written");
}

int crew_start(struct crew *c, const struct worker_options *options, int count, struct err_text *error)
{
    c->options = *options;
    c->members = memory_new((size_t)count * sizeof *c->members);
    int result = 0;
    for (int i = 0; i < count && result == 0; i++) {
        c->count = i + 1;
        c->members[i].number = i + 1;
        result = member_start(c, &c->members[i], error);
    }
    return result;
}

static int member_replace(struct crew *c, struct crew_member *m, int pid, int status, struct err_text *error)
{
    bool early = clock_mono_ns() - m->started_ns < (int64_t)EARLY_MS * 1000000;
    m->early_deaths = early ? m->early_deaths + 1 : 0;
    if (m->early_deaths > EARLY_DEATHS_MAX)
        return err_set(error, ERR_CLOSED, "worker %d died %d times within %d ms of its start, last with status %d",
                       m->number, m->early_deaths, EARLY_MS, status);
    log_warn("stream", "worker %d (%d) has gone with status %d: replaced", m->number, pid, status);
    return member_start(c, m, error);
}

int crew_watch(struct crew *c, struct err_text *error)
{
    int result = 0;
    for (int i = 0; i < c->count && result == 0; i++) {
        struct crew_member *m = &c->members[i];
        int pid = (int)m->process.pid;
        int status = process_wait(&m->process, 0);
        if (status == ERR_LOCKED) continue; /* it runs */
        if (status == 1)
            result = err_set(error, ENGINE_RULE_FAILED, "worker %d: a rule failed", m->number);
        else if (status == 2)
            result = err_set(error, ERR_CLOSED, "worker %d could not go on", m->number);
        else
            result = member_replace(c, m, pid, status, error);
    }
    return result;
}

void crew_stop(struct crew *c)
{
    for (int i = 0; i < c->count; i++)
        if (c->members[i].process.pid != 0) process_signal(&c->members[i].process, SIGTERM);
    for (int i = 0; i < c->count; i++)
        if (c->members[i].process.pid != 0) process_stop(&c->members[i].process, STOP_MS);
    free(c->members);
    *c = (struct crew){.count = 0};
}
