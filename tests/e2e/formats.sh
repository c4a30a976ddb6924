#!/usr/bin/env bash
# formats.sh - every format of sources, plain and gzip'd: batch = stream = what Python's own parsers say.
cd "$(dirname "$0")/../.." || exit 2
. tests/e2e/lib.sh

mkdir "$scratch/in" || exit 2
python3 - "$scratch" <<'EOF' || die "the files could not be made"
import csv, gzip, io, json, random, sqlite3, sys
import xml.etree.ElementTree as ET
from xml.sax.saxutils import escape, quoteattr
scratch = sys.argv[1]
into = scratch + "/in/"
r = random.Random(5)
words = ["Öl", 'a "quoted" one', "tab\there", "x,y;z", "<tag> & 'more'", "back\\slash", "€ 5", "𝄞", "", "line\nend", "plain"]
orders = [{"id": i, "name": r.choice(words), "amount": r.randrange(-5000, 100000), "paid": r.choice([True, False, None]),
           "city": r.choice(["Köln", "Wien", None]), "tags": [r.choice("abc") for _ in range(r.randrange(4))]} for i in range(1, 1201)]

def money(cents):
    return f"{'-' if cents < 0 else ''}{abs(cents) // 100}.{abs(cents) % 100:02d}"

def number(o):  # a JSON number with exactly these digits
    return "@@" + money(o["amount"]) + "@@"

def unquoted(text):
    return text.replace('"@@', "").replace('@@"', "")

def write(name, data, zip_it=False):
    with open(into + name + (".gz" if zip_it else ""), "wb") as f:
        f.write(gzip.compress(data, mtime=0) if zip_it else data)

def nested(o, ascii):
    whole = {"id": o["id"], "name": o["name"], "price": {"amount": number(o)}, "tags": o["tags"], "shipping": {"address": {"city": o["city"]}}}
    if o["paid"] is not None:
        whole["paid"] = o["paid"]
    return unquoted(json.dumps(whole, ensure_ascii=ascii))

half = len(orders) // 2
for name, part, zipped in (("1", orders[:half], False), ("2", orders[half:], True)):
    write(f"orders_{name}.ndjson", "".join(nested(o, o["id"] % 2) + "\n" for o in part).encode(), zipped)
    indented = json.dumps({"meta": {"lines": [1, {"lines": [{}]}]}, "shop": {"orders": [
        {"day": d, "lines": [json.loads(nested(o, True), parse_float=str) | {"price": {"amount": number(o)}} for o in part[d::3]]} for d in range(3)]}},
        indent=1)
    write(f"orders_{name}.json", unquoted(indented).encode(), zipped)
    table = io.StringIO()
    csv.writer(table, lineterminator="\r\n").writerows([["id", "name", "amount", "paid", "city", "tag"]] + [
        [o["id"], o["name"], money(o["amount"]), {True: 1, False: 0, None: ""}[o["paid"]], o["city"] or "", (o["tags"] + [""])[0]] for o in part])
    write(f"orders_{name}.csv", table.getvalue().encode(), zipped)
    latin = name == "1"
    xml = f"<?xml version='1.0' encoding='{'windows-1252' if latin else 'utf-8'}'?>\n<shop>\n<orders>\n" + "".join(
        f"  <order id={quoteattr(str(o['id']))}" + (f" paid='{int(o['paid'])}'" if o["paid"] is not None else "") +
        f">\n    <name>{escape(o['name'])}</name><price currency='EUR'>{money(o['amount'])}</price>" +
        "".join(f"<tag>{t}</tag>" for t in o["tags"]) + (f"<to><city>{o['city']}</city></to>" if o["city"] else "") + "</order>\n"
        for o in part) + "</orders>\n<order id='0'/></shop>\n"
    write(f"orders_{name}.xml", xml.encode("cp1252", "xmlcharrefreplace") if latin else xml.encode(), zipped)
db = sqlite3.connect(into + "orders.db")
db.execute("CREATE TABLE orders(order_id INTEGER PRIMARY KEY, name TEXT, price REAL, paid, city, tag)")
db.executemany("INSERT INTO orders VALUES(?,?,?,?,?,?)",
               [(o["id"], o["name"], o["amount"] / 100, o["paid"], o["city"], (o["tags"] + [None])[0]) for o in orders])
db.commit()

