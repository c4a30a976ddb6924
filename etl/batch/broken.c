#include "etl/batch/broken.h"

#include <stdio.h>

#include "etl/sink/sql.h"
#include "lib/base/bytes.h"

enum { VALUE_BYTES_MAX = 60 };

/* The first violation of each rule in this run; a batch writes them in the order of the records. */
#define FIRST                                                                                                          \
    "JOIN (SELECT min(rowid) AS id, count(*) AS n, source, ordinal FROM %s WHERE run = %lld GROUP BY source, "         \
    "ordinal) AS f USING (source, ordinal) JOIN %s AS v ON v.rowid = f.id ORDER BY r.source, r.ordinal"
#define SEEN   ", v.file, v.line, v.\"column\", CASE WHEN typeof(v.value) = 'blob' THEN hex(v.value) ELSE v.value END "
#define WARNED "FROM (SELECT DISTINCT source, rule, ordinal FROM warnings) AS r "

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

static void rule_say(sqlite3_stmt *s, const char *title, const char *word)
{
    const char *column = text_of(s, 5), *value = text_of(s, 6);
    struct buf out = {0};
    buf_printf(&out, "%s: %s by %s of %s: %lld, first %s", title, word, text_of(s, 1), text_of(s, 0),
               (long long)sqlite3_column_int64(s, 2), text_of(s, 3));
    if (sqlite3_column_int64(s, 4)) buf_printf(&out, ", line %lld", (long long)sqlite3_column_int64(s, 4));
    if (*column) buf_printf(&out, ", %s is \"", column);
    if (!*column && *value) buf_append_str(&out, ": ");
    value_put(&out, value);
    if (*column) buf_append_str(&out, "\"");
    fprintf(stderr, "%s\n", buf_cstr(&out));
    buf_release(&out);
}

/* The run is committed: that it cannot be told of is no failure of it. */
static void rules_say(sqlite3 *db, const char *title, const char *word, const char *sql)
{
    sqlite3_stmt *s;
    struct err_text error;
    if (sql_prepare(db, &s, &error, "%s", sql) != 0) return;
    while (sqlite3_step(s) == SQLITE_ROW) rule_say(s, title, word);
    sqlite3_finalize(s);
}

void broken_say(sqlite3 *db, const char *title, int64_t run, bool fresh)
{
    char sql[1000];
    snprintf(sql, sizeof sql, "SELECT r.source, r.rule, %s" SEEN "FROM rejects AS r " FIRST, fresh ? "r.rows" : "f.n",
             "quarantine", (long long)run, "quarantine");
    rules_say(db, title, "rejected", sql);
    snprintf(sql, sizeof sql, "SELECT r.source, r.rule, f.n" SEEN WARNED FIRST, "warnings", (long long)run, "warnings");
    rules_say(db, title, "warned", sql);
}
