/* Rules that look at another table: what they find, and that a stream ends as a batch does. */
#include "etl/engine_try_test.h"
#include "etl/operator/spill.h"
#include "etl/outstanding.h"
#include "tests/unit.h"

#define SOURCE(name, rules)                                                                                            \
    "{\"name\": \"" name "\", \"format\": \"csv\", \"glob\": \"*\", \"header\": false, \"columns\": ["                 \
    "{\"name\": \"id\", \"field\": 1, \"type\": \"integer\"}, {\"name\": \"who\", \"field\": 2, \"type\": \"text\"},"  \
    "{\"name\": \"n\", \"field\": 3, \"type\": \"decimal\", \"scale\": 2}], \"rules\": [" rules "]}"
#define HEAD "{\"pipeline\": \"p\", \"version\": 1, \"sources\": ["

/* A chain of four, with rules `unique` before and behind those that look, of all severities that go on. */
static const char *const CHAIN = HEAD SOURCE("people", "{\"rule\": \"unique\", \"columns\": \"id\"}") ", " SOURCE(
    "lines",
    "{\"rule\": \"fk\", \"columns\": \"who\", \"table\": \"people\", \"to\": \"who\"},"
    "{\"rule\": \"unique\", \"columns\": [\"id\", \"n\"]}") ", " SOURCE("orders",
                                                                        "{\"rule\": \"unique\", \"name\": "
                                                                        "\"often\", \"columns\": \"n\", "
                                                                        "\"severity\": \"warn\"},"
                                                                        "{\"rule\": \"fk\", \"name\": "
                                                                        "\"stranger\", \"columns\": [\"id\", "
                                                                        "\"who\"], \"table\": \"people\","
                                                                        " \"severity\": \"warn\"},"
                                                                        "{\"rule\": \"sum_equals\", \"name\": "
                                                                        "\"total\", \"column\": \"n\", \"table\": "
                                                                        "\"lines\", \"of\": \"n\","
                                                                        " \"on\": {\"id\": \"id\"}, \"tolerance\": "
                                                                        "\"0.5\"},"
                                                                        "{\"rule\": \"unique\", \"name\": "
                                                                        "\"id_taken\", \"columns\": \"id\"},"
                                                                        "{\"rule\": \"fk\", \"name\": \"orphan\", "
                                                                        "\"columns\": \"who\", \"table\": "
                                                                        "\"people\", \"to\": \"who\"},"
                                                                        "{\"rule\": \"unique\", \"name\": "
                                                                        "\"who_taken\", \"columns\": [\"who\", "
                                                                        "\"n\"]}") ", " SOURCE("notes",
                                                                                               "{\"rule\": \"fk\", "
                                                                                               "\"columns\": "
                                                                                               "\"id\", \"table\": "
                                                                                               "\"both\"}") "], "
                                                                                                            "\"tabl"
                                                                                                            "es\": "
                                                                                                            "["
                                                                                                            "{\"nam"
                                                                                                            "e\": "
                                                                                                            "\"peop"
                                                                                                            "le\", "
                                                                                                            "\"from"
                                                                                                            "\": "
                                                                                                            "\"peop"
                                                                                                            "le\", "
                                                                                                            "\"prim"
                                                                                                            "ary_"
                                                                                                            "key\":"
                                                                                                            " ["
                                                                                                            "\"id\""
                                                                                                            ", "
                                                                                                            "\"who"
                                                                                                            "\"]},"
                                                                                                            "{\"nam"
                                                                                                            "e\": "
                                                                                                            "\"line"
                                                                                                            "s\", "
                                                                                                            "\"from"
                                                                                                            "\": "
                                                                                                            "\"line"
                                                                                                            "s\", "
                                                                                                            "\"wher"
                                                                                                            "e\": "
                                                                                                            "\"n "
                                                                                                            "<> "
                                                                                                            "0\"},"
                                                                                                            "{\"nam"
                                                                                                            "e\": "
                                                                                                            "\"orde"
                                                                                                            "rs\", "
                                                                                                            "\"from"
                                                                                                            "\": "
                                                                                                            "\"orde"
                                                                                                            "rs\"},"
                                                                                                            "{\"nam"
                                                                                                            "e\": "
                                                                                                            "\"both"
                                                                                                            "\", "
                                                                                                            "\"from"
                                                                                                            "\": "
                                                                                                            "[\"peo"
                                                                                                            "ple\","
                                                                                                            " \"ord"
                                                                                                            "ers\"]"
                                                                                                            ", "
                                                                                                            "\"colu"
                                                                                                            "mns\":"
                                                                                                            " ["
                                                                                                            "\"id\""
                                                                                                            "], "
                                                                                                            "\"prim"
                                                                                                            "ary_"
                                                                                                            "key\":"
                                                                                                            " ["
                                                                                                            "\"id\""
                                                                                                            "]},"
                                                                                                            "{\"nam"
                                                                                                            "e\": "
                                                                                                            "\"orph"
                                                                                                            "ans\","
                                                                                                            " \"fro"
                                                                                                            "m\": "
                                                                                                            "\"orde"
                                                                                                            "rs\", "
                                                                                                            "\"rows"
                                                                                                            "\": "
                                                                                                            "{\"rej"
                                                                                                            "ected_"
                                                                                                            "as\": "
                                                                                                            "\"orph"
                                                                                                            "an\"},"
                                                                                                            " \"col"
                                                                                                            "umns\""
                                                                                                            ": "
                                                                                                            "[\"id"
                                                                                                            "\"]},"
                                                                                                            "{\"nam"
                                                                                                            "e\": "
                                                                                                            "\"note"
                                                                                                            "s\", "
                                                                                                            "\"from"
                                                                                                            "\": "
                                                                                                            "\"note"
                                                                                                            "s\"},"
                                                                                                            "{\"nam"
                                                                                                            "e\": "
                                                                                                            "\"by_"
                                                                                                            "who\","
                                                                                                            " \"agg"
                                                                                                            "regate"
                                                                                                            "\": "
                                                                                                            "\"orde"
                                                                                                            "rs\", "
                                                                                                            "\"by\""
                                                                                                            ": "
                                                                                                            "[\"who"
                                                                                                            "\"], "
                                                                                                            "\"colu"
                                                                                                            "mns\":"
                                                                                                            " {"
                                                                                                            "\"c\":"
                                                                                                            " \"cou"
                                                                                                            "nt()"
                                                                                                            "\","
                                                                                                            "  "
                                                                                                            "\"s\":"
                                                                                                            " \"sum"
                                                                                                            "(n)\"}"
                                                                                                            "}]}";

