#!/usr/bin/env bash
# Tables as changelog topics, rejected and late records as letters: what a consumer (librdkafka, by its Python client)
# makes of a topic, the last message of each key, is what Python's sqlite3 reads in the database.
. tests/e2e/lib.sh
. tests/e2e/lib_venv.sh

mkdir "$scratch/in" "$scratch/out"
cat >"$scratch/def.json" <<'JSON'
{"pipeline": "sink", "version": 1,
 "source": {"format": "csv", "glob": "*.csv", "time": "at", "on_bad_encoding": "reject", "late": {"drop_after_s": 10000000}, "columns": [
  {"name": "id", "type": "integer"}, {"name": "who", "type": "text"}, {"name": "price", "type": "decimal", "scale": 3},
  {"name": "at", "type": "timestamp", "format": "%F %T"}]},
 "derive": [{"name": "day", "expr": "date(at)"}],
 "rules": [{"rule": "unique", "name": "same", "columns": "id"},
  {"rule": "range", "name": "negative", "column": "price", "min": "0"},
  {"rule": "not_null", "name": "nobody", "column": "who", "severity": "warn"}],
 "tables": [{"name": "sales", "columns": ["id", "who", "price", "at", "day"], "primary_key": ["id"]},
  {"name": "daily", "aggregate": "sales", "by": ["day"], "columns": {"n": "count()", "revenue": "sum(price)", "last_who": "last(who)"}},
  {"name": "total", "aggregate": "sales", "by": [], "columns": {"n": "count()", "revenue": "sum(price)"}},
  {"name": "visits", "sessionize": "sales", "by": ["who"], "time": "at", "gap_s": 400000,
   "columns": {"start": "min(at)", "end": "max(at)", "n": "count()"}}],
 "outputs": [
  {"table": "sales", "topic": "sink.sales", "columns": ["id", "who", "price", "at"], "partitions": 3},
  {"table": "daily", "topic": "sink.daily"},
  {"table": "total", "topic": "sink.total"},
  {"table": "visits", "topic": "sink.visits", "key": ["who", "start"]},
  {"table": "rejects", "topic": "sink.rejects"},
  {"table": "quarantine", "topic": "sink.wrong", "partitions": 2},
  {"table": "warnings", "topic": "sink.warnings"},
  {"table": "late", "topic": "sink.late"},
  {"table": "daily", "format": "csv", "file": "daily.csv"}]}
JSON
sales_make "$scratch/in" 600 1500
cat >"$scratch/rebuild.py" <<'PYTHON'
"""rebuild.py BOOTSTRAP DB: every topic against its table; prints how many messages and tombstones there are."""
import decimal, json, sqlite3, sys
from confluent_kafka import Consumer, TopicPartition
db = sqlite3.connect(sys.argv[2])
consumer = Consumer({"bootstrap.servers": sys.argv[1], "group.id": "rebuild", "enable.auto.commit": False, "fetch.wait.max.ms": 10, "log_level": 0})
messages = tombstones = 0
def last_of(topic):
    """key -> (value, headers) of the last message that has a value"""
    global messages, tombstones
    partitions = sorted(consumer.list_topics(topic, timeout=10).topics[topic].partitions)
    ends = [consumer.get_watermark_offsets(TopicPartition(topic, p), timeout=10)[1] for p in partitions]
    consumer.assign([TopicPartition(topic, p, 0) for p in partitions])
    found, where = {}, {}
    for _ in range(sum(ends)):
        m = consumer.poll(10)
        assert m is not None and not m.error(), (topic, m and str(m.error()))  # a tombstone is false
        assert where.setdefault(m.key(), m.partition()) == m.partition(), "a key is in one partition"
        messages += 1
        if m.value() is None:
            tombstones += 1
            found.pop(m.key(), None)
        else:
            found[m.key()] = (m.value(), m.headers() or [])
    return found
