/* target_command.c - targets by themselves: listed, fetched, run in the foreground (bench.h). */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/bench.h"
#include "bench/runner.h"
#include "bench/sink.h"
#include "bench/target_process.h"
#include "bench/target_set.h"

enum { LOOK_MS = 100 };

static int is_target(const struct dirent *e)
{
    size_t n = strlen(e->d_name);
    return n > 5 && strcmp(e->d_name + n - 5, ".json") == 0;
}

static int target_print(const char *path, const char *program, struct err_text *error)
{
    struct target_spec spec;
    struct target_place place;
    char why[512] = "";
    int rc = target_spec_read(&spec, path, error);
    if (rc == 0) {
        target_place_init(&place, &spec, program, "");
        bool present = target_present(&place, why, sizeof why);
        printf("%-16s %s\n", spec.name, spec.about);
        for (int i = 0; i < spec.durability_count; i++)
            printf("%-16s   %s: an acknowledgement promises %s\n", "", spec.durabilities[i].name,
                   spec.durabilities[i].promise);
        for (int i = 0; i < spec.differs.count; i++) printf("%-16s   differs: %s\n", "", spec.differs.items[i]);
        if (!present) printf("%-16s   %s\n", "", why);
    }
    target_spec_release(&spec);
    return rc;
}

int bench_targets(struct err_text *error)
{
    char program[PATH_MAX], folder[PATH_MAX], path[PATH_MAX];
    struct dirent **names;
    int rc = process_self(program, sizeof program);
    if (rc == 0) rc = target_folder(program, folder, error);
    if (rc < 0) return rc;
    int count = scandir(folder, &names, is_target, alphasort);
    for (int i = 0; i < count; i++) {
        bench_path(path, folder, names[i]->d_name);
        if (rc == 0) rc = target_print(path, program, error);
        free(names[i]);
    }
    if (count >= 0) free(names);
    return rc;
}

int bench_target_fetch(const char *name, struct err_text *error)
{
    char program[PATH_MAX];
    struct target_spec spec = {0};
    int rc = process_self(program, sizeof program);
    if (rc == 0) rc = target_find(&spec, name, program, error);
    if (rc == 0) rc = target_fetch(&spec, program, error);
    target_spec_release(&spec);
    return rc;
}

static const struct target_durability *mode_find(const struct target_spec *spec, const char *name,
                                                 struct err_text *error)
{
    struct buf all = {0};
    for (int i = 0; i < spec->durability_count; i++) {
        if (!name || strcmp(spec->durabilities[i].name, name) == 0) {
            buf_release(&all);
            return &spec->durabilities[i];
        }
        buf_printf(&all, "%s%s", i ? ", " : "", spec->durabilities[i].name);
    }
    err_set(error, ERR_INVALID, "%s has no durability mode %s; it has: %s", spec->name, name, buf_cstr(&all));
    buf_release(&all);
    return NULL;
}

static int serve(struct target_process *p, struct err_text *error)
{
    printf("ready %s %d\n", p->address, (int)p->process.pid);
    fflush(stdout);
    while (!runner_ending()) {
        if (process_wait(&p->process, LOOK_MS) == ERR_LOCKED) continue;
        return err_set(error, ERR_IO, "%s ended by itself: see %s", p->spec->name, p->said);
    }
    return 0;
}

int bench_target_run(const char *name, const char *durability, const char *folder, struct err_text *error)
{
    char program[PATH_MAX];
    struct target_spec spec = {0};
    struct target_process p = {.process = {.out = -1}};
    runner_watch_signals();
    int rc = process_self(program, sizeof program);
    if (rc == 0) rc = target_find(&spec, name, program, error);
    const struct target_durability *mode = rc == 0 ? mode_find(&spec, durability, error) : NULL;
    if (rc == 0) rc = mode ? target_process_start(&p, &spec, mode, program, folder, error) : ERR_INVALID;
    if (rc == 0) rc = serve(&p, error);
    target_process_stop(&p);
    target_spec_release(&spec);
    return rc;
}

int bench_sink(const char *address, struct err_text *error)
{
    return sink_run(address, error);
}
