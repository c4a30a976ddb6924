"""functions.py - operators and functions of expressions, by type. Part of the reference interpreter.

An argument is (type, f) with f(row) its value; each entry of TABLE takes such arguments and gives such a pair.
"""

import re
from unicodedata import normalize

import money
import unicode_functions
import zones
from times import Pattern, day_number, in_range, moment, read_time, write
from values import Misfit, as_text, divide_rounded, fits

TEXT, INTEGER, DATE, TIMESTAMP = ("text", 0), ("integer", 0), ("date", 0), ("timestamp", 0)
NULL = ("null", 0)


def number(scale):
    return ("decimal", scale) if scale else INTEGER


def common(*kinds):
    """The type that holds all of these: decimals of the largest scale, else the one type."""
    known = [k for k in kinds if k != NULL]
    if known and all(k[0] in ("integer", "decimal") for k in known):
        return number(max(k[1] for k in known))
    return known[0] if known else NULL


def to_scale(argument, kind):
    """The argument's value at another scale; Misfit when it overflows."""
    have, f = argument
    if have == NULL or kind[1] == have[1]:
        return f
    factor = 10 ** (kind[1] - have[1])
    return lambda row: None if (v := f(row)) is None else fits(v * factor)


def same_scale(left, right):
    """For a comparison, in 64 bits too."""
    kind = common(left[0], right[0])
    return to_scale(left, kind), to_scale(right, kind), kind


def strict(kind, f, *arguments):
    """A pair whose value is NULL when an argument is."""
    parts = [a[1] for a in arguments]

    def run(row):
        values = [p(row) for p in parts]
        return None if None in values else f(*values)

    return kind, run


def in_years(value, kind):
    """Years 0 to 9999."""
    if not in_range(value if kind == TIMESTAMP else value * 86400):
        raise Misfit("the year")
    return value


def add(op, left, right):
    sign = 1 if op == "+" else -1
    a, b = left[0][0], right[0][0]
    times = ("date", "timestamp")
    if a in times and b in times:
        return strict(INTEGER, lambda x, y: x - y, left, right)
    if b in times:
        left, right = right, left
    if a in times or b in times:
        return strict(left[0], lambda x, y: in_years(x + sign * y, left[0]), left, right)
    kind = common(left[0], right[0])
    parts = [(kind, to_scale(p, kind)) for p in (left, right)]
    return strict(kind, lambda x, y: fits(x + sign * y), *parts)


def truncated(a, b):
    q = abs(a) // abs(b)
    return -q if (a < 0) != (b < 0) else q


def multiply(op, left, right):
    if op == "*":
        if left[0][1] + right[0][1] > 9:
            raise TypeError("a product of more than nine decimals")
        return strict(number(left[0][1] + right[0][1]), lambda x, y: fits(x * y), left, right)

    def run(x, y):
        if y == 0:
            raise Misfit("division by zero")
        return fits(truncated(x, y)) if op == "/" else x - y * truncated(x, y)

    return strict(INTEGER, run, left, right)


def constant(argument):
    return argument[1]({})


def divide(a, b, decimals):
    scale = constant(decimals)

    def run(x, y):
        if y == 0:
            raise Misfit("division by zero")
        x, y = (fits(v * 10 ** (max(a[0][1], b[0][1]) - kind[1])) for v, kind in ((x, a[0]), (y, b[0])))  # at one scale
        x *= 10**scale
        return fits(divide_rounded(-x if y < 0 else x, abs(y)))

    return strict(number(scale), run, a, b)


def product(a, b, decimals):
    scale, have = constant(decimals), a[0][1] + b[0][1]
    if scale >= have:
        return strict(number(scale), lambda x, y: fits(x * y * 10 ** (scale - have)), a, b)
    return strict(number(scale), lambda x, y: fits(divide_rounded(x * y, 10 ** (have - scale))), a, b)


