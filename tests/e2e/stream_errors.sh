#!/usr/bin/env bash
# stream_errors.sh - what must stop a stream with an error that names the thing, and leave the database as it was.
cd "$(dirname "$0")/../.." || exit 2
. tests/e2e/lib.sh
definition=workloads/ecommerce/online_retail.json
"$MILLRACE" generate ecommerce --out "$scratch/in" --scale 0.015 --seed 31 2>/dev/null || die "generate"
"$MILLRACE" generate ecommerce --out "$scratch/other" --scale 0.015 --seed 32 2>/dev/null || die "generate"
broker_start

# refused NAME STATUS TEXT COMMAND...: ends with STATUS within 20 s and says TEXT
refused() {
    local name=$1 expected=$2 text=$3 status
    shift 3
    story "$name"
    timeout 20 "$@" >"$scratch/out" 2>"$scratch/err"
    status=$?
    [ $status -eq "$expected" ] || fail "$name: status $status, not $expected: $(tail -2 "$scratch/err")"
    grep -qE -- "$text" "$scratch/err" || fail "$name: no \"$text\" in: $(tail -2 "$scratch/err")"
}
publish() { "$MILLRACE" stream publish "${2:-$definition}" --in "$scratch/$1" --topic "$topic" --begun --bootstrap "$bootstrap" 2>"$scratch/err" || fail "publish $1: $(cat "$scratch/err")"; }
load() { "$MILLRACE" stream run "${2:-$definition}" --db "$scratch/$1" --topic "$topic" --bootstrap "$bootstrap" >/dev/null 2>"$scratch/err" || fail "load $1: $(cat "$scratch/err")"; }
run() { # DB [DEFINITION]
    printf '%s\n' "$MILLRACE" stream run "${2:-$definition}" --db "$scratch/$1" --topic "$topic" --bootstrap "$bootstrap"
}
same() { cmp -s "$scratch/$1" "$scratch/$2" || fail "$1 was touched"; }

topic=first
publish in
load stream.db
cp "$scratch/err" "$scratch/stream.err"

rejected=$(sqlite3 "$scratch/stream.db" "SELECT sum(rejected) FROM records")
[ "$rejected" -gt 1 ] || fail "the test needs rejected records"
mapfile -t command < <(run limit.db)
refused "too many rejects" 1 "--max-rejects $((rejected - 1)): $rejected of [0-9]+ records are rejected" "${command[@]}" --max-rejects $((rejected - 1))
"$MILLRACE" warehouse compare "$scratch/stream.db" "$scratch/limit.db" >/dev/null || fail "what was loaded did not stay"
refused "the same again, and a share" 1 "--max-rejects 0.01%: $rejected of" "${command[@]}" --max-rejects 0.01%
refused "as many as are allowed" 0 "" "${command[@]}" --max-rejects "$rejected"
refused "a limit that is none" 2 "--max-rejects -1: must be a number of records, or a share" "${command[@]}" --max-rejects -1

story "a stream says what a batch does of the rules that were broken"
rules() { sed -nE 's/^(stream|batch) online_retail: (committed|rejected by|warned by)/\2/; T; s/, first .*//; p' "$1"; }
"$MILLRACE" etl run $definition --in "$scratch/in" --db "$scratch/batch.db" 2>"$scratch/batch.err" || die "batch"
rules "$scratch/batch.err" >"$scratch/expected"
[ "$(wc -l <"$scratch/expected")" -gt 2 ] || fail "a batch says nothing"
rules "$scratch/stream.err" | diff "$scratch/expected" - || fail "a stream says something else"
refused "the rules, when there is nothing to load" 0 "^stream online_retail: committed: 0 records" "${command[@]/limit.db/stream.db}"
! grep -q "rejected by" "$scratch/err" || fail "rules of an earlier run: $(cat "$scratch/err")"
cp "$scratch/batch.db" "$scratch/before.db"
mapfile -t command < <(run batch.db)
refused "a database that holds a batch" 2 "batch.db.*batch" "${command[@]}"
same batch.db before.db

