/* ledger.h - what became of every message of a run, by number.
 *
 *     ledger_init(&l, count)
 *     sender       ledger_sent(i)                       before it is handed to the client
 *     reports      ledger_answer(i, acknowledged)       once for each that was sent
 *     reader       ledger_received(i)                   in the order of the log, for each partition's messages apart
 *     ledger_sum(&l)                                    when the threads have ended
 *
 * Each of the three may be called from a thread of its own: they share nothing. A ledger is closed when every message
 * that was sent has its answer; what is lost, duplicated or out of order is a result, not a reason to throw the trial
 * away. */
#ifndef MILLRACE_BENCH_LEDGER_H
#define MILLRACE_BENCH_LEDGER_H

#include <stdbool.h>
#include <stdint.h>

struct ledger {
    int64_t count; /* messages are 0 .. count-1 */
    int64_t sent;
    uint8_t *answers;  /* owned */
    uint8_t *receipts; /* owned: how often, at most 255 */
    int64_t answered_twice;
    int64_t newest; /* the highest number that was received */
    int64_t reordered, strangers;
};

struct ledger_sum {
    int64_t sent, acked, failed, unanswered;
    int64_t received;   /* different messages */
    int64_t lost;       /* acknowledged and never received */
    int64_t unexpected; /* reported as failed, or never answered, and received all the same */
    int64_t duplicated; /* receipts beyond the first */
    int64_t reordered;  /* first receipts behind that of a later message */
    int64_t strangers;  /* received or answered without having been sent */
    bool closed;        /* sent = acked + failed, each answered once, no strangers */
};

void ledger_init(struct ledger *l, int64_t count);
void ledger_release(struct ledger *l);
/* Numbers are sent in ascending order, from 0. */
void ledger_sent(struct ledger *l);
void ledger_answer(struct ledger *l, int64_t number, bool acknowledged);
/* Numbers outside of 0 .. count-1 are counted as strangers. */
void ledger_received(struct ledger *l, int64_t number);
struct ledger_sum ledger_sum(const struct ledger *l);

#endif
