/* How fast a stream catches up with a topic that is complete already, on four partitions with two workers; beside a
 * batch over the same rows, and beside a loop that only inserts them with all indexes live (insert_loop.h). */
#include <stdio.h>

#include "bench/speed/etl_input.h"

enum { EVENTS = 200000 };
#define TOPIC "replayed"

static struct etl_input input;
static struct insert_rows *rows;

static int stream(struct speed *s, bool backfill, const char *db, double *wall_s, double *cpu_s, struct err_text *error)
{
    return bench_command(s->bench, wall_s, cpu_s, error, "stream", "run", input.definition, "--topic", TOPIC, "--db",
                         db, "--workers", "2", "--bootstrap", s->ours.bootstrap, backfill ? "--backfill" : NULL, NULL);
}

static int prepare(struct speed *s, const char *side, struct err_text *error)
{
    char db[PATH_MAX];
    if (!speed_is(side, "live")) return 0;
    int rc = etl_input_make(s, ETL_SHOP, speed_scaled(s, EVENTS, 1000), &input, error);
    if (rc == 0)
        rc = bench_command(s->bench, NULL, NULL, error, "stream", "publish", input.definition, "--topic", TOPIC, "--in",
                           input.in, "--partitions", "4", "--bootstrap", s->ours.bootstrap, NULL);
    if (rc == 0) rc = etl_database(s, &input, db, error);
    if (rc == 0) rc = stream(s, false, db, NULL, NULL, error);
    return rc == 0 ? insert_rows_read(db, &rows, error) : rc;
}

static int measure(struct speed *s, const char *side, struct trial *t, struct err_text *error)
{
    char db[PATH_MAX];
    double wall_s = 0, cpu_s = 0;
    struct insert_took took;
    int rc = etl_database(s, &input, db, error);
    if (rc < 0) return rc;
    if (speed_is(side, "insert")) {
        rc = insert_loop(rows, db, true, &took, error);
        wall_s = took.wall_s;
        cpu_s = took.cpu_s;
    } else if (speed_is(side, "batch")) {
        rc = bench_command(s->bench, &wall_s, &cpu_s, error, "etl", "run", input.definition, "--in", input.in, "--db",
                           db, NULL);
    } else {
        rc = stream(s, speed_is(side, "backfill"), db, &wall_s, &cpu_s, error);
    }
    if (rc == 0) etl_rates(t, &input, wall_s, cpu_s);
    return rc;
}

static int finish(struct speed *s, const char *side, struct err_text *error)
{
    (void)s, (void)error;
    if (!speed_is(side, "live")) return 0;
    insert_rows_free(rows);
    rows = NULL;
    bench_remove(input.in);
    return 0;
}

/* Kafka's default of three seconds for a group's first members would be most of a trial. */
static const char *const settings[] = {"group.initial.rebalance.delay.ms=100", NULL};
static const char *const sides[] = {"live", "backfill", "batch", "insert", NULL};
static const struct speed_bar bars[] = {
    {"rows/s, --backfill / batch", "backfill", "rate", "batch", NULL, SPEED_AT_LEAST, 0.5},
    {"the same by processor time", "backfill", "cpu_rate", "batch", NULL, SPEED_AT_LEAST, 0.5},
    {"rows/s, live / insert loop with live indexes", "live", "rate", "insert", NULL, SPEED_AT_LEAST, 0.8},
    {"the same by processor time", "live", "cpu_rate", "insert", NULL, SPEED_AT_LEAST, 0.8},
    {0},
};
const struct speed_row speed_row_replay = {
    "replay", "stream over a complete topic, two workers", "page-cache, WAL", settings, sides, bars, measure, prepare,
    finish,
};
