"""Where things are: the notebooks, the program, the data of a lab."""
from __future__ import annotations

import os
import pathlib
import re
import shutil

from millrace_labs.texts import say

NOTEBOOKS = pathlib.Path(__file__).resolve().parent.parent
PYTHON = "/usr/bin/python3"  # Debian's: the one that has confluent_kafka
NOTEBOOK_NAME = re.compile(r"[0-9][0-9]-[a-z0-9-]+\.ipynb\Z")  # a lab's


def sources_folder() -> pathlib.Path:
    """Where the labs are; a test of the labs has its own."""
    return pathlib.Path(os.environ.get("MILLRACE_LAB_SOURCES") or NOTEBOOKS)


class NotFound(Exception):
    """Something that the labs need is not there; the text says what and what to do."""


def program() -> pathlib.Path:
    """The command millrace: $MILLRACE, the one that is built beside the notebooks, or the one on the PATH."""
    named = os.environ.get("MILLRACE")
    if named:
        path = pathlib.Path(named).resolve()
        if not os.access(path, os.X_OK):
            raise NotFound(say("MILLRACE={named}: no program there", named=named))
        return path
    for path in (NOTEBOOKS.parent / "build" / "millrace", NOTEBOOKS.parent.parent.parent / "bin" / "millrace"):
        if os.access(path, os.X_OK):
            return path
    found = shutil.which("millrace")
    if found:
        return pathlib.Path(found).resolve()
    raise NotFound(say("no program millrace: run make, or name it with MILLRACE="))


def lab_source(name: str, folder: pathlib.Path | None = None) -> pathlib.Path:
    """The file of a lab, by its name ("03-acks"), its number ("03", "3") or its path."""
    path = pathlib.Path(name)
    if path.suffix == ".md":
        return path
    sources = lab_sources(folder)
    number = name.split("-")[0]
    for source in sources:
        if source.stem == name or (name.isdigit() and source.stem.split("-")[0] == number.zfill(2)):
            return source
    raise NotFound(say("no lab {name} (labs: {known})", name=name, known=", ".join(source.stem for source in sources) or "-"))


def lab_sources(folder: pathlib.Path | None = None) -> list[pathlib.Path]:
    """All labs, in order."""
    return sorted((folder or sources_folder()).glob("[0-9][0-9]-*.md"))
