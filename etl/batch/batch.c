#include "etl/batch/batch.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "etl/changelog/letter.h"
#include "etl/changelog/outbox.h"
#include "etl/changelog/sender.h"
#include "etl/definition.h"
#include "etl/engine.h"
#include "etl/export/export.h"
#include "etl/sink/keys.h"
#include "etl/sink/schema.h"
#include "etl/sink/sql.h"
#include "etl/source/source.h"
#include "etl/stream/own_broker.h"
#include "lib/os/progress.h"

enum { BUSY_MS = 2000, GIVE_UP_MS = 60000, SEND_MS = 500, CACHE_KIB = 16384, PROGRESS_EVERY = 4096 };

struct batch {
    const struct batch_options *options;
    struct definition *definition;
    struct source_lists lists;
    sqlite3 *db;
    struct exports exports;
    struct own_broker broker;
    struct sender *sender; /* of the changelogs; NULL without any */
    bool created;          /* the database file was not there and holds no warehouse */
    struct engine *engine;
    struct progress progress;
    char title[128];
    uint64_t lines_done; /* of files that are finished */
    struct err_text *error;
};

static int database_open(struct batch *b)
{
    const char *path = b->options->db;
    b->created = path && access(path, F_OK) != 0;
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    /* SQLite's empty name is a temporary file that goes with the connection. */
    if (!path && sqlite3_open_v2("", &b->db, flags, NULL) != SQLITE_OK) abort();
    int result = path ? sql_open(path, flags, &b->db, b->error) : 0;
    if (result < 0) return result;
    sqlite3_busy_timeout(b->db, BUSY_MS);
    /* One transaction holds the whole load: a checkpoint in between could move nothing anyway. What a sort or a
     * ranking cannot hold in the cache goes to a file (SQLite's default): memory does not grow with the data. */
    return sql_exec(b->db, b->error,
                    "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 0;"
                    "PRAGMA cache_size = -%d",
                    CACHE_KIB);
}

/* The first failure of the engine in the words of the engine. */
static int engine_result(struct batch *b, int result)
{
    if (result != 0) err_set(b->error, result, "%s", engine_error(b->engine));
    return result;
}

static int file_fact_write(struct batch *b, const struct feed *feed, const struct source_file *f)
{
    struct file_fact fact = source_file_fact(feed, f);
    return engine_result(b, engine_file(b->engine, &fact));
}

/* ": duplicate 12, bad_date 3" of what was rejected. */
static void rejects_say(struct batch *b, struct buf *out)
{
    sqlite3_stmt *s;
    if (sql_prepare(b->db, &s, b->error, "SELECT rule, sum(rows) AS n FROM \"%srejects\" GROUP BY rule ORDER BY n DESC",
                    schema_prefix(false)) != 0)
        return;
    for (const char *before = ": "; sqlite3_step(s) == SQLITE_ROW; before = ", ")
        buf_printf(out, "%s%s %lld", before, (const char *)sqlite3_column_text(s, 0),
                   (long long)sqlite3_column_int64(s, 1));
    sqlite3_finalize(s);
}

static int rejects_check(struct batch *b, bool complete)
{
    const struct engine_counts *c = engine_counts(b->engine);
    const struct reject_limit *limit = &b->options->max_rejects;
    if (!reject_limit_broken(limit, c->rejected, c->records, complete)) return 0;
    struct buf rules = {0};
    if (complete) rejects_say(b, &rules);
    err_set(b->error, ERR_INVALID, "--max-rejects %s: %" PRIu64 " of %" PRIu64 " records%s are rejected%s", limit->text,
            c->rejected, c->records, complete ? "" : " so far", buf_cstr(&rules));
    buf_release(&rules);
    return ENGINE_RULE_FAILED;
}

static int file_load(struct batch *b, const struct feed *feed, const struct source_file *f)
{
    struct source_reader *reader;
    int result = source_open(feed, b->options->in, f, &reader, b->error);
    if (result < 0) return result;
    struct record record;
    uint64_t records = 0;
    while ((result = source_next(reader, &record, b->error)) == 1) {
        result = engine_result(b, engine_record(b->engine, &record));
        if (result != 0) break;
        if (++records % PROGRESS_EVERY != 0) continue;
        progress_update(&b->progress, b->lines_done + record.at.line);
        if ((result = rejects_check(b, false)) != 0) break;
    }
    source_close(reader);
    b->lines_done += f->lines;
    return result;
}

