#include "etl/source/source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "etl/parse.h"
#include "tests/unit.h"

struct fixture {
    char dir[64];
    struct definition *d;
    struct source_list list;
    struct err_text error;
};

static void bytes_write(const struct fixture *f, const char *name, const char *content, size_t n)
{
    char path[200];
    snprintf(path, sizeof path, "%s/%s", f->dir, name);
    FILE *file = fopen(path, "wb");
    check(file != NULL);
    fwrite(content, 1, n, file);
    fclose(file);
}

static void file_write(const struct fixture *f, const char *name, const char *content)
{
    bytes_write(f, name, content, strlen(content));
}

static void fixture_open(struct fixture *f, const char *source)
{
    struct buf json = {0};
    memset(f, 0, sizeof *f);
    strcpy(f->dir, "/tmp/millrace-source-XXXXXX");
    check(mkdtemp(f->dir) != NULL);
    buf_printf(&json, "{\"pipeline\": \"p\", \"version\": 1, \"source\": {%s}, \"tables\": [{\"name\": \"rows\"}]}",
               source);
    if (definition_parse(buf_slice(&json), "s.json", &f->d, &f->error) != 0) unit_fail("%s", f->error.text);
    buf_release(&json);
}

static void fixture_close(struct fixture *f)
{
    for (int i = 0; i < f->list.count; i++) {
        char path[200];
        snprintf(path, sizeof path, "%s/%s", f->dir, f->list.files[i].name);
        unlink(path);
    }
    rmdir(f->dir);
    source_list_release(&f->list);
    definition_free(f->d);
}

/* "offset/line/layout/repeated/late:raw" of every record of file `i`, or the error. */
static const char *records(struct fixture *f, int i)
{
    static char out[4000];
    struct source_reader *r;
    struct record record;
    size_t n = 0;
    int got;
    out[0] = '\0';
    if (source_open(&f->d->feeds[0], f->dir, &f->list.files[i], &r, &f->error) != 0) return f->error.text;
    while ((got = source_next(r, &record, &f->error)) == 1)
        n += (size_t)snprintf(out + n, sizeof out - n, "%d/%d/%.*s/%d/%d:%.*s\n", (int)record.at.byte_offset,
                              (int)record.at.line, (int)record.layout.n, (const char *)record.layout.p, record.repeated,
                              (int)record.late_s, (int)record.raw.n, (const char *)record.raw.p);
    if (got == 0) check_int(source_consumed(r), f->list.files[i].bytes);
    source_close(r);
    return got < 0 ? f->error.text : out;
}

#define COLUMNS                                                                                                        \
    "\"columns\": [{\"name\": \"a\", \"type\": \"text\"}, {\"name\": \"b\", \"header\": [\"B\", \"bee\"], \"type\": "  \
    "\"text\"}]"
#define CSV "\"format\": \"csv\", \"glob\": \"*.csv\", "

/* Whoever of those who look comes upon it first. */
TEST(source, of_many_files_the_first_that_is_damaged_is_named)
{
    struct fixture f;
    char name[20], path[200];
    static char long_one[1 << 20]; /* so that others get to look, too */
    fixture_open(&f, CSV COLUMNS);
    memset(long_one, 'x', sizeof long_one);
    for (int i = 0; i < 40; i++) {
        snprintf(name, sizeof name, "%02d.csv", i);
        if (i < 7)
            bytes_write(&f, name, long_one, sizeof long_one);
        else
            file_write(&f, name, i < 9 || i == 31 ? "\x1f\x8b\x08 is no gzip" : "a,bee\n1,2\n");
    }
    check_int(source_list_read(&f.d->feeds[0], f.dir, &f.list, &f.error), ERR_CORRUPT);
    check(strstr(f.error.text, "07.csv") != NULL);
    check_int(f.list.count, 0);
    for (int i = 0; i < 40; i++) {
        snprintf(path, sizeof path, "%s/%02d.csv", f.dir, i);
        unlink(path);
    }
    fixture_close(&f);
}

