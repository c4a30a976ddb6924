#include "bench/target_set.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bench/steady.h"
#include "lib/os/clock.h"

enum { WARM_MESSAGES = 100000, WARM_PACED = 400, WARM_RATE = 2000 };

/* --- files --- */

int target_folder(const char *program, char out[PATH_MAX], struct err_text *error)
{
    char beside[PATH_MAX], tree[PATH_MAX], installed[PATH_MAX];
    snprintf(beside, sizeof beside, "%s", program);
    for (int up = 0; up < 2 && strrchr(beside, '/'); up++) *strrchr(beside, '/') = 0;
    bench_path(tree, beside, "bench/targets");
    bench_path(installed, beside, "share/millrace/bench/targets");
    const char *const places[] = {"bench/targets", tree, installed};
    for (int i = 0; i < 3; i++) {
        if (access(places[i], X_OK) != 0) continue;
        snprintf(out, PATH_MAX, "%s", places[i]);
        return 0;
    }
    return err_set(error, ERR_NOTFOUND, "%s: there is no such folder, nor %s: no targets are described", places[0],
                   installed);
}

int target_find(struct target_spec *spec, const char *name, const char *program, struct err_text *error)
{
    char folder[PATH_MAX], path[PATH_MAX], file[128];
    *spec = (struct target_spec){0};
    if (strchr(name, '/')) return target_spec_read(spec, name, error);
    int rc = target_folder(program, folder, error);
    if (rc < 0) return rc;
    snprintf(file, sizeof file, "%.100s.json", name);
    bench_path(path, folder, file);
    if (access(path, R_OK) != 0)
        return err_set(error, ERR_NOTFOUND, "%s: there is no such target (%s); `millrace bench targets` lists them",
                       name, path);
    return target_spec_read(spec, path, error);
}

int target_check(const struct bench *b, struct err_text *error)
{
    struct target_spec spec;
    int rc = 0;
    for (int i = 0; i < b->target_count && rc == 0; i++) {
        rc = target_find(&spec, b->targets[i], b->program, error);
        target_spec_release(&spec);
    }
    return rc;
}

/* --- warm --- */

static int warm_once(const struct target_mode *m, const char *topic, double *rate, struct err_text *error)
{
    struct load_options full = {
        .topic = topic, .acks = "1", .message_bytes = 100, .linger_ms = 5, .count = WARM_MESSAGES, .timeout_ms = 30000};
    target_load(m, &full);
    struct load_options paced = full;
    struct load_result r = {0};
    struct histogram ack, lag;
    paced.linger_ms = 0;
    paced.rate = WARM_RATE;
    paced.count = WARM_PACED;
    paced.ack_only = true;
    int rc = load_saturate(&full, &r, error);
    *rate = (double)r.acked / r.seconds;
    histogram_init(&ack);
    histogram_init(&lag);
    r.ack = &ack;
    r.lag = &lag;
    if (rc == 0) rc = load_paced(&paced, &r, error);
    histogram_release(&ack);
    histogram_release(&lag);
    return rc;
}

/* Until the rates of the last rounds have no trend any more, in both kinds of load that the experiments send. */
static int warm_up(const struct target_mode *m, struct err_text *error)
{
    double rates[STEADY_WINDOWS_MAX];
    int count = 0, rc = 0;
    bool steady = false;
    int64_t begin_ns = clock_mono_ns(), until_ns = begin_ns + (int64_t)m->spec->warm_up_s * 1000000000;
    static const char topic[] = "bench-warm-up";
    struct load_options o = {.topic = topic};
    target_load(m, &o);
    rc = load_topic_make(&o, error);
    while (rc == 0 && !steady && clock_mono_ns() < until_ns && count < STEADY_WINDOWS_MAX) {
        rc = warm_once(m, topic, &rates[count++], error);
        if (count >= STEADY_WINDOWS_MIN)
            steady = steady_find(rates + count - STEADY_WINDOWS_MIN, STEADY_WINDOWS_MIN).found;
    }
    if (rc == 0) rc = load_topic_drop(&o, error);
    if (rc == 0)
        printf("  %s was warmed up for %.0f s: %s\n", m->spec->name, (double)(clock_mono_ns() - begin_ns) / 1e9,
               steady ? "its rate is steady" : "its rate was still changing");
    fflush(stdout);
    return rc;
}

/* --- a set --- */

static bool same_words(const struct target_words *a, const struct target_words *b)
{
    if (a->count != b->count) return false;
    for (int i = 0; i < a->count; i++) {
        if (strcmp(a->items[i], b->items[i]) != 0) return false;
    }
    return true;
}

/* Modes with the same settings share a process. */
static const struct target_process *process_shared(const struct target_set *set, const struct target_spec *spec,
                                                   const struct target_durability *d)
{
    for (int i = 0; i < set->mode_count; i++) {
        if (set->modes[i].spec == spec && same_words(&set->modes[i].durability->settings, &d->settings))
            return set->modes[i].process;
    }
    return NULL;
}

static int mode_add(struct target_set *set, const struct bench *b, const struct target_spec *spec,
                    const struct target_durability *d, struct err_text *error)
{
    char folder[PATH_MAX], name[128];
    struct target_mode *m = &set->modes[set->mode_count];
    if (set->mode_count == TARGET_MODES_MAX)
        return err_set(error, ERR_RANGE, "more than %d targets and modes", TARGET_MODES_MAX);
    *m = (struct target_mode){spec, d, process_shared(set, spec, d)};
    if (m->process) {
        set->mode_count++;
        return 0;
    }
    struct target_process *p = &set->processes[set->process_count];
    snprintf(name, sizeof name, "%.60s-%.60s", spec->name, d->name);
    bench_path(folder, b->work, name);
    int rc = target_process_start(p, spec, d, b->program, folder, error);
    if (rc < 0) return rc;
    set->process_count++;
    set->mode_count++;
    m->process = p;
    return spec->warm_up_s > 0 ? warm_up(m, error) : 0;
}

