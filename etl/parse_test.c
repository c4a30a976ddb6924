#include "etl/parse.h"

#include "tests/unit.h"

static struct definition *load(const char *json)
{
    struct definition *d;
    struct err_text error = {{0}};
    if (definition_parse(slice_str(json), "p.json", &d, &error) != 0) unit_fail("%s", error.text);
    return d;
}

static const char *const HEADED =
    "{\"pipeline\": \"p\", \"version\": 1, \"source\": {\"format\": \"csv\", \"glob\": \"*\","
    "\"columns\": [{\"name\": \"a\", \"type\": \"integer\"},"
    "{\"name\": \"t\", \"type\": \"text\"},"
    "{\"name\": \"o\", \"type\": \"text\", \"optional\": true}]},"
    "\"derive\": [{\"name\": \"twice\", \"expr\": \"a * 2\"},"
    "{\"name\": \"more\", \"expr\": \"twice + _line\"},"
    "{\"name\": \"ratio\", \"expr\": \"10 / a\"}],"
    "\"rules\": [{\"rule\": \"unique\", \"name\": \"same\", \"columns\": \"all\"},"
    "{\"rule\": \"range\", \"column\": \"more\", \"max\": 100},"
    "{\"rule\": \"unique\", \"name\": \"key\", \"columns\": [\"t\", \"o\"]}],"
    "\"tables\": [{\"name\": \"rows\"}]}";

struct fixture {
    struct definition *d;
    struct row_parser *p;
    struct arena arena;
    struct record record;
    struct row row;
};

static void fixture_open(struct fixture *f, const char *json)
{
    memset(f, 0, sizeof *f);
    f->d = load(json);
    f->p = row_parser_new(&f->d->feeds[0]);
}

static void parse(struct fixture *f, const char *layout, const char *raw)
{
    f->record =
        (struct record){.at = {SLICE_LIT("f.csv"), 10, 3, 3}, .raw = slice_str(raw), .layout = slice_str(layout)};
    row_parse(f->p, &f->record, &f->arena, &f->row);
    check(f->row.values != NULL);
}

static void fixture_close(struct fixture *f)
{
    row_parser_free(f->p);
    definition_free(f->d);
    arena_release(&f->arena);
}

TEST(parse, values_stand_in_the_order_of_columns)
{
    struct fixture f;
    fixture_open(&f, HEADED);
    parse(&f, "3", "7,x,y");
    check_int(f.row.bucket, ROW_VALID);
    check_int(f.row.value_count, 3 + 3 + BUILTIN_COUNT);
    check_int(f.row.values[0].i, 7);
    check(slice_equal(f.row.values[1].text, SLICE_LIT("x")));
    check_int(f.row.values[3].i, 14);
    check_int(f.row.values[4].i, 17);
    check(slice_equal(f.row.values[f.d->feeds[0].builtin + BUILTIN_FILE].text, SLICE_LIT("f.csv")));
    check_int(f.row.values[f.d->feeds[0].builtin + BUILTIN_LINE].i, 3);
    check_int(f.row.values[f.d->feeds[0].builtin + BUILTIN_BYTE_OFFSET].i, 10);
    fixture_close(&f);
}

TEST(parse, the_layout_of_the_header_travels_with_the_record)
{
    struct fixture f;
    fixture_open(&f, HEADED);
    parse(&f, "4:3,1,-1", "skip,x,y,7");
    check_int(f.row.values[0].i, 7);
    check(slice_equal(f.row.values[1].text, SLICE_LIT("x")));
    check_int(f.row.values[2].type, VALUE_NULL);
    parse(&f, "3", "8,z,y"); /* another file */
    check_int(f.row.values[0].i, 8);
    static const char *const bad[] = {
        "", "x", "0", "2", "3:0,1", "3:0,1,3", "3:0,1,2,2", "3:0,1,-2", "99999999999:0,1,2"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        parse(&f, bad[i], "7,x,y");
        check_int(f.row.bucket, 0);
    }
    fixture_close(&f);
}

TEST(parse, a_malformed_record_has_one_violation_and_no_values)
{
    struct fixture f;
    static const char *const bad[] = {"1,2", "1,2,3,4", "1,\"x,y", "1,x,\xff", ""};
    fixture_open(&f, HEADED);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        parse(&f, "3", bad[i]);
        check_int(f.row.bucket, 0);
        check_int(f.row.violation_count, 1);
        for (int c = 0; c < f.d->feeds[0].builtin; c++) check_int(f.row.values[c].type, VALUE_NULL);
        uint8_t key[16];
        check(!row_parser_key(f.p, 0, key));
    }
    fixture_close(&f);
}

