"""changelogs.py - tables as topics: outputs that are drawn for a case, and the last message of each key against the table.

The topics have names of their own in each run, so they are in no definition that is drawn, but in a copy of it, topics.json.
"""

import collections
import json
import random
import shutil
import time

import drive
import outputs
from draw_outputs import ALWAYS
from values import as_list

LETTERS = ("quarantine", "warnings", "late")


# --- drawing ---


def with_topics(case, rng, name="topics", loose=False):
    """A case with this definition and one to three topics, `loose`: perhaps with a key that two rows share."""
    definition = case.read()
    specs = {t["name"]: t for t in definition["tables"]}
    possible = [t for t in specs.values() if key_of(t, specs)] * 2 + [t for t in ("files", "records", "rejects", *LETTERS)]
    if not any(isinstance(s.get("late"), dict) for s in outputs_sources(definition)):
        possible.remove("late")
    chosen = rng.sample(possible, rng.randint(1, 3))
    topics = [topic_of(rng, t, specs, f"log-{case.folder.name}-{i}-{time.monotonic_ns()}", loose) for i, t in enumerate(chosen)]
    for key in (k for t in topics for k in t):
        drive.cover("has output", key)
    copy = drive.Case(case.folder, case.program)
    copy.definition = case.folder / f"{name}.json"
    copy.definition.write_text(json.dumps(definition | {"outputs": definition.get("outputs", []) + topics}, indent=1, ensure_ascii=False))
    copy.streams = case.streams
    return copy


def outputs_sources(definition):
    return definition.get("sources") or [definition["source"]]


def topic_of(rng, table, specs, topic, loose):
    name = table if isinstance(table, str) else table["name"]
    out = {"table": name, "topic": topic}
    if rng.random() < 0.5:
        out["partitions"] = rng.randint(1, 4)
    if name in specs:
        key, by_default = key_of(table, specs)
        if not by_default or rng.random() < 0.2:
            out["key"] = key
        columns = [c if isinstance(c, str) else c["name"] for c in as_list(table.get("columns")) if not isinstance(table["columns"], dict)]
        if columns and rng.random() < 0.3:
            out["columns"] = rng.sample(columns, rng.randint(1, len(columns)))
        if loose and columns and rng.random() < 0.25:
            out["key"] = rng.choice(columns)
    elif name in ALWAYS and name not in LETTERS and rng.random() < 0.3:
        out["columns"] = rng.sample(ALWAYS[name], rng.randint(1, 3))
    return out


def key_of(spec, specs):
    """(columns that no two rows of a table share, whether they are its key by themselves), or None."""
    if "primary_key" in spec:
        return as_list(spec["primary_key"]), True
    if "aggregate" in spec or "pivot" in spec:
        window = spec.get("window")
        own = [window.get("start", "window_start"), window.get("end", "window_end")] if window else []
        key = [*spec["by"], *own]
        return (key, True) if key else None
    position = position_of(spec, specs)
    is_store = not any(k in spec for k in ("select", "join", "dedupe", "top_n", "scd", "sessionize"))
    return (position, is_store) if position else None


def position_of(spec, specs):
    """The columns of the position, if no two rows have the same."""
    if spec is None or "sessionize" in spec or "split" in spec or spec.get("match") in ("all", "interval"):
        return None
    parent = next((spec[k] for k in ("select", "join", "dedupe", "top_n", "scd") if k in spec), None)
    if parent:
        return position_of(specs.get(parent), specs)
    if "aggregate" in spec or "pivot" in spec:
        return None
    return ["_source", "_file", "_byte_offset"][0 if len(as_list(spec.get("from"))) > 1 else 1 :]


# --- comparing ---


def topics_of(definition):
    return [o for o in definition.get("outputs", []) if "topic" in o]


def broken_key(definition, warehouse):
    """Whether two rows have the same key of a topic."""
    for o in topics_of(definition):
        if "key" in o and not warehouse.status:
            columns, rows = warehouse.tables[o["table"]]
            keys = [tuple(row[columns.index(c)] for c in as_list(o["key"])) for row in rows]
            if len(set(keys)) < len(keys):
                return True
    return False


def differences(case, warehouse):
    """Sentences; none when the last messages of all keys are the tables."""
    found, definition = [], case.read()
    for o in topics_of(definition):
        last = {}
        for _, key, value, headers in case.streams.messages(o["topic"], o.get("partitions", 1), list):
            last.pop(key, None)
            if value is not None:
                last[key] = value, headers
        compare = letters_differ if o["table"] in LETTERS else rows_differ
        found += [f"topic of {o['table']}: {d}" for d in compare(o, last, definition, warehouse)]
    return found


