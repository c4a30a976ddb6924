#include "etl/definition.h"
#include "tests/unit.h"

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
}

#define HEAD       "\"pipeline\": \"p\", \"version\": 1"
#define ID         "{\"name\": \"id\", \"type\": \"integer\"}"
#define PRICE      "{\"name\": \"price\", \"type\": \"decimal\", \"scale\": 2}"
#define AT         "{\"name\": \"at\", \"type\": \"timestamp\", \"format\": \"%F %T\"}"
#define CSV(glob)  "\"format\": \"csv\", \"glob\": \"" glob "\""
#define EU(more)   "{\"name\": \"eu\", " CSV("eu*") more ", \"columns\": [" ID ", " PRICE ", " AT "]}"
#define US(more)   "{\"name\": \"us\", " CSV("us*") more ", \"columns\": [" AT ", " ID ", " PRICE "]}"
#define LOG        "{\"name\": \"Web\", \"format\": \"access_log\", \"glob\": \"*.log\", \"layout\": \"common\"}"
#define ALL(table) "{" HEAD ", \"sources\": [" EU("") ", " US("") ", " LOG "], \"tables\": [" table "]}"
#define STORES                                                                                                         \
    "{\"name\": \"sales\", \"from\": [\"us\", \"eu\"], \"columns\": [\"price\", \"id\"], \"where\": \"id > 0\"}, "     \
    "{\"name\": \"web\", \"from\": \"Web\"}"

TEST(definition_feeds, each_has_columns_and_rules_of_its_own)
{
    struct definition *d = load("{" HEAD ", \"sources\": [" LOG ", " US(
        ", \"time\": \"at\", \"optional\": true, "
        "\"derive\": [{\"name\": \"day\", \"expr\": \"date(at)\"}], \"rules\": [{\"rule\": \"not_null\", \"name\": "
        "\"none\", "
        "\"column\": \"day\"}]") ", " EU(", \"rules\": [{\"rule\": \"not_null\", \"column\": \"id\"}, {\"rule\": "
                                         "\"not_null\", \"name\": "
                                         "\"none\", \"column\": \"at\"}]") "], \"tables\": [" STORES
                                                                           ", {\"name\": \"bad\", \"from\": [\"eu\", "
                                                                           "\"us\"], \"rows\": "
                                                                           "{\"rejected_as\": \"none\"}, \"columns\": "
                                                                           "[\"id\"]}]}");
    check_int(d->feed_count, 3);
    check_str(d->feeds[1].at, "sources[1]");
    check_int(d->feeds[0].rank, 0); /* "Web" < "eu" < "us" by bytes */
    check_int(d->feeds[1].rank, 2);
    check_int(d->feeds[2].rank, 1);
    check_str(definition_ranked(d, 2)->name, "us");
    check_int(definition_feed(d, SLICE_LIT("eu")), 2);
    check_int(definition_feed(d, SLICE_LIT("EU")), -1);
    check(d->feeds[1].optional && !d->feeds[2].optional);
    check_int(d->feeds[1].time, 0);
    check_int(d->feeds[2].time, -1);
    check_int(d->feeds[1].builtin, 4);
    check_int(d->feeds[2].rule_count, 2);
    check_int(feed_column(&d->feeds[1], "_number"), 4 + BUILTIN_NUMBER);
    const struct table *sales = &d->tables[0], *bad = &d->tables[2];
    check_int(sales->input_count, 2);
    check(table_has_source(sales) && !table_has_source(&d->tables[1]));
    check_int(sales->inputs[0].feed, 1);
    check_int(sales->inputs[0].columns[0], 2); /* us: at, id, price */
    check_int(sales->inputs[1].columns[0], 1); /* eu: id, price, at */
    check(sales->inputs[0].where && sales->inputs[1].where && sales->inputs[0].where != sales->inputs[1].where);
    check_int(bad->inputs[0].bucket, 2);
    check_int(bad->inputs[1].bucket, 1);
    definition_free(d);
}

