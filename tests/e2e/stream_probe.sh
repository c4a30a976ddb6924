#!/usr/bin/env bash
# stream_probe.sh - what is measured of a stream from inside: records sent at recorded instants, transactions on a
# period, and the instants of every record; the parts of a record's way sum to its total.
cd "$(dirname "$0")/../.." || exit 2
. tests/e2e/lib.sh
definition=workloads/ecommerce/online_retail.json
"$MILLRACE" generate ecommerce --out "$scratch/in" --scale 0.002 --seed 8 2>/dev/null || die "generate"
rm -rf "$scratch"/in/[!0-9]*
broker_start
publish() { timeout 60 "$MILLRACE" stream publish $definition --in "$scratch/in" --bootstrap "$bootstrap" "$@" 2>"$scratch/err"; }
load() { timeout 60 "$MILLRACE" stream run $definition --db "$scratch/$1" --bootstrap "$bootstrap" "${@:2}" >/dev/null 2>"$scratch/err" || fail "run: $(tail -1 "$scratch/err")"; }

story "instants that are too few, out of order or no numbers are refused"
printf '0\n0.001\n' >"$scratch/few"
printf '0\n0.5\n0.4\n' >"$scratch/back"
publish --topic few --arrivals "$scratch/few" && fail "too few instants were taken"
grep -q "few: has 2 instants, and there are more records" "$scratch/err" || fail "too few: $(tail -1 "$scratch/err")"
publish --topic back --arrivals "$scratch/back" && fail "instants out of order were taken"
grep -q "back:3: earlier than the line before it" "$scratch/err" || fail "out of order: $(tail -1 "$scratch/err")"
publish --arrivals "$scratch/few" --rate 5 && fail "two paces were taken"

story "records at recorded instants, a transaction every 100 ms, and where the time of each record went"
python3 -c 'import random; random.seed(8); t = 0
for i in range(4000): print("%.6f" % t); t += random.expovariate(1000)' >"$scratch/arrivals"
"$MILLRACE" stream run $definition --db "$scratch/stream.db" --commit-ms 100 --probe "$scratch/loaded" --bootstrap "$bootstrap" >/dev/null 2>"$scratch/run.err" &
pid=$!
publish --arrivals "$scratch/arrivals" --probe "$scratch/sent" || fail "publish: $(tail -1 "$scratch/err")"
wait $pid || fail "run: $(tail -1 "$scratch/run.err")"
python3 - "$scratch" <<'PY' || fail "the instants"
import sys
d = sys.argv[1]
read = lambda name: {(f[0], f[1], f[2]): list(map(int, f[3:])) for f in map(str.split, open(f"{d}/{name}"))}
sent, loaded = read("sent"), read("loaded.worker-1")
arrivals = [float(x) for x in open(f"{d}/arrivals")]
assert 300 < len(sent) == len(loaded) and sent.keys() == loaded.keys(), (len(sent), len(loaded))
dues = []
for key, (due, out, acked) in sent.items():
    received, judged, begun, applied, committed = loaded[key]
    dues.append(due)
    chain = [due, out, received, judged, begun, applied, committed]
    parts = [b - a for a, b in zip(chain, chain[1:])]
    assert min(parts) >= 0 and sum(parts) == committed - due, (key, parts)
    assert out <= acked, key
dues.sort()
for due, at in zip(dues, arrivals): assert abs((due - dues[0]) / 1e9 - at) < 1e-5, (due, at)
ends = sorted({v[4] for v in loaded.values()})
assert len(ends) >= 3 and all(b - a > 0.09e9 for a, b in zip(ends[:-1], ends[1:-1])), [b - a for a, b in zip(ends, ends[1:])]
PY

story "and the same warehouse"
"$MILLRACE" etl run $definition --in "$scratch/in" --db "$scratch/batch.db" 2>/dev/null || die "batch"
"$MILLRACE" warehouse compare "$scratch/batch.db" "$scratch/stream.db" >"$scratch/err" || fail "differs: $(head -3 "$scratch/err")"

done_testing
