"""draw_expression.py - random expressions of a wanted family, over columns of known types."""

from expression import MAPS, compile_expression

LETTERS = ["a", "b", "A", "ab", "x-1", "12-34", "é", "Öl", "", " ", "a b", "7", "-3", "1.5", "0.05", "2024-02-29", "31/12/2024", "ß", "日本", "O''Hara"]
REGEXES = ["^[a-c]", "[0-9]+", "a|b", "^.$", "([0-9]+)-([0-9]+)", "(x)|(y)", "^$", "é", "(?i)^ab", "\\d", "\\s", "b$", "^[^-]*", "(.)(.)"]
ZONES = ["Europe/Rome", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "UTC"]
READABLE = ["iso8601", "%F", "%d/%m/%Y", "%F %T", "%-m/%-d/%Y", "%F %H:%M"]
WRITABLE = ["%F", "%F %T", "%d/%m/%Y", "%-d.%-m.%y", "%b %e", "%A %B", "%I:%M %p", "%-I %p", "%H%%", "%Y week", "%-H-%-M-%-S", "%a", "%s"]
FRACTIONS = ["'.25Z'", "'.000000001+02:00'", "'.9Z'", "'.120-01'", "'Z'"]
INTEGERS = ["0", "1", "2", "3", "7", "10", "60", "100", "1000", "9223372036854775807"]
DECIMALS = ["0.5", "1.25", "0.01", "10.0", "99.999", "2.50"]
TIMES = {"timestamp": ["2024-02-29 23:59:59", "2023-12-31 00:00:00", "1969-07-20 20:17:40", "0001-01-01 00:00:00"],
         "date": ["2024-02-29", "2023-12-31", "1970-01-01", "9999-12-31"]}  # fmt: skip


