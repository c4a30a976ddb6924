"""market.py - the shop of labs 6 and 7, and the dirty files that its branches export.

A shop on the web with branches in Bologna, Boston and Naples. Everything follows from a seed:

    shop = Market(7)
    shop.customers, shop.orders        what is true: the answer key
    shop.write_orders(folder)          the same as the branches write it: European and American dates, ...

Each `write_...` function makes the files of one exercise; what a file hides (which line is a duplicate, which word
stands for "M") comes back from it, or is an attribute of the customers and orders. The checks make the same shop from the
same seed and so know the answer without asking the engine. Lines are counted as the engine counts them: from 1, the header
is line 1.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path

MEN = ["Nicolò", "Andrea", "Giosuè", "José", "Luca", "Marco", "Søren", "Paul"]
WOMEN = ["Zoë", "Chiara", "Noemi", "Aurélie", "Sofia", "Marta", "Inês", "Grace"]
# The apostrophe is the typographic one, U+2019: a byte of its own in windows-1252, a control character in ISO-8859-1.
FAMILIES = ["D’Angelo", "Dell’Oro", "Müller", "Peña", "Conti", "Rossi", "Bianchi", "Cantù", "O’Brien", "Ferrari"]
CITIES = ["Bologna", "Forlì", "Cefalù", "Roma", "Boston", "Napoli", "Cantù", "Torino"]
WORDS = {"M": ["Maschio", "maschio", "MASCHIO", " Maschio", "M", "m", "uomo"],
         "F": ["Femmina", "femmina", "FEMMINA", "Femmina ", "F", "f", "donna"],
         None: ["n.d.", "N.D.", ""],
         "?": ["boh", "Masculo", "X", "azienda"]}


@dataclass(frozen=True)
class Customer:
    """A customer as he or she is; `sex` is M, F, None (not said) or ? (a word nobody knows), `word` how the file says it."""

    id: int
    name: str
    sex: str | None
    word: str
    born: date
    city: str


@dataclass(frozen=True)
class Order:
    """An order as it was: `at` the wall clock of its branch, `cents` its amount; `line` where it stands in the branch's file."""

    id: int
    customer: int | None
    at: datetime
    cents: int
    branch: str
    line: int = 0


@dataclass(frozen=True)
class DirtyLine:
    """A line of write_dirty_orders(): `rule` is the reason for which it must be rejected, None for a good one."""

    line: int
    rule: str | None
    order: Order | None


@dataclass(frozen=True)
class FeedLine:
    """A line of write_feed(), in the order in which the orders came in; `rule` is why it must be rejected, None if it is good."""

    file: str
    line: int
    id: int
    branch: str
    at: datetime
    cents: int
    rule: str | None


def hour(at: datetime) -> str:
    """The hour that a moment is in, as a warehouse writes it."""
    return f"{at:%Y-%m-%d %H}:00:00"


def feed_text(line: FeedLine) -> str:
    """1042;boston;2025-06-01 08:40:00;12.50"""
    return f"{line.id};{line.branch};{line.at:%Y-%m-%d %H:%M:%S};{line.cents / 100:.2f}"


def euros(cents: int) -> str:
    """1.249,50: a point between thousands, a comma ahead of the cents."""
    sign, cents = ("-", -cents) if cents < 0 else ("", cents)
    return f"{sign}{cents // 100:,}".replace(",", ".") + f",{cents % 100:02}"


def dollars(cents: int) -> str:
    """$1,249.50"""
    return f"${cents // 100:,}.{cents % 100:02}"


def european(at: datetime) -> str:
    """31/12/2025 23:59"""
    return f"{at:%d/%m/%Y %H:%M}"


def american(at: datetime) -> str:
    """12/31/2025 11:59 PM, without leading zeros"""
    return f"{at.month}/{at.day}/{at.year} {at.hour % 12 or 12}:{at:%M %p}"


