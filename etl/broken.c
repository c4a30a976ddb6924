#include "etl/broken.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "etl/rule/rule.h"
#include "etl/sink/sql.h"
#include "etl/source/format.h"
#include "lib/base/bytes.h"

enum { VALUE_BYTES_MAX = 60 };

/* A record is in the bucket of the first rule that rejects it. Its violations are written in one go, in the order of
 * their ordinals, so the first is the one whose neighbour before it is of another record. SQLite takes what stands
 * beside a min() from its row. */
#define REJECTED                                                                                                       \
    "SELECT source, rule, ordinal, count(*) AS n, min(rowid) AS id FROM quarantine AS q WHERE run = %lld AND NOT "     \
    "EXISTS (SELECT 1 FROM quarantine AS b WHERE b.rowid = q.rowid - 1 AND b.byte_offset = q.byte_offset AND b.file "  \
    "= q.file AND b.source = q.source AND b.run = q.run) GROUP BY source, ordinal"
#define WARNED                                                                                                         \
    "SELECT source, rule, ordinal, count(*) AS n, min(rowid) AS id FROM warnings WHERE run = %lld GROUP BY source, "   \
    "ordinal"
#define SAY(what, from)                                                                                                \
    "SELECT r.source, r.rule, r.n, v.file, v.line, v.\"column\", CASE WHEN typeof(v.value) = 'blob' THEN "             \
    "hex(v.value) ELSE v.value END, r.ordinal, v.byte_offset FROM (" what ") AS r JOIN " from                          \
    " AS v ON v.rowid = r.id ORDER BY r.source, r.ordinal"

static const char *text_of(sqlite3_stmt *s, int column)
{
    const unsigned char *text = sqlite3_column_text(s, column);
    return text ? (const char *)text : "";
}

/* Cut where a character begins, and on one line. */
static void value_put(struct buf *out, const char *value)
{
    size_t n = 0;
    for (; value[n]; n++)
        if (n >= VALUE_BYTES_MAX && ((unsigned char)value[n] & 0xc0) != 0x80) break;
    for (size_t i = 0; i < n; i++) buf_append_byte(out, (unsigned char)value[i] < ' ' ? ' ' : (uint8_t)value[i]);
    if (value[n]) buf_append_str(out, "...");
}

/* Of a derived column no text was read; what is computed of it, its rule has judged. */
static void nothing_put(struct buf *out, const struct feed *feed, const char *column, int ordinal)
{
    bool typed = ordinal > feed->rule_count || feed->rules[ordinal - 1].class == &RULE_TYPE;
    if (feed_column(feed, column) < feed->field_count)
        buf_printf(out, ", %s is empty", column);
    else
        buf_printf(out, typed ? ", %s cannot be computed" : ", derived column %s", column);
}

static void cause_put(struct buf *out, const struct feed *feed, const char *column, const char *value, int ordinal)
{
    if (*column && !*value) {
        nothing_put(out, feed, column, ordinal);
        return;
    }
    if (*column) buf_printf(out, ", %s is \"", column);
    if (!*column && *value) buf_append_str(out, ": ");
    value_put(out, value);
    if (*column) buf_append_str(out, "\"");
}

static void record_rule_say(const struct definition *d, sqlite3_stmt *s, const char *title, const char *word)
{
    struct buf out = {0};
    const char *source = text_of(s, 0);
    int feed = 0;
    while (strcmp(d->feeds[feed].name, source) != 0) feed++;
    buf_printf(&out, "%s: %s by %s of %s: %lld, first %s", title, word, text_of(s, 1), source,
               (long long)sqlite3_column_int64(s, 2), text_of(s, 3));
    if (sqlite3_column_int64(s, 4))
        buf_printf(&out, ", line %lld", (long long)sqlite3_column_int64(s, 4));
    else if (strcmp(d->feeds[feed].format->name, "sqlite") == 0)
        buf_printf(&out, ", rowid %lld", (long long)sqlite3_column_int64(s, 8));
    cause_put(&out, &d->feeds[feed], text_of(s, 5), text_of(s, 6), sqlite3_column_int(s, 7));
    fprintf(stderr, "%s\n", buf_cstr(&out));
    buf_release(&out);
}

/* What is said here is committed: that it cannot be told of is no failure. */
static void records_say(const struct definition *d, sqlite3 *db, const char *title, const char *word, const char *sql,
                        int64_t run)
{
    sqlite3_stmt *s;
    struct err_text error;
    if (sql_prepare(db, &s, &error, sql, (long long)run) != 0) return;
    while (sqlite3_step(s) == SQLITE_ROW) record_rule_say(d, s, title, word);
    sqlite3_finalize(s);
}

static void table_rule_say(const struct table *t, const struct rule *rule, sqlite3 *db, const char *title)
{
    int64_t rows;
    struct err_text error;
    if (sql_integer(db, 0, &rows, &error, "SELECT count(*) FROM \"%w\" WHERE instr(',' || _rules || ',', ',%q,')",
                    t->name, rule->name) != 0 ||
        rows == 0)
        return;
    fprintf(stderr, "%s: %s by %s of table %s: %" PRId64 " rows, in %s\n", title,
            rule->severity == SEVERITY_WARN ? "warned" : "rejected", rule->name, t->rules->name, rows, t->name);
}

void broken_say(const struct definition *d, sqlite3 *db, const char *title, int64_t run)
{
    records_say(d, db, title, "rejected", SAY(REJECTED, "quarantine"), run);
    records_say(d, db, title, "warned", SAY(WARNED, "warnings"), run);
    for (int i = 0; i < d->table_count; i++)
        for (int k = 0; d->tables[i].violations && k < d->tables[i].rules->rule_count; k++)
            table_rule_say(&d->tables[i], &d->tables[i].rules->rules[k], db, title);
}

int late_last(const struct definition *d, sqlite3 *db, int64_t *out, struct err_text *error)
{
    *out = 0;
    return definition_drops_late(d) ? sql_integer(db, 0, out, error, "SELECT coalesce(max(rowid), 0) FROM late") : 0;
}

void late_say(const struct definition *d, sqlite3 *db, const char *title, int64_t before)
{
    sqlite3_stmt *s;
    struct err_text error;
    if (!definition_drops_late(d)) return;
    if (sql_prepare(db, &s, &error,
                    "SELECT source, count(*), file, line, min(rowid) FROM late WHERE rowid > %lld GROUP BY source",
                    (long long)before) != 0)
        return;
    while (sqlite3_step(s) == SQLITE_ROW)
        fprintf(stderr, "%s: late: %lld records of %s, in the table late and in no other, first %s, line %lld\n", title,
                (long long)sqlite3_column_int64(s, 1), text_of(s, 0), text_of(s, 2),
                (long long)sqlite3_column_int64(s, 3));
    sqlite3_finalize(s);
}