TEST(parse, what_depends_on_a_bad_value_is_null_without_a_violation_of_its_own)
{
    struct fixture f;
    fixture_open(&f, HEADED);
    parse(&f, "3", "x,t,o");
    check_int(f.row.violation_count, 1); /* `a` only: neither twice, more, ratio nor the range of more */
    check(slice_equal(f.row.violations[0].column, SLICE_LIT("a")));
    check(slice_equal(f.row.violations[0].rule, SLICE_LIT("type")));
    check_int(f.row.bucket, 4);
    parse(&f, "3", "0,t,o"); /* 10 / 0: a derived value that cannot be computed */
    check_int(f.row.violation_count, 1);
    check(slice_equal(f.row.violations[0].column, SLICE_LIT("ratio")));
    fixture_close(&f);
}

static bool key_of(struct fixture *f, int rule, const char *raw, uint8_t key[16])
{
    parse(f, "3", raw);
    return row_parser_key(f->p, rule, key);
}

static void of_file_check(struct fixture *f, const char *file, const char *site, int is_b)
{
    const struct row *row = &f->row;
    char name[20];
    arena_reset(&f->arena);
    snprintf(name, sizeof name, "%s", file);
    f->record = (struct record){.at = {slice_str(name), 10, 3, 3}, .raw = SLICE_LIT("7")};
    row_parse(f->p, &f->record, &f->arena, &f->row);
    memset(name, 'x', sizeof name); /* the row has texts of its own */
    check_int(row->violation_count, 0);
    check_int(row->values[1].type, VALUE_TEXT);
    check(row->values[1].text.p && slice_equal(row->values[1].text, slice_str(site)));
    check_int(row->values[2].i, is_b);
    check_int(row->values[3].i, 7 + is_b);
}

TEST(parse, what_is_derived_of_the_file_is_that_of_each_record)
{
    struct fixture f;
    fixture_open(&f, "{\"pipeline\": \"p\", \"version\": 1, \"source\": {\"format\": \"csv\", \"glob\": \"*\", "
                     "\"header\": false, \"columns\": [{\"name\": \"n\", \"field\": 1, \"type\": \"integer\"}]}, "
                     "\"derive\": [{\"name\": \"site\", \"expr\": \"before(_file, '.')\"}, "
                     "{\"name\": \"is_b\", \"expr\": \"if(contains(_file, 'b'), 1, 0)\"}, "
                     "{\"name\": \"both\", \"expr\": \"n + if(contains(_file, 'b'), 1, 0)\"}], "
                     "\"tables\": [{\"name\": \"rows\"}]}");
    of_file_check(&f, "shop.csv", "shop", 0);
    of_file_check(&f, "shop.csv", "shop", 0);
    of_file_check(&f, "blog.csv", "blog", 1);
    of_file_check(&f, ".csv", "", 0);
    of_file_check(&f, ".csv", "", 0);
    of_file_check(&f, "shop.csv", "shop", 0);
    fixture_close(&f);
}

TEST(parse, keys_of_unique)
{
    struct fixture f;
    uint8_t a[16], b[16];
    fixture_open(&f, HEADED);
    check(key_of(&f, 0, "1,x,y", a) && key_of(&f, 0, "1,x,y", b));
    check_mem(a, b, 16);
    check(key_of(&f, 0, "1,\"x\",y", b)); /* fields as read, without their quotes */
    check_mem(a, b, 16);
    check(key_of(&f, 0, "1,xy,", b));
    check(memcmp(a, b, 16) != 0);
    check(key_of(&f, 0, "bad,x,y", b)); /* a violation of a higher ordinal does not matter */
    check(key_of(&f, 0, "500,x,y", b));
    check(!key_of(&f, 2, "500,x,y", b)); /* one of a lower ordinal does */
    check(key_of(&f, 2, "1,x,y", a) && key_of(&f, 2, "2,x,y", b));
    check_mem(a, b, 16);
    check(!key_of(&f, 2, "1,x,", b)); /* NULL takes no part */
    fixture_close(&f);
}

