#!/usr/bin/env bash
# late_records.sh - a source that drops late records: which ones follows from each partition's log alone, whatever the
# workers, their commits and kills. Told twice: by the stream and by Python, which reads the topic.
cd "$(dirname "$0")/../.." || exit 2
. tests/e2e/lib.sh

python3 - "$scratch" <<'PY' || die "the files"
import os, random, sys
from datetime import datetime, timedelta

random.seed(99)
os.makedirs(sys.argv[1] + "/in")
start, lines = datetime(2024, 12, 1), []
for i in range(3000):
    at = start + timedelta(seconds=20 * i)
    if random.random() < 0.3:  # a little behind: within what is allowed, or just not
        at -= timedelta(seconds=random.choice([1, 599, 600, 601, 700]))
    if random.random() < 0.04:
        at -= timedelta(hours=random.randrange(1, 30))
    text = f"{random.randrange(200)},{at:%Y-%m-%d %H:%M:%S},{random.randrange(1, 100)}"
    if random.random() < 0.01:
        text = f"7,2099-01-01 00:00:00,1"  # a clock that is wrong: rejected, so nobody is late because of it
    if random.random() < 0.01:
        text = "7,2024-12-01,1"
    lines.append(text)
    if random.random() < 0.03:
        lines.append(lines[random.randrange(len(lines))])
with open(sys.argv[1] + "/in/a.sensor", "w") as f:
    f.write("\n".join(lines) + "\n")
with open(sys.argv[1] + "/in/b.plain", "w") as f:
    f.write("\n".join(lines[::-5]) + "\n")
PY
cat >"$scratch/late.json" <<'JSON'
{"pipeline": "sensors", "version": 1,
 "sources": [
  {"name": "sensors", "format": "csv", "glob": "*.sensor", "header": false, "time": "at", "late": {"drop_after_s": 600},
   "columns": [{"name": "id", "field": 1, "type": "integer"}, {"name": "at", "field": 2, "type": "timestamp", "format": "%F %T"},
    {"name": "value", "field": 3, "type": "integer"}],
   "rules": [{"rule": "range", "name": "future", "column": "at", "below": "2025-01-01 00:00:00"}]},
  {"name": "plain", "format": "csv", "glob": "*.plain", "header": false, "time": "at", "late": "correct",
   "columns": [{"name": "id", "field": 1, "type": "integer"}, {"name": "at", "field": 2, "type": "timestamp", "format": "%F %T"},
    {"name": "value", "field": 3, "type": "integer"}],
   "rules": [{"rule": "range", "name": "future", "column": "at", "below": "2025-01-01 00:00:00"}]}],
 "tables": [
  {"name": "readings", "from": ["sensors", "plain"]},
  {"name": "by_id", "aggregate": "readings", "by": ["id"], "columns": {"n": "count()", "total": "sum(value)", "newest": "max(at)"}}]}
JSON

story "a batch has all records at once: none is late"
"$MILLRACE" etl run "$scratch/late.json" --in "$scratch/in" --db "$scratch/batch.db" 2>"$scratch/err" || die "$(cat "$scratch/err")"
[ "$(sqlite3 "$scratch/batch.db" "SELECT count(*) FROM late")" = 0 ] || fail "a late record in a batch"

# The table late must be what the log says, and with it the warehouse has every row that a batch has.
cat >"$scratch/judge.py" <<'PY'
import json, sqlite3, sys
from collections import defaultdict
from datetime import datetime

batch, stream = (sqlite3.connect(path) for path in sys.argv[1:3])
clock, late, seen = {}, {}, set()
for message in map(json.loads, sys.stdin):
    header = {h["name"]: h["value"] for h in message["headers"]}
    if "millrace-kind" in header or header["millrace-source"] != "sensors":
        continue
    number, partition = int(header["millrace-line"]), message["partition"]
    try:
        at = datetime.strptime(message["value"].split(",")[1], "%Y-%m-%d %H:%M:%S")
    except ValueError:
        continue
    if at >= datetime(2025, 1, 1):
        continue
    behind = int((clock.get(partition, at) - at).total_seconds())
    clock[partition] = max(clock.get(partition, at), at)
    if behind > 600 and number not in seen:
        late[number] = (str(at), behind, message["value"])
    seen.add(number)
