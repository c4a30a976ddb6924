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

/* Of the two only one can wait: the giver for a belt that is full, or the taker for one that is empty. */
static void change(struct belt *b, size_t *counter, bool *flag)
{
    pthread_mutex_lock(&b->lock);
    if (counter) ++*counter;
    if (flag) *flag = true;
    pthread_cond_signal(&b->moved);
    pthread_mutex_unlock(&b->lock);
}

bool belt_room(struct belt *b, size_t *index)
{
    pthread_mutex_lock(&b->lock);
    while (b->sent - b->returned == b->count && !b->stopped) pthread_cond_wait(&b->moved, &b->lock);
    bool room = !b->stopped;
    *index = b->sent % b->count;
    pthread_mutex_unlock(&b->lock);
    return room;
}

void belt_send(struct belt *b)
{
    assert(!b->ended);
    change(b, &b->sent, NULL);
}

void belt_end(struct belt *b)
{
    change(b, NULL, &b->ended);
}

bool belt_take(struct belt *b, size_t *index)
{
    pthread_mutex_lock(&b->lock);
    while (b->sent == b->returned && !b->ended) pthread_cond_wait(&b->moved, &b->lock);
    bool sent = b->sent != b->returned;
    *index = b->returned % b->count;
    pthread_mutex_unlock(&b->lock);
    return sent;
}

void belt_return(struct belt *b)
{
    change(b, &b->returned, NULL);
}

void belt_stop(struct belt *b)
{
    change(b, NULL, &b->stopped);
}
