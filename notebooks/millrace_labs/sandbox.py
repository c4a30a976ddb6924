"""The place of a stranger's run: bubblewrap, with the keeper as its first process.

Inside there is a read-only system, the program, this package and the given files of the lab; no home, no notebooks with
checks or solutions, no other student's work, no network but its own loopback. Three folders in memory can be written, of
bounded size; all of them are gone with the last process. The keeper is process 1 there: nothing inside can kill it, and when
it kills, it kills all (keeper.py). It needs no root.
"""
from __future__ import annotations

import functools
import os
import subprocess

from millrace_labs import place, seccomp

LAB, TMP, SHM = "/lab", "/tmp", "/dev/shm"
LAB_BYTES, TMP_BYTES = 256 << 20, 32 << 20
MEMORY_BYTES = LAB_BYTES + 2 * TMP_BYTES + (1 << 30)  # of one run at its most: its folders, and what the keeper lets it take
ETC = ("alternatives", "fonts", "hosts", "ld.so.cache", "localtime", "nsswitch.conf", "passwd")


def environment() -> dict[str, str]:
    """Where things are inside."""
    return {"PYTHONPATH": "/labs", "MILLRACE": "/labs/bin/millrace"}


def filter_fd() -> int:
    """A descriptor from which bwrap reads the system calls that are refused; to be passed on and closed. -1: none."""
    words = seccomp.program()
    if not words:
        return -1
    reading, writing = os.pipe()
    with os.fdopen(writing, "wb") as file:
        file.write(words)  # some hundred bytes: a pipe holds them
    return reading


def command(number: str, filter_from: int = -1) -> list[str]:
    """bwrap and its words, up to the program that is to run inside; `number` is the lab's, for its given files, `filter_from`
    the descriptor of the filter."""
    words = ["bwrap", "--unshare-all", "--unshare-user", "--disable-userns", "--die-with-parent", "--new-session", "--as-pid-1",
             "--cap-drop", "ALL", "--clearenv", "--hostname", "lab", *(["--seccomp", str(filter_from)] if filter_from >= 0 else []),
             "--ro-bind", "/usr", "/usr"]
    for name in ("bin", "sbin", "lib", "lib64"):
        words += ["--symlink", f"usr/{name}", f"/{name}"]
    for name in ETC:
        words += ["--ro-bind-try", f"/etc/{name}", f"/etc/{name}"]
    words += ["--proc", "/proc", "--dev", "/dev", "--size", str(TMP_BYTES), "--tmpfs", SHM,
              "--size", str(TMP_BYTES), "--tmpfs", TMP, "--size", str(LAB_BYTES), "--tmpfs", LAB]
    if place.NOTEBOOKS.is_relative_to("/usr"):  # installed: part of the system, and still not to be seen
        words += ["--size", "4096", "--tmpfs", str(place.NOTEBOOKS)]
    program = place.program()
    given = {place.NOTEBOOKS / "millrace_labs": "/labs/millrace_labs", place.NOTEBOOKS / "data" / number: f"/labs/data/{number}",
             program: "/labs/bin/millrace", program.parent.parent / "workloads": "/labs/share/millrace/workloads",
             program.parent.parent / "share" / "millrace" / "workloads": "/labs/share/millrace/workloads"}
    for outside, inside in given.items():
        words += ["--ro-bind-try", str(outside), inside]
    return [*words, "--remount-ro", "/dev", "--remount-ro", "/", "--chdir", LAB, "--"]


def run(number: str, program: list[str], asked: str, seconds: float) -> subprocess.CompletedProcess[str]:
    """Runs a program inside, `asked` on its standard input."""
    filter_from = filter_fd()
    passed = [filter_from] if filter_from >= 0 else []
    try:
        return subprocess.run([*command(number, filter_from), *program], input=asked, capture_output=True, text=True, timeout=seconds,
                              check=False, pass_fds=passed)
    finally:
        for fd in passed:
            os.close(fd)


@functools.lru_cache(maxsize=1)
def missing() -> str:
    """Why there is no sandbox on this machine, or nothing."""
    try:
        done = run("00", ["/usr/bin/true"], "", 20)
    except FileNotFoundError:
        return "bubblewrap is not installed (the package bubblewrap; make labs installs it)"
    except subprocess.TimeoutExpired:
        return "bwrap did not end within 20 s"
    return "" if done.returncode == 0 else done.stderr.strip()


if __name__ == "__main__":  # python3 -m millrace_labs.sandbox: says why there is none here
    why = missing()
    print(why or "this machine has what a sandbox needs")
    raise SystemExit(int(bool(why)))
