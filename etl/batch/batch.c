#include "etl/batch/batch.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "etl/batch/dry.h"
#include "etl/batch/job.h"
#include "etl/changelog/letter.h"
#include "etl/changelog/outbox.h"
#include "etl/sink/lock.h"
#include "etl/sink/schema.h"
#include "etl/sink/sql.h"
#include "lib/base/checksum.h"

enum { BUSY_MS = 2000, GIVE_UP_MS = 60000, SEND_MS = 500, CACHE_KIB = 8192 };

bool batch_mode_read(const char *text, enum engine_mode *out)
{
    static const enum engine_mode modes[] = {ENGINE_FRESH, ENGINE_APPEND, ENGINE_INCREMENTAL, ENGINE_UPSERT};
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        if (strcmp(text, schema_mode(modes[i])) != 0) continue;
        *out = modes[i];
        return true;
    }
    return false;
}

/* --- what refresh and load have in common --- */

int job_run_begin(struct job *j)
{
    return engine_run_begin(j->db, j->definition, j->options->mode, j->input, &j->run, j->error);
}

int job_counts_write(struct job *j)
{
    const struct engine_counts *c = engine_counts(j->engine);
    j->counts.read = (int64_t)c->records;
    j->counts.accepted = (int64_t)c->accepted;
    j->counts.rejected = (int64_t)c->rejected;
    j->counts.warned = (int64_t)c->warned;
    return runs_count(j->db, j->run, &j->counts, j->error);
}

int job_engine_result(struct job *j, int result)
{
    bool names_file = result == ENGINE_RULE_FAILED; /* relative to the folder */
    if (result != 0)
        err_set(j->error, result, "%s%s%s", names_file ? j->options->in : "", names_file ? "/" : "",
                engine_error(j->engine));
    return result;
}

int job_rejects_check(struct job *j, bool complete)
{
    const struct engine_counts *c = engine_counts(j->engine);
    const struct reject_limit *limit = &j->options->max_rejects;
    if (!reject_limit_broken(limit, c->rejected, c->records, complete)) return 0;
    struct buf rules = {0};
    if (complete && j->options->mode == ENGINE_FRESH)
        rejects_say(j, &rules); /* others have those of earlier runs, too */
    err_set(j->error, ERR_INVALID, "--max-rejects %s: %" PRIu64 " of %" PRIu64 " records%s are rejected%s", limit->text,
            c->rejected, c->records, complete ? "" : " so far", buf_cstr(&rules));
    buf_release(&rules);
    return ENGINE_RULE_FAILED;
}

/* --- the database --- */

/* A refresh into a file that was not there: nobody reads it meanwhile, and SQLite's rollback journal need not keep
 * pages that are new. So each is written once, where a write-ahead log would have it twice. After a kill the journal
 * beside the file takes it back to what was there before the transaction. */
static bool fills_new(const struct job *j)
{
    return j->created && j->options->mode == ENGINE_FRESH;
}

