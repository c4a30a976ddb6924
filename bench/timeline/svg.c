#include "bench/timeline/svg.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "bench/timeline/svg_parts.h"

enum {
    TITLE_SIZE = 26,
    FLAG_Y = 74,
    FLAG_STEP = 18,
    STATE_INSET = 3,
    NOTES_BELOW = 30, /* the legend */
    HEARTBEAT_HEIGHT = 8,
    CROWD_LOST_HEIGHT = 5, /* below the others' bands, whose colour it would mix with */
};

static void title_of(const struct timeline_mark *m, const struct layout *l, struct buf *out)
{
    buf_append_str(out, "<title>");
    buf_printf(out, "%s at %.3f s", m->api, (double)(m->begin_ns - l->timeline->begin_ns) / 1e9);
    if (m->end_ns > m->begin_ns) buf_printf(out, ", answered after %.3f ms", (double)(m->end_ns - m->begin_ns) / 1e6);
    if (m->records) buf_printf(out, ", %" PRId64 " records", m->records);
    const char *parts[] = {m->about, m->error, timeline_fault_name(m->fault), m->again ? "sent again" : "",
                           m->late ? "in the log behind a batch that was sent later" : ""};
    for (int i = 0; i < 5; i++) {
        if (!*parts[i]) continue;
        buf_append_str(out, ", ");
        svg_escaped(parts[i], SIZE_MAX, out);
    }
    buf_append_str(out, "</title>");
}

/* --- what is behind everything --- */

static const char *row_label(enum layout_row_kind kind)
{
    static const char *const names[] = {"produce", "fetch", "commit", "group", ""};
    return names[kind];
}

/* Of this machine the port says enough. */
static const char *short_address(const char *address)
{
    static const char loopback[] = "127.0.0.1";
    bool here = strncmp(address, loopback, sizeof loopback - 1) == 0;
    return here ? address + sizeof loopback - 1 : address;
}

/* A crowded row has signs that stand for many, and no room for words in its bands: it is told in words above. */
static void crowd_words(const struct layout *l, const struct layout_row *r, double x, double y, struct buf *out)
{
    static const char *const signs[LAYOUT_SIGNS] = {"lost", "answered with an error", "sent again", "swapped"};
    struct buf text = {0};
    buf_printf(&text, "%s: %" PRId64 " requests", row_label(r->kind), r->requests);
    if (r->records) buf_printf(&text, ", %" PRId64 " records", r->records);
    for (int i = 0; i < LAYOUT_SIGNS; i++)
        if (r->signs[i]) buf_printf(&text, ", %" PRId64 " %s", r->signs[i], signs[i]);
    svg_words(x, y, l->words, "class=\"tl-faint tl-halo\"", buf_cstr(&text), 110, out);
    buf_release(&text);
}

static void rows_draw(const struct layout *l, struct buf *out)
{
    for (int i = 0; i < l->row_count; i++) {
        const struct layout_row *r = &l->rows[i];
        buf_printf(out, "<rect class=\"tl-lane\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>\n", l->left,
                   r->y + 1, l->right - l->left, r->height - 2);
        if (r->kind != LAYOUT_ROW_BROKER)
            svg_words(l->left - 10, r->y + r->height / 2 + 6, l->words, "class=\"tl-faint\" text-anchor=\"end\"",
                      row_label(r->kind), 20, out);
        double above = l->rows[i].y - 5;
        for (int j = i; j > 0 && !l->rows[j].first; j--) above = l->rows[j - 1].y - 5;
        if (r->crowded) crowd_words(l, r, l->left + (r->first ? 0 : (l->right - l->left) / 2), above, out);
        if (!r->first) continue;
        char name[256];
        bool broker = r->kind == LAYOUT_ROW_BROKER;
        snprintf(name, sizeof name, "%s%.200s", broker ? "broker " : "",
                 broker ? short_address(l->timeline->brokers[r->owner]) : l->timeline->lanes[r->owner].name);
        svg_words(20, r->y - 5, l->words + 2, "class=\"tl-ink\" font-weight=\"600\"", name, 60, out);
    }
}

