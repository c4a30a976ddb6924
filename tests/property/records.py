"""records.py - from a file's bytes to records and their fields, CSV and access logs. Part of the reference interpreter.

Works on bytes decoded as latin-1, one character a byte, so that places in the text are byte offsets; a field becomes
text of the source's encoding at the end.
"""

import dataclasses
import json
import re

from log_formats import with_layout

DECODERS = {"utf-8": "utf-8", "windows-1252": "cp1252", "iso-8859-1": "latin-1", "iso-8859-15": "iso8859-15", "ascii": "ascii",
            "windows-1250": "cp1250", "windows-1251": "cp1251", "windows-1254": "cp1254", "iso-8859-2": "iso8859-2",
            "iso-8859-9": "iso8859-9", "macintosh": "mac-roman", "koi8-r": "koi8-r",
            "utf-16": "utf-8", "utf-16le": "utf-8", "utf-16be": "utf-8"}  # fmt: skip
COPY = {"delimiter": "\t", "quote": "", "escape": "backslash", "header": False, "null": "\\N"}
DIALECTS = {"rfc4180": {}, "semicolon": {"delimiter": ";"}, "tsv": {"delimiter": "\t", "quote": "", "escape": "none"}, "postgresql": COPY, "mysql": COPY,
            "w3c": {"delimiter": " ", "quote": "", "escape": "none", "null": "-", "comment_prefix": "#"}}  # fmt: skip
FIELDS_LINE = "#Fields:"
NEVER_CLOSED = 1 << 20  # how far a closing quote is looked for


class RunFails(Exception):
    """The whole run ends: (exit status, what)."""


@dataclasses.dataclass
class Record:
    file: str
    line: int
    offset: int
    raw: bytes
    fields: list  # of text or None by declared column; None when the record is malformed
    whole: list = None  # every field as read
    repeated: int = 0
    late: int = 0
    number: int = 0  # what names it in its file: the line, or the ordinal of an element
    misfits: list = None  # (column, text): why a line of a log is none
    around: tuple = ()  # what its columns read of what is around it


def with_dialect(source):
    """The source with what the name of its dialect says."""
    return with_layout(DIALECTS[source.get("dialect", "rfc4180")] | source)


def decode_bytes(raw, encoding):
    """Text, or None. windows-1252 has five bytes without a meaning in the standard table."""
    try:
        return raw.decode(DECODERS[encoding])
    except UnicodeDecodeError:
        return None


ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", "v": "\v", "0": "\0", '"': '"', "\\": "\\", "/": "/", "'": "'"}


def from_utf16(data, encoding):
    """(the bytes as UTF-8, for each of them where it is from). Half a pair is no UTF-8 here either, and an odd byte none at all."""
    marks = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}
    order = marks.get(data[:2]) if encoding == "utf-16" else "utf-16-" + encoding[-2:]
    if data and order is None:
        raise RunFails(2, "no byte order mark")
    start = 2 if marks.get(data[:2]) == order else 0
    even = start + (len(data) - start) // 2 * 2
    text, out, places, at = data[start:even].decode(order or "utf-16-le", "surrogatepass"), bytearray(), [], start
    for c in text:
        encoded = c.encode("utf-8", "surrogatepass")
        out += encoded
        places += [at] * len(encoded)
        at += 4 if ord(c) > 0xFFFF else 2
    return bytes(out) + b"\xff" * (len(data) - even), [*places, at, at]


def unescape(text, also):
    """Backslash escapes that are known; `also` is a protected delimiter."""

    def one(m):
        if m[1]:
            return chr(int(m[1], 16))
        return ESCAPES.get(m[2]) or (m[2] if m[2] == also else m[0])

    return re.sub(r"\\(?:x([0-9A-Fa-f]{2})|(.))", one, text, flags=re.S)


class Lines:
    """A file as latin-1 text, with the line number of every offset."""

    def __init__(self, data, encoding):
        self.text = data.decode("latin-1")
        self.start = 3 if encoding == "utf-8" and data.startswith(b"\xef\xbb\xbf") else 0
        self.line_ends = [m.start() for m in re.finditer("\n", self.text)]
        self.count = len(self.line_ends) + (1 if self.text and not self.text.endswith("\n") else 0)

    def line_end(self, at):
        """The line from `at`: (its end without the line end, where the next line begins)."""
        end = self.text.find("\n", at)
        after = end + 1 if end >= 0 else len(self.text)
        end = end if end >= 0 else len(self.text)
        while end > at and self.text[end - 1] == "\r":
            end -= 1
        return end, after


