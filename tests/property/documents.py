"""documents.py - records of NDJSON, JSON documents and XML, and what a path finds in them. Part of the reference interpreter."""

import json
import re
from xml.parsers import expat

from records import Lines, Record, RunFails, decode_bytes, line_of, raw_records

DEEPEST = 128


class NotJson(Exception):
    """A sentence."""


class Node:
    """A JSON value: its kind (object array string number true false null), its text, its members or elements."""

    def __init__(self, kind, start, end=None, text=None, parts=None):
        self.kind, self.start, self.end, self.text, self.parts = kind, start, end, text, parts


SPACE = re.compile(r"[ \t\n\r]*")
STRING = re.compile(r'"((?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*)"')
NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?")
WORD = re.compile("true|false|null")
SIMPLE = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


def string_text(inner):
    text = re.sub(r"\\(?:u([0-9a-fA-F]{4})|(.))", lambda m: chr(int(m[1], 16)) if m[1] else SIMPLE.get(m[2], m[2]), inner)
    text = text.encode("utf-16-le", "surrogatepass")
    try:
        return text.decode("utf-16-le")
    except UnicodeDecodeError as e:
        raise NotJson("half of a surrogate pair") from e


class JsonParser:
    """RFC 8259, to the letter."""

    def __init__(self, text):
        self.text, self.at = text, 0

    def documents(self):
        """All that stand one behind the other."""
        self.space()
        while self.at < len(self.text):
            yield self.value(0)
            self.space()

    def space(self):
        self.at = SPACE.match(self.text, self.at).end()

    def document(self):
        self.space()
        node = self.value(0)
        self.space()
        if self.at != len(self.text):
            raise NotJson("something behind the value")
        return node

    def take(self, pattern, what):
        m = pattern.match(self.text, self.at)
        if not m:
            raise NotJson(f"{what} expected")
        self.at = m.end()
        return m

    def value(self, depth):
        start, c = self.at, self.text[self.at : self.at + 1]
        if c in "{[" and c:
            if depth >= DEEPEST:
                raise NotJson("too deep")
            node = Node("object" if c == "{" else "array", start, parts=self.parts(c, depth + 1))
        elif c == '"':
            node = Node("string", start, text=string_text(self.take(STRING, "a string")[1]))
        elif c in "-0123456789" and c:
            node = Node("number", start, text=self.take(NUMBER, "a number")[0])
        else:
            word = self.take(WORD, "a value")[0]
            node = Node(word, start, text=word)
        node.end = self.at
        return node

    def parts(self, opening, depth):
        """[(name or None, node)]"""
        closing, out = "}" if opening == "{" else "]", []
        self.at += 1
        self.space()
        while self.text[self.at : self.at + 1] != closing:
            if out:
                self.take(re.compile(","), "a comma")
                self.space()
            name, begin = None, self.at
            if opening == "{":
                name = string_text(self.take(STRING, "a name")[1])
                self.space()
                self.take(re.compile(":"), "a colon")
                self.space()
            out.append((name, self.value(depth)))
            out[-1][1].begin = begin  # of the whole member
            self.space()
        self.at += 1
        return out


STEP = re.compile(r"""\[([0-9]+|\*)\]|\['([^']*)'\]|\["([^"]*)"\]|\.?([^.\[\]]+)""")


def steps(path):
    """Names (str), indexes (int) and "*"s."""
    out = []
    for m in STEP.finditer(path):
        if m[1]:
            out.append(("*", None) if m[1] == "*" else ("index", int(m[1])))
        elif m.start() == 0 and m[4] == "$":
            continue
        else:
            out.append(("members", None) if m[4] == "*" else ("name", next(g for g in m.groups()[1:] if g is not None)))
    return out


def follow(node, path_steps):
    """The values that a path leads to; NotJson when a member on the way is there twice."""
    nodes = [node]
    for kind, key in path_steps:
        found = []
        for n in nodes:
            if kind == "name" and n.kind == "object":
                members = [part for name, part in n.parts if name == key]
                if len(members) > 1:
                    raise NotJson(f"{key} twice")
                found += members
            elif kind == "index" and n.kind == "array":
                found += [part for _, part in n.parts[key : key + 1]]
            elif kind == "*" and n.kind == "array":
                found += [part for _, part in n.parts]
        nodes = found
    return nodes


def json_text(nodes, text, kind):
    """What a column reads: None for NULL."""
    if not nodes or nodes[0].kind == "null":
        return None
    node = nodes[0]
    if node.kind in ("object", "array"):
        return text[node.start : node.end]
    if node.kind in ("true", "false") and kind[0] in ("integer", "decimal"):
        return str(int(node.kind == "true"))
    return node.text


def path_of(way):
    """As a path is written."""
    out = ""
    for kind, key in way:
        if kind == "index":
            out += f"[{key}]"
        elif not key or key[0] == "$" or any(c in key for c in ".[]'\""):
            out += "['" + key.replace("'", "''") + "']"
        else:
            out += ("." if out else "") + key
    return out


