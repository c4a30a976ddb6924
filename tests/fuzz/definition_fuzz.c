/* definition_fuzz - any bytes as a pipeline definition, or as one of its expressions.
 *
 * A definition is refused with a sentence that names the file, or it is complete: then rows are parsed with it.
 * An input that begins with '=' is an expression over a few columns. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "etl/parse.h"
#include "etl/source/format.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const RECORDS[] = {
    "1,two,3.50,2024-12-31 23:59:00",
    "h - - [07/Oct/2024:00:33:22 +0000] \"GET /a?b HTTP/1.1\" 200 17 \"-\" \"agent\"",
    "",
    "\"open",
};

static void rows_parse(const struct feed *feed)
{
    struct arena arena = {0};
    struct row_parser *p = row_parser_new(feed);
    for (size_t i = 0; i < sizeof RECORDS / sizeof *RECORDS; i++) {
        bool headed = strcmp(feed->format->name, "csv") == 0;
        struct record r = {.at = {SLICE_LIT("f.csv"), 7, 2, 2},
                           .raw = slice_str(RECORDS[i]),
                           .layout = headed ? SLICE_LIT("4") : SLICE_LIT("")};
        struct row row;
        row_parse(p, &r, &arena, &row);
        for (int c = 0; c < row.value_count; c++)
            assert(row.values[c].type == VALUE_NULL || row.values[c].type == feed->columns[c].type);
        arena_reset(&arena);
    }
    row_parser_free(p);
    arena_release(&arena);
}

static void expression_check(const char *text)
{
    static const struct expr_column columns[] = {{"i", VALUE_INTEGER, 0}, {"m", VALUE_DECIMAL, 2},
                                                 {"t", VALUE_TEXT, 0},    {"w", VALUE_TIMESTAMP, 0},
                                                 {"d", VALUE_DATE, 0},    {"n", VALUE_TEXT, 0}};
    static const struct value values[] = {{.type = VALUE_INTEGER, .i = 3},
                                          {.type = VALUE_DECIMAL, .i = 250},
                                          {.type = VALUE_TEXT, .text = {(const uint8_t *)"a=b", 3}},
                                          {.type = VALUE_TIMESTAMP, .i = 1700000000},
                                          {.type = VALUE_DATE, .i = 20000},
                                          {.type = VALUE_NULL}};
    struct arena arena = {0};
    struct err_text error = {{0}};
    struct expr *e;
    if (expr_compile(text, &(struct expr_scope){.columns = columns, .count = 6}, &arena, "fuzz", &e, &error) != 0)
        assert(strncmp(error.text, "fuzz: ", 6) == 0 && !e);
    else {
        struct value v;
        enum expr_outcome outcome = expr_evaluate(e, values, &arena, &v);
        assert(v.type == VALUE_NULL || (outcome == EXPR_OK && v.type == expr_type(e)));
        expr_release(e);
    }
    arena_release(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct definition *d;
    struct err_text error = {{0}};
    if (size && data[0] == '=') {
        char *text = strndup((const char *)data + 1, size - 1);
        expression_check(text);
        free(text);
    } else if (definition_parse(slice_of(data, size), "fuzz", &d, &error) == 0) {
        for (int i = 0; i < d->feed_count; i++) rows_parse(&d->feeds[i]);
        definition_free(d);
    } else
        assert(strncmp(error.text, "fuzz:", 5) == 0 && !d);
    return 0;
}
