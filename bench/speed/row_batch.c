/* How fast a batch refreshes a whole warehouse, beside the least that filling the same one costs (insert_loop.h) and
 * beside what a user would write instead: the sqlite3 shell with `.import` and SQL, DuckDB with SQL. These two read the
 * same files and make the same tables (scripts/peer-import.sh, scripts/peer-duckdb.sh). */
#include <stdio.h>

#include "bench/speed/etl_input.h"
#include "bench/tool.h"

enum { SHOP_EVENTS = 200000, LOG_EVENTS = 300000 };

static struct etl_input input;
static struct insert_rows *rows;

static int batch(struct speed *s, const char *db, struct trial *t, struct err_text *error)
{
    double wall_s, cpu_s;
    int rc = bench_command(s->bench, &wall_s, &cpu_s, error, "etl", "run", input.definition, "--in", input.in, "--db",
                           db, NULL);
    if (rc == 0) etl_rates(t, &input, wall_s, cpu_s);
    return rc;
}

static int loop(const char *db, struct trial *t, struct err_text *error)
{
    struct insert_took took;
    int rc = insert_loop(rows, db, false, &took, error);
    if (rc == 0) etl_rates(t, &input, took.wall_s, took.cpu_s);
    return rc;
}

/* What was made must be as large: a side that dropped rows would win. */
static int sum_check(int64_t theirs, const char *sql, struct trial *t, struct err_text *error)
{
    char reference[PATH_MAX];
    int64_t ours = 0;
    snprintf(reference, sizeof reference, "%.*s/reference.db", PATH_MAX / 2, input.in);
    int rc = bench_ask(reference, sql, &ours, error);
    if (rc == 0 && ours != theirs)
        trial_void(t, "rows and their sum are %lld instead of %lld", (long long)theirs, (long long)ours);
    return rc;
}

static int rows_check(const char *db, const char *sql, struct trial *t, struct err_text *error)
{
    int64_t theirs = 0;
    int rc = bench_ask(db, sql, &theirs, error);
    return rc == 0 ? sum_check(theirs, sql, t, error) : rc;
}

static int peer(struct speed *s, const char *name, const char *db, const char *sql, struct trial *t,
                struct err_text *error)
{
    struct tool_took took;
    int rc = tool_run(s->bench, name, input.in, db, &took, error);
    if (rc < 0) return rc;
    etl_rates(t, &input, took.wall_s, took.cpu_s);
    return sum_check(took.sales + took.revenue, sql, t, error);
}

static int measure(struct speed *s, const char *side, const char *sql, struct trial *t, struct err_text *error)
{
    char db[PATH_MAX];
    int rc = etl_database(s, &input, db, error);
    if (rc < 0) return rc;
    if (speed_is(side, "import") || speed_is(side, "duckdb")) return peer(s, side, db, sql, t, error);
    rc = speed_is(side, "millrace") ? batch(s, db, t, error) : loop(db, t, error);
    return rc == 0 ? rows_check(db, sql, t, error) : rc;
}

static int shop_measure(struct speed *s, const char *side, struct trial *t, struct err_text *error)
{
    return measure(s, side, "SELECT count(*) + sum(revenue) FROM sales", t, error);
}

static int logs_measure(struct speed *s, const char *side, struct trial *t, struct err_text *error)
{
    return measure(s, side, "SELECT count(*) + sum(bytes) FROM hits", t, error);
}

static int prepare(struct speed *s, enum etl_workload workload, int64_t events, struct err_text *error)
{
    char made[PATH_MAX], kept[PATH_MAX];
    int rc = etl_input_make(s, workload, speed_scaled(s, events, 1000), &input, error);
    if (rc < 0) return rc;
    bench_path(made, input.out, "warehouse.db");
    bench_path(kept, input.in, "reference.db");
    rc = rename(made, kept) == 0 ? 0 : err_set(error, ERR_IO, "%s: cannot be renamed", made);
    return rc == 0 ? insert_rows_read(kept, &rows, error) : rc;
}

static int shop_prepare(struct speed *s, const char *side, struct err_text *error)
{
    return speed_is(side, "millrace") ? prepare(s, ETL_SHOP, SHOP_EVENTS, error) : 0;
}

static int logs_prepare(struct speed *s, const char *side, struct err_text *error)
{
    return speed_is(side, "millrace") ? prepare(s, ETL_LOGS, LOG_EVENTS, error) : 0;
}

static int finish(struct speed *s, const char *side, struct err_text *error)
{
    (void)s, (void)error;
    if (!speed_is(side, "millrace")) return 0;
    insert_rows_free(rows);
    rows = NULL;
    bench_remove(input.in);
    return 0;
}

static const char *const shop_sides[] = {"millrace", "insert", "import", "duckdb", NULL};
static const char *const logs_sides[] = {"millrace", "insert", NULL};
static const struct speed_bar shop_bars[] = {
    {"rows/s / insert-only loop", "millrace", "rate", "insert", NULL, SPEED_AT_LEAST, 0.7},
    {"the same by processor time", "millrace", "cpu_rate", "insert", NULL, SPEED_AT_LEAST, 0.7},
    {"rows/s / sqlite3 shell, .import and SQL", "millrace", "rate", "import", NULL, SPEED_AT_LEAST, 1},
    {"the same by processor time", "millrace", "cpu_rate", "import", NULL, SPEED_AT_LEAST, 1},
    {"rows/s / DuckDB, sniffing", "millrace", "rate", "duckdb", NULL, SPEED_AT_LEAST, 1},
    {0},
};
static const struct speed_bar logs_bars[] = {
    {"rows/s / insert-only loop", "millrace", "rate", "insert", NULL, SPEED_AT_LEAST, 0.7},
    {"the same by processor time", "millrace", "cpu_rate", "insert", NULL, SPEED_AT_LEAST, 0.7},
    {0},
};
const struct speed_row speed_row_batch_shop = {
    "batch-shop",  "batch, Online Retail-like, full refresh",
    "WAL, NORMAL", NULL,
    shop_sides,    shop_bars,
    shop_measure,  shop_prepare,
    finish,
};
const struct speed_row speed_row_batch_logs = {
    "batch-logs",  "batch, access logs, full refresh",
    "WAL, NORMAL", NULL,
    logs_sides,    logs_bars,
    logs_measure,  logs_prepare,
    finish,
};
