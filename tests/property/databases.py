"""databases.py - rows of a table of a SQLite database as records. Part of the reference interpreter."""

import hashlib
import json
import sqlite3

from records import Record


def number_text(value):
    """A REAL with 15 digits, or with 17 where these are not the same number; no point without a fraction."""
    text = f"{value:.15g}"
    return text if float(text) == value else f"{value:.17g}"


def text_of(value):
    """What a column reads; None for NULL."""
    if isinstance(value, float):
        return number_text(value)
    return value.hex().upper() if isinstance(value, bytes) else value if value is None else str(value)


def json_of(value):
    if isinstance(value, (int, type(None))):
        return json.dumps(value)
    if isinstance(value, float):
        return number_text(value)
    text = text_of(value).replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c >= " " else f"\\u{ord(c):04x}" for c in text) + '"'


def read_sqlite(path, source, columns):
    """(the name of the file, its digest, bytes, records)"""
    table, file = source["table"], f"{path.name}:{source['table']}"
    wanted = ", ".join('"' + c.spec.get("field", c.name) + '"' for c in columns)
    db = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    records, digest, size = [], hashlib.sha256(), 0
    for rowid, *values in db.execute(f'SELECT rowid, {wanted} FROM "{table}" ORDER BY rowid'):
        raw = ("[" + ",".join(json_of(v) for v in values) + "]").encode()
        record = Record(file, 0, rowid, raw, [text_of(v) for v in values], [raw])
        record.number = rowid
        records.append(record)
        digest.update(raw + b"\n")
        size += len(raw) + 1
    db.close()
    return file, digest.hexdigest(), size, records
