/* belt.h - blocks from one thread to another, in order, never more than so many of them.
 *
 *     giver:  while (belt_room(b, &i)) { fill blocks[i]; belt_send(b); }  belt_end(b)
 *     taker:  while (belt_take(b, &i)) { use  blocks[i]; belt_return(b); }
 *             belt_stop(b)   nothing more is wanted: the giver's next belt_room is false
 *
 *       0   1   2   3        the blocks are the caller's; a belt only says whose each one is
 *     [ t | s | s | g ]      g: being filled, s: sent, t: being used
 *
 * One giver and one taker. What one wrote into a block before it gave it away the other one sees. Who waits does so
 * until half of the belt has moved (or it has ended, or stopped). */
#ifndef MILLRACE_ETL_BELT_H
#define MILLRACE_ETL_BELT_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

struct belt {
    pthread_mutex_t lock;
    pthread_cond_t moved;
    size_t count;          /* of blocks */
    size_t sent, returned; /* so far */
    bool ended, stopped;
    bool giver_waits, taker_waits;
};

void belt_init(struct belt *b, size_t count);
void belt_release(struct belt *b);

/* --- the giver --- */

/* Waits until a block is free: its index. False after belt_stop. */
bool belt_room(struct belt *b, size_t *index);
void belt_send(struct belt *b);
void belt_end(struct belt *b);

/* --- the taker --- */

/* Waits until a block was sent: its index. False when all were used and belt_end was called. */
bool belt_take(struct belt *b, size_t *index);
void belt_return(struct belt *b);
void belt_stop(struct belt *b);

#endif
