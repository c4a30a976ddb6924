#!/usr/bin/env bash
# The event store where the log is not what a writer thinks: its beginning deleted, the topic made again under a process
# that stays, records of others in the wrong partition or with many headers. Nothing that is accepted may be missing.
. tests/e2e/lib.sh
broker_start
"$MILLRACE" topic create elsewhere --partitions 3 --bootstrap "$bootstrap" >/dev/null || fail "create"
export MILLRACE bootstrap
PYTHONPATH=notebooks timeout 100 /usr/bin/python3 - "$bootstrap" "$scratch" <<'PYTHON' || fail "see above"
import json, os, signal, subprocess, sys, threading, time
from confluent_kafka import Producer
from millrace_labs.eventstore import EventStore, EventStoreError, Refused
bootstrap, scratch = sys.argv[1:]
ITEM = {"product": "p", "quantity": 1, "price_cents": 1}
def run(*words):
    done = subprocess.run([os.environ["MILLRACE"], *words, "--bootstrap", bootstrap], capture_output=True, text=True)
    assert done.returncode == 0, (words, done)
    return done.stdout
def refused(kind, words, function, *arguments, **named):
    try:
        answer = function(*arguments, **named)
    except kind as error:
        assert words in str(error), error
        return
    raise AssertionError(f"{words}: was answered {answer}")

# A stream that could not be read is not read on from the middle when another stream of the partition is.
with EventStore(bootstrap, "cut") as old, EventStore(bootstrap, "cut") as new:
    for i in range(3):
        old.append("cart-b", "T", {}, id=f"b{i}")
    new.append("cart-a", "T", {}, id="a0")
    run("topic", "delete-records", "cut:0", "--before", "2")
    refused(EventStoreError, "what stood before is gone", new.append, "cart-b", "T", {}, id="x")
    assert old.append("cart-b", "T", {}, id="b3") == 4
    assert new.append("cart-a", "T", {}, id="a1") == 2
    # Who has read it all knows that a stream is new, and does not read it all again.
    assert old.append("cart-c", "T", {}, id="c0") == 1
    assert old.append("cart-b", "T", {}, id="b0") == 1  # again
    refused(EventStoreError, "what stood before is gone", new.append, "cart-b", "T", {}, id="x")
print("- the beginning was deleted: no version is made of half a stream")

# What a writer remembers of a topic that was made again does not count.
with EventStore(bootstrap, "again") as old:
    for i in range(2):
        old.append("cart-a", "T", {}, id=f"a{i}")
    run("topic", "delete", "again")
    with EventStore(bootstrap, "again") as new:
        for i in range(4):
            new.append("cart-b", "T", {}, id=f"b{i}")
    refused(EventStoreError, "is not the log that was read before", old.append, "cart-a", "T", {}, id="z")
    assert old.append("cart-a", "T", {}, id="z") == 1
    assert [e.id for e in old.read("cart-a")] == ["z"]
    run("topic", "delete", "again")
    with EventStore(bootstrap, "again") as new:
        new.append("cart-b", "T", {})
    refused(EventStoreError, "is not the one that was read before", old.append, "cart-a", "T", {}, id="y")
    assert old.append("cart-a", "T", {}, id="y") == 1
print("- the topic was made again under a writer: it says so, and begins anew")

# All readers skip the same records of others.
with EventStore(bootstrap, "elsewhere") as store:
    home = store.append("cart-a", "ItemAdded", ITEM, id="a1") and store.read("cart-a")[0].partition
    producer = Producer({"bootstrap.servers": bootstrap})
    def produce(key, id, version, partition=-1, before=0, after=()):
        headers = [(f"x{i}", b"1") for i in range(before)]
        headers += [("es-expected", str(version).encode()), ("es-id", id.encode()), ("es-type", b"ItemAdded"), *after]
        named = {} if partition < 0 else {"partition": partition}
        producer.produce("elsewhere", key=key, value=json.dumps(ITEM), headers=headers, **named)
        producer.flush()
    for other in {0, 1, 2} - {home}:
        produce("cart-a", f"w{other}", 1, other)
    produce("cart-a", "h2", 1, home, before=40)
    produce("cart-a", "d3", 2, home, before=40, after=[("es-id", b"another")])
    assert [e.id for e in store.read("cart-a")] == ["a1", "h2"], store.history("cart-a")
    assert store.streams() == {"cart-a": 2}, store.streams()
    assert store.append("cart-a", "ItemAdded", ITEM) == 3
    run("es", "project", "--topic", "elsewhere", "--fold", "cart", "--db", f"{scratch}/view.db")
    rows = subprocess.run(["sqlite3", f"{scratch}/view.db", "SELECT version, total_cents FROM cart"], capture_output=True, text=True)
    assert rows.stdout == "3|3\n", rows
