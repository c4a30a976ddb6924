#!/usr/bin/env bash
# own_broker.sh - a broker that a command starts for itself: shared by two commands, taken over when its owner or the
# broker itself is killed, and never taken for another one's.
cd "$(dirname "$0")/../.." || exit 2
. tests/e2e/lib.sh
definition=workloads/clickstream/web_logs.json
"$MILLRACE" generate clickstream --out "$scratch/in" --scale 0.01 --seed 4 2>/dev/null || die "generate"
"$MILLRACE" etl run $definition --in "$scratch/in" --db "$scratch/batch.db" 2>/dev/null || die "batch"
equal() { "$MILLRACE" warehouse compare "$scratch/batch.db" "$1" >/dev/null || fail "$2: batch = stream"; }
run_start() { "$MILLRACE" stream run $definition --db "$1" --broker-dir "$2" >/dev/null 2>"$scratch/run.err" & run=$!; }
run_wait() {
    for _ in $(seq 400); do kill -0 $run 2>/dev/null || break; sleep 0.1; done
    kill -0 $run 2>/dev/null && fail "$1: run does not end: $(tail -3 "$scratch/run.err")" && kill -KILL $run
    wait $run || fail "$1: run ended with $?: $(tail -3 "$scratch/run.err")"
}
publish() { "$MILLRACE" stream publish $definition --in "$scratch/in" --broker-dir "$@" 2>"$scratch/err"; }
broker_of() { pgrep -f "broker -o listeners=.* -o log.dirs=$1 "; } # the pid of the broker of a folder

story "publish and run start at the same instant, five times"
for i in 1 2 3 4 5; do
    run_start "$scratch/race$i.db" "$scratch/race$i"
    publish "$scratch/race$i" || fail "race $i: publish: $(cat "$scratch/err")"
    run_wait "race $i"
    equal "$scratch/race$i.db" "race $i"
done

story "publish first, run later: the data is in the folder"
publish "$scratch/later" --partitions 3 || fail "publish: $(cat "$scratch/err")"
[ -z "$(broker_of "$scratch/later")" ] || fail "a broker outlived its command"
run_start "$scratch/later.db" "$scratch/later"
run_wait later
equal "$scratch/later.db" later

story "the broker is killed while both run, then the command that owns it"
run_start "$scratch/kill.db" "$scratch/kill"
for _ in $(seq 100); do [ -n "$(broker_of "$scratch/kill")" ] && break; sleep 0.05; done
"$MILLRACE" stream publish $definition --in "$scratch/in" --broker-dir "$scratch/kill" --rate 3000 2>"$scratch/err" &
publisher=$!
sleep 1
victim=$(broker_of "$scratch/kill")
kill -KILL $victim || fail "no broker to kill"
sleep 1
kill -KILL $run # the broker goes with it; publish starts another one
wait $run 2>/dev/null
sleep 0.5
run_start "$scratch/kill.db" "$scratch/kill"
wait $publisher || fail "publish ended with $?: $(cat "$scratch/err")"
run_wait kill
equal "$scratch/kill.db" kill

story "the port in the folder's file belongs to another broker by now"
broker_start
echo "$bootstrap" >"$scratch/later/millrace.address"
rm -f "$scratch/later.db"
run_start "$scratch/later.db" "$scratch/later"
run_wait "other's port"
equal "$scratch/later.db" "other's port"
broker_stop

story "a folder that cannot be made"
"$MILLRACE" stream run $definition --db "$scratch/x.db" --broker-dir "$scratch/no/such" >/dev/null 2>"$scratch/err"
status=$?
[ $status -eq 2 ] || fail "status $status, not 2"
grep -q "no/such" "$scratch/err" || fail "the folder is not named: $(cat "$scratch/err")"
[ ! -e "$scratch/x.db" ] || fail "a database was made"
done_testing
