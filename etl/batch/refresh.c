/* --mode full: all files into new tables, which take the place of the old ones in one transaction. */
#include "etl/batch/job.h"
#include "etl/changelog/outbox.h"
#include "etl/outstanding.h"
#include "etl/sink/keys.h"
#include "etl/sink/sql.h"

static int file_load(struct job *j, const struct feed *feed, const struct source_file *f)
{
    struct source_reader *reader;
    int result = source_open(feed, j->options->in, f, &reader, j->error);
    if (result < 0) return result;
    struct record record;
    uint64_t records = 0;
    while ((result = source_next(reader, &record, j->error)) == 1) {
        result = job_engine_result(j, engine_record(j->engine, &record));
        if (result != 0) break;
        if (++records % JOB_PROGRESS_EVERY != 0) continue;
        progress_update(&j->progress, j->lines_done + record.at.line);
        if ((result = job_rejects_check(j, false)) != 0) break;
    }
    source_close(reader);
    j->lines_done += f->lines;
    j->counts.files++;
    return result;
}

static int source_load(struct job *j, const struct source_list *list)
{
    int result = 0;
    for (int i = 0; i < list->count && result == 0; i++) {
        const struct source_file *f = &list->files[i];
        struct file_fact fact = source_file_fact(list->feed, f);
        result = job_engine_result(j, engine_file(j->engine, &fact));
        if (result == 0 && !f->same_as) result = file_load(j, list->feed, f);
        if (result == 0) result = job_rejects_check(j, false);
    }
    return result;
}

/* What of the changelogs is to be sent. A dry run only finds keys that two rows have. */
static int outboxes_fill(struct job *j)
{
    const struct definition *d = j->definition;
    int result = outbox_prepare(d, j->db, false, j->error);
    for (int i = 0; i < d->changelog_count && result == 0; i++) {
        bool moved;
        result = outbox_identity(d, &d->changelogs[i], j->db, sender_cluster(j->sender), &moved, j->error);
        if (result == 0)
            result = outbox_compare(d, &d->changelogs[i], j->db, moved || sender_fresh(j->sender, i), j->error);
    }
    return result == OUTBOX_KEY_BROKEN ? ENGINE_RULE_FAILED : result;
}

/* Everything inside the transaction. */
static int tables_build(struct job *j)
{
    int result = j->options->dry_run ? job_run_begin(j) : 0;
    if (result == 0) result = engine_open(j->definition, j->db, ENGINE_FRESH, j->run, &j->engine, j->error);
    for (int i = 0; i < j->lists.count && result == 0; i++) result = source_load(j, &j->lists.of[i]);
    if (result == 0) result = job_engine_result(j, engine_flush(j->engine));
    if (result == 0) result = job_rejects_check(j, true);
    if (result == 0) result = job_engine_result(j, engine_install(j->engine));
    if (result == 0) result = keys_settle(j->definition, j->db, j->error);
    if (result == KEYS_BROKEN) return ENGINE_RULE_FAILED;
    if (result == 0) result = outstanding_check(j->definition, j->db, j->error);
    if (result == 0) result = outboxes_fill(j);
    if (result == 0) result = job_counts_write(j);
    return result == 0 ? runs_end(j->db, j->run, RUN_DONE, NULL, j->error) : result;
}

int refresh_run(struct job *j)
{
    int result = sql_exec(j->db, j->error, "BEGIN IMMEDIATE");
    if (result < 0) return result;
    result = tables_build(j);
    if (result == 0) result = j->options->dry_run ? dry_run_say(j) : sql_exec(j->db, j->error, "COMMIT");
    if (result == 0) progress_finish(&j->progress, j->lines_done);
    if (result == 0 && !j->options->dry_run) {
        j->created = false;
        committed_say(j);
    }
    engine_close(j->engine); /* its statements would keep a checkpoint from ending */
    j->engine = NULL;
    if (result != 0 || j->options->dry_run) sqlite3_exec(j->db, "ROLLBACK", NULL, NULL, NULL);
    return result;
}
