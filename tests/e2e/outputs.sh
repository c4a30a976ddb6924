#!/usr/bin/env bash
# Tables and views as files: what Python's csv and json read is what its sqlite3 reads in the database.
. tests/e2e/lib.sh

mkdir "$scratch/in" "$scratch/out"
cat >"$scratch/def.json" <<'JSON'
{"pipeline": "sinks", "version": 1,
 "source": {"format": "csv", "glob": "*.csv", "time": "at", "on_bad_encoding": "reject", "columns": [
  {"name": "id", "type": "integer"}, {"name": "who", "type": "text"}, {"name": "price", "type": "decimal", "scale": 3},
  {"name": "at", "type": "timestamp", "format": "%F %T"}]},
 "derive": [{"name": "day", "expr": "date(at)"}],
 "rules": [{"rule": "unique", "name": "same", "columns": "id"}],
 "tables": [{"name": "sales", "columns": ["id", "who", "price", "at", "day"]},
  {"name": "daily", "aggregate": "sales", "by": ["day"], "columns": {"n": "count()", "revenue": "sum(price)", "last_who": "last(who)"}}],
 "views": [{"name": "share", "sql": "SELECT who, count(*) * 1.0 / (SELECT count(*) FROM sales) AS part, decimal(sum(price), 3) AS total FROM sales GROUP BY who"}],
 "outputs": [
  {"table": "sales", "format": "csv", "file": "sales.csv", "columns": ["id", "who", "price", "at", "day"]},
  {"table": "sales", "format": "ndjson", "file": "sales.ndjson", "order": ["price desc", "id"], "columns": ["price", "id", "who", "at"]},
  {"table": "daily", "format": "csv", "file": "daily.txt", "delimiter": ";", "header": false, "null": "\\N", "order": "revenue desc"},
  {"table": "share", "format": "ndjson", "file": "share.ndjson"},
  {"table": "quarantine", "format": "ndjson", "file": "wrong.ndjson", "columns": ["file", "line", "rule", "column", "value", "raw"]}]}
JSON
sales_make "$scratch/in" 400 1000
cat >"$scratch/same.py" <<'PYTHON'
import csv, decimal, io, json, sqlite3, sys
db, out = sqlite3.connect(sys.argv[1]), sys.argv[2]
db.text_factory = str
point = lambda v, s=3: v if v is None else f"{decimal.Decimal(v).scaleb(-s):.{s}f}"
def csv_of(rows, d=",", null="", head=()):
    def field(v):
        if v is None: return null
        v = str(v)
        return '"' + v.replace('"', '""') + '"' if v in ("", null) or any(c in v for c in '"\r\n' + d) else v
    return "".join(d.join(map(field, r)) + "\n" for r in list(head) + rows)
def text(name): return open(f"{out}/{name}", encoding="utf-8", newline="").read()
def same(what, a, b):
    assert a == b, f"{what}:\n{a[:300]!r}\nnot\n{b[:300]!r}"
sales = [(i, w, point(p), a, d) for i, w, p, a, d in db.execute("SELECT id, who, price, at, day FROM sales ORDER BY 1, 2, 3, 4, 5")]
assert len(sales) > 500
names = ["id", "who", "price", "at", "day"]
same("sales.csv", text("sales.csv"), csv_of(sales, head=[names]))
rows = list(csv.reader(io.StringIO(text("sales.csv"), newline="")))
same("sales.csv read", rows, [names] + [["" if v is None else str(v) for v in r] for r in sales])
lines = [json.loads(line, parse_float=str) for line in text("sales.ndjson").split("\n")[:-1]]
same("sales.ndjson", [tuple(r.items()) for r in lines],
     [(("price", point(p)), ("id", i), ("who", w), ("at", a)) for p, i, w, a in db.execute("SELECT price, id, who, at FROM sales ORDER BY price DESC, id, who, at")])
same("daily.txt", text("daily.txt"), csv_of([(d, n, point(r), w) for d, n, r, w in db.execute("SELECT day, n, revenue, last_who FROM daily ORDER BY revenue DESC, 1, 2, 3, 4")], ";", "\\N"))
same("share.ndjson", [json.loads(line) for line in text("share.ndjson").split("\n")[:-1]],
     [dict(zip(("who", "part", "total"), r)) for r in db.execute("SELECT who, part, total FROM share ORDER BY 1, 2, 3")])
wrong = [json.loads(line) for line in text("wrong.ndjson").split("\n")[:-1]]
assert len(wrong) == db.execute("SELECT count(*) FROM quarantine").fetchone()[0] > 100
assert [r["raw"] for r in wrong if r["rule"] == "format"] == ["\\x" + b"1,caf\xe9,1,2024-01-01 00:00:00".hex().upper()], wrong[-1]
PYTHON
run() { "$MILLRACE" etl run "$scratch/def.json" --in "$scratch/in" --db "$scratch/batch.db" "$@" 2>"$scratch/err"; }

