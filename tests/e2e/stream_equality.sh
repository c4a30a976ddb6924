#!/usr/bin/env bash
# stream_equality.sh - batch = stream = truth, whatever the number of partitions and workers and the order of arrival.
cd "$(dirname "$0")/../.." || exit 2
. tests/e2e/lib.sh

# one WORKLOAD DEFINITION PARTITIONS WORKERS [publish options]
one() {
    local workload=$1 definition=workloads/$2 partitions=$3 workers=$4
    shift 4
    story "$workload: $partitions partitions, $workers workers $*"
    topic=$workload-$partitions-$workers
    "$MILLRACE" stream publish "$definition" --in "$scratch/$workload" --partitions "$partitions" \
        --topic "$topic" --bootstrap "$bootstrap" "$@" 2>"$scratch/err" || die "publish: $(cat "$scratch/err")"
    "$MILLRACE" stream run "$definition" --db "$scratch/$topic.db" --workers "$workers" \
        --topic "$topic" --bootstrap "$bootstrap" >"$scratch/out" 2>"$scratch/err" || die "run: $(cat "$scratch/err")"
    [ "$(grep -cE '^worker [0-9]+ [0-9]+$' "$scratch/out")" -eq "$workers" ] || fail "no line for each worker"
    "$MILLRACE" warehouse compare "$scratch/$workload.db" "$scratch/$topic.db" || fail "$topic: batch = stream"
    "$MILLRACE" warehouse check "$scratch/$topic.db" "$scratch/$workload/ground_truth" >"$scratch/out" ||
        fail "$topic: stream = truth: $(cat "$scratch/out")"
}

broker_start -o group.initial.rebalance.delay.ms=100
for pair in ecommerce:ecommerce/online_retail.json clickstream:clickstream/web_logs.json; do
    workload=${pair%%:*} definition=${pair#*:}
    "$MILLRACE" generate "$workload" --out "$scratch/$workload" --scale 0.02 --seed 11 2>/dev/null || die "generate"
    "$MILLRACE" etl run "workloads/$definition" --in "$scratch/$workload" --db "$scratch/$workload.db" 2>/dev/null ||
        die "batch"
    one "$workload" "$definition" 1 1
    one "$workload" "$definition" 3 2 --shuffle 5
    one "$workload" "$definition" 8 4 --shuffle 6
    one "$workload" "$definition" 3 4
done

story "clickstream at 200,000 times the speed of its events, which spread over days"
started=$(date +%s%N)
one clickstream clickstream/web_logs.json 2 1 --speed 200000
[ $(($(date +%s%N) - started)) -gt 1000000000 ] || fail "four days at this speed are more than a second"

story "published twice to one topic: every record counts once"
topic=ecommerce-1-1
"$MILLRACE" stream publish workloads/ecommerce/online_retail.json --in "$scratch/ecommerce" --topic $topic \
    --bootstrap "$bootstrap" --shuffle 9 2>/dev/null || fail "publish again"
loaded() { python3 -c 'import sqlite3, sys; print(sqlite3.connect(sys.argv[1]).execute("SELECT next FROM millrace_stream_offsets").fetchone()[0])' "$scratch/$topic.db"; }
before=$(loaded)
"$MILLRACE" stream run workloads/ecommerce/online_retail.json --db "$scratch/$topic.db" --topic $topic --follow \
    --bootstrap "$bootstrap" >/dev/null 2>&1 &
run=$!
for _ in $(seq 100); do [ "$(loaded)" -ge $((2 * before)) ] && break; sleep 0.1; done
[ "$(loaded)" -eq $((2 * before)) ] || fail "the second copy was not read: $(loaded) of $((2 * before))"
kill -TERM $run
wait $run || fail "run --follow ended with $? after SIGTERM"
"$MILLRACE" warehouse compare "$scratch/ecommerce.db" "$scratch/$topic.db" || fail "published twice: batch = stream"
broker_stop

story "a broker of our own, started by each command and shared while both run"
dir=$scratch/own
definition=workloads/clickstream/web_logs.json
"$MILLRACE" stream run $definition --db "$scratch/own.db" --broker-dir "$dir" >/dev/null 2>"$scratch/run.err" &
run=$!
"$MILLRACE" stream publish $definition --in "$scratch/clickstream" --broker-dir "$dir" 2>"$scratch/err" ||
    fail "publish: $(cat "$scratch/err")"
wait $run || fail "run: $(cat "$scratch/run.err")"
"$MILLRACE" warehouse compare "$scratch/clickstream.db" "$scratch/own.db" || fail "own broker: batch = stream"
done_testing
