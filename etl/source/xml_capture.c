#include "etl/source/xml_capture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "etl/source/xml_condition.h"
#include "etl/source/xml_rest.h"
#include "lib/base/memory.h"

/* --- paths --- */

struct step {
    const char *name;
    const struct xml_condition *conditions;
    int index;        /* among the siblings of this name for which these hold, from 1 */
    const char *text; /* as it is written */
    bool attribute;
    struct step *children, *sibling;
    const struct step *parent;
    struct wanted *wanted; /* the paths that end here */
    int number;            /* of this step */
};

struct wanted {
    int field;
    struct wanted *next;
};

enum { STEPS_MAX = 4096 };

struct xml_paths {
    struct arena *arena;
    struct step root;
    int step_count, field_count;
    bool strict, trim;
    int rest; /* number of what no path leads to; -1: nobody wants it */
};

struct xml_paths *xml_paths_new(struct arena *arena)
{
    struct xml_paths *paths = arena_alloc(arena, sizeof *paths);
    paths->arena = arena;
    paths->step_count = 1;
    paths->rest = -1;
    return paths;
}

static struct step *child(struct xml_paths *paths, struct step *parent, const struct step *key)
{
    struct step **at = &parent->children;
    for (; *at; at = &(*at)->sibling)
        if ((*at)->index == key->index && (*at)->attribute == key->attribute && strcmp((*at)->name, key->name) == 0 &&
            xml_conditions_equal((*at)->conditions, key->conditions))
            return *at;
    *at = arena_copy(paths->arena, key, sizeof *key);
    (*at)->parent = parent;
    (*at)->number = paths->step_count++;
    return *at;
}

/* Takes "name", "name[@is='x']", "name[2]" or "@name" off the path; NULL or what is wrong. */
static const char *step_take(const char **path, struct step *out, struct arena *arena)
{
    const char *at = *path, *start = at;
    *out = (struct step){.index = 1, .attribute = *at == '@'};
    at += out->attribute;
    size_t n = strcspn(at, "/[]@");
    if (n == 0) return "a name is missing";
    out->name = arena_str(arena, slice_of(at, n));
    at += n;
    const char *wrong = xml_conditions_take(&at, &out->conditions, arena);
    if (wrong) return wrong;
    if (*at == '[') {
        char *end;
        long index = at[1] >= '1' && at[1] <= '9' ? strtol(at + 1, &end, 10) : 0;
        if (index < 1 || index > 1000000 || *end != ']' || out->attribute)
            return "brackets hold the number of an element, from 1, or a condition [@attribute='value']";
        out->index = (int)index;
        at = end + 1;
    }
    if (*at && (*at != '/' || !at[1])) return "a / and a name must stand between the steps of a path";
    out->text = arena_str(arena, slice_of(start, (size_t)(at - start)));
    if (out->attribute && out->conditions) return "a condition stands behind the name of an element";
    if (*at && out->attribute) return "nothing stands behind an attribute";
    *path = *at ? at + 1 : at;
    return NULL;
}

const char *xml_paths_add(struct xml_paths *paths, const char *text)
{
    struct step *step = &paths->root, key;
    if (!*text) return "is empty; . is the text of the record's element";
    if (strcmp(text, ".") == 0) text++;
    for (int depth = 1; *text; depth++) {
        const char *wrong = step_take(&text, &key, paths->arena);
        if (wrong) return wrong;
        if (depth > XML_DEPTH_MAX / 2 || paths->step_count == STEPS_MAX) return "is too long";
        step = child(paths, step, &key);
    }
    struct wanted *w = arena_alloc(paths->arena, sizeof *w);
    *w = (struct wanted){paths->field_count++, step->wanted};
    step->wanted = w;
    return NULL;
}

void xml_paths_strict(struct xml_paths *paths)
{
    paths->strict = true;
}

void xml_paths_rest(struct xml_paths *paths, bool trim)
{
    paths->rest = paths->field_count++;
    paths->trim = trim;
}

