/* Every format from its file to typed rows. */
#include "etl/source/format_test.h"

#include <unistd.h>
#include <zlib.h>

#include "etl/parse.h"
#include "etl/source/source.h"
#include "tests/unit.h"

static void file_write(const char *path, struct slice content, bool gzip)
{
    if (gzip) {
        gzFile z = gzopen(path, "wb");
        check(z != NULL);
        check_int(gzwrite(z, content.p, (unsigned)content.n), content.n);
        gzclose(z);
        return;
    }
    FILE *file = fopen(path, "wb");
    check(file != NULL);
    check_int(fwrite(content.p, 1, content.n, file), content.n);
    fclose(file);
}

static void value_print(struct buf *out, const struct value *v)
{
    if (v->type == VALUE_NULL)
        buf_append_byte(out, '-');
    else if (v->type == VALUE_TEXT)
        buf_append_slice(out, v->text);
    else
        buf_printf(out, "%lld", (long long)v->i);
}

/* "a|b" of a row and its violations as " !rule:column=value". */
static void row_print(struct buf *out, const struct feed *feed, const struct row *row)
{
    for (int c = 0; c < feed->field_count && row->bucket != 0; c++) {
        if (c) buf_append_byte(out, '|');
        value_print(out, &row->values[c]);
    }
    for (int i = 0; i < row->violation_count; i++) {
        const struct violation *v = &row->violations[i];
        buf_printf(out, " !%.*s:%.*s=%.*s", (int)v->rule.n, (const char *)v->rule.p, (int)v->column.n,
                   (const char *)v->column.p, (int)v->value.n, (const char *)v->value.p);
    }
}

static int file_read(const struct feed *feed, const char *dir, const struct source_file *file, struct buf *out,
                     struct err_text *error)
{
    struct source_reader *reader;
    struct row_parser *parser = row_parser_new(feed);
    struct arena arena = {0};
    struct record record;
    struct row row;
    int result = source_open(feed, dir, file, &reader, error);
    while (result == 0 && (result = source_next(reader, &record, error)) == 1) {
        buf_printf(out, "%d@%d/%d ", (int)record.at.number, (int)record.at.byte_offset, (int)record.at.line);
        row_parse(parser, &record, &arena, &row);
        row_print(out, feed, &row);
        buf_append_byte(out, '\n');
        result = 0;
    }
    source_close(reader);
    row_parser_free(parser);
    arena_release(&arena);
    return result;
}

const char *format_rows(const char *source, struct slice content, bool gzip)
{
    static char said[sizeof(struct err_text)];
    char dir[] = "/tmp/millrace-format-XXXXXX", path[100];
    struct buf json = {0}, out = {0};
    struct definition *d;
    struct source_list list;
    struct err_text error = {{0}};
    buf_printf(
        &json,
        "{\"pipeline\": \"p\", \"version\": 1, \"source\": {\"glob\": \"f*\", %s}, \"tables\": [{\"name\": \"rows\"}]}",
        source);
    int result = definition_parse(buf_slice(&json), "d.json", &d, &error);
    buf_release(&json);
    if (result == 0) {
        check(mkdtemp(dir) != NULL);
        snprintf(path, sizeof path, "%s/f", dir);
        file_write(path, content, gzip);
        result = source_list_read(&d->feeds[0], dir, &list, &error);
        if (result == 0) result = file_read(&d->feeds[0], dir, &list.files[0], &out, &error);
        unlink(path);
        rmdir(dir);
        source_list_release(&list);
        definition_free(d);
    }
    snprintf(said, sizeof said, "%s", buf_cstr(&out));
    buf_release(&out);
    const char *place = strstr(error.text, dir) ? strstr(error.text, dir) + sizeof dir : error.text;
    if (result < 0) snprintf(said, sizeof said, "%s", place);
    return said;
}

#define BOTH(source, content, expected)                                                                                \
    do {                                                                                                               \
        check_str(format_rows(source, SLICE_LIT(content), false), expected);                                           \
        check_str(format_rows(source, SLICE_LIT(content), true), expected);                                            \
    } while (0)
#define PLAIN(source, content) format_rows(source, SLICE_LIT(content), false)

#define COLUMNS                                                                                                        \
    "\"columns\": [{\"name\": \"id\", \"type\": \"integer\"}, "                                                        \
    "{\"name\": \"price\", \"path\": \"price.amount\", \"type\": \"decimal\", \"scale\": 2}, "                         \
    "{\"name\": \"name\", \"type\": \"text\"}]"
#define NDJSON "\"format\": \"ndjson\", " COLUMNS

TEST(format, ndjson)
{
    BOTH(NDJSON,
         "\xef\xbb\xbf{\"id\": 1, \"price\": {\"amount\": 9.5}, \"name\": \"Ca\\u0066\xc3\xa9\"}\r\n\n"
         "{\"name\": null, \"id\": \"2\", \"price\": 3}\n{\"id\": true, \"name\": {\"de\": [1]}}\n{\"id\": "
         "1.5}\n{\"id\":\n[]",
         "1@3/1 1|950|Caf\xc3\xa9\n3@63/3 2|-|-\n4@101/4 1|-|{\"de\": [1]}\n5@135/5 -|-|- !type:id=1.5\n"
         "6@147/6  !format:=byte 6: it ends here: is it cut off?\n7@154/7  !format:=byte 0: an object must stand "
         "here\n");
    check_str(
        PLAIN(NDJSON, "{\"id\": 1}\n{\"name\": \"\xff\"}\n"),
        "f: line 2, byte offset 20: the byte FF is not utf-8 (source.encoding of d.json); is the file windows-1252?");
    check_str(PLAIN("\"encoding\": \"windows-1252\", " NDJSON, "{\"name\": \"\x80\"}\n"), "1@0/1 -|-|\xe2\x82\xac\n");
    check_str(PLAIN("\"on_bad_encoding\": \"reject\", \"comment_prefix\": \"#\", " NDJSON, "#\n{\"name\": \"\xff\"}\n"),
              "2@2/2  !format:=byte 10: the byte FF is not utf-8\n");
}

#define JSON "\"format\": \"json\", " COLUMNS ", \"records\": "

