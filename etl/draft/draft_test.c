#include "etl/draft/draft.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/pcap/writer.h"
#include "tests/unit.h"

/* The draft of a file with this name and these bytes, as text; it must reject `rejected` of `records`. */
static char *drafted(const char *name, struct slice bytes, int records, int rejected)
{
    static char text[1 << 18];
    char dir[] = "/tmp/millrace-draft-XXXXXX", path[128];
    struct buf json = {0};
    struct draft_result result;
    struct err_text error = {{0}};
    check(mkdtemp(dir) != NULL);
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "wb");
    check(f && fwrite(bytes.p, 1, bytes.n, f) == bytes.n && fclose(f) == 0);
    int err = draft_file(path, &json, &result, &error);
    unlink(path);
    rmdir(dir);
    if (err) {
        snprintf(text, sizeof text, "%s", error.text);
    } else {
        check(json.n < sizeof text);
        snprintf(text, sizeof text, "%s", buf_cstr(&json));
        check_int(result.records, records);
        check_int(result.rejected, rejected);
    }
    buf_release(&json);
    return text;
}

static void check_says(const char *text, const char *part)
{
    if (!strstr(text, part)) unit_fail("\"%s\" is not in\n%s", part, text);
}

#define check_draft(name, text, records, ...)                                                                          \
    do {                                                                                                               \
        const char *parts_[] = {__VA_ARGS__}, *draft_ = drafted(name, SLICE_LIT(text), records, 0);                    \
        for (size_t i_ = 0; i_ < sizeof parts_ / sizeof *parts_; i_++) check_says(draft_, parts_[i_]);                 \
    } while (0)

TEST(draft, european_csv)
{
    check_draft("orders 2024.csv",
                "Auftrag;Gr\xf6\xdf"
                "e;Preis;Datum\r\n1;XL;1.249,50;31/12/2024 23:59\r\n2;S;9,9;01/01/2025 00:10\r\n",
                2, "\"pipeline\": \"orders_2024\"", "\"encoding\": \"windows-1252\"",
                "could be read as windows-1252; as well as iso-8859-1, ", ", windows-1250, ", "\"delimiter\": \";\"",
                "{\"name\": \"auftrag\", \"header\": \"Auftrag\", \"type\": \"integer\"",
                "{\"name\": \"grosse\", \"header\": \"Größe\", \"type\": \"text\"",
                "\"type\": \"decimal\", \"decimal_point\": \",\", \"thousands\": \".\", \"scale\": 2",
                "\"format\": \"%d/%m/%Y %H:%M\"", "\"time\": \"datum\"", "\"by\": [\"day\"]",
                "\"sum_preis\": \"sum(preis)\"");
}

TEST(draft, the_delimiter_that_separates_the_header_too)
{
    struct buf csv = {0};
    buf_append_str(&csv, "id;loc;age\n");
    for (int i = 0; i < 20; i++) buf_printf(&csv, "%d;a, b, c, d;%d\n", i, i);
    char *text = drafted("a.csv", buf_slice(&csv), 20, 0);
    check_says(text, "\"delimiter\": \";\"");
    check_says(text, "{\"name\": \"loc\", \"type\": \"text\"");
    buf_release(&csv);
}

TEST(draft, commas_in_every_quoted_field)
{
    struct buf csv = {0};
    buf_append_str(&csv, "order,name,total\n");
    for (int i = 0; i < 30; i++) buf_printf(&csv, "%d,\"Smith, O'John%d\",%d.50\n", i, i, i);
    char *text = drafted("a.csv", buf_slice(&csv), 30, 0);
    check(!strstr(text, "\"quote\""));
    check_says(text, "{\"name\": \"total\", \"type\": \"decimal\"");
    buf_release(&csv);
    check_draft("a.csv", "a,b\n1,'x, y'\n2,'z, z'\n", 2, "\"quote\": \"'\"");
}

