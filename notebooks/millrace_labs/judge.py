"""The checks of one exercise, over what a run left: a process of its own, started when every process of the run is dead.

Standard input: {"place", "seed", "source", "checks": [{"file", "line", "text"}]}; standard output: a line of JSON as soon as a
check is over, {"name", "title", "ok", "en", "it"}, so that one that hangs takes none with it that was before it. What was left is
a stranger's: regular files only, and of a bounded size.
"""
from __future__ import annotations

import json
import os
import stat
import sys
import traceback
from typing import Any, Callable

from millrace_labs import check

RECORDS_MAX, STDOUT_MAX, MESSAGE_MAX = 8 << 20, 1 << 20, 4000


def read_bounded(path: str, size_max: int) -> bytes | None:
    """The beginning of a regular file; None when it is none (a link, a FIFO, a folder)."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        return None
    with os.fdopen(fd, "rb") as file:
        return file.read(size_max)


def outputs(place: str) -> tuple[check.Outputs, str]:
    """What the run recorded, and the folder of its last broker. A line that cannot be read is passed over."""
    out, folder = check.Outputs(), ""
    data = read_bounded(os.path.join(place, "records.jsonl"), RECORDS_MAX) or b""
    for line in data.decode("utf-8", "replace").splitlines():
        try:
            entry = json.loads(line)
            if "name" in entry:
                out[str(entry["name"])] = entry["value"]
            elif os.path.dirname(str(entry["broker"])) == place:
                folder = str(entry["broker"])
        except (ValueError, KeyError, TypeError, RecursionError):
            continue
    return out, folder


def functions(checks: list[dict[str, Any]]) -> list[Callable[..., None]]:
    """The check_ functions of the fences, in order."""
    space: dict[str, Any] = {"expect": check.expect, "expect_equal": check.expect_equal, "text": check.text,
                             "__name__": "checks"}
    for fence in checks:
        exec(compile("\n" * (fence["line"] - 1) + fence["text"], fence["file"], "exec"), space)
    return [value for name, value in space.items() if name.startswith("check_") and callable(value)]


def run(function: Callable[..., None], out: check.Outputs, world: check.World) -> dict[str, Any]:
    """One check's line."""
    title_en, _, title_it = (function.__doc__ or "").partition("|")
    line: dict[str, Any] = {"name": function.__name__[len("check_"):].replace("_", "-"), "ok": True, "en": title_en.strip(),
            "it": title_it.strip() or title_en.strip()}
    line["title"] = {"en": line["en"], "it": line["it"]}
    try:
        function(out, world)
    except check.CheckFailed as failure:
        line.update(ok=False, missing=isinstance(failure, check.Missing), en=failure.message.en, it=failure.message.it)
    except Exception as error:  # the student recorded something of another shape, or the check is wrong
        at = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{type(error).__name__}: {error} ({os.path.basename(at.filename)}:{at.lineno})"
        line.update(ok=False, stopped=True, en=f"what was recorded has another shape than this check can read: {where}",
                    it=f"quello che è stato registrato ha una forma che questo controllo non sa leggere: {where}")
    line["en"], line["it"] = line["en"][:MESSAGE_MAX], line["it"][:MESSAGE_MAX]
    return line


def main() -> None:
    """Reads what to do, prints the verdict."""
    job = json.load(sys.stdin)
    answer, sys.stdout = sys.stdout, sys.stderr  # a print in a check is not an answer
    place = job["place"]
    out, folder = outputs(place)
    stdout = (read_bounded(os.path.join(place, "stdout.txt"), STDOUT_MAX) or b"").decode("utf-8", "replace")
    world = check.World(job["seed"], os.path.join(place, "files"), folder, stdout, job["source"])
    try:
        for function in functions(job["checks"]):
            print(json.dumps(run(function, out, world)), file=answer, flush=True)
    finally:
        world.close()


if __name__ == "__main__":
    main()
