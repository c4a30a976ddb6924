"""Executes the teacher's notebook of a lab with the real kernel, and looks at what the cells with lab.check printed.

    python3 -m millrace_labs.execute 03-acks --language it [--out FILE.ipynb]
"""
from __future__ import annotations

import argparse
import os
import pathlib
import re
import sys
import tempfile
from typing import Any

from millrace_labs import build, place, source, texts

CELL_S = 150
ANSI = re.compile(r"\x1b\[[0-9;]*m")


def printed(cell: Any) -> str:
    """What a cell wrote."""
    return "".join(output["text"] for output in cell["outputs"] if output["output_type"] == "stream")


def wrong(lab: source.Lab, notebook: Any) -> list[str]:
    """What in an executed notebook says that a solution does not pass its checks: each exercise has its cell, and each check
    its line."""
    printed_by = {cell["id"]: printed(cell).splitlines() for cell in notebook.cells if cell["cell_type"] == "code"}
    found = []
    for exercise in lab.exercises.values():
        lines = printed_by.get(f"check-{exercise.name}", [])
        failed = [line for line in lines if line.startswith("FAIL")]
        passed = sum(line.startswith("ok ") for line in lines)
        if passed != len(exercise.check_names()) and not failed:
            failed.append(f"{exercise.name}: {passed} of {len(exercise.check_names())} checks passed: {' '.join(lines)[:500]}")
        found += failed
    return found


def execute(lab: source.Lab, language: str, folder: str) -> tuple[Any, list[str]]:
    """The notebook with its outputs, and what was wrong."""
    import nbclient
    import nbformat

    notebook = nbformat.reads(build.notebook(lab, language, teacher=True), as_version=4)
    build.beside(pathlib.Path(folder))
    client = nbclient.NotebookClient(notebook, timeout=CELL_S, kernel_name="python3", resources={"metadata": {"path": folder}})
    try:
        client.execute()
    except (nbclient.exceptions.CellExecutionError, nbclient.exceptions.CellTimeoutError, nbclient.exceptions.DeadKernelError) as error:
        return notebook, [ANSI.sub("", str(error))[-3000:]]
    return notebook, wrong(lab, notebook)


def main() -> int:
    """0 when every cell ran and every check passed."""
    parser = argparse.ArgumentParser(prog="millrace_labs.execute", description=main.__doc__)
    parser.add_argument("lab")
    parser.add_argument("--language", choices=source.LANGUAGES, default="en")
    parser.add_argument("--seed", type=int, default=7, help="of the checks")
    parser.add_argument("--out", type=pathlib.Path, help="the notebook with its outputs")
    words = parser.parse_args()
    lab = source.read(place.lab_source(words.lab))
    os.environ.update({texts.STRICT: "1"}, MILLRACE_LAB_QUICK="1", MILLRACE_LAB_CHECK_SEED=str(words.seed), MILLRACE_LAB_SOURCES=str(lab.path.resolve().parent),
                      PYDEVD_DISABLE_FILE_VALIDATION="1", PYTHONPATH=str(place.NOTEBOOKS), MILLRACE=str(place.program()))
    with tempfile.TemporaryDirectory(prefix="millrace-notebook-") as folder:
        os.environ.update(JUPYTER_RUNTIME_DIR=f"{folder}/runtime", IPYTHONDIR=f"{folder}/ipython", JUPYTER_CONFIG_DIR=f"{folder}/config")
        notebook, failed = execute(lab, words.language, folder)
        if words.out:
            import nbformat

            words.out.parent.mkdir(parents=True, exist_ok=True)
            words.out.write_text(nbformat.writes(notebook) + "\n", encoding="utf-8")
    print(*failed, sep="\n")
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
