/* The promise of the engine, tried on small random inputs full of collisions: whatever the order of
 * arrival, the commits, the roll-backs and the number of engines on one database, the tables are those
 * of a batch over the same records, also at every prefix. */
#include <unistd.h>

#include "etl/engine_try_test.h"
#include "etl/operator/recent.h"
#include "etl/operator/spill.h"
#include "etl/operator/unique.h"
#include "tests/unit.h"

#include "etl/engine_test.h"

static void line_of_times(struct random *r, char *out, size_t size, uint64_t times)
{
    snprintf(out, size, "%d,2024-01-01 00:0%d:%02d,%c,%d.%d", (int)random_below(r, 12), (int)random_below(r, 2),
             (int)random_below(r, times) * 5, (char)('A' + random_below(r, 4)), (int)random_below(r, 4) - 1,
             (int)random_below(r, 2));
    if (random_chance(r, 1, 20)) snprintf(out, size, "broken");
}

static void line_write(struct random *r, char *out, size_t size)
{
    line_of_times(r, out, size, 12);
}

/* Few times, so that records of several sources at one position have one time too. */
static void line_of_few_times(struct random *r, char *out, size_t size)
{
    line_of_times(r, out, size, 3);
}

static void streams_try(const char *definition, int seeds, try_line *line, bool replaces)
{
    struct definition *d = try_definition(definition);
    try_streams(d, seeds, line, replaces);
    definition_free(d);
}

TEST(engine, any_order_ends_in_the_tables_of_a_batch)
{
    streams_try(DEFINITION, 40, line_write, false);
}

TEST(engine, records_that_are_taken_back_leave_nothing)
{
    streams_try(DEFINITION, 25, line_write, true);
}

TEST(engine, of_several_sources_too)
{
    streams_try(SEVERAL, 10, line_of_few_times, true);
}

TEST(engine, any_order_of_several_sources_too)
{
    streams_try(SEVERAL, 15, line_of_few_times, false);
}

TEST(engine, one_who_is_alone_with_many_keys_makes_their_index)
{
    size_t usual = unique_holders_max;
    unique_holders_max = 8;
    streams_try(DEFINITION, 6, line_write, true);
    unique_holders_max = usual;
}

/* With room for some rows all go through both generations, and are carried over while others take turns. */
TEST(engine, what_was_written_lately_is_carried_over_while_rows_come_and_go)
{
    size_t usual = recent_bytes_max;
    const size_t rooms[] = {0, 700, 4000};
    for (int i = 0; i < 3; i++) {
        recent_bytes_max = rooms[i];
        streams_try(DEFINITION, 6, line_write, true);
        streams_try(SEVERAL, 4, line_of_few_times, false);
    }
    recent_bytes_max = usual;
}

/* With no room each row is a part of its own, with some a group or a session has several. */
static void spilled_try(size_t room)
{
    size_t usual = spill_memory_max;
    spill_memory_max = room;
    streams_try(DEFINITION, 12, line_write, false);
    streams_try(SEVERAL, 6, line_of_few_times, false);
    spill_memory_max = usual;
}

TEST(engine, groups_and_sessions_that_have_no_room_in_memory_are_the_same)
{
    spilled_try(0);
    spilled_try(4000);
}

static int64_t number(sqlite3 *db, const char *query)
{
    sqlite3_stmt *s;
    if (sqlite3_prepare_v2(db, query, -1, &s, NULL) != SQLITE_OK) unit_fail("%s: %s", query, sqlite3_errmsg(db));
    check_int(sqlite3_step(s), SQLITE_ROW);
    int64_t n = sqlite3_column_int64(s, 0);
    sqlite3_finalize(s);
    return n;
}

TEST(engine, a_row_has_every_violation_and_one_bucket)
{
    struct definition *d = try_definition(DEFINITION);
    const char *lines[] = {"1,2024-01-01 00:00:00,A,-1", "1,2024-01-01 00:00:00,A,-1", "1,2024-01-01 00:00:00,B,2",
                           "x,y", NULL};
    sqlite3 *db = try_batch(d, lines);
    check_int(number(db, "SELECT count(*) FROM quarantine"), 4);
    check_int(number(db, "SELECT count(*) FROM quarantine WHERE byte_offset = 10 AND ordinal IN (1, 4)"), 2);
    check_int(number(db, "SELECT rows FROM rejects WHERE rule = 'same' AND ordinal = 1"), 1);
    check_int(number(db, "SELECT rows FROM rejects WHERE rule = 'negative'"), 1);
    check_int(number(db, "SELECT rows FROM rejects WHERE rule = 'format' AND ordinal = 0"), 1);
    check_int(number(db, "SELECT accepted FROM records"), 1);
    check_int(number(db, "SELECT count(*) FROM bad WHERE n = -100"), 1);
    check_int(number(db, "SELECT s = '2.00' FROM v"), 1);
    sqlite3_close(db);
    definition_free(d);
}

