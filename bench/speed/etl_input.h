/* etl_input.h - what the rows about the pipelines read: generated files, and what a batch makes of them. */
#ifndef MILLRACE_BENCH_SPEED_ETL_INPUT_H
#define MILLRACE_BENCH_SPEED_ETL_INPUT_H

#include "bench/speed/insert_loop.h"
#include "bench/speed/speed.h"

struct etl_input {
    char in[PATH_MAX], definition[PATH_MAX], out[PATH_MAX]; /* out: a folder for databases, emptied by etl_database */
    int64_t rows;
};

enum etl_workload {
    ETL_SHOP, /* order lines as Online Retail has them */
    ETL_LOGS  /* access logs */
};

/* Generates about `events` of a workload and counts the rows of its sources. */
int etl_input_make(struct speed *s, enum etl_workload workload, int64_t events, struct etl_input *input,
                   struct err_text *error);
/* A name for a database that is not there yet. */
int etl_database(struct speed *s, struct etl_input *input, char db[PATH_MAX], struct err_text *error);
/* The metrics rate (of the clock) and cpu_rate (of processor time). */
void etl_rates(struct trial *t, const struct etl_input *input, double wall_s, double cpu_s);

#endif