TEST(definition_feeds, event_time_of_a_table_is_that_of_all_its_sources)
{
    static const char *const tables = "{\"name\": \"t\", \"from\": [\"eu\", \"us\"], \"columns\": [\"id\", \"at\"]}";
    struct buf json = {0};
    buf_printf(&json, "{%s, \"sources\": [%s, %s], \"tables\": [%s]}", HEAD, EU(", \"time\": \"at\""),
               US(", \"time\": \"at\""), tables);
    struct definition *d = load(buf_cstr(&json));
    check_int(d->tables[0].time, 1);
    definition_free(d);
    buf_reset(&json);
    buf_printf(&json, "{%s, \"sources\": [%s, %s], \"tables\": [%s]}", HEAD, EU(", \"time\": \"at\""), US(""), tables);
    d = load(buf_cstr(&json));
    check_int(d->tables[0].time, -1);
    definition_free(d);
    buf_release(&json);
}

TEST(definition_feeds, errors_name_the_source)
{
    check_refused("{" HEAD ", \"tables\": []}", "the key \"source\" is missing");
    check_refused("{" HEAD ", \"sources\": [], \"tables\": []}", "sources: needs at least one source");
    check_refused("{" HEAD ", \"sources\": [" LOG "], \"rules\": [], \"tables\": []}",
                  "rules: stands beside \"sources\": each of them has its own \"rules\"");
    check_refused("{" HEAD ", \"sources\": [" LOG "], \"source\": {}, \"tables\": []}",
                  "source: stands beside \"sources\"");
    check_refused("{" HEAD ", \"sources\": [{" CSV("*") "}]}", "sources[0]: the key \"name\" is missing");
    check_refused("{" HEAD ", \"sources\": [\"x\"]}", "sources[0]: must be an object");
    check_refused("{" HEAD ", \"sources\": [" EU(", \"topic\": \"a b\"") "]}", "sources[0].topic: \"a b\" is no topic");
    check_refused("{" HEAD ", \"sources\": [{\"name\": \"x\", " CSV("*") ", \"column\": []}]}",
                  "sources[0].column: unknown key; did you mean \"columns\"?");
    check_refused("{" HEAD ", \"source\": {\"name\": \"x\", " CSV("*") ", \"columns\": [" ID "]}}",
                  "source.name: unknown key");
    check_refused("{" HEAD ", \"sources\": [" EU("") ", {\"name\": \"EU\", " CSV("*") "}]}",
                  "sources[1].name: there is a source \"EU\" already");
    check_refused("{" HEAD ", \"sources\": [" LOG
                  ", " EU(", \"rules\": [{\"rule\": \"range\", \"column\": \"prise\"}]") "]}",
                  "sources[1].rules[0].column: there is no column \"prise\"; did you mean \"price\"?");
    check_refused("{" HEAD ", \"sources\": [" EU(", \"derive\": [{\"name\": \"x\", \"expr\": \"idd\"}]") "]}",
                  "sources[0].derive[0].expr: there is no column \"idd\" here");
}