static const char *const LOG =
    "{\"pipeline\": \"p\", \"version\": 1, \"source\": {\"format\": \"access_log\", \"layout\": \"common\","
    "\"glob\": \"*\", \"columns\": [\"client\", \"time\", \"method\", \"status\", \"bytes\"]},"
    "\"rules\": [{\"rule\": \"not_null\", \"column\": \"method\", \"severity\": \"warn\"}],"
    "\"tables\": [{\"name\": \"rows\"}]}";

TEST(parse, a_log_line_with_a_wrong_time_is_none)
{
    struct fixture f;
    fixture_open(&f, LOG);
    parse(&f, "", "h - - [07/Oct/2024:00:33:22 +0000] \"GET / HTTP/1.0\" 200 -");
    check_int(f.row.bucket, ROW_VALID);
    check_int(f.row.values[1].i, 1728261202);
    check_int(f.row.values[4].i, 0); /* - counts as 0 */
    parse(&f, "", "h - - [31/Feb/2024:00:33:22 +0000] \"GET / HTTP/1.0\" 200 -");
    check_int(f.row.bucket, 0);
    check(slice_equal(f.row.violations[0].column, SLICE_LIT("time")));
    parse(&f, "", "h - - [07/Oct/2024:00:33:22 +0000] \"bytes\" 200 -");
    check_int(f.row.bucket, ROW_VALID);
    check_int(f.row.violation_count, 1); /* the warning */
    fixture_close(&f);
}

TEST(parse, ragged_rows_and_other_encodings)
{
    struct fixture f;
    fixture_open(
        &f, "{\"pipeline\": \"p\", \"version\": 1, \"source\": {\"format\": \"csv\", \"glob\": \"*\", \"ragged\": true,"
            "\"encoding\": \"windows-1252\", \"delimiter\": \";\", \"columns\": [{\"name\": \"a\", \"type\": \"text\"},"
            "{\"name\": \"b\", \"type\": \"decimal\", \"scale\": 2, \"decimal_point\": \",\"}]},"
            "\"tables\": [{\"name\": \"rows\"}]}");
    parse(&f, "2", "caf\xe9;1,5;surplus");
    check_int(f.row.bucket, ROW_VALID);
    check(slice_equal(f.row.values[0].text, SLICE_LIT("caf\xc3\xa9")));
    check_int(f.row.values[1].i, 150);
    parse(&f, "2", "short");
    check_int(f.row.bucket, ROW_VALID);
    check_int(f.row.values[1].type, VALUE_NULL);
    parse(&f, "2", "\x81;1"); /* no character of windows-1252 */
    check_int(f.row.bucket, 0);
    fixture_close(&f);
}

TEST(parse, an_amount_and_its_currency)
{
    struct fixture f;
    fixture_open(
        &f,
        "{\"pipeline\": \"p\", \"version\": 1, \"source\": {\"format\": \"csv\", \"glob\": \"*\", \"delimiter\": \";\","
        "\"columns\": [{\"name\": \"a\", \"header\": \"Preis\", \"type\": \"decimal\", \"scale\": 2, "
        "\"decimal_point\": \",\","
        "\"thousands\": \".\", \"currency\": \"any\", \"currency_column\": \"a_currency\", \"default\": \"0 EUR\","
        "\"strip\": \"ca. \"},"
        "{\"name\": \"t\", \"type\": \"text\"}]},"
        "\"derive\": [{\"name\": \"both\", \"expr\": \"a_currency || text(a)\"}], \"tables\": [{\"name\": \"rows\"}]}");
    parse(&f, "2:0,0,1", "1.234,50 \xe2\x82\xac;x");
    check_int(f.row.bucket, ROW_VALID);
    check_int(f.row.values[0].i, 123450);
    check(slice_equal(f.row.values[1].text, SLICE_LIT("EUR")));
    check(slice_equal(f.row.values[2].text, SLICE_LIT("x")));
    check(slice_equal(f.row.values[3].text, SLICE_LIT("EUR1234.50")));
    parse(&f, "2:0,0,1", "ca. 5,- $;x"); /* no text of a number */
    check_int(f.row.violation_count, 1);
    parse(&f, "2:0,0,1", "ca. 5 $;x"); /* what is taken off stands ahead of both */
    check(slice_equal(f.row.values[3].text, SLICE_LIT("USD5.00")));
    parse(&f, "2:0,0,1", ";x"); /* the default has a currency too */
    check(slice_equal(f.row.values[3].text, SLICE_LIT("EUR0.00")));
    parse(&f, "2:0,0,1", "12,50;x"); /* one violation, the amount's */
    check_int(f.row.violation_count, 1);
    check(slice_equal(f.row.violations[0].column, SLICE_LIT("a")));
    check_int(f.row.values[1].type, VALUE_NULL);
    fixture_close(&f);
}

