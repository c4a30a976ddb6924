#include <unistd.h>

#include "etl/source/xml_records.h"
#include "etl/source/xml_text.h"
#include "tests/unit.h"

/* The values of `paths` (separated by blanks) in an element, as "a|b|-", or what is wrong. */
static const char *values(const char *paths, const char *element, const char *layout, bool trim)
{
    static char said[400];
    struct arena arena = {0};
    struct xml_paths *p = xml_paths_new(&arena);
    struct slice fields[16];
    struct buf out = {0};
    int count = 0;
    size_t at;
    const char *wrong = NULL;
    for (size_t n; *paths && !wrong; paths += n + (paths[n] == ' '), count++) {
        n = strcspn(paths, " ");
        wrong = xml_paths_add(p, arena_str(&arena, slice_of(paths, n)));
    }
    struct xml_splitter *x = xml_splitter_new(p);
    for (int twice = 0; twice < 2 && !wrong; twice++)
        wrong = xml_split(x, slice_str(element), slice_str(layout), trim, &arena, fields, &at);
    buf_append_str(&out, wrong ? wrong : "");
    for (int i = 0; i < count && !wrong; i++) {
        buf_append_str(&out, i ? "|" : "");
        buf_append_slice(&out, fields[i].p ? fields[i] : SLICE_LIT("-"));
    }
    snprintf(said, sizeof said, "%s", buf_cstr(&out));
    buf_release(&out);
    xml_splitter_free(x);
    arena_release(&arena);
    return said;
}

TEST(xml, values_of_an_element)
{
    const char *element = "<p id='7'><name>Oil &amp; <b>more</b>\n</name><price currency=\"EUR\">9.90</price>"
                          "<tag>a</tag><tag/><tag>c</tag><g:x><![CDATA[<y>]]></g:x><!-- no --></p>";
    check_str(values("@id name price price/@currency tag tag[2] tag[3] tag[4]", element, "utf-8", true),
              "7|Oil & more|9.90|EUR|a||c|-");
    check_str(values("name name/b g:x none none/@at @none", element, "utf-8", false), "Oil & more\n|more|<y>|-|-|-");
    check_str(values(". name name", "<p>a<name> b </name>c</p>", "utf-8", false), "a b c| b | b ");
    check_str(values("x", "<p><y><x>1</x></y><x>2</x></p>", "utf-8", true), "2");
}

TEST(xml, encodings_and_entities_come_with_the_layout)
{
    check_str(values("@a b", "<p a='\x80'><b>\xe9</b></p>", "windows-1252", true), "\xe2\x82\xac|\xc3\xa9");
    check_str(values("b", "<p><b>\xa4</b></p>", "iso-8859-15", true), "\xe2\x82\xac");
    check_str(values("b", "<p><b>\xe9</b></p>", "iso-8859-1", true), "\xc3\xa9");
    check_str(values("b", "<p><b>&co;!</b></p>", "utf-8\n<!ENTITY co \"A &#38;#38; B&#233;\">", true),
              "A & B\xc3\xa9!");
    check_str(values("b", "<p><b>\x81</b></p>", "windows-1252", true), "not well-formed (invalid token)");
    check_str(values("b", "<p><b>&co;</b></p>", "utf-8", true), "undefined entity");
    check_str(values("b", "<p/>", "klingon", true), "unknown encoding");
    check_str(values("b", "<p/>", "", true), "the record says no encoding");
    check_str(values("b", "<p><b></p>", "utf-8", true), "mismatched tag");
    check_str(values("b", "<p/><q/>", "utf-8", true), "junk after document element");
}

#define BRACKETS  "brackets hold the number of an element, from 1, or a condition [@attribute='value']"
#define CONDITION "a condition is written [@attribute='value']"

