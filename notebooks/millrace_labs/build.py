"""Makes the notebooks of a lab: the student's with skeletons, the teacher's with solutions; Italian and English.

    python3 -m millrace_labs.build [LAB...] [--out my-labs] [--teacher build/labs/teacher]

A student's notebook is never written over: what was changed since it was built stays, and the new text comes beside it.
Cells have fixed ids (`ex-partition`, `run-partition`, `cell-start`): by these the grader finds the student's cells.
"""
from __future__ import annotations

import argparse
import hashlib
import json
import os
import pathlib
import shutil
import sys
from typing import Any

from millrace_labs import place, source, walk

BUILT = ".built.json"  # in the student's folder: the digest of each file as it was built
WORDS = {
    "it": {"exercise": "Esercizio", "minutes": "minuti", "hint": "Suggerimento", "experiment": "Esperimento",
           "mistakes": "Errori tipici", "fails": "non passa", "questions": "Domande con risposte", "solution": "Perché"},
    "en": {"exercise": "Exercise", "minutes": "minutes", "hint": "Hint", "experiment": "Experiment",
           "mistakes": "Typical mistakes", "fails": "fails", "questions": "Questions with answers", "solution": "Why"},
}


class _Notebook:
    """The cells of one notebook, in one language, for a student or a teacher."""

    def __init__(self, lab: source.Lab, language: str, teacher: bool) -> None:
        self.lab, self.language, self.teacher, self.words = lab, language, teacher, WORDS[language]
        self.cells: list[dict[str, Any]] = []
        self.texts = 0

    def markdown(self, text: str, name: str = "") -> None:
        from nbformat import v4

        self.texts += 1
        self.cells.append(v4.new_markdown_cell(text, id=name or f"text-{self.texts:02}"))

    def code(self, text: str, name: str, **metadata: Any) -> None:
        from nbformat import v4

        self.cells.append(v4.new_code_cell(text, id=name, metadata=metadata))

    def build(self) -> Any:
        from nbformat import v4

        opening = f"from millrace_labs import lab\n\nlab.open({self.lab.id!r}, language={self.language!r})"
        self.code(opening, "lab-open", deletable=False)
        heading = source.heading(self.lab, self.language)
        if heading:
            self.markdown(heading, "title")
        for block in self.lab.blocks:
            if isinstance(block, source.Prose):
                self.prose(block)
            else:
                self.fence(block)
        return v4.new_notebook(cells=self.cells, metadata={
            "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
            "language_info": {"name": "python"}, "title": self.lab.titles[self.language],
            "millrace": {"lab": self.lab.id, "language": self.language, "edition": "teacher" if self.teacher else "student"}})

    def prose(self, block: source.Prose) -> None:
        if block.language not in (self.language, "both"):
            return
        if block.kind == "prose":
            self.markdown(source.localized(block, self.language))
        elif block.kind == "teacher" and self.teacher:
            self.markdown(f"**{self.words['questions']}**\n\n{block.text}")

    def fence(self, block: source.Fence) -> None:
        if block.kind == "cell":
            self.code(block.text, f"cell-{block.name}")
        elif block.kind == "bash":
            self.code(walk.code(block), f"bash-{len(self.cells):02}")
        elif block.kind == "experiment":
            self.markdown(f"**{self.words['experiment']}** · {block.tags['minutes']} {self.words['minutes']}", f"about-{block.name}")
            self.code(block.text, f"experiment-{block.name}")
        elif block.kind == "exercise":
            self.exercise(self.lab.exercises[block.name])
        elif block.kind == "run":
            self.code(block.text, f"run-{block.name}", deletable=False)
            self.code(f'lab.check("{block.name}");', f"check-{block.name}", deletable=False)
            if self.teacher:
                self.after(self.lab.exercises[block.name])
        elif block.kind in source.SHOWN:
            self.markdown(f"```{block.kind}\n{block.text}\n```")

    def exercise(self, exercise: source.Exercise) -> None:
        head = f"**{self.words['exercise']} `{exercise.name}`** · {exercise.minutes} {self.words['minutes']}"
        # Jupyter's style sheet takes the browser's own mark away from a summary.
        hints = [f"<details><summary>▸ {self.words['hint']} {number}</summary>\n\n{hint}\n\n</details>"
                 for number, hint in enumerate(exercise.hints[self.language], 1)]
        self.markdown("\n\n".join([head, *hints]), f"about-{exercise.name}")
        shown = exercise.solution if self.teacher and exercise.solution else exercise.skeleton
        self.code(exercise.cell(shown.text), f"ex-{exercise.name}", deletable=False)

    def after(self, exercise: source.Exercise) -> None:
        """What only the teacher's edition tells of an exercise."""
        if self.language in exercise.explain:
            self.markdown(f"**{self.words['solution']}** {exercise.explain[self.language]}", f"why-{exercise.name}")
        mistakes = [f"`{wrong.tags['name']}` ({self.words['fails']} `{wrong.tags['fails']}`: *{wrong.tags['says']}*)\n\n"
                    f"```python\n{wrong.text}\n```" for wrong in exercise.wrong]
        if mistakes:
            self.markdown("\n\n".join([f"<details><summary>▸ {self.words['mistakes']}</summary>", *mistakes, "</details>"]),
                          f"mistakes-{exercise.name}")


