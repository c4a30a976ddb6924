/* Rules of a table that look at other rows: what they find, and that a stream ends as a batch does. */
#include "etl/engine_try_test.h"
#include "etl/outstanding.h"
#include "tests/unit.h"

/* Sources with columns id, who, n, t; records of each are lines of one file. */
#define SOURCE(name)                                                                                                   \
    "{'name': '" name "', 'format': 'csv', 'glob': '*', 'header': false, 'time': 't', 'columns': ["                    \
    "{'name': 'id', 'field': 1, 'type': 'integer'}, {'name': 'who', 'field': 2, 'type': 'text'},"                      \
    "{'name': 'n', 'field': 3, 'type': 'decimal', 'scale': 2},"                                                        \
    "{'name': 't', 'field': 4, 'type': 'timestamp', 'format': '%%s'}]}"
#define ONE          "{'pipeline': 'p', 'version': 1, 'sources': [" SOURCE("a") "], 'tables': ["
#define TWO          "{'pipeline': 'p', 'version': 1, 'sources': [" SOURCE("a") ", " SOURCE("b") "], 'tables': ["
#define KEY(columns) "{'rule': 'unique', 'name': 'taken', 'columns': " columns "}"

/* Definitions are written with single quotes, and ^ for those of a text in an expression. */
static const char *json_of(const char *format, const char *inside)
{
    static char json[8192];
    snprintf(json, sizeof json, format, inside);
    for (char *p = json; *p; p++) *p = *p == '\'' ? '"' : *p == '^' ? '\'' : *p;
    return json;
}

static struct definition *defined(const char *format, const char *inside)
{
    return try_definition(json_of(format, inside));
}

#define VIOLATIONS "SELECT id, n, _rules, _severity FROM x_violations ORDER BY id, n"

TEST(check, unique_keeps_the_first_row_by_time)
{
    struct definition *d =
        defined(ONE "{'name': 'x', 'rules': [{'rule': 'range', 'column': 'n', 'min': 0}, " KEY("'id'") "%s]}]}", "");
    const char *lines[] = {"1,A,1,30", "1,B,2,10", "1,C,3,20", ",D,4,1", ",E,5,1", "2,F,-1,1", "2,G,6,2", NULL};
    sqlite3 *db = try_batch(d, lines);
    /* B is the earliest; NULL is no key; F is rejected before and holds none. */
    check_str(try_text(db, "SELECT who FROM x ORDER BY who"), "B;D;E;G");
    check_str(try_text(db, VIOLATIONS), "1|100|taken|reject;1|300|taken|reject;2|-100|range_n|reject");
    check_str(try_text(db, "SELECT count(*) FROM sqlite_schema WHERE name LIKE 'millrace_%check%' OR name LIKE "
                           "'millrace_%among%'"),
              "0");
    sqlite3_close(db);
    definition_free(d);
}

TEST(check, unique_over_all_columns_takes_null_for_a_value)
{
    struct definition *d = defined(ONE "{'name': 'x', 'columns': ['id', 'n'], 'rules': [" KEY("'all'") "%s]}]}", "");
    const char *lines[] = {"1,A,,1", "1,B,,2", ",C,,3", ",D,,4", "1,E,1,5", NULL};
    sqlite3 *db = try_batch(d, lines);
    check_str(try_text(db, VIOLATIONS), "||taken|reject;1||taken|reject");
    sqlite3_close(db);
    definition_free(d);
}

/* The sums of a's rows by id are compared with a's own rows of another kind: totals are rows of who T. */
TEST(check, fk_and_sums_look_at_tables_of_any_kind)
{
    struct definition *d = defined(
        ONE "{'name': 'lines', 'where': 'who <> ^T^'},"
            "{'name': 'by_id', 'aggregate': 'lines', 'by': ['id'], 'columns': {'s': 'sum(n)'}, 'primary_key': 'id'},"
            "{'name': 'x', 'where': 'who = ^T^', 'rules': ["
            " {'rule': 'fk', 'name': 'no_lines', 'columns': 'id', 'table': 'by_id'},"
            " {'rule': 'sum_equals', 'name': 'sum', 'column': 'n', 'table': 'lines', 'of': 'n', 'on': {'id': 'id'}, "
            "  'tolerance': '0.01', 'severity': '%s'}]}]}",
        "warn");
    const char *lines[] = {"1,A,1,1",    "1,A,2,1", "2,A,5,1", "1,T,3,1", "1,T,3.01,1",
                           "1,T,3.02,1", "2,T,,1",  "3,T,0,1", ",T,1,1",  NULL};
    sqlite3 *db = try_batch(d, lines);
    check_str(try_text(db, VIOLATIONS), "1|302|sum|warn;3|0|no_lines|reject");
    check_str(try_text(db, "SELECT count(*) FROM x"), "5");
    sqlite3_close(db);
    definition_free(d);
}

