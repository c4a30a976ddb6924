"""Walks through a whole lab as its notebook would: every cell, command block and experiment in order, in one process, with
the solutions in the students' cells. `python3 -m millrace_labs.walk --figures NN-name` draws the pictures of the text again.
"""
from __future__ import annotations

import argparse
import os
import pathlib
import sys
from typing import Any

from millrace_labs import place, run, source

WALK_S = 240


def code(fence: source.Fence) -> str:
    """What a cell of the notebook has for a fence that is run."""
    if fence.language != "bash":
        return fence.text
    if "\\" not in fence.text and '"""' not in fence.text:
        return f'lab.sh("""\n{fence.text}\n""");'
    if '"""' not in fence.text:
        return f'lab.sh(r"""\n{fence.text}\n""");'
    return f"lab.sh({fence.text!r});"


def cell(lab: source.Lab, block: source.Fence) -> dict[str, Any]:
    """A block as cells.py runs it."""
    student = block.kind == "exercise"
    text = code(block)
    if student:
        solution = lab.exercises[block.name].solution
        text = lab.exercises[block.name].cell(solution.text if solution else block.text)
    return {"name": block.name or f"bash, line {block.line}", "kind": "student" if student else "given", "text": text,
            "file": lab.path.name, "line": max(block.line - (block.language == "bash"), 1), "figure": block.tags.get("figure", "")}


def cells(lab: source.Lab) -> list[dict[str, Any]]:
    """The cells in the order of the notebook."""
    return [cell(lab, block) for block in lab.blocks
            if isinstance(block, source.Fence) and block.kind in ("cell", "bash", "exercise", "run", "experiment")]


def shown_cells(lab: source.Lab) -> list[tuple[dict[str, Any], source.Fence]]:
    """The cells that need nothing of the student: examples, command blocks, experiments."""
    return [(cell(lab, block), block) for block in lab.blocks
            if isinstance(block, source.Fence) and block.kind in ("cell", "bash", "experiment")]


def walk(lab: source.Lab, figures: str = "", seed: int = 1, quick: bool = True) -> run.Verdict:
    """Runs them all. figures: the folder where the cells marked figure= put their pictures."""
    more = {"MILLRACE_LAB_FIGURES": figures, "MILLRACE_LAB_QUICK": "1" if quick else ""}
    return run.keep(lab, cells(lab), None, WALK_S, seed, more=more)


def main() -> int:
    """Draws the figures of the labs that are named, or of all."""
    parser = argparse.ArgumentParser(prog="millrace_labs.walk", description=main.__doc__)
    parser.add_argument("labs", nargs="*", help="03-acks, 03, or a file; none: all")
    parser.add_argument("--figures", action="store_true", help="write notebooks/images/NN-name.svg")
    parser.add_argument("--full", action="store_true", help="experiments in their full length, as a student runs them")
    words = parser.parse_args()
    status = 0
    for path in [place.lab_source(name) for name in words.labs] or place.lab_sources():
        images = pathlib.Path(path).resolve().parent / "images"
        if words.figures:
            os.makedirs(images, exist_ok=True)
        verdict = walk(source.read(path), str(images) if words.figures else "", quick=not words.full)
        print(f"{path.stem}: {verdict['status']} ({verdict['seconds']} s)")
        if verdict["status"] != "done":
            print(verdict["stdout"][-3000:], f"{verdict['stopped']['cell']}: {verdict['stopped']['en']}", sep="\n")
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main())
