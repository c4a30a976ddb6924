#!/usr/bin/env bash
# draft.sh - `etl new`: what it drafts for a clean sample of each format loads, and rejects nothing of it.
cd "$(dirname "$0")/../.." || exit 2
. tests/e2e/lib.sh

mkdir "$scratch/in" || exit 2
python3 - "$scratch/in/" <<'EOF' || die "the samples could not be made"
import csv, gzip, io, json, random, sqlite3, sys
into, r = sys.argv[1], random.Random(3)
rows = [{"id": i, "name": r.choice(["Öl", 'a "b"', "x;y", "z, w", "Brot"]), "amount": r.randrange(100, 5000000), "day": r.randrange(1, 29),
         "month": r.randrange(1, 13), "clock": f"{r.randrange(24):02d}:{r.randrange(60):02d}:07", "paid": r.choice([True, False])} for i in range(1, 601)]
def write(name, text, encoding="utf-8", zipped=False):
    data = text.encode(encoding)
    open(into + name, "wb").write(gzip.compress(data) if zipped else data)
def table(delimiter, amount, when, header=True):
    out = io.StringIO()
    w = csv.writer(out, delimiter=delimiter)
    if header: w.writerow(["Order No", "Größe", "Unit Price", "Sold At", "Note"])
    w.writerows([[x["id"], x["name"], amount(x["amount"]), when(x), ""] for x in rows])
    return out.getvalue()
us = lambda c: f"{c // 100:,}.{c % 100:02d}"
eu = lambda c: us(c).translate(str.maketrans(",.", ".,"))
iso = lambda x: f"2024-{x['month']:02d}-{x['day']:02d}"
write("us.csv", table(",", lambda c: "$" + us(c), lambda x: f"{x['month']}/{x['day']}/2024 {x['clock'][:5]}"))
write("eu.csv", table(";", eu, lambda x: f"{x['day']:02d}.{x['month']:02d}.2024 {x['clock']}"), "cp1252")
write("wide.csv", table(";", lambda c: eu(c) + " €", iso), "utf-16")
write("plain.tsv.gz", table("\t", us, lambda x: f"{iso(x)}T{x['clock']}Z", header=False), zipped=True)
write("events.ndjson", "".join(json.dumps({"id": x["id"], "who": {"name": x["name"]}, "paid": x["paid"], "cents": x["amount"],
                               "at": f"{iso(x)}T{x['clock']}.250Z", "tags": ["a"]}) + "\n" for x in rows))
write("stock.json.gz", json.dumps({"made": 1, "stock": {"items": [{"sku": f"A{x['id']}", "price": x["amount"] / 100} for x in rows]}}, indent=1), zipped=True)
write("shop.xml", "<?xml version='1.0' encoding='windows-1252'?><shop><orders>" + "".join(
    f"<order id='{x['id']}'><name>Öl</name><price currency='EUR'>{x['amount'] / 100:.2f}</price><tag>a</tag><tag>b</tag></order>" for x in rows) + "</orders></shop>", "cp1252")
line = lambda x: f'10.0.{x["id"] % 7}.1 - - [{x["day"]:02d}/Oct/2024:{x["clock"]} +0200] "GET /p/{x["id"]} HTTP/1.1" 200 {x["amount"]}'
write("common.log", "".join(line(x) + "\n" for x in rows))
write("combined.log.gz", "".join(line(x) + ' "-" "curl \\"8\\""\n' for x in rows), zipped=True)
write("vhost.log", "".join("shop.example:443 " + line(x) + ' "-" "curl"\n' for x in rows))
write("own.log", "".join(f'{iso(x)}T{x["clock"]}Z 10.0.0.{x["id"] % 7} "GET /p/{x["id"]}" {x["amount"] / 1000:.3f}\n' for x in rows))
db = sqlite3.connect(into + "shop.db")
db.execute("CREATE TABLE orders(order_id INTEGER PRIMARY KEY, name TEXT, price REAL, sold TEXT, spare, weight DOUBLE)")
db.execute('CREATE TABLE "order lines"(id INTEGER, "Line No" INTEGER)')
db.execute("CREATE VIEW v AS SELECT 1")
db.executemany("INSERT INTO orders VALUES(?,?,?,?,NULL,7)", [(x["id"], x["name"], x["amount"] / 100, iso(x) if x["id"] % 3 else "") for x in rows])
db.executemany('INSERT INTO "order lines" VALUES(?,?)', [(x["id"], x["id"] % 4) for x in rows])
db.commit()
EOF

