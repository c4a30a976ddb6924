"""shrink.py - a failing case made small: fewer lines, tables, rules, columns, options, as long as it fails in the same way."""

import copy
import json
import pathlib
import re
import shutil
import time

import drive


def kind_of(found):
    """What must stay the same: the table and what is wrong with it; of a status or an exception the sentence without its
    numbers and names."""
    first = re.sub(r"^(?:after .*?: |[a-z]+, step [0-9]+: )+", "", found[0])
    plain = first.strip().rpartition("\n")[2] if first.startswith("exception") else first
    if re.match("status|stream|publish|exception", first):
        return re.sub(r"[0-9]+|`.*?`|\"[^\"]*\"|/\S+", "", plain)[:200]
    return first.split()[:2]


def size(case):
    lines = sum(p.read_bytes().count(b"\n") for p in case.input.iterdir())
    return f"{lines} lines, {len(case.definition.read_text())} bytes of definition"


class Shrinker:
    def __init__(self, case, fails, seconds):
        self.fails, self.until = fails, time.monotonic() + seconds
        folder = pathlib.Path(f"{case.folder}-small")
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(case.input, folder / "in")
        for beside in case.folder.glob("*.[tc]*"):
            shutil.copy(beside, folder)
        self.case = drive.Case(folder, case.program)
        self.definition = case.read()
        self.files = {p.name: p.read_bytes() for p in case.input.iterdir()}
        self.write(self.definition, self.files)

    def write(self, definition, files):
        self.case.definition.write_text(json.dumps(definition, indent=1, ensure_ascii=False))
        for p in self.case.input.iterdir():
            p.unlink()
        for name, data in files.items():
            (self.case.input / name).write_bytes(data)

    def attempt(self, definition, files):
        """Whether this one fails too; it is the case from then on."""
        if time.monotonic() > self.until:
            return False
        self.write(definition, files)
        try:
            worked = self.fails(self.case)
        except Exception:
            worked = False
        if worked:
            self.definition, self.files = definition, files
        return worked

    def drop_files(self):
        for name in list(self.files):
            self.attempt(self.definition, {n: d for n, d in self.files.items() if n != name})

    def drop_lines(self):
        for name in list(self.files):
            step = max(1, self.files[name].count(b"\n") // 2)
            while step:
                lines, at = self.files[name].splitlines(keepends=True), 0
                while at < len(lines):
                    rest = lines[:at] + lines[at + step :]
                    if self.attempt(self.definition, self.files | {name: b"".join(rest)}):
                        lines = rest
                    else:
                        at += step
                step //= 2

    def drop_keys(self, path=()):
        """Leaves out every key and list element that can go, last ones first."""
        node = at(self.definition, path)
        for key in reversed(list(node) if isinstance(node, dict) else range(len(node))):
            smaller = copy.deepcopy(self.definition)
            del at(smaller, path)[key]
            if not self.attempt(smaller, self.files) and isinstance(at(self.definition, path)[key], (dict, list)):
                self.drop_keys((*path, key))


def at(definition, path):
    for key in path:
        definition = definition[key]
    return definition


def shrink(case, fails, seconds):
    s = Shrinker(case, fails, seconds)
    for _ in range(2):
        s.drop_files()
        s.drop_keys()
        s.drop_lines()
    s.write(s.definition, s.files)
    return s.case