class Expressions:
    """`text(family, depth)` draws an expression; families: text integer number timestamp date condition."""

    def __init__(self, rng, types, cover):
        self.rng, self.types, self.cover = rng, types, cover

    def draw(self, family, depth=3):
        """(text, type) of an expression that the language allows (decimals of at most nine digits)."""
        for _ in range(50):
            text = self.text(family, depth)
            try:
                kind = compile_expression(text, self.types)[0]
            except TypeError:
                continue
            if kind[1] <= 9 and kind[0] != "null" and len(text) <= 1500 and self.small(text):
                return text, kind
        return self.literal(family), compile_expression(self.literal(family), self.types)[0]

    @staticmethod
    def small(text):
        return text.count("(") < 60

    def pick(self, *items):
        return self.rng.choice(items)

    def named(self, name, *arguments):
        self.cover("function", name)
        shown = name if self.rng.random() < 0.9 else name.upper()
        return f"{shown}({', '.join(arguments)})"

    def column(self, *kinds):
        names = [n for n, k in self.types.items() if k[0] in kinds]
        return self.rng.choice(names) if names else None

    def literal(self, family):
        if family == "text":
            return f"'{self.rng.choice(LETTERS)}'"
        if family in TIMES:
            return f"{family} '{self.rng.choice(TIMES[family])}'"
        if family == "condition":
            return self.pick("true", "false")
        if family == "number" and self.rng.random() < 0.4:
            return self.rng.choice(DECIMALS)
        return self.rng.choice(INTEGERS[: 9 if self.rng.random() < 0.9 else 10])

    def leaf(self, family):
        kinds = {"number": ("integer", "decimal"), "condition": ()}.get(family, (family,))
        found = self.column(*kinds)
        return found if found and self.rng.random() < 0.8 else self.literal(family)

    def text(self, family, depth):
        if depth <= 0 or self.rng.random() < 0.1:
            return self.leaf(family)
        if family != "condition" and self.rng.random() < 0.15:
            return self.choice(family, depth - 1)
        return getattr(self, "of_" + family)(depth - 1)

    def choice(self, family, d):
        e = lambda f=family: self.text(f, d)  # noqa: E731
        null = lambda: "null" if self.rng.random() < 0.1 else e()  # noqa: E731
        name = self.pick("if", "coalesce", "nullif", "map", "least", "greatest", "try", "try")
        if name == "try":
            return self.named(name, e(), *([e()] if self.rng.random() < 0.5 else []))
        if name == "if":
            return self.named(name, e("condition"), e(), null())
        if name == "nullif":
            return self.named(name, e(), e())
        if name == "map":
            f = self.pick("text", "integer", "number", "date")
            return self.named(name, e(f), self.literal(f), e(), self.literal(f), e(), null())
        return self.named(name, *(e() for _ in range(self.rng.randint(2, 3))))

    def of_text(self, d):
        t, i = (lambda: self.text("text", d)), (lambda: self.text("integer", d - 1))
        s = lambda: self.literal("text")  # noqa: E731
        n = lambda: self.pick("0", "1", "2", "3", "-1")  # noqa: E731
        name = self.pick("||", "upper", "lower", "trim", "unicode", "concat", "before", "before_last", "after", "after_last", "left",
                         "right", "substring", "split_part", "replace", "extract", "text", "month", "format", "unicode",
                         "regex_replace", "pad_left", "url", "lookup", "country", "html")  # fmt: skip
        if name == "||":
            self.cover("operator", name)
            return f"({t()} || {t()})"
        if name in ("upper", "lower", "trim"):
            return self.named(name, t())
        if name == "concat":
            return self.named(name, *(t() for _ in range(self.rng.randint(2, 3))))
        if name in ("before", "before_last", "after", "after_last"):
            return self.named(name, t(), s() if self.rng.random() < 0.8 else t())
        if name in ("left", "right"):
            return self.named(name, t(), n() if self.rng.random() < 0.7 else i())
        if name == "substring":
            return self.named(name, t(), n(), *([n()] if self.rng.random() < 0.6 else []))
        if name == "split_part":
            return self.named(name, t(), s(), n())
        if name == "replace":
            return self.named(name, t(), s(), s())
        if name == "extract":
            regex = self.rng.choice(REGEXES)
            groups = min(2, regex.replace("(?", "").count("("))
            return self.named(name, t(), f"'{regex}'", *([str(self.rng.randint(0, groups))] if self.rng.random() < 0.4 else []))
        if name == "unicode":
            return self.of_letters(t)
        if name == "regex_replace":
            return self.named(name, t(), f"'{self.rng.choice(REGEXES)}'", f"'{self.pick('', 'x', '<$0>', '$$', 'é')}'")
        if name == "pad_left":
            return self.named(name, t(), self.pick("0", "3", "6"), self.pick("'0'", "'ab'", "'é'"))
        if name == "url":
            which = self.pick("url_decode", "query_value", "hash")
            return self.named(which, t(), *(["'b'"] if which == "query_value" else []))
        if name == "lookup":
            return self.looked_up(str, d)
        if name == "country":
            return self.named(self.pick("country", "country_name"), self.leaf("text") if self.rng.random() < 0.7 else self.pick("'Italia'", "'U.S.A.'", "'Österreich 2'"))
        if name == "html":
            return self.named("html_decode", t() if self.rng.random() < 0.7 else self.pick("'&eacute;&#8364;&nix;'", "'&amp;lt;'"))
        when = self.pick("timestamp", "date")
        if name == "month":
            return self.named(name, self.text(when, d))
        if name == "format":
            return self.named(name, self.text(when, d), f"'{self.rng.choice(WRITABLE)}'")
        return self.named(name, self.text(self.pick("integer", "number", "timestamp", "date", "text"), d))

    def of_letters(self, t):
        name = self.pick("upper", "lower", "title", "normalize", "fold_case", "strip_accents", "collapse_blanks")
        form = {"upper": "'unicode'", "lower": "'unicode'", "normalize": self.pick("'NFC'", "'NFKC'", "'NFD'", "'NFKD'")}.get(name)
        return self.named(name, t(), *([form] if form and (name != "normalize" or self.rng.random() < 0.7) else []))

    def looked_up(self, kind, d):
        """lookup() in a map whose values are of that kind, if there is one."""
        names = [n for n, m in MAPS.items() if all(isinstance(v, (kind, type(None))) for v in m.values())]
        if not names:
            return self.leaf("text" if kind is str else "integer")
        otherwise = [self.text("text" if kind is str else "integer", d)] if self.rng.random() < 0.5 else []
        return self.named("lookup", self.text(self.pick("text", "integer"), d), f"'{self.rng.choice(names)}'", *otherwise)

    def of_integer(self, d):
        i = lambda: self.text("integer", d)  # noqa: E731
        name = self.pick("+", "-", "*", "/", "%", "neg", "length", "abs", "times", "part", "part", "hour", "unix", "integer", "round",
                         "condition", "lookup", "days_between", "minor_units", "fraction")  # fmt: skip
        if name in "+-*/%":
            self.cover("operator", name)
            return f"({i()} {name} {i()})"
        if name == "neg":
            return f"(- {i()})"
        if name == "length":
            return self.named(name, self.text("text", d))
        if name == "abs":
            return self.named(name, i())
        if name == "times":
            when = self.pick("timestamp", "date")
            self.cover("operator", f"{when} - {when}")
            return f"({self.text(when, d)} - {self.text(when, d)})"
        if name == "part":
            part = self.pick("year", "month_number", "day_of_month", "day_of_week", "quarter", "iso_week", "iso_year")
            return self.named(part, self.text(self.pick("timestamp", "date"), d))
        if name == "hour":
            return self.named(self.pick("hour", "minute", "second"), self.text("timestamp", d))
        if name == "lookup":
            return self.looked_up(int, d)
        if name == "minor_units":
            return self.named(name, self.pick("'EUR'", "'JPY'", "'KWD'", "'zzz'", "'usd'"))
        if name == "fraction":
            text = f"concat(format({self.text('timestamp', d)}, '%FT%T'), {self.pick(*FRACTIONS)})"
            return self.named(name, text, "'%FT%T.%f%z'", self.pick("1", "3", "6", "9"))
        if name == "days_between":
            return self.named(name, *(self.text(self.pick("timestamp", "date"), d) for _ in range(2)))
        if name == "unix":
            return self.named(name, self.text(self.pick("timestamp", "date"), d))
        if name == "integer":
            return self.named(name, self.text(self.pick("text", "number"), d))
        if name == "round":
            return self.named(name, self.text("number", d))
        return f"({self.text('condition', d)})"

    def of_number(self, d):
        n = lambda: self.text("number", d)  # noqa: E731
        name = self.pick("+", "-", "*", "abs", "round", "divide", "multiply", "decimal", "integer", "integer", "from_minor")
        if name in "+-*":
            self.cover("operator", name + " decimal")
            return f"({n()} {name} {n()})"
        if name == "abs":
            return self.named(name, n())
        if name == "round":
            return self.named(name, n(), self.pick("0", "1", "2", "3"))
        if name == "from_minor":
            return self.named(name, self.text("integer", d), self.pick("'EUR'", "'JPY'", "'KWD'", "'zzz'", "lower('USD')"), self.pick("1", "2", "3"))
        if name in ("divide", "multiply"):
            return self.named(name, n(), n(), self.pick("0", "1", "2", "4"))
        if name == "decimal":
            return self.named(name, self.text(self.pick("text", "number"), d), self.pick("1", "2", "3"))
        return self.of_integer(d)

    def of_timestamp(self, d):
        w = lambda: self.text("timestamp", d)  # noqa: E731
        name = self.pick("+", "timestamp", "hour_start", "minute_start", "window_start", "parse_timestamp", "from_unix", "zone")
        if name == "+":
            self.cover("operator", "timestamp + n")
            return f"({w()} {self.pick('+', '-')} {self.text('integer', d - 1)})"
        if name == "timestamp":
            return self.named(name, self.text("date", d))
        if name == "zone":
            zone = f"'{self.rng.choice(ZONES)}'"
            if self.rng.random() < 0.5:
                return self.named("in_zone", w(), zone)
            how = self.pick(None, "'earlier'", "'later'", "'reject'")
            return self.named("to_utc", w(), zone, *([how] if how else []))
        if name == "window_start":
            return self.named(name, w(), self.pick("7", "900", "86400", "100000"))
        if name == "parse_timestamp":
            return self.named(name, self.text("text", d - 1), f"'{self.rng.choice(READABLE)}'")
        return self.named(name, self.text("integer", d - 1) if name == "from_unix" else w())

    def of_date(self, d):
        name = self.pick("+", "date", "week_start", "month_start", "parse_date")
        if name == "+":
            self.cover("operator", "date + n")
            return f"({self.text('date', d)} {self.pick('+', '-')} {self.text('integer', d - 1)})"
        if name == "parse_date":
            return self.named(name, self.text("text", d - 1), f"'{self.rng.choice(READABLE)}'")
        return self.named(name, self.text(self.pick("timestamp", "date"), d))

    def of_condition(self, d):
        name = self.pick("compare", "compare", "between", "in", "null", "and", "or", "not", "test", "matches")
        self.cover("operator", name)
        family = self.pick("text", "integer", "number", "timestamp", "date")
        e = lambda f=family: self.text(f, d)  # noqa: E731
        no = self.pick("", "not ")
        if name == "compare":
            return f"{e()} {self.pick('=', '!=', '<>', '<', '<=', '>', '>=')} {e()}"
        if name == "between":
            return f"{e()} {no}between {e()} and {e()}"
        if name == "in":
            return f"{e()} {no}in ({', '.join(e() for _ in range(self.rng.randint(1, 3)))})"
        if name == "null":
            return f"{e()} is {no}null"
        if name in ("and", "or"):
            return f"({e('condition')} {name} {e('condition')})"
        if name == "not":
            return f"not ({e('condition')})"
        if name == "matches":
            return self.named(name, e("text"), f"'{self.rng.choice(REGEXES)}'")
        return self.named(self.pick("starts_with", "ends_with", "contains"), e("text"), self.literal("text"))