class CsvDialect:
    def __init__(self, source):
        self.delimiter = source.get("delimiter", ",")
        self.quote = source.get("quote", '"')
        self.escape = source.get("escape", "doubled")
        self.decode = source.get("backslash", "decode") == "decode"
        self.multiline = source.get("multiline", self.escape != "backslash")
        self.trim = source.get("trim", False)

    def record(self, lines, at):
        """-> (fields or None when malformed, end of the record, where the next begins)."""
        end, after = lines.line_end(at)
        fields, closed, stop = self.parse(lines.text, at, end)
        if closed or not self.multiline:
            return (fields if closed else None), end, after
        while stop is not None and after < len(lines.text) and after - at <= NEVER_CLOSED:
            further, after_further = lines.line_end(after)
            fields, closed, _ = self.parse(lines.text, at, further)
            if closed:
                return fields, further, after_further
            after = after_further
        end, after = lines.line_end(at)
        return None, end, after

    def unfinished(self, lines, at, end):
        """Whether more bytes could change the record text[at:end]."""
        closed = self.parse(lines.text, at, end)[1]
        return lines.text.find("\n", end) < 0 or (self.multiline and not closed)

    def split(self, lines):
        return self.parse(lines.text, 0, len(lines.text))[0]

    def parse(self, text, at, end):
        """Fields of text[at:end]: (fields or None, whether no quote is open, place of the open quote)."""
        fields, malformed = [], False
        while True:
            start = at
            if self.trim:
                while start < end and text[start] in " \t" and text[start] != self.delimiter:
                    start += 1
            if self.quote and text[start:end].startswith(self.quote):
                value, at = self.quoted(text, start + 1, end)
                if at is None:
                    return None, False, start
                stop = self.field_end(text, at, end)
                rest = text[at:stop]
                malformed |= bool(rest.strip(" \t") if self.trim else rest)
                at = stop
            else:
                stop = self.field_end(text, at, end)
                value, at = text[at:stop], stop
                if self.escape == "backslash" and self.decode:
                    value = unescape(value, self.delimiter)
            fields.append(value)
            if at >= end:
                return (None if malformed else fields), True, None
            at += 1

    def field_end(self, text, at, end):
        while at < end and text[at] != self.delimiter:
            at += 2 if self.escape == "backslash" and text[at] == "\\" else 1
        return min(at, end)

    def quoted(self, text, at, end):
        """The value behind an opening quote and the place behind the closing one; (None, None) when it stays open."""
        out = []
        while at < end:
            c = text[at]
            if c == "\\" and self.escape == "backslash" and at + 1 < end:
                out.append(text[at : at + 2])
                at += 2
            elif c != self.quote:
                out.append(c)
                at += 1
            elif self.escape == "doubled" and text[at + 1 : at + 2] == self.quote and at + 1 < end:
                out.append(c)
                at += 2
            else:
                value = "".join(out)
                decoded = self.escape == "backslash" and self.decode
                return (unescape(value, self.delimiter) if decoded else value), at + 1
        return None, None


def skipped(lines, source):
    at, n = lines.start, source.get("skip_lines", 0)
    while n and at < len(lines.text):
        at, n = lines.line_end(at)[1], n - 1
    return at


class Titles(list):
    """Those of a line #Fields."""


def raw_records(lines, source, dialect):
    """Yields (start, end, fields) of every record behind skip_lines, comments left out but for titles of the dialect w3c."""
    fields_line = source.get("dialect") == "w3c"
    at, prefix = skipped(lines, source), source.get("comment_prefix")
    prefix = prefix.encode().decode("latin-1") if prefix else None
    headed = source["format"] == "csv" and source.get("header", True) and not fields_line  # a header may be empty
    while at < len(lines.text):
        end, after = lines.line_end(at)
        if fields_line and lines.text.startswith(FIELDS_LINE, at, end):
            yield at, end, Titles(re.split("[ \t]+", lines.text[at + len(FIELDS_LINE) : end].strip(" \t")))
        if (prefix and lines.text[at:end].startswith(prefix)) or (end == at and source["format"] != "access_log" and not headed):
            at = after
            continue
        headed = False
        fields, end, after = dialect.record(lines, at)
        yield at, end, fields
        at = after