# What must come out, read back by Python's parsers from the files themselves.
def rows_of(kind):
    text = lambda n: (gzip.open if n == 2 else open)(into + f"orders_{n}.{kind}" + (".gz" if n == 2 else ""), "rb").read()
    cents = lambda t: round(float(t) * 100)
    if kind == "sqlite":
        return [(i, n, cents(p), q, c, t) for i, n, p, q, c, t in sqlite3.connect(into + "orders.db").execute("SELECT * FROM orders")]
    found = []
    for n in (1, 2):
        data = text(n)
        if kind == "csv":
            found += [(int(x["id"]), x["name"] or None, cents(x["amount"]), int(x["paid"]) if x["paid"] else None, x["city"] or None, x["tag"] or None)
                      for x in csv.DictReader(io.StringIO(data.decode(), newline=""))]
        elif kind == "xml":
            for e in ET.fromstring(data).find("orders"):
                city, tag = e.find("to/city"), e.find("tag")
                found.append((int(e.get("id")), (e.find("name").text or "").strip(" \t\r\n") or None, cents(e.find("price").text),
                              int(e.get("paid")) if e.get("paid") else None, None if city is None else city.text, None if tag is None else tag.text))
        else:
            docs = [json.loads(l) for l in data.decode().split("\n") if l] if kind == "ndjson" else \
                   [l for d in json.loads(data)["shop"]["orders"] for l in d["lines"]]
            found += [(d["id"], d["name"], cents(d["price"]["amount"]), None if d.get("paid") is None else int(d["paid"]),
                       d["shipping"]["address"]["city"], (d["tags"] + [None])[0]) for d in docs]
    return found

def definition(kind, source, places=None):
    columns = {"csv": {"amount": {"header": "amount"}}, "ndjson": {"amount": {"path": "price.amount"}, "city": {"path": "shipping.address.city"}, "tag": {"path": "tags[0]"}},
               "xml": {"id": {"path": "@id"}, "paid": {"path": "@paid"}, "amount": {"path": "price"}, "city": {"path": "to/city"}},
               "sqlite": {"id": {"field": "order_id"}, "amount": {"field": "price"}}}
    columns["json"] = columns["ndjson"]
    types = {"id": {"type": "integer"}, "name": {"type": "text"}, "amount": {"type": "decimal", "scale": 2}, "paid": {"type": "integer"},
             "city": {"type": "text"}, "tag": {"type": "text"}}
    whole = {"pipeline": "formats_" + kind, "version": 1,
             "source": source | {"columns": [{"name": n} | t | (places or columns[kind]).get(n, {}) for n, t in types.items()]},
             "rules": [{"rule": "unique", "columns": ["id"]}, {"rule": "range", "column": "amount", "min": "-40", "severity": "warn"}],
             "tables": [{"name": "orders"}, {"name": "by_city", "aggregate": "orders", "by": ["city"], "columns": {"n": "count()", "sum": "sum(amount)"}}]}
    json.dump(whole, open(f"{scratch}/{kind}.json", "w"))

definition("csv", {"format": "csv", "glob": "*.csv*"})
definition("ndjson", {"format": "ndjson", "glob": "*.ndjson*"})
definition("json", {"format": "json", "glob": "orders_*.json*", "records": "$.shop.orders[*].lines"})
definition("xml", {"format": "xml", "glob": "*.xml*", "record": "shop/orders/order"})
# The same rows, read from inside: what is around each order's price, most of it behind; an order's day and places.
definition("xml_around", {"format": "xml", "glob": "*.xml*", "record": "shop/orders/order/price"}, {"id": {"path": "../@id"}, "name": {"path": "../name"},
           "amount": {"path": "."}, "paid": {"path": "../@paid"}, "city": {"path": "../to/city"}, "tag": {"path": "../tag"}})
definition("json_around", {"format": "json", "glob": "orders_*.json*", "records": "$.shop.orders[*].lines"},
           {"name": {"path": "../day"}, "amount": {"path": "price.amount"}, "paid": {"path": "#"}, "city": {"path": "../#"}, "tag": {"path": "tags[0]"}})
