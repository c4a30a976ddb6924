"""tables.py - stores, aggregates, sessions. Part of the reference interpreter.

A table in the making is a list of Item: its values, typed, and where it stands in the order that first() and last()
go by.
"""

import re

from expression import compile_expression, condition
from records import RunFails
from values import LOWEST, HIGHEST, stored

AGGREGATE = re.compile(r"\s*(\w+)\s*\((.*?)\)\s*(?:where\s+(.*))?$", re.S | re.I)


class Table:
    def __init__(self, name, types, items):
        self.name, self.types, self.items = name, types, items  # types: column -> type, in order
        self.times = set()  # what the column of event time is called here

    @property
    def time(self):
        return next(iter(self.times), None)


def build(warehouse, definition, feeds):
    made = {}
    for spec in definition["tables"]:
        if "aggregate" in spec:
            table = aggregate(spec, made[spec["aggregate"]])
        elif "sessionize" in spec:
            table = sessionize(spec, made[spec["sessionize"]])
        else:
            table = store(spec, feeds)
        made[spec["name"]] = table
        columns = list(table.types)
        body = [tuple(stored(i[c], table.types[c]) for c in columns) for i in table.items]
        warehouse.tables[spec["name"]] = (columns, body)


def store(spec, feeds):
    names = spec.get("from") or next(iter(feeds))
    chosen = [feeds[n] for n in ([names] if isinstance(names, str) else names)]
    columns = spec.get("columns") or [c.name for c in chosen[0].columns] + [d[0] for d in chosen[0].derived]
    pairs = [(c, c) if isinstance(c, str) else (c["name"], c.get("column", c["name"])) for c in columns]
    types = {name: chosen[0].types[column] for name, column in pairs}
    several = chosen[0].several
    types.update(({"_source": ("text", 0)} if several else {}), _file=("text", 0), _byte_offset=("integer", 0))
    table = Table(spec["name"], types, [])
    for feed in chosen:
        table.items += [item_of(row, feed, pairs, several) for row in kept(spec, feed)]
        table.times.add(next((name for name, column in pairs if column == feed.source.get("time")), None))
    return table


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


def item_of(row, feed, pairs, several):
    item = {name: row.values[column] for name, column in pairs}
    if several:
        item["_source"] = feed.name
    return item | {"_file": row.record.file, "_byte_offset": row.record.offset}


class Measure:
    """One aggregate column: `count() where x > 1`."""

    def __init__(self, text, types, time, own_time=None):
        """`time`: the column of event time, for first() and last(); `own_time`: that of sessions, for duration()."""
        self.name, argument, where = AGGREGATE.match(text).groups()
        self.name, self.time, self.own_time = self.name.lower(), time, own_time
        self.kind, self.argument = compile_expression(argument, types) if argument.strip() else (("integer", 0), None)
        self.holds = condition(where, types)
        self.type = ("integer", 0) if self.name in ("count", "count_distinct", "duration") else self.kind

    def of(self, items):
        items = [i for i in items if self.holds(i)]
        if self.name == "count":
            return len(items)
        if self.name == "duration":
            times = [i[self.own_time] for i in items]
            return max(times) - min(times)
        if self.name in ("first", "last"):
            return self.ordered(items)
        values = [v for i in items if (v := self.argument(i)) is not None]
        if self.name == "count_distinct":
            return len(set(values))
        if self.name == "sum":
            if not LOWEST <= sum(values) <= HIGHEST:
                raise RunFails(2, "an overflow")
            return sum(values)
        return (min if self.name == "min" else max)(values, default=None)

    def ordered(self, items):
        def order(i):
            position = i.get("_source", "").encode(), i["_file"].encode(), i["_byte_offset"]
            return (i[self.time] is not None, i[self.time] or 0, *position)

        if not items:
            return None
        return self.argument((min if self.name == "first" else max)(items, key=order))


def groups_of(items, by):
    groups = {}
    for item in items:
        groups.setdefault(tuple(item[c] for c in by), []).append(item)
    return groups


def aggregate(spec, parent):
    measures = {name: Measure(text, parent.types, parent.time) for name, text in spec["columns"].items()}
    holds = condition(spec.get("where"), parent.types)
    groups = groups_of([i for i in parent.items if holds(i)], spec["by"])
    if not spec["by"]:
        groups.setdefault((), [])
    items = []
    for key, members in groups.items():
        item = dict(zip(spec["by"], key))
        item.update((name, m.of(members)) for name, m in measures.items())
        items.append(item)
    types = {c: parent.types[c] for c in spec["by"]} | {name: m.type for name, m in measures.items()}
    return Table(spec["name"], types, items)


def sessionize(spec, parent):
    measures = {name: Measure(text, parent.types, parent.time, spec["time"]) for name, text in spec["columns"].items()}
    items = []
    for key, members in groups_of([i for i in parent.items if i[spec["time"]] is not None], spec["by"]).items():
        members.sort(key=lambda i: (i[spec["time"]], i["_file"].encode(), i["_byte_offset"]))
        session = []
        for member in members + [None]:
            if session and (member is None or member[spec["time"]] - session[-1][spec["time"]] > spec["gap_s"]):
                item = dict(zip(spec["by"], key))
                item.update((name, m.of(session)) for name, m in measures.items())
                items.append(item)
                session = []
            session.append(member)
    types = {c: parent.types[c] for c in spec["by"]} | {name: m.type for name, m in measures.items()}
    return Table(spec["name"], types, items)
