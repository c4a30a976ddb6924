/* Requests: bars, bands of them, and signs of what went wrong. */
#include <stdlib.h>
#include <string.h>

#include "bench/timeline/layout_parts.h"
#include "lib/base/memory.h"

enum {
    NOTE_GAP = 14,
    NOTE_CELL_SIGN = 86, /* a sign with "x12345" beside it */
    NOTE_CELL = LAYOUT_SIGNS * NOTE_CELL_SIGN,
};

/* A fetch that got no answer is how a consumer leaves. */
static bool lost(const struct timeline_mark *m)
{
    if (m->fault == TIMELINE_UNANSWERED) return m->kind != TIMELINE_FETCH && m->kind != TIMELINE_HEARTBEAT;
    return m->fault != TIMELINE_FINE;
}

/* How a group works is no error: to be told to join again, to join with an id. */
static bool wrong_answer(const struct timeline_mark *m)
{
    static const char *const usual[] = {"REBALANCE_IN_PROGRESS", "MEMBER_ID_REQUIRED"};
    for (int i = 0; i < 2; i++)
        if (strcmp(m->error, usual[i]) == 0) return false;
    return *m->error != '\0';
}

static void note_add(struct layout *l, int row, const struct timeline_mark *m, enum layout_sign sign)
{
    l->rows[row].signs[sign]++;
    double x = layout_x(l, sign == LAYOUT_ERROR ? m->end_ns : m->begin_ns);
    if (l->note_count == l->note_capacity) {
        l->note_capacity = l->note_capacity ? l->note_capacity * 2 : 64;
        l->notes = memory_grow(l->notes, (size_t)l->note_capacity, sizeof *l->notes);
    }
    l->notes[l->note_count++] = (struct layout_note){.x = x, .row = row, .sign = sign, .count = 1, .mark = m};
}

static int by_sign(const void *a, const void *b)
{
    const struct layout_note *x = a, *y = b;
    if (x->row != y->row) return x->row - y->row;
    if (x->sign != y->sign) return (int)x->sign - (int)y->sign;
    return (x->x > y->x) - (x->x < y->x);
}

/* Notes of one row and sign that are closer than `gap` to the first of a group belong to it. In place; how many groups
 * there are. */
static int group(struct layout_note *notes, int n, double gap)
{
    int groups = 0;
    for (int i = 0; i < n; i++) {
        if (groups > 0 && notes[i].x - notes[groups - 1].x < gap)
            notes[groups - 1].count++;
        else
            notes[groups++] = notes[i];
    }
    return groups;
}

/* A crowd: one of each sign in each cell of the row, side by side. */
static int cells(const struct layout *l, struct layout_note *notes, int n)
{
    int groups = 0, last = -1;
    for (int i = 0; i < n; i++) {
        int cell = (int)((notes[i].x - l->left) / NOTE_CELL);
        if (cell == last) {
            notes[groups - 1].count += notes[i].count;
            continue;
        }
        last = cell;
        notes[groups] = notes[i];
        notes[groups].x = l->left + cell * NOTE_CELL + 10 + (int)notes[i].sign * NOTE_CELL_SIGN;
        groups++;
    }
    return groups;
}

static int notes_of(const struct layout *l, int from)
{
    int to = from + 1;
    while (to < l->note_count && l->notes[to].row == l->notes[from].row && l->notes[to].sign == l->notes[from].sign)
        to++;
    return to - from;
}

/* Lost requests stay alone while all of them can have arrows; other signs are put together where they would cover each
 * other. A row with too many is crowded. */
static void notes_group(struct layout *l)
{
    int kept = 0, losses = 0, n;
    if (l->note_count) qsort(l->notes, (size_t)l->note_count, sizeof *l->notes, by_sign);
    for (int i = 0; i < l->note_count; i++) losses += l->notes[i].sign == LAYOUT_LOST;
    bool arrows = 2 * losses <= LAYOUT_ARROWS_MAX;
    for (int from = 0; from < l->note_count; from += n) {
        struct layout_note *notes = l->notes + from;
        n = notes_of(l, from);
        bool alone = notes->sign == LAYOUT_LOST && arrows;
        int groups = alone ? n : group(notes, n, NOTE_GAP);
        if (!alone && groups > LAYOUT_NOTES_MAX) l->rows[notes->row].crowded = true;
        for (int i = 0; i < groups; i++) notes[i].on_arrow = alone;
        memmove(l->notes + kept, notes, (size_t)groups * sizeof *notes);
        kept += groups;
    }
    l->note_count = kept;
}

