#include "workloads/held.h"

#include <assert.h>
#include <stdlib.h>

#include "lib/base/memory.h"

void held_init(struct held *h, int max)
{
    *h = (struct held){.max = max, .line = memory_new((size_t)max * sizeof *h->line)};
}

void held_release(struct held *h)
{
    for (int i = 0; i < h->max && h->line; i++) buf_release(&h->line[i].text);
    free(h->line);
    h->line = NULL;
}

/* Buffers move with their lines, so that their memory is used again. */
static void swap(struct held *h, int a, int b)
{
    struct held_line line = h->line[a];
    h->line[a] = h->line[b];
    h->line[b] = line;
}

void held_put(struct held *h, struct slice text, int64_t release, int64_t time, int tag)
{
    assert(h->count < h->max);
    int at = h->count++;
    struct held_line *l = &h->line[at];
    buf_reset(&l->text);
    buf_append_slice(&l->text, text);
    l->release = release;
    l->time = time;
    l->tag = tag;
    for (; at > 0 && h->line[at].release < h->line[(at - 1) / 2].release; at = (at - 1) / 2) swap(h, at, (at - 1) / 2);
}

const struct held_line *held_take(struct held *h, int64_t now)
{
    if (h->count == 0 || h->line[0].release > now) return NULL;
    swap(h, 0, --h->count);
    for (int at = 0;;) {
        int child = 2 * at + 1;
        if (child + 1 < h->count && h->line[child + 1].release < h->line[child].release) child++;
        if (child >= h->count || h->line[at].release <= h->line[child].release) break;
        swap(h, at, child);
        at = child;
    }
    return &h->line[h->count];
}
