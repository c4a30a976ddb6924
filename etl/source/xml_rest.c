#include "etl/source/xml_rest.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "etl/source/xml_capture.h"
#include "lib/base/memory.h"
#include "lib/base/table.h"
#include "lib/base/text.h"

/* An element that is open. */
struct frame {
    enum xml_part part;
    size_t way;      /* length of the path to the element around it */
    size_t text;     /* where its text begins */
    bool has_text;   /* not only white space, and not inside of another one */
    bool has_others; /* elements or attributes */
};

struct xml_rest {
    bool keeps, trim;
    struct frame frames[XML_DEPTH_MAX + 2];
    int depth;
    struct buf way;        /* of the innermost element; empty: the record's */
    struct buf text;       /* of all open ones, one after the other */
    struct table siblings; /* new elements so far by their path without a number: the count */
    struct buf found;      /* the object, without its last brace */
    char first[120];
};

struct xml_rest *xml_rest_new(bool keeps, bool trim)
{
    struct xml_rest *r = memory_new(sizeof *r);
    r->keeps = keeps;
    r->trim = trim;
    return r;
}

void xml_rest_free(struct xml_rest *r)
{
    if (!r) return;
    buf_release(&r->way);
    buf_release(&r->text);
    buf_release(&r->found);
    table_release(&r->siblings);
    free(r);
}

void xml_rest_reset(struct xml_rest *r)
{
    r->depth = 0;
    r->first[0] = 0;
    buf_reset(&r->way);
    buf_reset(&r->text);
    buf_reset(&r->found);
    table_release(&r->siblings);
}

static bool is_white(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Something that no path leads to, at r->way. */
static void found(struct xml_rest *r, const char *what, struct slice text)
{
    if (!r->first[0])
        snprintf(r->first, sizeof r->first, "%s \"%.*s\"", what, r->way.n < 80 ? (int)r->way.n : 80,
                 (const char *)r->way.p);
    if (!r->keeps) return;
    buf_append_str(&r->found, r->found.n ? ", " : "{");
    text_json_string(buf_slice(&r->way), &r->found);
    buf_append_str(&r->found, ": ");
    text_json_string(text, &r->found);
}

static void step_put(struct xml_rest *r, const char *name, bool attribute)
{
    if (r->way.n) buf_append_byte(&r->way, '/');
    if (attribute) buf_append_byte(&r->way, '@');
    buf_append_str(&r->way, name);
}

static int sibling_count(struct xml_rest *r)
{
    uintptr_t count = (uintptr_t)table_get(&r->siblings, buf_slice(&r->way)) + 1;
    table_set(&r->siblings, buf_slice(&r->way), (void *)count);
    return (int)count;
}

void xml_rest_start(struct xml_rest *r, const char *name, enum xml_part part)
{
    struct frame *f = &r->frames[r->depth++], *around = r->depth > 1 ? f - 1 : NULL;
    if (around && around->part != XML_PART_WAY) part = around->part == XML_PART_NEW ? XML_PART_NEW : XML_PART_READ;
    if (around) around->has_others = true;
    *f = (struct frame){.part = part, .way = r->way.n, .text = r->text.n};
    if (!around || part == XML_PART_READ) return;
    step_put(r, name, false);
    int index = part == XML_PART_NEW ? sibling_count(r) : 1;
    if (index > 1) buf_printf(&r->way, "[%d]", index);
}

void xml_rest_attribute(struct xml_rest *r, const char *name, const char *value, bool read)
{
    struct frame *f = &r->frames[r->depth - 1];
    bool names = strncmp(name, "xmlns", 5) == 0 && (!name[5] || name[5] == ':');
    if (f->part == XML_PART_READ || read || names) return;
    size_t way = r->way.n;
    step_put(r, name, true);
    found(r, "attribute", slice_str(value));
    r->way.n = way;
    f->has_others = true;
}

void xml_rest_text(struct xml_rest *r, const char *text, size_t n)
{
    struct frame *f = &r->frames[r->depth - 1];
    if (f->part != XML_PART_NEW && f->part != XML_PART_WAY) return;
    for (size_t i = 0; i < n && !f->has_text; i++) f->has_text = !is_white((uint8_t)text[i]);
    if (r->keeps) buf_append(&r->text, text, n);
}

static void text_found(struct xml_rest *r, const struct frame *f)
{
    struct slice text = r->text.n > f->text ? slice_of(r->text.p + f->text, r->text.n - f->text) : SLICE_LIT("");
    while (r->trim && text.n && is_white(*text.p)) text = slice_of(text.p + 1, text.n - 1);
    while (r->trim && text.n && is_white(text.p[text.n - 1])) text.n--;
    if (r->depth == 0) buf_append_byte(&r->way, '.');
    found(r, f->part == XML_PART_NEW ? "element" : "text of", text);
}

void xml_rest_end(struct xml_rest *r)
{
    const struct frame *f = &r->frames[--r->depth];
    bool empty = f->part == XML_PART_NEW && !f->has_others;
    bool text = f->has_text && (f->part == XML_PART_NEW || f->part == XML_PART_WAY);
    if (text || empty) text_found(r, f);
    r->way.n = f->way;
    /* what is in a new element is a part of the text of those around it */
    if (r->depth == 0 || r->frames[r->depth - 1].part != XML_PART_NEW) r->text.n = f->text;
}

const char *xml_rest_first(const struct xml_rest *r)
{
    return r->first[0] ? r->first : NULL;
}

struct slice xml_rest_give(struct xml_rest *r)
{
    if (r->found.n == 0) return slice_of(NULL, 0);
    buf_append_byte(&r->found, '}');
    return buf_slice(&r->found);
}
