"""dirt.py - random files for a definition: mostly right, small key spaces, and plenty of dirt. `write_files(...)`."""

import gzip
import sqlite3

import languages
from dirt_documents import Documents
from interpret import log_column
from records import DECODERS, Layout, with_dialect
from times import day_number, write

TEXTS = ["a", "b", "c", "ab", "A", "x", "x-1", "12-34", "é", "Öl", "", " ", "a b", "NULL", "\\N", "-", "n/a", "日本", "😀", "ß",
         "O'Hara", '5" pipe', "\\", "a\\tb", "\\x41", "\\,", " a ", "\ta", "12", "0", "e\u0301", "\u00a0", "x\0y", "''", "a,b", "a;b", "a|b",
         "GET", "2024-02-29", "31/12/2024", "\u200bz", "\ufeffq"]  # fmt: skip
LISTS = ["a|b", "a| b |", "|", "c", "a|a|b", "a, b", ", ", "a,b, c", '["a", "b"]', '["b",null,7,{"a": [1]}]', "[]", '["a"', '{"a": 1}', ' [ "\\u00e9\\n", "" ] ',
         '["a|b", true]', "[1.50, -0]"]  # fmt: skip
SHAPES = {"lists": LISTS, "countries": ["Germany", "deutschland", "DE", "it", "ITA", "Itálie"[:2] + "alia", "EIRE", "U.K.", "USA", "u.s.", "Frankreich", "F.R.A.", "Narnia", "-",
                                        "United Kingdom", "IE ", "Channel Islands"],
          "html": ["Caf&eacute;", "&#233;", "&#xE9;x&#XE9;", "a &amp;lt; b", "&euro;5", "&nope;", "&", "&#0;", "&#x110000;", "&lt", "&ndash;&hellip;", "&#55296;", "&quot;&apos;",
                   "&#150;", "&;", "&#;", "&#x;", "AT&T;", "&Eacute;&szlig;&yuml;&nbsp;"]}  # fmt: skip
BAD_NUMBERS = ["1e5", "abc", "--1", "+", "-", ".", "1.2.3", "0x10", "1 2", "", " 5", "5 ", "12,34", "1.234,5", "9223372036854775808",
               "-9223372036854775808", "99999999999999999999999999", "5-", "NaN", "١", "1.", ".5", "+3", "-0", "007", "0.000000001"]  # fmt: skip
BAD_TIMES = ["2024-02-30 00:00:00", "2024-13-01", "", "0000-00-00", "31/02/2024", "2023-02-29 10:00:00", "24:00", "2024-01-01 24:00:00",
             "2024-01-01 00:00:60", "01/01/2025 9:5", "9999-12-31 23:59:59", "0001-01-01 00:00:00", "-1", "4102444800", "1e3"]  # fmt: skip
EARLY = [-1, -43200, -86400, -100000, 0]  # about 1970
DIRT = [0, 0.01, 0.02, 0.1]  # how much of it, by file


