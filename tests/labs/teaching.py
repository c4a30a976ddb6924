"""The guide for teachers against the labs: its minutes, and its plan of twelve hours, in which every part of every
lab stands exactly once. teaching.py GUIDE NOTEBOOKS"""
from __future__ import annotations

import pathlib
import re
import sys
from collections import Counter

from millrace_labs import source

READING = 10  # minutes, in every lab


def parts(lab: source.Lab) -> dict[str, int]:
    """What a lab has, with minutes: its reading, its exercises, its experiments (in asterisks, as the plan writes them)."""
    found = {"reading": READING, **{name: one.minutes for name, one in lab.exercises.items()}}
    found.update({f"*{block.name}*": int(block.tags["minutes"]) for block in lab.blocks
                  if isinstance(block, source.Fence) and block.kind == "experiment"})
    return found


def row(lab: source.Lab) -> str:
    """The lab's line in the guide's table."""
    minutes = parts(lab)
    experiment = sum(number for name, number in minutes.items() if name.startswith("*"))
    exercises = sum(minutes.values()) - experiment - READING
    return f"| {lab.id} | {READING} | {exercises} | {experiment} | {sum(minutes.values())} |"


def planned(cell: str) -> list[tuple[str, str]]:
    """(lab's number, part) of a cell such as `**01** reading, *disorder*; **02** sync`."""
    found = []
    for piece in filter(None, (words.strip() for words in cell.split(";"))):
        number, names = re.fullmatch(r"\*\*(\d\d)\*\* (.+)", piece).groups()
        found += [(number, name.strip()) for name in names.split(",")]
    return found


def main() -> int:
    """Prints what does not agree, a line each."""
    guide = pathlib.Path(sys.argv[1]).read_text(encoding="utf-8")
    labs = [source.read(path) for path in sorted(pathlib.Path(sys.argv[2]).glob("[0-9][0-9]-*.md"))]
    minutes = {(lab.number, name): number for lab in labs for name, number in parts(lab).items()}
    wrong = [f"the table should have: {row(lab)}" for lab in labs if row(lab) not in guide]
    sessions = re.findall(r"^\| (\d) \| (.+?) \| (\d+) \| (.*?) \|$", guide, re.MULTILINE)
    inside = home = 0
    times: Counter[tuple[str, str]] = Counter()
    for number, in_class, told, at_home in sessions:
        spent = sum(minutes.get(part, 0) for part in planned(in_class))
        inside, home = inside + spent, home + sum(minutes.get(part, 0) for part in planned(at_home))
        times.update(planned(in_class) + planned(at_home))
        if spent != int(told):
            wrong.append(f"session {number}: {spent} minutes in class, not {told}")
    wrong += [f"{part[0]} {part[1]} is {times[part]} times in the plan" for part in minutes if times[part] != 1]
    wrong += [f"{part[0]} {part[1]} is in the plan, and no lab has it" for part in times if part not in minutes]
    for words in (f"In class that is {inside} minutes", f"At home it is\n{home} minutes"):
        if words not in guide:
            wrong.append(f"the guide should say: {words}")
    if len(sessions) != 6:
        wrong.append(f"{len(sessions)} sessions, not six")
    print(*wrong, sep="\n")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
