#!/usr/bin/env python3
"""A second opinion on the truth of a generated shop.

    shop.py INPUT_DIR TRUTH_DIR      exit 0 when every figure is the same, else 1

Written from the rules alone (RULES.md of the ground truth): it reads every file back with Python's own csv, json,
xml and sqlite3. It shares no code with the generator, whose truth it checks, nor with the pipelines.
"""
import collections
import csv
import datetime
import json
import re
import sqlite3
import xml.etree.ElementTree
from decimal import Decimal

import common

EVENTS = ("item_added_to_cart", "item_removed_from_cart", "order_placed", "payment_captured", "payment_failed",
          "payment_refunded", "order_cancelled", "parcel_shipped", "parcel_delivered")
MESSAGES = EVENTS + ("payments", "shipments")
FEEDS = MESSAGES + ("orders", "branch_eu", "branch_us", "customers", "legacy_customers", "nations", "products", "inventory")
TIME = {"payments": "created", "shipments": "shipped"}
CURRENCY = {"web": "GBP", "branch_eu": "EUR", "branch_us": "USD"}

COUNTRIES = {
    "United Kingdom": "uk|u.k.|great britain|regno unito", "Germany": "deutschland|germania|de",
    "France": "francia|fr", "EIRE": "ireland|irlanda|ie", "Spain": "españa|spagna|es",
    "Netherlands": "holland|the netherlands|paesi bassi|nl", "Belgium": "belgio|belgique|be",
    "Switzerland": "svizzera|schweiz|ch", "Italy": "italia|it", "USA": "united states|u.s.a.|us|stati uniti",
    "Austria": "österreich",
}
SPELLINGS = {spelling: name for name, others in COUNTRIES.items() for spelling in [name.lower(), *others.split("|")]}


def country_of(text):
    return SPELLINGS.get(text.strip().lower(), text)


def money(value):
    return f"{value:.3f}"


def files_of(folder, pattern):
    seen = set()
    for path in sorted(folder.glob(pattern), key=lambda p: p.name.encode()):
        content = path.read_bytes()
        if content not in seen:
            yield content
        seen.add(content)


class Feed:
    def __init__(self):
        self.read, self.accepted, self.rejected = 0, 0, collections.Counter()

    def count(self, why):
        self.read += 1
        if why:
            self.rejected[why] += 1
        else:
            self.accepted += 1
        return why

    def summary(self):
        return {"read": self.read, "accepted": self.accepted, "rejected": dict(self.rejected)}


# --- order lines ---

def number(text, channel):
    if channel == "branch_eu":
        text = text.removesuffix(" €").replace(".", "").replace(",", ".")
    if channel == "branch_us":
        text = text.replace("$", "").replace(",", "")
    return Decimal(text)


def instant(text, channel):
    pattern = {"web": "%Y-%m-%d %H:%M:%S", "branch_eu": "%d/%m/%Y %H:%M", "branch_us": "%m/%d/%Y %I:%M %p"}[channel]
    if channel == "web" and not re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", text):
        return None
    try:
        return datetime.datetime.strptime(text, pattern)
    except ValueError:
        return None


def lines_of(folder, channel):
    pattern = "[!b]*.csv" if channel == "web" else f"{channel}-*.csv"
    encoding = "cp1252" if channel == "branch_eu" else "utf-8-sig"
    for content in files_of(folder, pattern):
        for line in content.split(b"\n")[1:]:
            if not line:
                continue
            try:
                text = line.decode(encoding)
            except UnicodeDecodeError:
                yield None
                continue
            row = next(csv.reader([text], delimiter=";" if channel == "branch_eu" else ","))
            yield tuple(row) if len(row) == 8 else None


def line_verdict(row, seen, channel):
    if row is None:
        return "format"
    if row in seen:
        return "duplicate"
    seen.add(row)
    if not instant(row[4], channel):
        return "bad_date"
    if channel == "web" and row[0].startswith("C"):
        return "cancellation"
    if channel == "web" and not row[0].isdigit():
        return "non_sale_invoice"
    if int(row[3]) <= 0:
        return "quantity_not_positive"
    return None if number(row[5], channel) > 0 else "price_not_positive"


class Sum:
    def __init__(self):
        self.lines, self.quantity, self.value, self.invoices = 0, 0, Decimal(0), set()

    def add(self, invoice, quantity, price):
        self.lines += 1
        self.quantity += quantity
        self.value += quantity * price
        self.invoices.add(invoice)


