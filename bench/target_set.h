/* target_set.h - the targets of an experiment, side by side in one run.
 *
 *     target_set_start(&set, b, TARGETS_EVERY_MODE, &error)
 *     for each mode: its cells, as "acks=1 page-cache" of ours and "apache-kafka: acks=1 page-cache" of a peer
 *     target_set_stop(&set)
 *
 * Every target of the run (struct bench) is started, once for each set of settings that its modes have, and warmed up;
 * they stay up together, because their trials take turns. What cannot be had on this machine is told of and left out:
 * its one trial, void, says so in the results ("apache-kafka: not measured"). */
#ifndef MILLRACE_BENCH_TARGET_SET_H
#define MILLRACE_BENCH_TARGET_SET_H

#include "bench/experiment.h"
#include "bench/measure.h"
#include "bench/target_process.h"

enum { TARGET_MODES_MAX = 24 };

struct target_mode { /* a target in one of its durability modes */
    const struct target_spec *spec;
    const struct target_durability *durability;
    const struct target_process *process;
};

struct target_set {
    struct target_spec specs[BENCH_TARGETS_MAX];
    int spec_count;
    struct target_process processes[TARGET_MODES_MAX];
    int process_count;
    struct target_mode modes[TARGET_MODES_MAX];
    int mode_count;
};

enum target_choice {
    TARGETS_EVERY_MODE,
    /* Each target's default mode; of ours those with the promises of the peers' defaults, too; and where there are
     * peers, every target's mode that syncs before it acknowledges. */
    TARGETS_DEFAULTS
};

/* Negative when a file is wrong, a target that is there does not start, or none is left. */
int target_set_start(struct target_set *set, const struct bench *b, const char *experiment, enum target_choice choice,
                     struct err_text *error);
void target_set_stop(struct target_set *set);
/* Keeps the void trial "NAME: not measured" that says why a target has no others. */
int target_not_measured(const struct bench *b, const char *experiment, const char *name, const char *why,
                        struct err_text *error);

/* The three one behind the other; what does not fit is cut. */
void target_cell_join(char out[TRIAL_NAME_MAX], const char *before, const char *cell, const char *behind);
/* A cell's name: ours as it is, behind those of another target "NAME: ". */
void target_cell(const struct target_mode *m, const char *cell, char out[TRIAL_NAME_MAX]);
/* The same where only the default modes are measured: one that is not the target's default is named, too. */
void target_mode_cell(const struct target_mode *m, const char *cell, char out[TRIAL_NAME_MAX]);
/* Settings target, durability and promise of the trial. */
void target_settings(const struct target_mode *m, struct trial *t);
struct measured_target target_measured(const struct target_mode *m);
/* What a load on it needs of it: address and settings of topics. */
void target_load(const struct target_mode *m, struct load_options *o);
bool target_knows_acks(const struct target_mode *m, const char *acks);

/* Reads the file of a target: a name of bench/targets (of the current folder, beside the program, or installed), or a
 * path with a slash. */
int target_find(struct target_spec *spec, const char *name, const char *program, struct err_text *error);
/* Whether the files of a run's targets can be read: asked before anything is measured. */
int target_check(const struct bench *b, struct err_text *error);
/* The folder of them, or ERR_NOTFOUND. */
int target_folder(const char *program, char out[PATH_MAX], struct err_text *error);

#endif
