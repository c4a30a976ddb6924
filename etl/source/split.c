#include "etl/source/split.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/memory.h"

void splitter_open(struct splitter *s, const struct feed *feed)
{
    *s = (struct splitter){.feed = feed, .spec = feed->spec};
    s->fields = memory_new((CSV_FIELDS_MAX + 1) * sizeof *s->fields);
    s->layout.fields = memory_new((size_t)feed->field_count * sizeof *s->layout.fields);
    if (feed->spec->extra) s->layout.titles = memory_new(CSV_FIELDS_MAX * sizeof *s->layout.titles);
    layout_fixed(feed, &s->layout);
    if (feed->format->splitter_open) feed->format->splitter_open(s);
}

void splitter_close(struct splitter *s)
{
    if (s->feed->format->splitter_close) s->feed->format->splitter_close(s);
    buf_release(&s->layout_text);
    free(s->layout.fields);
    free(s->layout.titles);
    free(s->fields);
}

static bool bytes_wrong(struct splitter *s, struct arena *arena, uint8_t byte, size_t at)
{
    if (encoding_is_wide(s->spec->encoding)) return splitter_wrong(s, arena, at, "half of a character");
    return splitter_refuse(s, arena, "byte %zu: the byte %02X is not %s", at, byte, ENCODING_NAMES[s->spec->encoding]);
}

bool splitter_split(struct splitter *s, const struct record *record, struct arena *arena)
{
    const struct format *format = s->feed->format;
    struct slice text = record->raw;
    size_t bad;
    s->field_count = 0;
    s->wrong = SLICE_LIT("");
    s->drifts = false;
    if (format->plain) {
        if (!encoding_check(s->spec->encoding, text, &bad)) return bytes_wrong(s, arena, text.p[bad], bad);
        text = encoding_decode(s->spec->encoding, text, arena);
    }
    return format->split(s, record, text, arena);
}

bool splitter_fields_are_text(const struct splitter *s)
{
    size_t bad;
    for (int i = 0; i < s->field_count; i++)
        if (s->fields[i].p && !encoding_check(ENCODING_UTF_8, s->fields[i], &bad)) return false;
    return true;
}

bool splitter_wrong(struct splitter *s, struct arena *arena, size_t at, const char *wrong)
{
    s->wrong = slice_str(arena_printf(arena, "byte %zu: %s", at, wrong));
    return false;
}

bool splitter_drifts(struct splitter *s, const char *what)
{
    s->wrong = slice_str(what);
    s->drifts = true;
    return false;
}

bool splitter_refuse(struct splitter *s, struct arena *arena, const char *format, ...)
{
    char text[256];
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    s->wrong = slice_str(arena_copy(arena, text, strlen(text) + 1));
    return false;
}

bool splitter_escapes_wrong(struct splitter *s, struct arena *arena)
{
    return splitter_refuse(s, arena, "its escapes stand for bytes that are not UTF-8");
}
