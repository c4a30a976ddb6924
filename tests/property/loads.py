"""loads.py - one case through a load mode: its folder grows step by step, and after each the warehouse equals a full refresh.

Files come whole or as a beginning that ends anywhere, and grow; some vanish after they were loaded, which changes nothing. Tables of
SQLite get rows behind their last one (append, or without the keys for more), or any rows come, change (their watermark
moves then, if they have one) and go ("deletes": "compare").
In upsert files come whole, and the last version of each key counts.
A run is killed now and then before it is done to its end. Some have tables as topics, whose last messages are compared too. The reference sees all that was ever there.
"""

import fnmatch
import json
import random
import shutil
import sqlite3
import time

import batches
import changelogs
import drive
import interpret
import outputs
from times import write

STEPS = 3


def add_keys(definition, rng):
    """For `upsert`."""
    for source in definition.get("sources") or [definition["source"]]:
        if source["format"] != "sqlite" and "in_file" not in source:
            names = [c if isinstance(c, str) else c["name"] for c in source.get("columns", [])]
            source["key"] = rng.sample(names, min(len(names), rng.randint(1, 2))) or ["client"]
            drive.cover(f"has source {source['format']}", "key")


class Growing:
    """`seen` is what the reference reads, `there` what the program does."""

    def __init__(self, case, rng, mode):
        self.case, self.rng, self.mode = case, rng, mode
        self.seen, self.there = case.folder / "seen", case.folder / "there"
        for folder in (self.seen, self.there):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
        self.reached, self.gone = {}, set()  # bytes, or rows of a table
        self.arrival, self.steps = {}, 0
        definition = case.read()
        sources = definition.get("sources") or [definition["source"]]
        self.cut = tuple(s["glob"].rpartition(".")[2] for s in sources if s["format"] in ("csv", "ndjson", "access_log"))
        self.whole = tuple(s["glob"].split("*")[0] for s in sources if s.get("encoding", "").startswith("utf-16"))  # no half of a character
        self.bases = [s for s in sources if s["format"] == "sqlite"]
        self.moved, self.newest = {}, {}  # of tables with a watermark: by file what each row was, and the largest that a run saw
        if mode == "upsert":
            add_keys(definition, rng)
        self.definition = case.folder / "loads.json"
        self.definition.write_text(json.dumps(definition))
        self.more = ["--mode", mode]
        if case.streams and rng.random() < 0.4:
            self.definition = changelogs.with_topics(self.told(), rng).definition
            self.more += ["--bootstrap", case.streams.bootstrap]

    def told(self):
        """The case with the definition that is loaded."""
        case = drive.Case(self.case.folder, self.case.program)
        case.definition, case.streams = self.definition, self.case.streams
        return case

    def step(self, last):
        self.steps += 1
        for path in sorted(self.case.input.iterdir()):
            name = path.name
            if name == "other.txt" or name in self.gone or (not last and name not in self.reached and self.rng.random() < 0.4):
                continue
            if path.suffix == ".db":
                self.database(path, last)
            else:
                self.file(path, last)

    def leave(self):
        """What is loaded to its end may vanish; a copy, or what has one, stays: the copy would be seen in another light."""
        contents = [p.read_bytes() for p in self.seen.iterdir()]
        for path in sorted(self.there.iterdir()):
            data = path.read_bytes()
            whole = path.suffix != ".db" and data == (self.case.input / path.name).read_bytes()
            if whole and contents.count(data) == 1 and self.rng.random() < 0.2:
                path.unlink()
                self.gone.add(path.name)

    def failed(self, db):
        """What an error kept from being loaded arrives with a later run."""
        loaded = {row[1] for row in drive.read_warehouse(db, "rw").get("files", ([], []))[1]} if db.exists() else set()
        self.arrival = {name: step for name, step in self.arrival.items() if name in loaded}

    def file(self, path, last):
        data = path.read_bytes()
        begin = self.reached.get(path.name, 0)
        may_cut = self.mode != "upsert" and not path.name.startswith(self.whole) and path.name.endswith(self.cut) and data[:2] != b"\x1f\x8b"
        self.arrival.setdefault(path.name, self.steps)
        end = self.rng.randint(begin, len(data)) if may_cut and not last else len(data)
        self.reached[path.name] = end
        for folder in (self.seen, self.there):
            (folder / path.name).write_bytes(data[:end])

    def database(self, path, last):
        self.reached[path.name] = 0
        source = next(s for s in self.bases if fnmatch.fnmatchcase(path.name, s["glob"]))
        target = self.seen / path.name
        shutil.copy(path, target)
        db = sqlite3.connect(target)
        db.text_factory = bytes
        if self.mode != "append" and ("deletes" in source or "watermark" in source):
            self.change(db, path.name, source, last)
        elif not last:
            self.grow(db, path.name, source["table"])
        db.commit()
        db.close()
        shutil.copy(target, self.there / path.name)

    def grow(self, db, file, table):
        ids = [i for i, in db.execute(f'SELECT rowid FROM "{table}" ORDER BY rowid')]
        before = self.reached.get((file, table), 0)
        self.reached[file, table] = end = self.rng.randint(min(before, len(ids)), len(ids))
        db.executemany(f'DELETE FROM "{table}" WHERE rowid = ?', [(i,) for i in ids[end:]])

    def change(self, db, file, source, last):
        """Rows come, change and, where they are compared, go; the last step has them as they were drawn."""
        table, moves = source["table"], source.get("watermark")
        columns = [c[1].decode() for c in db.execute(f'PRAGMA table_info("{table}")') if not c[5] and c[1] != b"moved"]
        ids = [i for i, in db.execute(f'SELECT rowid FROM "{table}" ORDER BY rowid')]
        former = self.moved.setdefault(file, {})
        for i in [] if last else ids:
            if self.rng.random() < 0.3 and ("deletes" in source or i not in former):
                db.execute(f'DELETE FROM "{table}" WHERE rowid = ?', (i,))
            elif columns and self.rng.random() < 0.2:
                c, other = self.rng.choice(columns), self.rng.choice(ids)
                db.execute(f'UPDATE "{table}" SET "{c}" = (SELECT "{c}" FROM "{table}" WHERE rowid = ?) WHERE rowid = ?', (other, i))
        shown = ", ".join(f'"{c}"' for c in columns) or "NULL"
        now = {i: row for i, *row in db.execute(f'SELECT rowid, {shown} FROM "{table}"')}
        for i, row in now.items():
            at = former[i][1] if i in former and former[i][0] == row else self.later(file, moves)
            former[i] = row, at
            if moves:
                text = at if at is None or source["columns"][-1]["type"] == "integer" else write(at, "timestamp", "%F %T")
                db.execute(f'UPDATE "{table}" SET "moved" = ? WHERE rowid = ?', (text, i))
        for i in former.keys() - now.keys():
            del former[i]
        self.newest[file] = max([self.newest.get(file, 0), *(at for _, at in former.values() if at is not None)])

    def later(self, file, moves):
        """A value of the watermark that a run looks at."""
        newest = self.newest.get(file, 10**9)
        return None if self.rng.random() < 0.1 else newest + self.rng.randint(-(moves or {}).get("look_back_s", 0), 3)


