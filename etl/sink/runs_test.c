#include "etl/sink/runs.h"

#include "etl/engine_try_test.h"
#include "tests/unit.h"

#define DEFINITION                                                                                                     \
    "{\"pipeline\": \"p\", \"version\": 1, \"source\": {\"format\": \"csv\", \"glob\": \"*\", \"header\": false, "     \
    "\"columns\": [{\"name\": \"a\", \"field\": 1, \"type\": \"integer\"}]}, \"tables\": [{\"name\": \"t\"}]}"

static int64_t begun(sqlite3 *db, struct definition *d, enum engine_mode mode, const char *input)
{
    struct err_text error = {{0}};
    int64_t run = 0;
    if (engine_run_begin(db, d, mode, input, &run, &error) != 0) unit_fail("%s", error.text);
    return run;
}

TEST(runs, a_run_that_nobody_ended_is_interrupted_by_the_next)
{
    struct definition *d = try_definition(DEFINITION);
    struct err_text error = {{0}};
    struct run_last last;
    sqlite3 *db;
    sqlite3_open(":memory:", &db);
    check_int(begun(db, d, ENGINE_APPEND, "x"), 1);
    check_int(runs_last(d, db, "append", "x", &last, &error), 0);
    check(last.run == 1 && !last.done && last.same);
    check_int(begun(db, d, ENGINE_APPEND, "x"), 2);
    check_int(runs_count(db, 2, &(struct run_counts){9, 7, 2, 1, 3, 4, 5}, &error), 0);
    check_int(runs_end(db, 2, RUN_DONE, NULL, &error), 0);
    check_int(begun(db, d, ENGINE_APPEND, "y"), 3);
    check_int(runs_end(db, 3, RUN_FAILED, "it's wrong", &error), 0);
    check_str(try_text(db, "SELECT run, mode, status, read, accepted, rejected, warned, replaced, taken_back, files, "
                           "error, ended IS NULL FROM etl_runs ORDER BY run"),
              "1|append|interrupted|||||||||1;2|append|done|9|7|2|1|3|4|5||0;3|append|failed||||||||it's wrong|0");
    sqlite3_close(db);
    definition_free(d);
}

TEST(runs, the_same_is_mode_definition_and_input)
{
    struct definition *d = try_definition(DEFINITION), *other = try_definition(DEFINITION " ");
    struct err_text error = {{0}};
    struct run_last last;
    sqlite3 *db;
    sqlite3_open(":memory:", &db);
    check_int(runs_end(db, begun(db, d, ENGINE_FRESH, "x"), RUN_DONE, NULL, &error), 0);
    check_int(runs_last(d, db, "full", "x", &last, &error), 0);
    check(last.done && last.same);
    check_int(runs_last(d, db, "full", "y", &last, &error), 0);
    check(!last.same);
    check_int(runs_last(d, db, "append", "x", &last, &error), 0);
    check(!last.same);
    check_int(runs_last(other, db, "full", "x", &last, &error), 0);
    check(!last.same);
    sqlite3_close(db);
    definition_free(d);
    definition_free(other);
}

TEST(runs, a_table_of_that_name_may_be_somebody_elses)
{
    struct err_text error = {{0}};
    sqlite3 *db;
    sqlite3_open(":memory:", &db);
    try_sql(db, "CREATE TABLE ETL_runs(x)");
    check_int(runs_prepare(db, &error), ERR_EXISTS);
    check(strstr(error.text, "there is already a table or view \"etl_runs\" that no pipeline made") != NULL);
    sqlite3_close(db);
}
