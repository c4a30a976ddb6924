/* manifest.h - DIR/E1/manifest.json: what it takes to repeat an experiment, written when it ends.
 *
 *     experiment, question, command   how it was asked for
 *     started, seconds, budget_s      when (UTC), how long it took and might have taken
 *     cut, ended                      trials that there was no time for; whether a signal ended it
 *     program                         commit of the tree that it was built in, whether that was changed, CRC-32C of the
 * file machine                         hash (results.h), processor, memory, mitigations, file system and its device
 *     system                          kernel, distribution, sysctls, limits of the process
 *     versions                        of compiler and libraries
 *     earlier                         runs of the same folder before: their command, started, seconds, program
 *     seeds                           of the order of trials; arrivals are drawn with the number of their trial
 *     configs                         the settings of each cell
 *
 * What cannot be read here is null. No name of a host, a user or a folder is in it. */
#ifndef MILLRACE_BENCH_MANIFEST_H
#define MILLRACE_BENCH_MANIFEST_H

#include "bench/experiment.h"

struct manifest {
    const char *experiment, *question, *command;
    json_t *started; /* borrowed */
    double seconds, budget_s;
    bool ended;
};

/* Writes DIR/EXPERIMENT/manifest.json, also when no trial was made. */
int manifest_write(const struct bench *b, const struct manifest *m, struct err_text *error);
/* {"hash": ..., "cpu": ..., ...}, {"kernel": ..., "sysctls": {...}, ...}: the caller's. */
json_t *manifest_machine(const char *dir);
json_t *manifest_system(void);

#endif