TEST(source, lists_files_in_byte_order_and_finds_copies)
{
    struct fixture f;
    fixture_open(&f, CSV COLUMNS);
    file_write(&f, "b.csv", "a,bee\n1,2\n3,4");
    file_write(&f, "a.csv", "a,bee\n");
    file_write(&f, "Z.csv", "a,bee\n1,2\n3,4");
    check_int(source_list_read(&f.d->feeds[0], f.dir, &f.list, &f.error), 0);
    check_int(f.list.count, 3);
    check_str(f.list.files[0].name, "Z.csv");
    check_str(f.list.files[1].name, "a.csv");
    check_str(f.list.files[2].same_as, "Z.csv");
    check(f.list.files[0].same_as == NULL);
    check_int(f.list.files[0].lines, 3);
    check_int(f.list.files[1].lines, 1);
    check_int(f.list.files[0].bytes, 13);
    check_int(f.list.bytes, 13 + 6);
    check_int(f.list.lines, 4);
    check_str(f.list.files[1].digest, "e3d1cb945dddc9491fa08189b8c917da3f2d8bb8a36ef122c2bfce0ce28a44b2");
    fixture_close(&f);
}

TEST(source, a_file_that_was_written_anew_with_the_same_size_is_an_error_at_its_end)
{
    struct fixture f;
    char path[200];
    fixture_open(&f, CSV COLUMNS);
    snprintf(path, sizeof path, "%s/a.csv", f.dir);
    file_write(&f, "a.csv", "a,bee\n1,2\n");
    check_int(source_list_read(&f.d->feeds[0], f.dir, &f.list, &f.error), 0);
    const struct timespec later[2] = {{.tv_sec = 4000000000}, {.tv_sec = 4000000000}}; /* whatever the clock's ticks */
    check_int(utimensat(AT_FDCWD, path, later, 0), 0);
    check_str(records(&f, 0), "6/2/2/0/0:1,2\n"); /* the same bytes */
    file_write(&f, "a.csv", "a,bee\n1,3\n");
    const char *text = records(&f, 0);
    if (!strstr(text, "a.csv: the file changed while it was read: other bytes are in it now")) unit_fail("%s", text);
    fixture_close(&f);
}

TEST(source, only_matching_regular_files)
{
    struct fixture f;
    char path[200];
    fixture_open(&f, CSV COLUMNS);
    snprintf(path, sizeof path, "%s/folder.csv", f.dir);
    check_int(mkdir(path, 0700), 0);
    check_int(source_list_read(&f.d->feeds[0], f.dir, &f.list, &f.error), ERR_NOTFOUND);
    check(
        strstr(f.error.text, "no file here matches \"*.csv\" (source.glob of s.json), only the folder \"folder.csv\""));
    rmdir(path);
    snprintf(path, sizeof path, "%s/lost.csv", f.dir);
    f.error.text[0] = '\0';
    check_int(symlink("nowhere", path), 0);
    check_int(source_list_read(&f.d->feeds[0], f.dir, &f.list, &f.error), ERR_NOTFOUND);
    check(strstr(f.error.text, "/lost.csv: cannot be read: No such file") != NULL);
    f.error.text[0] = '\0';
    unlink(path);
    check_int(mkfifo(path, 0600), 0);
    check_int(source_list_read(&f.d->feeds[0], f.dir, &f.list, &f.error), ERR_INVALID);
    check(strstr(f.error.text, "/lost.csv: is no regular file") != NULL);
    unlink(path);
    snprintf(path, sizeof path, "%s/caf\xe9.csv", f.dir);
    file_write(&f, "caf\xe9.csv", "a,B\n");
    f.error.text[0] = '\0';
    check_int(source_list_read(&f.d->feeds[0], f.dir, &f.list, &f.error), ERR_INVALID);
    check(strstr(f.error.text, "/caf\xe9.csv: the name of a file must be UTF-8") != NULL);
    unlink(path);
    fixture_close(&f);
}

TEST(source, a_missing_folder_is_named)
{
    struct fixture f;
    fixture_open(&f, CSV COLUMNS);
    check_int(source_list_read(&f.d->feeds[0], "/no/such/folder", &f.list, &f.error), ERR_NOTFOUND);
    check(strstr(f.error.text, "/no/such/folder: No such file") != NULL);
    fixture_close(&f);
}