json.dump([(d["id"], str(day["day"]), round(float(d["price"]["amount"]) * 100), place, str(nth), (d["tags"] + [None])[0])
           for n in (1, 2) for nth, day in enumerate(json.loads((gzip.open if n == 2 else open)(into + f"orders_{n}.json" + (".gz" if n == 2 else ""), "rb").read())["shop"]["orders"])
           for place, d in enumerate(day["lines"])], open(f"{scratch}/json_around.expected", "w"))
json.dump(sorted(rows_of("xml")), open(f"{scratch}/xml_around.expected", "w"))
definition("sqlite", {"format": "sqlite", "glob": "orders.db", "table": "orders"})
for kind in ("csv", "ndjson", "json", "xml", "sqlite"):
    json.dump(sorted(rows_of(kind)), open(f"{scratch}/{kind}.expected", "w"))
    assert len(rows_of(kind)) == len(orders)
EOF

# the table `orders` of a warehouse against what is expected
table_check() {
    python3 - "$scratch/$1.db" "$scratch/$1.expected" <<'EOF'
import json, sqlite3, sys
there = sorted(sqlite3.connect(sys.argv[1]).execute("SELECT id, name, amount, paid, city, tag FROM orders"), key=lambda r: r[0])
wanted = sorted((tuple(r) for r in json.load(open(sys.argv[2]))), key=lambda r: r[0])
for a, b in zip(there, wanted):
    assert a == b, f"{a} instead of {b}"
assert len(there) == len(wanted), f"{len(there)} rows instead of {len(wanted)}"
EOF
}

broker_start -o group.initial.rebalance.delay.ms=50
for kind in csv ndjson json xml sqlite json_around xml_around; do
    story "$kind: batch = Python, stream = batch"
    "$MILLRACE" etl run "$scratch/$kind.json" --in "$scratch/in" --db "$scratch/$kind.db" 2>"$scratch/err" || die "batch: $(cat "$scratch/err")"
    table_check "$kind" || fail "$kind: batch = Python"
    "$MILLRACE" stream publish "$scratch/$kind.json" --in "$scratch/in" --partitions 3 --shuffle 4 --bootstrap "$bootstrap" \
        2>"$scratch/err" || die "publish: $(cat "$scratch/err")"
    "$MILLRACE" stream run "$scratch/$kind.json" --db "$scratch/$kind.stream.db" --workers 2 --bootstrap "$bootstrap" \
        >/dev/null 2>"$scratch/err" || die "run: $(cat "$scratch/err")"
    "$MILLRACE" warehouse compare "$scratch/$kind.db" "$scratch/$kind.stream.db" || fail "$kind: stream = batch"
done

story "what no column reads is kept, a path to nothing is told, and texts on which a regex gives up: batch = stream"
mkdir "$scratch/new"
printf '{"id": 1, "at": "2024-01-01", "to": {"city": "Rome", "zip": "00100"}}\n{"id": 2, "at": "2024-01-02", "to": "Bonn", "gift": true}\n' >"$scratch/new/a.ndjson"
printf '<all><one id="3" at="2024-01-03"><to zip="53111"><city>Bonn</city></to><tag>x</tag><tag>y</tag></one></all>' >"$scratch/new/a.xml"
sqlite3 "$scratch/new/a.db" "CREATE TABLE one(id, at, city, fax, note); INSERT INTO one VALUES(4, '2024-01-04', 'Wien', '55', NULL), (5, '2024-01-05', NULL, NULL, NULL)"
printf 'id,at,city,gift\n6,2024-01-06,%040dx,yes\n' 0 >"$scratch/new/a.csv"
cat >"$scratch/extra.json" <<'JSON'
{"pipeline": "extra", "version": 1, "sources": [
 {"name": "n", "format": "ndjson", "glob": "*.ndjson", "time": "at", "extra": "more", "columns": [{"name": "id", "type": "integer"},
  {"name": "at", "type": "timestamp", "format": "iso8601"}, {"name": "city", "path": "to.city", "type": "text"}, {"name": "street", "path": "to.street", "type": "text"}]},
 {"name": "x", "format": "xml", "glob": "*.xml", "record": "one", "time": "at", "extra": "more", "columns": [{"name": "id", "path": "@id", "type": "integer"},
  {"name": "at", "path": "@at", "type": "timestamp", "format": "iso8601"}, {"name": "city", "path": "to/city", "type": "text"}, {"name": "street", "path": "to/street", "type": "text"}]},
 {"name": "s", "format": "sqlite", "glob": "*.db", "table": "one", "time": "at", "extra": "more", "columns": [{"name": "id", "type": "integer"},
  {"name": "at", "type": "timestamp", "format": "iso8601"}, {"name": "city", "type": "text"}], "derive": [{"name": "street", "expr": "nullif(city, city)"}]},
 {"name": "c", "format": "csv", "glob": "*.csv", "time": "at", "extra": "more", "columns": [{"name": "id", "type": "integer"},
  {"name": "at", "type": "timestamp", "format": "iso8601"}, {"name": "city", "type": "text"}], "derive": [{"name": "street", "expr": "nullif(city, city)"}],
  "rules": [{"rule": "regex", "column": "city", "pattern": "^(0+0+)+$", "severity": "warn"}]}],
 "tables": [{"name": "orders", "from": ["n", "x", "s", "c"], "columns": ["id", "city", "street", "more"]}]}
