#include "etl/engine_try_test.h"

#include <unistd.h>

#include "etl/sink/sql.h"
#include "etl/warehouse/warehouse.h"
#include "tests/unit.h"

struct input {
    struct record records[TRY_RECORDS];
    char texts[TRY_RECORDS][TRY_LINE_BYTES];
};

/* In order of position: three files. The sources take turns, each has a record at every position. */
static void input_make(struct input *in, int feeds, struct random *r, try_line *line)
{
    static const char *const files[] = {"a", "b", "c"};
    uint64_t at = 0;
    for (int i = 0; i < TRY_RECORDS; i++) {
        int file = i * 3 / TRY_RECORDS;
        if (i > 0 && file != (i - 1) * 3 / TRY_RECORDS) at = 0;
        line(r, in->texts[i], TRY_LINE_BYTES);
        if (i > 0 && random_chance(r, 1, 4))
            memcpy(in->texts[i], in->texts[random_below(r, (uint64_t)i)], TRY_LINE_BYTES);
        in->records[i] = (struct record){.at = {slice_str(files[file]), at, at / 10 + 1, at / 10 + 1},
                                         .raw = slice_str(in->texts[i]),
                                         .feed = i % feeds};
        if (i % feeds == feeds - 1) at += 10;
    }
}

struct definition *try_definition(const char *json)
{
    struct definition *d;
    struct err_text error = {{0}};
    if (definition_parse(slice_str(json), "p.json", &d, &error) != 0) unit_fail("%s", error.text);
    return d;
}

/* As the program opens its own: without locks in every call, which take a fifth of the time of these tests. */
static sqlite3 *try_open(const char *path)
{
    sqlite3 *db;
    sql_setup();
    check_int(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL),
              SQLITE_OK);
    return db;
}

void try_sql(sqlite3 *db, const char *statements)
{
    char *message = NULL;
    if (sqlite3_exec(db, statements, NULL, NULL, &message) != SQLITE_OK) unit_fail("%s: %s", statements, message);
}

void try_ok(int result, const struct engine *e)
{
    if (result != 0) unit_fail("%s", engine_error(e));
}

struct engine *try_opened(struct definition *d, sqlite3 *db, enum engine_mode mode)
{
    struct engine *e = NULL;
    struct err_text error = {{0}};
    if (engine_open(d, db, mode, 1, &e, &error) != 0) unit_fail("%s", error.text);
    return e;
}

/* A batch over the records whose turn comes before `until`. */
static sqlite3 *batch(struct definition *d, const struct record *records, int count, const int *turn, int until)
{
    sqlite3 *db = try_open(":memory:");
    try_sql(db, "BEGIN IMMEDIATE");
    struct engine *e = try_opened(d, db, ENGINE_FRESH);
    for (int feed = 0; feed < d->feed_count; feed++)
        for (int i = 0; i < count; i++)
            if (records[i].feed == feed && (!turn || turn[i] < until)) try_ok(engine_record(e, &records[i]), e);
    try_ok(engine_flush(e), e);
    try_ok(engine_install(e), e);
    engine_close(e);
    try_sql(db, "COMMIT");
    return db;
}

sqlite3 *try_batch(struct definition *d, const char *const *lines)
{
    struct record records[TRY_RECORDS];
    int count = 0;
    for (; lines[count]; count++)
        records[count] =
            (struct record){.at = {SLICE_LIT("f"), (uint64_t)count * 10, (uint64_t)count + 1, (uint64_t)count + 1},
                            .raw = slice_str(lines[count])};
    return batch(d, records, count, NULL, 0);
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
    sqlite3 *expected = batch(d, in->records, TRY_RECORDS, turn, until);
    try_sql(stream, "BEGIN");
    int different = warehouse_compare(expected, stream, stderr, &error);
    try_sql(stream, "COMMIT");
    sqlite3_close(expected);
    if (different < 0) unit_fail("%s", error.text);
    if (different) unit_fail("after %d records the stream differs from the batch", until);
}

struct process {
    sqlite3 *db;
    struct engine *engine;
};

