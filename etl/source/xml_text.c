#include "etl/source/xml_text.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "etl/source/encoding.h"
#include "lib/base/memory.h"

/* --- parsers --- */

/* Names that files give to the encodings which expat does not know. */
static const struct {
    const char *name;
    enum encoding encoding;
} ENCODINGS[] = {
    {"windows-1252", ENCODING_WINDOWS_1252}, {"cp1252", ENCODING_WINDOWS_1252}, {"iso-8859-15", ENCODING_ISO_8859_15},
    {"latin-9", ENCODING_ISO_8859_15},       {"latin9", ENCODING_ISO_8859_15},
};

static int encoding_find(void *context, const XML_Char *name, XML_Encoding *out)
{
    (void)context;
    for (size_t i = 0; i < sizeof ENCODINGS / sizeof *ENCODINGS; i++) {
        if (strcasecmp(ENCODINGS[i].name, name) != 0) continue;
        for (int c = 0; c < 256; c++) out->map[c] = encoding_code_point(ENCODINGS[i].encoding, (uint8_t)c);
        return XML_STATUS_OK;
    }
    return XML_STATUS_ERROR;
}

/* Entities that name each other can make a small file huge: at most a hundredfold, once it is beyond a mebibyte. */
void xml_parser_bound(XML_Parser parser)
{
    XML_SetUnknownEncodingHandler(parser, encoding_find, NULL);
    XML_SetBillionLaughsAttackProtectionMaximumAmplification(parser, 100.0F);
    XML_SetBillionLaughsAttackProtectionActivationThreshold(parser, 1 << 20);
}

XML_Parser xml_parser_new(const char *encoding)
{
    XML_Parser parser = XML_ParserCreate(encoding);
    if (!parser) abort();
    xml_parser_bound(parser);
    return parser;
}

/* --- paths --- */

struct step {
    const char *name;
    int index; /* among the siblings of this name, from 1 */
    bool attribute;
    struct step *children, *sibling;
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
};

struct xml_paths *xml_paths_new(struct arena *arena)
{
    struct xml_paths *paths = arena_alloc(arena, sizeof *paths);
    paths->arena = arena;
    paths->step_count = 1;
    return paths;
}

static struct step *child(struct xml_paths *paths, struct step *parent, const struct step *key)
{
    struct step **at = &parent->children;
    for (; *at; at = &(*at)->sibling)
        if ((*at)->index == key->index && (*at)->attribute == key->attribute && strcmp((*at)->name, key->name) == 0)
            return *at;
    *at = arena_copy(paths->arena, key, sizeof *key);
    (*at)->number = paths->step_count++;
    return *at;
}