static void line_write(struct random *r, char *out, size_t size)
{
    char who[4] = "", n[32] = "";
    if (!random_chance(r, 1, 12)) snprintf(who, sizeof who, "%c", (char)('A' + random_below(r, 4)));
    if (!random_chance(r, 1, 12)) snprintf(n, sizeof n, "%d.%d", (int)random_below(r, 4) - 1, (int)random_below(r, 2));
    snprintf(out, size, "%d,%s,%s", (int)random_below(r, 6), who, n);
    if (random_chance(r, 1, 20)) snprintf(out, size, "x,A,1");
}

TEST(references, any_order_ends_in_the_tables_of_a_batch)
{
    struct definition *d = try_definition(CHAIN);
    try_streams(d, 40, line_write, false);
    definition_free(d);
}

TEST(references, rows_that_are_taken_back_take_others_along)
{
    struct definition *d = try_definition(CHAIN);
    try_streams(d, 25, line_write, true);
    definition_free(d);
}

/* With room for none, and for a few, sums of a batch go to a database of their own. */
TEST(references, sums_that_have_no_room_in_memory_are_the_same)
{
    struct definition *d = try_definition(CHAIN);
    size_t usual = spill_memory_max;
    for (size_t room = 0; room <= 160; room += 160) {
        spill_memory_max = room;
        try_streams(d, 15, line_write, false);
    }
    spill_memory_max = usual;
    definition_free(d);
}

