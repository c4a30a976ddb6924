#!/usr/bin/env bash
# several_sources.sh - branches in a European and an American dialect and a web log in one definition: batch =
# stream = numbers that a few lines of Python work out while they write the files.
cd "$(dirname "$0")/../.." || exit 2
. tests/e2e/lib.sh

# Every file, and in truth/ what must come out: NAME.csv for the table or view NAME. The same file name in two
# sources (raw reads the branches' files line by line), the same rule name in two, an id in both branches.
cat >"$scratch/write.py" <<'PY'
import csv, os, random, sys
from collections import Counter, defaultdict
from datetime import datetime, timedelta

out = sys.argv[1]
random.seed(41)
os.makedirs(out + "/in"), os.makedirs(out + "/truth")
days = defaultdict(lambda: [0, 0, []])  # day: lines, cents, (time, source, file, offset, id)
read, accepted, rejected = Counter(), Counter(), Counter()
raw, hits = Counter(), Counter()


def german(cents):
    text = f"{cents // 100:,}".replace(",", ".")
    return f"{text},{cents % 100:02}"


def branch(source, name, header, line, encoding):
    data = (header + "\n").encode(encoding)
    raw[name] += 1
    seen = set()
    for _ in range(400):
        order, cents = random.randrange(1, 2000), random.randrange(100, 2000000)
        at = datetime(2024, 12, 1) + timedelta(minutes=random.randrange(5000))
        text, bucket = line(order, cents, at), None
        if random.random() < 0.05:
            text, bucket = line(order, cents, at).replace("2024", "2024?"), "bad_date"
        key = text if source == "berlin" else order
        if bucket is None and key in seen:
            bucket = "duplicate"
        if bucket is None:
            seen.add(key)
        if random.random() < 0.05 and source == "berlin":  # the whole record once more, whatever it is
            copies = 2
        else:
            copies = 1
        for copy in range(copies):
            read[source] += 1
            raw[name] += 1
            b = "duplicate" if copy and bucket is None else bucket
            if b:
                rejected[source, b] += 1
            else:
                accepted[source] += 1
                day = days[at.date()]
                day[0] += 1
                day[1] += cents
                day[2].append((at, source, name, len(data), order))
            data += (text + "\n").encode(encoding)
    with open(f"{out}/in/{name}", "wb") as f:
        f.write(data)


def berlin(order, cents, at):
    return f'{order};Müller "{order % 7}";{german(cents)};{at:%d.%m.%Y %H:%M}'


def boston(order, cents, at):
    return f'{at:%m/%d/%Y %I:%M %p},{order},"${cents // 100:,}.{cents % 100:02}"'


branch("berlin", "2024.eu.csv", "Auftrag;Kunde;Betrag;Datum", berlin, "windows-1252")
branch("boston", "2024.us.csv", "Date,Order,Amount", boston, "ascii")
with open(out + "/in/www.log", "w") as f:
    for _ in range(600):
        status = random.choice([200, 200, 200, 404, 500])
        read["web"] += 1
        if random.random() < 0.03:
            f.write("half a line\n")
            rejected["web", "format"] += 1
            continue
        accepted["web"] += 1
        hits[status] += 1
        f.write(f'10.0.0.{random.randrange(9)} - - [02/Dec/2024:10:00:00 +0000] "GET /{random.randrange(50)} HTTP/1.1" {status} 5\n')
read["raw"] = accepted["raw"] = sum(raw.values())
read["empty"] = 0


def truth(name, header, rows):
    with open(f"{out}/truth/{name}.csv", "w", newline="") as f:
        csv.writer(f).writerows([header, *rows])


truth("daily", ["day", "orders", "amount", "first", "last"],
      [(d, n, f"{c // 100}.{c % 100:02}", min(o)[4], max(o)[4]) for d, (n, c, o) in days.items()])
truth("hits_by_status", ["status", "hits"], hits.items())
truth("lines", ["_file", "lines"], raw.items())
truth("records", ["source", "read", "accepted", "rejected", "warned"],
      [(s, read[s], accepted[s], sum(n for (t, _), n in rejected.items() if t == s), 0) for s in read])
ordinals = {"bad_date": 1, "duplicate": 2, "format": 0}
truth("rejects", ["source", "rule", "ordinal", "rows"], [(s, r, ordinals[r], n) for (s, r), n in rejected.items()])
truth("wrong", ["source", "rows"], Counter(s for s, _ in rejected.elements()).items())
PY
python3 "$scratch/write.py" "$scratch" || die "the files"

