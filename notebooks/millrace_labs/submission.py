"""What a student handed in: of a notebook nobody vouches for, the texts of the exercise cells, and nothing else.

The file may be broken, huge, binary, a link, a FIFO, or no notebook at all: each has its words, and costs nothing else.
"""
from __future__ import annotations

import json
import os
import stat
from typing import Any

FILE_MAX, CELL_MAX = 8 << 20, 256 << 10


class NotANotebook(Exception):
    """The file is not one; `en` and `it` say what it is."""

    def __init__(self, en: str, it: str) -> None:
        super().__init__(en)
        self.en, self.it = en, it


def read_file(path: str) -> bytes:
    """The content of a regular file of a bounded size."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise NotANotebook(*(("a link", "un collegamento") if os.path.islink(path) else (str(error.strerror),) * 2)) from None
    known = os.fstat(fd)
    if not stat.S_ISREG(known.st_mode):
        os.close(fd)
        raise NotANotebook("not a regular file", "non è un file normale")
    with os.fdopen(fd, "rb") as file:
        if known.st_size > FILE_MAX:
            raise NotANotebook(f"{known.st_size >> 20} MB, and at most {FILE_MAX >> 20} are read (clear the outputs)",
                               f"{known.st_size >> 20} MB, e se ne leggono al massimo {FILE_MAX >> 20} (cancella gli output)")
        return file.read(FILE_MAX)


def cells(data: bytes) -> list[dict[str, Any]]:
    """The code cells of a notebook."""
    try:
        found = json.loads(data.decode("utf-8-sig"))  # an editor of Windows begins with a mark
    except UnicodeDecodeError:
        raise NotANotebook("not text in UTF-8", "non è testo in UTF-8") from None
    except (ValueError, RecursionError) as error:
        raise NotANotebook(f"not JSON: {error}", f"non è JSON: {error}") from None
    if not isinstance(found, dict) or not isinstance(found.get("cells"), list):
        raise NotANotebook("JSON without a list of cells", "JSON senza una lista di celle")
    return [cell for cell in found["cells"] if isinstance(cell, dict) and cell.get("cell_type") == "code"]


def text(cell: dict[str, Any]) -> str:
    """The source of a cell, which may be one string or a list of lines."""
    source = cell.get("source", "")
    if isinstance(source, list) and all(isinstance(line, str) for line in source):
        source = "".join(source)
    if not isinstance(source, str):
        raise NotANotebook("a cell whose source is not text", "una cella il cui contenuto non è testo")
    if len(source) > CELL_MAX:
        raise NotANotebook(f"a cell of {len(source) >> 10} KB, and at most {CELL_MAX >> 10} are read",
                           f"una cella di {len(source) >> 10} KB, e se ne leggono al massimo {CELL_MAX >> 10}")
    return source


def exercise_cells(path: str, first_lines: dict[str, str]) -> dict[str, str]:
    """{exercise: the student's cell}, by the cell's id `ex-NAME`; by its first line where an editor made new ids."""
    found: dict[str, str] = {}
    by_line: dict[str, str] = {}
    for cell in cells(read_file(path)):
        name = str(cell.get("id", ""))[len("ex-"):] if str(cell.get("id", "")).startswith("ex-") else ""
        source = text(cell)
        if name in first_lines:
            found[name] = source
        for exercise, line in first_lines.items():
            if source.lstrip().startswith(line):
                by_line[exercise] = source
    return {**by_line, **found}
