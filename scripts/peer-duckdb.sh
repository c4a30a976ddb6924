#!/usr/bin/env bash
# DuckDB over the same files as peer-import.sh: it sniffs them, drops what the rules drop, and makes the same tables in a
# database of its own. Only dates are not sniffed: a rule judges their text. Needs Python's package duckdb; DUCKDB_PYTHON
# names the interpreter that has it (default: python3).
#
#     scripts/peer-duckdb.sh IN DB        the last lines are as in peer-import.sh
#     scripts/peer-duckdb.sh --probe      status 0 when it can run
python=${DUCKDB_PYTHON:-python3}
[ "$1" != --probe ] || exec "$python" -c 'import duckdb' 2>/dev/null
exec "$python" - "$1" "$2" <<'PY'
import glob, os, resource, sys, time
import duckdb

files = sorted(f for f in glob.glob(sys.argv[1] + "/20*.csv") if not f.endswith("_copy.csv"))
if os.path.exists(sys.argv[2]):
    os.remove(sys.argv[2])
used = lambda: sum(resource.getrusage(resource.RUSAGE_SELF)[:2])
begin, cpu = time.monotonic(), used()
db = duckdb.connect(sys.argv[2])
db.execute("""
BEGIN;
CREATE TEMP TABLE judged AS SELECT *, CASE
    WHEN row_number() OVER (PARTITION BY ALL_COLUMNS ORDER BY filename, n) > 1 THEN 'duplicate'
    WHEN try_strptime(InvoiceDate, '%Y-%m-%d %H:%M:%S') IS NULL THEN 'bad_date'
    WHEN starts_with(InvoiceNo, 'C') THEN 'cancellation'
    WHEN NOT regexp_full_match(InvoiceNo, '[0-9]+') THEN 'non_sale_invoice'
    WHEN Quantity < 1 THEN 'quantity_not_positive'
    WHEN UnitPrice <= 0 THEN 'price_not_positive' END AS rule
FROM (SELECT InvoiceNo::VARCHAR AS InvoiceNo, * EXCLUDE (InvoiceNo), row_number() OVER () AS n
      FROM read_csv(?, filename = true, union_by_name = true, types = {'InvoiceDate': 'VARCHAR'}));
""".replace("ALL_COLUMNS", "InvoiceNo, StockCode, Description, Quantity, InvoiceDate, UnitPrice, CustomerID, Country"), [files])
db.execute("""
CREATE TABLE sales AS SELECT InvoiceNo AS invoice, upper(StockCode) AS stock_code_upper,
    trim(Description) AS description, Quantity AS quantity, round(UnitPrice * 1000)::BIGINT AS price,
    Quantity * round(UnitPrice * 1000)::BIGINT AS revenue, CustomerID::BIGINT AS customer, Country AS country,
    try_cast(InvoiceDate AS TIMESTAMP) AS date, strftime(date, '%Y-%m') AS month, date::DATE AS day,
    date_trunc('hour', date) AS hour_start FROM judged WHERE rule IS NULL;
CREATE TABLE cancellations AS SELECT InvoiceNo AS invoice, upper(StockCode) AS stock_code_upper, Quantity AS quantity,
    Quantity * round(UnitPrice * 1000)::BIGINT AS revenue, CustomerID::BIGINT AS customer, Country AS country,
    try_cast(InvoiceDate AS TIMESTAMP) AS date, strftime(date, '%Y-%m') AS month FROM judged
    WHERE rule = 'cancellation';
CREATE TABLE quarantine AS SELECT * FROM judged WHERE rule IS NOT NULL;
CREATE TABLE rejects AS SELECT rule, count(*) AS rows FROM quarantine GROUP BY rule;
CREATE TABLE sales_total AS SELECT count(*) AS valid_lines, count(customer) AS with_customer, sum(revenue) AS revenue,
    sum(revenue) FILTER (WHERE customer IS NOT NULL) AS revenue_with_customer, sum(quantity) AS quantity,
    count(DISTINCT invoice) AS invoices, count(DISTINCT customer) AS customers,
    count(DISTINCT stock_code_upper) AS stock_codes FROM sales;
CREATE TABLE sales_by_day AS SELECT day, count(*) AS valid_lines, count(DISTINCT invoice) AS invoices,
    sum(quantity) AS quantity, sum(revenue) AS revenue FROM sales GROUP BY day;
CREATE TABLE sales_by_hour AS SELECT hour_start, count(*) AS valid_lines, sum(revenue) AS revenue FROM sales
    GROUP BY hour_start;
CREATE TABLE sales_by_country_month AS SELECT country, month, count(*) AS valid_lines,
    count(DISTINCT invoice) AS invoices, sum(quantity) AS quantity, count(DISTINCT customer) AS customers,
    sum(revenue) AS revenue FROM sales GROUP BY country, month;
CREATE TABLE sales_by_product AS SELECT stock_code_upper, arg_min(description, date) AS first_description,
    count(*) AS valid_lines, sum(quantity) AS quantity, sum(revenue) AS revenue FROM sales GROUP BY stock_code_upper;
CREATE TABLE sales_by_customer AS SELECT customer, min(date) AS first_purchase, max(date) AS last_purchase,
    count(DISTINCT invoice) AS invoices, sum(revenue) AS revenue FROM sales WHERE customer IS NOT NULL
    GROUP BY customer;
CREATE TABLE cancellations_month AS SELECT month, count(*) AS cancel_lines,
    count(DISTINCT invoice) AS cancel_invoices, sum(quantity) AS quantity, sum(revenue) AS value FROM cancellations
    GROUP BY month;
COMMIT;
CHECKPOINT;
""")
print("sales", *db.execute("SELECT count(*), sum(revenue) FROM sales").fetchone())
db.close()
print("took %.3f s, %.3f s of processor time" % (time.monotonic() - begin, used() - cpu))
PY
