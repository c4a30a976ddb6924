/* log_format_fuzz - any text as the log format of a server: refused with a sentence, or a layout that log_layout_of
 * takes or refuses, and that lines can be split by. */
#include <assert.h>
#include <string.h>

#include "etl/source/access_log.h"
#include "etl/source/log_format.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void line_check(const struct log_layout *layout, struct arena *arena)
{
    static const char *const lines[] = {
        "1.2.3.4 - - [07/Oct/2024:00:33:22 +0000] \"GET /a HTTP/1.1\" 200 17 \"-\" \"agent\"", "", "{\"a\": 1}"};
    struct slice fields[LOG_FIELDS_MAX + 4];
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        log_split(layout, slice_str(lines[i]), true, arena, fields);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = {0};
    struct err_text error = {{0}};
    struct document doc = {.file = "fuzz", .arena = &arena, .error = &error};
    struct log_format format;
    const char *text = arena_str(&arena, slice_of(data, size)), *wrong = log_format_read(text, &arena, &format);
    assert(!wrong || *wrong);
    if (!wrong) {
        assert(strchr(format.layout, '{'));
        const struct log_layout *layout = log_layout_of((struct node){&doc, NULL, "log_format"}, format.layout);
        assert(layout || error.text[0]);
        if (layout) line_check(layout, &arena);
    }
    arena_release(&arena);
    return 0;
}