def unread(node, way, tails, begin):
    """(the way, the value, whether it is a member of the record) of what no path leads to; `tails`: how paths go on from here."""
    if not tails:
        yield way, node, begin
    elif [] in tails:
        return  # a column reads all of it
    elif node.kind == "object" and any(t[0][0] == "name" for t in tails):
        for name, part in node.parts:
            yield from unread(part, [*way, ("name", name)], [t[1:] for t in tails if t[0] == ("name", name)], None if way else part.begin)
    elif node.kind == "array" and any(t[0][0] == "index" for t in tails):
        for i, (_, part) in enumerate(node.parts):
            inside = [t[1:] for t in tails if t[0] == ("index", i)]
            yield from unread(part, [*way, ("index", i)], inside, None) if inside else ()
    elif node.kind != "null":
        yield way, node, None


def json_rest(root, text, columns):
    """What no path leads to, as an object; None when there is nothing. A member of the record stands there as it is written."""
    rest = []
    for way, node, begin in unread(root, [], [c.steps for c in columns if c.up is None], None):
        rest.append(text[begin : node.end] if begin is not None else f"{json.dumps(path_of(way), ensure_ascii=False)}: {text[node.start : node.end]}")
    return "{" + ", ".join(rest) + "}" if rest else None


def json_fields(text, columns, around=None):
    """The fields of a record, or None when it is malformed; `around` has those of what is around it."""
    rest = [c for c in columns if c.spec.get("rest")]
    columns = [c for c in columns if not c.spec.get("rest")]
    try:
        root = JsonParser(text).document()
        firsts = {c.steps[0][0] if c.steps else "any" for c in columns if c.up is None}
        if "any" not in firsts and {"object": "name", "array": "index"}.get(root.kind) not in firsts:
            raise NotJson("no record that the paths lead into")
        fields = [json_text(follow(root, c.steps), text, c.read_as) if c.up is None else around[c.name] for c in columns]
        return fields + [json_rest(root, text, columns) for _ in rest]
    except NotJson:
        return None


def is_there(text, column, around):
    """Whether its path leads to something, be it null; of what is around a record null is nothing."""
    if column.up is not None:
        return around[column.name] is not None
    return bool(follow(JsonParser(text).document(), column.steps))


def demand(file, columns, there):
    """A column with "optional": false must be in some record; `there(c)` says for each whether it is."""
    for c in columns:
        found = there(c) if c.spec.get("optional") is False else [True]
        if found and not any(found):
            raise RunFails(2, f"{file}: {c.name} is nowhere")


def find_steps(columns):
    for c in columns:
        path = c.spec.get("path", "['" + c.name + "']")
        c.up = levels(path)
        c.steps = steps(path[3 * (c.up or 0) :])


def levels(path):
    """How many objects or elements a path goes up, None when it stays inside the record."""
    return path.count("../") if path.startswith(("..", "#")) else None


class Place:
    """An array, and the objects that it stands in, the innermost first, each with its place in an array."""

    def __init__(self, node, objects=()):
        self.node, self.objects = node, objects


def walk(root, path):
    """The arrays that a path leads to, as places."""
    places = [Place(root)]
    for kind, key in path:
        found = []
        for p in places:
            if kind == "name" and p.node.kind == "object":
                inside = [part for name, part in p.node.parts if name == key]
                own = p.objects if p.objects and p.objects[0][0] is p.node else ((p.node, None), *p.objects)
                found += [Place(part, own) for part in inside]
            elif kind == "*" and p.node.kind == "array":
                found += [Place(part, ((part, i), *p.objects)) for i, (_, part) in enumerate(p.node.parts)]
            elif kind == "members" and p.node.kind == "object":
                found += [Place(part, ((part, name), *p.objects)) for name, part in p.node.parts]
        places = found
    return places


def json_around(text, place, i, columns):
    """What columns read around the i-th element of an array (or the member that is called so), by their names."""
    out = {}
    for c in columns:
        if c.up is None:
            continue
        if c.spec["path"].endswith("#"):
            at = i if c.up == 0 else place.objects[c.up - 1][1] if c.up <= len(place.objects) else None
            out[c.name] = None if at is None else str(at)
        else:
            found = follow(place.objects[c.up - 1][0], c.steps) if c.up <= len(place.objects) else []
            out[c.name] = json_text(found, text, c.read_as)
    return out


class Line:
    def record(self, lines, at):
        end, after = lines.line_end(at)
        return [], end, after


def read_ndjson(file, data, source, columns):
    encoding = source.get("encoding", "utf-8")
    lines = Lines(data, encoding)
    find_steps(columns)
    for at, end, _ in raw_records(lines, source, Line()):
        raw = lines.text[at:end].encode("latin-1")
        text = decode_bytes(raw, encoding)
        if text is None and source.get("on_bad_encoding", "fail") == "fail":
            raise RunFails(2, f"{file}: not {encoding}")
        record = Record(file, line_of(lines, at), at, raw, None)
        if text is not None:
            record.fields, record.whole = json_fields(text, columns), [raw]
        yield record


