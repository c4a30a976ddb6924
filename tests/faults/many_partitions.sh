#!/usr/bin/env bash
# many_partitions.sh - 6,000 partitions on one broker: made, written, read, kept over a clean restart and over kill -9,
# and deleted while they are read; with few descriptors, little memory, and a canary that must not notice.
cd "$(dirname "$0")/../.." || exit 2
. tests/e2e/lib.sh
python=/usr/bin/python3
descriptors=300
options="-o millrace.open.segment.files=$descriptors -o log.retention.check.interval.ms=1000"
options="$options -o replica.high.watermark.checkpoint.interval.ms=500 -o log.flush.offset.checkpoint.interval.ms=2000"
canary_pid=

clients() { timeout 180 $python tests/faults/many_partitions.py "$1" "$bootstrap" "${@:2}" || die "$*"; }
canary_start() {
    $python tests/faults/many_partitions.py canary "$bootstrap" &
    canary_pid=$!
}
canary_end() {
    kill -TERM "$canary_pid"
    wait "$canary_pid" || fail "the canary: $1"
    canary_pid=
}
trap '[ -z "$canary_pid" ] || kill -KILL "$canary_pid" 2>/dev/null; finish' EXIT
rss_anon_kb() { awk '/^RssAnon/ { print $2 }' "/proc/$broker_pid/status"; }
seconds_since() { awk -v a="$1" -v b="$(date +%s%N)" 'BEGIN { printf "%.2f", (b - a) / 1e9 }'; }

story "they are made, written and read"
broker_start $options
"$MILLRACE" topic create canary --bootstrap "$bootstrap" >/dev/null || die "topic create"
idle_kb=$(rss_anon_kb)
canary_start
clients create
clients produce 0 6000
clients read 0
canary_end "while they were made, written and read"
open_files=$(ls "/proc/$broker_pid/fd" | wc -l)
[ "$open_files" -le $((descriptors + 64)) ] || fail "$open_files descriptors are open, $descriptors were allowed to segments"

story "they are kept over a clean restart"
before=$(date +%s%N)
broker_stop
echo "  stopped in $(seconds_since "$before") s"
before=$(date +%s%N)
broker_restart $options
echo "  started in $(seconds_since "$before") s"
used_kb=$(($(rss_anon_kb) - idle_kb))
echo "  $((used_kb * 1024 / 6000)) bytes of memory for each, when idle"
[ "$used_kb" -le $((8 * 6000)) ] || fail "$used_kb KB of memory for 6,000 idle partitions"
grep -E "rebuilt|cut|missing|damaged" "$scratch/broker.log" && fail "a clean restart had to repair something"
clients read 0

story "they are kept over kill -9"
clients produce 1 1000
broker_kill
before=$(date +%s%N)
broker_restart $options
echo "  started in $(seconds_since "$before") s"
clients read 1000

story "they are deleted while they are read"
canary_start
clients delete
canary_end "while they were deleted"
for _ in $(seq 300); do
    left=$(find "$scratch/broker" -maxdepth 1 \( -name 'wide-*' -o -name 'narrow-*' -o -name 'bulk-*' \) | grep -cv 'narrow-7-[0-9]*$')
    [ "$left" = 0 ] && break
    sleep 0.1
done
[ "$left" = 0 ] || fail "$left folders of deleted topics are left"
"$MILLRACE" topic list --format json --bootstrap "$bootstrap" >"$scratch/listed" || fail "topic list"
for line in '{"topic":"canary","partitions":1}' '{"topic":"narrow-7","partitions":10}'; do
    grep -qxF "$line" "$scratch/listed" || fail "not listed: $line"
done
grep -E '"(wide|bulk|narrow-[0-689]|narrow-[0-9]{2})"' "$scratch/listed" && fail "deleted topics are listed"
broker_stop
grep -E "ERROR|FATAL" "$scratch/broker.log" && fail "the broker complained"
done_testing
