#!/usr/bin/env bash
# timeline: a run with a group of two, a lost answer and a killed broker, recorded by chaos: the picture and the list show
# what the log says.
. tests/e2e/lib.sh

story "a run: a producer, two members, a kill"
"$MILLRACE" chaos --listen 127.0.0.1:0 --log "$scratch/run.jsonl" --seed 7 --api Produce --cut-response 20% --at-record 200 \
    --down 200ms -- "$MILLRACE" broker -o listeners=PLAINTEXT://127.0.0.1:0 -o "log.dirs=$scratch/data" \
    -o group.initial.rebalance.delay.ms=0 >"$scratch/chaos.out" 2>"$scratch/chaos.log" &
chaos_pid=$!
trap '[ -z "$chaos_pid" ] || { kill "$chaos_pid"; wait "$chaos_pid"; } 2>/dev/null; finish' EXIT
for _ in $(seq 500); do
    address=$(sed -n '1s/^ready //p' "$scratch/chaos.out")
    [ -n "$address" ] && break
    sleep 0.02
done
[ -n "$address" ] || die "chaos was not ready: $(cat "$scratch/chaos.log")"
"$MILLRACE" topic create orders --partitions 2 --bootstrap "$address" >/dev/null || die "topic create"
timeout 60 /usr/bin/python3 - "$address" <<'PYTHON' || fail "the clients: $(tail -3 "$scratch/chaos.log")"
import sys, time
from confluent_kafka import Consumer, Producer
quick = {"bootstrap.servers": sys.argv[1], "log_level": 0, "reconnect.backoff.ms": 5, "reconnect.backoff.max.ms": 50}
def member(name):
    c = Consumer({**quick, "client.id": name, "group.id": "kitchen", "auto.offset.reset": "earliest", "heartbeat.interval.ms": 100})
    c.subscribe(["orders"])
    return c
def drive(until):
    deadline = time.monotonic() + 20
    while not until():
        assert time.monotonic() < deadline, "too slow"
        for m in members:
            message = m.poll(0.02)
            if message and not message.error(): seen.add(message.value())
members, seen = [member("anna")], set()
drive(lambda: len(members[0].assignment()) == 2)
members.append(member("bruno"))
drive(lambda: [len(m.assignment()) for m in members] == [1, 1])
p = Producer({**quick, "client.id": "shop", "enable.idempotence": True, "max.in.flight": 1, "batch.num.messages": 20,
              "retry.backoff.ms": 5})
for i in range(400): p.produce("orders", str(i), partition=i % 2)
assert p.flush(30) == 0
drive(lambda: len(seen) == 400)
for m in members: m.close()
PYTHON
kill -INT "$chaos_pid"
wait "$chaos_pid" || fail "chaos ended with status $?"
chaos_pid=

story "the picture: a lane for each client and broker, every request counted, what went wrong"
"$MILLRACE" timeline "$scratch/run.jsonl" --title "two in the kitchen <&>" --out "$scratch/run.svg" || fail "timeline"
python3 - "$scratch/run.svg" "$scratch/run.jsonl" <<'PYTHON' || fail "the picture is not the log"
import json, re, sys, xml.etree.ElementTree as tree
root = tree.parse(sys.argv[1]).getroot()
svg = "{http://www.w3.org/2000/svg}"
texts = [t.text for t in root.iter(svg + "text")]
lines = [json.loads(line) for line in open(sys.argv[2])]
kinds = {"Produce", "Fetch", "OffsetCommit", "JoinGroup", "SyncGroup", "Heartbeat", "LeaveGroup"}
drawn = [l for l in lines if l["type"] == "exchange" and l["api"] in kinds]
assert "two in the kitchen <&>" in texts
for name in ("anna", "bruno", "shop"): assert name in texts, (name, texts)
assert sum(t.startswith("broker ") for t in texts) == 1, texts
assert any(t.startswith(f"{len(drawn)} requests") for t in texts), (len(drawn), texts[-1])
assert {"kill", "ready", "lost", "sent again", "heartbeats"} <= set(texts), texts
assert any(re.match(r"down \d", t) for t in texts), texts
titles = [t.text for t in root.iter(svg + "title")]
assert any("orders 0-1" in t for t in titles) and any(re.search(r": orders [01]$", t) for t in titles), titles
# bars and bands together are all of them: a band's title says how many
bars = [r.find(svg + "title") for r in root.iter(svg + "rect")]
told = 0
for t in [b.text for b in bars if b is not None]:
    many = re.match(r"(\d+) (produce|fetch|commit|heartbeat|leave) requests", t)
    told += int(many[1]) if many else bool(re.match(r"(Produce|Fetch|OffsetCommit|Heartbeat|LeaveGroup) at", t))
