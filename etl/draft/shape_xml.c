/* shape_xml.c - XML: which elements are records, and what they hold. */
#include <stdlib.h>
#include <string.h>

#include "etl/draft/names.h"
#include "etl/draft/parts.h"
#include "etl/source/csv.h"
#include "etl/source/input.h"
#include "etl/source/xml_text.h"
#include "lib/base/memory.h"

/* --- the shape of a document: one node for each way of names from the root --- */

enum { CHILDREN_MAX = CSV_FIELDS_MAX, ELEMENTS_MAX = 4096 };

struct element {
    const char *name;
    struct element *parent;
    struct element **children;
    const char **attributes;
    int child_count, attribute_count;
    uint64_t here, most; /* of them in this parent so far; in any parent */
    bool text;
};

struct shape {
    struct arena *arena;
    struct element root, *at; /* the document; where the parser is */
    int elements, depth;
    int skipped; /* inside elements that are not kept */
};

static struct element *child_of(struct shape *s, struct element *e, const char *name)
{
    for (int i = 0; i < e->child_count; i++)
        if (strcmp(e->children[i]->name, name) == 0) return e->children[i];
    if (e->child_count == CHILDREN_MAX || s->elements == ELEMENTS_MAX || s->depth == XML_DEPTH_MAX) return NULL;
    s->elements++;
    if (!e->children) e->children = arena_alloc(s->arena, CHILDREN_MAX * sizeof *e->children);
    struct element *child = arena_alloc(s->arena, sizeof *child);
    *child = (struct element){.name = arena_str(s->arena, slice_str(name)), .parent = e};
    return e->children[e->child_count++] = child;
}

static void attribute_note(struct shape *s, struct element *e, const char *name)
{
    int i = 0;
    while (i < e->attribute_count && strcmp(e->attributes[i], name) != 0) i++;
    if (i < e->attribute_count || i == CHILDREN_MAX) return;
    if (!e->attributes) e->attributes = arena_alloc(s->arena, CHILDREN_MAX * sizeof *e->attributes);
    e->attributes[e->attribute_count++] = arena_str(s->arena, slice_str(name));
}

static void XMLCALL element_start(void *context, const XML_Char *name, const XML_Char **attributes)
{
    struct shape *s = context;
    struct element *e = s->skipped ? NULL : child_of(s, s->at, name);
    if (!e) {
        s->skipped++;
        return;
    }
    if (++e->here > e->most) e->most = e->here;
    for (int i = 0; i < e->child_count; i++) e->children[i]->here = 0;
    for (int i = 0; attributes[i]; i += 2) attribute_note(s, e, attributes[i]);
    s->at = e;
    s->depth++;
}

static void XMLCALL element_end(void *context, const XML_Char *name)
{
    struct shape *s = context;
    (void)name;
    if (s->skipped) {
        s->skipped--;
        return;
    }
    s->at = s->at->parent;
    s->depth--;
}

static void XMLCALL text_note(void *context, const XML_Char *text, int n)
{
    struct shape *s = context;
    for (int i = 0; i < n && !s->skipped && !s->at->text; i++) s->at->text = !strchr(" \t\r\n", text[i]);
}

static int shape_read(struct shape *s, const struct sample *sample, const char *encoding, struct err_text *error)
{
    struct input in;
    int err = input_open(&in, sample->path, INPUT_ANY_SIZE, error);
    if (err) return err;
    XML_Parser parser = xml_parser_new(encoding);
    XML_SetUserData(parser, s);
    XML_SetElementHandler(parser, element_start, element_end);
    XML_SetCharacterDataHandler(parser, text_note);
    bool good = true;
    for (bool ended = false; good && !ended && err >= 0;) {
        err = input_more(&in, error);
        if (err < 0) break;
        ended = err == 0;
        good = XML_Parse(parser, (const char *)in.rest.p, (int)in.rest.n, ended) == XML_STATUS_OK;
        input_consume(&in, in.rest.n);
    }
    if (err >= 0 && !good)
        err = err_set(error, ERR_INVALID, "%s: line %llu: is no XML: %s", sample->path,
                      (unsigned long long)XML_GetCurrentLineNumber(parser), XML_ErrorString(XML_GetErrorCode(parser)));
    XML_ParserFree(parser);
    input_close(&in);
    return err < 0 ? err : 0;
}