JSON
"$MILLRACE" etl run "$scratch/extra.json" --in "$scratch/new" --db "$scratch/extra.db" 2>"$scratch/err" || die "batch: $(cat "$scratch/err")"
nowhere='extra: nothing stands at "to.street" in any of the records of a.ndjson, so street is NULL there'
given_up='regular expressions gave up on 1 texts'
grep -qF "batch $nowhere" "$scratch/err" || fail "batch: $(cat "$scratch/err")"
grep -qF "batch extra: $given_up" "$scratch/err" || fail "batch: $(cat "$scratch/err")"
cat >"$scratch/wanted" <<'EOF'
1|{"to.zip": "00100"}
2|{"to": "Bonn", "gift": true}
3|{"to/@zip": "53111", "tag": "x", "tag[2]": "y"}
4|{"fax":"55"}
5|
6|{"gift": "yes"}
EOF
sqlite3 "$scratch/extra.db" "SELECT id, more FROM orders ORDER BY id" | diff "$scratch/wanted" - || fail "what no column reads"
for order in "--shuffle 3" "--speed 10000000"; do
    # shellcheck disable=SC2086 # two words
    "$MILLRACE" stream publish "$scratch/extra.json" --in "$scratch/new" --topic "extra${order// /}" $order --partitions 2 --bootstrap "$bootstrap" \
        2>"$scratch/err" || die "publish: $(cat "$scratch/err")"
    grep -qF "publish $nowhere" "$scratch/err" || fail "publish $order: $(cat "$scratch/err")"
    "$MILLRACE" stream run "$scratch/extra.json" --topic "extra${order// /}" --db "$scratch/extra.stream.db" --bootstrap "$bootstrap" \
        >/dev/null 2>"$scratch/err" || die "run: $(cat "$scratch/err")"
    grep -qF "stream extra, worker-1: $given_up" "$scratch/err" || fail "stream: $(cat "$scratch/err")"
    "$MILLRACE" warehouse compare "$scratch/extra.db" "$scratch/extra.stream.db" || fail "extra: stream = batch"
    rm "$scratch/extra.stream.db"
done

story "a view and a table without rowids are sources; appending takes what sorts behind, and says when something came between"
mkdir "$scratch/view"
sqlite3 "$scratch/view/shop.db" "CREATE TABLE lines(k TEXT, n INT, PRIMARY KEY(k, n)) WITHOUT ROWID; INSERT INTO lines VALUES('b', 2), ('b', 3), ('d', 4);
    CREATE VIEW sums AS SELECT k, sum(n) AS n FROM lines GROUP BY k"
cat >"$scratch/view.json" <<'JSON'
{"pipeline": "views", "version": 1, "sources": [
 {"name": "lines", "format": "sqlite", "glob": "shop.db", "table": "lines", "columns": [{"name": "k", "type": "text"}, {"name": "n", "type": "integer"}]},
 {"name": "sums", "format": "sqlite", "glob": "shop.db", "table": "sums", "columns": [{"name": "k", "type": "text"}, {"name": "n", "type": "integer"}]}],
 "tables": [{"name": "all_rows", "from": ["lines", "sums"]}]}