assert len(late) > 60, len(late)
found = {n: (t, s, r) for n, t, s, r in stream.execute("SELECT number, time, late_s, raw FROM late WHERE source = 'sensors'")}
assert found == late, (len(found), len(late), sorted(set(found) ^ set(late))[:5])
assert stream.execute("SELECT count(*) FROM late").fetchone() == (len(late),)
where = "SELECT _source, _file, _byte_offset, id, at, value FROM readings"
kept, all_rows = set(stream.execute(where)), set(batch.execute(where))
dropped = {(s, f, o) for s, f, o in stream.execute("SELECT source, file, byte_offset FROM late")}
assert kept < all_rows and {r[:3] for r in all_rows - kept} == dropped
sums = defaultdict(lambda: [0, 0])
for id, n, total in stream.execute("SELECT id, n, total FROM by_id"):
    sums[id] = [n, total]
for row in all_rows - kept:
    sums[row[3]][0] += 1
    sums[row[3]][1] += row[5]
assert {i: tuple(v) for i, v in sums.items()} == {i: (n, t) for i, n, t in batch.execute("SELECT id, n, total FROM by_id")}
records = "SELECT source, read, rejected FROM records ORDER BY source"
for (source, b_read, b_rejected), (_, s_read, s_rejected) in zip(batch.execute(records), stream.execute(records)):
    assert (s_read + (len(late) if source == "sensors" else 0), s_rejected) == (b_read, b_rejected), source
print(len(late), "late")
PY
judge() { # TOPIC DB
    "$MILLRACE" consume "$1" --bootstrap "$bootstrap" --from earliest --exit-at-end --format json 2>/dev/null |
        python3 "$scratch/judge.py" "$scratch/batch.db" "$2" || fail "$1: what is late"
}
load() { # TOPIC DB [run options]
    local topic=$1 db=$2
    shift 2
    "$MILLRACE" stream run "$scratch/late.json" --db "$db" --topic "$topic" --bootstrap "$bootstrap" "$@" >"$scratch/workers" 2>"$scratch/err" ||
        fail "run: $(cat "$scratch/err")"
}
publish() { "$MILLRACE" stream publish "$scratch/late.json" --in "$scratch/in" --topic "$1" --bootstrap "$bootstrap" "${@:2}" 2>"$scratch/err" || die "publish: $(cat "$scratch/err")"; }

broker_start -o group.initial.rebalance.delay.ms=100
for partitions in 1 3; do
    topic=late-$partitions
    story "on $partitions partitions, 1 and 2 workers"
    publish "$topic" --partitions $partitions
    load "$topic" "$scratch/$topic-1.db"
    judge "$topic" "$scratch/$topic-1.db"
    late=$(sqlite3 "$scratch/$topic-1.db" "SELECT count(*) FROM late")
    grep -qE "^stream sensors: late: $late records of sensors, in the table late and in no other, first a.sensor, line [0-9]+$" "$scratch/err" ||
        fail "$topic: what the run says of $late late records: $(cat "$scratch/err")"
    load "$topic" "$scratch/$topic-2.db" --workers 2
    "$MILLRACE" warehouse compare "$scratch/$topic-1.db" "$scratch/$topic-2.db" || fail "$topic: another number of workers"
done

story "published twice, and its workers killed meanwhile"
topic=late-killed
(publish $topic --partitions 3 --rate 2500; publish $topic) &
publisher=$!
"$MILLRACE" stream run "$scratch/late.json" --db "$scratch/killed.db" --topic $topic --workers 2 --follow --bootstrap "$bootstrap" >"$scratch/workers" 2>"$scratch/err" &
run=$!
python3 - "$scratch/workers" <<'PY' || fail "no worker was killed"
import os, signal, sys, time
kills = 0
for _ in range(8):
    time.sleep(0.25)
    for pid in {int(line.split()[2]) for line in open(sys.argv[1])}:
        try:
            os.kill(pid, signal.SIGKILL)
            kills += 1
        except ProcessLookupError:
            pass
assert kills >= 4, kills
PY
wait $publisher
total=$("$MILLRACE" consume $topic --bootstrap "$bootstrap" --from earliest --exit-at-end 2>/dev/null | wc -l)
loaded() { sqlite3 "$scratch/killed.db" "SELECT coalesce(sum(next), 0) FROM millrace_stream_offsets WHERE next > 0"; }
for _ in $(seq 200); do [ "$(loaded)" -ge "$total" ] && break; sleep 0.1; done
kill -TERM $run
wait $run || fail "run --follow: $(cat "$scratch/err")"
[ "$(loaded)" -eq "$total" ] || fail "$(loaded) of $total messages are loaded"
judge $topic "$scratch/killed.db"
load $topic "$scratch/calm.db"
"$MILLRACE" warehouse compare "$scratch/calm.db" "$scratch/killed.db" || fail "kills changed what is late"
done_testing