point = lambda v, s=3: v if v is None else f"{decimal.Decimal(v).scaleb(-s):.{s}f}"
def rows(topic, sql, key, decimals=()):
    cursor = db.execute(sql)
    names = [c[0] for c in cursor.description]
    expected = {}
    for row in cursor:
        row = {n: point(v) if n in decimals else v for n, v in zip(names, row)}
        expected[json.dumps({k: row[k] for k in key}, separators=(",", ":"), ensure_ascii=False)] = row
    found = {k.decode(): json.loads(v, parse_float=str) for k, (v, _) in last_of(topic).items()}
    for row in found.values():
        for d in decimals: row[d] = row[d] if row[d] is None else point(decimal.Decimal(row[d]).scaleb(3))
    assert found == expected, (topic, len(found), len(expected), [k for k in expected if found.get(k) != expected[k]][:3], [k for k in found if k not in expected][:3])
    return len(expected)
count = {}
count["sales"] = rows("sink.sales", "SELECT id, who, price, at FROM sales", ["id"], ["price"])
count["daily"] = rows("sink.daily", "SELECT * FROM daily", ["day"], ["revenue"])
count["total"] = rows("sink.total", "SELECT * FROM total", [], ["revenue"])
count["visits"] = rows("sink.visits", "SELECT * FROM visits", ["who", "start"])
count["rejects"] = rows("sink.rejects", "SELECT * FROM rejects", ["source", "rule"])
raw = lambda v: v.encode() if isinstance(v, str) else v
def letters(topic, table):
    expected = {}
    for source, file, line, offset, column, rule, ordinal, value, record in db.execute(
            f'SELECT source, file, line, byte_offset, "column", rule, ordinal, value, raw FROM {table} ORDER BY file, byte_offset, ordinal, "column"'):
        _, headers = expected.setdefault(f"{source}:{file}:{offset}".encode(), (raw(record), [
            ("millrace-source", raw(source)), ("millrace-file", raw(file)), ("millrace-line", b"%d" % line), ("millrace-offset", b"%d" % offset)]))
        headers += [("millrace-rule", raw(rule)), ("millrace-ordinal", b"%d" % ordinal)]
        headers += [("millrace-" + n, raw(v)) for n, v in (("column", column), ("value", value)) if v is not None]
    assert last_of(topic) == expected, topic
    return len(expected)
count["wrong"], count["warnings"] = letters("sink.wrong", "quarantine"), letters("sink.warnings", "warnings")
late = {f"{s}:{f}:{o}".encode(): (raw(r), [("millrace-source", raw(s)), ("millrace-file", raw(f)), ("millrace-line", b"%d" % l),
        ("millrace-offset", b"%d" % o), ("millrace-time", raw(t)), ("millrace-late-by", b"%d" % by)])
        for s, f, l, o, t, by, r in db.execute("SELECT source, file, line, byte_offset, time, late_s, raw FROM late")}
assert last_of("sink.late") == late, "late"
count["late"] = len(late)
assert all(count[t] > 0 for t in count if t not in ("late",)), count
consumer.close()
print(messages, tombstones, count["late"])
PYTHON
stream() { # DB [OPTIONS]: in the background
    "$MILLRACE" stream run "$scratch/def.json" --db "$1" --bootstrap "$bootstrap" --workers 2 "${@:2}" >>"$scratch/workers" 2>>"$scratch/err" &
    run=$!
}
run_wait() { # at most 40 s
    for _ in $(seq 400); do kill -0 $run 2>/dev/null || break; sleep 0.1; done
    kill -KILL $run 2>/dev/null && die "the run does not end: $(tail -3 "$scratch/err")"
    wait $run || fail "stream: $(tail -3 "$scratch/err")"
}
publish() { "$MILLRACE" stream publish "$scratch/def.json" --in "$scratch/in" --bootstrap "$bootstrap" --partitions 3 "$@" 2>"$scratch/publish.err" || fail "publish: $(cat "$scratch/publish.err")"; }

