#include "etl/source/xml_records.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "etl/source/xml_condition.h"
#include "etl/source/xml_text.h"
#include "lib/base/memory.h"
#include "lib/base/text.h"

enum { NAMES_MAX = 32, PARSE_BYTES = 64 * 1024, THERE_MAX = 8, WAY_BYTES_MAX = 200, KINDS_MAX = 256 };

/* An element that is open, outside of records, when something is wanted of it. */
struct level {
    struct xml_capture *capture;
    uint64_t before; /* records that ended before it began */
    int place;       /* among its siblings of this name, from 1 */
    struct kind {
        char *name;
        int count;
    } * kinds; /* of the elements in it */
    int kind_count;
};

/* A record that was found and not given yet. */
struct found {
    struct xml_record record;
    int depth;
    bool waits;         /* not all of what is around it is known */
    struct buf *around; /* by wanted value: as in a layout; empty: it is not there */
};

struct xml_records {
    struct input *in;
    const char *file;
    XML_Parser parser;
    /* the path */
    struct arena arena;
    const char *names[NAMES_MAX];
    const struct xml_condition *conditions[NAMES_MAX];
    int name_count; /* one: at any place */
    int depth, matched;
    int record_depth; /* of the record's element while it is open, else 0 */
    /* found, not given yet: records whose end was parsed */
    struct found *queue;
    size_t queue_count, queue_capacity, queue_at;
    struct found open, given; /* the record that began and has not ended; the one that was given last */
    uint64_t count;
    uint64_t fed; /* offset behind what the parser has seen */
    struct buf layout, entities;
    /* what is around records */
    const struct around *around;
    bool trim;
    struct xml_paths *paths; /* of all wanted values but places, by their number */
    int up_max;
    uint64_t *wanted;     /* by how many elements up: a bit for each value of those */
    struct level *levels; /* by depth */
    /* until there is a record: the way from the root, what stands in the file, and where records would stand */
    struct buf way, there;
    const char *ways[THERE_MAX];
    int way_count;
    bool has_children, has_parent, parent_has_children;
    bool wide; /* UTF-16 */
    bool done;
    const char *root; /* the name of the root, once it was seen */
    const char *wrong;
};

/* --- the path --- */

static const char *path_check(const char *path, struct arena *arena)
{
    const struct xml_condition *conditions;
    int names = 0;
    for (const char *at = path; *at || at == path; names++) {
        size_t n = strcspn(at, "/[]@*");
        if (n == 0 && at == path && strncmp(at, "//", 2) == 0)
            return "say the name alone: it is looked for wherever it stands";
        if (n == 0 && at == path && *at == '/') return "say the way without the slash ahead of it";
        if (n == 0) return "the name of an element is missing";
        at += n;
        const char *wrong = xml_conditions_take(&at, &conditions, arena);
        if (wrong) return wrong;
        if (*at && *at != '/') return "the way to a record is made of names of elements, [@attribute='value'] and /";
        if (*at == '/' && !*++at) return "the name of an element is missing";
    }
    return names <= NAMES_MAX ? NULL : "is too long";
}

const char *xml_records_path_check(const char *path)
{
    struct arena arena = {0};
    const char *wrong = path_check(path, &arena);
    arena_release(&arena);
    return wrong;
}

static void path_take(struct xml_records *x, const char *path)
{
    while (*path) {
        size_t n = strcspn(path, "/[");
        x->names[x->name_count] = arena_str(&x->arena, slice_of(path, n));
        path += n;
        xml_conditions_take(&path, &x->conditions[x->name_count++], &x->arena);
        path += *path == '/';
    }
}

const char *xml_records_around_check(const char *path, const struct around_value *v)
{
    struct arena arena = {0};
    int names = 1;
    for (const char *c = path; *c; c++) {
        const struct xml_condition *ignored;
        if (*c == '[') xml_conditions_take(&c, &ignored, &arena);
        names += *c == '/';
        if (!*c) break;
    }
    const char *wrong = v->place ? NULL : xml_paths_add(xml_paths_new(&arena), v->path);
    if (names > 1 && v->up >= names) wrong = "leads further up than the elements that the records are in";
    arena_release(&arena);
    return wrong;
}

