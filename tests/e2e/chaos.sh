#!/usr/bin/env bash
# chaos: real clients through `millrace chaos`: each fault does to them what it is for, and the log says what was done.
. tests/e2e/lib.sh

chaos_pid=
chaos_address=
# chaos_start NAME OPTIONS...: its output in $scratch/NAME.out, its log in NAME.jsonl
chaos_start() {
    local name=$1
    shift
    "$MILLRACE" chaos --listen 127.0.0.1:0 --log "$scratch/$name.jsonl" "$@" >"$scratch/$name.out" 2>"$scratch/$name.log" &
    chaos_pid=$!
    chaos_address=
    for _ in $(seq 500); do
        chaos_address=$(sed -n '1s/^ready //p' "$scratch/$name.out")
        [ -n "$chaos_address" ] && return
        kill -0 "$chaos_pid" 2>/dev/null || break
        sleep 0.02
    done
    die "chaos was not ready: $(cat "$scratch/$name.log")"
}
chaos_stop() { # [STATUS]
    kill -INT "$chaos_pid" 2>/dev/null
    wait "$chaos_pid"
    local status=$?
    [ "$status" -eq "${1:-0}" ] || fail "chaos ended with status $status"
    chaos_pid=
}
trap '[ -z "$chaos_pid" ] || { kill "$chaos_pid"; wait "$chaos_pid"; } 2>/dev/null; finish' EXIT
# of NAME: the value of an expression over `s`, the summary, `f`, the faults, `e`, the events by name, and `x`, the exchanges
ask() { python3 -c '
import json, sys
lines = [json.loads(line) for line in open(sys.argv[1])]
x = [line for line in lines if line["type"] == "exchange"]
f = [line for line in lines if line["type"] == "fault"]
e = {line["what"]: line for line in lines if line["type"] == "event"}
s = lines[-1]
print(eval(sys.argv[2]))' "$scratch/$1.jsonl" "$2"; }
expect() { # NAME EXPRESSION VALUE
    local got
    got=$(ask "$1" "$2")
    [ "$got" = "$3" ] || fail "$1: $2 is $got, not $3"
}
# send TOPIC COUNT [KEY=VALUE...]: 1..COUNT, one request after the other, at most 50 records in each. (kcat would end when
# its only broker is away for a moment.)
cat >"$scratch/send.py" <<'PYTHON'
import sys
from confluent_kafka import Producer
bootstrap, topic, count, *settings = sys.argv[1:]
failed = []
producer = Producer({"bootstrap.servers": bootstrap, "client.id": topic, "max.in.flight": 1, "batch.num.messages": 50,
                     "linger.ms": 5, "retry.backoff.ms": 5, "reconnect.backoff.ms": 5, "reconnect.backoff.max.ms": 50,
                     "retries": 1000, "log_level": 0, **dict(setting.split("=", 1) for setting in settings)})
for i in range(int(count)):
    producer.produce(topic, str(i + 1), partition=0, on_delivery=lambda error, _: error and failed.append(error))
left = producer.flush(40)
if left or failed: sys.exit(f"{topic}: {left} are not delivered, {len(failed)} failed: {failed[:1]}")
PYTHON
send() {
    local topic=$1 count=$2
    shift 2
    /usr/bin/python3 "$scratch/send.py" "$chaos_address" "$topic" "$count" "$@" 2>"$scratch/send.log" || fail "$(tail -1 "$scratch/send.log")"
}
# found TOPIC: how many records there are, how many different ones
found() {
    timeout 20 kcat -b "$bootstrap" -C -t "$1" -e -q -X fetch.wait.max.ms=10 >"$scratch/found" || fail "kcat -C $1"
    echo "$(wc -l <"$scratch/found") $(sort -u "$scratch/found" | wc -l)"
}

broker_start

story "without faults everything passes, and the log has every exchange"
chaos_start calm --to "$bootstrap" --seed 7
send calm 1000
[ "$(found calm)" = "1000 1000" ] || fail "found $(found calm)"
kcat -b "$chaos_address" -L 2>>"$scratch/kcat.log" | grep -q "broker .* at $chaos_address" || fail "clients are told of the broker"
chaos_stop
expect calm "s['acknowledged'], len(f), s['plan']['seed']" "(1000, 0, 7)"
expect calm "sum(l['records'] for l in x if l['api'] == 'Produce')" 1000

story "a lost answer makes a producer write twice, by exactly the records that it had; an idempotent one does not"
chaos_start twice --to "$bootstrap" --seed 7 --api Produce --cut-response 20%
send twice 1000 enable.idempotence=false
chaos_stop
extra=$(ask twice "s['cut_response']['records']")
[ "$extra" -gt 0 ] || fail "no answer was lost"
[ "$(found twice)" = "$((1000 + extra)) 1000" ] || fail "found $(found twice), $extra were sent twice"
chaos_start once --to "$bootstrap" --seed 7 --api Produce --cut-response 20%
send once 1000 enable.idempotence=true
chaos_stop
[ "$(found once)" = "1000 1000" ] || fail "an idempotent producer: found $(found once)"
expect once "s['cut_response']['requests'] > 0" True

story "the same in silence: clients wait for their timeout"
chaos_start silent --to "$bootstrap" --seed 7 --api Produce --drop-response 20%
send silent 500 enable.idempotence=false socket.timeout.ms=200
chaos_stop
extra=$(ask silent "s['drop_response']['records']")
[ "$extra" -gt 0 ] || fail "no answer was lost"
[ "$(found silent)" = "$((500 + extra)) 500" ] || fail "found $(found silent), $extra were sent twice"

story "a request that does not arrive whole is written once, by its second try"
chaos_start half --to "$bootstrap" --seed 5 --api Produce --cut 20% --drop-request 5%
send half 1000 enable.idempotence=false socket.timeout.ms=200
chaos_stop
[ "$(found half)" = "1000 1000" ] || fail "found $(found half)"
expect half "s['cut']['requests'] > 0" True

story "one seed, the same lots, whatever the time: another seed, others"
lots() { # NAME SEED
    chaos_start "$1" --to "$bootstrap" --seed "$2" --api ApiVersions --delay 0..2ms
    python3 - "$chaos_address" <<'PYTHON' || fail "the raw client"
import socket, struct, sys
host, port = sys.argv[1].split(":")
for connection in range(2):
    c = socket.create_connection((host, int(port)))
    for i in range(20):
        c.sendall(struct.pack(">ihhih", 10, 18, 0, i, -1))
        size, id_ = struct.unpack(">ii", c.recv(8, socket.MSG_WAITALL))
        c.recv(size - 4, socket.MSG_WAITALL)
        assert id_ == i
PYTHON
    chaos_stop
    ask "$1" "[(l['connection'], l['request'], l['delay_ns']) for l in f]" >"$scratch/$1.lots"
}
lots a 7
lots b 7
lots c 8
cmp "$scratch/a.lots" "$scratch/b.lots" || fail "seed 7 drew other lots"
cmp -s "$scratch/a.lots" "$scratch/c.lots" && fail "seed 8 drew those of 7"
expect a "len(f), {l['connection'] for l in f}, {l['what'] for l in f}" "(40, {1, 2}, {'delay'})"
expect a "all(a['first_byte_ns'] >= l['delay_ns'] for a, l in zip(sorted(x, key=lambda a: a['request_time_ns']), f))" True

story "in a partition nothing passes, and what was sent arrives after it"
chaos_start split --to "$bootstrap" --seed 7 --partition 700ms@record:300
begin=$(date +%s%N)
send split 1000 enable.idempotence=false
[ $(($(date +%s%N) - begin)) -ge 700000000 ] || fail "it did not wait"
chaos_stop
[ "$(found split)" = "1000 1000" ] || fail "found $(found split)"
expect split "e['partition_end']['time_ns'] - e['partition']['time_ns'] >= 700e6" True
expect split "s['partitions']" 1

story "frames of 3 MB under every fault: acknowledged once each, whole and as they were"
"$MILLRACE" topic create large --bootstrap "$bootstrap" -c max.message.bytes=8000000 >/dev/null || fail "topic create"
chaos_start large --to "$bootstrap" --seed 11 --api Produce --delay 0..20ms --cut 15% --drop-request 5% --drop-response 5% --cut-response 10%
timeout 120 /usr/bin/python3 - "$chaos_address" "$bootstrap" <<'PYTHON' || fail "frames of 3 MB"
import hashlib, sys
from confluent_kafka import Consumer, Producer
p = Producer({"bootstrap.servers": sys.argv[1], "enable.idempotence": True, "max.in.flight": 3, "message.max.bytes": 8000000, "linger.ms": 0,
              "batch.num.messages": 1, "socket.timeout.ms": 1000, "retry.backoff.ms": 5, "reconnect.backoff.ms": 5, "reconnect.backoff.max.ms": 50,
              "log_level": 0})
block = [hashlib.sha256(str(i).encode()).digest() * (3 << 15) for i in range(40)]
for b in block: p.produce("large", b, partition=0)
assert p.flush(60) == 0
c = Consumer({"bootstrap.servers": sys.argv[2], "group.id": "large", "auto.offset.reset": "earliest", "fetch.message.max.bytes": 8000000,
              "receive.message.max.bytes": 80000000})
c.subscribe(["large"])
for b in block:
    m = c.poll(20)
    assert m and not m.error() and m.value() == b, m and m.error()
c.close()
PYTHON
chaos_stop
expect large "all(s[k]['requests'] > 0 for k in ('cut', 'drop_request', 'drop_response', 'cut_response')), s['delayed'] > 20" "(True, True)"

story "--kill PID --then: a broker is killed at a record and brought back; what was acknowledged is there"
"$MILLRACE" topic create killed --bootstrap "$bootstrap" >/dev/null || fail "topic create"
disown "$broker_pid" # it ends by a signal, and the shell need not say so
chaos_start killed --to "$bootstrap" --seed 7 --kill "$broker_pid" --at-record 500 --down 100ms \
    --then "exec '$MILLRACE' broker -o listeners=PLAINTEXT://$bootstrap -o 'log.dirs=$scratch/broker' 2>>'$scratch/broker.log'"
send killed 2000 enable.idempotence=true
broker_pid=
[ "$(found killed)" = "2000 2000" ] || fail "found $(found killed)"
chaos_stop
expect killed "[l for l in e if l in ('kill', 'start', 'ready', 'first_answer')]" "['kill', 'start', 'ready', 'first_answer']"
expect killed "s['kills'], s['recovery_ns'] >= 100e6, s['first_answer_ns'] >= s['recovery_ns']" "(1, True, True)"

story "a broker in our care, its power cut: page cache forgets what it acknowledged, group commit does not"
cared() { # NAME SETTING: how many of 1000 are there after a power cut at record 500
    chaos_start "$1" --seed 7 --at-record 500 --power-cut "$scratch/$1.data" -- "$MILLRACE" broker \
        -o listeners=PLAINTEXT://127.0.0.1:0 -o "log.dirs=$scratch/$1.data" -o "$2"
    "$MILLRACE" topic create kept --bootstrap "$chaos_address" >/dev/null || fail "topic create"
    send kept 1000 enable.idempotence=false
    bootstrap=$chaos_address found kept >"$scratch/$1.found"
    chaos_stop
    expect "$1" "e['power_cut']['torn'], s['kills']" "(False, 1)"
}
cared forgets log.flush.interval.messages=9223372036854775807
cared keeps log.flush.interval.messages=1
read -r _ different <"$scratch/forgets.found"
[ "$different" -le 500 ] || fail "page cache: $different of 1000 are there after a power cut"
read -r _ different <"$scratch/keeps.found"
[ "$different" -eq 1000 ] || fail "group commit: $different of 1000 are there after a power cut"

story "what does not fit is said"
refused() { # WORDS OPTIONS...
    local words=$1
    shift
    timeout 10 "$MILLRACE" chaos "$@" >"$scratch/why" 2>&1
    [ $? -eq 2 ] || fail "status of: chaos $*"
    grep -qF -- "$words" "$scratch/why" || fail "chaos $*: $(cat "$scratch/why")"
}
at="--listen 127.0.0.1:0 --to 127.0.0.1:1"
refused "--cut: \"2\" is no chance" $at --cut 2
refused "--delay: \"5\" is neither a time" $at --delay 5
refused "--api: \"Prodcue\" is no API" $at --api Prodcue
refused "--partition: \"2s\" is not like 2s@5s" $at --partition 2s
refused "--kill needs a moment" $at --kill $$
refused "there is no process 99999999" $at --kill 99999999 --at 1s
refused "need what to kill" $at --at 1s
refused "--torn goes with --power-cut" $at --torn
refused "--to BROKER is needed" --listen 127.0.0.1:0
refused "did you mean \"--drop-response\"" $at --drop-respons 1%
refused "--seed: \"x\" is not a whole number" $at --seed x
refused "ended with status 3 before it was ready" --listen 127.0.0.1:0 -- sh -c 'exit 3'
refused "cannot be written" $at --log "$scratch/no/such/folder"
done_testing
