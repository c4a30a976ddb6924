"""`millrace lab-school`: the labs in a terminal. One's work lies in my-labs/NN-name/EX.py, and so does the progress."""
from __future__ import annotations

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
from typing import Any, Callable

from millrace_labs import pages, place, report, run, sandbox, source, terminal, texts, walk
from millrace_labs.texts import say
from millrace_labs.words import SCHOOL, WORDS

PROGRESS = "progress.json"
WATCH_S = 0.3


class SchoolError(Exception):
    """What was asked for is not there; the text says what is."""


def read_progress(path: pathlib.Path) -> dict[str, Any]:
    """What is remembered of a student; a file that somebody edited is refused by name, with the key that does not fit."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise SchoolError(say("{path}: not JSON: {error} (remove it to begin anew)", path=path, error=error)) from None
    if not isinstance(found, dict):
        raise SchoolError(say("{path}: not an object of JSON (remove it to begin anew)", path=path))
    fits: dict[str, Callable[[Any], bool]] = {
        "passed": lambda value: isinstance(value, list) and all(isinstance(one, str) for one in value),
        "hints": lambda value: isinstance(value, dict) and all(type(one) is int and one >= 0 for one in value.values()),
        "at": lambda value: isinstance(value, str)}
    for key, fit in fits.items():
        if key in found and not fit(found[key]):
            raise SchoolError(say("{path}: {key} is {value}: not what lab-school writes there (remove the file to begin anew)", path=path, key=key,
                                  value=json.dumps(found[key])[:60]))
    return found


class School:
    """A student's folder and the labs."""

    def __init__(self, folder: pathlib.Path, labs: pathlib.Path, language: str) -> None:
        self.folder, self.language, self.words = folder, language, WORDS[language]
        self.labs = {path.stem: source.read(path) for path in place.lab_sources(labs)}
        if not self.labs:
            raise SchoolError(say("no lab in {folder}", folder=labs))
        self.progress: dict[str, Any] = {"passed": [], "hints": {}, "at": ""}
        path = folder / PROGRESS
        if path.exists():
            self.progress.update(read_progress(path))

    def save(self) -> None:
        """Remembers; a half-written file is never left."""
        self.folder.mkdir(parents=True, exist_ok=True)
        new = self.folder / (PROGRESS + ".new")
        new.write_text(json.dumps(self.progress, indent=1) + "\n", encoding="utf-8")
        new.replace(self.folder / PROGRESS)

    def say(self, word: str, **values: Any) -> str:
        return self.words[word].format(school=SCHOOL, **values)

    # --- which exercise ---

    def lab(self, name: str) -> source.Lab:
        for lab in self.labs.values():
            if name in (lab.id, lab.number, lab.number.lstrip("0")):
                return lab
        here = self.labs.get(self.progress["at"].partition("/")[0])
        known = [*self.labs, *(here.exercises if here else [])]
        raise SchoolError(say("no lab or exercise {name} ({known})", name=name, known=", ".join(known)))

    def exercise(self, name: str) -> tuple[source.Lab, source.Exercise]:
        """Of "LAB/EX", "LAB" (its next one), "EX" of the lab one is in, or nothing: the one where one is."""
        lab_name, slash, rest = name.partition("/")
        here = self.progress["at"].partition("/")[0]
        if name and not slash and here in self.labs and name in self.labs[here].exercises:
            lab_name, rest = here, name
        if not lab_name:
            found = self.progress["at"] if self.known(self.progress["at"]) else self.first_open()
            if not found:
                raise SchoolError(self.words["all"])
            lab_name, _, rest = found.partition("/")
        lab = self.lab(lab_name)
        if not rest:
            rest = (self.first_open(lab) or f"{lab.id}/{next(iter(lab.exercises))}").partition("/")[2]
        if rest not in lab.exercises:
            raise SchoolError(say("{lab} has no exercise {name} ({known})", lab=lab.id, name=rest, known=", ".join(lab.exercises)))
        return lab, lab.exercises[rest]

    def known(self, name: str) -> bool:
        lab, _, exercise = name.partition("/")
        return lab in self.labs and exercise in self.labs[lab].exercises

    def first_open(self, only: source.Lab | None = None) -> str:
        """The first exercise that was not passed yet, or nothing."""
        for lab in [only] if only else self.labs.values():
            for name in lab.exercises:
                if f"{lab.id}/{name}" not in self.progress["passed"]:
                    return f"{lab.id}/{name}"
        return ""

    def path(self, lab: source.Lab, name: str) -> pathlib.Path:
        return self.folder / lab.id / f"{name}.py"

    # --- verbs ---

    def overview(self) -> None:
        """All labs, and how far one is."""
        coming = self.first_open()
        for lab in self.labs.values():
            passed = [name for name in lab.exercises if f"{lab.id}/{name}" in self.progress["passed"]]
            print(f"{terminal.bold(lab.id):<14}  {lab.titles[self.language]}  ({lab.minutes} {self.words['minutes']}, {len(passed)}/{len(lab.exercises)})")
            for name, exercise in lab.exercises.items():
                state = "done" if name in passed else "next" if f"{lab.id}/{name}" == coming else "open"
                print(f"    {name:<24} {exercise.minutes:>3} {self.words['minutes']}  {self.words[state]}".rstrip())

    def next(self, name: str) -> None:
        """The reading up to the next exercise, and its file."""
        if not name and not self.first_open():
            self.experiment_if_left("")
            print(self.words["all"])
            return
        if not name:
            name = self.first_open()
            self.experiment_if_left(name)
        lab, exercise = self.exercise(name)
        self.progress["at"] = f"{lab.id}/{exercise.name}"
        self.save()
        path = self.write(lab, exercise.name, exercise.cell(exercise.skeleton.text))
        terminal.show(pages.reading(lab, exercise, self.language))
        print(f"\n{terminal.bold(f'{lab.id}/{exercise.name}')}, {exercise.minutes} {self.words['minutes']}")
        if exercise.run:
            print(f"{self.say('after')}\n\n{terminal.code(exercise.run.text)}\n")
        print(self.say("write", path=path), self.say("stuck", name=exercise.name), sep="\n")

    def experiment_if_left(self, coming: str) -> None:
        """A lab whose exercises are done has its experiment and its last pages still."""
        here = self.progress["at"].partition("/")[0]
        if here not in self.labs or coming.startswith(here + "/") or f"{here}/end" in self.progress["passed"]:
            return
        lab = self.labs[here]
        self.progress["passed"].append(f"{here}/end")
        rest = pages.reading(lab, None, self.language)
        if rest:
            terminal.show(rest + "\n")
        for block in lab.blocks:
            if isinstance(block, source.Fence) and block.kind == "experiment":
                path = self.write(lab, block.name, block.text)
                print(self.say("lab_done", lab=lab.id, path=path, name=block.name) + "\n")

    def write(self, lab: source.Lab, name: str, text: str) -> pathlib.Path:
        """The file of an exercise, unless it is there."""
        path = self.path(lab, name)
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text + "\n", encoding="utf-8")
        return path

    def check(self, name: str, seed: int | None) -> bool:
        """Runs the exercise as the grader does."""
        lab, exercise = self.exercise(name)
        path = self.path(lab, exercise.name)
        if not path.exists():
            raise SchoolError(self.say("no_file", path=path))
        self.progress["at"] = f"{lab.id}/{exercise.name}"
        why = sandbox.missing()
        if why and not self.progress.get("told_no_sandbox"):
            print(self.say("no_sandbox", why=why))
            self.progress["told_no_sandbox"] = True
        verdict = run.exercise(lab, exercise.name, path.read_text(encoding="utf-8", errors="replace"), seed, not why)
        print(*map(terminal.wrap, run.lines(lab, exercise.name, verdict, self.language)), sep="\n")
        if run.passed(verdict):
            self.success(lab, exercise)
        else:
            output = verdict["stdout"].strip("\n")
            if output:
                print(terminal.code(output if len(output) <= 1500 else "..." + output[-1500:][output[-1500:].find("\n"):]))
            print(self.say("seed", seed=verdict["shown_seed"], name=f"{lab.id}/{exercise.name}"), self.say("failed", path=path), sep="\n")
        self.save()
        return run.passed(verdict)

    def success(self, lab: source.Lab, exercise: source.Exercise) -> None:
        """Why it is so, and where to go on."""
        name = f"{lab.id}/{exercise.name}"
        if name not in self.progress["passed"]:
            self.progress["passed"].append(name)
        if self.language in exercise.explain:
            print("\n" + terminal.markdown(exercise.explain[self.language]) + "\n")
        print(self.say("passed"))

    def hint(self, name: str) -> None:
        """The next hint; once all were given, all of them again from the first."""
        lab, exercise = self.exercise(name)
        hints, key = exercise.hints[self.language], f"{lab.id}/{exercise.name}"
        given = self.progress["hints"].get(key, 0)
        if given >= len(hints):
            print(self.say("no_hint", name=key))
            given = 0
        if hints:
            print(f"{self.say('hint', number=given + 1, count=len(hints))} ({key})\n\n{terminal.markdown(hints[given])}")
        self.progress["hints"][key] = given + 1
        self.save()

    def reset(self, name: str) -> None:
        """The file as it was given; what was in it is kept beside."""
        lab, exercise = self.exercise(name)
        path = self.path(lab, exercise.name)
        if not path.exists():
            raise SchoolError(self.say("no_file", path=path))
        number = 1
        while path.with_suffix(f".{number}.old").exists():
            number += 1
        old = path.rename(path.with_suffix(f".{number}.old"))
        self.write(lab, exercise.name, exercise.cell(exercise.skeleton.text))
        print(self.say("reset", path=path, old=old))

    def watch(self, name: str, seed: int | None) -> None:
        """Checks each time the file is saved."""
        lab, exercise = self.exercise(name)
        path = self.path(lab, exercise.name)
        if not path.exists():
            raise SchoolError(self.say("no_file", path=path))
        print(self.say("watching", path=path), flush=True)
        seen: tuple[int, int] | None = None
        while True:
            known = path.stat() if path.exists() else None
            now = (known.st_mtime_ns, known.st_size) if known else None
            if now and now != seen:
                print(f"\n{time.strftime('%H:%M:%S')}", flush=True)
                self.check(f"{lab.id}/{exercise.name}", seed)
                sys.stdout.flush()
            seen = now
            time.sleep(WATCH_S)

    def run(self, name: str) -> int:
        """Runs what a lab shows, or only up to one of its cells, with its output; pictures are files beside one's work."""
        lab_name, _, cell = (name or self.progress["at"].partition("/")[0] or next(iter(self.labs))).partition("/")
        lab = self.lab(lab_name)
        known = [block.name for block in lab.blocks if isinstance(block, source.Fence) and block.kind in ("cell", "experiment")]
        if cell and cell not in known:
            raise SchoolError(say("{lab} has no cell {name} ({known})", lab=lab.id, name=cell, known=", ".join(known)))
        cells = []
        for one, block in walk.shown_cells(lab):
            if block.kind == "experiment" and block.name != cell:
                continue
            own = self.path(lab, block.name)
            if block.kind == "experiment" and own.exists():
                one = {**one, "text": own.read_text(encoding="utf-8"), "file": str(own), "line": 1}
            cells.append({**one, "announce": block.kind != "cell" or "setup" not in block.flags})
            if cell and block.name == cell:
                break
        return self.run_cells(lab, cells)

    def run_cells(self, lab: source.Lab, cells: list[dict[str, Any]]) -> int:
        pictures = self.folder / lab.id
        pictures.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="millrace-school-") as folder:
            pathlib.Path(folder, "job.json").write_text(json.dumps({"cells": cells}), encoding="utf-8")
            environment = {**os.environ, "MILLRACE_LAB_ID": lab.id, "MILLRACE_LAB_LANGUAGE": self.language,
                           "MILLRACE_LAB_PICTURES": str(pictures.resolve())}
            environment.pop("MILLRACE_LAB_PLACE", None)
            return subprocess.run([place.PYTHON, "-P", "-m", "millrace_labs.cells", folder], env=environment, check=False).returncode