def rounded(x, decimals=None):
    scale = constant(decimals) if decimals else 0
    have = x[0][1]
    if scale >= have:
        return strict(number(scale), lambda v: fits(v * 10 ** (scale - have)), x)
    return strict(number(scale), lambda v: divide_rounded(v, 10 ** (have - scale)), x)


def to_integer(x):
    if x[0] == TEXT:
        return strict(INTEGER, lambda v: parsed(v, 0), x)
    return strict(INTEGER, lambda v: truncated(v, 10 ** x[0][1]), x)


def to_decimal(x, decimals):
    scale = constant(decimals)
    if x[0] == TEXT:
        return strict(number(scale), lambda v: parsed(v, scale), x)

    if x[0][1] > scale:
        raise TypeError("decimal() would lose digits")

    def run(v):
        v *= 10**scale
        if v % 10 ** x[0][1]:
            raise Misfit("digits lost")
        return fits(v // 10 ** x[0][1])

    return strict(number(scale), run, x)


def parsed(text, scale):
    from values import read_number

    return read_number(text, {"type": "decimal" if scale else "integer"}, scale)


def split_part(text, separator, n):
    parts = text.split(separator) if separator else []
    return parts[n - 1] if 1 <= n <= len(parts) else None


def side(text, separator, last, behind):
    at = text.rfind(separator) if last else text.find(separator)
    if at < 0:
        return None if behind else text
    return text[at + len(separator) :] if behind else text[:at]


def substring(text, start, n=None):
    """Characters start .. start + n - 1, those that are there."""
    start = max(start, 1)
    return text[start - 1 :] if n is None else text[start - 1 : start - 1 + max(n, 0)]


def ascii_case(table):
    return lambda t: t.translate(table)


UPPER = {c: c - 32 for c in range(ord("a"), ord("z") + 1)}
LOWER = {c: c + 32 for c in range(ord("A"), ord("Z") + 1)}


def regex_of(argument):
    return re.compile(constant(argument), re.ASCII)


def extract(text, pattern, group=None):
    regex = regex_of(pattern)
    n = constant(group) if group else min(regex.groups, 1)

    def run(t):
        m = regex.search(t)
        return m[n] if m else None

    return strict(TEXT, run, text)


def choice_if(test, then, otherwise):
    kind = common(then[0], otherwise[0])
    yes, no = to_scale(then, kind), to_scale(otherwise, kind)
    return kind, lambda row: yes(row) if test[1](row) else no(row)


def coalesce(*items):
    kind = common(*(i[0] for i in items))
    parts = [to_scale(i, kind) for i in items]

    def run(row):
        for p in parts:
            if (v := p(row)) is not None:
                return v
        return None

    return kind, run


def nullif(a, b):
    f, g, kind = same_scale(a, b)

    def run(row):
        x, y = f(row), g(row)
        return None if x is not None and x == y else x

    return kind, run


def mapped(x, *rest):
    *pairs, otherwise = rest
    froms, tos = pairs[::2], pairs[1::2]
    kind = common(*(t[0] for t in tos), otherwise[0])
    compared = common(x[0], *(f[0] for f in froms))
    value_of, keys = to_scale(x, compared), [to_scale(f, compared) for f in froms]
    results = [to_scale(t, kind) for t in tos]
    default = to_scale(otherwise, kind)

    def run(row):
        value = value_of(row)
        for key, result in zip(keys, results) if value is not None else ():
            if key(row) == value:
                return result(row)
        return default(row)

    return kind, run


def extreme(pick):
    def build(*items):
        kind = common(*(i[0] for i in items))
        return strict(kind, lambda *v: pick(v), *((kind, to_scale(i, kind)) for i in items))

    return build


def part(pick):
    """An integer of a timestamp or date."""
    return lambda w: strict(INTEGER, lambda v: pick(moment(v, w[0][0])), w)


def start_of_day(pick):
    """A date of a timestamp or date, from its day number."""
    return lambda w: strict(DATE, lambda v: pick(v // 86400 if w[0] == TIMESTAMP else v), w)


def month_start(day):
    d = moment(day, "date")
    return day_number(d.year, d.month, 1)


def week_start(day):
    return in_years(day - (day + 3) % 7, DATE)


def window(seconds):
    return lambda w: strict(TIMESTAMP, lambda v: in_years(v - v % seconds, TIMESTAMP), w)


def parse_time(kind):
    def build(text, pattern):
        patterns = [Pattern(constant(pattern))]

        def run(t):
            value = read_time(patterns, t, kind[0])
            if value is None:
                raise Misfit(t)
            return value

        return strict(kind, run, text)

    return build


def texts(kind, f):
    return lambda *a: strict(kind, f, *a)


def cased(plain, unicode):
    return lambda t, how=None: strict(TEXT, unicode if how else plain, t)


def iso(part):
    """ISO 8601: the week of a day is that of its Thursday."""

    def of(w):
        def run(v):
            day = v // 86400 if w[0] == TIMESTAMP else v
            thursday = day - (day + 3) % 7 + 3
            year = moment(thursday, "date").year
            return year if part == "year" else (thursday - day_number(year, 1, 1)) // 7 + 1

        return strict(INTEGER, run, w)

    return of


def days_between(a, b):
    def day(v, w):
        return v // 86400 if w[0] == TIMESTAMP else v

    return strict(INTEGER, lambda x, y: day(y, b) - day(x, a), a, b)


def attempted(x, otherwise=None):
    """try(x[, otherwise])"""
    kind = common(x[0], otherwise[0]) if otherwise else x[0]
    f, g = to_scale(x, kind), to_scale(otherwise, kind) if otherwise else lambda row: None

    def run(row):
        try:
            return f(row)
        except Misfit:
            return g(row)

    return kind, run


def zoned(w, zone):
    return strict(TIMESTAMP, lambda v: in_years(zones.in_zone(v, constant(zone)), TIMESTAMP), w)


def unzoned(w, zone, ambiguous=None):
    def run(v):
        utc = zones.to_utc(v, constant(zone), constant(ambiguous) if ambiguous else "reject")
        if utc is None:
            raise Misfit("no such wall clock, or two")
        return in_years(utc, TIMESTAMP)

    return strict(TIMESTAMP, run, w)


def from_minor(n, code, decimals):
    scale = constant(decimals)

    def run(v, c):
        if c.upper() not in money.CODES:
            return None
        digits = money.CODES[c.upper()]
        if digits > scale and v % 10 ** (digits - scale):
            raise Misfit("digits lost")
        return fits(v * 10 ** (scale - digits) if scale >= digits else v // 10 ** (digits - scale))

    return strict(number(scale), run, n, code)


def fraction(text, pattern, digits):
    p = Pattern(constant(pattern))

    def run(t):
        if read_time([p], t, "timestamp") is None:
            raise Misfit(t)
        return int(p.regex.fullmatch(t)["f"].ljust(9, "0")[: constant(digits)])

    return strict(INTEGER, run, text)


TABLE = {
    "country": texts(TEXT, money.country), "country_name": texts(TEXT, money.country_name), "html_decode": texts(TEXT, unicode_functions.html_decode),
    "minor_units": texts(INTEGER, lambda c: money.CODES.get(c.upper())), "from_minor": from_minor, "fraction": fraction,
    "upper": cased(ascii_case(UPPER), unicode_functions.upper), "lower": cased(ascii_case(LOWER), unicode_functions.lower),
    "title": texts(TEXT, unicode_functions.title), "fold_case": texts(TEXT, unicode_functions.fold_case),
    "normalize": lambda t, form=None: strict(TEXT, lambda v: normalize(constant(form) if form else "NFC", v), t),
    "strip_accents": texts(TEXT, unicode_functions.strip_accents),
    "collapse_blanks": texts(TEXT, unicode_functions.collapse_blanks),
    "regex_replace": lambda t, p, by: strict(TEXT, lambda v, r=regex_of(p): r.sub(unicode_functions.replacement(constant(by)), v), t),
    "pad_left": texts(TEXT, unicode_functions.pad_left), "url_decode": texts(TEXT, unicode_functions.url_decode),
    "query_value": texts(TEXT, unicode_functions.query_value), "hash": texts(TEXT, unicode_functions.sha256),
    "try": attempted,
    "trim": texts(TEXT, lambda t: t.strip(" \t\r\n")), "length": texts(INTEGER, len),
    "concat": texts(TEXT, lambda *t: "".join(t)),
    "before": texts(TEXT, lambda t, s: side(t, s, False, False)),
    "before_last": texts(TEXT, lambda t, s: side(t, s, True, False)),
    "after": texts(TEXT, lambda t, s: side(t, s, False, True)),
    "after_last": texts(TEXT, lambda t, s: side(t, s, True, True)),
    "left": texts(TEXT, lambda t, n: t[: max(n, 0)]),
    "right": texts(TEXT, lambda t, n: t[max(len(t) - max(n, 0), 0) :]),
    "substring": texts(TEXT, substring), "split_part": texts(TEXT, split_part),
    "replace": texts(TEXT, lambda t, s, by: t.replace(s, by) if s else t),
    "starts_with": texts(INTEGER, lambda t, s: int(t.startswith(s))),
    "ends_with": texts(INTEGER, lambda t, s: int(t.endswith(s))),
    "contains": texts(INTEGER, lambda t, s: int(s in t)),
    "matches": lambda t, p: strict(INTEGER, lambda v, r=regex_of(p): int(bool(r.search(v))), t),
    "extract": extract, "text": lambda x: strict(TEXT, lambda v: as_text(v, x[0]), x),
    "abs": lambda x: strict(x[0], lambda v: fits(abs(v)), x), "round": rounded, "divide": divide, "multiply": product,
    "integer": to_integer, "decimal": to_decimal,
    "if": choice_if, "coalesce": coalesce, "nullif": nullif, "map": mapped,
    "least": extreme(min), "greatest": extreme(max),
    "date": start_of_day(lambda day: day), "timestamp": lambda d: strict(TIMESTAMP, lambda v: v * 86400, d),
    "hour_start": window(3600), "minute_start": window(60),
    "window_start": lambda w, s: window(constant(s))(w),
    "week_start": start_of_day(week_start), "month_start": start_of_day(month_start),
    "month": lambda w: strict(TEXT, lambda v: write(v, w[0][0], "%Y-%m"), w),
    "year": part(lambda d: d.year), "month_number": part(lambda d: d.month), "day_of_month": part(lambda d: d.day),
    "day_of_week": part(lambda d: d.weekday + 1), "hour": part(lambda d: d.hour), "minute": part(lambda d: d.minute),
    "second": part(lambda d: d.second),
    "quarter": part(lambda d: (d.month + 2) // 3), "iso_week": iso("week"), "iso_year": iso("year"),
    "days_between": days_between,
    "in_zone": zoned, "to_utc": unzoned,
    "format": lambda w, p: strict(TEXT, lambda v: write(v, w[0][0], constant(p)), w),
    "parse_timestamp": parse_time(TIMESTAMP), "parse_date": parse_time(DATE),
    "unix": lambda w: strict(INTEGER, lambda v: v if w[0] == TIMESTAMP else v * 86400, w),
    "from_unix": lambda n: strict(TIMESTAMP, lambda v: in_years(v, TIMESTAMP), n),
}  # fmt: skip




def lookup(maps):
    def build(x, name, otherwise=None):
        entries = maps[constant(name)]
        kind = TEXT if any(isinstance(v, str) for v in entries.values()) else INTEGER
        kind = common(kind, otherwise[0]) if otherwise else kind
        default = otherwise[1] if otherwise else lambda row: None

        def run(row):
            value = x[1](row)
            key = None if value is None else str(value)
            return entries[key] if key in entries else default(row)

        return kind, run

    return build


def call(name, arguments, maps):
    return lookup(maps)(*arguments) if name == "lookup" else TABLE[name](*arguments)
