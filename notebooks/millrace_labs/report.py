"""A graded class as a table: for the terminal, as CSV, as HTML. Names and messages are strangers' words, and are shown as such."""
from __future__ import annotations

import csv
import io
import os
import pathlib
import unicodedata
from html import escape
from typing import TYPE_CHECKING, Iterator

from millrace_labs import run

if TYPE_CHECKING:
    from millrace_labs.grade import Row

MESSAGE_MAX = 2000
HEAD = {"en": ("student", "checks", "how many passed"), "it": ("studente", "controlli", "quanti lo passano")}
CSV_HEAD = ("student", "lab", "exercise", "check", "result", "message")


def language() -> str:
    """Of $LC_ALL or $LANG: it or en."""
    known = os.environ.get("LC_ALL") or os.environ.get("LANG") or ""
    return "it" if known.startswith("it") else "en"


def printable(words: str) -> str:
    """Without what would move a terminal's cursor or colour its lines."""
    return "".join(letter if letter.isprintable() else f"\\x{ord(letter):02x}" for letter in words)


def width(words: str) -> int:
    """Columns of a terminal: a Chinese letter takes two, an accent that is put over the letter before it none."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in words
               if unicodedata.category(letter) not in ("Mn", "Me"))


def fitted(words: str, columns: int) -> str:
    """The beginning that has room in so many columns, filled up with blanks."""
    used = 0
    for at, letter in enumerate(words):
        used += width(letter)
        if used > columns:
            words = words[:at]
            break
    return words + " " * (columns - width(words))


def check_writable(path: str) -> None:
    """An OSError when no file can be written there: better before a class is graded than after. What is there stays as it is."""
    new = not os.path.lexists(path)
    with open(path, "ab"):
        pass
    if new:
        os.remove(path)


def write(path: str, words: str) -> None:
    """A file, or an OSError that names it."""
    pathlib.Path(path).write_text(words, encoding="utf-8", errors="backslashreplace")


def lines(row: Row, name: str, language: str) -> Iterator[tuple[str, bool, str, str]]:
    """(check, passed, title, message) of one exercise of a row."""
    verdict = row.verdicts[name]
    stopped = f"{verdict['stopped'][language]}\n" if verdict["status"] != "done" else ""
    for line in verdict["checks"]:
        said = ("" if line["ok"] else stopped) + run.message(line, language)[:MESSAGE_MAX]
        yield line["name"], line["ok"], line["title"][language], "\n".join(map(printable, said.split("\n")))


def table(rows: list[Row], language: str) -> str:
    """A line for each student: checks passed of each exercise."""
    out = []
    for lab_id in dict.fromkeys(row.lab.id for row in rows):
        mine = [row for row in rows if row.lab.id == lab_id]
        lab = mine[0].lab
        names = list(lab.exercises)
        total = sum(len(one.check_names()) for one in lab.exercises.values())
        wide = max(width(printable(row.student)) for row in mine)
        wide = max(min(wide, 30), len(HEAD[language][2]))
        columns = [max(len(name), 5) for name in names]
        out.append(f"{lab_id}  {lab.titles[language]}")
        out.append("  ".join([f"{HEAD[language][0]:<{wide}}", *(f"{name:>{c}}" for name, c in zip(names, columns)), HEAD[language][1]]))
        for row in mine:
            cells = [f"{row.passed(name)}/{len(lab.exercises[name].check_names())}" for name in names]
            problem = f"   {printable(getattr(row.problem, language))}" if row.problem else ""
            out.append("  ".join([fitted(printable(row.student), wide), *(f"{cell:>{c}}" for cell, c in zip(cells, columns)),
                                  f"{row.points}/{total}"]) + problem)
        passed = [sum(row.passed(name) == len(lab.exercises[name].check_names()) for row in mine) for name in names]
        out.append("  ".join([f"{HEAD[language][2]:<{wide}}", *(f"{f'{count}/{len(mine)}':>{c}}" for count, c in zip(passed, columns))]))
        out.append("")
    return "\n".join(out)


def _cell(words: str) -> str:
    """A spreadsheet takes what begins so for a formula: it is a student's, and stays text."""
    return "'" + words if words[:1] in ("=", "+", "-", "@", "\t", "\r") else words


