"""outputs.py - outputs as files: the bytes that a CSV must have, the rows of an NDJSON, of tables and views. Part of the reference interpreter.

`differences(warehouse, folder)` compares the files in a folder with the tables that the interpreter made. A view is
computed by Python's sqlite3 over these tables.
"""

import json
import sqlite3

from relations import Descending
from values import as_text


def outputs_of(definition):
    return [o for o in definition.get("outputs", []) if "file" in o]  # those with a "topic": changelogs.py


def clear(definition, folder):
    for o in outputs_of(definition):
        (folder / o["file"]).unlink(missing_ok=True)


def differences(warehouse, folder):
    """Sentences, none when each file is there and right; of a failed run none is there."""
    found, definition = [], warehouse.definition
    for o in outputs_of(definition):
        path = folder / o["file"]
        if not path.exists() or warehouse.status:
            if path.exists() != (warehouse.status == 0):
                found.append(f"output {o['file']} is {'left behind' if warehouse.status else 'missing'}")
            continue
        lines, expected = path.read_bytes().split(b"\n"), lines_of(o, definition, warehouse)
        if o["format"] == "csv":
            expected = b"".join(line + b"\n" for line in expected).split(b"\n")  # a text may hold line ends
        else:
            lines, expected = [pairs_of_line(line) for line in lines], [*expected, b""]
        if lines != expected:
            at = next((i for i, (a, b) in enumerate(zip(lines, expected)) if a != b), min(len(lines), len(expected)))
            found.append(f"output of {o['table']}: {o['file']}: line {at + 1} is {lines[at : at + 1]}, expected {expected[at : at + 1]}")
    return found


def lines_of(o, definition, warehouse):
    columns, types, rows = table_named(o["table"], definition, warehouse)
    written = o.get("columns") or columns
    rows = [dict(zip(columns, r)) for r in rows]
    order = [(t.split()[0], t.split()[1:] == ["desc"]) for t in o.get("order", [])] + [(c, False) for c in written]

    def key(row):
        return [Descending(order_of(row[c])) if down else order_of(row[c]) for c, down in order]

    rows.sort(key=key)
    if o["format"] == "ndjson":
        return [[(c, json_value(row[c], types.get(c))) for c in written] for row in rows]
    dialect = o.get("delimiter", ","), o.get("null", "")
    lines = [csv_line([csv_cell(row[c], types.get(c), *dialect) for c in written], dialect[0]) for row in rows]
    return ([dialect[0].join(written).encode()] if o.get("header", True) else []) + lines


def order_of(value):
    """NULL, numbers, texts, bytes."""
    if value is None:
        return (0,)
    if isinstance(value, str):
        return 2, value.encode()
    return 3 if isinstance(value, bytes) else 1, value


def table_named(name, definition, warehouse):
    """(columns, types of those that have one, rows)"""
    for view in definition.get("views", []):
        if view["name"] == name:
            return view_rows(view, warehouse)
    columns, rows = warehouse.tables[name]
    return columns, warehouse.types.get(name, {}), rows


def view_rows(view, warehouse):
    db = sqlite3.connect(":memory:")
    db.create_function("decimal", 2, lambda n, scale: as_text(n, ("decimal", scale)))
    for name, (columns, rows) in warehouse.tables.items():
        if f'"{name}"' in view["sql"]:
            db.execute(f'CREATE TABLE "{name}" ({", ".join(f"{chr(34)}{c}{chr(34)}" for c in columns)})')
            db.executemany(f'INSERT INTO "{name}" VALUES ({", ".join("?" * len(columns))})', rows)
    found = db.execute(view["sql"])
    result = [d[0] for d in found.description], {}, found.fetchall()
    db.close()
    return result


def plain(value, kind):
    """As it is written in both formats, texts apart."""
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, bytes):
        return "\\x" + value.hex().upper()
    return as_text(value, kind) if kind and kind[0] == "decimal" else str(value)


def csv_cell(value, kind, delimiter, null):
    """(text, whether a NULL)"""
    if value is None:
        return null
    if not isinstance(value, str):
        return plain(value, kind)
    quoted = value in ("", null) or any(c in value for c in (delimiter, '"', "\n", "\r"))
    return '"' + value.replace('"', '""') + '"' if quoted else value


def csv_line(cells, delimiter):
    return (delimiter.join(cells) if cells != [""] else '""').encode()


def json_value(value, kind):
    """What `pairs_of_line` gives for it: numbers as (kind, digits)."""
    if value is None or isinstance(value, str):
        return value
    text = plain(value, kind)
    if isinstance(value, bytes):
        return text
    return ("number", text)


def pairs_of_line(line):
    """The members of an object, in order, numbers as they are written."""

    def number(text):
        return "number", text

    try:
        return json.loads(line, object_pairs_hook=list, parse_int=number, parse_float=number)
    except ValueError:
        return line