print("- a record in another partition than its stream's, and one of many headers: all readers agree")

with EventStore(bootstrap, "odd") as store:
    refused(EventStoreError, "of 18 digits at most", store.append, "cart-a", "T", {}, schema=10**18)
    long = "è" * 300
    for name in (long, "a" + long):
        refused(Refused, "there is no " + name[:100], store.append, "cart-a", "ItemRemoved", {"product": name, "quantity": 1}, domain="cart")
        refused(EventStoreError, "there is no op", store._ask, (name + long) * 4)
        refused(EventStoreError, "there is no op", store._ask, (name + long) * 4 + "a")
    # A cell that is interrupted leaves an answer behind, which is not that of the next question.
    answer, store._answer = store._answer, lambda: (_ for _ in ()).throw(KeyboardInterrupt)
    try:
        store.append("cart-i", "T", {})
    except KeyboardInterrupt:
        store._answer = answer
    assert store.streams() == {"cart-i": 1}
print("- what cannot be read back is not written; a sentence that is cut short is a sentence")
PYTHON

es() { "$MILLRACE" es "$1" --bootstrap "$bootstrap" "${@:2}" 2>>"$scratch/es.err"; }
# With --alone an append may build on one that is still under way, by its version or by what it takes back.
for i in 0 1 2 3; do echo '{"stream":"cart-x","type":"T","data":{},"id":"e'$i'","expected":'$i'}'; done >"$scratch/lines"
for i in 1 2; do echo '{"stream":"cart-x","type":"U","data":{},"id":"u'$i'","compensates":"e3"}'; done >>"$scratch/lines"
echo '{"stream":"cart-x","type":"T","data":{},"id":"e9","expected":1}' >>"$scratch/lines"
es append --topic alone --from "$scratch/lines" --alone >"$scratch/out" && fail "the second compensation was accepted"
[ "$(cat "$scratch/out")" = "refused: event e3 is compensated already, by event u1 (version 5)
conflict: expected 1, is 5 (event e1 came first)" ] || fail "alone: $(cat "$scratch/out")"
[ "$(es read cart-x --topic alone --format json | grep -o '"id":"[^"]*' | cut -d'"' -f4 | xargs)" = "e0 e1 e2 e3 u1" ] || fail "alone: $(es read cart-x --topic alone)"
story "alone, an append builds on one that is under way"

# A view takes no table that is somebody else's, least of all to make it anew.
sqlite3 "$scratch/shop.db" 'CREATE TABLE "CART"(a); INSERT INTO cart VALUES(1)'
for more in "" --rebuild; do
    es project --topic elsewhere --db "$scratch/shop.db" --fold cart ${more:+"$more"} && fail "a foreign table was taken ($more)"
done
[ "$(sqlite3 "$scratch/shop.db" 'SELECT a FROM cart')" = 1 ] || fail "the table of somebody else is gone"
grep -q 'shop.db: has a table "cart" already, which is not of a view' "$scratch/es.err" || fail "rebuild: $(tail -1 "$scratch/es.err")"
echo '{"fold": "millrace_view", "state": {"n": 0}, "on": {}}' >"$scratch/bad.json"
es fold cart-a --topic elsewhere --fold "$scratch/bad.json" && fail "a fold of that name"
grep -q 'must not begin with millrace_' "$scratch/es.err" || fail "name: $(tail -1 "$scratch/es.err")"
story "a table of somebody else is left alone"

# A view that follows a topic notices that it was made again meanwhile.
es append cart-1 T --topic followed --id a >/dev/null
"$MILLRACE" es project --topic followed --db "$scratch/followed.db" --fold cart --follow --bootstrap "$bootstrap" >/dev/null 2>"$scratch/followed.err" &
follower=$!
for _ in $(seq 100); do
    [ "$(sqlite3 "$scratch/followed.db" "SELECT max(next) FROM millrace_stream_offsets" 2>/dev/null)" = 1 ] && break
    sleep 0.05
done
kill -STOP "$follower"
"$MILLRACE" topic delete followed --bootstrap "$bootstrap" >/dev/null || fail "delete"
for i in 1 2 3; do es append cart-2 T --topic followed --id "n$i" >/dev/null; done
kill -CONT "$follower"
for _ in $(seq 200); do kill -0 "$follower" 2>/dev/null || break; sleep 0.05; done
kill -KILL "$follower" 2>/dev/null && fail "the view followed another log"
wait "$follower"
grep -q 'is not the one that this view was made of' "$scratch/followed.err" || fail "followed: $(tail -2 "$scratch/followed.err")"
story "a view that follows does not mix two logs"

# A view needs of the log what it has not read yet, and nothing else.
view() { es project --topic kept --db "$scratch/kept.db" --fold count "$@"; }
position() { sqlite3 "$scratch/kept.db" "SELECT max(next) || ' ' || (SELECT max(version) FROM millrace_view) FROM millrace_stream_offsets"; }
for i in 1 2 3; do es append count-1 T --topic kept --id "k$i" >/dev/null; done
view >/dev/null || fail "view: $(tail -1 "$scratch/es.err")"
"$MILLRACE" topic delete-records kept:0 --before 3 --bootstrap "$bootstrap" >/dev/null || fail "delete-records"
view >/dev/null || fail "a view at the end of a log that is empty: $(tail -1 "$scratch/es.err")"
produce() { # record number $1, of somebody who read the beginning before it went
    /usr/bin/python3 -c "import sys; from confluent_kafka import Producer; p = Producer({'bootstrap.servers': sys.argv[1]})
p.produce('kept', key='count-1', value='{}', headers=[('es-expected', sys.argv[2]), ('es-id', 'k' + sys.argv[2]), ('es-type', 'T')]); p.flush()" "$bootstrap" "$1"
}
for i in 3 4; do produce $i; done
[ "$(view)" = "2 records read, 2 events of count; 1 streams in the view" ] || fail "a view at the log's beginning: $(tail -1 "$scratch/es.err")"
[ "$(position)" = "5 5" ] || fail "position: $(position)"
for i in 5 6; do produce $i; done
"$MILLRACE" topic delete-records kept:0 --before 6 --bootstrap "$bootstrap" >/dev/null || fail "delete-records"
before=$(sqlite3 "$scratch/kept.db" .dump)
view >/dev/null && fail "a view with a gap went on"
grep -q 'kept.db: topic kept, partition 0: the view has read to offset 5, and the log begins at offset 6: 1 records were deleted before the view saw them' "$scratch/es.err" ||
    fail "gap: $(tail -1 "$scratch/es.err")"
view --rebuild >/dev/null && fail "a view was made of half a log"
grep -q 'partition 0: the log begins at offset 6, so no view can be made of it from nothing' "$scratch/es.err" || fail "rebuild: $(tail -1 "$scratch/es.err")"
[ "$before" = "$(sqlite3 "$scratch/kept.db" .dump)" ] || fail "a refused view is another one than before"
es project --topic kept --db "$scratch/never.db" --fold count >/dev/null && fail "a new view of half a log"
grep -q 'never.db: topic kept, partition 0: the view has read to offset 0, and the log begins at offset 6' "$scratch/es.err" || fail "new: $(tail -1 "$scratch/es.err")"
story "a view goes on where the log begins, and is refused behind a gap"

# Partitions are added to a store: its streams stay where they are, for whoever opens it now and for who has it open.
grown() { "$MILLRACE" topic alter "$1" --partitions "$2" --bootstrap "$bootstrap" >/dev/null || fail "alter"; }
for round in 1 2; do
    for i in $(seq 20); do echo '{"stream":"cart-'"$i"'","type":"ItemAdded","data":{"product":"p","quantity":1,"price_cents":'"$i"'},"id":"g'"$round"'"}'; done
done >"$scratch/grown"
es append --topic grown --from "$scratch/grown" --alone --partitions 2 || fail "grown: $(tail -1 "$scratch/es.err")"
es project --topic grown --db "$scratch/grown.db" --fold cart >/dev/null || fail "grown: $(tail -1 "$scratch/es.err")"
mkfifo "$scratch/ask"
"$MILLRACE" es serve --topic grown --bootstrap "$bootstrap" <"$scratch/ask" >"$scratch/answers" 2>>"$scratch/es.err" &
exec 7>"$scratch/ask"
ask() {
    local n=$(($(wc -l <"$scratch/answers") + 1))
    echo "$1" >&7
    for _ in $(seq 200); do [ "$(wc -l <"$scratch/answers")" -ge $n ] && break; sleep 0.05; done
    tail -1 "$scratch/answers"
}
for _ in $(seq 200); do [ -s "$scratch/answers" ] && break; sleep 0.05; done
ask '{"op":"append","stream":"cart-7","type":"T","data":{},"id":"s1","expected":2}' | grep -q '"version":3' || fail "serve: $(tail -1 "$scratch/answers")"
grown grown 5
ask '{"op":"append","stream":"cart-7","type":"T","data":{},"id":"s2","expected":3}' | grep -q '"version":4' || fail "serve, grown: $(tail -1 "$scratch/answers")"
exec 7>&-
sed -i 's/g[12]"}/h"}/' "$scratch/grown"
es append --topic grown --from "$scratch/grown" --alone --partitions 5 >/dev/null || fail "grown: $(tail -1 "$scratch/es.err")"
[ "$(es append cart-8 T --topic grown --id i --expected 3)" = "accepted at version 4 (event i)" ] || fail "grown: $(tail -1 "$scratch/es.err")"
es list --topic grown --format json >"$scratch/list" || fail "list"
[ "$(grep -oE '"version":[0-9]+' "$scratch/list" | sort | uniq -c | xargs)" = '18 version:3 1 version:4 1 version:5' ] || fail "grown: $(cat "$scratch/list")"
grep -qE '"partition":[2-9]' "$scratch/list" && fail "a stream has moved"
es snapshot cart-7 --topic grown >/dev/null || fail "snapshot: $(tail -1 "$scratch/es.err")"
[ "$(es fold cart-7 --topic grown | grep -o '"quantity":3')" ] || fail "fold: $(es fold cart-7 --topic grown)"
es project --topic grown --db "$scratch/grown.db" --fold cart >"$scratch/out" || fail "view: $(tail -1 "$scratch/es.err")"
es project --topic grown --db "$scratch/anew.db" --fold cart >/dev/null || fail "view: $(tail -1 "$scratch/es.err")"
"$MILLRACE" warehouse compare "$scratch/grown.db" "$scratch/anew.db" >"$scratch/difference" || fail "views differ: $(head -5 "$scratch/difference")"
[ "$(sqlite3 "$scratch/grown.db" 'SELECT count(*), sum(version) FROM cart')" = "20|63" ] || fail "view: $(sqlite3 "$scratch/grown.db" 'SELECT count(*), sum(version) FROM cart')"
story "partitions were added: streams stay where they are"

# Records of others say nothing of it; then it must be seen that something is wrong.
"$MILLRACE" topic create silent --partitions 2 --bootstrap "$bootstrap" >/dev/null || fail "create"
/usr/bin/python3 - "$bootstrap" <<'PYTHON' || fail produce
import sys
from confluent_kafka import Producer
producer = Producer({"bootstrap.servers": sys.argv[1]})
for i in range(20):
    producer.produce("silent", key=f"cart-{i}", value="{}", headers=[("es-expected", "0"), ("es-id", f"e-{i}"), ("es-type", "T")])
producer.flush()
PYTHON
[ "$(es list --topic silent --format json | wc -l)" -ge 20 ] || fail "silent: $(tail -1 "$scratch/es.err")"
grown silent 6
es list --topic silent && fail "a store whose count is not known was read"
es append cart-1 T --topic silent && fail "a store whose count is not known was written to"
grep -qE 'topic silent has 6 partitions, and its records do not lie as with so many, but as with 2 \(partition [0-9], offset [0-9]+: stream cart-[0-9]+ belongs into [0-9]\).*\(--partitions N\)' "$scratch/es.err" ||
    fail "silent: $(tail -1 "$scratch/es.err")"
[ "$(es append cart-1 T --topic silent --partitions 2 --id x)" = "accepted at version 2 (event x)" ] || fail "told: $(tail -1 "$scratch/es.err")"
story "where no record says how many partitions there were, somebody has to"

"$MILLRACE" topic create newest -c cleanup.policy=compact --bootstrap "$bootstrap" >/dev/null || fail "create"
es append cart-1 T --topic newest && fail "an append to a compacted topic was accepted"
grep -q 'topic newest has cleanup.policy=compact' "$scratch/es.err" || fail "compaction: $(tail -1 "$scratch/es.err")"
story "a compacted topic is no log of events"
broker_stop
done_testing