cp "$scratch/stream.db" "$scratch/before.db"
refused "a batch into a stream's database" 2 "stream.db.*stream" \
    "$MILLRACE" etl run $definition --in "$scratch/in" --db "$scratch/stream.db"
same stream.db before.db

topic=second
publish other
mapfile -t command < <(run stream.db)
refused "another topic" 2 "stream.db: this warehouse was filled from another topic" "${command[@]}"
topic=first

sed 's/"version": 1/"version": 1 /; s/"pipeline"/ "pipeline"/' $definition >"$scratch/changed.json"
mapfile -t command < <(run stream.db "$scratch/changed.json")
refused "another definition" 2 "stream.db.*definition has changed" "${command[@]}"

story "the topic was made again with other records: nothing is loaded"
"$MILLRACE" topic delete first --bootstrap "$bootstrap" >/dev/null 2>&1 || fail "topic delete"
cp "$scratch/stream.db" "$scratch/before.db"
publish other
mapfile -t command < <(run stream.db)
refused "a topic that was made again" 2 "topic first, partition 0, offset [0-9]+: .*made again" "${command[@]}"
"$MILLRACE" warehouse compare "$scratch/before.db" "$scratch/stream.db" || fail "a recreated topic changed the warehouse"

topic=third
publish in
publish other
mapfile -t command < <(run third.db)
refused "two streams in one topic" 2 "topic third: a message of stream millrace:[0-9a-f]{32}:[0-9a-f]{32} among those of millrace:" "${command[@]}" --follow

# Two definitions that are equal but for the order of columns: what maps a file's fields to them is the publisher's.
columns() { # FILE NAME...
    python3 - "$@" <<'PYTHON'
import json, sys
columns = [{"name": n, "type": "text" if n == "c" else "integer"} for n in sys.argv[2:]]
json.dump({"version": 1, "pipeline": "abc", "source": {"format": "csv", "glob": "*.csv", "columns": columns},
           "tables": [{"name": "t", "columns": ["a", "b", "c"]}]}, open(sys.argv[1], "w"))
PYTHON
}
topic=swapped
mkdir "$scratch/abc"
printf 'a,b,c\n1,10,one\n2,20,two\n' >"$scratch/abc/in.csv"
columns "$scratch/abc.json" a b c
columns "$scratch/bac.json" b a c
publish abc "$scratch/abc.json"
mapfile -t command < <(run swapped.db "$scratch/bac.json")
refused "a topic that another definition published" 2 \
    "topic swapped was published with another definition \\(digest $(sha256sum <"$scratch/abc.json" | cut -c -12)\\.\\.\\.\\) than .*$(sha256sum <"$scratch/bac.json" | cut -c -12)" "${command[@]}"
[ "$(sqlite3 "$scratch/swapped.db" "SELECT count(*) FROM t")" = 0 ] || fail "rows of another definition were loaded"
load swapped2.db "$scratch/abc.json"
[ "$(sqlite3 "$scratch/swapped2.db" "SELECT a, b, c FROM t ORDER BY a" | tr '\n' ' ')" = "1|10|one 2|20|two " ] || fail "wrong rows of its own definition"

story "a complete warehouse: the same stream sent again is harmless, another one is not passed over"
topic=complete
publish in
load complete.db
publish in
load complete.db
"$MILLRACE" warehouse compare "$scratch/batch.db" "$scratch/complete.db" || fail "published twice: batch = stream"
publish other
mapfile -t command < <(run complete.db)
refused "another folder behind a complete stream" 2 "topic complete: a message of stream millrace:[0-9a-f:]+ among those of millrace:" "${command[@]}"
"$MILLRACE" warehouse compare "$scratch/batch.db" "$scratch/complete.db" || fail "a refused stream changed the warehouse"

