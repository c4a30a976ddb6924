"""rules.py - what a good row is: the rules of a source in order, those that look at other rows too. Part of the reference interpreter."""

import re
import types as standard
from fractions import Fraction

from expression import compile_expression, reads
from times import Pattern, read_time
from values import Misfit, as_list, as_text


def limit(value, kind):
    """A limit or a member as a number that compares with the column's values: decimals exactly."""
    if kind[0] == "text":
        return value
    if kind[0] in ("integer", "decimal"):
        return Fraction(str(value)) * 10 ** kind[1]
    return read_time([Pattern("%F" if kind[0] == "date" else "%F %T")], value, kind[0])


def range_test(rule, kind):
    low, high, above, below = (limit(rule[k], kind) if k in rule else None for k in ("min", "max", "above", "below"))

    def broken(v):
        return (
            (low is not None and v < low) or (high is not None and v > high)
            or (above is not None and v <= above) or (below is not None and v >= below)
        )  # fmt: skip

    return broken


def in_test(rule, kind):
    members = [limit(v, kind) for v in rule["values"]]
    return lambda v: (v in members) == bool(rule.get("negate"))


def regex_test(rule):
    pattern = re.compile(rule["pattern"], re.ASCII | (re.I if rule.get("ignore_case") else 0))
    return lambda v: bool(pattern.search(v)) == bool(rule.get("negate"))


def length_test(rule):
    low, high = rule.get("min", 0), rule.get("max", 1 << 62)
    return lambda v: not low <= len(v) <= high