/* --- what they find --- */

struct
try {
    sqlite3 *db;
    struct engine *engine;
    uint64_t at;
};

static void row_add(struct try *t, int feed, const char *line)
{
    struct record record = {.at = {SLICE_LIT("f"), t->at, t->at, t->at}, .raw = slice_str(line), .feed = feed};
    t->at++;
    try_ok(engine_record(t->engine, &record), t->engine);
}

static const char *const TWO = HEAD SOURCE("people", "") ", " SOURCE(
    "orders",
    "{\"rule\": \"fk\", \"columns\": \"id\", \"table\": \"people\", \"to\": \"id\"},"
    "{\"rule\": \"sum_equals\", \"name\": \"total\", \"column\": \"n\", \"table\": \"people\","
    " \"of\": \"n\", \"on\": {\"who\": \"who\"}, \"tolerance\": \"0.10\"}") "], \"tables\": [{\"name\": \"people\", "
                                                                            "\"from\": \"people\"}, {\"name\": "
                                                                            "\"orders\", \"from\": \"orders\"}]}";

static struct try try_start(struct definition *d, enum engine_mode mode)
{
    struct try t = {0};
    sqlite3_open(":memory:", &t.db);
    try_sql(t.db, "BEGIN IMMEDIATE");
    t.engine = try_opened(d, t.db, mode);
    return t;
}

static void try_end(struct try *t)
{
    engine_close(t->engine);
    sqlite3_close(t->db);
}

static const char *const QUARANTINE = "SELECT rule, \"column\", value, byte_offset FROM quarantine ORDER BY 4, 1";

TEST(references, null_breaks_nothing_and_a_tolerance_is_inside)
{
    struct definition *d = try_definition(TWO);
    struct try t = try_start(d, ENGINE_FRESH);
    row_add(&t, 0, "1,A,1.00");
    row_add(&t, 0, "2,A,0.50");
    row_add(&t, 0, ",B,7");
    row_add(&t, 0, "3,B,");
    row_add(&t, 1, "1,A,1.60"); /* good */
    row_add(&t, 1, "2,A,1.40"); /* good */
    row_add(&t, 1, "2,A,1.61");
    row_add(&t, 1, "2,A,1.39");
    row_add(&t, 1, "9,B,7");
    row_add(&t, 1, ",,9"); /* good: no keys */
    row_add(&t, 1, "3,C,0.1");
    row_add(&t, 1, "3,C,0.11"); /* of no rows it is 0 */
    row_add(&t, 1, "3,C,");
    try_ok(engine_flush(t.engine), t.engine);
    try_ok(engine_install(t.engine), t.engine);
    check_str(try_text(t.db, QUARANTINE), "total|n|1.61|6;total|n|1.39|7;fk_id|id|9|8;total|n|0.11|11");
    try_end(&t);
    definition_free(d);
}

TEST(references, a_row_waits_in_the_quarantine_for_its_parent)
{
    struct definition *d = try_definition(TWO);
    struct try t = try_start(d, ENGINE_LIVE);
    row_add(&t, 1, "1,A,1.00");
    try_ok(engine_flush(t.engine), t.engine);
    check_str(try_text(t.db, QUARANTINE), "fk_id|id|1|0");
    row_add(&t, 0, "1,B,1.00");
    try_ok(engine_flush(t.engine), t.engine);
    check_str(try_text(t.db, QUARANTINE), "total|n|1.00|0");
    row_add(&t, 0, "2,A,1.00");
    try_ok(engine_flush(t.engine), t.engine);
    check_str(try_text(t.db, QUARANTINE), "");
    check_str(try_text(t.db, "SELECT id FROM orders"), "1");
    struct record parent = {.at = {SLICE_LIT("f"), 1, 1, 1}, .raw = SLICE_LIT("1,B,1.00")};
    try_ok(engine_take_back(t.engine, &parent), t.engine);
    try_ok(engine_flush(t.engine), t.engine);
    check_str(try_text(t.db, QUARANTINE), "fk_id|id|1|0");
    check_str(try_text(t.db, "SELECT count(*) FROM orders"), "0");
    try_end(&t);
    definition_free(d);
}

