#include "etl/stream/merge.h"

#include <unistd.h>

#include "tests/unit.h"

#define COLUMNS                                                                                                        \
    "\"time\": \"at\", \"columns\": [{\"name\": \"at\", \"field\": 1, \"type\": \"timestamp\", \"format\": \"%s\"}, "  \
    "{\"name\": \"id\", \"field\": 2, \"type\": \"text\"}]"
static const char definition[] =
    "{\"pipeline\": \"p\", \"version\": 1, \"sources\": ["
    "{\"name\": \"b\", \"format\": \"csv\", \"glob\": \"b*\", \"header\": false, " COLUMNS "}, "
    "{\"name\": \"a\", \"format\": \"csv\", \"glob\": \"a*\", \"header\": false, " COLUMNS "}], "
    "\"tables\": [{\"name\": \"x\", \"from\": \"a\"}, {\"name\": \"y\", \"from\": \"b\"}]}";

static const struct {
    const char *name, *text;
} files[] = {
    {"a1", "10,p\n40,q\n20,late\nwrong,r\n50,s\n"}, /* late, and without a time: due with what stands before */
    {"a2", "none,t\n40,u\n"},                       /* due at once */
    {"b1", "60,v\n"},                               /* opened when all else is done */
    {"b2", "40,w\n40,x\n"},
    {"b3", ""},
    {"b4", "60,v\n"}, /* the same bytes as b1 */
};
enum { FILES = sizeof files / sizeof *files };

TEST(merge, by_due_time_then_source_file_and_position)
{
    char dir[] = "/tmp/millrace-merge-XXXXXX", path[64];
    struct definition *d;
    struct source_lists lists;
    struct merge *m;
    struct record r;
    struct buf order = {0};
    struct err_text error = {{0}};
    int64_t time_s;
    int result;
    check(mkdtemp(dir) != NULL);
    for (int i = 0; i < FILES; i++) {
        snprintf(path, sizeof path, "%s/%s", dir, files[i].name);
        FILE *f = fopen(path, "w");
        check(f != NULL);
        fputs(files[i].text, f);
        fclose(f);
    }
    if (definition_parse(slice_str(definition), "d.json", &d, &error) != 0) unit_fail("%s", error.text);
    struct source_notes *notes = source_notes_new(d);
    check_int(source_lists_read(d, dir, &lists, &error), 0);
    check_int(merge_open(dir, &lists, notes, &m, &error), 0);
    while ((result = merge_next(m, &r, &time_s, &error)) == 1)
        buf_printf(&order, "%c%lld ", r.raw.p[r.raw.n - 1], time_s == INT64_MIN ? -1 : (long long)time_s);
    check_int(result, 0);
    check_str(buf_cstr(&order), "t-1 p10 w40 x40 q40 e40 r40 u40 s50 v60 ");
    check_int(merge_next(m, &r, &time_s, &error), 0);
    merge_close(m);
    source_notes_free(notes);
    for (int i = 0; i < FILES; i++) {
        snprintf(path, sizeof path, "%s/%s", dir, files[i].name);
        unlink(path);
    }
    check_int(rmdir(dir), 0);
    buf_release(&order);
    source_lists_release(&lists);
    definition_free(d);
}
