"""dirt_documents.py - random NDJSON, JSON documents and XML for the columns of a source."""

import json
import re
from xml.sax.saxutils import escape

from documents import NUMBER, steps


def inside(spec):
    """Whether a column reads of the record itself."""
    return not spec.get("path", "").startswith(("..", "#"))


class Documents:
    """Mixed into Files, which draws the values: `self.value(spec)`."""

    # --- JSON ---

    def json_value(self, spec):
        """A JSON text for a column."""
        text = self.value(spec)
        if self.chance(0.04):
            return self.rng.choice(["null", "true", "false", "{}", '{"a": [1, "b"]}', "[]", "1e3", "-0.0"])
        if NUMBER.fullmatch(text) and self.chance(0.6):
            return text
        written = json.dumps(text, ensure_ascii=self.chance(0.3))
        return written.replace("/", "\\/") if self.chance(0.1) else written

    def json_record(self):
        """An object with the members that the columns' paths name, written in any order and spacing."""
        members = {}
        for spec in filter(inside, self.columns):
            if self.chance(0.06):
                continue  # it is not there
            self.put(members, steps(spec.get("path", "['" + spec["name"] + "']")), self.json_value(spec))
        if self.chance(0.3):
            members["unused"] = self.rng.choice(['"x"', "[1,  2]", '{"b": null}', "1.0"])
        if "extra" in self.source and self.chance(0.3):
            objects = [m for m in members.values() if isinstance(m, dict)]
            if objects and self.chance(0.6):
                self.rng.choice(objects).setdefault(self.rng.choice(["vip", "a.b", "$x"]), self.rng.choice(["1", "[2]", '"x"']))
            members['n"\u00e9w'] = '"\\u00e9"'
        text = self.json_object(members)
        if self.chance(self.dirt / 5):
            text = self.rng.choice(["7", '"text"', "[1]", "null", text[:-1], text + "}", text.replace("{", '{"c0": 1, "c0": 2, ', 1),
                                    text.replace(":", "", 1), text.replace('"', '"\\ud800', 1), "[" * 130 + "]" * 130])  # fmt: skip
        return text

    def put(self, members, path, value):
        for (kind, key), (following, _) in zip(path, [*path[1:], (None, None)]):
            if kind == "index":
                while len(members) <= key:
                    members.append('"other"')
            if following is None:
                members[key] = value
            else:
                new = {} if following == "name" else []
                members = members.setdefault(key, new) if kind == "name" else new

    def json_object(self, node):
        if isinstance(node, str):
            return node
        space = self.rng.choice(["", " ", "  "])
        if isinstance(node, list):
            return "[" + (space + ",").join(self.json_object(n) for n in node) + "]"
        names = list(node)
        self.rng.shuffle(names)
        return "{" + space + ("," + space).join(f"{json.dumps(n)}:{space}{self.json_object(node[n])}" for n in names) + "}"

    def ndjson_file(self, rows):
        lines = [b"skipped"] * self.source.get("skip_lines", 0)
        for _ in range(rows):
            again = self.chance(0.06) and len(lines) > self.source.get("skip_lines", 0)
            lines.append(self.damaged(lines[-1] if again else self.encode(self.json_record())))
        return lines

    def json_file(self, rows):
        """A whole document."""
        end = self.rng.choice(["\n", "\r\n", " "])
        records = [self.json_record() for _ in range(rows)]
        valid = [r if self.is_json(r) else '{"c0": 1, "c0": 2}' for r in records]
        half = self.rng.randint(0, rows)
        one, two = (f"[{end}" + f",{end}".join(v) + f"{end}]" for v in (valid[:half], valid[half:]))
        whole = f"[{end}" + f",{end}".join(valid) + "]"
        made = self.rng.choice(['"made": {"by": "me"}', '"made": {"by": 7, "at": null}', '"made": []'])
        root = "{" + made + ", %s}" if self.chance(0.5) else "{%s, " + made + "}"  # ahead of the records or behind them
        if self.source.get("lines"):
            return self.json_lines(valid).encode()
        name_one, name_two = self.names(2)
        text = {"$": whole, "by.*": root % f'"by": {self.members(valid, end)}',
                "days.*[*]": root % f'"days": {{{name_one}: {one},{end}{name_two}: {two}}}',
                "days.*.lines": root % f'"days": {{{name_one}: {{"lines": {one}, "no": "a"}},{end}{name_two}: {{"no": 1, "lines": {two}}}}}', "stock.items": root % f'"stock":{end}{{"n": {rows}, "items": {whole}}}',
                "orders[*].lines": root % f'"orders": [{{"lines": {one}, "no": "a"}},{end}{{"no": 1, "lines": {two}}}]'}[self.source["records"]]  # fmt: skip
        return text.encode()

    def names(self, n):
        """Of members, as JSON: data, with all that may be in them, and some of them twice."""
        return [json.dumps(self.rng.choice(["a", "7", "K\u00f6ln", "", "a.b", "#", "*", 'x "y"', "2024-12-31"]), ensure_ascii=self.chance(0.5)) for _ in range(n)]

    def members(self, records, end=" "):
        return "{" + end + f",{end}".join(f"{n}: {r}" for n, r in zip(self.names(len(records)), records)) + end + "}"

    def json_lines(self, records):
        """Many documents, one behind the other."""
        out, number = [], 0
        for some in [*in_portions(self.rng, records), []]:
            number += 1
            inside = "[" + ", ".join(some) + "]"
            shown = self.rng.choice([inside, inside, "null"]) if not some else inside
            parts = {"$": [inside],
                     "by.*": ['"made": {"by": "me"}', f'"by": {shown if shown == "null" else self.members(some)}'],
                     "days.*[*]": ['"made": {"by": 7}', f'"days": {{{self.names(1)[0]}: {shown}, "": []}}'],
                     "days.*.lines": ['"made": {"by": 7}', f'"days": {{{self.names(1)[0]}: {{"lines": {shown}, "no": {number}}}, "b": {{"no": "b", "lines": []}}}}'],
                     "stock.items": ['"made": {"by": "me"}', f'"stock": {{"n": {number}, "items": {shown}}}'],
                     "orders[*].lines": ['"made": {"by": 7}', f'"orders": [{{"lines": {shown}, "no": {number}}}, {{"no": "b", "lines": []}}]']}[self.source["records"]]  # fmt: skip
            if len(parts) == 1:
                out.append(parts[0])
                continue
            if self.chance(0.1):
                out.append("{" + parts[0] + "}")  # one lacks the array
            self.rng.shuffle(parts)
            out.append("{" + ", ".join(parts) + "}")
        return self.rng.choice(["\n", "\n", "\r\n", " ", "\n\n", ""]).join(out) + self.rng.choice(["\n", ""])

    @staticmethod
    def is_json(text):
        from documents import JsonParser, NotJson

        try:
            JsonParser("[" + text + "]").document()
            return True
        except NotJson:
            return False

    # --- XML ---

    def xml_text(self, text):
        text = re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\ufeff]", "", text)
        if self.chance(0.1) and "]]>" not in text:
            return f"<![CDATA[{text}]]>"
        written = escape(text)
        if self.chance(0.1):
            written = f"\n  {written}\n "
        return "".join(f"&#{ord(c)};" if c not in "<>&;\n " and self.chance(0.02) else c for c in written) if "&" not in written else written

    def xml_record(self):
        root = {"attributes": {}, "children": []}
        for spec in filter(inside, self.columns):
            if self.chance(0.06):
                continue
            self.xml_put(root, spec.get("path", spec["name"]), self.value(spec))
        return self.xml_element("product", root)

    def xml_put(self, node, path, value):
        first, _, rest = path.partition("/")
        if first.startswith("@"):
            node["attributes"][first[1:]] = re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\ufeff]", "", value)
        elif first == ".":
            node["children"].append(self.xml_text(value))
        else:
            m = re.fullmatch(r"(\w+)(?:\[([0-9]+)\])?", first)
            for _ in range(int(m[2] or 1) - 1):
                node["children"].append((m[1], {"attributes": {}, "children": ["other"]}))
            child = {"attributes": {}, "children": []}
            if rest:
                self.xml_put(child, rest, value)
            else:
                child["children"].append(self.xml_text(value))
            node["children"].append((m[1], child))

    def xml_element(self, name, node):
        quote = self.rng.choice("\"'")
        attributes = "".join(f" {n}={quote}{escape(v, {quote: '&quot;' if quote == chr(34) else '&apos;'})}{quote}" for n, v in node["attributes"].items())
        inside = "".join(c if isinstance(c, str) else self.xml_element(*c) for c in node["children"])
        if not inside and self.chance(0.5):
            return f"<{name}{attributes}/>"
        comment = "<!-- <product/> -->" if self.chance(0.03) else ""
        return f"<{name}{attributes}>{comment}{inside}</{name}>"

    def xml_file(self, rows):
        records = [self.xml_record() for _ in range(rows)]
        if self.source["record"] == "catalog/shelf/product":
            records = [f"<shelf n='{self.rng.randint(1, 3)}'>{''.join(some)}</shelf>" for some in in_portions(self.rng, records)]
        parts = ["<title>all</title>", *records] if self.chance(0.6) else [*records, "<title> 12 </title>"]
        body = "\n".join(parts)
        if self.source.get("optional") and self.chance(0.15):
            body = "<title>none</title>"
        return f'<?xml version="1.0"?>\n<catalog made="5">\n{body}\n</catalog>\n'.encode()


def in_portions(rng, items):
    """Lists of one to three of them."""
    while items:
        n = rng.randint(1, 3)
        yield items[:n]
        items = items[n:]
