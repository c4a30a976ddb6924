"""The student's process: the setup cells, the student's cell, the run cell, one after the other in one space of names.

cells.py PLACE: reads PLACE/job.json ({"cells": [{"name", "kind", "text", "file", "line"}]}). When a cell stops,
PLACE/end.json says where and with what, in words for the student: {"cell", "en", "it"}; the cells behind it are not run.
"""
from __future__ import annotations

import json
import linecache
import os
import sys
import traceback
from typing import Any

from millrace_labs import texts

STUDENT = "student"
STUDENT_FILE = "<cell>"
END_MAX = 16384


def execute(cell: dict[str, Any], space: dict[str, Any]) -> None:
    """Runs one cell. Lines of the student's cell count from its own first line, others are those of the lab's file."""
    text = cell["text"]
    if cell["kind"] == STUDENT:
        linecache.cache[STUDENT_FILE] = (len(text), None, text.splitlines(True), STUDENT_FILE)
        code = compile(text, STUDENT_FILE, "exec")
    else:
        code = compile("\n" * (cell["line"] - 1) + text, cell["file"], "exec")
    exec(code, space)


def save_figure(cell: dict[str, Any]) -> None:
    """The last picture of a cell marked figure=, when the pictures of the text are made again."""
    folder, name = os.environ.get("MILLRACE_LAB_FIGURES", ""), cell.get("figure", "")
    if not folder or not name:
        return
    from millrace_labs import lab

    with open(os.path.join(folder, f"{name}.svg"), "w", encoding="utf-8") as file:
        file.write(lab.last_svg())


def student_line(cell: dict[str, Any], error: BaseException) -> int | None:
    """The line of the student's cell where it happened, or None: it happened elsewhere."""
    if isinstance(error, SyntaxError):
        return error.lineno if cell["kind"] == STUDENT else None
    lines = [at.lineno for at in traceback.extract_tb(error.__traceback__) if at.filename == STUDENT_FILE]
    return lines[-1] if lines else None


def told(cell: dict[str, Any], error: BaseException) -> dict[str, str]:
    """What a person needs of an exception: what it is, and in which line of which cell."""
    words, words_it = (error.msg, error.msg) if isinstance(error, SyntaxError) else texts.both(error)
    what, what_it = (f"{type(error).__name__}: {said}" if said else type(error).__name__ for said in (words, words_it))
    line = student_line(cell, error)
    if line is not None:
        source = linecache.getline(STUDENT_FILE, line).strip()
        en, it = f"the cell stopped with {what} in line {line}: {source}", f"la cella si è fermata con {what_it} alla riga {line}: {source}"
        if source.startswith(("%", "!")):
            en, it = en + " (a line with % or ! is Jupyter's, not Python)", it + " (una riga con % o ! è di Jupyter, non di Python)"
    elif cell["kind"] == STUDENT:
        en, it = f"the cell cannot be read as Python: {what}", f"la cella non si legge come Python: {what_it}"
    elif cell["kind"] == "run" and type(error).__name__ == "LabError":  # it says by itself what is wrong with the student's
        en, it = f"the cell after yours says: {words}", f"la cella dopo la tua dice: {words_it}"
    elif cell["kind"] == "run":
        name = isinstance(error, NameError)  # an AttributeError is nearly always of what came back, such as None
        en = f"the cell after yours stopped with {what}: " + ("does yours define what it uses?" if name else "does yours return what the exercise says?")
        it = f"la cella dopo la tua si è fermata con {what_it}: " + ("la tua definisce ciò che usa?" if name else "la tua restituisce ciò che dice l'esercizio?")
    else:
        en, it = f"the given cell {cell['name']} stopped with {what}", f"la cella data {cell['name']} si è fermata con {what_it}"
    return {"cell": cell["name"], "en": en, "it": it}


def reserve(place: str) -> None:
    """Room for what is to be told at the end, also when the cell fills the disk."""
    with open(os.path.join(place, "end.json"), "w", encoding="utf-8") as file:
        file.write(" " * END_MAX)


def tell(place: str, end: dict[str, str]) -> None:
    """Writes the end over the room that was kept for it."""
    words = json.dumps({key: value[:END_MAX // 30] for key, value in end.items()})  # at most 12 bytes a letter
    with open(os.path.join(place, "end.json"), "r+", encoding="utf-8") as file:
        file.write(words)


def print_error(error: BaseException) -> None:
    """The traceback through the student's cell, if it was there: the lines of others are not what is to be mended.

    A LabError from elsewhere has said all in its words."""
    if type(error).__name__ == "LabError" and not any(at.filename == STUDENT_FILE for at in traceback.extract_tb(error.__traceback__)):
        return
    told = traceback.TracebackException.from_exception(error)
    one: traceback.TracebackException | None = told
    while one is not None:
        own = [frame for frame in one.stack if frame.filename == STUDENT_FILE]
        one.stack = traceback.StackSummary.from_list(own or [frame for frame in one.stack if frame.filename != __file__])
        one = one.__cause__ or one.__context__
    print(*told.format(), sep="", end="", file=sys.stderr)


def end(status: int) -> None:
    """Where a run is kept (keeper.py) it ends at once: a thread that a cell left is ended with the rest, as all else is."""
    if os.environ.get("MILLRACE_LAB_PLACE"):
        os._exit(status)
    sys.exit(status)


def main() -> None:
    """Runs the cells of a place; the status says whether all came to their end."""
    place = sys.argv[1]
    with open(os.path.join(place, "job.json"), encoding="utf-8") as file:
        cells = json.load(file)["cells"]
    reserve(place)
    space: dict[str, Any] = {"__name__": "__main__", "display": print}  # the one name that a notebook has by itself
    for cell in cells:
        if cell.get("announce"):
            print(f"--- {cell['name']}", flush=True)
            os.environ["MILLRACE_LAB_PICTURE"] = cell["name"].replace(", ", "-").replace(" ", "-")
        try:
            execute(cell, space)
            save_figure(cell)
        except (Exception, KeyboardInterrupt, SystemExit) as error:
            tell(place, told(cell, error))
            print_error(error)
            end(1)
        sys.stdout.flush()
    end(0)


if __name__ == "__main__":
    main()