void xml_paths_skip(struct xml_paths *paths)
{
    paths->field_count++;
}

/* --- one element --- */

/* What was read for a step. */
struct found {
    struct buf text;
    int seen;     /* elements of its name so far, for the step's own number among them */
    bool present; /* there is such an element or attribute */
    bool whole;   /* and nothing more belongs to it */
};

struct xml_capture {
    const struct xml_paths *paths;
    const struct step **open;    /* the steps that the elements around are; conditions: an element may be several */
    int ends[XML_DEPTH_MAX + 2]; /* of `open`, by depth: where those of the element end */
    int depth;                   /* elements around, the first included */
    int texts_open;              /* how many of `open` want their text */
    struct found *found;         /* by step */
    struct xml_rest *rest;       /* of paths that are strict, or want it */
};

struct xml_capture *xml_capture_new(const struct xml_paths *paths)
{
    struct xml_capture *c = memory_new(sizeof *c);
    c->paths = paths;
    c->found = memory_new((size_t)paths->step_count * sizeof *c->found);
    c->open = memory_new((size_t)paths->step_count * sizeof(const struct step *));
    if (paths->strict || paths->rest >= 0) c->rest = xml_rest_new(paths->rest >= 0, paths->trim);
    return c;
}

void xml_capture_free(struct xml_capture *c)
{
    if (!c) return;
    for (int i = 0; i < c->paths->step_count; i++) buf_release(&c->found[i].text);
    free(c->found);
    free((void *)c->open);
    xml_rest_free(c->rest);
    free(c);
}

void xml_capture_reset(struct xml_capture *c)
{
    for (int i = 0; i < c->paths->step_count; i++) {
        buf_reset(&c->found[i].text);
        c->found[i] = (struct found){.text = c->found[i].text};
    }
    c->depth = c->texts_open = 0;
    if (c->rest) xml_rest_reset(c->rest);
}

/* Where the steps of the element at a depth begin and end in `open`; depth 0 is the record's element. */
static int open_begin(const struct xml_capture *c, int depth)
{
    return depth > 0 ? c->ends[depth - 1] : 0;
}

static int open_end(const struct xml_capture *c)
{
    return c->depth > 0 ? c->ends[c->depth - 1] : 0;
}

/* The steps below `parent` that the element is, behind those at `end`; the new end. */
static int elements_find(struct xml_capture *c, const struct step *parent, const char *name, const char **attributes,
                         int end)
{
    for (const struct step *s = parent->children; s; s = s->sibling) {
        bool fits = !s->attribute && strcmp(s->name, name) == 0 && xml_conditions_hold(s->conditions, attributes);
        if (fits && ++c->found[s->number].seen == s->index) c->open[end++] = s;
    }
    return end;
}

static void attributes_take(struct xml_capture *c, const struct step *step, const char **attributes)
{
    for (const struct step *s = step->children; s; s = s->sibling)
        for (const char **a = attributes; s->attribute && *a; a += 2)
            if (strcmp(*a, s->name) == 0) {
                c->found[s->number].present = true;
                buf_append_str(&c->found[s->number].text, a[1]);
            }
}

const char *xml_capture_new_part(const struct xml_capture *c)
{
    return xml_rest_first(c->rest);
}

static bool steps_have(const struct xml_capture *c, int begin, int end, const char *name, bool attribute)
{
    for (int i = begin; i < end; i++)
        for (const struct step *s = c->open[i]->children; s; s = s->sibling)
            if (s->attribute == attribute && strcmp(s->name, name) == 0) return true;
    return false;
}

