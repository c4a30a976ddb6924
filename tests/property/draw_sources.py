"""draw_sources.py - random sources: dialects, layouts, columns, derived columns, event time."""

from drawing import Drawing
from records import LAYOUTS, Layout, with_dialect
from times import write

ENCODINGS = ["utf-8", "utf-8", "utf-8", "utf-16", "utf-16le", "utf-16be", "windows-1252", "iso-8859-1", "iso-8859-15", "ascii", "windows-1250", "windows-1251", "windows-1254", "iso-8859-2",
             "iso-8859-9", "macintosh", "koi8-r"]  # fmt: skip
STAMPS = ["iso8601", "%F %T", "%d/%m/%Y %H:%M", "%-m/%-d/%Y %-H:%M", "%FT%T.%f%z", "%d/%b/%Y:%H:%M:%S %z", "%F %I:%M:%S %p", "%e %B %Y %T",
          "%a, %d %b %y %T", "%s", "(it)%-d %B %Y %H:%M", "(fr)%d %b %Y %T", "(de)%A, %d. %b %Y %H:%M:%S", "(es)%a %e %B %Y %T"]  # fmt: skip
DAYS = ["%F", "%d.%m.%Y", "%-m/%-d/%y", "%e %b %Y", "(de)%A, %d. %B %Y", "(es)%d %b %y", "(fr)%e %B %Y", "(it)%a %d %b %Y"]
LOG_FORMATS = ['%h %l %u %t "%r" %>s %b', '%v:%p %h %l %u %t \\"%r\\" %>s %O \\"%{Referer}i\\" \\"%{User-Agent}i\\"', '%a %{sec}t %m %U%q %H %s %D',
               '%h "%{%Y-%m-%d %H:%M:%S}t" "%U" "%q" %{ms}T %I %{X-Forwarded-For}i', '{%h} %t %s %s "%{Content-Type}o" "%{id}C" %k',
               '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" $request_time',
               '$host:$server_port $remote_addr [$time_iso8601] "$request_method $request_uri $server_protocol" ${status} $bytes_sent "$sent_http_x_y"',
               '$msec $uri "$args" $status $request_length "$cookie_id" $upstream_addr $pipe']  # fmt: skip
LOG_LAYOUTS = [*LAYOUTS, "{client} {took>} {status>}/{level} {user}", "[{time*}] [{level}] {message*}", "{client}: {message*}|{took} ms", '{time} {client} {method} {target} {status} rt={seconds}', '{time}|{client}|{took} ms|"{request+}"',
               '{{"at": "{time}", "status": {status}, "by": "{user}"}', "[{time}] {level+}: {client}"]  # fmt: skip