static void tick_label(double step, double seconds, char *out, size_t size)
{
    if (step >= 1)
        snprintf(out, size, "%.0f s", seconds);
    else if (step >= 0.1)
        snprintf(out, size, "%.1f s", seconds);
    else
        snprintf(out, size, "%.*f ms", step >= 0.001 ? 0 : 1, seconds * 1000);
}

static void axis_draw(const struct layout *l, struct buf *out)
{
    for (int i = 0; i < l->tick_count; i++) {
        double x = layout_x(l, l->timeline->begin_ns + (int64_t)llround(l->ticks[i] * 1e9));
        char label[48];
        tick_label(l->tick_step, l->ticks[i], label, sizeof label);
        buf_printf(out, "<line class=\"tl-grid\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>\n", x, l->top, x,
                   l->bottom + 6);
        svg_words(x, l->bottom + 25, SVG_SMALL, "class=\"tl-ink\" text-anchor=\"middle\"", label, 20, out);
    }
}

static void flags_draw(const struct layout *l, struct buf *out)
{
    for (int i = 0; i < l->flag_count; i++) {
        const struct layout_flag *f = &l->flags[i];
        if (f->width > 0)
            buf_printf(out, "<rect class=\"tl-shade\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>\n", f->x,
                       l->top - 4, f->width, l->bottom - l->top + 4);
        double y = FLAG_Y + FLAG_STEP * (f->level > 0 ? 1 : 0);
        buf_printf(out,
                   "<line class=\"tl-wrong-line\" stroke-dasharray=\"5 4\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" "
                   "y2=\"%.1f\"><title>",
                   f->x, f->level < 0 ? l->top : y - 11, f->x, l->bottom);
        svg_escaped(f->event->text, SIZE_MAX, out);
        buf_append_str(out, "</title></line>\n");
        if (f->level < 0) continue;
        char label[64];
        snprintf(label, sizeof label, "%.40s", f->event->label);
        for (char *c = label; *c; c++)
            if (*c == '_') *c = ' ';
        svg_words(f->x + (f->end ? -5 : 5), y, SVG_SMALL,
                  f->end ? "class=\"tl-wrong\" font-weight=\"600\" text-anchor=\"end\""
                         : "class=\"tl-wrong\" font-weight=\"600\"",
                  label, 14, out);
    }
}

/* --- what happened --- */

/* All of its words, or those before the colon ("gen. 2: orders 0-1"), or none. */
static void state_words(const struct layout *l, const struct layout_state *s, struct buf *out)
{
    const struct layout_row *r = &l->rows[s->row];
    const char *colon = strchr(s->text, ':');
    size_t n = strlen(s->text), fits = s->width > 10 ? (size_t)((s->width - 10) / svg_letter(l->words)) : 0;
    char text[128] = "";
    if (n > fits && colon) n = (size_t)(colon - s->text);
    if (n > fits || n >= sizeof text) return;
    memcpy(text, s->text, n);
    text[n] = '\0';
    svg_words(s->x + 6, r->y + r->height / 2 + 6, l->words,
              s->kind == LAYOUT_JOINING ? "class=\"tl-paper\" font-weight=\"600\"" : "class=\"tl-ink\"", text,
              sizeof text, out);
}

static void states_draw(const struct layout *l, struct buf *out)
{
    static const char *const classes[] = {"tl-group", "tl-member", "tl-up", "tl-down"};
    for (int i = 0; i < l->state_count; i++) {
        const struct layout_state *s = &l->states[i];
        const struct layout_row *r = &l->rows[s->row];
        double width = s->width < 2 ? 2 : s->width;
        buf_printf(out, "<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" rx=\"3\"><title>",
                   classes[s->kind], s->x, r->y + STATE_INSET, width, r->height - 2 * STATE_INSET);
        svg_escaped(s->title, SIZE_MAX, out);
        buf_append_str(out, "</title></rect>\n");
        state_words(l, s, out);
    }
}

