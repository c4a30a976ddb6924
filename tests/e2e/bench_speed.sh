#!/usr/bin/env bash
# `millrace bench speed` from end to end, in a size that proves nothing about speed: every row measures every side (a
# second broker of our own plays the peer), the table is made from the files alone, and wrong usage is refused.
cd "$(dirname "$0")/../.." || exit 2
. tests/e2e/lib.sh

broker_start

story "every row, the peer included"
timeout 300 "$MILLRACE" bench speed --scale 0.002 --trials 1 --peer "$bootstrap" --peer-pid "$broker_pid" \
    --out "$scratch/r" >"$scratch/out" 2>"$scratch/err"
status=$?
[ "$status" -le 1 ] || fail "status $status: $(cat "$scratch/err")"
for row in producer producer-bare ack-1000 ack-10000 end-to-end consumer fetch commit commit-small start-empty start-1000 start-kill \
    memory partitions log-length generate parsers batch-shop batch-logs replay freshness; do
    grep -q "^| $row " "$scratch/out" || fail "no line of $row in the table"
done
# A busy machine makes a publisher late, and DuckDB need not be there.
! grep VOID "$scratch/out" | grep -qv 'VOID: the publisher was .* late' || fail "a void trial: $(grep VOID "$scratch/out")"
! grep 'not measured' "$scratch/out" | grep -v '^| freshness ' | grep -qv DuckDB || fail "not measured: $(grep 'not measured' "$scratch/out")"
missed=$(sed -n 's/^\([0-9]*\) of these bars missed.*/\1/p' "$scratch/out")
[ "$status" -eq $((${missed:-0} > 0)) ] || fail "status $status, but $missed bars missed"

story "nothing is left of it but the results"
[ ! -e "$scratch/r/scratch" ] || fail "the scratch folder is still there"
! pgrep -f "log.dirs=$scratch/r/" >/dev/null || fail "a broker of the run still runs"

story "the files tell what was measured"
python3 - "$scratch/r/speed" <<'PY' || fail "the trials' files"
import glob, json, sys
lines = json.load(open(sys.argv[1] + "/table.json"))
trials = {t["cell"]: t for t in (json.load(open(f)) for f in glob.glob(sys.argv[1] + "/trial-*.json"))}
def metric(side, name): return trials[side]["metrics"][name]["value"]
ratio = metric("producer millrace", "throughput") / metric("producer mock", "throughput")
line = next(x for x in lines if x["row"] == "producer" and "mock" in x["what"])
assert abs(line["median"] - ratio) < 1e-6 * ratio, (line, ratio)
assert line["verdict"] == ("met" if ratio >= 0.9 else "NOT MET"), line
assert metric("producer kafka", "broker_cpu") > 0
assert metric("commit millrace", "bytes_per_sync") > 10000
ack = trials["ack-1000 mock"]["histograms"]["ack"]
assert ack["n"] == 80 and ack["min"] > 0, ack
PY

story "the table again, from the files alone"
"$MILLRACE" bench speed --table "$scratch/r" >"$scratch/again" 2>&1
[ "$(grep '^| ' "$scratch/out")" = "$(grep '^| ' "$scratch/again")" ] || fail "another table than before"

story "what is not there is said"
"$MILLRACE" bench speed --row nonsense --out "$scratch/no" >"$scratch/out" 2>&1
[ $? -eq 2 ] && grep -q 'nonsense: there is no such row' "$scratch/out" || fail "a row that does not exist: $(cat "$scratch/out")"
"$MILLRACE" bench speed --trials 0 >"$scratch/out" 2>&1
[ $? -eq 2 ] && grep -q 'trials is 1 to 999' "$scratch/out" || fail "no trials: $(head -1 "$scratch/out")"
"$MILLRACE" bench speed --table "$scratch/empty" >"$scratch/out" 2>&1
[ $? -eq 2 ] || fail "a table of nothing"

broker_stop
done_testing
