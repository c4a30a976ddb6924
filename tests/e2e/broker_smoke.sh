#!/usr/bin/env bash
# broker_smoke.sh - the broker as a process: its first line, its lock, its exit status, crashes, garbage and
# greed on its socket. What clients see of topics and groups is clients.sh's business.
cd "$(dirname "$0")/../.." || exit 2
. tests/e2e/lib.sh
ulimit -n "$(ulimit -Hn)" # the crowd

raw() { timeout 60 /usr/bin/python3 tests/e2e/clients/raw_socket.py "$@"; }
lines_in() { kcat -b "$bootstrap" -C -t "$1" -e -q | wc -l; }

story "the first line of standard output is exactly ready HOST:PORT"
broker_start
grep -qxE 'ready 127\.0\.0\.1:[0-9]+' "$scratch/broker.out" || fail "first line: $(cat "$scratch/broker.out")"
[ "$(wc -l <"$scratch/broker.out")" = 1 ] || fail "more than one line on standard output"

story "a second broker on the same directory is refused with a sentence"
if "$MILLRACE" broker -o listeners=PLAINTEXT://127.0.0.1:0 -o "log.dirs=$scratch/broker" >"$scratch/second" 2>&1; then
    fail "a second broker started"
else
    status=$?
    [ "$status" = 2 ] || fail "the second broker's status is $status"
fi
grep -q "in use by another broker" "$scratch/second" || fail "it said: $(cat "$scratch/second")"

story "records survive SIGTERM"
seq 1 5000 | kcat -b "$bootstrap" -P -t smoke || fail "produce"
broker_stop
[ -f "$scratch/broker/.kafka_cleanshutdown" ] || fail "no marker of a clean shutdown"
broker_restart
[ "$(lines_in smoke)" = 5000 ] || fail "5000 records after SIGTERM"

story "records survive kill -9, and so does what a group committed"
timeout 30 kcat -b "$bootstrap" -G smokers -X auto.offset.reset=earliest -e -q smoke >"$scratch/first" 2>/dev/null
[ "$(wc -l <"$scratch/first")" = 5000 ] || fail "the group reads all: $(wc -l <"$scratch/first")"
seq 5001 6000 | kcat -b "$bootstrap" -P -t smoke
broker_kill
broker_restart
[ "$(lines_in smoke)" = 6000 ] || fail "6000 records after kill -9"
timeout 30 kcat -b "$bootstrap" -G smokers -X auto.offset.reset=earliest -e -q smoke >"$scratch/second" 2>/dev/null
[ "$(head -1 "$scratch/second")" = 5001 ] || fail "the group goes on where it was: $(head -1 "$scratch/second")"
broker_stop

for mode in log.flush.interval.messages=1 log.flush.interval.ms=20; do
    story "kill -9 ten times while records come, $mode"
    rm -rf "$scratch/broker"
    port=0
    broker_start -o "$mode"
    for round in 1 2 3 4 5 6 7 8 9 10; do
        seq $((round * 100)) $((round * 100 + 99)) | kcat -b "$bootstrap" -P -t crash -X acks=all || fail "produce in round $round"
        broker_kill
        broker_restart -o "$mode"
    done
    kcat -b "$bootstrap" -C -t crash -e -q >"$scratch/read"
    seq 100 1099 | cmp -s - "$scratch/read" || fail "$mode: what was acknowledged is there, once and in order"
    broker_stop
done

story "killed in its first moments it starts again (T51)"
rm -rf "$scratch/broker"
for delay in 0.001 0.002 0.003 0.005 0.008 0.013; do
    "$MILLRACE" broker -o listeners=PLAINTEXT://127.0.0.1:0 -o "log.dirs=$scratch/broker" >/dev/null 2>&1 &
    pid=$!
    sleep "$delay"
    kill -KILL "$pid" 2>/dev/null
    wait "$pid" 2>/dev/null
done
port=0
broker_start -o socket.request.max.bytes=104857600
echo alive | kcat -b "$bootstrap" -P -t first || fail "produce after six early deaths"

story "garbage closes its own connection and nothing else"
raw garbage "$bootstrap" || fail "garbage"
[ "$(lines_in first)" = 1 ] || fail "records after garbage"

story "ten requests of 90 MiB that never end delay nobody and cost what was sent (T50)"
raw greedy "$bootstrap" "$broker_pid" || fail "greed"

story "requests with millions of elements delay nobody"
raw elements "$bootstrap" "$broker_pid" || fail "elements"

story "a thousand connections at once"
raw crowd "$bootstrap" || fail "crowd"
[ "$(lines_in first)" = 1 ] || fail "records after the crowd"
broker_stop

story "more clients than descriptors: some wait outside, the log keeps its files"
: >"$scratch/broker.out" # the line of the last one must not be taken for this one's
(ulimit -Sn 128 && ulimit -Hn 128 && exec "$MILLRACE" broker -o listeners=PLAINTEXT://127.0.0.1:0 \
    -o "log.dirs=$scratch/broker" -o log.flush.interval.messages=1 >"$scratch/broker.out" 2>>"$scratch/broker.log") &
broker_pid=$!
for _ in $(seq 200); do grep -q ready "$scratch/broker.out" && break; sleep 0.02; done
bootstrap=$(sed -n '1s/^ready //p' "$scratch/broker.out")
raw full_house "$bootstrap" || fail "full house"
seq 1 100 | kcat -b "$bootstrap" -P -t house || fail "produce after the full house"
[ "$(lines_in house)" = 100 ] || fail "records after the full house"
broker_stop

story "a wrong configuration is refused by its line"
printf 'num.partitions=2\nlog.retention.ms=often\n' >"$scratch/server.properties"
"$MILLRACE" broker --config "$scratch/server.properties" >"$scratch/wrong" 2>&1
[ $? = 2 ] || fail "status of a wrong configuration"
grep -q "server.properties:2: log.retention.ms=often" "$scratch/wrong" || fail "it said: $(cat "$scratch/wrong")"

story "a server.properties serves"
cat >"$scratch/server.properties" <<CONFIG
node.id=5
process.roles=broker,controller
listeners=PLAINTEXT://127.0.0.1:0
log.dirs=$scratch/configured
num.partitions=4
no.such.key=1
CONFIG
: >"$scratch/broker.out"
"$MILLRACE" broker --config "$scratch/server.properties" -o num.partitions=3 >"$scratch/broker.out" 2>"$scratch/configured.log" &
broker_pid=$!
for _ in $(seq 200); do grep -q ready "$scratch/broker.out" && break; sleep 0.02; done
bootstrap=$(sed -n '1s/^ready //p' "$scratch/broker.out")
echo x | kcat -b "$bootstrap" -P -t configured
[ "$(kcat -b "$bootstrap" -L -t configured | grep -c 'leader 5')" = 3 ] || fail "-o goes before the file, node.id is used"
grep -q "no.such.key: unknown key" "$scratch/configured.log" || fail "an unknown key is told"
broker_stop

done_testing
