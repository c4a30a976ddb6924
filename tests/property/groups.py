"""groups.py - tables of groups: aggregates, windows, pivots, sessions. Part of the reference interpreter."""

import re

from expression import compile_expression, condition
from records import RunFails
from relations import groups_of
from rules import limit
from tables import Table
from times import in_range
from values import HIGHEST, LOWEST

AGGREGATE = re.compile(r"\s*(\w+)\s*\((.*?)\)\s*(?:where\s+(.*))?$", re.S | re.I)
INTEGER = ("integer", 0)


class Measure:
    """One aggregate column: `count() where x > 1`. `far`: some sum would not have fitted 64 bits in another order."""

    far = False

    def __init__(self, text, parent, own_time=None):
        """`own_time`: the time of sessions, for duration()."""
        self.name, argument, where = AGGREGATE.match(text).groups()
        self.name, self.time, self.own_time = self.name.lower(), parent.time, own_time
        self.kind, self.argument = compile_expression(argument, parent.types) if argument.strip() else (INTEGER, None)
        self.holds = condition(where, parent.types)
        self.type = INTEGER if self.name in ("count", "count_distinct", "duration") else self.kind

    def of(self, rows):
        rows = [r for r in rows if self.holds(r)]
        if self.name == "count":
            return len(rows)
        if self.name == "duration":
            times = [r[self.own_time] for r in rows]
            return max(times) - min(times)
        if self.name in ("first", "last"):
            return self.ordered(rows)
        values = [v for r in rows if (v := self.argument(r)) is not None]
        if self.name == "count_distinct":
            return len(set(values))
        if self.name == "sum":
            Measure.far |= sum(map(abs, values)) > HIGHEST
            if not LOWEST <= sum(values) <= HIGHEST:
                raise RunFails(2, "an overflow")
            return sum(values)
        return (min if self.name == "min" else max)(values, default=None)

    def ordered(self, rows):
        """By event time, source, file, byte offset, and then the value itself, NULL first."""

        def order(r):
            value = self.argument(r)
            position = r.get("_source", "").encode(), r.get("_file", "").encode(), r.get("_byte_offset", 0)
            return (r[self.time] or 0, *position, (value is not None, value or (0 if self.kind[0] != "text" else "")))

        if not rows:
            return None
        return self.argument((min if self.name == "first" else max)(rows, key=order))


def summary(key, by, members, measures):
    return dict(zip(by, key)) | {name: m.of(members) for name, m in measures.items()}


def grouped(spec, parent, measures):
    """The table of a parent's rows by spec's "by", with perhaps a "window"."""
    holds = condition(spec.get("where"), parent.types)
    rows, by, types = [r for r in parent.rows if holds(r)], list(spec["by"]), parent.types
    if "window" in spec:
        rows, names = windowed(spec["window"], parent, rows)
        by += names
        types = types | dict.fromkeys(names, ("timestamp", 0))
    groups = groups_of(rows, by)
    if not by:
        groups.setdefault((), [])
    out = [summary(key, by, members, measures) for key, members in groups.items()]
    return Table({c: types[c] for c in by} | {name: m.type for name, m in measures.items()}, out)


def aggregate(spec, made):
    parent = made[spec["aggregate"]]
    return grouped(spec, parent, {name: Measure(text, parent) for name, text in spec["columns"].items()})


def windowed(window, parent, rows):
    """Each row once for each window that it is in: (rows with the two columns, their names)."""
    size, offset, time = window["size_s"], window.get("offset_s", 0), window.get("time") or parent.time
    hop = window.get("hop_s", size)
    names = [window.get("start", "window_start"), window.get("end", "window_end")]
    out = []
    for row in rows:
        at = row[time]
        start = None if at is None else at - (at - offset) % hop
        while start is not None and at < start + size:
            if in_range(start) and in_range(start + size):
                out.append(row | dict(zip(names, (start, start + size))))
            start -= hop
    return out, names


def pivot(spec, made):
    """An aggregate with each measure once for each value of a column."""
    parent, column = made[spec["pivot"]], spec["column"]
    values = spec["values"] if isinstance(spec["values"], dict) else {v: v for v in spec["values"]}
    measures = {}
    for name, value in values.items():
        wanted = None if value is None else limit(value, parent.types[column])
        for own, text in spec["columns"].items():
            measures[f"{name}_{own}"] = m = Measure(text, parent)
            m.holds = lambda row, holds=m.holds, wanted=wanted: row[column] == wanted and holds(row)
    return grouped(spec, parent, measures)


def sessionize(spec, made):
    parent, time = made[spec["sessionize"]], spec["time"]
    measures = {name: Measure(text, parent, time) for name, text in spec["columns"].items()}
    out = []
    for key, members in groups_of([r for r in parent.rows if r[time] is not None], spec["by"]).items():
        members.sort(key=lambda r: r[time])
        session = []
        for member in members + [None]:
            if session and (member is None or member[time] - session[-1][time] > spec["gap_s"]):
                out.append(summary(key, spec["by"], session, measures))
                session = []
            session.append(member)
    return Table({c: parent.types[c] for c in spec["by"]} | {name: m.type for name, m in measures.items()}, out)
