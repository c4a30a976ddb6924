#!/usr/bin/env bash
# Primary and foreign keys of a star schema: SQLite and its tools see them, and a load that breaks one ends with status 1.
. tests/e2e/lib.sh

mkdir "$scratch/in"
cat >"$scratch/def.json" <<'JSON'
{"pipeline": "star", "version": 1,
 "sources": [
  {"name": "people", "format": "csv", "glob": "people.csv", "time": "at", "columns": [{"name": "id", "type": "integer"}, {"name": "city", "type": "text"}, {"name": "at", "type": "timestamp", "format": "%F %T"}]},
  {"name": "sales", "format": "csv", "glob": "sales.csv", "columns": [{"name": "sale", "type": "integer"}, {"name": "person", "type": "integer"}, {"name": "price", "type": "decimal", "scale": 2}],
   "rules": [{"rule": "unique", "name": "same", "columns": "sale"}]}],
 "tables": [
  {"name": "versions", "from": "people"},
  {"name": "people", "dedupe": "versions", "by": ["id"], "keep": "last", "primary_key": ["id"]},
  {"name": "sales", "from": "sales", "primary_key": ["sale"], "foreign_keys": [{"columns": ["person"], "references": "people(id)"}]},
  {"name": "by_person", "aggregate": "sales", "by": ["person"], "columns": {"n": "count()", "revenue": "sum(price)"}, "primary_key": "person",
   "foreign_keys": [{"columns": "person", "references": "people"}]}]}
JSON
python3 - "$scratch/in" <<'PYTHON' || die "no input"
import random, sys
random.seed(7)
with open(sys.argv[1] + "/people.csv", "w") as f:
    f.write("id,city,at\n" + "".join(f"{random.randrange(60)},c{i},2024-01-0{random.randrange(1, 10)} 00:00:00\n" for i in range(600)))
with open(sys.argv[1] + "/sales.csv", "w") as f:
    f.write("sale,person,price\n" + "".join(f"{random.randrange(900)},{random.randrange(60)},{i}.5\n" for i in range(1000)))
PYTHON
cat >"$scratch/keys.py" <<'PYTHON'
import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
keys = sorted((t, r[2], r[3], r[4]) for t in ("people", "sales", "by_person") for r in db.execute(f"PRAGMA foreign_key_list({t})"))
assert keys == [("by_person", "people", "person", "id"), ("sales", "people", "person", "id")], keys
for table, column in ("people", "id"), ("sales", "sale"), ("by_person", "person"):
    unique = [r[1] for r in db.execute(f"PRAGMA index_list({table})") if r[2]]
    assert f"{table}_primary_key" in unique, (table, unique)
    assert [r[2] for r in db.execute(f"PRAGMA index_info({table}_primary_key)")] == [column]
assert db.execute("PRAGMA foreign_key_check").fetchall() == []
assert db.execute("SELECT count(*) FROM sales").fetchone()[0] > 500
PYTHON
batch() { "$MILLRACE" etl run "$scratch/def.json" --in "$scratch/in" --db "$scratch/batch.db" 2>"$scratch/err"; }
stream() { # a topic and a database of this name
    "$MILLRACE" stream publish "$scratch/def.json" --in "$scratch/in" --bootstrap "$bootstrap" --topic "$1" --partitions 3 --shuffle 5 2>"$scratch/err" || return 9
    resume "$1"
}
resume() { timeout 60 "$MILLRACE" stream run "$scratch/def.json" --db "$scratch/$1.db" --bootstrap "$bootstrap" --topic "$1" --workers 2 >"$scratch/out" 2>"$scratch/err"; }

story "a batch, again over itself, and a stream declare keys that hold"
batch && batch || die "$(cat "$scratch/err")"
python3 "$scratch/keys.py" "$scratch/batch.db" || fail "the batch's keys"
broker_start
stream good && resume good || fail "stream: $(cat "$scratch/err")"
python3 "$scratch/keys.py" "$scratch/good.db" || fail "the stream's keys"
grep -q '^stream star: state: .*millrace_unique_sales[.]same: [0-9]* keys, [0-9]* bytes in the database, [0-9.]* a key' "$scratch/err" || fail "what it kept: $(cat "$scratch/err")"
"$MILLRACE" warehouse compare "$scratch/batch.db" "$scratch/good.db" >"$scratch/out" || fail "$(head -5 "$scratch/out")"

story "a sale to nobody: status 1, the old tables in the batch, the row and a word in the stream"
"$MILLRACE" warehouse digest "$scratch/batch.db" >"$scratch/before"
echo 5000,77,1.25 >>"$scratch/in/sales.csv"
batch
[ $? -eq 1 ] && grep -q 'tables\[2\].foreign_keys\[0\]: rows of "sales" refer to no row of "people": 1, such as person = 77' "$scratch/err" || fail "batch: $(cat "$scratch/err")"
"$MILLRACE" warehouse digest "$scratch/batch.db" | cmp - "$scratch/before" || fail "the batch changed something"
stream broken
[ $? -eq 1 ] && grep -q '"sales" refer to no row of "people": 1, such as person = 77' "$scratch/err" || fail "stream: $(cat "$scratch/err")"

story "two of one key"
sed -i 's/"from": "people"}/"from": "people", "primary_key": ["id"]}/' "$scratch/def.json"
batch
[ $? -eq 1 ] && grep -q 'tables\[0\].primary_key: rows of "versions" have the same primary key: [0-9]*, such as id = 0' "$scratch/err" || fail "$(cat "$scratch/err")"
done_testing
