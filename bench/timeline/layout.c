#include "bench/timeline/layout.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/memory.h"

enum {
    LEFT = 206,
    RIGHT = 28,
    TOP = 104,
    BOTTOM = 112,
    LANE_GAP = 30, /* with the name of its owner */
    LANE_GAP_SMALL = 22,
    OWNERS_FEW = 6,
    BROKER_GAP_MIN = 20,
    BROKER_GAP_MAX = 320, /* for the arrows */
    WORDS = 17,
    WORDS_SMALL = 14, /* in rows lower than ROW_LOW */
    ROW_LOW = 30,
    BAR_MIN = 3,
    NOTE_GAP = 14,
    NOTE_CELL_SIGN = 86, /* a sign with "x12345" beside it */
    NOTE_CELL = LAYOUT_SIGNS * NOTE_CELL_SIGN,
    FLAG_WORDS = 118, /* pixels for the words of a flag */
};

double layout_x(const struct layout *l, int64_t time_ns)
{
    double span = (double)(l->options.to_ns - l->options.from_ns);
    double part = (double)(time_ns - l->options.from_ns) / span;
    if (part < 0) part = 0;
    if (part > 1) part = 1;
    return l->left + part * (l->right - l->left);
}

double layout_step(double seconds, int max)
{
    static const double steps[] = {1, 2, 5, 10};
    double power = pow(10, floor(log10(seconds / max)));
    for (int i = 0; i < 4; i++)
        if (seconds / (steps[i] * power) <= max) return steps[i] * power;
    return 10 * power;
}

static bool shown(const struct layout *l, int64_t begin_ns, int64_t end_ns)
{
    return end_ns >= l->options.from_ns && begin_ns <= l->options.to_ns;
}

/* --- rows --- */

static enum layout_row_kind row_kind(enum timeline_kind kind)
{
    switch (kind) {
    case TIMELINE_PRODUCE: return LAYOUT_ROW_PRODUCE;
    case TIMELINE_FETCH: return LAYOUT_ROW_FETCH;
    case TIMELINE_COMMIT: return LAYOUT_ROW_COMMIT;
    default: return LAYOUT_ROW_GROUP;
    }
}

static bool lane_wanted(const struct layout *l, int lane)
{
    const char *const *wanted = l->options.lanes;
    if (!wanted) return true;
    for (; *wanted; wanted++)
        if (strncmp(*wanted, l->timeline->lanes[lane].name, strlen(*wanted)) == 0) return true;
    return false;
}

static void row_add(struct layout *l, enum layout_row_kind kind, int owner, bool first)
{
    l->rows = memory_grow(l->rows, (size_t)l->row_count + 1, sizeof *l->rows);
    l->rows[l->row_count++] = (struct layout_row){.kind = kind, .owner = owner, .first = first};
}

/* Which kinds of rows each lane has in what is shown: a bit each. */
static unsigned *lanes_kinds(const struct layout *l)
{
    unsigned *kinds = memory_new(((size_t)l->timeline->lane_count + 1) * sizeof *kinds);
    for (size_t i = 0; i < l->timeline->mark_count; i++) {
        const struct timeline_mark *m = &l->timeline->marks[i];
        if (m->lane >= 0 && shown(l, m->begin_ns, m->end_ns)) kinds[m->lane] |= 1U << row_kind(m->kind);
    }
    return kinds;
}

static void lane_rows(struct layout *l, int lane, unsigned kinds, int *lanes)
{
    bool first = true;
    if (kinds == 0 || !lane_wanted(l, lane)) return;
    if (*lanes == LAYOUT_LANES_MAX) {
        l->lanes_left_out++;
        return;
    }
    ++*lanes;
    for (int k = LAYOUT_ROW_PRODUCE; k < LAYOUT_ROW_BROKER; k++) {
        if (!(kinds & 1U << k)) continue;
        row_add(l, (enum layout_row_kind)k, lane, first);
        first = false;
    }
}

