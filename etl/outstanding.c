#include "etl/outstanding.h"

#include <inttypes.h>

#include "etl/engine.h"
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

static int table_check(const struct table *t, sqlite3 *db, struct err_text *error)
{
    int64_t rows;
    int result = sql_integer(db, 0, &rows, error, "SELECT count(*) FROM \"%w\" WHERE _severity = 'fail'", t->name);
    if (result != 0 || rows == 0) return result;
    err_set(error, ERR_INVALID, "%" PRId64 " rows of table %s break a rule of severity fail", rows, t->rules->name);
    return ENGINE_RULE_FAILED;
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
