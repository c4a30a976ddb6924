"""Keeps one run: starts the student's process, ends all of it, then lets the checks look at what is left.

    run.py --(job, one line)--> keeper --> cells.py     the student's process; at its end, or at the deadline, all it
       |                          |                     started is killed
       +---(checks, the rest)-->  +------> judge.py     only now are the checks read from the pipe
                                  |
       <----- one JSON object ----+

Standard input: a line {"place", "python", "cells", "environment", "deadline_s", "judge_s", "seed", "source"}, then {"checks": [...],
"names": [...]} or nothing. Standard output: {"status": "done" | "stopped" | "deadline" | "died", "stopped": {"cell", "en", "it"},
"checks": [...], "hung": NAME, "stdout", "seconds"}; "hung" is the check that met the deadline of the checks, where one did.
"""
from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from typing import Any

SHOWN_MAX = 20000
WATCH_S = 0.04
NOWHERE = "/nonexistent"  # the judge's home: in the student's own one Python would find a usercustomize.py
# In a sandbox: for each process, then for all together.
ADDRESSES_MAX, FILE_MAX, TASKS_MAX = 4 << 30, 64 << 20, 400
PROCESSES_MAX, MEMORY_MAX, FILES_MAX, SOCKETS_MAX = 60, 768 << 20, 20000, 500
WRITABLE = ("/lab", "/tmp", "/dev/shm")
PAGE = os.sysconf("SC_PAGE_SIZE")
PR_SET_DUMPABLE = 4


def read_line() -> bytes:
    """A line of standard input and not a byte more: what follows stays in the pipe until the student's run is over."""
    with open(0, "rb", buffering=0, closefd=False) as file:
        return file.readline()


class TooMuch(Exception):
    """The run took more of the machine than it may."""

    def __init__(self, en: str, it: str) -> None:
        super().__init__(en)
        self.en, self.it = en, it


def first_process() -> bool:
    """Whether this is process 1 of a sandbox."""
    return os.getpid() == 1


def limit() -> None:
    """What each process of a sandbox may take. Nobody inside may look into this one, which will read the checks."""
    import ctypes
    import resource

    for what, most in ((resource.RLIMIT_AS, ADDRESSES_MAX), (resource.RLIMIT_FSIZE, FILE_MAX), (resource.RLIMIT_CORE, 0),
                       (resource.RLIMIT_NPROC, TASKS_MAX), (resource.RLIMIT_NOFILE, 1024)):
        resource.setrlimit(what, (most, most))
    signal.signal(signal.SIGINT, lambda *_: None)  # of the others, process 1 receives only those that it handles
    if ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 0, 0, 0, 0):
        raise OSError("prctl(PR_SET_DUMPABLE) failed")


def sockets() -> int:
    """How many sockets there are in the sandbox, those in flight too: "sockets: used N" is of its own network."""
    with open("/proc/net/sockstat", encoding="ascii") as file:
        return int(file.readline().split()[2])


def watch() -> None:
    """What all processes of the sandbox take together; TooMuch ends the run."""
    processes = [name for name in os.listdir("/proc") if name.isdigit() and name != "1"]
    if len(processes) > PROCESSES_MAX:
        raise TooMuch(f"the cell started more than {PROCESSES_MAX} processes", f"la cella ha avviato più di {PROCESSES_MAX} processi")
    for folder in WRITABLE:  # an empty file costs memory too, which the size of the folder does not count
        known = os.statvfs(folder)
        if known.f_files - known.f_ffree > FILES_MAX:
            raise TooMuch(f"the cell made more than {FILES_MAX} files", f"la cella ha creato più di {FILES_MAX} file")
    if sockets() > SOCKETS_MAX:  # what waits in one is the kernel's memory, which no process is charged for
        raise TooMuch(f"the cell opened more than {SOCKETS_MAX} sockets", f"la cella ha aperto più di {SOCKETS_MAX} socket")
    pages = 0
    for name in processes:
        try:
            with open(f"/proc/{name}/statm", encoding="ascii") as file:
                pages += int(file.read().split()[1])
        except (OSError, IndexError):
            continue  # it ended meanwhile
    if pages * PAGE > MEMORY_MAX:
        raise TooMuch(f"the cell took more than {MEMORY_MAX >> 20} MB of memory", f"la cella ha preso più di {MEMORY_MAX >> 20} MB di memoria")


def wait(pid: int, seconds: float) -> int | None:
    """The status of the cells' process, None at the deadline. Reaps whatever else ends meanwhile."""
    end, pause = time.monotonic() + seconds, 0.005
    while time.monotonic() < end:
        ended, status = os.waitpid(-1, os.WNOHANG)
        if ended == pid:
            return os.waitstatus_to_exitcode(status)
        if not ended:
            if first_process():
                watch()
            time.sleep(pause)
            pause = min(pause * 1.5, WATCH_S)
    return None


