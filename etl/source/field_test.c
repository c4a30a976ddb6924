#include "etl/source/field.h"

#include "tests/unit.h"

/* A column read from JSON and a text put through it: the value's number, or the text; "bad", "NULL". */
static const char *convert(const char *column, enum value_type type, const char *text)
{
    static const char *const empty[] = {"", NULL};
    static char out[sizeof(struct err_text)];
    struct arena arena = {0};
    struct err_text error = {{0}};
    struct document doc = {.file = "f.json", .arena = &arena, .error = &error};
    json_t *json = json_loads(column, 0, NULL);
    check(json != NULL);
    struct field_spec *f = field_spec_read((struct node){&doc, json, "c"}, type, empty, false);
    struct value v;
    if (document_failed(&doc))
        snprintf(out, sizeof out, "%s", error.text);
    else if (!field_convert(f, text ? slice_str(text) : slice_of(NULL, 0), &v))
        strcpy(out, "bad");
    else if (v.type == VALUE_NULL)
        strcpy(out, "NULL");
    else if (v.type == VALUE_TEXT)
        snprintf(out, sizeof out, "'%.*s'", (int)v.text.n, (const char *)v.text.p);
    else
        snprintf(out, sizeof out, "%lld", (long long)v.i);
    json_decref(json);
    arena_release(&arena);
    return out;
}

TEST(field, integers)
{
    check_str(convert("{}", VALUE_INTEGER, "17850"), "17850");
    check_str(convert("{}", VALUE_INTEGER, "-3"), "-3");
    check_str(convert("{}", VALUE_INTEGER, "17850.0"), "bad");
    check_str(convert("{\"decimal_zeros\": true}", VALUE_INTEGER, "17850.0"), "17850");
    check_str(convert("{\"decimal_zeros\": true}", VALUE_INTEGER, "17850.5"), "bad");
    check_str(convert("{}", VALUE_INTEGER, " 5"), "bad");
    check_str(convert("{\"trim\": true}", VALUE_INTEGER, " 5\t"), "5");
    check_str(convert("{}", VALUE_INTEGER, ""), "NULL");
    check_str(convert("{}", VALUE_INTEGER, "9223372036854775808"), "bad");
    check_str(convert("{\"thousands\": \",\"}", VALUE_INTEGER, "1,234,567"), "1234567");
    check_str(convert("{\"thousands\": \",\"}", VALUE_INTEGER, "12,34"), "bad");
    check_str(convert("{\"thousands\": \",\"}", VALUE_INTEGER, "1,2345"), "bad");
    check_str(convert("{\"thousands\": \",\"}", VALUE_INTEGER, "1234,567"), "bad");
}

TEST(field, decimals)
{
    const char *european = "{\"scale\": 2, \"decimal_point\": \",\", \"thousands\": \".\"}";
    check_str(convert("{\"scale\": 3}", VALUE_DECIMAL, "2.55"), "2550");
    check_str(convert("{\"scale\": 2}", VALUE_DECIMAL, "2.555"), "bad");
    check_str(convert("{\"scale\": 2}", VALUE_DECIMAL, "2,55"), "bad");
    check_str(convert(european, VALUE_DECIMAL, "1.234,5"), "123450");
    check_str(convert(european, VALUE_DECIMAL, "-1.234.567,89"), "-123456789");
    check_str(convert(european, VALUE_DECIMAL, "12,5"), "1250");
    check_str(convert(european, VALUE_DECIMAL, "1.23,4"), "bad");
    check_str(convert(european, VALUE_DECIMAL, "2.55"), "bad");
    check_str(convert("{\"scale\": 2, \"decimal_point\": \",\"}", VALUE_DECIMAL, "2.55"), "bad");
    check_str(convert("{\"scale\": 2, \"strip\": [\"$\", \" EUR\"]}", VALUE_DECIMAL, "$2.50"), "250");
    check_str(convert("{\"scale\": 2, \"strip\": [\"$\", \" EUR\"]}", VALUE_DECIMAL, "2.50 EUR"), "250");
    check_str(convert("{\"scale\": 2, \"strip\": [\"$\", \" EUR\"]}", VALUE_DECIMAL, "-$2.50 EUR"), "-250");
    check_str(convert("{\"scale\": 2, \"strip\": \"$\", \"thousands\": \",\"}", VALUE_DECIMAL, "-$1,002.50"),
              "-100250");
    check_str(convert("{\"scale\": 2, \"strip\": \"$\"}", VALUE_DECIMAL, "$-2.50"), "-250");
    check_str(convert("{\"scale\": 2, \"strip\": \"$\"}", VALUE_DECIMAL, "-$"), "bad");
    check_str(convert("{\"scale\": 2, \"round\": true}", VALUE_DECIMAL, "2.555"), "256");
    check_str(convert("{\"scale\": 2, \"round\": true}", VALUE_DECIMAL, "-2.5549999"), "-255");
    check_str(convert("{\"scale\": 2, \"round\": true}", VALUE_DECIMAL, "-0.005"), "-1");
    check_str(convert("{\"scale\": 2, \"round\": true}", VALUE_DECIMAL, "2.5"), "250");
    check_str(convert("{\"scale\": 2, \"round\": true}", VALUE_DECIMAL, "2.55x"), "bad");
    check_str(convert("{\"round\": true}", VALUE_INTEGER, "2.5"), "3");
    check_str(convert("{\"round\": true}", VALUE_INTEGER, ".5"), "1");
    check_str(convert("{\"round\": true}", VALUE_INTEGER, "-.4"), "0");
    check_str(convert("{\"round\": true}", VALUE_INTEGER, "-.5"), "-1");
    check_str(convert("{\"round\": true}", VALUE_INTEGER, "."), "bad");
    check_str(convert("{}", VALUE_DECIMAL, "1"), "f.json: c: the key \"scale\" is missing");
}

