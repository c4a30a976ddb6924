#include "etl/definition.h"

#include "etl/source/spec.h"
#include "tests/unit.h"

#define SOURCE                                                                                                         \
    "\"pipeline\": \"p\", \"version\": 1, \"source\": {\"format\": \"csv\", \"glob\": \"*.csv\", \"time\": \"at\", "   \
    "\"columns\": [{\"name\": \"id\", \"type\": \"integer\"}, {\"name\": \"kind\", \"type\": \"text\"}, "              \
    "{\"name\": \"money\", \"type\": \"decimal\", \"scale\": 2}, "                                                     \
    "{\"name\": \"at\", \"type\": \"timestamp\", \"format\": \"%F %T\"}]}"
#define RULES  "\"rules\": [{\"rule\": \"not_null\", \"name\": \"no_kind\", \"column\": \"kind\"}]"
#define STORE  "{\"name\": \"rows\", \"columns\": [\"id\", \"kind\", \"money\", \"at\"]}"
#define TABLES "\"tables\": [" STORE "]"

static struct definition *load(const char *json)
{
    struct definition *d;
    struct err_text error = {{0}};
    if (definition_parse(slice_str(json), "d.json", &d, &error) != 0) unit_fail("%s", error.text);
    return d;
}

static void check_refused(const char *json, const char *part)
{
    struct definition *d;
    struct err_text error = {{0}};
    check_int(definition_parse(slice_str(json), "d.json", &d, &error), ERR_INVALID);
    check(d == NULL);
    if (!strstr(error.text, part)) unit_fail("\"%s\" is not in \"%s\"", part, error.text);
    check(strncmp(error.text, "d.json:", 7) == 0);
}

TEST(definition, resolves_names)
{
    struct definition *d =
        load("{" SOURCE ", " RULES ", \"derive\": [{\"name\": \"twice\", \"expr\": \"money * 2\"}],"
             "\"tables\": [{\"name\": \"rows\", \"columns\": [\"id\", {\"name\": \"sum\", \"column\": \"twice\"}, "
             "\"at\", \"_line\"],"
             "              \"where\": \"id > 0\", \"indexes\": [[\"sum\", \"id\"]]},"
             "             {\"name\": \"bad\", \"rows\": {\"rejected_as\": \"no_kind\"}},"
             "             {\"name\": \"total\", \"aggregate\": \"rows\", \"by\": [],"
             "              \"columns\": {\"n\": \"count()\", \"s\": \"sum(sum) where id < 9\", \"l\": \"last(id)\"}},"
             "             {\"name\": \"visits\", \"sessionize\": \"rows\", \"by\": [\"id\"], \"time\": \"at\", "
             "\"gap_s\": 60,"
             "              \"columns\": {\"d\": \"duration()\", \"e\": \"max(at)\"}},"
             "             {\"name\": \"longest\", \"aggregate\": \"visits\", \"by\": [\"id\"], \"columns\": {\"d\": "
             "\"max(d)\"}}]}");
    check_str(d->name, "p");
    check_str(d->topic, "p");
    const struct feed *feed = &d->feeds[0];
    check_int(d->feed_count, 1);
    check_str(feed->name, "p");
    check_int(feed->field_count, 4);
    check_int(feed->builtin, 5);
    check_int(feed->column_count, 5 + BUILTIN_COUNT);
    check_int(feed->columns[4].type, VALUE_DECIMAL);
    check_int(feed->columns[4].scale, 2);
    check_int(feed->time, 3);
    check_str(feed_rule_name(feed, 0), "format");
    check_str(feed_rule_name(feed, 1), "no_kind");
    check_str(feed_rule_name(feed, 2), "type");

    const struct table *rows = &d->tables[0], *total = &d->tables[2], *visits = &d->tables[3];
    check_int(rows->inputs[0].bucket, ROW_VALID);
    check_int(rows->column_count, 4);
    check_str(rows->columns[1].name, "sum");
    check_int(rows->columns[1].input, 4);
    check_int(rows->inputs[0].columns[3], feed->builtin + BUILTIN_LINE);
    check_int(rows->time, 2);
    check_int(rows->indexes[0][0], 1);
    check_int(rows->indexes[0][1], 0);
    check_int(rows->indexes[0][2], -1);
    check(rows->inputs[0].where != NULL);
    check_int(d->tables[1].inputs[0].bucket, 1);
    check_int(d->tables[1].column_count, 5); /* all declared and derived ones */

    check_int(total->parent, 0);
    check_int(total->by_count, 0);
    check_int(total->columns[0].function, AGGREGATE_COUNT);
    check_int(total->columns[0].input, -1);
    check_int(total->columns[1].input, 1);
    check_int(total->columns[1].scale, 2);
    check(total->columns[1].where != NULL && total->columns[0].where == NULL);
    check_int(visits->time, 2);
    check_int(visits->gap_s, 60);
    check_int(visits->columns[1].function, AGGREGATE_DURATION);
    check_int(visits->columns[2].type, VALUE_TIMESTAMP);
    check_int(d->tables[4].parent, 3);
    definition_free(d);
}

