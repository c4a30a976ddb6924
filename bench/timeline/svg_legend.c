/* What is below the picture: what its signs mean, and what is not in it. */
#include <inttypes.h>
#include <string.h>

#include "bench/timeline/svg_parts.h"

struct legend {
    const struct layout *l;
    double x, y;
    struct buf *out;
};

enum { WORDS_AT = 24, LINE = 20 };

static double legend_width(const char *s)
{
    return WORDS_AT + (double)strlen(s) * SVG_SMALL * 0.5;
}

/* Before a sign is drawn: it and its words go to the next line when they have no room in this one. */
static void legend_place(struct legend *g, const char *s)
{
    if (g->x + legend_width(s) < g->l->right) return;
    g->x = g->l->left - 4;
    g->y += LINE;
}

static void legend_words(struct legend *g, const char *s)
{
    svg_words(g->x + WORDS_AT, g->y + 5, SVG_SMALL, "class=\"tl-ink\"", s, 60, g->out);
    g->x += legend_width(s) + 24;
}

static void legend_box(struct legend *g, const char *class, double width, double height, const char *s)
{
    legend_place(g, s);
    buf_printf(g->out, "<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" rx=\"2\"/>\n", class,
               g->x + 9 - width / 2, g->y - height / 2, width, height);
    legend_words(g, s);
}

static bool has_note(const struct layout *l, enum layout_sign sign)
{
    for (int i = 0; i < l->note_count; i++)
        if (l->notes[i].sign == sign) return true;
    return false;
}

static bool has_state(const struct layout *l, enum layout_state_kind kind)
{
    for (int i = 0; i < l->state_count; i++)
        if (l->states[i].kind == kind) return true;
    return false;
}

/* Only of what is in the picture. */
double svg_legend(const struct layout *l, struct buf *out)
{
    static const char swap[] = "swapped: behind a later one in the log";
    struct legend g = {l, l->left - 4, l->bottom + 50, out};
    legend_box(&g, "tl-produce", 5, 16, "a request, until its answer");
    if (l->banded > 0) legend_box(&g, "tl-produce tl-band", 20, 14, "many, too close to be told apart");
    if (has_state(l, LAYOUT_JOINING)) legend_box(&g, "tl-group", 14, 14, "joining");
    if (l->heartbeats > 0) legend_box(&g, "tl-group", 8, 5, "heartbeats");
    if (has_note(l, LAYOUT_AGAIN)) {
        legend_place(&g, "sent again");
        buf_printf(out, "<circle class=\"tl-produce\" cx=\"%.1f\" cy=\"%.1f\" r=\"8\"/>", g.x + 9, g.y);
        svg_words(g.x + 9, g.y + 4.5, 12, "class=\"tl-paper\" font-weight=\"700\" text-anchor=\"middle\"", "2", 1, out);
        legend_words(&g, "sent again");
    }
    if (has_note(l, LAYOUT_LATE)) {
        legend_place(&g, swap);
        svg_swapped(g.x + 9, g.y, out);
        legend_words(&g, swap);
    }
    if (has_note(l, LAYOUT_LOST)) {
        legend_place(&g, "lost");
        svg_cross(g.x + 9, g.y, 7, out);
        legend_words(&g, "lost");
    }
    if (has_note(l, LAYOUT_ERROR)) {
        legend_place(&g, "answered with an error");
        buf_printf(out, "<path class=\"tl-wrong\" d=\"M%.1f %.1fl8 15h-16z\"/>", g.x + 9, g.y - 9);
        legend_words(&g, "answered with an error");
    }
    return g.y;
}

static bool has_counts(const struct layout *l)
{
    for (int i = 0; i < l->note_count; i++)
        if (l->notes[i].count > 1) return true;
    return false;
}

void svg_notes_words(const struct layout *l, double y, struct buf *out)
{
    struct buf text = {0};
    buf_printf(&text, "%" PRId64 " requests", l->requests);
    if (l->banded) buf_printf(&text, ", of which %" PRId64 " are drawn as bands", l->banded);
    if (has_counts(l)) buf_append_str(&text, "; a sign with a number stands for so many");
    if (l->others) buf_printf(&text, "; not drawn: %" PRId64 " others (Metadata, ApiVersions, ...)", l->others);
    if (l->arrows_left_out) buf_append_str(&text, "; arrows not of every kind");
    if (l->lanes_left_out) buf_printf(&text, "; %" PRId64 " clients have no room", l->lanes_left_out);
    svg_words(l->left, y, SVG_SMALL, "class=\"tl-faint\"", buf_cstr(&text), 150, out);
    buf_release(&text);
}