TEST(draft, a_value_that_is_of_another_type)
{
    struct buf csv = {0};
    buf_append_str(&csv, "id,day\r\r\n");
    for (int i = 0; i < 40; i++) buf_printf(&csv, "%d,%s\r\r\n", i, i == 3 ? "A null transaction" : "08.09.2017");
    char *text = drafted("a.csv", buf_slice(&csv), 40, 0);
    check_says(text, "Lines end in CR CR LF");
    buf_reset(&csv);
    buf_append_str(&csv, "id,day,n\n");
    for (int i = 0; i < 40; i++)
        buf_printf(&csv, "%d,%s,%s\n", i, i == 3 ? "A null transaction" : "08.09.2017", i % 3 ? "7" : "x");
    text = drafted("a.csv", buf_slice(&csv), 40, 0);
    check_says(text, "39 of them would be \\\"type\\\": \\\"date\\\", \\\"format\\\": \\\"%d.%m.%Y\\\", but not: A "
                     "null transaction\"");
    check(!strstr(text, "leading zeros"));
    check(!strstr(text, "but not: x"));
    buf_release(&csv);
}

TEST(draft, american_csv)
{
    check_draft("a.csv",
                "Order,Order,,Amount,Share,When,Zip\n7,8,x,\"$1,002.50\",5 %,12/1/2010 8:26,00501\n"
                "9,9,y,-$3,7.25%,12/31/2010 18:26,10001\n",
                2, "{\"name\": \"order\", \"field\": 1, \"type\": \"integer\"",
                "{\"name\": \"order_2\", \"field\": 2, \"type\": \"integer\"", "{\"name\": \"field_3\", \"field\": 3",
                "\"thousands\": \",\", \"currency\": \"USD\", \"scale\": 2", "\"strip\": [\"%\", \" \"], \"scale\": 2",
                "\"format\": \"%-m/%-d/%Y %-H:%M\"", "with leading zeros: a code");
}

TEST(draft, both_orders_of_an_ambiguous_date_are_said)
{
    check_draft("a.csv", "id,day\n1,01/02/2024\n2,03/04/2024\n", 2,
                "AMBIGUOUS: \\\"%m/%d/%Y\\\" fits all of them as well as \\\"%d/%m/%Y\\\" (no day above 12 was seen)");
    char *text = drafted("a.csv", SLICE_LIT("id,day\n1,01/02/2024\n2,03/14/2024\n"), 2, 0);
    check_says(text, "\"format\": \"%m/%d/%Y\"");
    check(!strstr(text, "AMBIGUOUS"));
}

TEST(draft, no_header_tabs_and_words_for_null)
{
    check_draft("a.tsv", "1\tAnna\t2024-12-31\tNULL\n2\tBob\tNULL\t17.5\n", 2, "\"delimiter\": \"\\t\"",
                "\"header\": false, \"fields\": 4", "{\"name\": \"field_1\", \"field\": 1, \"type\": \"integer\"",
                "\"type\": \"date\", \"format\": \"%Y-%m-%d\", \"null\": [\"\", \"NULL\"]",
                "\"type\": \"decimal\", \"scale\": 1, \"null\": [\"\", \"NULL\"]");
}

TEST(draft, logs_with_a_line_of_fields)
{
    check_draft("u_ex.log",
                "#Version: 1.0\r\n#Fields: date time cs-uri-stem sc-status\r\n2024-12-31 00:00:01 /a 200\r\n2024-12-31 "
                "00:00:02 - 404\r\n",
                2, "\"dialect\": \"w3c\"",
                "{\"name\": \"cs_uri_stem\", \"header\": \"cs-uri-stem\", \"type\": \"text\"",
                "{\"name\": \"sc_status\", \"header\": \"sc-status\", \"type\": \"integer\"");
    check_draft("cf.log", "#Fields: date x-edge\n2024-12-31\ta b\n", 1, "\"dialect\": \"w3c\", \"delimiter\": \"\\t\"");
}

TEST(draft, dumps_of_databases)
{
    check_draft("a.tsv", "1\ta\\tb\t\\N\n2\t\\N\t7\n", 2, "\"dialect\": \"postgresql\"",
                "{\"name\": \"field_3\", \"field\": 3, \"type\": \"integer\"");
}

TEST(draft, lines_ahead_of_the_header)
{
    check_draft("a.csv",
                "Sales of the year\nprinted 2024-12-31, by "
                "Bob\n\nid,name,Price\n1,a,2\n2,b,3\n3,c,4\n4,d,5\n5,e,6\n6,f,7\n7,g,7\n8,h,7\n",
                8, "\"skip_lines\": 3", "{\"name\": \"price\", \"header\": \"Price\", \"type\": \"integer\"");
}