TEST(definition, same_bytes_same_digest)
{
    struct definition *a = load("{" SOURCE ", " TABLES "}"), *b = load("{" SOURCE ", " TABLES " }");
    check_int(strlen(a->digest), 64);
    check(strcmp(a->digest, b->digest) != 0);
    definition_free(a);
    definition_free(b);
}

TEST(definition, views_expand_decimal)
{
    struct definition *d =
        load("{" SOURCE ", " TABLES ", \"views\": ["
             "{\"name\": \"a\", \"sql\": [\"SELECT decimal(sum(x), 2) AS y,\", \"'decimal(x, 2)' FROM rows\"]},"
             "{\"name\": \"b\", \"sql\": \"SELECT DECIMAL (x, 0), decimals FROM rows\"}]}");
    check_str(d->views[0].sql, "SELECT (CASE WHEN (sum(x)) < 0 THEN '-' ELSE '' END || abs((sum(x)) / 100) || '.' || "
                               "substr('00' || abs((sum(x)) % 100), -2)) AS y,\n'decimal(x, 2)' FROM rows");
    check_str(d->views[1].sql, "SELECT CAST((x) AS TEXT), decimals FROM rows");
    definition_free(d);
}

TEST(definition, a_byte_order_mark_is_skipped)
{
    struct definition *d = load("\xef\xbb\xbf{" SOURCE ", " TABLES "}");
    check_str(d->name, "p");
    definition_free(d);
}

TEST(definition, errors_name_the_key_path)
{
    check_refused("{", "d.json:1:1: not JSON");
    check_refused("{\"a\": 1, \"a\": 2}", "duplicate");
    check_refused("[]", "must be an object");
    check_refused("{\"version\": 1}", "the key \"pipeline\" is missing");
    check_refused("{" SOURCE "}", "the key \"tables\" is missing");
    check_refused("{" SOURCE ", " TABLES ", \"viws\": []}", "viws: unknown key; did you mean \"views\"?");
    check_refused("{\"pipeline\": \"p\", \"version\": 2}", "version: must be 1");
    check_refused("{" SOURCE ", \"topic\": \"a/b\", " TABLES "}", "topic: \"a/b\" is no topic: 1 to 249 letters");
    check_refused("{" SOURCE ", \"topic\": \"\", " TABLES "}", "topic: \"\" is no topic");
    check_refused("{\"pipeline\": \"a b\", \"version\": 1}", "pipeline: \"a b\" is not a name");
    check_refused("{" SOURCE ", " TABLES ", \"derive\": [{\"name\": \"x\", \"expr\": \"mony\"}]}",
                  "derive[0].expr: there is no column \"mony\" here; did you mean \"money\"?");
    check_refused("{" SOURCE ", " TABLES
                  ", \"derive\": [{\"name\": \"x\", \"expr\": \"y\"}, {\"name\": \"y\", \"expr\": \"1\"}]}",
                  "derive[0].expr: there is no column \"y\"");
    check_refused("{" SOURCE ", " TABLES ", \"derive\": [{\"name\": \"Kind\", \"expr\": \"1\"}]}",
                  "there is a column \"Kind\" already");
    check_refused("{" SOURCE ", " TABLES ", \"derive\": [{\"name\": \"x\", \"expr\": \"null\"}]}", "always null");
}