TEST(format, json_documents)
{
    BOTH(JSON "\"$.stock.items\"",
         "{\"x\": [1, {\"items\": []}],\n \"stock\": {\"n\": 2, \"items\": [\n  {\"id\": 1,\n \"name\": \"a\"}, "
         "{\"id\": 2},3]}\n}\n",
         "1@58/3 1|-|a\n2@83/4 2|-|-\n3@93/4  !format:=byte 0: an object must stand here\n");
    check_str(PLAIN(JSON "\"$\"", " [ {\"id\":1},{\"id\":2} ] "), "1@3/1 1|-|-\n2@12/1 2|-|-\n");
    check_str(PLAIN(JSON "\"[*]\"", "[]"), "");
    check_str(PLAIN(JSON "\"o[*].l\"",
                    "{\"o\": [{\"l\": [{\"id\": 1}]}, {\"k\": 3}, {\"l\": null}, {\"l\": [{\"id\": 2}]}]}"),
              "1@14/1 1|-|-\n2@57/1 2|-|-\n");
    check_str(PLAIN(JSON "\"o[1]\"", "{\"o\": [[{\"id\": 1}], [{\"id\": 2}]]}"), "1@21/1 2|-|-\n");
}

/* What is around records: of objects before and behind them, at any depth, in any bytes. */
#define AROUND(records, more)                                                                                          \
    "\"format\": \"json\", \"records\": \"" records "\", \"columns\": [{\"name\": \"sku\", \"type\": \"text\"}, "      \
    "{\"name\": \"order\", \"path\": \"../order_id\", \"type\": \"integer\"}" more "]"
#define PLACES                                                                                                         \
    ", {\"name\": \"paid\", \"path\": \"../paid\", \"type\": \"integer\"}, {\"name\": \"line\", \"path\": \"#\", "     \
    "\"type\": \"integer\"}, {\"name\": \"nth\", \"path\": \"../#\", \"type\": \"integer\"}, "                         \
    "{\"name\": \"city\", \"path\": \"../to['the city']\", \"type\": \"text\"}, "                                      \
    "{\"name\": \"day\", \"path\": \"../../day\", \"type\": \"text\"}"

TEST(format, json_around)
{
    BOTH(AROUND("orders[*].lines", PLACES),
         "{\"orders\": [{\"order_id\": 7, \"lines\": [{\"sku\": \"a\"}, {\"sku\": \"b\"}], \"paid\": true, \"to\": "
         "{\"the city\": \"K\\u00f6ln\"}},\n {\"lines\": [{\"sku\": \"a\"}], \"order_id\": \"8\", \"to\": 3}],\n"
         "\"day\": \"[1, 2]\"}",
         "1@38/1 a|7|1|0|0|K\xc3\xb6ln|[1, 2]\n2@52/1 b|7|1|1|0|K\xc3\xb6ln|[1, 2]\n"
         "3@127/2 a|8|-|0|1|-|[1, 2]\n");
    check_str(PLAIN("\"encoding\": \"windows-1252\", " AROUND("[*].l", ", {\"name\": \"o\", \"path\": \"../o\", "
                                                                       "\"type\": \"text\"}"),
                    "[{\"o\": \"\x80\\n\", \"l\": [{}]}]"),
              "1@20/1 -|-|\xe2\x82\xac\n\n");
    /* Nothing of the record itself is wanted. */
    check_str(PLAIN("\"format\": \"json\", \"records\": \"l\", \"columns\": [{\"name\": \"o\", \"path\": \"../o\", "
                    "\"type\": \"text\"}]",
                    "{\"l\": [{}, 5], \"o\": \"x\"}"),
              "1@7/1 x\n2@11/1 x\n");
    /* An order may be without a value, and then it is not that of the one before. */
    check_str(PLAIN(AROUND("[*].l", ""), "[{\"order_id\": 1, \"l\": [{}]}, {\"l\": [{}, {}], \"order_id\": null}]"),
              "1@23/1 -|1\n2@36/1 -|-\n3@40/1 -|-\n");
    check_str(PLAIN(AROUND("[*].l", ""), "[{\"order_id\": 1, \"l\": [{}], \"order_id\": 2}]"), "1@23/1 -|1\n");
    check_str(PLAIN(AROUND("[*].l", ""), "[{\"l\": [{}], \"order_id\": 1"),
              "f: line 1, byte offset 26: not JSON: it ends here: is it cut off?");
    check_str(PLAIN(AROUND("[*].l", ""), "[{\"order_id\": \"\xff\", \"l\": [{}]}]"),
              "f: line 1: a value around this record is not utf-8 (source.encoding of d.json)");
    check_str(PLAIN("\"on_bad_encoding\": \"reject\", " AROUND("[*].l", ""),
                    "[{\"order_id\": \"\xff\", \"l\": [{}]},\n{\"order_id\": 1, \"l\": [{}]}]"),
              "1@25/1  !format:=byte 0: what is around the record is not in the encoding of the source\n"
              "2@53/2 -|1\n");
    check_str(PLAIN(AROUND("$", ""), "[]"), "d.json: source.columns[1].path: \"../order_id\": leads further up than "
                                            "the objects that the records are in");
    check_str(PLAIN(AROUND("o.l", ", {\"name\": \"i\", \"path\": \"../#\", \"type\": \"integer\"}"), "[]"),
              "d.json: source.columns[2].path: \"../#\": what is there is no element of an array, nor one of several "
              "members");
    check_str(PLAIN(AROUND("o.l", ", {\"name\": \"i\", \"path\": \"../a..b\", \"type\": \"integer\"}"), "[]"),
              "d.json: source.columns[2].path: \"../a..b\": a name is missing");
    check_str(
        PLAIN("\"format\": \"ndjson\", \"columns\": [{\"name\": \"a\", \"path\": \"../a\", \"type\": \"text\"}]", "1"),
        "d.json: source.columns[0].path: \"../a\": leads out of the record, and nothing is around a line");
}

