/* Which batches were sent again, and which stand in the log behind one that was sent later.
 *
 *     sent:   A (lost)   B   A again         tries of one batch have one identity
 *     log:    B  A                           A is late: its first copy stands behind a batch whose first try came later
 *
 * A batch is late only when it was sent more than once: what a connection carries once arrives in order. */
#include <stdlib.h>
#include <string.h>

#include "bench/timeline/model.h"
#include "lib/base/memory.h"

/* One time that a batch was sent. */
struct
try {
    const struct timeline_batch *batch;
    struct timeline_mark *mark;
};

/* A batch: all of its tries. */
struct sent {
    const char *place;
    const struct timeline_mark *first;
    struct timeline_mark *appended; /* its first copy in the log; NULL: there is none, or nobody said where */
    int64_t offset;                 /* of that */
    bool again;
};

/* Marks are in order by now. */
static int by_identity(const void *a, const void *b)
{
    const struct try *x = a, *y = b;
    int order = strcmp(x->batch->identity, y->batch->identity);
    return order != 0 ? order : (x->mark > y->mark) - (x->mark < y->mark);
}

static int by_place(const void *a, const void *b)
{
    const struct sent *x = a, *y = b;
    int order = strcmp(x->place, y->place);
    return order != 0 ? order : (x->first > y->first) - (x->first < y->first);
}

/* The client was not told that all is well, and will try again. */
static bool failed(const struct timeline_mark *m)
{
    return m->fault != TIMELINE_FINE || *m->error;
}

/* Tries of one identity. Without a number, two batches may be the same to the bit (a load generator's, in one
 * millisecond): the second is another one unless the first failed. */
static struct sent tries_join(const struct try *tries, size_t n)
{
    struct sent s = {.place = tries->batch->place, .first = tries->mark};
    bool tried = false;
    for (size_t i = 0; i < n; i++) {
        struct timeline_mark *m = tries[i].mark;
        bool again = i > 0 && (tried || tries[i].batch->numbered);
        if (again) m->again = s.again = true;
        tried = tried || failed(m);
        int64_t offset = tries[i].batch->offset;
        if (offset < 0 || (s.appended && s.offset <= offset)) continue;
        s.appended = m;
        s.offset = offset;
    }
    return s;
}

/* From the last one of a place to the first: where the first of those stands that were sent later. */
static void late_find(struct sent *list, size_t n)
{
    const char *place = "";
    int64_t later = INT64_MAX;
    for (size_t i = n; i-- > 0;) {
        struct sent *s = &list[i];
        if (strcmp(s->place, place) != 0) later = INT64_MAX;
        place = s->place;
        if (!s->appended) continue;
        if (s->again && s->offset > later) s->appended->late = true;
        if (s->offset < later) later = s->offset;
    }
}

void timeline_order(struct timeline *t)
{
    struct try *tries = memory_new((t->batch_count + 1) * sizeof *tries);
    struct sent *list = memory_new((t->batch_count + 1) * sizeof *list);
    size_t n = 0, count = 0;
    for (size_t i = 0; i < t->mark_count; i++)
        for (size_t k = 0; k < t->marks[i].batch_count; k++)
            tries[n++] = (struct try){&t->batches[t->marks[i].batch_from + k], &t->marks[i]};
    qsort(tries, n, sizeof *tries, by_identity);
    for (size_t from = 0, to; from < n; from = to) {
        for (to = from + 1; to < n && strcmp(tries[to].batch->identity, tries[from].batch->identity) == 0;) to++;
        list[count++] = tries_join(tries + from, to - from);
    }
    qsort(list, count, sizeof *list, by_place);
    late_find(list, count);
    free(tries);
    free(list);
}