TEST(field, exponents)
{
    const char *plain = "{\"scale\": 3, \"exponent\": true}";
    check_str(convert("{\"scale\": 3}", VALUE_DECIMAL, "1.5e3"), "bad");
    check_str(convert(plain, VALUE_DECIMAL, "1.5e3"), "1500000");
    check_str(convert(plain, VALUE_DECIMAL, "-1.5E+3"), "-1500000");
    check_str(convert(plain, VALUE_DECIMAL, "1.5e0"), "1500");
    check_str(convert(plain, VALUE_DECIMAL, "15e-1"), "1500");
    check_str(convert(plain, VALUE_DECIMAL, "15e-3"), "15");
    check_str(convert(plain, VALUE_DECIMAL, "-15e-4"), "bad"); /* 0.0015 has a digit too many */
    check_str(convert(plain, VALUE_DECIMAL, "150e-4"), "15");
    check_str(convert(plain, VALUE_DECIMAL, ".5e1"), "5000");
    check_str(convert(plain, VALUE_DECIMAL, "5.e1"), "50000");
    check_str(convert(plain, VALUE_DECIMAL, "0e60"), "0");
    check_str(convert(plain, VALUE_DECIMAL, "1e15"), "1000000000000000000");
    check_str(convert(plain, VALUE_DECIMAL, "1e16"), "bad");
    check_str(convert(plain, VALUE_DECIMAL, "1e61"), "bad");
    check_str(convert(plain, VALUE_DECIMAL, "1e-99999999999999999999"), "bad");
    static const char *const bad[] = {"e",       "e3",    "1e",  "1e+",  "1e1.5", "1e3e3",
                                      "1.5.5e3", "--1e3", ".e3", "x1e3", "1 e3"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) check_str(convert(plain, VALUE_DECIMAL, bad[i]), "bad");
    check_str(convert("{\"exponent\": true}", VALUE_INTEGER, "1.5e3"), "1500");
    check_str(convert("{\"exponent\": true}", VALUE_INTEGER, "12"), "12");
    check_str(convert("{\"exponent\": true}", VALUE_INTEGER, "12.0"), "bad");
    check_str(convert("{\"exponent\": true}", VALUE_INTEGER, "15e-1"), "bad");
    check_str(convert("{\"exponent\": true, \"round\": true}", VALUE_INTEGER, "15e-1"), "2");
    check_str(convert("{\"scale\": 1, \"exponent\": true, \"decimal_point\": \",\", \"thousands\": \".\"}",
                      VALUE_DECIMAL, "1.234,5e2"),
              "1234500");
}

TEST(field, separators_that_look_alike)
{
    const char *blank = "{\"scale\": 2, \"decimal_point\": \",\", \"thousands\": \" \"}";
    check_str(convert(blank, VALUE_DECIMAL, "1 234 567,8"), "123456780");
    check_str(convert(blank, VALUE_DECIMAL,
                      "1\xc2\xa0"
                      "234,5"),
              "123450");
    check_str(convert(blank, VALUE_DECIMAL,
                      "1\xe2\x80\xaf"
                      "234,5"),
              "123450");
    check_str(convert(blank, VALUE_DECIMAL,
                      "12\xc2\xa0"
                      "34,5"),
              "bad");
    check_str(convert("{\"thousands\": \"'\"}", VALUE_INTEGER,
                      "1\xe2\x80\x99"
                      "234"),
              "1234");
    check_str(convert("{\"thousands\": \",\"}", VALUE_INTEGER,
                      "1\xc2\xa0"
                      "234"),
              "bad");
}

