/* Producers and consumers of this process over connections of their own. (The broker's way: tests/e2e and E11.) */
#include "bench/pairs.h"
#include "tests/unit.h"

TEST(pairs, each_consumer_gets_each_batch_over_a_connection_of_each_pair)
{
    struct err_text error = {0};
    struct pairs p = {.producers = 3, .consumers = 2, .batches = 20, .records = 10, .record_bytes = 100};
    if (pairs_direct(&p, &error) != 0) unit_fail("%s", error.text);
    check_int(p.connections, 3 * 2);
    check_int(p.delivered, 3 * 20 * 10 * 2);
    check(p.seconds > 0);
}

TEST(pairs, a_broker_that_is_not_there_is_said)
{
    struct err_text error = {0};
    struct pairs p = {.producers = 1,
                      .consumers = 1,
                      .batches = 1,
                      .records = 1,
                      .record_bytes = 10,
                      .bootstrap = "127.0.0.1:1",
                      .topic = "none"};
    check(pairs_through_broker(&p, &error) < 0);
    check(strstr(error.text, "127.0.0.1:1") != NULL);
    check_int(p.connections, 0);
}
