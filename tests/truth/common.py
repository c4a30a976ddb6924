"""What both second opinions share: comparing figures that were counted here with a ground_truth folder."""
import collections
import csv
import json
import pathlib
import sys

NOT_COMPARED = {"source", "format"}


def leaves(value, path=""):
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from leaves(inner, f"{path}.{index}")
    else:
        yield path, str(value)


def table(path, drop):
    with open(path, newline="", encoding="utf-8", errors="surrogateescape") as file:
        rows = list(csv.DictReader(file))
    return [tuple(value for name, value in row.items() if name not in drop) for row in rows]


def compare(truth, summary, tables, drop=()):
    """Prints every difference; returns the number of differences."""
    truth = pathlib.Path(truth)
    wrong = 0
    stored = {k: v for k, v in leaves(json.loads((truth / "summary.json").read_text())) if k not in NOT_COMPARED}
    ours = {k: v for k, v in leaves(summary) if k not in NOT_COMPARED}
    for key in sorted(stored.keys() | ours.keys()):
        if stored.get(key) != ours.get(key):
            print(f"summary {key}: stored {stored.get(key)}, counted {ours.get(key)}")
            wrong += 1
    for name, rows in tables.items():
        a = collections.Counter(table(truth / f"{name}.csv", drop))
        b = collections.Counter(tuple(str(cell) for cell in row) for row in rows)
        for label, extra in (("stored only", a - b), ("counted only", b - a)):
            for row in list(extra)[:3]:
                print(f"{name} {label}: {row}")
            wrong += sum(extra.values())
    print(f"{truth}: {len(stored)} summary leaves, {sum(len(r) for r in tables.values())} rows in "
          f"{len(tables)} tables, {wrong} differences")
    return wrong


def main(count, drop=()):
    if len(sys.argv) != 3:
        sys.exit(f"usage: {sys.argv[0]} INPUT_DIR TRUTH_DIR")
    summary, tables = count(pathlib.Path(sys.argv[1]))
    sys.exit(1 if compare(sys.argv[2], summary, tables, drop) else 0)