TEST(draft, quotes_within_which_delimiters_stand)
{
    struct buf csv = {0};
    buf_append_str(&csv, "order,name,total\n");
    for (int i = 0; i < 20; i++) buf_printf(&csv, "%d,\"Smith, John%d\",%d.50\n", i, i, i);
    char *text = drafted("a.csv", buf_slice(&csv), 20, 0);
    check(!strstr(text, "\"quote\""));
    check_says(text, "{\"name\": \"total\", \"type\": \"decimal\", \"scale\": 2");
    text = drafted("a.csv", SLICE_LIT("10 Feb 18,\" Shop, Any\",Visa\n"), 1, 0);
    check_says(text, "\"header\": false, \"fields\": 3");
    check_draft("a.csv", "it,what\n1,'a, b'\n2,'c, d'\n3,'e'\n", 3, "\"quote\": \"'\"",
                "{\"name\": \"what\", \"type\": \"text\"");
    buf_release(&csv);
}

TEST(draft, lines_that_end_in_more_than_one_cr)
{
    check_draft("a.csv", "USPS,COUNTY\r\r\nAL,Abb\r\r\n", 1, "{\"name\": \"county\", \"header\": \"COUNTY\", ",
                "Lines end in CR CR LF", "the first: Abb\"}");
    check_draft("a.csv", "\"id\",\"n\"\r\r\n\"1\",\"2\"\r\r\n", 1, "{\"name\": \"n\", \"type\": \"integer\"");
}

TEST(draft, records_that_lack_fields_behind_lines_ahead)
{
#define AHEAD  "Details for:,360 1-2\nBalance,\"1,234.50\"\nLedger,\"1,2\"\n\nHistory\n"
#define TITLES "Day,Value day,What,Out,In\n"
    check_draft("a.csv", AHEAD TITLES "10/09/2018,10/09/2018,pay,1.50,\n,,at a shop\n11/09/2018,13/09/2018,x,,2\n", 3,
                "\"ragged\": true", "\"skip_lines\": 5", "have two to 5 fields",
                "{\"name\": \"value_day\", \"header\": \"Value day\", \"type\": \"date\", \"format\": \"%d/%m/%Y\"");
    char *text = drafted("a.csv", SLICE_LIT(AHEAD TITLES "10/09/2018,10/09/2018,pay,1.50,\n"), 1, 0);
    check_says(text, "\"skip_lines\": 5");
    check(!strstr(text, "ragged"));
    check_draft("a.txt", "It was late, dark, and cold\nso, we thought, let us go\nhome\n", 3, "a line is one field");
#undef AHEAD
#undef TITLES
}

TEST(draft, what_is_no_text_is_refused)
{
    check_says(drafted("a", SLICE_LIT("PAR1\x15\x04\x15"), 0, 0),
               "/a: is no text but Parquet: export it as CSV, JSON or XML first");
    check_says(drafted("a", SLICE_LIT("ab\x01\x02\x03\x04,x\n"), 0, 0),
               "/a: is no text: byte offset 2 is 01, and many more are like it");
}

TEST(draft, utf_16_with_and_without_a_mark)
{
    check_draft("a.csv", "\xff\xfei\0d\0,\0n\0\n\0001\0,\0x\0\n\0", 1, "\"encoding\": \"utf-16\"",
                "{\"name\": \"id\", \"type\": \"integer\"");
    check_draft("a.csv", "i\0d\0,\0n\0\n\0001\0,\0x\0\n\0", 1, "\"encoding\": \"utf-16le\"");
}

TEST(draft, rules_warn_and_come_from_what_was_seen)
{
    struct buf csv = {0};
    buf_append_str(&csv, "id,kind,n,note\n");
    for (int i = 0; i < 40; i++) buf_printf(&csv, "%d,%s,%d,%s\n", i, i % 2 ? "a" : "b", i % 7 - 3, i % 3 ? "x" : "");
    char *text = drafted("files.csv", buf_slice(&csv), 40, 0);
    check_says(text, "{\"rule\": \"unique\", \"columns\": \"id\", \"severity\": \"warn\"");
    check_says(text, "{\"rule\": \"not_null\", \"column\": \"kind\", \"severity\": \"warn\"}");
    check_says(text, "{\"rule\": \"in\", \"column\": \"kind\", \"values\": [\"b\", \"a\"], \"severity\": \"warn\"}");
    check_says(text, "{\"rule\": \"range\", \"column\": \"id\", \"min\": 0, \"severity\": \"warn\"}");
    check(!strstr(text, "{\"rule\": \"range\", \"column\": \"n\""));
    check(!strstr(text, "{\"rule\": \"not_null\", \"column\": \"note\""));
    check_says(text, "{\"name\": \"files_rows\"}");
    check_says(text, "\"files_rows_by_kind\", \"aggregate\": \"files_rows\", \"by\": [\"kind\"]");
    buf_release(&csv);
}

