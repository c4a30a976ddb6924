#include "etl/source/json_path.h"
#include "tests/unit.h"

/* What is wrong with a text as one JSON value and at which byte: "" for nothing. */
static const char *verdict(const char *text)
{
    static char said[200];
    struct json_scan s = json_scan_of(slice_str(text));
    json_scan_blanks(&s);
    if (json_scan_value(&s, 0) && json_scan_end(&s)) return "";
    snprintf(said, sizeof said, "%zu: %s", (size_t)(s.p - (const uint8_t *)text), s.wrong);
    return said;
}

TEST(json, good_values)
{
    static const char *const good[] = {"{}",
                                       " [ ] ",
                                       "0",
                                       "-0",
                                       "-12.50e+07",
                                       "1E5",
                                       "true",
                                       "false",
                                       "null",
                                       "\"\"",
                                       "\"a \\\" \\\\ \\/ \\b\\f\\n\\r\\t \\u00e9\"",
                                       "\"\\ud83d\\ude00\"",
                                       "{\"a\":[1,{\"b\":null}],\"\":\"\"}",
                                       "\t{ \"a\" : 1 , \"a\" : 2 }\r\n"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) check_str(verdict(good[i]), "");
}

TEST(json, bad_values)
{
    static const struct {
        const char *text, *verdict;
    } bad[] = {
        {"", "0: it ends here: is it cut off?"},
        {"{", "1: it ends here: is it cut off?"},
        {"{\"a\":1", "6: it ends here: is it cut off?"},
        {"{\"a\":1,", "7: it ends here: is it cut off?"},
        {"{a:1}", "1: a string must begin here"},
        {"{\"a\"}", "4: a : must stand behind a name"},
        {"{\"a\":}", "5: no value begins so"},
        {"{\"a\":1,}", "7: a string must begin here"},
        {"[1,]", "3: no value begins so"},
        {"[1 2]", "3: a , or ] must stand behind an element"},
        {"{\"a\":1 \"b\":2}", "7: a , or } must stand behind a member"},
        {"1 2", "2: something stands behind the value"},
        {"01", "0: a number must not begin with 0"},
        {"-", "1: a number needs a digit here"},
        {"+1", "0: no value begins so"},
        {".5", "0: no value begins so"},
        {"1.", "2: a number needs a digit behind its point"},
        {"1e", "2: a number needs a digit in its exponent"},
        {"NaN", "0: no value begins so"},
        {"nul", "3: no value begins so"},
        {"'a'", "0: no value begins so"},
        {"\"a", "2: a string is not closed"},
        {"\"a\tb\"", "2: a control character in a string must be escaped"},
        {"\"0123456789abcdef\x1f\"", "17: a control character in a string must be escaped"},
        {"\"\\x41\"", "2: no such escape"},
        {"\"\\u12g4\"", "3: \\u needs four hexadecimal digits"},
        {"\"\\ud83d\"", "8: a surrogate pair is cut off"},
        {"\"\\ud83d-------\"", "7: the first half of a surrogate pair stands alone"},
        {"\"\\ud83d\\u0041\"", "7: the first half of a surrogate pair stands alone"},
        {"\"\\ude00\"", "7: the second half of a surrogate pair stands alone"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) check_str(verdict(bad[i].text), bad[i].verdict);
}

TEST(json, depth_is_bounded)
{
    char text[2 * (JSON_DEPTH_MAX + 1) + 1];
    for (int depth = JSON_DEPTH_MAX; depth <= JSON_DEPTH_MAX + 1; depth++) {
        memset(text, '[', (size_t)depth);
        memset(text + depth, ']', (size_t)depth);
        text[2 * depth] = 0;
        check_str(verdict(text),
                  depth == JSON_DEPTH_MAX ? "" : "128: more than 128 objects and arrays inside each other");
    }
}

TEST(json, texts_are_decoded)
{
    struct arena arena = {0};
    check(slice_equal(json_scan_text(SLICE_LIT("plain"), &arena), SLICE_LIT("plain")));
    check(slice_equal(json_scan_text(SLICE_LIT("\\u00e9\\n\\\"\\u20AC|\\ud83d\\ude00\\\\x"), &arena),
                      SLICE_LIT("\xc3\xa9\n\"\xe2\x82\xac|\xf0\x9f\x98\x80\\x")));
    check(slice_equal(json_scan_text(SLICE_LIT("a\\u0000"), &arena), SLICE_LIT("a\0")));
    arena_release(&arena);
}

/* --- paths --- */

/* The values of `paths` (separated by blanks) in a document, as "a|b|-": - where there is none; or what is wrong. */
static const char *values(const char *paths, const char *document)
{
    static char said[400];
    struct arena arena = {0};
    struct json_paths *p = json_paths_new(&arena);
    struct slice fields[16];
    struct json_scan scan;
    struct buf out = {0};
    int count = 0;
    const char *wrong = NULL;
    for (size_t n; *paths && !wrong; paths += n + (paths[n] == ' '), count++) {
        n = strcspn(paths, " ");
        wrong = json_paths_add(p, arena_str(&arena, slice_of(paths, n)), count % 2);
    }
    if (wrong)
        buf_append_str(&out, wrong);
    else if (!json_split(p, slice_str(document), &arena, fields, &scan))
        buf_printf(&out, "%zu: %s", (size_t)(scan.p - (const uint8_t *)document), scan.wrong);
    for (int i = 0; i < count && !wrong && !scan.wrong; i++) {
        buf_append_str(&out, i ? "|" : "");
        buf_append_slice(&out, fields[i].p ? fields[i] : SLICE_LIT("-"));
    }
    snprintf(said, sizeof said, "%s", buf_cstr(&out));
    buf_release(&out);
    arena_release(&arena);
    return said;
}

TEST(json_path, values_of_a_document)
{
    const char *doc =
        "{\"id\": 7, \"c\": {\"city\": \"K\\u00f6ln\", \"x\": null}, \"items\": [{\"sku\": \"A\"}, {\"sku\": "
        "[1, 2]}], \"ok\": true, \"a.b\": {\"it's\": -1.5e3}}";
    check_str(values("id c.city c.x items[0].sku items[1].sku items[2].sku", doc), "7|K\xc3\xb6ln|-|A|[1, 2]|-");
    check_str(values("items[1].sku[1] items[0] nothing.here id.deeper", doc), "2|{\"sku\": \"A\"}|-|-");
    check_str(values("ok ok $.ok $['ok']", doc), "true|1|true|1"); /* the odd ones are numbers */
    check_str(values("['a.b'][\"it's\"] [\"a.b\"]['it''s'] $.id $['id']", doc), "-1.5e3|-1.5e3|7|7");
    check_str(values("$ [1]", "[0, \"x\"]"), "[0, \"x\"]|x");
    check_str(values("ok id c", doc), "true|7|{\"city\": \"K\\u00f6ln\", \"x\": null}");
    check_str(values("c\xc3\xb6", "{\"c\\u00f6\": 1}"), "1");
}

TEST(json_path, wrong_documents)
{
    check_str(values("a", "{\"a\": 1, \"b\": 2, \"a\": 1}"), "17: a member that is asked for comes twice");
    check_str(values("b", "{\"a\": 1, \"b\": 2, \"a\": 1}"), "2");
    check_str(values("a.b", "{\"a\": {\"b\": 1}, \"a\": {}}"), "16: a member that is asked for comes twice");
    check_str(values("a", "{\"a\": 1}}"), "8: something stands behind the value");
    check_str(values("a", ""), "0: it ends here: is it cut off?");
    check_str(values("a.b", "{\"a\": {\"b\": 1"), "13: it ends here: is it cut off?");
}

TEST(json_path, wrong_paths)
{
    check_str(values("a..b", "{}"), "a name is missing");
    check_str(values(".a", "{}"), "a . or [ must stand between the steps of a path");
    check_str(values("a[", "{}"), "brackets hold a number from 0, * or a name in quotes");
    check_str(values("a[-1]", "{}"), "brackets hold a number from 0, * or a name in quotes");
    check_str(values("a[1", "{}"), "a bracket is not closed");
    check_str(values("a['b]", "{}"), "a quoted name in brackets ends with a quote and ]");
    check_str(values("a[*].b", "{}"), "names one value; [*] would be several");
    check_str(values("a[0]b", "{}"), "a . or [ must stand between the steps of a path");
    check_str(values("a]", "{}"), "a ] without its [; write the name in quotes: ['a]b']");
    check_str(values("a[99999999999]", "{}"), "the number in brackets is above 1000000");
}
