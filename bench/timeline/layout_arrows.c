/* From clients to brokers and back. */
#include "bench/timeline/layout_parts.h"
#include "lib/base/memory.h"

static void arrow_add(struct layout *l, double x, double from_y, double to_y, bool is_lost, enum timeline_kind kind)
{
    l->arrows = memory_grow(l->arrows, (size_t)l->arrow_count + 1, sizeof *l->arrows);
    l->arrows[l->arrow_count++] = (struct layout_arrow){x, from_y, to_y, is_lost, kind};
}

/* There and back, as far as it came. */
static void arrows_of(struct layout *l, const struct timeline_mark *m, int row)
{
    int broker = layout_broker_row(l, m->broker);
    if (broker < 0) return;
    double client_y = l->rows[row].y + l->rows[row].height, broker_y = l->rows[broker].y;
    bool request_lost =
        m->fault == TIMELINE_DROP_REQUEST || m->fault == TIMELINE_CUT || m->fault == TIMELINE_UNANSWERED;
    bool answer_lost = m->fault == TIMELINE_DROP_RESPONSE || m->fault == TIMELINE_CUT_RESPONSE;
    arrow_add(l, layout_x(l, m->begin_ns), client_y, broker_y, request_lost, m->kind);
    if (request_lost || m->one_way) return;
    double x = layout_x(l, m->end_ns);
    if (x < layout_x(l, m->begin_ns) + LAYOUT_BAR_MIN) x = layout_x(l, m->begin_ns) + LAYOUT_BAR_MIN;
    arrow_add(l, x, broker_y, client_y, answer_lost, m->kind);
}

static bool arrows_possible(const struct layout_bar *b)
{
    return b->count == 1 && !b->lost && b->kind != TIMELINE_HEARTBEAT;
}

/* Kinds whose requests get arrows: those with the fewest first, as long as there is room. */
static void kinds_choose(const struct layout *l, bool chosen[TIMELINE_KINDS])
{
    int64_t wanted[TIMELINE_KINDS] = {0}, room = LAYOUT_ARROWS_MAX - l->arrow_count;
    for (int i = 0; i < l->bar_count; i++)
        if (arrows_possible(&l->bars[i])) wanted[l->bars[i].kind] += 2; /* there and back */
    for (;;) {
        int least = -1;
        for (int k = 0; k < TIMELINE_KINDS; k++)
            if (wanted[k] > 0 && !chosen[k] && (least < 0 || wanted[k] < wanted[least])) least = k;
        if (least < 0 || wanted[least] > room) return;
        chosen[least] = true;
        room -= wanted[least];
    }
}

void layout_arrows(struct layout *l)
{
    bool chosen[TIMELINE_KINDS] = {false};
    for (int i = 0; i < l->note_count; i++)
        if (l->notes[i].on_arrow) arrows_of(l, l->notes[i].mark, l->notes[i].row);
    kinds_choose(l, chosen);
    for (int i = 0; i < l->bar_count; i++) {
        const struct layout_bar *b = &l->bars[i];
        if (!arrows_possible(b)) continue;
        if (chosen[b->kind])
            arrows_of(l, b->mark, b->row);
        else
            l->arrows_left_out += 2;
    }
}
