#!/usr/bin/env bash
# tap: a broker, a proxy before it, real clients: what the tap tells is what they did, whoever looks at it.
. tests/e2e/lib.sh
broker_start

tap_pid=
tap_address=
# tap_start NAME OPTIONS...: a proxy before $bootstrap; its output in $scratch/NAME.out
tap_start() {
    local name=$1
    shift
    "$MILLRACE" tap --listen 127.0.0.1:0 "$@" >"$scratch/$name.out" 2>"$scratch/$name.log" &
    tap_pid=$!
    for _ in $(seq 500); do
        tap_address=$(sed -n '1s/.*\(127\.0\.0\.1:[0-9]*\).*/\1/p' "$scratch/$name.out")
        [ -n "$tap_address" ] && return
        sleep 0.02
    done
    die "the proxy was not ready: $(cat "$scratch/$name.log")"
}
tap_stop() {
    kill -INT "$tap_pid"
    wait "$tap_pid" || fail "the proxy ended with status $?"
}
# of SUMMARY.jsonl: the value of an expression over `s`, the summary, and `x`, the exchanges
ask() { python3 -c '
import json, sys
lines = [json.loads(line) for line in open(sys.argv[1])]
x = [line for line in lines if line["type"] == "exchange"]
s = lines[-1]
api = {a["api"]: a for a in s["apis"]}
print(eval(sys.argv[2]))' "$1" "$2"; }
expect() { # FILE EXPRESSION VALUE
    local got
    got=$(ask "$1" "$2")
    [ "$got" = "$3" ] || fail "$2 is $got, not $3"
}

story "1,000 records are produced and read through the proxy: the same ones arrive"
tap_start seen --to "$bootstrap" --format json --write "$scratch/seen.pcap"
seq 1000 >"$scratch/in"
kcat -b "$tap_address" -P -t numbers -X acks=1 -X linger.ms=50 <"$scratch/in" || fail "kcat -P"
kcat -b "$tap_address" -C -t numbers -e -q -X fetch.wait.max.ms=10 >"$scratch/out" || fail "kcat -C"
cmp "$scratch/in" "$scratch/out" || fail "other records came out"

story "clients are told of the proxy, never of the broker"
kcat -b "$tap_address" -L | grep -q "broker .* at $tap_address" || fail "Metadata names: $(kcat -b "$tap_address" -L)"
"$MILLRACE" consume numbers --group readers --bootstrap "$tap_address" --max 5 >/dev/null || fail "a group's consumer"
tap_stop

story "the summary is what the clients did"
seen=$scratch/seen.out
expect "$seen" "api['Produce']['records']" 1000
expect "$seen" "api['Produce']['with_errors']" 0
expect "$seen" "api['Fetch']['records'] >= 1000" True
expect "$seen" "api['JoinGroup']['answered'] >= 1" True
expect "$seen" "sum(a['requests'] for a in s['apis']) == len(x)" True
expect "$seen" "[e for e in x if e['status'] != 'answered' and e['api'] == 'Produce']" "[]"
expect "$seen" "s['undecoded_api'] + s['undecoded_damage'] + s['gaps'] + s['unmatched'] + s['not_rewritten']" 0
expect "$seen" "all(e['first_byte_ns'] <= e['last_byte_ns'] and e['first_byte_ns'] >= 0 for e in x if e['status'] == 'answered')" True
expect "$seen" "{e['broker'] for e in x} == {'$bootstrap'}" True

story "its capture, read again, says the same, to the nanosecond"
"$MILLRACE" tap -r "$scratch/seen.pcap" --format json >"$scratch/read.out" || fail "tap -r: status $?"
grep '"exchange"' "$scratch/seen.out" | sort >"$scratch/a"
grep '"exchange"' "$scratch/read.out" | sort >"$scratch/b"
cmp "$scratch/a" "$scratch/b" || fail "$(diff "$scratch/a" "$scratch/b" | head -4)"

story "the table and the list have a line for each API and each request"
"$MILLRACE" tap -r "$scratch/seen.pcap" --list >"$scratch/list.out" || fail "--list"
grep -q '^Produce  *[0-9]* .* 1000 ' "$scratch/list.out" || fail "no line of Produce: $(cat "$scratch/list.out")"
[ "$(grep -c ' > 127' "$scratch/list.out")" -eq "$(wc -l <"$scratch/a")" ] || fail "--list has other requests"

story "--xray: every byte of a frame has its place"
"$MILLRACE" tap -r "$scratch/seen.pcap" --xray Metadata.response >"$scratch/xray.out" || fail "--xray"
python3 - "$scratch/xray.out" "$seen" <<'PYTHON' || fail "--xray leaves bytes out"
import json, re, sys
text = open(sys.argv[1]).read().splitlines()
size = int(re.search(r"(\d+) bytes$", text[0]).group(1))
at = 0
for line in text[2:]:
    offset, bytes_ = int(line[:7]), line[9:45].split()
    assert offset == at, line
    at += len(bytes_)
assert at == size, (at, size)
first = next(e for e in map(json.loads, open(sys.argv[2])) if e.get("api") == "Metadata")
assert first["response_bytes"] == size
PYTHON
grep -q 'host  *"127.0.0.1"' "$scratch/xray.out" || fail "$(cat "$scratch/xray.out")"
"$MILLRACE" tap -r "$scratch/seen.pcap" --xray 100000 2>"$scratch/why" && fail "a frame that is not there"
grep -q 'no such frame' "$scratch/why" || fail "$(cat "$scratch/why")"

story "Wireshark's dissector tells the same of each message"
tshark -r "$scratch/seen.pcap" -d "tcp.port==${bootstrap##*:},kafka" -Y kafka -T json -e kafka.len -e kafka.api_key \
    -e kafka.request_key -e kafka.response_key -e kafka.request.version -e kafka.response.version -e kafka.api_version \
    -e kafka.correlation_id -e kafka.client_id -e kafka.message_value --no-duplicate-keys >"$scratch/shark.json" 2>"$scratch/shark.log"
python3 - "$scratch/shark.json" "$seen" <<'PYTHON' || fail "tshark differs: $(tail -3 "$scratch/shark.log")"
import collections, json, sys
shark = collections.Counter()
values = 0
for packet in json.load(open(sys.argv[1])):
    f = packet["_source"]["layers"]
    values += len(f.get("kafka.message_value", []))
    for size, correlation in zip(f["kafka.len"], f["kafka.correlation_id"]): shark[int(size) + 4, int(correlation)] += 1
ours = collections.Counter()
records = 0
for e in map(json.loads, open(sys.argv[2])):
    if e["type"] != "exchange": continue
    ours[e["request_bytes"], e["correlation_id"]] += 1
    if e["status"] == "answered": ours[e["response_bytes"], e["correlation_id"]] += 1
    records += e["records"]
assert shark == ours, ("frames", list(((shark - ours) + (ours - shark)).items())[:5])
assert values == records, ("records", values, records)
PYTHON

story "the proxy waits for who is slow, passes ends on, and stays small"
python3 - "$MILLRACE" <<'PYTHON' || fail "the proxy as a pipe"
import hashlib, socket, subprocess, sys, threading, time
server = socket.create_server(("127.0.0.1", 0))
tap = subprocess.Popen([sys.argv[1], "tap", "--listen", "127.0.0.1:0", "--to", "127.0.0.1:%d" % server.getsockname()[1]],
                       stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
host, port = tap.stdout.readline().split()[1].split(":")
def serve(): # reads to the end, slowly at first, and then answers with what it was
    peer, _ = server.accept()
    digest = hashlib.sha256()
    time.sleep(0.5)
    while block := peer.recv(1 << 16): digest.update(block)
    peer.sendall(digest.hexdigest().encode() * 100000)
    peer.close()
threading.Thread(target=serve, daemon=True).start()
client = socket.create_connection((host, int(port)))
digest = hashlib.sha256()
for i in range(400):
    block = bytes([i % 256]) * 65536
    digest.update(block)
    client.sendall(block)
client.shutdown(socket.SHUT_WR)
time.sleep(0.2)
answer = b""
while block := client.recv(1 << 16): answer += block
assert answer == digest.hexdigest().encode() * 100000, len(answer)
peak = next(int(line.split()[1]) for line in open("/proc/%d/status" % tap.pid) if line.startswith("VmHWM"))
assert peak < 64000, peak
# a broker that is not there: the client is told by a closed connection, and the proxy lives on
server.close()
for _ in range(50):
    client = socket.create_connection((host, int(port)))
    client.settimeout(10)
    try: assert client.recv(1) == b""
    except ConnectionResetError: pass
assert tap.poll() is None
tap.terminate()
assert tap.wait(10) == 0
PYTHON

story "--xray of a proxy: the frame is shown, who is in the middle of something gets the answer and then an end, no reset"
tap_start shown --to "$bootstrap" --xray Produce
/usr/bin/python3 - "$tap_address" <<'PYTHON' || fail "the producer was not answered"
import sys
from confluent_kafka import Producer
errors = []
p = Producer({"bootstrap.servers": sys.argv[1], "retries": 0, "message.timeout.ms": 5000, "log_level": 0})
p.produce("numbers", b"shown", on_delivery=lambda error, _: errors.append(error))
assert p.flush(10) == 0 and errors == [None], errors
PYTHON
wait "$tap_pid" || fail "the proxy ended with status $?"
grep -q 'Produce [0-9]* request' "$scratch/shown.out" || fail "$(cat "$scratch/shown.out")"
python3 - "$MILLRACE" <<'PYTHON' || fail "the proxy's end"
import socket, struct, subprocess, sys, threading, time
big = 4 << 20
def proxy(serve, *options): # -> the process, a connection
    server = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=lambda: serve(server.accept()[0]), daemon=True).start()
    tap = subprocess.Popen([sys.argv[1], "tap", "--listen", "127.0.0.1:0", "--to", "127.0.0.1:%d" % server.getsockname()[1], *options],
                           stdout=subprocess.PIPE, text=True)
    host, port = tap.stdout.readline().split()[1].split(":")
    return tap, (host, int(port))
def heartbeat(n): # version 0: a group, a generation, a member
    body = struct.pack(">hhih", 12, 0, n, -1) + b"\0\1g" + struct.pack(">i", 1) + b"\0\1m"
    return struct.pack(">i", len(body)) + body
def take(peer, n): return peer.recv(n, socket.MSG_WAITALL)
def slow(peer): # takes its time, and answers at length
    requests = take(peer, 3 * len(heartbeat(0)))
    assert requests == heartbeat(0) + heartbeat(1) + heartbeat(2)
    time.sleep(0.3)
    for i in range(3): peer.sendall(struct.pack(">ii", 4 + big, i) + bytes([i]) * big)
    if take(peer, 1) == b"": ended.set()
ended = threading.Event()
tap, address = proxy(slow, "--xray", "Heartbeat")
client = socket.create_connection(address)
idle = socket.create_connection(address) # asks for nothing
client.sendall(heartbeat(0) + heartbeat(1) + heartbeat(2)[:9])
time.sleep(0.1)
client.sendall(heartbeat(2)[9:]) # begun before the frame was shown, and answered as well
time.sleep(0.5)
client.sendall(heartbeat(3)) # too late: no answer, and the answers before it arrive all the same
for i in range(3):
    assert take(client, 8) == struct.pack(">ii", 4 + big, i), i
    answer = b""
    while len(answer) < big: # slowly
        answer += take(client, min(1 << 20, big - len(answer)))
        time.sleep(0.02)
    assert answer == bytes([i]) * big, i
assert client.recv(1) == b"", "more than was asked for"
client.close()
assert idle.recv(1) == b""
idle.close()
assert tap.wait(10) == 0
assert "Heartbeat 0 request" in tap.stdout.read() and ended.wait(5)
# a broker that never answers is not waited for for ever, and a signal ends it at once
for hurried in True, False:
    tap, address = proxy(lambda peer: time.sleep(60), "--xray", "Heartbeat")
    client = socket.create_connection(address)
    client.sendall(heartbeat(0))
    assert "Heartbeat 0 request" in tap.stdout.readline()
    begin = time.monotonic()
    if hurried: tap.terminate()
    assert tap.wait(20) == 0
    took = time.monotonic() - begin
    assert took < 1 if hurried else 4.5 < took < 8, took
PYTHON

story "1,000 connections at once, in a shell that gives 1,024 descriptors; more than may be open wait for their turn"
cat >"$scratch/many.py" <<'PYTHON'
import resource, socket, struct, sys
host, port = sys.argv[1].split(":")
count, at_once = int(sys.argv[2]), int(sys.argv[3])
resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
all_ = [socket.create_connection((host, int(port)), 20) for _ in range(count)]
for i, c in enumerate(all_): c.sendall(struct.pack(">ihhih", 10, 18, 0, i, -1))
for first in range(0, count, at_once):
    for i in range(first, min(first + at_once, count)):
        head = all_[i].recv(8, socket.MSG_WAITALL)
        assert len(head) == 8 and struct.unpack(">i", head[4:])[0] == i, (i, head)
    for i in range(first, min(first + at_once, count)): all_[i].close()
PYTHON
soft=$(ulimit -Sn)
ulimit -Sn 1024
tap_start many --to "$bootstrap"
ulimit -Sn "$soft"
python3 "$scratch/many.py" "$tap_address" 1000 1000 || fail "many connections"
tap_stop
grep -q '^ApiVersions  *1000 ' "$scratch/many.out" || fail "$(cat "$scratch/many.out")"
(
    ulimit -n 164 # room for 50
    tap_start few --to "$bootstrap"
    python3 "$scratch/many.py" "$tap_address" 80 20 || fail "connections that wait"
    tap_stop
    exit "$failures"
) || fail "few descriptors: $(cat "$scratch/few.log")"
grep -q '^ApiVersions  *80 ' "$scratch/few.out" || fail "$(cat "$scratch/few.out")"

story "a capture that ends in the middle: what came before, and status 1; no capture: status 2"
head -c $(($(wc -c <"$scratch/seen.pcap") * 2 / 3)) "$scratch/seen.pcap" >"$scratch/cut.pcap"
"$MILLRACE" tap -r "$scratch/cut.pcap" >"$scratch/cut.out" 2>"$scratch/why"
[ $? -eq 1 ] && grep -q '^Produce' "$scratch/cut.out" && grep -q truncated "$scratch/why" || fail "$(cat "$scratch/why")"
"$MILLRACE" tap -r "$scratch/in" >/dev/null 2>"$scratch/why"
[ $? -eq 2 ] && grep -q 'unknown file format' "$scratch/why" || fail "$(cat "$scratch/why")"

story "live, where the capability is there: a client that knows nothing of it"
"$MILLRACE" tap -i lo --port "${bootstrap##*:}" --format json >"$scratch/live.out" 2>"$scratch/why" &
tap_pid=$!
for _ in $(seq 500); do
    [ -s "$scratch/live.out" ] && break
    kill -0 "$tap_pid" 2>/dev/null || break
    sleep 0.02
done
if [ -s "$scratch/live.out" ]; then
    kcat -b "$bootstrap" -P -t numbers -X acks=1 -z lz4 -X linger.ms=50 <"$scratch/in" || fail "kcat -P"
    tap_stop
    expect "$scratch/live.out" "api['Produce']['records']" 1000
    expect "$scratch/live.out" "s['dropped_packets'] + s['undecoded_damage'] + s['unmatched']" 0
else
    grep -q 'CAP_NET_RAW' "$scratch/why" || fail "$(cat "$scratch/why")"
fi

story "live, without the capability: the message names it and the way out"
without=()
[ "$(id -u)" -ne 0 ] || without=(setpriv --bounding-set -net_raw --inh-caps -net_raw)
timeout 10 "${without[@]}" "$MILLRACE" tap -i lo >/dev/null 2>"$scratch/why"
[ $? -eq 2 ] && grep -q 'CAP_NET_RAW' "$scratch/why" && grep -q -- '--listen' "$scratch/why" || fail "$(cat "$scratch/why")"

broker_stop
done_testing