/* An element may be several of the wanted ones. */
TEST(xml, conditions_on_attributes)
{
    const char *element =
        "<p><f t='a' i='1'>1</f><f t='b' i='2'><s c='x'>2</s><s c='y'>3</s></f><f t='b' i='1'><s c='y'>4</s></f>"
        "<f t='a&amp;\"'>5</f></p>";
    check_str(values("f[@t='b']/s[@c='y'] f[@t=\"b\"][@i='1']/s f f[@t='b'] f[2]/s[2]", element, "utf-8", true),
              "3|4|1|23|3");
    check_str(values("f[@t='b'][2]/@i f[@t='b'][3] f[@t='a&\"'] f[@t=\"a&\"\"\"] f[@none=''] g[@t='a']", element,
                     "utf-8", true),
              "1|-|5|5|-|-");
    check_str(values("f[@t='b']/s[@c='y'] f/s f[@t='a']/@i",
                     "<p><f t='b'><s c='x'/><s c='y'>1</s></f><f t='a' i='7'/></p>", "utf-8", true),
              "1||7");
}

TEST(xml, wrong_paths)
{
    check_str(values("a//b", "<p/>", "utf-8", true), "a name is missing");
    check_str(values("a[0]", "<p/>", "utf-8", true), BRACKETS);
    check_str(values("a[x]", "<p/>", "utf-8", true), BRACKETS);
    check_str(values("a[@x]", "<p/>", "utf-8", true), CONDITION);
    check_str(values("a[@x='1]", "<p/>", "utf-8", true), CONDITION);
    check_str(values("a[@x=1]", "<p/>", "utf-8", true), CONDITION);
    check_str(values("a[x='1']", "<p/>", "utf-8", true), BRACKETS);
    check_str(values("@a[@x='1']", "<p/>", "utf-8", true), "a condition stands behind the name of an element");
    check_str(values("@a/b", "<p/>", "utf-8", true), "nothing stands behind an attribute");
    check_str(values("a[1]b", "<p/>", "utf-8", true), "a / and a name must stand between the steps of a path");
    check_str(values("a/", "<p/>", "utf-8", true), "a / and a name must stand between the steps of a path");
    check(strstr(xml_records_path_check(""), "missing") != NULL);
    check(strstr(xml_records_path_check("a//b"), "missing") != NULL);
    check(strstr(xml_records_path_check("a/@b"), "missing") != NULL);
    check(strstr(xml_records_path_check("a[1]"), "names of elements") != NULL);
    check(xml_records_path_check("a/b") == NULL);
    check(xml_records_path_check("a[@x='/]']/b[@y='1'][@z='2']") == NULL);
    check_str(xml_records_path_check("a[@x=']/b"), CONDITION);
}

/* --- records of a file --- */

/* "number offset/line:raw" of each record and then the layout, or the error without the file's name. */
static const char *records(const char *text, size_t n, const char *path, const char *encoding)
{
    static char said[2000];
    static struct err_text error;
    char name[] = "/tmp/millrace-xml-XXXXXX";
    int fd = mkstemp(name), result;
    struct input in;
    struct xml_record r;
    size_t length = 0;
    error = (struct err_text){{0}};
    check(fd >= 0 && write(fd, text, n) == (ssize_t)n);
    close(fd);
    check_int(input_open(&in, name, n, &error), 0);
    struct xml_records *x = xml_records_new(&in, "f.xml", path, encoding, NULL, true);
    said[0] = '\0';
    while ((result = xml_records_next(x, &r, &error)) == 1)
        length += (size_t)snprintf(said + length, sizeof said - length, "%d %d/%d:%.*s\n", (int)r.number,
                                   (int)r.byte_offset, (int)r.line, (int)r.raw.n, (const char *)r.raw.p);
    struct buf layout = {0};
    xml_records_layout(x, &layout);
    snprintf(said + length, sizeof said - length, "%s", buf_cstr(&layout));
    buf_release(&layout);
    if (xml_records_missed(x)) snprintf(said + length, sizeof said - length, "missed: %s", xml_records_missed(x));
    xml_records_free(x);
    input_close(&in);
    unlink(name);
    return result < 0 ? error.text : said;
}

#define RECORDS(text, path) records(text, sizeof(text) - 1, path, NULL)

