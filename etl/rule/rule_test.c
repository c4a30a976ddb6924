#include "etl/rule/rule.h"

#include <unistd.h>

#include "etl/parse.h"
#include "tests/unit.h"

/* A definition with columns a (integer), d (decimal 2), t (text), w, x, y (dates), s (timestamp) and the rules in
 * `rules`; fields that a line lacks are NULL. */
static struct definition *with_rules(const char *rules, struct err_text *error)
{
    struct buf b = {0};
    struct definition *d;
    buf_printf(&b,
               "{\"pipeline\": \"p\", \"version\": 1, \"source\": {\"format\": \"csv\", \"glob\": \"*\", \"header\": "
               "false, \"ragged\": true, "
               "\"columns\": [{\"name\": \"a\", \"field\": 1, \"type\": \"integer\"},"
               "{\"name\": \"d\", \"field\": 2, \"type\": \"decimal\", \"scale\": 2},"
               "{\"name\": \"t\", \"field\": 3, \"type\": \"text\"},"
               "{\"name\": \"w\", \"field\": 4, \"type\": \"date\", \"format\": \"%%F\"},"
               "{\"name\": \"x\", \"field\": 5, \"type\": \"date\", \"format\": \"%%F\"},"
               "{\"name\": \"y\", \"field\": 6, \"type\": \"date\", \"format\": \"%%F\"},"
               "{\"name\": \"s\", \"field\": 7, \"type\": \"timestamp\", \"format\": \"%%F %%T\"}]},"
               "\"rules\": [%s], \"tables\": [{\"name\": \"rows\"}]}",
               rules);
    definition_parse(buf_slice(&b), "r.json", &d, error);
    buf_release(&b);
    return d;
}

/* "ordinal:rule:column:value " of every violation of the line. */
static const char *violations(const char *rules, const char *line)
{
    static char out[2000];
    struct err_text error = {{0}};
    struct definition *d = with_rules(rules, &error);
    if (!d) unit_fail("%s", error.text);
    struct arena arena = {0};
    struct row row;
    struct row_parser *p = row_parser_new(&d->feeds[0]);
    struct record record = {.at = {SLICE_LIT("f"), 0, 1, 1}, .raw = slice_str(line)};
    row_parse(p, &record, &arena, &row);
    size_t n = 0;
    out[0] = '\0';
    for (int i = 0; i < row.violation_count; i++) {
        const struct violation *v = &row.violations[i];
        n += (size_t)snprintf(out + n, sizeof out - n, "%d:%.*s:%.*s:%.*s ", v->ordinal, (int)v->rule.n,
                              (const char *)v->rule.p, (int)v->column.n, (const char *)v->column.p, (int)v->value.n,
                              (const char *)v->value.p);
    }
    snprintf(out + n, sizeof out - n, "bucket %d", row.bucket);
    row_parser_free(p);
    arena_release(&arena);
    definition_free(d);
    return out;
}

#define RULE(keys) "{\"rule\": " keys "}"

TEST(rule, not_null)
{
    check_str(violations(RULE("\"not_null\", \"column\": \"t\""), "1,2,x,"), "bucket -1");
    check_str(violations(RULE("\"not_null\", \"column\": \"t\""), "1,2,,"), "1:not_null_t:t: bucket 1");
}

TEST(rule, range)
{
    const char *closed = RULE("\"range\", \"column\": \"a\", \"min\": 1, \"max\": 3");
    const char *open = RULE("\"range\", \"column\": \"d\", \"above\": 0, \"below\": \"1.5\"");
    check_str(violations(closed, "1,,,"), "bucket -1");
    check_str(violations(closed, "3,,,"), "bucket -1");
    check_str(violations(closed, "0,,,"), "1:range_a:a:0 bucket 1");
    check_str(violations(closed, "4,,,"), "1:range_a:a:4 bucket 1");
    check_str(violations(closed, ",,,"), "bucket -1");
    check_str(violations(open, ",0.01,,"), "bucket -1");
    check_str(violations(open, ",0,,"), "1:range_d:d:0 bucket 1");
    check_str(violations(open, ",1.50,,"), "1:range_d:d:1.50 bucket 1");
    check_str(violations(open, ",1.49,,"), "bucket -1");
    check_str(violations(RULE("\"range\", \"column\": \"w\", \"min\": \"2024-01-01\""), ",,,2023-12-31"),
              "1:range_w:w:2023-12-31 bucket 1");
    check_str(violations(RULE("\"range\", \"column\": \"t\", \"max\": \"m\""), ",,n,"), "1:range_t:t:n bucket 1");
}

