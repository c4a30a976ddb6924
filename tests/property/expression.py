"""expression.py - the expressions of a definition: typed, then evaluated. Part of the reference interpreter.

`compile_expression(text, types)` gives (type, f) with f(row) the value; `row` is a dict by column name. A value
that cannot be computed raises Misfit.
"""

import re

import functions
from functions import INTEGER, NULL, TEXT, same_scale
from times import Pattern, read_time
from values import Misfit, fits

MAPS = {}  # the dictionaries of the definition that is read, by name

TOKEN = re.compile(
    r"\s*(?:(?P<number>[0-9]+(?:\.[0-9]+)?)|'(?P<text>(?:[^']|'')*)'|(?P<name>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<op>\|\||!=|<>|<=|>=|[-+*/%=<>(),]))",
    re.S,
)


def tokens(text):
    at, out = 0, []
    while text[at:].strip():
        m = TOKEN.match(text, at)
        if not m:
            raise SyntaxError(f"character {at + 1} of `{text}`")
        kind = m.lastgroup
        value = m[kind]
        out.append((kind, value.replace("''", "'") if kind == "text" else value))
        at = m.end()
    return out + [("end", "")]


def compare(op, a, b):
    """-> 1, 0, NULL when one is NULL; texts by their bytes, which is the order of code points."""
    if a is None or b is None:
        return None
    return int({"=": a == b, "!=": a != b, "<>": a != b, "<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b}[op])


def negated(a):
    return None if a is None else int(not a)


class Parser:
    """Recursive descent, loosest first: or, and, not, comparison, ||, + -, * / %, unary -, primary."""

    def __init__(self, text, types):
        self.tokens, self.at, self.types = tokens(text), 0, types

    def word(self, *words):
        kind, value = self.tokens[self.at]
        if (kind == "name" and value.lower() in words) or (kind == "op" and value in words):
            self.at += 1
            return value.lower()
        return None

    def expect(self, word):
        if not self.word(word):
            raise SyntaxError(f"{word} expected, not {self.tokens[self.at]}")

    def disjunction(self):
        left = self.conjunction()
        while self.word("or"):
            left = self.logic(left, self.conjunction(), 1)
        return left

    def conjunction(self):
        left = self.inversion()
        while self.word("and"):
            left = self.logic(left, self.inversion(), 0)
        return left

    @staticmethod
    def logic(left, right, decisive):
        """Three-valued; the right side is not computed when the left one decides."""
        f, g = left[1], right[1]

        def run(row):
            a = f(row)
            if a is not None and bool(a) == bool(decisive):
                return decisive
            b = g(row)
            if b is not None and bool(b) == bool(decisive):
                return decisive
            return None if a is None or b is None else 1 - decisive

        return INTEGER, run

    def inversion(self):
        if self.word("not"):
            _, f = self.inversion()
            return INTEGER, lambda row: negated(f(row))
        return self.comparison()

    def comparison(self):
        left = self.joined()
        while True:
            op = self.word("=", "!=", "<>", "<", "<=", ">", ">=", "is", "in", "not", "between")
            if op is None:
                return left
            left = self.compared(op, left)

    def compared(self, op, left):
        f = left[1]
        if op == "is":
            no = self.word("not")
            self.expect("null")
            return INTEGER, lambda row: int((f(row) is None) != bool(no))
        if op == "not":
            _, g = self.compared(self.word("in", "between"), left)
            return INTEGER, lambda row: negated(g(row))
        if op == "between":
            low = self.joined()
            self.expect("and")
            lower = INTEGER, self.pair(">=", left, low)
            upper = INTEGER, self.pair("<=", left, self.joined())
            return self.logic(lower, upper, 0)
        if op == "in":
            tests = [self.pair("=", left, item) for item in self.arguments()]

            def member(row):
                """Left to right, and no further than needed."""
                if f(row) is None:
                    return None
                unknown = False
                for t in tests:
                    if (found := t(row)) == 1:
                        return 1
                    unknown |= found is None
                return None if unknown else 0

            return INTEGER, member
        return INTEGER, self.pair(op, left, self.joined())

    @staticmethod
    def pair(op, left, right):
        f, g, _ = same_scale(left, right)
        return lambda row: compare(op, f(row), g(row))

    def joined(self):
        left = self.total()
        while self.word("||"):
            left = self.join(left, self.total())
        return left

    @staticmethod
    def join(left, right):
        f, g = left[1], right[1]

        def run(row):
            a, b = f(row), g(row)
            return None if a is None or b is None else a + b

        return TEXT, run

    def total(self):
        left = self.product()
        while op := self.word("+", "-"):
            left = functions.add(op, left, self.product())
        return left

    def product(self):
        left = self.unary()
        while op := self.word("*", "/", "%"):
            left = functions.multiply(op, left, self.unary())
        return left

    def unary(self):
        if not self.word("-"):
            return self.primary()
        kind, f = self.unary()
        return kind, lambda row: None if (v := f(row)) is None else fits(-v)

    def primary(self):
        kind, value = self.tokens[self.at]
        if kind == "op" and value == "(":
            self.at += 1
            inner = self.disjunction()
            self.expect(")")
            return inner
        self.at += 1
        if kind == "number":
            number, scale = int(value.replace(".", "")), len(value.partition(".")[2])
            return (("decimal", scale) if scale else INTEGER), lambda row: number
        if kind == "text":
            return TEXT, lambda row: value
        if kind == "name":
            return self.named(value)
        raise SyntaxError(f"{value!r} in an expression")

    def named(self, name):
        lower, following = name.lower(), self.tokens[self.at]
        if lower in ("true", "false"):
            return INTEGER, lambda row: int(lower == "true")
        if lower == "null":
            return NULL, lambda row: None
        if lower in ("date", "timestamp") and following[0] == "text":
            self.at += 1
            moment = read_time([Pattern("%F" if lower == "date" else "%F %T")], following[1], lower)
            return (lower, 0), lambda row: moment
        if following == ("op", "("):
            return functions.call(lower, self.arguments(), MAPS)
        kind = self.types[name]
        return kind, lambda row: row[name]

    def arguments(self):
        self.expect("(")
        items = []
        while not self.word(")"):
            items.append(self.disjunction())
            if not self.word(","):
                self.expect(")")
                break
        return items


def compile_expression(text, types):
    parser = Parser(text, types)
    result = parser.disjunction()
    if parser.tokens[parser.at][0] != "end":
        raise SyntaxError(f"{parser.tokens[parser.at]} behind `{text}`")
    return result


def condition(text, types):
    """f(row) -> whether a `where` holds: NULL, and what cannot be computed, is false."""
    if text is None:
        return lambda row: True
    _, f = compile_expression(text, types)

    def holds(row):
        try:
            return bool(f(row))
        except Misfit:
            return False

    return holds


def reads(text, types):
    """The columns that an expression names."""
    return {value for kind, value in tokens(text) if kind == "name" and value in types}