/* Where the next thing of its row begins. */
static double free_until(const struct layout *l, const struct layout_bar *b)
{
    double x = l->right;
    for (int i = 0; i < l->bar_count; i++)
        if (l->bars[i].row == b->row && l->bars[i].x > b->x && l->bars[i].x < x) x = l->bars[i].x;
    for (int i = 0; i < l->note_count; i++)
        if (l->notes[i].row == b->row && l->notes[i].x > b->x && l->notes[i].x < x) x = l->notes[i].x;
    return x;
}

/* What a band is: as much of it as has room, or how many beside it. */
static void band_words(const struct layout *l, const struct layout_bar *b, double y, struct buf *out)
{
    char texts[3][96];
    double mean_ms = (double)b->answered_ns / 1e6 / (double)b->count;
    snprintf(texts[0], sizeof texts[0], "%" PRId64 " requests, %" PRId64 " records, %.1f ms each", b->count, b->records,
             mean_ms);
    snprintf(texts[1], sizeof texts[1], "%" PRId64 " requests", b->count);
    snprintf(texts[2], sizeof texts[2], "%" PRId64, b->count);
    for (int i = b->records ? 0 : 1; i < 3; i++) {
        if ((double)strlen(texts[i]) * svg_letter(l->words) + 8 > b->width) continue;
        svg_words(b->x + b->width / 2, y, l->words, "class=\"tl-ink\" text-anchor=\"middle\"", texts[i], 96, out);
        return;
    }
    double beside = b->x + b->width + 4;
    if (beside + (double)strlen(texts[2]) * svg_letter(l->words) + 4 < free_until(l, b))
        svg_words(beside, y, l->words, "class=\"tl-faint\"", texts[2], 96, out);
}

static void leaves_words(const struct layout *l, const struct layout_bar *b, const struct layout_row *r,
                         struct buf *out)
{
    bool room = b->x + 6 * svg_letter(l->words) + 8 < l->right;
    if (room) svg_words(b->x + 7, r->y + r->height / 2 + 6, l->words, "class=\"tl-ink\"", "leaves", 10, out);
}

static bool in_group_row(enum timeline_kind kind)
{
    return kind == TIMELINE_JOIN || kind == TIMELINE_SYNC;
}

static void bars_draw(const struct layout *l, struct buf *out)
{
    for (int i = 0; i < l->bar_count; i++) {
        const struct layout_bar *b = &l->bars[i];
        const struct layout_row *r = &l->rows[b->row];
        bool beat = b->kind == TIMELINE_HEARTBEAT;
        double y = r->y + 4, height = r->height - 8;
        if (in_group_row(b->kind)) continue; /* its state says it */
        if (b->lost && r->crowded) y = r->y + r->height - CROWD_LOST_HEIGHT - 1, height = CROWD_LOST_HEIGHT;
        if (beat) y = r->y + r->height - HEARTBEAT_HEIGHT - 1, height = HEARTBEAT_HEIGHT;
        buf_printf(out, "<rect class=\"%s%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" rx=\"%d\">",
                   b->lost ? "tl-wrong" : svg_kind_class(b->kind), b->count > 1 && !beat ? " tl-band" : "", b->x, y,
                   b->width, height, beat ? 0 : 2);
        if (b->count == 1)
            title_of(b->mark, l, out);
        else
            buf_printf(out, "<title>%" PRId64 " %s requests, %" PRId64 " records</title>", b->count,
                       timeline_kind_name(b->kind), b->records);
        buf_append_str(out, "</rect>\n");
    }
    for (int i = 0; i < l->bar_count; i++) {
        const struct layout_bar *b = &l->bars[i];
        const struct layout_row *r = &l->rows[b->row];
        if (b->count > 1 && !b->lost && !r->crowded && !in_group_row(b->kind) && b->kind != TIMELINE_HEARTBEAT)
            band_words(l, b, r->y + r->height / 2 + 6, out);
        if (b->kind == TIMELINE_LEAVE) leaves_words(l, b, r, out);
    }
}

