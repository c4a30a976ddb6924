"""drive.py - running the program on a case, and reading what it made."""

import collections
import json
import pathlib
import sqlite3
import subprocess
import time

import interpret


COVERED = collections.Counter()  # of this process


def cover(kind, name):
    COVERED[kind, name] += 1


def own_topics(definition, rng, seed):
    """Gives some sources a topic of their own."""
    for i, source in enumerate(definition.get("sources", [])[: rng.randint(1, 3)]):
        source["topic"] = f"own-{seed}-{i}-{time.monotonic_ns()}"
        cover("option", "topic")


class Case:
    """A folder with definition.json, in/ and what the runs leave."""

    def __init__(self, folder, program):
        self.folder, self.program = pathlib.Path(folder), program
        self.definition, self.input = self.folder / "definition.json", self.folder / "in"

    def run(self, *arguments, timeout=60):
        return subprocess.run([self.program, *map(str, arguments)], capture_output=True, timeout=timeout, text=True, errors="replace")

    def read(self):
        return json.loads(self.definition.read_text())

    def batch(self, name="batch.db"):
        db = self.folder / name
        db.unlink(missing_ok=True)
        return self.run("etl", "run", self.definition, "--in", self.input, "--db", db), db


def connect(path, mode="ro"):
    """`rw` after a kill: what it left half done is undone by who opens it next."""
    db = sqlite3.connect(f"file:{path}?mode={mode}", uri=True)
    db.text_factory = lambda b: b.decode("utf-8", "surrogateescape")
    return db


def read_warehouse(path, mode="ro"):
    """name -> (columns, rows), as far as the digest goes."""
    db = connect(path, mode)
    tables = read_tables(db)
    db.close()
    return tables


def read_tables(db):
    tables = {}
    for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
        if name.startswith(("millrace_", "sqlite_")) or name == "etl_runs":
            continue
        columns = [c[1] for c in db.execute(f'PRAGMA table_info("{name}")')]
        if name in ("quarantine", "warnings"):
            columns.remove("run")
        wanted = ", ".join(f'"{c}"' for c in columns)
        tables[name] = columns, db.execute(f'SELECT {wanted} FROM "{name}"').fetchall()
    return tables


def unexplained(found, sources):
    """The tables without the sentences that say why a record is malformed: they are the program's own."""
    if "quarantine" not in found or not sources:
        return found
    columns, rows = found["quarantine"]
    rule, source, value, column = (columns.index(c) for c in ("rule", "source", "value", "column"))
    plain = [tuple(None if i == value and r[rule] == "format" and not r[column] and r[source] in sources else v for i, v in enumerate(r)) for r in rows]
    return found | {"quarantine": (columns, plain)}


def differences(found, warehouse, most=3):
    """Sentences; none when both have the same tables. `found` is the program's, `warehouse` the interpreter's."""
    out, expected = [], warehouse.tables
    found = unexplained(found, warehouse.explained)
    for name in sorted({*found, *expected}):
        if name not in found or name not in expected:
            out.append(f"table {name} is {'missing' if name in expected else 'too much'}")
            continue
        (have, rows), (want, others) = found[name], expected[name]
        if sorted(have) != sorted(want):
            out.append(f"{name}: columns {have}, expected {want}")
            continue
        order = [have.index(c) for c in want]
        a = collections.Counter(tuple(key(r[i]) for i in order) for r in rows)
        b = collections.Counter(tuple(key(v) for v in r) for r in others)
        for sign, rest in (("has", a - b), ("lacks", b - a)):
            for row, n in list(rest.items())[:most]:
                out.append(f"{name} {sign} {n} x {shown(want, row)}")
            if len(rest) > most:
                out.append(f"{name} {sign} {len(rest) - most} more")
    return out


def key(value):
    return type(value).__name__, value


def shown(columns, row):
    return ", ".join(f"{c}={v[1]!r}" for c, v in zip(columns, row))


def digests(case, db):
    """The digest lines of the program, to be compared with the documented formula."""
    return case.run("warehouse", "digest", db).stdout


def digests_by_formula(tables):
    return "".join(f"{n}\t{len(r)}\t{interpret.digest(c, r)}\n" for n, (c, r) in sorted(tables.items()))