assert told == sum(l["api"] not in ("JoinGroup", "SyncGroup") for l in drawn), told
# all of it is inside
width, height = (float(v) for v in root.get("viewBox").split()[2:])
for r in root.iter(svg + "rect"):
    x, y, w, h = (float(r.get(k, 0)) for k in ("x", "y", "width", "height"))
    assert 0 <= x and x + w <= width + 0.1 and 0 <= y and y + h <= height + 0.1, r.attrib
assert (width, height) == (1280, 720)
PYTHON

story "the list: a line for each request and event, by time; a part of it"
"$MILLRACE" timeline "$scratch/run.jsonl" --format text >"$scratch/list" || fail "--format text"
drawn=$(grep -cE '"type":"exchange".*"api":"(Produce|Fetch|OffsetCommit|JoinGroup|SyncGroup|Heartbeat|LeaveGroup)"' "$scratch/run.jsonl")
events=$(grep -c '"type":"event"' "$scratch/run.jsonl")
[ "$(wc -l <"$scratch/list")" -eq $((drawn + events)) ] || fail "$(wc -l <"$scratch/list") lines of $drawn requests and $events events"
sort -c -s -n -k1,1 "$scratch/list" || fail "not by time"
grep -q 'anna .* SyncGroup .*generation [0-9]*: orders' "$scratch/list" || fail "no assignment"
grep -q 'shop .* Produce .*cut in place of the answer' "$scratch/list" || fail "no lost answer"
grep -q 'SENT AGAIN' "$scratch/list" || fail "no second try"
"$MILLRACE" timeline "$scratch/run.jsonl" --format text --from 0.5 --to 1 >"$scratch/part" || fail "--from --to"
awk '$1 < 0.5 || $1 > 1 { bad = 1 } END { exit bad }' "$scratch/part" || fail "lines from outside"
"$MILLRACE" timeline "$scratch/run.jsonl" --lanes shop >"$scratch/shop.svg" || fail "--lanes"
grep -q '>shop<' "$scratch/shop.svg" && ! grep -q '>anna<' "$scratch/shop.svg" || fail "--lanes shop has others"

story "what a tap recorded is drawn as well, and what is no log is refused"
grep -v '"type":"\(fault\|event\)"' "$scratch/run.jsonl" >"$scratch/tap.jsonl"
"$MILLRACE" timeline "$scratch/tap.jsonl" --theme dark | grep -q '#16191d' || fail "--theme dark"
refused() { # WORDS OPTIONS...
    local words=$1
    shift
    "$MILLRACE" timeline "$@" >"$scratch/drawn" 2>"$scratch/why"
    [ $? -eq 2 ] && grep -qF -- "$words" "$scratch/why" || fail "timeline $*: $(cat "$scratch/why")"
}
head -c 3000 "$scratch/run.jsonl" | sed '$s/$/\n/' >"$scratch/half.jsonl"
refused "half.jsonl:$(wc -l <"$scratch/half.jsonl"): no JSON" "$scratch/half.jsonl"
refused "no/such: No such file" "$scratch/no/such"
refused "--from: \"x\" is no number of seconds" "$scratch/run.jsonl" --from x
refused "--theme: \"pink\"" "$scratch/run.jsonl" --theme pink
refused "no request of a client is left" "$scratch/run.jsonl" --lanes nobody
refused "--to is before --from" "$scratch/run.jsonl" --from 2 --to 1

