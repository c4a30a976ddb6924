#include "bench/timeline/layout.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/timeline/layout_parts.h"
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

bool layout_shown(const struct layout *l, int64_t begin_ns, int64_t end_ns)
{
    return end_ns >= l->options.from_ns && begin_ns <= l->options.to_ns;
}

/* --- rows --- */

enum layout_row_kind layout_kind_row(enum timeline_kind kind)
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
        if (m->lane >= 0 && layout_shown(l, m->begin_ns, m->end_ns)) kinds[m->lane] |= 1U << layout_kind_row(m->kind);
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

int layout_broker_row(const struct layout *l, const char *name)
{
    for (int i = 0; i < l->timeline->broker_count; i++)
        if (strcmp(l->timeline->brokers[i], name) == 0) return row_of(l, LAYOUT_ROW_BROKER, i);
    return -1;
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
        if (!flag_wanted(e) || !layout_shown(l, e->time_ns, e->time_ns + e->duration_ns)) continue;
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
    layout_marks(l);
    layout_states(l);
    layout_arrows(l);
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
