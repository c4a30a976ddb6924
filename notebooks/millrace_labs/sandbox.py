"""The place of a stranger's run: bubblewrap, with the keeper as its first process.

Inside there is a read-only system, the program, this package and the given files of the lab; no home, no notebooks with
checks or solutions, no other student's work, no network but its own loopback. Three folders in memory can be written, of
bounded size; all of them are gone with the last process. The keeper is process 1 there: nothing inside can kill it, and when
it kills, it kills all (keeper.py). It needs no root.
"""
from __future__ import annotations

import functools
import subprocess

from millrace_labs import place

LAB, TMP, SHM = "/lab", "/tmp", "/dev/shm"
LAB_BYTES, TMP_BYTES = 256 << 20, 32 << 20
ETC = ("alternatives", "fonts", "hosts", "ld.so.cache", "localtime", "nsswitch.conf", "passwd")


def environment() -> dict[str, str]:
    """Where things are inside."""
    return {"PYTHONPATH": "/labs", "MILLRACE": "/labs/bin/millrace"}


def command(number: str) -> list[str]:
    """bwrap and its words, up to the program that is to run inside; `number` is the lab's, for its given files."""
    words = ["bwrap", "--unshare-all", "--unshare-user", "--disable-userns", "--die-with-parent", "--new-session", "--as-pid-1",
             "--cap-drop", "ALL", "--clearenv", "--hostname", "lab", "--ro-bind", "/usr", "/usr"]
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


@functools.lru_cache(maxsize=1)
def missing() -> str:
    """Why there is no sandbox on this machine, or nothing."""
    try:
        done = subprocess.run([*command("00"), "/usr/bin/true"], capture_output=True, text=True, timeout=20, check=False)
    except FileNotFoundError:
        return "bubblewrap is not installed (the package bubblewrap; make labs installs it)"
    except subprocess.TimeoutExpired:
        return "bwrap did not end within 20 s"
    return "" if done.returncode == 0 else done.stderr.strip()