def run(growing, db, *more):
    command = ["etl", "run", growing.definition, "--in", growing.there, "--db", db, *growing.more, *more]
    return growing.case.run(*command)


def grown(case, _expected, seed):
    """The differences after the first step that has some."""
    rng = random.Random(seed)
    growing = Growing(case, rng, rng.choice(["append", "incremental", "upsert"]))
    db = case.folder / "loads.db"
    drive.cover("command", f"etl run --mode {growing.mode}" + (" with topics" if "--bootstrap" in growing.more else ""))
    db.unlink(missing_ok=True)
    definition = json.loads(growing.definition.read_text())
    for step in range(STEPS):
        growing.step(step == STEPS - 1)
        expected = interpret.interpret(definition, growing.seen, growing=True, arrival=growing.arrival if growing.mode == "upsert" else None)
        if rng.random() < 0.3:
            child = batches.start(case, db, growing.definition, growing.there, *growing.more)
            time.sleep(rng.random() * 0.04)
            child.kill()
            child.wait()
        outputs.clear(definition, db.parent)
        ran = run(growing, db, *rng.choice([[], ["--resume"]]))
        where = f"{growing.mode}, step {step}: "
        status = expected.status or int(expected.outstanding)
        if bool(ran.returncode) != bool(status) or (growing.mode != "upsert" and ran.returncode != status and not batches.fits(ran.returncode, expected)):
            return [f"{where}status {ran.returncode}, expected {status} {expected.why}: {ran.stderr[-300:]}"]
        if expected.status == 0:
            found = drive.differences(drive.read_warehouse(db, "rw"), expected)
            found = found or (outputs.differences(expected, db.parent) or changelogs.differences(growing.told(), expected) if ran.returncode == 0 else [])
            if found:
                return [where + f for f in found]
            growing.leave()
        elif growing.mode == "upsert":
            growing.failed(db)
    return []