/* ---- drift ---- */

/* What a record is refused for under this "drift"; "" when it is not. */
static const char *drift_of(const char *source, const char *drift, const char *layout, const char *raw)
{
    static char said[256], json[1024];
    struct fixture f;
    snprintf(json, sizeof json,
             "{\"pipeline\": \"p\", \"version\": 1, \"source\": {%s, \"glob\": \"*\", \"drift\": {%s}}, \"tables\": "
             "[{\"name\": \"rows\"}]}",
             source, drift);
    fixture_open(&f, json);
    parse(&f, layout, raw);
    const struct violation *v = f.row.violations;
    bool refused = f.row.violation_count > 0;
    check(!refused || (v->drifts && f.row.bucket == 0));
    snprintf(said, sizeof said, "%.*s", refused ? (int)v->value.n : 0, refused ? (const char *)v->value.p : "");
    fixture_close(&f);
    return said;
}

#define NEW_FAILS     "\"new_column\": \"fail\""
#define MISSING_FAILS "\"missing_column\": \"fail\""

TEST(parse, a_json_record_may_drift_only_as_declared)
{
    const char *source = "\"format\": \"ndjson\", \"columns\": [{\"name\": \"a\", \"type\": \"integer\"}, "
                         "{\"name\": \"b\", \"path\": \"x.b\", \"type\": \"text\"}]";
    check_str(drift_of(source, "", "", "{\"n\": 1}"), "");
    check_str(drift_of(source, NEW_FAILS, "", "{\"x\": {\"b\": {\"new\": 2}}}"), ""); /* inside of one that is read */
    check_str(drift_of(source, NEW_FAILS, "", "{\"a\": 1, \"x\": {\"new\": 2}}"),
              "no column reads its member \"x.new\"");
    check_str(drift_of(source, NEW_FAILS, "", "{\"x\": \"b\"}"), "no column reads its member \"x\"");
    check_str(drift_of(source, NEW_FAILS, "", "{\"x\": null}"), "");
    check_str(drift_of(source, NEW_FAILS, "", "{\"a\": 1, \"n\\u0065w\": []}"), "no column reads its member \"new\"");
    check_str(drift_of(source, MISSING_FAILS, "", "{\"x\": {\"b\": null}, \"a\": null, \"new\": 1}"), "");
    check_str(drift_of(source, MISSING_FAILS, "", "{\"a\": 1, \"x\": null}"), "it has no member \"x.b\"");
    source = "\"format\": \"ndjson\", \"columns\": [{\"name\": \"a\", \"type\": \"integer\", \"optional\": true}, "
             "{\"name\": \"b\", \"path\": \"l[1]\", \"type\": \"text\"}]";
    check_str(drift_of(source, MISSING_FAILS, "", "{}"), "");
}

TEST(parse, so_may_an_element_of_xml)
{
    const char *source = "\"format\": \"xml\", \"record\": \"r\", \"columns\": [{\"name\": \"a\", \"path\": \"@a\", "
                         "\"type\": \"text\"}, {\"name\": \"b\", \"path\": \"b[2]\", \"type\": \"text\"}]";
    check_str(drift_of(source, "", "utf-8", "<r><c/></r>"), "");
    check_str(drift_of(source, NEW_FAILS, "utf-8", "<r xmlns:n='u' a='1'><b><c/></b></r>"), "");
    check_str(drift_of(source, NEW_FAILS, "utf-8", "<r c='1'/>"), "no column reads its attribute \"@c\"");
    check_str(drift_of(source, NEW_FAILS, "utf-8", "<r><a/><d/></r>"), "no column reads its element \"a\"");
    check_str(drift_of(source, MISSING_FAILS, "utf-8", "<r a=''><b/><b/></r>"), "");
    check_str(drift_of(source, NEW_FAILS, "utf-8", "<r><b/><b c='1'><d/></b></r>"),
              "no column reads its attribute \"b[2]/@c\"");
    check_str(drift_of(source, NEW_FAILS, "utf-8", "<r> x</r>"), "no column reads its text of \".\"");
    check_str(drift_of(source, MISSING_FAILS, "utf-8", "<r a=''><b/></r>"), "it has nothing at \"b[2]\"");
}