def read_sales(folder, feeds, category, genders):
    groups = collections.defaultdict(lambda: collections.defaultdict(Sum))
    orders, sold = {}, collections.Counter()
    for channel, feed in (("web", "orders"), ("branch_eu", "branch_eu"), ("branch_us", "branch_us")):
        seen = set()
        for row in lines_of(folder, channel):
            why = feeds[feed].count(line_verdict(row, seen, channel))
            if why == "cancellation":
                sold[row[1].upper()] += int(row[3])
            if why:
                continue
            invoice, code, _, quantity, date, price, customer, country = row
            customer = customer.removesuffix(".0")
            quantity, price, code = int(quantity), number(price, channel), code.upper()
            day = instant(date, channel).date().isoformat()
            country = country_of(country)
            currency = CURRENCY[channel]
            sold[code] += quantity
            for group, key in (("day", (day, channel, currency)), ("country", (country, currency)),
                               ("category", (category.get(code, "unknown"), currency)), ("product", code),
                               ("gender", (genders.get(customer, "unknown") if customer else "nobody", currency))):
                groups[group][key].add(invoice, quantity, price)
            if channel == "web":
                order = orders.setdefault(invoice, {"customer": customer, "country": country,
                                                    "day": day, "sum": Sum()})
                order["sum"].add(invoice, quantity, price)
    return groups, orders, sold


# --- messages ---

def moment(text):
    try:
        return datetime.datetime.fromisoformat(text).astimezone(datetime.timezone.utc)
    except ValueError:
        return None


def amount_of(kind, record):
    """The figure that must be a number, or None when the kind has none."""
    if kind == "payments":
        return record["amount"]["value"]
    return record.get({"item_added_to_cart": "quantity", "item_removed_from_cart": "quantity", "order_placed": "total",
                       "shipments": "parcels"}.get(kind, "amount"))


def message_verdict(kind, record, seen):
    if record is None:
        return "format"
    if record["id"] in seen:
        return "duplicate"
    seen.add(record["id"])
    if not moment(record[TIME.get(kind, "at")]):
        return "bad_date"
    if record["cart" if kind.startswith("item") else "order"] is None:
        return "no_reference"
    value = amount_of(kind, record)
    return None if value is None or re.fullmatch(r"-?\d+(\.\d+)?", str(value)) else "bad_amount"


def records_of(folder, kind):
    for content in files_of(folder, f"{kind}-*.ndjson"):
        for line in content.splitlines():
            try:
                yield json.loads(line.decode("utf-8"), parse_float=Decimal)
            except ValueError:
                yield None


def read_messages(folder, feeds):
    accepted = {}
    for kind in MESSAGES:
        seen, accepted[kind] = set(), []
        for record in records_of(folder, kind):
            if feeds[kind].count(message_verdict(kind, record, seen)) is None:
                record["moment"] = moment(record[TIME.get(kind, "at")])
                accepted[kind].append(record)
    return accepted


def funnel(messages):
    carts = {}
    for record in messages["item_added_to_cart"]:
        day = record["moment"].date().isoformat()
        carts[record["cart"]] = min(day, carts.get(record["cart"], day))
    orders = {kind: {r["order"] for r in messages[kind]} for kind in EVENTS if not kind.startswith("item")}
    placed = {r["cart"]: r["order"] for r in messages["order_placed"]}
    days = collections.defaultdict(lambda: [0] * 5)
    for cart, day in carts.items():
        days[day][0] += 1
        order = placed.get(cart)
        for step, kind in enumerate(("order_placed", "payment_captured", "parcel_shipped", "parcel_delivered"), 1):
            if order not in orders[kind]:
                break
            days[day][step] += 1
    return [(day, *counts) for day, counts in days.items()]


def order_states(orders, messages):
    by_order = {kind: collections.defaultdict(list) for kind in MESSAGES}
    for kind in MESSAGES:
        for record in messages[kind]:
            by_order[kind][record.get("order")].append(record)
    for invoice, order in orders.items():
        payments = by_order["payments"][invoice]
        tries = [p for p in payments if p["status"] != "refunded"]
        sums = {s: sum(Decimal(p["amount"]["value"]) for p in payments if p["status"] == s) for s in ("captured", "refunded")}
        states = {p["status"] for p in tries}
        state = "captured" if "captured" in states else "failed" if states else "none"
        yield (invoice, order["customer"], order["country"], order["day"], order["sum"].lines,
               money(order["sum"].value), len(tries), state, money(sums["captured"]), money(sums["refunded"]),
               len(by_order["shipments"][invoice]), len(by_order["parcel_delivered"][invoice]),
               int(bool(by_order["order_cancelled"][invoice])))


def fraud(payments):
    hours = collections.defaultdict(list)
    for p in payments:
        hours[p["customer"], p["moment"].strftime("%Y-%m-%d %H:00:00")].append(p)
    for (customer, hour), group in hours.items():
        cards = {p["card"] for p in group if p["card"]}
        if customer is not None and len(cards) >= 5:
            captured = [Decimal(p["amount"]["value"]) for p in group if p["status"] == "captured"]
            yield customer, hour, len(group), len(cards), len(captured), money(sum(captured))


