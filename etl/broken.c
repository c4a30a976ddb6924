#include "etl/broken.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "etl/rule/rule.h"
#include "etl/sink/sql.h"
#include "etl/source/format.h"
#include "lib/base/bytes.h"
#include "lib/base/memory.h"

enum { VALUE_BYTES_MAX = 60 };

/* What the records of a run that broke a rule of a source have in common. */
struct breach {
    int64_t count, first; /* rowid of the first violation, 0: none */
};

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

/* s: the violation whose rowid is b->first. */
static void breach_say(const struct feed *feed, int ordinal, const struct breach *b, sqlite3_stmt *s, const char *title,
                       const char *word)
{
    struct buf out = {0};
    buf_printf(&out, "%s: %s by %s of %s: %lld, first %s", title, word, text_of(s, 0), feed->name, (long long)b->count,
               text_of(s, 1));
    if (sqlite3_column_int64(s, 2))
        buf_printf(&out, ", line %lld", (long long)sqlite3_column_int64(s, 2));
    else if (strcmp(feed->format->name, "sqlite") == 0)
        buf_printf(&out, ", rowid %lld", (long long)sqlite3_column_int64(s, 3));
    cause_put(&out, feed, text_of(s, 4), text_of(s, 5), ordinal);
    fprintf(stderr, "%s\n", buf_cstr(&out));
    buf_release(&out);
}

static int breach_kinds(const struct feed *feed)
{
    return feed->rule_count + 2; /* the format itself, the rules, types without a rule */
}

/* A record is in the bucket of the first rule that rejects it. Its violations are written in one go, in the order of
 * their ordinals, so the first is the one whose neighbour before it is of another record. */
struct neighbour {
    int64_t id, byte_offset;
    int feed;
    struct buf file;
};

static bool neighbour_is_same(struct neighbour *n, sqlite3_stmt *s, int feed)
{
    struct slice file = sql_column_slice(s, 3);
    int64_t id = sqlite3_column_int64(s, 0), byte_offset = sqlite3_column_int64(s, 4);
    bool same =
        n->id == id - 1 && n->byte_offset == byte_offset && n->feed == feed && slice_equal(buf_slice(&n->file), file);
    n->id = id;
    n->byte_offset = byte_offset;
    n->feed = feed;
    if (same) return true;
    buf_reset(&n->file);
    buf_append_slice(&n->file, file);
    return false;
}

/* One pass over the violations of the run: SQL for it took four times as long. */
static void breaches_count(const struct definition *d, sqlite3_stmt *s, bool all, struct breach *const *of)
{
    struct neighbour before = {.id = -1};
    int feed = 0;
    while (sqlite3_step(s) == SQLITE_ROW) {
        struct slice source = sql_column_slice(s, 1);
        if (!slice_equal(slice_str(d->feeds[feed].name), source)) feed = definition_feed(d, source);
        bool same = neighbour_is_same(&before, s, feed);
        struct breach *b = &of[feed][sqlite3_column_int(s, 2)];
        if (same && !all) continue;
        if (!b->first) b->first = sqlite3_column_int64(s, 0);
        b->count++;
    }
    buf_release(&before.file);
}

static void breaches_say(const struct definition *d, sqlite3_stmt *one, struct breach *const *of, const char *title,
                         const char *word)
{
    for (int i = 0; i < d->feed_count; i++) {
        const struct feed *feed = definition_ranked(d, i);
        for (int ordinal = 0; ordinal < breach_kinds(feed); ordinal++) {
            const struct breach *b = &of[feed->index][ordinal];
            if (!b->first) continue;
            sqlite3_bind_int64(one, 1, b->first);
            if (sqlite3_step(one) == SQLITE_ROW) breach_say(feed, ordinal, b, one, title, word);
            sqlite3_reset(one);
        }
    }
}

/* Of quarantine the first violation of each record counts, of warnings all do. What is said here is committed: that it
 * cannot be told of is no failure. */
static void records_say(const struct definition *d, sqlite3 *db, const char *title, bool warned, int64_t run)
{
    const char *table = warned ? "warnings" : "quarantine";
    sqlite3_stmt *all = NULL, *one = NULL;
    struct err_text error;
    struct breach **of = memory_new((size_t)d->feed_count * sizeof *of);
    for (int i = 0; i < d->feed_count; i++) of[i] = memory_new((size_t)breach_kinds(&d->feeds[i]) * sizeof **of);
    if (sql_prepare(db, &all, &error,
                    "SELECT rowid, source, ordinal, file, byte_offset FROM %s WHERE run = %lld ORDER BY rowid", table,
                    (long long)run) == 0 &&
        sql_prepare(
            db, &one, &error,
            "SELECT rule, file, line, byte_offset, \"column\", CASE WHEN typeof(value) = 'blob' THEN hex(value) "
            "ELSE value END FROM %s WHERE rowid = ?1",
            table) == 0) {
        breaches_count(d, all, warned, of);
        breaches_say(d, one, of, title, warned ? "warned" : "rejected");
    }
    sqlite3_finalize(all);
    sqlite3_finalize(one);
    for (int i = 0; i < d->feed_count; i++) free(of[i]);
    free(of);
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
    records_say(d, db, title, false, run);
    records_say(d, db, title, true, run);
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