TEST(rule, in)
{
    const char *some = RULE("\"in\", \"column\": \"t\", \"values\": [\"b\", \"a\", \"c\"]");
    const char *none = RULE("\"in\", \"column\": \"a\", \"values\": [7, 5], \"negate\": true");
    check_str(violations(some, ",,a,"), "bucket -1");
    check_str(violations(some, ",,ab,"), "1:in_t:t:ab bucket 1");
    check_str(violations(none, "6,,,"), "bucket -1");
    check_str(violations(none, "7,,,"), "1:in_a:a:7 bucket 1");
}

static void check_refused(const char *rules, const char *part)
{
    struct err_text error = {{0}};
    struct definition *d = with_rules(rules, &error);
    if (d) unit_fail("accepted: %s", rules);
    if (!strstr(error.text, part)) unit_fail("\"%s\" is not in \"%s\"", part, error.text);
}

/* A file beside the definition: the one that violations() loads stands in the current folder. */
static void list_write(const char *name, const char *text)
{
    FILE *file = fopen(name, "wb");
    check(file != NULL);
    fputs(text, file);
    check_int(fclose(file), 0);
}

static void folder_enter(char *folder)
{
    check(mkdtemp(folder) && chdir(folder) == 0);
}

static void folder_leave(const char *folder)
{
    static const char *const names[] = {"list.txt", "numbers.txt", "words.txt", "latin.txt", "empty.txt"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) unlink(names[i]);
    check(chdir("/") == 0 && rmdir(folder) == 0);
}

TEST(rule, in_a_file)
{
    char folder[] = "/tmp/rule_test.XXXXXX";
    folder_enter(folder);
    list_write("list.txt", "\xef\xbb\xbf"
                           "b\r\n\nc d\r\na");
    list_write("numbers.txt", "5\n7\n");
    list_write("words.txt", "5\nseven\n");
    list_write("latin.txt", "caf\xe9\n");
    list_write("empty.txt", "\n\n");
    const char *some = RULE("\"in\", \"column\": \"t\", \"file\": \"list.txt\"");
    const char *none = RULE("\"in\", \"column\": \"a\", \"file\": \"numbers.txt\", \"negate\": true");
    check_str(violations(some, ",,b,"), "bucket -1");
    check_str(violations(some, ",,c d,"), "bucket -1");
    check_str(violations(some, ",,d,"), "1:in_t:t:d bucket 1");
    check_str(violations(none, "6,,,"), "bucket -1");
    check_str(violations(none, "7,,,"), "1:in_a:a:7 bucket 1");
    check_refused(RULE("\"in\", \"column\": \"a\", \"file\": \"words.txt\""),
                  "rules[0].file: words.txt, line 2: \"seven\" is no value of column a (integer)");
    check_refused(RULE("\"in\", \"column\": \"t\", \"file\": \"no.txt\""), "rules[0].file: no.txt: No such file");
    check_refused(RULE("\"in\", \"column\": \"t\", \"file\": \"latin.txt\""), "latin.txt: is not UTF-8");
    check_refused(RULE("\"in\", \"column\": \"t\", \"file\": \"empty.txt\""), "needs at least one value");
    check_refused(RULE("\"in\", \"column\": \"t\", \"file\": \".\""), "is no regular file");
    check_refused(RULE("\"in\", \"column\": \"t\", \"file\": \"/etc/passwd\""), "relative to the definition");
    check_refused(RULE("\"in\", \"column\": \"t\""), "one of \"values\" and \"file\"");
    check_refused(RULE("\"in\", \"column\": \"t\", \"values\": [\"a\"], \"file\": \"list.txt\""), "one of \"values\"");
    folder_leave(folder);
}

static void digest_of(const char *rules, char out[65])
{
    struct err_text error = {{0}};
    struct definition *d = with_rules(rules, &error);
    if (!d) unit_fail("%s", error.text);
    memcpy(out, d->digest, 65);
    definition_free(d);
}

TEST(rule, a_file_is_a_part_of_the_digest)
{
    char folder[] = "/tmp/rule_test.XXXXXX", before[65], same[65], after[65];
    folder_enter(folder);
    list_write("list.txt", "a\n");
    digest_of(RULE("\"in\", \"column\": \"t\", \"file\": \"list.txt\""), before);
    digest_of(RULE("\"in\", \"column\": \"t\", \"file\": \"list.txt\""), same);
    list_write("list.txt", "b\n");
    digest_of(RULE("\"in\", \"column\": \"t\", \"file\": \"list.txt\""), after);
    check_str(same, before);
    check(strcmp(after, before) != 0);
    folder_leave(folder);
}

