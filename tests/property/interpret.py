#!/usr/bin/env python3
"""interpret.py - the reference interpreter: a definition and a folder of files to the rows of the warehouse.

Written from docs/formats/pipeline.md and sources.md alone, for being right rather than fast: every record in a list, rules one after
the other, groups by dictionaries. `interpret(definition, folder)` gives a Warehouse; with `only`, a set of
records, it judges just these records, as a stream does that has loaded no others.

    interpret.py DEFINITION DIR          prints the digest of each table, as `millrace warehouse digest` does
"""

import csv
import dataclasses
import fnmatch
import gzip
import hashlib
import json
import pathlib
import sys
import zlib

import tables
from databases import read_sqlite
from documents import read_json, read_ndjson, read_xml
from expression import MAPS, compile_expression, reads
from groups import Measure
from records import Layout, RunFails, from_utf16, read_csv, read_log, with_dialect
from rules import LOOK_AT_OTHERS, Rules
from times import written
from values import Column, Misfit

BUILT_IN = {"_source": ("text", 0), "_number": ("integer", 0), "_file": ("text", 0), "_line": ("integer", 0), "_byte_offset": ("integer", 0),
            "_repeated": ("integer", 0), "_late_s": ("integer", 0)}  # fmt: skip
LOG_KINDS = {"time": "timestamp", "status": "integer", "bytes": "integer"}


@dataclasses.dataclass
class Row:
    """A record that could be read: values by column, the columns that misfit, and what it broke."""

    record: object
    values: dict
    misfits: set  # columns that did not fit, and those computed from them
    own: list  # those that violate themselves, in order of columns
    texts: dict  # as read, by declared column
    broken: list = dataclasses.field(default_factory=list)  # (ordinal, rule, column, value, severity)


def log_column(spec, source):
    spec = {"name": spec} if isinstance(spec, str) else dict(spec)
    field = spec.get("field", spec["name"])
    kind = LOG_KINDS.get(field, "text")
    if "type" not in spec:
        spec["type"] = kind
    if field == "bytes" and spec["type"] == "integer":
        spec = {"null": "-", "default": "0"} | spec
    if kind == "timestamp" and spec["type"] == "timestamp":
        spec.setdefault("format", source.get("log_time") or "%d/%b/%Y:%H:%M:%S %z")
    return spec


def extra_column(source):
    """The column of what no other one reads."""
    return {"name": source["extra"], "type": "text", "null": [], "rest": True}


def declared(source):
    """The columns that a source declares, complete: also those that others bring along."""
    if source["format"] == "access_log":
        return [log_column(s, source) for s in source.get("columns") or Feed.layout_fields(source)]
    out, place = [], "header" if source["format"] == "csv" else "path"
    for spec in source["columns"]:
        out.append(spec)
        if "currency_column" in spec:
            where = {} if "field" in spec else {place: spec.get(place, spec["name"] if place == "header" else f"['{spec['name']}']")}
            if source["format"] == "xml":
                where[place] = spec.get(place, spec["name"])
            out.append({k: v for k, v in spec.items() if k != "scale"} | where | {"name": spec["currency_column"], "type": "text", "currency_of": spec["name"]})
    return out + ([extra_column(source)] if "extra" in source else [])