story "a publisher that did not finish: the run says what it waits for, once, and goes on when it comes"
topic=half
"$MILLRACE" stream publish $definition --in "$scratch/in" --topic half --rate 500 --partitions 2 --bootstrap "$bootstrap" 2>/dev/null &
publisher=$!
sleep 1.5
kill -KILL $publisher
wait $publisher 2>/dev/null
"$MILLRACE" stream run $definition --db "$scratch/follow.db" --topic half --bootstrap "$bootstrap" --follow >/dev/null 2>"$scratch/follow.err" &
follower=$!
"$MILLRACE" stream run $definition --db "$scratch/half.db" --topic half --bootstrap "$bootstrap" >/dev/null 2>"$scratch/half.err" &
run=$!
said="topic half, partition 0: no end message yet: \`millrace stream publish\` did not finish, or is still running; waiting"
for _ in $(seq 100); do grep -qF "$said" "$scratch/half.err" && break; sleep 0.1; done
sleep 2
[ "$(grep -cF "$said" "$scratch/half.err")" -eq 1 ] || fail "not said once: $(cat "$scratch/half.err")"
! grep -q "no end message" "$scratch/follow.err" || fail "--follow waits for no end: $(cat "$scratch/follow.err")"
kill -0 $run 2>/dev/null || fail "the run has ended: $(cat "$scratch/half.err")"
kill -TERM $follower
wait $follower || fail "run --follow ended with $?"
publish in
for _ in $(seq 200); do kill -0 $run 2>/dev/null || break; sleep 0.1; done
kill -0 $run 2>/dev/null && { fail "the run does not end"; kill -KILL $run; }
wait $run || fail "the run ended with $?: $(cat "$scratch/half.err")"
"$MILLRACE" warehouse compare "$scratch/batch.db" "$scratch/half.db" || fail "published in two goes: batch = stream"

story "a log that lost its end"
topic=short
publish in
load short.db
"$MILLRACE" topic delete short --bootstrap "$bootstrap" >/dev/null 2>&1 || fail "topic delete"
"$MILLRACE" topic create short --bootstrap "$bootstrap" >/dev/null 2>&1 || fail "topic create"
mapfile -t command < <(run short.db)
refused "an empty topic of the same name" 2 "topic short, partition 0, offset [0-9]+: " "${command[@]}"

story "a publisher that fails on its input says what is in the topic"
mkdir "$scratch/half_bad"; printf 'id\n1\n2\n' >"$scratch/half_bad/a.csv"; printf 'id\n3\n\xff\n' >"$scratch/half_bad/b.csv"
echo '{"pipeline": "h", "version": 1, "source": {"format": "csv", "glob": "*.csv", "columns": [{"name": "id", "type": "text"}]}, "tables": [{"name": "t"}]}' >"$scratch/half_bad.json"
refused "a file that is wrong behind one that was sent" 2 \
    "b.csv: line 3, byte offset 5: the byte FF is not utf-8 .*; what was sent before is in topic half_bad: publish what is mended to a topic of its own" \
    "$MILLRACE" stream publish "$scratch/half_bad.json" --in "$scratch/half_bad" --topic half_bad --bootstrap "$bootstrap"

story "messages that no publisher of ours made"
topic=foreign
"$MILLRACE" topic create foreign --bootstrap "$bootstrap" >/dev/null 2>&1
echo hello | "$MILLRACE" produce foreign --bootstrap "$bootstrap" >/dev/null 2>&1 || fail "produce"
mapfile -t command < <(run foreign.db)
refused "a message without headers" 2 "topic foreign, partition 0, offset 0: no header millrace-stream" "${command[@]}"

story "a second run on the same database"
"$MILLRACE" stream run $definition --db "$scratch/busy.db" --topic second --bootstrap "$bootstrap" --follow >/dev/null 2>&1 &
run=$!
for _ in $(seq 100); do [ -f "$scratch/busy.db" ] && break; sleep 0.05; done
sleep 0.3
topic=second
mapfile -t command < <(run busy.db)
refused "a database that another run fills" 2 "busy.db: another" "${command[@]}"
kill -TERM $run
wait $run || fail "run --follow ended with $?"

story "a rule with severity fail"
python3 - $definition "$scratch/strict.json" <<'PYTHON'
import json, sys
definition = json.load(open(sys.argv[1]))
for rule in definition["rules"]:
    if rule.get("name") == "cancellation":
        rule["severity"] = "fail"
        break
else:
    sys.exit("no such rule")