/* --- rules of tables --- */

#define TOTALS                                                                                                         \
    HEAD SOURCE(                                                                                                       \
        "lines",                                                                                                       \
        "{\"rule\": \"unique\", \"columns\": [\"id\", \"n\"]}") "], \"tables\": ["                                     \
                                                                "{\"name\": \"lines\", \"rules\": [{\"rule\": "        \
                                                                "\"not_null\", \"column\": \"who\", \"severity\": "    \
                                                                "\"warn\"},"                                           \
                                                                "  {\"rule\": \"range\", \"column\": \"n\", \"max\": " \
                                                                "2}]},"                                                \
                                                                "{\"name\": \"by_who\", \"aggregate\": \"lines\", "    \
                                                                "\"by\": [\"who\"], \"columns\": {\"c\": \"count()\"," \
                                                                "  \"s\": \"sum(n)\"}, \"primary_key\": \"who\", "     \
                                                                "\"rules\": [{\"rule\": \"range\", \"column\": "       \
                                                                "\"s\", \"min\": 0},"                                  \
                                                                "  {\"rule\": \"expression\", \"name\": \"often\", "   \
                                                                "\"expr\": \"c < 2\", \"severity\": \"%s\"}]},"        \
                                                                "{\"name\": \"best\", \"top_n\": \"by_who\", \"by\": " \
                                                                "[\"c\"], \"order\": [\"s desc\"], \"n\": 2, "         \
                                                                "\"rules\": ["                                         \
                                                                "  {\"rule\": \"regex\", \"column\": \"who\", "        \
                                                                "\"pattern\": \"[AB]\"}]},"                            \
                                                                "{\"name\": \"total\", \"aggregate\": \"best\", "      \
                                                                "\"by\": [], \"columns\": {\"s\": \"sum(s)\"}}]}"

static struct definition *totals(const char *severity)
{
    char json[4096];
    snprintf(json, sizeof json, TOTALS, severity);
    return try_definition(json);
}

TEST(references, rules_of_a_table_stand_before_its_readers)
{
    struct definition *d = totals("warn");
    const char *lines[] = {"1,A,1", "2,A,2", "3,A,2.01", "4,B,-1", "5,,1", "6,C,2", NULL};
    sqlite3 *db = try_batch(d, lines);
    check_str(try_text(db, "SELECT id FROM lines ORDER BY id"), "1;2;4;5;6");
    check_str(try_text(db, "SELECT id, _rules, _severity, _byte_offset FROM lines_violations ORDER BY id"),
              "3|range_n|reject|20;5|not_null_who|warn|40");
    check_str(try_text(db, "SELECT count(*) FROM lines_all"), "6");
    check_str(try_text(db, "SELECT who, c, s FROM by_who ORDER BY who"), "|1|100;A|2|300;C|1|200");
    check_str(try_text(db, "SELECT who, s, _rules, _severity FROM by_who_violations ORDER BY who"),
              "A|300|often|warn;B|-100|range_s|reject");
    check_str(try_text(db, "SELECT coalesce(who, '-') FROM best ORDER BY who"), "-;A");
    check_str(try_text(db, "SELECT s FROM total"), "400");
    struct err_text error = {{0}};
    check_int(outstanding_check(d, db, &error), 0);
    sqlite3_close(db);
    definition_free(d);

    d = totals("fail");
    db = try_batch(d, lines);
    check_int(outstanding_check(d, db, &error), ENGINE_RULE_FAILED);
    check_str(error.text, "1 rows of table by_who break a rule of severity fail: often 1");
    sqlite3_close(db);
    definition_free(d);
}

