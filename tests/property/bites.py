#!/usr/bin/python3
"""bites.py - seeds one bug after the other into a copy of one file, links a program with it, and lets run.py search.

    bites.py [--build build/release] [--seconds 40] [NAME...]

A bug is (name, file, text, text with the bug, way[, what the definitions must have for it, a regular expression]): the text must be there once, so that a list that has become old
is noticed. Found means that run.py ends with 1 and a difference between tables (or statuses), not that it could not run.
"""

import argparse
import pathlib
import re
import subprocess
import sys

from bugs import BUGS


def link(build, objects, out):
    packages = re.search(r"^PACKAGES := (.*)", pathlib.Path("Makefile").read_text(), re.M)[1].split()
    flags = subprocess.run(["pkg-config", "--libs", *packages], capture_output=True, text=True, check=True).stdout.split()
    archives = [str(a) for a in sorted(build.glob("*.a")) if a.name != "cli.a"]
    command = ["gcc", "-o", out, *objects, "-Wl,--whole-archive", build / "cli.a", "-Wl,--no-whole-archive", "-Wl,--start-group",
               *archives, "-Wl,--end-group", *flags, "-lsnappy", "-lpthread", "-lm"]  # fmt: skip
    subprocess.run([str(c) for c in command], check=True)


def compile_with(build, file, text, folder):
    """The object of `file` with other text, compiled as the Makefile does; a header goes into its users' way."""
    compiler = (build / "flags").read_text().split()
    copy = folder / pathlib.Path(file).name
    copy.write_text(text)
    command = [*compiler, "-Wno-error", "-Wno-unused", "-MF", "/dev/null", "-iquote", str(pathlib.Path(file).parent), "-c", str(copy)]
    subprocess.run([*command, "-o", str(folder / "bug.o")], check=True, capture_output=True)
    return folder / "bug.o"


def seeded(file, old, new):
    text = pathlib.Path(file).read_text()
    if text.count(old) != 1:
        return None
    return text.replace(old, new)


def search(program, way, seconds, keep, want):
    command = ["/usr/bin/python3", "tests/property/run.py", "--program", str(program), "--only", way, "--seconds", str(seconds),
               "--keep", str(keep), "--quiet", "--first", *(["--want", want] if want else [])]  # fmt: skip
    return subprocess.run(command, capture_output=True, text=True)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--build", type=pathlib.Path, default="build/release")
    p.add_argument("--seconds", type=float, default=40)
    p.add_argument("names", nargs="*")
    options = p.parse_args()
    missed, tried = [], 0
    for name, file, old, new, way, *want in BUGS:
        if options.names and not any(n in name for n in options.names):
            continue
        folder = options.build / "bites"
        folder.mkdir(parents=True, exist_ok=True)
        tried += 1
        text = seeded(file, old, new)
        if text is None:
            missed.append(name)
            print(f"not ok: {name}: {file} does not have once: {old}", flush=True)
            continue
        link(options.build, [compile_with(options.build, file, text, folder)], folder / "millrace")
        result = search(folder / "millrace", way, options.seconds, folder / "cases", *want or [None])
        found = re.search(r"^FAIL (seed [0-9]+), .*\n +(.*)", result.stdout, re.M)
        refused = found and ("definition.json: " in found[2] or "Traceback" in found[2])  # it could not run
        if result.returncode == 1 and found and not refused:
            print(f"ok: {name} ({way}): {found[1]}: {found[2][:110]}", flush=True)
        else:
            missed.append(name)
            print(f"not ok: {name} ({way}): {result.stdout[-300:]}{result.stderr[-300:]}", flush=True)
    print(f"{tried - len(missed)} passed, {len(missed)} failed")
    sys.exit(1 if missed or not tried else 0)


if __name__ == "__main__":
    main()