TEST(xml, records_of_a_file)
{
    check_str(RECORDS("<?xml version=\"1.0\"?>\n<c>\n<p id='1'/>\n <p>x\n<q/></p><r><p/></r>\n</c>\n", "p"),
              "1 26/3:<p id='1'/>\n2 39/4:<p>x\n<q/></p>\n3 55/5:<p/>\nutf-8");
    check_str(RECORDS("<c><p><p>inner</p></p><s><p/></s></c>", "p"), "1 3/1:<p><p>inner</p></p>\n2 25/1:<p/>\nutf-8");
    check_str(RECORDS("<c><p/><s><p/><p/></s><s><t/><p/></s></c>", "c/s/p"),
              "1 10/1:<p/>\n2 14/1:<p/>\n3 29/1:<p/>\nutf-8");
    check_str(RECORDS("<p/>", "p"), "1 0/1:<p/>\nutf-8");
    check_str(RECORDS("<c><p k='1'/><s k='/'><p k='2'/><p k='1'/></s><s><p k='1'/></s></c>", "p[@k='1']"),
              "1 3/1:<p k='1'/>\n2 32/1:<p k='1'/>\n3 49/1:<p k='1'/>\nutf-8");
    check_str(RECORDS("<c><p k='1'/><s k='/'><p k='2'/><p k='1'/></s><s><p k='1'/></s></c>", "c/s[@k='/']/p[@k='1']"),
              "1 32/1:<p k='1'/>\nutf-8");
    check_str(RECORDS("<c><p k='1'/></c>", "p[@k='2']"), "missed: \"c\", \"c/p\"");
    check_str(RECORDS("<c/>", "p"), "");
    check_str(RECORDS("<?xml version='1.0' encoding='Windows-1252'?><p>\x80</p>", "p"),
              "1 45/1:<p>\x80</p>\nwindows-1252");
    check_str(
        RECORDS("<!DOCTYPE c [<!ENTITY a \"x &#38;#38; &#37;\"><!ENTITY b \"<i>\xc3\xa9</i>\">]><c><p>&a;&b;</p></c>",
                "p"),
        "1 72/1:<p>&a;&b;</p>\nutf-8\n<!ENTITY a \"x &#38;#38; &#37;\"><!ENTITY b \"<i>&#233;</i>\">");
    check_str(records("<p>\xe9</p>", 8, "p", "iso-8859-1"), "1 0/1:<p>\xe9</p>\niso-8859-1");
}

TEST(xml, a_file_without_records_is_an_empty_list_or_another_file)
{
    check_str(RECORDS("<c></c>", "c/p"), "");
    check_str(RECORDS("<c>text<!-- p --></c>", "p"), "");
    check_str(RECORDS("<c><n>1</n><s/></c>", "c/s/p"), "");
    check_str(RECORDS("<c><s/><s><q/></s></c>", "c/s/p"), "missed: \"c\", \"c/s\", \"c/s/q\"");
    check_str(RECORDS("<c><n>1</n><s/></c>", "p"), "missed: \"c\", \"c/n\", \"c/s\"");
    check_str(RECORDS("<c><q><x/></q><q><x/><y/></q></c>", "c/p"), "missed: \"c\", \"c/q\", \"c/q/x\", \"c/q/y\"");
    check_str(RECORDS("<d><s/></d>", "c/s/p"), "missed: \"d\", \"d/s\"");
    check_str(RECORDS("<c><a1/><a2/><a3/><a4/><a5/><a6/><a7/><a8/></c>", "p"),
              "missed: \"c\", \"c/a1\", \"c/a2\", \"c/a3\", \"c/a4\", \"c/a5\", \"c/a6\", \"c/a7\"");
}

