#include "bench/ledger.h"

#include <stdlib.h>

#include "lib/base/memory.h"

enum { UNANSWERED, ACKED, FAILED };

void ledger_init(struct ledger *l, int64_t count)
{
    *l = (struct ledger){.count = count,
                         .answers = memory_new((size_t)count + 1),
                         .receipts = memory_new((size_t)count + 1),
                         .newest = -1};
}

void ledger_release(struct ledger *l)
{
    free(l->answers);
    free(l->receipts);
    *l = (struct ledger){0};
}

void ledger_sent(struct ledger *l)
{
    l->sent++;
}

void ledger_answer(struct ledger *l, int64_t number, bool acknowledged)
{
    if (number < 0 || number >= l->count || l->answers[number] != UNANSWERED)
        l->answered_twice++;
    else
        l->answers[number] = acknowledged ? ACKED : FAILED;
}

void ledger_received(struct ledger *l, int64_t number)
{
    if (number < 0 || number >= l->count) {
        l->strangers++;
        return;
    }
    uint8_t *times = &l->receipts[number];
    if (*times == 0 && number < l->newest) l->reordered++;
    if (*times < UINT8_MAX) ++*times;
    if (number > l->newest) l->newest = number;
}

struct ledger_sum ledger_sum(const struct ledger *l)
{
    struct ledger_sum s = {.sent = l->sent, .reordered = l->reordered, .strangers = l->strangers};
    for (int64_t i = 0; i < l->count; i++) {
        uint8_t answer = l->answers[i], times = l->receipts[i];
        s.acked += answer == ACKED;
        s.failed += answer == FAILED;
        s.received += times > 0;
        s.lost += answer == ACKED && times == 0;
        s.unexpected += answer != ACKED && times > 0;
        s.duplicated += times > 1 ? times - 1 : 0;
        s.strangers += i >= l->sent && (answer != UNANSWERED || times > 0);
    }
    s.unanswered = s.sent - s.acked - s.failed;
    s.closed = s.unanswered == 0 && l->answered_twice == 0 && s.strangers == 0;
    return s;
}
