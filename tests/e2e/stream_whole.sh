#!/usr/bin/env bash
# stream_whole.sh - a backfill of a complete topic, in the order of its files, builds the warehouse as a batch does; any
# other topic is loaded by a worker. In the end the tables are the same.
cd "$(dirname "$0")/../.." || exit 2
. tests/e2e/lib.sh

one() { sqlite3 "$1" "$2"; }
whole() { [ "$(one "$1" "SELECT count(*) FROM millrace_warehouse WHERE key = 'whole'")" -eq 1 ]; }
publish() { "$MILLRACE" stream publish "$definition" --in "$scratch/in" --bootstrap "$bootstrap" "$@" 2>"$scratch/err" || die "publish: $(cat "$scratch/err")"; }
run() { # DB [options]
    "$MILLRACE" stream run "$definition" --db "$@" --bootstrap "$bootstrap" >"$scratch/out" 2>"$scratch/err"
}
equal() { # DB WHAT
    "$MILLRACE" warehouse compare "$scratch/batch.db" "$1" || fail "$2: batch = stream"
}

broker_start -o group.initial.rebalance.delay.ms=100
definition=workloads/ecommerce/shop.json
"$MILLRACE" generate ecommerce --out "$scratch/in" --scale 0.01 --seed 12 2>/dev/null || die "generate"
"$MILLRACE" etl run $definition --in "$scratch/in" --db "$scratch/batch.db" 2>/dev/null || die "batch"

story "ten sources with rules among them, 3 partitions: no worker, no state, the tables of a batch, declared keys"
publish --topic all --partitions 3
run "$scratch/all.db" --topic all --backfill --workers 2 || die "run: $(cat "$scratch/err")"
! grep -q '^worker' "$scratch/out" || fail "a worker: $(cat "$scratch/out")"
whole "$scratch/all.db" || fail "not as a whole: $(cat "$scratch/err")"
equal "$scratch/all.db" whole
schema="SELECT type, name, tbl_name FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%' AND name NOT LIKE 'millrace_%' ORDER BY 2"
diff <(one "$scratch/batch.db" "$schema") <(one "$scratch/all.db" "$schema") || fail "other tables, indexes or views than a batch"
[ "$(one "$scratch/all.db" "SELECT mode, status, read = (SELECT sum(read) FROM records) FROM etl_runs")" = "stream|done|1" ] ||
    fail "etl_runs: $(one "$scratch/all.db" "SELECT * FROM etl_runs")"
[ "$(one "$scratch/all.db" "SELECT count(*), sum(ended) FROM millrace_stream_offsets")" = "3|3" ] || fail "positions"
grep -q ': state: ' "$scratch/err" || fail "nothing about state: $(cat "$scratch/err")"

story "again, with and without the option, and following: nothing is left to load"
for options in "" --backfill; do
    run "$scratch/all.db" --topic all $options || fail "again: $(cat "$scratch/err")"
    grep -q ': committed: 0 records' "$scratch/err" || fail "again: $(cat "$scratch/err")"
done
"$MILLRACE" stream run $definition --db "$scratch/all.db" --topic all --follow --bootstrap "$bootstrap" >"$scratch/out" 2>"$scratch/err" &
follower=$!
for _ in $(seq 100); do [ "$(one "$scratch/all.db" "SELECT count(*) FROM etl_runs WHERE status = 'running'")" -eq 1 ] && break; sleep 0.05; done
kill -TERM $follower
wait $follower || fail "following: $(cat "$scratch/err")"
equal "$scratch/all.db" "after that"

story "what is sent again is recognised; a message of another stream is an error"
publish --topic all --partitions 3
run "$scratch/all.db" --topic all || fail "sent again: $(cat "$scratch/err")"
mkdir "$scratch/other"
cp "$scratch"/in/2*.csv "$scratch/other"
"$MILLRACE" stream publish workloads/ecommerce/online_retail.json --in "$scratch/other" --topic all --bootstrap "$bootstrap" 2>"$scratch/err" && fail "published another"
grep -q "another stream is in topic all already (millrace:" "$scratch/err" || fail "another stream: $(cat "$scratch/err")"
"$MILLRACE" stream publish workloads/ecommerce/online_retail.json --in "$scratch/other" --topic all --begun --bootstrap "$bootstrap" 2>/dev/null || die "publish another"
run "$scratch/all.db" --topic all && fail "another stream is no error"
grep -q 'a message of stream millrace:' "$scratch/err" || fail "another stream: $(cat "$scratch/err")"
equal "$scratch/all.db" "after another stream"

story "a table as a topic: its rows are sent, again for a new database"
python3 - $definition "$scratch/topics.json" <<'PY' || die "a definition with a topic"
import json, sys
d = json.load(open(sys.argv[1]))
d.setdefault("outputs", []).append({"table": d["tables"][0]["name"], "topic": "sent"})
json.dump(d, open(sys.argv[2], "w"))
PY
shop=$definition definition=$scratch/topics.json
publish --topic told --partitions 2
rows=$(one "$scratch/batch.db" "SELECT count(*) FROM \"$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["tables"][0]["name"])' $shop)\"")
for db in first second; do
    run "$scratch/$db.db" --topic told --backfill || fail "with a topic: $(cat "$scratch/err")"
    whole "$scratch/$db.db" || fail "with a topic, not as a whole: $(cat "$scratch/err")"
    grep -q ": $rows messages of changelogs" "$scratch/err" || fail "$rows rows, $db: $(grep changelogs "$scratch/err")"
    equal "$scratch/$db.db" "with a topic"
done
definition=$shop

story "in another order, sent twice, without its ends: a worker loads it, the tables are the same"
publish --topic shuffled --partitions 3 --shuffle 7
publish --topic twice
publish --topic twice
for topic in shuffled twice; do
    run "$scratch/$topic.db" --topic $topic --backfill || fail "$topic: $(cat "$scratch/err")"
    [ "$(grep -c '^worker' "$scratch/out")" -eq 1 ] || fail "$topic: one worker: $(cat "$scratch/out")"
    whole "$scratch/$topic.db" && fail "$topic: as a whole"
    equal "$scratch/$topic.db" $topic
done
"$MILLRACE" stream publish $definition --in "$scratch/in" --bootstrap "$bootstrap" --topic begun --rate 1000 2>/dev/null &
publisher=$!
for _ in $(seq 200); do "$MILLRACE" topic list --bootstrap "$bootstrap" 2>/dev/null | grep -q '^begun' && break; sleep 0.02; done
kill -KILL $publisher
wait $publisher 2>/dev/null
run "$scratch/begun.db" --topic begun --backfill &
begun=$!
for _ in $(seq 500); do grep -q '^worker' "$scratch/out" && break; sleep 0.02; done
grep -q '^worker' "$scratch/out" || fail "no worker for what is not complete"
"$MILLRACE" stream publish $definition --in "$scratch/in" --bootstrap "$bootstrap" --topic begun 2>/dev/null || fail "publish again"
wait $begun || fail "begun: $(cat "$scratch/err")"
equal "$scratch/begun.db" begun

broker_stop
done_testing
