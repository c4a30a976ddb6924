#include "etl/sink/quarantine.h"

#include <stdlib.h>
#include <string.h>

#include "etl/sink/schema.h"
#include "etl/sink/sql.h"
#include "lib/base/text.h"

enum severity quarantine_severity(const struct definition *d, int ordinal)
{
    return ordinal >= 1 && ordinal <= d->rule_count ? d->rules[ordinal - 1].severity : SEVERITY_REJECT;
}

int quarantine_open(struct quarantine *q, struct operator_context *c, int64_t run)
{
    *q = (struct quarantine){.context = c, .run = run};
    q->rejects = calloc((size_t)c->definition->rule_count + 2, sizeof *q->rejects);
    if (!q->rejects) abort();
    sqlite3 *db = c->db;
    const char *prefix = schema_prefix(c->live);
    struct {
        sqlite3_stmt **statement;
        const char *sql;
    } all[] = {
        {&q->add, "INSERT INTO \"%squarantine\" VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"},
        {&q->warn, "INSERT INTO \"%swarnings\" VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"},
        {&q->erase, "DELETE FROM \"%squarantine\" WHERE byte_offset = ?1 AND file = ?2"},
        {&q->erase_warning, "DELETE FROM \"%swarnings\" WHERE byte_offset = ?1 AND file = ?2"},
        {&q->file, "INSERT OR REPLACE INTO \"%sfiles\" VALUES(?1, ?2, ?3, ?4, ?5)"},
        {&q->count, "INSERT INTO \"%srejects\" VALUES(?1, ?2, ?3) ON CONFLICT(rule) DO UPDATE SET rows = rows + ?3"},
        {&q->empty, "DELETE FROM \"%srejects\" WHERE rows = 0"},
        {&q->records, "UPDATE \"%srecords\" SET read = read + ?1, accepted = accepted + ?2, rejected = rejected + ?3, "
                      "warned = warned + ?4"},
    };
    int result = 0;
    for (size_t i = 0; i < sizeof all / sizeof all[0] && result == 0; i++)
        result = sql_prepare(db, all[i].statement, c->error, all[i].sql, prefix);
    return result;
}

void quarantine_close(struct quarantine *q)
{
    sqlite3_stmt *all[] = {q->add, q->warn, q->erase, q->erase_warning, q->file, q->count, q->records, q->empty};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) sqlite3_finalize(all[i]);
    free(q->rejects);
    *q = (struct quarantine){0};
}

/* Text that is no text stays what it is: bytes. */
static void bytes_bind(sqlite3_stmt *s, int at, struct slice bytes)
{
    if (text_is_utf8(bytes) && (bytes.n == 0 || !memchr(bytes.p, 0, bytes.n)))
        sql_bind_slice(s, at, bytes);
    else
        sqlite3_bind_blob(s, at, bytes.p, (int)bytes.n, SQLITE_STATIC);
}

static int violation_write(struct quarantine *q, sqlite3_stmt *s, const struct record *r, const struct violation *v)
{
    sqlite3_bind_int64(s, 1, q->run);
    sql_bind_slice(s, 2, r->at.file);
    sqlite3_bind_int64(s, 3, (int64_t)r->at.line);
    sqlite3_bind_int64(s, 4, (int64_t)r->at.byte_offset);
    if (v->column.n)
        sql_bind_slice(s, 5, v->column);
    else
        sqlite3_bind_null(s, 5);
    sql_bind_slice(s, 6, v->rule);
    sqlite3_bind_int(s, 7, v->ordinal);
    if (v->column.n)
        bytes_bind(s, 8, v->value);
    else
        sqlite3_bind_null(s, 8);
    bytes_bind(s, 9, r->raw);
    return sql_step(s, q->context->error);
}

static int violations_write(struct quarantine *q, const struct row *row, int *warnings)
{
    int result = 0;
    for (int i = 0; i < row->violation_count && result == 0; i++) {
        const struct violation *v = &row->violations[i];
        bool warning = quarantine_severity(q->context->definition, v->ordinal) == SEVERITY_WARN;
        *warnings += warning;
        result = violation_write(q, warning ? q->warn : q->add, row->record, v);
    }
    return result;
}

static int violations_erase(struct quarantine *q, const struct row *row, int *warnings)
{
    int result = 0, rejecting = 0;
    for (int i = 0; i < row->violation_count; i++) {
        bool warning = quarantine_severity(q->context->definition, row->violations[i].ordinal) == SEVERITY_WARN;
        *warnings += warning;
        rejecting += !warning;
    }
    sqlite3_stmt *both[] = {rejecting ? q->erase : NULL, *warnings ? q->erase_warning : NULL};
    for (int i = 0; i < 2 && result == 0; i++) {
        if (!both[i]) continue;
        sqlite3_bind_int64(both[i], 1, (int64_t)row->record->at.byte_offset);
        sql_bind_slice(both[i], 2, row->record->at.file);
        result = sql_step(both[i], q->context->error);
    }
    return result;
}

int quarantine_row(struct quarantine *q, const struct row *row, int sign)
{
    int warnings = 0;
    int result = row->violation_count == 0 ? 0
                 : sign > 0                ? violations_write(q, row, &warnings)
                                           : violations_erase(q, row, &warnings);
    q->warned += warnings ? sign : 0;
    if (row->bucket == ROW_VALID) {
        q->accepted += sign;
    } else {
        q->rejected += sign;
        q->rejects[row->bucket] += sign;
    }
    return result;
}

void quarantine_read(struct quarantine *q)
{
    q->read++;
}

int quarantine_file(struct quarantine *q, const struct file_fact *fact)
{
    sql_bind_slice(q->file, 1, fact->file);
    sql_bind_slice(q->file, 2, fact->digest);
    sqlite3_bind_int64(q->file, 3, (int64_t)fact->bytes);
    sqlite3_bind_int64(q->file, 4, (int64_t)fact->lines);
    if (fact->skipped_as_identical_to.n)
        sql_bind_slice(q->file, 5, fact->skipped_as_identical_to);
    else
        sqlite3_bind_null(q->file, 5);
    return sql_step(q->file, q->context->error);
}

int quarantine_flush(struct quarantine *q)
{
    const struct definition *d = q->context->definition;
    int result = 0;
    for (int ordinal = 0; ordinal < d->rule_count + 2 && result == 0; ordinal++) {
        if (q->rejects[ordinal] == 0) continue;
        sqlite3_bind_text(q->count, 1, definition_rule_name(d, ordinal), -1, SQLITE_STATIC);
        sqlite3_bind_int(q->count, 2, ordinal);
        sqlite3_bind_int64(q->count, 3, q->rejects[ordinal]);
        result = sql_step(q->count, q->context->error);
    }
    if (result == 0) result = sql_step(q->empty, q->context->error);
    if (result == 0) {
        const int64_t changes[] = {q->read, q->accepted, q->rejected, q->warned};
        for (int i = 0; i < 4; i++) sqlite3_bind_int64(q->records, i + 1, changes[i]);
        result = sql_step(q->records, q->context->error);
    }
    quarantine_forget(q);
    return result;
}

void quarantine_forget(struct quarantine *q)
{
    memset(q->rejects, 0, ((size_t)q->context->definition->rule_count + 2) * sizeof *q->rejects);
    q->read = q->accepted = q->rejected = q->warned = 0;
}
