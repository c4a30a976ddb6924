/* tool.h - what a user would write instead of a pipeline: scripts that run other tools over the files of
 * workloads/ecommerce/online_retail.json and make its tables (scripts/peer-NAME.sh: the sqlite3 shell, DuckDB, pandas).
 *
 *     peer-NAME.sh --probe     status 0 when its tool is there
 *     peer-NAME.sh IN DB       its last lines: "sales ROWS REVENUE", "took SECONDS s, SECONDS s of processor time"
 *
 * A script says itself what it took, so that the start of an interpreter is not measured. */
#ifndef MILLRACE_BENCH_TOOL_H
#define MILLRACE_BENCH_TOOL_H

#include "bench/experiment.h"

struct tool_took {
    double wall_s, cpu_s;
    int64_t sales, revenue; /* rows of the table sales; thousandths: who drops rows would win */
};

/* Whether the tool of "import", "duckdb" or "pandas" is there. Finds b->workloads, if that is not
 * known yet: the scripts are beside it. */
bool tool_is_there(struct bench *b, const char *name);
/* Runs it to its end, at most ten minutes. ERR_IO: what it said last, and its status. */
int tool_run(const struct bench *b, const char *name, const char *in, const char *db, struct tool_took *out,
             struct err_text *error);

#endif
