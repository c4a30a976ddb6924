#!/usr/bin/env bash
# stream_kill.sh [SEED] - kill -9 of workers, supervisor, publisher and broker at random moments; then batch = stream.
cd "$(dirname "$0")/../.." || exit 2
. tests/e2e/lib.sh
RANDOM=${1:-4711}
# every kind four times and more, in an order drawn from the seed
deck=$(for _ in 1 2 3 4; do printf '%s\n' worker worker worker supervisor publisher broker; done |
    while read -r kind; do echo "$RANDOM $kind"; done | sort -n | sed 's/.* //')
declare -A killed
definition=workloads/ecommerce/online_retail.json
db=$scratch/stream.db
publisher= run=

publisher_start() { # [options]
    "$MILLRACE" stream publish $definition --in "$scratch/in" --partitions 3 --bootstrap "$bootstrap" "$@" \
        2>>"$scratch/publish.err" &
    publisher=$!
}

run_start() {
    "$MILLRACE" stream run $definition --db "$db" --workers 2 --bootstrap "$bootstrap" \
        >>"$scratch/workers" 2>>"$scratch/run.err" &
    run=$!
}

crash() { # PID
    kill -KILL "$1" 2>/dev/null
    wait "$1" 2>/dev/null
}

ended() { ! kill -0 "$1" 2>/dev/null; }

kill_one() { # KIND
    case $1 in
    worker) # the supervisor replaces it
        for _ in $(seq 20); do # those of a new supervisor may not be there yet
            victim=$(tail -2 "$scratch/workers" | sed -n "$((RANDOM % 2 + 1))s/^worker [0-9]* //p")
            # ours only: the pid of a dead one may belong to somebody else by now
            grep -qzxF -- "$db" "/proc/${victim:-none}/cmdline" 2>/dev/null && kill -KILL "$victim" && break
            sleep 0.1
        done
        ;;
    supervisor) # its workers die with it
        crash "$run"
        run_start
        ;;
    publisher) # starts from the beginning
        crash "$publisher"
        publisher_start --rate 2000
        ;;
    broker)
        broker_kill
        broker_restart
        ;;
    esac
    killed[$1]=$((${killed[$1]:-0} + 1))
}

"$MILLRACE" generate ecommerce --out "$scratch/in" --scale 0.085 --seed 5 2>/dev/null || die "generate"
"$MILLRACE" etl run $definition --in "$scratch/in" --db "$scratch/batch.db" 2>/dev/null || die "batch"
broker_start
publisher_start --rate 2000
run_start
for kind in $deck; do
    sleep 0.$((RANDOM % 60 + 10))
    if ended $run; then
        wait $run
        die "run ended with status $? before everything was published: $(tail -3 "$scratch/run.err")"
    fi
    kill_one "$kind"
done
story "killed: ${killed[worker]:-0} workers, ${killed[supervisor]} supervisors, ${killed[publisher]} publishers, ${killed[broker]} brokers"
replaced=$(grep -c 'replaced$' "$scratch/run.err")
[ "$replaced" -ge 6 ] || fail "only $replaced workers were replaced"
loaded=$(python3 -c 'import sqlite3, sys; print(sqlite3.connect(sys.argv[1]).execute("SELECT read FROM records").fetchone()[0])' "$db")
story "$replaced workers were replaced, $loaded records loaded by then"
[ "$loaded" -gt 0 ] || fail "nothing was loaded between the kills"
if ! ended $publisher; then crash $publisher; fi
publisher_start
wait $publisher || fail "the last publisher ended with $?: $(tail -3 "$scratch/publish.err")"
for _ in $(seq 300); do ended $run && break; sleep 0.1; done
ended $run || fail "run does not come to an end: $(tail -3 "$scratch/run.err")"
wait $run || fail "run ended with $?: $(tail -3 "$scratch/run.err")"
"$MILLRACE" warehouse compare "$scratch/batch.db" "$db" || fail "batch = stream"
broker_stop
done_testing