/* Whether a peer's default has the promise of this mode of ours. */
static bool is_asked_for(const struct target_set *set, const struct target_durability *d)
{
    for (int i = 0; i < set->spec_count; i++) {
        if (strcmp(set->specs[i].durabilities[0].promise, d->promise) == 0) return true;
    }
    return false;
}

static int modes_add(struct target_set *set, const struct bench *b, const struct target_spec *spec,
                     enum target_choice choice, struct err_text *error)
{
    int rc = 0;
    bool ours = strcmp(spec->name, "millrace") == 0;
    for (int i = 0; i < spec->durability_count && rc == 0; i++) {
        const struct target_durability *d = &spec->durabilities[i];
        bool on_disk = set->spec_count > 1 && strcmp(d->promise, "on-disk") == 0;
        if (choice == TARGETS_EVERY_MODE || i == 0 || on_disk || (ours && is_asked_for(set, d)))
            rc = mode_add(set, b, spec, d, error);
    }
    return rc;
}

int target_not_measured(const struct bench *b, const char *experiment, const char *name, const char *why,
                        struct err_text *error)
{
    struct trial t;
    char cell[TRIAL_NAME_MAX];
    snprintf(cell, sizeof cell, "%.40s: not measured", name);
    trial_init(&t, experiment, cell, 1);
    trial_set(&t, "target", name);
    trial_void(&t, "%s", why);
    return bench_keep(b, &t, error, "not measured");
}

static int target_add(struct target_set *set, const struct bench *b, const char *experiment,
                      const struct target_spec *spec, enum target_choice choice, struct err_text *error)
{
    struct target_place place;
    char why[512];
    target_place_init(&place, spec, b->program, "");
    if (!target_present(&place, why, sizeof why)) return target_not_measured(b, experiment, spec->name, why, error);
    return modes_add(set, b, spec, choice, error);
}

int target_set_start(struct target_set *set, const struct bench *b, const char *experiment, enum target_choice choice,
                     struct err_text *error)
{
    int rc = 0;
    *set = (struct target_set){0};
    for (int i = 0; i < b->target_count && rc == 0; i++)
        rc = target_find(&set->specs[set->spec_count++], b->targets[i], b->program, error);
    for (int i = 0; i < set->spec_count && rc == 0; i++)
        rc = target_add(set, b, experiment, &set->specs[i], choice, error);
    if (rc == 0 && set->mode_count == 0) rc = err_set(error, ERR_NOTFOUND, "%s: no target can be had here", experiment);
    return rc;
}

void target_set_stop(struct target_set *set)
{
    for (int i = 0; i < set->process_count; i++) target_process_stop(&set->processes[i]);
    for (int i = 0; i < set->spec_count; i++) target_spec_release(&set->specs[i]);
    *set = (struct target_set){0};
}

/* --- what an experiment asks --- */

void target_cell_join(char out[TRIAL_NAME_MAX], const char *before, const char *cell, const char *behind)
{
    const char *const parts[] = {before, cell, behind};
    size_t n = 0;
    for (int i = 0; i < 3; i++) {
        size_t size = strlen(parts[i]);
        if (size > TRIAL_NAME_MAX - 1 - n) size = TRIAL_NAME_MAX - 1 - n;
        memcpy(out + n, parts[i], size);
        n += size;
    }
    out[n] = 0;
}

static void cell_join(const struct target_mode *m, const char *cell, const char *mode, char out[TRIAL_NAME_MAX])
{
    char before[TRIAL_NAME_MAX] = "", behind[TRIAL_NAME_MAX] = "";
    if (strcmp(m->spec->name, "millrace") != 0) snprintf(before, sizeof before, "%s: ", m->spec->name);
    if (mode[0]) snprintf(behind, sizeof behind, " %s", mode);
    target_cell_join(out, before, cell, behind);
}

void target_cell(const struct target_mode *m, const char *cell, char out[TRIAL_NAME_MAX])
{
    cell_join(m, cell, "", out);
}

void target_mode_cell(const struct target_mode *m, const char *cell, char out[TRIAL_NAME_MAX])
{
    cell_join(m, cell, m->durability == &m->spec->durabilities[0] ? "" : m->durability->name, out);
}

void target_settings(const struct target_mode *m, struct trial *t)
{
    trial_set(t, "target", m->spec->name);
    trial_set(t, "durability", m->durability->name);
    trial_set(t, "promise", m->durability->promise);
}

struct measured_target target_measured(const struct target_mode *m)
{
    return (struct measured_target){m->spec->name, m->process->address, m->process->process.pid};
}

void target_load(const struct target_mode *m, struct load_options *o)
{
    o->bootstrap = m->process->address;
    o->topic_settings = m->durability->topic.items;
    o->protocol = strcmp(m->spec->protocol, "kafka") == 0 ? NULL : m->spec->protocol;
}

bool target_knows_acks(const struct target_mode *m, const char *acks)
{
    for (int i = 0; i < m->spec->acks.count; i++) {
        if (strcmp(m->spec->acks.items[i], acks) == 0) return true;
    }
    return false;
}