JSON
loaded() { # MODE WANTED
    "$MILLRACE" etl run "$scratch/view.json" --in "$scratch/view" --db "$scratch/view.$1.db" --mode "$1" 2>"$scratch/err" || die "view, $1: $(cat "$scratch/err")"
    there=$(sqlite3 "$scratch/view.$1.db" "SELECT group_concat(k || n, ' ') FROM (SELECT * FROM all_rows ORDER BY _source, _byte_offset)")
    [ "$there" = "$2" ] || fail "view, $1: $there instead of $2"
}
loaded full "b2 b3 d4 b5 d4"
loaded append "b2 b3 d4 b5 d4"
sqlite3 "$scratch/view/shop.db" "INSERT INTO lines VALUES('e', 1)"
loaded append "b2 b3 d4 e1 b5 d4 e1"
loaded full "b2 b3 d4 e1 b5 d4 e1"
"$MILLRACE" stream publish "$scratch/view.json" --in "$scratch/view" --bootstrap "$bootstrap" 2>"$scratch/err" || die "publish: $(cat "$scratch/err")"
"$MILLRACE" stream run "$scratch/view.json" --db "$scratch/view.stream.db" --bootstrap "$bootstrap" >/dev/null 2>"$scratch/err" || die "run: $(cat "$scratch/err")"
"$MILLRACE" warehouse compare "$scratch/view.full.db" "$scratch/view.stream.db" || fail "view: stream = batch"
sqlite3 "$scratch/view/shop.db" "INSERT INTO lines VALUES('c', 1)"
"$MILLRACE" etl run "$scratch/view.json" --in "$scratch/view" --db "$scratch/view.append.db" --mode append 2>"$scratch/err" && fail "view: a row between others was appended"
grep -q "or others sort between them, and it has no rowids" "$scratch/err" || fail "view: $(cat "$scratch/err")"
broker_stop

# refused WHAT DEFINITION PART: the batch must end with an error that says PART
refused() {
    "$MILLRACE" etl run "$scratch/$2.json" --in "$scratch/bad" --db "$scratch/bad.db" 2>"$scratch/err" && fail "$1: accepted"
    grep -qF "$3" "$scratch/err" || fail "$1: \"$3\" is not in: $(cat "$scratch/err")"
    [ ! -e "$scratch/bad.db" ] || fail "$1: left a database"
}
bad() { rm -rf "$scratch/bad"; mkdir "$scratch/bad"; }

story "damaged files are named, with the place"
bad; head -c 3000 "$scratch/in/orders_2.ndjson.gz" >"$scratch/bad/a.ndjson.gz"
refused "a cut gzip file" ndjson "a.ndjson.gz: the compressed file is damaged at its byte offset 3000: it ends too early"
bad; gzip -c "$scratch/bad/../in/orders_1.json" | gzip >"$scratch/bad/orders_1.json"
refused "gzip of gzip" json "orders_1.json: is compressed twice"
bad; head -c 3000 "$scratch/in/orders_1.json" >"$scratch/bad/orders_1.json"
refused "a cut document" json "orders_1.json: line "
bad; head -c 3000 "$scratch/in/orders_1.xml" >"$scratch/bad/a.xml"
refused "a cut XML file" xml "a.xml: line "
bad; cp "$scratch/in/orders_1.csv" "$scratch/bad/orders.db"
refused "no database" sqlite "orders.db: "
bad; mkdir "$scratch/killed"; cp "$scratch/in/orders.db" "$scratch/killed"
sqlite3 "$scratch/killed/orders.db" "CREATE TABLE more AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 3000)
    SELECT i, hex(zeroblob(40)) AS t FROM n; PRAGMA cache_size = 2; BEGIN; UPDATE more SET t = t || 'x'" ".shell cp $scratch/killed/orders.db $scratch/killed/orders.db-journal $scratch/bad" ROLLBACK
refused "the database of a writer that was killed" sqlite "orders.db: who wrote it was stopped in the middle"
bad; printf '{"id": 1}\n{"id": "\xff"}\n' >"$scratch/bad/a.ndjson"
refused "bytes that are no UTF-8" ndjson "a.ndjson: line 2, byte offset 18: the byte FF is not utf-8"

