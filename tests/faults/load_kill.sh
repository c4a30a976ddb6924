#!/usr/bin/env bash
# load_kill.sh [SEED] - kill -9 at random moments of each load mode, while files grow, rows change and go.
#
# Each round changes the folder, runs one warehouse undisturbed, kills the run of another one (sometimes twice), and runs that
# again, with or without --resume: both have the same tables, and a killed run stands in etl_runs as interrupted. At the end
# append and incremental equal a full refresh.
cd "$(dirname "$0")/../.." || exit 2
. tests/e2e/lib.sh

python3 - "$MILLRACE" "$scratch" "${1:-7}" <<'PYTHON' || fail "load_kill"
import json, os, random, signal, sqlite3, subprocess, sys, time
millrace, scratch, seed = sys.argv[1:4]
random.seed(int(seed))
ROUNDS, FILES, ROWS = 6, 4, 600


def definition():
    columns = [{"name": "id", "type": "integer"}, {"name": "who", "type": "text"}, {"name": "n", "type": "integer"}]
    stamp = {"name": "v", "type": "integer"}
    return {"pipeline": "kills", "version": 1, "sources": [
        {"name": "lines", "format": "csv", "glob": "day*.csv", "key": ["id"], "columns": columns,
         "rules": [{"rule": "unique", "name": "twice", "columns": ["who", "n"]},
                   {"rule": "range", "name": "small", "column": "n", "min": 10}]},
        {"name": "people", "format": "sqlite", "glob": "crm.db", "table": "people", "watermark": {"column": "v"},
         "deletes": "compare", "columns": [{"name": "id", "type": "integer"}, {"name": "name", "type": "text"}, stamp],
         "rules": [{"rule": "unique", "name": "namesake", "columns": "name"}]}],
        "tables": [{"name": "lines", "from": "lines"}, {"name": "people", "from": "people"},
                   {"name": "by_who", "aggregate": "lines", "by": ["who"], "columns": {"c": "count()", "s": "sum(n)", "high": "max(n)"}},
                   {"name": "total", "aggregate": "people", "by": [], "columns": {"c": "count()", "high": "max(v)"}}]}


class Folder:
    """What grows: files by lines, one of them cut; a table by rows, which change and go unless only appending."""

    def __init__(self, name, changes):
        self.path, self.changes, self.day, self.version = f"{scratch}/{name}", changes, 0, 0
        os.mkdir(self.path)
        self.db = sqlite3.connect(self.path + "/crm.db", isolation_level=None)
        self.db.execute("CREATE TABLE people(id INTEGER PRIMARY KEY, name TEXT, v INTEGER)")

    def lines(self, count):
        return "".join(f"{random.randrange(3000)},w{random.randrange(40)},{random.randrange(2000)}\n" for _ in range(count))

    def grow(self):
        for _ in range(FILES):
            self.day += 1
            with open(f"{self.path}/day{self.day % 7}{self.day:03}.csv", "w") as f:
                f.write("id,who,n\n" + self.lines(ROWS))
        with open(self.path + "/day8.csv", "a") as f:  # its last line is whole, but has no end yet
            f.write(("\n" if f.tell() else "id,who,n\n") + self.lines(50)[:-1])
        self.db.execute("BEGIN")
        for _ in range(300):
            self.version += 1
            self.db.execute("INSERT INTO people(name, v) VALUES(?, ?)", (f"p{random.randrange(2000)}", self.version))
        if self.changes:
            self.db.execute("DELETE FROM people WHERE id % 13 = ?", (self.day % 13,))
            self.db.execute("UPDATE people SET name = name || 'x', v = ? + id WHERE id % 11 = ?", (self.version, self.day % 11))
            self.version += 100000
        self.db.execute("COMMIT")


def command(mode, folder, db, *more):
    return [millrace, "etl", "run", scratch + "/def.json", "--in", folder.path, "--db", db, "--mode", mode, *more]


def run(*arguments):
    done = subprocess.run(command(*arguments), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def digest(path):
    done = subprocess.run([millrace, "warehouse", "digest", path], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def killed(mode, folder, db, after):
    child = subprocess.Popen(command(mode, folder, db), stderr=subprocess.DEVNULL)
    time.sleep(after)
    child.kill()
    return child.wait() == -signal.SIGKILL


def statuses(path):
    with sqlite3.connect(path) as db:
        return [s for s, in db.execute("SELECT status FROM etl_runs ORDER BY run")]


json.dump(definition(), open(scratch + "/def.json", "w"))
for mode in ("append", "incremental", "upsert"):
    folder = Folder(mode, mode != "append")
    calm, hit = f"{scratch}/{mode}_calm.db", f"{scratch}/{mode}_hit.db"
    kills = between = 0
    for _ in range(ROUNDS):
        folder.grow()
        before = digest(calm) if os.path.exists(calm) else ""
        began = time.monotonic()
        run(mode, folder, calm)
        length, after = time.monotonic() - began, digest(calm)
        for _ in range(random.choice((1, 1, 2))):
            if not killed(mode, folder, hit, random.random() * length):
                continue
            kills += 1
            between += digest(hit) not in (before, after) if os.path.exists(hit) else 0
        run(mode, folder, hit, *random.choice(([], ["--resume"])))
        assert digest(hit) == after, f"{mode}: after a kill the tables are others"
    assert kills >= ROUNDS // 2, f"{mode}: only {kills} kills hit"
    assert set(statuses(hit)) <= {"done", "interrupted"} and statuses(hit)[-1] == "done", statuses(hit)
    if mode != "upsert":
        full = f"{scratch}/{mode}_full.db"
        run("full", folder, full)
        assert digest(full) == digest(hit), f"{mode}: not what full makes"
    print(f"{mode}: {kills} kills, {between} of them between two files; {statuses(hit).count('interrupted')} runs were interrupted")
PYTHON
done_testing