static int source_load(struct batch *b, const struct source_list *list)
{
    int result = 0;
    for (int i = 0; i < list->count && result == 0; i++) {
        const struct source_file *f = &list->files[i];
        result = file_fact_write(b, list->feed, f);
        if (result == 0 && !f->same_as) result = file_load(b, list->feed, f);
        if (result == 0) result = rejects_check(b, false);
    }
    return result;
}

static int sources_load(struct batch *b)
{
    int result = 0;
    for (int i = 0; i < b->lists.count && result == 0; i++) result = source_load(b, &b->lists.of[i]);
    return result;
}

/* What of the changelogs is to be sent. A dry run only finds keys that two rows have. */
static int outboxes_fill(struct batch *b)
{
    const struct definition *d = b->definition;
    int result = outbox_prepare(d, b->db, false, b->error);
    for (int i = 0; i < d->changelog_count && result == 0; i++) {
        bool moved;
        result = outbox_identity(d, &d->changelogs[i], b->db, sender_cluster(b->sender), &moved, b->error);
        if (result == 0)
            result = outbox_compare(d, &d->changelogs[i], b->db, moved || sender_fresh(b->sender, i), b->error);
    }
    return result == OUTBOX_KEY_BROKEN ? ENGINE_RULE_FAILED : result;
}

/* Everything inside the transaction. */
static int tables_build(struct batch *b)
{
    int64_t run;
    int result = engine_run_begin(b->db, b->definition, "batch", &run, b->error);
    if (result == 0) result = engine_open(b->definition, b->db, ENGINE_FRESH, run, &b->engine, b->error);
    if (result == 0) result = sources_load(b);
    if (result == 0) result = engine_result(b, engine_flush(b->engine));
    if (result == 0) result = rejects_check(b, true);
    if (result == 0) result = engine_result(b, engine_install(b->engine));
    if (result == 0) result = keys_settle(b->definition, b->db, b->error);
    if (result == KEYS_BROKEN) return ENGINE_RULE_FAILED;
    return result == 0 ? outboxes_fill(b) : result;
}

/* --- what a dry run has to say --- */

static int table_say(struct batch *b, const char *name)
{
    int64_t rows;
    int result = sql_integer(b->db, 0, &rows, b->error, "SELECT count(*) FROM \"%w\"", name);
    if (result == 0) printf("%-40s %12" PRId64 "\n", name, rows);
    return result;
}

static int rules_say(struct batch *b)
{
    sqlite3_stmt *s;
    int result = sql_prepare(b->db, &s, b->error, "SELECT source, rule, rows FROM rejects ORDER BY source, ordinal");
    if (result != 0) return result;
    printf("%-40s %12s\n", "rejected by (source, rule)", "records");
    while (sqlite3_step(s) == SQLITE_ROW) {
        struct buf name = {0};
        buf_printf(&name, "%s, %s", (const char *)sqlite3_column_text(s, 0), (const char *)sqlite3_column_text(s, 1));
        printf("%-40s %12lld\n", buf_cstr(&name), (long long)sqlite3_column_int64(s, 2));
        buf_release(&name);
    }
    sqlite3_finalize(s);
    return 0;
}

static int dry_run_say(struct batch *b)
{
    const struct engine_counts *c = engine_counts(b->engine);
    printf("dry run of %s: %" PRIu64 " records, %" PRIu64 " accepted, %" PRIu64 " rejected, %" PRIu64
           " with warnings; nothing was written\n\n",
           b->definition->name, c->records, c->accepted, c->rejected, c->warned);
    int result = c->rejected ? rules_say(b) : 0;
    printf("%s%-40s %12s\n", c->rejected ? "\n" : "", "table", "rows");
    for (int i = 0; i < b->definition->table_count && result == 0; i++)
        result = table_say(b, b->definition->tables[i].name);
    for (int i = 0; i < b->definition->view_count && result == 0; i++)
        result = table_say(b, b->definition->views[i].name);
    return result;
}