static struct process process_start(struct definition *d, const char *path, enum engine_mode mode)
{
    struct process p = {.db = try_open(path)};
    sqlite3_busy_timeout(p.db, 5000);
    try_sql(p.db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; BEGIN IMMEDIATE");
    p.engine = try_opened(d, p.db, mode);
    try_sql(p.db, "COMMIT");
    return p;
}

/* One transaction over order[from .. to), as a page or not. */
static void process_commit(struct process *p, const struct input *in, const int *order, int from, int to, bool back)
{
    struct judged *rows[TRY_RECORDS];
    struct arena arena = {0};
    for (int i = from; i < to; i++) rows[i] = engine_judge(p->engine, &in->records[order[i]], &arena);
    try_sql(p->db, "BEGIN IMMEDIATE");
    try_ok(engine_begin(p->engine), p->engine);
    bool page = from % 3, flushed = !back || from % 2;
    if (page) engine_page_begin(p->engine);
    for (int i = from; i < to; i++) {
        engine_expect(p->engine, rows[i]);
        try_ok(engine_apply(p->engine, rows[i]), p->engine);
    }
    if (page && flushed) try_ok(engine_page_end(p->engine), p->engine);
    if (flushed) try_ok(engine_flush(p->engine), p->engine);
    try_sql(p->db, back ? "ROLLBACK" : "COMMIT");
    if (back) engine_forget(p->engine);
    arena_release(&arena);
}

/* One transaction in which records that are there leave, or stand for something else from now on. */
static void process_replace(struct process *p, struct input *in, const int *order, int until, int *turn,
                            struct random *r, try_line *line)
{
    try_sql(p->db, "BEGIN IMMEDIATE");
    try_ok(engine_begin(p->engine), p->engine);
    for (int n = (int)random_below(r, 6); n > 0; n--) {
        int i = order[random_below(r, (uint64_t)until)];
        if (turn[i] > TRY_RECORDS) continue; /* gone before */
        try_ok(engine_take_back(p->engine, &in->records[i]), p->engine);
        turn[i] = TRY_RECORDS + 1;
        if (random_chance(r, 1, 3)) continue;
        line(r, in->texts[i], TRY_LINE_BYTES);
        in->records[i].raw = slice_str(in->texts[i]);
        try_ok(engine_record(p->engine, &in->records[i]), p->engine);
        turn[i] = 0;
    }
    try_ok(engine_flush(p->engine), p->engine);
    try_sql(p->db, "COMMIT");
}

/* Two that take turns, or one alone: how many. */
static int processes_start(struct process processes[2], struct definition *d, const char *path, bool alone)
{
    int count = alone ? 1 : 2;
    for (int i = 0; i < count; i++) processes[i] = process_start(d, path, alone ? ENGINE_BACKFILL : ENGINE_LIVE);
    return count;
}

static void processes_stop(struct process *processes, int count)
{
    for (int i = 0; i < count; i++) {
        engine_close(processes[i].engine);
        sqlite3_close(processes[i].db);
    }
}

static void settle(struct process *p)
{
    try_sql(p->db, "BEGIN IMMEDIATE");
    try_ok(engine_begin(p->engine), p->engine);
    try_ok(engine_settle(p->engine), p->engine);
    try_sql(p->db, "COMMIT");
}

/* As if it had been killed, or after an orderly end; another one goes on. */
static void process_restart(struct process *p, struct definition *d, const char *path, bool settles)
{
    if (settles) settle(p);
    processes_stop(p, 1);
    *p = process_start(d, path, ENGINE_LIVE);
}

static void stream_try(struct definition *d, uint64_t seed, const char *path, try_line *line, bool replaces)
{
    struct random r;
    struct input in;
    int order[TRY_RECORDS], turn[TRY_RECORDS];
    random_seed(&r, seed);
    input_make(&in, d->feed_count, &r, line);
    order_shuffle(order, turn, TRY_RECORDS, &r);
    unlink(path);
    bool alone = seed % 3 == 0; /* up to the middle */
    struct process processes[2];
    int count = processes_start(processes, d, path, alone);
    for (int from = 0; from < TRY_RECORDS;) {
        int to = from + 1 + (int)random_below(&r, 12);
        if (to > TRY_RECORDS) to = TRY_RECORDS;
        if (alone && from > TRY_RECORDS / 2) {
            processes_stop(processes, count);
            alone = false;
            count = processes_start(processes, d, path, false);
        }
        struct process *p = &processes[random_below(&r, (uint64_t)count)];
        if (random_chance(&r, 1, 4)) process_commit(p, &in, order, from, to, true);
        process_commit(p, &in, order, from, to, false);
        if (replaces) process_replace(&processes[random_below(&r, (uint64_t)count)], &in, order, to, turn, &r, line);
        prefix_check(d, &in, turn, to, p->db);
        if (!alone && random_chance(&r, 1, 12)) process_restart(p, d, path, random_chance(&r, 1, 2));
        from = to;
    }
    processes_stop(processes, count);
    unlink(path);
}

void try_streams(struct definition *d, int seeds, try_line *line, bool replaces)
{
    char path[64];
#ifdef __SANITIZE_THREAD__
    seeds = (seeds + 4) / 5; /* there is one thread: what this build looks for is not here, and it is slow */
#endif
    snprintf(path, sizeof path, "%s/millrace-engine-test-%d.db", P_tmpdir, (int)getpid());
    for (int seed = 1; seed <= seeds; seed++) stream_try(d, (uint64_t)seed, path, line, replaces);
}

const char *try_text(sqlite3 *db, const char *query)
{
    static char text[4096];
    sqlite3_stmt *s;
    size_t n = 0;
    if (sqlite3_prepare_v2(db, query, -1, &s, NULL) != SQLITE_OK) unit_fail("%s: %s", query, sqlite3_errmsg(db));
    text[0] = 0;
    while (sqlite3_step(s) == SQLITE_ROW)
        for (int i = 0; i < sqlite3_column_count(s); i++) {
            const char *cell = (const char *)sqlite3_column_text(s, i);
            n += (size_t)snprintf(text + n, sizeof text - n, "%s%s", i ? "|" : n ? ";" : "", cell ? cell : "");
            check(n < sizeof text);
        }
    sqlite3_finalize(s);
    return text;
}