story "a stream in any order: the topics are the tables, and what moved is told by tombstones"
broker_start
stream "$scratch/stream.db"
publish --shuffle 3 --rate 900
run_wait
read -r messages tombstones late < <($python "$scratch/rebuild.py" "$bootstrap" "$scratch/stream.db") || fail "the topics are not the tables"
story "$messages messages, $tombstones tombstones, $late late records"
[ "${tombstones:-0}" -gt 0 ] && [ "${late:-0}" -gt 10 ] || fail "no tombstones, or no late records"
"$MILLRACE" consume sink.wrong --bootstrap "$bootstrap" --exit-at-end --format json >"$scratch/consumed" 2>/dev/null
grep -q '"key":"sink:z.csv:16"' "$scratch/consumed" && grep -q 'millrace-rule' "$scratch/consumed" || fail "millrace consume: $(tail -1 "$scratch/consumed")"
kcat -b "$bootstrap" -C -t sink.total -o beginning -e -q -f '%k=%s\n' | tail -1 >"$scratch/consumed"
python3 - "$scratch" <<'PYTHON' || fail "kcat: $(cat "$scratch/consumed")"
import json, sqlite3, sys
key, value = open(f"{sys.argv[1]}/consumed").read().split("=", 1)
assert key == "{}" and json.loads(value)["n"] == sqlite3.connect(f"{sys.argv[1]}/stream.db").execute("SELECT n FROM total").fetchone()[0]
PYTHON
"$MILLRACE" topic describe sink.sales --bootstrap "$bootstrap" | grep -q 'cleanup.policy=compact' || fail "sink.sales is not a compacted topic"

story "a run that has nothing to load has nothing to send"
stream "$scratch/stream.db"
run_wait
tail -4 "$scratch/err" | grep -q ': 0 messages of changelogs' || fail "$(tail -2 "$scratch/err")"

story "a topic that somebody made again is filled again"
topic_again() { "$MILLRACE" topic delete "$1" --bootstrap "$bootstrap" >/dev/null && "$MILLRACE" topic create "$1" --partitions 1 --bootstrap "$bootstrap" >/dev/null || fail "cannot make $1 again"; }
topic_again sink.visits
stream "$scratch/stream.db"
run_wait
$python "$scratch/rebuild.py" "$bootstrap" "$scratch/stream.db" >/dev/null || fail "the topics are not the tables"

story "a run that is told to stop before it has begun"
for seconds in 0.02 0.04 0.06 0.08 0.1 0.12 0.15 0.18; do
    stream "$scratch/stream.db" --follow
    sleep $seconds
    kill $run
    wait $run
    status=$?
    early=$(tail -1 "$scratch/err" | grep -c 'stopped before it had begun')
    [ $status -eq 0 ] || [ $status -eq 143 ] || { [ $status -eq 2 ] && [ "$early" -eq 1 ]; } ||
        fail "after $seconds s: status $status: $(tail -1 "$scratch/err")"
done
broker_stop

story "kill -9 of supervisor, workers and broker: the last message of each key is right in the end"
rm -rf "$scratch/broker" && port=0 && broker_start
publish --shuffle 4 --rate 500 & publisher=$!
for _ in $(seq 100); do # a publisher that is about to make its topic when the broker dies gives up
    timeout 5 kcat -b "$bootstrap" -C -t sink -o beginning -c 1 -q >"$scratch/consumed" 2>&1 && break
    sleep 0.1
done
stream "$scratch/killed.db" --follow
killed=0
supervisor_kill() { kill -KILL $run && killed=$((killed + 1)) && wait $run 2>/dev/null; } # its workers die with it
for kind in deaf supervisor worker deaf supervisor broker deaf; do
    sleep 0.3
    case $kind in
    supervisor) supervisor_kill; stream "$scratch/killed.db" --follow ;;
    worker) kill -KILL "$(sed -n '$s/^worker [0-9]* //p' "$scratch/workers")" 2>/dev/null ;;
    broker) broker_kill && broker_restart ;;
    deaf) # what is sent meanwhile is lost
        kill -STOP $broker_pid && sleep 0.3 && supervisor_kill
        broker_kill && broker_restart
        stream "$scratch/killed.db" --follow
        ;;
    esac
done
[ $killed -eq 5 ] || fail "only $killed supervisors were killed: $(tail -3 "$scratch/err")"
wait $publisher
supervisor_kill
stream "$scratch/killed.db"
run_wait
read -r messages tombstones late < <($python "$scratch/rebuild.py" "$bootstrap" "$scratch/killed.db") || fail "the topics are not the tables"
story "$messages messages, $tombstones tombstones, $late late records"
[ "${tombstones:-0}" -gt 0 ] || fail "no tombstones"
broker_stop

