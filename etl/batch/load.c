#include "etl/batch/load.h"

#include <inttypes.h>
#include <stdio.h>

#include "etl/outstanding.h"
#include "etl/sink/keys.h"
#include "etl/sink/schema.h"
#include "etl/sink/sql.h"

/* A checkpoint beside the commits, so that the log does not grow with the number of files. */
enum { CHECKPOINT_PAGES = 8192 };

/* A dry run, and one that may turn out to have too many rejects, is a single transaction. */
static bool is_whole(const struct job *j)
{
    return j->options->dry_run || j->options->max_rejects.given;
}

static int begin(struct load *l)
{
    return is_whole(l->job) ? 0 : sql_exec(l->job->db, l->job->error, "BEGIN IMMEDIATE");
}

static int commit(struct load *l)
{
    struct job *j = l->job;
    int result = job_counts_write(j);
    if (result != 0 || is_whole(j)) return result;
    result = sql_exec(j->db, j->error, "COMMIT");
    if (result != 0) return result;
    j->created = false;
    l->committed = j->counts.files;
    return 0;
}

/* Makes tables where there are none. */
static int open_all(struct load *l)
{
    struct job *j = l->job;
    int result = j->options->dry_run ? job_run_begin(j) : 0;
    if (result == 0) result = engine_open(j->definition, j->db, j->options->mode, j->run, &j->engine, j->error);
    if (result == 0) result = job_outboxes_make(j);
    return result == 0 ? ledger_open(j->db, &l->ledger, j->error) : result;
}

static int steps_do(struct load *l)
{
    const struct step *steps = (const struct step *)(const void *)l->steps.p;
    size_t count = l->steps.n / sizeof *steps;
    int result = count ? keys_relax(l->job->definition, l->job->db, l->job->error) : 0;
    if (result == 0) result = commit(l);
    for (size_t i = 0; i < count && result == 0; i++) {
        result = begin(l);
        if (result == 0) result = job_engine_result(l->job, engine_begin(l->job->engine));
        if (result == 0) result = step_do(l, &steps[i]);
        if (result == 0) result = commit(l);
    }
    return result;
}

/* The last transaction, or the end of the only one. */
static int finish(struct load *l)
{
    struct job *j = l->job;
    int result = begin(l);
    if (result == 0) result = job_rejects_check(j, true);
    if (result == 0 && keys_declared(j->definition)) result = keys_settle(j->definition, j->db, j->error);
    if (result == KEYS_BROKEN) return ENGINE_RULE_FAILED;
    if (result == 0) result = outstanding_check(j->definition, j->db, j->error);
    if (result == 0) result = job_counts_write(j);
    if (result == 0) result = runs_end(j->db, j->run, RUN_DONE, NULL, j->error);
    if (result != 0) return result;
    return j->options->dry_run ? dry_run_say(j) : sql_exec(j->db, j->error, "COMMIT");
}

static void failed_say(const struct load *l)
{
    const struct job *j = l->job;
    if (l->committed > 0)
        fprintf(stderr, "%s: what was read before, %" PRId64 " files, is loaded and stays\n", j->title, l->committed);
}

/* No error: watermarks and deletes are read as in incremental. */
static void upsert_say(const struct job *j)
{
    const struct definition *d = j->definition;
    int keys = 0;
    for (int i = 0; i < d->feed_count; i++) keys += d->feeds[i].key_count;
    if (j->options->mode == ENGINE_UPSERT && keys == 0)
        fprintf(stderr,
                "%s: no source of %s has a \"key\": upsert replaces no record by its key, and loads as %s does\n",
                j->title, d->path, schema_mode(ENGINE_INCREMENTAL));
}

static void release(struct load *l)
{
    ledger_close(l->ledger);
    engine_close(l->job->engine);
    l->job->engine = NULL;
    buf_release(&l->steps);
    buf_release(&l->tail);
    arena_release(&l->arena);
    arena_release(&l->record);
    arena_release(&l->tail_arena);
}

int load_run(struct job *j)
{
    struct load l = {.job = j};
    int result =
        sql_exec(j->db, j->error, "PRAGMA wal_autocheckpoint = %d; PRAGMA recursive_triggers = ON; BEGIN IMMEDIATE",
                 CHECKPOINT_PAGES);
    if (result != 0) return result;
    upsert_say(j);
    result = open_all(&l);
    if (result == 0) result = changes_find(&l);
    if (result == 0) result = steps_do(&l);
    if (result == 0) result = finish(&l);
    if (result == 0) progress_finish(&j->progress, j->lines_done);
    if (result == 0 && !j->options->dry_run) {
        j->created = false;
        committed_say(j);
    }
    if (result != 0) failed_say(&l);
    release(&l);
    if (result != 0 || j->options->dry_run) sqlite3_exec(j->db, "ROLLBACK", NULL, NULL, NULL);
    return result;
}
