/* What a batch says about what it has made. */
#include <inttypes.h>
#include <stdio.h>

#include "etl/batch/job.h"
#include "etl/broken.h"
#include "etl/regex.h"
#include "etl/sink/sql.h"

void rejects_say(struct job *j, struct buf *out)
{
    sqlite3_stmt *s;
    if (sql_prepare(j->db, &s, j->error, "SELECT rule, sum(rows) AS n FROM rejects GROUP BY rule ORDER BY n DESC") != 0)
        return;
    for (const char *before = ": "; sqlite3_step(s) == SQLITE_ROW; before = ", ")
        buf_printf(out, "%s%s %lld", before, (const char *)sqlite3_column_text(s, 0),
                   (long long)sqlite3_column_int64(s, 1));
    sqlite3_finalize(s);
}

static int table_say(struct job *j, const char *name)
{
    int64_t rows;
    int result = sql_integer(j->db, 0, &rows, j->error, "SELECT count(*) FROM \"%w\"", name);
    if (result == 0) printf("%-40s %12" PRId64 "\n", name, rows);
    return result;
}

static int rules_say(struct job *j)
{
    sqlite3_stmt *s;
    int result = sql_prepare(j->db, &s, j->error, "SELECT source, rule, rows FROM rejects ORDER BY source, ordinal");
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

/* ", 3 replaced, 2 taken back" when there is something of it. */
static void changes_append(const struct job *j, struct buf *out)
{
    if (j->counts.replaced) buf_printf(out, ", %" PRId64 " replaced", j->counts.replaced);
    if (j->counts.taken_back) buf_printf(out, ", %" PRId64 " taken back", j->counts.taken_back);
}

int dry_run_say(struct job *j)
{
    const struct engine_counts *c = engine_counts(j->engine);
    struct buf changes = {0};
    changes_append(j, &changes);
    printf("dry run of %s: %" PRIu64 " records, %" PRIu64 " accepted, %" PRIu64 " rejected, %" PRIu64
           " with warnings%s; nothing was written\n\n",
           j->definition->name, c->records, c->accepted, c->rejected, c->warned, buf_cstr(&changes));
    buf_release(&changes);
    source_notes_say(j->notes, j->title);
    int result = c->rejected ? rules_say(j) : 0;
    printf("%s%-40s %12s\n", c->rejected ? "\n" : "", "table", "rows");
    for (int i = 0; i < j->definition->table_count && result == 0; i++)
        result = table_say(j, j->definition->tables[i].name);
    for (int i = 0; i < j->definition->view_count && result == 0; i++)
        result = table_say(j, j->definition->views[i].name);
    return result;
}

/* Every record of a source was rejected: more likely its definition is wrong than each of them. */
static void nothing_accepted_say(struct job *j)
{
    sqlite3_stmt *s;
    if (sql_prepare(j->db, &s, j->error, "SELECT source FROM records WHERE read > 0 AND accepted = 0") != 0) return;
    while (sqlite3_step(s) == SQLITE_ROW)
        fprintf(stderr,
                "%s: no record of source %s was accepted: is its format that of the files? `etl new FILE` drafts one; "
                "with --max-rejects 99%% this would have been an error\n",
                j->title, (const char *)sqlite3_column_text(s, 0));
    sqlite3_finalize(s);
}

void committed_say(struct job *j)
{
    const struct engine_counts *c = engine_counts(j->engine);
    struct buf changes = {0};
    changes_append(j, &changes);
    fprintf(stderr,
            "%s: committed: %" PRIu64 " records, %" PRIu64 " accepted, %" PRIu64 " rejected, %" PRIu64
            " with warnings%s\n",
            j->title, c->records, c->accepted, c->rejected, c->warned, buf_cstr(&changes));
    buf_release(&changes);
    if (c->records) nothing_accepted_say(j);
    source_notes_say(j->notes, j->title);
    regex_gave_up_say(j->title);
    if (*engine_state(j->engine)) fprintf(stderr, "%s: state: %s\n", j->title, engine_state(j->engine));
    broken_say(j->definition, j->db, j->title, j->run);
}
