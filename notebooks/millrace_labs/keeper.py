"""Keeps one run: starts the student's process, ends all of it, then lets the checks look at what is left.

    run.py --(job, one line)--> keeper --> cells.py     the student's process; at its end, or at the deadline, all it
       |                          |                     started is killed
       +---(checks, the rest)-->  +------> judge.py     only now are the checks read from the pipe
                                  |
       <----- one JSON object ----+

Standard input: a line {"place", "python", "cells", "environment", "deadline_s", "seed", "source"}, then {"checks": [...]} or
nothing. Standard output: {"status": "done" | "stopped" | "deadline" | "died", "stopped": {"cell", "en", "it"}, "checks": [...],
"stdout", "seconds"}.
"""
from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from typing import Any

JUDGE_S = 30
SHOWN_MAX = 20000
WATCH_S = 0.02


def read_line() -> bytes:
    """A line of standard input and not a byte more: what follows stays in the pipe until the student's run is over."""
    with open(0, "rb", buffering=0, closefd=False) as file:
        return file.readline()


def student(job: dict[str, Any]) -> dict[str, Any]:
    """Runs the cells; everything that they started in their session is dead afterwards."""
    place = job["place"]
    for folder in ("files", "tmp"):
        os.makedirs(os.path.join(place, folder), exist_ok=True)
    with open(os.path.join(place, "job.json"), "w", encoding="utf-8") as file:
        json.dump({"cells": job["cells"]}, file)
    started = time.monotonic()
    with open(os.path.join(place, "stdout.txt"), "wb") as output:
        process = subprocess.Popen([job["python"], "-P", "-m", "millrace_labs.cells", place], stdin=subprocess.DEVNULL,
                                   stdout=output, stderr=output, env=job["environment"], start_new_session=True,
                                   cwd=os.path.join(place, "files"))
        try:
            status: int | None = process.wait(job["deadline_s"])
        except subprocess.TimeoutExpired:
            status = None
        end_all(process)
    return {"seconds": round(time.monotonic() - started, 3), **ending(place, status, job["deadline_s"])}


def end_all(process: subprocess.Popen[bytes]) -> None:
    """Kills the session of the cells."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait()


def ending(place: str, status: int | None, deadline_s: int) -> dict[str, Any]:
    """How the run ended, in words for the student when it was not at its end."""
    from millrace_labs import judge

    if status is None:
        return {"status": "deadline", "stopped": {
            "cell": "", "en": f"the cell did not end within {deadline_s} s: a loop without an end, or a wait for what never comes",
            "it": f"la cella non è finita entro {deadline_s} s: un ciclo senza fine, o un'attesa di ciò che non arriva mai"}}
    if status == 0:
        return {"status": "done"}
    try:
        told = json.loads(judge.read_bounded(os.path.join(place, "end.json"), SHOWN_MAX) or b"")
        return {"status": "stopped", "stopped": {key: str(told[key]) for key in ("cell", "en", "it")}}
    except (ValueError, KeyError, TypeError):
        how = f"signal {-status}" if status < 0 else f"status {status}"
        return {"status": "died", "stopped": {"cell": "", "en": f"the cell's process ended with {how}",
                                              "it": f"il processo della cella è finito con {how}"}}


def checks(job: dict[str, Any], fences: list[dict[str, Any]]) -> dict[str, Any]:
    """The verdict of judge.py."""
    asked = json.dumps({"place": job["place"], "seed": job["seed"], "source": job["source"], "checks": fences})
    try:
        done = subprocess.run([job["python"], "-P", "-m", "millrace_labs.judge"], input=asked, capture_output=True, text=True,
                              env=job["environment"], timeout=JUDGE_S, check=False)
        return json.loads(done.stdout)
    except subprocess.TimeoutExpired:
        return {"error": f"the checks did not end within {JUDGE_S} s"}
    except ValueError:
        return {"error": f"the checks gave no answer: {done.stderr.strip()[-2000:]}"}


def main() -> None:
    """One run, from the job on standard input to the answer on standard output."""
    job = json.loads(read_line())
    answer = student(job)
    rest = sys.stdin.buffer.read()
    if rest.strip():
        answer.update(checks(job, json.loads(rest)["checks"]))
    from millrace_labs import judge

    output = judge.read_bounded(os.path.join(job["place"], "stdout.txt"), SHOWN_MAX) or b""
    answer["stdout"] = output.decode("utf-8", "replace")
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