[ "$("$MILLRACE" etl explain "$scratch/def.json" | grep -c '  topic$')" -eq 8 ] || fail "explain does not show the topics"
batch() { "$MILLRACE" etl run "$scratch/def.json" --in "$scratch/in" --db "$scratch/batch.db" --bootstrap "$bootstrap" --out "$scratch/out" "$@" 2>"$scratch/err"; }
told() { sed -n 's/.*8 changelogs, \([0-9]*\) messages$/\1/p' "$scratch/err"; }
right() { $python "$scratch/rebuild.py" "$bootstrap" "$scratch/batch.db" >"$scratch/said" || fail "$1: the topics are not the tables"; }

story "a batch tells what has changed since the last one, and after a kill what was not told"
rm -rf "$scratch/broker" && port=0 && broker_start
batch || fail "$(cat "$scratch/err")"
right "a first batch"
first=$(told)
batch || fail "$(cat "$scratch/err")"
[ "$(told)" = 0 ] || fail "a second batch over the same files told $(told) messages of $first"
mv "$scratch/in/2.csv" "$scratch/2.csv"
printf 'id,who,price,at\n7000,new,1,2025-01-01 00:00:00\n7001,,-1,2025-01-01 00:00:01\n' >"$scratch/in/new.csv"
exec 8<"$scratch/out" && flock 8 # the folder's lock holds the run up when it has committed
"$MILLRACE" etl run "$scratch/def.json" --in "$scratch/in" --db "$scratch/batch.db" --bootstrap "$bootstrap" --out "$scratch/out" 8<&- 2>"$scratch/err" & pid=$!
for _ in $(seq 100); do grep -q 'committed:' "$scratch/err" && break; sleep 0.05; done
grep -q 'committed:' "$scratch/err" || fail "not committed within 5 s: $(cat "$scratch/err")"
kill -KILL $pid; wait $pid 2>/dev/null
exec 8<&-
batch --resume || fail "$(cat "$scratch/err")"
grep -q "nothing is left to load" "$scratch/err" || fail "$(cat "$scratch/err")"
[ "$(told)" -gt 100 ] && [ "$(told)" -lt "$first" ] || fail "$(told) messages, and at first $first"
right "a changed batch"
read -r _ tombstones _ <"$scratch/said"
[ "$tombstones" -gt 50 ] || fail "$tombstones tombstones"
"$MILLRACE" topic delete sink.daily --bootstrap "$bootstrap" >/dev/null || fail "cannot delete a topic"
batch || fail "$(cat "$scratch/err")"
right "a topic that was deleted"
topic_again sink.daily
batch || fail "$(cat "$scratch/err")"
right "a topic that was made again"

story "two rows with one key: the database stays as it was, nothing is told"
sed 's/"sink.visits", "key": \["who", "start"\]/"sink.visits2", "key": ["start"]/' "$scratch/def.json" >"$scratch/wrong.json"
before=$("$MILLRACE" warehouse digest "$scratch/batch.db"; sqlite3 "$scratch/batch.db" "SELECT name FROM sqlite_schema WHERE name LIKE 'millrace_outbox_%' ORDER BY 1")
"$MILLRACE" etl run "$scratch/wrong.json" --in "$scratch/in" --db "$scratch/batch.db" --bootstrap "$bootstrap" 2>"$scratch/err"
[ $? -eq 1 ] && grep -q 'wrong.json: outputs\[3\].key: rows of "visits" have the same key, such as {"start":"2024' "$scratch/err" || fail "$(cat "$scratch/err")"
[ "$before" = "$("$MILLRACE" warehouse digest "$scratch/batch.db"; sqlite3 "$scratch/batch.db" "SELECT name FROM sqlite_schema WHERE name LIKE 'millrace_outbox_%' ORDER BY 1")" ] || fail "the database has changed"
right "after an error"

story "a load mode tells what it changes as it loads it"
rm "$scratch/batch.db"
for topic in sales daily total visits rejects wrong warnings late; do "$MILLRACE" topic delete sink.$topic --bootstrap "$bootstrap" >/dev/null; done
mv "$scratch/in/0.csv" "$scratch/0.csv" # its rows come last, and take keys from those that are there
batch --mode append || fail "$(cat "$scratch/err")"
mv "$scratch/0.csv" "$scratch/in"
batch --mode append || fail "$(cat "$scratch/err")"
right "an appended file"
read -r _ tombstones _ <"$scratch/said"
[ "$tombstones" -gt 50 ] || fail "$tombstones tombstones"
broker_stop
done_testing
