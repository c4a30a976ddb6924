#!/usr/bin/env bash
# shop.sh - a generated shop is what its truth says, by another program; the same arguments give the same shop.
cd "$(dirname "$0")/../.." || exit 2
. tests/e2e/lib.sh
generate() { "$MILLRACE" generate ecommerce --out "$@" >/dev/null 2>"$scratch/err" || die "generate: $(cat "$scratch/err")"; }
opinions() { # FOLDER: both truths
    python3 tests/truth/retail.py "$1" "$1/ground_truth" && python3 tests/truth/shop.py "$1" "$1/ground_truth/shop"
}

story "every figure of the truth, counted again"
generate "$scratch/shop" --scale 0.01 --seed 51
opinions "$scratch/shop" || fail "the truth is not what the files say"

story "the same through the pipelines: batch = stream = truth, for the order lines and for the whole shop"
definition=workloads/ecommerce/shop.json
"$MILLRACE" etl run workloads/ecommerce/online_retail.json --in "$scratch/shop" --db "$scratch/lines.db" 2>"$scratch/err" ||
    fail "order lines: $(cat "$scratch/err")"
"$MILLRACE" warehouse check "$scratch/lines.db" "$scratch/shop/ground_truth" >"$scratch/out" || fail "order lines: $(cat "$scratch/out")"
"$MILLRACE" etl run $definition --in "$scratch/shop" --db "$scratch/batch.db" 2>"$scratch/err" || die "batch: $(cat "$scratch/err")"
"$MILLRACE" warehouse check "$scratch/batch.db" "$scratch/shop/ground_truth/shop" >"$scratch/out" || fail "batch: $(cat "$scratch/out")"
grep -c ^equal "$scratch/out" | grep -qx 14 || fail "not every figure was compared: $(cat "$scratch/out")"
broker_start -o group.initial.rebalance.delay.ms=100
"$MILLRACE" stream publish $definition --in "$scratch/shop" --partitions 3 --shuffle 5 --bootstrap "$bootstrap" 2>"$scratch/err" ||
    die "publish: $(cat "$scratch/err")"
"$MILLRACE" stream run $definition --db "$scratch/stream.db" --workers 2 --bootstrap "$bootstrap" >/dev/null 2>"$scratch/err" ||
    die "stream: $(cat "$scratch/err")"
"$MILLRACE" warehouse compare "$scratch/batch.db" "$scratch/stream.db" || fail "batch = stream"
broker_stop

story "the same arguments, the same shop: bytes of texts, .dump of the database"
generate "$scratch/again" --scale 0.01 --seed 51
diff -r --exclude=shop.db "$scratch/shop" "$scratch/again" || fail "the files differ"
python3 - "$scratch/shop/shop.db" "$scratch/again/shop.db" <<'PYTHON' || fail "the databases differ"
import sqlite3, sys
one, two = (list(sqlite3.connect(path).iterdump()) for path in sys.argv[1:])
sys.exit(not one == two or len(one) < 9000)
PYTHON

story "rates: a kind that is switched off does not occur, one that is made frequent does, and the truth still holds"
generate "$scratch/other" --scale 0.01 --seed 51 --dirt repeat=0 --dirt message_orphan=0.3 --dirt many_cards=0.1
opinions "$scratch/other" || fail "the truth with other rates"
"$MILLRACE" etl run $definition --in "$scratch/other" --db "$scratch/batch.db" 2>"$scratch/err" || fail "batch: $(cat "$scratch/err")"
"$MILLRACE" warehouse check "$scratch/batch.db" "$scratch/other/ground_truth/shop" >"$scratch/out" || fail "other rates: $(cat "$scratch/out")"
python3 - "$scratch/other/ground_truth" <<'PYTHON' || fail "the rates"
import json, sys
lines = json.load(open(sys.argv[1] + "/summary.json"))
shop = json.load(open(sys.argv[1] + "/shop/summary.json"))
parcels = shop["feeds"]["parcel_shipped"]["accepted"]
print("duplicates:", lines["exact_duplicate_rows_dropped"], "orphans:", shop["orphans"]["parcel_shipped"], "of", parcels,
      "frauds:", shop["fraud_cases"], "of", shop["web_orders"])
sys.exit(not (lines["exact_duplicate_rows_dropped"] < 10 and 0.2 < shop["orphans"]["parcel_shipped"] / parcels < 0.4
              and 10 < shop["fraud_cases"] < 40))
PYTHON
"$MILLRACE" generate ecommerce --out "$scratch/none" --dirt snow=1 2>"$scratch/err" && fail "an unknown kind was taken"
grep -q 'no dirt of kind "snow"' "$scratch/err" || fail "no name of the kind in: $(cat "$scratch/err")"
[ ! -e "$scratch/none" ] || fail "a folder was made for nothing"

story "the second opinion notices one parcel, one price and one customer that are not as the truth has them"
sed -i '1d' "$scratch/again"/parcel_shipped-*.ndjson
opinions "$scratch/again" >/dev/null && fail "a lost parcel was not noticed"
cp -r "$scratch/shop" "$scratch/price" && sed -i '3s/\$/$1/' "$scratch/price/branch_us-2010-12-01.csv"
opinions "$scratch/price" >/dev/null && fail "a wrong price was not noticed"
python3 - "$scratch/shop/shop.db" <<'PYTHON'
import sqlite3, sys
database = sqlite3.connect(sys.argv[1])
database.execute("UPDATE customers SET country = 'Atlantis' WHERE customer_id = 12400")
database.commit()
PYTHON
opinions "$scratch/shop" >/dev/null && fail "a customer who moved was not noticed"
done_testing