TEST(source, records_know_where_they_stand)
{
    struct fixture f;
    fixture_open(&f, CSV COLUMNS);
    file_write(&f, "1.csv",
               "\xef\xbb\xbf"
               "a,bee\r\n1,2\r\n\r\n\"x\ny\",3\n4,5");
    file_write(&f, "2.csv", "c,B,a\n0,2,1\n");
    file_write(&f, "3.csv", "");
    check_int(source_list_read(&f.d->feeds[0], f.dir, &f.list, &f.error), 0);
    check_str(records(&f, 0), "10/2/2/0/0:1,2\n17/4/2/0/0:\"x\ny\",3\n25/6/2/0/0:4,5\n");
    check_str(records(&f, 1), "6/2/3:2,1/0/0:0,2,1\n");
    check_str(records(&f, 2), "");
    fixture_close(&f);
}

TEST(source, a_column_may_be_found_by_its_number)
{
    struct fixture f;
    fixture_open(&f, CSV "\"columns\": [{\"name\": \"a\", \"field\": 2, \"type\": \"text\"}]");
    file_write(&f, "1.csv", "x,x\n1,2\n");
    file_write(&f, "2.csv", "x\n1\n");
    check_int(source_list_read(&f.d->feeds[0], f.dir, &f.list, &f.error), 0);
    check_str(records(&f, 0), "4/2/2:1/0/0:1,2\n");
    check(strstr(records(&f, 1), "2.csv: the header has 1 columns, no number 2 (source.columns[0] of s.json)"));
    fixture_close(&f);
}

TEST(source, comments_and_leading_lines_are_no_records)
{
    struct fixture f;
    fixture_open(&f, CSV "\"skip_lines\": 1, \"comment_prefix\": \"#\", " COLUMNS);
    file_write(&f, "1.csv", "exported today\n# about\na,B\n1,2\n#3,4\n5,6\n");
    check_int(source_list_read(&f.d->feeds[0], f.dir, &f.list, &f.error), 0);
    check_str(records(&f, 0), "27/4/2/0/0:1,2\n36/6/2/0/0:5,6\n");
    fixture_close(&f);
}

TEST(source, facts_of_the_file_in_its_order)
{
    struct fixture f;
    fixture_open(&f, "\"format\": \"csv\", \"glob\": \"*\", \"header\": false, \"time\": \"t\", "
                     "\"in_file\": {\"repeats\": true, \"lateness\": true}, "
                     "\"columns\": [{\"name\": \"t\", \"field\": 1, \"type\": \"timestamp\", \"format\": \"%s\"}]");
    file_write(&f, "x", "100\n90\n100\nbad\n130\n90\n");
    check_int(source_list_read(&f.d->feeds[0], f.dir, &f.list, &f.error), 0);
    check_str(records(&f, 0),
              "0/1//0/0:100\n4/2//0/10:90\n7/3//1/0:100\n11/4//0/0:bad\n15/5//0/0:130\n19/6//1/40:90\n");
    fixture_close(&f);
}

/* Reads file 0 again and lets a row parser find what the reader leaves to it: "late/violations" of every record. */
static const char *latenesses_parsed(struct fixture *f)
{
    static char out[200];
    const struct feed *feed = &f->d->feeds[0];
    struct row_parser *parser = row_parser_new(feed);
    struct arena arena = {0};
    struct source_reader *r;
    struct record record;
    struct row row;
    int n = 0;
    check_int(source_open(feed, f->dir, &f->list.files[0], &r, &f->error), 0);
    struct lateness *lateness = source_lateness(r);
    while (source_next(r, &record, &f->error) == 1) {
        check_int(record.late_s, 0);
        row_parse_in_order(parser, &record, lateness, &arena, &row);
        n += snprintf(out + n, sizeof out - (size_t)n, "%d/%d ", (int)row.values[feed->builtin + BUILTIN_LATE_S].i,
                      row.violation_count);
    }
    source_close(r);
    row_parser_free(parser);
    arena_release(&arena);
    return out;
}

