#include "etl/source/notes.h"

#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit.h"

static void file_write(const char *dir, const char *name, const char *text)
{
    char path[100];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *file = fopen(path, "w");
    check(file != NULL);
    fputs(text, file);
    fclose(file);
}

static int file_read(const struct feed *feed, const char *dir, const struct source_file *file,
                     struct source_notes *notes, struct err_text *error)
{
    struct source_reader *reader;
    struct record record;
    int result = source_open(feed, dir, file, &reader, error);
    while (result == 0 && (result = source_next(reader, &record, error)) == 1) result = 0;
    if (reader && result == 0) source_notes_take(notes, reader);
    source_close(reader);
    return result;
}

/* What is noted of files a, b, ... with these contents; or the error without the folder's name. */
static const char *noted(const char *source, const char *const *texts)
{
    static char said[2000];
    char dir[] = "/tmp/millrace-notes-XXXXXX", path[100];
    struct buf json = {0}, out = {0};
    struct err_text error = {{0}};
    struct definition *d;
    struct source_list list;
    buf_printf(
        &json,
        "{\"pipeline\": \"p\", \"version\": 1, \"source\": {\"glob\": \"*\", %s}, \"tables\": [{\"name\": \"t\"}]}",
        source);
    int result = definition_parse(buf_slice(&json), "d.json", &d, &error);
    buf_release(&json);
    if (result != 0) unit_fail("%s", error.text);
    check(mkdtemp(dir) != NULL);
    for (int i = 0; texts[i]; i++) file_write(dir, (char[]){(char)('a' + i), 0}, texts[i]);
    struct source_notes *notes = source_notes_new(d);
    check_int(source_list_read(&d->feeds[0], dir, &list, &error), 0);
    for (int i = 0; i < list.count && result == 0; i++)
        result = file_read(&d->feeds[0], dir, &list.files[i], notes, &error);
    source_notes_print(notes, "p", &out);
    snprintf(said, sizeof said, "%s", result == 0 ? buf_cstr(&out) : error.text + strlen(dir) + 1);
    for (int i = 0; texts[i]; i++) {
        snprintf(path, sizeof path, "%s/%c", dir, 'a' + i);
        unlink(path);
    }
    rmdir(dir);
    source_notes_free(notes);
    source_list_release(&list);
    definition_free(d);
    buf_release(&out);
    return said;
}
#define NOTED(source, ...) noted(source, (const char *const[]){__VA_ARGS__, NULL})

#define COLUMNS(more)                                                                                                  \
    "\"columns\": [{\"name\": \"id\", \"type\": \"integer\"}, {\"name\": \"x\", \"path\": \"a.b\", \"type\": "         \
    "\"text\"" more "}]"
#define NDJSON(more) "\"format\": \"ndjson\", " COLUMNS(more)
#define TOLD         " (source.columns[1] of d.json; \"optional\": true says that this is right, false that it is an error)\n"

TEST(notes, a_path_that_leads_to_nothing_in_a_whole_file_is_told)
{
    check_str(NOTED(NDJSON(""), "{\"id\": 1}\n{\"id\": 2, \"a\": {\"c\": 1}}\n"),
              "p: nothing stands at \"a.b\" in any of the records of a, so x is NULL there" TOLD);
    check_str(NOTED(NDJSON(""), "{\"id\": 1}\n", "{\"id\": 2}\n", "{\"id\": 3, \"a\": {\"b\": 1}}\n", "{\"id\": 4}\n"),
              "p: nothing stands at \"a.b\" in any of the records of a (and of 2 files more), so x is NULL there" TOLD);
    /* once is enough, null is something, and where no record is nothing is missing */
    check_str(NOTED(NDJSON(""), "{\"id\": 1}\n{\"id\": 2, \"a\": {\"b\": null}}\n", "", "[]\n7\nx\n"), "");
    check_str(NOTED(NDJSON(", \"optional\": true"), "{\"id\": 1}\n"), "");
}

TEST(notes, so_it_is_in_documents_of_json_and_xml)
{
    check_str(NOTED("\"format\": \"json\", \"records\": \"$\", " COLUMNS(""), "[{\"id\": 1}]"),
              "p: nothing stands at \"a.b\" in any of the records of a, so x is NULL there" TOLD);
    const char *around = "\"format\": \"json\", \"records\": \"r\", \"columns\": [{\"name\": \"x\", \"path\": "
                         "\"../%s\", \"type\": \"text\"}]";
    char source[200];
    snprintf(source, sizeof source, around, "dya");
    check(strstr(NOTED(source, "{\"day\": 1, \"r\": [{}]}"),
                 "p: nothing stands at \"../dya\" in any of the records of a,"));
    snprintf(source, sizeof source, around, "day");
    check_str(NOTED(source, "{\"day\": 1, \"r\": [{}]}"), "");
#define XML                                                                                                            \
    "\"format\": \"xml\", \"record\": \"p\", \"columns\": [{\"name\": \"x\", \"path\": \"a/@b\", \"type\": \"text\"}]"
    check(
        strstr(NOTED(XML, "<c><p><a/></p><p/></c>"), "p: nothing stands at \"a/@b\" in any of the records of a, so x"));
    check_str(NOTED(XML, "<c><p/><p><a b=''/></p></c>"), "");
}

TEST(notes, a_column_that_is_not_optional_is_an_error_where_it_is_missing)
{
    check_str(NOTED(NDJSON(", \"optional\": false"), "{\"id\": 1, \"a\": {\"b\": 1}}\n", "{\"id\": 2}\n"),
              "b: nothing stands at \"a.b\" in any record (source.columns[1] of d.json)");
    check_str(NOTED(NDJSON(", \"optional\": false"), "{\"id\": 1, \"a\": {\"b\": 1}}\n", ""), "");
}

TEST(notes, utf_8_that_is_declared_to_be_something_else_is_told)
{
#define CSV                                                                                                            \
    "\"format\": \"csv\", \"encoding\": \"windows-1252\", \"header\": false, \"columns\": [{\"name\": \"x\", "         \
    "\"field\": 1, \"type\": \"text\"}]"
    check_str(NOTED(CSV, "ascii\ncaf\xc3\xa9\n\xe2\x82\xac 5\n"),
              "p: what is not ASCII in the text of a is UTF-8, first in line 2, and was read as windows-1252 "
              "(source.encoding of d.json); is the file UTF-8?\n");
    check_str(NOTED(CSV, "caf\xc3\xa9\ncaf\xe9\n", "ascii\n"), "");
}

TEST(notes, a_default_is_what_stands_where_nothing_does)
{
    check(strstr(NOTED(NDJSON(", \"default\": \"none\""), "{\"id\": 1}\n"),
                 "in any of the records of a, so x is its default \"none\" there (source.columns[1]"));
}

TEST(notes, a_last_line_without_an_end_is_told)
{
    const char *source = "\"format\": \"csv\", \"columns\": [{\"name\": \"x\", \"type\": \"decimal\", \"scale\": 2}]";
    check_str(
        NOTED(source, "x\n1.00\n2999.", "x\n1.00\n", "x\n3.0"),
        "p: the last line of a, 3, (and of 1 file more) has no line end: was the file cut off? then its last value "
        "is, too\n");
    check_str(NOTED(source, "x\n1.00\n\n", "x", ""), "");
    check_str(NOTED(NDJSON(", \"optional\": true"), "{\"id\": 1}\n{\"id\": 2}"), "");
}
