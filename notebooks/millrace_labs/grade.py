"""`millrace grade --class DIR`: DIR/STUDENT/NN-name.ipynb becomes a table: on the terminal, as CSV, as HTML.

Only the exercise cells of a student are taken, put into the lab as it was given, and run in a sandbox (sandbox.py), several
at once. Whatever a cell does costs its own row.
"""
from __future__ import annotations

import argparse
import os
import pathlib
import random
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from millrace_labs import place, report, run, sandbox, source, submission, texts
from millrace_labs.check import Text, text

UNTOUCHED = text(en="the cell is as it was given", it="la cella è come è stata data")


@dataclass
class Row:
    """One student and one lab: what each check said."""

    student: str
    lab: source.Lab
    problem: Text | None = None  # the whole file: missing, or not a notebook
    cells: dict[str, str] = field(default_factory=dict)
    verdicts: dict[str, run.Verdict] = field(default_factory=dict)

    def passed(self, exercise: str) -> int:
        """How many checks of an exercise passed."""
        return sum(line["ok"] for line in self.verdicts.get(exercise, {}).get("checks", []))

    @property
    def points(self) -> int:
        return sum(self.passed(name) for name in self.lab.exercises)


def every_check(exercise: source.Exercise, why: Text) -> run.Verdict:
    """A verdict without a run: each check fails for the same reason."""
    lines = [{"name": name, "title": {"en": name, "it": name}, "ok": False, "en": why.en, "it": why.it} for name in exercise.check_names()]
    return {"status": "done", "checks": lines, "stdout": "", "seconds": 0.0, "seeds": []}


def other_notebooks(folder: str) -> Text:
    """The notebooks of a student that have the name of no lab (a browser calls a second download "NN-name (1)"), to be looked at."""
    try:
        names = sorted(name for name in os.listdir(folder) if name.endswith(".ipynb") and not place.NOTEBOOK_NAME.match(name))
    except OSError as error:
        return text(en=f" ({error.strerror})", it=f" ({error.strerror})")
    shown = ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
    return text(en=f", but {shown}", it=f", ma {shown}") if names else text(en="", it="")


def tell_passed_over(folder: pathlib.Path) -> None:
    """Whatever in a class's folder is no student's folder, a notebook that lies in the wrong place or a link, is named."""
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        if not entry.name.startswith(".") and not entry.is_dir(follow_symlinks=False):
            what = "a link" if entry.is_symlink() else "a file, not a student's folder"
            print(f"passed over: {report.printable(entry.name)} ({what})", file=sys.stderr, flush=True)


def has_notebook(folder: os.DirEntry[str]) -> bool:
    """Whether anything of a student's folder is called a notebook, be it of another lab or badly named: then somebody handed in."""
    try:
        return any(name.endswith(".ipynb") for name in os.listdir(folder))
    except OSError:
        return False


def hand_in(folder: os.DirEntry[str], lab: source.Lab) -> Row:
    """What a student's folder has for a lab."""
    row = Row(folder.name, lab)
    path = os.path.join(folder.path, f"{lab.id}.ipynb")
    if not os.path.lexists(path):
        others = other_notebooks(folder.path)
        row.problem = text(en=f"no {lab.id}.ipynb" + others.en, it=f"{lab.id}.ipynb non c'è" + others.it)
        return row
    try:
        row.cells = submission.exercise_cells(path, {name: one.first_line for name, one in lab.exercises.items()})
        if not row.cells:
            raise submission.NotANotebook(f"no exercise of {lab.id} in it", f"nessun esercizio di {lab.id}")
    except submission.NotANotebook as error:
        row.problem = text(en=f"not a notebook: {error.en}", it=f"non è un notebook: {error.it}")
    return row


def judge(row: Row, name: str, seed: int, boxed: bool) -> run.Verdict:
    """One exercise of one student."""
    exercise = row.lab.exercises[name]
    if row.problem:
        return every_check(exercise, row.problem)
    if name not in row.cells:
        return every_check(exercise, text(en=f"the notebook has no cell ex-{name}", it=f"il notebook non ha la cella ex-{name}"))
    if row.cells[name].strip() == exercise.cell(exercise.skeleton.text).strip():
        return every_check(exercise, UNTOUCHED)
    try:
        return run.exercise(row.lab, name, row.cells[name], seed, boxed)
    except run.RunError as error:
        return every_check(exercise, text(en=f"could not be run: {error}", it=f"non è stato possibile eseguirla: {error}"))


class Progress:
    """What is done, live: on a terminal one line that moves, else a line for each student."""

    def __init__(self, rows: list[Row]) -> None:
        self.lock, self.done, self.all = threading.Lock(), 0, sum(len(row.lab.exercises) for row in rows)
        self.moving = sys.stderr.isatty()

    def step(self, row: Row, name: str) -> None:
        with self.lock:
            self.done += 1
            if self.moving:
                words = f"{self.done}/{self.all}  {report.printable(row.student)}  {row.lab.id}/{name}"
                print(f"\r{report.fitted(words, 78)}", end="" if self.done < self.all else "\n", file=sys.stderr, flush=True)
            elif len(row.verdicts) == len(row.lab.exercises):
                print(f"{self.done}/{self.all}  {report.printable(row.student)}  {row.lab.id}  {row.points} checks passed", file=sys.stderr, flush=True)


