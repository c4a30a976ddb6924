#include "etl/source/xml_records.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "etl/source/xml_text.h"
#include "lib/base/memory.h"

enum { NAMES_MAX = 32, PARSE_BYTES = 64 * 1024, THERE_MAX = 8, WAY_BYTES_MAX = 200 };

struct xml_records {
    struct input *in;
    const char *file;
    XML_Parser parser;
    /* the path */
    struct arena arena;
    const char *names[NAMES_MAX];
    int name_count; /* one: at any place */
    int depth, matched;
    int record_depth; /* of the record's element while it is open, else 0 */
    /* found, not given yet: records whose end was parsed */
    struct xml_record *queue;
    size_t queue_count, queue_capacity, queue_at;
    struct xml_record open; /* the record that began and has not ended */
    uint64_t count;
    uint64_t fed; /* offset behind what the parser has seen */
    struct buf layout, entities;
    /* until there is a record: the way from the root, what stands in the file, and where records would stand */
    struct buf way, there;
    const char *ways[THERE_MAX];
    int way_count;
    bool has_children, has_parent, parent_has_children;
    bool wide; /* UTF-16 */
    bool done;
    const char *wrong;
};

/* --- the path --- */

const char *xml_records_path_check(const char *path)
{
    int names = 0;
    for (const char *at = path; *at || at == path; names++) {
        size_t n = strcspn(at, "/[]@*");
        if (n == 0) return "the name of an element is missing";
        at += n;
        if (*at && *at != '/') return "the way to a record is made of names of elements and /";
        if (*at == '/' && !*++at) return "the name of an element is missing";
    }
    return names <= NAMES_MAX ? NULL : "is too long";
}

static void path_take(struct xml_records *x, const char *path)
{
    while (*path) {
        size_t n = strcspn(path, "/");
        x->names[x->name_count++] = arena_str(&x->arena, slice_of(path, n));
        path += n + (path[n] == '/');
    }
}

/* Called for each start tag outside of records; says whether a record begins. */
static bool path_step(struct xml_records *x, const char *name)
{
    if (x->name_count == 1) return strcmp(name, x->names[0]) == 0;
    if (x->matched != x->depth - 1 || strcmp(name, x->names[x->matched]) != 0) return false;
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

static void element_start(void *context, const XML_Char *name, const XML_Char **attributes)
{
    struct xml_records *x = context;
    (void)attributes;
    if (++x->depth > XML_DEPTH_MAX) fail(x, "more than 128 elements inside each other");
    if (x->count == 0) way_enter(x, name);
    if (x->record_depth || !path_step(x, name)) return;
    x->record_depth = x->depth;
    x->open = (struct xml_record){.byte_offset = (uint64_t)XML_GetCurrentByteIndex(x->parser),
                                  .line = (uint64_t)XML_GetCurrentLineNumber(x->parser),
                                  .number = ++x->count};
}

static void record_end(struct xml_records *x)
{
    uint64_t end = (uint64_t)XML_GetCurrentByteIndex(x->parser) + (uint64_t)XML_GetCurrentByteCount(x->parser);
    x->record_depth = 0;
    if (x->queue_count == x->queue_capacity) {
        x->queue_capacity = x->queue_capacity ? 2 * x->queue_capacity : 64;
        x->queue = memory_grow(x->queue, x->queue_capacity, sizeof *x->queue);
    }
    x->open.raw.n = (size_t)(end - x->open.byte_offset);
    x->queue[x->queue_count++] = x->open;
}

static void element_end(void *context, const XML_Char *name)
{
    struct xml_records *x = context;
    if (x->count == 0) way_leave(x, name);
    if (x->record_depth == x->depth) record_end(x);
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

struct xml_records *xml_records_new(struct input *in, const char *file, const char *path, const char *encoding)
{
    struct xml_records *x = memory_new(sizeof *x);
    *x = (struct xml_records){.in = in, .file = file, .parser = xml_parser_new(encoding), .fed = in->offset};
    path_take(x, path);
    if (encoding) buf_append_str(&x->layout, encoding);
    XML_SetUserData(x->parser, x);
    XML_SetElementHandler(x->parser, element_start, element_end);
    XML_SetSkippedEntityHandler(x->parser, skipped);
    XML_SetXmlDeclHandler(x->parser, declaration);
    XML_SetEntityDeclHandler(x->parser, entity);
    return x;
}

void xml_records_free(struct xml_records *x)
{
    if (!x) return;
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

struct slice xml_records_layout(const struct xml_records *x)
{
    return buf_slice(&x->layout);
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

static int wrong(const struct xml_records *x, struct err_text *error)
{
    const char *why = x->wrong ? x->wrong : XML_ErrorString(XML_GetErrorCode(x->parser));
    long at = (long)XML_GetCurrentByteIndex(x->parser); /* -1 before anything was parsed */
    return err_set(error, ERR_CORRUPT, "%s: line %lu, byte offset %ld: not well-formed XML: %s", x->file,
                   (unsigned long)XML_GetCurrentLineNumber(x->parser), at < 0 ? 0 : at, why);
}

/* Gives the parser what stands behind what it has seen. What no record needs leaves the window. */
static int feed(struct xml_records *x, struct err_text *error)
{
    struct input *in = x->in;
    uint64_t keep = x->record_depth ? x->open.byte_offset : x->fed;
    input_consume(in, (size_t)(keep - in->offset));
    size_t seen = (size_t)(x->fed - in->offset);
    if (seen == in->rest.n) {
        int more = input_more(in, error);
        if (more < 0) return more;
    }
    if (x->fed == 0) wide_look(x);
    size_t n = in->rest.n - seen < PARSE_BYTES ? in->rest.n - seen : PARSE_BYTES;
    x->done = n == 0;
    x->queue_count = x->queue_at = 0;
    x->fed += n;
    enum XML_Status status = XML_Parse(x->parser, (const char *)in->rest.p + seen, (int)n, x->done);
    return status == XML_STATUS_OK ? ERR_OK : wrong(x, error);
}

int xml_records_next(struct xml_records *x, struct xml_record *out, struct err_text *error)
{
    while (x->queue_at == x->queue_count) {
        if (x->done) return 0;
        int err = feed(x, error);
        if (err) return err;
    }
    if (x->queue[x->queue_at].number == 1) layout_finish(x);
    *out = x->queue[x->queue_at++];
    out->raw.p = x->in->rest.p + (out->byte_offset - x->in->offset);
    if (out->raw.n && (out->raw.p[0] == '<' || (x->wide && out->raw.p[1] == '<'))) return 1;
    return err_set(error, ERR_UNSUPPORTED, "%s: line %" PRIu64 ", byte offset %" PRIu64 ": a record inside an entity",
                   x->file, out->line, out->byte_offset);
}
