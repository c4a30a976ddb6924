#!/usr/bin/env bash
# Carts and orders of the generated shop as streams of events: the views of all carts and orders are what Python makes of the
# messages by itself; appended again nothing is there twice.
. tests/e2e/lib.sh
"$MILLRACE" generate ecommerce --out "$scratch/in" --scale 0.01 --seed 5 >/dev/null 2>&1 || die "generate"
broker_start
es() { "$MILLRACE" es "$1" --topic shop --bootstrap "$bootstrap" "${@:2}" 2>>"$scratch/es.err"; }

es append --shop "$scratch/in" --partitions 3 || fail "append: $(tail -2 "$scratch/es.err")"
grep -q ':1296: left out: "cart" is no text$' "$scratch/es.err" || fail "what is left out is not said"
for fold in cart order; do es project --db "$scratch/$fold.db" --fold $fold >/dev/null || fail "project $fold"; done
cat >"$scratch/own.py" <<'PYTHON'
"""own.py DIR CART_DB ORDER_DB: folds the messages itself and compares."""
import datetime, glob, json, sqlite3, sys
from collections import defaultdict
names = ["item_added_to_cart", "item_removed_from_cart", "order_placed", "payment_captured", "payment_failed", "payment_refunded",
         "order_cancelled", "parcel_shipped", "parcel_delivered"]
messages, seen = [], set()
for name in names:
    for path in sorted(glob.glob(f"{sys.argv[1]}/{name}-*.ndjson")):
        for line in open(path, "rb"):
            try:
                m = json.loads(line.decode(), parse_float=str)
                datetime.datetime.strptime(m["at"], "%Y-%m-%dT%H:%M:%SZ")
            except ValueError: continue
            money = str(m.get({"item_added_to_cart": "price", "order_placed": "total"}.get(name, "amount"), "0"))
            if not m.get("cart" if "cart" in name else "order") or not money.replace(".", "").isdigit(): continue
            m["cents"] = round(float(money) * 100)
            messages.append(m)
messages.sort(key=lambda m: m["at"])
carts, orders = defaultdict(dict), defaultdict(lambda: ["new", 0, 0])
quantity = lambda m: isinstance(m["quantity"], int) and m["quantity"] > 0
done = set()
for m in messages:
    if m["id"] in seen: continue
    seen.add(m["id"])
    event = m["event"]
    if "cart" in event:
        cart = carts["cart-" + m["cart"]]
        there = cart.get(m["product"], (0, 0))
        if not quantity(m): continue
        if event == "item_added_to_cart": cart[m["product"]] = (there[0] + m["quantity"], m["cents"])
        else:
            cart[m["product"]] = (max(0, there[0] - m["quantity"]), there[1])
            if cart[m["product"]][0] == 0: del cart[m["product"]]
        continue
    if event == "order_placed" and m.get("cart"): done.add("cart-" + m["cart"]); carts["cart-" + m["cart"]]
    order = orders["order-" + m["order"]]
    if event == "order_placed": order[0], order[1] = "placed", m["cents"]
    if event in ("payment_captured", "payment_refunded"):
        order[2] += m["cents"] if event == "payment_captured" else -m["cents"]
        if order[0] in ("placed", "paid"): order[0] = "paid" if order[2] >= order[1] else "placed"
    for name, status in (("order_cancelled", "cancelled"), ("parcel_shipped", "shipped"), ("parcel_delivered", "delivered")):
        if event == name: order[0] = status
found = {row[0]: row[1:] for row in sqlite3.connect(sys.argv[2]).execute("SELECT stream, status, total_cents FROM cart")}
own = {k: ("checked_out" if k in done else "open", sum(q * p for q, p in c.values())) for k, c in carts.items()}
assert found == own, [(k, found.get(k), own.get(k)) for k in {*found, *own} if found.get(k) != own.get(k)][:5]
found = {row[0]: list(row[1:]) for row in sqlite3.connect(sys.argv[3]).execute('SELECT stream, status, total_cents, paid_cents FROM "order"')}
assert found == dict(orders), [(k, found.get(k), orders.get(k)) for k in {*found, *orders} if found.get(k) != orders.get(k)][:5]
print(f"{len(own)} carts and {len(orders)} orders of {len(seen)} messages")
PYTHON
/usr/bin/python3 "$scratch/own.py" "$scratch/in" "$scratch/cart.db" "$scratch/order.db" >"$scratch/own" || fail "the views are other than the messages"
story "views of $(cat "$scratch/own")"
before=$(es list --format json | sort)
es append --shop "$scratch/in" || fail "append again"
[ "$before" = "$(es list --format json | sort)" ] || fail "appended again, the streams have more events"
story "appended again nothing is there twice"
es append --shop "$scratch" && fail "a folder without messages"
grep -q 'has no messages of a shop' "$scratch/es.err" || fail "a folder without messages: $(tail -1 "$scratch/es.err")"
broker_stop
done_testing
