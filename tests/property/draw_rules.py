"""draw_rules.py - random rules of a source."""

import dataclasses

from drawing import Drawing
from values import as_list


class Rules(Drawing):
    def rules(self, types):
        out, names = [], set()
        for i in range(self.rng.randint(int(self.changing), 3 if self.changing else 5)):
            rule = self.key(types) if i == 0 and self.chance(0.95 if self.changing else 0.4) else self.rule(types)
            if self.chance(0.6):
                rule["name"] = f"r{i}"
            name = rule.get("name") or f"{rule['rule']}_{self.default_column(rule)}"
            claimed = [r["column"] for r in out if r["rule"] == "type"]
            if name in names or (rule["rule"] == "type" and rule["column"] in claimed):
                continue
            names.add(name)
            if self.chance(0.6 if rule["rule"] != "unique" else 0 if self.changing and i == 0 else 0.15):
                rule["severity"] = "fail" if self.chance(0.05) else "warn"
            self.cover("rule", rule["rule"])
            self.cover("severity", f"{rule['rule']} {rule.get('severity', 'reject')}")
            out.append(rule)
        return out

    def key(self, types):
        """A unique rule ahead of all others whose keys often meet: in a stream rows move from one to the other."""
        read = [n for n in types if not n.startswith(("_", "d"))] or [n for n in types if not n.startswith("_")]
        return {"rule": "unique", "columns": self.rng.sample(read, self.rng.randint(1, min(2, len(read))))}

    @staticmethod
    def default_column(rule):
        columns = rule.get("columns")
        if rule["rule"] == "date_order":
            return columns[1] if len(columns) == 2 else "row"
        if isinstance(columns, list) and len(columns) == 1:
            columns = columns[0]
        return rule.get("column") or (columns if isinstance(columns, str) and columns != "all" else "row")

    def rule_name(self, rule):
        return rule.get("name") or f"{rule['rule']}_{self.default_column(rule)}"

    def rule(self, types):
        usable = [n for n in types if not n.startswith("_")]
        kind = self.pick(["not_null", "type", "range", "in", "regex", "unique", "unique", "expression", "length",
                          "date_order"])  # fmt: skip
        texts = [n for n in usable if types[n][0] == "text"]
        times = [n for n in usable if types[n][0] in ("timestamp", "date")]
        if kind in ("regex", "length") and not texts or kind == "date_order" and len(times) < 2:
            kind = "not_null"
        if kind == "date_order":
            rule = {"rule": kind, "columns": self.rng.sample(times, self.rng.randint(2, min(3, len(times))))}
            mixed = [(a, b) for a in times for b in times if types[a] != types[b]]
            if mixed and self.chance(0.5):
                rule["columns"] = list(self.pick(mixed))
            self.option(rule, "strict", 0.4, True)
            return rule
        if kind == "unique":
            columns = "all" if self.chance(0.4) else self.rng.sample(usable, self.rng.randint(1, min(3, len(usable))))
            return {"rule": "unique", "columns": columns if self.chance(0.8) or columns == "all" else columns[0]}
        if kind == "expression":
            text, _ = self.expression(types, "condition", 3)
            rule = {"rule": "expression", "expr": text}
            if self.chance(0.5):
                rule["column"] = self.pick(usable)
            return rule
        rule = {"rule": kind, "column": self.pick(texts if kind in ("regex", "length") else usable)}
        if kind == "range":
            self.limits(rule, types[rule["column"]])
        if kind == "length":
            for key, value in self.pick([{"min": 1}, {"max": 2}, {"min": 1, "max": 3}]).items():
                rule[key] = value
        if kind == "in":
            self.members(rule, types[rule["column"]])
            self.option(rule, "negate", 0.4, True)
        if kind == "regex":
            rule["pattern"] = self.pick(["^[a-c]", "[0-9]", "^.?$", "b", "^\\S+$", "é", "^(GET|POST)$"])
            self.option(rule, "negate", 0.4, True)
            self.option(rule, "ignore_case", 0.2, True)
        return rule

    def table_rules(self, drawn, made):
        """Rules of a table: of the row alone, and such as look at other rows."""
        out, types = {}, drawn.types
        for i in range(self.rng.randint(1, 4)):
            rule = self.among_rule(drawn, made) if self.chance(0.5) else self.rule(types)
            if rule is None or rule["rule"] == "type":
                continue
            if self.chance(0.6):
                rule["name"] = f"t{i}"
            self.option(rule, "severity", 0.5, "warn", "warn", "warn", "reject", "reject", "reject", "fail")
            name = self.rule_name(rule)
            if name not in out:
                self.cover("rule of a table", rule["rule"])
                out[name] = rule
        return list(out.values())

    def among_rule(self, drawn, made):
        """One that looks at other rows: of the table itself, or of one ahead of it; those ahead are often alike."""
        own = dataclasses.replace(drawn, spec={"name": drawn.name + "_all"})
        rule = self.reference(drawn.types, self.pick([own, *made])) if self.chance(0.65) else None
        if rule:
            rule.pop("severity", None)
            return rule
        few = drawn.of("text", "integer")
        names = few if few and self.chance(0.8) else list(drawn.types)
        columns = self.rng.sample(names, self.rng.randint(1, min(2, len(names))))
        return {"rule": "unique", "columns": self.pick(["all", columns, columns, columns[0]])}

    def reference(self, types, parent):
        """fk or sum_equals; None when no columns go together."""
        alike = [(a, b) for a, k in types.items() for b, m in parent.types.items() if k == m and not a.startswith("_")]
        few = [(a, b) for a, b in alike if types[a][0] in ("text", "integer")]
        if not alike:
            return None
        keys = [(a, b) for a, b in alike if [b] == as_list(parent.spec.get("primary_key"))]
        few = keys if keys and self.chance(0.5) else few
        on = dict(self.rng.sample(few if few and self.chance(0.8) else alike, 1))
        if self.chance(0.2):
            on |= dict([self.pick(alike)])
        numbers, amounts = ([n for n, k in t.items() if k[0] in ("integer", "decimal") and not n.startswith("_")] for t in (types, parent.types))
        if numbers and amounts and self.chance(0.5):
            rule = {"rule": "sum_equals", "column": self.pick(numbers), "table": parent.name, "of": self.pick(amounts), "on": on}
            self.option(rule, "tolerance", 0.8, "1", "5", "20", "0")
        else:
            rule = {"rule": "fk", "columns": self.pick([list(on), *([next(iter(on))] if len(on) == 1 else [])]), "table": parent.name, "to": list(on.values())}
            if as_list(parent.spec.get("primary_key")) == rule["to"]:
                del rule["to"]
        self.option(rule, "severity", 0.3, "warn", "warn", "warn", "warn", "fail")
        return rule

    def members(self, rule, kind):
        values = [self.constant(kind) for _ in range(self.rng.randint(1, 4))]
        if kind[0] == "text" and any(values) and self.chance(0.3):
            rule["file"] = f"list{len(self.beside)}.txt"
            self.beside[rule["file"]] = "".join(f"{v}\n" for v in values)
            self.cover("option", "in file")
        else:
            rule["values"] = values

    def limits(self, rule, kind):
        low, high = sorted((self.constant(kind) for _ in range(2)), key=lambda v: (float(v) if kind[0] in ("integer", "decimal") else v))
        pairs = [("min", "max"), ("above", "max"), ("min", "below")][: 3 if low != high else 1]
        keys = self.pick([("min",), ("max",), ("above",), ("below",), *pairs])
        for key in keys:
            rule[key] = high if key in ("max", "below") else low
            self.cover("option", key)
