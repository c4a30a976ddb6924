"""money.py - amounts with their currency, and countries by their names. Part of the reference interpreter.

Of currencies and countries it knows those that are drawn."""

import pathlib
import re
import unicodedata

CODES = {"EUR": 2, "USD": 2, "CAD": 2, "GBP": 2, "JPY": 0, "SEK": 2, "NOK": 2, "CHF": 2, "KWD": 3}
MARKS = {"€": ["EUR"], "euro": ["EUR"], "$": ["USD", "CAD"], "us$": ["USD"], "£": ["GBP"], "¥": ["JPY"], "kr": ["SEK", "NOK"], "fr": ["CHF", "FRF"]}
NOBODY_KNOWS = ("kr", "fr", "rs")  # with "any"
BLANKS = " \t\u00a0\u202f\u2009"
AMOUNT = re.compile(r"([^0-9]*?)([.,]?[0-9](?:.*[0-9])?[.,]?)([^0-9]*)", re.S)


def currency_of(mark, declared):
    """The code that a code or sign means among those declared ("any": []), or None."""
    if mark.upper() in CODES:
        return mark.upper() if not declared or mark.upper() in declared else None
    if not declared:
        return None if mark.lower() in NOBODY_KNOWS else MARKS.get(mark.lower(), [None])[0]
    meant = [c for c in MARKS.get(mark.lower(), []) if c in declared]
    return meant[0] if len(meant) == 1 else None


def split(text, declared):
    """(the number with its sign, the code), or None."""
    declared = [] if declared in ("any", ["any"]) else declared if isinstance(declared, list) else [declared]
    text = text.strip(BLANKS)
    negative = bracketed = text.startswith("(") and text.endswith(")")
    m = AMOUNT.fullmatch(text[1:-1].strip(BLANKS) if bracketed else text)
    if not m:
        return None
    ahead, behind = m[1].strip(BLANKS), m[3].strip(BLANKS)
    for sign in ("-", "\u2212", "+"):
        if ahead.startswith(sign) or ahead.endswith(sign):
            if bracketed:
                return None
            ahead = (ahead[1:] if ahead.startswith(sign) else ahead[:-1]).strip(BLANKS)
            negative = sign != "+"
            break
    codes = {currency_of(mark, declared) for mark in (ahead, behind) if mark} or {declared[0] if len(declared) == 1 else None}
    return None if None in codes or len(codes) > 1 else ("-" * negative + m[2], codes.pop())


# --- countries ---

NAMES = {"DE": "Germany Deutschland Allemagne Germania DEU", "IT": "Italy Italia Italien Italie ITA", "FR": "France Frankreich Francia FRA",
         "IE": "Ireland EIRE Irland Irlanda IRL", "GB": "UK", "US": "USA"}  # fmt: skip
ENGLISH = {"DE": "Germany", "IT": "Italy", "FR": "France", "IE": "Ireland", "GB": "United Kingdom", "US": "United States", "NA": "Namibia",
           "SS": "South Sudan"}
BY_NAME = {name.lower(): code for code, names in NAMES.items() for name in names.split()} | {"unitedkingdom": "GB", "unitedstates": "US"}
ISO = [line.split("\t")[0] for line in pathlib.Path("/usr/share/zoneinfo/iso3166.tab").read_text(encoding="utf-8").splitlines() if line[:1] != "#"]


def country(text):
    taken = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    plain = "".join(c for c in taken if c.isalnum())
    return plain.upper() if plain.upper() in ISO else BY_NAME.get(plain)


def country_name(text):
    return ENGLISH.get(country(text))