def student(job: dict[str, Any]) -> dict[str, Any]:
    """Runs the cells; everything that they started is dead afterwards."""
    place = job["place"]
    for folder in ("files", "tmp"):
        os.makedirs(os.path.join(place, folder), exist_ok=True)
    with open(os.path.join(place, "job.json"), "w", encoding="utf-8") as file:
        json.dump({"cells": job["cells"]}, file)
    started = time.monotonic()
    command = ["setpriv", "--pdeathsig", "KILL", "--", job["python"], "-P", "-m", "millrace_labs.cells", place]
    with open(os.path.join(place, "stdout.txt"), "wb") as output:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=job["environment"],
                                   start_new_session=True, cwd=os.path.join(place, "files"))
    try:
        status = wait(process.pid, job["deadline_s"])
        end = ending(place, status, job["deadline_s"])
    except TooMuch as much:
        end = {"status": "died", "stopped": {"cell": "", "en": much.en, "it": much.it}}
    finally:  # also when somebody interrupts us
        end_all(process.pid)
        process.returncode = 0  # it is reaped
    return {"seconds": round(time.monotonic() - started, 3), **end}


def end_all(pid: int) -> None:
    """Kills what the cells started: in a sandbox everything, else their session; waits until it is gone."""
    try:
        if first_process():
            os.kill(-1, signal.SIGKILL)
        else:
            os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    try:
        while True:
            os.waitpid(-1, 0)
    except ChildProcessError:
        pass


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


def listen(process: subprocess.Popen[str], words: str, seconds: float) -> tuple[str, str]:
    """What a process answers to `words`. In a sandbox it may take no more than a cell: a batch of some KB can become GBs when it is read."""
    end, given = time.monotonic() + seconds, words or None
    while True:
        try:
            return process.communicate(given, timeout=WATCH_S)
        except subprocess.TimeoutExpired:
            given = None  # it is on its way
            if time.monotonic() >= end:
                raise
            if first_process():
                watch()


def same_for_all(names: list[str], en: str, it: str) -> list[dict[str, Any]]:
    """Lines of checks that say nothing by themselves."""
    return [{"name": name, "title": {"en": name, "it": name}, "ok": False, "stopped": True, "en": en, "it": it} for name in names]


def hung(judge: subprocess.Popen[str], names: list[str], seconds: int) -> dict[str, Any]:
    """The verdict when the checks met their deadline: those that were over keep theirs, one has hung, the rest is not run."""
    judge.kill()
    try:
        told = judge.communicate(timeout=1)[0]
    except subprocess.TimeoutExpired:  # something that a check started holds the pipe
        told = ""
    lines = [json.loads(line) for line in told.splitlines(True) if line.endswith("\n")]
    if len(lines) == len(names):
        return {"checks": lines}  # the hour struck after the last
    late, *rest = names[len(lines):]
    lines += same_for_all([late], f"this check did not end within {seconds} s over what the cell left, and was broken off",
                          f"questo controllo non è finito entro {seconds} s su ciò che la cella ha lasciato, ed è stato interrotto")
    lines += same_for_all(rest, f"not run: the check {late} before it did not end within {seconds} s",
                          f"non eseguito: il controllo {late} prima di questo non è finito entro {seconds} s")
    return {"checks": lines, "hung": late}


def checks(job: dict[str, Any], asked: dict[str, Any]) -> dict[str, Any]:
    """The verdict of judge.py. What was left may be such that it crashes whoever reads it, or takes all the memory: then all
    checks fail."""
    words = json.dumps({"place": job["place"], "seed": job["seed"], "source": job["source"], "checks": asked["checks"]})
    judge = subprocess.Popen([job["python"], "-s", "-P", "-m", "millrace_labs.judge"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, text=True, env={**job["environment"], "HOME": NOWHERE}, cwd="/")
    try:
        told, error = listen(judge, words, job["judge_s"])
        if judge.returncode == 0:
            return {"checks": [json.loads(line) for line in told.splitlines()]}
        end = error.strip()[-500:]
        why = (f"what the cell left cannot be read: {end}", f"ciò che la cella ha lasciato non si legge: {end}")
    except subprocess.TimeoutExpired:
        return hung(judge, asked["names"], job["judge_s"])
    except TooMuch as much:
        why = (f"while what the cell left was read: {much.en}", f"mentre si leggeva ciò che la cella ha lasciato: {much.it}")
    finally:
        judge.kill()
    return {"checks": same_for_all(asked["names"], *why)}


def main() -> None:
    """One run, from the job on standard input to the answer on standard output."""
    if first_process():
        limit()
    job = json.loads(read_line())
    answer = student(job)
    rest = sys.stdin.buffer.read()
    if rest.strip():
        answer.update(checks(job, json.loads(rest)))
    from millrace_labs import judge

    output = judge.read_bounded(os.path.join(job["place"], "stdout.txt"), SHOWN_MAX) or b""
    answer["stdout"] = output.decode("utf-8", "replace")
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
