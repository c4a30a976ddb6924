#!/usr/bin/env bash
# stream_follow_table.sh [SEED] - a table in which rows come, change and go while a publisher follows it; publisher and run
# are killed now and then. At the end the warehouse is that of a batch over the database as it is then.
cd "$(dirname "$0")/../.." || exit 2
. tests/e2e/lib.sh
. tests/e2e/lib_follow.sh
RANDOM=${1:-5}
echo 7 >"$in/tiny" # no line is too short
cat >"$follow" <<'JSON'
{"version": 1, "pipeline": "shop", "sources": [
  {"name": "customers", "format": "sqlite", "glob": "*.db", "table": "customers", "deletes": "compare",
   "watermark": {"column": "changed", "look_back_s": 2},
   "columns": [{"name": "id", "type": "integer"}, {"name": "town", "type": "text"}, {"name": "balance", "type": "integer"},
               {"name": "changed", "type": "integer"}],
   "rules": [{"name": "balance", "rule": "range", "column": "balance", "min": 0, "severity": "reject"}]},
  {"name": "notes", "format": "csv", "glob": "*.csv", "columns": [{"name": "note", "type": "text"}]},
  {"name": "tiny", "format": "csv", "glob": "tiny", "header": false, "columns": [{"name": "n", "field": 1, "type": "integer"}]}],
 "tables": [
  {"name": "people", "from": "customers", "columns": ["id", "town", "balance", "changed"]},
  {"name": "said", "from": "notes", "columns": ["note"]},
  {"name": "few", "from": "tiny", "columns": ["n"]},
  {"name": "towns", "aggregate": "people", "by": ["town"], "columns": {"people": "count()", "balance": "sum(balance)", "newest": "max(changed)"}},
  {"name": "richest", "top_n": "people", "by": ["town"], "n": 2, "order": ["balance desc", "id"]}]}
JSON
grep -q '"top_n"' docs/formats/pipeline.md || die "the definition"
cat >"$scratch/writer.py" <<'PYTHON'
import random, sqlite3, sys, time
chance = random.Random(int(sys.argv[2]))
db = sqlite3.connect(sys.argv[1] + "/shop.db", isolation_level=None, timeout=20)
db.execute("CREATE TABLE customers(id INTEGER PRIMARY KEY, town TEXT, balance INTEGER, changed INTEGER)")
notes = open(sys.argv[1] + "/notes.csv", "w")
notes.write("note\n")
clock = 0
for step in range(60):
    db.execute("BEGIN IMMEDIATE")
    for _ in range(chance.randrange(1, 30)):
        clock += chance.choice((0, 0, 1))
        row = (chance.choice("ABCDE"), chance.randrange(-5, 100), clock)
        some = db.execute("SELECT id FROM customers ORDER BY random() LIMIT 1").fetchone()
        kind = chance.random()
        if kind < 0.5 or not some: db.execute("INSERT INTO customers(town, balance, changed) VALUES(?, ?, ?)", row)
        elif kind < 0.85: db.execute("UPDATE customers SET town = ?, balance = ?, changed = ? WHERE id = ?", row + some)
        else: db.execute("DELETE FROM customers WHERE id = ?", some)
    db.execute("COMMIT")
    notes.write("step %d\n" % step)
    notes.flush()
    time.sleep(chance.choice((0, 0.02, 0.1)))
PYTHON
broker_start
python3 "$scratch/writer.py" "$in" "$RANDOM" 2>"$scratch/writer.err" &
writer=$!
publisher_start
run_start
while alive $writer; do
    sleep 0.$((RANDOM % 40 + 20))
    followers_kill
done
wait $writer || die "writer: $(cat "$scratch/writer.err")"
sleep 0.5
followers_stop
run_rest
story "killed ${killed:-0} times; $(tail -1 "$scratch/publish.err")"
batch_equal "$in"
broker_stop
done_testing