# clean FILE RECORDS: the draft of FILE loads and rejects nothing
clean() {
    rm -f "$scratch/d.json" "$scratch/d.db"
    "$MILLRACE" etl new "$1" --out "$scratch/d.json" 2>"$scratch/err" || { fail "$1: $(cat "$scratch/err")"; return; }
    "$MILLRACE" etl run "$scratch/d.json" --in "$(dirname "$1")" --db "$scratch/d.db" 2>"$scratch/err" || { fail "$1: run: $(cat "$scratch/err")"; return; }
    python3 - "$scratch/d.db" "$2" <<'EOF' || fail "$1: the warehouse"
import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
bad = db.execute("SELECT line, rule, \"column\", value FROM quarantine LIMIT 3").fetchall()
assert not bad, bad
names = [n for n, in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table' AND (name LIKE '%\\_by\\_%' ESCAPE '\\' OR name LIKE '%\\_total' ESCAPE '\\') AND name NOT LIKE 'millrace%'")]
assert names, "no aggregate"
counted = sum(db.execute(f'SELECT coalesce(sum(n), 0) FROM "{n}"').fetchone()[0] for n in names)
assert sys.argv[2] == "-" or counted == int(sys.argv[2]), f"{counted} records instead of {sys.argv[2]}"
assert counted > 0
EOF
}

# says PART: it stands in the definition that was drafted last
says() { grep -qF -- "$1" "$scratch/d.json" || fail "\"$1\" is not in: $(cat "$scratch/d.json")"; }

story "CSV: American, European, UTF-16, tabs without a header"
clean "$scratch/in/us.csv" 600; says '"currency": "USD"'; says '"format": "%-m/%-d/%Y %H:%M"'; says '"header": "Order No"'
clean "$scratch/in/eu.csv" 600; says '"encoding": "windows-1252"'; says '"decimal_point": ",", "thousands": "."'; says '"format": "%d.%m.%Y %H:%M:%S"'
clean "$scratch/in/wide.csv" 600; says '"encoding": "utf-16"'; says '"currency": "EUR"'; says '"type": "date"'
clean "$scratch/in/plain.tsv.gz" 600; says '"header": false, "fields": 5'; says '"delimiter": "\t"'
story "NDJSON, JSON, XML, SQLite"
clean "$scratch/in/events.ndjson" 600; says '"path": "who.name"'; says '"format": "%Y-%m-%dT%H:%M:%S.%f%z"'
clean "$scratch/in/stock.json.gz" 600; says '"records": "$.stock.items"'
clean "$scratch/in/shop.xml" 600; says '"record": "shop/orders/order"'; says '"path": "price/@currency"'
clean "$scratch/in/shop.db" 1200; says '"table": "order lines"'; says '"type": "date", "format": "%Y-%m-%d", "null": [""]'; says '"name": "weight", "type": "decimal", "scale": 1'
story "access logs, and a log with blanks"
clean "$scratch/in/common.log" 600; says '"layout": "common"'
clean "$scratch/in/combined.log.gz" 600; says '"layout": "combined"'
clean "$scratch/in/vhost.log" 600; says '"layout": "vhost_combined"'
clean "$scratch/in/own.log" 600; says '"delimiter": " "'; says '"scale": 3'

data=${SHARED:-../shared}/data
if [ -e "$data" ]; then
    story "real data: a shop's days and the logs of four servers"
    { tar -xJf "$data/online_retail.tar.xz" -C "$scratch" online_retail/by-day/2010-12-01.csv online_retail/by-day/2011-11-28.csv &&
        tar -xJf "$data/web_logs.tar.xz" -C "$scratch"; } || die "the real data"
    for sample in "$scratch"/online_retail/by-day/*.csv "$scratch"/web_logs/apache_combined/*-20241007 "$scratch"/web_logs/apache_vhost/*.log \
        "$scratch"/web_logs/nginx_default/meatlabel.app.access.log-20251219 "$scratch"/web_logs/apache_csv2mysql/farmwork.access.log-20241210; do
        clean "$sample" -
    done
fi

story "a definition that is there stays; what gives no draft is said"
"$MILLRACE" etl new "$scratch/in/us.csv" --out "$scratch/d.json" 2>"$scratch/err" && fail "written over a definition"
grep -q "d.json: cannot be written: File exists" "$scratch/err" || fail "$(cat "$scratch/err")"
: >"$scratch/in/empty.csv"
"$MILLRACE" etl new "$scratch/in/empty.csv" 2>"$scratch/err" >"$scratch/out" && fail "a draft of nothing"
grep -q "empty.csv: is empty: there is nothing to go by" "$scratch/err" || fail "$(cat "$scratch/err")"
[ ! -s "$scratch/out" ] || fail "wrote something"
"$MILLRACE" etl new "$scratch/in/none.csv" 2>"$scratch/err" && fail "a file that is not there"
grep -q "none.csv" "$scratch/err" || fail "$(cat "$scratch/err")"
done_testing
