/* A timeline as a list, for a terminal. */
#include <inttypes.h>
#include <string.h>

#include "bench/timeline/model.h"

static double since(const struct timeline *t, int64_t time_ns)
{
    return (double)(time_ns - t->begin_ns) / 1e9;
}

static void mark_line(const struct timeline *t, const struct timeline_mark *m, FILE *to)
{
    fprintf(to, "%10.3f s  %-24s %-12s", since(t, m->begin_ns),
            m->lane >= 0    ? t->lanes[m->lane].name
            : *m->client_id ? m->client_id
                            : "(no client.id)",
            m->api);
    if (m->end_ns > m->begin_ns)
        fprintf(to, " %9.3f ms", (double)(m->end_ns - m->begin_ns) / 1e6);
    else
        fprintf(to, " %12s", m->one_way ? "acks=0" : "-");
    if (*m->about) fprintf(to, "  %s", m->about);
    if (m->records)
        fprintf(to, "%s%" PRId64 " %s", *m->about ? ", " : "  ", m->records, m->records == 1 ? "record" : "records");
    if (*m->group) fprintf(to, "  %s", m->group);
    if (m->generation >= 0) fprintf(to, ", generation %" PRId64, m->generation);
    if (*m->assigned) fprintf(to, ": %s", m->assigned);
    if (m->again) fputs("  SENT AGAIN", to);
    if (m->late) fputs("  SWAPPED: behind a later batch in the log", to);
    if (m->delay_ns) fprintf(to, "  held back %.3f ms", (double)m->delay_ns / 1e6);
    if (m->held_ns) fprintf(to, "  its answer %.3f ms", (double)m->held_ns / 1e6);
    if (m->fault != TIMELINE_FINE) fprintf(to, "  %s", timeline_fault_name(m->fault));
    if (*m->error) fprintf(to, "  %s", m->error);
    fputc('\n', to);
}

static void event_line(const struct timeline *t, const struct timeline_event *e, FILE *to)
{
    fprintf(to, "%10.3f s  == %s: %s\n", since(t, e->time_ns), e->what, e->text);
}

void timeline_text(const struct timeline *t, int64_t from_ns, int64_t to_ns, bool all, FILE *to)
{
    size_t event = 0;
    for (size_t i = 0; i <= t->mark_count; i++) {
        const struct timeline_mark *m = i < t->mark_count ? &t->marks[i] : NULL;
        for (; event < t->event_count && (!m || t->events[event].time_ns <= m->begin_ns); event++)
            if (t->events[event].time_ns >= from_ns && t->events[event].time_ns <= to_ns)
                event_line(t, &t->events[event], to);
        if (!m || m->begin_ns < from_ns || m->begin_ns > to_ns) continue;
        if (all || m->kind != TIMELINE_OTHER) mark_line(t, m, to);
    }
}
