"""draw_tables.py - random tables, each over one that was drawn before."""

import dataclasses

from drawing import Drawing
from relations import join_output
from values import as_list


@dataclasses.dataclass
class Drawn:
    """A table: what is in it, what its event time is called, whether its rows have a position."""

    spec: dict
    types: dict
    time: str = None
    position: bool = False
    named: bool = True  # in the list of tables; not what rules make of one

    @property
    def name(self):
        return self.spec["name"]

    def of(self, *kinds):
        return [n for n, k in self.types.items() if k[0] in kinds]


class Tables(Drawing):
    def tables(self, feeds):
        made = []
        unread = list(feeds)
        for i in range(max(len(feeds), self.rng.randint(1, 3))):
            made.append(self.store(f"s{i}", feeds, unread))
            self.cover("table", "store")
        stores = self.references(feeds, made)
        for drawn in list(made):
            made += self.ruled(drawn, made[: made.index(drawn)])
        for i in range(self.rng.randint(1, 9)):
            parent = self.pick(made[-3:] if self.chance(0.5) else made)
            kind = self.pick(["aggregate", "aggregate", "window", "select", "select", "pivot", "sessionize", "join", "join", "top_n",
                              "dedupe", "scd", "keyed"])  # fmt: skip
            name = f"{kind[:2]}{i}"
            if kind == "keyed":
                made += self.keyed(name, parent)
                continue
            drawn = self.join(name, parent, made) if kind == "join" else getattr(self, kind)(name, parent)
            if drawn:
                made += [drawn, *self.ruled(drawn, made)]
                self.cover("table", f"{kind} of {self.kind_of(parent)}")
        self.made = made
        return [m.spec for m in made if m.named] + stores

    def ruled(self, drawn, before):
        """Perhaps with rules; then there are two more tables."""
        may = not any(n.startswith("_") for n in drawn.types) and not self.looked_at(drawn)
        rules = self.table_rules(drawn, before) if may and self.chance(0.2) else []
        if not rules:
            return []
        drawn.spec["rules"] = rules
        self.cover("table", f"rules of {self.kind_of(drawn)}")
        said = {"_rules": ("text", 0), "_severity": ("text", 0)}
        return [dataclasses.replace(drawn, spec={"name": f"{drawn.name}_all"}, named=False),
                dataclasses.replace(drawn, spec={"name": f"{drawn.name}_violations"}, types=drawn.types | said, named=False)]  # fmt: skip

    @staticmethod
    def looked_at(drawn):
        """Rules of sources look at it: it must stay a store."""
        return drawn.spec.get("comment") == "parent"

    def references(self, feeds, made):
        """Adds rules that compare a source with stores of those before it; gives stores of what they reject."""
        names, out = list(feeds), []
        for i, name in enumerate(names[1:], 1):
            source, types = feeds[name]
            parents = [m for m in made if set(as_list(m.spec["from"])) <= set(names[:i])]
            for parent in [self.pick(parents) for _ in range(self.rng.randint(0, 2)) if parents]:
                rule = self.reference(types, parent)
                if rule:
                    parent.spec["comment"] = "parent"
                    rule["name"] = f"ref{len(source['rules'])}"
                    source["rules"].insert(self.rng.randint(0, len(source["rules"])), rule)
                    self.cover("rule", rule["rule"])
                    self.cover("severity", f"{rule['rule']} {rule.get('severity', 'reject')}")
                    if "severity" not in rule and self.chance(0.3):
                        out.append({"name": f"not{len(out)}", "from": name, "rows": {"rejected_as": rule["name"]}})
        return out

    @staticmethod
    def kind_of(drawn):
        return next((k for k in ("join", "top_n", "dedupe", "scd", "select", "aggregate", "pivot", "sessionize") if k in drawn.spec), "store")

    # --- stores ---

    def store(self, name, feeds, unread):
        spec, first = {"name": name}, unread.pop(0) if unread else self.pick(list(feeds))
        chosen = [first]
        source, types = feeds[first]
        if len(feeds) > 1:
            same = [n for n, (s, t) in feeds.items() if n != first and self.matches(types, t)]
            chosen += same if same and self.chance(0.6) else []
            spec["from"] = chosen if len(chosen) > 1 else first
        self.cover("option", f"from {len(chosen)}")
        buckets = [self.rule_name(r) for r in source["rules"] if r.get("severity", "reject") == "reject"]
        if buckets and len(chosen) == 1 and self.chance(0.15):
            spec["rows"] = {"rejected_as": self.pick(buckets)}
            self.cover("option", "rejected_as")
        own = {n: k for n, k in types.items() if not n.startswith("_")}
        if self.chance(0.8):
            spec["columns"], own = self.store_columns(types, own, source.get("time"))
        if self.chance(0.2):
            spec["where"] = self.condition(types)
            self.cover("option", "store where")
        if self.chance(0.2):
            spec["indexes"] = [[self.pick(list(own))]]
        times = {self.called(spec, feeds[n][0].get("time")) for n in chosen}
        return Drawn(spec, own, times.pop() if len(times) == 1 else None, True)

    @staticmethod
    def matches(types, others):
        return all(others.get(n) == k for n, k in types.items() if not n.startswith("_"))

    @staticmethod
    def called(spec, time):
        if "columns" not in spec:
            return time
        for c in spec["columns"]:
            if (c if isinstance(c, str) else c["column"]) == time:
                return c if isinstance(c, str) else c["name"]
        return None

    def store_columns(self, types, own, time):
        chosen = self.rng.sample([*own, "_line", "_repeated", "_late_s"], self.rng.randint(1, len(own)))
        if time and time not in chosen and self.chance(0.8):
            chosen.append(time)
        # `_line` and its like get a name of their own
        pairs = [(f"k{i}" if c.startswith("_") or self.chance(0.1) else c, c) for i, c in enumerate(chosen)]
        return [n if n == c else {"name": n, "column": c} for n, c in pairs], {n: types[c] for n, c in pairs}

    # --- select ---

    def select(self, name, parent):
        spec = {"name": name, "select": parent.name}
        read = dataclasses.replace(parent, types=dict(parent.types))
        self.split(spec, read)
        types, time = dict(read.types), parent.time
        if self.chance(0.3):
            spec["where"] = self.condition(read.types)
        if self.chance(0.8):
            spec["columns"], types, time = self.selected(name, read)
        times = [n for n, k in types.items() if k[0] == "timestamp"]
        if times and self.chance(0.3):
            spec["time"] = time = self.pick(times)
            self.cover("option", "select time")
        return Drawn(spec, types, time, parent.position)

    def split(self, spec, parent):
        """Perhaps a row for each part of a list; what is read has two more columns then."""
        name = spec["name"]
        lists = [c for c in parent.of("text") if c in self.lists] or parent.of("text")
        if not lists or not self.chance(0.6 if set(lists) & self.lists else 0.15):
            return
        split = {"column": self.pick(lists), "as": f"{name}part"}
        split.update(self.pick([{"by": "|"}, {"by": "|", "json": False}, {"by": ", "}, {"json": True}, {"json": True}]))
        parent.types[split["as"]] = ("text", 0)
        if self.chance(0.6):
            split["place"] = f"{name}place"
            parent.types[split["place"]] = ("integer", 0)
        self.cover("table", f"split of {self.kind_of(parent)} by {'json' if split.get('json') else 'text'}")
        spec["split"] = split

    def selected(self, name, parent):
        columns, types, time = [], {}, None
        kept = self.rng.sample(list(parent.types), self.rng.randint(1, len(parent.types)))
        for i, c in enumerate(kept):
            shown = c if self.chance(0.8) else f"{name}k{i}"
            columns.append(c if shown == c else {"name": shown, "column": c})
            types[shown] = parent.types[c]
            time = shown if c == parent.time else time
        for i in range(self.rng.randint(0, 3)):
            family = self.pick(["text", "integer", "number", "timestamp", "date", "condition"])
            text, kind = self.expression(parent.types, family, 3)
            columns.append({"name": f"{name}e{i}", "expr": text})
            types[f"{name}e{i}"] = kind
        return columns, types, time

    # --- groups ---

    def measure(self, parent, names):
        name = self.pick(names)
        numbers = parent.of("integer", "decimal")
        if name in ("first", "last") and not parent.time or name == "sum" and not numbers:
            name = "count"
        self.cover("aggregate", name)
        argument = "" if name in ("count", "duration") else self.number_of(numbers) if name == "sum" else self.pick(list(parent.types))
        kind = parent.types[argument] if argument and name != "count_distinct" else ("integer", 0)
        text = f"{name}({argument})"
        if self.chance(0.2) and name != "duration":
            text += " where " + self.condition(parent.types)
            self.cover("option", "aggregate where")
        return text, kind

    def number_of(self, numbers):
        """Rather one that is read than one that is computed: those are often NULL or constant."""
        read = [n for n in numbers if n.startswith("c")]
        return self.pick(read if read and self.chance(0.7) else numbers)

    def measures(self, name, parent, sessions=False):
        names = ["count", "sum", "min", "max", "first", "last", "duration" if sessions else "count_distinct", "sum", "sum"]
        drawn = {f"{name}_{i}": self.measure(parent, names) for i in range(self.rng.randint(1, 5))}
        return {c: text for c, (text, _) in drawn.items()}, {c: kind for c, (_, kind) in drawn.items()}

    def by(self, parent, least=0):
        if least == 0 and self.chance(0.2):
            return []
        few = parent.of("text", "integer")  # whose values are few, so that groups have rows
        names = few if few and self.chance(0.8) else list(parent.types)
        return self.rng.sample(names, self.rng.randint(1, min(2, len(names))))

    def grouped(self, spec, name, parent):
        columns, kinds = self.measures(name, parent)
        spec.update(by=self.by(parent), columns=columns)
        if self.chance(0.15):
            spec["where"] = self.condition(parent.types)
        return {b: parent.types[b] for b in spec["by"]} | kinds

    def aggregate(self, name, parent):
        spec = {"name": name, "aggregate": parent.name}
        types = self.grouped(spec, name, parent)
        return Drawn(spec, types)

    def window(self, name, parent):
        times = parent.of("timestamp")
        if not times:
            return None
        spec = {"name": name, "aggregate": parent.name}
        types = self.grouped(spec, name, parent)
        size = self.pick([60, 900, 3600, 86400, 100000])
        window = spec["window"] = {"size_s": size, "start": f"{name}_from", "end": f"{name}_to"}
        self.option(window, "hop_s", 0.5, size, size // 2, size // 3, size // 20)
        self.option(window, "offset_s", 0.3, 7, -3600, 79200)
        if not parent.time or self.chance(0.3):
            window["time"] = self.pick(times)
        return Drawn(spec, types | dict.fromkeys((window["start"], window["end"]), ("timestamp", 0)))

    def pivot(self, name, parent):
        column = self.pick(list(parent.types))
        kind = parent.types[column]
        spec = {"name": name, "pivot": parent.name, "column": column}
        types = self.grouped(spec, name, parent)
        values = {self.constant(kind) for _ in range(self.rng.randint(1, 3))}
        if kind[0] == "decimal":
            values = {str(float(v)) for v in values}
        spec["values"] = {f"v{i}": v for i, v in enumerate(sorted(values))}
        if self.chance(0.4):
            spec["values"]["none"] = None
        if kind[0] == "text" and self.chance(0.3):
            spec["values"] = ["a", "GET", "x"]
        names = list(spec["values"])
        by = {b: types[b] for b in spec["by"]}
        return Drawn(spec, by | {f"{v}_{c}": types[c] for v in names for c in spec["columns"]})

    def sessionize(self, name, parent):
        times = parent.of("timestamp")
        if not times:
            return None
        read = [t for t in times if t.startswith(("c", "time"))]  # not computed: those are often constant
        time = self.pick(read if read and self.chance(0.8) else times)
        columns, kinds = self.measures(name, parent, True)
        by = self.by(parent, 1)
        spec = {"name": name, "sessionize": parent.name, "by": by, "time": time, "gap_s": self.pick([0, 1, 60, 600, 1800, 3600, 86400])}
        return Drawn(spec | {"columns": columns}, {b: parent.types[b] for b in by} | kinds)

    # --- keys ---

    def keyed(self, name, parent):
        """A table with a primary key and one that refers to it, in any order; now and then a key that may be broken."""
        few = parent.of("text", "integer")
        by = self.rng.sample(few or list(parent.types), 1)
        if self.chance(0.3):
            by = list({*by, self.pick(list(parent.types))})
        present = " and ".join(f"{c} is not null" for c in by)
        rows = Drawn({"name": name + "r", "select": parent.name, "where": present}, dict(parent.types), parent.time, parent.position)
        key = Drawn({"name": name, "dedupe": name + "r", "by": by, "primary_key": by[0] if len(by) == 1 and self.chance(0.5) else list(by)}, dict(parent.types),
                    parent.time, parent.position)  # fmt: skip
        child = Drawn({"name": name + "f", "select": name + "r"}, dict(parent.types), parent.time, parent.position)
        child.spec["foreign_keys"] = [{"columns": list(by), "references": self.pick([name, f"{name}({', '.join(by)})"])}]
        broken = self.chance(0.2)
        if broken:
            self.pick([lambda: key.spec.pop("dedupe") and key.spec.pop("by") and key.spec.update(select=name + "r"), lambda: self.orphans(rows, child, parent, present),
                       lambda: key.spec.update(dedupe=parent.name), lambda: self.own_key(key)])()  # fmt: skip
        self.cover("keys", ("perhaps broken" if broken else "right") + f", of {len(by)}")
        out = [rows, *self.pick([(key, child), (child, key)])]
        self.cover("table", f"keyed of {self.kind_of(parent)}")
        return out

    def orphans(self, rows, child, parent, present):
        """Rows that refer to such as a condition leaves out."""
        rows.spec["where"] += f" and ({self.condition(parent.types)})"
        child.spec.update(select=parent.name, where=present)

    def own_key(self, key):
        """A table that refers to itself: other columns of its rows to its key."""
        by = key.spec["by"]
        alike = [[n for n, k in key.types.items() if k == key.types[b]] for b in by]
        columns = [self.pick(names) for names in alike]
        if len(set(columns)) == len(by):
            key.spec["foreign_keys"] = [{"columns": columns, "references": key.name}]

    # --- rows against rows ---

    def join(self, name, parent, made):
        right = self.pick(made)
        alike = [(a, b) for a, k in parent.types.items() for b, m in right.types.items() if k == m]
        if not alike:
            return None
        on = dict(self.rng.sample(alike, self.rng.randint(1, min(2, len(alike)))))
        spec = {"name": name, "join": parent.name, "with": right.name, "on": on, "kind": self.pick(["inner", "left"])}
        if all(a == b for a, b in on.items()):
            spec["on"] = self.pick([on, list(on)] + list(on)[: len(on) == 1])
        self.match(spec, parent, right, made)
        self.cover("match", f"{spec.get('match', 'lookup')} {spec['kind']}")
        if parent.name == right.name or self.chance(0.5):
            self.join_columns(name, spec, parent, right)
        output = join_output(spec, parent.types, right.types)
        types = {n: (parent if side == "left" else right).types[c] for n, side, c in output}
        time = next((n for n, side, c in output if side == "left" and c == parent.time), None)
        return Drawn(spec, types, time, parent.position)

    def match(self, spec, parent, right, made):
        """Many rows for one at most once in a definition: three such joins over each other would not end."""
        times, right_times = parent.of("timestamp"), right.of("timestamp")
        wide = not any(m.spec.get("match") in ("all", "interval") for m in made)
        possible = ["lookup"] + ["all"] * wide + (["as_of"] + ["interval"] * wide if times and right_times else [])
        possible += ["valid"] * 2 if times and len(right_times) > 1 else []
        match = self.pick(possible)
        if match != "lookup" or self.chance(0.3):
            spec["match"] = match
        if match in ("as_of", "interval", "valid") and (not parent.time or self.chance(0.3)):
            spec["time"] = self.pick(times)
        if match in ("as_of", "interval") and (not right.time or self.chance(0.3)):
            spec["right_time"] = self.pick(right_times)
        if match in ("as_of", "interval") and self.chance(0.1):
            spec["on"] = []
        if match == "interval":
            spec["before_s"] = self.pick([0, 60, 3600, 100000])
            self.option(spec, "after_s", 0.6, 0, 1, 3600, -spec["before_s"])
        if match == "valid":
            scd = {"valid_from", "valid_to"} <= set(right.types) and self.chance(0.8)
            spec["valid"] = ["valid_from", "valid_to"] if scd else self.rng.sample(right_times, 2)

    def join_columns(self, name, spec, parent, right):
        columns = []
        for side, table in (("left", parent), ("right", right)):
            for c in self.rng.sample(list(table.types), self.rng.randint(1, len(table.types))):
                columns.append({"name": f"{name}{side[0]}{len(columns)}", "column": f"{side}.{c}"})
        own = {c["column"].partition(".")[2] for c in columns}
        for c in columns:  # the plain ways to write it, where there is but one such column
            column = c["column"].partition(".")[2]
            once = (column in parent.types) != (column in right.types)
            if once and parent.name != right.name and column in own and self.chance(0.4):
                c["column"] = column
        spec["columns"] = columns

    def order(self, parent):
        names = self.rng.sample(list(parent.types), self.rng.randint(1, min(2, len(parent.types))))
        return [n + self.pick(["", " desc", " asc"]) for n in names]

    def called_otherwise(self, spec, key):
        """Now and then a column has another name."""
        if self.chance(0.2):
            spec[key] = f"{spec['name']}_{key[-4:]}"
        return spec.get(key, key)

    def top_n(self, name, parent):
        spec = {"name": name, "top_n": parent.name, "by": self.by(parent), "order": self.order(parent), "n": self.pick([1, 2, 5]),
                "rank": f"{name}_rank"}  # fmt: skip
        return Drawn(spec, parent.types | {spec["rank"]: ("integer", 0)}, parent.time, parent.position)

    def dedupe(self, name, parent):
        spec = {"name": name, "dedupe": parent.name, "by": self.by(parent, 1)}
        self.option(spec, "keep", 0.7, "first", "last")
        if self.chance(0.5):
            spec["order"] = self.order(parent)
        return Drawn(spec, dict(parent.types), parent.time, parent.position)

    def scd(self, name, parent):
        times = parent.of("timestamp")
        if not times:
            return None
        spec = {"name": name, "scd": parent.name, "type": self.pick([1, 2, 2]), "by": self.by(parent, 1)}
        if not parent.time or self.chance(0.3):
            spec["time"] = self.pick(times)
        time = spec.get("time") or parent.time
        spec["by"] = [b for b in spec["by"] if b != time] or [next((c for c in parent.types if c != time), None)]
        rest = [c for c in parent.types if c not in (*spec["by"], time)]
        if None in spec["by"] or (spec["type"] == 2 and not rest):
            return None
        types = dict(parent.types)
        if spec["type"] == 2:
            if self.chance(0.5):
                spec["track"] = self.rng.sample(rest, self.rng.randint(1, min(2, len(rest))))
            begin, end, current = (self.called_otherwise(spec, key) for key in ("valid_from", "valid_to", "current"))
            if {begin, end, current} & set(types):
                return None
            types |= {begin: ("timestamp", 0), end: ("timestamp", 0), current: ("integer", 0)}
        return Drawn(spec, types, time, parent.position)