static void committed_say(struct batch *b)
{
    const struct engine_counts *c = engine_counts(b->engine);
    fprintf(stderr,
            "%s: committed: %" PRIu64 " records, %" PRIu64 " accepted, %" PRIu64 " rejected, %" PRIu64
            " with warnings\n",
            b->title, c->records, c->accepted, c->rejected, c->warned);
    if (*engine_state(b->engine)) fprintf(stderr, "%s: state: %s\n", b->title, engine_state(b->engine));
}

static int refresh(struct batch *b)
{
    int result = sql_exec(b->db, b->error, "BEGIN IMMEDIATE");
    if (result < 0) return result;
    result = tables_build(b);
    bool commits = !b->options->dry_run;
    if (result == 0) result = commits ? sql_exec(b->db, b->error, "COMMIT") : dry_run_say(b);
    if (result == 0) progress_finish(&b->progress, b->lines_done);
    if (result == 0 && commits) {
        b->created = false;
        committed_say(b);
    }
    engine_close(b->engine);
    b->engine = NULL;
    if (result != 0 || !commits)
        sqlite3_exec(b->db, "ROLLBACK", NULL, NULL, NULL);
    else /* a reader may be in the way: then the next one moves the log, nothing is lost */
        sqlite3_exec(b->db, "PRAGMA wal_checkpoint(TRUNCATE)", NULL, NULL, NULL);
    return result;
}

static int changelogs_send(struct batch *b, struct err_text *error)
{
    bool idle = !b->sender;
    int result = sender_attach(b->sender, b->options->db, error);
    while (result == 0 && !idle) {
        result = sender_run(b->sender, SEND_MS, &idle, error);
        if (result == 0 && !idle) result = own_broker_ensure(&b->broker, error);
    }
    if (result == 0 && b->sender)
        fprintf(stderr, "%s: %d changelogs, %" PRIu64 " messages\n", b->title, b->definition->changelog_count,
                sender_sent(b->sender));
    return result;
}

static int outputs_write(struct batch *b)
{
    struct err_text detail = {0};
    int result = export_write(&b->exports, b->db, &detail);
    if (result == 0 && b->definition->export_count)
        fprintf(stderr, "%s: %d outputs, %" PRId64 " rows\n", b->title, b->definition->export_count, b->exports.rows);
    if (result == 0) result = changelogs_send(b, &detail);
    if (result != 0)
        err_set(b->error, result, "the warehouse is committed, but its outputs are not written: %s", detail.text);
    return result;
}

/* Before anything is done: a broker that is not there should not be found after an hour's work. */
static int sender_prepare(struct batch *b)
{
    const struct batch_options *o = b->options;
    int result = changelog_check(b->definition, b->error);
    if (result != 0 || b->definition->changelog_count == 0 || o->dry_run) return result;
    result = own_broker_open(&b->broker, o->bootstrap, o->broker_dir, b->error);
    return result == 0 ? sender_open(b->definition, b->broker.bootstrap, GIVE_UP_MS, &b->sender, b->error) : result;
}

static void created_remove(const char *path)
{
    static const char *const suffixes[] = {"", "-wal", "-shm", "-journal"};
    for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++) {
        char *name = sqlite3_mprintf("%s%s", path, suffixes[i]);
        unlink(name);
        sqlite3_free(name);
    }
}

int batch_run(const struct batch_options *options, struct err_text *error)
{
    struct batch b = {.options = options, .error = error};
    int result = definition_load(options->definition, &b.definition, error);
    if (result == 0) result = export_open(&b.exports, b.definition, options->db, options->out, error);
    if (result == 0) result = source_lists_read(b.definition, options->in, &b.lists, error);
    if (result == 0) result = sender_prepare(&b);
    if (result == 0) {
        snprintf(b.title, sizeof b.title, "batch %s", b.definition->name);
        progress_start(&b.progress, b.title, "lines", b.lists.lines);
        result = database_open(&b);
        if (result == 0) result = refresh(&b);
        if (result == 0 && !options->dry_run) result = outputs_write(&b);
        sender_close(b.sender);
        b.sender = NULL;
        sqlite3_close(b.db);
        if ((result != 0 || options->dry_run) && b.created) created_remove(options->db);
    }
    sender_close(b.sender);
    own_broker_close(&b.broker);
    source_lists_release(&b.lists);
    export_close(&b.exports);
    definition_free(b.definition);
    return result;
}