/* Names that are data: of the records, and of what is around them. */
TEST(format, json_members)
{
    BOTH(
        "\"format\": \"json\", \"records\": \"by_sku.*\", \"columns\": [{\"name\": \"sku\", \"path\": \"#\", \"type\": "
        "\"text\"}, {\"name\": \"n\", \"type\": \"integer\"}, {\"name\": \"day\", \"path\": \"../day\", \"type\": "
        "\"text\"}]",
        "{\"by_sku\": {\"a\": {\"n\": 1}, \"\\u00d6l \\\"x\\\"\": {\"n\": 2},\n\"a\": {\"m\": 5}, \"b\": 3}, \"day\": "
        "\"mo\"}",
        "1@17/1 a|1|mo\n2@44/1 \xc3\x96l \"x\"|2|mo\n3@59/2 a|-|mo\n4@74/2  !format:=byte 0: an object must stand "
        "here\n");
    BOTH("\"format\": \"json\", \"records\": \"$.*[*]\", \"columns\": [{\"name\": \"id\", \"type\": \"integer\"}, "
         "{\"name\": \"i\", \"path\": \"#\", \"type\": \"integer\"}, {\"name\": \"day\", \"path\": \"../#\", \"type\": "
         "\"text\"}]",
         "{\"2024-01-01\": [{\"id\": 1}, {\"id\": 2}], \"2024-01-02\": null, \"2024-01-03\": [{\"id\": 3}]}",
         "1@16/1 1|0|2024-01-01\n2@27/1 2|1|2024-01-01\n3@74/1 3|0|2024-01-03\n");
    check_str(
        PLAIN("\"format\": \"json\", \"records\": \"[*].*\", \"columns\": [{\"name\": \"k\", \"path\": \"#\", "
              "\"type\": \"text\"}, {\"name\": \"i\", \"path\": \"../#\", \"type\": \"integer\"}, {\"name\": \"v\", "
              "\"path\": \"$\", \"type\": \"text\"}]",
              "[{\"a\": 1}, {}, {\"b\": \"c\"}]"),
        "1@7/1 a|0|1\n2@21/1 b|2|c\n");
    check_str(
        PLAIN("\"format\": \"json\", \"records\": \"shops.*.sales.*\", \"columns\": [{\"name\": \"shop\", "
              "\"path\": \"../#\", \"type\": \"text\"}, {\"name\": \"day\", \"path\": \"#\", \"type\": \"date\", "
              "\"format\": \"%F\"}, {\"name\": \"sold\", \"path\": \"$\", \"type\": \"integer\"}, {\"name\": "
              "\"city\", \"path\": \"../city\", \"type\": \"text\"}]",
              "{\"shops\": {\"17\": {\"city\": \"Rome\", \"sales\": {\"2024-12-31\": 5, \"2025-01-01\": 6}}, \"n\": "
              "3, \"18\": {\"sales\": {}}, \"19\": {\"sales\": {\"2025-01-02\": 7}, \"city\": \"K\"}}}"),
        "1@58/1 17|20088|5|Rome\n2@75/1 17|20089|6|Rome\n3@140/1 19|20090|7|K\n");
    check_str(
        PLAIN("\"lines\": true, " JSON "\"o.*\"", "{\"o\": {\"x\": {\"id\": 1}}}\n{\"o\": {\"y\": {\"id\": 2}}}\n"),
        "1@12/1 1|-|-\n2@36/2 2|-|-\n");
    check_str(PLAIN(JSON "\"o.*\"", "{\"o\": {}}"), "");
    check_str(PLAIN(JSON "\"['*']\"", "{\"*\": [{\"id\": 1}]}"), "1@7/1 1|-|-\n");
    check_str(PLAIN(JSON "\"o.*\"", "{\"o\": [{}]}"),
              "f: line 1, byte offset 6: the records must be the members of an object here (source.records of d.json)");
    check_str(PLAIN(JSON "\"*\"", "[{}]"),
              "f: line 1, byte offset 0: the records must be the members of an object here (source.records of d.json)");
    check_str(PLAIN(JSON "\"o.*\"", "{\"p\": {\"x\": [1]}}"),
              "f: the document has no object of records at \"o.*\" (source.records of d.json); it has arrays at: "
              "\"p.x\"");
    check_str(
        PLAIN("\"format\": \"json\", \"records\": \"o.*\", \"columns\": [{\"name\": \"a\", \"path\": \"b.*\", "
              "\"type\": \"text\"}]",
              "{}"),
        "d.json: source.columns[0].path: \"b.*\": names one value; * would be several, and a member that is called "
        "so is ['*']");
}

TEST(format, a_json_document_without_its_records_says_which_arrays_it_has)
{
    check_str(
        PLAIN(JSON "\"items\"", "{\"n\": 1, \"data\": {\"items\": [{\"tags\": [1]}, {\"tags\": []}]}, \"a.b\": []}"),
        "f: the document has no array of records at \"items\" (source.records of d.json); it has arrays at: "
        "\"data.items\", \"data.items[*].tags\", \"['a.b']\"");
    check_str(PLAIN(JSON "\"$\"", "{\"n\": 1, \"data\": [{\"id\": 1}]}"),
              "f: the document is an object, not an array (source.records of d.json); it has arrays at: \"data\"");
    /* objects without the array, of which none has it; that one lacks it, or that there are none, is no mistake */
    check_str(PLAIN(JSON "\"o[*].lines\"", "{\"o\": [{\"line\": [1]}, {}]}"),
              "f: the document has no array of records at \"o[*].lines\" (source.records of d.json); it has arrays at: "
              "\"o\", \"o[*].line\"");
    check_str(PLAIN(JSON "\"o[*].lines\"", "{\"o\": [{}, {\"lines\": []}]}"), "");
    check_str(PLAIN(JSON "\"o[*].lines\"", "{\"o\": []}"), "");
}

TEST(format, records_inside_of_lines)
{
#define IN_LINES(path)                                                                                                 \
    "\"format\": \"json\", \"lines\": true, \"records\": \"" path                                                      \
    "\", \"columns\": [{\"name\": \"order\", \"path\": \"../id\", "                                                    \
    "\"type\": \"integer\"}, {\"name\": \"i\", \"path\": \"#\", \"type\": \"integer\"}, {\"name\": \"sku\", "          \
    "\"type\": \"text\"}]"
    check_str(PLAIN(IN_LINES("lines"), "{\"id\": 1, \"lines\": [{\"sku\": \"a\"}, {\"sku\": \"b\"}]}\n{\"id\": 2}\n\n"
                                       "{\"lines\": [{\"sku\": \"c\"}], \"id\": 3}"),
              "1@20/1 1|0|a\n2@34/1 1|1|b\n3@71/4 3|0|c\n");
    check_str(PLAIN(IN_LINES("lines"), ""), "");
    check_str(
        PLAIN(IN_LINES("lines"), "{\"id\": 1, \"line\": []}\n{\"id\": 2}\n"),
        "f: the document has no array of records at \"lines\" (source.records of d.json); it has arrays at: \"line\"");
    check_str(PLAIN(IN_LINES("lines"), "{\"lines\": []}\n[1]\n"),
              "f: line 2, byte offset 14: an object must stand here");
    check_str(PLAIN(IN_LINES("lines"), "{\"lines\": []}\n{\n"),
              "f: line 3, byte offset 16: not JSON: it ends here: is it cut off?");
    check_str(
        PLAIN("\"format\": \"ndjson\", \"records\": \"lines\", " COLUMNS, ""),
        "d.json: source.records: a line is a record here; records inside of lines are read by \"format\": \"json\", "
        "\"lines\": true");
}