/* --- the records: the elements nearest to the root that are repeated and hold values --- */

static bool holds_values(const struct element *e)
{
    bool holds = e->attribute_count > 0;
    for (int i = 0; i < e->child_count && !holds; i++) holds = e->children[i]->text || e->children[i]->attribute_count;
    return holds;
}

static int depth_of(const struct element *e)
{
    return e->parent ? 1 + depth_of(e->parent) : 0;
}

static void records_search(struct element *e, struct element **best)
{
    bool fit = e->most > 1 && holds_values(e);
    if (fit && (!*best || depth_of(e) < depth_of(*best) || (depth_of(e) == depth_of(*best) && e->most > (*best)->most)))
        *best = e;
    for (int i = 0; i < e->child_count; i++) records_search(e->children[i], best);
}

/* A sample may have one record only. */
static struct element *records_find(struct shape *s)
{
    struct element *best = NULL, *root = s->root.children[0];
    records_search(root, &best);
    for (int i = 0; i < root->child_count && !best; i++)
        if (holds_values(root->children[i])) best = root->children[i];
    return best ? best : root;
}

static const char *way_to(const struct element *e, struct arena *arena)
{
    return e->parent && e->parent->parent ? arena_printf(arena, "%s/%s", way_to(e->parent, arena), e->name) : e->name;
}

/* --- the columns --- */

/* `several`: the nearest element on the way to it of which a record may have more than one; NULL: there is none. */
static void column_add(struct draft_source *s, struct arena *arena, const char *path, const struct element *several)
{
    if (s->count == CSV_FIELDS_MAX) {
        s->left_out++;
        return;
    }
    struct draft_column *c = draft_column_add(s, arena, path);
    if (strcmp(c->name, path) != 0) c->place = arena_printf(arena, "\"path\": %s", draft_json(slice_str(path), arena));
    if (several)
        c->note = arena_printf(arena, "the first of up to %llu: the second is %s[2]", (unsigned long long)several->most,
                               path);
}

/* Of what a record has several, and more than a text: records of a source of their own. */
enum { INSIDE_MAX = 12 };

struct inside {
    const struct element *of[INSIDE_MAX];
    int count;
};

static bool is_complex(const struct element *e)
{
    return e->most > 1 && (e->child_count || e->attribute_count);
}

static void inside_say(struct draft_source *s, struct inside *in, const struct element *e)
{
    bool room = in->count < INSIDE_MAX;
    if (room) in->of[in->count++] = e;
    buf_printf(&s->notes, "A record has up to %llu %s: %s.\n", (unsigned long long)e->most, e->name,
               room ? "they are the records of another source" : "they are not read");
}

static void columns_add(struct draft_source *s, struct arena *arena, const struct element *e, const char *path,
                        const struct element *several, struct inside *in)
{
    const char *slash = *path ? "/" : "";
    for (int i = 0; i < e->attribute_count; i++)
        column_add(s, arena, arena_printf(arena, "%s%s@%s", path, slash, e->attributes[i]), several);
    for (int i = 0; i < e->child_count; i++) {
        const struct element *child = e->children[i], *of = child->most > 1 ? child : several;
        const char *inner = arena_printf(arena, "%s%s%s", path, slash, child->name);
        if (is_complex(child)) {
            inside_say(s, in, child);
            continue;
        }
        if (child->text || (child->child_count == 0 && child->attribute_count == 0)) column_add(s, arena, inner, of);
        columns_add(s, arena, child, inner, of, in);
    }
}

/* --- what is in no column: elements beside the records --- */

enum { BESIDE_MAX = 8 };