/* Called for each start tag outside of records; says whether a record begins. */
static bool path_step(struct xml_records *x, const char *name, const char *const *attributes)
{
    int at = x->name_count == 1 ? 0 : x->matched;
    if (x->name_count > 1 && x->matched != x->depth - 1) return false;
    if (strcmp(name, x->names[at]) != 0 || !xml_conditions_hold(x->conditions[at], attributes)) return false;
    if (x->name_count == 1) return true;
    if (++x->matched == x->name_count - 1) x->has_parent = true;
    return x->matched == x->name_count;
}

/* --- what expat tells --- */

static void fail(struct xml_records *x, const char *wrong)
{
    if (!x->wrong) x->wrong = wrong;
    XML_StopParser(x->parser, XML_FALSE);
}

/* The elements that are there instead of a record, each way once. */
static void way_enter(struct xml_records *x, const char *name)
{
    buf_printf(&x->way, "/%s", name);
    int parent = x->name_count - 1;
    if (x->depth == 2) x->has_children = true;
    if (parent && x->matched == parent && x->depth == parent + 1) x->parent_has_children = true;
    if (x->way_count == THERE_MAX || x->way.n > WAY_BYTES_MAX) return;
    const char *way = buf_cstr(&x->way) + 1;
    for (int i = 0; i < x->way_count; i++)
        if (strcmp(x->ways[i], way) == 0) return;
    x->ways[x->way_count++] = arena_str(&x->arena, slice_str(way));
    buf_printf(&x->there, "%s\"%s\"", x->there.n ? ", " : "", way);
    buf_cstr(&x->there);
}

static void way_leave(struct xml_records *x, const char *name)
{
    x->way.n -= strlen(name) + 1;
}

/* --- what is around records --- */

/* How many of the open elements a record may want something of. */
static int levels_open(const struct xml_records *x)
{
    return !x->around ? 0 : x->record_depth ? x->record_depth - 1 : x->depth;
}

/* The place of an element that begins, among those of its name in the element around it. */
static int place_count(struct xml_records *x, struct level *l, const char *name)
{
    int at = 0;
    while (at < l->kind_count && strcmp(l->kinds[at].name, name) != 0) at++;
    if (at == KINDS_MAX) {
        fail(x, "more than 256 kinds of elements beside each other");
        return 0;
    }
    if (at == l->kind_count) {
        l->kinds = memory_grow(l->kinds, (size_t)at + 1, sizeof *l->kinds);
        l->kinds[l->kind_count++] = (struct kind){memory_str(name), 0};
    }
    return ++l->kinds[at].count;
}

static void kinds_forget(struct level *l)
{
    for (int i = 0; i < l->kind_count; i++) free(l->kinds[i].name);
    l->kind_count = 0;
}

static void level_begin(struct xml_records *x, int place)
{
    struct level *l = &x->levels[x->depth];
    if (!l->capture) l->capture = xml_capture_new(x->paths);
    xml_capture_reset(l->capture);
    kinds_forget(l);
    l->before = x->count;
    l->place = place;
}

static void place_put(struct buf *out, int place)
{
    buf_reset(out);
    buf_printf(out, "%d", place);
}

/* Takes from the element at a depth what the record wants of it. */
static void around_take(const struct xml_records *x, struct found *f, int depth)
{
    struct arena arena = {0};
    struct slice texts[AROUND_MAX];
    const struct level *l = &x->levels[depth];
    xml_capture_give(l->capture, x->trim, &arena, texts);
    for (int i = 0; i < x->around->count; i++) {
        if (x->around->values[i].up != f->depth - depth || x->around->values[i].place) continue;
        buf_reset(&f->around[i]);
        if (texts[i].p) text_json_string(texts[i], &f->around[i]);
    }
    arena_release(&arena);
}

/* The element furthest out of which the record wants something. */
static int outermost(const struct xml_records *x, const struct found *f)
{
    return f->depth > x->up_max ? f->depth - x->up_max : 1;
}

