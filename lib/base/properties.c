/* Two layers, as in java.util.Properties: natural lines are joined to logical lines (comments dropped,
 * a backslash at the end continues), then a logical line is split into key and value and unescaped. */
#include "lib/base/properties.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/memory.h"

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\f';
}

static bool is_line_end(uint8_t c)
{
    return c == '\n' || c == '\r';
}

static void blanks_skip(struct slice *s)
{
    while (s->n && is_blank(s->p[0])) *s = slice_of(s->p + 1, s->n - 1);
}

/* --- lines --- */

/* Takes the next line off `text`; \n, \r and \r\n end one. */
static struct slice natural_line_take(struct slice *text)
{
    size_t n = 0;
    while (n < text->n && !is_line_end(text->p[n])) n++;
    struct slice line = slice_of(text->p, n);
    if (n < text->n) n += text->p[n] == '\r' && n + 1 < text->n && text->p[n + 1] == '\n' ? 2 : 1;
    *text = slice_of(text->p + n, text->n - n);
    return line;
}

static bool is_continued(struct slice line)
{
    size_t backslashes = 0;
    while (backslashes < line.n && line.p[line.n - 1 - backslashes] == '\\') backslashes++;
    return backslashes % 2 == 1;
}

/* The next logical line into `out`; false at the end. `first` gets the line number where it starts,
 * `line` counts on. */
static bool logical_line_take(struct slice *text, struct buf *out, int *line, int *first)
{
    buf_reset(out);
    while (text->n) {
        struct slice part = natural_line_take(text);
        (*line)++;
        blanks_skip(&part);
        if (part.n == 0 || part.p[0] == '#' || part.p[0] == '!') continue;
        *first = *line;
        while (is_continued(part)) {
            buf_append(out, part.p, part.n - 1);
            if (text->n == 0) return true;
            part = natural_line_take(text);
            (*line)++;
            blanks_skip(&part);
        }
        buf_append_slice(out, part);
        return true;
    }
    return false;
}

/* --- escapes --- */

static void utf8_append(struct buf *out, uint32_t c)
{
    if (c < 0x80) {
        buf_append_byte(out, (uint8_t)c);
        return;
    }
    int more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
    static const uint8_t lead[] = {0, 0xc0, 0xe0, 0xf0};
    buf_append_byte(out, (uint8_t)(lead[more] | c >> (6 * more)));
    while (more--) buf_append_byte(out, (uint8_t)(0x80 | (c >> (6 * more) & 0x3f)));
}

/* Four hexadecimal digits at `p`, or -1. */
static int32_t hex4(const uint8_t *p)
{
    int32_t v = 0;
    for (int i = 0; i < 4; i++) {
        uint8_t c = p[i], lower = c | 0x20;
        if (c >= '0' && c <= '9')
            v = v * 16 + (c - '0');
        else if (lower >= 'a' && lower <= 'f')
            v = v * 16 + (lower - 'a' + 10);
        else
            return -1;
    }
    return v;
}

/* The code at `u`, which starts with "uXXXX": 0 when malformed. A UTF-16 pair ("uD83D\uDE00") is one
 * character; `length` is how much was used. */
static uint32_t unicode_escape(struct slice u, size_t *length)
{
    *length = 5;
    int32_t c = u.n >= 5 ? hex4(u.p + 1) : -1;
    if (c <= 0 || (c >= 0xdc00 && c <= 0xdfff)) return 0;
    if (c < 0xd800 || c > 0xdbff) return (uint32_t)c;
    int32_t low = u.n >= 11 && u.p[5] == '\\' && u.p[6] == 'u' ? hex4(u.p + 7) : -1;
    if (low < 0xdc00 || low > 0xdfff) return 0;
    *length = 11;
    return 0x10000 + (((uint32_t)c & 0x3ff) << 10) + ((uint32_t)low & 0x3ff);
}

/* Appends `s` without its escapes and a NUL; false when a \u is malformed or a NUL would be inside. */
static bool unescape(struct slice s, struct buf *out)
{
    static const char from[] = "tnrf", to[] = "\t\n\r\f";
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '\0') return false;
        if (s.p[i] != '\\') {
            buf_append_byte(out, s.p[i]);
            continue;
        }
        if (++i == s.n) break;
        const char *known = s.p[i] ? strchr(from, s.p[i]) : NULL;
        if (s.p[i] == 'u') {
            size_t length;
            uint32_t c = unicode_escape(slice_of(s.p + i, s.n - i), &length);
            if (c == 0) return false;
            utf8_append(out, c);
            i += length - 1;
        } else if (s.p[i] == '\0')
            return false;
        else
            buf_append_byte(out, known ? (uint8_t)to[known - from] : s.p[i]);
    }
    buf_append_byte(out, '\0');
    return true;
}

/* --- entries --- */

