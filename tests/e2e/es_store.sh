#!/usr/bin/env bash
# The event store by its command: versions and conflicts, retries, several events at once, compensation, rules, states as of
# then, snapshots, a history without one event; and the same through its Python class.
. tests/e2e/lib.sh
broker_start

es() { "$MILLRACE" es "$1" --bootstrap "$bootstrap" "${@:2}" 2>>"$scratch/es.err"; }
# says STATUS "OUTPUT" WORDS...: the command ends so and prints so
says() {
    local status=$1 expected=$2 out
    shift 2
    out=$(es "$@")
    local was=$?
    [ "$was" -eq "$status" ] || fail "es $*: status $was, not $status: $out $(tail -2 "$scratch/es.err")"
    [ "$out" = "$expected" ] || fail "es $*: '$out', not '$expected'"
}
item() { printf '{"product":"%s","quantity":%d,"price_cents":%d}' "$@"; }

# --- versions ---
says 0 "accepted at version 1 (event e-1)" append cart-17 ItemAdded "$(item a 6 255)" --expected none --id e-1 --partitions 3 --by anna
says 0 "accepted at version 2 (event e-2)" append cart-17 ItemAdded "$(item b 1 100)" --expected 1 --id e-2 --by anna
says 1 "conflict: expected 1, is 2 (event e-2 came first)" append cart-17 CheckedOut --expected 1 --id e-x --by bruno
says 1 "conflict: expected 1, is 2 (event e-2 came first)" append cart-17 CheckedOut --expected 1 --id e-x --by bruno
says 1 "conflict: expected 9, is 2" append cart-17 CheckedOut --expected 9
says 0 "accepted at version 2 (event e-2), by an earlier try" append cart-17 ItemAdded "$(item b 1 100)" --expected 1 --id e-2
says 0 "accepted at version 3 (event e-3)" append cart-17 ItemRemoved '{"product":"a","quantity":2}' --id e-3 --causation e-1
says 0 '{"status":"open","items":{"a":{"quantity":4,"price_cents":255},"b":{"quantity":1,"price_cents":100}},"total_cents":1120}' fold cart-17
says 0 '{"status":"open","items":{"a":{"quantity":6,"price_cents":255}},"total_cents":1530}' fold cart-17 --version 1
[ "$(es fold cart-17 --steps | grep -c -- '->')" = 3 ] || fail "steps: $(es fold cart-17 --steps)"
[ "$(es read cart-17 --refused --format json | grep -c '"refused":"conflict"')" = 1 ] || fail "one refused record, not more for its retry"
es history cart-17 >"$scratch/history"
grep -q '^--    .*refused: CheckedOut \[e-x\] by bruno: expected 1, was 2 (event e-2 came first)$' "$scratch/history" ||
    fail "history: $(cat "$scratch/history")"
story "versions, conflicts and retries are answered; the history says who was refused"

