#!/usr/bin/env bash
# quality.sh - the report about data: against Python over the same files, against what a batch puts into `rejects`,
# `records` and the quarantine; the page; drift between two reports.
cd "$(dirname "$0")/../.." || exit 2
. tests/e2e/lib.sh
quality() { "$MILLRACE" etl quality "$@" 2>>"$scratch/quality.log"; }

story "small files whose figures Python works out"
python3 - "$scratch" <<'PYTHON' || die "the files were not made"
import json, os, random, sys
at = sys.argv[1]
random.seed(5)
os.makedirs(at + "/in")
COUNTRIES = ["IT", "DE", "FR", "", "\u00d6sterreich", "it;aly"]
def field(text): return '"' + text.replace('"', '""') + '"' if any(c in text for c in ';"\n') else text
def write(name, rows):
    with open(f"{at}/in/{name}", "w", encoding="utf-8", newline="") as f:
        f.write("id;country;price;day;note\n")
        for row in rows: f.write(";".join(map(field, row)) + "\n")
def row(i):
    return [random.choice([str(i), str(i // 2), "x%d" % i]) if i % 50 == 0 else str(i), random.choice(COUNTRIES),
            random.choice(["%d.%02d" % (random.randrange(-5, 500), random.randrange(100)), "", "free", "1.234"]),
            "2024-%02d-%02d" % (random.randrange(1, 13), random.randrange(1, 31)),
            random.choice(["", "a", "two\nlines", "ab \"quoted\"", "na\u00efve \U0001f600"])]
write("a.csv", [row(i) for i in range(3000)])
write("b.csv", [row(i) for i in range(2500, 4000)] + [["7", "IT"], ["8", "DE", "1.00", "2024-01-01", "", "six"]])
os.system(f"cp {at}/in/b.csv {at}/in/c.csv")
json.dump({"pipeline": "goods", "version": 1, "source": {"format": "csv", "glob": "*.csv", "delimiter": ";", "multiline": True, "columns": [
    {"name": "id", "type": "integer"}, {"name": "country", "type": "text"}, {"name": "price", "type": "decimal", "scale": 2},
    {"name": "day", "type": "date", "format": "%Y-%m-%d"}, {"name": "note", "type": "text"}]},
    "derive": [{"name": "double", "expr": "id * 2"}],
    "rules": [{"rule": "type", "name": "bad_day", "column": "day"}, {"rule": "not_null", "column": "country", "name": "where"},
              {"rule": "unique", "name": "same", "columns": "all"},
              {"rule": "range", "name": "negative", "column": "price", "min": 0, "severity": "warn"},
              {"rule": "unique", "name": "id_taken", "columns": "id"}],
    "tables": [{"name": "goods"}]}, open(at + "/goods.json", "w"))
PYTHON
quality "$scratch/goods.json" --in "$scratch/in" --format json --out "$scratch/goods.quality.json" || die "goods: status $?: $(tail -1 "$scratch/quality.log")"
"$MILLRACE" etl run "$scratch/goods.json" --in "$scratch/in" --db "$scratch/goods.db" 2>>"$scratch/run.log" || die "the batch failed"

cat >"$scratch/columns.py" <<'PYTHON'
import csv, datetime, decimal, json, sys
from collections import Counter
at = sys.argv[1]
rows = []
for name in "a.csv", "b.csv":
    with open(f"{at}/in/{name}", encoding="utf-8", newline="") as f:
        records = list(csv.reader(f, delimiter=";"))[1:]
        rows += [r for r in records if len(r) == 5]
def integer(t): return int(t)
def day(t): return datetime.datetime.strptime(t, "%Y-%m-%d").date()
def price(t):
    d = decimal.Decimal(t)
    if d != round(d, 2): raise ValueError
    return round(d, 2)
report = json.load(open(at + "/goods.quality.json"))
source, = report["sources"]
wrong = 0
def same(what, mine, theirs):
    global wrong
    if mine != theirs: wrong += 1; print(f"{what}: {theirs!r}, not {mine!r}")
def shown(v): return v if isinstance(v, (int, str)) else str(v)
for i, (name, read) in enumerate([("id", integer), ("country", str), ("price", price), ("day", day), ("note", str)]):
    column, = [c for c in source["columns"] if c["column"] == name]
    values, nulls, misfits = [], 0, []
    for row in rows:
        if row[i] == "": nulls += 1; continue
        try: values.append(read(row[i]))
        except (ValueError, decimal.InvalidOperation): misfits.append(row[i])
    same(name + " rows", len(rows), column["rows"])
    same(name + " nulls", nulls, column["nulls"])
    same(name + " misfits", len(misfits), column["misfits"])
    same(name + " examples", list(dict.fromkeys(misfits))[:5], [e["text"] for e in column["misfit_examples"]])
    same(name + " distinct", (len(set(values)), True), (column["distinct"], column["distinct_exact"]))
    low, high = (min(values), max(values)) if read is not str else (min(values, key=str.encode), max(values, key=str.encode))
    same(name + " range", (shown(low), shown(high)), (column["min"], column["max"]))
    top = sorted(Counter(values).items(), key=lambda x: (-x[1], x[0].encode() if read is str else x[0]))
    same(name + " top", [{"value": shown(v), "rows": n} for v, n in (top if len(top) <= 50 else top[:10])], column["top"])
    if read is str:
        for key, n in ("shortest", min(map(len, values))), ("longest", max(map(len, values))):
            same(f"{name} {key}", (n, next(v for v in values if len(v) == n)), (column[key]["characters"], column[key]["text"]))
same("malformed", 2, source["malformed"])
same("files", [("a.csv", 3000, None), ("b.csv", 1502, None), ("c.csv", 0, "b.csv")],
     [(f["file"], f["records"], f["skipped_as_identical_to"]) for f in source["files"]])
sys.exit(wrong > 0)
PYTHON
python3 "$scratch/columns.py" "$scratch" || fail "columns differ from what Python finds"

# Counts of rejected records, of violations, and the examples are those of the batch.
cat >"$scratch/rejects.py" <<'PYTHON'
import json, sqlite3, sys
report, db = json.load(open(sys.argv[1])), sqlite3.connect(sys.argv[2])
sources, wrong = report["sources"], []
rules = [(s["source"], r) for s in sources for r in s["rules"]]
def same(what, mine, theirs):
    if sorted(mine) != sorted(theirs): wrong.append(what); print(what, set(mine) ^ set(theirs))
same("records", [(s["source"], s["records"], s["accepted"], s["rejected"], s["warned"]) for s in sources], db.execute("SELECT * FROM records").fetchall())
same("rejects", [(s, r["rule"], r["ordinal"], r["rejected"]) for s, r in rules if r["rejected"]], db.execute("SELECT source, rule, ordinal, rows FROM rejects").fetchall())
both = "(SELECT * FROM quarantine UNION ALL SELECT * FROM warnings)"
same("violations", [(s, r["rule"], r["violations"]) for s, r in rules if r["violations"]], db.execute(f"SELECT source, rule, count(*) FROM {both} GROUP BY 1, 2").fetchall())
known = set(db.execute(f"SELECT source, rule, file, line, ifnull(\"column\", ''), ifnull(value, '') FROM {both}"))
lined = {k[2] for k in known if k[3]} # a table has no lines
examples = [(s, r["rule"], e["file"], e["line"], e.get("column", ""), e["text"]) for s, r in rules for e in r["examples"]]
same("examples", [e for e in examples if e[2] in lined and e not in known], [])
if len(examples) < int(sys.argv[3]): wrong.append("few examples"); print(len(examples), "examples")
sys.exit(len(wrong) > 0)
PYTHON
python3 "$scratch/rejects.py" "$scratch/goods.quality.json" "$scratch/goods.db" 8 || fail "goods: not what the batch found"

story "a shop with every kind of dirt: what a batch rejects, the report says"
"$MILLRACE" generate ecommerce --out "$scratch/shop" --scale 0.005 >/dev/null 2>&1 || die "generate"
"$MILLRACE" etl run workloads/ecommerce/shop.json --in "$scratch/shop" --db "$scratch/shop.db" 2>>"$scratch/run.log" || die "the batch failed"
quality workloads/ecommerce/shop.json --in "$scratch/shop" --format json --out "$scratch/shop.quality.json" || fail "shop: status $?"
python3 "$scratch/rejects.py" "$scratch/shop.quality.json" "$scratch/shop.db" 40 || fail "shop: not what the batch found"

story "the page is one piece, the text has a line per column"
quality "$scratch/goods.json" --in "$scratch/in" --format html >"$scratch/goods.html" || fail "html: status $?"
python3 - "$scratch" <<'PYTHON' || fail "the page is not sound"
import html.parser, json, sys
at, open_, bars, text = sys.argv[1], [], 0, []
class Page(html.parser.HTMLParser):
    def handle_starttag(self, tag, attrs):
        global bars
        assert not any(k in ("src", "href") for k, v in attrs), attrs
        bars += tag == "svg"
        if tag in ("svg", "table", "details", "div", "code", "b", "h2", "title"): open_.append(tag)
        assert tag != "script"
    def handle_endtag(self, tag):
        if tag in ("svg", "table", "details", "div", "code", "b", "h2", "title"): assert open_.pop() == tag, (tag, self.getpos())
    def handle_data(self, data): text.append(data)
Page().feed(open(at + "/goods.html", encoding="utf-8").read())
assert not open_ and bars >= 10, (open_, bars)
for c in json.load(open(at + "/goods.quality.json"))["sources"][0]["columns"]: assert c["column"] in text, c["column"]
assert "4,502" in text
PYTHON
quality "$scratch/goods.json" --in "$scratch/in" >"$scratch/goods.txt" || fail "text: status $?"
grep -Eq '^    price +decimal +4500 ' "$scratch/goods.txt" || fail "no line of price"
grep -q 'c.csv .*skipped: the same bytes as b.csv' "$scratch/goods.txt" || fail "the skipped file is not told"

story "drift: nothing against itself, status 1 beyond the threshold"
quality "$scratch/goods.json" --in "$scratch/in" --against "$scratch/goods.quality.json" --drift 0% >"$scratch/same.txt" || fail "drift against itself: status $?"
grep -q '0 changes, 0 exceed' "$scratch/same.txt" || fail "drift against itself"
mkdir "$scratch/later"
sed '2,$s/;IT;/;ES;/' "$scratch/in/a.csv" >"$scratch/later/a.csv"
quality "$scratch/goods.json" --in "$scratch/later" --against "$scratch/goods.quality.json" >/dev/null || fail "without --drift: status $?"
quality "$scratch/goods.json" --in "$scratch/later" --format json --against "$scratch/goods.quality.json" --drift 10% >"$scratch/drift.json"
[ $? -eq 1 ] || fail "drift is not status 1"
python3 - "$scratch/drift.json" <<'PYTHON' || fail "the drift is told wrongly"
import json, sys
drift = json.load(open(sys.argv[1]))["drift"]
found = {(c.get("column"), c["what"]): c for c in drift["changes"]}
assert found["country", "value appeared"]["after"] == "ES" and found["country", "value appeared"]["exceeds"]
assert found["country", "value vanished"]["before"] == "IT" and found["country", "value vanished"]["exceeds"]
assert found[None, "records"]["before"] == 4502 and found[None, "records"]["after"] == 3000 and found[None, "records"]["exceeds"]
assert ("day", "type") not in found and drift["exceeding"] == sum(c["exceeds"] for c in drift["changes"])
PYTHON

story "what cannot be done is said"
quality "$scratch/goods.json" --in "$scratch/in" --against "$scratch/goods.json" >/dev/null
[ $? -eq 2 ] || fail "a file that is no report is status 2"
grep -q 'goods.json: no report of' "$scratch/quality.log" || fail "the file is not named"
quality "$scratch/goods.json" --in "$scratch/in" --drift 10% >/dev/null && fail "--drift without --against"
quality "$scratch/goods.json" --in "$scratch/in" --format pdf >/dev/null && fail "--format pdf"
story "rules of tables: what a batch has in NAME_violations, rules that fail included"
mkdir "$scratch/sales"
printf 'id,day,price\n1,2024-01-01,5.00\n2,2024-01-01,-7.50\n3,2024-01-02,9.00\n4,,1.00\n5,2024-01-03,-1.00\n6,,2.00\n' >"$scratch/sales/a.csv"
python3 - "$scratch/sales.json" <<'PYTHON' || die "no definition"
import json, sys
json.dump({"pipeline": "sales", "version": 1, "source": {"format": "csv", "glob": "*.csv", "columns": [
    {"name": "id", "type": "integer"}, {"name": "day", "type": "date", "format": "%F"}, {"name": "price", "type": "decimal", "scale": 2}]},
    "rules": [{"rule": "range", "column": "id", "max": 5, "severity": "fail"}],
    "tables": [{"name": "sales"}, {"name": "by_day", "aggregate": "sales", "by": ["day"], "columns": {"revenue": "sum(price)"},
        "rules": [{"rule": "range", "name": "loss", "column": "revenue", "min": 0, "severity": "fail"},
                  {"rule": "not_null", "column": "day", "severity": "warn"}]}]}, open(sys.argv[1], "w"))
PYTHON
quality "$scratch/sales.json" --in "$scratch/sales" --format json --out "$scratch/sales.quality.json" || die "sales: status $?: $(tail -1 "$scratch/quality.log")"
python3 - "$scratch/sales.quality.json" <<'PYTHON' || fail "the rules of by_day"
import json, sys
[table] = json.load(open(sys.argv[1]))["tables"]
loss, not_null = table["rules"]
assert (table["table"], table["rows"], table["rejected"]) == ("by_day", 4, 2), table
assert (loss["rule"], loss["severity"], loss["violations"], loss["column"]) == ("loss", "fail", 2, "revenue"), loss
assert loss["examples"] == [{"day": "2024-01-01", "revenue": "-2.50"}, {"day": "2024-01-03", "revenue": "-1.00"}], loss
assert (not_null["kind"], not_null["violations"], not_null["examples"]) == ("not_null", 1, [{"day": None, "revenue": "1.00"}]), not_null
PYTHON
quality "$scratch/sales.json" --in "$scratch/sales" | grep -qF "day=2024-01-03 revenue=-1.00" || fail "the rows are not in the text"
quality "$scratch/sales.json" --in "$scratch/sales" --format html | grep -qF "<h2>Table by_day</h2>" || fail "the table is not on the page"

done_testing
