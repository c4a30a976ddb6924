#include "etl/export/export.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit.h"

#define DEFINITION(outputs)                                                                                            \
    "{\"pipeline\": \"p\", \"version\": 1, \"source\": {\"format\": \"csv\", \"glob\": \"*\", \"columns\": ["          \
    "{\"name\": \"id\", \"type\": \"integer\"}, {\"name\": \"who\", \"type\": \"text\"},"                              \
    "{\"name\": \"price\", \"type\": \"decimal\", \"scale\": 2}]}, \"tables\": [{\"name\": \"good\"}],"                \
    "\"views\": [{\"name\": \"odd\", \"sql\": \"SELECT id FROM good\"}], \"outputs\": [" outputs "]}"
#define GOOD "\"table\": \"good\", \"columns\": [\"id\", \"who\", \"price\"]"

static const char rows[] =
    "CREATE TABLE good(id INTEGER, who TEXT, price INTEGER, _file TEXT, _byte_offset INTEGER);"
    "INSERT INTO good VALUES(2, 'b;\"c\"', -5, 'f', 2), (1, '', NULL, 'f', 1), (3, NULL, 1250, 'f', 3), "
    "(3, 'x' || char(10) || 'ü', 1249, 'f', 4);";

static struct definition *definition_of(const char *json)
{
    struct definition *d;
    struct err_text error = {{0}};
    if (definition_parse(slice_str(json), "d.json", &d, &error) != 0) unit_fail("%s", error.text);
    return d;
}

/* The file `out` of a definition, written from the database that these statements make. */
static const char *written(const char *json, const char *statements)
{
    static char text[4096];
    char folder[] = "/tmp/millrace-export-XXXXXX", path[64];
    struct err_text error = {{0}};
    struct definition *d = definition_of(json);
    struct exports x;
    sqlite3 *db;
    check_int(sqlite3_open(":memory:", &db), SQLITE_OK);
    check_int(sqlite3_exec(db, statements, NULL, NULL, NULL), SQLITE_OK);
    check(mkdtemp(folder) != NULL);
    snprintf(path, sizeof path, "%s/out", folder);
    check_int(export_open(&x, d, NULL, folder, &error), 0);
    if (export_write(&x, db, &error) != 0) unit_fail("%s", error.text);
    FILE *f = fopen(path, "rb");
    check(f != NULL);
    text[fread(text, 1, sizeof text - 1, f)] = '\0';
    fclose(f);
    check_int(unlink(path), 0);
    check_int(rmdir(folder), 0); /* nothing else is left there */
    export_close(&x);
    sqlite3_close(db);
    definition_free(d);
    return text;
}

TEST(export, csv_tells_nothing_from_empty_and_has_points)
{
    check_str(written(DEFINITION("{" GOOD ", \"format\": \"csv\", \"file\": \"out\"}"), rows),
              "id,who,price\n1,\"\",\n2,\"b;\"\"c\"\"\",-0.05\n3,,12.50\n3,\"x\nü\",12.49\n");
    check_str(written(DEFINITION("{" GOOD ", \"format\": \"csv\", \"file\": \"out\", \"delimiter\": \";\", "
                                 "\"header\": false, \"null\": \"1\", \"order\": [\"id desc\", \"price\"]}"),
                      rows),
              "3;\"x\nü\";12.49\n3;1;12.50\n2;\"b;\"\"c\"\"\";-0.05\n\"1\";\"\";1\n");
}

TEST(export, ndjson_has_numbers_texts_and_nulls)
{
    check_str(written(DEFINITION("{" GOOD ", \"format\": \"ndjson\", \"file\": \"out\"}"), rows),
              "{\"id\":1,\"who\":\"\",\"price\":null}\n{\"id\":2,\"who\":\"b;\\\"c\\\"\",\"price\":-0.05}\n"
              "{\"id\":3,\"who\":null,\"price\":12.50}\n{\"id\":3,\"who\":\"x\\nü\",\"price\":12.49}\n");
}

/* What a definition's own tables never hold, but the standard ones and views may. */
TEST(export, values_of_every_kind)
{
    static const char statements[] = "CREATE TABLE rejects(a, b); INSERT INTO rejects VALUES(0.1, x'00ff'), (2.0, "
                                     "'a'), (1e999, 9223372036854775807), "
                                     "(0.1 + 0.2, CAST(x'e9' AS TEXT)), (NULL, NULL);";
    check_str(
        written(DEFINITION("{\"table\": \"rejects\", \"format\": \"ndjson\", \"file\": \"out\"}"), statements),
        "{\"a\":null,\"b\":null}\n{\"a\":0.1,\"b\":\"\\\\x00FF\"}\n{\"a\":0.30000000000000004,\"b\":\"\\\\xE9\"}\n"
        "{\"a\":2.0,\"b\":\"a\"}\n{\"a\":\"inf\",\"b\":9223372036854775807}\n");
    check_str(written(DEFINITION("{\"table\": \"rejects\", \"format\": \"csv\", \"file\": \"out\"}"), statements),
              "a,b\n,\n0.1,\\x00FF\n0.30000000000000004,\\xE9\n2.0,a\ninf,9223372036854775807\n");
}