TEST(rule, length)
{
    const char *both = RULE("\"length\", \"column\": \"t\", \"min\": 2, \"max\": 3");
    check_str(violations(both, ",,\xc3\xa9\xc3\xa9\xc3\xa9,"), "bucket -1"); /* three characters, six bytes */
    check_str(violations(both, ",,ab,"), "bucket -1");
    check_str(violations(both, ",,a,"), "1:length_t:t:a bucket 1");
    check_str(violations(both, ",,abcd,"), "1:length_t:t:abcd bucket 1");
    check_str(violations(both, ",,,"), "bucket -1");
    check_str(violations(RULE("\"length\", \"column\": \"t\", \"min\": 5"), ",,abcd,"), "1:length_t:t:abcd bucket 1");
    check_refused(RULE("\"length\", \"column\": \"t\""), "rules[0]: needs at least one of min, max (usage: ");
    check_refused(RULE("\"length\", \"column\": \"t\", \"min\": 4, \"max\": 3"), "min is larger than max");
    check_refused(RULE("\"length\", \"column\": \"t\", \"min\": -1"), "rules[0].min: must be a whole number from 0");
    check_refused(RULE("\"length\", \"column\": \"a\", \"min\": 1"), "column a is integer; only a text has a length");
}

#define ORDER(keys) RULE("\"date_order\", \"name\": \"order\", " keys)

TEST(rule, date_order)
{
    const char *two = ORDER("\"columns\": [\"w\", \"x\"]");
    const char *strict = ORDER("\"columns\": [\"w\", \"x\"], \"strict\": true");
    const char *mixed = ORDER("\"columns\": [\"w\", \"s\"]");
    const char *mixed_strict = ORDER("\"columns\": [\"s\", \"w\"], \"strict\": true");
    const char *three = ORDER("\"columns\": [\"w\", \"x\", \"y\"]");
    check_str(violations(two, ",,,2024-01-02,2024-01-03"), "bucket -1");
    check_str(violations(two, ",,,2024-01-02,2024-01-02"), "bucket -1");
    check_str(violations(two, ",,,2024-01-02,2024-01-01"), "1:order:x:2024-01-01 bucket 1");
    check_str(violations(two, ",,,2024-01-02,"), "bucket -1");
    check_str(violations(strict, ",,,2024-01-02,2024-01-02"), "1:order:x:2024-01-02 bucket 1");
    check_str(violations(strict, ",,,2024-01-02,2024-01-03"), "bucket -1");
    check_str(violations(mixed, ",,,2024-01-02,,,2024-01-02 00:00:01"), "bucket -1");
    check_str(violations(mixed, ",,,2024-01-02,,,2024-01-01 23:59:59"), "1:order:s:2024-01-01 23:59:59 bucket 1");
    check_str(violations(mixed, ",,,1969-12-31,,,1969-12-31 23:59:59"), "bucket -1"); /* days before 1970 */
    check_str(violations(mixed_strict, ",,,2024-01-02,,,2024-01-02 00:00:00"), "1:order:w:2024-01-02 bucket 1");
    check_str(violations(three, ",,,2024-01-02,2024-01-03,2024-01-04"), "bucket -1");
    check_str(violations(three, ",,,2024-01-02,2024-01-03,2024-01-01"), "1:order:: bucket 1");
    check_str(violations(three, ",,,2024-01-02,,2024-01-01"), "1:order:: bucket 1"); /* across a NULL */
    check_str(violations(three, ",,,,,2024-01-01"), "bucket -1");
    check_refused(ORDER("\"columns\": [\"w\"]"), "rules[0].columns: needs at least two columns, the earliest first");
    check_refused(ORDER("\"columns\": [\"w\", \"a\"]"), "rules[0].columns[1]: column a is integer; only timestamps");
    check_refused(ORDER("\"columns\": [\"w\", \"nope\"]"), "there is no column \"nope\"");
    check_refused(ORDER("\"columns\": [\"w\", \"x\"], \"strict\": 1"), "must be true or false");
}

TEST(rule, regex)
{
    const char *digits = RULE("\"regex\", \"column\": \"t\", \"pattern\": \"^[0-9]+$\"");
    const char *no_c =
        RULE("\"regex\", \"column\": \"t\", \"pattern\": \"^c\", \"negate\": true, \"ignore_case\": true");
    check_str(violations(digits, ",,123,"), "bucket -1");
    check_str(violations(digits, ",,12a,"), "1:regex_t:t:12a bucket 1");
    check_str(violations(no_c, ",,xC,"), "bucket -1");
    check_str(violations(no_c, ",,C1,"), "1:regex_t:t:C1 bucket 1");
    check_str(violations(no_c, ",,,"), "bucket -1");
}

