"""values.py - from a field's text to a typed value, as docs/formats/sources.md has it. Part of the reference interpreter.

A type is ("text" | "integer" | "decimal" | "timestamp" | "date", scale); a value is a str, or an int: decimals are
number x 10^scale. None is NULL.
"""

import re

import money
from times import Pattern, read_time, written

LOWEST, HIGHEST = -(2**63), 2**63 - 1


class Misfit(Exception):
    """A text does not fit its type, or a value cannot be computed."""


def fits(number):
    if not LOWEST <= number <= HIGHEST:
        raise Misfit("64 bits")
    return number


def divide_rounded(a, b):
    """a / b for b > 0, half away from zero."""
    q, r = divmod(abs(a), b)
    q += 2 * r >= b
    return -q if a < 0 else q


def as_text(value, kind):
    """As it is written in the warehouse, decimals with their point."""
    if value is None or kind[0] == "text":
        return value
    if kind[0] in ("timestamp", "date"):
        return written(value, kind[0])
    if kind[0] == "decimal":
        digits = str(abs(value)).rjust(kind[1] + 1, "0")
        return ("-" if value < 0 else "") + digits[: -kind[1]] + "." + digits[-kind[1] :]
    return str(value)


def stored(value, kind):
    """As SQLite has it."""
    return written(value, kind[0]) if value is not None and kind[0] in ("timestamp", "date") else value


def as_list(value):
    return [] if value is None else value if isinstance(value, list) else [value]


def grouped(whole, separator, indian=False):
    """Digits without the separator, which stands before each group of three (Indian: of two, but for the last); None when it
    stands elsewhere."""
    if separator not in whole:
        return whole
    first, *groups = whole.split(separator)
    sizes = [2] * (len(groups) - 1) + [3] if indian else [3] * len(groups)
    if not 1 <= len(first) <= (2 if indian else 3) or [len(g) for g in groups] != sizes:
        return None
    return first + "".join(groups)


def stripped(text, marks):
    """Each of the marks is taken off each end once, in their order."""
    for mark in marks:
        text = text.removeprefix(mark)
        text = text.removesuffix(mark)
    return text


def stripped_number(text, column):
    """Without what `strip` names, also behind a sign."""
    marks = as_list(column.get("strip"))
    if marks and text[:1] in ("+", "-"):
        return text[0] + stripped(text[1:], marks)
    return stripped(text, marks)


def number_parts(text, column):
    """(negative, whole digits, fraction digits, whether there was a point) or None."""
    sign = ""
    if text[:1] in ("+", "-"):
        sign, text = text[0], text[1:]
    point = column.get("decimal_point", ".")
    whole, dot, fraction = text.partition(point)
    if dot and not fraction and not whole:
        return None
    if column.get("thousands"):
        whole = grouped(whole, column["thousands"], column.get("grouping") == "indian")
    if whole is None or not all(c in "0123456789" for c in whole + fraction) or not whole + fraction:
        return None
    return sign == "-", whole, fraction, bool(dot)


EXPONENT = re.compile(r"(.*[0-9.,])[eE]([-+]?[0-9]{1,2})", re.S)


def shifted(whole, fraction, exponent):
    """The digits with the point moved to the right (left when negative)."""
    digits, point = whole + fraction, len(whole) + exponent
    if point < 0:
        digits, point = "0" * -point + digits, 0
    digits = digits.ljust(point, "0")
    return digits[:point], digits[point:]


def scaled(text, column):
    """(text without its exponent, exponent or None)"""
    m = EXPONENT.fullmatch(text) if column.get("exponent") else None
    return (m[1], int(m[2])) if m and -60 <= int(m[2]) <= 60 else (text, None)


def with_sign_ahead(text):
    """`5-`, `(5)`, and a minus that is U+2212 on either side, as `-5`."""
    m = re.fullmatch("\u2212(.+)|(.+)[-\u2212]|\\((.+)\\)", text, re.S)
    return "-" + m[m.lastindex].rstrip(" ") if m else text


def read_number(text, column, scale):
    if column.get("sign") == "any":
        text = with_sign_ahead(text)
    text = stripped_number(text, column)
    if "currency" in column:
        found = money.split(text, column["currency"])
        if found is None:
            raise Misfit(text)
        text = found[0]
    text, exponent = scaled(text, column)
    parts = number_parts(text, column)
    if parts is None:
        raise Misfit(text)
    negative, whole, fraction, dot = parts
    if exponent is not None:
        whole, fraction = shifted(whole, fraction, exponent)
        dot = bool(fraction.strip("0"))
    if column["type"] == "integer" and dot and not column.get("decimal_zeros") and not column.get("round"):
        raise Misfit(text)
    number = int(whole + fraction)
    surplus = len(fraction) - scale
    if surplus <= 0:
        number *= 10**-surplus
    elif column.get("round"):
        number = divide_rounded(number, 10**surplus)
    elif number % 10**surplus:
        raise Misfit(text)
    else:
        number //= 10**surplus
    return fits(-number if negative else number)


class Column:
    """A declared column: `read(text)` gives its value; Misfit when the text does not fit."""

    def __init__(self, spec, source):
        self.spec, self.name = spec, spec["name"]
        self.kind = (spec["type"], spec.get("scale", 0))
        self.read_as = ("decimal", 0) if "currency_of" in spec else self.kind  # what a JSON value is to it
        self.trim = spec.get("trim", source.get("trim", source["format"] == "xml"))
        default_null = [""] if source["format"] in ("csv", "xml") else []
        self.null = as_list(spec["null"]) if "null" in spec else as_list(source.get("null", default_null))
        zone = spec.get("zone", "keep")
        self.zone = None if zone == "keep" else zone
        self.patterns = [Pattern(p) for p in as_list(spec.get("format"))]

    def present(self, text):
        """What is there to convert: None for NULL. `text` is None where the field is missing."""
        if text is not None and self.trim:
            text = text.strip(" \t")
        if text is None or text in self.null:
            return self.spec.get("default")
        return text

    def read(self, text):
        text = self.present(text)
        if text is not None and "currency_of" in self.spec:
            return (money.split(stripped_number(text, self.spec), self.spec["currency"]) or (None, None))[1]
        if text is None or self.kind[0] == "text":
            return text
        if self.kind[0] in ("integer", "decimal"):
            return read_number(text, self.spec, self.kind[1])
        value = read_time(self.patterns, text, self.kind[0], self.zone, self.spec.get("ambiguous", "reject"))
        if value is None:
            raise Misfit(text)
        return value