static void around_begin(struct xml_records *x, struct found *f, int place)
{
    f->depth = x->depth;
    f->around = memory_new((size_t)x->around->count * sizeof *f->around);
    for (int i = 0; i < x->around->count; i++) {
        int up = x->around->values[i].up;
        if (!x->around->values[i].place || up >= x->depth) continue;
        place_put(&f->around[i], up ? x->levels[x->depth - up].place : place);
    }
}

/* The record waits unless everything that it wants of the elements from this depth outwards has been found. */
static void around_settle(const struct xml_records *x, struct found *f, int depth)
{
    int out = outermost(x, f), at = depth;
    while (at >= out && xml_capture_is_settled(x->levels[at].capture, x->wanted[f->depth - at])) at--;
    f->waits = at >= out;
    for (at = depth; !f->waits && at >= out; at--) around_take(x, f, at);
}

/* An element ends: the records in it that wait have what they want of it. */
static void level_end(struct xml_records *x)
{
    for (size_t i = x->queue_count; i-- > x->queue_at && x->queue[i].record.number > x->levels[x->depth].before;) {
        struct found *f = &x->queue[i];
        if (!f->waits || x->depth < outermost(x, f)) continue;
        around_take(x, f, x->depth);
        around_settle(x, f, x->depth - 1);
    }
}

static void around_release(const struct xml_records *x, struct found *f)
{
    for (int i = 0; f->around && i < x->around->count; i++) buf_release(&f->around[i]);
    free(f->around);
    f->around = NULL;
}

/* --- what expat tells, of elements --- */

static void element_start(void *context, const XML_Char *name, const XML_Char **attributes)
{
    struct xml_records *x = context;
    int place = 1;
    if (x->wrong) return;
    for (int i = 1; i <= levels_open(x); i++) xml_capture_start(x->levels[i].capture, name, attributes);
    if (x->around && !x->record_depth && x->depth) place = place_count(x, &x->levels[x->depth], name);
    if (++x->depth > XML_DEPTH_MAX) {
        fail(x, "more than 128 elements inside each other");
        return;
    }
    if (x->depth == 1) x->root = arena_str(&x->arena, slice_str(name));
    if (x->count == 0) way_enter(x, name);
    if (x->record_depth) return;
    if (path_step(x, name, attributes)) {
        x->record_depth = x->depth;
        x->open = (struct found){.record = {.byte_offset = (uint64_t)XML_GetCurrentByteIndex(x->parser),
                                            .line = (uint64_t)XML_GetCurrentLineNumber(x->parser),
                                            .number = ++x->count}};
        if (x->around) around_begin(x, &x->open, place);
    } else if (x->around) {
        level_begin(x, place);
        xml_capture_start(x->levels[x->depth].capture, name, attributes);
    }
}

static void characters(void *context, const XML_Char *text, int n)
{
    struct xml_records *x = context;
    if (x->wrong) return;
    for (int i = 1; i <= levels_open(x); i++) xml_capture_text(x->levels[i].capture, text, n);
}

static void record_end(struct xml_records *x)
{
    uint64_t end = (uint64_t)XML_GetCurrentByteIndex(x->parser) + (uint64_t)XML_GetCurrentByteCount(x->parser);
    x->record_depth = 0;
    if (x->queue_count == x->queue_capacity) {
        x->queue_capacity = x->queue_capacity ? 2 * x->queue_capacity : 64;
        x->queue = memory_grow(x->queue, x->queue_capacity, sizeof *x->queue);
    }
    x->open.record.raw.n = (size_t)(end - x->open.record.byte_offset);
    if (x->around) around_settle(x, &x->open, x->open.depth - 1);
    x->queue[x->queue_count++] = x->open;
    x->open.around = NULL;
}

static void element_end(void *context, const XML_Char *name)
{
    struct xml_records *x = context;
    if (x->wrong) return;
    if (x->count == 0) way_leave(x, name);
    for (int i = 1; i <= levels_open(x); i++) xml_capture_end(x->levels[i].capture);
    if (x->record_depth == x->depth)
        record_end(x);
    else if (x->around && !x->record_depth)
        level_end(x);
    x->depth--;
    if (x->matched > x->depth) x->matched = x->depth;
}

static void skipped(void *context, const XML_Char *name, int is_parameter)
{
    (void)name;
    if (!is_parameter) fail(context, "undefined entity (a DTD in another file is not read)");
}

