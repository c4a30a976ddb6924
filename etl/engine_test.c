/* The promise of the engine, tried on small random inputs full of collisions: whatever the order of
 * arrival, the commits, the roll-backs and the number of engines on one database, the tables are those
 * of a batch over the same records, also at every prefix. */
#include "etl/engine.h"

#include <unistd.h>

#include "etl/engine_test.h"
#include "etl/warehouse/warehouse.h"
#include "lib/base/random.h"
#include "tests/unit.h"

enum { RECORDS = 60 };

struct input {
    struct record records[RECORDS];
    char texts[RECORDS][64];
    int count;
};

/* In order of position: three files, small domains. The feeds take turns, each has a record at every position. */
static void input_make(struct input *in, int feeds, struct random *r)
{
    static const char *const files[] = {"a", "b", "c"};
    uint64_t times = feeds == 1 ? 12 : 3; /* few, so that records at one position have one time too */
    in->count = RECORDS;
    uint64_t at = 0;
    for (int i = 0; i < RECORDS; i++) {
        int file = i * 3 / RECORDS;
        if (i > 0 && file != (i - 1) * 3 / RECORDS) at = 0;
        snprintf(in->texts[i], sizeof in->texts[i], "%d,2024-01-01 00:0%d:%02d,%c,%d.%d", (int)random_below(r, 12),
                 (int)random_below(r, 2), (int)random_below(r, times) * 5, (char)('A' + random_below(r, 4)),
                 (int)random_below(r, 4) - 1, (int)random_below(r, 2));
        if (random_chance(r, 1, 20)) snprintf(in->texts[i], sizeof in->texts[i], "broken");
        if (i > 0 && random_chance(r, 1, 4))
            memcpy(in->texts[i], in->texts[random_below(r, (uint64_t)i)], sizeof in->texts[i]);
        in->records[i] = (struct record){.at = {slice_str(files[file]), at, at / 10 + 1, at / 10 + 1},
                                         .raw = slice_str(in->texts[i]),
                                         .feed = i % feeds};
        if (i % feeds == feeds - 1) at += 10;
    }
}

static struct definition *definition_get(const char *text)
{
    struct definition *d;
    struct err_text error = {{0}};
    if (definition_parse(slice_str(text), "p.json", &d, &error) != 0) unit_fail("%s", error.text);
    return d;
}

static void sql(sqlite3 *db, const char *statements)
{
    char *message = NULL;
    if (sqlite3_exec(db, statements, NULL, NULL, &message) != SQLITE_OK) unit_fail("%s: %s", statements, message);
}

static void ok(int result, const struct engine *e)
{
    if (result != 0) unit_fail("%s", engine_error(e));
}

static struct engine *opened(struct definition *d, sqlite3 *db, enum engine_mode mode)
{
    struct engine *e = NULL;
    struct err_text error = {{0}};
    if (engine_open(d, db, mode, 1, &e, &error) != 0) unit_fail("%s", error.text);
    return e;
}

/* A batch over the records whose turn comes before `until`. */
static sqlite3 *batch(struct definition *d, const struct input *in, const int *turn, int until)
{
    sqlite3 *db;
    sqlite3_open(":memory:", &db);
    sql(db, "BEGIN IMMEDIATE");
    struct engine *e = opened(d, db, ENGINE_FRESH);
    for (int i = 0; i < in->count; i++)
        if (turn[i] < until) ok(engine_record(e, &in->records[i]), e);
    ok(engine_flush(e), e);
    ok(engine_install(e), e);
    engine_close(e);
    sql(db, "COMMIT");
    return db;
}

static void order_shuffle(int *order, int *turn, int count, struct random *r)
{
    for (int i = 0; i < count; i++) order[i] = i;
    for (int i = count - 1; i > 0; i--) {
        int j = (int)random_below(r, (uint64_t)i + 1), kept = order[i];
        order[i] = order[j];
        order[j] = kept;
    }
    for (int i = 0; i < count; i++) turn[order[i]] = i;
}

static void prefix_check(struct definition *d, const struct input *in, const int *turn, int until, sqlite3 *stream)
{
    struct err_text error = {{0}};
    sqlite3 *expected = batch(d, in, turn, until);
    sql(stream, "BEGIN");
    int different = warehouse_compare(expected, stream, stderr, &error);
    sql(stream, "COMMIT");
    sqlite3_close(expected);
    if (different < 0) unit_fail("%s", error.text);
    if (different) unit_fail("after %d records the stream differs from the batch", until);
}

struct process {
    sqlite3 *db;
    struct engine *engine;
};