story "a batch writes its outputs beside the database"
run || die "$(cat "$scratch/err")"
python3 "$scratch/same.py" "$scratch/batch.db" "$scratch" || fail "the files are not the tables"

story "a dry run writes none, and explain draws them"
run --dry-run --out "$scratch/out" >"$scratch/said" || fail "$(cat "$scratch/err")"
[ -z "$(ls -A "$scratch/out")" ] || fail "a dry run wrote $(ls -A "$scratch/out")"
"$MILLRACE" etl explain "$scratch/def.json" >"$scratch/said" && grep -q 'daily.txt  output' "$scratch/said" || fail "explain does not show the outputs"

story "killed between the commit and the files: the old ones; run again: the new ones"
cp "$scratch"/sales.csv "$scratch/daily.txt" "$scratch/out"
printf 'id,who,price,at\n5000,new,1,2025-01-01 00:00:00\n' >"$scratch/in/new.csv"
exec 8<"$scratch/out" && flock 8 # the folder's lock holds the run up
"$MILLRACE" etl run "$scratch/def.json" --in "$scratch/in" --db "$scratch/batch.db" --out "$scratch/out" 8<&- 2>"$scratch/err" &
pid=$!
for _ in $(seq 200); do grep -q 'committed:' "$scratch/err" && break; sleep 0.02; done
grep -q 'committed:' "$scratch/err" || fail "not committed within 4 s: $(cat "$scratch/err")"
kill -KILL "$pid"
wait "$pid" 2>/dev/null
cmp "$scratch/sales.csv" "$scratch/out/sales.csv" && cmp "$scratch/daily.txt" "$scratch/out/daily.txt" || fail "a killed run changed a file"
exec 8<&-
head -c 100000 /dev/zero >"$scratch/out/.sales.csv.millrace-new" # as of a run that was killed later
run --out "$scratch/out" || fail "$(cat "$scratch/err")"
grep -q '^5000,new,1.000,2025-01-01 00:00:00,2025-01-01$' "$scratch/out/sales.csv" || fail "the new row is not in the file"
python3 "$scratch/same.py" "$scratch/batch.db" "$scratch/out" || fail "the files are not the tables"
[ "$(ls -A "$scratch/out" | wc -l)" -eq 5 ] || fail "left behind: $(ls -A "$scratch/out")"

story "a stream ends with the same files"
broker_start
"$MILLRACE" stream publish "$scratch/def.json" --in "$scratch/in" --bootstrap "$bootstrap" --partitions 3 --shuffle 3 2>"$scratch/err" &&
    mkdir "$scratch/streamed" && timeout 60 "$MILLRACE" stream run "$scratch/def.json" --db "$scratch/stream.db" --out "$scratch/streamed" \
        --bootstrap "$bootstrap" --workers 2 >"$scratch/said" 2>"$scratch/err" || fail "stream: $(cat "$scratch/err")"
for file in sales.csv sales.ndjson daily.txt share.ndjson wrong.ndjson; do
    cmp "$scratch/out/$file" "$scratch/streamed/$file" || fail "$file of the stream is another"
done

story "a file that cannot be written is named, and the old ones stay"
before=$(sha256sum "$scratch/out/sales.csv")
rm "$scratch/out/daily.txt" && mkdir "$scratch/out/daily.txt" && rm "$scratch/in/new.csv"
run --out "$scratch/out"
[ $? -eq 2 ] && grep -q 'committed.*out/daily.txt: Is a directory' "$scratch/err" || fail "$(cat "$scratch/err")"
[ "$before" = "$(sha256sum "$scratch/out/sales.csv")" ] || fail "sales.csv was changed"
run --out "$scratch/nowhere"
[ $? -eq 2 ] && grep -q 'nowhere: the folder for outputs: No such file' "$scratch/err" || fail "$(cat "$scratch/err")"

story "a column that a view does not have stops the run before it begins"
sed 's/"file": "share.ndjson"/"file": "share.ndjson", "order": "prt"/' "$scratch/def.json" >"$scratch/wrong.json"
"$MILLRACE" etl run "$scratch/wrong.json" --in "$scratch/in" --db "$scratch/none.db" 2>"$scratch/err" && fail "accepted"
grep -q 'wrong.json: outputs\[3\].order: there is no column "prt" in "share"; did you mean "part"?' "$scratch/err" || fail "$(cat "$scratch/err")"
[ ! -e "$scratch/none.db" ] || fail "a database was made"
done_testing