TEST(source, lateness_is_left_to_the_parser)
{
    struct fixture f;
    fixture_open(&f, "\"format\": \"csv\", \"glob\": \"*\", \"header\": false, \"time\": \"hour\", "
                     "\"in_file\": {\"lateness\": true}, "
                     "\"columns\": [{\"name\": \"x\", \"field\": 1, \"type\": \"timestamp\", \"format\": \"%s\"}]}, "
                     "\"derive\": [{\"name\": \"hour\", \"expr\": \"hour_start(x)\"}], \"comment\": {\"a\": 1");
    file_write(&f, "x", "7200\n3500\nbad\n1,2\n9999\n3700\n");
    check_int(source_list_read(&f.d->feeds[0], f.dir, &f.list, &f.error), 0);
    check_str(records(&f, 0), "0/1//0/0:7200\n5/2//0/7200:3500\n10/3//0/0:bad\n14/4//0/7200:1,2\n18/5//0/0:9999\n"
                              "23/6//0/3600:3700\n");
    check_str(latenesses_parsed(&f), "0/0 7200/0 0/1 7200/0 0/0 3600/0 ");
    fixture_close(&f);
}

TEST(source, a_mark_of_utf_8_in_a_file_of_another_encoding_is_an_error)
{
    struct fixture f;
    fixture_open(&f, CSV "\"encoding\": \"windows-1252\", " COLUMNS);
    file_write(&f, "1.csv",
               "\xef\xbb\xbf"
               "a,bee\n1,2\n");
    check_int(source_list_read(&f.d->feeds[0], f.dir, &f.list, &f.error), 0);
    check(strstr(records(&f, 0), "1.csv: begins with the byte order mark of UTF-8, which is not windows-1252 "
                                 "(source.encoding of s.json)"));
    fixture_close(&f);
}

TEST(source, errors_name_file_and_place)
{
    struct fixture f;
    fixture_open(&f, CSV COLUMNS);
    file_write(&f, "1.csv", "a;bee\n1;2\n");
    file_write(&f, "2.csv", "a,bee\n1,2\n3,caf\xe9\n");
    file_write(&f, "3.csv", "a,bee,a\n1,2,3\n");
    file_write(&f, "4.csv", "a,bee\n1,2\n");
    check_int(source_list_read(&f.d->feeds[0], f.dir, &f.list, &f.error), 0);
    check(strstr(records(&f, 0), "1.csv: the header has no column \"a\" (source.columns[0] of s.json); it has: "
                                 "\"a;bee\"; is the delimiter \";\"?"));
    f.error.text[0] = '\0';
    check(strstr(records(&f, 1), "2.csv: line 3, byte offset 15: the byte E9 is not utf-8 (source.encoding of s.json); "
                                 "is the file windows-1252?"));
    f.error.text[0] = '\0';
    check(strstr(records(&f, 2), "3.csv: the header has the column of a (source.columns[0] of s.json) more than once"));
    f.error.text[0] = '\0';
    file_write(&f, "4.csv", "a,bee\n1,2\n3,4\n");
    check(strstr(records(&f, 3), "4.csv: the file changed while it was read"));
    fixture_close(&f);
}

/* The error of one file with this content. */
static void check_content_refused(const char *content, const char *part)
{
    struct fixture f;
    fixture_open(&f, CSV COLUMNS);
    file_write(&f, "1.csv", content);
    check_int(source_list_read(&f.d->feeds[0], f.dir, &f.list, &f.error), 0);
    const char *said = records(&f, 0);
    if (!strstr(said, part)) unit_fail("\"%s\" is not in \"%s\"", part, said);
    fixture_close(&f);
}

/* What comes of the only file, which has nothing but this header, under "drift": `declared`. */
static const char *drift(const char *declared, const char *header)
{
    static char said[1024];
    struct fixture f;
    char source[600], content[200];
    snprintf(source, sizeof source, CSV "%s%s%s" COLUMNS, declared ? "\"drift\": " : "", declared ? declared : "",
             declared ? ", " : "");
    snprintf(content, sizeof content, "%s\n", header);
    fixture_open(&f, source);
    file_write(&f, "1.csv", content);
    check_int(source_list_read(&f.d->feeds[0], f.dir, &f.list, &f.error), 0);
    snprintf(said, sizeof said, "%s", records(&f, 0));
    fixture_close(&f);
    return said;
}

