"""draw.py - random definitions: `draw_definition(rng, cover)`; what was drawn is told to cover(kind, name)."""

from draw_expression import Expressions
from interpret import BUILT_IN, log_column
from records import LAYOUTS, Layout
from times import write

ENCODINGS = ["utf-8", "utf-8", "windows-1252", "iso-8859-1", "iso-8859-15", "ascii"]
STAMPS = ["%F %T", "%d/%m/%Y %H:%M", "%-m/%-d/%Y %-H:%M", "%FT%T.%f%z", "%d/%b/%Y:%H:%M:%S %z", "%F %I:%M:%S %p", "%e %B %Y %T",
          "%a, %d %b %y %T", "%s"]  # fmt: skip
DAYS = ["%F", "%d.%m.%Y", "%-m/%-d/%y", "%e %b %Y"]
LOG_LAYOUTS = [*LAYOUTS, '{time} {client} {method} {target} {status} rt={seconds}', '{time}|{client}|{took} ms|"{request+}"',
               '{{"at": "{time}", "status": {status}, "by": "{user}"}', "[{time}] {level+}: {client}"]  # fmt: skip


class Definitions:
    def __init__(self, rng, cover):
        self.rng, self.cover = rng, cover

    def chance(self, p):
        return self.rng.random() < p

    def pick(self, items):
        return self.rng.choice(items)

    def option(self, target, key, p, *values):
        if self.chance(p):
            target[key] = self.pick(values)
            self.cover("option", f"{key}={target[key]!r}"[:40])

    def draw(self):
        source = self.log_source() if self.chance(0.3) else self.csv_source()
        self.cover("format", source["format"])
        specs = source["columns"]
        if source["format"] == "access_log":
            specs = [log_column(s) for s in specs]
        types = {s["name"]: (s["type"], s.get("scale", 0)) for s in specs} | BUILT_IN
        definition = {"pipeline": "drawn", "version": 1, "source": source}
        definition["derive"] = self.derived(types)
        self.event_time(source, types, definition)
        definition["rules"] = self.rules(types, [s["name"] for s in specs], source)
        definition["tables"] = self.tables(types, definition)
        return definition

    # --- sources ---

    def csv_source(self):
        source = {"format": "csv", "glob": self.pick(["*.csv", "*.csv", "p[ab]*.csv", "p?.csv"])}
        self.option(source, "encoding", 0.6, *ENCODINGS)
        source["on_bad_encoding"] = "reject"
        self.option(source, "delimiter", 0.6, ",", ";", "\t", "|")
        self.option(source, "quote", 0.25, '"', "'", "")
        if source.get("quote") != "":
            self.option(source, "escape", 0.4, "doubled", "backslash", "none")
            if source.get("escape") == "backslash":
                self.option(source, "backslash", 0.6, "decode", "keep")
        self.option(source, "multiline", 0.3, True, False)
        self.option(source, "ragged", 0.2, True)
        self.option(source, "skip_lines", 0.15, 1, 2)
        self.option(source, "comment_prefix", 0.15, "#", "//", "é")
        self.option(source, "trim", 0.3, True)
        self.option(source, "null", 0.3, [], "NULL", ["", "\\N", "-"], ["", "n/a"])
        self.option(source, "in_file", 0.3, {"repeats": True}, {"lateness": True}, {"repeats": True, "lateness": True})
        self.option(source, "header", 0.3, False)
        n = self.rng.randint(1, 6)
        source["columns"] = [self.column(f"c{i}", i, source) for i in range(n)]
        if not source.get("header", True):
            self.option(source, "fields", 0.6, n, n + 1)
        return source

    def column(self, name, i, source):
        spec = {"name": name, "type": self.pick(["text", "integer", "decimal", "timestamp", "date", "text", "integer"])}
        self.cover("type", spec["type"])
        if not source.get("header", True):
            spec["field"] = i + 1
        elif self.chance(0.3):
            spec["header"] = self.pick([f"Title {i}", [f"T{i}", f"Title {i}"], f"Größe {i}"])
            if source.get("encoding") == "ascii" and not str(spec["header"]).isascii():
                spec["header"] = f"Size {i}"
        if source.get("header", True):
            self.option(spec, "optional", 0.1, True)
        self.typed(spec)
        self.option(spec, "null", 0.15, "0", ["", "x"], [])
        self.option(spec, "trim", 0.2, True, False)
        if self.chance(0.15):
            first = spec["format"][0] if isinstance(spec.get("format"), list) else spec.get("format")
            spec["default"] = write(19782, "date", first) if first else {"text": "none", "integer": "7", "decimal": "1"}[spec["type"]]
            self.cover("option", "default")
        return spec

    def typed(self, spec):
        kind = spec["type"]
        if kind == "decimal":
            spec["scale"] = self.pick([1, 2, 3, 9])
        if kind in ("integer", "decimal"):
            self.option(spec, "round", 0.2, True)
            self.option(spec, "decimal_point", 0.25, ",", ".")
            points = [t for t in (",", ".", "'", "_", " ") if t != spec.get("decimal_point", ".")]
            self.option(spec, "thousands", 0.3, *points)
            self.option(spec, "strip", 0.2, ["$"], ["$", " EUR", "%"], "%")
        if kind == "integer":
            self.option(spec, "decimal_zeros", 0.25, True)
        if kind == "timestamp":
            spec["format"] = self.pick([self.pick(STAMPS), self.pick(STAMPS), self.rng.sample(STAMPS, 2)])
            if not any(z in str(spec["format"]) for z in ("%z", "%s")):
                self.option(spec, "zone", 0.3, "keep", "+02:00", "-09:30", "UTC")
        if kind == "date":
            spec["format"] = self.pick([self.pick(DAYS), self.rng.sample(DAYS, 2)])
        for pattern in spec["format"] if isinstance(spec.get("format"), list) else [spec.get("format", "")]:
            self.cover("pattern", pattern)

    def log_source(self):
        layout = self.pick(LOG_LAYOUTS)
        source = {"format": "access_log", "layout": layout, "glob": "*.log"}
        self.cover("layout", layout[:40])
        self.option(source, "encoding", 0.3, "iso-8859-1", "windows-1252")
        self.option(source, "trim", 0.2, True)
        self.option(source, "comment_prefix", 0.15, "#")
        self.option(source, "skip_lines", 0.1, 1)
        self.option(source, "in_file", 0.3, {"repeats": True}, {"lateness": True}, {"repeats": True, "lateness": True})
        names = Layout(layout).names
        if "request" in names:
            names = names + ["method", "target", "protocol"]
        columns = []
        for field in self.rng.sample(names, self.rng.randint(1, len(names))):
            columns.append(field if self.chance(0.7) else self.log_column(field))
        source["columns"] = columns
        return source

    def log_column(self, field):
        spec = {"name": "my_" + field, "field": field}
        if field == "took" or field == "seconds":
            spec.update(type="decimal", scale=3)
        if field == "status":
            self.option(spec, "type", 0.3, "text", "integer")
        self.option(spec, "null", 0.5, "-", ["-", ""])
        return spec

    # --- derive, rules ---

    def derived(self, types):
        out = []
        for i in range(self.rng.randint(0, 5)):
            family = self.pick(["text", "integer", "number", "timestamp", "date", "condition"])
            text, kind = Expressions(self.rng, types, self.cover).draw(family, self.rng.randint(1, 4))
            types[f"d{i}"] = kind
            out.append({"name": f"d{i}", "expr": text})
        return out

    def event_time(self, source, types, definition):
        times = [n for n, k in types.items() if k[0] == "timestamp"]
        uses = ("_late_s", "_repeated")
        if source.get("in_file", {}).get("lateness"):
            # an event time that depends on the lateness would go round in circles
            times = [t for t in times if not t.startswith("d")]
            if not times:
                source["in_file"].pop("lateness")
                if not source["in_file"]:
                    del source["in_file"]
        if times and (self.chance(0.8) or source.get("in_file", {}).get("lateness")):
            source["time"] = self.pick(times)
        return uses

    def rules(self, types, declared, source):
        out, names = [], set()
        for i in range(self.rng.randint(0, 6)):
            rule = self.rule(types, declared)
            if self.chance(0.6):
                rule["name"] = f"r{i}"
            name = rule.get("name") or f"{rule['rule']}_{self.default_column(rule)}"
            claimed = [r["column"] for r in out if r["rule"] == "type"]
            if name in names or (rule["rule"] == "type" and rule["column"] in claimed):
                continue
            names.add(name)
            if self.chance(0.3):
                rule["severity"] = self.pick(["warn", "warn", "reject", "fail"]) if self.chance(0.2) else "warn"
            self.cover("rule", rule["rule"])
            self.cover("severity", f"{rule['rule']} {rule.get('severity', 'reject')}")
            out.append(rule)
        return out

    @staticmethod
    def default_column(rule):
        columns = rule.get("columns")
        if isinstance(columns, list) and len(columns) == 1:
            columns = columns[0]
        return rule.get("column") or (columns if isinstance(columns, str) and columns != "all" else "row")

    def rule(self, types, declared):
        usable = [n for n in types if not n.startswith("_")]
        kind = self.pick(["not_null", "type", "range", "in", "regex", "unique", "unique", "expression"])
        texts = [n for n in usable if types[n][0] == "text"]
        if kind == "regex" and not texts:
            kind = "not_null"
        if kind == "unique":
            columns = "all" if self.chance(0.4) else self.rng.sample(usable, self.rng.randint(1, min(3, len(usable))))
            return {"rule": "unique", "columns": columns if self.chance(0.8) or columns == "all" else columns[0]}
        if kind == "expression":
            text, _ = Expressions(self.rng, types, self.cover).draw("condition", 3)
            rule = {"rule": "expression", "expr": text}
            if self.chance(0.5):
                rule["column"] = self.pick(usable)
            return rule
        rule = {"rule": kind, "column": self.pick(texts if kind == "regex" else usable)}
        if kind == "range":
            self.limits(rule, types[rule["column"]])
        if kind == "in":
            rule["values"] = [self.constant(types[rule["column"]]) for _ in range(self.rng.randint(1, 4))]
            self.option(rule, "negate", 0.4, True)
        if kind == "regex":
            rule["pattern"] = self.pick(["^[a-c]", "[0-9]", "^.?$", "b", "^\\S+$", "é", "^(GET|POST)$"])
            self.option(rule, "negate", 0.4, True)
            self.option(rule, "ignore_case", 0.2, True)
        return rule

    def limits(self, rule, kind):
        low, high = sorted((self.constant(kind) for _ in range(2)), key=lambda v: (float(v) if kind[0] in ("integer", "decimal") else v))
        pairs = [("min", "max"), ("above", "max"), ("min", "below")][: 3 if low != high else 1]
        keys = self.pick([("min",), ("max",), ("above",), ("below",), *pairs])
        for key in keys:
            rule[key] = high if key in ("max", "below") else low
            self.cover("option", key)

    def constant(self, kind):
        if kind[0] == "integer":
            return self.pick([0, 1, 2, 5, 10, 100, -1])
        if kind[0] == "decimal":
            return self.pick(["0", "1", "2.5", "10", "-1", "0.1"])
        if kind[0] == "timestamp":
            return self.pick(["2024-01-01 00:00:00", "2024-02-29 12:00:00", "2024-12-31 23:59:59", "1970-01-01 00:00:00"])
        if kind[0] == "date":
            return self.pick(["2024-01-01", "2024-02-29", "2024-12-31", "1970-01-01"])
        return self.pick(["a", "b", "ab", "", "x", "GET", "é", "12"])

    # --- tables ---

    def tables(self, types, definition):
        made = []  # (spec, types)
        for i in range(self.rng.randint(1, 3)):
            made.append(self.store(f"s{i}", types, definition))
            self.cover("table", "store")
        for i in range(self.rng.randint(0, 4)):
            parent = self.pick([m for m in made if "aggregate" not in m[0]])
            times = [n for n, k in parent[1].items() if k[0] == "timestamp"]
            if "sessionize" not in parent[0] and times and self.chance(0.4):
                made.append(self.sessions(f"v{i}", parent, times, definition))
                self.cover("table", "sessionize")
            else:
                made.append(self.aggregate(f"a{i}", parent, definition))
                self.cover("table", "aggregate of " + ("sessions" if "sessionize" in parent[0] else "store"))
        return [m[0] for m in made]

    def store(self, name, types, definition):
        spec = {"name": name}
        buckets = [self.rule_name(r) for r in definition["rules"] if r.get("severity", "reject") == "reject"]
        if buckets and self.chance(0.25):
            spec["rows"] = {"rejected_as": self.pick(buckets)}
            self.cover("option", "rejected_as")
        own = {n: k for n, k in types.items() if not n.startswith("_")}
        if self.chance(0.8):
            chosen = self.rng.sample([*own, "_line", "_repeated", "_late_s"], self.rng.randint(1, len(own)))
            time = definition["source"].get("time")
            if time and time not in chosen and self.chance(0.8):
                chosen.append(time)
            # `_line` and its like get a name of their own
            renamed = [(f"k{i}" if c.startswith("_") or self.chance(0.1) and c != time else c, c) for i, c in enumerate(chosen)]
            spec["columns"] = [n if n == c else {"name": n, "column": c} for n, c in renamed]
            own = {n: types[c] for n, c in renamed}
        if self.chance(0.4):
            spec["where"] = Expressions(self.rng, types, self.cover).draw("condition", 2)[0]
            self.cover("option", "store where")
        if self.chance(0.2):
            spec["indexes"] = [[self.pick(list(own))]]
        return spec, own

    def rule_name(self, rule):
        return rule.get("name") or f"{rule['rule']}_{self.default_column(rule)}"

    def measure(self, types, names, ordered):
        name = self.pick(names)
        numbers = [n for n, k in types.items() if k[0] in ("integer", "decimal")]
        if name in ("first", "last") and not ordered or name == "sum" and not numbers:
            name = "count"
        self.cover("aggregate", name)
        argument = "" if name in ("count", "duration") else self.pick(numbers) if name == "sum" else self.pick(list(types))
        text = f"{name}({argument})"
        if self.chance(0.3) and name != "duration":
            text += " where " + Expressions(self.rng, types, self.cover).draw("condition", 2)[0]
            self.cover("option", "aggregate where")
        return text

    def by(self, types, empty):
        names = list(types)
        return self.rng.sample(names, self.rng.randint(0 if empty and self.chance(0.2) else 1, min(2, len(names))))

    def aggregate(self, name, parent, definition):
        parent_spec, types = parent
        ordered = definition["source"].get("time") in types and "sessionize" not in parent_spec
        by = self.by(types, True)
        names = ["count", "count_distinct", "sum", "min", "max", "first", "last", "sum"]
        columns = {f"{name}_{i}": self.measure(types, names, ordered) for i in range(self.rng.randint(1, 5))}
        spec = {"name": name, "aggregate": parent_spec["name"], "by": by, "columns": columns}
        if self.chance(0.3):
            spec["where"] = Expressions(self.rng, types, self.cover).draw("condition", 2)[0]
        return spec, {}

    def sessions(self, name, parent, times, definition):
        parent_spec, types = parent
        time = self.pick(times)
        ordered = definition["source"].get("time") in types
        by = self.by({n: k for n, k in types.items() if n != time} or types, False)
        names = ["count", "sum", "min", "max", "first", "last", "duration"]
        columns = {f"{name}_{i}": self.measure(types, names, ordered) for i in range(self.rng.randint(1, 5))}
        kinds = {b: types[b] for b in by}
        for c, text in columns.items():
            inner = text.split("(")[1].split(")")[0]
            kinds[c] = types[inner] if text.split("(")[0] in ("sum", "min", "max", "first", "last") else ("integer", 0)
        gap = self.pick([0, 1, 60, 1800, 86400])
        return {"name": name, "sessionize": parent_spec["name"], "by": by, "time": time, "gap_s": gap, "columns": columns}, kinds


def draw_definition(rng, cover):
    return Definitions(rng, cover).draw()