static void declaration(void *context, const XML_Char *version, const XML_Char *encoding, int standalone)
{
    struct xml_records *x = context;
    (void)standalone;
    if (!version || !encoding || x->layout.n) return;
    for (; *encoding; encoding++) buf_append_byte(&x->layout, (uint8_t)tolower((unsigned char)*encoding));
}

/* An entity's text as a literal that stands for the same: ASCII, with every character escaped that a literal expands.
 */
static void literal_put(struct buf *out, const char *text, int n)
{
    for (int i = 0; i < n; i++) {
        uint32_t c = (uint8_t)text[i];
        int more = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : c >= 0xc0 ? 1 : 0;
        if (more) c &= 0x3fU >> more;
        for (; more > 0 && i + 1 < n; more--) c = c << 6 | ((uint8_t)text[++i] & 0x3f);
        if (c >= 0x80 || c < 0x20 || strchr("&%\"", (int)c))
            buf_printf(out, "&#%" PRIu32 ";", c);
        else
            buf_append_byte(out, (uint8_t)c);
    }
}

static void entity(void *context, const XML_Char *name, int is_parameter, const XML_Char *value, int n,
                   const XML_Char *base, const XML_Char *system, const XML_Char *public_id, const XML_Char *notation)
{
    struct xml_records *x = context;
    (void)base, (void)system, (void)public_id, (void)notation;
    if (is_parameter || !value) return; /* of other files: not read; a reference to one is told */
    buf_append_str(&x->entities, "<!ENTITY ");
    for (const char *c = name; *c; c++)
        if ((uint8_t)*c >= 0x80) fail(x, "an entity needs a name of ASCII characters");
    buf_append_str(&x->entities, name);
    buf_append_str(&x->entities, " \"");
    literal_put(&x->entities, value, n);
    buf_append_str(&x->entities, "\">");
    if (x->entities.n > XML_ENTITIES_BYTES_MAX) fail(x, "the declarations of entities have more than 4096 bytes");
    if (x->wide) fail(x, "entities cannot be declared in a UTF-16 file; convert it to UTF-8 first");
}

/* --- making one --- */

static void around_want(struct xml_records *x)
{
    x->levels = memory_new((XML_DEPTH_MAX + 1) * sizeof *x->levels);
    x->paths = xml_paths_new(&x->arena);
    for (int i = 0; i < x->around->count; i++)
        if (x->around->values[i].up > x->up_max) x->up_max = x->around->values[i].up;
    x->wanted = arena_alloc(&x->arena, ((size_t)x->up_max + 1) * sizeof *x->wanted);
    for (int i = 0; i < x->around->count; i++) {
        const struct around_value *v = &x->around->values[i];
        if (v->place)
            xml_paths_skip(x->paths);
        else
            xml_paths_add(x->paths, v->path);
        if (!v->place) x->wanted[v->up] |= UINT64_C(1) << i;
    }
    XML_SetCharacterDataHandler(x->parser, characters);
}

struct xml_records *xml_records_new(struct input *in, const char *file, const char *path, const char *encoding,
                                    const struct around *around, bool trim)
{
    struct xml_records *x = memory_new(sizeof *x);
    *x = (struct xml_records){
        .in = in, .file = file, .parser = xml_parser_new(encoding), .fed = in->offset, .around = around, .trim = trim};
    path_take(x, path);
    if (around) around_want(x);
    if (encoding) buf_append_str(&x->layout, encoding);
    XML_SetUserData(x->parser, x);
    XML_SetElementHandler(x->parser, element_start, element_end);
    XML_SetSkippedEntityHandler(x->parser, skipped);
    XML_SetXmlDeclHandler(x->parser, declaration);
    XML_SetEntityDeclHandler(x->parser, entity);
    return x;
}

static void levels_free(struct xml_records *x)
{
    for (int i = 0; x->levels && i <= XML_DEPTH_MAX; i++) {
        xml_capture_free(x->levels[i].capture);
        kinds_forget(&x->levels[i]);
        free(x->levels[i].kinds);
    }
    free(x->levels);
    for (size_t i = x->queue_at; i < x->queue_count; i++) around_release(x, &x->queue[i]);
    around_release(x, &x->open);
    around_release(x, &x->given);
}

