/* What lasts: a membership, a broker that is up or down. */
#include <inttypes.h>
#include <string.h>

#include "bench/timeline/layout_parts.h"
#include "lib/base/memory.h"

/* --- groups --- */

static void state_add(struct layout *l, int row, int64_t from_ns, int64_t to_ns, enum layout_state_kind kind,
                      const char *text, const char *title)
{
    if (row < 0 || !layout_shown(l, from_ns, to_ns)) return;
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
        if (m && (m->lane != lane || layout_kind_row(m->kind) != LAYOUT_ROW_GROUP)) continue;
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

void layout_states(struct layout *l)
{
    for (int i = 0; i < l->row_count; i++) {
        if (l->rows[i].kind == LAYOUT_ROW_GROUP) group_states(l, l->rows[i].owner, i);
        if (l->rows[i].kind == LAYOUT_ROW_BROKER) broker_states(l, l->rows[i].owner, i);
    }
}
