#!/usr/bin/env bash
# batch_kill.sh [SEED] - kill -9 at 50 random moments of a full refresh, at least 40 of them before its commit.
#
# The warehouse holds an older input. After every kill its tables are those of the old or of the new input,
# table by table the same digest, and the next run ends with the new ones. Every fifth time there was no
# warehouse before: then there is none afterwards, or the new one. At last a new file is filled with more than SQLite's
# cache holds, and the run is killed when part of it is on disk.
cd "$(dirname "$0")/../.." || exit 2
. tests/e2e/lib.sh
definition=workloads/ecommerce/online_retail.json
"$MILLRACE" generate ecommerce --out "$scratch/old" --scale 0.015 --seed 41 >/dev/null 2>&1 || die "generate"
"$MILLRACE" generate ecommerce --out "$scratch/new" --scale 0.03 --seed 42 >/dev/null 2>&1 || die "generate"
"$MILLRACE" generate ecommerce --out "$scratch/large" --scale 0.4 --seed 43 >/dev/null 2>&1 || die "generate"

python3 - "$MILLRACE" $definition "$scratch" "${1:-50}" <<'PYTHON' || fail "batch_kill"
import os, random, shutil, signal, subprocess, sys, time
millrace, definition, scratch, seed = sys.argv[1:5]
random.seed(int(seed))
old_db, db = scratch + "/old.db", scratch + "/warehouse.db"


def command(folder, path):
    return [millrace, "etl", "run", definition, "--in", f"{scratch}/{folder}", "--db", path]


def digest(path):
    if not os.path.exists(path):
        return ""
    done = subprocess.run([millrace, "warehouse", "digest", path], capture_output=True, text=True)
    assert done.returncode == 0, f"digest: {done.stderr}"
    return done.stdout


def refresh(folder, path):
    subprocess.run(command(folder, path), check=True, stderr=subprocess.DEVNULL)


def remove(path):
    for suffix in ("", "-wal", "-shm", "-journal"):
        if os.path.exists(path + suffix):
            os.remove(path + suffix)


refresh("old", old_db)
refresh("new", db)
old, new = digest(old_db), digest(db)
assert old != new and old and new
began = time.monotonic()
refresh("new", db)
length = time.monotonic() - began

before = after = tries = 0
while before < 40 or before + after < 50:
    tries += 1
    assert tries < 400, "no moment before the commit can be hit"
    first_time = tries % 5 == 0
    remove(db)
    if not first_time:
        shutil.copy(old_db, db)
    began = time.monotonic()
    child = subprocess.Popen(command("new", db), stderr=subprocess.PIPE, text=True)
    time.sleep(random.random() * length)
    child.kill()
    committed = "committed" in child.stderr.read()
    if child.wait() != -signal.SIGKILL:
        length *= 0.9  # it had ended: not a kill
        continue
    found = digest(db)
    if committed:
        assert found == new, f"kill {tries}: the commit was reported, but the tables are not the new ones"
    else:
        assert found in ("" if first_time else old, new), f"kill {tries}: neither old nor new:\n{found}"
    # Whether the commit itself was reached is told by the tables, not by the last line.
    before, after = before + (found != new), after + (found == new)
    refresh("new", db)
    assert digest(db) == new, f"kill {tries}: the run after it ended in other tables"
print(f"{before + after} kills, {before} of them before the commit: always the old tables or the new ones")

for kill in range(3):
    remove(db)
    child = subprocess.Popen(command("large", db), stderr=subprocess.DEVNULL)
    while not os.path.exists(db) or os.path.getsize(db) < (kill + 1) << 20:
        assert child.poll() is None, "the run ended before its file had grown"
        time.sleep(0.001)
    child.kill()
    child.wait()
    assert os.path.getsize(db + "-journal") > 0, "there is nothing to take the file back with"
    found = digest(db)
    assert found == "" and os.path.getsize(db) < 1 << 20, f"a file half filled is not taken back:\n{found}"
print("3 kills of a new file half filled: empty again")
PYTHON
done_testing
