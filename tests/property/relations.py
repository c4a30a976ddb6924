"""relations.py - tables that compare rows with each other: join, top n, dedupe, scd. Part of the reference interpreter."""

from tables import POSITION, Table


def cell_key(value):
    """NULL before all values; texts in the order of their code points, which is that of their bytes."""
    return (value is not None, value if value is not None else 0)


def position_key(row):
    return tuple(row[c].encode() if isinstance(row[c], str) else row[c] for c in POSITION if c in row)


def columns_key(table, row):
    return tuple(cell_key(row[c]) for c in table.types)


def last_key(table, row, times):
    """By these values, then position, then all columns: whoever has the largest is the last one."""
    return (*(cell_key(t) for t in times), position_key(row), columns_key(table, row))


def place_of(row):
    return {c: row[c] for c in POSITION if c in row}


def groups_of(rows, by):
    groups = {}
    for row in rows:
        groups.setdefault(tuple(row[c] for c in by), []).append(row)
    return groups


# --- join ---


def pairs_of(on):
    """[(left column, right column)]"""
    if isinstance(on, str):
        on = [on]
    return list(on.items()) if isinstance(on, dict) else [(c, c) for c in on]


def join_output(spec, left, right):
    """[(name, "left" or "right", column)]; `left` and `right` are the tables' types."""
    same = {a for a, b in pairs_of(spec["on"]) if a == b}
    if "columns" not in spec:
        return [(c, "left", c) for c in left] + [(c, "right", c) for c in right if c not in left]
    out = []
    for c in spec["columns"]:
        full = c if isinstance(c, str) else c["column"]
        side, dot, column = full.rpartition(".")
        if not dot:
            side = "left" if column in left and (column not in right or column in same) else "right"
        elif side not in ("left", "right"):
            side = "left" if side == spec["join"] else "right"
        out.append((column if isinstance(c, str) else c["name"], side, column))
    return out


def matches_of(spec, left, right, l, candidates):
    """The right rows that go with a left row, of those with the same key."""
    match = spec.get("match", "lookup")
    if match == "all":
        return candidates
    if match == "lookup":
        return last_of(right, candidates, right.time)
    at = l[spec.get("time") or left.time]
    if at is None:
        return []
    if match == "valid":
        begin, end = spec["valid"]
        valid = [r for r in candidates if r[begin] is not None and r[begin] <= at and (r[end] is None or at < r[end])]
        return last_of(right, valid, begin)
    time = spec.get("right_time") or right.time
    known = [r for r in candidates if r[time] is not None]
    if match == "as_of":
        return last_of(right, [r for r in known if r[time] <= at], time)
    return [r for r in known if at - spec.get("before_s", 0) <= r[time] <= at + spec.get("after_s", 0)]


def last_of(table, rows, time):
    return [max(rows, key=lambda r: last_key(table, r, [r[time]] if time else []))] if rows else []


def join(spec, made):
    left, right = made[spec["join"]], made[spec["with"]]
    pairs = pairs_of(spec["on"])
    output = join_output(spec, left.types, right.types)
    by_key = groups_of(right.rows, [b for _, b in pairs])
    rows = []
    for l in left.rows:
        key = tuple(l[a] for a, _ in pairs)
        candidates = [] if None in key else by_key.get(key, [])
        found = matches_of(spec, left, right, l, candidates)
        if not found and spec["kind"] == "left":
            found = [None]
        for r in found:
            side = {"left": l, "right": r}
            rows.append({name: side[s] and side[s][c] for name, s, c in output} | place_of(l))
    types = {name: (left if s == "left" else right).types[c] for name, s, c in output}
    time = next((name for name, s, c in output if s == "left" and c == left.time), None)
    return Table(types, rows, time, left.position)


# --- top n, dedupe ---


class Descending:
    """A key that sorts the other way round."""

    def __init__(self, key):
        self.key = key

    def __lt__(self, other):
        return other.key < self.key

    def __eq__(self, other):
        return other.key == self.key


def in_order(table, rows, order):
    """By "column desc" and the like, then position, then all columns."""
    terms = [(o.split()[0], o.split()[1:] == ["desc"]) for o in order]

    def key(row):
        parts = [Descending(cell_key(row[c])) if down else cell_key(row[c]) for c, down in terms]
        return (parts, position_key(row), columns_key(table, row))

    return sorted(rows, key=key)


def top_n(spec, made):
    parent, rank = made[spec["top_n"]], spec.get("rank", "rank")
    rows = []
    for members in groups_of(parent.rows, spec["by"]).values():
        for i, row in enumerate(in_order(parent, members, spec["order"])[: spec["n"]]):
            rows.append(row | {rank: i + 1})
    return Table(parent.types | {rank: ("integer", 0)}, rows, parent.time, parent.position)


def dedupe(spec, made):
    parent = made[spec["dedupe"]]
    order = spec.get("order") or ([parent.time] if parent.time else [])
    kept = 0 if spec.get("keep", "first") == "first" else -1
    rows = [in_order(parent, members, order)[kept] for members in groups_of(parent.rows, spec["by"]).values()]
    return Table(parent.types, rows, parent.time, parent.position)


# --- slowly changing dimensions ---


def scd(spec, made):
    parent = made[spec["scd"]]
    time = spec.get("time") or parent.time
    if spec["type"] == 1:
        rows = [last_of(parent, members, time)[0] for members in groups_of(parent.rows, spec["by"]).values()]
        return Table(parent.types, rows, time, parent.position)
    begin, end, current = (spec.get(k, k) for k in ("valid_from", "valid_to", "current"))
    rows = []
    for members in groups_of([r for r in parent.rows if r[time] is not None], spec["by"]).values():
        versions = versions_of(spec, parent, members, time)
        for row, following in zip(versions, [*versions[1:], None]):
            rows.append(row | {begin: row[time], end: following and following[time], current: int(following is None)})
    stamp = ("timestamp", 0)
    return Table(parent.types | {begin: stamp, end: stamp, current: ("integer", 0)}, rows, time, parent.position)


def versions_of(spec, parent, members, time):
    """The rows with which versions begin, in order."""
    track = spec.get("track") or [c for c in parent.types if c not in (*spec["by"], time)]
    moments = groups_of(members, [time])
    rows = [last_of(parent, moments[at], None)[0] for at in sorted(moments)]
    return [r for before, r in zip([None, *rows], rows) if before is None or any(r[c] != before[c] for c in track)]
