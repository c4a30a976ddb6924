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

STUDENT = "student"
STUDENT_FILE = "<cell>"


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


def told(cell: dict[str, Any], error: BaseException) -> dict[str, str]:
    """What a person needs of an exception: what it is, and in which line of which cell."""
    what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    if isinstance(error, SyntaxError):
        what = f"{type(error).__name__}: {error.msg}"
        line: int | None = error.lineno if cell["kind"] == STUDENT else None
    else:
        lines = [at.lineno for at in traceback.extract_tb(error.__traceback__) if at.filename == STUDENT_FILE]
        line = lines[-1] if lines else None
    if line is not None:
        source = linecache.getline(STUDENT_FILE, line).strip()
        return {"cell": cell["name"], "en": f"the cell stopped with {what} in line {line}: {source}",
                "it": f"la cella si è fermata con {what} alla riga {line}: {source}"}
    if cell["kind"] == "run":
        own = [at for at in traceback.extract_tb(error.__traceback__) if at.filename == cell["file"]]
        where = f" ({os.path.basename(cell['file'])}:{own[-1].lineno})" if own else ""
        return {"cell": cell["name"], "en": f"the cell after yours stopped with {what}{where}: does yours define what it uses?",
                "it": f"la cella dopo la tua si è fermata con {what}{where}: la tua definisce ciò che usa?"}
    return {"cell": cell["name"], "en": f"the given cell {cell['name']} stopped with {what}",
            "it": f"la cella data {cell['name']} si è fermata con {what}"}


def print_error(error: BaseException) -> None:
    """The traceback from the cell on, without the frames of this file."""
    at = error.__traceback__
    while at is not None and at.tb_frame.f_code.co_filename == __file__:
        at = at.tb_next
    traceback.print_exception(type(error), error, at)


def main() -> None:
    """Runs the cells of a place; the status says whether all came to their end."""
    place = sys.argv[1]
    with open(os.path.join(place, "job.json"), encoding="utf-8") as file:
        cells = json.load(file)["cells"]
    space: dict[str, Any] = {"__name__": "__main__"}
    for cell in cells:
        try:
            execute(cell, space)
            save_figure(cell)
        except (Exception, KeyboardInterrupt, SystemExit) as error:
            print_error(error)
            with open(os.path.join(place, "end.json"), "w", encoding="utf-8") as file:
                json.dump(told(cell, error), file)
            sys.exit(1)
        finally:
            sys.stdout.flush()


if __name__ == "__main__":
    main()