class Files(Documents):
    def __init__(self, rng, source):
        self.rng, self.source = rng, with_dialect(source)
        self.encoding = self.source.get("encoding", "utf-8")
        self.wide = self.encoding if self.encoding.startswith("utf-16") else None
        is_log = self.source["format"] == "access_log"
        self.columns = [log_column(s, self.source) for s in self.source["columns"]] if is_log else self.source["columns"]
        self.layout = Layout(self.source["layout"]) if is_log else None
        self.dirt = rng.choice(DIRT)
        self.clock = day_number(2024, rng.randint(1, 12), rng.randint(1, 28)) * 86400
        if rng.random() < 0.08:
            self.clock = -20 * 86400  # so that what stands side by side lies before 1970

    def chance(self, p):
        return self.rng.random() < p

    def encode(self, text):
        return text.encode(DECODERS[self.encoding], "replace")

    # --- a field ---

    def value(self, spec):
        kind = spec["type"]
        if self.chance(0.05):
            return self.rng.choice(["", *([spec["null"]] if isinstance(spec.get("null"), str) else spec.get("null", []))] or [""])
        if kind == "text" and "comment" in spec and self.chance(0.8):
            return self.rng.choice(SHAPES[spec["comment"]])
        if kind == "text":
            return self.rng.choice(TEXTS[:8]) if self.chance(0.7) else self.rng.choice(TEXTS)
        if kind in ("integer", "decimal"):
            return self.rng.choice(BAD_NUMBERS) if self.chance(self.dirt) else self.number(spec)
        if self.chance(self.dirt):
            return self.rng.choice(BAD_TIMES)
        return self.time(spec)

    def number(self, spec):
        n = self.rng.randint(-2, 12) if self.chance(0.8) else self.rng.randint(-(10**7), 10**7)
        if self.chance(0.01):
            n = self.rng.choice([2**63 - 1, -(2**63), 2**62, 10**9])
        whole = str(abs(n))
        if spec.get("thousands") and self.chance(0.7):
            whole = self.in_groups(abs(n), spec.get("grouping", "thousands")).replace(",", spec["thousands"])
        digits = self.rng.choice([0, 0, 1, 1, 4 if self.dirt else 1]) if spec["type"] == "decimal" or self.chance(self.dirt) else 0
        fraction = "".join(self.rng.choice("00005123") for _ in range(digits))
        text = whole + (spec.get("decimal_point", ".") + fraction if digits else "")
        sign = "-" if n < 0 else ""
        if spec.get("exponent") and self.chance(0.4):
            text += self.rng.choice(["e1", "E2", "e-1", "E+0", "e-3", "e0"])
        if "currency" in spec:
            return self.money(n < 0, text, spec)
        if spec.get("sign") == "any" and self.chance(0.4):
            sign = ""
            text = self.rng.choice([text + "-", f"({text})", "\u2212" + text, text + "\u2212", f"-({text})" if self.dirt else text])
        strip = spec.get("strip")
        if strip and self.chance(0.5):
            mark = self.rng.choice(strip if isinstance(strip, list) else [strip])
            return self.rng.choice([sign + mark + text, mark + sign + text, sign + text + mark, mark + text + mark])
        return sign + text

    @staticmethod
    def in_groups(n, how):
        if how == "thousands":
            return f"{n:,}"
        head, tail = str(n)[:-3], str(n)[-3:]
        while head:
            head, tail = head[:-2], head[-2:] + "," + tail
        return tail

    def money(self, negative, text, spec):
        """An amount with a currency, mostly a declared one."""
        codes = spec["currency"] if isinstance(spec["currency"], list) else ["EUR", "USD", "SEK"] if spec["currency"] == "any" else [spec["currency"]]
        signs = {"EUR": ["€", "Euro"], "USD": ["$", "US$"], "CAD": ["$"], "GBP": ["£"], "JPY": ["¥"], "SEK": ["kr"], "NOK": ["kr"], "CHF": ["Fr"]}
        code = self.rng.choice(codes)
        mark = self.rng.choice([code, code, code.lower(), *signs[code]])
        if self.chance(self.dirt) or spec["currency"] == "EUR" and self.chance(0.3):
            mark = self.rng.choice(["", "", "ZZZ", "$", "kr", "£"] if self.dirt else [""])
        blank, sign = self.rng.choice(["", " ", "\u00a0"]), "-" * negative
        if self.encoding not in ("utf-8", "windows-1252") and blank == "\u00a0":
            blank = " "
        forms = [f"{mark}{blank}{sign}{text}", f"{sign}{text}{blank}{mark}", f"{sign}{mark}{blank}{text}"]
        if negative:
            forms += [f"({text}{blank}{mark})", f"\u2212{text}{blank}{mark}"]
        if self.dirt:
            forms += [f"{mark}{text}{mark}", f"{mark}{text} EUR"]
        return ("ca. " if "strip" in spec and spec["strip"] == "ca. " and self.chance(0.5) else "") + self.rng.choice(forms)

    def time(self, spec):
        self.clock += self.rng.choice([0, 1, 1, 30, 60, 600, 3600, -40, -7200, 86400])
        patterns = spec["format"] if isinstance(spec["format"], list) else [spec["format"]]
        pattern = self.rng.choice(patterns)
        at = self.rng.choice(EARLY) if self.chance(0.04) else self.clock
        text = self.shortened(write(at, "timestamp", pattern), pattern)
        if "%z" in pattern and self.chance(0.4):
            text = text.replace("+0000", self.rng.choice(["Z", "+02", "-09:30", "+0545", "+2400" if self.dirt else "+01:00"]))
        return text.lower() if self.chance(0.05) else text

    def shortened(self, text, pattern):
        """Months and weekdays of other languages by a beginning, in any letter case, without accents."""
        tag, plain = languages.language_of(pattern)
        for directive, weekday in (("%b", 0), ("%a", 1)) if tag else ():
            for name in languages.NAMES[tag][weekday] if directive in plain else ():
                if name in text:
                    text = text.replace(name, name[: self.rng.randint(min(3 if self.chance(self.dirt * 3) else 4, len(name)), len(name))] + self.rng.choice(["", "."]), 1)
                    break
        return languages.folded(text) if tag and self.chance(0.2) else text

    # --- CSV ---

    def quoted(self, text):
        """A field as it is written in this dialect, mostly with quotes where it needs them."""
        s = self.source
        delimiter, quote, escape = s.get("delimiter", ","), s.get("quote", '"'), s.get("escape", "doubled")
        needs = delimiter in text or quote and quote in text or "\n" in text
        if not quote:
            return text if delimiter not in text or self.chance(0.1) else text.replace(delimiter, "_")
        if (needs and self.chance(0.95)) or self.chance(0.15):
            inner = {"doubled": text.replace(quote, quote * 2), "none": text.replace(quote, ""),
                     "backslash": text.replace("\\", "\\\\").replace(quote, "\\" + quote)}[escape]  # fmt: skip
            return quote + inner + quote
        if needs and escape == "backslash":
            return text.replace(delimiter, "\\" + delimiter)
        return text

    def csv_line(self, order, ragged):
        fields = []
        for place in order:
            text = self.value(self.columns[place]) if place is not None else self.rng.choice(TEXTS[:4])
            if self.chance(self.dirt / 4):
                text += "\n" + self.rng.choice(TEXTS[:5])
            if self.chance(self.dirt / 2):
                text = self.rng.choice([" ", "\t", "  "]) + text + self.rng.choice(["", " "])
            field = self.quoted(text)
            if self.source.get("trim") and self.chance(0.1):
                field = " " + field + " "
            fields.append(field)
        if self.chance(0.15 if ragged else self.dirt / 3):
            fields = fields[: self.rng.randint(0, len(fields))] if self.chance(0.6) else fields + ["extra"]
        return self.encode(self.source.get("delimiter", ",").join(fields))

    def csv_file(self, rows):
        places = list(range(len(self.columns))) + [None] * self.rng.choice([0, 0, 0, 1] if "extra" not in self.source else [0, 1, 2])
        self.unused = 0
        header = self.source.get("header", True)
        if header:
            places = [p for p in places if p is None or not self.columns[p].get("optional") or self.chance(0.6)]
            if self.chance(0.4):
                self.rng.shuffle(places)
        elif self.source.get("fields"):
            places = (list(range(len(self.columns))) + [None])[: self.source["fields"]]
        lines = [self.encode(self.rng.choice(["", "skipped, \"", "a;b"])) for _ in range(self.source.get("skip_lines", 0))]
        if header and self.source.get("comment_prefix") and self.chance(0.2):
            lines.append(self.encode(self.source["comment_prefix"] + " ahead of the header"))
        if header:
            lines += self.header(places)
        for _ in range(rows):
            if self.source.get("dialect") == "w3c" and self.chance(0.05):  # a server that was started again
                self.rng.shuffle(places)
                lines += self.header(places)
            line = lines[-1] if self.chance(0.06) and len(lines) > len(places) else self.csv_line(places, self.source.get("ragged"))
            lines.append(self.damaged(line))
        return lines

    def header(self, places):
        titles = [self.title(p) for p in places]
        if self.source.get("dialect") != "w3c":
            return [self.encode(self.source.get("delimiter", ",").join(titles))]
        said = self.rng.sample([b"#Version: 1.0", b"#Date: 2024-12-31", b"#Fields:x"[:7], b"# Fields: a b"], self.rng.randint(0, 2))
        return [*said, self.encode("#Fields: " + self.rng.choice([" ", " ", "\t", "  "]).join(t.replace(" ", "") for t in titles))]

    def title(self, place):
        if place is None:
            self.unused += 1
            return "unused" if self.unused == 1 else self.rng.choice(['new"', "neu", "a\\b"])
        spec = self.columns[place]
        titles = spec.get("header", spec["name"])
        title = titles if isinstance(titles, str) else self.rng.choice(titles)
        return title + (" " if self.chance(0.1) and self.source.get("delimiter") != " " else "")

    # --- access logs ---

    def log_field(self, name):
        specs = {c.get("field", c["name"]): c for c in self.columns}
        if name == "time":
            spec = specs.get("time", {"type": "timestamp", "format": self.source.get("log_time") or "%d/%b/%Y:%H:%M:%S %z"})
            return self.time(spec) if not self.chance(self.dirt) else self.rng.choice(BAD_TIMES)
        if name == "status":
            return self.rng.choice(["200", "200", "404", "301", "500", "20", "2000", "abc"] if self.chance(self.dirt * 2) else ["200", "404"])
        if name == "bytes":
            return self.rng.choice(["0", "512", "12", "-", "99999999999999999999", "1k"] if self.chance(self.dirt * 2) else ["1", "2", "300", "-"])
        if name == "request":
            return self.rng.choice(["GET / HTTP/1.1", "GET /a?b=c HTTP/1.0", "POST /x HTTP/2", "get / HTTP/1.1", "-", "", 'GET /" HTTP/1.1',
                                    "GET /a b HTTP/1.1", "\\x16\\x03", "GET /\\\" HTTP/1.1"])  # fmt: skip
        if name.startswith("status"):
            return self.rng.choice(["200", "404"])
        if name == "message":
            return self.rng.choice(["free text", "", "a", "[x] y", "z]", "3 ms|4"])
        if name in ("took", "seconds", "duration_s"):
            return self.rng.choice(["0.001", "1.5", "12", "x", "1.23456"])
        return self.rng.choice(["a", "b", "10.0.0.1", "-", "::1", "Mozilla (x)", "a:b", "é", "x y", ""] if self.chance(self.dirt * 2) else ["a", "b"])

    def log_line(self):
        parts, rest = [], self.source["layout"]
        from records import LAYOUTS

        rest = LAYOUTS.get(rest, rest)
        while rest:
            if rest.startswith("{{"):
                parts.append("{")
                rest = rest[2:]
            elif rest.startswith("{"):
                name, _, rest = rest[1:].partition("}")
                parts.append((" " * self.rng.randint(0, 3) if name.endswith(">") else "") + self.log_field(name.rstrip("+>*")))
            else:
                parts.append(rest[0])
                rest = rest[1:]
        return self.encode("".join(parts))

    def log_file(self, rows):
        lines = [b"# skipped"] * self.source.get("skip_lines", 0)
        for _ in range(rows):
            lines.append(self.damaged(lines[-1] if lines and self.chance(0.06) else self.log_line()))
        return lines

    # --- both ---

    def damaged(self, line):
        """Now and then a line that no writer meant to write."""
        if not self.chance(self.dirt / 2):
            return line
        at = self.rng.randint(0, len(line))
        junk = self.rng.choice([b'"', b"'", b"\xff", b"\xc3", b"\xe2\x82", b"\\", b",", b";", b"\r", b"\n", b"\x00", b"\x81", b" ", b"#", b'"",'])
        return self.rng.choice([line[:at] + junk + line[at:], line[:at], b"", b"#" + line, b"// " + line, b" ", line[:at] + line[at + 1 :]])

    def file(self, rows):
        form = self.source["format"]
        if form in ("json", "xml"):
            return self.json_file(rows) if form == "json" else self.xml_file(rows)
        lines = {"csv": self.csv_file, "access_log": self.log_file, "ndjson": self.ndjson_file}[form](rows)
        end = self.rng.choice([b"\n", b"\n", b"\r\n"])
        data = b"".join(line + (end if self.chance(0.98) else b"\r\n") for line in lines)
        if self.chance(0.15) and lines:
            data = data[: -len(end)]
        if self.encoding == "utf-8" and self.chance(0.15):
            data = b"\xef\xbb\xbf" + data
        return self.widened(data) if self.wide else data

    def widened(self, data):
        """As UTF-16; now and then half a pair of surrogates, or an odd byte at the end."""
        text = data.decode("utf-8", "replace")
        if self.chance(self.dirt / 2) and text:
            at = self.rng.randrange(len(text))
            text = text[:at] + self.rng.choice("\ud83d\udc00") + text[at:]
        order = self.rng.choice(["utf-16-le", "utf-16-be"]) if self.wide == "utf-16" else "utf-16-" + self.wide[-2:]
        marked = self.wide == "utf-16" or self.chance(0.4) or text[:1] in ("\ufeff", "\ufffe")
        return ("\ufeff" * marked + text).encode(order, "surrogatepass") + b"\n" * self.chance(self.dirt / 4)