#define CSV(keys)                                                                                                      \
    "{\"pipeline\": \"p\", \"version\": 1, \"source\": {\"format\": \"csv\", \"glob\": \"*\", " keys "}, " TABLES "}"
#define ID "\"columns\": [{\"name\": \"id\", \"type\": \"integer\"}]"

TEST(definition, source_errors)
{
    check_refused(CSV("\"columns\": []"), "source.columns: needs at least one column");
    check_refused(CSV("\"columns\": [{\"name\": \"id\", \"type\": \"int\"}]"),
                  "source.columns[0].type: \"int\" is none of: integer, decimal, text, timestamp, date; did you mean "
                  "\"integer\"?");
    check_refused(CSV("\"columns\": [{\"name\": \"id\", \"typ\": \"text\"}]"),
                  "source.columns[0].typ: unknown key; did you mean \"type\"?");
    check_refused(CSV("\"encoding\": \"latin1\", " ID), "source.encoding: \"latin1\" is none of: utf-8, windows-1252");
    check_refused(CSV("\"columns\": [{\"name\": \"id\", \"type\": \"text\", \"header\": []}]"),
                  "source.columns[0].header: needs at least one title");
    check_refused(CSV("\"delimiter\": \";;\", " ID), "source.delimiter: must be one ASCII character");
    check_refused(CSV("\"delimiter\": \"\\\"\", " ID), "source.quote: is the delimiter too");
    check_refused(CSV("\"header\": false, " ID), "source.columns[0]: the key \"field\" is missing");
    check_refused(
        CSV("\"header\": false, \"fields\": 2, \"columns\": [{\"name\": \"id\", \"type\": \"text\", \"field\": 3}]"),
        "source.fields: a column names field 3");
    check_refused(CSV("\"layout\": \"combined\", " ID), "source.layout: unknown key");
    check_refused(CSV("\"time\": \"id\", " ID),
                  "source.time: column id is integer; the event time must be a timestamp");
    check_refused(CSV("\"in_file\": {\"lateness\": true}, " ID), "source.time: in_file.lateness needs the event time");
    check_refused("{\"pipeline\": \"p\", \"version\": 1, \"source\": {\"format\": \"access_log\", \"glob\": \"*\", "
                  "\"layout\": \"common\", \"columns\": [\"clint\"]}, " TABLES "}",
                  "source.columns[0]: the layout has no field \"clint\"; did you mean \"client\"?");
    check_refused("{\"pipeline\": \"p\", \"version\": 1, \"source\": {\"format\": \"access_log\", \"glob\": \"*\", "
                  "\"log_format\": \"$request_time $request\", \"columns\": [\"request_time\"]}, " TABLES "}",
                  "the layout has no field \"request_time\"; the variable $request_time is its field \"duration_s\"");
    check_refused("{\"pipeline\": \"p\", \"version\": 1, \"source\": {\"format\": \"csv\", \"glob\": \"a/b\", " ID
                  "}, " TABLES "}",
                  "source.glob: matches names of files in one folder");
}

#define TABLE(keys) "{" SOURCE ", " RULES ", \"tables\": [" STORE ", {\"name\": \"x\", " keys "}]}"
#define TOTAL(spec) TABLE("\"aggregate\": \"rows\", \"by\": [\"id\"], \"columns\": {\"c\": \"" spec "\"}")

