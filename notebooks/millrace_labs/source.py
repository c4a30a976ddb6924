"""A lab's source: Markdown with tagged fences, which reader.py reads into exercises, cells and prose.

    ---
    id: 01-topics                       title.it: ...                    title.en: ...
    ---
    <!-- it -->  prose  <!-- en -->  prose        marks: it, en, both, hint EX it, explain EX it, teacher it
    ```python exercise=partition minutes=10       fences: a language, key=value, flags
    ```

A mark holds until the next mark or fence. What does not fit is a SourceError that names the file and the line; what is
there but not enough (a check without two typical mistakes) is told by `problems`, so that a lab can be written step by step.
"""
from __future__ import annotations

import ast
import pathlib
import re
from dataclasses import dataclass, field

LANGUAGES = ("it", "en")
SHOWN = ("text", "sql", "json", "c")
# What a fence of python is: the key that says it, and the keys and flags that may stand beside it.
KINDS: dict[str, tuple[set[str], set[str]]] = {
    "cell": ({"figure"}, {"setup"}),
    "exercise": ({"minutes"}, set()),
    "solution": (set(), set()),
    "wrong": ({"name", "fails", "says"}, set()),
    "run": ({"seeds", "deadline"}, set()),
    "check": (set(), set()),
    "experiment": ({"minutes", "figure"}, set()),
}
DEADLINE_S, DEADLINE_MAX_S, SEEDS_MAX = 20, 40, 50
NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*\Z")
IMAGE = re.compile(r"!\[([^\]]*)\]\(images/([^)\s]+)\)")
FIRST_LINE = "# exercise {} (keep this line)"


class SourceError(Exception):
    """A lab's file that cannot be read as one: "FILE:LINE: what is wrong"."""


@dataclass
class Fence:
    """A block of code. `kind` is a key of KINDS, or the language of a block that is not Python."""

    language: str
    kind: str
    name: str
    tags: dict[str, str]
    flags: set[str]
    text: str
    line: int  # of its first line of code


@dataclass
class Prose:
    """A block of text. `kind`: prose, hint, explain, teacher; `language`: it, en, or both."""

    kind: str
    exercise: str
    language: str
    text: str
    line: int


@dataclass
class Exercise:
    """What the student writes, and what it is judged by."""

    name: str
    skeleton: Fence
    solution: Fence | None = None
    run: Fence | None = None
    wrong: list[Fence] = field(default_factory=list)
    checks: list[Fence] = field(default_factory=list)
    hints: dict[str, list[str]] = field(default_factory=lambda: {language: [] for language in LANGUAGES})
    explain: dict[str, str] = field(default_factory=dict)

    @property
    def line(self) -> int:
        return self.skeleton.line

    @property
    def minutes(self) -> int:
        return int(self.skeleton.tags["minutes"])

    @property
    def seeds(self) -> int:
        return int(self.run.tags.get("seeds", 1)) if self.run else 1

    @property
    def deadline_s(self) -> int:
        return int(self.run.tags.get("deadline", DEADLINE_S)) if self.run else DEADLINE_S

    @property
    def first_line(self) -> str:
        return FIRST_LINE.format(self.name)

    def cell(self, code: str) -> str:
        """The student's cell: the line that the builder gives it, then the code."""
        return self.first_line + "\n" + code

    def check_names(self) -> list[str]:
        """Of the functions check_NAME, in order: "same-key"."""
        return [name for fence in self.checks for name in check_functions(fence)]


@dataclass
class Lab:
    """One lab, in the order of its file."""

    id: str
    path: pathlib.Path
    titles: dict[str, str]
    blocks: list[Fence | Prose]
    exercises: dict[str, Exercise]

    @property
    def number(self) -> str:
        return self.id.split("-")[0]

    @property
    def setup(self) -> list[Fence]:
        return [b for b in self.blocks if isinstance(b, Fence) and b.kind == "cell" and "setup" in b.flags]

    @property
    def minutes(self) -> int:
        """Of all exercises and experiments."""
        return sum(int(b.tags.get("minutes", 0)) for b in self.blocks if isinstance(b, Fence))


def heading(lab: Lab, language: str) -> str:
    """The title of a lab whose own text does not begin with one; nothing where it does."""
    if any(isinstance(block, Prose) and block.text.startswith("# ") for block in lab.blocks):
        return ""
    return f"# {'Laboratorio' if language == 'it' else 'Lab'} {int(lab.number)}. {lab.titles[language]}"


def check_functions(fence: Fence) -> list[str]:
    """The names of the checks that a fence defines: check_same_key is "same-key"."""
    tree = ast.parse(fence.text)
    return [node.name[len("check_"):].replace("_", "-") for node in tree.body
            if isinstance(node, ast.FunctionDef) and node.name.startswith("check_")]


def localized(prose: Prose, language: str) -> str:
    """The text; where both languages share it, a picture's words are `![English | Italiano](...)`."""
    if prose.language != "both":
        return prose.text

    def words(found: re.Match[str]) -> str:
        en, bar, it = found[1].partition(" | ")
        return f"![{it if bar and language == 'it' else en}](images/{found[2]})"

    return IMAGE.sub(words, prose.text)


def problems(lab: Lab) -> list[str]:
    """What is missing before the lab can be proven, a line for each."""
    found = []

    def add(line: int, what: str) -> None:
        found.append(f"{lab.path}:{line}: {what}")

    if not lab.exercises:
        add(1, "no exercise")
    for block in lab.blocks:
        for found_image in IMAGE.finditer(block.text) if isinstance(block, Prose) else ():
            if not (lab.path.parent / "images" / found_image[2]).exists():
                add(block.line, f"images/{found_image[2]} is not there (figure={pathlib.Path(found_image[2]).stem} on a cell, "
                                "then python3 -m millrace_labs.walk --figures)")
    for exercise in lab.exercises.values():
        for part in ("solution", "run"):
            if getattr(exercise, part) is None:
                add(exercise.line, f"exercise {exercise.name} has no {part}=")
        names = exercise.check_names()
        if len(names) < 2:
            add(exercise.line, f"exercise {exercise.name} has {len(names)} checks: two at least")
        for name in {name for name in names if names.count(name) > 1}:
            add(exercise.line, f"exercise {exercise.name} has two checks {name}")
        for wrong in exercise.wrong:
            if wrong.tags["fails"].replace("_", "-") not in names:
                add(wrong.line, f"fails={wrong.tags['fails']}: exercise {exercise.name} has no such check ({', '.join(names)})")
        for name in names:
            count = sum(wrong.tags["fails"].replace("_", "-") == name for wrong in exercise.wrong)
            if count < 2:
                add(exercise.line, f"check {exercise.name}/{name} has {count} typical mistakes (wrong=): two at least")
        for language in LANGUAGES:
            if not exercise.hints[language]:
                add(exercise.line, f"exercise {exercise.name} has no hint {language}")
            if language not in exercise.explain:
                add(exercise.line, f"exercise {exercise.name} has no explain {language}")
    return found


def read(path: pathlib.Path) -> Lab:
    """The lab in a file; SourceError names what does not fit."""
    from millrace_labs import reader

    return reader.read(path)