def write_database(files, path, rows):
    """Rows with gaps between their rowids, of any storage class."""
    s, db = files.source, sqlite3.connect(path)
    names = [c.get("field", c["name"]) for c in s["columns"]]
    shown = ", ".join(f'"{n}"' for n in names)
    db.execute(f'CREATE TABLE "{s["table"]}" (id INTEGER PRIMARY KEY, {shown}, "unused")')
    at, again = 0, None
    for _ in range(rows):
        at += files.rng.choice([1, 1, 1, 2, 5000])
        row = again if again and files.chance(0.06) else [stored_as(files, c) for c in s["columns"]]
        again = row
        db.execute(f'INSERT INTO "{s["table"]}" (id, {shown}) VALUES ({", ".join("?" * (len(names) + 1))})', [at, *row])
    if "watermark" in s:
        db.execute(f'UPDATE "{s["table"]}" SET moved = id')
    db.commit()
    db.close()


def stored_as(files, spec):
    text = files.value(spec).replace("\0", "")
    if files.chance(0.05):
        return files.rng.choice([None, 7, -3, 2.5, 0.1, 1e20, 3.0, b"\x00\xff", 2**62])
    if text.isascii() and text.removeprefix("-").isdigit() and -(2**63) <= int(text) < 2**63 and files.chance(0.7):
        return int(text)
    return text


def write_files(rng, definition, folder, rows):
    """For each source 1 to 4 files, perhaps one twice, perhaps one empty; and one that matches none."""
    sources = definition.get("sources") or [definition["source"]]
    for source in sources:
        files = Files(rng, source)
        suffix = "." + source["glob"].rpartition(".")[2]
        begin = source["glob"].split("*")[0] if "sources" in definition else ""
        if source.get("optional") and rng.random() < 0.15:
            continue  # no file at all
        names = rng.sample(["pa", "pb", "pc", "p", "paa", "pa-2", "pÄ"], rng.randint(1, 4))
        data = {}
        for name in names:
            same = data and rng.random() < 0.08
            empty = rng.random() < 0.03
            size = rng.randint(0, rows // len(names) // len(sources))
            empty &= source["format"] not in ("json", "xml")
            if source["format"] == "sqlite":
                write_database(files, folder / (begin + name + suffix), size)
                continue
            content = b"" if empty else files.file(size)
            if rng.random() < 0.1:
                content = gzip.compress(content, mtime=0)
            data[name] = rng.choice(list(data.values())) if same else content
        for name, content in data.items():
            (folder / (begin + name + suffix)).write_bytes(content)
    (folder / "other.txt").write_bytes(b"not a source")