static double limited(double value, double min, double max)
{
    return value < min ? min : value > max ? max : value;
}

/* Rows share the height that there is; what is left is for the arrows to the brokers. When rows would get too low for
 * their words, the picture becomes higher. */
static void rows_place(struct layout *l, int owners)
{
    double name = owners > OWNERS_FEW ? LANE_GAP_SMALL : LANE_GAP;
    double room = LAYOUT_HEIGHT - TOP - BOTTOM - name * owners, y = TOP;
    double height = limited((room - BROKER_GAP_MIN) / l->row_count, LAYOUT_ROW_MIN, LAYOUT_ROW_MAX);
    double gap = limited(room - height * l->row_count, BROKER_GAP_MIN, BROKER_GAP_MAX);
    for (int i = 0; i < l->row_count; i++) {
        struct layout_row *r = &l->rows[i];
        if (r->kind == LAYOUT_ROW_BROKER && r->owner == 0) y += gap;
        if (r->first) y += name;
        r->y = y;
        r->height = height;
        y += height;
    }
    l->words = height < ROW_LOW ? WORDS_SMALL : WORDS;
    l->bottom = y;
    l->height = limited(y + BOTTOM, LAYOUT_HEIGHT, y + BOTTOM + LAYOUT_HEIGHT);
}

static void rows_make(struct layout *l)
{
    int lanes = 0, owners = 0;
    unsigned *kinds = lanes_kinds(l);
    for (int i = 0; i < l->timeline->lane_count; i++) lane_rows(l, i, kinds[i], &lanes);
    free(kinds);
    if (lanes == 0) return;
    for (int i = 0; i < l->timeline->broker_count; i++) row_add(l, LAYOUT_ROW_BROKER, i, true);
    for (int i = 0; i < l->row_count; i++) owners += l->rows[i].first;
    rows_place(l, owners);
}

static int row_of(const struct layout *l, enum layout_row_kind kind, int owner)
{
    for (int i = 0; i < l->row_count; i++)
        if (l->rows[i].kind == kind && l->rows[i].owner == owner) return i;
    return -1;
}

static int broker_row(const struct layout *l, const char *name)
{
    for (int i = 0; i < l->timeline->broker_count; i++)
        if (strcmp(l->timeline->brokers[i], name) == 0) return row_of(l, LAYOUT_ROW_BROKER, i);
    return -1;
}

/* --- bars, bands and what went wrong --- */

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
    if (end < x + BAR_MIN) end = x + BAR_MIN;
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
    if (m->lane < 0 || !shown(l, m->begin_ns, m->end_ns)) return;
    int row = places->rows[m->lane][row_kind(m->kind)] - 1;
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

static void marks_place(struct layout *l)
{
    struct places places = {.bars = memory_new((size_t)l->row_count * sizeof *places.bars),
                            .rows = memory_new(((size_t)l->timeline->lane_count + 1) * sizeof *places.rows)};
    for (int i = 0; i < l->row_count; i++)
        if (l->rows[i].kind != LAYOUT_ROW_BROKER) places.rows[l->rows[i].owner][l->rows[i].kind] = i + 1;
    for (size_t i = 0; i < l->timeline->mark_count; i++) {
        const struct timeline_mark *m = &l->timeline->marks[i];
        if (m->kind == TIMELINE_OTHER && shown(l, m->begin_ns, m->end_ns)) l->others++;
        mark_place(l, m, &places);
    }
    free(places.bars);
    free(places.rows);
    for (int i = 0; i < l->bar_count; i++)
        if (l->bars[i].count > 1) l->banded += l->bars[i].count;
    notes_group(l);
    crowds_group(l);
}

/* --- arrows --- */

static void arrow_add(struct layout *l, double x, double from_y, double to_y, bool is_lost, enum timeline_kind kind)
{
    l->arrows = memory_grow(l->arrows, (size_t)l->arrow_count + 1, sizeof *l->arrows);
    l->arrows[l->arrow_count++] = (struct layout_arrow){x, from_y, to_y, is_lost, kind};
}