TEST(check, a_sum_may_pass_64_bits_on_its_way)
{
    struct definition *d =
        defined(ONE "{'name': 'lines'}, {'name': 'x', 'rules': [{'rule': 'sum_equals', 'name': 'sum', 'column': 'id', "
                    "'table': 'lines', 'of': 'id', 'on': {'who': 'who'}}%s]}]}",
                "");
    const char *lines[] = {"9223372036854775807,A,,1", "1,A,,1", "-9223372036854775807,A,,1", NULL};
    sqlite3 *db = try_batch(d, lines);
    check_str(try_text(db, "SELECT id FROM x"), "1");
    sqlite3_close(db);
    definition_free(d);
}

TEST(check, a_table_may_look_at_its_own_rows)
{
    struct definition *d = defined(ONE "{'name': 'x', 'columns': ['id', 'n', 'who', {'name': 'parent', 'column': 'n'}],"
                                       " 'rules': [{'rule': 'fk', 'name': 'orphan', 'columns': ['n'], 'table': 'x_all',"
                                       " 'to': ['n']}%s]}]}",
                                   "");
    const char *lines[] = {"1,A,1,1", "2,A,,1", NULL};
    sqlite3 *db = try_batch(d, lines);
    check_str(try_text(db, "SELECT count(*) FROM x_violations"), "0");
    sqlite3_close(db);
    definition_free(d);
}

/* --- in a stream --- */

static void line_write(struct random *r, char *out, size_t size)
{
    static const char *const who[] = {"A", "B", "C", ""};
    char id[8] = "";
    if (!random_chance(r, 1, 10)) snprintf(id, sizeof id, "%d", (int)random_below(r, 5));
    snprintf(out, size, "%s,%s,%d.5,%d", id, who[random_below(r, 4)], (int)random_below(r, 5) - 1,
             (int)random_below(r, 6) * 10);
}

/* Rules before and behind each other, of a store; its readers; what reads the violations. */
static const char *const STORE =
    TWO "{'name': 'a', 'from': 'a'}, {'name': 'sums', 'aggregate': 'a', 'by': ['id'], 'columns': {'s': 'sum(n)', 'c': "
        "'count()'}},"
        "{'name': 'x', 'from': 'b', 'rules': ["
        " {'rule': 'unique', 'name': 'often', 'columns': 'who', 'severity': 'warn'},"
        " {'rule': 'fk', 'name': 'stranger', 'columns': ['id', 'who'], 'table': 'a', 'to': ['id', 'who']},"
        " {'rule': 'range', 'column': 'n', 'min': 0},"
        " {'rule': 'unique', 'name': 'taken', 'columns': 'id'},"
        " {'rule': 'sum_equals', 'name': 'sum', 'column': 'n', 'table': 'sums', 'of': 's', 'on': {'id': 'id'}, "
        "  'tolerance': '2', 'severity': 'warn'},"
        " {'rule': 'unique', 'name': 'again', 'columns': 'n', 'severity': '%s'}]},"
        "{'name': 'by_who', 'aggregate': 'x', 'by': ['who'], 'columns': {'c': 'count()', 's': 'sum(n)', 'f': "
        "'first(id)', 'm': 'max(t)'}},"
        "{'name': 'broken', 'aggregate': 'x_violations', 'by': ['_rules', '_severity'], 'columns': {'c': 'count()'}},"
        "{'name': 'best', 'top_n': 'x', 'by': ['who'], 'order': ['n desc'], 'n': 2}]}";