void xml_records_free(struct xml_records *x)
{
    if (!x) return;
    levels_free(x);
    XML_ParserFree(x->parser);
    buf_release(&x->layout);
    buf_release(&x->entities);
    buf_release(&x->way);
    buf_release(&x->there);
    arena_release(&x->arena);
    free(x->queue);
    free(x);
}

const char *xml_records_missed(const struct xml_records *x)
{
    bool empty = !x->has_children || (x->has_parent && !x->parent_has_children);
    return x->count > 0 || empty ? NULL : (const char *)x->there.p;
}

void xml_records_layout(const struct xml_records *x, struct buf *out)
{
    for (int i = 0; x->around && i < x->around->count; i++) {
        buf_append_byte(out, i ? ',' : '[');
        if (x->given.around[i].n)
            buf_append_slice(out, buf_slice(&x->given.around[i]));
        else
            buf_append_str(out, "null");
    }
    if (x->around) buf_append_byte(out, ']');
    buf_append_slice(out, buf_slice(&x->layout));
}

/* --- reading --- */

/* Two bytes a character: by the byte order mark, or by the zero beside the first `<`. */
static void wide_look(struct xml_records *x)
{
    const uint8_t *p = x->in->rest.p;
    if (x->in->rest.n < 2 || x->layout.n) return;
    bool little = (p[0] == 0xff && p[1] == 0xfe) || (p[0] == '<' && p[1] == 0);
    bool big = (p[0] == 0xfe && p[1] == 0xff) || (p[0] == 0 && p[1] == '<');
    x->wide = little || big;
    if (x->wide) buf_append_str(&x->layout, little ? "utf-16le" : "utf-16be");
}

/* Before the first record is given: the declarations stand ahead of it. */
static void layout_finish(struct xml_records *x)
{
    if (x->layout.n == 0) buf_append_str(&x->layout, "utf-8");
    if (x->entities.n == 0) return;
    buf_append_byte(&x->layout, '\n');
    buf_append_slice(&x->layout, buf_slice(&x->entities));
    buf_reset(&x->entities);
}

/* The byte that is no character of the file's encoding; -1 when something else is wrong. */
static int invalid_byte(const struct xml_records *x, long at)
{
    bool token = !x->wrong && XML_GetErrorCode(x->parser) == XML_ERROR_INVALID_TOKEN && !x->wide;
    uint64_t ahead = (uint64_t)at - x->in->offset;
    if (!token || at < 0 || (uint64_t)at < x->in->offset || ahead >= x->in->rest.n) return -1;
    return x->in->rest.p[ahead] >= 0x80 ? x->in->rest.p[ahead] : -1;
}

/* An & or < of a text that should have been written otherwise: the parser stops at it or behind it. */
static const char *mark_text(const struct xml_records *x)
{
    uint64_t at = (uint64_t)XML_GetCurrentByteIndex(x->parser) - x->in->offset;
    if (x->wide || at >= x->in->rest.n) return NULL;
    const uint8_t *p = x->in->rest.p;
    /* "A&B<" stops at the <, which is none of a reference: the & is what is wrong. */
    uint64_t name = at;
    while (name > 0 && p[at] == '<' && (isalnum(p[name - 1]) || strchr("_.-:#", p[name - 1]))) name--;
    if (name > 0 && p[name - 1] == '&') return "a & that begins no entity: in a text it is &amp;";
    for (uint64_t i = at + 1; i-- > (at ? at - 1 : 0);) {
        if (p[i] == '&') return "a & that begins no entity: in a text it is &amp;";
        if (p[i] == '<') return "a < that begins no tag: in a text it is &lt;";
    }
    return NULL;
}

static const char *wrong_text(struct xml_records *x)
{
    enum XML_Error code = XML_GetErrorCode(x->parser);
    if (x->wrong) return x->wrong;
    if (code == XML_ERROR_NO_ELEMENTS && x->root) return arena_printf(&x->arena, "it ends before </%s>", x->root);
    if (code == XML_ERROR_NO_ELEMENTS) return "there is no element in it";
    if (code == XML_ERROR_UNCLOSED_TOKEN && x->done) return "it ends inside of a tag";
    if (code == XML_ERROR_INVALID_TOKEN && !mark_text(x)) return "a character that cannot stand here";
    return code == XML_ERROR_INVALID_TOKEN ? mark_text(x) : XML_ErrorString(code);
}

