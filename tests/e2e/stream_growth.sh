#!/usr/bin/env bash
# stream_growth.sh - it is a stream: another reader sees results grow every second, and what it sees at any moment is
# what a batch over the records published so far would have made.
cd "$(dirname "$0")/../.." || exit 2
. tests/e2e/lib.sh
definition=workloads/ecommerce/online_retail.json
"$MILLRACE" generate ecommerce --out "$scratch/in" --scale 0.029 --seed 21 --dirt identical_file=0 2>/dev/null || die "generate"
broker_start
story "publish 10,000 records at 1,500/s, run --follow, look on"
"$MILLRACE" stream publish $definition --in "$scratch/in" --rate 1500 --bootstrap "$bootstrap" 2>"$scratch/publish.err" &
publisher=$!
"$MILLRACE" stream run $definition --db "$scratch/stream.db" --follow --bootstrap "$bootstrap" \
    >/dev/null 2>"$scratch/run.err" &
run=$!

# A copy each half second; what they hold must grow within every second, but for one second in eight, in which a machine
# that others use, too, may have waited for its disk; and within every three seconds.
python3 - "$scratch" <<'PYTHON' || fail "growth"
import os, sqlite3, sys, time
scratch = sys.argv[1]
path, seen, n = scratch + "/stream.db", [], 0
deadline = time.time() + 30
while time.time() < deadline:
    time.sleep(0.5)
    try:
        source = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        copy = sqlite3.connect(f"{scratch}/copy{n}.db")
        source.backup(copy)
        read = copy.execute("SELECT read FROM records").fetchone()[0]
        ended = copy.execute("SELECT ended FROM millrace_stream_offsets").fetchone()[0]
        copy.close(), source.close()
    except sqlite3.OperationalError:
        continue
    n += 1
    seen.append(read)
    if ended:
        break
print("records seen:", *seen)
rests = sum(a >= b for a, b in zip(seen[1:], seen[3:]))
sys.exit(not (ended and len(seen) >= 8 and rests <= len(seen) / 8 and all(a < b for a, b in zip(seen[1:], seen[7:]))))
PYTHON
wait $publisher || fail "publish: $(cat "$scratch/publish.err")"
kill -0 $run 2>/dev/null || fail "run --follow has ended by itself: $(cat "$scratch/run.err")"
kill -TERM $run
wait $run || fail "run --follow ended with $? after SIGTERM"

story "every copy is the batch over a prefix of the records"
# Files and their digests are announced ahead of their records, so the table `files` is left out.
tables() { "$MILLRACE" warehouse digest "$1" | grep -v '^files'; }
compared=0
for copy in "$scratch"/copy*.db; do
    python3 - "$copy" "$scratch/in" "$scratch/prefix" <<'PYTHON'
import os, pathlib, shutil, sqlite3, sys
copy, source, prefix = sys.argv[1:]
left = sqlite3.connect(copy).execute("SELECT read FROM records").fetchone()[0]
shutil.rmtree(prefix, ignore_errors=True)
os.mkdir(prefix)
for name in sorted(f for f in os.listdir(source) if f.endswith(".csv") and not f.startswith("branch")):
    lines = pathlib.Path(source, name).read_bytes().splitlines(keepends=True)
    pathlib.Path(prefix, name).write_bytes(b"".join(lines[: left + 1]))
    left -= min(left, len(lines) - 1)
PYTHON
    "$MILLRACE" etl run $definition --in "$scratch/prefix" --db "$scratch/prefix.db" 2>/dev/null || fail "batch"
    tables "$scratch/prefix.db" >"$scratch/expected"
    tables "$copy" >"$scratch/found"
    diff "$scratch/expected" "$scratch/found" || fail "$(basename "$copy"): not the batch over its prefix"
    compared=$((compared + 1))
done
story "$compared prefixes compared"
[ "$compared" -ge 8 ] || fail "too few prefixes"
broker_stop
done_testing