definition["tables"] = [t for t in definition["tables"] if t["name"] == "sales"]
definition["views"] = []
json.dump(definition, open(sys.argv[2], "w"))
PYTHON
topic=strict
publish in "$scratch/strict.json"
mapfile -t command < <(run strict.db "$scratch/strict.json")
refused "a rule with severity fail" 1 "rule cancellation failed" "${command[@]}"
story "rules that are judged when everything is loaded, with severity fail: the end is not loaded then"
mkdir "$scratch/late"
printf 'id\n1\n2\n' >"$scratch/late/parents.csv"
printf 'id,parent\n1,1\n2,2\n3,3\n' >"$scratch/late/children.csv"
cat >"$scratch/late.json" <<'JSON'
{"version": 1, "pipeline": "late", "sources": [
  {"name": "parents", "format": "csv", "glob": "parents.csv", "columns": [{"name": "id", "type": "integer"}]},
  {"name": "children", "format": "csv", "glob": "children.csv", "columns": [{"name": "id", "type": "integer"}, {"name": "parent", "type": "integer"}],
   "rules": [{"rule": "fk", "name": "orphan", "columns": "parent", "table": "parents", "to": "id", "severity": "fail"}]}],
 "tables": [{"name": "parents", "from": "parents", "columns": ["id"]},
  {"name": "children", "from": "children", "columns": ["id", "parent"]},
  {"name": "families", "aggregate": "children", "by": ["parent"], "columns": {"n": "count()"}}]}
JSON
sed 's/, "severity": "fail"//; s/"columns": {"n": "count()"}/&, "rules": [{"rule": "range", "name": "large", "column": "n", "min": 2, "severity": "fail"}]/' "$scratch/late.json" >"$scratch/table.json"
for case in late:'rule orphan of source children failed: 1 rows' table:'2 rows of table families break a rule of severity fail: large 2'; do
    name=${case%%:*} topic=${case%%:*}
    publish late "$scratch/$name.json"
    mapfile -t command < <(run $name.db "$scratch/$name.json")
    for again in "" ", again"; do
        refused "$name$again" 1 "${case#*:}" "${command[@]}"
        [ "$(sqlite3 "$scratch/$name.db" "SELECT count(*) > 0 FROM millrace_stream_offsets WHERE NOT ended")" = 1 ] || fail "$name$again: the last offset has moved"
    done
done
story "a database that somebody has locked"
python3 - "$scratch/locked.db" "$scratch/go" <<'PYTHON' &
import os, sqlite3, sys, time
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("CREATE TABLE mine(a)")
db.execute("BEGIN IMMEDIATE")
while not os.path.exists(sys.argv[2]):
    time.sleep(0.05)
PYTHON
holder=$!
until [ -s "$scratch/locked.db" ]; do sleep 0.05; done
sleep 0.2
topic=second
mapfile -t command < <(run locked.db)
refused "a locked database" 2 "locked.db: .*locked" "${command[@]}"
touch "$scratch/go"
wait $holder
printf 'no database, but long enough to be one %0512d\n' 1 >"$scratch/text.db"
cp "$scratch/text.db" "$scratch/before.db"
mapfile -t command < <(run text.db)
refused "a file that is no database" 2 "text.db: .*not a database" "${command[@]}"
same text.db before.db
refused "usage" 2 "workers 0: must be" "$MILLRACE" stream run $definition --db "$scratch/x.db" --workers 0
refused "usage: an option of the other command" 2 'stream run: there is no option "--in"' \
    "$MILLRACE" stream run $definition --in "$scratch/in"
refused "usage: an option that is nearly one" 2 'there is no option "--foloww"; did you mean "--follow"?' \
    "$MILLRACE" stream run $definition --foloww
refused "usage: an option without its value" 2 'stream run: --db needs a value' "$MILLRACE" stream run $definition --db

story "a run that is stopped before it has a database has done nothing, and says so"
"$MILLRACE" stream run $definition --db "$scratch/never.db" --topic never --bootstrap "$bootstrap" --follow \
    >/dev/null 2>"$scratch/err" &
