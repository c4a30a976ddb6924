"""What the labs' helpers say is in the table of texts, in Italian too, with the same values: `texts.py NOTEBOOKS`.

Words of figures are held against the table where they are drawn, by the proof (texts.STRICT); here are the sentences.
"""
from __future__ import annotations

import ast
import pathlib
import string
import sys


def said(path: pathlib.Path) -> list[tuple[int, str, set[str]]]:
    """(line, words, names of the values) of each say() of a file."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "say":
            words = node.args[0].value if isinstance(node.args[0], ast.Constant) else "(not a constant)"
            found.append((node.lineno, words, {keyword.arg or "" for keyword in node.keywords}))
    return found


def names(words: str) -> set[str]:
    """The values that a sentence wants."""
    return {name for _, name, _, _ in string.Formatter().parse(words) if name}


def raised(path: pathlib.Path) -> list[tuple[int, str]]:
    """(line, text) of each error of a helper whose own English is not from the table."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Raise) or not isinstance(node.exc, ast.Call) or not node.exc.args:
            continue
        words = node.exc.args[0]
        parts = words.values if isinstance(words, ast.JoinedStr) else [words]
        own = "".join(part.value for part in parts if isinstance(part, ast.Constant) and isinstance(part.value, str))
        if " " in own.replace(": ", "").replace("topic ", "").replace("millrace ", "").strip():
            found.append((node.lineno, own))
    return found


def main() -> int:
    """Prints what is wrong; 1 when something is."""
    sys.path.insert(0, sys.argv[1])
    from millrace_labs import texts

    package, wrong, used = pathlib.Path(sys.argv[1], "millrace_labs"), [], set()
    for path in sorted(package.glob("*.py")):
        for line, words, given in said(path):
            used.add(words)
            if words not in texts.MESSAGES:
                wrong.append(f"{path.name}:{line}: {words!r} is not in MESSAGES")
            elif names(words) != given:
                wrong.append(f"{path.name}:{line}: {words!r} is given {sorted(given)}")
    for words, italian in texts.MESSAGES.items():
        if names(words) != names(italian):
            wrong.append(f"texts.py: {words!r}: the Italian has other values")
        if words not in used:
            wrong.append(f"texts.py: {words!r}: nobody says it")
    for words, italian in texts.FIGURES.items():
        if words.count("#") != italian.count("#"):
            wrong.append(f"texts.py: {words!r}: the Italian has other numbers")
    for name in ("lab", "client", "broker", "chaos", "show", "arrivals", "eventstore", "place", "timeline"):
        wrong += [f"{name}.py:{line}: {words!r} is said in English only" for line, words in raised(package / f"{name}.py")]
    print(*wrong, sep="\n")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
