#include "etl/quality/tables.h"

#include <stdlib.h>

#include "etl/engine.h"
#include "etl/quality/report.h"
#include "etl/rule/rule.h"
#include "etl/sink/sql.h"
#include "etl/sink/value.h"
#include "lib/base/memory.h"

enum { CACHE_KIB = 8192 };

bool tables_have_rules(const struct definition *d)
{
    for (int i = 0; i < d->table_count; i++)
        if (d->tables[i].violations) return true;
    return false;
}

/* --- the tables --- */

static int engine_result(struct engine *e, int result, struct err_text *error)
{
    return result == 0 ? 0 : err_set(error, result < 0 ? result : ERR_INVALID, "%s", engine_error(e));
}

static int file_load(struct engine *e, const struct feed *feed, const char *in, const struct source_file *file,
                     struct err_text *error)
{
    struct source_reader *reader;
    struct record record;
    struct file_fact fact = source_file_fact(feed, file);
    int result = engine_result(e, engine_file(e, &fact), error);
    if (result != 0 || file->same_as) return result;
    result = source_open(feed, in, file, &reader, error);
    if (result != 0) return result < 0 ? result : 0;
    while ((result = source_next(reader, &record, error)) == 1) {
        result = engine_result(e, engine_record(e, &record), error);
        if (result != 0) break;
    }
    source_close(reader);
    return result;
}

static int all_load(struct engine *e, const struct source_lists *lists, const char *in, struct err_text *error)
{
    int result = 0;
    for (int i = 0; i < lists->count; i++)
        for (int k = 0; k < lists->of[i].count && result == 0; k++)
            result = file_load(e, lists->of[i].feed, in, &lists->of[i].files[k], error);
    return result == 0 ? engine_result(e, engine_flush(e), error) : result;
}

/* --- what is in them --- */

/* The first rows that break a rule, in the order of their columns. */
static int examples_read(const struct table *t, const struct rule *rule, sqlite3 *db, json_t *examples,
                         struct err_text *error)
{
    sqlite3_stmt *s;
    struct buf order = {0};
    int count = t->column_count - 2; /* without _rules and _severity */
    for (int i = 0; i < count; i++) buf_printf(&order, "%s%d", i ? ", " : "", i + 1);
    int result = sql_prepare(db, &s, error,
                             "SELECT * FROM \"%w\" WHERE instr(',' || _rules || ',', ',%q,') ORDER BY %s LIMIT %d",
                             t->name, rule->name, buf_cstr(&order), EXAMPLES_MAX);
    buf_release(&order);
    while (result == 0 && sqlite3_step(s) == SQLITE_ROW) {
        json_t *row = json_object();
        for (int i = 0; i < count; i++) {
            struct value v = value_column(s, i, t->columns[i].type);
            json_object_set_new(row, t->columns[i].name, report_cell(&v, t->columns[i].scale));
        }
        json_array_append_new(examples, row);
    }
    sqlite3_finalize(result == 0 ? s : NULL);
    return result;
}

static int rule_measure(const struct table *t, int number, const enum severity *severities, sqlite3 *db, json_t *rules,
                        struct err_text *error)
{
    const struct rule *rule = &t->rules->rules[number];
    int64_t rows;
    json_t *examples = json_array();
    int result =
        sql_integer(db, 0, &rows, error, "SELECT count(*) FROM \"%w\" WHERE instr(',' || _rules || ',', ',%q,')",
                    t->name, rule->name);
    if (result == 0) result = examples_read(t, rule, db, examples, error);
    json_array_append_new(rules, report_table_rule(t->rules, number, severities[number], rows, examples));
    return result;
}

/* `t` is NAME_violations. */
static int table_measure(const struct table *t, const enum severity *severities, sqlite3 *db, json_t *tables,
                         struct err_text *error)
{
    int64_t all = 0, kept = 0;
    json_t *object = json_object(), *rules = json_array();
    int result = sql_integer(db, 0, &all, error, "SELECT count(*) FROM \"%w_all\"", t->rules->name);
    if (result == 0) result = sql_integer(db, 0, &kept, error, "SELECT count(*) FROM \"%w\"", t->rules->name);
    for (int i = 0; i < t->rules->rule_count && result == 0; i++)
        result = rule_measure(t, i, severities, db, rules, error);
    json_object_set_new(object, "table", json_string(t->rules->name));
    json_object_set_new(object, "rows", json_integer(all));
    json_object_set_new(object, "rejected", json_integer(all - kept));
    json_object_set_new(object, "rules", rules);
    json_array_append_new(tables, object);
    return result;
}

/* --- severities --- */

static void fail_is_reject(struct rule *rules, int count)
{
    for (int i = 0; i < count; i++)
        if (rules[i].severity == SEVERITY_FAIL) rules[i].severity = SEVERITY_REJECT;
}

/* Those that were declared, table after table. */
static enum severity *severities_take(struct definition *d)
{
    int count = 0, at = 0;
    for (int i = 0; i < d->table_count; i++) count += d->tables[i].violations ? d->tables[i].rules->rule_count : 0;
    enum severity *all = memory_new(((size_t)count + 1) * sizeof *all);
    for (int i = 0; i < d->table_count; i++) {
        const struct feed *rules = d->tables[i].violations ? d->tables[i].rules : NULL;
        for (int k = 0; rules && k < rules->rule_count; k++) all[at++] = rules->rules[k].severity;
        if (rules) fail_is_reject(rules->rules, rules->rule_count);
    }
    for (int i = 0; i < d->feed_count; i++) fail_is_reject(d->feeds[i].rules, d->feeds[i].rule_count);
    return all;
}

static int all_measure(const struct definition *d, const enum severity *severities, sqlite3 *db, json_t *tables,
                       struct err_text *error)
{
    int result = 0;
    for (int i = 0; i < d->table_count && result == 0; i++) {
        if (!d->tables[i].violations) continue;
        result = table_measure(&d->tables[i], severities, db, tables, error);
        severities += d->tables[i].rules->rule_count;
    }
    return result;
}

int tables_measure(struct definition *d, const struct source_lists *lists, const char *in, json_t *tables,
                   struct err_text *error)
{
    sqlite3 *db;
    struct engine *e = NULL;
    int64_t run;
    int result = sql_open_temporary(CACHE_KIB, &db, error);
    if (result != 0) return result;
    enum severity *severities = severities_take(d);
    result = sql_exec(db, error, "BEGIN");
    if (result == 0) result = engine_run_begin(db, d, ENGINE_FRESH, "", &run, error);
    if (result == 0) result = engine_open(d, db, ENGINE_FRESH, run, &e, error);
    if (result == 0) result = all_load(e, lists, in, error);
    if (result == 0) result = all_measure(d, severities, db, tables, error);
    engine_close(e);
    free(severities);
    sqlite3_close(db);
    return result;
}
