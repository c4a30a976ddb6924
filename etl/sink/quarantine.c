#include "etl/sink/quarantine.h"

#include <stdlib.h>
#include <string.h>

#include "etl/sink/sql.h"
#include "lib/base/memory.h"
#include "lib/base/text.h"

enum severity quarantine_severity(const struct feed *feed, int ordinal)
{
    if (ordinal >= 1 && ordinal <= feed->rule_count) return feed->rules[ordinal - 1].severity;
    return ordinal && feed->retyped_fails ? SEVERITY_FAIL : SEVERITY_REJECT;
}

static const struct feed *feed_of(const struct quarantine *q, int index)
{
    return &q->context->definition->feeds[index];
}

static size_t bucket_count(const struct feed *feed)
{
    return (size_t)feed->rule_count + 2;
}

static void counts_make(struct quarantine *q)
{
    const struct definition *d = q->context->definition;
    q->counts = memory_new((size_t)d->feed_count * sizeof *q->counts);
    for (int i = 0; i < d->feed_count; i++)
        q->counts[i].rejects = memory_new(bucket_count(&d->feeds[i]) * sizeof(int64_t));
}

static int violation_write(struct quarantine *q, sqlite3_stmt *s, const struct record *r, const struct violation *v,
                           struct err_text *error)
{
    sql_bind_slice(s, 1, slice_str(feed_of(q, r->feed)->name));
    sqlite3_bind_int64(s, 2, q->run);
    sql_bind_slice(s, 3, r->at.file);
    sqlite3_bind_int64(s, 4, (int64_t)r->at.line);
    sqlite3_bind_int64(s, 5, (int64_t)r->at.byte_offset);
    if (v->column.n)
        sql_bind_slice(s, 6, v->column);
    else
        sqlite3_bind_null(s, 6);
    sql_bind_slice(s, 7, v->rule);
    sqlite3_bind_int(s, 8, v->ordinal);
    if (v->column.n || v->value.n) /* of a whole record: what is wrong with it */
        sql_bind_bytes(s, 9, v->value);
    else
        sqlite3_bind_null(s, 9);
    sql_bind_bytes(s, 10, r->raw);
    return sql_step(s, error);
}

/* On its way to the other thread; its texts stand behind it, names are the definition's. */
struct violation_room {
    sqlite3_stmt *statement;
    struct record record;
    struct violation violation;
};

static int deferred_violations(void *object, const void *room, struct err_text *error)
{
    int result = 0;
    for (const struct violation_room *v = room; v && result == 0; v = deferred_next(v))
        result = violation_write(object, v->statement, &v->record, &v->violation, error);
    return result;
}

static int violation_put(struct quarantine *q, sqlite3_stmt *s, const struct record *r, const struct violation *v)
{
    struct deferred *d = q->context->deferred;
    if (!d) return violation_write(q, s, r, v, q->context->error);
    struct violation_room *room = deferred_room(d, sizeof *room + r->at.file.n + r->raw.n + v->value.n);
    uint8_t *end = (uint8_t *)(room + 1);
    *room = (struct violation_room){s, *r, *v};
    room->record.at.file = deferred_text(&end, r->at.file);
    room->record.raw = deferred_text(&end, r->raw);
    room->violation.value = deferred_text(&end, v->value);
    return deferred_put(d, &q->violations, q->context->error);
}

static int violations_write(struct quarantine *q, const struct row *row, int *warnings)
{
    const struct feed *feed = feed_of(q, row->record->feed);
    int result = 0;
    for (int i = 0; i < row->violation_count && result == 0; i++) {
        const struct violation *v = &row->violations[i];
        bool warning = quarantine_severity(feed, v->ordinal) == SEVERITY_WARN;
        *warnings += warning;
        result = violation_put(q, warning ? q->warn : q->add, row->record, v);
    }
    return result;
}

static int violations_erase(struct quarantine *q, const struct row *row, int *warnings)
{
    const struct feed *feed = feed_of(q, row->record->feed);
    int result = 0, rejecting = 0;
    for (int i = 0; i < row->violation_count; i++) {
        bool warning = quarantine_severity(feed, row->violations[i].ordinal) == SEVERITY_WARN;
        *warnings += warning;
        rejecting += !warning;
    }
    sqlite3_stmt *both[] = {rejecting ? q->erase : NULL, *warnings ? q->erase_warning : NULL};
    for (int i = 0; i < 2 && result == 0; i++) {
        if (!both[i]) continue;
        sqlite3_bind_int64(both[i], 1, (int64_t)row->record->at.byte_offset);
        sql_bind_slice(both[i], 2, row->record->at.file);
        sql_bind_slice(both[i], 3, slice_str(feed->name));
        result = sql_step(both[i], q->context->error);
    }
    return result;
}

int quarantine_row(struct quarantine *q, const struct row *row, int sign)
{
    struct quarantine_counts *counts = &q->counts[row->record->feed];
    int warnings = 0;
    int result = row->violation_count == 0 ? 0
                 : sign > 0                ? violations_write(q, row, &warnings)
                                           : violations_erase(q, row, &warnings);
    counts->warned += warnings ? sign : 0;
    if (row->bucket == ROW_VALID) {
        counts->accepted += sign;
    } else {
        counts->rejected += sign;
        counts->rejects[row->bucket] += sign;
    }
    return result;
}

void quarantine_read(struct quarantine *q, int feed, int sign)
{
    q->counts[feed].read += sign;
}