TEST(xml, files_that_are_not_well_formed)
{
    check_str(RECORDS("<c><p/>\n<p></c>", "p"), "f.xml: line 2, byte offset 13: not well-formed XML: mismatched tag");
    check_str(RECORDS("<c><p/>", "p"), "f.xml: line 1, byte offset 7: not well-formed XML: it ends before </c>");
    check_str(RECORDS("<c><p/", "p"), "f.xml: line 1, byte offset 3: not well-formed XML: it ends inside of a tag");
    check_str(RECORDS("", "p"), "f.xml: line 1, byte offset 0: not well-formed XML: there is no element in it");
    check_str(RECORDS("<c>a & b</c>", "p"),
              "f.xml: line 1, byte offset 6: not well-formed XML: a & that begins no entity: in a text it is &amp;");
    check_str(RECORDS("<c><p>A&B</p></c>", "p"),
              "f.xml: line 1, byte offset 9: not well-formed XML: a & that begins no entity: in a text it is &amp;");
    check_str(RECORDS("<c>a < b</c>", "p"),
              "f.xml: line 1, byte offset 6: not well-formed XML: a < that begins no tag: in a text it is &lt;");
    check_str(RECORDS("<c>\x01</c>", "p"),
              "f.xml: line 1, byte offset 3: not well-formed XML: a character that cannot stand here");
    check_str(RECORDS("<c>&x;</c>", "p"), "f.xml: line 1, byte offset 3: not well-formed XML: undefined entity");
    check_str(
        RECORDS("<!DOCTYPE c SYSTEM 'c.dtd'><c><p>&x;</p></c>", "p"),
        "f.xml: line 1, byte offset 36: not well-formed XML: undefined entity (a DTD in another file is not read)");
    check_str(RECORDS("<!DOCTYPE c [<!ENTITY a '<p/>'>]><c>&a;</c>", "p"),
              "f.xml: line 1, byte offset 36: a record inside an entity");
    check_str(
        RECORDS("<?xml version='1.0' encoding='klingon'?><c/>", "p"),
        "f.xml: it declares the encoding \"klingon\", which is none that is known here; \"encoding\" of the source "
        "says how to read it");
}

TEST(xml, entities_do_not_multiply_without_end)
{
    struct buf text = {0};
    buf_append_str(&text, "<!DOCTYPE c [<!ENTITY a0 \"ha ha ha ha\">");
    for (int i = 1; i < 12; i++) {
        buf_printf(&text, "<!ENTITY a%d \"", i);
        for (int k = 0; k < 10; k++) buf_printf(&text, "&a%d;", i - 1);
        buf_append_str(&text, "\">");
    }
    buf_append_str(&text, "]><c><p>&a11;</p></c>");
    check(strstr(records((const char *)text.p, text.n, "p", NULL), "amplification") != NULL);
    buf_release(&text);
}

/* Records that do not end with what is parsed at once, and a window that moves. */
TEST(xml, large_files)
{
    char name[] = "/tmp/millrace-xml-XXXXXX";
    int fd = mkstemp(name), count = 0, result;
    struct buf text = {0};
    struct err_text error = {{0}};
    struct input in;
    struct xml_record r;
    buf_append_str(&text, "<c>");
    for (int i = 0; i < 40; i++) {
        buf_printf(&text, "\n<p id='%d'>", i);
        for (int k = 0; k < 9000; k++) buf_append_str(&text, "0123456789");
        buf_append_str(&text, "</p>");
    }
    buf_append_str(&text, "</c>");
    check(fd >= 0 && write(fd, text.p, text.n) == (ssize_t)text.n);
    close(fd);
    check_int(input_open(&in, name, text.n, &error), 0);
    struct xml_records *x = xml_records_new(&in, "f.xml", "c/p", NULL, NULL, true);
    for (; (result = xml_records_next(x, &r, &error)) == 1; count++) {
        check_int(r.line, count + 2);
        check(r.raw.n > 90000 && memcmp(r.raw.p, text.p + r.byte_offset, r.raw.n) == 0);
        check_mem(r.raw.p, "<p id='", 7);
        check_mem(r.raw.p + r.raw.n - 5, "9</p>", 5);
    }
    check_int(result, 0);
    check_str(error.text, "");
    check_int(count, 40);
    xml_records_free(x);
    input_close(&in);
    unlink(name);
    buf_release(&text);
}
