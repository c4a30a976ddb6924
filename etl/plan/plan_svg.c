/* The drawing: a column of boxes for each depth, sources at the left.
 *
 *     +----------+      +-------+      +--------------+
 *     | orders   |----->| sales |----->| sales_by_day |
 *     +----------+      +-------+      +--------------+
 *
 * A box is as tall as what it says. In its column it stands as near as it can to the middle of those it reads, so
 * lines run straight where they may. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "etl/plan/plan.h"
#include "lib/base/memory.h"
#include "lib/base/text.h"

enum {
    MARGIN = 24,
    BOX_WIDTH = 300,
    COLUMN_GAP = 90,
    ROW_GAP = 22,
    LINE = 15,
    TITLE = 26,
    LINES_MAX = 14, /* of a box; what is left out is counted in its last line */
    CHARACTERS_MAX = 46
};

struct box {
    int x, y, height;
};

struct colours {
    const char *fill, *edge;
};

static struct colours colours_of(const struct plan_node *n)
{
    if (n->input_count == 0) return (struct colours){"#e6f1f8", "#0072b2"};
    if (strcmp(n->kind, "view") == 0) return (struct colours){"#f7f7f7", "#777777"};
    if (strcmp(n->kind, "output") == 0 || strcmp(n->kind, "topic") == 0) return (struct colours){"#f8edf3", "#8a3f6f"};
    if (strcmp(n->kind, "store") == 0) return (struct colours){"#e4f4ee", "#009e73"};
    return (struct colours){"#fdf3dd", "#b36b00"};
}

/* --- where the boxes are --- */

static int box_height(const struct plan_node *n)
{
    int lines = n->fact_count < LINES_MAX ? n->fact_count : LINES_MAX;
    return TITLE + lines * LINE + 8;
}

/* The middle of what the node reads; -1 for a source, which has none. */
static int wish(const struct plan_node *n, const struct box *boxes)
{
    int sum = 0;
    for (int i = 0; i < n->input_count; i++) sum += boxes[n->inputs[i]].y + boxes[n->inputs[i]].height / 2;
    return n->input_count ? sum / n->input_count : -1;
}

/* The nodes of one depth from top to bottom, in the order of their wishes. */
static int column_collect(const struct plan *p, const struct box *boxes, int depth, int *column)
{
    int count = 0;
    for (int i = 0; i < p->node_count; i++) {
        if (p->nodes[i].depth != depth) continue;
        int at = count++;
        for (; at > 0 && wish(&p->nodes[column[at - 1]], boxes) > wish(&p->nodes[i], boxes); at--)
            column[at] = column[at - 1];
        column[at] = i;
    }
    return count;
}

static int column_place(const struct plan *p, struct box *boxes, int depth, int *column)
{
    int bottom = MARGIN + TITLE, count = column_collect(p, boxes, depth, column);
    for (int i = 0; i < count; i++) {
        struct box *b = &boxes[column[i]];
        b->height = box_height(&p->nodes[column[i]]);
        int top = wish(&p->nodes[column[i]], boxes) - b->height / 2;
        b->x = MARGIN + depth * (BOX_WIDTH + COLUMN_GAP);
        b->y = top > bottom ? top : bottom;
        bottom = b->y + b->height + ROW_GAP;
    }
    return bottom;
}

/* --- drawing --- */

static void text_put(struct buf *out, const char *text)
{
    for (; *text; text++) {
        switch (*text) {
        case '<': buf_append_str(out, "&lt;"); break;
        case '>': buf_append_str(out, "&gt;"); break;
        case '&': buf_append_str(out, "&amp;"); break;
        case '"': buf_append_str(out, "&quot;"); break;
        default: buf_append_byte(out, (unsigned char)*text < 0x20 ? ' ' : (uint8_t)*text); break;
        }
    }
}

/* A line of at most `room` characters; a longer one ends in an ellipsis. */
static void line_put(struct buf *out, int x, int y, const char *style, const char *text, int room)
{
    size_t n = 0;
    bool whole = (int)text_length(slice_str(text)) <= room;
    for (int i = 0; text[n] && i < (whole ? room : room - 1); i++) do
            n++;
        while (((unsigned char)text[n] & 0xc0) == 0x80);
    char *cut = memory_str(text);
    cut[n] = '\0';
    buf_printf(out, "<text x=\"%d\" y=\"%d\" class=\"%s\">", x, y, style);
    text_put(out, cut);
    buf_append_str(out, whole ? "</text>\n" : "…</text>\n");
    free(cut);
}

