#include "bench/states.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/os/clock.h"

enum { ANSWER_MAX = 4096, STOP_MS = 10000, AMOUNT = 5 };

const char *const STATES_WAY_NAMES[STATES_WAYS] = {"replay",         "snapshot",   "state table",
                                                   "replay without", "compensate", "restore"};

/* ---- the event store ---- */

/* The history as lines of `es append --from`: an account that is opened, and deposits. */
static int history_write(const char *path, int64_t events, struct err_text *error)
{
    FILE *f = fopen(path, "w");
    if (!f) return err_set(error, ERR_IO, "%s: %s", path, strerror(errno));
    fprintf(f, "{\"stream\":\"account-1\",\"type\":\"AccountOpened\",\"data\":{\"owner\":\"E12\"},\"id\":\"e-1\"}\n");
    for (int64_t i = 2; i <= events; i++)
        fprintf(
            f,
            "{\"stream\":\"account-1\",\"type\":\"MoneyDeposited\",\"data\":{\"amount_cents\":%d},\"id\":\"e-%" PRId64
            "\"}\n",
            AMOUNT, i);
    return fclose(f) == 0 ? 0 : err_set(error, ERR_IO, "%s: %s", path, strerror(errno));
}

static int line_read(struct states *s, char answer[ANSWER_MAX], struct err_text *error)
{
    if (fgets(answer, ANSWER_MAX, s->out)) return 0;
    return err_set(error, ERR_IO, "`millrace es serve` gave no answer");
}

/* A number of an answer, by the text before it. */
struct wanted {
    const char *before;
    int64_t *value;
};

/* Sends a line, reads the answer and takes its numbers (`wanted`: NULL, or a NULL at the end). */
static int serve_ask(struct states *s, const char *request, const struct wanted *wanted, struct err_text *error)
{
    char answer[ANSWER_MAX];
    if (fputs(request, s->in) < 0 || fputc('\n', s->in) < 0 || fflush(s->in) != 0)
        return err_set(error, ERR_IO, "`millrace es serve` has ended");
    int rc = line_read(s, answer, error);
    bool good = rc == 0 && strstr(answer, "\"ok\":true") && !strstr(answer, "\"accepted\":false");
    for (; good && wanted && wanted->before; wanted++) {
        const char *found = strstr(answer, wanted->before);
        if (found) *wanted->value = strtoll(found + strlen(wanted->before), NULL, 10);
        good = found != NULL;
    }
    return good || rc < 0 ? rc : err_set(error, ERR_CORRUPT, "`millrace es serve`: %s answered %s", request, answer);
}

static int serve_start(struct states *s, const struct bench *b, const char *bootstrap, struct err_text *error)
{
    char answer[ANSWER_MAX];
    const char *const argv[] = {b->program, "es", "serve", "--bootstrap", bootstrap, "--topic", s->topic, NULL};
    int rc = process_start(&s->serve, argv, PROCESS_PIPE_IN | PROCESS_PIPE_OUT | PROCESS_QUIET_ERR | PROCESS_OWN_GROUP,
                           error);
    if (rc < 0) return rc;
    s->in = fdopen(dup(s->serve.in), "w");
    s->out = fdopen(dup(s->serve.out), "r");
    if (!s->in || !s->out) return err_set(error, ERR_IO, "pipes: %s", strerror(errno));
    return line_read(s, answer, error);
}

static int events_load(struct states *s, const struct bench *b, const char *bootstrap, struct err_text *error)
{
    char path[PATH_MAX], request[256];
    bench_path(path, s->folder, "history.ndjson");
    int rc = history_write(path, s->events, error);
    if (rc == 0)
        rc = bench_command(b, NULL, NULL, error, "es", "append", "--from", path, "--alone", "--bootstrap", bootstrap,
                           "--topic", s->topic, NULL);
    if (rc == 0) rc = serve_start(s, b, bootstrap, error);
    snprintf(request, sizeof request, "{\"op\":\"snapshot\",\"stream\":\"account-1\",\"version\":%" PRId64 "}",
             s->events - STATES_TAIL);
    return rc == 0 ? serve_ask(s, request, NULL, error) : rc;
}

/* ---- the database: FOLDER/now.db, FOLDER/then.db, FOLDER/changes.db ---- */

/* A format of sqlite3_mprintf. */
static int run(sqlite3 *db, struct err_text *error, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    char *sql = sqlite3_vmprintf(format, list), *why = NULL;
    va_end(list);
    int code = sqlite3_exec(db, sql, NULL, NULL, &why);
    sqlite3_free(sql);
    if (code == SQLITE_OK) return 0;
    err_set(error, ERR_IO, "%s: %s", sqlite3_db_filename(db, "main"), why ? why : "?");
    sqlite3_free(why);
    return ERR_IO;
}

