"""languages.py - months and weekdays in other languages than English. Part of the reference interpreter."""

import re
import unicodedata

NAMES = {
    "it": ("gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
           "lunedì martedì mercoledì giovedì venerdì sabato domenica"),
    "de": ("Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
           "Montag Dienstag Mittwoch Donnerstag Freitag Samstag Sonntag"),
    "fr": ("janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
           "lundi mardi mercredi jeudi vendredi samedi dimanche"),
    "es": ("enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
           "lunes martes miércoles jueves viernes sábado domingo"),
}  # fmt: skip
NAMES = {tag: tuple(names.split() for names in both) for tag, both in NAMES.items()}
LETTERS = "[A-Za-zÀ-ÖØ-öø-ÿ]+"


def language_of(pattern):
    """(the tag or None, the pattern without it)"""
    m = re.match(r"\((it|de|fr|es)\)", pattern)
    return (m[1], pattern[4:]) if m else (None, pattern)


def folded(word):
    taken = unicodedata.normalize("NFD", word.lower())
    return "".join(c for c in taken if unicodedata.category(c) != "Mn")


def place_of(word, tag, weekday, whole):
    """The place of a name among the months or weekdays, from 0, by all of it or by a beginning that no other has; None."""
    names, word = [folded(n) for n in NAMES[tag][weekday]], folded(word)
    if whole:
        return names.index(word) if word in names else None
    found = [i for i, n in enumerate(names) if n.startswith(word)]
    return found[0] if len(word) >= 3 and len(found) == 1 else None