static int wrong(struct xml_records *x, struct err_text *error)
{
    const char *why = wrong_text(x);
    if (XML_GetErrorCode(x->parser) == XML_ERROR_UNKNOWN_ENCODING)
        return err_set(error, ERR_UNSUPPORTED,
                       "%s: it declares the encoding \"%.*s\", which is none that is known here; \"encoding\" of the "
                       "source says how to read it",
                       x->file, (int)x->layout.n, (const char *)x->layout.p);
    long at = (long)XML_GetCurrentByteIndex(x->parser); /* -1 before anything was parsed */
    int byte = invalid_byte(x, at);
    if (byte >= 0)
        return err_set(error, ERR_CORRUPT,
                       "%s: line %lu, byte offset %ld: the byte %02X is not %.*s, which is what the file "
                       "declares; \"encoding\" of the source says how to read it: is the file windows-1252?",
                       x->file, (unsigned long)XML_GetCurrentLineNumber(x->parser), at, (unsigned)byte,
                       x->layout.n ? (int)strcspn(buf_cstr(&x->layout), "\n") : 5,
                       x->layout.n ? buf_cstr(&x->layout) : "utf-8");
    return err_set(error, ERR_CORRUPT, "%s: line %lu, byte offset %ld: not well-formed XML: %s", x->file,
                   (unsigned long)XML_GetCurrentLineNumber(x->parser), at < 0 ? 0 : at, why);
}

/* The records that wait move to the front; the first byte that is needed again. */
static uint64_t queue_move(struct xml_records *x)
{
    size_t n = x->queue_count - x->queue_at;
    if (n) memmove(x->queue, x->queue + x->queue_at, n * sizeof *x->queue);
    x->queue_at = 0;
    x->queue_count = n;
    return n ? x->queue[0].record.byte_offset : x->record_depth ? x->open.record.byte_offset : x->fed;
}

/* Gives the parser what stands behind what it has seen. What no record needs leaves the window. */
static int feed(struct xml_records *x, struct err_text *error)
{
    struct input *in = x->in;
    input_consume(in, (size_t)(queue_move(x) - in->offset));
    if (x->queue_count && in->rest.n > XML_WAIT_BYTES_MAX)
        return err_set(error, ERR_RANGE,
                       "%s: line %" PRIu64 ", byte offset %" PRIu64 ": what columns read around this record is not "
                       "within 32 MiB behind it",
                       x->file, x->queue[0].record.line, x->queue[0].record.byte_offset);
    size_t seen = (size_t)(x->fed - in->offset);
    if (seen == in->rest.n) {
        int more = input_more(in, error);
        if (more < 0) return more;
    }
    if (x->fed == 0) wide_look(x);
    size_t n = in->rest.n - seen < PARSE_BYTES ? in->rest.n - seen : PARSE_BYTES;
    x->done = n == 0;
    x->fed += n;
    enum XML_Status status = XML_Parse(x->parser, (const char *)in->rest.p + seen, (int)n, x->done);
    return status == XML_STATUS_OK ? ERR_OK : wrong(x, error);
}

int xml_records_next(struct xml_records *x, struct xml_record *out, struct err_text *error)
{
    while (x->queue_at == x->queue_count || x->queue[x->queue_at].waits) {
        if (x->done) return 0;
        int err = feed(x, error);
        if (err) return err;
    }
    around_release(x, &x->given);
    x->given = x->queue[x->queue_at++];
    *out = x->given.record;
    if (out->number == 1) layout_finish(x);
    out->raw.p = x->in->rest.p + (out->byte_offset - x->in->offset);
    if (out->raw.n && (out->raw.p[0] == '<' || (x->wide && out->raw.p[1] == '<'))) return 1;
    return err_set(error, ERR_UNSUPPORTED, "%s: line %" PRIu64 ", byte offset %" PRIu64 ": a record inside an entity",
                   x->file, out->line, out->byte_offset);
}