class Sources(Drawing):
    def csv_source(self, prefix, letter):
        """`prefix` begins the glob; with a `letter` it may be a stranger one."""
        glob = self.pick([f"{prefix}.csv"] * 2 + ([f"{letter}[ab]*.csv", f"{letter}?.csv"] if letter else []))
        source = {"format": "csv", "glob": glob}
        self.dialect(source)
        n = self.rng.randint(1, 6)
        source["columns"] = [self.column(f"c{i}", i, source) for i in range(n)]
        self.extra(source)
        if not with_dialect(source).get("header", True):
            self.option(source, "fields", 0.6, n, n + 1)
        return source

    def variant(self, source, glob):
        """Another dialect with the same columns and derived columns."""
        if source["format"] != "csv":
            return source | {"glob": f"{glob}.{source['glob'].rpartition('.')[2]}"}
        out = {"format": "csv", "glob": glob + ".csv"}
        self.dialect(out, headed="extra" in source)
        if "extra" in source:
            out["extra"] = source["extra"]
        out["columns"] = []
        for i, c in enumerate(source["columns"]):
            drawn = self.column(c["name"], i, out, c["type"])
            if "scale" in c:
                drawn["scale"] = c["scale"]
            if "currency_column" in c:
                self.money(drawn, c["currency_column"], True)
            out["columns"].append(drawn)
        self.rng.shuffle(out["columns"])
        return out

    def extra(self, source):
        if with_dialect(source).get("header", True) and self.chance(0.2):
            source["extra"] = "more"
            self.cover("option", f"extra of {source['format']}")

    def dialect(self, source, headed=False):
        self.option(source, "encoding", 0.6, *ENCODINGS)
        source["on_bad_encoding"] = "reject"
        self.option(source, "optional", 0.1, True, False)
        if self.chance(0.08):
            self.fields_line(source)
            return
        self.option(source, "dialect", 0.25, "rfc4180", "semicolon", "tsv", *([] if headed else ["postgresql", "mysql"]))
        self.option(source, "delimiter", 0.6 if "dialect" not in source else 0.1, ",", ";", "\t", "|")
        self.option(source, "quote", 0.25 if "dialect" not in source else 0.1, '"', "'", "")
        if source.get("quote") != "" and "dialect" not in source:
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
        self.option(source, "header", 0.3, *([True] if headed else [False] if "dialect" not in source else [True, False]))

    def fields_line(self, source):
        """A log with lines #Fields."""
        source["dialect"] = "w3c"
        self.cover("option", "dialect='w3c'")
        self.option(source, "delimiter", 0.6, "\t", " ")
        self.option(source, "ragged", 0.2, True)
        self.option(source, "trim", 0.2, True)
        self.option(source, "skip_lines", 0.1, 1)
        self.option(source, "null", 0.2, [], ["-", "x"])
        self.option(source, "in_file", 0.3, {"repeats": True}, {"lateness": True}, {"repeats": True, "lateness": True})

    # --- JSON, XML ---

    def paths(self, source, shapes):
        """One to six columns, each with a path of one of these shapes; "" is none."""
        source["columns"] = []
        self.option(source, "optional", 0.2, True, False)
        for i in range(self.rng.randint(1, 6)):
            c = self.column(f"c{i}", i, source)
            shape = self.pick(["", "", *shapes])
            if shape:
                c["path"] = shape.replace("#", str(i))
            self.cover("path", shape)
            self.option(c, "optional", 0.15, True, True, *([False] if source["format"] != "ndjson" else []))
            source["columns"].append(c)
        self.option(source, "trim", 0.2, True, False)
        self.option(source, "null", 0.2, [], ["", "-"], "NULL")
        self.option(source, "in_file", 0.2, {"repeats": True}, {"lateness": True})

    def around(self, source, ways):
        """Perhaps columns of what is around the records."""
        for i, way in enumerate(self.rng.sample(ways, self.rng.randint(1, len(ways))) if self.chance(0.5) else []):
            spec = {"name": f"u{i}", "path": way, "type": self.pick(["integer", "text"])}
            source["columns"].append(spec)
            self.cover("path", "around " + way)

    def ndjson_source(self, prefix, _letter):
        source = {"format": "ndjson", "glob": f"{prefix}.ndjson", "on_bad_encoding": "reject"}
        self.option(source, "encoding", 0.2, "windows-1252", "utf-8", "utf-16", "utf-16be")
        self.option(source, "skip_lines", 0.1, 1)
        self.option(source, "comment_prefix", 0.1, "#")
        self.paths(source, ["o.c#", "l#[1]", "['x.#']", "$.deep.in.c#", 'o["a b#"]'])
        self.extra(source)
        return source

    def json_source(self, prefix, _letter):
        source = {"format": "json", "glob": f"{prefix}.json", "records": self.pick(["$", "stock.items", "orders[*].lines", "by.*", "days.*.lines", "days.*[*]"])}
        self.cover("records", source["records"])
        self.paths(source, ["o.c#", "l#[1]", "['x.#']", "$.deep.in.c#"])
        self.extra(source)
        self.option(source, "lines", 0.25, True, False)
        ways = {"$": [], "stock.items": ["../n", "../../made.by", "../../nothing"], "orders[*].lines": ["../no", "../#", "../../made.by", "../nothing"],
                "by.*": ["../made.by", "../nothing"], "days.*[*]": ["../#", "../../made.by", "../../nothing"], "days.*.lines": ["../no", "../#", "../../made.by"]}
        self.around(source, ["#", *ways[source["records"]]])
        return source

    def xml_source(self, prefix, _letter):
        source = {"format": "xml", "glob": f"{prefix}.xml", "record": self.pick(["product", "catalog/shelf/product", "catalog/product"])}
        self.paths(source, ["@a#", "w#/v", "t#[2]", "p#/@currency"])
        ways = ["../@n", "../../@made", "../../title"] if source["record"] == "catalog/shelf/product" else ["../@made", "../title"]
        self.around(source, ["#", "../#", *ways, *(["../../@no"] if source["record"] == "product" else [])])
        return source

    def sqlite_source(self, prefix, _letter):
        source = {"format": "sqlite", "glob": f"{prefix}.db", "table": self.pick(["t", "the table"])}
        source["columns"] = [self.column(f"c{i}", i, source) for i in range(self.rng.randint(1, 6))]
        for c in source["columns"]:
            self.option(c, "field", 0.2, "f " + c["name"])
        self.option(source, "trim", 0.2, True, False)
        self.option(source, "null", 0.2, [], ["", "-"], "NULL")
        if self.chance(0.6):
            self.option(source, "deletes", 0.5, "compare")
            self.watermark(source)
        else:
            self.option(source, "in_file", 0.4, {"repeats": True}, {"lateness": True})
        return source

    def watermark(self, source):
        """One more column, which grows when a row changes: see loads.py."""
        if self.chance(0.6):
            kind = self.pick([{"type": "integer"}, {"type": "timestamp", "format": "%F %T"}])
            source["columns"].append({"name": "moved", **kind})
            source["watermark"] = {"column": "moved"}
            self.option(source["watermark"], "look_back_s", 0.5, 0, 5, 3600)
            self.cover("option", "watermark " + kind["type"])

    # --- columns ---

    def column(self, name, i, source, kind=None):
        if i == 0 and self.chance(0.4):
            kind = kind or "timestamp"
        if i == 1 and self.chance(0.4):
            kind = kind or "integer"
        spec = {"name": name, "type": kind or self.pick(["text", "integer", "decimal", "timestamp", "date", "text", "integer"])}
        self.cover("type", spec["type"])
        if not with_dialect(source).get("header", True):
            spec["field"] = i + 1
        elif self.chance(0.3) and source["format"] == "csv":
            spec["header"] = self.pick([f"Title {i}", [f"T{i}", f"Title {i}"], f"Größe {i}"])
            if source.get("dialect") == "w3c":
                spec["header"] = self.pick([f"cs(T{i})", [f"T{i}", f"s-{i}"], f"Größe{i}"])
            if source.get("encoding") == "ascii" and not str(spec["header"]).isascii():
                spec["header"] = f"Size{i}"
        if with_dialect(source).get("header", True) and source["format"] == "csv":
            self.option(spec, "optional", 0.1, True)
        self.typed(spec, source)
        self.option(spec, "null", 0.15, "0", ["", "x"], [])
        self.option(spec, "trim", 0.2, True, False)
        if self.chance(0.15) and "currency" not in spec:
            first = spec["format"][0] if isinstance(spec.get("format"), list) else spec.get("format")
            spec["default"] = write(19782, "date", first) if first else {"text": "none", "integer": "7", "decimal": "1"}[spec["type"]]
            self.cover("option", "default")
        return spec

    def money(self, spec, companion, keep=False):
        for key in ("strip", "exponent", "sign", "default"):
            spec.pop(key, None)
        spec["currency"] = self.pick(["EUR", ["EUR", "USD"], ["USD", "CAD"], ["SEK", "NOK"], ["EUR", "GBP", "JPY"], "any", ["CHF"]])
        self.option(spec, "strip", 0.2, "ca. ", ["about ", "!"])
        self.cover("option", f"currency={spec['currency']!r}")
        spec["currency_column"] = companion
        if spec["currency"] == "EUR" and self.chance(0.5) and not keep:
            del spec["currency_column"]

    def typed(self, spec, source):
        kind = spec["type"]
        if kind == "text" and self.chance(0.3):
            spec["comment"] = self.pick(["lists", "lists", "countries", "html"])
            if spec["comment"] == "lists":
                self.lists.add(spec["name"])
        if kind == "decimal":
            spec["scale"] = self.pick([1, 2, 3, 9])
        if kind in ("integer", "decimal"):
            self.option(spec, "round", 0.2, True)
            self.option(spec, "decimal_point", 0.25, ",", ".")
            points = [t for t in (",", ".", "'", "_", " ") if t != spec.get("decimal_point", ".")]
            self.option(spec, "thousands", 0.3, *points)
            self.option(spec, "exponent", 0.2, True)
            self.option(spec, "strip", 0.2, ["$"], ["$", " EUR", "%"], "%")
            if "thousands" in spec:
                self.option(spec, "grouping", 0.25, "indian", "indian", "thousands")
            if "strip" not in spec:
                self.option(spec, "sign", 0.15, "any", "any", "leading")
        if kind == "decimal" and source["format"] not in ("sqlite", "access_log") and self.chance(0.2):
            self.money(spec, spec["name"] + "_in")
        if kind == "integer":
            self.option(spec, "decimal_zeros", 0.25, True)
        if kind == "timestamp":
            spec["format"] = self.pick([self.pick(STAMPS), self.pick(STAMPS), self.rng.sample(STAMPS, 2)])
            if not any(z in str(spec["format"]) for z in ("%z", "%s")):
                self.option(spec, "zone", 0.4, "keep", "+02:00", "-09:30", "UTC", "Europe/Rome", "America/New_York")
            if "/" in spec.get("zone", ""):
                self.option(spec, "ambiguous", 0.6, "earlier", "later", "reject")
        if kind == "date":
            spec["format"] = self.pick([self.pick(DAYS), self.rng.sample(DAYS, 2)])
        for pattern in spec["format"] if isinstance(spec.get("format"), list) else [spec.get("format", "")]:
            self.cover("pattern", pattern)

    def log_source(self, prefix, _letter):
        layout = {"layout": self.pick(LOG_LAYOUTS)} if self.chance(0.7) else {"log_format": self.pick(LOG_FORMATS)}
        source = {"format": "access_log", **layout, "glob": f"{prefix}.log"}
        self.cover("layout", str(layout)[:60])
        self.option(source, "encoding", 0.3, "iso-8859-1", "windows-1252", "utf-16le")
        self.option(source, "trim", 0.2, True)
        self.option(source, "on_bad_encoding", 0.2, "reject", "reject", "reject", "fail")
        self.option(source, "backslash", 0.25, "decode", "decode", "keep")
        self.option(source, "null", 0.15, "-", ["-", "a"], [])
        self.option(source, "comment_prefix", 0.15, "#")
        self.option(source, "skip_lines", 0.1, 1)
        self.option(source, "in_file", 0.3, {"repeats": True}, {"lateness": True}, {"repeats": True, "lateness": True})
        layout = with_dialect(source)
        names = Layout(layout["layout"]).names
        if "request" in names:
            names = names + ["method", "target", "protocol"]
        columns = []
        for field in self.rng.sample(names, self.rng.randint(1, len(names))):
            columns.append(field if self.chance(0.7) else self.log_column(field, layout.get("log_time")))
        source["columns"] = columns
        return source

    def log_column(self, field, pattern):
        spec = {"name": "my_" + field, "field": field}
        if field in ("took", "seconds", "duration_s"):
            spec.update(type="decimal", scale=3)
        if field == "time" and pattern and "%z" not in pattern and "%s" not in pattern:
            self.option(spec, "zone", 0.5, "Europe/Rome", "+02:00")
        if field == "status":
            self.option(spec, "type", 0.3, "text", "integer")
        self.option(spec, "null", 0.5, "-", ["-", ""])
        return spec

    def derived(self, types):
        out = []
        for i in range(self.rng.randint(0, 4)):
            family = self.pick(["text", "integer", "number", "timestamp", "date", "condition"])
            text, kind = self.expression(types, family, self.rng.randint(1, 4))
            if self.chance(0.8):  # else most rows of most definitions would be rejected for it
                text = f"try({text})"
            stamps = [n for n, k in types.items() if k[0] == "timestamp"]
            if stamps and self.chance(0.1):
                text, kind = f"date({self.pick(stamps)})", ("date", 0)
            types[f"d{i}"] = kind
            out.append({"name": f"d{i}", "expr": text})
        return out

    def event_time(self, source, types):
        times = [n for n, k in types.items() if k[0] == "timestamp"]
        if source.get("in_file", {}).get("lateness"):
            # an event time that depends on the lateness would go round in circles
            times = [t for t in times if not t.startswith("d")]
            if not times:
                source["in_file"].pop("lateness")
                if not source["in_file"]:
                    del source["in_file"]
        if times and (self.chance(0.8) or source.get("in_file", {}).get("lateness")):
            source["time"] = self.pick(times)
            late = [{"drop_after_s": n} for n in (0, 60, 3600, 86400)]
            self.option(source, "late", 0.3 if source["format"] != "sqlite" else 0, "correct", *late)
