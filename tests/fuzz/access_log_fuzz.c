/* access_log_fuzz - any bytes as lines of a web server's log, by every layout.
 *
 * What fits must be the line: the fields with the texts between them, put together, give it back. And no
 * line may trouble the row parser. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "etl/parse.h"
#include "etl/source/access_log.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const LAYOUTS[] = {
    "{client} {ident} {user} [{time}] \"{request+}\" {status} {bytes}",
    "{client} {ident} {user} [{time}] \"{request}\" {status} {bytes} \"{referer}\" \"{agent}\"",
    "{site+}:{port} {client} {ident} {user} [{time}] \"{request}\" {status} {bytes} \"{referer}\" \"{agent}\"",
    "{time}|{client}|{request}|took={took}s",
};
enum { LAYOUT_COUNT = sizeof LAYOUTS / sizeof *LAYOUTS };

struct log {
    const struct log_layout *layout;
    struct definition *definition; /* the parser points into it */
    struct row_parser *parser;
};

static struct log *log_of(int i)
{
    static struct log logs[LAYOUT_COUNT];
    static struct arena arena;
    if (logs[i].layout) return &logs[i];
    struct document doc = {.file = "fuzz", .arena = &arena};
    json_t *json =
        json_pack("{s:s, s:i, s:{s:s, s:s, s:s, s:b}, s:[{s:s}]}", "pipeline", "p", "version", 1, "source", "format",
                  "access_log", "glob", "*", "layout", LAYOUTS[i], "trim", 1, "tables", "name", "t");
    char *text = json_dumps(json, 0);
    struct definition **d = &logs[i].definition;
    json_t *layout = json_string(LAYOUTS[i]);
    struct err_text error = {{0}};
    logs[i].layout = log_layout_read((struct node){&doc, layout, "layout"});
    /* The last layout has a time without the usual pattern: only the splitter sees it. */
    if (definition_parse(slice_str(text), "fuzz", d, &error) == 0) logs[i].parser = row_parser_new(&(*d)->feeds[0]);
    assert(logs[i].layout && logs[i].parser);
    json_decref(layout);
    json_decref(json);
    free(text);
    return &logs[i];
}

/* Writes the layout with the fields in their places. */
static void line_again(const char *layout, const struct slice *fields, struct buf *out)
{
    for (int i = 0; *layout; layout++) {
        if (*layout != '{')
            buf_append_byte(out, (uint8_t)*layout);
        else {
            buf_append_slice(out, fields[i++]);
            layout = strchr(layout, '}');
        }
    }
}

static void line_check(int i, struct slice line, struct arena *arena)
{
    struct slice fields[LOG_FIELDS_MAX + 4];
    struct log *log = log_of(i);
    struct row row;
    struct record record = {.at = {SLICE_LIT("f"), 0, 1, 1}, .raw = line};
    bool fits = log_split(log->layout, line, false, arena, fields);
    if (fits) {
        struct buf again = {0};
        line_again(LAYOUTS[i], fields, &again);
        assert(slice_equal(buf_slice(&again), line));
        buf_release(&again);
        log_split(log->layout, line, true, arena, fields);
    }
    row_parse(log->parser, &record, arena, &row);
    assert(fits || row.bucket == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = {0};
    while (size) {
        const uint8_t *end = memchr(data, '\n', size);
        size_t n = end ? (size_t)(end - data) : size;
        for (int i = 0; i < LAYOUT_COUNT; i++) line_check(i, slice_of(data, n), &arena);
        arena_reset(&arena);
        n += end != NULL;
        data += n;
        size -= n;
    }
    arena_release(&arena);
    return 0;
}