static int file_write(struct quarantine *q, const struct file_fact *fact, struct err_text *error)
{
    sql_bind_slice(q->file, 1, slice_str(feed_of(q, fact->feed)->name));
    sql_bind_slice(q->file, 2, fact->file);
    sql_bind_slice(q->file, 3, fact->digest);
    sqlite3_bind_int64(q->file, 4, (int64_t)fact->bytes);
    sqlite3_bind_int64(q->file, 5, (int64_t)fact->lines);
    if (fact->skipped_as_identical_to.n)
        sql_bind_slice(q->file, 6, fact->skipped_as_identical_to);
    else
        sqlite3_bind_null(q->file, 6);
    return sql_step(q->file, error);
}

static int deferred_files(void *object, const void *room, struct err_text *error)
{
    int result = 0;
    for (; room && result == 0; room = deferred_next(room)) result = file_write(object, room, error);
    return result;
}

int quarantine_open(struct quarantine *q, struct operator_context *c, int64_t run)
{
    *q = (struct quarantine){.context = c, .run = run};
    q->violations = (struct deferred_target){.write = deferred_violations, .object = q};
    q->files = (struct deferred_target){.write = deferred_files, .object = q};
    counts_make(q);
    sqlite3 *db = c->db;
    struct {
        sqlite3_stmt **statement;
        const char *sql;
    } all[] = {
        {&q->add, "INSERT INTO quarantine VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)"},
        {&q->warn, "INSERT INTO warnings VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)"},
        {&q->erase, "DELETE FROM quarantine WHERE byte_offset = ?1 AND file = ?2 AND source = ?3"},
        {&q->erase_warning, "DELETE FROM warnings WHERE byte_offset = ?1 AND file = ?2 AND source = ?3"},
        {&q->file, "INSERT OR REPLACE INTO files VALUES(?1, ?2, ?3, ?4, ?5, ?6)"},
        {&q->count, "INSERT INTO rejects VALUES(?1, ?2, ?3, ?4) "
                    "ON CONFLICT(source, rule) DO UPDATE SET rows = rows + ?4"},
        {&q->empty, "DELETE FROM rejects WHERE rows = 0"},
        {&q->records, "UPDATE records SET read = read + ?1, accepted = accepted + ?2, rejected = rejected + ?3, "
                      "warned = warned + ?4 WHERE source = ?5"},
    };
    int result = 0;
    for (size_t i = 0; i < sizeof all / sizeof all[0] && result == 0; i++)
        result = sql_prepare(db, all[i].statement, c->error, "%s", all[i].sql);
    return result;
}

void quarantine_close(struct quarantine *q)
{
    sqlite3_stmt *all[] = {q->add, q->warn, q->erase, q->erase_warning, q->file, q->count, q->records, q->empty};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) sqlite3_finalize(all[i]);
    for (int i = 0; i < q->context->definition->feed_count; i++) free(q->counts[i].rejects);
    free(q->counts);
    *q = (struct quarantine){0};
}

int quarantine_file(struct quarantine *q, const struct file_fact *fact)
{
    struct deferred *d = q->context->deferred;
    if (!d) return file_write(q, fact, q->context->error);
    size_t texts = fact->file.n + fact->digest.n + fact->skipped_as_identical_to.n;
    struct file_fact *room = deferred_room(d, sizeof *room + texts);
    uint8_t *end = (uint8_t *)(room + 1);
    *room = *fact;
    room->file = deferred_text(&end, fact->file);
    room->digest = deferred_text(&end, fact->digest);
    room->skipped_as_identical_to = deferred_text(&end, fact->skipped_as_identical_to);
    return deferred_put(d, &q->files, q->context->error);
}

static int rejects_flush(struct quarantine *q, const struct feed *feed)
{
    int result = 0;
    for (int ordinal = 0; ordinal < (int)bucket_count(feed) && result == 0; ordinal++) {
        int64_t change = q->counts[feed->index].rejects[ordinal];
        if (change == 0) continue;
        sql_bind_slice(q->count, 1, slice_str(feed->name));
        sql_bind_slice(q->count, 2, slice_str(feed_rule_name(feed, ordinal)));
        sqlite3_bind_int(q->count, 3, ordinal);
        sqlite3_bind_int64(q->count, 4, change);
        result = sql_step(q->count, q->context->error);
    }
    return result;
}

static int records_flush(struct quarantine *q, const struct feed *feed)
{
    const struct quarantine_counts *counts = &q->counts[feed->index];
    const int64_t changes[] = {counts->read, counts->accepted, counts->rejected, counts->warned};
    for (int i = 0; i < 4; i++) sqlite3_bind_int64(q->records, i + 1, changes[i]);
    sql_bind_slice(q->records, 5, slice_str(feed->name));
    return sql_step(q->records, q->context->error);
}

int quarantine_flush(struct quarantine *q)
{
    const struct definition *d = q->context->definition;
    int result = 0;
    for (int i = 0; i < d->feed_count && result == 0; i++) result = rejects_flush(q, &d->feeds[i]);
    if (result == 0) result = sql_step(q->empty, q->context->error);
    for (int i = 0; i < d->feed_count && result == 0; i++) result = records_flush(q, &d->feeds[i]);
    quarantine_forget(q);
    return result;
}

void quarantine_forget(struct quarantine *q)
{
    const struct definition *d = q->context->definition;
    for (int i = 0; i < d->feed_count; i++) {
        struct quarantine_counts *counts = &q->counts[i];
        memset(counts->rejects, 0, bucket_count(&d->feeds[i]) * sizeof *counts->rejects);
        *counts = (struct quarantine_counts){.rejects = counts->rejects};
    }
}
