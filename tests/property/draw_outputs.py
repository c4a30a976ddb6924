"""draw_outputs.py - random outputs of tables and views as files."""

from drawing import Drawing

# without `run`, which says when a row was found, and `value`, which may be a sentence of the program
ALWAYS = {"files": ["source", "file", "digest", "bytes", "lines", "skipped_as_identical_to"],
          "records": ["source", "read", "accepted", "rejected", "warned"], "rejects": ["source", "rule", "ordinal", "rows"],
          "quarantine": ["source", "file", "line", "byte_offset", "column", "rule", "ordinal", "raw"]}  # fmt: skip
ALWAYS["warnings"] = ALWAYS["quarantine"]


class Outputs(Drawing):
    def outputs(self, made):
        """(views, outputs) over the tables that were made."""
        views = [self.view(f"v{i}", self.pick(made)) for i in range(self.rng.randint(0, 2))]
        tables = {m.name: [*m.types, *(["_file", "_byte_offset"] if m.position else [])] for m in made} | ALWAYS
        tables |= {v["name"]: columns for v, columns in views}
        names = [m.name for m in made] * 2 + list(ALWAYS) + [v["name"] for v, _ in views] * 3
        out = [self.output(f"out{i}", name, tables[name]) for i, name in enumerate(self.rng.sample(names, self.rng.randint(1, 3)))]
        return [v for v, _ in views], out

    def view(self, name, table):
        """A view in SQLite's SQL, with the names of its columns."""
        terms = []
        for i, c in enumerate(self.rng.sample(list(table.types), self.rng.randint(1, min(3, len(table.types))))):
            kind = table.types[c]
            if kind[0] == "decimal" and self.chance(0.5):
                terms.append(f'decimal("{c}", {kind[1]}) AS "{name}d{i}"')
            elif kind[0] in ("integer", "decimal") and self.chance(0.4):
                terms.append(f'("{c}" % 100) / 8.0 AS "{name}r{i}"')
            else:
                terms.append(f'"{c}" AS "{name}c{i}"')
        where = f' WHERE "{self.pick(list(table.types))}" IS NOT NULL' if self.chance(0.3) else ""
        self.cover("option", "view")
        return {"name": name, "sql": f'SELECT {", ".join(terms)} FROM "{table.name}"{where}'}, [t.rpartition('"')[0].rpartition('"')[2] for t in terms]

    def output(self, name, table, columns):
        form = self.pick(["csv", "ndjson"])
        out = {"table": table, "format": form, "file": f"{name}.{form}"}
        whole = table not in ("quarantine", "warnings")
        if not whole or self.chance(0.4):
            out["columns"] = self.rng.sample(columns, self.rng.randint(1, len(columns)))
        if self.chance(0.5):
            out["order"] = [c + self.pick(["", " asc", " desc"]) for c in self.rng.sample(columns, self.rng.randint(1, min(2, len(columns))))]
        if form == "csv":
            self.option(out, "delimiter", 0.5, ";", "\t", "|", ",")
            self.option(out, "header", 0.3, True, False)
            self.option(out, "null", 0.6, "", "NULL", "a", "b", "x")
        self.cover("output", f"{form} of {'view' if table[0] == 'v' else 'its own' if table in ALWAYS else 'table'}")
        return out
