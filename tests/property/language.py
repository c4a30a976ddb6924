"""language.py - which of the language's names definitions use: the names are those of the tables in docs/formats.

`names()` reads them there, as (context, name); `used(definition)` finds the same in a definition. Run by itself it draws
the definitions of the first seeds (SEEDS, fewer than CI gets to) and fails when a name is in none of them:

    language.py [--seeds 400] [--quiet]

So what the documents have and nobody draws is noticed on the day that it is written down. NOT_DRAWN says what is known to
be missing, and a name of it that is drawn after all fails, too.
"""

import argparse
import collections
import json
import pathlib
import random
import re
import sys
import tempfile

DOCS = pathlib.Path(__file__).parent.parent.parent / "docs/formats"
SEEDS = 400
NOT_DRAWN = {
    ("source sqlite", "extra"), ("source xml", "extra"), ("path xml", "[@x='y']"),  # younger than the reference
    ("source csv", "drift"), *(("drift", name) for name in ("new_column", "missing_column", "reordered", "retyped")),  # a case of it ends the run
    ("source xml", "encoding"),  # expat reads what a file declares
    # names of fields like the others
    ("log format", "%V"), ("log format", "%B"), ("log format", "%T"), ("log format", "$server_name"), ("log format", "$http_x_forwarded_for"),
}  # fmt: skip

# --- the documents ---


def sections(file):
    """(headings from ## on, rows of the table as lists of cells) for each table."""
    heading, table = [], []
    for line in [*(DOCS / file).read_text(encoding="utf-8").split("\n"), ""]:
        m = re.match("(##+) (.*)", line)
        if m:
            heading = [*heading[: len(m[1]) - 2], m[2]]
        if line.startswith("|"):
            table.append([c.strip() for c in re.split(r"(?<!\\)\|", line)[1:-1]])
        elif table:
            yield " / ".join(heading), table[0], table[2:]
            table = []


def quoted(cell):
    return re.findall("`([^`]+)`", cell)


# what the first column of a table is, by a part of its heading and the title of that column
TABLES = {
    "pipeline.md": [("The file", "key", "definition"), ("What a good row is", "key", "rule"), ("A store keeps rows", "key", "table"),
                    ("Select filters", "key", "table"), ("Select filters", "key of `split`", "split"), ("Windows", "key of `window`", "window"),
                    ("Joins", "key", "table"), ("Joins", "match", "match"), ("Slowly changing", "key", "table"), ("A table as a topic", "key", "output"),
                    ("tables as files", "table", "output"), ("tables as files", "key", "output"), ("rules", "rule", "kind of rule"),
                    ("An aggregate", "aggregate", "aggregate"), ("derive", "built-in column", "expression"), ("Functions", "", "function")],
    "sources.md": [("`source`: CSV", "key", "source csv"), ("access logs", "key", "source access_log"), ("access logs", "layout", "layout"),
                   ("NDJSON", "key", "source ndjson"), ("JSON documents", "key", "source json"), ("`source`: XML", "key", "source xml"),
                   ("`source`: SQLite", "key", "source sqlite"), ("Drift", "key", "drift"), ("Columns", "key", "column")],
}  # fmt: skip
# values that a cell lists, by context and key: only these are of the language, not examples
VALUES = {("source csv", "encoding"): "encoding", ("source csv", "dialect"): "dialect", ("column", "type"): "type"}


def names():
    found = set()
    for file, kinds in TABLES.items():
        for heading, title, rows in sections(file):
            for part, first, context in kinds:
                if part in heading and (title[0] == first or (first == "" and context == "function" and heading.endswith("Functions"))):
                    for row in rows:
                        found |= of_row(context, row)
            if heading.endswith("Time patterns"):
                found |= {("pattern", d) for row in rows for c in row for d in re.findall("%-?[a-zA-Z%]", c) if d != "%-"}
            if heading.endswith("log format"):
                found |= {("log format", re.sub(r"\{.*\}", "{...}", d)) for row in rows for c in row[1:] for d in quoted(c) if d[0] in "%$" and "..." not in d}
            if heading.endswith("Expressions"):
                found |= {("operator", o) for row in rows[1:] for c in quoted(row[1]) for o in re.findall(r"<=|>=|<>|!=|[-+*/%=<>]|\b(?:between|in|is|not|and|or)\b", c)}
    found |= {("records", "*")} if "`*` in `records`" in (DOCS / "sources.md").read_text(encoding="utf-8") else set()
    found |= {("path xml", "[@x='y']")} if "[@" in (DOCS / "sources.md").read_text(encoding="utf-8") else set()
    return found


def of_row(context, row):
    if context in ("function", "aggregate"):
        return {(context, n) for n in re.findall(r"`(\w+)\(", row[0])}
    first = [n for n in quoted(row[0]) if re.fullmatch(r"\w+", n)]
    out = {(context, n) for n in first}
    if context == "kind of rule" and len(row) == 3:
        keys = row[1].partition("(")[0] if "text" in row[1] else row[1]
        out |= {(f"rule {n}", key) for n in first for key in quoted(keys) if re.fullmatch(r"\w+", key) and n != "unique"}
    for name in first:
        if (context, name) in VALUES:
            out |= {(VALUES[context, name], v) for v in quoted(row[1] + row[2]) if re.fullmatch("[a-z][a-z0-9-]+", v) and (context, v) not in NO_VALUES}
    return out