# --- the rest ---

def is_date(text):
    try:
        return bool(re.fullmatch(r"\d{4}-\d\d-\d\d", text) and datetime.date.fromisoformat(text))
    except ValueError:
        return False


def read_customers(folder, feeds):
    people, countries = {}, collections.Counter()
    database = sqlite3.connect(f"file:{folder}/shop.db?mode=ro", uri=True)
    known = {"m": "M", "maschio": "M", "1": "M", "f": "F", "femmina": "F", "2": "F"}
    for number, gender, country, registered in database.execute(
            "SELECT customer_id, gender, country, registered FROM customers"):
        if feeds["customers"].count(None if is_date(registered) else "bad_date") is None:
            people["shop", str(number)] = known.get((gender or "").strip().lower(), "unknown")
            countries["shop", country_of(country)] += 1
    for (_,) in database.execute("SELECT COD_NAZ FROM TAB_NAZIONI"):
        feeds["nations"].count(None)
    for number, gender, country, registered in database.execute(
            "SELECT COD_CLI, SESSO, DES_NAZ, DT_REG FROM ANAGRAFICA_CLIENTI LEFT JOIN TAB_NAZIONI USING (COD_NAZ)"):
        registered = re.sub(r"(\d{4})(\d\d)(\d\d)", r"\1-\2-\3", str(registered))
        if feeds["legacy_customers"].count(None if is_date(registered) else "bad_date") is None:
            people["legacy", number] = known.get(gender.lower(), "unknown")
            countries["legacy", country] += 1
    return people, countries


def read_products(folder, feeds):
    category = {}
    for product in xml.etree.ElementTree.parse(folder / "catalogue.xml").getroot().iter("product"):
        code = product.get("code").upper()
        if feeds["products"].count("duplicate" if code in category else None) is None:
            category[code] = product.find("category").text
    return category


def read_stock(folder, feeds, sold):
    for item in json.loads((folder / "inventory.json").read_text(encoding="utf-8"))["items"]:
        feeds["inventory"].count(None)
        code, stock = item["code"].upper(), item["stock"]
        expected = stock["initial"] - sold[code]
        if stock["on_hand"] != expected:
            yield code, stock["on_hand"], expected, stock["on_hand"] - expected


def count(folder):
    feeds = {name: Feed() for name in FEEDS}
    category = read_products(folder, feeds)
    people, countries = read_customers(folder, feeds)
    genders = collections.Counter((system, gender) for (system, _), gender in people.items())
    groups, orders, sold = read_sales(folder, feeds, category, {number: gender for (_, number), gender in people.items()})
    messages = read_messages(folder, feeds)
    by_day = collections.Counter((kind, r["moment"].date().isoformat()) for kind in MESSAGES for r in messages[kind])
    methods = collections.defaultdict(list)
    for p in messages["payments"]:
        methods[p["method"], p["status"]].append(Decimal(p["amount"]["value"]))
    top = sorted(groups["product"].items(), key=lambda item: (-item[1].quantity, item[0].encode()))[:20]
    frauds = list(fraud(messages["payments"]))
    states = list(order_states(orders, messages))
    tables = {
        "revenue_by_day": [(*k, g.lines, len(g.invoices), g.quantity, money(g.value)) for k, g in groups["day"].items()],
        "revenue_by_country": [(*k, g.lines, g.quantity, money(g.value)) for k, g in groups["country"].items()],
        "revenue_by_category": [(*k, g.lines, g.quantity, money(g.value)) for k, g in groups["category"].items()],
        "revenue_by_gender": [(*k, g.lines, g.quantity, money(g.value)) for k, g in groups["gender"].items()],
        "top_products": [(n, code, g.lines, g.quantity) for n, (code, g) in enumerate(top, 1)],
        "order_states": states,
        "funnel": funnel(messages),
        "fraud": frauds,
        "messages_by_day": [(*key, n) for key, n in by_day.items()],
        "payments_by_method": [(*k, len(v), money(sum(v))) for k, v in methods.items()],
        "customers_by_gender": [(*key, n) for key, n in genders.items()],
        "customers_by_country": [(*key, n) for key, n in countries.items()],
        "stock": list(read_stock(folder, feeds, sold)),
    }
    summary = {
        "feeds": {name: feed.summary() for name, feed in feeds.items()},
        "orphans": {kind: n for kind in MESSAGES[3:] if (n := sum(r["order"] not in orders for r in messages[kind]))},
        "web_orders": len(orders),
        "orders_not_settled": sum(value != paid for *_, value, _, _, paid, _, _, _, _ in states),
        "fraud_cases": len(frauds),
    }
    return summary, tables


if __name__ == "__main__":
    common.main(count)
