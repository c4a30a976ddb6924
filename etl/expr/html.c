/* Characters of HTML that are written by name or number. Sources: HTML 4.01, section 24, for the names of Latin-1 and
 * the usual others; the WHATWG's HTML for numbers from 128 to 159, which mean bytes of windows-1252. */
#include "etl/expr/html.h"

#include <string.h>

#include "etl/source/encoding.h"

/* From U+00A0 on. */
static const char *const LATIN_1[] = {
    "nbsp",   "iexcl",  "cent",   "pound",  "curren", "yen",    "brvbar", "sect",   "uml",    "copy",   "ordf",
    "laquo",  "not",    "shy",    "reg",    "macr",   "deg",    "plusmn", "sup2",   "sup3",   "acute",  "micro",
    "para",   "middot", "cedil",  "sup1",   "ordm",   "raquo",  "frac14", "frac12", "frac34", "iquest", "Agrave",
    "Aacute", "Acirc",  "Atilde", "Auml",   "Aring",  "AElig",  "Ccedil", "Egrave", "Eacute", "Ecirc",  "Euml",
    "Igrave", "Iacute", "Icirc",  "Iuml",   "ETH",    "Ntilde", "Ograve", "Oacute", "Ocirc",  "Otilde", "Ouml",
    "times",  "Oslash", "Ugrave", "Uacute", "Ucirc",  "Uuml",   "Yacute", "THORN",  "szlig",  "agrave", "aacute",
    "acirc",  "atilde", "auml",   "aring",  "aelig",  "ccedil", "egrave", "eacute", "ecirc",  "euml",   "igrave",
    "iacute", "icirc",  "iuml",   "eth",    "ntilde", "ograve", "oacute", "ocirc",  "otilde", "ouml",   "divide",
    "oslash", "ugrave", "uacute", "ucirc",  "uuml",   "yacute", "thorn",  "yuml"};

static const struct {
    const char *name;
    uint32_t character;
} OTHERS[] = {{"amp", '&'},       {"lt", '<'},        {"gt", '>'},        {"quot", '"'},      {"apos", '\''},
              {"OElig", 0x152},   {"oelig", 0x153},   {"Scaron", 0x160},  {"scaron", 0x161},  {"Yuml", 0x178},
              {"fnof", 0x192},    {"circ", 0x2c6},    {"tilde", 0x2dc},   {"ensp", 0x2002},   {"emsp", 0x2003},
              {"thinsp", 0x2009}, {"zwnj", 0x200c},   {"zwj", 0x200d},    {"ndash", 0x2013},  {"mdash", 0x2014},
              {"lsquo", 0x2018},  {"rsquo", 0x2019},  {"sbquo", 0x201a},  {"ldquo", 0x201c},  {"rdquo", 0x201d},
              {"bdquo", 0x201e},  {"dagger", 0x2020}, {"Dagger", 0x2021}, {"bull", 0x2022},   {"hellip", 0x2026},
              {"permil", 0x2030}, {"prime", 0x2032},  {"Prime", 0x2033},  {"lsaquo", 0x2039}, {"rsaquo", 0x203a},
              {"euro", 0x20ac},   {"trade", 0x2122},  {"larr", 0x2190},   {"rarr", 0x2192},   {"minus", 0x2212},
              {"ne", 0x2260},     {"le", 0x2264},     {"ge", 0x2265}};

static uint32_t named(struct slice name)
{
    for (uint32_t i = 0; i < sizeof LATIN_1 / sizeof *LATIN_1; i++)
        if (slice_equal(name, slice_str(LATIN_1[i]))) return 0xa0 + i;
    for (size_t i = 0; i < sizeof OTHERS / sizeof *OTHERS; i++)
        if (slice_equal(name, slice_str(OTHERS[i].name))) return OTHERS[i].character;
    return 0;
}

static int digit_of(uint8_t c, int base)
{
    int digit = c >= '0' && c <= '9' ? c - '0' : (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10 : 16;
    return digit < base ? digit : -1;
}

/* Of `#233` and `#xe9`. */
static uint32_t numbered(struct slice s)
{
    bool hex = s.n > 1 && (s.p[1] | 0x20) == 'x';
    uint32_t c = 0;
    size_t i = hex ? 2 : 1;
    if (i == s.n) return 0;
    for (; i < s.n; i++) {
        int digit = digit_of(s.p[i], hex ? 16 : 10);
        if (digit < 0 || c > 0x10ffff) return 0;
        c = c * (hex ? 16 : 10) + (uint32_t)digit;
    }
    if (c >= 0x80 && c < 0xa0) {
        int meant = encoding_code_point(ENCODING_WINDOWS_1252, (uint8_t)c);
        return meant > 0 ? (uint32_t)meant : c;
    }
    return c > 0x10ffff || (c >= 0xd800 && c < 0xe000) ? 0 : c;
}

static void character_append(uint32_t c, struct buf *out)
{
    if (c < 0x80) {
        buf_append_byte(out, (uint8_t)c);
        return;
    }
    if (c < 0x800)
        buf_append_byte(out, (uint8_t)(0xc0 | c >> 6));
    else {
        if (c < 0x10000)
            buf_append_byte(out, (uint8_t)(0xe0 | c >> 12));
        else {
            buf_append_byte(out, (uint8_t)(0xf0 | c >> 18));
            buf_append_byte(out, (uint8_t)(0x80 | (c >> 12 & 0x3f)));
        }
        buf_append_byte(out, (uint8_t)(0x80 | (c >> 6 & 0x3f)));
    }
    buf_append_byte(out, (uint8_t)(0x80 | (c & 0x3f)));
}

void html_decode(struct slice text, struct buf *out)
{
    for (size_t i = 0; i < text.n; i++) {
        size_t most = text.n - i < HTML_NAME_BYTES_MAX ? text.n - i : HTML_NAME_BYTES_MAX;
        const uint8_t *end = text.p[i] == '&' ? memchr(text.p + i, ';', most) : NULL;
        struct slice inside = end ? slice_of(text.p + i + 1, (size_t)(end - text.p) - i - 1) : slice_of(NULL, 0);
        uint32_t c = !inside.n ? 0 : inside.p[0] == '#' ? numbered(inside) : named(inside);
        if (c == 0) {
            buf_append_byte(out, text.p[i]);
            continue;
        }
        character_append(c, out);
        i += inside.n + 1;
    }
}