TEST(format, lines_and_documents_taken_for_each_other)
{
    check_str(PLAIN(JSON "\"$\"", "{\"id\": 1}\n{\"id\": 2}\n"),
              "f: line 2, byte offset 10: not JSON: something stands behind the document; is each line a record? then "
              "the format is ndjson");
    const char *hint = "; is the file one JSON document? then the format is json";
    const char *documents[] = {"[\n{\"id\": 1}]", "[{\"id\": 1}, {\"id\": 2}]", "{\"items\": [\n1]}"};
    for (size_t i = 0; i < sizeof documents / sizeof *documents; i++) {
        const char *read = PLAIN("\"format\": \"ndjson\", " COLUMNS, documents[i]);
        if (!strstr(read, hint)) unit_fail("%s: %s", documents[i], read);
    }
    check(!strstr(PLAIN("\"format\": \"ndjson\", " COLUMNS, "{\"id\": }\n"), hint));
    check(!strstr(PLAIN("\"format\": \"ndjson\", " COLUMNS, "{\"id\": 1}\n[\n"), hint));
}

TEST(format, json_documents_that_are_wrong)
{
    check_str(PLAIN(JSON "\"$.items\"", ""), "f: line 1, byte offset 0: not JSON: it ends here: is it cut off?");
    check_str(
        PLAIN(JSON "\"$.items\"", "{\"a\": 1}"),
        "f: the document has no array of records at \"$.items\" (source.records of d.json); it has arrays at: none");
    check_str(PLAIN(JSON "\"$.items\"", "{\"items\":\n {}}"),
              "f: line 2, byte offset 11: the records must be an array here (source.records of d.json)");
    check_str(PLAIN(JSON "\"$.items\"", "{\"items\": 7}"),
              "f: line 1, byte offset 10: the records must be an array here (source.records of d.json)");
    check_str(PLAIN(JSON "\"$\"", "[{\"id\": 1},\n {\"id\": 2]"),
              "f: line 2, byte offset 21: not JSON: a , or } must stand behind a member");
    check_str(PLAIN(JSON "\"$\"", "[{\"id\": 1}"),
              "f: line 1, byte offset 10: not JSON: a , or ] must stand behind an element");
    check_str(PLAIN(JSON "\"$\"", "[1] 2"), "f: line 1, byte offset 4: not JSON: something stands behind the document");
    check_str(PLAIN(JSON "\"$.a\"", "{\"a\": [], \"a\": []}"),
              "f: line 1, byte offset 10: a member on the way to the records comes twice");
    check_str(PLAIN(JSON "\"$.a\"", "{\"a\": [1,]}"), "f: line 1, byte offset 9: not JSON: no value begins so");
    check_str(PLAIN(JSON "\"a..b\"", ""), "d.json: source.records: \"a..b\": a name is missing");
    check_str(PLAIN("\"format\": \"json\", " COLUMNS, ""), "d.json: source: the key \"records\" is missing");
}

/* Values that do not end with what is read at once: a document larger than a chunk, a record larger than a chunk. */
TEST(format, large_json_documents)
{
    struct buf text = {0};
    char expected[64];
    buf_append_str(&text, "{\"skip\": [");
    for (int i = 0; i < 60000; i++) buf_append_str(&text, "{\"items\": 17},");
    buf_append_str(&text, "0],\n\"items\": [{\"id\": 1, \"name\": \"x\", \"long\": \"");
    for (int i = 0; i < 90000; i++) buf_append_str(&text, "0123456789");
    buf_append_str(&text, "\"},\n");
    snprintf(expected, sizeof expected, "1@840024/2 1|-|x\n2@%d/3 2|-|-\n", (int)text.n);
    buf_append_str(&text, "{\"id\": 2}]}");
    check_str(format_rows(JSON "\"items\"", buf_slice(&text), false), expected);
    check_str(format_rows(JSON "\"items\"", buf_slice(&text), true), expected);
    buf_release(&text);
}

#define XML                                                                                                            \
    "\"format\": \"xml\", \"record\": \"c/p\", \"columns\": [{\"name\": \"id\", \"path\": \"@id\", \"type\": "         \
    "\"integer\"}, "                                                                                                   \
    "{\"name\": \"name\", \"type\": \"text\"}, "                                                                       \
    "{\"name\": \"currency\", \"path\": \"price/@currency\", \"type\": \"text\"}]"

TEST(format, xml)
{
    BOTH(XML,
         "<?xml version='1.0' encoding='windows-1252'?>\n<c>\n <p id='1'><name> \n Caf\xe9 \n</name><price "
         "currency='\x80'/>"
         "</p>\n <p id='x'><name/></p></c>",
         "1@51/3 1|Caf\xc3\xa9|\xe2\x82\xac\n2@110/6 -|-|- !type:id=x\n");
    check_str(PLAIN("\"trim\": false, \"null\": [], " XML, "<c><p><name> a </name></p><p><name/></p></c>"),
              "1@3/1 -| a |-\n2@26/1 -||-\n");
    check_str(PLAIN("\"encoding\": \"iso-8859-1\", " XML, "<c><p><name>\xe9</name></p></c>"), "1@3/1 -|\xc3\xa9|-\n");
    check_str(
        PLAIN(XML, "<c><p><n>caf\xe9</n></p></c>"),
        "f: line 1, byte offset 12: the byte E9 is not utf-8, which is what the file declares; \"encoding\" of the "
        "source says how to read it: is the file windows-1252?");
    check_str(PLAIN(XML, "<c><p></c>"), "f: line 1, byte offset 8: not well-formed XML: mismatched tag");
    check_str(PLAIN(XML, "<c><q id='1'/></c>"),
              "f: no element is a \"c/p\" (source.record of d.json); it has: \"c\", \"c/q\" (\"optional\": true of the "
              "source allows files without a record)");
    check_str(PLAIN("\"optional\": true, " XML, "<c><q id='1'/></c>"), "");
    BOTH(XML, "<c>\n</c>\n", "");
}