/* The C string ends there, and so must no list of characters that need quotes. */
TEST(export, a_zero_byte_needs_no_quotes)
{
    check_str(written(DEFINITION("{" GOOD ", \"format\": \"csv\", \"file\": \"out\"}"),
                      "CREATE TABLE good(id, who, price); INSERT INTO good VALUES(1, 'x' || char(0) || 'y', 5);"),
              "id,who,price\n1,x");
}

/* Readers skip empty lines. */
TEST(export, a_lone_null_is_a_line)
{
    check_str(written(DEFINITION("{\"table\": \"good\", \"columns\": [\"price\"], \"format\": \"csv\", \"file\": "
                                 "\"out\"}"),
                      rows),
              "price\n\"\"\n-0.05\n12.49\n12.50\n");
}

static void check_wrong(const char *outputs, const char *sentence)
{
    char json[2048];
    struct definition *d;
    struct err_text error = {{0}};
    snprintf(json, sizeof json,
             "{\"pipeline\": \"p\", \"version\": 1, \"source\": {\"format\": \"csv\", \"glob\": \"*\", \"columns\": ["
             "{\"name\": \"id\", \"type\": \"integer\"}]}, \"tables\": [{\"name\": \"good\"}], \"views\": [{\"name\": "
             "\"v\", \"sql\": \"SELECT id AS ident FROM good\"}], \"outputs\": [%s]}",
             outputs);
    int result = definition_parse(slice_str(json), "d.json", &d, &error);
    if (result == 0) result = export_check(d, &error);
    check_int(result, ERR_INVALID);
    if (!strstr(error.text, sentence)) unit_fail("\"%s\" is not in \"%s\"", sentence, error.text);
    definition_free(d);
}

TEST(export, definitions_that_are_wrong)
{
    check_wrong("{\"table\": \"goood\", \"format\": \"csv\", \"file\": \"x\"}",
                "d.json: outputs[0].table: there is no table or view \"goood\"; did you mean \"good\"?");
    check_wrong("{\"table\": \"good\", \"format\": \"cvs\", \"file\": \"x\"}", "did you mean \"csv\"");
    check_wrong("{\"table\": \"good\", \"format\": \"csv\", \"fil\": \"x\"}",
                "outputs[0].fil: unknown key; did you mean \"file\"?");
    check_wrong("{\"table\": \"good\", \"format\": \"csv\", \"file\": \"../x\"}", "without a folder");
    check_wrong("{\"table\": \"good\", \"format\": \"csv\", \"file\": \".x\"}", "leading point");
    check_wrong("{\"table\": \"good\", \"format\": \"csv\", \"file\": \"x\", \"delimiter\": \"\\\"\"}", "no quote");
    check_wrong("{\"table\": \"good\", \"format\": \"ndjson\", \"file\": \"x\", \"delimiter\": \";\"}", "unknown key");
    check_wrong("{\"table\": \"good\", \"format\": \"csv\", \"file\": \"x\", \"null\": \"a,b\"}", "the delimiter");
    check_wrong("{\"table\": \"good\", \"format\": \"csv\", \"file\": \"x\"}, {\"table\": \"v\", \"format\": \"csv\", "
                "\"file\": \"x\"}",
                "outputs[1].file: outputs[0] writes \"x\" already");
    check_wrong("{\"table\": \"v\", \"format\": \"csv\", \"file\": \"x\", \"columns\": [\"idnt\"]}",
                "d.json: outputs[0].columns: there is no column \"idnt\" in \"v\"; did you mean \"ident\"?");
    check_wrong("{\"table\": \"good\", \"format\": \"csv\", \"file\": \"x\", \"order\": [\"id\", \"nothing desc\"]}",
                "outputs[0].order: there is no column \"nothing\"");
    check_wrong("{\"table\": \"good\", \"format\": \"csv\", \"file\": \"x\", \"order\": \"id down\"}", "asc or desc");
}

/* An output that fails leaves all files as they were. */
TEST(export, all_or_none)
{
    char folder[] = "/tmp/millrace-export-XXXXXX", first[64], second[64], text[8] = "";
    struct err_text error = {{0}};
    struct definition *d = definition_of(DEFINITION("{\"table\": \"good\", \"format\": \"csv\", \"file\": \"a\"}, "
                                                    "{\"table\": \"good\", \"format\": \"csv\", \"file\": \"b\"}"));
    struct exports x;
    sqlite3 *db;
    check_int(sqlite3_open(":memory:", &db), SQLITE_OK);
    check_int(sqlite3_exec(db, rows, NULL, NULL, NULL), SQLITE_OK);
    check(mkdtemp(folder) != NULL);
    snprintf(first, sizeof first, "%s/a", folder);
    snprintf(second, sizeof second, "%s/b", folder);
    check_int(mkdir(second, 0777), 0);
    FILE *f = fopen(first, "wb");
    check(f && fputs("old", f) >= 0);
    fclose(f);
    check_int(export_open(&x, d, NULL, folder, &error), 0);
    check(export_write(&x, db, &error) < 0);
    check(strstr(error.text, "/b: Is a directory"));
    f = fopen(first, "rb");
    check(f && fread(text, 1, sizeof text - 1, f) == 3);
    fclose(f);
    check_str(text, "old");
    check_int(unlink(first), 0);
    check_int(rmdir(second), 0);
    check_int(rmdir(folder), 0);
    export_close(&x);
    sqlite3_close(db);
    definition_free(d);
}