TEST(references, rules_of_a_table_in_any_order)
{
    struct definition *d = totals("reject");
    try_streams(d, 10, line_write, false);
    try_streams(d, 8, line_write, true);
    definition_free(d);
}

/* --- declarations --- */

static void check_refused(const char *rule, const char *part)
{
    struct definition *d;
    struct err_text error = {{0}};
    char json[4096];
    snprintf(json, sizeof json,
             HEAD SOURCE("people", "") ", " SOURCE("orders",
                                                   "%s") "], \"tables\": [{\"name\": \"people\", \"from\": "
                                                         "\"people\"}, {\"name\": \"orders\", \"from\": \"orders\"}, "
                                                         "{\"name\": \"some\", \"select\": \"people\", "
                                                         "\"columns\": [\"id\"]}]}",
             rule);
    check_int(definition_parse(slice_str(json), "p.json", &d, &error), ERR_INVALID);
    if (!strstr(error.text, part)) unit_fail("\"%s\" is not in \"%s\"", part, error.text);
}

#define FK(more)  "{\"rule\": \"fk\", \"columns\": \"id\", " more "}"
#define SUM(more) "{\"rule\": \"sum_equals\", \"column\": \"n\", \"table\": \"people\", " more "}"

TEST(references, declarations_are_checked)
{
    check_refused(FK("\"table\": \"peple\", \"to\": \"id\""),
                  "sources[1].rules[0].table: there is no table \"peple\"; did you mean \"people\"?");
    check_refused(FK("\"table\": \"orders\", \"to\": \"id\""), "must stand before source orders");
    check_refused(FK("\"table\": \"some\", \"to\": \"id\""), "must keep rows of sources");
    check_refused(FK("\"table\": \"people\""), "the key \"to\" is missing");
    check_refused(FK("\"table\": \"people\", \"to\": [\"id\", \"n\"]"), "1 columns are looked for in 2");
    check_refused(FK("\"table\": \"people\", \"to\": \"who\""), "have different types (integer, text)");
    check_refused(FK("\"table\": \"people\", \"to\": \"whom\""), "did you mean \"who\"?");
    check_refused(FK("\"to\": \"id\""), "table");
    check_refused(SUM("\"of\": \"who\", \"on\": {\"id\": \"id\"}"), "only numbers have a sum");
    check_refused(SUM("\"of\": \"n\", \"on\": {}"), "rules[0].on: must be an object");
    check_refused(SUM("\"of\": \"n\", \"on\": {\"id\": \"ide\"}"), "rules[0].on.id: table people has no column");
    check_refused(SUM("\"of\": \"n\", \"on\": {\"id\": \"id\"}, \"tolerance\": \"0.001\""), "rules[0].tolerance");
    check_refused("{\"rule\": \"sum_equals\", \"column\": \"who\", \"table\": \"people\", \"of\": \"n\", \"on\": "
                  "{\"id\": \"id\"}}",
                  "a sum is a number");
}

static void check_table_refused(const char *table, const char *part)
{
    struct definition *d;
    struct err_text error = {{0}};
    char json[4096];
    snprintf(json, sizeof json, HEAD SOURCE("people", "") "], \"tables\": [{\"name\": \"t_all\"}, {%s}]}", table);
    check_int(definition_parse(slice_str(json), "p.json", &d, &error), ERR_INVALID);
    if (!strstr(error.text, part)) unit_fail("\"%s\" is not in \"%s\"", part, error.text);
}

TEST(references, declarations_of_a_table_are_checked)
{
    check_table_refused("\"name\": \"t\", \"rules\": []", "there is a table \"t_all\" already");
    check_table_refused(
        "\"name\": \"u\", \"rules\": [{\"rule\": \"type\", \"column\": \"id\"}]",
        "tables[1].rules[0].rule: is a rule of sources: values of a table have the types of its columns");
    check_table_refused("\"name\": \"u\", \"rules\": [{\"rule\": \"range\", \"column\": \"m\", \"min\": 0}]",
                        "tables[1].rules[0].column: there is no column \"m\"");
}