#define XML_AROUND(record, more)                                                                                       \
    "\"format\": \"xml\", \"record\": \"" record "\", \"columns\": [{\"name\": \"sku\", \"path\": \".\", \"type\": "   \
    "\"text\"}, {\"name\": \"order\", \"path\": \"../@id\", \"type\": \"integer\"}" more "]"
#define XML_PLACES                                                                                                     \
    ", {\"name\": \"city\", \"path\": \"../to/city[2]\", \"type\": \"text\"}, {\"name\": \"line\", \"path\": \"#\", "  \
    "\"type\": \"integer\"}, {\"name\": \"nth\", \"path\": \"../#\", \"type\": \"integer\"}, "                         \
    "{\"name\": \"day\", \"path\": \"../../@day\", \"type\": \"text\"}, "                                              \
    "{\"name\": \"sum\", \"path\": \"../../sum\", \"type\": \"integer\"}"

/* What stands around records: attributes and elements before and behind them, with a way and by name alone. */
TEST(format, xml_around)
{
#define SHOP(way, found)                                                                                               \
    BOTH(XML_AROUND(way, XML_PLACES),                                                                                  \
         "<?xml version='1.0' encoding='windows-1252'?>\n<s day='\x80'><order id='7'><l>a</l><x/><l>b</l>"             \
         "<to><city>A</city><city> \"B\" \n</city></to></order><order id='8'><l>a</l></order><sum> 3\n</sum></s>",     \
         found)
    SHOP("s/order/l", "1@71/2 a|7|\"B\"|1|1|\xe2\x82\xac|3\n2@83/2 b|7|\"B\"|2|1|\xe2\x82\xac|3\n"
                      "3@155/3 a|8|-|1|2|\xe2\x82\xac|3\n");
    SHOP("l", "1@71/2 a|7|\"B\"|1|1|\xe2\x82\xac|3\n2@83/2 b|7|\"B\"|2|1|\xe2\x82\xac|3\n"
              "3@155/3 a|8|-|1|2|\xe2\x82\xac|3\n");
    check_str(PLAIN(XML_AROUND("l", XML_PLACES), "<l><l/></l>"), "1@0/1 -|-|-|1|-|-|-\n");
    check_str(PLAIN(XML_AROUND("l", XML_PLACES), "<o><l/>"),
              "f: line 1, byte offset 7: not well-formed XML: it ends before </o>");
    check_str(PLAIN(XML_AROUND("s/l", XML_PLACES), "<s/>"),
              "d.json: source.columns[5].path: \"../../@day\": leads further up than the elements that the records "
              "are in\n"
              "d.json: source.columns[6].path: \"../../sum\": leads further up than the elements that the records "
              "are in");
    check_str(PLAIN(XML_AROUND("s/l", ", {\"name\": \"x\", \"path\": \"../a//b\", \"type\": \"text\"}"), "<s/>"),
              "d.json: source.columns[2].path: \"../a//b\": a name is missing");
}

/* Records need not wait for what is known; those that wait come in order, and not for ever. */
TEST(format, xml_around_of_large_files)
{
    static const char source[] = XML_AROUND("s/o/l", ", {\"name\": \"day\", \"path\": \"../../@day\", \"type\": "
                                                     "\"text\"}, {\"name\": \"sum\", \"path\": \"../sum\", \"type\": "
                                                     "\"integer\"}");
    struct buf file = {0};
    buf_append_str(&file, "<s>");
    for (int i = 0; i < 12000; i++) {
        buf_printf(&file, "<o id='%d'><l>", i);
        for (int pad = 0; pad < 3000; pad++) buf_append_byte(&file, 'x');
        buf_printf(&file, "</l><sum>%d</sum></o>", i);
    }
    buf_append_str(&file, "</s>");
    const char *said = format_rows(source, buf_slice(&file), false);
    const char *second = strchr(said, '\n');
    check(second && strncmp(said, "1@13/1 xxx", 10) == 0 && strncmp(second - 7, "x|0|-|0", 7) == 0);
    buf_reset(&file);
    buf_append_str(&file, "<s><o><l/>");
    for (int i = 0; i < (33 << 20) / 1024; i++) buf_printf(&file, "<l>%01017d</l>", i);
    buf_append_str(&file, "</o></s>");
    check_str(format_rows(source, buf_slice(&file), false),
              "f: line 1, byte offset 6: what columns read around this record is not within 32 MiB behind it");
    buf_release(&file);
}

#define PATH(path)                                                                                                     \
    "\"format\": \"ndjson\", \"columns\": [{\"name\": \"a\", \"path\": \"" path "\", \"type\": \"text\"}]"

TEST(format, a_json_record_is_what_its_paths_lead_into)
{
    check_str(PLAIN(PATH("a"), "null\n5\n \"s\"\n[1]\n{}"),
              "1@0/1  !format:=byte 0: an object must stand here\n2@5/2  !format:=byte 0: an object must stand here\n"
              "3@7/3  !format:=byte 1: an object must stand here\n4@12/4  !format:=byte 0: an object must stand here\n"
              "5@16/5 -\n");
    check_str(PLAIN(PATH("[1]"), "[1,2]\n{\"1\": 5}\n[]"),
              "1@0/1 2\n2@6/2  !format:=byte 0: an array must stand here\n3@15/3 -\n");
    check_str(PLAIN(PATH("$"), "null\n5\n[1]\n{}"), "1@0/1 -\n2@5/2 5\n3@7/3 [1]\n4@11/4 {}\n");
    check_str(PLAIN(PATH("a\", \"type\": \"text\"}, {\"name\": \"b\", \"path\": \"[0]"), "[1]\n{\"a\": 2}\n3"),
              "1@0/1 -|1\n2@4/2 2|-\n3@13/3  !format:=byte 0: an object or an array must stand here\n");
}

/* What a topic may bring: a record whose file nobody checked. */
#define CSV_TWO                                                                                                        \
    "\"format\": \"csv\", \"header\": false, \"fields\": 2, \"on_bad_encoding\": \"reject\", \"columns\": "            \
    "[{\"name\": \"a\", \"field\": 1, \"type\": \"text\"}]"

