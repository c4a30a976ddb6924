#include "etl/batch/batch.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "etl/definition.h"
#include "etl/engine.h"
#include "etl/sink/sql.h"
#include "etl/source/source.h"
#include "lib/os/progress.h"

enum { BUSY_MS = 2000, CACHE_KIB = 65536, PROGRESS_EVERY = 4096 };

struct batch {
    const struct batch_options *options;
    struct definition *definition;
    struct source_lists lists;
    sqlite3 *db;
    bool created; /* the database file was not there */
    struct engine *engine;
    struct progress progress;
    char title[128];
    uint64_t lines_done; /* of files that are finished */
    struct err_text *error;
};

static int database_open(struct batch *b)
{
    b->created = access(b->options->db, F_OK) != 0;
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    int result = sql_open(b->options->db, flags, &b->db, b->error);
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
        if (++records % PROGRESS_EVERY == 0) progress_update(&b->progress, b->lines_done + record.at.line);
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
    }
    return result;
}

static int sources_load(struct batch *b)
{
    int result = 0;
    for (int i = 0; i < b->lists.count && result == 0; i++) result = source_load(b, &b->lists.of[i]);
    return result;
}

/* Everything inside the transaction. */
static int tables_build(struct batch *b)
{
    int64_t run;
    int result = engine_run_begin(b->db, b->definition, "batch", &run, b->error);
    if (result == 0) result = engine_open(b->definition, b->db, ENGINE_FRESH, run, &b->engine, b->error);
    if (result == 0) result = sources_load(b);
    if (result == 0) result = engine_result(b, engine_flush(b->engine));
    if (result == 0) result = engine_result(b, engine_install(b->engine));
    return result;
}

static int refresh(struct batch *b)
{
    int result = sql_exec(b->db, b->error, "BEGIN IMMEDIATE");
    if (result < 0) return result;
    result = tables_build(b);
    if (result == 0) result = sql_exec(b->db, b->error, "COMMIT");
    if (result == 0) {
        progress_finish(&b->progress, b->lines_done);
        const struct engine_counts *c = engine_counts(b->engine);
        fprintf(stderr,
                "%s: committed: %" PRIu64 " records, %" PRIu64 " accepted, %" PRIu64 " rejected, %" PRIu64
                " with warnings\n",
                b->title, c->records, c->accepted, c->rejected, c->warned);
    }
    engine_close(b->engine);
    b->engine = NULL;
    if (result != 0)
        sqlite3_exec(b->db, "ROLLBACK", NULL, NULL, NULL);
    else /* a reader may be in the way: then the next one moves the log, nothing is lost */
        sqlite3_exec(b->db, "PRAGMA wal_checkpoint(TRUNCATE)", NULL, NULL, NULL);
    return result;
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
    if (result == 0) result = source_lists_read(b.definition, options->in, &b.lists, error);
    if (result == 0) {
        snprintf(b.title, sizeof b.title, "batch %s", b.definition->name);
        progress_start(&b.progress, b.title, "lines", b.lists.lines);
        result = database_open(&b);
        if (result == 0) result = refresh(&b);
        sqlite3_close(b.db);
        if (result != 0 && b.created) created_remove(options->db);
    }
    source_lists_release(&b.lists);
    definition_free(b.definition);
    return result;
}