TEST(rule, expression)
{
    const char *e = RULE("\"expression\", \"name\": \"e\", \"expr\": \"a * d > 10 or t = 'x'\", \"column\": \"a\"");
    check_str(violations(e, "6,2,y,"), "bucket -1");
    check_str(violations(e, "5,2,y,"), "1:e:a:5 bucket 1");
    check_str(violations(e, "5,,y,"), "bucket -1");                                             /* NULL passes */
    check_str(violations(e, "9223372036854775807,2,y,"), "1:e:a:9223372036854775807 bucket 1"); /* overflow does not */
    check_str(violations(e, "5,2.555,y,"), "2:type:d:2.555 bucket 2"); /* not evaluated when a column did not fit */
}

TEST(rule, types_have_a_place_in_the_order)
{
    const char *typed = RULE("\"not_null\", \"column\": \"t\"") "," RULE(
        "\"type\", \"name\": \"bad_date\", \"column\": \"w\"") "," RULE("\"range\", \"column\": \"a\", \"min\": 5");
    check_str(violations(typed, "4,x,,never"), "1:not_null_t:t: 2:bad_date:w:never 3:range_a:a:4 4:type:d:x bucket 1");
    check_str(violations(typed, "x,1,y,2024-02-30"), "2:bad_date:w:2024-02-30 4:type:a:x bucket 2");
    check_str(violations(typed, "only,\"two"), "0:format::byte 5: this quote is never closed bucket 0");
}

TEST(rule, severity_decides_the_bucket)
{
    const char *warn = RULE("\"not_null\", \"column\": \"t\", \"severity\": \"warn\"") "," RULE(
        "\"range\", \"column\": \"a\", \"min\": 5");
    check_str(violations(warn, "6,,,"), "1:not_null_t:t: bucket -1");
    check_str(violations(warn, "4,,,"), "1:not_null_t:t: 2:range_a:a:4 bucket 2");
}

TEST(rule, declarations_are_checked)
{
    check_refused(RULE("\"rnge\", \"column\": \"a\""),
                  "rules[0].rule: \"rnge\" is none of: not_null, type, range, in, length");
    check_refused(RULE("\"range\", \"column\": \"a\""), "needs at least one of min, max, above, below (usage: ");
    check_refused(RULE("\"range\", \"column\": \"a\", \"min\": 1, \"above\": 1"), "one is enough");
    check_refused(RULE("\"range\", \"column\": \"a\", \"min\": 5, \"max\": 1"), "rules[0]: no value lies between");
    check_refused(RULE("\"range\", \"column\": \"a\", \"min\": 5, \"below\": 5"), "no value lies between");
    check_refused(RULE("\"range\", \"column\": \"a\", \"min\": \"x\""),
                  "rules[0].min: \"x\" is no value of column a (integer)");
    check_refused(RULE("\"range\", \"column\": \"d\", \"min\": 0.5"), "write this number as a text");
    check_refused(RULE("\"range\", \"colum\": \"a\", \"min\": 1"),
                  "rules[0].colum: unknown key; did you mean \"column\"?");
    check_refused(RULE("\"not_null\", \"column\": \"b\""), "there is no column \"b\"");
    check_refused(RULE("\"regex\", \"column\": \"a\", \"pattern\": \"x\""),
                  "column a is integer; a pattern needs a text");
    check_refused(RULE("\"regex\", \"column\": \"t\", \"pattern\": \"(\""), "rules[0].pattern: bad regular expression");
    check_refused(RULE("\"in\", \"column\": \"t\", \"values\": []"), "needs at least one value");
    check_refused(RULE("\"not_null\", \"column\": \"t\", \"name\": \"type\""), "reserved");
    check_refused(RULE("\"not_null\", \"column\": \"t\"") "," RULE("\"not_null\", \"column\": \"t\""),
                  "is taken by rules[0]");
    check_refused(RULE("\"type\", \"column\": \"_line\""), "made by the reader");
    check_refused(RULE("\"expression\", \"expr\": \"t\""), "must be a condition");
    check_refused(RULE("\"unique\", \"columns\": []"), "needs at least one column");
    check_refused(RULE("\"not_null\", \"column\": \"t\", \"severity\": \"error\""), "warn, reject, fail");
}