def out_of_order(rule, types):
    """Of values: whether one is earlier than the one before it, as days where a date is among the two."""

    def broken(values):
        known = [(v, c) for v, c in zip(values, rule["columns"]) if v is not None]
        for (a, first), (b, second) in zip(known, known[1:]):
            if types[first] != types[second]:
                a, b = (v // 86400 if types[c][0] == "timestamp" else v for v, c in ((a, first), (b, second)))
            if b < a or (rule.get("strict") and b == a):
                return True
        return False

    return broken


def fk_test(rule, table):
    to = as_list(rule.get("to") or table.spec["primary_key"])
    keys = {tuple(r[c] for c in to) for r in table.rows}
    return lambda values: tuple(values[c] for c in as_list(rule["columns"])) not in keys


def sum_test(rule, table, kind):
    """Sums and values as exact numbers."""
    totals, scale = {}, table.types[rule["of"]][1]
    for r in table.rows:
        key = tuple(r[c] for c in rule["on"].values())
        totals[key] = totals.get(key, 0) + Fraction(r[rule["of"]] or 0, 10**scale)

    def broken(values):
        total = totals.get(tuple(values[c] for c in rule["on"]), 0)
        return abs(Fraction(values[rule["column"]], 10 ** kind[1]) - total) > Fraction(rule.get("tolerance", 0))

    return broken


class Rule:
    """One rule. `breaks(row)`: whether a row breaks it by itself (not those that look at other rows)."""

    def __init__(self, spec, ordinal, types):
        self.spec, self.ordinal, self.kind = spec, ordinal, spec["rule"]
        self.column, self.severity = spec.get("column"), spec.get("severity", "reject")
        self.columns = []
        if self.kind == "unique":
            columns = spec["columns"]
            self.columns = [] if columns == "all" else [columns] if isinstance(columns, str) else columns
            if len(self.columns) == 1:
                self.column = self.columns[0]
        elif self.kind == "fk":
            self.columns = as_list(spec["columns"])
            self.column = self.columns[0] if len(self.columns) == 1 else None
        elif self.kind == "sum_equals":
            self.columns = [self.column, *spec["on"]]
        elif self.kind == "date_order":
            self.columns, self.test = spec["columns"], out_of_order(spec, types)
            self.column = self.columns[1] if len(self.columns) == 2 else None
        elif self.kind == "expression":
            _, self.test = compile_expression(spec["expr"], types)
            self.columns = sorted(reads(spec["expr"], types))
        else:
            self.columns = [self.column]
            self.test = self.column_test(types[self.column])
        self.name = spec.get("name") or f"{self.kind}_{self.column or 'row'}"

    def column_test(self, kind):
        if self.kind == "range":
            return range_test(self.spec, kind)
        if self.kind == "length":
            return length_test(self.spec)
        if self.kind == "in":
            return in_test(self.spec, kind)
        return regex_test(self.spec) if self.kind == "regex" else None

    def judged(self, row):
        return not row.misfits.intersection(self.columns)

    def breaks(self, row):
        if self.kind == "type":
            return self.column in row.own
        if not self.judged(row):
            return False
        if self.kind == "expression":
            try:
                return self.test(row.values) == 0
            except Misfit:
                return True
        if self.kind == "date_order":
            return self.test([row.values[c] for c in self.columns])
        value = row.values[self.column]
        if self.kind == "not_null":
            return value is None
        return value is not None and self.test(value)

    def key(self, row):
        """Of a unique rule; None when the row has none."""
        if self.spec["columns"] == "all":
            return tuple(row.record.whole)
        if not self.judged(row):
            return None
        values = tuple(row.values[c] for c in self.columns)
        return None if None in values else values


LOOK_AT_OTHERS = ("unique", "fk", "sum_equals")


class Rules:
    """`outstanding`: a row breaks a rule that fails the run, but only if it still does in the end."""

    def __init__(self, specs, types):
        self.types, self.outstanding = types, False
        self.rules = [Rule(s, i + 1, types) for i, s in enumerate(specs)]
        self.claimed = {r.column for r in self.rules if r.kind == "type"}

    def claims(self, column):
        return column in self.claimed

    def judge(self, rows, store_named=None, live=False):
        """Fills row.broken; `rows` stand in the order of their positions. `live`: what is missing may still come."""
        for rule in self.rules:
            if rule.kind == "unique":
                self.judge_unique(rule, rows)
                continue
            if rule.kind in ("fk", "sum_equals"):
                self.judge_reference(rule, rows, store_named(rule.spec["table"]), live)
                continue
            for row in rows:
                if rule.breaks(row):
                    self.add(row, rule.ordinal, rule.name, rule.column, rule.severity, rule.kind)
        for row in rows:
            for column in row.own:
                if column not in self.claimed:
                    self.add(row, len(self.rules) + 1, "type", column, "reject", "type")

    def judge_unique(self, rule, rows):
        holders = set()
        for row in rows:
            key = rule.key(row)
            if key is None or any(v[4] == "reject" for v in row.broken):
                continue
            if key in holders:
                self.add(row, rule.ordinal, rule.name, rule.column, rule.severity, rule.kind)
            holders.add(key)

    def judge_reference(self, rule, rows, table, live):
        test = fk_test(rule.spec, table) if rule.kind == "fk" else sum_test(rule.spec, table, self.types[rule.column])
        severity = "reject" if live and rule.severity == "fail" else rule.severity
        for row in rows:
            values = {c: row.values[c] for c in rule.columns}
            if not rule.judged(row) or None in values.values() or any(v[4] == "reject" for v in row.broken):
                continue
            if test(values):
                self.outstanding |= severity != rule.severity
                self.add(row, rule.ordinal, rule.name, rule.column, severity, rule.kind)

    def add(self, row, ordinal, name, column, severity, kind):
        row.broken.append((ordinal, name, column, self.value_of(row, column, kind), severity))

    def value_of(self, row, column, kind):
        """As read; of a key as it is written in the warehouse."""
        if column is None:
            return None
        if kind in ("unique", "fk", "sum_equals"):
            return as_text(row.values[column], self.types[column])
        return row.texts.get(column) or ""


# --- rules of a table ---

WORST = ["warn", "reject", "fail"]


class TableRules:
    """Judges rows of a table, as they are in the end. `made` has the tables that rules may name, its own rows among them."""

    def __init__(self, specs, table, made):
        self.table, self.made = table, made
        self.rules = [Rule(s, i + 1, table.types) for i, s in enumerate(specs)]

    def judge(self):
        """For each row, in any order: (row, names of the rules that it breaks, the worst severity)."""
        rows = [standard.SimpleNamespace(values=r, misfits=set(), broken=[]) for r in sorted(self.table.rows, key=self.table.place)]
        for rule in self.rules:
            test = self.among(rule) if rule.kind in LOOK_AT_OTHERS else rule.breaks
            for row in rows:
                if test(row):
                    row.broken.append(rule)
        for row in rows:
            yield row.values, [r.name for r in row.broken], max((r.severity for r in row.broken), key=WORST.index, default=None)

    def among(self, rule):
        """A function of a row, to be called in their order, for a rule that looks at other rows."""
        if rule.kind == "unique":
            test = self.first_of_key(self.table.types if rule.spec["columns"] == "all" else rule.columns)
        else:
            parent = self.made[rule.spec["table"]]
            test = fk_test(rule.spec, parent) if rule.kind == "fk" else sum_test(rule.spec, parent, self.table.types[rule.column])

        def broken(row):
            absent = any(row.values[c] is None for c in rule.columns)
            return not absent and all(r.severity == "warn" for r in row.broken) and test(row.values)

        return broken

    @staticmethod
    def first_of_key(columns):
        holders = set()

        def taken(values):
            key = tuple(values[c] for c in columns)
            known = key in holders
            holders.add(key)
            return known

        return taken