TEST(definition, table_errors)
{
    check_refused(TABLE("\"columns\": [\"nope\"]"), "tables[1].columns[0]: there is no column \"nope\"");
    check_refused(TABLE("\"columns\": [\"id\", \"ID\"]"), "there is no column \"ID\"");
    check_refused(
        TABLE("\"aggregate\": \"rows\", \"by\": [\"_file\"], \"columns\": {\"n\": \"count()\"}"),
        "there is no column \"_file\" here: a store hands on what its \"columns\" name, such as {\"name\": \"file\", "
        "\"column\": \"_file\"}");
    check_refused(TABLE("\"aggregate\": \"y\", \"by\": []}, {\"name\": \"y\""),
                  "\"y\" before this one: it stands behind, move it ahead");
    check_refused(TABLE("\"aggregate\": \"x\", \"by\": []"),
                  "there is no table \"x\" before this one; there are: rows");
    check_refused(TABLE("\"columns\": [\"id\", \"id\"]"), "the column \"id\" stands twice");
    check_refused(TABLE("\"columns\": [\"_file\"]"), "in every stored table anyway");
    check_refused(TABLE("\"rows\": {\"rejected_as\": \"no_kin\"}"), "did you mean \"no_kind\"?");
    check_refused(TABLE("\"rows\": \"all\""), "tables[1].rows: \"all\" is none of: valid");
    check_refused(TABLE("\"where\": \"kind\""), "must be a condition");
    check_refused(TABLE("\"aggregate\": \"row\", \"by\": [], \"columns\": {}"), "did you mean \"rows\"?");
    check_refused(TABLE("\"aggregate\": \"x\", \"by\": [], \"columns\": {}"),
                  "there is no table \"x\" before this one");
    check_refused(TABLE("\"aggregate\": \"rows\", \"columns\": {}"), "the key \"by\" is missing");
    check_refused(TABLE("\"aggregate\": \"rows\", \"by\": [\"id\"], \"columns\": {}"), "needs at least one column");
    check_refused(TOTAL("cont()"), "tables[1].columns.c: there is no aggregate cont(); did you mean \"count\"?");
    check_refused(TOTAL("avg(price)"), "there is no aggregate avg(): take sum() and count() here");
    check_refused(TOTAL("sum(kind)"), "sum() of kind, which is text");
    check_refused(TOTAL("sum()"), "sum() needs a column");
    check_refused(TOTAL("count(id)"), "count() takes no column");
    check_refused(TOTAL("count() wher id"), "must be function(column)");
    check_refused(TOTAL("count() where kind"), "must be a condition");
    check_refused(TOTAL("sum(id"), "must be function(column)");
    check_refused(TOTAL("count(*)"), "behind it; the number of rows is count()");
    check_refused(TOTAL("sum(price * 2)"), "behind it; what is computed must be a column first: say it in \"derive\"");
    check_refused(TOTAL("duration()"), "duration() is for sessions");
    check_refused(TABLE("\"sessionize\": \"rows\", \"by\": [\"id\"], \"time\": \"id\", \"gap_s\": 1, \"columns\": {}"),
                  "tables[1].time: must be a column of type timestamp");
    check_refused(TABLE("\"sessionize\": \"rows\", \"by\": [\"id\"], \"time\": \"at\", \"gap_s\": 1, \"columns\": "
                        "{\"c\": \"duration() where id > 1\"}"),
                  "tables[1].columns.c: duration() is of the whole session");
    check_refused(TABLE("\"sessionize\": \"rows\", \"by\": [\"id\"], \"time\": \"at\", \"gap_s\": 1, \"columns\": "
                        "{\"c\": \"count_distinct(kind)\"}"),
                  "tables[1].columns.c: count_distinct() is not for sessions");
    check_refused("{" SOURCE ", \"tables\": [{\"name\": \"files\"}]}",
                  "every warehouse has a table \"files\" of its own");
    check_refused("{" SOURCE ", \"tables\": [{\"name\": \"ETL_runs\"}]}",
                  "every warehouse has a table \"ETL_runs\" of its own");
    check_refused("{" SOURCE ", \"tables\": [{\"name\": \"millrace_x\"}]}", "are reserved");
    check_refused("{" SOURCE ", \"tables\": [" STORE ", " STORE "]}", "there is a table \"rows\" already");
    check_refused("{" SOURCE
                  ", \"tables\": [{\"name\": \"r\", \"columns\": [\"id\"]}, {\"name\": \"f\", \"aggregate\": \"r\", "
                  "\"by\": [], \"columns\": {\"x\": \"first(id)\"}}]}",
                  "first() goes by event time");
}

#define WINDOW(keys)                                                                                                   \
    TABLE("\"aggregate\": \"rows\", \"by\": [], \"columns\": {\"c\": \"count()\"}, \"window\": {" keys "}")
#define PIVOT(keys)                                                                                                    \
    TABLE("\"pivot\": \"rows\", \"by\": [\"id\"], \"columns\": {\"c\": \"count()\"}, \"column\": \"kind\", " keys)