TEST(source, a_header_may_drift_only_as_declared)
{
    const char *strict = "{\"new_column\": \"fail\", \"reordered\": \"fail\"}";
    check_str(drift(NULL, "bee,x,a"), "");
    check_str(drift("{\"new_column\": \"fail\"}", "bee,a"), "");
    check_str(drift("{\"reordered\": \"fail\"}", "x,a,y,bee"), "");
    check_str(drift("{\"missing_column\": \"ignore\"}", "x"), "");
    check(strstr(drift("{\"missing_column\": \"fail\"}", "bee"), "the header has no column \"a\""));
    check_str(drift(strict, "a , bee"), "");
    check_str(drift(strict, "a,bee,B"), ""); /* two names of one column: the second is known */
    check(strstr(drift(strict, "a,bee,x"),
                 "1.csv: the header has a new column \"x\", number 3: no column of source p of s.json reads it"));
    check(strstr(drift(strict, "bee,a"),
                 "1.csv: the header has the column of b ahead of that of a (source.columns[1] of s.json)"));
}

TEST(source, what_a_file_may_be_instead)
{
    check_content_refused("\xff\xfe\xe9", "the byte FF is not utf-8 (source.encoding of s.json); is the file UTF-16?");
    check_content_refused("a,Bee\n1,2\n", "it has: \"a\", \"Bee\"; letter case counts");
    check_content_refused("a;bee\r1;2\r", "do its lines end with CR alone?");
}

TEST(source, an_access_log_keeps_going_after_bad_bytes)
{
    struct fixture f;
    fixture_open(&f, "\"format\": \"access_log\", \"layout\": \"common\", \"glob\": \"*\"");
    file_write(&f, "log", "one\n\xff\xfe\n\nfour");
    check_int(source_list_read(&f.d->feeds[0], f.dir, &f.list, &f.error), 0);
    check_str(records(&f, 0), "0/1//0/0:one\n4/2//0/0:\xff\xfe\n7/3//0/0:\n8/4//0/0:four\n");
    fixture_close(&f);
}

/* In formats where bytes without a meaning reject a line, every line of such a file would be rejected. */
TEST(source, utf16_that_nobody_declared_stops_a_format_that_rejects_bytes)
{
    static const struct {
        const char *source, *content, *said;
        size_t n;
    } cases[] = {
        {"\"format\": \"access_log\", \"layout\": \"common\"",
         "\xff\xfe"
         "1\0.\0",
         "f: begins with the byte order mark of UTF-16, which is not utf-8 (source.encoding of s.json); is the file "
         "UTF-16? then say \"encoding\": \"utf-16\"",
         6},
        {"\"format\": \"access_log\", \"layout\": \"common\"",
         "\xfe\xff\0"
         "1\0.",
         "is the file UTF-16?", 6},
        {"\"format\": \"access_log\", \"layout\": \"common\"", "\xff\xfe", "is the file UTF-16?", 2},
        {"\"format\": \"access_log\", \"layout\": \"common\"",
         "\xff\xfe"
         "12\0",
         "0/1//0/0:", 5},
        {"\"format\": \"ndjson\", \"on_bad_encoding\": \"reject\""
         ", \"columns\": [{\"name\": \"id\", \"type\": \"text\"}]",
         "\xff\xfe{\0}\0", "is the file UTF-16?", 6},
        {"\"format\": \"ndjson\", \"encoding\": \"windows-1252\""
         ", \"columns\": [{\"name\": \"id\", \"type\": \"text\"}]",
         "\xff\xfe{\0}\0", "which is not windows-1252", 6},
        {"\"format\": \"json\", \"records\": \"$\", \"on_bad_encoding\": \"reject\""
         ", \"columns\": [{\"name\": \"id\", \"type\": \"text\"}]",
         "\xff\xfe[\0]\0", "then convert it to UTF-8 first", 6},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fixture f;
        char source[300];
        snprintf(source, sizeof source, "\"glob\": \"f\", %s", cases[i].source);
        fixture_open(&f, source);
        bytes_write(&f, "f", cases[i].content, cases[i].n);
        check_int(source_list_read(&f.d->feeds[0], f.dir, &f.list, &f.error), 0);
        const char *said = records(&f, 0);
        if (!strstr(said, cases[i].said)) unit_fail("%d: \"%s\" is not in \"%s\"", (int)i, cases[i].said, said);
        fixture_close(&f);
    }
}