story "drift ends a run where the source says so, with file, record and name; otherwise nothing is said"
drifting() { # SOURCE-KEYS, with the path of the id
    printf '{"version": 1, "pipeline": "d", "source": {%s, "columns": [{"name": "id", "type": "integer", %s}]}, "tables": [{"name": "t"}]}' "$1" "$2" >"$scratch/drift.json"
}
bad; printf '{"id": 1}\n{"id": 2, "gift": true}\n{"gift": "x"}\n' >"$scratch/bad/a.ndjson"
printf '<all><one id="1"/><one id="2"><gift/></one></all>' >"$scratch/bad/a.xml"
sqlite3 "$scratch/bad/a.db" "CREATE TABLE one(id, gift); INSERT INTO one VALUES(1, 'x')"
while IFS='|' read -r keys column drift said; do
    drifting "$keys" "$column"
    "$MILLRACE" etl run "$scratch/drift.json" --in "$scratch/bad" --db "$scratch/drift.db" 2>"$scratch/err" || fail "without drift: $(cat "$scratch/err")"
    rm "$scratch/drift.db"
    drifting "$keys, \"drift\": {\"$drift\": \"fail\"}" "$column"
    refused "$drift, $keys" drift "$said"
done <<'EOF'
"format": "ndjson", "glob": "*.ndjson"|"path": "id"|new_column|a.ndjson:2: drift of source d: no column reads its member "gift", and source.drift of
"format": "ndjson", "glob": "*.ndjson"|"path": "id"|missing_column|a.ndjson:3: drift of source d: it has no member "id"
"format": "ndjson", "glob": "*.ndjson"|"path": "gift"|retyped|a.ndjson:3: drift of source d: "x" does not fit column id (integer), and source.drift of
"format": "xml", "glob": "*.xml", "record": "one"|"path": "@id"|new_column|a.xml:1, record 2: drift of source d: no column reads its element "gift"
"format": "xml", "glob": "*.xml", "record": "one"|"path": "gift"|missing_column|a.xml:1, record 1: drift of source d: it has nothing at "gift"
"format": "sqlite", "glob": "*.db", "table": "one"|"field": "id"|new_column|a.db: the table "one" has a new column "gift"
"format": "sqlite", "glob": "*.db", "table": "one"|"field": "gift"|retyped|a.db:one:1: drift of source d: "x" does not fit column id (integer), and source.drift of
EOF
drifting '"format": "sqlite", "glob": "*.db", "table": "one"' '"field": "gift"'
sqlite3 "$scratch/bad/a.db" "UPDATE one SET rowid = 17"
"$MILLRACE" etl run "$scratch/drift.json" --in "$scratch/bad" --db "$scratch/drift.db" 2>"$scratch/err" || fail "without drift: $(cat "$scratch/err")"
for said in 'first a.db:one, rowid 17, id is "x"' "no record of source d was accepted"; do
    grep -q "$said" "$scratch/err" || fail "no \"$said\" in $(cat "$scratch/err")"
done

story "etl parse reads and judges, and writes nothing"
"$MILLRACE" etl parse "$scratch/ndjson.json" --in "$scratch/in" >"$scratch/out" 2>"$scratch/err" || fail "parse: $(cat "$scratch/err")"
grep -qE '^formats_ndjson: 1200 records, 0 rejected, [0-9]+ bytes, split [0-9.]+ MB/s, judged [0-9.]+ MB/s, bare scan [0-9.]+ MB/s$' "$scratch/out" || fail "parse: $(cat "$scratch/out")"
"$MILLRACE" etl parse "$scratch/ndjson.json" --in "$scratch/in" --source none 2>"$scratch/err" && fail "a source that does not exist"
grep -q -- '--source none: .* has no such source' "$scratch/err" || fail "$(cat "$scratch/err")"

story "a damaged line of NDJSON is a row of the quarantine, with what is wrong"
bad; printf '{"id": 1}\n{"id": 2\n{"id": 3, "id": 3}\n' >"$scratch/bad/a.ndjson"
"$MILLRACE" etl run "$scratch/ndjson.json" --in "$scratch/bad" --db "$scratch/q.db" 2>"$scratch/err" || die "$(cat "$scratch/err")"
python3 - "$scratch/q.db" <<'EOF' || fail "the quarantine"
import sqlite3, sys
there = sqlite3.connect(sys.argv[1]).execute("SELECT line, rule, value, raw FROM quarantine ORDER BY line").fetchall()
assert there == [(2, "format", "byte 8: it ends here: is it cut off?", '{"id": 2'),
                 (3, "format", "byte 10: a member that is asked for comes twice", '{"id": 3, "id": 3}')], there
EOF
done_testing