cat >"$scratch/shops.json" <<'JSON'
{"pipeline": "shops", "version": 1,
 "sources": [
  {"name": "berlin", "format": "csv", "glob": "*.eu.csv", "delimiter": ";", "quote": "", "encoding": "windows-1252", "time": "at",
   "columns": [{"name": "id", "header": "Auftrag", "type": "integer"}, {"name": "customer", "header": "Kunde", "type": "text"},
    {"name": "amount", "header": "Betrag", "type": "decimal", "scale": 2, "decimal_point": ",", "thousands": "."},
    {"name": "at", "header": "Datum", "type": "timestamp", "format": "%d.%m.%Y %H:%M"}],
   "derive": [{"name": "day", "expr": "date(at)"}],
   "rules": [{"rule": "type", "name": "bad_date", "column": "at"}, {"rule": "unique", "name": "duplicate", "columns": "all"}]},
  {"name": "boston", "format": "csv", "glob": "*.us.csv", "time": "at",
   "columns": [{"name": "at", "header": "Date", "type": "timestamp", "format": "%m/%d/%Y %I:%M %p"},
    {"name": "id", "header": "Order", "type": "integer"},
    {"name": "amount", "header": "Amount", "type": "decimal", "scale": 2, "thousands": ",", "strip": "$"}],
   "derive": [{"name": "day", "expr": "date(at)"}],
   "rules": [{"rule": "type", "name": "bad_date", "column": "at"}, {"rule": "unique", "name": "duplicate", "columns": ["id"]}]},
  {"name": "web", "format": "access_log", "layout": "common", "glob": "*.log"},
  {"name": "raw", "format": "csv", "glob": "*.csv", "delimiter": "\u0001", "quote": "", "header": false, "fields": 1,
   "encoding": "iso-8859-1", "columns": [{"name": "line", "field": 1, "type": "text"}]},
  {"name": "empty", "format": "access_log", "layout": "common", "glob": "*.old", "optional": true}],
 "tables": [
  {"name": "orders", "from": ["boston", "berlin"], "columns": ["id", "amount", "at", "day"]},
  {"name": "orders_by_day", "aggregate": "orders", "by": ["day"],
   "columns": {"orders": "count()", "amount": "sum(amount)", "first": "first(id)", "last": "last(id)"}},
  {"name": "hits", "from": ["web", "empty"], "columns": ["client", "status"]},
  {"name": "hits_by_status", "aggregate": "hits", "by": ["status"], "columns": {"hits": "count()"}},
  {"name": "raw_lines", "from": "raw", "columns": ["line", {"name": "file", "column": "_file"}]},
  {"name": "lines_by_file", "aggregate": "raw_lines", "by": ["file"], "columns": {"lines": "count()"}}],
 "views": [
  {"name": "daily", "sql": "SELECT day, orders, decimal(amount, 2) AS amount, \"first\", \"last\" FROM orders_by_day"},
  {"name": "lines", "sql": "SELECT file AS _file, lines FROM lines_by_file"},
  {"name": "wrong", "sql": "SELECT source, count(DISTINCT file || byte_offset) AS rows FROM quarantine GROUP BY source"}]}
JSON

true_to() { "$MILLRACE" warehouse check "$1" "$scratch/truth" >"$scratch/out" || fail "$2: $(grep -v ^equal "$scratch/out")"; }

story "as a batch"
"$MILLRACE" etl run "$scratch/shops.json" --in "$scratch/in" --db "$scratch/batch.db" 2>"$scratch/err" || die "$(cat "$scratch/err")"
true_to "$scratch/batch.db" batch
[ "$(grep -c ^equal "$scratch/out")" -eq 6 ] || fail "six tables are compared: $(cat "$scratch/out")"