def csv_text(rows: list[Row], language: str) -> str:
    """A line for each check."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(CSV_HEAD)
    for row in rows:
        for name in row.lab.exercises:
            for check, ok, _, said in lines(row, name, language):
                writer.writerow([_cell(printable(row.student)), row.lab.id, name, check, "ok" if ok else "FAIL", _cell(said)])
    return out.getvalue()


STYLE = """
:root { color-scheme: light dark; --ok: #0072b2; --no: #d55e00; --line: #8884; }
body { font: 20px/1.4 'DejaVu Sans', system-ui, sans-serif; margin: 1.5rem; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.3rem; margin-top: 2rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; } th, td { border: 1px solid var(--line); padding: .35rem .6rem; text-align: left; vertical-align: top; }
th.name { position: sticky; left: 0; background: Canvas; white-space: nowrap; }
.who { display: block; width: max-content; max-width: 18rem; white-space: normal; overflow-wrap: anywhere; }
thead th, tfoot { font-size: .7em; hyphens: auto; max-width: 6rem; } td { min-width: 2.4rem; } td.sum { font-weight: bold; white-space: nowrap; }
summary { cursor: pointer; list-style: none; font-weight: bold; } summary::-webkit-details-marker { display: none; }
.ok summary, .ok b { color: var(--ok); } .no summary { color: var(--no); } summary:focus-visible { outline: 3px solid var(--ok); }
details p { font-size: .8em; white-space: pre-wrap; overflow-wrap: anywhere; width: 22rem; margin: .4rem 0 0; }
.problem { color: var(--no); font-size: .75em; font-weight: normal; white-space: normal; max-width: 18rem; }
"""


def html_text(rows: list[Row], language: str, seed: int) -> str:
    """One page that needs nothing beside it: a cell for each check, its message on a click or with the keyboard."""
    parts = [f"<!doctype html><html lang='{language}'><meta charset='utf-8'><meta name='viewport' content='width=device-width'>"
             f"<title>millrace grade</title><style>{STYLE}</style><h1>millrace grade</h1><p>seed {seed}</p>"]
    for lab_id in dict.fromkeys(row.lab.id for row in rows):
        mine = [row for row in rows if row.lab.id == lab_id]
        parts.append(f"<h2>{escape(lab_id)} · {escape(mine[0].lab.titles[language])}</h2><div class='wide'><table>")
        parts += [_head(mine[0], language), "<tbody>", *(_row(row, language) for row in mine), "</tbody>", _foot(mine, language), "</table></div>"]
    return "\n".join(parts) + "\n"


def _head(row: Row, language: str) -> str:
    exercises = row.lab.exercises.values()
    first = "".join(f"<th colspan='{len(one.check_names())}' scope='colgroup'>{escape(one.name)}</th>" for one in exercises)
    second = "".join(f"<th scope='col'>{escape(name)}</th>" for one in exercises for name in one.check_names())
    return (f"<thead><tr><th class='name' rowspan='2'>{HEAD[language][0]}</th><th rowspan='2'>{HEAD[language][1]}</th>{first}</tr>"
            f"<tr>{second}</tr></thead>")


def _foot(rows: list[Row], language: str) -> str:
    """Of each check, how many of the class passed it: what has to be explained again."""
    count = {name: [0] * len(one.check_names()) for name, one in rows[0].lab.exercises.items()}
    for row in rows:
        for name, passed in count.items():
            for at, line in enumerate(row.verdicts[name]["checks"]):
                passed[at] += line["ok"]
    cells = "".join(f"<td>{passed}</td>" for column in count.values() for passed in column)
    return f"<tfoot><tr><th class='name' scope='row'>{HEAD[language][2]}</th><td class='sum'>/ {len(rows)}</td>{cells}</tr></tfoot>"


def _row(row: Row, language: str) -> str:
    total = sum(len(one.check_names()) for one in row.lab.exercises.values())
    problem = f"<div class='problem'>{escape(getattr(row.problem, language))}</div>" if row.problem else ""
    cells = "".join(_check(*line) for name in row.lab.exercises for line in lines(row, name, language))
    return (f"<tr><th class='name' scope='row'><span class='who'>{escape(printable(row.student))}</span>{problem}</th>"
            f"<td class='sum'>{row.points}/{total}</td>{cells}</tr>")


def _check(name: str, ok: bool, title: str, said: str) -> str:
    word, mark = ("ok", "✓") if ok else ("no", "✗")
    return (f"<td class='{word}'><details><summary title='{escape(name, True)}' aria-label='{escape(name, True)}: {word}'>{mark}</summary>"
            f"<p>{escape(title if ok else said)}</p></details></td>")