/* There and back, as far as it came. */
static void arrows_of(struct layout *l, const struct timeline_mark *m, int row)
{
    int broker = broker_row(l, m->broker);
    if (broker < 0) return;
    double client_y = l->rows[row].y + l->rows[row].height, broker_y = l->rows[broker].y;
    bool request_lost =
        m->fault == TIMELINE_DROP_REQUEST || m->fault == TIMELINE_CUT || m->fault == TIMELINE_UNANSWERED;
    bool answer_lost = m->fault == TIMELINE_DROP_RESPONSE || m->fault == TIMELINE_CUT_RESPONSE;
    arrow_add(l, layout_x(l, m->begin_ns), client_y, broker_y, request_lost, m->kind);
    if (request_lost || m->one_way) return;
    double x = layout_x(l, m->end_ns);
    if (x < layout_x(l, m->begin_ns) + BAR_MIN) x = layout_x(l, m->begin_ns) + BAR_MIN;
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

static void arrows_make(struct layout *l)
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

/* --- groups --- */

static void state_add(struct layout *l, int row, int64_t from_ns, int64_t to_ns, enum layout_state_kind kind,
                      const char *text, const char *title)
{
    if (row < 0 || !shown(l, from_ns, to_ns)) return;
    double x = layout_x(l, from_ns), end = layout_x(l, to_ns);
    l->states = memory_grow(l->states, (size_t)l->state_count + 1, sizeof *l->states);
    l->states[l->state_count++] = (struct layout_state){x, end - x, row, kind, text, title};
}

/* A lane's membership: joining from the first JoinGroup until an assignment came, then a member until it joins again,
 * leaves, or is heard of no more. */
static void group_states(struct layout *l, int lane, int row)
{
    const struct timeline *t = l->timeline;
    int64_t since_ns = -1, heard_ns = -1;
    const struct timeline_mark *assigned = NULL;
    bool joining = false;
    for (size_t i = 0; i <= t->mark_count; i++) {
        const struct timeline_mark *m = i < t->mark_count ? &t->marks[i] : NULL;
        if (m && (m->lane != lane || row_kind(m->kind) != LAYOUT_ROW_GROUP)) continue;
        bool got = m && m->kind == TIMELINE_SYNC && *m->assigned && !*m->error;
        bool over = !m || m->kind == TIMELINE_LEAVE || (m->kind == TIMELINE_JOIN && assigned);
        if (over && assigned) {
            const char *text =
                arena_printf(&l->arena, "gen. %" PRId64 ": %s", assigned->generation, assigned->assigned);
            state_add(l, row, since_ns, m ? m->begin_ns : heard_ns, LAYOUT_MEMBER, text, text);
            assigned = NULL;
        }
        if (!m) break;
        if (m->kind == TIMELINE_JOIN && !joining) since_ns = m->begin_ns;
        if (m->kind == TIMELINE_JOIN) joining = true;
        if (got) {
            state_add(l, row, since_ns, m->end_ns, LAYOUT_JOINING, "joining", "joining: until every member has joined");
            since_ns = m->end_ns;
            assigned = m;
            joining = false;
        }
        heard_ns = m->end_ns;
    }
    if (joining) state_add(l, row, since_ns, heard_ns, LAYOUT_JOINING, "joining", "joining");
}

/* --- brokers --- */

static bool of_broker(const struct timeline *t, const struct timeline_event *e, int broker)
{
    return t->broker_count == 1 || !*e->broker || strcmp(t->brokers[broker], e->broker) == 0;
}

static void broker_states(struct layout *l, int broker, int row)
{
    const struct timeline *t = l->timeline;
    int64_t since_ns = l->options.from_ns;
    bool up = true;
    for (size_t i = 0; i <= t->event_count; i++) {
        const struct timeline_event *e = i < t->event_count ? &t->events[i] : NULL;
        if (e && !of_broker(t, e, broker)) continue;
        bool down =
            e && up && (strcmp(e->what, "kill") == 0 || strcmp(e->what, "stop") == 0 || strcmp(e->what, "ended") == 0);
        bool back = e && !up && strcmp(e->what, "ready") == 0;
        if (e && !down && !back) continue;
        int64_t until_ns = e ? e->time_ns : l->options.to_ns;
        const char *text = up ? "up" : arena_printf(&l->arena, "down %.2f s", (double)(until_ns - since_ns) / 1e9);
        state_add(l, row, since_ns, until_ns, up ? LAYOUT_UP : LAYOUT_DOWN, text, text);
        since_ns = until_ns;
        up = back;
    }
}

static void states_make(struct layout *l)
{
    for (int i = 0; i < l->row_count; i++) {
        if (l->rows[i].kind == LAYOUT_ROW_GROUP) group_states(l, l->rows[i].owner, i);
        if (l->rows[i].kind == LAYOUT_ROW_BROKER) broker_states(l, l->rows[i].owner, i);
    }
}

/* --- flags --- */

/* Events that say only that the log begins or ends need no line. */
static bool flag_wanted(const struct timeline_event *e)
{
    static const char *const plain[] = {"begin", "end", "partition_end", "start", "refused"};
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
        if (strcmp(e->what, plain[i]) == 0) return false;
    return true;
}

static void flags_make(struct layout *l)
{
    double free_from[2] = {0, 0};
    for (size_t i = 0; i < l->timeline->event_count; i++) {
        const struct timeline_event *e = &l->timeline->events[i];
        if (!flag_wanted(e) || !shown(l, e->time_ns, e->time_ns + e->duration_ns)) continue;
        struct layout_flag f = {.x = layout_x(l, e->time_ns), .level = -1, .event = e};
        f.width = layout_x(l, e->time_ns + e->duration_ns) - f.x;
        f.end = f.x + FLAG_WORDS > l->width;
        double words = f.end ? f.x - FLAG_WORDS : f.x;
        for (int level = 0; level < 2 && f.level < 0; level++)
            if (words >= free_from[level]) f.level = level;
        if (f.level >= 0) free_from[f.level] = words + FLAG_WORDS;
        l->flags = memory_grow(l->flags, (size_t)l->flag_count + 1, sizeof *l->flags);
        l->flags[l->flag_count++] = f;
    }
}

/* --- the whole --- */

static void ticks_make(struct layout *l)
{
    double from = (double)(l->options.from_ns - l->timeline->begin_ns) / 1e9;
    double to = (double)(l->options.to_ns - l->timeline->begin_ns) / 1e9;
    l->tick_step = layout_step(to - from, LAYOUT_TICKS_MAX);
    int64_t first = (int64_t)ceil(from / l->tick_step - 1e-9), last = (int64_t)floor(to / l->tick_step + 1e-9);
    for (int64_t i = first; i <= last && l->tick_count < LAYOUT_TICKS_MAX + 2; i++)
        l->ticks[l->tick_count++] = (double)i * l->tick_step;
}

int layout_make(struct layout *l, const struct timeline *t, const struct layout_options *options,
                struct err_text *error)
{
    *l = (struct layout){.timeline = t, .options = *options, .width = LAYOUT_WIDTH, .left = LEFT, .top = TOP};
    l->right = l->width - RIGHT;
    if (l->options.to_ns <= l->options.from_ns) l->options.to_ns = l->options.from_ns + 1000000;
    rows_make(l);
    if (l->row_count == 0) return err_set(error, ERR_NOTFOUND, "no request of a client is left to be drawn");
    ticks_make(l);
    marks_place(l);
    states_make(l);
    arrows_make(l);
    flags_make(l);
    return 0;
}

void layout_release(struct layout *l)
{
    free(l->rows);
    free(l->bars);
    free(l->notes);
    free(l->states);
    free(l->arrows);
    free(l->flags);
    arena_release(&l->arena);
}