TEST(draft, records_that_do_not_fit_are_counted)
{
    char *text = drafted("a.csv", SLICE_LIT("a,b\n1,x\n2,x\n3,x\n4,x\n5,x\n6,x\n7\n"), 7, 1);
    check_says(text, "1 of them do not fit the format and were left out.");
}

TEST(draft, ndjson)
{
    check_draft(
        "a.ndjson",
        "{\"id\": 1, \"by\": {\"a b\": 17.25}, \"ok\": true, \"at\": \"2024-12-31T23:59:58.250Z\", \"tags\": []}\n"
        "{\"id\": 2, \"by\": null, \"ok\": false, \"at\": \"2025-01-01T00:00:03.000Z\"}\n",
        2, "\"format\": \"ndjson\"", "{\"name\": \"id\", \"type\": \"integer\"",
        "{\"name\": \"by_a_b\", \"path\": \"by['a b']\", \"type\": \"decimal\", \"scale\": 2",
        "{\"name\": \"ok\", \"type\": \"integer\"", "\"format\": \"%Y-%m-%dT%H:%M:%S.%f%z\"", "an array, as its JSON");
}

TEST(draft, more_members_than_columns)
{
    struct buf json = {0};
    for (int i = 0; i < 1100; i++) buf_printf(&json, "%c\"m%d\":1", i ? ',' : '{', i);
    buf_append_str(&json, "}\n");
    check_says(drafted("a.ndjson", buf_slice(&json), 1, 0),
               "A source has at most 1024 columns: 76 more values of a record are left out.");
    buf_release(&json);
}

TEST(draft, json_document)
{
    check_draft("a.json",
                "{\"meta\": {\"n\": [1, 2]}, \"stock\": {\"items\": [{\"sku\": \"A\", \"n\": 1}, {\"sku\": \"B\", "
                "\"n\": -2}]}}",
                2, "\"format\": \"json\"", "\"records\": \"$.stock.items\"", "{\"name\": \"sku\", \"type\": \"text\"");
    check_draft("a.json", "[{\"a\": 1}]", 1, "\"records\": \"$\"");
}

