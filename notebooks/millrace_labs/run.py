"""Runs one exercise and judges it: what `lab.check`, `millrace lab-school check`, `millrace grade` and the prover all do.

A run is: the lab's setup cells, the student's cell, the exercise's run cell, in a fresh process with a fresh broker and a
deadline; then, when every process of it is dead, the checks (keeper.py). With `seeds=N` the whole is run N times.
"""
from __future__ import annotations

import json
import random
import shutil
import subprocess
import tempfile
from typing import Any, Iterator

from millrace_labs import place, sandbox
from millrace_labs.source import Exercise, Fence, Lab

JUDGE_S = 15  # for all checks of a run together
SPARE_S = JUDGE_S + 15

# One run: {"status", "stopped": {"cell", "en", "it"}, "checks": [{"name", "title", "ok", "en", "it"}], "stdout", "seconds",
# "seeds": [...]}, "hung": NAME where a check met its deadline; several: the same, and each check with "survived", "runs",
# "failed_seed".
Verdict = dict[str, Any]


class RunError(Exception):
    """The machinery failed, not the student; the text says how."""


def _cell(fence: Fence, lab: Lab, kind: str) -> dict[str, Any]:
    return {"name": fence.name, "kind": kind, "text": fence.text, "file": lab.path.name, "line": fence.line}


def cells(lab: Lab, exercise: Exercise, student: str) -> list[dict[str, Any]]:
    """The cells of a run, in order."""
    if exercise.run is None:
        raise RunError(f"{lab.path}: exercise {exercise.name} has no run=")
    if not student.lstrip().startswith(exercise.first_line):
        student = exercise.cell(student)
    return [*(_cell(fence, lab, "given") for fence in lab.setup),
            {"name": exercise.name, "kind": "student", "text": student, "file": "", "line": 1},
            _cell(exercise.run, lab, "run")]


def environment(lab_id: str, run_place: str, seed: int, quick: bool) -> dict[str, str]:
    """All that a run knows of the machine."""
    return {"PATH": "/usr/bin:/bin", "HOME": f"{run_place}/files", "TMPDIR": f"{run_place}/tmp", "LANG": "C.UTF-8",
            "PYTHONPATH": str(place.NOTEBOOKS), "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUNBUFFERED": "1",
            "MILLRACE": str(place.program()), "MILLRACE_LAB_PLACE": run_place, "MILLRACE_LAB_ID": lab_id,
            "MILLRACE_LAB_SEED": str(seed), "MILLRACE_LAB_QUICK": "1" if quick else ""}


def once(lab: Lab, name: str, student: str, seed: int, boxed: bool = False) -> Verdict:
    """One run with one seed; boxed: in a sandbox, as a stranger's."""
    exercise = lab.exercises[name]
    fences = [{"file": lab.path.name, "line": fence.line, "text": fence.text} for fence in exercise.checks]
    asked = {"checks": fences, "names": exercise.check_names()}
    return keep(lab, cells(lab, exercise, student), asked, exercise.deadline_s, seed, student, boxed)


def keep(lab: Lab, given: list[dict[str, Any]], asked: dict[str, Any] | None, deadline_s: int, seed: int, student: str = "",
         boxed: bool = False, more: dict[str, str] | None = None) -> Verdict:
    """Starts the keeper with cells, and with the checks that it will read when they are over; its answer."""
    folder = sandbox.LAB if boxed else tempfile.mkdtemp(prefix="millrace-run-")
    try:
        known = {**environment(lab.id, folder, seed, True), **(sandbox.environment() if boxed else {}), **(more or {})}
        job = {"place": folder, "python": place.PYTHON, "cells": given, "seed": seed, "source": student,
               "deadline_s": deadline_s, "judge_s": JUDGE_S, "environment": known}
        keeper = ["/usr/bin/env", "-i", "PATH=/usr/bin:/bin", "LANG=C.UTF-8", f"PYTHONPATH={known['PYTHONPATH']}",
                  "PYTHONDONTWRITEBYTECODE=1", place.PYTHON, "-P", "-m", "millrace_labs.keeper"]
        return answer(keeper, json.dumps(job) + "\n" + (json.dumps(asked) if asked else ""), deadline_s + SPARE_S, lab.number if boxed else "")
    finally:
        if not boxed:
            shutil.rmtree(folder, ignore_errors=True)


def answer(keeper: list[str], asked: str, seconds: int, box: str) -> Verdict:
    """What the keeper says, in a sandbox with the given files of lab `box` or in none, or a RunError."""
    try:
        if box:
            done = sandbox.run(box, keeper, asked, seconds)
        else:
            done = subprocess.run(keeper, input=asked, capture_output=True, text=True, timeout=seconds, check=False)
        return json.loads(done.stdout)
    except subprocess.TimeoutExpired:
        raise RunError(f"the run gave no answer within {seconds} s") from None
    except ValueError:
        raise RunError(f"the run gave no answer: {done.stderr.strip()[-2000:]}") from None


