"""times.py - time patterns and calendar, as docs/formats/sources.md has them. Part of the reference interpreter.

A timestamp is seconds since 1970-01-01 00:00:00, a date is days; both proleptic Gregorian, years 0 to 9999. Python's
datetime begins with year 1; the Gregorian calendar repeats itself every 400 years of 146,097 days.
"""

import dataclasses
import datetime
import re

import languages
from zones import to_utc

MONTHS = "January February March April May June July August September October November December".split()
DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
EPOCH_DAY = datetime.date(1970, 1, 1).toordinal()
FIRST, LAST = -365 - EPOCH_DAY, datetime.date(9999, 12, 31).toordinal() - EPOCH_DAY  # 0000-01-01, year 0 is a leap year
CYCLE_YEARS, CYCLE_DAYS = 400, 146097

SHORTHAND = {"F": "%Y-%m-%d", "T": "%H:%M:%S"}
# What a directive matches: fixed digits, or a regular expression; the group's name says what it sets.
READ = {
    "Y": r"(?P<Y>[0-9]{4})", "y": r"(?P<y>[0-9]{2})", "m": r"(?P<m>[0-9]{2})", "d": r"(?P<d>[0-9]{2})",
    "H": r"(?P<H>[0-9]{2})", "I": r"(?P<I>[0-9]{2})", "M": r"(?P<M>[0-9]{2})", "S": r"(?P<S>[0-9]{2})",
    "e": r"(?P<d>[0-9]{2}| [0-9]|[0-9])", "f": r"(?P<f>[0-9]{1,9})", "s": r"(?P<s>-?[0-9]+)", "%": "%",
    "p": r"(?P<p>(?i:AM|PM))",
    "b": r"(?P<b>(?i:" + "|".join(m[:3] for m in MONTHS) + "))",
    "B": r"(?P<b>(?i:" + "|".join(MONTHS) + "))",
    "a": r"(?i:" + "|".join(d[:3] for d in DAYS) + ")",
    "A": r"(?i:" + "|".join(DAYS) + ")",
    "z": r"(?P<z>Z|[+-][0-9]{2}(?::?[0-9]{2})?)",
}  # fmt: skip


ISO = (
    r"(?P<Y>[0-9]{4})(?:-(?P<m>[0-9]{2})-(?P<d>[0-9]{2})|(?P<m2>[0-9]{2})(?P<d2>[0-9]{2}))"
    r"(?:[Tt ](?P<H>[0-9]{2})(?P<colon>:)?(?P<M>[0-9]{2})(?:(?(colon):)(?P<S>[0-9]{2})(?:[.,][0-9]{1,9})?)?(?P<z>[Zz]|[+-][0-9]{2}(?::?[0-9]{2})?)?)?"
)


def directives(pattern):
    """Yields (directive or None, literal text): '%-m' gives '-m'."""
    pattern = re.sub(r"%([FT%])", lambda m: SHORTHAND.get(m[1], m[0]), pattern)
    for m in re.finditer(r"%(-?.)|([^%]+)", pattern, re.S):
        yield (m[1], None) if m[1] else (None, m[2])


class Pattern:
    """A pattern that reads: `read(text)` gives (year, month, day, seconds of the day, offset or None), or None."""

    def __init__(self, pattern):
        self.language = None
        if pattern == "iso8601":
            self.regex = re.compile(ISO)
            return
        parts = []
        self.language, pattern = languages.language_of(pattern)
        for directive, literal in directives(pattern):
            if self.language and directive and directive in "bBaA":
                group = f"{'month' if directive in 'bB' else 'day'}{'1' if directive.isupper() else '0'}"
                parts.append(f"(?P<{group}>(?>{languages.LETTERS}))" + ("" if directive.isupper() else r"\.?"))
                continue
            if literal is not None:
                parts.append(re.escape(literal))
            elif directive.startswith("-"):
                parts.append(f"(?P<{directive[1]}>(?>[0-9]{{1,2}}))")
            else:
                parts.append(READ[directive])
        self.regex = re.compile("".join(parts), re.S)

    def read(self, text):
        m = self.regex.fullmatch(text)
        if not m:
            return None
        g = m.groupdict()
        if self.language:
            for name in [n for n in g if n in ("month0", "month1", "day0", "day1")]:
                place = languages.place_of(g[name], self.language, name.startswith("day"), name.endswith("1"))
                if place is None:
                    return None
                g |= {"m": str(place + 1)} if name.startswith("month") else {}
        if g.get("m2"):
            g |= {"m": g["m2"], "d": g["d2"]}
        if g.get("s"):
            return int(g["s"])
        return self._calendar(g)

    @staticmethod
    def _calendar(g):
        year = int(g["Y"]) if g.get("Y") else 1970
        if g.get("y"):
            year = int(g["y"]) + (1900 if int(g["y"]) >= 69 else 2000)
        month = int(g.get("m") or 1)
        if g.get("b"):
            month = [name[:3].lower() for name in MONTHS].index(g["b"][:3].lower()) + 1
        hour = int(g.get("H") or 0)
        if g.get("I"):
            if not 1 <= int(g["I"]) <= 12:
                return None
            hour = int(g["I"]) % 12 + (12 if g["p"].lower() == "pm" else 0)
        minute, second = int(g.get("M") or 0), int(g.get("S") or 0)
        if hour > 23 or minute > 59 or second > 59:
            return None
        day = day_number(year, month, int(g.get("d") or 1))
        if day is None:
            return None
        offset = zone_offset(g["z"]) if g.get("z") else None
        if g.get("z") and offset is None:
            return None
        return day * 86400 + hour * 3600 + minute * 60 + second, offset