/* Objects that are keyed by an id or a day, and arrays in records: each gives records of its own. */
TEST(draft, objects_whose_names_are_data)
{
    check_draft("a.json",
                "{\"day\": \"2024-12-31\", \"stock\": {\"A-1\": {\"n\": 1}, \"A-2\": {\"n\": 2, \"w\": 3}, \"B-7\": "
                "{\"n\": 5, \"w\": 7}}}",
                3, "\"records\": \"$.stock.*\"", "{\"name\": \"key\", \"path\": \"#\", \"type\": \"text\"",
                "{\"name\": \"n\", \"type\": \"integer\"", "# is the name");
    check_draft("a.json", "{\"base\": \"EUR\", \"rates\": {\"2024-01-01\": 1.1, \"2024-01-02\": 1, \"2024-01-03\": 2}}",
                3, "\"records\": \"$.rates.*\"", "\"path\": \"#\", \"type\": \"date\"",
                "\"path\": \"$\", \"type\": \"decimal\"");
    check_draft("a.json", "{\"d1\": [{\"n\": 1}], \"d2\": [{\"n\": 2}, {\"n\": 3}], \"d3\": []}", 3,
                "\"records\": \"$.*[*]\"", "{\"name\": \"key\", \"path\": \"../#\", \"type\": \"text\"",
                "{\"name\": \"place\", \"path\": \"#\", \"type\": \"integer\"");
    struct buf json = {0};
    for (int i = 0; i < 400; i++) {
        buf_printf(&json, "{\"order\": %d, \"items\": {", i);
        for (int k = 0; k < 3; k++) buf_printf(&json, "%s\"sku%d\": {\"n\": %d}", k ? "," : "", i * 3 + k, k);
        buf_printf(&json, "}, \"paid\": [{\"by\": \"card\"}], \"to\": {\"city\": \"Rome\"}}\n");
    }
    char *text = drafted("o.ndjson", buf_slice(&json), 400 + 1200 + 400, 0);
    check_says(text, "{\"name\": \"items\", \"type\": \"text\"");
    check_says(text, "an object whose names seem to be data (sku0, sku1, sku2, ...)");
    check_says(text, "\"path\": \"to.city\"");
    check_says(text, "\"name\": \"o_items\",");
    check_says(text, "\"lines\": true,\n      \"records\": \"items.*\"");
    check_says(text, "{\"name\": \"parent_order\", \"path\": \"../order\", \"type\": \"integer\"");
    check_says(text, "\"records\": \"paid\"");
    buf_reset(&json);
    for (int i = 0; i < 9; i++) buf_printf(&json, "{\"k%d\": {\"n\": 1}, \"k%d\": {\"n\": 2}}\n", i, i + 1);
    check_says(drafted("o.ndjson", buf_slice(&json), 18, 0), "\"records\": \"*\"");
    buf_release(&json);
    /* fields, though they are alike or have digits */
    check_draft("a.ndjson",
                "{\"m1\": 1, \"m2\": 2, \"m3\": 3, \"a\": {\"x\": 1}, \"b\": {\"x\": 1}, \"c\": {\"x\": 2}}\n", 1,
                "{\"name\": \"m3\", \"type\"", "\"path\": \"c.x\"");
}

TEST(draft, what_gives_no_draft_is_said)
{
    check_says(drafted("a.csv", SLICE_LIT("\n"), 0, 0), "a.csv: is empty: there is nothing to go by");
    check_says(drafted("a.json", SLICE_LIT("{\"a\":\n 1"), 0, 0), "a.json: line 2: is no JSON");
    check_says(drafted("a.json", SLICE_LIT("{\"a\":\n [1]}"), 0, 0), "no array of objects in it");
}

TEST(draft, access_logs)
{
#define LINE "1.2.3.4 - - [07/Oct/2024:00:33:22 +0000] \"GET /a HTTP/1.1\" 200 -"
    check_draft("a.log", LINE "\n" LINE "\n", 2, "\"layout\": \"common\"", "{\"name\": \"client\",",
                "\"time\": \"time\"");
    check_draft("a.log", LINE " \"-\" \"x\"\n", 1, "\"layout\": \"combined\"");
    check_draft("a.log", "::1" LINE " \"-\" \"\"\n", 1, "\"layout\": \"combined\"");
    check_draft("a.log", "shop.de:443 " LINE "\n", 1, "\"layout\": \"vhost_common\"", "{\"name\": \"site\",");
    check_draft("a.log", LINE " \"-\" \"x\" \"y\"\n", 1, "\"layout\": \"combined_plus\"");
    char *text = drafted("a.log", SLICE_LIT(LINE "\n" LINE "\n" LINE "\n" LINE "\nwhat is this\n"), 5, 1);
    check_says(text, "Of the first 5 lines 4 fit the layout common.");
#undef LINE
}

TEST(draft, a_capture_of_packets)
{
    struct capture_file {
        char *bytes;
        size_t size;
    } c = {0};
    struct capture_writer *w = capture_writer_to(open_memstream(&c.bytes, &c.size));
    struct writer_flow f = {.ends = {tcp_endpoint_v4(0x0a000007, 40102), tcp_endpoint_v4(0x0a000001, 80)}};
    capture_write_open(w, &f, 1);
    capture_write_bytes(w, &f, 0, 2, SLICE_LIT("GET /a HTTP/1.1\r\n\r\n"));
    capture_write_bytes(w, &f, 1, 3, SLICE_LIT("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx"));
    check(capture_writer_free(w) == 0);
    char *text = drafted("a.pcap", slice_of((const uint8_t *)c.bytes, c.size), 1, 0);
    check_says(text, "\"format\": \"http_capture\"");
    check_says(text, "\"time\": \"time\"");
    check_says(text, "{\"name\": \"duration_us\",");
    free(c.bytes);
}