class Feed:
    """A source: its records, read and judged."""

    def __init__(self, source, several):
        source = with_dialect(source)
        self.source, self.name, self.several = source, source["name"], several
        self.key = self.name if several else ""  # what a topic calls it
        self.rows, self.malformed = [], []
        self.columns = [Column(s, source) for s in declared(source)]
        self.types = {c.name: c.kind for c in self.columns} | BUILT_IN
        self.derived = []
        for d in source.get("derive", []):
            kind, f = compile_expression(d["expr"], self.types)
            self.derived.append((d["name"], kind, f, reads(d["expr"], self.types)))
            self.types[d["name"]] = kind
        self.rules = Rules(source.get("rules", []), self.types)

    @staticmethod
    def layout_fields(source):
        names = Layout(source["layout"]).names
        at = names.index("request") + 1 if "request" in names else len(names)
        return names[:at] + (["method", "target", "protocol"] if "request" in names else []) + names[at:]

    def read(self, file, data):
        readers = {"csv": read_csv, "access_log": read_log, "ndjson": read_ndjson, "json": read_json, "xml": read_xml}
        wide = self.source.get("encoding", "").startswith("utf-16") and self.source["format"] in ("csv", "access_log", "ndjson")
        data, places = from_utf16(data, self.source["encoding"]) if wide else (data, None)
        self.lines = count_lines(data)
        records = list(readers[self.source["format"]](file, data, self.source, self.columns))
        for record in records:
            record.offset = places[record.offset] if places else record.offset
            record.number = record.number or record.line
        return records

    def row(self, record):
        """None when the record is malformed."""
        if record.fields is None:
            return None
        row = Row(record, {}, set(), [], dict(zip((c.name for c in self.columns), record.fields)))
        for column, text in zip(self.columns, record.fields):
            try:
                row.values[column.name] = column.read(text)
            except Misfit:
                row.values[column.name] = None
                row.misfits.add(column.name)
                row.own.append(column.name)
        if self.source["format"] == "access_log" and any(not self.rules.claims(c) for c in row.own):
            record.misfits = [(c, row.texts[c]) for c in row.own if not self.rules.claims(c)]
            return None
        row.values.update(_source=self.name, _number=record.number, _file=record.file, _line=record.line, _byte_offset=record.offset, _repeated=record.repeated,
                          _late_s=record.late)  # fmt: skip
        self.compute(row)
        return row

    def compute(self, row):
        for name, _, f, inputs in self.derived:
            row.values[name] = None
            if inputs & row.misfits:
                row.misfits.add(name)
                continue
            try:
                row.values[name] = f(row.values)
            except Misfit:
                row.misfits.add(name)
                row.own.append(name)

    def in_file_facts(self, records):
        wanted = self.source.get("in_file", {})
        seen, newest = set(), None
        for record in records:
            if wanted.get("repeats"):
                record.repeated = int((record.raw, record.around) in seen)
                seen.add((record.raw, record.around))
            row = self.row(record) if wanted.get("lateness") else None
            at = row and row.values[self.source["time"]]
            if at is not None:
                record.late = max(0, newest - at) if newest is not None else 0
                newest = at if newest is None else max(newest, at)


class Warehouse:
    """tables: name -> (column names, list of rows); status: of the run; rows of a failed run are not there."""

    def __init__(self, definition):
        self.definition = definition
        self.tables, self.types, self.status, self.why = {}, {}, 0, ""
        self.outstanding = False  # the tables are these, and the run ends with 1
        self.far = False  # a sum may be too large on the way, while rows are missing
        self.explained = set()  # sources whose malformed records have a sentence as their value in the quarantine


def list_files(folder, glob):
    """Every file that matches, in byte order of names."""
    paths = sorted((p for p in pathlib.Path(folder).iterdir() if p.is_file()), key=lambda p: p.name.encode())
    # of a followed file `NAME;000002` is another content of a name
    return [p for p in paths if fnmatch.fnmatchcase(p.name.partition(";")[0].encode(), glob.encode())]


def count_lines(data):
    return data.count(b"\n") + (bool(data) and not data.endswith(b"\n"))


def interpret(definition, folder, only=None, files=None, arrival=None, growing=False, late=None):
    """`only`: records that count, as (source or "" when there is but one, file, number); `files`: the (source, name) that
    are rows of the table `files`; `growing`: files may become longer, so the first line of one may be cut; `arrival`: the
    mode is upsert, and this is the run that each file came with; `late`: records that came too late, with the seconds."""
    warehouse, Measure.far = Warehouse(definition), False
    try:
        run(warehouse, definition, folder, only, files, arrival, growing, late or {})
    except RunFails as e:
        warehouse.status, warehouse.why = e.args
    warehouse.far = Measure.far
    warehouse.may_fail = '"fail"' in json.dumps([s.get("rules") for s in sources_of(definition)])
    return warehouse


def run(warehouse, definition, folder, only, announced, arrival, growing, late):
    definition = definition | {"tables": [with_lists(t, folder) if "rules" in t else t for t in definition["tables"]]}
    MAPS.clear()
    MAPS.update({name: dictionary(m, folder) for name, m in definition.get("maps", {}).items()})
    feeds = [Feed(with_lists(s, folder) | {"growing": growing}, several=bool(definition.get("sources"))) for s in sources_of(definition)]
    file_rows = []
    live = only is not None or growing

    def store_named(name):
        spec = next(t for t in definition["tables"] if t["name"] == name)
        table = tables.store(spec, {f.name: f for f in feeds})
        table.spec = spec
        return table

    for feed in feeds:
        file_rows += read_feed(feed, folder, only, announced, arrival)
        feed.late = [r for r in feed.rows if identity(feed, r.record) in late]
        feed.rows = [r for r in feed.rows if identity(feed, r.record) not in late]
        feed.rules.judge(feed.rows, store_named, live)
    warehouse.outstanding = any(f.rules.outstanding for f in feeds)
    if any(v[4] == "fail" for f in feeds for r in f.rows for v in r.broken):
        raise RunFails(1, "a rule with severity fail")
    if any(isinstance(f.source.get("late"), dict) for f in feeds):
        rows = [late_row(f, r, late[identity(f, r.record)]) for f in feeds for r in f.late]
        warehouse.tables["late"] = (["source", "file", "line", "byte_offset", "number", "time", "late_s", "raw"], rows)
    warehouse.tables["files"] = (["source", "file", "digest", "bytes", "lines", "skipped_as_identical_to"], file_rows)
    warehouse.explained = {f.name for f in feeds if any(not m.misfits for m in f.malformed)}
    always(warehouse, feeds)
    tables.build(warehouse, definition, {f.name: f for f in feeds}, live)