NO_VALUES = {("source csv", n) for n in ("escape", "none", "raw")}

# --- a definition ---


def used(definition):
    """Counts of the same."""
    out = collections.Counter(("definition", k) for k in definition)
    for source in definition.get("sources") or [definition["source"] | {k: definition.get(k, []) for k in ("derive", "rules")}]:
        of_source(source, out)
    for t in definition["tables"]:
        of_table(t, out)
    for o in definition.get("outputs", []):
        out.update(("output", k) for k in o)
    return out


def of_source(source, out):
    form = source["format"]
    out.update((f"source {form}", k) for k in source)
    out["records", "*"] += ".*" in str(source.get("records"))
    for key in ("encoding", "dialect", "layout"):
        out[key, str(source.get(key))] += 1
    out.update(("log format", re.sub(r"\{.*?\}", "{...}", d)) for d in re.findall(r"%>?(?:\{[^}]*\})?U?%?[a-zA-Z]|\$\w+", source.get("log_format", "")))
    for c in source.get("columns", []):
        c = c if isinstance(c, dict) else {"name": c}
        out.update(("column", k) for k in c)
        out["type", c.get("type")] += 1
        patterns = c.get("format", [])
        of_pattern(" ".join(patterns if isinstance(patterns, list) else [patterns]), out)
    of_expressions([d["expr"] for d in source["derive"]], out)
    for rule in source["rules"]:
        of_rule(rule, out)


def of_pattern(text, out):
    text = text.replace("%F", "%F%Y%m%d").replace("%T", "%T%H%M%S")
    out.update(("pattern", d) for d in re.findall("%-?[a-zA-Z%]", text))


def of_rule(rule, out):
    out["kind of rule", rule["rule"]] += 1
    out.update(("rule", k) for k in rule)
    out.update((f"rule {rule['rule']}", k) for k in rule)
    of_expressions([rule["expr"]] if "expr" in rule else [], out)


def of_table(table, out):
    out.update(("table", k) for k in table)
    out.update(("split", k) for k in table.get("split", ()))
    out.update(("window", k) for k in table.get("window", ()))
    out["match", table.get("match", "lookup" if "join" in table else None)] += 1
    columns = table.get("columns", [])
    if isinstance(columns, dict):
        out.update(("aggregate", text.partition("(")[0].strip().lower()) for text in columns.values())
    of_expressions([table["where"]] if "where" in table else [], out)
    for c in columns:
        if isinstance(columns, list):
            of_expressions([c] if isinstance(c, str) and c.startswith("_") else [c["expr"]] if isinstance(c, dict) and "expr" in c else [], out)
            of_expressions([c["column"]] if isinstance(c, dict) and c.get("column", "").startswith("_") else [], out)
    for rule in table.get("rules", []):
        of_rule(rule, out)


def of_expressions(texts, out):
    from expression import tokens

    for text in texts:
        ts = tokens(text)
        for (kind, value), following in zip(ts, ts[1:]):
            if kind == "name":
                call = following == ("op", "(")
                out["function" if call else "expression", value.lower() if call else value] += 1
                out["operator", value.lower()] += 1
            elif kind == "op":
                out["operator", value] += 1
            elif kind == "text" and "%" in value:
                of_pattern(value, out)


# --- the first seeds ---


def drawn(seeds):
    import changelogs
    import draw
    import drive
    import loads

    out = collections.Counter()
    with tempfile.TemporaryDirectory() as folder:
        case = drive.Case(folder, None)
        case.streams = None
        for seed in range(1, seeds + 1):
            rng = random.Random(seed)
            definition, _ = draw.draw_definition(rng, lambda *_: None, changing=seed % 4 < 2)
            loads.add_keys(definition, rng)
            drive.own_topics(definition, rng, seed)
            case.definition.write_text(json.dumps(definition))
            with_topics = changelogs.with_topics(case, rng)
            out.update(used(with_topics.read()))
            case.definition = drive.Case(folder, None).definition
    return out


def never(counts):
    """Names that are not counted, but for those that are known not to be."""
    return sorted(f"{context} {name}" for context, name in names() - NOT_DRAWN if not counts[context, name])


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--seeds", type=int, default=SEEDS)
    p.add_argument("--quiet", action="store_true")
    options = p.parse_args()
    wanted, counts = names(), drawn(options.seeds)
    missing = sorted(n for n in wanted if not counts[n] and n not in NOT_DRAWN)
    surprising = sorted(n for n in NOT_DRAWN if counts[n] or n not in wanted)
    for context, name in missing:
        print(f"FAIL {context}: {name}: no definition of seeds 1 to {options.seeds} has it")
    for context, name in surprising:
        print(f"FAIL {context}: {name}: {'is drawn' if counts[context, name] else 'is not in the documents'}; NOT_DRAWN says otherwise")
    if not options.quiet:
        for context in sorted({c for c, _ in wanted}):
            print(f"- {context}:", ", ".join(f"{n} {counts[context, n]}" for c, n in sorted(wanted) if c == context))
    bad = len(missing) + len(surprising)
    print(f"{len(wanted) - len(missing)} passed, {bad} failed")
    sys.exit(1 if bad or len(wanted) < 300 else 0)


if __name__ == "__main__":
    main()