static int database_open(struct job *j)
{
    const char *path = j->options->db;
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    bool missing = path && access(path, F_OK) != 0, dry = j->options->dry_run;
    j->created = missing && !dry;
    int result = dry ? dry_database_open(missing ? NULL : path, BUSY_MS, &j->db, j->error)
                     : sql_open(path, flags, &j->db, j->error);
    if (result == 0 && !dry) result = database_lock(path, &j->lock, j->error);
    if (result < 0) return result;
    sqlite3_busy_timeout(j->db, BUSY_MS);
    /* One transaction holds the whole load, or that of a file: a checkpoint in between could move nothing anyway. What
     * a sort or a ranking cannot hold in the cache goes to a file (SQLite's default): memory does not grow with the
     * data. */
    return sql_exec(j->db, j->error,
                    "PRAGMA journal_mode = %s; PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 0;"
                    "PRAGMA cache_size = -%d",
                    fills_new(j) ? "DELETE" : "WAL", CACHE_KIB);
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

/* A reader may be in the way of the checkpoint: then the next one moves the log, nothing is lost. Nor is a database
 * removed that another run has made meanwhile: whoever did not get its lock did not create it. */
static void database_close(struct job *j, bool removed)
{
    if (j->db) sqlite3_exec(j->db, "PRAGMA wal_checkpoint(TRUNCATE)", NULL, NULL, NULL);
    sqlite3_close(j->db);
    if (removed) created_remove(j->options->db);
    if (j->lock >= 0) close(j->lock);
}

/* --- the run --- */

/* Which files, and what is in them: a run over the same has nothing new to read. */
static void input_digest(struct job *j)
{
    struct sha256 *s = sha256_new();
    for (int i = 0; i < j->lists.count; i++)
        for (int k = 0; k < j->lists.of[i].count; k++) {
            const struct source_file *f = &j->lists.of[i].files[k];
            sha256_update(s, j->lists.of[i].feed->name, strlen(j->lists.of[i].feed->name) + 1);
            sha256_update(s, f->name, strlen(f->name) + 1);
            sha256_update(s, f->digest, sizeof f->digest);
        }
    sha256_take_hex(s, j->input);
}

/* *nothing: the last run has done it all. */
static int resume_look(struct job *j, bool *nothing)
{
    struct run_last last;
    int result = sql_exec(j->db, j->error, "BEGIN");
    if (result == 0) result = runs_prepare(j->db, j->error);
    if (result == 0) result = runs_last(j->definition, j->db, schema_mode(j->options->mode), j->input, &last, j->error);
    sqlite3_exec(j->db, "ROLLBACK", NULL, NULL, NULL);
    if (result != 0) return result;
    *nothing = last.run && last.done && last.same;
    const char *what = !last.run   ? "there is no run before this one"
                       : *nothing  ? "is done, over the same files: nothing is left to load"
                       : last.done ? "is done, but over other files or with another definition or mode"
                       : j->options->mode == ENGINE_FRESH
                           ? "did not end; it was one transaction, so this one starts over"
                           : "did not end; what it has committed stays, the rest is loaded now";
    if (last.run)
        fprintf(stderr, "%s: run %" PRId64 " of %s %s\n", j->title, last.run, last.started, what);
    else
        fprintf(stderr, "%s: %s\n", j->title, what);
    return 0;
}

/* Committed before anything is read, so that a kill leaves a trace. */
static int run_begin(struct job *j)
{
    int result = sql_exec(j->db, j->error, "BEGIN IMMEDIATE");
    if (result != 0) return result;
    result = job_run_begin(j);
    if (result == 0) return sql_exec(j->db, j->error, "COMMIT");
    sqlite3_exec(j->db, "ROLLBACK", NULL, NULL, NULL);
    j->run = 0;
    return result;
}

/* What happened stands in the row; that this cannot be written is not worth another sentence. */
static void run_fail(struct job *j)
{
    struct err_text detail = {0};
    if (!j->options->dry_run && j->run) runs_end(j->db, j->run, RUN_FAILED, j->error->text, &detail);
}

static int changelogs_send(struct job *j, struct err_text *error)
{
    bool idle = !j->sender;
    int result = sender_attach(j->sender, j->options->db, error);
    while (result == 0 && !idle) {
        result = sender_run(j->sender, SEND_MS, false, &idle, error);
        if (result == 0 && !idle) result = own_broker_ensure(&j->broker, error);
    }
    if (result == 0 && j->options->mode != ENGINE_FRESH) result = sender_check(j->sender, error);
    if (result == 0 && j->sender)
        fprintf(stderr, "%s: %d changelogs, %" PRIu64 " messages\n", j->title, j->definition->changelog_count,
                sender_sent(j->sender));
    return result;
}

static int outputs_write(struct job *j)
{
    struct err_text detail = {0};
    int result = export_write(&j->exports, j->db, &detail);
    if (result == 0 && j->definition->export_count)
        fprintf(stderr, "%s: %d outputs, %" PRId64 " rows\n", j->title, j->definition->export_count, j->exports.rows);
    if (result == 0) result = changelogs_send(j, &detail);
    if (result != 0)
        err_set(j->error, result, "the warehouse is committed, but its outputs are not written: %s", detail.text);
    return result;
}

int job_outboxes_make(struct job *j)
{
    const struct definition *d = j->definition;
    int result = outbox_prepare(d, j->db, j->options->mode != ENGINE_FRESH, j->error);
    for (int i = 0; i < d->changelog_count && result == 0; i++) {
        bool moved;
        result = outbox_identity(d, &d->changelogs[i], j->db, sender_cluster(j->sender), &moved, j->error);
        int fresh = result == 0 ? sender_fresh(j->sender, i, j->db, j->error) : result;
        result = fresh >= 0 && (moved || fresh) ? outbox_fill(&d->changelogs[i], j->db, j->error) : fresh;
    }
    return result;
}

/* The run that is done may have been killed before its outputs were. */
static int outputs_resume(struct job *j)
{
    int result = sql_exec(j->db, j->error, "BEGIN IMMEDIATE");
    if (result != 0) return result;
    result = job_outboxes_make(j);
    if (result == 0) result = sql_exec(j->db, j->error, "COMMIT");
    if (result != 0) sqlite3_exec(j->db, "ROLLBACK", NULL, NULL, NULL);
    return result == 0 ? outputs_write(j) : result;
}

/* Before anything is done: a broker that is not there should not be found after an hour's work. */
static int sender_prepare(struct job *j)
{
    const struct batch_options *o = j->options;
    int result = changelog_check(j->definition, j->error);
    if (result != 0 || j->definition->changelog_count == 0 || o->dry_run) return result;
    result = own_broker_open(&j->broker, o->bootstrap, o->broker_dir, j->error);
    return result == 0 ? sender_open(j->definition, j->broker.bootstrap, GIVE_UP_MS, &j->sender, j->error) : result;
}

/* With a database that is open. */
static int run(struct job *j)
{
    bool nothing = false, dry = j->options->dry_run;
    int result = j->options->resume ? resume_look(j, &nothing) : 0;
    if (result == 0 && nothing && !dry) return outputs_resume(j);
    if (result != 0 || nothing) return result;
    if (!dry) result = run_begin(j);
    if (result == 0) result = j->options->mode == ENGINE_FRESH ? refresh_run(j) : load_run(j);
    if (result != 0 && dry) dry_error_name(j->options->db, j->error);
    if (result != 0) run_fail(j);
    return result == 0 && !dry ? outputs_write(j) : result;
}

int batch_run(const struct batch_options *options, struct err_text *error)
{
    struct job j = {.options = options, .lock = -1, .error = error};
    sql_setup();
    int result = definition_load(options->definition, &j.definition, error);
    if (result == 0) result = export_open(&j.exports, j.definition, options->db, options->out, error);
    if (result == 0) result = source_lists_look(j.definition, options->in, &j.lists, error);
    if (result == 0 && options->mode == ENGINE_FRESH) result = source_lists_check(&j.lists, options->in, error);
    if (result == 0 && options->db) result = source_lists_spare(&j.lists, options->in, options->db, error);
    if (result == 0) result = sender_prepare(&j);
    if (result == 0) {
        snprintf(j.title, sizeof j.title, "batch %s", j.definition->name);
        progress_start(&j.progress, j.title, "lines", j.lists.lines);
        input_digest(&j);
        j.notes = source_notes_new(j.definition);
        result = database_open(&j);
        bool ours = j.created && j.lock >= 0 && result != ERR_LOCKED;
        if (result == 0) result = run(&j);
        sender_close(j.sender);
        j.sender = NULL;
        database_close(&j, ours && j.created && result != 0);
    }
    sender_close(j.sender);
    own_broker_close(&j.broker);
    source_lists_release(&j.lists);
    source_notes_free(j.notes);
    export_close(&j.exports);
    definition_free(j.definition);
    return result;
}