TEST(definition, errors_of_tables_over_tables)
{
    check_refused(TABLE("\"agregate\": \"rows\""), "tables[1].agregate: unknown key; did you mean \"aggregate\"?");
    check_refused(TABLE("\"topn\": \"rows\""), "tables[1].topn: unknown key; did you mean \"top_n\"?");
    check_refused(TABLE("\"select\": \"rws\""),
                  "tables[1].select: there is no table \"rws\" before this one; did you mean");
    check_refused(TABLE("\"select\": \"rows\", \"columns\": []"), "tables[1].columns: needs at least one column");
    check_refused(TABLE("\"select\": \"rows\", \"columns\": [{\"name\": \"a\"}]"),
                  "tables[1].columns[0]: needs one of \"column\" and \"expr\"");
    check_refused(TABLE("\"select\": \"rows\", \"columns\": [{\"name\": \"a\", \"expr\": \"mony\"}]"),
                  "tables[1].columns[0].expr: there is no column \"mony\" here; did you mean \"money\"?");
    check_refused(TABLE("\"select\": \"rows\", \"columns\": [{\"name\": \"a\", \"expr\": \"null\"}]"), "always null");
    check_refused(TABLE("\"select\": \"rows\", \"time\": \"id\""),
                  "tables[1].time: must be a column of type timestamp");
    check_refused(WINDOW("\"size\": 5"), "tables[1].window.size: unknown key; did you mean \"size_s\"?");
    check_refused(WINDOW("\"hop_s\": 5"), "tables[1].window: the key \"size_s\" is missing");
    check_refused(WINDOW("\"size_s\": 5, \"hop_s\": 6"), "tables[1].window.hop_s: is longer than size_s");
    check_refused(WINDOW("\"size_s\": 1001, \"hop_s\": 1"), "tables[1].window.hop_s: puts each row in more than 1000");
    check_refused(WINDOW("\"size_s\": 5, \"time\": \"id\""),
                  "tables[1].window.time: must be a column of type timestamp");
    check_refused(WINDOW("\"size_s\": 5, \"start\": \"id\""),
                  "tables[1].window.start: the table read from has a column");
    check_refused(PIVOT("\"values\": []"), "tables[1].values: needs at least one value");
    check_refused(PIVOT("\"values\": [\"a b\"]"), "tables[1].values[0]: \"a b\" is not a name");
    check_refused(PIVOT("\"values\": [\"a\", \"2xx\"]"),
                  "\"2xx\" is not a name; say how the column is called: {\"NAME\": \"2xx\"}");
    check_refused(PIVOT("\"values\": {\"a\": 1}"), "tables[1].values.a: must be a text");
    check_refused(PIVOT("\"values\": [\"a\", \"a\"]"), "the column \"a_c\" stands twice");
    check_refused(PIVOT("\"values\": \"a\""), "tables[1].values: must be a list");
}

#define JOIN(keys) TABLE("\"join\": \"rows\", \"with\": \"rows\", " keys)
#define KIND       "\"kind\": \"left\", "
#define ON         KIND "\"on\": [\"id\"]"