def read_json(file, data, source, columns):
    if not data:
        raise RunFails(2, f"{file}: empty")
    lines = Lines(data, "utf-8")
    find_steps(columns)
    text = data.decode()[1 if lines.start else 0 :]
    path = source["records"]
    try:
        parser = JsonParser(text)
        roots = list(parser.documents()) if source.get("lines") else [parser.document()]
        members = path.endswith(".*")
        arrays = [a for root in roots for a in walk(root, steps(path.removesuffix(".*" if members else "[*]")))]
    except NotJson as e:
        raise RunFails(2, f"{file}: {e}") from e
    if not arrays or any(a.node.kind not in ("object" if members else "array", "null") for a in arrays):
        raise RunFails(2, f"{file}: no array {path}")
    number, good = 0, []
    for array in arrays:
        for i, (name, node) in enumerate(array.node.parts or []):
            number += 1
            raw = text[node.start : node.end].encode()
            at = lines.start + len(text[: node.start].encode())
            around = json_around(text, array, name if members else i, columns)
            record = Record(file, line_of(lines, at), at, raw, json_fields(raw.decode(), columns, around), [raw, *around.values()])
            record.around = tuple(around.values())
            record.number = number
            if record.fields is not None:
                good.append((raw.decode(), around))
            yield record
    demand(file, columns, lambda c: [is_there(text, c, around) for text, around in good])


# --- XML ---


class Element:
    def __init__(self, name, attributes, start):
        self.name, self.attributes, self.start, self.end = name, attributes, start, None
        self.parts = []  # texts and elements

    def text(self):
        return "".join(p if isinstance(p, str) else p.text() for p in self.parts)


def xml_tree(data, encoding):
    parser, stack, root = expat.ParserCreate(encoding), [], []

    def start(name, attributes):
        e = Element(name, attributes, parser.CurrentByteIndex)
        (stack[-1].parts if stack else root).append(e)
        stack.append(e)

    def end(_name):
        at = parser.CurrentByteIndex
        element = stack.pop()
        empty = not element.parts and data[at - 2 : at] == b"/>"  # such a tag is over when its end is told
        element.end = at if empty else data.index(b">", at) + 1

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = lambda text: stack[-1].parts.append(text)
    parser.Parse(data, True)
    return root[0]


def xml_records(element, wanted, above=()):
    """Elements that are records, with those above them, the next one first: by name anywhere but inside another, or by the
    way from the root."""
    way = "/".join([e.name for e in above[::-1]] + [element.name])
    if element.name == wanted or way == wanted and "/" in wanted:
        yield element, above
        return
    for part in element.parts:
        if isinstance(part, Element):
            yield from xml_records(part, wanted, (element, *above))


def xml_field(record, above, path, trim):
    """What a column reads in a record, or around it."""
    up = levels(path) or 0
    if up > len(above):
        return None
    element, rest = [record, *above][up], path[3 * up :]
    if rest != "#":
        return xml_text(element, rest, trim)
    siblings = [e for e in above[up].parts if isinstance(e, Element) and e.name == element.name] if up < len(above) else [element]
    return str(next(i for i, e in enumerate(siblings, 1) if e is element))


def xml_is_list(root, wanted):
    """Whether a file without records is an empty list: nothing stands where records would, or in the root."""
    parents = [root]
    for depth, name in enumerate(wanted.split("/")[:-1]):
        inside = parents if depth == 0 else [c for p in parents for c in p.parts if isinstance(c, Element)]
        parents = [e for e in inside if e.name == name]
    full = [p for p in parents if any(isinstance(c, Element) for c in p.parts)]
    return not any(isinstance(c, Element) for c in root.parts) or ("/" in wanted and parents and not full)


def xml_text(record, path, trim):
    """What a path finds, or None."""
    element = record
    for step in [] if path == "." else path.split("/"):
        if step.startswith("@"):
            return element.attributes.get(step[1:])
        m = re.fullmatch(r"(.*?)(?:\[([0-9]+)\])?", step)
        named = [p for p in element.parts if isinstance(p, Element) and p.name == m[1]]
        n = int(m[2] or 1)
        if len(named) < n:
            return None
        element = named[n - 1]
    return element.text().strip(" \t\r\n") if trim else element.text()


def read_xml(file, data, source, columns):
    lines = Lines(data, "raw")
    try:
        root = xml_tree(data, {"utf-8": "utf-8"}.get(source.get("encoding")))
    except expat.ExpatError as e:
        raise RunFails(2, f"{file}: {e}") from e
    records = list(xml_records(root, source["record"]))
    if not records and not source.get("optional") and not xml_is_list(root, source["record"]):
        raise RunFails(2, f"{file}: no element is a {source['record']}")
    found = []
    for number, (element, above) in enumerate(records, 1):
        raw = data[element.start : element.end]
        fields = [xml_field(element, above, c.spec.get("path", c.name), source.get("trim", True)) for c in columns]
        around = tuple(f for f, c in zip(fields, columns) if levels(c.spec.get("path", c.name)) is not None)
        record = Record(file, line_of(lines, element.start), element.start, raw, fields, [raw, *around], around=around)
        record.number = number
        found.append(dict(zip((c.name for c in columns), fields)))
        yield record
    demand(file, columns, lambda c: [f[c.name] is not None for f in found])