# --- rules, compensation, several at once ---
says 1 "refused: there are only 1 of b in the cart" append cart-17 ItemRemoved '{"product":"b","quantity":2}' --domain cart
says 1 "refused: there is no event e-77 in this stream to compensate" append cart-17 ItemRemoved '{"product":"b"}' --compensates e-77
says 0 "accepted at version 4 (event u-2)" compensate cart-17 e-2 --id u-2
says 1 "refused: event e-2 is compensated already, by event u-2 (version 4)" append cart-17 ItemRemoved '{"product":"b"}' --compensates e-2
cat >"$scratch/lines" <<'JSON'
{"stream":"account-1","expected":"none","events":[{"type":"AccountOpened","data":{"owner":"Anna"},"id":"o"},{"type":"MoneyDeposited","data":{"amount_cents":5000},"id":"d-1"}]}
{"stream":"account-1","type":"MoneyWithdrawn","data":{"amount_cents":3000},"id":"w-1","domain":"account"}
{"stream":"account-1","type":"MoneyDeposited","data":{"amount_cents":100},"id":"d-2","expected":2}
JSON
[ "$(es append --from "$scratch/lines")" = "accepted at version 2 (event d-1)
accepted at version 3 (event w-1)
conflict: expected 2, is 3 (event w-1 came first)" ] || fail "lines: $(tail -3 "$scratch/es.err")"
says 0 '{"status":"open","owner":"Anna","balance_cents":2000}' fold account-1
says 1 "refused: the balance is 2000 cents: no overdraft" append account-1 MoneyWithdrawn '{"amount_cents":2001}' --domain account
es replay account-1 --without d-1 >"$scratch/without" || fail "replay --without"
grep -q 'without d-1, version 3 MoneyWithdrawn \[w-1\] would have been refused: the balance is 0 cents: no overdraft' "$scratch/without" &&
    grep -q '  balance_cents: 2000 -> 0' "$scratch/without" || fail "without: $(cat "$scratch/without")"
story "rules are kept, an event is taken back once, a history without one event shows what it made"

# --- a fold of one's own ---
cat >"$scratch/stock.json" <<'JSON'
{"fold": "stock", "version": 1, "state": {"pieces": 0, "last": ""}, "on": {
 "StockReceived": {"data": {"pieces": "integer"}, "set": {"pieces": "pieces + data_pieces"}},
 "PieceSold": {"data": {"customer": "text"}, "refuse": {"no piece is left": "pieces < 1"}, "set": {"pieces": "pieces - 1", "last": "data_customer"}}}}
JSON
stock=(--topic stock --domain "$scratch/stock.json")
says 0 "accepted at version 1 (event r)" append stock-mug StockReceived '{"pieces":1}' --id r "${stock[@]}"
says 0 "accepted at version 2 (event s)" append stock-mug PieceSold '{"customer":"Anna"}' --id s "${stock[@]}"
says 1 "refused: no piece is left" append stock-mug PieceSold '{"customer":"Bea"}' "${stock[@]}"
says 0 '{"pieces":0,"last":"Anna"}' fold stock-mug --topic stock --fold "$scratch/stock.json"
[ "$(es replay stock-mug --topic stock --fold "$scratch/stock.json" --without r | grep -c 'would have been refused: no piece is left')" = 1 ] || fail "without r"
es project --db "$scratch/stock.db" --topic stock --fold "$scratch/stock.json" >/dev/null || fail "a view of stock"
[ "$(sqlite3 "$scratch/stock.db" "SELECT * FROM stock")" = "stock-mug|2|0|Anna" ] || fail "the view of stock"
story "a fold of one's own, from a file, with its rules"

# --- snapshots and instants ---
says 0 '{"status":"open","items":{"a":{"quantity":4,"price_cents":255}},"total_cents":1020}' snapshot cart-17
es append cart-17 CheckedOut --id e-5 >/dev/null
[ "$(es fold cart-17 --format json)" = '{"stream":"cart-17","fold":"cart","version":5,"state":{"status":"checked_out","items":{"a":{"quantity":4,"price_cents":255}},"total_cents":1020},"read":1,"snapshot":4,"unknown":0}' ] ||
    fail "from a snapshot: $(es fold cart-17 --format json)"
[ "$(es fold cart-17)" = "$(es replay cart-17)" ] || fail "with and without snapshots"
[ "$(es fold cart-17 --version 3 --format json | sed 's/.*"read"/"read"/')" = '"read":3,"snapshot":0,"unknown":0}' ] || fail "a snapshot above the version"
es append order-1 OrderPlaced '{"total_cents":10}' >/dev/null
sleep 0.05
between=$(date -u +%FT%T.%3NZ)
sleep 0.05
es append order-1 OrderPaid '{"amount_cents":10}' >/dev/null
says 0 '{"status":"placed","total_cents":10,"paid_cents":0}' fold order-1 --until "$between"
says 0 '{"status":"paid","total_cents":10,"paid_cents":10}' fold order-1

# --- what others write ---
printf 'cart-17:no event\n' | "$MILLRACE" produce events --bootstrap "$bootstrap" --key-separator : 2>/dev/null || fail produce
[ "$(es list | tail -1)" = "3 streams; 2 appends refused, 1 records malformed" ] || fail "list: $(es list)"
[ "$(es fold cart-17 --format json | sed 's/.*"version":\([0-9]*\).*/\1/')" = 5 ] || fail "a malformed record changed the stream"

# --- a log that was made again, a log without its beginning ---
es append account-9 AccountOpened '{"owner":"A"}' --topic other >/dev/null
es append account-9 MoneyDeposited '{"amount_cents":5}' --topic other >/dev/null
es snapshot account-9 --topic other >/dev/null
"$MILLRACE" topic delete other --bootstrap "$bootstrap" >/dev/null || fail "delete"
es append account-9 AccountOpened '{"owner":"B"}' --topic other >/dev/null
es append account-9 MoneyDeposited '{"amount_cents":7}' --topic other >/dev/null
says 0 '{"status":"open","owner":"B","balance_cents":7}' fold account-9 --topic other
es snapshot account-9 --topic other >/dev/null
es append account-9 MoneyDeposited '{"amount_cents":1}' --topic other >/dev/null
"$MILLRACE" topic delete-records other:0 --before 1 --bootstrap "$bootstrap" >/dev/null 2>&1 || fail "delete-records"
says 0 '{"status":"open","owner":"B","balance_cents":8}' fold account-9 --topic other
says 2 "" fold account-9 --topic other --no-snapshot
grep -q 'the log begins at offset 1: what stood before is gone' "$scratch/es.err" || fail "half a history: $(tail -1 "$scratch/es.err")"
/usr/bin/python3 - "$bootstrap" <<'PYTHON' || fail produce
import sys
from confluent_kafka import Producer
producer = Producer({"bootstrap.servers": sys.argv[1]})
producer.produce("gap", key="account-2", value='{"amount_cents":5}', headers=[("es-expected", "7"), ("es-id", "e-8"), ("es-type", "MoneyDeposited")])
producer.flush()
PYTHON
says 0 '{"status":"new","owner":"","balance_cents":0}' fold account-2 --topic gap
grep -q '1 records expect a later version than the stream has' "$scratch/es.err" || fail "a gap is not told: $(tail -1 "$scratch/es.err")"
story "a snapshot of another log is not used; half a history is not a state"

# --- wrong use ---
says 2 "" append cart-17 CheckedOut '{"a":'
says 2 "" fold cart-17 --fold basket
says 2 "" fold cart-17 --version 99
says 2 "" read cart-17 --until yesterday
says 2 "" fold nothing-1
says 2 "" list --topic missing
for words in 'DATA: {"a": is no JSON' 'there is no fold "basket"' 'stream cart-17 has no version 99' 'is no instant' 'which fold?' 'there is no topic missing'; do
    grep -qF "$words" "$scratch/es.err" || fail "nothing says: $words"
done

"$MILLRACE" es --help >"$scratch/help"
for verb in append read list fold snapshot replay history compensate project serve; do
    grep -q "millrace es $verb" "$scratch/help" || fail "the help lacks $verb"
done

# --- from Python ---
MILLRACE=$MILLRACE PYTHONPATH=notebooks /usr/bin/python3 - "$bootstrap" <<'PYTHON' || fail "the Python class"
import sys
from millrace_labs.eventstore import Conflict, EventStore, EventStoreError, Refused
def add(state, event): return state + event.data["quantity"]
def raised(kind, words, function, *arguments, **named):
    try:
        function(*arguments, **named)
    except kind as error:
        assert words in str(error), error
        return error
    raise AssertionError(f"{kind} was not raised")
with EventStore(sys.argv[1], "py.events") as store:
    item = {"product": "a", "quantity": 6, "price_cents": 255}
    assert store.append("cart-1", "ItemAdded", item, expected=0, id="e-1") == 1
    assert store.append("cart-1", "ItemAdded", item, expected=0, id="e-1") == 1
    conflict = raised(Conflict, "event e-1 came first", store.append, "cart-1", "CheckedOut", {}, expected="none")
    assert (conflict.expected, conflict.version, conflict.first) == (0, 1, "e-1")
    assert store.append_all("cart-1", [("ItemAdded", item)] * 2, ids=["e-2", "e-3"], by="Zoë") == 3
    assert [(e.version, e.id, e.by) for e in store.read("cart-1")] == [(1, "e-1", None), (2, "e-2", "Zoë"), (3, "e-3", "Zoë")]
    assert [e.was for e in store.read("cart-1", refused=True) if e.refused] == [1]
    assert store.fold("cart-1", "cart")["total_cents"] == 18 * 255
    assert store.fold("cart-1", add, start=0) == 18 and store.fold("cart-1", add, start=0, version=2) == 12
    assert store.snapshot("cart-1", add, start=0, name="sum", version=2) == 2
    assert store.fold("cart-1", lambda s, e: s + [e.version], start=[], snapshot=("other", 1)) == [1, 2, 3]
    seen = []
    assert store.fold("cart-1", lambda s, e: seen.append(e.version) or add(s, e), start=0, snapshot=("sum", 1)) == 18 and seen == [3]
    assert store.fold("cart-1", add, start=0, snapshot=("sum", 2)) == 18
    assert store.replay("cart-1", "cart", without="e-2").difference[0] == {"path": "items.a.quantity", "with": 18, "without": 12}
    raised(Refused, "the cart is empty", store.append, "cart-2", "CheckedOut", {}, domain="cart")
    raised(EventStoreError, '"data"', store._ask, "append", stream="cart-1", type="X")
    raised(EventStoreError, "stream cart-9", store.history, "cart-9")
    assert store.streams() == {"cart-1": 3} and store.version("cart-1") == 3 and store.version("cart-2") == 0
    assert store.history("cart-1").count("\n") == 3
raised(EventStoreError, "closed", store.streams)
PYTHON
story "the Python class reads, writes and folds"
broker_stop
done_testing