TEST(definition, errors_of_joins_and_rankings)
{
    check_refused(JOIN(KIND "\"on\": {\"id\": \"kind\"}"),
                  "tables[1].on.id: column id of rows is integer, but column kind of rows is text");
    check_refused(JOIN(KIND "\"on\": \"idd\""), "tables[1].on: there is no column \"idd\" here; did you mean \"id\"?");
    check_refused(JOIN(KIND "\"on\": []"), "tables[1].on: needs at least one column");
    check_refused(JOIN("\"on\": \"id\""), "tables[1]: the key \"kind\" is missing");
    check_refused(JOIN(ON ", \"match\": \"asof\""), "tables[1].match: \"asof\" is none of: lookup, all, as_of");
    check_refused(JOIN(ON ", \"time\": \"at\""), "tables[1].time: has no meaning with \"match\": \"lookup\"");
    check_refused(JOIN(ON ", \"match\": \"as_of\", \"after_s\": 1"), "tables[1].after_s: has no meaning with");
    check_refused(JOIN(ON ", \"match\": \"valid\""), "tables[1]: the key \"valid\" is missing");
    check_refused(JOIN(ON ", \"match\": \"valid\", \"valid\": [\"at\"]"), "tables[1].valid: must be two columns");
    check_refused(JOIN(ON ", \"match\": \"valid\", \"valid\": [\"at\", \"id\"]"),
                  "tables[1].valid[1]: must be a column of type timestamp");
    check_refused(JOIN(ON ", \"match\": \"interval\", \"before_s\": -5, \"after_s\": 4"),
                  "the interval ends before it begins");
    check_refused(JOIN(ON ", \"columns\": [\"at\"]"), "tables[1].columns[0]: both tables have a column \"at\"");
    check_refused(JOIN(ON ", \"columns\": [\"row.at\"]"),
                  "tables[1].columns[0]: \"row\" is none of: left, right, rows");
    check_refused(TABLE("\"top_n\": \"rows\", \"by\": [], \"n\": 3"), "tables[1]: the key \"order\" is missing");
    check_refused(TABLE("\"top_n\": \"rows\", \"by\": [], \"order\": [\"id down\"], \"n\": 3"),
                  "tables[1].order[0]: \"id down\" must be a column, perhaps with asc or desc behind it");
    check_refused(TABLE("\"top_n\": \"rows\", \"by\": [], \"order\": [\"id\"], \"n\": 3, \"rank\": \"kind\""),
                  "tables[1].rank: the column \"kind\" stands twice");
    check_refused(TABLE("\"dedupe\": \"rows\", \"by\": [\"idd\"]"), "tables[1].by[0]: there is no column \"idd\"");
    check_refused(TABLE("\"dedupe\": \"rows\", \"by\": [], \"keep\": \"frist\""), "did you mean \"first\"?");
    check_refused(TABLE("\"scd\": \"rows\", \"by\": [\"id\"]"), "tables[1]: the key \"type\" is missing");
    check_refused(TABLE("\"scd\": \"rows\", \"type\": 1, \"by\": [\"id\"], \"track\": []"),
                  "tables[1].track: unknown key");
    check_refused(TABLE("\"scd\": \"rows\", \"type\": 2, \"by\": []"), "tables[1].by: needs at least one column");
    check_refused(TABLE("\"scd\": \"rows\", \"type\": 2, \"by\": [\"id\"], \"time\": \"kind\""),
                  "tables[1].time: must be a column of type timestamp");
}

#define VIEW(sql) "{" SOURCE ", " TABLES ", \"views\": [{\"name\": \"v\", \"sql\": \"" sql "\"}]}"

TEST(definition, view_errors)
{
    check_refused(VIEW("DROP TABLE rows"), "views[0].sql: must begin with SELECT or WITH");
    check_refused(VIEW("SELECT 1; SELECT 2"), "one statement without a semicolon");
    check_refused(VIEW("SELECT decimal(x)"), "decimal() needs two arguments");
    check_refused(VIEW("SELECT decimal(x, y)"), "must be a number of decimals");
    check_refused(VIEW("SELECT decimal(x, 2"), "decimal() needs two arguments");
    check_refused("{" SOURCE ", " TABLES ", \"views\": [{\"name\": \"rows\", \"sql\": \"SELECT 1\"}]}",
                  "there is a table \"rows\" already");
}

TEST(definition, a_missing_file_is_named)
{
    struct definition *d;
    struct err_text error = {{0}};
    check_int(definition_load("no/such/file.json", &d, &error), ERR_NOTFOUND);
    check(strstr(error.text, "no/such/file.json: No such file") != NULL);
}

static const char *refusal(const char *json)
{
    static struct err_text error;
    struct definition *d;
    error.text[0] = '\0';
    check_int(definition_parse(slice_str(json), "d.json", &d, &error), ERR_INVALID);
    return error.text;
}