broker_start -o group.initial.rebalance.delay.ms=100
as_stream() { # PARTITIONS WORKERS [publish options]
    local topic=shops-$1-$2 partitions=$1 workers=$2
    story "on $1 partitions, $2 workers ${*:3}"
    shift 2
    "$MILLRACE" stream publish "$scratch/shops.json" --in "$scratch/in" --partitions "$partitions" --topic "$topic" \
        --bootstrap "$bootstrap" "$@" 2>"$scratch/err" || die "publish: $(cat "$scratch/err")"
    "$MILLRACE" stream run "$scratch/shops.json" --db "$scratch/$topic.db" --workers "$workers" --topic "$topic" \
        --bootstrap "$bootstrap" >/dev/null 2>"$scratch/err" || die "run: $(cat "$scratch/err")"
    "$MILLRACE" warehouse compare "$scratch/batch.db" "$scratch/$topic.db" || fail "$topic: batch = stream"
    true_to "$scratch/$topic.db" "$topic"
}
as_stream 1 1
as_stream 3 1 --shuffle 3
as_stream 3 2 --shuffle 4
as_stream 1 2

story "published twice to one topic: a record is known by source, file and number"
"$MILLRACE" stream publish "$scratch/shops.json" --in "$scratch/in" --topic shops-3-2 --bootstrap "$bootstrap" --shuffle 8 2>/dev/null ||
    fail "publish again"
"$MILLRACE" stream run "$scratch/shops.json" --db "$scratch/again.db" --topic shops-3-2 --bootstrap "$bootstrap" >/dev/null 2>"$scratch/err" ||
    die "run: $(cat "$scratch/err")"
"$MILLRACE" warehouse compare "$scratch/batch.db" "$scratch/again.db" || fail "published twice: batch = stream"

story "a topic per kind of event"
python3 - "$scratch/shops.json" <<'PY' >"$scratch/topics.json"
import json, sys
d = json.load(open(sys.argv[1]))
for source in d["sources"]:
    if source["name"] in ("web", "raw"):
        source["topic"] = {"web": "clicks", "raw": "lines"}[source["name"]]
json.dump(d, sys.stdout)
PY
publish_topics() { "$MILLRACE" stream publish "$scratch/topics.json" --in "$scratch/in" --topic orders --bootstrap "$bootstrap" "$@" 2>"$scratch/err" || die "publish: $(cat "$scratch/err")"; }
run_topics() { "$MILLRACE" stream run "$scratch/topics.json" --db "$scratch/topics.db" --topic orders --workers 2 --bootstrap "$bootstrap" >/dev/null 2>"$scratch/err"; }
publish_topics --partitions 2 --shuffle 5
run_topics || die "run: $(cat "$scratch/err")"
"$MILLRACE" warehouse compare "$scratch/batch.db" "$scratch/topics.db" || fail "three topics: batch = stream"
true_to "$scratch/topics.db" "three topics"
python3 - "$scratch/topics.db" <<'PY' || fail "the offsets of three topics"
import sqlite3, sys
rows = sqlite3.connect(sys.argv[1]).execute("SELECT topic, count(*), sum(next), min(ended) FROM millrace_stream_offsets GROUP BY topic").fetchall()
reads = dict(sqlite3.connect(sys.argv[1]).execute("SELECT source, read FROM records").fetchall())
expected = {"orders": ["berlin", "boston", "empty"], "clicks": ["web"], "lines": ["raw"]}
for topic, partitions, loaded, ended in rows:
    files = {"orders": 2, "clicks": 1, "lines": 2}[topic]
    assert (partitions, ended) == (2, 1), rows
    assert loaded == sum(reads[s] for s in expected[topic]) + files + partitions, rows
assert len(rows) == 3, rows
PY

story "a record in the topic of another source, and one that no source owns"
refused_in() { # TOPIC SOURCE EXPECTED
    local topic=$1 status=0 name
    sed "s/\"clicks\"/\"$topic\"/; s/\"lines\"}/\"$topic.lines\"}/" "$scratch/topics.json" >"$scratch/strange.json"
    for name in "$topic" "$topic.orders" "$topic.lines"; do
        "$MILLRACE" topic create "$name" --bootstrap "$bootstrap" >/dev/null 2>&1 || fail "topic create $name"
    done
    echo 'x' | kcat -q -b "$bootstrap" -P -t "$topic" -p 0 -H millrace-stream=s -H "millrace-source=$2" -H millrace-file=f \
        -H millrace-line=1 -H millrace-offset=0 || fail "kcat"
    timeout 30 "$MILLRACE" stream run "$scratch/strange.json" --db "$scratch/$topic.db" --topic "$topic.orders" --bootstrap "$bootstrap" \
        >/dev/null 2>"$scratch/err" || status=$?
    [ "$status" -eq 2 ] || fail "$2 in $topic: status $status"
    grep -qF "topic $topic, partition 0, offset 0: header millrace-source \"$2\" $3" "$scratch/err" || fail "$2: $(cat "$scratch/err")"
}
refused_in strange1 berlin "has another topic"
refused_in strange2 nobody "names no source of the definition"