def identity(feed, record):
    return feed.key, record.file, record.number


def late_row(feed, row, late_s):
    r = row.record
    return feed.name, *place(r), r.number, written(row.values[feed.source["time"]], "timestamp"), late_s, text_or_bytes(r.raw)


def clocks(definition, folder):
    """Of each record of sources that drop late ones, if it moves their clocks: identity -> (event time, drop_after_s)."""
    out = {}
    for source in sources_of(definition):
        if not isinstance(source.get("late"), dict):
            continue
        feed = Feed(with_lists(source, folder), several=bool(definition.get("sources")))
        read_feed(feed, folder, None, None, None)
        Rules([r for r in feed.source["rules"] if r["rule"] not in LOOK_AT_OTHERS], feed.types).judge(feed.rows)
        for row in feed.rows:
            if row.values[source["time"]] is not None and not any(v[4] != "warn" for v in row.broken):
                out[identity(feed, row.record)] = row.values[source["time"]], source["late"]["drop_after_s"]
    return out


def dictionary(spec, folder):
    """A map, from its file if it says so: the definition stands beside the folder of the files."""
    if not isinstance(spec.get("file"), str) or len(spec) > 4:
        return spec
    with open(pathlib.Path(folder).parent / spec["file"], newline="", encoding="utf-8") as f:
        lines = [line for line in csv.reader(f, delimiter=spec.get("delimiter", ",")) if line]
    key, value = 0, 1
    if "key" in spec:
        key, value = lines[0].index(spec["key"]), lines[0].index(spec["value"])
        lines = lines[1:]
    return {line[key]: line[value] for line in lines}


def with_lists(source, folder):
    """The source, or the table, with the lists of its `in` rules that stand in files."""
    rules = []
    for rule in source.get("rules", []):
        if rule["rule"] == "in" and "file" in rule:
            lines = (pathlib.Path(folder).parent / rule["file"]).read_text(encoding="utf-8").split("\n")
            rule = rule | {"values": [v for v in lines if v]}
        rules.append(rule)
    return source | {"rules": rules}


def sources_of(definition):
    """Each source as an object of its own with name, derive, rules."""
    if "sources" in definition:
        return definition["sources"]
    parts = {k: definition.get(k, []) for k in ("derive", "rules")}
    return [definition["source"] | parts | {"name": definition["pipeline"]}]


def read_feed(feed, folder, only, announced, arrival):
    """Fills feed.rows and feed.malformed; gives the rows of the table `files`."""
    known, file_rows = {}, []
    keyed = arrival is not None and "key" in feed.source
    matching = list_files(folder, feed.source["glob"])
    if not matching and not feed.source.get("optional"):
        raise RunFails(2, "no file matches")
    for path in matching:
        name, digest, size, lines, records = contents(feed, path)
        same = name if keyed else known.setdefault(digest, name)
        if announced is None or (feed.key, name) in announced:
            file_rows.append((feed.name, name, digest, size, lines, None if same == name else same))
        if same != name:
            continue
        feed.in_file_facts(records)
        for record in records:
            if only is not None and identity(feed, record) not in only:
                continue
            row = feed.row(record)
            feed.rows.append(row) if row else feed.malformed.append(record)
    if keyed:
        feed.rows = last_versions(feed, arrival)
    feed.rows.sort(key=lambda r: (r.record.file.encode(), r.record.offset))
    return file_rows


def last_versions(feed, arrival):
    """Without the rows that a later one with their key replaced. A row that a rule rejects replaces none, but for the rules
    that look at other rows."""
    judged = Rules([r for r in feed.source.get("rules", []) if r["rule"] not in LOOK_AT_OTHERS], feed.types)
    judged.judge(feed.rows)
    last, rejected = {}, []
    for row in sorted(feed.rows, key=lambda r: (arrival[r.record.file], r.record.file.encode(), r.record.offset)):
        if any(v[4] != "warn" for v in row.broken):
            rejected.append(row)
            continue
        key = tuple(row.values[c] for c in feed.source["key"])
        if None in key:
            raise RunFails(2, "NULL in a key")
        last[key] = row
    for row in feed.rows:
        row.broken = []
    return [*last.values(), *rejected]