TEST(definition, tells_all_that_is_wrong_at_once)
{
    check_str(
        refusal("{\"pipeline\": \"p\", \"version\": 2, \"source\": {\"format\": \"cvs\", \"glob\": \"*\", "
                "\"delimeter\": \";;\", \"time\": \"time\", \"columns\": ["
                "{\"name\": \"id\", \"typ\": \"int\"}, "
                "{\"name\": \"price\", \"type\": \"decimal\"}]}, "
                "\"rules\": [{\"rule\": \"range\", \"column\": \"id\", \"min\": \"x\"}, "
                "{\"rule\": \"regex\", \"column\": \"idd\", \"pattern\": \"(\"}], "
                "\"tables\": [{\"name\": \"t\", \"colums\": [\"id\", \"cost\"]}, "
                "{\"name\": \"by_id\", \"agregate\": \"t\", \"by\": [\"idd\"], \"columns\": "
                "{\"n\": \"cuont()\", \"s\": \"sum(id)\"}}], "
                "\"views\": [{\"name\": \"v\", \"sql\": \"DELETE\"}], "
                "\"outputs\": [{\"table\": \"by_ic\", \"format\": \"csv\", \"file\": \"f\"}]}"),
        "d.json: version: must be 1\n"
        "d.json: source.format: \"cvs\" is none of: csv, access_log, ndjson, json, xml, sqlite, http_capture; did you "
        "mean "
        "\"csv\"?\n"
        "d.json: source.delimeter: unknown key; did you mean \"delimiter\"?\n"
        "d.json: source.delimiter: must be one ASCII character (\"\\t\" is a tab), not \";;\"\n"
        "d.json: source.columns[0].typ: unknown key; did you mean \"type\"?\n"
        "d.json: source.columns[0].type: \"int\" is none of: integer, decimal, text, timestamp, date; did you mean "
        "\"integer\"?\n"
        "d.json: source.columns[1]: the key \"scale\" is missing\n"
        "d.json: source.time: there is no column \"time\"; there are: id\n"
        "d.json: rules[0].min: \"x\" is no value of column id (integer) (usage: {\"rule\": \"range\", "
        "\"column\": C, \"min\": X, \"max\": X} or above, below)\n"
        "d.json: rules[1].column: there is no column \"idd\"; did you mean \"id\"? (usage: {\"rule\": \"regex\", "
        "\"column\": C, \"pattern\": P})\n"
        "d.json: tables[0].colums: unknown key; did you mean \"columns\"?\n"
        "d.json: tables[0].columns[1]: there is no column \"cost\" here; there are: id\n"
        "d.json: tables[1].agregate: unknown key; did you mean \"aggregate\"?\n"
        "d.json: tables[1].by[0]: there is no column \"idd\" here; did you mean \"id\"?\n"
        "d.json: tables[1].columns.n: there is no aggregate cuont(); did you mean \"count\"?\n"
        "d.json: views[0].sql: must begin with SELECT or WITH\n"
        "d.json: outputs[0].table: there is no table or view \"by_ic\"; did you mean \"by_id\"?");
}

#define COLUMNS_AND(more, tables)                                                                                      \
    "{\"pipeline\": \"p\", \"version\": 1, \"source\": {\"format\": \"csv\", \"glob\": \"*\", \"columns\": "           \
    "[{\"name\": \"id\", "                                                                                             \
    "\"type\": \"integer\"}]}, " more ", \"tables\": [" tables "]}"

/* What has failed is not missed by what names it. */
TEST(definition, a_mistake_is_told_once)
{
    check_str(
        refusal("{\"pipeline\": \"p\", \"version\": 1, \"source\": {\"format\": \"csv\", \"glob\": \"*\", "
                "\"time\": \"at\", \"columns\": [{\"name\": \"id\", \"type\": \"integer\"}, "
                "{\"name\": \"at\", \"type\": \"timestamp\", \"format\": \"%Q\"}]}, "
                "\"derive\": [{\"name\": \"day\", \"expr\": \"date(at)\"}], "
                "\"rules\": [{\"rule\": \"not_null\", \"name\": \"r\", \"column\": \"day\"}], "
                "\"tables\": [{\"name\": \"t\", \"columns\": [\"id\", \"day\"]}, {\"name\": \"u\"}, "
                "{\"name\": \"bad\", \"rows\": {\"rejected_as\": \"r\"}}, "
                "{\"name\": \"days\", \"aggregate\": \"t\", \"by\": [\"day\"], \"columns\": {\"n\": \"count()\"}}, "
                "{\"name\": \"s\", \"sessionize\": \"u\", \"by\": [], \"time\": \"at\", \"gap_s\": 1, "
                "\"columns\": {\"n\": \"count()\"}}], "
                "\"outputs\": [{\"table\": \"s\", \"format\": \"csv\", \"file\": \"f\"}]}"),
        "d.json: source.columns[1].format: \"%Q\" has a directive that does not exist (known: %Y %y %m %d %e %b %B "
        "%a %A %H %I %p %M %S %f %z %s %F %T %%, and %-m %-d %-H %-I %-M %-S)");
}

