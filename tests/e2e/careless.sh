#!/usr/bin/env bash
# careless.sh - librdkafka and kafka-python with timeouts from 1 ms to a day, and a broker that is as alive afterwards
# and holds nothing for them. What is at the ends of each number is broker/node/careless_test.c's business.
cd "$(dirname "$0")/../.." || exit 2
. tests/e2e/lib.sh

broker_start
descriptors() { ls "/proc/$broker_pid/fd" | wc -l; }
before=$(descriptors)
timeout 100 /usr/bin/python3 tests/e2e/clients/careless.py "$bootstrap" || fail "careless clients"
for _ in $(seq 100); do [ "$(descriptors)" -le $((before + 20)) ] && break; sleep 0.05; done
[ "$(descriptors)" -le $((before + 20)) ] || fail "$(descriptors) descriptors, $before before" # 20: segments

story "kcat in a hurry"
for wait in 0 1; do
    [ "$(timeout 20 kcat -b "$bootstrap" -C -t rd -e -q -X fetch.wait.max.ms=$wait | wc -l)" = 50 ] ||
        fail "kcat with fetch.wait.max.ms=$wait"
done
broker_stop
done_testing