TEST(engine, a_batch_replaces_its_own_tables_and_nothing_else)
{
    struct definition *d = try_definition(DEFINITION);
    struct err_text error = {{0}};
    struct engine *e;
    const char *lines[] = {NULL};
    sqlite3 *db = try_batch(d, lines);
    try_sql(db, "CREATE TABLE mine(x); CREATE VIEW over_it AS SELECT * FROM good; BEGIN IMMEDIATE");
    e = try_opened(d, db, ENGINE_FRESH);
    try_ok(engine_flush(e), e);
    try_ok(engine_install(e), e);
    engine_close(e);
    try_sql(db, "COMMIT");
    check_int(number(db, "SELECT count(*) FROM sqlite_schema WHERE name = 'mine' OR name = 'over_it'"), 2);
    check_int(number(db, "SELECT c FROM total"), 0);
    /* A stream does not go on where a batch was. */
    check_int(engine_open(d, db, ENGINE_LIVE, 1, &e, &error), ERR_EXISTS);
    sqlite3_close(db);

    sqlite3_open(":memory:", &db);
    try_sql(db, "CREATE TABLE good(x); BEGIN IMMEDIATE");
    error.text[0] = 0;
    check_int(engine_open(d, db, ENGINE_FRESH, 1, &e, &error), ERR_EXISTS);
    check(strstr(error.text, "\"good\"") != NULL);
    sqlite3_close(db);
    definition_free(d);
}

TEST(engine, a_failing_rule_ends_the_run)
{
    struct definition *d;
    struct err_text error = {{0}};
    const char *json = "{\"pipeline\": \"p\", \"version\": 1, \"source\": {\"format\": \"csv\", \"glob\": \"*\", "
                       "\"header\": false, \"columns\": [{\"name\": \"a\", \"field\": 1, \"type\": \"integer\"}]}, "
                       "\"rules\": [{\"rule\": \"range\", \"name\": \"small\", \"column\": \"a\", \"max\": 5, "
                       "\"severity\": \"fail\"}], \"tables\": [{\"name\": \"good\"}]}";
    check_int(definition_parse(slice_str(json), "p.json", &d, &error), 0);
    sqlite3 *db;
    sqlite3_open(":memory:", &db);
    try_sql(db, "BEGIN IMMEDIATE");
    struct engine *e = try_opened(d, db, ENGINE_FRESH);
    struct record r = {.at = {SLICE_LIT("f.csv"), 0, 1, 1}, .raw = SLICE_LIT("5")};
    check_int(engine_record(e, &r), 0);
    r = (struct record){.at = {SLICE_LIT("f.csv"), 2, 2, 2}, .raw = SLICE_LIT("6")};
    check_int(engine_record(e, &r), 0);
    check_int(engine_flush(e), ENGINE_RULE_FAILED);
    check_str(engine_error(e), "f.csv:2: rule small failed: column a, value 6");
    engine_close(e);
    sqlite3_close(db);
    definition_free(d);
}

TEST(engine, vacuum_beside_it_ends_a_stream)
{
    struct definition *d = try_definition(DEFINITION);
    sqlite3 *db, *other;
    char path[64];
    snprintf(path, sizeof path, "%s/millrace-vacuum-test-%d.db", P_tmpdir, (int)getpid());
    unlink(path);
    check_int(sqlite3_open(path, &db), SQLITE_OK);
    check_int(sqlite3_open(path, &other), SQLITE_OK);
    try_sql(db, "BEGIN IMMEDIATE");
    struct engine *e = try_opened(d, db, ENGINE_LIVE);
    try_sql(db, "COMMIT");
    try_sql(other, "CREATE TABLE of_somebody_else(a)");
    try_sql(db, "BEGIN IMMEDIATE");
    try_ok(engine_begin(e), e);
    try_sql(db, "COMMIT");
    try_sql(other, "VACUUM");
    try_sql(db, "BEGIN IMMEDIATE");
    check_int(engine_begin(e), ERR_INVALID);
    check(strstr(engine_error(e), "VACUUM has numbered its rows anew"));
    engine_close(e);
    sqlite3_close(other);
    sqlite3_close(db);
    unlink(path);
    definition_free(d);
}