def grade(rows: list[Row], seed: int, boxed: bool, jobs: int) -> None:
    """Runs all exercises of all rows, `jobs` at a time."""
    progress = Progress(rows)

    def one(task: tuple[Row, str]) -> None:
        row, name = task
        row.verdicts[name] = judge(row, name, seed, boxed)
        progress.step(row, name)

    with ThreadPoolExecutor(jobs) as pool:
        list(pool.map(one, [(row, name) for row in rows for name in row.lab.exercises]))


def class_rows(folder: pathlib.Path, labs: list[source.Lab], named: bool) -> list[Row]:
    """A row for each student and each lab; of labs that were not asked for, those that somebody handed in."""
    students = sorted((entry for entry in os.scandir(folder) if entry.is_dir(follow_symlinks=False) and not entry.name.startswith(".")),
                      key=lambda entry: entry.name)
    if not students:
        raise place.NotFound(f"{folder}: no folder of a student in it")
    wanted = [lab for lab in labs if named or any(os.path.lexists(os.path.join(entry.path, f"{lab.id}.ipynb")) for entry in students)]
    if not wanted or not any(map(has_notebook, students)):  # one who handed in nothing is a row; where all are, it is no class
        asked = " or ".join(f"STUDENT/{lab.id}.ipynb" for lab in labs) if named else "STUDENT/NN-name.ipynb"
        shown = ", ".join(report.printable(entry.name) for entry in students[:4]) + (", ..." if len(students) > 4 else "")
        raise place.NotFound(f"{folder}: expected {asked}, and none of its folders has a notebook of a lab ({shown})")
    return [hand_in(entry, lab) for lab in wanted for entry in students]


def jobs_that_fit() -> int:
    """Runs at a time: one a core, and no more than the memory has room for when each takes all that it may."""
    try:
        with open("/proc/meminfo", encoding="ascii") as file:
            free = next(int(line.split()[1]) << 10 for line in file if line.startswith("MemAvailable:"))
    except (OSError, StopIteration):
        free = sandbox.MEMORY_BYTES
    return max(1, min(os.cpu_count() or 1, free // sandbox.MEMORY_BYTES))


def options() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(prog="millrace grade", description="Grades a class: DIR/STUDENT/NN-name.ipynb becomes a table.")
    parser.add_argument("--class", dest="folder", type=pathlib.Path, required=True, metavar="DIR", help="a folder of students' folders")
    parser.add_argument("--lab", action="append", default=[], metavar="NN", help="this lab; default: all that were handed in")
    parser.add_argument("--labs", type=pathlib.Path, default=place.sources_folder(), metavar="DIR", help=argparse.SUPPRESS)
    parser.add_argument("--csv", metavar="FILE", help="a line for each check")
    parser.add_argument("--html", metavar="FILE", help="a table for the projector, messages on demand")
    parser.add_argument("--lang", choices=source.LANGUAGES, default=report.language(), help="of the messages; default: $LANG")
    parser.add_argument("--seed", type=int, help="of the inputs; default: by lot, and told")
    parser.add_argument("--jobs", type=int, default=jobs_that_fit(), metavar="N", help="runs at a time; default: one a core, where the memory is enough")
    parser.add_argument("--trust", action="store_true", help="without a sandbox: the students' code runs with your rights")
    return parser


def main() -> int:
    """Grades; 0 when the table was made, whatever it says, 2 when it could not be."""
    words = options().parse_args()
    texts.speak(words.lang)
    why = "" if words.trust else sandbox.missing()
    if why:
        print(f"millrace grade: no sandbox: {why}\nWith --trust the students' code runs without one, with your rights.", file=sys.stderr)
        return 2
    seed = words.seed if words.seed is not None else random.SystemRandom().randrange(2, 10000)
    started = time.monotonic()
    try:
        named = [place.lab_source(name, words.labs) for name in words.lab]
        for path in filter(None, (words.csv, words.html)):
            report.check_writable(path)
        tell_passed_over(words.folder)
        rows = class_rows(words.folder, [source.read(path) for path in named or place.lab_sources(words.labs)], bool(named))
        grade(rows, seed, not words.trust, max(words.jobs, 1))
        if words.csv:
            report.write(words.csv, report.csv_text(rows, words.lang))
        if words.html:
            report.write(words.html, report.html_text(rows, words.lang, seed))
    except KeyboardInterrupt:
        print("\nmillrace grade: interrupted, no table", file=sys.stderr)
        return 130
    except (source.SourceError, place.NotFound, OSError) as error:
        print(f"millrace grade: {error}", file=sys.stderr)
        return 2
    print(report.table(rows, words.lang))
    print(f"seed {seed}, {time.monotonic() - started:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