static void box_draw(struct buf *out, const struct plan_node *n, const struct box *b)
{
    struct colours c = colours_of(n);
    struct buf text = {0};
    buf_printf(out, "<g><title>");
    text_put(out, n->name);
    for (int i = 0; i < n->fact_count; i++) {
        buf_printf(out, "\n%s: ", n->facts[i].key);
        text_put(out, n->facts[i].text);
    }
    buf_printf(out, "</title><rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"5\" fill=\"%s\" stroke=\"%s\"/>\n",
               b->x, b->y, BOX_WIDTH, b->height, c.fill, c.edge);
    buf_printf(&text, "%s  (%s)", n->name, n->kind);
    line_put(out, b->x + 10, b->y + 18, "name", buf_cstr(&text), 36);
    for (int i = 0; i < n->fact_count && i < LINES_MAX; i++) {
        buf_reset(&text);
        if (i == LINES_MAX - 1 && n->fact_count > LINES_MAX)
            buf_printf(&text, "and %d more", n->fact_count - i);
        else
            buf_printf(&text, "%s: %s", n->facts[i].key, n->facts[i].text);
        line_put(out, b->x + 10, b->y + TITLE + 8 + i * LINE, "fact", buf_cstr(&text), CHARACTERS_MAX);
    }
    buf_append_str(out, "</g>\n");
    buf_release(&text);
}

static void edge_draw(struct buf *out, const struct box *from, const struct box *to, int slot, int slots)
{
    int x1 = from->x + BOX_WIDTH, y1 = from->y + from->height / 2;
    int x2 = to->x - 6, y2 = to->y + to->height * (slot + 1) / (slots + 1);
    int bend = (x2 - x1) / 2;
    buf_printf(out, "<path d=\"M%d %d C%d %d %d %d %d %d\" class=\"edge\" marker-end=\"url(#to)\"/>\n", x1, y1,
               x1 + bend, y1, x2 - bend, y2, x2, y2);
}

static void head_draw(struct buf *out, const struct plan *p, int width, int height)
{
    buf_printf(out,
               "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\">\n"
               "<style>text{font-family:sans-serif;fill:#222}.title{font-size:16px;font-weight:600}"
               ".name{font-size:13px;font-weight:600}.fact{font-size:11px;fill:#444}"
               ".edge{fill:none;stroke:#999;stroke-width:1.3}</style>\n"
               "<defs><marker id=\"to\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"8\" markerHeight=\"8\" "
               "orient=\"auto\"><path d=\"M0 0 L8 4 L0 8 z\" fill=\"#999\"/></marker></defs>\n"
               "<rect width=\"%d\" height=\"%d\" fill=\"#fff\"/>\n",
               width, height, width, height, width, height);
    line_put(out, MARGIN, MARGIN + 4, "title", p->title, 200);
}

void plan_svg(const struct plan *p, struct buf *out)
{
    struct box *boxes = memory_new(((size_t)p->node_count + 1) * sizeof *boxes);
    int *column = memory_new(((size_t)p->node_count + 1) * sizeof *column);
    int depths = 0, height = 0;
    for (int i = 0; i < p->node_count; i++)
        if (p->nodes[i].depth >= depths) depths = p->nodes[i].depth + 1;
    for (int depth = 0; depth < depths; depth++) {
        int bottom = column_place(p, boxes, depth, column);
        if (bottom > height) height = bottom;
    }
    head_draw(out, p, 2 * MARGIN + depths * BOX_WIDTH + (depths - 1) * COLUMN_GAP, height + MARGIN - ROW_GAP);
    for (int i = 0; i < p->node_count; i++)
        for (int k = 0; k < p->nodes[i].input_count; k++)
            edge_draw(out, &boxes[p->nodes[i].inputs[k]], &boxes[i], k, p->nodes[i].input_count);
    for (int i = 0; i < p->node_count; i++) box_draw(out, &p->nodes[i], &boxes[i]);
    buf_append_str(out, "</svg>\n");
    free(column);
    free(boxes);
}