def rows_differ(o, last, definition, warehouse):
    have = collections.Counter(repr(outputs.pairs_of_line(value)) for value, _ in last.values())
    wanted = collections.Counter(map(repr, outputs.lines_of({"format": "ndjson"} | o, definition, warehouse)))
    keys = {k: outputs.pairs_of_line(k) for k in last}
    shown = [f"key {keys[k]} of {outputs.pairs_of_line(v)}" for k, (v, _) in last.items() if not belongs(keys[k], outputs.pairs_of_line(v))]
    return shown + [f"has {n} x {row}" for row, n in (have - wanted).items()][:3] + [f"lacks {n} x {row}" for row, n in (wanted - have).items()][:3]


def belongs(key, value):
    """The key's members that the value has, too, are the same."""
    value = dict(value)
    return all(value.get(name, member) == member for name, member in key)


def letters_differ(o, last, definition, warehouse):
    columns, rows = warehouse.tables[o["table"]]
    letters = collections.defaultdict(list)
    for row in rows:
        row = dict(zip(columns, row))
        letters[f"{row['source']}:{row['file']}:{row['byte_offset']}".encode()].append(row)
    wanted = {key: letter_of(rows, o["table"], warehouse) for key, rows in letters.items()}
    have = {key: read_letter(value, headers, warehouse) for key, (value, headers) in last.items()}
    return [f"{k}: {have.get(k)}, expected {wanted.get(k)}" for k in sorted(wanted.keys() | have.keys()) if wanted.get(k) != have.get(k)][:3]


def letter_of(rows, table, warehouse):
    """(the record, where it is from, violations in order of ordinals)"""
    row = rows[0]
    origin = {"source": row["source"], "file": row["file"], "offset": row["byte_offset"]}
    origin |= {"line": row["line"]} if row["line"] else {}
    if table == "late":
        origin |= {"time": row["time"], "late-by": row["late_s"]} | ({"number": row["number"]} if row["number"] != row["line"] else {})
        return as_bytes(row["raw"]), {k: as_bytes(v) for k, v in origin.items()}, []
    broken = [tuple((n, as_bytes(r[n])) for n in ("rule", "ordinal", "column", "value") if r[n] is not None) for r in rows]
    return as_bytes(row["raw"]), {k: as_bytes(v) for k, v in origin.items()}, in_order(broken, origin["source"], warehouse)


def in_order(broken, source, warehouse):
    """Those of one ordinal have no order of their own. Sentences why a record is malformed are the program's own."""
    plain = []
    for b in broken:
        explained = dict(b).get("rule") == b"format" and "column" not in dict(b) and source in warehouse.explained
        plain.append(tuple(m for m in b if not (explained and m[0] == "value")))
    return sorted(plain, key=lambda b: (int(dict(b)["ordinal"]), b))


def read_letter(value, headers, warehouse):
    origin, broken = {}, []
    for name, text in headers:
        name = name.removeprefix("millrace-")
        if name == "rule":
            broken.append([])
        (broken[-1].append((name, text)) if name in ("rule", "ordinal", "column", "value") else origin.__setitem__(name, text))
    ordinals = [int(dict(b)["ordinal"]) for b in broken]
    if ordinals != sorted(ordinals):
        return f"ordinals {ordinals}"
    return value, origin, in_order(map(tuple, broken), origin.get("source", b"").decode(), warehouse)


def as_bytes(value):
    return value if isinstance(value, bytes) else str(value).encode()


# --- a batch ---


def batch(case, expected, seed):
    """A batch over some of the files and one over all, in any order, then once more: the last run sends nothing."""
    import batches
    import interpret

    rng = random.Random(seed)
    case, db, part = with_topics(case, rng, loose=True), case.folder / "topics.db", case.folder / "part"
    db.unlink(missing_ok=True)
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir()
    for path in case.input.iterdir():
        if rng.random() < 0.6:
            shutil.copy(path, part)
    before = last = None
    for folder in rng.choice([(part, case.input, case.input), (case.input, part, part)]):
        expected = interpret.interpret(case.read(), folder)
        status = expected.status or int(broken_key(case.read(), expected))
        ran = case.run("etl", "run", case.definition, "--in", folder, "--db", db, "--bootstrap", case.streams.bootstrap)
        if ran.returncode != status and not (expected.status and batches.fits(ran.returncode, expected)):
            return [f"status {ran.returncode} with topics, expected {status} {expected.why}: {ran.stderr[-300:]}"]
        found = differences(case, expected) if status == 0 else []
        if found:
            return found
        if before and (status or folder == last) and counts(case) != before:
            return [f"a run that failed or changed nothing has sent messages: {before}, {counts(case)}"]
        before, last = before if status else counts(case), folder
    return []


def counts(case):
    """Messages of each topic."""
    return [sum(case.streams.ends(o["topic"], o.get("partitions", 1)).values()) for o in topics_of(case.read())]
