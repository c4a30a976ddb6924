#!/usr/bin/env bash
# stream_worker_kill.sh [SEED] - a backlog is loaded at full speed while workers are killed in the middle of their
# transactions. Nothing is published again, so what one of them loses or doubles stays lost or double.
cd "$(dirname "$0")/../.." || exit 2
. tests/e2e/lib.sh
definition=workloads/clickstream/web_logs.json
db=$scratch/stream.db
"$MILLRACE" generate clickstream --out "$scratch/in" --scale 0.25 --seed 8 2>/dev/null || die "generate"
"$MILLRACE" etl run $definition --in "$scratch/in" --db "$scratch/batch.db" 2>/dev/null || die "batch"
broker_start
"$MILLRACE" stream publish $definition --in "$scratch/in" --partitions 4 --shuffle 1 --bootstrap "$bootstrap" 2>/dev/null ||
    die "publish"
"$MILLRACE" stream run $definition --db "$db" --workers 2 --bootstrap "$bootstrap" >"$scratch/workers" 2>"$scratch/run.err" &
run=$!

# Whoever cannot have the write lock knows that a worker has it: that is when both are killed.
python3 - "$db" "$scratch/workers" $run "${1:-815}" <<'PYTHON' || fail "kills"
import os, random, signal, sqlite3, sys, time
path, workers, run, seed = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
random.seed(seed)
rounds, hits, steps, before, wrong, pause = 0, 0, 0, 0, 0, 0.4


def locked():
    db = sqlite3.connect(f"file:{path}?mode=rw", uri=True, timeout=0, isolation_level=None)
    try:
        db.execute("BEGIN IMMEDIATE")
        db.execute("ROLLBACK")
        return False
    except sqlite3.OperationalError as error:
        return "locked" in str(error)
    finally:
        db.close()


def progress():
    db = sqlite3.connect(f"file:{path}?mode=ro", uri=True, isolation_level=None)
    db.execute("BEGIN")  # one moment for both
    read = db.execute("SELECT read FROM records").fetchone()[0]
    bits = sum(bin(int.from_bytes(row[0], "big")).count("1") for row in db.execute("SELECT bits FROM millrace_loaded"))
    db.close()
    return read, bits


while not os.path.exists(path) or len(open(workers).readlines()) < 2:
    time.sleep(0.01)
time.sleep(0.2)
while rounds < 12:
    for _ in range(1000):
        if locked():
            break
        time.sleep(0.002)
    else:
        break
    time.sleep(random.random() * 0.03)
    hits += locked()
    for line in open(workers).readlines()[-2:]:
        pid = line.split()[2]
        try:  # ours only: the pid of a dead one may belong to somebody else by now
            if path in open(f"/proc/{pid}/cmdline").read().split("\0"):
                os.kill(int(pid), signal.SIGKILL)
        except (FileNotFoundError, ProcessLookupError):
            pass
    rounds += 1
    read, bits = progress()
    wrong += read != bits
    steps += read > before
    # Pauses about as long as a start and a transaction take on this machine: some rounds get somewhere, some do not.
    pause = max(pause / 2, 0.1) if read > before else min(pause * 2, 1.6)
    before = read
    time.sleep(random.random() * pause)
print(f"- both workers killed {rounds} times, {hits} times inside a transaction; {steps} of the rounds had progress")
if wrong:
    print(f"{wrong} times the tables and the marks of loaded lines did not agree")
sys.exit(not (rounds >= 5 and hits >= 3 and steps >= 2 and wrong == 0))
PYTHON
for _ in $(seq 600); do kill -0 $run 2>/dev/null || break; sleep 0.1; done
kill -0 $run 2>/dev/null && fail "run does not come to an end: $(tail -3 "$scratch/run.err")"
wait $run || fail "run ended with $?: $(tail -3 "$scratch/run.err")"
"$MILLRACE" warehouse compare "$scratch/batch.db" "$db" || fail "batch = stream"
broker_stop
done_testing
