"""Proves a lab: `python3 -m millrace_labs.prove 03-acks` (with PYTHONPATH=notebooks).

For every exercise: the skeleton fails every check, the solution passes them all, each wrong= fails the check that it names
with the words that it names. Then the whole lab is walked through once, every command block and experiment with it; where
that is in a Jupyter kernel, its lab.check cells are the proof of the solutions, by the same run with the same seeds.
One line each; the last line counts them. The exit status is 1 when something failed.
"""
from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Callable

from millrace_labs import place, run, source, walk

SEED = 7
RUNS_A_CORE = 2  # a run waits more than it computes: a quarter of its time is a processor's


NOTEBOOK = "notebook"


@dataclass
class Proof:
    """What one run showed."""

    what: str
    wrong: list[str]  # nothing: as it should be
    seconds: float
    stdout: str = ""


def skeleton(lab: source.Lab, exercise: source.Exercise, seed: int, boxed: bool) -> Proof:
    """What is given to the student passes no check."""
    verdict = run.once(lab, exercise.name, exercise.skeleton.text, seed, boxed)
    wrong = [f"check {line['name']} passes what was not written yet" for line in verdict["checks"] if line["ok"]]
    if verdict["status"] == "deadline":
        wrong.append(f"it does not end: {verdict['stopped']['en']}")
    if "hung" in verdict:
        wrong.append(f"check {verdict['hung']} does not end")
    return Proof("the skeleton fails every check", wrong, verdict["seconds"], verdict["stdout"])


def solution(lab: source.Lab, exercise: source.Exercise, code: str, seed: int, boxed: bool) -> Proof:
    """The solution passes every check, with every seed."""
    verdict = run.exercise(lab, exercise.name, code, seed, boxed)
    wrong = [line for line in run.lines(lab, exercise.name, verdict, "en") if line.startswith("FAIL")]
    return Proof(f"the solution passes {len(verdict['checks'])} checks", wrong, verdict["seconds"], verdict["stdout"])


def mistake(lab: source.Lab, exercise: source.Exercise, wrong: source.Fence, seed: int, boxed: bool) -> Proof:
    """A typical mistake fails its check with its words; the first seed that shows it is enough."""
    name, says = wrong.tags["fails"].replace("_", "-"), wrong.tags["says"]
    seconds, came, stdout = 0.0, "", ""
    for one in run.seeds(exercise, seed):
        verdict = run.once(lab, exercise.name, wrong.text, one, boxed)
        seconds += verdict["seconds"]
        stdout = verdict["stdout"]
        line = next(line for line in verdict["checks"] if line["name"] == name)
        came = "it passed" if line["ok"] else f"it said: {line['en']}"
        if verdict["status"] != "done":
            came += f" ({verdict['stopped']['en']})"
        if not line["ok"] and says in line["en"] and not line.get("stopped"):
            return Proof(f"wrong {wrong.tags['name']} fails {name}", [], seconds)
        if verdict["status"] != "done" or "hung" in verdict:
            break
    told = f"wrong={exercise.name} name={wrong.tags['name']} (line {wrong.line}): {name} should say {says!r}; {came}"
    return Proof(f"wrong {wrong.tags['name']} fails {name}", [told], seconds, stdout)


def walked(lab: source.Lab) -> Proof:
    """All cells of the notebook in order."""
    verdict = walk.walk(lab)
    wrong = [] if verdict["status"] == "done" else [f"{verdict['stopped']['cell']}: {verdict['stopped']['en']}"]
    return Proof("all cells, commands and experiments run", wrong, verdict["seconds"], verdict["stdout"])


def executed(lab: source.Lab, out: str, seed: int) -> Proof:
    """The teacher's notebook with the real kernel; every other lab in Italian."""
    language = source.LANGUAGES[int(lab.number) % 2]
    command = [place.PYTHON, "-P", "-m", "millrace_labs.execute", str(lab.path), "--language", language,
               "--seed", str(seed)]
    command += ["--out", f"{out}/{language}/{lab.id}.ipynb"] if out else []
    started = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    said = (done.stdout + done.stderr).strip()
    return Proof(f"the notebook runs in its kernel ({language}), its {sum(one.solution is not None for one in lab.exercises.values())} "
                 "solutions pass all checks", [said or "it ended without a word"] if done.returncode else [],
                 time.monotonic() - started)