story "one of the topics was made again: it is named, nothing is loaded"
cp "$scratch/topics.db" "$scratch/before.db"
"$MILLRACE" topic delete clicks --bootstrap "$bootstrap" >/dev/null 2>&1 || fail "topic delete"
"$MILLRACE" topic create clicks --partitions 2 --bootstrap "$bootstrap" >/dev/null 2>&1 || fail "topic create"
run_topics && fail "a topic that was made again was taken"
grep -qE 'topic clicks, partition [01], offset [0-9]+: .*made again' "$scratch/err" || fail "$(cat "$scratch/err")"
"$MILLRACE" warehouse compare "$scratch/before.db" "$scratch/topics.db" >/dev/null || fail "a recreated topic changed the warehouse"

story "two tables of a database that is being written are read as they were at one moment"
cat >"$scratch/written.py" <<'PYTHON'
import sqlite3, sys, time
db = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=20)
db.execute("PRAGMA journal_mode = WAL")
db.execute("PRAGMA synchronous = OFF")
db.execute("CREATE TABLE orders(id INTEGER PRIMARY KEY, at TEXT)")
db.execute("CREATE TABLE lines(id INTEGER PRIMARY KEY, of INTEGER, sku TEXT)")
def orders_add(first, count):
    db.execute("BEGIN IMMEDIATE")
    for order in range(first, first + count):
        db.execute("INSERT INTO orders VALUES(?, '2024-06-01')", (order,))
        db.executemany("INSERT INTO lines(of, sku) VALUES(?, 'a')", [(order,)] * 2)
    db.execute("COMMIT")
orders_add(1, 20000)
print("ready", flush=True)
order, end = 20001, time.time() + 60
while time.time() < end:
    orders_add(order, 1)
    order += 1
    time.sleep(0.001)
PYTHON
cat >"$scratch/written.json" <<'JSON'
{"version": 1, "pipeline": "written", "sources": [
  {"name": "orders", "format": "sqlite", "glob": "w.db", "table": "orders", "columns": [{"name": "id", "type": "integer"}]},
  {"name": "lines", "format": "sqlite", "glob": "w.db", "table": "lines",
   "columns": [{"name": "of", "type": "integer"}, {"name": "sku", "type": "text"}],
   "rules": [{"name": "orphan", "rule": "fk", "columns": "of", "table": "o", "to": "id", "severity": "reject"}]}],
 "tables": [{"name": "o", "from": "orders"}, {"name": "l", "from": "lines"}]}
JSON
mkdir "$scratch/written"
python3 "$scratch/written.py" "$scratch/written/w.db" >"$scratch/ready" &
writer=$!
trap 'kill "$writer" 2>/dev/null; finish' EXIT
for _ in $(seq 200); do grep -q ready "$scratch/ready" && break; sleep 0.05; done
for round in 1 2 3; do
    rm -f "$scratch/w.db"
    "$MILLRACE" etl run "$scratch/written.json" --in "$scratch/written" --db "$scratch/w.db" >/dev/null 2>"$scratch/err" || fail "etl run: $(cat "$scratch/err")"
    python3 - "$scratch/w.db" <<'PY' || fail "round $round: lines without their orders"
import sqlite3, sys
one = lambda sql: sqlite3.connect(sys.argv[1]).execute(sql).fetchone()[0]
orders, lines, rejected = one("SELECT count(*) FROM o"), one("SELECT count(*) FROM l"), one("SELECT count(*) FROM quarantine")
assert orders >= 20000 and (lines, rejected) == (2 * orders, 0), (orders, lines, rejected)
PY
done
kill -0 "$writer" 2>/dev/null || fail "the writer ended before the runs"
kill "$writer"

story "a source whose files are missing is named"
sed 's/, "optional": true//' "$scratch/shops.json" >"$scratch/all.json"
"$MILLRACE" etl run "$scratch/all.json" --in "$scratch/in" --db "$scratch/no.db" 2>"$scratch/err" && fail "no *.old: it ran"
grep -qF "no file here matches \"*.old\" (sources[4].glob of $scratch/all.json)" "$scratch/err" || fail "$(cat "$scratch/err")"
done_testing