TEST(field, null_and_default)
{
    check_str(convert("{\"null\": [\"-\", \"NA\"]}", VALUE_TEXT, "NA"), "NULL");
    check_str(convert("{\"null\": [\"-\", \"NA\"]}", VALUE_TEXT, ""), "''");
    check_str(convert("{\"null\": []}", VALUE_TEXT, ""), "''");
    check_str(convert("{\"null\": \"-\", \"default\": 0}", VALUE_INTEGER, "-"), "0");
    check_str(convert("{\"default\": \"x\"}", VALUE_TEXT, NULL), "'x'");
    check_str(convert("{}", VALUE_TEXT, NULL), "NULL");
    check_str(convert("{\"default\": \"x\"}", VALUE_INTEGER, ""),
              "f.json: c.default: \"x\" does not fit the column's own type");
}

TEST(field, times)
{
    const char *two = "{\"format\": [\"%d/%m/%Y %H:%M\", \"%d/%m/%Y\"], \"zone\": \"+02:00\"}";
    check_str(convert("{\"format\": \"%Y-%m-%d\"}", VALUE_DATE, "1970-01-31"), "30");
    check_str(convert("{\"format\": \"%Y-%m-%d\"}", VALUE_DATE, "1969-12-31"), "-1");
    check_str(convert("{\"format\": \"%F %T\"}", VALUE_TIMESTAMP, "1970-01-02 00:00:01"), "86401");
    check_str(convert(two, VALUE_TIMESTAMP, "01/01/1970 03:00"), "3600");
    check_str(convert(two, VALUE_TIMESTAMP, "02/01/1970"), "79200");
    check_str(convert(two, VALUE_TIMESTAMP, "1970-01-02"), "bad");
}

#define ROME(more) "{\"format\": [\"%F %T\", \"iso8601\"], \"zone\": \"Europe/Rome\"" more "}"

TEST(field, wall_clocks_of_a_zone)
{
    check_str(convert(ROME(""), VALUE_TIMESTAMP, "2024-01-15 12:00:00"), "1705316400");  /* 11:00 UTC */
    check_str(convert(ROME(""), VALUE_TIMESTAMP, "2024-07-15 12:00:00"), "1721037600");  /* 10:00 UTC */
    check_str(convert(ROME(""), VALUE_TIMESTAMP, "2024-07-15T12:00:00Z"), "1721044800"); /* has its own zone */
    check_str(convert(ROME(""), VALUE_TIMESTAMP, "2024-07-15T12:00:00"), "1721037600");
    check_str(convert(ROME(""), VALUE_TIMESTAMP, "2024-10-27 02:30:00"), "bad"); /* there twice */
    check_str(convert(ROME(""), VALUE_TIMESTAMP, "2024-03-31 02:30:00"), "bad"); /* not there */
    check_str(convert(ROME(", \"ambiguous\": \"earlier\""), VALUE_TIMESTAMP, "2024-10-27 02:30:00"), "1729989000");
    check_str(convert(ROME(", \"ambiguous\": \"later\""), VALUE_TIMESTAMP, "2024-10-27 02:30:00"), "1729992600");
    check_str(convert(ROME(", \"ambiguous\": \"later\""), VALUE_TIMESTAMP, "2024-03-31 02:30:00"), "1711848600");
    check_str(convert("{\"format\": \"iso8601\", \"zone\": \"+14:00\"}", VALUE_TIMESTAMP, "0000-01-01 00:00"), "bad");
}

static void check_refused(const char *column, enum value_type type, const char *part)
{
    const char *message = convert(column, type, "");
    if (!strstr(message, part)) unit_fail("%s: \"%s\" is not in \"%s\"", column, part, message);
}