def options() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(prog=SCHOOL, allow_abbrev=False, description="The labs in a terminal.", formatter_class=argparse.RawDescriptionHelpFormatter,
                                     epilog="list    all labs, and how far you are\nnext    the reading up to the next exercise, and its file\n"
                                            "check   runs your exercise as the grader does      watch   the same each time you save it\n"
                                            "hint    one hint, then the next      reset   the file as it was given (yours is kept)\n"
                                            "run     what a lab shows: its examples, or one of them, or its experiment")
    parser.add_argument("verb", nargs="?", default="list", choices=("list", "next", "check", "hint", "reset", "watch", "run"))
    parser.add_argument("name", nargs="?", default="", metavar="LAB[/EX]", help="default: where you are")
    parser.add_argument("--lang", choices=source.LANGUAGES, default=report.language(), help="default: $LANG")
    parser.add_argument("--dir", type=pathlib.Path, default=pathlib.Path("my-labs"), help="of your work (my-labs)")
    parser.add_argument("--labs", type=pathlib.Path, default=place.sources_folder(), help=argparse.SUPPRESS)
    parser.add_argument("--seed", type=int, help="of a check's inputs; default: by lot")
    return parser


def main() -> int:
    """0 done, 1 a check failed, 2 it could not be done."""
    words = options().parse_args()
    texts.speak(words.lang)
    try:
        school = School(words.dir, words.labs, words.lang)
        if words.verb in ("check", "watch"):
            return 0 if getattr(school, words.verb)(words.name, words.seed) else 1
        if words.verb == "list":
            school.overview()
            return 0
        return getattr(school, words.verb)(words.name) or 0
    except KeyboardInterrupt:  # how one ends watch
        print()
        return 0 if words.verb == "watch" else 130
    except BrokenPipeError:  # the reader of a pipe has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 0
    except (SchoolError, source.SourceError, place.NotFound, run.RunError, OSError) as error:
        print(f"{SCHOOL}: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