static void beside_list(const struct element *e, const struct element *record, struct arena *arena, int *count,
                        const char **list)
{
    if (e == record) return;
    if (e->most > 1 && holds_values(e)) {
        if ((*count)++ < BESIDE_MAX) *list = arena_printf(arena, "%s%s%s", *list, **list ? ", " : "", way_to(e, arena));
        return;
    }
    for (int i = 0; i < e->child_count; i++) beside_list(e->children[i], record, arena, count, list);
}

static void beside_say(struct draft_source *s, const struct shape *shape, const struct element *record)
{
    const char *list = "";
    int count = 0;
    beside_list(shape->root.children[0], record, shape->arena, &count, &list);
    if (count)
        buf_printf(&s->notes,
                   "Not read are %s%s: any of them could be the record instead, or that of another source.\n", list,
                   count > BESIDE_MAX ? ", ..." : "");
}

/* Which record they are inside of: an attribute of it, or a text in it, whose name ends with id, key, code or no; else
 * the first one. NULL: there is none. */
static const char *key_find(const struct element *e, struct arena *arena)
{
    static const char *const ends[] = {"id", "ID", "Id", "key", "code", "no", NULL};
    const char *first = NULL;
    for (int i = 0; i < e->attribute_count + e->child_count; i++) {
        const struct element *child = i < e->attribute_count ? NULL : e->children[i - e->attribute_count];
        const char *name = child ? child->name : e->attributes[i];
        if (child && (!child->text || child->most > 1)) continue;
        const char *path = arena_printf(arena, "%s%s", child ? "" : "@", name);
        if (!first) first = path;
        for (int k = 0; ends[k]; k++) {
            size_t n = strlen(name), m = strlen(ends[k]);
            if (n >= m && strcmp(name + n - m, ends[k]) == 0) return path;
        }
    }
    return first;
}

static void keys_add(struct draft_source *s, struct arena *arena, const struct element *record,
                     const struct element *around)
{
    const char *up = "", *key = key_find(around, arena);
    for (const struct element *e = record; e != around; e = e->parent) up = arena_printf(arena, "%s../", up);
    const char *path = arena_printf(arena, "%s%s", up, key ? key : "#");
    struct draft_column *c =
        draft_column_add(s, arena, arena_printf(arena, "%s_%s", around->name, key ? key : "place"));
    c->place = arena_printf(arena, "\"path\": %s", draft_json(slice_str(path), arena));
    draft_column_add(s, arena, "place")->place = "\"path\": \"#\"";
}

/* `around`: the record that these are inside of; NULL: none. */
static void source_draft(struct draft *draft, const struct shape *shape, const struct element *record,
                         const struct element *around)
{
    struct sample *sample = draft->sample;
    struct inside in = {0};
    struct draft_source *s = draft_source_add(draft, around ? record->name : NULL);
    draft_settings_begin(s, sample, "xml");
    buf_printf(&s->settings, ",\n    \"record\": %s",
               draft_json(slice_str(way_to(record, sample->arena)), sample->arena));
    if (around) keys_add(s, sample->arena, record, around);
    if (!around)
        buf_append_str(&s->notes,
                       "The records are the elements nearest to the root that come several times and hold values.\n");
    if (!around) beside_say(s, shape, record);
    if (around && record->text) column_add(s, sample->arena, ".", NULL);
    columns_add(s, sample->arena, record, "", NULL, &in);
    if (s->count == 0) column_add(s, sample->arena, ".", NULL);
    draft_left_out_say(s);
    for (int i = 0; i < in.count && draft->count < INSIDE_MAX; i++) source_draft(draft, shape, in.of[i], record);
}

int shape_xml(struct draft *draft, struct err_text *error)
{
    struct sample *sample = draft->sample;
    struct shape shape = {.arena = sample->arena};
    shape.at = &shape.root;
    int err = shape_read(&shape, sample, NULL, error);
    if (err) return err;
    sample->encoding = "utf-8"; /* the file says which it is */
    source_draft(draft, &shape, records_find(&shape), NULL);
    return 0;
}