def contents(feed, path):
    """(name, digest, bytes, lines, records) of a file."""
    if feed.source["format"] == "sqlite":
        name, digest, size, records = read_sqlite(path, feed.source, feed.columns)
        return name, digest, size, len(records), records
    data = path.read_bytes()
    text = unzipped(data)
    records = feed.read(path.name, text)
    return path.name, hashlib.sha256(data).hexdigest(), len(data), feed.lines, records


def unzipped(data):
    if not data.startswith(b"\x1f\x8b"):
        return data
    try:
        return gzip.decompress(data)
    except (OSError, EOFError, zlib.error) as e:
        raise RunFails(2, f"gzip: {e}") from e


def always(warehouse, feeds):
    """records, rejects, quarantine, warnings."""
    found, records, rejects = {"reject": [], "warn": []}, [], []
    for feed in feeds:
        buckets = violations(feed, found)
        rejected, read = sum(buckets.values()), len(feed.rows) + len(feed.malformed)
        warned = sum(any(v[4] == "warn" for v in r.broken) for r in feed.rows)
        records.append((feed.name, read, read - rejected, rejected, warned))
        rejects += [(feed.name, *key, n) for key, n in buckets.items()]
    warehouse.tables["records"] = (["source", "read", "accepted", "rejected", "warned"], records)
    warehouse.tables["rejects"] = (["source", "rule", "ordinal", "rows"], rejects)
    names = ["source", "file", "line", "byte_offset", "column", "rule", "ordinal", "value", "raw"]
    warehouse.tables["quarantine"], warehouse.tables["warnings"] = (names, found["reject"]), (names, found["warn"])


def violations(feed, found):
    """Adds the rows of quarantine ("reject") and warnings ("warn"); gives the number of rows by bucket."""
    buckets = {}
    for record in feed.malformed:
        buckets["format", 0] = buckets.get(("format", 0), 0) + 1
        for column, value in record.misfits or [(None, None)]:
            found["reject"].append((feed.name, *place(record), column, "format", 0, shown(value), text_or_bytes(record.raw)))
    for row in feed.rows:
        bucket = bucket_of(row)
        if bucket:
            buckets[bucket] = buckets.get(bucket, 0) + 1
        for ordinal, rule, column, value, severity in row.broken:
            cells = (*place(row.record), column, rule, ordinal, shown(value), text_or_bytes(row.record.raw))
            found[severity].append((feed.name, *cells))
    return buckets


def place(record):
    return record.file, record.line, record.offset


def text_or_bytes(raw):
    """Bytes that are no text, or hold a zero, are a BLOB."""
    try:
        return raw if b"\0" in raw else raw.decode()
    except UnicodeDecodeError:
        return raw


def shown(value):
    return None if value is None else text_or_bytes(value.encode())


def bucket_of(row):
    """(rule, ordinal) of the first rejecting violation, or None."""
    for ordinal, rule, _, _, severity in row.broken:
        if severity == "reject":
            return rule, ordinal
    return None


def digest(columns, rows):
    """As docs/formats/warehouse.md has it."""
    order = sorted(range(len(columns)), key=lambda i: columns[i].encode())
    h = hashlib.sha256()
    for i in order:
        h.update(columns[i].encode() + b"\0")
    for row in sorted((tuple(cell(row[i]) for i in order) for row in rows), key=lambda r: [c[0] for c in r]):
        for _, kind, data in row:
            h.update(kind + len(data).to_bytes(8, "big") + data)
    return h.hexdigest()


def cell(value):
    """(order, type, bytes)."""
    if value is None:
        return (0,), b"n", b""
    if isinstance(value, int):
        return (1, value), b"i", str(value).encode()
    if isinstance(value, str):
        return (2, value.encode()), b"t", value.encode()
    return (3, value), b"b", value


def main():
    warehouse = interpret(json.loads(pathlib.Path(sys.argv[1]).read_text()), sys.argv[2])
    if warehouse.status:
        sys.exit(f"status {warehouse.status}: {warehouse.why}")
    for name, (columns, rows) in sorted(warehouse.tables.items()):
        print(name, len(rows), digest(columns, rows), sep="\t")


if __name__ == "__main__":
    main()
