#!/usr/bin/env python3
"""A second opinion on the truth of order lines in the Online Retail layout.

    retail.py INPUT_DIR TRUTH_DIR      exit 0 when every figure is the same, else 1

Written from the rules alone (RULES.md of the ground truth), with Python's csv and Decimal. It shares no
code with the generator, whose truth it checks, nor with the pipelines.
"""
import collections
import csv
import re
from decimal import Decimal

import common

DATE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")


def files_of(folder):
    """The web shop's files (those of the branches have other dialects); of identical ones the first."""
    seen = set()
    for path in sorted(folder.glob("[!b]*.csv"), key=lambda p: p.name.encode()):
        content = path.read_bytes()
        if content not in seen:
            yield path
        seen.add(content)


def rows_of(folder):
    for path in files_of(folder):
        with open(path, newline="", encoding="utf-8") as file:
            reader = csv.reader(file)
            next(reader)
            yield from reader


def bucket(row):
    invoice, _, _, quantity, date, price, _, _ = row
    if not DATE.fullmatch(date):
        return "bad_date"
    if invoice.startswith("C"):
        return "cancellation"
    if not re.fullmatch("[0-9]+", invoice):
        return "non_sale_invoice"
    if int(quantity) <= 0:
        return "quantity_not_positive"
    if Decimal(price) <= 0:
        return "price_not_positive"
    return None


def money(value):
    return f"{value:.3f}"


class Group:
    def __init__(self):
        self.lines, self.quantity, self.value = 0, 0, Decimal(0)
        self.invoices, self.customers = set(), set()
        self.first = self.last = None

    def add(self, row):
        invoice, _, _, quantity, date, price, customer, _ = row
        self.lines += 1
        self.quantity += int(quantity)
        self.value += int(quantity) * Decimal(price)
        self.invoices.add(invoice)
        if customer:
            self.customers.add(customer)
        self.first = min(self.first or date, date)
        self.last = max(self.last or date, date)


def count(folder):
    seen, rejected = set(), collections.Counter()
    groups = collections.defaultdict(lambda: collections.defaultdict(Group))
    total, known = Group(), Group()
    data_rows = 0
    for row in rows_of(folder):
        data_rows += 1
        key = tuple(row)
        why = "duplicate" if key in seen else bucket(row)
        seen.add(key)
        if why == "cancellation":
            groups["cancel"][row[4][:7]].add(row)
        if why:
            rejected[why] += 1
            continue
        if row[6]:
            row[6] = str(int(float(row[6])))
            known.add(row)
            groups["customer"][row[6]].add(row)
        total.add(row)
        groups["stock"][row[1].upper()].add(row)
        groups["day"][row[4][:10]].add(row)
        groups["hour"][row[4][:13] + ":00:00"].add(row)
        groups["country"][row[7], row[4][:7]].add(row)
    stock = groups["stock"].items()

    def top(measure):
        best = sorted(stock, key=lambda item: (-measure(item[1]), item[0].encode()))[:10]
        return [(n + 1, code, g.lines, g.quantity, money(g.value)) for n, (code, g) in enumerate(best)]

    summary = {
        "data_rows": data_rows,
        "exact_duplicate_rows_dropped": rejected["duplicate"],
        "rejected_by_first_failing_rule": {why: n for why, n in rejected.items() if n},
        "valid_lines": total.lines,
        "valid_lines_with_customer": known.lines,
        "revenue": money(total.value),
        "revenue_with_customer": money(known.value),
        "quantity": total.quantity,
        "distinct_valid_invoices": len(total.invoices),
        "distinct_valid_customers": len(total.customers),
        "distinct_stock_codes_upper": len(stock),
        "country_months": len(groups["country"]),
        "hours_with_sales": len(groups["hour"]),
    }
    tables = {
        "cancellations_by_month": [(m, g.lines, len(g.invoices), g.quantity, money(g.value))
                                   for m, g in groups["cancel"].items()],
        "customers": [(c, g.first, g.last, len(g.invoices), money(g.value)) for c, g in groups["customer"].items()],
        "daily": [(d, g.lines, len(g.invoices), g.quantity, money(g.value)) for d, g in groups["day"].items()],
        "revenue_by_country_month": [(c, m, g.lines, len(g.invoices), g.quantity, len(g.customers), money(g.value))
                                     for (c, m), g in groups["country"].items()],
        "revenue_by_hour": [(h, g.lines, money(g.value)) for h, g in groups["hour"].items()],
        "top10_products_by_quantity": top(lambda g: g.quantity),
        "top10_products_by_revenue": top(lambda g: g.value),
    }
    return summary, tables


if __name__ == "__main__":
    common.main(count, drop=("first_description",))