/* With a mapping of the file this ended the process (SIGBUS): the records lie on pages behind its new end. */
TEST(source, a_file_that_is_cut_after_it_was_opened_is_read_as_it_was)
{
    enum { LINES = 3000 };
    struct fixture f;
    struct buf text = {0};
    struct record record;
    struct source_reader *r;
    char path[200];
    int count = 0;
    fixture_open(&f, CSV COLUMNS);
    buf_append_str(&text, "a,bee\n");
    for (int i = 0; i < LINES; i++) buf_append_str(&text, "one,two\n");
    file_write(&f, "1.csv", buf_cstr(&text));
    buf_release(&text);
    check_int(source_list_read(&f.d->feeds[0], f.dir, &f.list, &f.error), 0);
    check_int(source_open(&f.d->feeds[0], f.dir, &f.list.files[0], &r, &f.error), 0);
    snprintf(path, sizeof path, "%s/1.csv", f.dir);
    check_int(truncate(path, 0), 0);
    while (source_next(r, &record, &f.error) == 1) count++;
    check_int(count, LINES);
    source_close(r);
    fixture_close(&f);
}

/* --- files that are read again when they have grown --- */

/* As `records`, of the only file, from an offset on; "~" stands before what is not final. */
static const char *grown_records(struct fixture *f, uint64_t from, const char *written_meanwhile)
{
    static char out[1000];
    struct source_reader *r;
    struct record record;
    size_t n = 0;
    int got;
    out[0] = '\0';
    source_list_release(&f->list);
    check_int(source_list_read(&f->d->feeds[0], f->dir, &f->list, &f->error), 0);
    f->list.files[0].from = from;
    f->list.files[0].grows = true;
    if (written_meanwhile) file_write(f, f->list.files[0].name, written_meanwhile);
    if (source_open(&f->d->feeds[0], f->dir, &f->list.files[0], &r, &f->error) != 0) return f->error.text;
    while ((got = source_next(r, &record, &f->error)) == 1)
        n += (size_t)snprintf(out + n, sizeof out - n, "%s%d/%d:%.*s ", source_tentative(r) ? "~" : "",
                              (int)record.at.byte_offset, (int)record.at.line, (int)record.raw.n,
                              (const char *)record.raw.p);
    source_close(r);
    return got < 0 ? f->error.text : out;
}

TEST(source, a_line_without_an_end_is_not_final)
{
    struct fixture f;
    fixture_open(&f, CSV COLUMNS);
    file_write(&f, "a.csv", "a,bee\n1,2\n3,4");
    check_str(grown_records(&f, 0, NULL), "6/2:1,2 ~10/3:3,4 ");
    file_write(&f, "a.csv", "a,bee\n1,2\n3,45\n");
    check_str(grown_records(&f, 10, NULL), "10/3:3,45 ");
    check_str(grown_records(&f, 11, NULL), "");
    fixture_close(&f);
}

TEST(source, nor_is_what_stands_behind_an_open_quote)
{
    struct fixture f;
    fixture_open(&f, CSV COLUMNS);
    file_write(&f, "a.csv", "a,bee\n1,\"x\"\n\"2,3\n4,5\n");
    check_str(grown_records(&f, 0, NULL), "6/2:1,\"x\" ~12/3:\"2,3 ~17/4:4,5 ");
    file_write(&f, "a.csv", "a,bee\n1,\"x\"\n\"2,3\n4,5\n\",6\n");
    check_str(grown_records(&f, 12, NULL), "12/3:\"2,3\n4,5\n\",6 ");
    fixture_close(&f);
}

TEST(source, a_file_that_grows_is_read_to_where_it_ended)
{
    struct fixture f;
    fixture_open(&f, CSV COLUMNS);
    file_write(&f, "a.csv", "a,bee\n1,2\n3,4");
    /* Its last line is being written: it is not whole. */
    check_str(grown_records(&f, 0, "a,bee\n1,2\n3,45\n6,7\n"), "6/2:1,2 ");
    check_str(grown_records(&f, 10, "a,bee\n1,2\n3,45\n6,7\n8,9\n"), "10/3:3,45 15/4:6,7 ");
    check(strstr(grown_records(&f, 0, "a,bee\n"), "the file changed while it was read") != NULL);
    fixture_close(&f);
}

