"""The prose of a lab in a terminal: Markdown as plain text, at most 96 columns, with bold where there is a screen."""
from __future__ import annotations

import itertools
import os
import pydoc
import re
import shutil
import sys
import textwrap

WIDTH_MAX, COLUMN_MIN = 96, 12
ITEM = re.compile(r"(\s*)([-*+]|\d+\.)\s+(.*)")
IMAGE = re.compile(r"!\[([^\]]*)\]\(([^)\s]+)[^)]*\)")
LINK = re.compile(r"\[([^\]]+)\]\(([^)\s]+)\)")
STRONG = re.compile(r"\*\*(.+?)\*\*")
EMPHASIS = re.compile(r"(?<![\w*])[*_](?![\s*_])(.+?)(?<![\s*_])[*_](?![\w*])")


def width() -> int:
    """Of a line."""
    return min(max(shutil.get_terminal_size((80, 24)).columns, 40), WIDTH_MAX)


def is_screen() -> bool:
    """Whether a person reads this on a terminal."""
    return sys.stdout.isatty()


def bold(words: str) -> str:
    """For a screen; elsewhere the words."""
    return f"\033[1m{words}\033[0m" if is_screen() else words


def inline(words: str) -> str:
    """Pictures and links as text; stars become bold or go."""
    words = IMAGE.sub(lambda found: f"[{found[1]}: {found[2]}]", words)
    words = LINK.sub(lambda found: found[1] if found[1] == found[2] else f"{found[1]} ({found[2]})", words)
    words = STRONG.sub(lambda found: bold(found[1]), words)
    return EMPHASIS.sub(lambda found: found[1], words)


def _fill(words: str, first: str = "", rest: str = "") -> list[str]:
    return textwrap.wrap(inline(words), width(), initial_indent=first, subsequent_indent=rest, break_long_words=False,
                         break_on_hyphens=False) or [""]


def _table(rows: list[str]) -> list[str]:
    """Columns; where they are wider than the screen, the widest is folded until they are not."""
    cells = [[inline(cell.strip()).replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", row.strip().strip("|"))] for row in rows]
    cells = [row for row in cells if not all(re.fullmatch(r":?-+:?", cell) for cell in row)]
    columns = max(map(len, cells))
    cells = [row + [""] * (columns - len(row)) for row in cells]
    widths = [max(len(row[column]) for row in cells) for column in range(columns)]
    while sum(widths) + 2 * (columns - 1) > width() and max(widths) > COLUMN_MIN:
        widths[widths.index(max(widths))] -= 1
    out = []
    for row in cells:
        folded = [textwrap.wrap(cell, w, break_on_hyphens=False) or [""] for cell, w in zip(row, widths)]
        for line in itertools.zip_longest(*folded, fillvalue=""):
            out.append("  ".join(f"{part:<{w}}" for part, w in zip(line, widths)).rstrip())
    return out


def markdown(text: str, pictures: str = "") -> str:
    """The text of a block, wrapped; `pictures` is the folder where its images/ lies."""
    if pictures:
        text = IMAGE.sub(lambda found: f"![{found[1]}]({os.path.relpath(os.path.join(pictures, found[2]))})", text)
    out: list[str] = []
    paragraph: list[str] = []
    lines = text.split("\n") + [""]
    at = 0

    def flush() -> None:
        if paragraph:
            out.extend(_fill(" ".join(paragraph)))
            paragraph.clear()

    while at < len(lines):
        line = lines[at]
        at += 1
        item = ITEM.match(line)
        if line.startswith("#"):
            flush()
            title = inline(line.lstrip("#").strip())
            out += [bold(title), ("=" if line.startswith("# ") else "-") * min(len(title), width())]
        elif line.startswith("|"):
            flush()
            rows = [line]
            while lines[at].startswith("|"):
                rows.append(lines[at])
                at += 1
            out += _table(rows)
        elif item:
            flush()
            words = [item[3]]
            while lines[at].strip() and not ITEM.match(lines[at]) and not lines[at].startswith(("#", "|", "!")):
                words.append(lines[at].strip())
                at += 1
            head = f"{item[1]}{item[2]} "
            out += _fill(" ".join(words), head, " " * len(head))
        elif line.startswith("    ") and not paragraph:
            out.append(line)
        elif line.startswith(">"):
            flush()
            out += _fill(line.lstrip("> "), "  | ", "  | ")
        elif not line.strip():
            flush()
            if out and out[-1]:
                out.append("")
        else:
            paragraph.append(line.strip())
    return "\n".join(out).rstrip("\n")


def wrap(line: str) -> str:
    """A check's line, its further lines set in."""
    return "\n".join(textwrap.wrap(line, width(), subsequent_indent=" " * 6, break_on_hyphens=False, replace_whitespace=False) or [line])


def code(text: str) -> str:
    """A block of code."""
    return textwrap.indent(text, "    ")


def show(text: str) -> None:
    """Prints; on a screen, what is longer than it is paged."""
    if is_screen() and sys.stdin.isatty() and text.count("\n") >= shutil.get_terminal_size((80, 24)).lines - 4:
        pydoc.pager(text)
    else:
        print(text)
