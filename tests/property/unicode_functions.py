"""unicode_functions.py - functions of expressions that know letters, and those on URLs. Part of the reference interpreter."""

import hashlib
import html.entities
import re
import unicodedata
import urllib.parse

from values import Misfit

FORMS = ("NFC", "NFKC", "NFD", "NFKD")


def upper(text):
    """Character by character; ß alone becomes two."""
    return "".join("SS" if c == "ß" else one(c, str.upper) for c in text)


def lower(text):
    return "".join(one(c, str.lower) for c in text)


def one(c, change):
    """The simple mapping: what becomes several characters stays as it is."""
    changed = change(c)
    return changed if len(changed) == 1 else c


def title(text):
    """A word begins at a letter behind no letter or digit; an apostrophe begins one behind a single letter only. The capital of ß is ẞ."""
    out, word = [], 0  # letters since the word began
    for i, c in enumerate(text):
        if c.isalpha() or unicodedata.category(c).startswith("M"):
            out.append("ẞ" if c == "ß" and word == 0 else one(c, str.title) if word == 0 else one(c, str.lower))
            word += 1
        elif unicodedata.category(c) == "Nd":
            out.append(c)
            word += 1
        elif c in "'’" and word > 1:
            out.append(c)
        else:
            out.append(c)
            word = 0
    return "".join(out)


def strip_accents(text):
    taken = unicodedata.normalize("NFD", text)
    return unicodedata.normalize("NFC", "".join(c for c in taken if unicodedata.category(c) != "Mn"))


def collapse_blanks(text):
    return re.sub(r"\s+", " ", text).strip(" ")


def fold_case(text):
    return text.casefold()


def url_decode(text):
    if "%00" in text:
        raise Misfit(text)
    raw = urllib.parse.unquote_to_bytes(text.replace("+", " "))
    try:
        return raw.decode()
    except UnicodeDecodeError as e:
        raise Misfit(text) from e


def query_value(url, name):
    query = url.partition("?")[2].partition("#")[0]
    for part in query.split("&"):
        key, _, value = part.partition("=")
        if key == name:
            return url_decode(value)
    return None


NAMED = {n: c for n, c in html.entities.name2codepoint.items() if c <= 0xFF or n in ("euro", "ndash", "hellip")} | {"apos": 39}


def html_decode(text):
    """Once. Numbers from 128 to 159 are bytes of windows-1252."""

    def one(m):
        name = m[1]
        if name[0] != "#":
            return chr(NAMED[name]) if name in NAMED else m[0]
        c = int(name[2:], 16) if name[1] in "xX" else int(name[1:])
        if 128 <= c < 160:
            return bytes([c]).decode("cp1252", "replace").replace("\ufffd", chr(c))
        return m[0] if c == 0 or c > 0x10FFFF or 0xD800 <= c < 0xE000 else chr(c)

    return re.sub("&(#[0-9]+|#[xX][0-9A-Fa-f]+|[A-Za-z]+);", one, text)


def sha256(text):
    return hashlib.sha256(text.encode()).hexdigest()


def pad_left(text, n, fill):
    missing = min(n - len(text), 1000)
    return fill[:1] * missing + text if missing > 0 else text


def replacement(by):
    """`$1` in `by` is a group, `$0` the match, `$$` a dollar."""

    def expand(m):
        return re.sub(r"\$(\$|[0-9])", lambda d: "$" if d[1] == "$" else m[int(d[1])] or "", by)

    return expand
