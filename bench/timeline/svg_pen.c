/* Colours, words and signs. */
#include <string.h>

#include "bench/timeline/svg_parts.h"

/* --- colours --- */

/* Light and dark of each: text, faint text, paper, lines, and the kinds (Okabe and Ito, brighter on dark). */
static const struct {
    const char *selector, *property, *light, *dark;
} colours[] = {
    {".tl-paper", "fill", "#ffffff", "#16191d"},        {".tl-ink", "fill", "#1a1a1a", "#f0f0f0"},
    {".tl-faint", "fill", "#555555", "#b4b4b4"},        {".tl-lane", "fill", "#f2f3f5", "#22272e"},
    {".tl-grid", "stroke", "#d4d7dc", "#3a414a"},       {".tl-produce", "fill", "#0072b2", "#56b4e9"},
    {".tl-fetch", "fill", "#009e73", "#2fc79a"},        {".tl-commit", "fill", "#b87400", "#e69f00"},
    {".tl-group", "fill", "#a6558a", "#cc79a7"},        {".tl-produce-line", "stroke", "#0072b2", "#56b4e9"},
    {".tl-fetch-line", "stroke", "#009e73", "#2fc79a"}, {".tl-commit-line", "stroke", "#b87400", "#e69f00"},
    {".tl-group-line", "stroke", "#a6558a", "#cc79a7"}, {".tl-member", "fill", "#ecd3e2", "#5a3a4f"},
    {".tl-up", "fill", "#d5e3ee", "#2b4357"},           {".tl-down", "fill", "#f7d9c8", "#6b3418"},
    {".tl-wrong", "fill", "#c43c00", "#ff8a4c"},        {".tl-wrong-line", "stroke", "#c43c00", "#ff8a4c"},
    {".tl-shade", "fill", "#c43c00", "#ff8a4c"},        {".tl-ring", "stroke", "#ffffff", "#16191d"},
    {".tl-halo", "stroke", "#ffffff", "#16191d"},       {".tl-swap", "stroke", "#ffffff", "#16191d"},
};

static void rules(bool dark, struct buf *out)
{
    for (size_t i = 0; i < sizeof colours / sizeof *colours; i++)
        buf_printf(out, "%s{%s:%s}", colours[i].selector, colours[i].property,
                   dark ? colours[i].dark : colours[i].light);
}

void svg_style(enum svg_theme theme, struct buf *out)
{
    buf_append_str(out, "<style>.tl text{font-family:system-ui,'DejaVu Sans',Helvetica,Arial,sans-serif}"
                        ".tl-band{opacity:.42}.tl-shade{opacity:.12}"
                        ".tl-arrow{stroke-width:1.6;fill:none;opacity:.75}.tl-wrong-line{stroke-width:2.6;fill:none}"
                        ".tl-ring{stroke-width:2.5}.tl-swap{stroke-width:1.7;fill:none}.tl-halo{stroke-width:3.5;"
                        "stroke-linejoin:round;paint-order:stroke}");
    rules(theme == SVG_DARK, out);
    if (theme == SVG_AUTO) {
        buf_append_str(out, "@media (prefers-color-scheme:dark){");
        rules(true, out);
        buf_append_byte(out, '}');
    }
    buf_append_str(out, "</style>\n");
}

const char *svg_kind_class(enum timeline_kind kind)
{
    switch (kind) {
    case TIMELINE_PRODUCE: return "tl-produce";
    case TIMELINE_FETCH: return "tl-fetch";
    case TIMELINE_COMMIT: return "tl-commit";
    default: return "tl-group";
    }
}

/* --- words --- */

/* At most `max` characters of it, the last of them then three points. */
void svg_escaped(const char *s, size_t max, struct buf *out)
{
    size_t n = strlen(s), keep = n > max ? (max > 3 ? max - 3 : 0) : n;
    while (n > max && keep > 0 && ((unsigned char)s[keep] & 0xc0) == 0x80) keep--;
    for (size_t i = 0; i < keep; i++) {
        switch (s[i]) {
        case '&': buf_append_str(out, "&amp;"); break;
        case '<': buf_append_str(out, "&lt;"); break;
        case '>': buf_append_str(out, "&gt;"); break;
        case '"': buf_append_str(out, "&quot;"); break;
        default: buf_append_byte(out, (unsigned char)s[i] < 0x20 ? ' ' : (uint8_t)s[i]);
        }
    }
    if (n > max) buf_append_str(out, "...");
}

/* The width of a letter, rather more than less. */
double svg_letter(double size)
{
    return size * 0.57;
}

void svg_words(double x, double y, double size, const char *attributes, const char *s, size_t max, struct buf *out)
{
    buf_printf(out, "<text x=\"%.1f\" y=\"%.1f\" font-size=\"%.0f\" %s>", x, y, size, attributes);
    svg_escaped(s, max, out);
    buf_append_str(out, "</text>\n");
}

/* --- signs --- */

void svg_cross(double x, double y, double size, struct buf *out)
{
    buf_printf(out, "<path class=\"tl-wrong-line\" d=\"M%.1f %.1fl%.1f %.1fm0 %.1fl%.1f %.1f\"/>", x - size, y - size,
               2 * size, 2 * size, -2 * size, -2 * size, 2 * size);
}

/* Two arrows that pass each other. */
void svg_swapped(double x, double y, struct buf *out)
{
    buf_printf(out,
               "<circle class=\"tl-ring tl-produce\" cx=\"%.1f\" cy=\"%.1f\" r=\"9\"/>"
               "<path class=\"tl-swap\" d=\"M%.1f %.1fh9l-3 -2.5M%.1f %.1fh-9l3 2.5\"/>",
               x, y, x - 4.5, y - 2.5, x + 4.5, y + 2.5);
}
