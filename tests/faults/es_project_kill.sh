#!/usr/bin/env bash
# A view that is killed again and again while it catches up, and the broker once: in the end the same tables as one that was made
# in one go, and the states that `es fold` gives.
. tests/e2e/lib.sh
broker_start
python3 - >"$scratch/lines" <<'PYTHON' || die "no input"
import json, random
random.seed(3)
for i in range(12000):
    cart, kind = random.randrange(40), random.choice(["ItemAdded", "ItemAdded", "ItemRemoved", "QuantityChanged"])
    data = {"product": random.choice("abcdef"), "quantity": random.randrange(1, 5), "price_cents": random.randrange(500)}
    print(json.dumps({"stream": f"cart-{cart}", "type": kind, "data": data, "id": f"e-{i}"}))
PYTHON
"$MILLRACE" es append --from "$scratch/lines" --alone --partitions 3 --bootstrap "$bootstrap" 2>"$scratch/append.err" ||
    die "append: $(tail -2 "$scratch/append.err")"
grep -q '^12000 accepted, 0 refused$' "$scratch/append.err" || fail "append: $(tail -1 "$scratch/append.err")"

project() { "$MILLRACE" es project --db "$1" --fold cart --bootstrap "$bootstrap" "${@:2}" 2>>"$scratch/project.err"; }
kills=0
for _ in 1 2 3 4 5 6; do
    "$MILLRACE" es project --db "$scratch/killed.db" --fold cart --bootstrap "$bootstrap" --follow >/dev/null 2>>"$scratch/project.err" &
    victim=$!
    sleep "0.$((RANDOM % 2))$((RANDOM % 9 + 1))"
    kill -KILL $victim && kills=$((kills + 1))
    wait $victim 2>/dev/null
    [ $kills -ne 3 ] || { broker_kill; broker_restart; }
done
project "$scratch/killed.db" >/dev/null || fail "the last run: $(tail -2 "$scratch/project.err")"
project "$scratch/whole.db" >"$scratch/whole.out" || fail "in one go: $(tail -2 "$scratch/project.err")"
grep -q '^12000 records read, 12000 events of cart; 40 streams' "$scratch/whole.out" || fail "in one go: $(cat "$scratch/whole.out")"
"$MILLRACE" warehouse compare "$scratch/killed.db" "$scratch/whole.db" >"$scratch/difference" || fail "views differ: $(head -5 "$scratch/difference")"
before=$("$MILLRACE" warehouse digest "$scratch/killed.db")
project "$scratch/killed.db" --rebuild >/dev/null || fail "rebuild"
[ "$before" = "$("$MILLRACE" warehouse digest "$scratch/killed.db")" ] || fail "made anew it is another view"
[ "$(project "$scratch/killed.db")" = "0 records read, 0 events of cart; 40 streams in the view" ] || fail "read again"
for cart in 3 17; do
    state=$("$MILLRACE" es fold cart-$cart --bootstrap "$bootstrap" 2>/dev/null)
    row=$(sqlite3 "$scratch/whole.db" "SELECT json_object('total', total_cents, 'n', (SELECT count(*) FROM cart_items i WHERE i.stream = c.stream)) FROM cart c WHERE stream = 'cart-$cart'")
    [ "$(python3 -c 'import json, sys; s = json.loads(sys.argv[1]); print(json.dumps({"total": s["total_cents"], "n": len(s["items"])}, separators=(",", ":")))' "$state")" = "$row" ] ||
        fail "cart-$cart: $row, folded $state"
done
story "$kills views killed, one broker; the same tables"
project "$scratch/whole.db" --fold order >/dev/null && fail "another fold into the same view"
grep -q 'filled from another fold than order' "$scratch/project.err" || fail "another fold: $(tail -1 "$scratch/project.err")"
"$MILLRACE" topic delete events --bootstrap "$bootstrap" >/dev/null 2>&1 || fail "delete"
"$MILLRACE" es append cart-1 CheckedOut --partitions 3 --bootstrap "$bootstrap" >/dev/null 2>&1 || fail "append to the new topic"
project "$scratch/whole.db" >/dev/null && fail "a topic that was made again"
grep -Eq 'is not the one that this view was made of|not the one that was read before' "$scratch/project.err" || fail "made again: $(tail -1 "$scratch/project.err")"
broker_stop
done_testing
