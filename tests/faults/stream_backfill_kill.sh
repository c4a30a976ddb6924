#!/usr/bin/env bash
# stream_backfill_kill.sh [SEED] - kill -9 of a backfill that fills a new database as a whole, at random moments, and of
# the broker while one runs; then batch = stream.
cd "$(dirname "$0")/../.." || exit 2
. tests/e2e/lib.sh
RANDOM=${1:-4712}
definition=workloads/ecommerce/online_retail.json
db=$scratch/stream.db

run_start() { # [options]
    "$MILLRACE" stream run $definition --db "$db" --bootstrap "$bootstrap" "$@" >"$scratch/out" 2>"$scratch/err" &
    run=$!
}

"$MILLRACE" generate ecommerce --out "$scratch/in" --scale 0.3 --seed 6 2>/dev/null || die "generate"
"$MILLRACE" etl run $definition --in "$scratch/in" --db "$scratch/batch.db" 2>/dev/null || die "batch"
broker_start
"$MILLRACE" stream publish $definition --in "$scratch/in" --partitions 3 --bootstrap "$bootstrap" 2>"$scratch/err" ||
    die "publish: $(cat "$scratch/err")"

# The tables reach the file when the cache is full, and all of it at the commit.
grown() { # BYTES: waits until the database has them, or the run has ended
    for _ in $(seq 10000); do
        [ -s "$db" ] && [ "$(stat -c %s "$db")" -ge "$1" ] && return
        kill -0 $run 2>/dev/null || return
        sleep 0.001
    done
}

early=0
for _ in $(seq 4); do
    run_start --backfill
    grown $((RANDOM * 500))
    kill -KILL $run 2>/dev/null && early=$((early + 1))
    wait $run 2>/dev/null
    tables=$(sqlite3 "$db" "SELECT count(*) FROM sqlite_schema WHERE name LIKE 'sales%' OR name LIKE 'millrace_new_%'") ||
        fail "a database that cannot be read"
    [ "$tables" -eq 0 ] && continue
    "$MILLRACE" warehouse compare "$scratch/batch.db" "$db" || fail "a part of the tables after a kill"
    rm -f "$db"* # it was committed
done
story "$early of 4 backfills were killed"
[ "$early" -ge 2 ] || fail "only $early were killed"
run_start # without the option workers begin where the kills left nothing
wait $run || fail "after the kills: $(cat "$scratch/err")"
[ "$(sqlite3 "$db" "SELECT count(*) FROM etl_runs WHERE status NOT IN ('interrupted', 'done')")" -eq 0 ] ||
    fail "runs: $(sqlite3 "$db" "SELECT run, status FROM etl_runs")"
"$MILLRACE" warehouse compare "$scratch/batch.db" "$db" || fail "after kills of a backfill: batch = stream"

story "the broker is killed while a backfill reads from it"
rm -f "$db"*
run_start --backfill
grown 1000000
broker_kill
sleep 0.2
broker_restart
wait $run || fail "after a kill of the broker: $(cat "$scratch/err")"
"$MILLRACE" warehouse compare "$scratch/batch.db" "$db" || fail "after a kill of the broker: batch = stream"
broker_stop
done_testing
