#include "etl/batch/reading.h"

#include <unistd.h>

#include "etl/admission.h"
#include "etl/engine_try_test.h"
#include "tests/unit.h"

/* Two files of many pages, a copy of the first, an empty one; `bad` has bytes of no encoding near its end. */
enum { ROWS = READING_ROWS * (READING_PAGES + 3) + 5 };

static const char *const PIPELINE =
    "{\"pipeline\": \"p\", \"version\": 1, \"source\": {\"format\": \"csv\", \"glob\": \"*\", \"header\": false, "
    "\"columns\": [{\"name\": \"n\", \"field\": 1, \"type\": \"integer\"}], \"on_bad_encoding\": \"fail\"}, "
    "\"rules\": [{\"rule\": \"unique\", \"name\": \"same\", \"columns\": \"n\"}], "
    "\"tables\": [{\"name\": \"t\", \"columns\": [\"n\"]}]}";

static struct tried {
    char dir[32];
    struct definition *definition;
    struct source_lists lists;
    sqlite3 *db;
    struct engine *engine;
    struct source_notes *notes;
    struct reading *reading;
} t;

static void file_write(const char *name, int first, const char *last)
{
    char path[64];
    snprintf(path, sizeof path, "%s/%s", t.dir, name);
    FILE *f = fopen(path, "w");
    check(f);
    for (int i = 0; i < ROWS && last; i++) fprintf(f, "%d\n", first + i);
    if (last) fputs(last, f);
    fclose(f);
}

static void begin(const char *end_of_b)
{
    struct err_text error = {0};
    t = (struct tried){.dir = "/tmp/reading_test.XXXXXX", .definition = try_definition(PIPELINE)};
    check(mkdtemp(t.dir));
    file_write("a", 0, "");
    file_write("b", ROWS, end_of_b);
    file_write("c", 0, "");
    file_write("d", 0, NULL);
    check_int(source_lists_look(t.definition, t.dir, &t.lists, &error), 0);
    check_int(sqlite3_open(":memory:", &t.db), SQLITE_OK);
    t.notes = source_notes_new(t.definition);
    t.engine = try_opened(t.definition, t.db, ENGINE_FRESH);
    t.reading = reading_start(&t.lists, t.dir, t.engine, t.notes);
}

static void end(void)
{
    static const char *const names[] = {"a", "b", "c", "d"};
    reading_stop(t.reading);
    source_notes_free(t.notes);
    engine_close(t.engine);
    sqlite3_close(t.db);
    source_lists_release(&t.lists);
    definition_free(t.definition);
    check(chdir(t.dir) == 0);
    for (int i = 0; i < 4; i++) unlink(names[i]);
    rmdir(t.dir);
}

/* The records of a page are those behind `*at`, and they go into the engine. */
static void page_look(const struct reading_page *page, int *at)
{
    for (int i = 0; i < page->count; i++) check_int(page->rows[i]->row.values[0].i, (*at)++);
    check_int(engine_judged(t.engine, page->rows, page->count), 0);
}

TEST(reading, files_and_records_come_in_order)
{
    struct err_text error = {0};
    const struct reading_page *page;
    int begun = 0, ended = 0, at = 0, result;
    begin("");
    while ((result = reading_next(t.reading, &page, &error)) == 1) {
        begun += page->begins;
        check_int(page->file->name[0], 'a' + ended);
        page_look(page, &at);
        ended += page->ends;
    }
    check_int(result, 0);
    check_int(begun, 4);
    check_int(ended, 4);
    check_int(at, 2 * ROWS);
    check_int(engine_counts(t.engine)->records, 2 * ROWS);
    end();
}

TEST(reading, an_error_comes_behind_the_records_before_it)
{
    struct err_text error = {0};
    const struct reading_page *page;
    int at = 0, result;
    begin("\xff\n");
    while ((result = reading_next(t.reading, &page, &error)) == 1) page_look(page, &at);
    check_int(result, ERR_CORRUPT);
    check(strstr(error.text, "the byte FF is not utf-8"));
    check_int(at, 2 * ROWS);
    end();
}

TEST(reading, large_records_do_not_fill_many_pages)
{
    struct err_text error = {0};
    const struct reading_page *page;
    char line[8192];
    int most = 0, count = 0;
    snprintf(line, sizeof line, "%0*d\n", (int)sizeof line - 2, 5);
    begin("");
    reading_stop(t.reading);
    char path[64];
    snprintf(path, sizeof path, "%s/d", t.dir);
    FILE *f = fopen(path, "w");
    check(f);
    for (int i = 0; i < READING_ROWS; i++) fputs(line, f);
    fclose(f);
    source_lists_release(&t.lists);
    check_int(source_lists_look(t.definition, t.dir, &t.lists, &error), 0);
    t.reading = reading_start(&t.lists, t.dir, t.engine, t.notes);
    while (reading_next(t.reading, &page, &error) == 1) {
        if (page->file->name[0] != 'd') continue;
        count += page->count;
        if (page->count > most) most = page->count;
    }
    check_int(count, READING_ROWS);
    check_int(most, READING_BYTES / (sizeof line - 2) + 1);
    end();
}

TEST(reading, it_may_be_left_at_any_time)
{
    struct err_text error = {0};
    const struct reading_page *page;
    begin("");
    check_int(reading_next(t.reading, &page, &error), 1);
    end();
}
