#!/usr/bin/env bash
# hostile.sh [ATTACK...] - clients that are slow, silent, deaf, greedy, dead or talk nonsense, ten thousand of them or
# one with bombs: the broker lives, its bounds hold, and a canary among them does not notice. docs/limits.md has the
# bounds.
cd "$(dirname "$0")/../.." || exit 2
. tests/e2e/lib.sh
ulimit -n "$(ulimit -Hn)"
[ "$(ulimit -n)" -ge 11000 ] || die "ten thousand connections need as many descriptors; the limit is $(ulimit -n)"

receive=2 send=3 idle=8
broker_start -o millrace.receive.timeout.ms=${receive}000 -o millrace.send.timeout.ms=${send}000 \
    -o connections.max.idle.ms=${idle}000
timeout 300 /usr/bin/python3 tests/faults/hostile.py "$bootstrap" "$broker_pid" $receive $send $idle "$scratch" "$@" ||
    fail "the attacks"
broker_stop
done_testing
