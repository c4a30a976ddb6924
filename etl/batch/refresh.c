/* --mode full: all files into new tables, which take the place of the old ones in one transaction. */
#include <fcntl.h>

#include "etl/admission.h"
#include "etl/batch/job.h"
#include "etl/batch/reading.h"
#include "etl/changelog/outbox.h"
#include "etl/outstanding.h"
#include "etl/sink/keys.h"
#include "etl/sink/sql.h"

static int file_begin(struct job *j, const struct reading_page *page)
{
    struct file_fact fact = source_file_fact(page->list->feed, page->file);
    return job_engine_result(j, engine_file(j->engine, &fact));
}

static int file_end(struct job *j, const struct source_file *f)
{
    if (!f->same_as) {
        j->lines_done += f->lines;
        j->counts.files++;
    }
    return job_rejects_check(j, false);
}

/* *records of this file, so far. */
static int page_load(struct job *j, const struct reading_page *page, uint64_t *records)
{
    if (page->begins) *records = 0;
    int result = page->begins ? file_begin(j, page) : 0;
    if (result == 0) result = job_engine_result(j, engine_judged(j->engine, page->rows, page->count));
    uint64_t before = *records / JOB_PROGRESS_EVERY;
    *records += (uint64_t)page->count;
    if (result == 0 && *records / JOB_PROGRESS_EVERY > before) {
        progress_update(&j->progress, j->lines_done + page->rows[page->count - 1]->record.at.line);
        result = job_rejects_check(j, false);
    }
    return result == 0 && page->ends ? file_end(j, page->file) : result;
}

static int sources_load(struct job *j)
{
    struct reading *reading = reading_start(&j->lists, j->options->in, j->engine, j->notes);
    const struct reading_page *page;
    uint64_t records = 0;
    int result;
    while ((result = reading_next(reading, &page, j->error)) == 1 && (result = page_load(j, page, &records)) == 0) {}
    reading_stop(reading);
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
        int fresh = result == 0 ? sender_fresh(j->sender, i, j->db, j->error) : result;
        result = fresh < 0 ? fresh : outbox_compare(d, &d->changelogs[i], j->db, moved || fresh, j->error);
    }
    return result == OUTBOX_KEY_BROKEN ? ENGINE_RULE_FAILED : result;
}

/* No record comes any more: what a new file has so far goes to the disk while the rest is computed, and the commit
 * waits for less. (While records came this made the thread that writes wait.) The descriptor is that of the lock: to
 * close one of our own would take SQLite's locks away. */
static void file_write_begin(const struct job *j)
{
    if (j->created && j->lock >= 0) sync_file_range(j->lock, 0, 0, SYNC_FILE_RANGE_WRITE);
}

/* Everything inside the transaction. */
static int tables_build(struct job *j)
{
    int result = j->options->dry_run ? job_run_begin(j) : 0;
    if (result == 0) result = engine_open(j->definition, j->db, ENGINE_FRESH, j->run, &j->engine, j->error);
    if (result == 0) result = sources_load(j);
    if (result == 0) file_write_begin(j);
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

/* A new file was filled without a log; from now on others read while a run writes. Where a reader is in the way
 * already, the next run does it. */
static void log_begin(struct job *j)
{
    sqlite3_exec(j->db, "PRAGMA journal_mode = WAL", NULL, NULL, NULL);
}

int refresh_run(struct job *j)
{
    /* With a log, as IMMEDIATE; without, no reader may be there when the cache is full, or in the way of the commit. */
    int result = sql_exec(j->db, j->error, "BEGIN EXCLUSIVE");
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
    if (result != 0 || j->options->dry_run)
        sqlite3_exec(j->db, "ROLLBACK", NULL, NULL, NULL);
    else
        log_begin(j);
    return result;
}
