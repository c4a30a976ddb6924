"""tables.py - the tables of a definition: what each kind makes of its parents' rows. Part of the reference interpreter.

A table is a list of rows (dicts). A row that comes from one record also has its position in "_source", "_file" and
"_byte_offset", shown or not.
"""

from documents import JsonParser, NotJson, json_text
from expression import compile_expression, condition
from records import RunFails
from rules import TableRules
from values import Misfit, as_list, stored

POSITION = {"_source": ("text", 0), "_file": ("text", 0), "_byte_offset": ("integer", 0)}


class Table:
    """`types`: its own columns, in order; `position`: those of the position that stand behind them."""

    spec = None  # of its definition

    def __init__(self, types, rows, time=None, position=()):
        self.types, self.rows, self.time, self.position = types, rows, time, position

    def place(self, row):
        """Which row is the first: by event time, position, all columns."""
        import relations

        return relations.last_key(self, row, [row[self.time]] if self.time else [])

    def shown(self):
        """(columns, rows) as the warehouse has them."""
        types = self.types | {c: POSITION[c] for c in self.position}
        return list(types), [tuple(stored(r[c], types[c]) for c in types) for r in self.rows]


def build(warehouse, definition, feeds, live):
    import groups
    import relations

    kinds = {"select": select, "aggregate": groups.aggregate, "pivot": groups.pivot, "sessionize": groups.sessionize,
             "join": relations.join, "top_n": relations.top_n, "dedupe": relations.dedupe, "scd": relations.scd}  # fmt: skip
    made, failed = {}, False
    for spec in definition["tables"]:
        kind = next((k for k in kinds if k in spec), None)
        table = kinds[kind](spec, made) if kind else store(spec, feeds)
        new = judged(spec, table, made) if "rules" in spec else {spec["name"]: table}
        made |= new
        table.spec = new[spec["name"]].spec = spec
        warehouse.tables |= {name: t.shown() for name, t in new.items()}
        warehouse.types |= {name: t.types for name, t in new.items()}
        if "rules" in spec and any(r["_severity"] == "fail" for r in new[spec["name"] + "_violations"].rows):
            warehouse.outstanding = failed = True
    if failed and not live:  # judged when all is loaded: a sum that does not fit comes first
        raise RunFails(1, "a rule of a table with severity fail")
    if any(broken_keys(made[spec["name"]], made) for spec in definition["tables"]):
        warehouse.outstanding = True
        if not live:
            raise RunFails(1, "a broken key")


def keys_of(table, columns):
    return [tuple(r[c] for c in as_list(columns)) for r in table.rows]


def broken_keys(table, made):
    """Whether two rows have one primary key, one has NULL in it, or a foreign key refers to no row."""
    own = keys_of(table, table.spec.get("primary_key", list(table.types)))
    if "primary_key" in table.spec and (len(set(own)) < len(own) or any(None in k for k in own)):
        return True
    for foreign in table.spec.get("foreign_keys", []):
        other = made[foreign["references"].partition("(")[0].strip()]
        known = set(keys_of(other, other.spec["primary_key"]))
        if any(None not in k and k not in known for k in keys_of(table, foreign["columns"])):
            return True
    return False


def judged(spec, table, made):
    """The three tables of one with rules."""
    good, bad, name = [], [], spec["name"]
    for row, names, worst in TableRules(spec["rules"], table, made | {name + "_all": table}).judge():
        if worst in (None, "warn"):
            good.append(row)
        if names:
            bad.append(row | {"_rules": ",".join(names), "_severity": worst})
    said = {"_rules": ("text", 0), "_severity": ("text", 0)}
    return {name + "_all": table, name: Table(table.types, good, table.time, table.position),
            name + "_violations": Table(table.types | said, bad, table.time, table.position)}  # fmt: skip


# --- stores ---


def store(spec, feeds):
    names = spec.get("from") or next(iter(feeds))
    chosen = [feeds[n] for n in ([names] if isinstance(names, str) else names)]
    columns = spec.get("columns") or [c.name for c in chosen[0].columns] + [d[0] for d in chosen[0].derived]
    pairs = [(c, c) if isinstance(c, str) else (c["name"], c.get("column", c["name"])) for c in columns]
    types = {name: chosen[0].types[column] for name, column in pairs}
    rows = [row_of(r, feed, pairs) for feed in chosen for r in kept(spec, feed)]
    times = {next((name for name, column in pairs if column == feed.source.get("time")), None) for feed in chosen}
    time = times.pop() if len(times) == 1 else None
    return Table(types, rows, time, list(POSITION)[0 if len(chosen) > 1 else 1 :])


def kept(spec, feed):
    """The rows of a source that a store keeps."""
    from interpret import bucket_of

    wanted = spec.get("rows", "valid")
    wanted = None if wanted == "valid" else wanted["rejected_as"]
    holds = condition(spec.get("where"), feed.types)
    for row in feed.rows:
        bucket = bucket_of(row)
        if (bucket and bucket[0]) == wanted and holds(row.values):
            yield row


def row_of(row, feed, pairs):
    position = {"_source": feed.name, "_file": row.record.file, "_byte_offset": row.record.offset}
    return {name: row.values[column] for name, column in pairs} | position


# --- select ---


def computed(f):
    """A value that cannot be computed is NULL."""

    def value(row):
        try:
            return f(row)
        except Misfit:
            return None

    return value


def output(spec, types):
    """name -> (type, f) of the columns that a table computes from rows with `types`."""
    out = {}
    for c in spec.get("columns") or list(types):
        c = {"name": c} if isinstance(c, str) else c
        if "expr" in c:
            kind, f = compile_expression(c["expr"], types)
            out[c["name"]] = kind, computed(f)
        else:
            column = c.get("column", c["name"])
            out[c["name"]] = types[column], lambda row, column=column: row[column]
    return out


def copied(spec, column):
    """What a table calls its parent's column, None when it has no copy of it."""
    for c in spec.get("columns") or [column]:
        c = {"name": c} if isinstance(c, str) else c
        if "expr" not in c and c.get("column", c["name"]) == column:
            return c["name"]
    return None


def parts_of(split, text):
    """The parts of a list."""
    if text is None:
        return []
    if not split.get("json"):
        parts = (part.strip(" \t") for part in text.split(split["by"]))
        return [part for part in parts if part]
    try:
        root = JsonParser(text).document()
    except NotJson:
        return []
    return [json_text([node], text, ("text", 0)) for _, node in root.parts if node.kind != "null"] if root.kind == "array" else []


def split_rows(split, rows):
    for row in rows:
        for i, part in enumerate(parts_of(split, row[split["column"]]), 1):
            yield row | {split["as"]: part} | ({split["place"]: i} if "place" in split else {})


def select(spec, made):
    parent, split = made[spec["select"]], spec.get("split")
    types, source = dict(parent.types), parent.rows
    if split:
        types |= {split["as"]: ("text", 0)} | ({split["place"]: ("integer", 0)} if "place" in split else {})
        source = split_rows(split, source)
    columns, holds = output(spec, types), condition(spec.get("where"), types)
    rows = []
    for row in source:
        if holds(row):
            position = {c: row[c] for c in POSITION if c in row}
            rows.append({name: f(row) for name, (_, f) in columns.items()} | position)
    time = spec.get("time") or (parent.time and copied(spec, parent.time))
    return Table({name: kind for name, (kind, _) in columns.items()}, rows, time, parent.position)