/* Rules of groups, of rows of a join (of which several have one position), of what has been checked before. */
static const char *const RESULTS = TWO "{'name': 'a', 'from': 'a', 'rules': [" KEY(
    "['id', 'n']") "]}, {'name': 'b', 'from': 'b'},"
                   "{'name': 'pairs', 'join': 'b', 'with': 'a', 'on': 'id', 'kind': 'inner', 'match': 'all', "
                   "  'columns': ['id', {'name': 'n', 'column': 'b.n'}, {'name': 'm', 'column': 'a.n'}], 'rules': ["
                   "  {'rule': 'unique', 'name': 'taken', 'columns': ['id', 'm']},"
                   "  {'rule': 'fk', 'name': 'own', 'columns': 'm', 'table': 'pairs_all', 'to': 'n', 'severity': "
                   "'warn'}]},"
                   "{'name': 'by_who', 'aggregate': 'b', 'by': ['who', 'id'], 'columns': {'c': 'count()', 's': "
                   "'sum(n)'},"
                   " 'rules': [" KEY(
                       "'s'") ","
                              "  {'rule': 'sum_equals', 'name': 'same', 'column': 's', 'table': 'pairs', 'of': 'm', "
                              "'on': {'id': 'id'}},"
                              "  {'rule': 'unique', 'name': 'who', 'columns': 'who', 'severity': '%s'}]},"
                              "{'name': 'counts', 'aggregate': 'by_who', 'by': ['c'], 'columns': {'k': 'count()', 's': "
                              "'sum(s)'}},"
                              "{'name': 'latest', 'dedupe': 'pairs', 'by': ['id'], 'keep': 'last', 'rules': ["
                              "  {'rule': 'unique', 'name': 'whole', 'columns': 'all'},"
                              "  {'rule': 'fk', 'name': 'counted', 'columns': 'n', 'table': 'counts', 'to': 's'}]}]}";

TEST(check, rules_among_rows_of_a_table_in_any_order)
{
    const char *const severities[] = {"warn", "reject"};
    for (int i = 0; i < 2; i++) {
        struct definition *d = defined(STORE, severities[i]);
        try_streams(d, 6, line_write, false);
        try_streams(d, 6, line_write, true);
        definition_free(d);
        d = defined(RESULTS, severities[i]);
        try_streams(d, 6, line_write, false);
        try_streams(d, 6, line_write, true);
        definition_free(d);
    }
}

/* --- fail --- */

TEST(check, fail_is_known_when_all_is_loaded)
{
    struct definition *d =
        defined(TWO "{'name': 'a', 'from': 'a'}, {'name': 'x', 'from': 'b', 'rules': [{'rule': 'fk', "
                    "'name': 'f', 'columns': 'id', 'table': 'a', 'to': 'id', 'severity': '%s'}]}]}",
                "fail");
    sqlite3 *db;
    struct err_text error = {{0}};
    sqlite3_open(":memory:", &db);
    try_sql(db, "BEGIN IMMEDIATE");
    struct engine *e = try_opened(d, db, ENGINE_LIVE);
    struct record child = {.at = {SLICE_LIT("f"), 0, 1, 1}, .raw = SLICE_LIT("1,A,1,1"), .feed = 1}, parent = child;
    parent.feed = 0;
    try_ok(engine_record(e, &child), e);
    try_ok(engine_flush(e), e);
    check_int(outstanding_check(d, db, &error), ENGINE_RULE_FAILED);
    check_str(error.text, "1 rows of table x break a rule of severity fail: f 1");
    try_ok(engine_record(e, &parent), e);
    try_ok(engine_flush(e), e);
    check_int(outstanding_check(d, db, &error), 0);
    engine_close(e);
    sqlite3_close(db);
    definition_free(d);
}

/* --- declarations --- */

static void check_refused(const char *rule, const char *part)
{
    struct definition *d = NULL;
    struct err_text error = {{0}};
    const char *json = json_of(ONE "{'name': 'x', 'rules': [%s]}, {'name': 'late'}]}", rule);
    check_int(definition_parse(slice_str(json), "p.json", &d, &error), ERR_INVALID);
    if (!strstr(error.text, part)) unit_fail("\"%s\" is not in \"%s\"", part, error.text);
}

TEST(check, declarations_are_checked)
{
    check_refused("{'rule': 'fk', 'columns': 'id', 'table': 'late', 'to': 'id'}",
                  "tables[0].rules[0].table: there is no table \"late\" before this one");
    check_refused("{'rule': 'fk', 'columns': 'id', 'table': 'x', 'to': 'id'}",
                  "a table does not look at itself; x_all has its rows");
    check_refused("{'rule': 'fk', 'columns': 'id', 'table': 'x_all', 'to': 'who'}", "have different types");
    check_refused("{'rule': 'sum_equals', 'column': 'n', 'table': 'x_all', 'of': 'who', 'on': {'id': 'id'}}",
                  "only numbers have a sum");
    check_refused("{'rule': 'unique', 'columns': 'ide'}", "tables[0].rules[0].columns: there is no column \"ide\"");
}
