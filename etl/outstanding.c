#include "etl/outstanding.h"

#include <inttypes.h>

#include "etl/engine.h"
#include "etl/rule/rule.h"
#include "etl/sink/sql.h"

static int rule_check(const struct feed *feed, const struct rule *rule, sqlite3 *db, struct err_text *error)
{
    int64_t rows;
    int result = sql_integer(db, 0, &rows, error, "SELECT count(*) FROM quarantine WHERE source = %Q AND rule = %Q",
                             feed->name, rule->name);
    if (result != 0 || rows == 0) return result;
    err_set(error, ERR_INVALID,
            "rule %s of source %s failed: %" PRId64 " rows; SELECT * FROM quarantine WHERE rule = '%s'", rule->name,
            feed->name, rows, rule->name);
    return ENGINE_RULE_FAILED;
}

/* ": big 2, odd 1" of those that rows of a table break; a row may break several. */
static int broken_name(const struct table *t, sqlite3 *db, struct buf *out, struct err_text *error)
{
    int result = 0;
    for (int i = 0; i < t->rules->rule_count && result == 0; i++) {
        const struct rule *rule = &t->rules->rules[i];
        int64_t rows = 0;
        if (rule->severity != SEVERITY_FAIL) continue;
        result =
            sql_integer(db, 0, &rows, error, "SELECT count(*) FROM \"%w\" WHERE instr(',' || _rules || ',', ',%q,')",
                        t->name, rule->name);
        if (rows) buf_printf(out, "%s %s %" PRId64, out->n ? "," : ":", rule->name, rows);
    }
    return result;
}

static int table_check(const struct table *t, sqlite3 *db, struct err_text *error)
{
    int64_t rows;
    struct buf rules = {0};
    int result = sql_integer(db, 0, &rows, error, "SELECT count(*) FROM \"%w\" WHERE _severity = 'fail'", t->name);
    if (result != 0 || rows == 0) return result;
    result = broken_name(t, db, &rules, error);
    if (result == 0)
        err_set(error, ERR_INVALID, "%" PRId64 " rows of table %s break a rule of severity fail%s", rows,
                t->rules->name, buf_cstr(&rules));
    buf_release(&rules);
    return result < 0 ? result : ENGINE_RULE_FAILED;
}

int outstanding_check(const struct definition *d, sqlite3 *db, struct err_text *error)
{
    int result = 0;
    for (int i = 0; i < d->feed_count; i++)
        for (int k = 0; k < d->feeds[i].rule_count && result == 0; k++) {
            const struct rule *rule = &d->feeds[i].rules[k];
            if (rule->reference && rule->severity == SEVERITY_FAIL) result = rule_check(&d->feeds[i], rule, db, error);
        }
    for (int i = 0; i < d->table_count && result == 0; i++)
        if (d->tables[i].violations) result = table_check(&d->tables[i], db, error);
    return result;
}
