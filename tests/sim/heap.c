/* What will happen, by time and then by the order in which it was decided: a binary heap. */
#include <stdlib.h>

#include "lib/base/memory.h"
#include "tests/sim/sim.h"

static bool before(const struct sim_event *a, const struct sim_event *b)
{
    return a->at_ns != b->at_ns ? a->at_ns < b->at_ns : a->number < b->number;
}

static void heap_swap(struct sim_event *a, struct sim_event *b)
{
    struct sim_event t = *a;
    *a = *b;
    *b = t;
}

static int sift_up(struct sim *s, int i)
{
    while (i > 0 && before(&s->heap[i], &s->heap[(i - 1) / 2])) {
        heap_swap(&s->heap[i], &s->heap[(i - 1) / 2]);
        i = (i - 1) / 2;
    }
    return i;
}

static void sift_down(struct sim *s, int i)
{
    for (;;) {
        int least = i;
        for (int k = 2 * i + 1; k <= 2 * i + 2 && k < s->heap_count; k++)
            if (before(&s->heap[k], &s->heap[least])) least = k;
        if (least == i) return;
        heap_swap(&s->heap[i], &s->heap[least]);
        i = least;
    }
}

struct sim_event *sim_later(struct sim *s, int64_t in_ns, void (*run)(struct sim *, struct sim_event *))
{
    if (s->heap_count == s->heap_capacity) {
        s->heap_capacity = s->heap_capacity ? s->heap_capacity * 2 : 256;
        s->heap = memory_grow(s->heap, (size_t)s->heap_capacity, sizeof *s->heap);
    }
    s->heap[s->heap_count] = (struct sim_event){.at_ns = s->now_ns + in_ns, .number = ++s->event_number, .run = run};
    return &s->heap[sift_up(s, s->heap_count++)];
}

struct sim_event sim_event_take(struct sim *s)
{
    struct sim_event first = s->heap[0];
    s->heap[0] = s->heap[--s->heap_count];
    sift_down(s, 0);
    return first;
}

void sim_event_release(struct sim_event *e)
{
    for (int i = 0; i < e->piece_count; i++) {
        shared_unref(e->pieces[i].shared);
        log_file_unref(e->pieces[i].file);
    }
    free(e->pieces);
    free(e->inodes);
    buf_release(&e->bytes);
}

/* What was under way for the node that died. */
void sim_events_purge(struct sim *s)
{
    int kept = 0;
    for (int i = 0; i < s->heap_count; i++) {
        if (s->heap[i].life)
            sim_event_release(&s->heap[i]);
        else
            s->heap[kept++] = s->heap[i];
    }
    s->heap_count = kept;
    for (int i = kept / 2 - 1; i >= 0; i--) sift_down(s, i);
}