/* The element that has just begun, which is the steps from `begin` to `end`. */
static void rest_start(struct xml_capture *c, const char *name, const char **attributes, int begin, int end)
{
    bool wanted = false, record = c->depth == 0; /* its whole text may be wanted beside what is in it */
    for (int i = begin; i < end; i++) wanted = wanted || c->open[i]->wanted;
    bool known = begin < end || steps_have(c, open_begin(c, c->depth - 1), begin, name, false);
    enum xml_part part = begin == end        ? (known ? XML_PART_READ : XML_PART_NEW)
                         : wanted && !record ? XML_PART_WANTED
                                             : XML_PART_WAY;
    xml_rest_start(c->rest, begin < end && !record ? c->open[begin]->text : name, part);
    for (const char **a = attributes; *a; a += 2)
        xml_rest_attribute(c->rest, a[0], a[1], steps_have(c, begin, end, a[0], true));
}

bool xml_capture_start(struct xml_capture *c, const char *name, const char **attributes)
{
    if (c->depth > XML_DEPTH_MAX) return false;
    int begin = open_end(c), end = begin;
    if (c->depth == 0) c->open[end++] = &c->paths->root;
    for (int i = open_begin(c, c->depth - 1); c->depth && i < begin; i++)
        end = elements_find(c, c->open[i], name, attributes, end);
    if (c->rest) rest_start(c, name, attributes, begin, end);
    c->ends[c->depth++] = end;
    for (int i = begin; i < end; i++) {
        c->texts_open += c->open[i]->wanted != NULL;
        c->found[c->open[i]->number].present = true;
        attributes_take(c, c->open[i], attributes);
    }
    return true;
}

void xml_capture_end(struct xml_capture *c)
{
    int end = open_end(c);
    c->depth--;
    if (c->rest) xml_rest_end(c->rest);
    for (int i = open_end(c); i < end; i++) {
        c->found[c->open[i]->number].whole = true;
        c->texts_open -= c->open[i]->wanted != NULL;
    }
}

void xml_capture_text(struct xml_capture *c, const char *text, int n)
{
    int end = open_end(c);
    if (c->rest) xml_rest_text(c->rest, text, (size_t)n);
    for (int i = 0; c->texts_open && i < end; i++)
        if (c->open[i]->wanted) buf_append(&c->found[c->open[i]->number].text, text, (size_t)n);
}

/* --- what was found --- */

/* Attributes are known once their element has begun, what is in an element once that has ended. */
static bool is_settled(const struct xml_capture *c, const struct step *step, uint64_t fields)
{
    bool known = step->attribute && c->found[step->parent->number].present;
    if (known || c->found[step->number].whole) return true;
    for (const struct wanted *w = step->wanted; w; w = w->next)
        if (fields >> w->field & 1) return false;
    for (const struct step *s = step->children; s; s = s->sibling)
        if (!is_settled(c, s, fields)) return false;
    return true;
}

bool xml_capture_is_settled(const struct xml_capture *c, uint64_t fields)
{
    return is_settled(c, &c->paths->root, fields);
}

static bool is_white(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void step_give(const struct xml_capture *c, const struct step *step, bool trim, struct arena *arena,
                      struct slice *fields)
{
    const struct found *found = &c->found[step->number];
    struct slice text = buf_slice(&found->text);
    while (trim && !step->attribute && text.n && is_white(*text.p)) text = slice_of(text.p + 1, text.n - 1);
    while (trim && !step->attribute && text.n && is_white(text.p[text.n - 1])) text.n--;
    if (step->wanted && found->present) text.p = arena_copy(arena, text.p ? text.p : (const uint8_t *)"", text.n);
    for (const struct wanted *w = step->wanted; w && found->present; w = w->next) fields[w->field] = text;
    for (const struct step *s = step->children; s; s = s->sibling) step_give(c, s, trim, arena, fields);
}

void xml_capture_give(const struct xml_capture *c, bool trim, struct arena *arena, struct slice *fields)
{
    for (int i = 0; i < c->paths->field_count; i++) fields[i] = slice_of(NULL, 0);
    step_give(c, &c->paths->root, trim, arena, fields);
    if (c->paths->rest < 0) return;
    struct slice rest = xml_rest_give(c->rest);
    if (rest.p) fields[c->paths->rest] = slice_of(arena_copy(arena, rest.p, rest.n), rest.n);
}