static struct process process_start(struct definition *d, const char *path)
{
    struct process p;
    check_int(sqlite3_open(path, &p.db), SQLITE_OK);
    sqlite3_busy_timeout(p.db, 5000);
    sql(p.db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; BEGIN IMMEDIATE");
    p.engine = opened(d, p.db, ENGINE_LIVE);
    sql(p.db, "COMMIT");
    return p;
}

/* One transaction over order[from .. to). */
static void process_commit(struct process *p, const struct input *in, const int *order, int from, int to, bool back)
{
    size_t index[RECORDS];
    for (int i = from; i < to; i++) ok(engine_stage(p->engine, &in->records[order[i]], &index[i]), p->engine);
    sql(p->db, "BEGIN IMMEDIATE");
    ok(engine_begin(p->engine), p->engine);
    for (int i = from; i < to; i++) ok(engine_apply(p->engine, index[i]), p->engine);
    if (!back || from % 2) ok(engine_flush(p->engine), p->engine);
    sql(p->db, back ? "ROLLBACK" : "COMMIT");
    if (back) engine_forget(p->engine);
}

static void stream_try(struct definition *d, uint64_t seed, const char *path)
{
    struct random r;
    struct input in;
    int order[RECORDS], turn[RECORDS];
    random_seed(&r, seed);
    input_make(&in, d->feed_count, &r);
    order_shuffle(order, turn, in.count, &r);
    unlink(path);
    struct process processes[2] = {process_start(d, path), process_start(d, path)};
    for (int from = 0; from < in.count;) {
        int to = from + 1 + (int)random_below(&r, 12);
        if (to > in.count) to = in.count;
        struct process *p = &processes[random_below(&r, 2)];
        if (random_chance(&r, 1, 4)) process_commit(p, &in, order, from, to, true);
        process_commit(p, &in, order, from, to, false);
        prefix_check(d, &in, turn, to, p->db);
        from = to;
    }
    for (int i = 0; i < 2; i++) {
        engine_close(processes[i].engine);
        sqlite3_close(processes[i].db);
    }
    unlink(path);
}

static void streams_try(const char *definition, uint64_t seeds)
{
    struct definition *d = definition_get(definition);
    char path[64];
    snprintf(path, sizeof path, "%s/millrace-engine-test-%d.db", P_tmpdir, (int)getpid());
    for (uint64_t seed = 1; seed <= seeds; seed++) stream_try(d, seed, path);
    definition_free(d);
}

TEST(engine, any_order_ends_in_the_tables_of_a_batch)
{
    streams_try(DEFINITION, 40);
}

TEST(engine, any_order_of_several_sources_too)
{
    streams_try(SEVERAL, 30);
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
    struct definition *d = definition_get(DEFINITION);
    struct input in = {.count = 4};
    int turn[RECORDS] = {0};
    const char *texts[] = {"1,2024-01-01 00:00:00,A,-1", "1,2024-01-01 00:00:00,A,-1", "1,2024-01-01 00:00:00,B,2",
                           "x,y"};
    for (int i = 0; i < in.count; i++)
        in.records[i] = (struct record){.at = {SLICE_LIT("a"), (uint64_t)i * 10, (uint64_t)i, (uint64_t)i},
                                        .raw = slice_str(texts[i])};
    sqlite3 *db = batch(d, &in, turn, 1);
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
    struct definition *d = definition_get(DEFINITION);
    struct err_text error = {{0}};
    struct engine *e;
    struct input in = {.count = 0};
    int turn[1] = {0};
    sqlite3 *db = batch(d, &in, turn, 1);
    sql(db, "CREATE TABLE mine(x); CREATE VIEW over_it AS SELECT * FROM good; BEGIN IMMEDIATE");
    e = opened(d, db, ENGINE_FRESH);
    ok(engine_flush(e), e);
    ok(engine_install(e), e);
    engine_close(e);
    sql(db, "COMMIT");
    check_int(number(db, "SELECT count(*) FROM sqlite_schema WHERE name = 'mine' OR name = 'over_it'"), 2);
    check_int(number(db, "SELECT count(*) FROM sqlite_schema WHERE name GLOB 'millrace_new_*'"), 0);
    check_int(number(db, "SELECT c FROM total"), 0);
    /* A stream does not go on where a batch was. */
    check_int(engine_open(d, db, ENGINE_LIVE, 1, &e, &error), ERR_EXISTS);
    sqlite3_close(db);

    sqlite3_open(":memory:", &db);
    sql(db, "CREATE TABLE good(x); BEGIN IMMEDIATE");
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
    sql(db, "BEGIN IMMEDIATE");
    struct engine *e = opened(d, db, ENGINE_FRESH);
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