/* No side syncs: the broker is in page-cache mode. */
static int database(const struct states *s, const char *name, sqlite3 **out, struct err_text *error)
{
    char path[PATH_MAX];
    bench_path(path, s->folder, name);
    if (sqlite3_open(path, out) != SQLITE_OK) return err_set(error, ERR_IO, "%s: %s", path, sqlite3_errmsg(*out));
    return run(*out, error, "PRAGMA synchronous = OFF");
}

static int copy(const struct states *s, const char *from, const char *to, struct err_text *error)
{
    sqlite3 *a = NULL, *b = NULL;
    int rc = database(s, from, &a, error);
    if (rc == 0) rc = database(s, to, &b, error);
    sqlite3_backup *backup = rc == 0 ? sqlite3_backup_init(b, "main", a, "main") : NULL;
    if (backup) sqlite3_backup_step(backup, -1);
    if (rc == 0 && (!backup || sqlite3_backup_finish(backup) != SQLITE_OK))
        rc = err_set(error, ERR_IO, "%s/%s cannot be copied: %s", s->folder, from, sqlite3_errmsg(b));
    sqlite3_close(a);
    sqlite3_close(b);
    return rc;
}

/* The state after half of the events is backed up; the changes since are kept, as a log of changes has them. */
static int table_fill(struct states *s, struct err_text *error)
{
    int64_t half = s->events / 2;
    int rc = run(s->table, error,
                 "CREATE TABLE account(stream TEXT PRIMARY KEY, balance INTEGER NOT NULL) WITHOUT ROWID;"
                 "BEGIN; WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < %d)"
                 " INSERT INTO account SELECT 'account-' || i, i FROM n;"
                 "INSERT INTO account VALUES('account-1', %lld); COMMIT",
                 STATES_OTHERS + 1, (long long)(half - 1) * AMOUNT);
    if (rc == 0) rc = copy(s, "now.db", "then.db", error);
    if (rc < 0) return rc;
    return run(s->table, error,
               "ATTACH '%q/changes.db' AS c; BEGIN;"
               "CREATE TABLE c.changes(version INTEGER PRIMARY KEY, stream TEXT, amount INTEGER);"
               "WITH RECURSIVE n(i) AS (SELECT %lld UNION ALL SELECT i + 1 FROM n WHERE i < %lld)"
               " INSERT INTO c.changes SELECT i, 'account-1', %d FROM n;"
               "UPDATE account SET balance = balance + %lld WHERE stream = 'account-1'; COMMIT",
               s->folder, (long long)half + 1, (long long)s->events, AMOUNT, (long long)(s->events - half) * AMOUNT);
}

static int balance_prepare(sqlite3 *db, sqlite3_stmt **out, struct err_text *error)
{
    if (sqlite3_prepare_v2(db, "SELECT balance FROM account WHERE stream = 'account-1'", -1, out, NULL) == SQLITE_OK)
        return 0;
    return err_set(error, ERR_IO, "%s: %s", sqlite3_db_filename(db, "main"), sqlite3_errmsg(db));
}

static int table_open(struct states *s, struct err_text *error)
{
    int rc = database(s, "now.db", &s->table, error);
    if (rc == 0) rc = table_fill(s, error);
    return rc == 0 ? balance_prepare(s->table, &s->select, error) : rc;
}

static int balance_read(sqlite3_stmt *select, int64_t *balance, struct err_text *error)
{
    int code = sqlite3_step(select);
    *balance = sqlite3_column_int64(select, 0);
    sqlite3_reset(select);
    return code == SQLITE_ROW ? 0 : err_set(error, ERR_CORRUPT, "the database has no account-1");
}

/* One change after the other, as they were made: a journal knows changes, not their sum. */
static int changes_apply(sqlite3 *db, int64_t wrong, int64_t *applied, struct err_text *error)
{
    sqlite3_stmt *read = NULL, *write = NULL;
    int rc = run(db, error, "BEGIN"), code = SQLITE_OK;
    sqlite3_prepare_v2(db, "SELECT version, stream, amount FROM c.changes ORDER BY version", -1, &read, NULL);
    sqlite3_prepare_v2(db, "UPDATE account SET balance = balance + ?2 WHERE stream = ?1", -1, &write, NULL);
    while (rc == 0 && (code = sqlite3_step(read)) == SQLITE_ROW) {
        if (sqlite3_column_int64(read, 0) == wrong) continue;
        sqlite3_bind_text(write, 1, (const char *)sqlite3_column_text(read, 1), -1, SQLITE_TRANSIENT);
        sqlite3_bind_int64(write, 2, sqlite3_column_int64(read, 2));
        if (sqlite3_step(write) != SQLITE_DONE) rc = err_set(error, ERR_IO, "changes: %s", sqlite3_errmsg(db));
        sqlite3_reset(write);
        ++*applied;
    }
    if (rc == 0 && code != SQLITE_DONE) rc = err_set(error, ERR_IO, "changes: %s", sqlite3_errmsg(db));
    sqlite3_finalize(read);
    sqlite3_finalize(write);
    return rc == 0 ? run(db, error, "COMMIT") : rc;
}

