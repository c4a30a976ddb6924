#include "etl/source/xml_text.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "etl/source/encoding.h"
#include "lib/base/memory.h"

/* --- parsers --- */

/* Other names that files give to the encodings which expat does not know. */
static const struct {
    const char *name;
    enum encoding encoding;
} ENCODINGS[] = {
    {"cp1252", ENCODING_WINDOWS_1252},   {"cp1250", ENCODING_WINDOWS_1250}, {"cp1251", ENCODING_WINDOWS_1251},
    {"cp1254", ENCODING_WINDOWS_1254},   {"latin-9", ENCODING_ISO_8859_15}, {"latin9", ENCODING_ISO_8859_15},
    {"latin2", ENCODING_ISO_8859_2},     {"latin5", ENCODING_ISO_8859_9},   {"macroman", ENCODING_MACINTOSH},
    {"x-mac-roman", ENCODING_MACINTOSH}, {"mac", ENCODING_MACINTOSH},
};

static bool has_table(int encoding)
{
    return ENCODING_HIGH[encoding][0x7f] != 0;
}

static int table_give(enum encoding e, XML_Encoding *out)
{
    for (int c = 0; c < 256; c++) out->map[c] = encoding_code_point(e, (uint8_t)c);
    return XML_STATUS_OK;
}

static int encoding_find(void *context, const XML_Char *name, XML_Encoding *out)
{
    (void)context;
    for (int e = 0; ENCODING_NAMES[e]; e++)
        if (has_table(e) && strcasecmp(ENCODING_NAMES[e], name) == 0) return table_give((enum encoding)e, out);
    for (size_t i = 0; i < sizeof ENCODINGS / sizeof *ENCODINGS; i++)
        if (strcasecmp(ENCODINGS[i].name, name) == 0) return table_give(ENCODINGS[i].encoding, out);
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

/* --- one element --- */

struct xml_splitter {
    XML_Parser parser;
    struct buf layout;    /* of the record before */
    const char *encoding; /* in `layout` */
    struct slice entities;
    struct xml_capture *capture;
    const char *wrong;
};

struct xml_splitter *xml_splitter_new(const struct xml_paths *paths)
{
    struct xml_splitter *x = memory_new(sizeof *x);
    x->capture = xml_capture_new(paths);
    return x;
}

const char *xml_splitter_new_part(const struct xml_splitter *x)
{
    return xml_capture_new_part(x->capture);
}

void xml_splitter_free(struct xml_splitter *x)
{
    if (!x) return;
    xml_capture_free(x->capture);
    if (x->parser) XML_ParserFree(x->parser);
    buf_release(&x->layout);
    free(x);
}

static void fail(struct xml_splitter *x, const char *wrong)
{
    if (!x->wrong) x->wrong = wrong;
    XML_StopParser(x->parser, XML_FALSE);
}

static void element_start(void *context, const XML_Char *name, const XML_Char **attributes)
{
    struct xml_splitter *x = context;
    if (!xml_capture_start(x->capture, name, attributes)) fail(x, "more than 128 elements inside each other");
}

static void element_end(void *context, const XML_Char *name)
{
    (void)name;
    xml_capture_end(((struct xml_splitter *)context)->capture);
}

static void characters(void *context, const XML_Char *text, int n)
{
    xml_capture_text(((struct xml_splitter *)context)->capture, text, n);
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
    xml_capture_reset(x->capture);
    x->wrong = NULL;
    if (!entities_parse(x)) return XML_ErrorString(XML_GetErrorCode(x->parser));
    long ahead = x->entities.n ? (long)XML_GetCurrentByteIndex(x->parser) + XML_GetCurrentByteCount(x->parser) : 0;
    if (!parse(x, element, true)) {
        long index = (long)XML_GetCurrentByteIndex(x->parser) - ahead;
        *at = index > 0 ? (size_t)index : 0;
        return x->wrong ? x->wrong : XML_ErrorString(XML_GetErrorCode(x->parser));
    }
    xml_capture_give(x->capture, trim, arena, fields);
    return NULL;
}
