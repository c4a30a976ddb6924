"""warehouse.py - what a check needs to judge the warehouse that a student's definition made.

    db = warehouse.open_database(out, world, "dates.db")        a private copy of the student's database
    warehouse.expect_rows(db, "SELECT id, at FROM orders", want, ("order {}", "ordine {}"), "at", look=...)

The answer is in `want`, which the check computes itself. A message names the first row that is not as it should be and, when
a row is missing, what the quarantine says about it: that is where a student has to look.
"""

from __future__ import annotations

import re
import shutil
import sqlite3
import tempfile
from collections import Counter
from itertools import islice
from pathlib import Path
from typing import Any, Callable, Mapping

from millrace_labs.check import Missing, expect, expect_equal, text

MAX_SAID = 400  # bytes of the engine's words in a message


def engine_said(out: Mapping[str, Any]) -> str:
    """The last words of the last run of the engine that the run cell recorded, in one line; nothing when there was none."""
    engine = out.get("engine")
    said = str(engine.get("said", "")) if isinstance(engine, dict) else ""
    return "; ".join(line.strip() for line in said.splitlines() if line.strip())[-MAX_SAID:]


def databases(folder: Path) -> str:
    """The names of the SQLite files in a folder, as far as a message can have them; or nothing."""
    names = []
    for path in islice(folder.iterdir(), 1000):
        if len(names) < 5 and re.fullmatch(r"[\w.-]{1,40}", path.name) and path.is_file() and not path.is_symlink():
            with path.open("rb") as file:
                if file.read(16) == b"SQLite format 3\0":
                    names.append(path.name)
    return ", ".join(sorted(names))


def open_database(out: Mapping[str, Any], world: Any, name: str, look: Any = None) -> sqlite3.Connection:
    """The database `name` of the student's folder. A copy: opening a write-ahead log writes, and the folder is evidence.

    With `look` one that is not there fails the check also when the cell stopped before: the message says where to look then.
    """
    path = Path(world.folder) / name
    there, said = path.is_file() and not path.is_symlink(), engine_said(out)
    expect(there or not said,
           text(en=f"expected a warehouse, came none; the engine says: {said}",
                it=f"atteso un warehouse, non ce n'è nessuno; il motore dice: {said}"),
           look=text(en="look at: what the engine says; it names the key that it does not like",
                     it="guarda: ciò che dice il motore; fa il nome della chiave che non va"))
    if not there:
        others = databases(Path(world.folder))
        none = text(en=f"expected a database {name}, came {others or 'none'}", it=f"attesa una base di dati {name}, " + (f"c'è {others}" if others else "non c'è"))
        expect(look is None, none, look)
        raise Missing(none + text(en="; look at: where the cells stopped, and which file they write",
                                  it="; guarda: dove si sono fermate le celle, e quale file scrivono"))
    copy = Path(tempfile.mkdtemp()) / "copy.db"
    shutil.copyfile(path, copy)
    wal = path.with_name(path.name + "-wal")
    if wal.is_file() and not wal.is_symlink():
        shutil.copyfile(wal, copy.with_name("copy.db-wal"))
    db = sqlite3.connect(copy)
    return db


def select(db: sqlite3.Connection, sql: str, look: Any) -> list[tuple]:
    """The rows of a query; a table or column that is not there is told to the student."""
    try:
        return db.execute(sql).fetchall()
    except sqlite3.DatabaseError as error:
        expect(False, text(en=f"expected that the warehouse answers `{sql}`, came: {error}",
                           it=f"il warehouse doveva rispondere a `{sql}`, ha risposto: {error}"), look=look)
        raise AssertionError from error  # expect() has raised


def why_not(db: sqlite3.Connection, file: str, line: int) -> tuple[str, str]:
    """What the quarantine says of a line of a file, in English and Italian."""
    found = db.execute('SELECT rule, "column", value FROM quarantine WHERE file = ? AND line = ? ORDER BY ordinal',
                       (file, line)).fetchone()
    if found is None:
        return "the quarantine has nothing about it either", "nemmeno la quarantena ne sa nulla"
    rule, column, value = (str(cell) if cell is not None else "" for cell in found)
    fact = f"{rule}: {column} \"{value}\"" if column else f"{rule}: {value}"
    return f"the quarantine says {fact}", f"la quarantena dice {fact}"


def expect_rows(db: sqlite3.Connection, sql: str, want: Mapping[Any, Any], name: tuple[str, str], what: str, look: Any,
                home: Callable[[Any], tuple[str, int]] | None = None, places: Mapping[Any, str] | None = None) -> None:
    """The query's rows (key, value) are those of `want`: each key once, none more, none less, each with its value.

    `name` makes a name of a key, in English and Italian (("order {}", "ordine {}")), `what` is what the value is called,
    `home` says file and line of a key, and `places` something more about it for the message, such as what the file says.
    """
    rows = select(db, sql, look)
    times = Counter(key for key, _ in rows)

    def called(key: Any) -> tuple[str, str]:
        more = f" ({places[key]})" if places and key in places else ""
        return name[0].format(key) + more, name[1].format(key) + more

    for key in want:
        en, it = called(key)
        if times[key] == 0:
            missing = sum(1 for other in want if times[other] == 0)
            why = ["; " + words for words in why_not(db, *home(key))] if home else ["", ""]
            expect(False, text(en=f"expected {en}, came nothing ({missing} of {len(want)} are missing){why[0]}",
                               it=f"atteso {it}, non c'è ({missing} su {len(want)} mancano){why[1]}"), look=look)
        expect(times[key] == 1, text(en=f"expected {en} once, came {times[key]} times",
                                     it=f"atteso {it} una volta, c'è {times[key]} volte"), look=look)
    for key in times:
        en, it = called(key)
        expect(key in want, text(en=f"expected no {en}, came one", it=f"{it} non doveva esserci"), look=look)
    wrong = [(key, value) for key, value in rows if value != want[key]]
    if wrong:
        key, value = wrong[0]
        en, it = called(key)
        expect_equal(value, want[key], text(en=f"{what} of {en} ({len(wrong)} of {len(want)} differ)",
                                            it=f"{what} di {it} ({len(wrong)} su {len(want)} sono diversi)"), look)