TEST(definition, a_name_that_cannot_be_one_is_not_missed_by_what_meant_it)
{
    check_str(
        refusal(
            "{\"pipeline\": \"p\", \"version\": 1, \"source\": {\"format\": \"csv\", \"glob\": \"*\", "
            "\"columns\": [{\"name\": \"id\", \"type\": \"integer\"}, {\"name\": \"1kunde\", \"type\": \"text\"}]}, "
            "\"tables\": [{\"name\": \"files\", \"columns\": [\"id\"]}, {\"name\": \"u\"}, "
            "{\"name\": \"v\", \"aggregate\": \"sales\", \"by\": [\"id\"], \"columns\": {\"n\": \"count()\"}}, "
            "{\"name\": \"w\", \"aggregate\": \"u\", \"by\": [\"kunde\"], \"columns\": {\"n\": \"count()\"}}]}"),
        "d.json: source.columns[1].name: \"1kunde\" is not a name: letters, digits and _, the first a letter, at "
        "most 63\n"
        "d.json: tables[0]: every warehouse has a table \"files\" of its own");
}

TEST(definition, what_is_derived_behind_is_to_be_moved_ahead)
{
    check_refused(
        COLUMNS_AND("\"derive\": [{\"name\": \"a\", \"expr\": \"b + 1\"}, {\"name\": \"b\", \"expr\": \"id\"}]",
                    "{\"name\": \"t\"}"),
        "derive[0].expr: there is no column \"b\" here: it is derived behind this one, move it ahead");
}

TEST(definition, a_pattern_that_is_written_as_elsewhere)
{
    check_refused(
        "{\"pipeline\": \"p\", \"version\": 1, \"source\": {\"format\": \"csv\", \"glob\": \"*\", \"columns\": "
        "[{\"name\": \"d\", \"type\": \"date\", \"format\": \"dd/MM/yyyy\"}]}, \"tables\": [{\"name\": \"t\"}]}",
        "source.columns[0].format: \"dd/MM/yyyy\" does not hold year, month and day (or %s): its letters stand behind "
        "%, dd/MM/yyyy is %d/%m/%Y");
}

TEST(definition, a_column_without_a_name_is_not_what_was_meant)
{
    check_str(refusal("{\"pipeline\": \"p\", \"version\": 1, \"source\": {\"format\": \"csv\", \"glob\": \"*\", "
                      "\"columns\": [{\"type\": \"text\"}, {\"name\": \"amount\", \"type\": \"integer\"}]}, "
                      "\"derive\": [{\"name\": \"x\", \"expr\": \"q + 1\"}], "
                      "\"tables\": [{\"name\": \"t\"}]}"),
              "d.json: source.columns[0]: the key \"name\" is missing\n"
              "d.json: derive[0].expr: there is no column \"q\" here; there are: amount (at character 1 of `q + 1`)");
}

TEST(definition, tells_twenty_problems_at_most)
{
    struct buf json = {0};
    buf_printf(&json, "%s", "{" SOURCE ", " TABLES);
    for (int i = 0; i < 25; i++) buf_printf(&json, ", \"unheard_of_%d\": 1", i);
    buf_printf(&json, "}");
    const char *said = refusal(buf_cstr(&json));
    int lines = 1;
    for (const char *c = said; *c; c++) lines += *c == '\n';
    check_int(lines, 21);
    check(strstr(said, "d.json: unheard_of_19: ") && !strstr(said, "unheard_of_20"));
    check(strstr(said, "\nd.json: and 5 problems more"));
    buf_release(&json);
}
