#include "etl/sink/deferred.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "etl/belt.h"
#include "lib/base/memory.h"

/* A block is a row of these, each in front of its room. */
struct entry {
    _Alignas(16) struct deferred_target *target;
    struct entry *next;  /* of the same target */
    struct entry *other; /* of the first one of a target: that of the next target */
    size_t bytes;        /* of the room, rounded up */
};

struct deferred {
    struct belt belt;
    pthread_t thread;
    bool running;
    struct buf blocks[DEFERRED_BLOCKS];
    struct buf *filling;       /* NULL: no block is being filled */
    struct entry *last_target; /* the first entry of the block's latest target */
    atomic_int failed;
    struct err_text error; /* the other thread's, as long as it runs */
};

static void block_write(struct deferred *d, const struct buf *block)
{
    for (struct entry *e = (struct entry *)(void *)block->p; e && d->failed == 0; e = e->other) {
        int result = e->target->write(e->target->object, e + 1, &d->error);
        if (result < 0) d->failed = result;
    }
}

const void *deferred_next(const void *room)
{
    const struct entry *next = ((const struct entry *)room - 1)->next;
    return next ? next + 1 : NULL;
}

/* One huge write does not hold its memory for ever. */
static void block_empty(struct buf *block)
{
    if (block->capacity > DEFERRED_BLOCK_BYTES)
        buf_release(block);
    else
        buf_reset(block);
}

static void *run(void *context)
{
    struct deferred *d = context;
    size_t i;
    while (belt_take(&d->belt, &i)) {
        block_write(d, &d->blocks[i]);
        block_empty(&d->blocks[i]);
        belt_return(&d->belt);
    }
    return NULL;
}

struct deferred *deferred_new(void)
{
    struct deferred *d = memory_new(sizeof *d);
    belt_init(&d->belt, DEFERRED_BLOCKS);
    d->running = pthread_create(&d->thread, NULL, run, d) == 0;
    if (!d->running) abort(); /* no memory for a stack */
    return d;
}

static void block_send(struct deferred *d)
{
    if (!d->filling) return;
    for (struct entry *e = (struct entry *)(void *)d->filling->p; e; e = e->other) e->target->last = NULL;
    d->filling = NULL;
    belt_send(&d->belt);
}

/* A block with something in it never moves: rooms hold pointers into themselves. */
static struct entry *entry_reserve(struct deferred *d, size_t bytes)
{
    size_t i;
    if (d->filling && d->filling->capacity - d->filling->n < bytes) block_send(d);
    if (!d->filling) {
        bool room = belt_room(&d->belt, &i);
        assert(room); /* nobody stops this belt */
        d->filling = &d->blocks[i];
        buf_reserve(d->filling, bytes > DEFERRED_BLOCK_BYTES ? bytes : DEFERRED_BLOCK_BYTES);
    }
    return (struct entry *)(void *)buf_reserve(d->filling, bytes); /* malloc aligns to 16 */
}

void *deferred_room(struct deferred *d, size_t bytes)
{
    assert(d->running);
    size_t aligned = (bytes + 15) & ~(size_t)15;
    struct entry *e = entry_reserve(d, sizeof *e + aligned);
    e->bytes = aligned;
    return e + 1;
}

/* Behind the last one of its target, or as the first one of a target that is new in this block. */
static void entry_link(struct deferred *d, struct entry *e, struct deferred_target *target)
{
    struct entry *last = target->last;
    e->target = target;
    e->next = e->other = NULL;
    target->last = e;
    if (last) {
        last->next = e;
        return;
    }
    if (d->filling->n) d->last_target->other = e;
    d->last_target = e;
}

int deferred_put(struct deferred *d, struct deferred_target *target, struct err_text *error)
{
    struct entry *e = (struct entry *)(void *)(d->filling->p + d->filling->n);
    entry_link(d, e, target);
    d->filling->n += sizeof *e + e->bytes;
    return d->failed == 0 ? 0 : deferred_end(d, error);
}

int deferred_end(struct deferred *d, struct err_text *error)
{
    if (d->running) {
        block_send(d);
        belt_end(&d->belt);
        pthread_join(d->thread, NULL);
        d->running = false;
    }
    return d->failed == 0 ? 0 : err_set(error, d->failed, "%s", d->error.text);
}

void deferred_free(struct deferred *d)
{
    struct err_text ignored;
    if (!d) return;
    deferred_end(d, &ignored);
    for (int i = 0; i < DEFERRED_BLOCKS; i++) buf_release(&d->blocks[i]);
    belt_release(&d->belt);
    free(d);
}