run=$!
for _ in $(seq 100); do grep -q 'waiting for topic never' "$scratch/err" && break; sleep 0.1; done
kill -TERM $run
wait $run
status=$?
[ $status = 2 ] || fail "it ended with $status"
grep -q 'stopped before it had begun: nothing is loaded, no outputs are written' "$scratch/err" || fail "$(cat "$scratch/err")"
[ ! -e "$scratch/never.db" ] || fail "it has left a database"
refused "--speed and --rate" 2 "speed has its own" \
    "$MILLRACE" stream publish $definition --in "$scratch/in" --speed 10 --rate 10 --bootstrap "$bootstrap"
refused "no such definition" 2 "nowhere.json" "$MILLRACE" stream run nowhere.json --db "$scratch/x.db"
[ ! -e "$scratch/x.db" ] || fail "a database was left behind"

story "records up to the bound of a file's records pass through a topic; one that was made for less names file and line"
mkdir "$scratch/big"
printf '{"version": 1, "pipeline": "big", "source": {"format": "ndjson", "glob": "*", "columns": [{"name": "i", "type": "integer"}, {"name": "t", "type": "text"}]}, "tables": [{"name": "rows", "columns": ["i", "t"]}]}' >"$scratch/big.json"
python3 -c 'for i, n in enumerate((1, 1500000, 31000000, 1)): print("{\"i\": %d, \"t\": \"%s\"}" % (i, "x" * n))' >"$scratch/big/a.ndjson"
topic=big
publish big "$scratch/big.json"
load big.db "$scratch/big.json"
"$MILLRACE" etl run "$scratch/big.json" --in "$scratch/big" --db "$scratch/big_batch.db" 2>/dev/null || fail "batch of big records"
"$MILLRACE" warehouse compare "$scratch/big_batch.db" "$scratch/big.db" >"$scratch/out" || fail "big records"
"$MILLRACE" topic create small --bootstrap "$bootstrap" >/dev/null || fail "topic create"
refused "a topic that takes less" 2 'small: .* first a.ndjson:2 \(1500[0-9]+ bytes\): .*too large' \
    "$MILLRACE" stream publish "$scratch/big.json" --in "$scratch/big" --topic small --bootstrap "$bootstrap"
mkdir "$scratch/huge"
python3 -c 'print("{\"i\": 1, \"t\": \"%s\"}" % ("x" * (34 << 20)))' >"$scratch/huge/a.ndjson"
refused "a record above the bound, as a batch" 2 'huge/a.ndjson: record 1, byte offset 0: it has 3565[0-9]+ bytes, more than 32 MiB' \
    "$MILLRACE" etl run "$scratch/big.json" --in "$scratch/huge" --db "$scratch/huge.db"
refused "the same, to a topic" 2 'huge/a.ndjson: record 1, byte offset 0: it has 3565[0-9]+ bytes, more than 32 MiB' \
    "$MILLRACE" stream publish "$scratch/big.json" --in "$scratch/huge" --topic huge --bootstrap "$bootstrap"

story "a broker that is not there is named within 5 seconds; the wait goes on"
"$MILLRACE" stream publish $definition --in "$scratch/in" --bootstrap 127.0.0.1:1 2>"$scratch/err" &
publisher=$!
for _ in $(seq 50); do grep -q 'no broker answers at 127.0.0.1:1' "$scratch/err" && break; sleep 0.1; done
grep -q 'no broker answers at 127.0.0.1:1' "$scratch/err" || fail "it is not said that nobody answers: $(cat "$scratch/err")"
kill -0 $publisher 2>/dev/null || fail "it does not wait"
kill -KILL $publisher
wait $publisher 2>/dev/null

story "a run ends on SIGTERM although the broker is away"
"$MILLRACE" stream run $definition --db "$scratch/away.db" --topic second --bootstrap "$bootstrap" --follow >/dev/null 2>&1 &
run=$!
for _ in $(seq 100); do [ -s "$scratch/away.db" ] && break; sleep 0.05; done
sleep 1
broker_kill
sleep 2.5
kill -TERM $run
for _ in $(seq 50); do kill -0 $run 2>/dev/null || break; sleep 0.1; done
if kill -0 $run 2>/dev/null; then
    fail "run does not end"
    kill -KILL $run
fi
wait $run || fail "run --follow ended with $?"
done_testing