def day_number(year, month, day):
    """Days since 1970-01-01, None when there is no such date."""
    try:
        return datetime.date(year + CYCLE_YEARS, month, day).toordinal() - CYCLE_DAYS - EPOCH_DAY
    except ValueError:
        later = datetime.date(year, month, day) if year > 9999 - CYCLE_YEARS and real(year, month, day) else None
        return later.toordinal() - EPOCH_DAY if later else None


def real(year, month, day):
    try:
        return bool(datetime.date(year, month, day))
    except ValueError:
        return False


@dataclasses.dataclass
class Moment:
    year: int
    month: int
    day: int
    weekday: int  # 0 is Monday
    hour: int
    minute: int
    second: int


def moment(value, kind):
    """The parts of a timestamp or date."""
    day, second = (value, 0) if kind == "date" else divmod(value, 86400)
    shift = 1 if day < 0 else 0
    d = datetime.date.fromordinal(day + EPOCH_DAY + shift * CYCLE_DAYS)
    return Moment(d.year - shift * CYCLE_YEARS, d.month, d.day, (day + 3) % 7, second // 3600, second // 60 % 60, second % 60)


def zone_offset(text):
    """Seconds east of UTC of `Z`, `UTC`, `+02`, `+0200`, `+02:00`."""
    if text in ("Z", "z", "UTC"):
        return 0
    digits = text[1:].replace(":", "").ljust(4, "0")
    if int(digits[:2]) > 23 or int(digits[2:]) > 59:
        return None
    seconds = int(digits[:2]) * 3600 + int(digits[2:]) * 60
    return -seconds if text[0] == "-" else seconds


def fixed(zone):
    return zone in ("Z", "UTC") or zone[0] in "+-"


def in_range(seconds):
    return FIRST <= seconds // 86400 <= LAST


def read_time(patterns, text, kind, zone=None, ambiguous="reject"):
    """`text` as a timestamp (UTC seconds, or the wall clock) or a date, by the first pattern that fits; else None."""
    for pattern in patterns:
        found = pattern.read(text)
        if found is None:
            continue
        if isinstance(found, tuple):
            seconds, offset = found
            if kind == "timestamp" and offset is not None:
                seconds -= offset
            elif kind == "timestamp" and zone:
                seconds = seconds - zone_offset(zone) if fixed(zone) else to_utc(seconds, zone, ambiguous)
                if seconds is None:
                    continue
        else:
            seconds = found
        if in_range(seconds):
            return seconds if kind == "timestamp" else seconds // 86400
    return None


def written(value, kind):
    """As in the warehouse: YYYY-MM-DD HH:MM:SS or YYYY-MM-DD."""
    d = moment(value, kind)
    day = f"{d.year:04}-{d.month:02}-{d.day:02}"
    return day if kind == "date" else f"{day} {d.hour:02}:{d.minute:02}:{d.second:02}"


def write(value, kind, pattern):
    """format(w, 'pattern')."""
    if pattern == "iso8601":
        pattern = "%FT%T"
    language, pattern = languages.language_of(pattern)
    d = moment(value, kind)
    numbers = {"m": d.month, "d": d.day, "H": d.hour, "I": (d.hour + 11) % 12 + 1, "M": d.minute, "S": d.second}
    texts = {
        "Y": f"{d.year:04}", "y": f"{d.year % 100:02}", "e": f"{d.day}", "f": "0", "%": "%", "z": "+0000",
        "p": "PM" if d.hour >= 12 else "AM", "b": MONTHS[d.month - 1][:3], "B": MONTHS[d.month - 1],
        "a": DAYS[d.weekday][:3], "A": DAYS[d.weekday],
        "s": str(value if kind == "timestamp" else value * 86400),
    }  # fmt: skip
    if language:
        texts |= {"B": languages.NAMES[language][0][d.month - 1], "A": languages.NAMES[language][1][d.weekday]}
        texts |= {"b": texts["B"], "a": texts["A"]}  # of how much of them is written the documents do not say
    out = []
    for directive, literal in directives(pattern):
        if literal is not None:
            out.append(literal)
        elif directive[-1] in numbers:
            out.append(str(numbers[directive[-1]]) if directive[0] == "-" else f"{numbers[directive]:02}")
        else:
            out.append(texts[directive])
    return "".join(out)