static void arrow_head(double x, double y, bool down, const char *class, struct buf *out)
{
    double back = down ? -8 : 8;
    buf_printf(out, "<path class=\"%s\" d=\"M%.1f %.1fl-4 %.1fh8z\"/>", class, x, y, back);
}

/* Those of what was lost stand before everything, the others behind what they cross. */
static void arrows_draw(const struct layout *l, bool lost, struct buf *out)
{
    for (int i = 0; i < l->arrow_count; i++) {
        const struct layout_arrow *a = &l->arrows[i];
        if (a->lost != lost) continue;
        bool down = a->to_y > a->from_y;
        double to_y = a->lost ? (a->from_y + a->to_y) / 2 : a->to_y;
        buf_printf(out, "<line class=\"tl-arrow %s-line\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>",
                   svg_kind_class(a->kind), a->x, a->from_y, a->x,
                   to_y - (a->lost ? 0
                           : down  ? 7
                                   : -7));
        if (a->lost)
            svg_cross(a->x, to_y, 7, out);
        else
            arrow_head(a->x, to_y, down, svg_kind_class(a->kind), out);
        buf_append_byte(out, '\n');
    }
}

static void notes_draw(const struct layout *l, struct buf *out)
{
    for (int i = 0; i < l->note_count; i++) {
        const struct layout_note *n = &l->notes[i];
        const struct layout_row *r = &l->rows[n->row];
        bool at_head = n->sign == LAYOUT_AGAIN || n->sign == LAYOUT_LATE;
        double y = at_head && !r->crowded ? r->y + 3 : r->y + r->height / 2;
        buf_append_str(out, "<g>");
        title_of(n->mark, l, out);
        if (n->sign == LAYOUT_LOST && !n->on_arrow) svg_cross(n->x, y, 7, out);
        if (n->sign == LAYOUT_ERROR)
            buf_printf(out, "<path class=\"tl-wrong\" d=\"M%.1f %.1fl8 15h-16z\"/>", n->x, y - 9);
        if (n->sign == LAYOUT_AGAIN)
            buf_printf(out,
                       "<circle class=\"tl-ring tl-produce\" cx=\"%.1f\" cy=\"%.1f\" r=\"8\"/>"
                       "<text class=\"tl-paper\" x=\"%.1f\" y=\"%.1f\" font-size=\"12\" font-weight=\"700\" "
                       "text-anchor=\"middle\">2</text>",
                       n->x, y, n->x, y + 4.5);
        if (n->sign == LAYOUT_LATE) svg_swapped(n->x, y, out);
        if (n->count > 1) {
            char count[32];
            snprintf(count, sizeof count, "x%" PRId64, n->count);
            svg_words(n->x + 11, y + 5, SVG_SMALL, "class=\"tl-ink tl-halo\" font-weight=\"600\"", count, 12, out);
        }
        buf_append_str(out, "</g>\n");
    }
}

void timeline_svg(const struct layout *l, enum svg_theme theme, struct buf *out)
{
    buf_printf(out,
               "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"tl\" viewBox=\"0 0 %.0f %.0f\" width=\"%.0f\" "
               "height=\"%.0f\" role=\"img\">\n<title>",
               l->width, l->height, l->width, l->height);
    svg_escaped(l->options.title, SIZE_MAX, out);
    buf_append_str(out, "</title>\n");
    svg_style(theme, out);
    buf_printf(out, "<rect class=\"tl-paper\" width=\"%.0f\" height=\"%.0f\"/>\n", l->width, l->height);
    svg_words(20, 40, TITLE_SIZE, "class=\"tl-ink\" font-weight=\"600\"", l->options.title, 90, out);
    rows_draw(l, out);
    axis_draw(l, out);
    arrows_draw(l, false, out);
    states_draw(l, out);
    bars_draw(l, out);
    arrows_draw(l, true, out);
    flags_draw(l, out);
    notes_draw(l, out);
    svg_notes_words(l, svg_legend(l, out) + NOTES_BELOW, out);
    buf_append_str(out, "</svg>\n");
}
