/* The tree for a terminal:
 *
 *     orders  csv
 *     │   columns  id integer, amount decimal(2)
 *     │   rule     1 duplicate: unique columns all (reject)
 *     ├─ sales  store
 *     │  └─ sales_by_day  aggregate
 *     └─ refunds  store
 */
#include <stdio.h>
#include <string.h>

#include "etl/plan/plan.h"
#include "lib/base/text.h"

enum { WIDTH_LEAST = 40, KEY_WIDTH = 9 };

struct drawing {
    const struct plan *plan;
    int width;
    struct buf indent; /* what stands left of the current node's facts and readers */
    struct buf *out;
};

/* Where to break a text that is too long: behind the last comma that fits, else the last blank, else where the room
 * ends. Bytes of one character stay together. */
static size_t break_at(const char *s, int room)
{
    size_t n = 0, blank = 0, comma = 0;
    for (int columns = 0; s[n]; columns++) {
        size_t next = n + 1;
        while (((unsigned char)s[next] & 0xc0) == 0x80) next++;
        if (columns == room) return comma ? comma : blank ? blank : n;
        if (s[n] == ' ') blank = next;
        if (s[n] == ' ' && n > 0 && s[n - 1] == ',') comma = next;
        n = next;
    }
    return n;
}

static void fact_draw(const struct drawing *d, const char *rail, const char *key, const char *text)
{
    int used = (int)text_length(buf_slice(&d->indent)) + 4 + KEY_WIDTH + 1;
    int room = d->width - used > 20 ? d->width - used : 20;
    do {
        size_t n = break_at(text, room), shown = n;
        while (shown > 0 && text[shown - 1] == ' ') shown--;
        buf_append_slice(d->out, buf_slice(&d->indent));
        buf_printf(d->out, "%s   %-*s %.*s\n", rail, KEY_WIDTH, key, (int)shown, text);
        text += n;
        key = "";
    } while (*text);
}

/* The first node behind `after` in the list that reads from `index`, -1 when there is none. */
static int reader_next(const struct plan *p, int index, int after)
{
    for (int i = after + 1; i < p->node_count; i++)
        for (int k = 0; k < p->nodes[i].input_count; k++)
            if (p->nodes[i].inputs[k] == index) return i;
    return -1;
}

static void node_draw(struct drawing *d, int index);

static void reader_draw(struct drawing *d, int index, int reader, bool last)
{
    const struct plan_node *n = &d->plan->nodes[reader];
    size_t indent = d->indent.n;
    buf_append_slice(d->out, buf_slice(&d->indent));
    buf_append_str(d->out, last ? "└─ " : "├─ ");
    buf_append_str(&d->indent, last ? "   " : "│  ");
    if (n->inputs[0] == index)
        node_draw(d, reader);
    else
        buf_printf(d->out, "%s  (see %s)\n", n->name, d->plan->nodes[n->inputs[0]].name);
    d->indent.n = indent;
}

/* The cursor stands behind the indent of the node's first line. */
static void node_draw(struct drawing *d, int index)
{
    const struct plan_node *n = &d->plan->nodes[index];
    int reader = reader_next(d->plan, index, -1);
    buf_printf(d->out, "%s  %s", n->name, n->kind);
    for (int i = 1; i < n->input_count; i++)
        buf_printf(d->out, "%s%s", i > 1 ? ", " : "  + ", d->plan->nodes[n->inputs[i]].name);
    buf_append_str(d->out, "\n");
    for (int i = 0; i < n->fact_count; i++) fact_draw(d, reader >= 0 ? "│" : " ", n->facts[i].key, n->facts[i].text);
    for (int next; reader >= 0; reader = next) {
        next = reader_next(d->plan, index, reader);
        reader_draw(d, index, reader, next < 0);
    }
}

void plan_text(const struct plan *p, int width, struct buf *out)
{
    struct drawing d = {.plan = p, .width = width > WIDTH_LEAST ? width : WIDTH_LEAST, .out = out};
    buf_printf(out, "%s\n", p->title);
    for (int i = 0; i < p->node_count; i++) {
        if (p->nodes[i].input_count > 0) continue;
        buf_append_str(out, "\n");
        node_draw(&d, i);
    }
    buf_release(&d.indent);
}
