#include "lib/base/properties.h"

#include "tests/unit.h"

static const char *value_of(const struct properties *p, const char *key)
{
    const struct property *item = properties_find(p, key);
    return item ? item->value : NULL;
}

TEST(properties, the_three_separators_and_comments)
{
    struct properties p = {0};
    struct err_text e = {""};
    const char *text =
        "# comment\\\n! another\n\nbroker.id=1\r\n  log.dirs = /var/lib/x \nlisteners:PLAINTEXT://:9092\n"
        "flag\nlog.retention.hours 168\rlast=a=b";
    check_int(properties_parse(&p, slice_str(text), "server.properties", &e), 0);
    check_int(p.count, 6);
    check_str(value_of(&p, "broker.id"), "1");
    check_str(value_of(&p, "log.dirs"), "/var/lib/x ");
    check_str(value_of(&p, "listeners"), "PLAINTEXT://:9092");
    check_str(value_of(&p, "flag"), "");
    check_str(value_of(&p, "log.retention.hours"), "168");
    check_str(value_of(&p, "last"), "a=b");
    check_int(properties_find(&p, "listeners")->line, 6);
    check_str(properties_find(&p, "listeners")->origin, "server.properties");
    check(properties_find(&p, "nothing") == NULL);
    properties_release(&p);
}

TEST(properties, continued_lines_and_escapes)
{
    struct properties p = {0};
    const char *text = "fruits = apple, \\\n    banana,\\\n\tpear\n"
                       "a\\ key\\=\\:x = v\\tw\\\\\n"
                       "euro=\\u20ac and \\uD83D\\uDE00\n"
                       "even=ends in a backslash\\\\\nnext=1\nend=x\\";
    check_int(properties_parse(&p, slice_str(text), "f", NULL), 0);
    check_str(value_of(&p, "fruits"), "apple, banana,pear");
    check_str(value_of(&p, "a key=:x"), "v\tw\\");
    check_str(value_of(&p, "euro"), "\xe2\x82\xac and \xf0\x9f\x98\x80");
    check_str(value_of(&p, "even"), "ends in a backslash\\");
    check_str(value_of(&p, "end"), "x");
    check_int(properties_find(&p, "next")->line, 7);
    properties_release(&p);
}

TEST(properties, what_is_malformed_is_named_with_its_line)
{
    static const char *const bad[] = {"a=1\nb=\\u12", "a=1\nb=\\u12xz", "a=1\nb=\\uD800", "a=1\nb=\\u0000"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct properties p = {0};
        struct err_text e = {""};
        check_int(properties_parse(&p, slice_str(bad[i]), "my.properties", &e), ERR_INVALID);
        check(strncmp(e.text, "my.properties:2: ", 17) == 0);
        properties_release(&p);
    }
    struct properties p = {0};
    check_int(properties_parse(&p, SLICE_LIT("a=\0"), "f", NULL), ERR_INVALID);
    properties_release(&p);
}

TEST(properties, a_later_value_replaces_and_keeps_its_place)
{
    struct properties p = {0};
    properties_parse(&p, SLICE_LIT("a=1\nb=2\n"), "f", NULL);
    properties_set(&p, "a", "3", "-o", 0);
    check_int(p.count, 2);
    check_str(p.items[0].key, "a");
    check_str(p.items[0].value, "3");
    check_str(p.items[0].origin, "-o");
    properties_set(&p, "a", value_of(&p, "a"), p.items[0].origin, 1); /* from its own memory */
    check_str(value_of(&p, "a"), "3");
    check_str(p.items[0].origin, "-o");
    properties_release(&p);
}

TEST(properties, written_text_reads_back)
{
    struct properties p = {0}, q = {0};
    struct buf out = {0};
    properties_set(&p, "a key:#", "  two blanks = here\t\\", "x", 0);
    properties_set(&p, "unicode", "\xe2\x82\xac\xf0\x9f\x98\x80", "x", 0);
    properties_set(&p, "latin1", "caf\xe9", "x", 0);
    properties_write(&p, &out);
    check_str(buf_cstr(&out), "a\\ key\\:\\#=\\  two blanks \\= here\\t\\\\\n"
                              "unicode=\\u20AC\\uD83D\\uDE00\nlatin1=caf\\u00E9\n");
    check_int(properties_parse(&q, buf_slice(&out), "y", NULL), 0);
    check_str(value_of(&q, "a key:#"), "  two blanks = here\t\\");
    check_str(value_of(&q, "unicode"), "\xe2\x82\xac\xf0\x9f\x98\x80");
    check_str(value_of(&q, "latin1"), "caf\xc3\xa9"); /* a lone byte is Latin-1, as in Java */
    buf_release(&out);
    properties_release(&p);
    properties_release(&q);
}

TEST(properties, what_is_no_utf8_is_written_such_that_it_reads)
{
    /* Half of a UTF-16 pair, an overlong form, beyond Unicode: found by properties_fuzz. */
    static const char *const values[] = {"\xed\xba\xba", "\xc1\x81", "\xf4\x90\x80\x80"};
    static const char *const written[] = {"v=\\u00ED\\u00BA\\u00BA\n", "v=\\u00C1\\u0081\n",
                                          "v=\\u00F4\\u0090\\u0080\\u0080\n"};
    for (int i = 0; i < 3; i++) {
        struct properties p = {0}, q = {0};
        struct buf out = {0};
        properties_set(&p, "v", values[i], "x", 0);
        properties_write(&p, &out);
        check_str(buf_cstr(&out), written[i]);
        check_int(properties_parse(&q, buf_slice(&out), "y", NULL), 0);
        buf_release(&out);
        properties_release(&p);
        properties_release(&q);
    }
}
