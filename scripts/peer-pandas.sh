#!/usr/bin/env bash
# pandas over the same files as peer-import.sh: it reads them, drops what the rules drop, and writes the same tables into
# a SQLite database by to_sql. Needs Python's package pandas; PANDAS_PYTHON names the interpreter that has it (default:
# python3).
#
#     scripts/peer-pandas.sh IN DB        the last lines are as in peer-import.sh
#     scripts/peer-pandas.sh --probe      status 0 when it can run
python=${PANDAS_PYTHON:-python3}
[ "$1" != --probe ] || exec "$python" -c 'import pandas' 2>/dev/null
exec "$python" - "$1" "$2" <<'PY'
import glob, os, resource, sqlite3, sys, time
import numpy as np
import pandas as pd

files = sorted(f for f in glob.glob(sys.argv[1] + "/20*.csv") if not f.endswith("_copy.csv"))
if os.path.exists(sys.argv[2]):
    os.remove(sys.argv[2])
used = lambda: sum(resource.getrusage(resource.RUSAGE_SELF)[:2])
begin, cpu = time.monotonic(), used()
raw = pd.concat([pd.read_csv(f, dtype=str, keep_default_na=False) for f in files], ignore_index=True)
raw.columns = ["invoice", "stock_code", "description", "quantity", "date", "price", "customer", "country"]
date = pd.to_datetime(raw.date, format="%Y-%m-%d %H:%M:%S", errors="coerce")
quantity, price = pd.to_numeric(raw.quantity), pd.to_numeric(raw.price)
raw["rule"] = np.select(
    [raw.duplicated(), date.isna(), raw.invoice.str.startswith("C"), ~raw.invoice.str.fullmatch("[0-9]+"), quantity < 1,
     price <= 0],
    ["duplicate", "bad_date", "cancellation", "non_sale_invoice", "quantity_not_positive", "price_not_positive"], "")
lines = pd.DataFrame({
    "invoice": raw.invoice, "stock_code_upper": raw.stock_code.str.upper(), "description": raw.description.str.strip(),
    "quantity": quantity, "price": (price * 1000).round().astype("int64"),
    "customer": pd.to_numeric(raw.customer).astype("Int64"), "country": raw.country, "date": raw.date})
lines["revenue"] = lines.quantity * lines.price
lines["month"], lines["day"] = raw.date.str[:7], raw.date.str[:10]
lines["hour_start"] = raw.date.str[:13] + ":00:00"
sales, cancellations = lines[raw.rule == ""], lines[raw.rule == "cancellation"]
quarantine = raw[raw.rule != ""]

known = sales[sales.customer.notna()]
by_date = sales.sort_values(["date", "description"])
sums = {"valid_lines": ("revenue", "size"), "invoices": ("invoice", "nunique"), "quantity": ("quantity", "sum"),
        "revenue": ("revenue", "sum")}
pick = lambda *names: {n: sums[n] for n in names}
tables = {
    "sales": sales, "cancellations": cancellations, "quarantine": quarantine,
    "rejects": quarantine.groupby("rule").size().reset_index(name="rows"),
    "sales_total": pd.DataFrame([{
        "valid_lines": len(sales), "with_customer": len(known), "revenue": sales.revenue.sum(),
        "revenue_with_customer": known.revenue.sum(), "quantity": sales.quantity.sum(),
        "invoices": sales.invoice.nunique(), "customers": known.customer.nunique(),
        "stock_codes": sales.stock_code_upper.nunique()}]),
    "sales_by_day": sales.groupby("day").agg(**sums).reset_index(),
    "sales_by_hour": sales.groupby("hour_start").agg(**pick("valid_lines", "revenue")).reset_index(),
    "sales_by_country_month": sales.groupby(["country", "month"]).agg(**sums, customers=("customer", "nunique"))
        .reset_index(),
    "sales_by_product": by_date.groupby("stock_code_upper").agg(first_description=("description", "first"),
        **pick("valid_lines", "quantity", "revenue")).reset_index(),
    "sales_by_customer": known.groupby("customer").agg(first_purchase=("date", "min"), last_purchase=("date", "max"),
        **pick("invoices", "revenue")).reset_index(),
    "cancellations_month": cancellations.groupby("month").agg(**sums).reset_index(),
}
db = sqlite3.connect(sys.argv[2])
db.execute("PRAGMA journal_mode = WAL")
db.execute("PRAGMA synchronous = NORMAL")
for name, table in tables.items():
    table.to_sql(name, db, index=False)
db.commit()
db.close()
print("sales", len(sales), sales.revenue.sum())
print("took %.3f s, %.3f s of processor time" % (time.monotonic() - begin, used() - cpu))
PY