def seeds(exercise: Exercise, first: int | None) -> Iterator[int]:
    """The seeds of an exercise's runs: from the given one, or by lot, so that an answer learnt by heart does not pass."""
    start = first if first is not None else random.SystemRandom().randrange(2, 10000)
    return iter(range(start, start + exercise.seeds))


def exercise(lab: Lab, name: str, student: str, seed: int | None = None, boxed: bool = False) -> Verdict:
    """Runs an exercise with all its seeds and puts the verdicts together."""
    whole: Verdict | None = None
    for one in seeds(lab.exercises[name], seed):
        verdict = once(lab, name, student, one, boxed)
        verdict.update(seeds=[one], shown_seed=one)
        for line in verdict.get("checks", []):
            line.update(survived=int(line["ok"]), runs=1, failed_seed=None if line["ok"] else one)
        whole = verdict if whole is None else merge(whole, verdict)
        if verdict["status"] != "done" or "hung" in verdict:
            break  # what stops or hangs once will do it again, and each time takes its deadline
    assert whole is not None
    tell_not_run(whole, lab.exercises[name].seeds - len(whole["seeds"]))
    return whole


NOT_RUN = {"en": "; the other {count} seeds were not run", "it": "; gli altri {count} seed non sono stati eseguiti"}
NOT_RUN_ONE = {"en": "; the other seed was not run", "it": "; l'altro seed non è stato eseguito"}


def tell_not_run(whole: Verdict, count: int) -> None:
    """Where a deadline broke the seeds off, its message says so."""
    late = [line for line in whole["checks"] if line["name"] == whole.get("hung")]
    late += [whole["stopped"]] if whole["status"] == "deadline" else []
    for words in late if count > 0 else []:
        for language, more in (NOT_RUN if count > 1 else NOT_RUN_ONE).items():
            words[language] += more.format(count=count)


def merge(whole: Verdict, more: Verdict) -> Verdict:
    """Both: a check's line is the first that failed, and counts; what was printed is the first failed run's."""
    if passed(whole) and not passed(more):
        whole.update(stdout=more["stdout"], shown_seed=more["shown_seed"])
    whole["seconds"] += more["seconds"]
    whole["seeds"] += more["seeds"]
    for line, other in zip(whole["checks"], more["checks"]):
        if line["ok"] and not other["ok"]:
            line.update({key: other[key] for key in ("ok", "en", "it", "failed_seed")})
        line["survived"] += other["survived"]
        line["runs"] += 1
    if whole["status"] == "done" and more["status"] != "done":
        whole.update(status=more["status"], stopped=more["stopped"], stdout=more["stdout"], shown_seed=more["shown_seed"])
    if "hung" in more:
        whole["hung"] = more["hung"]
    return whole


def passed(verdict: Verdict) -> bool:
    """Whether the cells came to their end and every check passed."""
    return verdict["status"] == "done" and all(line["ok"] for line in verdict["checks"])


SURVIVED = {"en": "survived {survived} of {runs} seeds; seed {failed_seed}: ",
            "it": "sopravvissuto a {survived} di {runs} seed; seed {failed_seed}: "}


def message(line: dict[str, Any], language: str) -> str:
    """What a check has to say: its title when it passed, else what went wrong."""
    if line["ok"]:
        many = f" ({line['survived']}/{line['runs']} {'seed' if language == 'it' else 'seeds'})" if line.get("runs", 1) > 1 else ""
        return line["title"][language] + many
    many = SURVIVED[language].format(**line) if line.get("runs", 1) > 1 else ""
    return many + line[language]


SAME = {"en": "the same", "it": "lo stesso"}


def lines(lab: Lab, name: str, verdict: Verdict, language: str) -> list[str]:
    """A line for a cell that stopped, and one for each check that had something to look at."""
    told = []
    if verdict["status"] != "done":
        told.append(f"FAIL  {lab.id} {name}/cell  {verdict['stopped'][language]}")
    wide = max([len(line["name"]) for line in verdict["checks"]] or [0])
    said: set[str] = set()
    for line in verdict["checks"]:
        if line.get("missing") and verdict["status"] != "done":
            continue  # it follows from the line above
        word = "ok  " if line["ok"] else "FAIL"
        words = message(line, language)
        told.append(f"{word}  {lab.id} {name}/{line['name']:<{wide}}  {SAME[language] if words in said else words}")
        said.add(words)
    return told
