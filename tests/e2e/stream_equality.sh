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

story "a backfill of a topic that is there, and one that is killed on its way: the same tables, the declared indexes"
definition=$scratch/indexed.json
python3 - workloads/ecommerce/online_retail.json "$definition" <<'PY' || die "a definition with an index"
import json, sys
d = json.load(open(sys.argv[1]))
d["tables"][0]["indexes"] = [["customer"], ["country", "day"]]
json.dump(d, open(sys.argv[2], "w"))
PY
indexes() { python3 -c 'import sqlite3, sys; print(sqlite3.connect(sys.argv[1]).execute("SELECT count(*) FROM sqlite_schema WHERE name LIKE \"sales\\_index\\_%\" ESCAPE \"\\\"").fetchone()[0])' "$1"; }
"$MILLRACE" etl run "$definition" --in "$scratch/ecommerce" --db "$scratch/indexed.db" 2>/dev/null || die "batch"
"$MILLRACE" stream publish "$definition" --in "$scratch/ecommerce" --partitions 3 --topic backfill --shuffle 3 \
    --bootstrap "$bootstrap" 2>/dev/null || die "publish"
backfill() { exec "$MILLRACE" stream run "$definition" --db "$1" --topic backfill --bootstrap "$bootstrap" --workers 2 "${@:2}"; }
(backfill "$scratch/whole.db" --backfill) >"$scratch/out" 2>"$scratch/err" || fail "backfill: $(cat "$scratch/err")"
[ "$(grep -c '^worker ' "$scratch/out")" -eq 1 ] || fail "a backfill has one worker: $(cat "$scratch/out")"
[ "$(indexes "$scratch/whole.db")" -eq 2 ] || fail "$(indexes "$scratch/whole.db") of 2 indexes after a backfill"
"$MILLRACE" warehouse compare "$scratch/indexed.db" "$scratch/whole.db" || fail "backfill: batch = stream"
backfill "$scratch/killed.db" --backfill >"$scratch/out" 2>/dev/null &
run=$!
for _ in $(seq 200); do grep -q '^worker 1' "$scratch/out" && break; sleep 0.01; done
kill -KILL $run
wait $run 2>/dev/null
[ "$(indexes "$scratch/killed.db")" -eq 0 ] || fail "indexes while a backfill goes on"
(backfill "$scratch/killed.db") >/dev/null 2>"$scratch/err" || fail "after the kill: $(cat "$scratch/err")"
[ "$(indexes "$scratch/killed.db")" -eq 2 ] || fail "$(indexes "$scratch/killed.db") of 2 indexes after a killed backfill"
"$MILLRACE" warehouse compare "$scratch/indexed.db" "$scratch/killed.db" || fail "killed backfill: batch = stream"

story "a backfill goes on live: what is published after it is loaded, too"
backfill "$scratch/goes_on.db" --backfill --follow >"$scratch/out" 2>"$scratch/err" &
run=$!
for _ in $(seq 100); do [ "$(grep -c '^worker ' "$scratch/out")" -eq 3 ] && break; sleep 0.1; done
[ "$(grep -c '^worker ' "$scratch/out")" -eq 3 ] || fail "one worker and then two: $(cat "$scratch/out")"
"$MILLRACE" stream publish "$definition" --in "$scratch/ecommerce" --topic backfill --bootstrap "$bootstrap" 2>/dev/null ||
    fail "publish again"
positions() { python3 -c 'import sqlite3, sys; print(sqlite3.connect(sys.argv[1]).execute("SELECT sum(next) FROM millrace_stream_offsets").fetchone()[0])' "$1"; }
twice=$((2 * $(positions "$scratch/whole.db")))
for _ in $(seq 100); do [ "$(positions "$scratch/goes_on.db")" -eq $twice ] && break; sleep 0.1; done
[ "$(positions "$scratch/goes_on.db")" -eq $twice ] || fail "what came later is not loaded"
kill -TERM $run
wait $run || fail "it ended with $?: $(cat "$scratch/err")"
"$MILLRACE" warehouse compare "$scratch/indexed.db" "$scratch/goes_on.db" || fail "after a backfill: batch = stream"

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