story "a request is lost, the next one is not, the first comes again: nothing is missing, and the picture says that they are swapped"
"$MILLRACE" chaos --listen 127.0.0.1:0 --log "$scratch/swap.jsonl" --seed 17 --api Produce --drop-request 40% \
    -- "$MILLRACE" broker -o listeners=PLAINTEXT://127.0.0.1:0 -o "log.dirs=$scratch/swap.data" >"$scratch/swap.out" 2>"$scratch/chaos.log" &
chaos_pid=$!
address=
for _ in $(seq 500); do
    address=$(sed -n '1s/^ready //p' "$scratch/swap.out")
    [ -n "$address" ] && break
    sleep 0.02
done
[ -n "$address" ] || die "chaos was not ready: $(cat "$scratch/chaos.log")"
"$MILLRACE" topic create orders --bootstrap "$address" >/dev/null || die "topic create"
timeout 60 /usr/bin/python3 - "$address" <<'PYTHON' || fail "the clients: $(tail -3 "$scratch/chaos.log")"
import sys, time
from confluent_kafka import Consumer, Producer
quick = {"bootstrap.servers": sys.argv[1], "log_level": 0, "reconnect.backoff.ms": 5}
def shop(): return Producer({**quick, "client.id": "shop", "socket.timeout.ms": 1500, "retry.backoff.ms": 5})
first, second = shop(), shop()
first.produce("orders", "A", partition=0)
first.poll(0.5)
second.produce("orders", "B", partition=0)
assert second.flush(20) == 0 and first.flush(20) == 0
c = Consumer({**quick, "group.id": "g", "auto.offset.reset": "earliest"})
c.subscribe(["orders"])
got = []
while len(got) < 2: got += [m.value() for m in c.consume(2, 20) if not m.error()]
assert got == [b"B", b"A"], got
c.close()
PYTHON
kill -INT "$chaos_pid"
wait "$chaos_pid" || fail "chaos ended with status $?"
chaos_pid=
"$MILLRACE" timeline "$scratch/swap.jsonl" --format text >"$scratch/list" || fail "--format text"
[ "$(grep -c 'SENT AGAIN  SWAPPED' "$scratch/list")" -eq 1 ] || fail "$(cat "$scratch/list")"
"$MILLRACE" timeline "$scratch/swap.jsonl" --lanes shop | grep -q '>swapped: behind a later one in the log<' || fail "the picture does not say it"

story "lab.timeline draws the last lab.chaos, and what the lab did to its broker"
MILLRACE_LAB_PLACE=$scratch PYTHONPATH=notebooks PYTHONDONTWRITEBYTECODE=1 MILLRACE=$MILLRACE timeout 60 /usr/bin/python3 - >"$scratch/lab.out" <<'PYTHON' || fail "lab.timeline"
from confluent_kafka import Producer
from millrace_labs import chaos, lab
try: lab.timeline()
except chaos.ChaosError as error: assert "nothing was recorded" in str(error), error
else: raise AssertionError("a picture of nothing")
lab.start()
lab.topic("orders")
with lab.chaos() as bootstrap:
    p = Producer({"bootstrap.servers": bootstrap, "client.id": "shop", "log_level": 0, "reconnect.backoff.ms": 5, "reconnect.backoff.max.ms": 50})
    for i in range(6):
        p.produce("orders", str(i))
        assert p.flush(20) == 0
        if i == 2:
            lab.broker.kill()
            lab.broker.start()
lab.broker.stop() # after the run: not in its picture
lab.timeline(title="a broker is killed")
svg = lab.last_svg()
assert all(word in svg for word in (">a broker is killed<", ">shop<", ">kill<", ">ready<", ">down ")), svg
assert ">stop<" not in svg
lab.broker.start()
with lab.chaos(kill_at_record=5, power_cut=True, torn=True) as bootstrap:
    p = Producer({"bootstrap.servers": bootstrap, "client.id": "shop", "log_level": 0})
    for i in range(5):
        p.produce("orders", str(i))
        assert p.flush(20) == 0
assert lab.broker.running and bootstrap.summary["kills"] == 1, "killed with the last record, and brought back"
try:
    with lab.chaos(dropp=0.1): pass
except chaos.ChaosError as error: assert "no dropp=" in str(error), error
else: raise AssertionError("dropp")
PYTHON
done_testing