/* Takes "name", "name[2]" or "@name" off the path; NULL or what is wrong. */
static const char *step_take(const char **path, struct step *out, struct arena *arena)
{
    const char *at = *path;
    *out = (struct step){.index = 1, .attribute = *at == '@'};
    at += out->attribute;
    size_t n = strcspn(at, "/[]@");
    if (n == 0) return "a name is missing";
    out->name = arena_str(arena, slice_of(at, n));
    at += n;
    if (*at == '[') {
        char *end;
        long index = at[1] >= '1' && at[1] <= '9' ? strtol(at + 1, &end, 10) : 0;
        if (index < 1 || index > 1000000 || *end != ']' || out->attribute)
            return "brackets hold the number of an element, from 1";
        out->index = (int)index;
        at = end + 1;
    }
    if (*at && (*at != '/' || !at[1])) return "a / and a name must stand between the steps of a path";
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

/* --- one element --- */

struct xml_splitter {
    const struct xml_paths *paths;
    XML_Parser parser;
    struct buf layout;    /* of the record before */
    const char *encoding; /* in `layout` */
    struct slice entities;
    const struct step *open[XML_DEPTH_MAX + 2]; /* by depth: the step that this element is, or NULL */
    int depth;                                  /* elements around, the record's included */
    int *seen;                                  /* by step: elements of its name so far */
    struct buf *texts;                          /* by step */
    bool *present;                              /* by step */
    int texts_open;                             /* how many of `open` want their text */
    struct arena *arena;
    struct slice *fields;
    const char *wrong;
};

struct xml_splitter *xml_splitter_new(const struct xml_paths *paths)
{
    struct xml_splitter *x = memory_new(sizeof *x);
    size_t steps = (size_t)paths->step_count;
    x->paths = paths;
    x->seen = memory_new(steps * sizeof *x->seen);
    x->texts = memory_new(steps * sizeof *x->texts);
    x->present = memory_new(steps * sizeof *x->present);
    return x;
}

void xml_splitter_free(struct xml_splitter *x)
{
    if (!x) return;
    for (int i = 0; i < x->paths->step_count; i++) buf_release(&x->texts[i]);
    if (x->parser) XML_ParserFree(x->parser);
    buf_release(&x->layout);
    free(x->seen);
    free(x->texts);
    free(x->present);
    free(x);
}

static void fail(struct xml_splitter *x, const char *wrong)
{
    if (!x->wrong) x->wrong = wrong;
    XML_StopParser(x->parser, XML_FALSE);
}

static const struct step *element_find(struct xml_splitter *x, const struct step *parent, const char *name)
{
    const struct step *found = NULL;
    for (const struct step *s = parent->children; s; s = s->sibling)
        if (!s->attribute && strcmp(s->name, name) == 0 && ++x->seen[s->number] == s->index) found = s;
    return found;
}

static void field_set(const struct xml_splitter *x, const struct step *step, struct slice text)
{
    if (step->wanted) text.p = arena_copy(x->arena, text.p ? text.p : (const uint8_t *)"", text.n);
    for (const struct wanted *w = step->wanted; w; w = w->next) x->fields[w->field] = text;
}

static void attributes_take(const struct xml_splitter *x, const struct step *step, const XML_Char **attributes)
{
    for (const struct step *s = step->children; s; s = s->sibling)
        for (const XML_Char **a = attributes; s->attribute && *a; a += 2)
            if (strcmp(*a, s->name) == 0) field_set(x, s, slice_str(a[1]));
}

static void element_start(void *context, const XML_Char *name, const XML_Char **attributes)
{
    struct xml_splitter *x = context;
    if (x->depth > XML_DEPTH_MAX) {
        fail(x, "more than 128 elements inside each other");
        return;
    }
    const struct step *parent = x->depth ? x->open[x->depth - 1] : NULL;
    const struct step *step = x->depth == 0 ? &x->paths->root : parent ? element_find(x, parent, name) : NULL;
    x->open[x->depth++] = step;
    if (!step) return;
    x->texts_open += step->wanted != NULL;
    x->present[step->number] = true;
    attributes_take(x, step, attributes);
}

static void element_end(void *context, const XML_Char *name)
{
    struct xml_splitter *x = context;
    (void)name;
    const struct step *step = x->open[--x->depth];
    if (step && step->wanted) x->texts_open--;
}

static void characters(void *context, const XML_Char *text, int n)
{
    struct xml_splitter *x = context;
    for (int i = 0; x->texts_open && i < x->depth; i++)
        if (x->open[i] && x->open[i]->wanted) buf_append(&x->texts[x->open[i]->number], text, (size_t)n);
}

static void skipped(void *context, const XML_Char *name, int is_parameter)
{
    (void)name;
    if (!is_parameter) fail(context, "undefined entity");
}

/* Records of one file come together: the layout is taken apart again only when it changes. */
static void layout_use(struct xml_splitter *x, struct slice layout)
{
    if (x->layout.n && slice_equal(buf_slice(&x->layout), layout)) return;
    buf_reset(&x->layout);
    buf_append_slice(&x->layout, layout);
    char *text = buf_cstr(&x->layout), *line = strchr(text, '\n');
    x->entities = line ? slice_str(line + 1) : slice_of(NULL, 0);
    if (line) *line = '\0';
    x->encoding = text;
    x->layout.n = layout.n;
}

static bool parse(struct xml_splitter *x, struct slice text, bool last)
{
    return XML_Parse(x->parser, (const char *)text.p, (int)text.n, last) == XML_STATUS_OK;
}

/* The entities are ASCII; in UTF-16 they would have to be recoded. */
static bool entities_parse(struct xml_splitter *x)
{
    if (x->entities.n == 0) return true;
    return parse(x, SLICE_LIT("<!DOCTYPE r ["), false) && parse(x, x->entities, false) &&
           parse(x, SLICE_LIT("]>"), false);
}

static bool is_white(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void texts_give(struct xml_splitter *x, const struct step *step, bool trim)
{
    struct slice text = buf_slice(&x->texts[step->number]);
    while (trim && text.n && is_white(*text.p)) text = slice_of(text.p + 1, text.n - 1);
    while (trim && text.n && is_white(text.p[text.n - 1])) text.n--;
    if (!step->attribute && x->present[step->number]) field_set(x, step, text);
    for (const struct step *s = step->children; s; s = s->sibling) texts_give(x, s, trim);
}

static void state_reset(struct xml_splitter *x, struct arena *arena, struct slice *fields)
{
    for (int i = 0; i < x->paths->step_count; i++) {
        buf_reset(&x->texts[i]);
        x->seen[i] = 0;
        x->present[i] = false;
    }
    for (int i = 0; i < x->paths->field_count; i++) fields[i] = slice_of(NULL, 0);
    x->depth = x->texts_open = 0;
    x->arena = arena;
    x->fields = fields;
    x->wrong = NULL;
}

static void parser_reset(struct xml_splitter *x)
{
    if (!x->parser)
        x->parser = xml_parser_new(x->encoding);
    else
        XML_ParserReset(x->parser, x->encoding);
    xml_parser_bound(x->parser);
    XML_SetUserData(x->parser, x);
    XML_SetElementHandler(x->parser, element_start, element_end);
    XML_SetCharacterDataHandler(x->parser, characters);
    XML_SetSkippedEntityHandler(x->parser, skipped);
}

const char *xml_split(struct xml_splitter *x, struct slice element, struct slice layout, bool trim, struct arena *arena,
                      struct slice *fields, size_t *at)
{
    *at = 0;
    if (layout.n == 0 || memchr(layout.p, 0, layout.n)) return "the record says no encoding";
    layout_use(x, layout);
    if (x->entities.n > XML_ENTITIES_BYTES_MAX) return "too many declarations of entities";
    parser_reset(x);
    state_reset(x, arena, fields);
    if (!entities_parse(x)) return XML_ErrorString(XML_GetErrorCode(x->parser));
    long ahead = x->entities.n ? (long)XML_GetCurrentByteIndex(x->parser) + XML_GetCurrentByteCount(x->parser) : 0;
    if (!parse(x, element, true)) {
        long index = (long)XML_GetCurrentByteIndex(x->parser) - ahead;
        *at = index > 0 ? (size_t)index : 0;
        return x->wrong ? x->wrong : XML_ErrorString(XML_GetErrorCode(x->parser));
    }
    texts_give(x, &x->paths->root, trim);
    return NULL;
}