TEST(source, what_records_know_of_those_before_does_not_depend_on_where_reading_begins)
{
    struct fixture f;
    fixture_open(&f, CSV "\"in_file\": {\"repeats\": true}, " COLUMNS);
    file_write(&f, "a.csv", "a,bee\n1,2\n3,4\n1,2\n");
    check_int(source_list_read(&f.d->feeds[0], f.dir, &f.list, &f.error), 0);
    f.list.files[0].from = 14;
    f.list.files[0].grows = true;
    check_str(records(&f, 0), "14/4/2/1/0:1,2\n");
    fixture_close(&f);
}

TEST(source, the_digest_of_a_beginning)
{
    struct fixture f;
    char digest[65];
    fixture_open(&f, CSV COLUMNS);
    file_write(&f, "a.csv", "a,bee\n1,2\n");
    check_int(source_list_read(&f.d->feeds[0], f.dir, &f.list, &f.error), 0);
    check_int(source_prefix_digest(f.dir, &f.list.files[0], 6, digest, &f.error), 0);
    check_str(digest, "e3d1cb945dddc9491fa08189b8c917da3f2d8bb8a36ef122c2bfce0ce28a44b2");
    fixture_close(&f);
}

/* What a reader gives that stays open while the file becomes each of these; "|" stands between. */
static const char *followed_records(struct fixture *f, const char *const *contents, bool finished)
{
    static char out[1000];
    struct source_file file = {.name = "a.csv", .grows = true, .follows = true};
    struct source_reader *r = NULL;
    struct record record;
    size_t n = 0;
    int got = 0;
    for (int i = 0; contents[i] && got >= 0; i++) {
        file_write(f, "a.csv", contents[i]);
        file.bytes = strlen(contents[i]);
        file.follows = !finished || contents[i + 1];
        if (r)
            source_extend(r, file.bytes);
        else
            got = source_open(&f->d->feeds[0], f->dir, &file, &r, &f->error);
        while (r && (got = source_next(r, &record, &f->error)) == 1)
            n += (size_t)snprintf(out + n, sizeof out - n, "%d/%d:%.*s ", (int)record.at.byte_offset,
                                  (int)record.at.line, (int)record.raw.n, (const char *)record.raw.p);
        n += (size_t)snprintf(out + n, sizeof out - n, "|");
    }
    source_close(r);
    return got < 0 ? f->error.text : out;
}

TEST(source, a_followed_file_gives_what_is_whole)
{
    struct fixture f;
    fixture_open(&f, CSV COLUMNS);
    static const char *const grown[] = {"a,b",
                                        "a,bee\n",
                                        "a,bee\n1,2\n3,4",
                                        "a,bee\n1,2\n3,45\r",
                                        "a,bee\n1,2\n3,45\r\n\n",
                                        "a,bee\n1,2\n3,45\r\n\n5,\"x\n",
                                        "a,bee\n1,2\n3,45\r\n\n5,\"x\ny\"\n6,7",
                                        NULL};
    check_str(followed_records(&f, grown, false), "||6/2:1,2 ||10/3:3,45 ||17/5:5,\"x\ny\" |");
    check_str(followed_records(&f, grown, true), "||6/2:1,2 ||10/3:3,45 ||17/5:5,\"x\ny\" 25/7:6,7 |");
    fixture_close(&f);
}

TEST(source, so_do_its_first_lines)
{
    struct fixture f;
    fixture_open(&f, CSV "\"skip_lines\": 2, \"comment_prefix\": \"##\", " COLUMNS);
    static const char *const grown[] = {"x\n",
                                        "x\ny",
                                        "x\ny\n",
                                        "x\ny\n##",
                                        "x\ny\n## c\n",
                                        "x\ny\n## c\na,bee\n#",
                                        "x\ny\n## c\na,bee\n# 1,2\n## d",
                                        "x\ny\n## c\na,bee\n# 1,2\n## de\n3,4\n",
                                        NULL};
    check_str(followed_records(&f, grown, false), "||||||15/5:# 1,2 |27/7:3,4 |");
    fixture_close(&f);
}
