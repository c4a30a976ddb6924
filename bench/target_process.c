#include "bench/target_process.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/experiment.h"
#include "bench/folder.h"
#include "lib/os/clock.h"
#include "lib/os/net.h"

enum { WORDS_MAX = 64, COMMAND_S = 1200, LOOK_MS = 50 };

/* --- files and commands --- */

static int text_write(const char *path, const struct target_words *lines, const struct target_place *place,
                      struct arena *arena, struct err_text *error)
{
    FILE *file = fopen(path, "w");
    if (!file) return err_set(error, err_from_errno(errno), "%s: cannot be written: %s", path, strerror(errno));
    for (int i = 0; i < lines->count; i++) fprintf(file, "%s\n", target_expand(place, lines->items[i], arena));
    return fclose(file) == 0 ? 0 : err_set(error, ERR_IO, "%s: cannot be written", path);
}

static void command_expand(const struct target_words *words, const struct target_place *place, struct arena *arena,
                           const char *argv[WORDS_MAX], int *count)
{
    for (int i = 0; i < words->count; i++) {
        assert(*count < WORDS_MAX - 1);
        argv[(*count)++] = target_expand(place, words->items[i], arena);
    }
    argv[*count] = NULL;
}

static int command_run(const struct target_words *words, const struct target_place *place, const char *said,
                       struct arena *arena, struct err_text *error)
{
    const char *argv[WORDS_MAX];
    int count = 0;
    struct process p;
    command_expand(words, place, arena, argv, &count);
    int rc = process_start_logged(&p, argv, PROCESS_OUT_TO_ERR | PROCESS_OWN_GROUP, said, error);
    if (rc < 0) return rc;
    int status = process_wait(&p, COMMAND_S * 1000);
    if (status < 0) process_stop(&p, 1000);
    if (status == 0) return 0;
    return err_set(error, ERR_IO, "%s: `%s ...` ended with status %d: see %s", place->spec->name, argv[0], status,
                   said ? said : "above");
}

static int steps_run(const struct target_steps *steps, const struct target_place *place, const char *said,
                     struct err_text *error)
{
    struct arena arena = {0};
    int rc = 0;
    for (int i = 0; i < steps->file_count && rc == 0; i++)
        rc = text_write(target_expand(place, steps->files[i].path, &arena), &steps->files[i].lines, place, &arena,
                        error);
    for (int i = 0; i < steps->command_count && rc == 0; i++)
        rc = command_run(&steps->commands[i], place, said, &arena, error);
    arena_release(&arena);
    return rc;
}

int target_fetch(const struct target_spec *spec, const char *program, struct err_text *error)
{
    struct target_place place;
    char why[512];
    target_place_init(&place, spec, program, "");
    if (target_present(&place, why, sizeof why)) return 0;
    if (spec->fetch.command_count == 0) return err_set(error, ERR_NOTFOUND, "%s", why);
    int rc = folders_make(place.cache, error);
    if (rc == 0) rc = steps_run(&spec->fetch, &place, NULL, error);
    if (rc == 0 && !target_present(&place, why, sizeof why)) rc = err_set(error, ERR_NOTFOUND, "%s", why);
    return rc;
}

/* --- start and stop --- */

static int ports_choose(struct target_place *place, struct err_text *error)
{
    struct net_address any = {.host = "127.0.0.1"};
    int listeners[2] = {-1, -1}, rc = 0;
    for (int i = 0; i < 2 && rc >= 0; i++) rc = listeners[i] = net_listen(&any, &place->ports[i], error);
    for (int i = 0; i < 2; i++) {
        if (listeners[i] >= 0) close(listeners[i]);
    }
    return rc < 0 ? rc : 0;
}

static int line_wait(struct target_process *p)
{
    char line[256] = "";
    size_t n = strlen(p->spec->ready_line);
    int rc = process_read_line(&p->process, line, sizeof line, p->spec->ready_s * 1000);
    if (rc < 0 || strncmp(line, p->spec->ready_line, n) != 0) return ERR_IO;
    snprintf(p->address, sizeof p->address, "%.*s", (int)sizeof p->address - 1, line + n);
    return 0;
}

static int connect_wait(struct target_process *p)
{
    struct net_address a;
    struct err_text hidden = {0};
    int64_t give_up_ns = clock_mono_ns() + (int64_t)p->spec->ready_s * 1000000000;
    int rc = net_address_parse(p->address, &a, &hidden);
    while (rc == 0 && clock_mono_ns() < give_up_ns) {
        if (process_wait(&p->process, 0) != ERR_LOCKED) return ERR_IO;
        int connection = net_connect(&a, LOOK_MS, &hidden);
        if (connection >= 0) {
            close(connection);
            return 0;
        }
        clock_sleep_ms(LOOK_MS);
    }
    return ERR_IO;
}

static int spawn(struct target_process *p, const struct target_place *place, const struct target_durability *mode,
                 struct err_text *error)
{
    const char *argv[WORDS_MAX];
    int count = 0, flags = p->spec->ready_line ? PROCESS_PIPE_OUT : PROCESS_OUT_TO_ERR;
    struct arena arena = {0};
    command_expand(&p->spec->start, place, &arena, argv, &count);
    command_expand(&mode->settings, place, &arena, argv, &count);
    if (p->spec->ready_connect)
        snprintf(p->address, sizeof p->address, "%s", target_expand(place, p->spec->ready_connect, &arena));
    int rc = process_start_logged(&p->process, argv, flags | PROCESS_OWN_GROUP, p->said, error);
    arena_release(&arena);
    if (rc < 0) return rc;
    rc = p->spec->ready_line ? line_wait(p) : connect_wait(p);
    return rc == 0 ? 0
                   : err_set(error, ERR_IO, "%s did not get ready within %d s: see %s", p->spec->name, p->spec->ready_s,
                             p->said);
}

int target_process_start(struct target_process *p, const struct target_spec *spec, const struct target_durability *mode,
                         const char *program, const char *folder, struct err_text *error)
{
    struct target_place place;
    char why[512];
    *p = (struct target_process){.spec = spec, .process = {.out = -1}};
    target_place_init(&place, spec, program, p->folder);
    snprintf(p->folder, sizeof p->folder, "%s", folder);
    snprintf(p->said, sizeof p->said, "%.*s.log", PATH_MAX - 8, folder);
    if (!target_present(&place, why, sizeof why)) return err_set(error, ERR_NOTFOUND, "%s", why);
    bench_remove(p->folder);
    unlink(p->said);
    int rc = folders_make(p->folder, error);
    if (rc == 0) rc = ports_choose(&place, error);
    if (rc == 0) rc = steps_run(&spec->prepare, &place, p->said, error);
    if (rc == 0) rc = spawn(p, &place, mode, error);
    if (rc < 0) target_process_stop(p);
    return rc;
}

void target_process_stop(struct target_process *p)
{
    if (!p->spec) return;
    process_signal(&p->process, p->spec->stop_signal);
    if (p->process.pid > 0 && process_wait(&p->process, p->spec->stop_s * 1000) == ERR_LOCKED)
        process_stop(&p->process, 0);
    if (p->folder[0]) bench_remove(p->folder);
    *p = (struct target_process){.process = {.out = -1}};
}
