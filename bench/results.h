/* results.h - where results lie: a folder per run and machine, in it one per experiment.
 *
 *     results/2026-11-27-a1b2c3d4/            DATE (UTC) and MACHINE, a short hash of its hardware: no name of a host
 *       E1/manifest.json                      all that it takes to repeat it (manifest.h)
 *       E1/trial-*.json, trial-*.hlog         the trials (trial.h)
 *       E1/summary.json                       what came out per cell (summary.h)
 *       E1/e1_throughput.csv                  the data of each figure (report)
 *       limits/ figures/ report.html
 *     results/latest                          a link to the last one
 *
 * Every path in these files is relative to the folder that the file lies in. */
#ifndef MILLRACE_BENCH_RESULTS_H
#define MILLRACE_BENCH_RESULTS_H

#include <jansson.h>
#include <stddef.h>

#include "lib/base/err.h"

enum { RESULTS_MACHINE_MAX = 16 };

/* "a1b2c3d4": of processor, their number, memory in GiB and architecture. */
void results_machine(char out[RESULTS_MACHINE_MAX]);

/* Writes a file whole or not at all: a run may be ended at any moment. */
int results_write(const char *path, const void *p, size_t n, struct err_text *error);
/* The same of a document, which it releases. */
int results_write_json(const char *path, json_t *json, struct err_text *error);

#endif