TEST(draft, lines_that_nothing_separates)
{
    check_draft("a.txt", "Dec  1 hello, wor ld\nfoo bar; b\nx\n", 3, "\"delimiter\": \"\\u0001\", \"quote\": \"\"",
                "a line is one field");
    check_draft("a.txt", "name\nAnna\nBob\n", 2, "{\"name\": \"name\", \"type\": \"text\"");
}

TEST(draft, backslash_escapes)
{
    check_draft("a.csv", "\"a \\\"b\\\", c\",1\n\"d\",2\n", 2, "\"escape\": \"backslash\"", "\"fields\": 2");
}

TEST(draft, xml)
{
    check_draft("a.xml",
                "<?xml version='1.0' encoding='windows-1252'?><shop><made at='1'/><shelf>"
                "<item id='7'><name>\xd6l</name><price currency='EUR'>9.90</price><tag>a</tag><tag>b</tag></item>"
                "<item id='8'><name>Brot</name><price currency='EUR'>1.5</price></item></shelf></shop>",
                2, "\"record\": \"shop/shelf/item\"", "{\"name\": \"id\", \"path\": \"@id\", \"type\": \"integer\"",
                "{\"name\": \"price\", \"type\": \"decimal\", \"scale\": 2",
                "{\"name\": \"price_currency\", \"path\": \"price/@currency\", \"type\": \"text\"",
                "the first of up to 2: the second is tag[2]");
    check_draft(
        "a.xml",
        "<shop><tax><rate>1</rate></tax><tax><rate>2</rate></tax><l><i><n>1</n></i><i><n>2</n></i><i/></l></shop>", 2,
        "\"record\": \"shop/tax\"", "Not read are shop/l/i: any of them could be the record instead");
    check_draft("a.xml", "<shop><item id='7'><n>1</n></item></shop>", 1, "\"record\": \"shop/item\"");
    check_draft(
        "a.xml", "<c><p id='1'><l><sku no='4'>a</sku><n>x</n><n>y</n></l><l><sku no='5'>b</sku></l></p><p id='2'/></c>",
        2 + 2, "\"record\": \"c/p\"", "A record has up to 2 l: they are the records of another source.",
        "\"name\": \"l\",", "\"record\": \"c/p/l\"", "{\"name\": \"p_id\", \"path\": \"../@id\", \"type\": \"integer\"",
        "{\"name\": \"place\", \"path\": \"#\", \"type\": \"integer\"",
        "{\"name\": \"sku_no\", \"path\": \"sku/@no\", \"type\": \"integer\"", "the second is n[2]");
    check_says(drafted("a.xml", SLICE_LIT("<shop>\n<item>"), 0, 0), "a.xml: line 2: is no XML");
}

TEST(draft, names_stay_within_what_the_language_allows)
{
#define LONG "A title that goes on and on and on and on and on and on and on"
    struct buf csv = {0};
    buf_append_str(&csv, "x," LONG "," LONG " 2,n,where,2024\n");
    for (int i = 0; i < 40; i++) buf_printf(&csv, "x,%d.5,%d.25,%s,x,x\n", i, i, i % 2 ? "a" : "b");
    char *text = drafted("records.csv", buf_slice(&csv), 41, 0);
    check_says(text, "\"header\": false"); /* 2024 is no title */
    buf_reset(&csv);
    buf_append_str(&csv, LONG "," LONG "!,n,where,2x\n");
    for (int i = 0; i < 40; i++) buf_printf(&csv, "%d.5,%d.25,%s,x,x\n", i, i, i % 2 ? "a" : "b");
    text = drafted("records.csv", buf_slice(&csv), 40, 0);
    check_says(text, "\"by\": [\"n\"],\n     \"columns\": {\"records\": \"count()\"");
    check_says(text, "{\"name\": \"where_value\", \"header\": \"where\"");
    check_says(text, "{\"name\": \"c_2x\", \"header\": \"2x\"");
    buf_release(&csv);
#undef LONG
}

TEST(draft, half_a_character_at_the_end_is_no_utf_8)
{
    check_draft("a.csv", "id,name\n1,\xc3\xa9\n2,\xc3", 2, "\"encoding\": \"windows-1252\"");
}
