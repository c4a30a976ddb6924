#include "etl/belt.h"

#include <assert.h>

void belt_init(struct belt *b, size_t count)
{
    *b = (struct belt){.count = count};
    pthread_mutex_init(&b->lock, NULL);
    pthread_cond_init(&b->moved, NULL);
}

void belt_release(struct belt *b)
{
    pthread_cond_destroy(&b->moved);
    pthread_mutex_destroy(&b->lock);
}

/* Of the two only one has to wait: the giver for a belt that is full, or the taker for one that is empty. It is woken
 * when half of the belt has moved, so that it has work for a while: waking costs as much as a block does. (Who was
 * woken may still be on its way when the other one begins to wait; each has a flag of its own.) */
static void wait(struct belt *b, bool *waits)
{
    *waits = true;
    while (*waits) pthread_cond_wait(&b->moved, &b->lock);
}

static void wake(struct belt *b, bool *waits)
{
    if (!*waits) return;
    *waits = false;
    pthread_cond_broadcast(&b->moved);
}

bool belt_room(struct belt *b, size_t *index)
{
    pthread_mutex_lock(&b->lock);
    if (b->sent - b->returned == b->count && !b->stopped) wait(b, &b->giver_waits);
    bool room = !b->stopped;
    *index = b->sent % b->count;
    pthread_mutex_unlock(&b->lock);
    return room;
}

void belt_send(struct belt *b)
{
    assert(!b->ended);
    pthread_mutex_lock(&b->lock);
    b->sent++;
    if (2 * (b->sent - b->returned) >= b->count) wake(b, &b->taker_waits);
    pthread_mutex_unlock(&b->lock);
}

void belt_end(struct belt *b)
{
    pthread_mutex_lock(&b->lock);
    b->ended = true;
    wake(b, &b->taker_waits);
    pthread_mutex_unlock(&b->lock);
}

bool belt_take(struct belt *b, size_t *index)
{
    pthread_mutex_lock(&b->lock);
    if (b->sent == b->returned && !b->ended) wait(b, &b->taker_waits);
    bool sent = b->sent != b->returned;
    *index = b->returned % b->count;
    pthread_mutex_unlock(&b->lock);
    return sent;
}

void belt_return(struct belt *b)
{
    pthread_mutex_lock(&b->lock);
    b->returned++;
    if (2 * (b->sent - b->returned) <= b->count) wake(b, &b->giver_waits);
    pthread_mutex_unlock(&b->lock);
}

void belt_stop(struct belt *b)
{
    pthread_mutex_lock(&b->lock);
    b->stopped = true;
    wake(b, &b->giver_waits);
    pthread_mutex_unlock(&b->lock);
}
