#!/usr/bin/env bash
# broker_kill.sh [SEED] - kill -9 of a broker at random moments under load, in each durability mode: what was
# acknowledged to an idempotent producer is there once and in order, what a group committed never goes back. Then
# SIGTERM under load: status 0, and soon.
#
# kill -9 leaves the page cache as it is; that unsynced writes may be lost with the power is the simulator's business.
cd "$(dirname "$0")/../.." || exit 2
. tests/e2e/lib.sh
RANDOM=${1:-1711}
python=/usr/bin/python3
clients=

clients_start() { # [options of the broker]
    port=0
    rm -rf "$scratch/broker"
    : >"$scratch/produced"
    : >"$scratch/committed"
    broker_start "$@"
    "$MILLRACE" topic create ledger --partitions 3 -c internal.segment.bytes=40000 --bootstrap "$bootstrap" >/dev/null || die "topic create"
    $python tests/faults/ledger.py produce "$bootstrap" ledger "$scratch/produced" 2>>"$scratch/clients.err" &
    clients=$!
    $python tests/faults/ledger.py commit "$bootstrap" ledger "$scratch/committed" 2>>"$scratch/clients.err" &
    clients="$clients $!"
}

# Until both have got so much acknowledged that there is something to judge.
clients_work() {
    for _ in $(seq 300); do
        [ "$(wc -l <"$scratch/produced")" -gt 100 ] && [ "$(wc -l <"$scratch/committed")" -gt 10 ] && return
        sleep 0.1
    done
    fail "the clients get nothing acknowledged"
}

clients_end() {
    kill -TERM $clients
    wait $clients
    clients=
}

judge() {
    $python tests/faults/ledger.py judge "$bootstrap" ledger "$scratch/produced" "$scratch/committed" ||
        fail "$1: $(tail -1 "$scratch/clients.err")"
}

trap 'for pid in $clients; do kill -KILL "$pid" 2>/dev/null; done; finish' EXIT

# Small segments: kills fall on rolls, on index groups and on snapshots, too.
small="-o log.segment.bytes=1048576 -o log.index.interval.bytes=200"
small="$small -o log.flush.offset.checkpoint.interval.ms=300"
for mode in log.flush.interval.messages=1 log.flush.interval.ms=50 log.flush.interval.messages=9223372036854775807; do
    story "kill -9 eight times, $mode"
    clients_start $small -o "$mode"
    for _ in 1 2 3 4 5 6 7 8; do
        sleep 0.$((RANDOM % 90 + 10))
        broker_kill
        [ $((RANDOM % 3)) = 0 ] && sleep 0.2
        broker_restart $small -o "$mode"
        # a crash while it recovers from the last one
        if [ $((RANDOM % 2)) = 0 ]; then sleep 0.0$((RANDOM % 50)); broker_kill; broker_restart $small -o "$mode"; fi
    done
    sleep 1
    clients_end
    judge "$mode"
    broker_stop
done

story "SIGTERM under load"
clients_start $small -o log.flush.interval.messages=1
clients_work
before=$(date +%s%N)
broker_stop
took=$((($(date +%s%N) - before) / 1000000))
[ "$took" -lt 3000 ] || fail "it took $took ms"
[ -f "$scratch/broker/.kafka_cleanshutdown" ] || fail "no marker of a clean shutdown"
broker_restart $small
sleep 1
clients_end
judge "SIGTERM"
broker_stop

done_testing