TEST(field, declarations_are_checked)
{
    check_refused("{\"exponent\": true}", VALUE_TEXT, "c.exponent: has no meaning for a column of type text");
    check_refused("{\"scale\": 2, \"currency\": \"EURO\"}", VALUE_DECIMAL,
                  "c.currency: \"EURO\" is no code of ISO 4217");
    check_refused("{\"scale\": 2, \"currency\": \"eur\"}", VALUE_DECIMAL, "\"eur\" is no code");
    check_refused("{\"scale\": 2, \"currency\": []}", VALUE_DECIMAL,
                  "c.currency: needs at least one currency, or \"any\"");
    check_refused("{\"scale\": 2, \"currency\": \"any\"}", VALUE_DECIMAL,
                  "c.currency: amounts of several currencies need a");
    check_refused("{\"scale\": 2, \"currency\": [\"EUR\", \"USD\"]}", VALUE_DECIMAL, "\"currency_column\"");
    check_refused("{\"scale\": 2, \"currency_column\": \"x\"}", VALUE_DECIMAL, "c.currency_column: needs \"currency\"");
    check_refused("{\"currency\": \"EUR\"}", VALUE_INTEGER, "c.currency: has no meaning for a column of type integer");
    check_refused("{\"format\": \"%H:%M\"}", VALUE_TIMESTAMP, "c.format: \"%H:%M\" does not hold year, month and day");
    check_refused("{\"format\": \"%F %T\", \"zone\": \"Europe/Berlim\"}", VALUE_TIMESTAMP,
                  "c.zone: there is no time zone \"Europe/Berlim\" in ");
    check_refused("{\"format\": \"%F %T\", \"zone\": \"Europe/Berlim\"}", VALUE_TIMESTAMP,
                  "; did you mean \"Europe/Berlin\"?; or \"keep\"");
    check_refused("{\"format\": \"%F %T\", \"zone\": \"../etc/passwd\"}", VALUE_TIMESTAMP,
                  "c.zone: \"../etc/passwd\" is no time zone: a name such as");
    check_refused("{\"format\": \"%F %T\", \"zone\": \"Europe\"}", VALUE_TIMESTAMP, "/Europe is no time zone file");
    check_refused("{\"format\": \"%F\", \"zone\": \"UTC\"}", VALUE_DATE, "a date has no zone");
    check_refused("{\"format\": \"%F %T\", \"ambiguous\": \"later\"}", VALUE_TIMESTAMP,
                  "c.ambiguous: only has a meaning");
    check_refused("{\"format\": \"%F %T\", \"zone\": \"+02:00\", \"ambiguous\": \"later\"}", VALUE_TIMESTAMP,
                  "c.ambiguous: only has a meaning");
    check_refused("{\"format\": \"%F %T\", \"zone\": \"Europe/Rome\", \"ambiguous\": \"first\"}", VALUE_TIMESTAMP,
                  "c.ambiguous: \"first\" is none of: reject, earlier, later");
    check_refused("{\"format\": \"%F%z\", \"zone\": \"UTC\"}", VALUE_TIMESTAMP, "holds the zone already");
    check_refused("{\"format\": \"%F\"}", VALUE_TEXT, "c.format: has no meaning for a column of type text");
    check_refused("{\"scale\": 2}", VALUE_INTEGER, "c.scale: has no meaning");
    check_refused("{\"scale\": 10}", VALUE_DECIMAL, "from 1 to 9");
    check_refused("{\"decimal_point\": \",\", \"thousands\": \",\", \"scale\": 1}", VALUE_DECIMAL,
                  "is the decimal point too");
    check_refused("{\"decimal_point\": \"x\", \"scale\": 1}", VALUE_DECIMAL, "must be one of the characters");
}

TEST(field, signs_and_groups_of_other_countries)
{
    const char *any = "{\"scale\": 2, \"thousands\": \",\", \"sign\": \"any\"}";
    check_str(convert(any, VALUE_DECIMAL, "1,234.50-"), "-123450");
    check_str(convert(any, VALUE_DECIMAL, "(1,234.50)"), "-123450");
    check_str(convert(any, VALUE_DECIMAL,
                      "\xe2\x88\x92"
                      "5"),
              "-500");
    check_str(convert(any, VALUE_DECIMAL, "5 \xe2\x88\x92"), "-500");
    check_str(convert(any, VALUE_DECIMAL, "-5"), "-500");
    check_str(convert(any, VALUE_DECIMAL, "-5-"), "bad");
    check_str(convert(any, VALUE_DECIMAL, "()"), "bad");
    check_str(convert(any, VALUE_DECIMAL, "-"), "bad");
    check_str(convert("{\"scale\": 2}", VALUE_DECIMAL, "5-"), "bad");
    const char *indian = "{\"scale\": 2, \"thousands\": \",\", \"grouping\": \"indian\"}";
    check_str(convert(indian, VALUE_DECIMAL, "12,34,567.8"), "123456780");
    check_str(convert(indian, VALUE_DECIMAL, "1,000"), "100000");
    check_str(convert(indian, VALUE_DECIMAL, "123,456"), "bad");
    check_str(convert(indian, VALUE_DECIMAL, "1,234,567"), "bad");
    check_refused("{\"scale\": 2, \"grouping\": \"indian\"}", VALUE_DECIMAL, "c.grouping: is about the \"thousands\"");
}
