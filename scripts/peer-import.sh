#!/usr/bin/env bash
# What a user would write instead of `etl run workloads/ecommerce/online_retail.json`: the sqlite3 shell imports every CSV
# file of a folder in one transaction, and SQL makes the same tables of it. `millrace bench speed --row batch-shop` runs it.
#
#     scripts/peer-import.sh IN DB        IN: the folder with the daily files; DB: a new database
#     scripts/peer-import.sh --probe      status 0 when it can run
#
# The last lines are what it made and what it took: "sales ROWS REVENUE", in thousandths, and
# "took SECONDS s, SECONDS s of processor time".
set -eu
[ "$1" != --probe ] || exec sqlite3 -version >/dev/null 2>&1
in=$1 db=$2
sql=$(mktemp)
trap 'rm -f "$sql"' EXIT
{
    cat <<'SQL'
PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 0; PRAGMA cache_size = -16384;
CREATE TEMP TABLE raw(invoice TEXT, stock_code TEXT, description TEXT, quantity TEXT, date TEXT, price TEXT,
                      customer TEXT, country TEXT);
BEGIN;
SQL
    for file in "$in"/20*.csv; do
        case $file in *_copy.csv) continue ;; esac # a file that is there already under another name
        printf '.import --csv --skip 1 --schema temp "%s" raw\n' "$file"
    done
    cat <<'SQL'
CREATE TEMP TABLE judged AS SELECT *, CASE
    WHEN row_number() OVER (PARTITION BY invoice, stock_code, description, quantity, date, price, customer, country
                            ORDER BY raw.rowid) > 1 THEN 'duplicate'
    WHEN datetime(date) IS NOT date THEN 'bad_date'
    WHEN invoice LIKE 'C%' THEN 'cancellation'
    WHEN invoice = '' OR invoice GLOB '*[^0-9]*' THEN 'non_sale_invoice'
    WHEN CAST(quantity AS INTEGER) < 1 THEN 'quantity_not_positive'
    WHEN CAST(price AS REAL) <= 0 THEN 'price_not_positive' END AS rule FROM raw;
CREATE TABLE sales(invoice TEXT, stock_code_upper TEXT, description TEXT, quantity INTEGER, price INTEGER,
    revenue INTEGER, customer INTEGER, country TEXT, date TEXT, month TEXT, day TEXT, hour_start TEXT);
INSERT INTO sales SELECT invoice, upper(stock_code), nullif(trim(description), ''), CAST(quantity AS INTEGER),
    CAST(round(price * 1000) AS INTEGER), CAST(quantity AS INTEGER) * CAST(round(price * 1000) AS INTEGER),
    CAST(nullif(customer, '') AS INTEGER), country, date, substr(date, 1, 7), substr(date, 1, 10),
    substr(date, 1, 13) || ':00:00' FROM judged WHERE rule IS NULL;
CREATE TABLE cancellations AS SELECT invoice, upper(stock_code) AS stock_code_upper,
    CAST(quantity AS INTEGER) AS quantity, CAST(round(price * 1000) AS INTEGER) AS price,
    CAST(quantity AS INTEGER) * CAST(round(price * 1000) AS INTEGER) AS revenue,
    CAST(nullif(customer, '') AS INTEGER) AS customer, country, date, substr(date, 1, 7) AS month
    FROM judged WHERE rule = 'cancellation';
CREATE TABLE quarantine AS SELECT * FROM judged WHERE rule IS NOT NULL;
CREATE TABLE rejects AS SELECT rule, count(*) AS rows FROM quarantine GROUP BY rule;
CREATE TABLE sales_total AS SELECT count(*) AS valid_lines, count(customer) AS valid_lines_with_customer,
    sum(revenue) AS revenue, sum(revenue) FILTER (WHERE customer IS NOT NULL) AS revenue_with_customer,
    sum(quantity) AS quantity, count(DISTINCT invoice) AS invoices, count(DISTINCT customer) AS customers,
    count(DISTINCT stock_code_upper) AS stock_codes FROM sales;
CREATE TABLE sales_by_day AS SELECT day, count(*) AS valid_lines, count(DISTINCT invoice) AS invoices,
    sum(quantity) AS quantity, sum(revenue) AS revenue FROM sales GROUP BY day;
CREATE TABLE sales_by_hour AS SELECT hour_start, count(*) AS valid_lines, sum(revenue) AS revenue
    FROM sales GROUP BY hour_start;
CREATE TABLE sales_by_country_month AS SELECT country, month, count(*) AS valid_lines,
    count(DISTINCT invoice) AS invoices, sum(quantity) AS quantity, count(DISTINCT customer) AS customers,
    sum(revenue) AS revenue FROM sales GROUP BY country, month;
CREATE TABLE sales_by_product AS SELECT stock_code_upper, substr(min(date || description), 20) AS first_description,
    count(*) AS valid_lines, sum(quantity) AS quantity, sum(revenue) AS revenue FROM sales GROUP BY stock_code_upper;
CREATE TABLE sales_by_customer AS SELECT customer, min(date) AS first_purchase, max(date) AS last_purchase,
    count(DISTINCT invoice) AS invoices, sum(revenue) AS revenue FROM sales WHERE customer IS NOT NULL
    GROUP BY customer;
CREATE TABLE cancellations_month AS SELECT month, count(*) AS cancel_lines,
    count(DISTINCT invoice) AS cancel_invoices, sum(quantity) AS quantity, sum(revenue) AS value
    FROM cancellations GROUP BY month;
COMMIT;
PRAGMA wal_checkpoint(TRUNCATE);
SQL
} >"$sql"
TIMEFORMAT='%R %U %S'
took=$({ time sqlite3 "$db" <"$sql" >/dev/null; } 2>&1 | tail -1)
echo "sales $(sqlite3 -separator ' ' "$db" 'SELECT count(*), sum(revenue) FROM sales')"
# shellcheck disable=SC2086 # three words
set -- $took
awk -v r="$1" -v u="$2" -v s="$3" 'BEGIN { printf "took %s s, %.3f s of processor time\n", r, u + s }'