TEST(format, malformed_records_say_what_is_wrong)
{
    static const struct {
        const char *source, *raw, *layout, *said;
    } cases[] = {
        {NDJSON, "{\"id\": 1", "", " !format:=byte 8: it ends here: is it cut off?"},
        {CSV_TWO, "1,2,3", "", " !format:=3 fields instead of 2"},
        {CSV_TWO, "\"", "", " !format:=byte 0: this quote is never closed"},
        {CSV_TWO, "1,\"2\"3", "", " !format:=byte 5: text stands behind a closing quote"},
        {CSV_TWO, "1,\xff", "", " !format:=byte 2: the byte FF is not utf-8"},
        {NDJSON, "{}", "8", " !format:=byte 0: a JSON record has no layout"},
        {XML, "<p><name></p>", "utf-8", " !format:=byte 11: mismatched tag"},
        {XML, "<p/>", "", " !format:=byte 0: the record says no encoding"},
        {XML, "<p><name>&a;&b;</name></p>", "utf-8\n<!ENTITY a \"x\">", " !format:=byte 12: undefined entity"},
        {XML, "<p id='5'><name>&a;</name></p>", "utf-8\n<!ENTITY a \"&#233;\">", "5|\xc3\xa9|-"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf json = {0}, out = {0};
        struct definition *d;
        struct err_text error = {{0}};
        struct arena arena = {0};
        struct row row;
        buf_printf(&json,
                   "{\"pipeline\": \"p\", \"version\": 1, \"source\": {\"glob\": \"f*\", %s}, \"tables\": [{\"name\": "
                   "\"rows\"}]}",
                   cases[i].source);
        check_int(definition_parse(buf_slice(&json), "d.json", &d, &error), 0);
        struct row_parser *parser = row_parser_new(&d->feeds[0]);
        struct record r = {.raw = slice_str(cases[i].raw), .layout = slice_str(cases[i].layout)};
        row_parse(parser, &r, &arena, &row);
        row_print(&out, &d->feeds[0], &row);
        check_str(buf_cstr(&out), cases[i].said);
        row_parser_free(parser);
        definition_free(d);
        arena_release(&arena);
        buf_release(&json);
        buf_release(&out);
    }
}

#define AT(path)   "{\"name\": \"c" STRING(__COUNTER__) "\", \"path\": \"" path "\", \"type\": \"text\"}"
#define STRING(x)  STRING_(x)
#define STRING_(x) #x

TEST(format, extra_of_xml)
{
#define XML_EXTRA                                                                                                      \
    "\"format\": \"xml\", \"record\": \"p\", \"extra\": \"more\", \"columns\": [" AT("@id") ", " AT(                   \
        "maker/name") ", " AT("price") "]"
    BOTH(
        XML_EXTRA,
        "<l xmlns:x='u'><p id='1' new='x' xmlns:y='v'><maker since='1960'><name l='de'>A<b>!</b></name><vip/>\n</maker>"
        "<tag>a</tag><price>2</price><tag> b </tag><tag n='3'/><price>4</price></p>\n"
        "<p id='2'> <maker>&quot;C&quot;<name>D</name></maker> and <s>so <t>on</t> <t/></s></p><p/></l>",
        "1@15/1 1|A!|2|{\"@new\": \"x\", \"maker/@since\": \"1960\", \"maker/name/@l\": \"de\", \"maker/vip\": \"\", "
        "\"tag\": \"a\", \"tag[2]\": \"b\", \"tag[3]/@n\": \"3\"}\n"
        "2@184/3 2|D|-|{\"maker\": \"\\\"C\\\"\", \"s/t\": \"on\", \"s/t[2]\": \"\", \"s\": \"so on\", \".\": "
        "\"and\"}\n"
        "3@270/3 -|-|-|-\n");
    check_str(PLAIN(XML_EXTRA ", \"drift\": {\"new_column\": \"fail\"}", ""),
              "d.json: source.extra: keeps what \"drift\": {\"new_column\": \"fail\"} refuses");
}

/* What no column reads, in one more column. */
TEST(format, extra)
{
    BOTH("\"extra\": \"more\", " NDJSON,
         "{\"a\": {\"b\":1}, \"id\": 1, \"price\": {\"x\": 1}, \"\\u0062\":  null}\n{\"id\": 2}\n{\"x\": 1\n",
         "1@0/1 1|-|-|{\"a\": {\"b\":1}, \"price.x\": 1, \"\\u0062\":  null}\n2@60/2 2|-|-|-\n"
         "3@70/3  !format:=byte 7: it ends here: is it cut off?\n");
    /* inside of what paths lead into: by its path; what is wanted as a whole is read; elements are not looked for */
    check_str(PLAIN("\"extra\": \"more\", \"format\": \"ndjson\", \"columns\": [" AT("a.b") ", " AT("a.c.d") ", " AT(
                        "l[1].x") ", " AT("w") ", " AT("w.v") "]",
                    "{\"a\": {\"b\": 1, \"n\": [2], \"c\": {\"d\": 3, \"e.f\": \"4\", \"\": 5}}, \"a.n\": 6}\n"
                    "{\"l\": [{\"y\": 1}, {\"x\": 2, \"y\": 3, \"l\": {}}, 4], \"w\": {\"v\": 5, \"u\": 6}}\n"
                    "{\"a\": {\"c\": 7}, \"l\": {\"m\": 8}}\n{\"a\": null, \"l\": [0, true], \"w\": 1}\n"),
              "1@0/1 1|3|-|-|-|{\"a.n\": [2], \"a.c['e.f']\": \"4\", \"a.c['']\": 5, \"a.n\": 6}\n"
              "2@70/2 -|-|2|{\"v\": 5, \"u\": 6}|5|{\"l[1].y\": 3, \"l[1].l\": {}}\n"
              "3@141/3 -|-|-|-|-|{\"a.c\": 7, \"l\": {\"m\": 8}}\n4@172/4 -|-|-|1|-|{\"l[1]\": true}\n");
    check_str(
        PLAIN(
            "\"extra\": \"more\", \"records\": \"l\", \"format\": \"json\", \"columns\": [{\"name\": \"o\", \"path\": "
            "\"../o\", \"type\": \"text\"}]",
            "{\"l\": [{\"a\": 1}, {}], \"o\": \"x\"}"),
        "1@7/1 x|{\"a\": 1}\n2@17/1 x|-\n");
#define EXTRA(more)                                                                                                    \
    "\"format\": \"csv\", \"extra\": \"more\", " more "\"columns\": [{\"name\": \"b\", \"type\": \"text\"}, "          \
    "{\"name\": \"a\", \"type\": \"text\"}]"
    BOTH(EXTRA(""), "a,b\n1,2\n", "2@4/2 2|1|-\n");
    BOTH(EXTRA(""), "new,a,\"n \"\"2\"\"\",b\nx,1,\"y\n\",2\n,1,,\n1,2,3\n",
         "2@18/2 2|1|{\"new\": \"x\", \"n \\\"2\\\"\": \"y\\n\"}\n4@29/4 -|1|{\"new\": \"\", \"n \\\"2\\\"\": \"\"}\n"
         "5@34/5  !format:=3 fields instead of 4\n");
    check_str(PLAIN(EXTRA("\"ragged\": true, "), "a,b,c,d\n1,2,3\n"), "2@8/2 2|1|{\"c\": \"3\"}\n");
    check_str(PLAIN(EXTRA("\"header\": false, "), ""),
              "d.json: source.columns[0]: the key \"field\" is missing\n"
              "d.json: source.columns[1]: the key \"field\" is missing\n"
              "d.json: source.extra: goes by the titles, and the source has \"header\": false");
    check_str(
        PLAIN("\"format\": \"csv\", \"header\": false, \"extra\": \"x\", \"columns\": [{\"name\": \"b\", \"field\": 1, "
              "\"type\": \"text\"}]",
              ""),
        "d.json: source.extra: goes by the titles, and the source has \"header\": false");
    check_str(PLAIN("\"extra\": \"id\", " NDJSON, ""), "d.json: source.extra: there is a column \"id\" already");
}

TEST(format, words_of_other_programs)
{
    check_str(PLAIN("\"format\": \"jsonl\"", ""), "d.json: source.format: \"jsonl\" is none of: csv, access_log, "
                                                  "ndjson, json, xml, sqlite, http_capture; did you mean "
                                                  "\"ndjson\"?\nd.json: source: the key \"columns\" is missing");
    check_str(
        PLAIN("\"format\": \"json\", \"records\": \"$\", \"columns\": [{\"name\": \"a\", \"type\": \"float\"}]", ""),
        "d.json: source.columns[0].type: \"float\" is none of: integer, decimal, text, timestamp, date; did you "
        "mean \"decimal\"?\nd.json: source.columns[0]: the key \"scale\" is missing");
}

TEST(format, keys_belong_to_formats)
{
    check_str(
        PLAIN("\"format\": \"ndjson\", \"columns\": [{\"name\": \"a\", \"type\": \"text\", \"header\": \"b\"}]", ""),
        "d.json: source.columns[0].header: has no meaning in a source of format ndjson; where a value stands is said "
        "by \"path\"");
    check_str(
        PLAIN("\"format\": \"csv\", \"columns\": [{\"name\": \"a\", \"type\": \"text\", \"path\": \"b\"}]", ""),
        "d.json: source.columns[0].path: has no meaning in a source of format csv; where a value stands is said by "
        "\"header\", \"field\"");
    check_str(
        PLAIN("\"format\": \"ndjson\", \"columns\": [{\"name\": \"a\", \"type\": \"text\", \"path\": \"b[\"}]", ""),
        "d.json: source.columns[0].path: \"b[\": brackets hold a number from 0, * or a name in quotes");
    check_str(PLAIN("\"format\": \"xml\", \"record\": \"p\", \"delimiter\": \";\"", ""),
              "d.json: source.delimiter: unknown key: it is not one of xml, but of: csv\n"
              "d.json: source: the key \"columns\" is missing");
    check_str(PLAIN("\"format\": \"xml\", \"record\": \"/a/p\", " COLUMNS, ""),
              "d.json: source.record: \"/a/p\": say the way without the slash ahead of it");
    check_str(PLAIN("\"format\": \"xml\", \"record\": \"//p\", " COLUMNS, ""),
              "d.json: source.record: \"//p\": say the name alone: it is looked for wherever it stands");
    check_str(PLAIN("\"format\": \"tsv\"", ""),
              "d.json: source.format: \"tsv\" is a dialect: \"format\": \"csv\", \"dialect\": \"tsv\"");
    check_str(PLAIN("\"format\": \"xm\"", ""), "d.json: source.format: \"xm\" is none of: csv, access_log, ndjson, "
                                               "json, xml, sqlite, http_capture; did you mean "
                                               "\"xml\"?\nd.json: source: the key \"record\" is missing\n"
                                               "d.json: source: the key \"columns\" is missing");
}

TEST(format, access_logs_by_the_servers_configuration)
{
    check_str(
        PLAIN("\"format\": \"access_log\", \"layout\": \"common\", \"extra\": \"more\", \"drift\": {\"new_column\": "
              "\"fail\"}",
              ""),
        "d.json: source.drift: has no meaning for an access log, which has no columns beside those of its layout: "
        "a line that does not fit it is malformed, and in the bucket format\n"
        "d.json: source.extra: has no meaning for an access log, which has no columns beside those of its layout: "
        "a line that does not fit it is malformed, and in the bucket format");
    check_str(PLAIN("\"format\": \"access_log\", \"log_format\": \"%h %t \\\"%r\\\" %>s %b\", \"columns\": "
                    "[\"client\", \"time\", "
                    "\"target\", \"status\", \"bytes\"]",
                    "1.2.3.4 [07/Oct/2024:00:33:22 +0000] \"GET /a HTTP/1.1\" 200 -\n"),
              "1@0/1 1.2.3.4|1728261202|/a|200|0\n");
    check_str(PLAIN("\"format\": \"access_log\", \"log_format\": \"$time_iso8601 $status \\\"$http_referer\\\"\"",
                    "2024-10-07T02:33:22+02:00 404 \"-\"\n"),
              "1@0/1 1728261202|404|-\n");
    check_str(PLAIN("\"format\": \"access_log\", \"layout\": \"common\", \"log_format\": \"%h\"", ""),
              "d.json: source.log_format: stands beside \"layout\": one of them says it");
    check_str(PLAIN("\"format\": \"access_log\", \"log_format\": \"%h %Q\"", ""),
              "d.json: source.log_format: does not know %Q; did you mean %q?");
}

#define TWO(place)                                                                                                     \
    "\"format\": \"csv\", \"columns\": [{\"name\": \"a\", \"type\": \"text\"" place(                                   \
        "1") "}, {\"name\": \"b\", \"type\": \"text\"" place("2") "}]"
#define BY_HEADER(n) ""
#define BY_FIELD(n)  ", \"field\": " n

TEST(format, w3c_logs_say_their_fields_in_comments)
{
#define W3C                                                                                                            \
    "\"dialect\": \"w3c\", \"format\": \"csv\", \"columns\": [{\"name\": \"time\", \"type\": \"text\"}, {\"name\": "   \
    "\"status\", \"header\": \"sc-status\", \"type\": \"integer\"}, {\"name\": \"agent\", \"header\": "                \
    "\"cs(User-Agent)\", \"type\": \"text\", \"optional\": true}]"
    check_str(PLAIN(W3C, "#Software: IIS\n#Fields: time sc-status cs(User-Agent)\n00:01:02 200 M+5\n00:01:03 - -\n"),
              "3@54/3 00:01:02|200|M+5\n4@71/4 00:01:03|-|-\n");
    /* the server was started again, with other fields; a record of the old ones is none of these */
    check_str(
        PLAIN(W3C, "#Fields: time sc-status cs(User-Agent)\nt 1 a\n#Date: x\n#Fields:\tsc-status time\n2 t\n2 t b\n"),
        "2@39/2 t|1|a\n5@78/5 t|2|-\n6@82/6  !format:=3 fields instead of 2\n");
    check_str(PLAIN(W3C ", \"delimiter\": \"\\t\"", "#Fields: time sc-status\na b\t2\n"), "2@24/2 a b|2|-\n");
    check_str(PLAIN(W3C, "#Fields: time\nx\n"),
              "f: the header has no column \"sc-status\" (source.columns[1] of d.json); it has: \"time\"");
    check_str(PLAIN(W3C, "#Fields: time sc-status\nt 1\n#Fields: time\n"),
              "f: the header has no column \"sc-status\" (source.columns[1] of d.json); it has: \"time\"");
    check_str(PLAIN(W3C, "#Fields: time sc-status\nt 1\n#Fields: ti"), "2@24/2 t|1|-\n");
    check_str(PLAIN(W3C ", \"encoding\": \"iso-8859-1\", \"extra\": \"more\"", "#Fields: time sc-status Gr\xf6\xdf"
                                                                               "e\nt 1 2\n"),
              "2@30/2 t|1|-|{\"Größe\": \"2\"}\n");
    check_str(PLAIN(W3C, "#Date: x\nt 1\n"),
              "f: line 2: no line \"#Fields: ...\" stands ahead of this record (source.dialect of d.json)");
    check_str(PLAIN(W3C, "#Date: x\n"), "");
    check_str(PLAIN(W3C ", \"comment_prefix\": \";\"", ""),
              "d.json: source.comment_prefix: is \"#\" in a source of dialect w3c");
}

TEST(format, csv_dialects)
{
    check_str(PLAIN("\"dialect\": \"tsv\", " TWO(BY_HEADER), "a\tb\n\"x\t\\N\n"), "2@4/2 \"x|\\N\n");
    check_str(PLAIN("\"dialect\": \"semicolon\", " TWO(BY_HEADER), "b;a\n\"x;\"\"\";,\n"), "2@4/2 ,|x;\"\n");
    check_str(PLAIN("\"dialect\": \"postgresql\", " TWO(BY_FIELD), "x\\ty\\\\\t\\N\n\"\t\n"),
              "1@0/1 x\ty\\|-\n2@10/2 \"|\n");
    check_str(PLAIN("\"dialect\": \"mysql\", \"delimiter\": \",\", \"null\": \"\", " TWO(BY_FIELD), "\\N,\n"),
              "1@0/1 \\N|-\n");
    check_str(PLAIN("\"dialect\": \"excel\", " TWO(BY_HEADER), ""),
              "d.json: source.dialect: \"excel\" is none of: rfc4180, semicolon, tsv, postgresql, mysql, w3c");
}

#define WIDE(encoding)                                                                                                 \
    "\"format\": \"csv\", \"encoding\": \"" encoding "\", \"columns\": [{\"name\": \"id\", \"type\": \"integer\"}, "   \
    "{\"name\": \"name\", \"type\": \"text\"}]"

/* Offsets are of the file's bytes: two for a byte order mark, four for a character outside of the first plane. */
TEST(format, utf16)
{
    BOTH(WIDE("utf-16"),
         "\xff\xfei\0d\0,\0n\0a\0m\0e\0\n\0"
         "1\0,\0=\xd8\0\xde\n\0"
         "2\0,\0\xe9\0\r\0\n\0",
         "2@18/2 1|\xf0\x9f\x98\x80\n3@28/3 2|\xc3\xa9\n");
    BOTH(WIDE("utf-16be"),
         "\0i\0d\0,\0n\0a\0m\0e\0\n\0"
         "1\0,\0\"\0a\0\n\0b\0\"\0\n\0"
         "2\0,\1z",
         "2@16/2 1|a\nb\n4@32/4 2|\xc5\xba\n");
    check_str(PLAIN(WIDE("utf-16le"), "i\0d\0,\0n\0a\0m\0e\0\n\0"
                                      "1\0,\0=\xd8"
                                      "a\0"),
              "f: line 2, byte offset 20: half of a character is no utf-16le (source.encoding of d.json)");
    check_str(PLAIN("\"on_bad_encoding\": \"reject\", " WIDE("utf-16le"), "i\0d\0,\0n\0a\0m\0e\0\n\0"
                                                                          "1\0,\0=\xd8\n\0"
                                                                          "2\0,\0b"),
              "2@16/2  !format:=byte 2: half of a character\n3@24/3  !format:=byte 2: half of a character\n");
    check_str(PLAIN(WIDE("utf-16"), "i\0d\0"),
              "f: has no byte order mark, which \"utf-16\" needs; if it is UTF-16, say \"utf-16le\" or \"utf-16be\"");
    check_str(PLAIN("\"encoding\": \"utf-16le\", " NDJSON, "{\0}\0\n\0[\0"),
              "1@0/1 -|-|-\n2@6/2  !format:=byte 1: it ends here: is it cut off?\n");
    check_str(PLAIN("\"encoding\": \"utf-16\", " JSON "\"$\"", "[]"),
              "d.json: source.encoding: UTF-16 is read so in sources of format csv, access_log and ndjson; convert the "
              "file to "
              "UTF-8 first");
}