static int restore(const struct states *s, int64_t wrong, int64_t *applied, int64_t *balance, struct err_text *error)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *select = NULL;
    char path[PATH_MAX];
    bench_path(path, s->folder, "restored.db");
    unlink(path);
    int rc = copy(s, "then.db", "restored.db", error);
    if (rc == 0) rc = database(s, "restored.db", &db, error);
    if (rc == 0) rc = run(db, error, "ATTACH '%q/changes.db' AS c", s->folder);
    if (rc == 0) rc = changes_apply(db, wrong, applied, error);
    if (rc == 0) rc = balance_prepare(db, &select, error);
    if (rc == 0) rc = balance_read(select, balance, error);
    sqlite3_finalize(select);
    sqlite3_close(db);
    return rc;
}

/* ---- both ---- */

int states_open(struct states *s, const struct bench *b, const char *bootstrap, const char *folder, int64_t events,
                struct err_text *error)
{
    *s = (struct states){.events = events};
    snprintf(s->topic, sizeof s->topic, "states-%" PRId64, events);
    snprintf(s->folder, sizeof s->folder, "%s", folder);
    int rc = events_load(s, b, bootstrap, error);
    return rc == 0 ? table_open(s, error) : rc;
}

void states_close(struct states *s)
{
    sqlite3_finalize(s->select);
    sqlite3_close(s->table);
    if (s->in) fclose(s->in);
    if (s->out) fclose(s->out);
    process_stop(&s->serve, STOP_MS);
    *s = (struct states){0};
}

static int fold_ask(struct states *s, bool snapshot, int64_t *balance, int64_t *read, struct err_text *error)
{
    const struct wanted wanted[] = {{"\"balance_cents\":", balance}, {"\"read\":", read}, {NULL, NULL}};
    char request[128];
    snprintf(request, sizeof request, "{\"op\":\"fold\",\"stream\":\"account-1\",\"snapshot\":%s}",
             snapshot ? "true" : "false");
    return serve_ask(s, request, wanted, error);
}

static int without_ask(struct states *s, int64_t wrong, int64_t *balance, struct err_text *error)
{
    const struct wanted wanted[] = {
        {"\"without_state\":{\"status\":\"open\",\"owner\":\"E12\",\"balance_cents\":", balance}, {NULL, NULL}};
    char request[160];
    snprintf(request, sizeof request, "{\"op\":\"replay\",\"stream\":\"account-1\",\"without\":\"e-%" PRId64 "\"}",
             wrong);
    return serve_ask(s, request, wanted, error);
}

/* A deposit, or its contrary. */
static int mistake_append(struct states *s, bool contrary, struct err_text *error)
{
    char request[320], compensates[64] = "";
    if (contrary) snprintf(compensates, sizeof compensates, ",\"compensates\":\"m-%" PRId64 "\"", s->mistakes);
    snprintf(request, sizeof request,
             "{\"op\":\"append\",\"stream\":\"account-1\",\"type\":\"%s\",\"data\":{\"amount_cents\":%d},"
             "\"id\":\"%s-%" PRId64 "\"%s}",
             contrary ? "MoneyWithdrawn" : "MoneyDeposited", AMOUNT, contrary ? "u" : "m", s->mistakes, compensates);
    return serve_ask(s, request, NULL, error);
}

static int compensate_ask(struct states *s, int64_t *balance, int64_t *read, struct err_text *error)
{
    int rc = mistake_append(s, true, error);
    s->mistakes++;
    return rc == 0 ? fold_ask(s, true, balance, read, error) : rc;
}

int states_ask(struct states *s, enum states_way way, int64_t *took_ns, int64_t *read, struct err_text *error)
{
    int64_t balance = 0, wrong = s->events / 2 + 1, expected = (s->events - 1) * AMOUNT;
    int rc = way == STATES_COMPENSATE ? mistake_append(s, false, error) : 0;
    int64_t begin_ns = clock_mono_ns();
    *read = 0;
    if (rc < 0) return rc;
    if (way == STATES_REPLAY || way == STATES_SNAPSHOT)
        rc = fold_ask(s, way == STATES_SNAPSHOT, &balance, read, error);
    else if (way == STATES_TABLE)
        rc = balance_read(s->select, &balance, error);
    else if (way == STATES_COMPENSATE)
        rc = compensate_ask(s, &balance, read, error);
    else if (way == STATES_WITHOUT)
        rc = without_ask(s, wrong, &balance, error);
    else
        rc = restore(s, wrong, read, &balance, error);
    *took_ns = clock_mono_ns() - begin_ns;
    if (way == STATES_WITHOUT) *read = s->events + 2 * s->mistakes;
    if (way == STATES_WITHOUT || way == STATES_RESTORE) expected -= AMOUNT;
    if (rc < 0 || balance == expected) return rc;
    return err_set(error, ERR_CORRUPT, "E12: after %" PRId64 " events, by %s, the balance is %" PRId64 ", not %" PRId64,
                   s->events, STATES_WAY_NAMES[way], balance, expected);
}