def proofs(lab: source.Lab, seed: int, only: str, walk_too: str, boxed: bool, out: str) -> list[tuple[str, Callable[[], Proof]]]:
    """What is to be run, with the exercise it belongs to."""
    jobs: list[tuple[str, Callable[[], Proof]]] = []
    for one in lab.exercises.values():
        if (only and one.name != only) or one.run is None or not one.checks:
            continue
        jobs.append((one.name, partial(skeleton, lab, one, seed, boxed)))
        if one.solution and (only or walk_too != "kernel"):
            jobs.append((one.name, partial(solution, lab, one, one.solution.text, seed, boxed)))
        for wrong in one.wrong:
            if wrong.tags["fails"].replace("_", "-") in one.check_names():
                jobs.append((one.name, partial(mistake, lab, one, wrong, seed, boxed)))
    if only or walk_too == "no":
        return jobs
    if walk_too == "kernel":
        return [(NOTEBOOK, partial(executed, lab, out, seed)), *jobs]
    return [*jobs, ("walk", partial(walked, lab))]


def show(lab: source.Lab, exercise: str, proof: Proof, verbose: bool) -> None:
    """One line; what went wrong, and what the cells printed, below it."""
    print(f"{'FAIL' if proof.wrong else 'ok  '}  {lab.id} {exercise:<16} {proof.what}  ({proof.seconds:.1f} s)", flush=True)
    for line in proof.wrong:
        print(f"      > {line}")
    if proof.wrong or verbose:
        for line in proof.stdout.strip().splitlines()[-25:]:
            print(f"      | {line}")


def prove(labs: list[source.Lab], words: argparse.Namespace) -> tuple[int, int]:
    """Proves labs, their runs side by side; how much passed and failed. All runs wait in one queue and all kernels, which compute
    more, in another, so that a long notebook holds up nothing but its own line."""
    passed = failed = 0
    with ThreadPoolExecutor(words.jobs) as runs, ThreadPoolExecutor(max(words.jobs // RUNS_A_CORE, 1)) as kernels:
        queue = [(lab, [(name, (kernels if name == NOTEBOOK else runs).submit(job))
                        for name, job in proofs(lab, words.seed, words.only, words.walk, words.sandbox, words.out)])
                 for lab in labs]
        for lab, waiting in queue:
            for line in source.problems(lab):
                print(f"FAIL  {line}")
                failed += 1
            for exercise, future in waiting:
                proof = future.result()
                show(lab, exercise, proof, words.verbose)
                passed, failed = passed + (not proof.wrong), failed + bool(proof.wrong)
    return passed, failed


def read_labs(names: list[str], only: str) -> list[source.Lab]:
    """The labs that are named, or all."""
    labs = [source.read(path) for path in [place.lab_source(name) for name in names] or place.lab_sources()]
    if not labs:
        raise place.NotFound(f"no lab in {place.sources_folder()}")
    for lab in labs:
        if only and only not in lab.exercises:
            raise place.NotFound(f"{lab.id} has no exercise {only} ({', '.join(lab.exercises)})")
    return labs


def main() -> int:
    """Proves the labs that are named, or all."""
    parser = argparse.ArgumentParser(prog="millrace_labs.prove", description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("labs", nargs="*", help="03-acks, 03, or a file; none: all")
    parser.add_argument("--only", default="", metavar="EX", help="one exercise, and no walk")
    parser.add_argument("--walk", choices=("plain", "kernel", "no"), default="plain",
                        help="the whole notebook: in one process, in a Jupyter kernel, or not")
    parser.add_argument("--no-walk", dest="walk", action="store_const", const="no", help="the exercises only")
    parser.add_argument("--out", default="", metavar="DIR", help="with --walk kernel: the executed notebooks")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--jobs", type=int, default=RUNS_A_CORE * (os.cpu_count() or 1), metavar="N",
                        help=f"runs at a time (default: {RUNS_A_CORE} a core), beside half as many kernels")
    parser.add_argument("--sandbox", action="store_true", help="each run in a sandbox, as the grader does")
    parser.add_argument("--verbose", action="store_true", help="show what the cells print")
    words = parser.parse_args()
    passed = failed = 0
    started = time.monotonic()
    try:
        passed, failed = prove(read_labs(words.labs, words.only), words)
    except (source.SourceError, place.NotFound, run.RunError) as error:
        print(f"FAIL  {error}")
        failed += 1
    print(f"({time.monotonic() - started:.0f} s)\n{passed} passed, {failed} failed")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
