#include "bench/ledger.h"

#include "tests/unit.h"

static struct ledger sent(int count)
{
    struct ledger l;
    ledger_init(&l, 10);
    for (int i = 0; i < count; i++) ledger_sent(&l);
    return l;
}

TEST(ledger, all_in_order_is_closed)
{
    struct ledger l = sent(10);
    for (int i = 0; i < 10; i++) {
        ledger_answer(&l, i, true);
        ledger_received(&l, i);
    }
    struct ledger_sum s = ledger_sum(&l);
    check(s.closed);
    check_int(s.acked, 10);
    check_int(s.received, 10);
    check_int(s.lost + s.unexpected + s.duplicated + s.reordered + s.strangers + s.failed, 0);
    ledger_release(&l);
}

TEST(ledger, lost_duplicated_and_reordered_are_told_apart)
{
    struct ledger l = sent(8);
    static const int received[] = {0, 2, 1, 2, 2, 5, 6};
    for (int i = 0; i < 8; i++) ledger_answer(&l, i, i != 5 && i != 7);
    for (int i = 0; i < 7; i++) ledger_received(&l, received[i]);
    struct ledger_sum s = ledger_sum(&l);
    check(s.closed);
    check_int(s.acked, 6);
    check_int(s.failed, 2);
    check_int(s.lost, 2);       /* 3 and 4 */
    check_int(s.unexpected, 1); /* 5 was reported as failed and is there */
    check_int(s.duplicated, 2); /* 2, twice more */
    check_int(s.reordered, 1);  /* 1 behind 2 */
    ledger_release(&l);
}

TEST(ledger, a_missing_answer_a_second_one_and_a_stranger_leave_it_open)
{
    struct ledger l = sent(2);
    ledger_answer(&l, 0, true);
    check(!ledger_sum(&l).closed);
    check_int(ledger_sum(&l).unanswered, 1);
    ledger_answer(&l, 1, false);
    check(ledger_sum(&l).closed);
    ledger_received(&l, 5); /* in range, never sent */
    check(!ledger_sum(&l).closed);
    check_int(ledger_sum(&l).strangers, 1);
    ledger_release(&l);

    l = sent(2);
    ledger_answer(&l, 0, true);
    ledger_answer(&l, 1, true);
    ledger_answer(&l, 1, true);
    check(!ledger_sum(&l).closed);
    ledger_release(&l);

    l = sent(1);
    ledger_answer(&l, 0, true);
    ledger_received(&l, 10);
    check(!ledger_sum(&l).closed);
    ledger_release(&l);
}