/* The key ends at the first =, : or blank that is not escaped. */
static struct slice key_take(struct slice *line)
{
    size_t n = 0;
    if (line->n == 0) return *line; /* a continuation at the end of the text */
    while (n < line->n && !is_blank(line->p[n]) && line->p[n] != '=' && line->p[n] != ':')
        n += line->p[n] == '\\' && n + 1 < line->n ? 2 : 1;
    struct slice key = slice_of(line->p, n);
    *line = slice_of(line->p + n, line->n - n);
    blanks_skip(line);
    if (line->n && (line->p[0] == '=' || line->p[0] == ':')) *line = slice_of(line->p + 1, line->n - 1);
    blanks_skip(line);
    return key;
}

static struct property *property_at(const struct properties *p, const char *key)
{
    for (int i = 0; i < p->count; i++)
        if (strcmp(p->items[i].key, key) == 0) return &p->items[i];
    return NULL;
}

const struct property *properties_find(const struct properties *p, const char *key)
{
    return property_at(p, key);
}

void properties_set(struct properties *p, const char *key, const char *value, const char *origin, int line)
{
    struct property *item = property_at(p, key);
    char *value_copy = memory_str(value), *origin_copy = memory_str(origin);
    if (!item) {
        p->items = memory_grow(p->items, (size_t)p->count + 1, sizeof *p->items);
        item = &p->items[p->count++];
        *item = (struct property){.key = memory_str(key)};
    }
    free(item->value);
    free(item->origin);
    item->value = value_copy;
    item->origin = origin_copy;
    item->line = line;
}

int properties_parse(struct properties *p, struct slice text, const char *origin, struct err_text *error)
{
    struct buf logical = {0}, key = {0}, value = {0};
    int line = 0, first = 0, status = 0;
    while (status == 0 && logical_line_take(&text, &logical, &line, &first)) {
        struct slice rest = buf_slice(&logical), raw_key = key_take(&rest);
        buf_reset(&key);
        buf_reset(&value);
        if (!unescape(raw_key, &key) || !unescape(rest, &value))
            status =
                err_set(error, ERR_INVALID, "%s:%d: a \\u escape is malformed, or there is a NUL byte", origin, first);
        else
            properties_set(p, (char *)key.p, (char *)value.p, origin, first);
    }
    buf_release(&logical);
    buf_release(&key);
    buf_release(&value);
    return status;
}

/* --- writing --- */

/* Decodes the UTF-8 character at `s`; a byte that starts none stands for itself (Latin-1). */
static uint32_t utf8_take(const uint8_t **s)
{
    const uint8_t *p = *s;
    int more = p[0] >= 0xf0 ? 3 : p[0] >= 0xe0 ? 2 : p[0] >= 0xc0 ? 1 : 0;
    uint32_t c = more == 0 ? p[0] : p[0] & (0x3fu >> more);
    for (int i = 1; i <= more; i++) {
        if ((p[i] & 0xc0) != 0x80) {
            *s = p + 1;
            return p[0];
        }
        c = c << 6 | (p[i] & 0x3fu);
    }
    /* No UTF-8 either: what is longer than need be, beyond Unicode, or half of a UTF-16 pair, which no \\u may say. */
    static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
    if (more && (c < least[more] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))) {
        *s = p + 1;
        return p[0];
    }
    *s = p + 1 + more;
    return c;
}

static void escape_char(struct buf *out, uint32_t c)
{
    static const char from[] = "\t\n\r\f", to[] = "tnrf";
    const char *known = c < 0x80 ? strchr(from, (int)c) : NULL;
    if (known)
        buf_printf(out, "\\%c", to[known - from]);
    else if (c < 0x80 && strchr("=:#!\\", (int)c))
        buf_printf(out, "\\%c", (char)c);
    else if (c >= 0x20 && c <= 0x7e)
        buf_append_byte(out, (uint8_t)c);
    else if (c < 0x10000)
        buf_printf(out, "\\u%04X", c);
    else
        buf_printf(out, "\\u%04X\\u%04X", 0xd800 + ((c - 0x10000) >> 10 & 0x3ff), 0xdc00 + ((c - 0x10000) & 0x3ff));
}

/* A blank must be escaped anywhere in a key, and at the start of a value. */
static void escape(struct buf *out, const char *text, bool is_key)
{
    const uint8_t *s = (const uint8_t *)text;
    while (*s) {
        bool first = s == (const uint8_t *)text;
        if (*s == ' ' && (is_key || first)) buf_append_byte(out, '\\');
        escape_char(out, utf8_take(&s));
    }
}

void properties_write(const struct properties *p, struct buf *out)
{
    for (int i = 0; i < p->count; i++) {
        escape(out, p->items[i].key, true);
        buf_append_byte(out, '=');
        escape(out, p->items[i].value, false);
        buf_append_byte(out, '\n');
    }
}

void properties_release(struct properties *p)
{
    for (int i = 0; i < p->count; i++) {
        free(p->items[i].key);
        free(p->items[i].value);
        free(p->items[i].origin);
    }
    free(p->items);
    *p = (struct properties){0};
}