def header_map(header, source, columns, file):
    """The index of each column's field, None where this file has none."""
    titles = [t.strip(" \t") for t in header]
    places = []
    for c in columns:
        wanted = c.spec.get("header", c.name)
        found = [titles.index(t) for t in ([wanted] if isinstance(wanted, str) else wanted) if t in titles]
        if "field" in c.spec:
            found = [c.spec["field"] - 1]
        if not found and not c.spec.get("optional"):
            raise RunFails(2, f"{file}: the header has no column {wanted}")
        places.append(found[0] if found else None)
    return places


def read_csv(file, data, source, columns):
    lines, dialect = Lines(data, source.get("encoding", "utf-8")), CsvDialect(source)
    encoding = source.get("encoding", "utf-8")
    rejecting = source.get("on_bad_encoding", "fail") == "reject"
    ragged, places, width = source.get("ragged", False), None, source.get("fields")
    if not source.get("header", True):
        places = [c.spec["field"] - 1 for c in columns]
    extra, titles = source.get("extra"), ()
    columns = [c for c in columns if c.name != extra]
    needed = max((p for p in places or [] if p is not None), default=-1) + 1
    for at, end, fields in raw_records(lines, source, dialect):
        raw = lines.text[at:end].encode("latin-1")
        if decode_bytes(raw, encoding) is None and not rejecting:
            raise RunFails(2, f"{file}: byte offset {at}: not {encoding}")
        if isinstance(fields, Titles):
            if lines.text.find("\n", end) < 0:
                continue  # it may not be whole, and nothing stands behind it
            titles = [decode_bytes(t.encode("latin-1"), encoding) for t in fields]
            if None in titles:
                raise RunFails(2, f"{file}: byte offset {at}: not {encoding}")
            places, width = header_map(titles, source, columns, file), len(titles)
            continue
        decoded = fields and texts_of(raw, encoding, dialect)
        if places is None and source.get("dialect") == "w3c":
            raise RunFails(2, f"{file}: no line #Fields")
        if places is None:
            if source.get("growing") and dialect.unfinished(lines, at, end):
                return
            if decoded is None:
                raise RunFails(2, f"{file}: the header")
            places, width, titles = header_map(decoded, source, columns, file), len(decoded), decoded
            continue
        record = Record(file, line_of(lines, at), at, raw, None)
        if decoded is not None:
            fitting = len(decoded) == width if width else len(decoded) >= needed
            if fitting or ragged:
                record.whole = decoded + [""] * ((width or needed) - len(decoded))
                record.fields = [decoded[p] if p is not None and p < len(decoded) else None for p in places]
                record.fields += [extra_of(titles, places, decoded)] if extra else []
        yield record
    if places is None and lines.text and not source.get("growing") and source.get("dialect") != "w3c":
        raise RunFails(2, f"{file}: no header")


def extra_of(titles, places, fields):
    """What no column reads, as a JSON object of texts; None when there is nothing."""
    rest = [(t.strip(" \t"), f) for i, (t, f) in enumerate(zip(titles, fields)) if i not in places]
    return "{" + ", ".join(f"{json_of(t)}: {json_of(f)}" for t, f in rest) + "}" if rest else None


def json_of(text):
    return json.dumps(text, ensure_ascii=False)


def texts_of(raw, encoding, splitter):
    """The fields of a record as texts: split again as UTF-8, for escapes may stand for its bytes. None when one is no text."""
    text = decode_bytes(raw, encoding)
    if text is None:
        return None
    lines = Lines(text.encode(), "raw")
    fields = splitter.split(lines)
    texts = [decode_bytes(f.encode("latin-1"), "utf-8") if f is not None else None for f in fields or []]
    return None if fields is None or None in texts else texts


def line_of(lines, at):
    import bisect

    return bisect.bisect_left(lines.line_ends, at) + 1