TEST(definition_feeds, errors_of_tables)
{
    check_refused(ALL("{\"name\": \"t\"}"),
                  "tables[0]: the key \"from\" is missing: it names the source, of which there are 3");
    check_refused(ALL("{\"name\": \"t\", \"from\": \"web\"}"),
                  "tables[0].from: there is no source \"web\"; did you mean \"Web\"?");
    check_refused(ALL("{\"name\": \"t\", \"from\": [\"eu\", \"uk\"]}"), "tables[0].from[1]: there is no source \"uk\"");
    check_refused(ALL("{\"name\": \"t\", \"from\": [\"eu\", \"eu\"]}"),
                  "tables[0].from[1]: source \"eu\" stands twice");
    check_refused(ALL("{\"name\": \"t\", \"from\": []}"), "tables[0].from: needs at least one source");
    check_refused(ALL("{\"name\": \"t\", \"from\": [\"eu\", \"Web\"]}"),
                  "tables[0].from[1]: source \"Web\" has no column id, which source \"eu\" has");
    check_refused(ALL("{\"name\": \"t\", \"from\": [\"eu\", \"us\"], \"columns\": [\"_source\"]}"),
                  "_source is in every table of several sources anyway");
    check_refused("{" HEAD ", \"sources\": [" EU("") ", {\"name\": \"pos\", " CSV(
                      "p*") ", \"columns\": [" ID ", {\"name\": \"price\", \"type\": \"integer\"}]}], \"tables\": "
                            "[{\"name\": \"t\", \"from\": [\"eu\", \"pos\"], "
                            "\"columns\": [\"price\"]}]}",
                  "column price is integer in source \"pos\", but decimal with scale 2 in source \"eu\"");
    check_refused(ALL("{\"name\": \"t\", \"from\": \"eu\", \"rows\": {\"rejected_as\": \"x\"}}"),
                  "there is no rule \"x\" in source eu");
    check_refused(ALL("{\"name\": \"t\", \"from\": \"us\", \"where\": \"client = ''\"}"),
                  "there is no column \"client\"");
    check_refused(ALL("{\"name\": \"t\", \"from\": [\"us\", \"eu\"]}"),
                  "tables: no table has \"from\": \"Web\"; that source would be read in vain");
    check_refused("{" HEAD ", \"sources\": [" EU(", \"time\": \"at\"") ", " US(
                      "") "], \"tables\": [{\"name\": \"t\", \"from\": "
                          "[\"eu\", \"us\"]}, {\"name\": \"f\", \"aggregate\": \"t\", \"by\": [], \"columns\": {\"x\": "
                          "\"first(id)\"}}]}",
                  "first() goes by event time");
}

#define CHANGING(keys)                                                                                                 \
    "{" HEAD ", \"source\": {\"format\": \"sqlite\", \"glob\": \"a.db\", \"table\": \"t\", " keys                      \
    ", \"columns\": [" ID ", {\"name\": \"name\", \"type\": \"text\"}]}, \"tables\": [{\"name\": \"t\"}]}"

TEST(definition_feeds, how_rows_change)
{
    struct definition *d;
    struct err_text error = {{0}};
    const char *json = CHANGING("\"watermark\": {\"column\": \"id\", \"look_back_s\": 9}, \"deletes\": \"compare\"");
    if (definition_parse(slice_str(json), "d.json", &d, &error) != 0) unit_fail("%s", error.text);
    check_int(d->feeds[0].watermark, 0);
    check_int(d->feeds[0].look_back_s, 9);
    check(d->feeds[0].deletes && feed_changes(&d->feeds[0]));
    definition_free(d);
    check_int(definition_parse(slice_str(CHANGING("\"key\": [\"name\", \"id\"]")), "d.json", &d, &error), 0);
    check_int(d->feeds[0].key_count, 2);
    check_int(d->feeds[0].key[0], 1);
    check_int(d->feeds[0].watermark, -1);
    definition_free(d);
    check_refused(CHANGING("\"watermark\": {\"column\": \"idd\"}"),
                  "source.watermark.column: there is no declared column \"idd\" here; did you mean \"id\"?");
    check_refused(CHANGING("\"watermark\": {\"column\": \"name\"}"),
                  "source.watermark.column: column name is text; a watermark is an integer or a timestamp");
    check_refused(CHANGING("\"watermark\": {\"column\": \"id\", \"look_back\": 9}"), "did you mean \"look_back_s\"?");
    check_refused(CHANGING("\"deletes\": \"all\""), "source.deletes: ");
    check_refused(CHANGING("\"deletes\": true"), "source.deletes: must be a text, one of: compare");
    check_refused(CHANGING("\"key\": []"), "source.key: needs at least one column");
    check_refused(CHANGING("\"key\": [\"id\"], \"deletes\": \"compare\""),
                  "source.key: stands beside \"deletes\": there a row is known by its rowid");
    check_refused(CHANGING("\"deletes\": \"compare\", \"in_file\": {\"repeats\": true}"),
                  "source.in_file: says of records what stands before them");
}