def write(path: Path, lines: list[str], encoding: str = "utf-8") -> None:
    """Writes lines with their ends; a folder that is missing is made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes("".join(line + "\n" for line in lines).encode(encoding))


class Market:
    """The shop of one seed."""

    def __init__(self, seed: int, customers: int = 24, orders: int = 90):
        self.seed = seed
        self.customers = self._customers(customers)
        self.orders = self._orders(orders)

    def draw(self, what: str) -> random.Random:
        """Random numbers for one purpose, so that one more draw in one place changes nothing elsewhere."""
        return random.Random(f"{self.seed}/{what}")

    def _customers(self, count: int) -> list[Customer]:
        draw = self.draw("customers")
        people = []
        # Every word is there at least once, whatever the seed; the rest is drawn.
        kinds = [(sex, word) for sex, words in WORDS.items() for word in words]
        while len(kinds) < count:
            sex = draw.choice(["M", "F"])
            kinds.append((sex, draw.choice(WORDS[sex])))
        draw.shuffle(kinds)
        for number, (sex, word) in enumerate(kinds):
            first = draw.choice(MEN if sex == "M" else WOMEN if sex == "F" else MEN + WOMEN)
            name = f"{first} {FAMILIES[number] if number < len(FAMILIES) else draw.choice(FAMILIES)}"
            born = date(1945, 1, 1) + timedelta(days=draw.randrange(22000))
            people.append(Customer(101 + number, name, sex, word, born, draw.choice(CITIES)))
        return people

    def _orders(self, count: int) -> list[Order]:
        draw = self.draw("orders")
        orders, line = [], {"bologna": 1, "boston": 1}
        for number in range(count):
            at = datetime(2025, 1, 1) + timedelta(minutes=draw.randrange(300 * 24 * 60))
            if number % 3 == 0:  # a day that is a month as well: 04/03 is two dates
                at = at.replace(month=draw.randrange(1, 6), day=draw.randrange(6, 13))
            cents = draw.choice([draw.randrange(100, 10000), draw.randrange(100000, 900000)])
            branch = draw.choice(["bologna", "boston"])
            line[branch] += 1
            orders.append(Order(1001 + number, draw.choice(self.customers).id, at, cents, branch, line[branch]))
        return orders

    # ---- types and dates

    def write_orders(self, folder: Path) -> None:
        """ordini_bologna.csv and orders_boston.csv: one order, two countries' habits."""
        write(folder / "ordini_bologna.csv", ["Ordine;Cliente;Data;Importo"] + [
            f"{o.id};{o.customer};{european(o.at)};{euros(o.cents)}" for o in self.orders if o.branch == "bologna"])
        write(folder / "orders_boston.csv", ["Date,Order,Customer,Amount"] + [
            f'{american(o.at)},{o.id},{o.customer},"{dollars(o.cents)}"' for o in self.orders if o.branch == "boston"])

    # ---- the dictionary

    def write_people(self, folder: Path) -> None:
        """clienti.csv: how many ways there are to write "M"."""
        write(folder / "clienti.csv", ["codice;nome;sesso"] + [f"{c.id};{c.name};{c.word}" for c in self.customers])

    # ---- encodings

    def branch_of(self, customer: Customer) -> str:
        """Which branch a customer belongs to."""
        return ["bologna", "boston", "napoli"][customer.id % 3]

    def write_encoded(self, folder: Path) -> None:
        """The same list from three programs: windows-1252, UTF-8, and the "Unicode text" of a spreadsheet, UTF-16 with tabs."""
        for branch, name, encoding, mark in (("bologna", "clienti_bologna.csv", "windows-1252", ";"),
                                             ("boston", "clienti_boston.csv", "utf-8", ";"),
                                             ("napoli", "clienti_napoli.txt", "utf-16", "\t")):
            write(folder / name, [f"codice{mark}nome{mark}citta"] + [
                f"{c.id}{mark}{c.name}{mark}{c.city}" for c in self.customers if self.branch_of(c) == branch], encoding)

    # ---- the join

    def moved(self) -> dict[int, str]:
        """The city of each customer in the end: some have moved since."""
        draw = self.draw("moves")
        return {c.id: draw.choice([x for x in CITIES if x != c.city]) if c.id % 3 == 0 else c.city for c in self.customers}

    def strangers(self) -> list[Order]:
        """All orders; of some the customer is in no list."""
        return [replace(o, customer=900 + o.id % 7) if o.id % 9 == 0 else o for o in self.orders]

    def write_join(self, folder: Path) -> None:
        """clienti.csv, where who has moved has a second line (and it is not always the lower one), and ordini.csv."""
        draw, now = self.draw("join"), self.moved()
        lines = [f"{c.id};{c.name};{c.city};2024-01-01 00:00:00" for c in self.customers]
        lines += [f"{c.id};{c.name};{now[c.id]};2025-02-01 00:00:00" for c in self.customers if now[c.id] != c.city]
        draw.shuffle(lines)
        write(folder / "clienti.csv", ["codice;nome;citta;dal"] + lines)
        write(folder / "ordini.csv", ["ordine;cliente;data;importo"] + [
            f"{o.id};{o.customer};{o.at:%Y-%m-%d %H:%M:%S};{euros(o.cents)}" for o in self.strangers()])

    # ---- rejects

    def write_dirty_orders(self, folder: Path) -> list[DirtyLine]:
        """ordini.csv with every kind of dirt at a place of its own; what becomes of each line."""
        draw = self.draw("dirt")
        texts: list[str] = []
        truth: list[DirtyLine] = []

        def add(text: str, rule: str | None, order: Order | None = None) -> None:
            texts.append(text)
            truth.append(DirtyLine(len(texts) + 1, rule, order))

        def row(o: Order, at: str | None = None, amount: str | None = None, customer: str | None = None) -> str:
            return ";".join([str(o.id), str(o.customer) if customer is None else customer,
                             european(o.at) if at is None else at, euros(o.cents) if amount is None else amount])

        seen: list[Order] = []
        for number, o in enumerate(self.orders):
            kind = number % 10
            if number == 1:  # less than one, and more than nothing
                o = replace(o, cents=draw.randrange(1, 100))
            if kind == 3:
                add(row(o, at=draw.choice(["31/02/2025 10:00", "29/02/2025 09:30", "oggi", "12/25/2025 08:00"])), "bad_date")
            elif kind == 5:
                add(row(o, amount=euros(-draw.randrange(1, 5000)) if draw.random() < 0.7 else "0,00"), "not_positive")
            elif kind == 6:
                add(row(o, customer=""), "no_customer")
            elif kind == 7:  # two things are wrong: the first rule in the list has it
                add(row(o, at="32/01/2025 00:00", amount=euros(-o.cents), customer=""), "bad_date")
            elif kind == 8:  # in pieces
                add(f"{o.id};{o.customer};{european(o.at)}", "format")
            else:
                add(row(o), None, o)
                seen.append(o)
                if kind == 4:  # the same line once more
                    add(row(o), "duplicate")
                if kind == 9:  # the number of another order, and this is not the same line
                    taken = draw.choice(seen)
                    add(row(replace(taken, cents=taken.cents + len(texts))), "same_number")
        write(folder / "ordini.csv", ["ordine;cliente;data;importo"] + texts)
        return truth

    # ---- evening after evening

    def days(self, count: int = 3) -> list[list[Order]]:
        """The orders in `count` parts, as the shop exports them evening after evening."""
        return [self.orders[number::count] for number in range(count)]

    def write_day(self, folder: Path, number: int) -> None:
        """ordini_1.csv, ordini_2.csv, ...: the orders of one day."""
        write(folder / f"ordini_{number}.csv", ["ordine;cliente;data;importo"] + [
            f"{o.id};{o.customer};{european(o.at)};{euros(o.cents)}" for o in self.days()[number - 1]])

    def write_broken_day(self, folder: Path, number: int) -> None:
        """A day after somebody has "improved" the export: American dates, points for commas."""
        write(folder / f"ordini_{number}.csv", ["ordine;cliente;data;importo"] + [
            f"{o.id};{o.customer};{american(o.at)};{o.cents / 100:.2f}" for o in self.days()[number - 1]])

    # ---- the feed of lab 7

    def feed(self, count: int = 240, duplicates: bool = True) -> list[FeedLine]:
        """Orders in the order in which they come in, an event every 40 seconds: some come late, some amounts are nonsense (and
        so is the clock that wrote them), some lines come twice."""
        draw = self.draw("feed")
        start = datetime(2025, 6, 1, 8)
        lines: list[FeedLine] = []
        file, line = "ordini_1.csv", 1

        def add(id: int, branch: str, at: datetime, cents: int, rule: str | None) -> None:
            nonlocal file, line
            if len(lines) == count // 2:
                file, line = "ordini_2.csv", 1
            line += 1
            lines.append(FeedLine(file, line, id, branch, at, cents, rule))

        for number in range(count):
            at, kind = start + timedelta(seconds=40 * number), draw.random()
            if 100 <= number < 106:  # a phone finds its network again: some of these follow each other in a partition, so that a clock
                at, kind = at - timedelta(hours=1), 1.0  # that goes back with a late order is found out with every seed
            elif kind < 0.25:  # late, by as much as is just allowed and by a little more
                at -= timedelta(seconds=draw.choice([80, 600, 640, 680, 720]))
            elif kind < 0.33:
                at -= timedelta(minutes=draw.randrange(30, 300))
            branch, cents = draw.choice(["bologna", "boston", "napoli"]), draw.randrange(100, 90000)
            if 0.33 <= kind < 0.37 or number == 20:
                add(5001 + number, branch, datetime(2099, 1, 1), -cents, "not_positive")
                continue
            add(5001 + number, branch, at, cents, None)
            if duplicates and draw.random() < 0.08:
                twin = draw.choice([one for one in lines if one.rule is None])
                add(twin.id, twin.branch, twin.at, twin.cents, "duplicate")
        return lines

    def write_feed(self, folder: Path, duplicates: bool = True) -> list[FeedLine]:
        """ordini_1.csv and ordini_2.csv: the feed, as two files."""
        lines = self.feed(duplicates=duplicates)
        for name in ("ordini_1.csv", "ordini_2.csv"):
            write(folder / name, ["ordine;filiale;data;importo"] + [feed_text(one) for one in lines if one.file == name])
        return lines

    # ---- what lab 7 computes with

    def table(self) -> tuple[list[str], list[tuple]]:
        """Columns (not in order of their names) and rows, all different: NULLs, numbers, and texts that run into each other."""
        draw = self.draw("table")
        texts = [None, "", "a", "ab", "abc", "b", "bc", "Forlì", "Zoë", "10", "9"]
        numbers = [None, 0, 7, -3, 10, 9, 123456789]
        rows = {(draw.choice(texts), draw.choice(numbers), draw.choice(texts), draw.choice(numbers)) for _ in range(40)}
        rows |= {(None, None, None, None), ("a", 1, "bc", None), ("ab", 1, "c", None), ("", 1, None, 2), (None, 1, "", 2)}
        return ["name", "amount", "city", "Zone"], sorted(rows, key=repr)

    def shift(self) -> tuple[dict[int, int], list[tuple[int, list[int]]]]:
        """Arrivals of orders, in milliseconds, and what a reader saw when: everything that had arrived a little before."""
        draw = self.draw("shift")
        arrived = {order.id: draw.randrange(1, 20000) for order in self.orders[:40]}
        looks, at = [], 0
        while at < 21000:
            at += draw.randrange(100, 1500)
            seen = sorted(order for order, when in arrived.items() if when <= at - draw.randrange(10, 60))
            looks.append((at, seen))
        return arrived, [(at, sorted(set().union(*(seen for _, seen in looks[:n])))) for n, (at, _) in enumerate(looks, 1)]