LAYOUTS = {"common": '{client} {ident} {user} [{time}] "{request+}" {status} {bytes}',
           "combined": '{client} {ident} {user} [{time}] "{request}" {status} {bytes} "{referer}" "{agent}"'}  # fmt: skip
LAYOUTS["combined_plus"] = LAYOUTS["combined"] + ' "{extra}"'
for _name in ("common", "combined"):
    LAYOUTS["vhost_" + _name] = "{site+}:{port} " + LAYOUTS[_name]


class Layout:
    """A layout as one regular expression with a group per field."""

    def __init__(self, layout, decode=False):
        layout = LAYOUTS.get(layout, layout)
        self.names, self.quoted, parts = [], [], []
        self.decode = decode  # backslash escapes in quoted fields
        pieces = re.split(r"(\{\{|\{[a-z0-9_]+[+>*]?\})", layout)
        literals = [p if i % 2 == 0 else "{" if p == "{{" else None for i, p in enumerate(pieces)]
        for i, piece in enumerate(pieces):
            if literals[i] is not None:
                parts.append(re.escape(literals[i]))
                continue
            behind = "".join(self.literal_behind(literals, i))
            before = "".join(literals[j] or "" for j in range(i) if all(x is not None for x in literals[j:i]))
            self.names.append(piece.strip("{}+>*"))
            self.quoted.append(before.endswith('"') and behind.startswith('"') and piece[-2] not in "*>")
            if piece.endswith("*}"):
                parts.append(f"((?>.*?(?={re.escape(behind)})))" if behind else "(.*)")
                continue
            parts.append(("(?> *)" if piece.endswith(">}") else "") + self.field(piece.endswith("+}"), before, behind))
        self.regex = re.compile("".join(parts), re.S)

    @staticmethod
    def literal_behind(literals, i):
        for text in literals[i + 1 :]:
            if text is None:
                return
            yield text

    @staticmethod
    def field(longest, before, behind):
        if before.endswith('"') and behind.startswith('"'):
            return "(.*)" if longest else r'((?>(?:[^"\\]|\\.)*))'
        if before.endswith("[") and behind.startswith("]"):
            return r"((?>[^\]]*))"
        if longest:
            return f"((?>[^ ]+(?={re.escape(behind)})))" if behind else "([^ ]+)"
        if not behind or behind.startswith(" "):
            return "((?>[^ ]+))"
        return f"((?>[^ ]+?(?={re.escape(behind)})))"

    def split(self, lines):
        m = self.regex.fullmatch(lines.text)
        return [unescape(f, None) if q and self.decode else f for f, q in zip(m.groups(), self.quoted)] if m else None

    def record(self, lines, at):
        end, after = lines.line_end(at)
        m = self.regex.fullmatch(lines.text, at, end)
        return (list(m.groups()) if m else None), end, after


REQUEST = re.compile(r"([A-Z]+) ([^ ]+) (HTTP/[0-9]+(?:\.[0-9]+)?)", re.S)


def named_fields(names, values):
    found = dict(zip(names, values))
    if "request" in found:
        m = REQUEST.fullmatch(found["request"])
        found.update(zip(("method", "target", "protocol"), m.groups() if m else (None, None, None)))
    return found


def read_log(file, data, source, columns):
    encoding, layout = source.get("encoding", "utf-8"), Layout(source["layout"], source.get("backslash") == "decode")
    lines = Lines(data, encoding)
    for at, end, values in raw_records(lines, source, layout):
        raw = lines.text[at:end].encode("latin-1")
        record = Record(file, line_of(lines, at), at, raw, None)
        if decode_bytes(raw, encoding) is None and source.get("on_bad_encoding") == "fail":
            raise RunFails(2, f"{file}: byte offset {at}: not {encoding}")
        values = values and texts_of(raw, encoding, layout)
        if values:
            found = named_fields(layout.names, values)
            if well_formed(found):
                record.whole = values
                record.fields = [found[c.spec.get("field", c.name)] for c in columns]
        yield record


def well_formed(found):
    return re.fullmatch("[0-9]{3}", found.get("status", "200")) and re.fullmatch("[0-9]+|-", found.get("bytes", "0"))