static void crowds_group(struct layout *l)
{
    int kept = 0, n;
    for (int from = 0; from < l->note_count; from += n) {
        struct layout_note *notes = l->notes + from;
        n = notes_of(l, from);
        int groups = l->rows[notes->row].crowded && !notes->on_arrow ? cells(l, notes, n) : n;
        memmove(l->notes + kept, notes, (size_t)groups * sizeof *notes);
        kept += groups;
    }
    l->note_count = kept;
}

/* The last bar of each kind in each row, lost ones apart, plus one: marks come by their begin. And a row by lane and
 * kind, plus one. */
struct places {
    int (*bars)[TIMELINE_KINDS][2];
    int (*rows)[LAYOUT_ROW_BROKER];
};

static void bar_add(struct layout *l, int row, const struct timeline_mark *m, int *last)
{
    double x = layout_x(l, m->begin_ns), end = layout_x(l, m->end_ns);
    struct layout_bar *b = *last ? &l->bars[*last - 1] : NULL;
    if (end < x + LAYOUT_BAR_MIN) end = x + LAYOUT_BAR_MIN;
    if (b && x - (b->x + b->width) < LAYOUT_GAP) {
        if (end > b->x + b->width) b->width = end - b->x;
    } else {
        l->bars = memory_grow(l->bars, (size_t)l->bar_count + 1, sizeof *l->bars);
        b = &l->bars[l->bar_count++];
        *last = l->bar_count;
        *b = (struct layout_bar){.x = x, .width = end - x, .row = row, .kind = m->kind, .mark = m, .lost = lost(m)};
    }
    b->count++;
    b->records += m->records;
    b->answered_ns += m->end_ns - m->begin_ns;
}

static void mark_place(struct layout *l, const struct timeline_mark *m, struct places *places)
{
    if (m->lane < 0 || !layout_shown(l, m->begin_ns, m->end_ns)) return;
    int row = places->rows[m->lane][layout_kind_row(m->kind)] - 1;
    if (row < 0) return;
    l->requests++;
    l->rows[row].requests++;
    l->rows[row].records += m->records;
    l->heartbeats += m->kind == TIMELINE_HEARTBEAT;
    bar_add(l, row, m, &places->bars[row][m->kind][lost(m)]);
    if (lost(m)) note_add(l, row, m, LAYOUT_LOST);
    if (wrong_answer(m)) note_add(l, row, m, LAYOUT_ERROR);
    if (m->late) note_add(l, row, m, LAYOUT_LATE);
    if (m->again && !m->late) note_add(l, row, m, LAYOUT_AGAIN);
}

void layout_marks(struct layout *l)
{
    struct places places = {.bars = memory_new((size_t)l->row_count * sizeof *places.bars),
                            .rows = memory_new(((size_t)l->timeline->lane_count + 1) * sizeof *places.rows)};
    for (int i = 0; i < l->row_count; i++)
        if (l->rows[i].kind != LAYOUT_ROW_BROKER) places.rows[l->rows[i].owner][l->rows[i].kind] = i + 1;
    for (size_t i = 0; i < l->timeline->mark_count; i++) {
        const struct timeline_mark *m = &l->timeline->marks[i];
        if (m->kind == TIMELINE_OTHER && layout_shown(l, m->begin_ns, m->end_ns)) l->others++;
        mark_place(l, m, &places);
    }
    free(places.bars);
    free(places.rows);
    for (int i = 0; i < l->bar_count; i++)
        if (l->bars[i].count > 1) l->banded += l->bars[i].count;
    notes_group(l);
    crowds_group(l);
}
