"""drawing.py - chance, and how what was drawn is counted: the base of everything that draws."""

from draw_expression import Expressions


class Drawing:
    """What everything that draws needs: a source of chance and the counters of what was drawn."""

    def __init__(self, rng, cover):
        self.rng, self.cover = rng, cover
        self.changing = False  # rows are to move from good to bad and back, as records arrive in another order
        self.lists = set()  # columns that often have lists for `split`
        self.beside = {}  # files that stand beside the definition

    def chance(self, p):
        return self.rng.random() < p

    def pick(self, items):
        return self.rng.choice(items)

    def option(self, target, key, p, *values):
        """Sets an option now and then."""
        if self.chance(p):
            target[key] = self.pick(values)
            self.cover("option", f"{key}={target[key]!r}"[:40])

    def expression(self, types, family, depth):
        """(text, type)"""
        return Expressions(self.rng, types, self.cover).draw(family, depth)

    def condition(self, types, depth=2):
        return self.expression(types, "condition", depth)[0]

    def constant(self, kind):
        if kind[0] == "integer":
            return self.pick([0, 1, 2, 5, 10, 100, -1])
        if kind[0] == "decimal":
            return self.pick(["0", "1", "2.5", "10", "-1", "0.1"])
        if kind[0] == "timestamp":
            return self.pick(["2024-01-01 00:00:00", "2024-02-29 12:00:00", "2024-12-31 23:59:59", "1970-01-01 00:00:00"])
        if kind[0] == "date":
            return self.pick(["2024-01-01", "2024-02-29", "2024-12-31", "1970-01-01"])
        return self.pick(["a", "b", "ab", "", "x", "GET", "é", "12"])