def notebook(lab: source.Lab, language: str, teacher: bool = False) -> str:
    """The text of a notebook's file."""
    import nbformat

    made = _Notebook(lab, language, teacher).build()
    nbformat.validate(made)
    return nbformat.writes(made) + "\n"


def digest(text: str) -> str:
    """Of a file's content."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


class Student:
    """The folder of a student: written so that no work in it is lost."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder
        self.built: dict[str, str] = {}
        if (folder / BUILT).exists():
            self.built = json.loads((folder / BUILT).read_text(encoding="utf-8"))

    def write(self, name: str, text: str) -> str:
        """Writes a notebook when that loses nothing: "made", "same", "newer" (the old one was untouched), "beside"."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        new = digest(text)
        if path.exists() and self.built.get(name) == new:
            return "same"
        word = "newer" if path.exists() else "made"
        if path.exists() and digest(path.read_text(encoding="utf-8")) not in (self.built.get(name), new):
            beside = path.with_name(path.stem + ".new.ipynb")
            beside.write_text(text, encoding="utf-8")
            return "beside"
        path.write_text(text, encoding="utf-8")
        self.built[name] = new
        return word

    def finish(self) -> None:
        """Remembers what was built."""
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / BUILT).write_text(json.dumps(self.built, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def beside(folder: pathlib.Path, notebooks: pathlib.Path = place.NOTEBOOKS) -> None:
    """What a notebook needs next to it: the pictures of its text, and the package under the name that it imports."""
    folder.mkdir(parents=True, exist_ok=True)
    if (notebooks / "images").is_dir():
        shutil.copytree(notebooks / "images", folder / "images", dirs_exist_ok=True)
    link = folder / "millrace_labs"
    target = os.path.relpath(notebooks / "millrace_labs", folder.resolve())
    if link.is_symlink() and os.readlink(link) != target:
        link.unlink()
    if not link.exists():
        link.symlink_to(target)


def make(paths: list[pathlib.Path], out: pathlib.Path, teacher: pathlib.Path | None) -> list[str]:
    """Builds the notebooks of these labs; says what became of the student's files that were there."""
    student, said = Student(out), []
    counts: dict[str, int] = {}
    for path in paths:
        lab = source.read(path)
        for language in source.LANGUAGES:
            name = f"{language}/{lab.id}.ipynb"
            became = student.write(name, notebook(lab, language))
            counts[became] = counts.get(became, 0) + 1
            if became == "beside":
                said.append(f"{out / name} has your work and stays; the newer text is beside it, {lab.id}.new.ipynb")
            if teacher:
                (teacher / language).mkdir(parents=True, exist_ok=True)
                (teacher / name).write_text(notebook(lab, language, teacher=True), encoding="utf-8")
    student.finish()
    for language in source.LANGUAGES:
        beside(out / language)
        if teacher:
            beside(teacher / language)
    made = ", ".join(f"{count} {word}" for word, count in sorted(counts.items()))
    return [f"notebooks in {out}/it and {out}/en: {made}", *said]


def main() -> int:
    """Builds the notebooks of the labs that are named, or of all."""
    parser = argparse.ArgumentParser(prog="millrace_labs.build", description=main.__doc__)
    parser.add_argument("labs", nargs="*", help="03-acks, 03, or a file; none: all")
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("my-labs"), help="the student's folder (my-labs)")
    parser.add_argument("--teacher", type=pathlib.Path, help="the folder of the solved notebooks; none: not made")
    words = parser.parse_args()
    try:
        paths = [place.lab_source(name) for name in words.labs] or place.lab_sources()
        print(*make(paths, words.out, words.teacher), sep="\n")
    except (source.SourceError, place.NotFound) as error:
        print(f"build: {error}", file=sys.stderr)
        return 2
    except ImportError as error:
        print(f"build: {error}: make labs installs what is missing", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
