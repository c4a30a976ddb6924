#!/usr/bin/env bash
# load_modes.sh - append, incremental, upsert: after every step the warehouse equals a full refresh over what was seen.
cd "$(dirname "$0")/../.." || exit 2
. tests/e2e/lib.sh
in=$scratch/in
mkdir "$in"

# load MODE DEFINITION: into $scratch/MODE.db; fails when it does not end with 0
load() { "$MILLRACE" etl run "$scratch/$2.json" --in "$in" --db "$scratch/$1.db" --mode "$1" "${@:3}" >"$scratch/out" 2>"$scratch/err" || fail "$1: $(tail -2 "$scratch/err")"; }

# equals MODE DEFINITION [DIR]: the same tables as a full refresh
equals() {
    rm -f "$scratch"/full.db*
    "$MILLRACE" etl run "$scratch/$2.json" --in "${3:-$in}" --db "$scratch/full.db" 2>"$scratch/err" || fail "full: $(tail -2 "$scratch/err")"
    "$MILLRACE" warehouse compare "$scratch/$1.db" "$scratch/full.db" >"$scratch/out" || fail "$1 differs from full: $(head -20 "$scratch/out")"
}

# refused STATUS TEXT MODE DEFINITION [OPTION...]: and the tables stay as they are
refused() {
    local before status
    before=$("$MILLRACE" warehouse digest "$scratch/$3.db")
    timeout 20 "$MILLRACE" etl run "$scratch/$4.json" --in "$in" --db "$scratch/$3.db" --mode "$3" "${@:5}" >/dev/null 2>"$scratch/err"
    status=$?
    [ $status -eq "$1" ] || fail "status $status, not $1: $(tail -2 "$scratch/err")"
    grep -qE -- "$2" "$scratch/err" || fail "no \"$2\" in: $(tail -2 "$scratch/err")"
    [ "$("$MILLRACE" warehouse digest "$scratch/$3.db")" = "$before" ] || fail "the tables changed"
}
last() { sqlite3 "$scratch/$1.db" "SELECT $2 FROM etl_runs ORDER BY run DESC LIMIT 1"; }
is() { [ "$2" = "$3" ] || fail "$1: $2, not $3"; }

cat >"$scratch/shop.json" <<'JSON'
{"pipeline": "shop", "version": 1,
 "source": {"format": "csv", "glob": "day*.csv*", "time": "at", "in_file": {"repeats": true, "lateness": true}, "columns": [
   {"name": "id", "type": "integer"}, {"name": "who", "type": "text"}, {"name": "n", "type": "integer"},
   {"name": "at", "type": "timestamp", "format": "%Y-%m-%d %H:%M:%S"}]},
 "rules": [{"rule": "unique", "name": "twice", "columns": "all"},
           {"rule": "range", "name": "negative", "column": "n", "min": 0},
           {"rule": "in", "name": "stranger", "column": "who", "values": ["ann", "bob"], "severity": "warn"}],
 "tables": [{"name": "rows", "columns": ["id", "who", "n", "at", "_repeated", "_late_s"], "primary_key": ["id"]},
            {"name": "by_who", "aggregate": "rows", "by": ["who"], "columns": {"c": "count()", "s": "sum(n)", "l": "last(id)"}},
            {"name": "visits", "sessionize": "rows", "by": ["who"], "time": "at", "gap_s": 60, "columns": {"c": "count()"}}]}
JSON
day() { printf 'id,who,n,at\n' && cat; }

story "append: three days"
day >"$in/day1.csv" <<'CSV'
1,ann,5,2024-01-01 10:00:00
2,bob,-1,2024-01-01 10:00:20
2,bob,-1,2024-01-01 10:00:20
CSV
load append shop
equals append shop
printf '3,ann,2,2024-01-02 10:00:00\n4,eve,1,2024-01-02 10:00:30\n' | day >"$in/day2.csv"
load append shop
equals append shop
is "read of two" "$(last append "mode || read || status || files")" append2done1
printf '5,ann,2,2024-01-01 10:00:30\n' | day | gzip -n >"$in/day3.csv.gz"
load append shop
equals append shop
load append shop
is "nothing new" "$(last append "read || status || files")" 0done0

story "a log that grew, a file cut in the middle of a row, a quote that is closed later"
printf '6,bob,7,2024-01-02 10:00:40\n7,ann,1' >>"$in/day2.csv"
load append shop
equals append shop
printf '2,2024-01-02 10:05:00\n8,"bob,1,2024-01-02 10:06:00\n9,ann,1,2024-01-02 10:07:00\n' >>"$in/day2.csv"
load append shop
equals append shop
printf '",4,2024-01-02 10:08:00\n10,ann,1,2024-01-02 10:09:00' >>"$in/day2.csv"
load append shop
equals append shop
printf '\n11,eve,1,2024-01-02 10:10:00\n' >>"$in/day2.csv"
load append shop
equals append shop
printf '12,ann,3,2024-01-03 10:00:00\n' | gzip -n >>"$in/day3.csv.gz"
load append shop
equals append shop

story "a header line that comes in two pieces"
printf 'id,wh' >"$in/day4.csv"
load append shop
grep -q "day4.csv has no whole header line yet" "$scratch/err" || fail "not said: $(cat "$scratch/err")"
is "nothing of it" "$(last append "read || status")" 0done
printf 'o,n,at\n99,ann,3,2024-01-03 11:00:00\n' >>"$in/day4.csv"
load append shop
equals append shop

story "copies: of a loaded file, with a smaller name, and one that is no copy any more"
cp "$in/day1.csv" "$in/day1b.csv"
load append shop
equals append shop
cp "$in/day2.csv" "$in/day0.csv"
load append shop
equals append shop
printf '13,bob,9,2024-01-04 10:00:00\n' | tee -a "$in/day1b.csv" >>"$in/day0.csv"
load append shop
equals append shop

story "a file that vanished stays loaded"
cp -r "$in" "$scratch/all"
rm "$in/day0.csv" "$in/day2.csv" "$in/day3.csv.gz"
load append shop
grep -q "day0.csv is gone; what was loaded from it stays" "$scratch/err" || fail "not said: $(cat "$scratch/err")"
equals append shop "$scratch/all"

story "a file whose loaded bytes changed"
sed -i 's/1,ann,5/1,ann,6/' "$in/day1.csv"
printf '14,ann,1,2024-01-05 10:00:00\n' | day >"$in/day9.csv"
refused 2 "in/day1.csv: bytes 0 to [0-9]+ of it are loaded, and they have changed.* Nothing was loaded" append shop
is "a failed run" "$(last append status)" failed
cp "$scratch/all/day1.csv" "$in/day1.csv"
truncate -s -5 "$in/day1b.csv"
refused 2 "in/day1b.csv: bytes 0 to [0-9]+ of it are loaded, and now it has" append shop
cp "$scratch"/all/* "$in"
load append shop
equals append shop

story "limits, dry runs, resume"
printf '15,ann,-1,2024-01-05 11:00:00\n16,ann,-1,2024-01-05 11:00:00\n' >>"$in/day9.csv"
printf '17,ann,1,2024-01-05 11:00:00\n' | day >"$in/day91.csv"
refused 1 "--max-rejects 1: 2 of 3 records are rejected$" append shop --max-rejects 1
before=$("$MILLRACE" warehouse digest "$scratch/append.db")
load append shop --dry-run
grep -q "^dry run of shop: 3 records, 1 accepted, 2 rejected" "$scratch/out" || fail "$(head -1 "$scratch/out")"
is "after a dry run" "$("$MILLRACE" warehouse digest "$scratch/append.db")" "$before"
sqlite3 "$scratch/append.db" "UPDATE etl_runs SET status = 'running' WHERE run = (SELECT max(run) FROM etl_runs)" # as a kill leaves it
load append shop --resume --max-rejects 2
grep -q "did not end; what it has committed stays" "$scratch/err" || fail "$(cat "$scratch/err")"
is "the killed one" "$(sqlite3 "$scratch/append.db" "SELECT status FROM etl_runs ORDER BY run DESC LIMIT 1 OFFSET 1")" interrupted
equals append shop
runs=$(last append run)
load append shop --resume
grep -q "is done, over the same files: nothing is left to load" "$scratch/err" || fail "$(cat "$scratch/err")"
is "no run" "$(last append run)" "$runs"

story "the second of three files cannot be read: one is loaded, and stays"
mkdir "$scratch/three"
for i in 1 2 3; do printf '%d,ann,1,2024-01-01 10:00:00\n' "$i" | day >"$scratch/three/day$i.csv"; done
printf '9,\377,1,2024-01-01 10:00:00\n' >>"$scratch/three/day2.csv"
"$MILLRACE" etl run "$scratch/shop.json" --in "$scratch/three" --db "$scratch/three.db" --mode upsert >"$scratch/out" 2>"$scratch/err"
is "a file that cannot be read" $? 2
grep -q "what was read before, 1 files, is loaded and stays" "$scratch/err" || fail "$(cat "$scratch/err")"
is "what stays" "$(sqlite3 "$scratch/three.db" "SELECT group_concat(id) FROM rows")" 1
grep -q 'no source of .*shop.json has a "key": upsert replaces no record by its key, and loads as incremental does$' "$scratch/err" || fail "$(cat "$scratch/err")"

story "of another kind, of another definition, two at once"
"$MILLRACE" etl run "$scratch/shop.json" --in "$in" --db "$scratch/append.db" 2>"$scratch/err"
is "full over append" $? 2
grep -q "append.db: the database holds a warehouse of another kind; use another file (here: batch, there: append)" "$scratch/err" || fail "$(cat "$scratch/err")"
cp "$scratch/full.db" "$scratch/upsert.db"
refused 2 "another kind; use another file .here: upsert, there: batch" upsert shop
sed 's/"gap_s": 60/"gap_s": 61/' "$scratch/shop.json" >"$scratch/other.json"
refused 2 "the definition has changed since this warehouse was begun" append other
exec 8<"$scratch/append.db"
flock 8
refused 2 "append.db: another run loads into it" append shop
exec 8<&-
rm -f "$scratch"/upsert.db*

cat >"$scratch/crm.json" <<'JSON'
{"pipeline": "crm", "version": 1, "sources": [
  {"name": "customers", "format": "sqlite", "glob": "crm.db", "table": "customers", "watermark": {"column": "changed", "look_back_s": 10}, "deletes": "compare",
   "columns": [{"name": "id", "type": "integer"}, {"name": "name", "type": "text"},
               {"name": "changed", "type": "timestamp", "format": "%Y-%m-%d %H:%M:%S"}],
   "rules": [{"rule": "unique", "name": "same_name", "columns": "name"}, {"rule": "length", "name": "short", "column": "name", "min": 2}]},
  {"name": "prices", "format": "sqlite", "glob": "crm.db", "table": "prices", "deletes": "compare",
   "columns": [{"name": "article", "type": "text"}, {"name": "price", "type": "integer"}]},
  {"name": "notes", "format": "sqlite", "glob": "crm.db", "table": "notes", "watermark": {"column": "v"},
   "columns": [{"name": "v", "type": "integer"}, {"name": "note", "type": "text"}]}],
 "tables": [{"name": "customers", "from": "customers"}, {"name": "prices", "from": "prices"}, {"name": "notes", "from": "notes"},
            {"name": "total", "aggregate": "prices", "by": [], "columns": {"c": "count()", "high": "max(price)"}}]}
JSON
change() { sqlite3 "$in/crm.db" "$1" || fail "sqlite3: $1"; }
story "incremental: rows that come, change and go"
change "CREATE TABLE customers(id INTEGER PRIMARY KEY, name TEXT, changed TEXT); CREATE TABLE prices(id INTEGER PRIMARY KEY, article TEXT, price INTEGER);
  CREATE TABLE notes(id INTEGER PRIMARY KEY, v INTEGER, note TEXT);
  INSERT INTO customers VALUES (1, 'Ann', '2024-01-01 10:00:00'), (2, 'Bob', '2024-01-01 10:00:00'), (3, 'Ann', '2024-01-01 10:00:30'), (4, 'x', '2024-01-01 10:01:00');
  INSERT INTO prices VALUES (1, 'oil', 5), (2, 'tea', 9); INSERT INTO notes VALUES (1, 1, 'a'), (2, 2, 'b')"
load incremental crm
equals incremental crm
change "UPDATE customers SET name = 'Rob', changed = '2024-01-02 10:00:00' WHERE id = 2; DELETE FROM customers WHERE id = 1;
  INSERT INTO customers VALUES (5, 'Eve', '2024-01-02 09:59:55'); DELETE FROM prices WHERE id = 2; UPDATE prices SET price = 6; INSERT INTO prices VALUES (7, 'tea', 8);
  UPDATE notes SET note = 'c', v = 3 WHERE id = 1; INSERT INTO notes VALUES (9, 4, 'd')"
load incremental crm
equals incremental crm
is "what changed" "$(last incremental "read || ',' || replaced || ',' || taken_back")" 6,3,2
change "UPDATE customers SET name = 'yy', changed = '2024-01-02 09:59:58' WHERE id = 4; DELETE FROM prices"
load incremental crm
equals incremental crm
story "within the look-back, not behind it"
change "UPDATE customers SET name = 'Old' WHERE id = 3; UPDATE notes SET note = 'old' WHERE id = 2"
load incremental crm
is "behind the watermark" "$(sqlite3 "$scratch/incremental.db" "SELECT (SELECT name FROM customers WHERE id = 3) || (SELECT note FROM notes WHERE v = 2)")" Annb
story "a table without rows, and one that is written while it is read"
change "UPDATE customers SET name = 'Older', changed = '2024-02-01 00:00:00' WHERE id = 3; UPDATE notes SET note = 'older', v = 9 WHERE id = 2"
python3 - "$in/crm.db" <<'PYTHON' &
import sqlite3, sys, time
db = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=30)
db.execute("PRAGMA journal_mode = WAL")
for i in range(200):
    db.execute("INSERT INTO notes(v, note) VALUES(?, 'x')", (10 + i,))
    db.execute("DELETE FROM prices")
    db.execute("INSERT INTO prices(article, price) VALUES('p', ?)", (i,))
    time.sleep(0.005)
PYTHON
writer=$!
for _ in 1 2 3 4 5 6; do load incremental crm; done
wait $writer || fail "the writer"
load incremental crm
equals incremental crm

story "a table that only grows is appended to; any other change of it needs more"
sqlite3 "$in/crm.db" "INSERT INTO prices VALUES(1000, 'a', 1)"
load append crm --db "$scratch/grown.db"
mv "$scratch/grown.db" "$scratch/append.db"
rm -f "$scratch"/append.db-*
change "INSERT INTO prices VALUES(1001, 'b', 2)"
load append crm
equals append crm
change "UPDATE prices SET price = 3 WHERE id = 1000"
refused 2 "in/crm.db:prices: rows that are loaded have changed or are gone.*--mode incremental" append crm

cat >"$scratch/upsert.json" <<'JSON'
{"pipeline": "people", "version": 1,
 "source": {"format": "csv", "glob": "people*.csv", "key": ["id"], "columns": [
   {"name": "id", "type": "integer"}, {"name": "name", "type": "text"}, {"name": "n", "type": "integer"}]},
 "rules": [{"rule": "range", "name": "negative", "column": "n", "min": 0}, {"rule": "unique", "name": "same_name", "columns": "name"}],
 "tables": [{"name": "people", "primary_key": ["id"]},
            {"name": "sums", "aggregate": "people", "by": ["name"], "columns": {"s": "sum(n)"}}]}
JSON
people() { sqlite3 "$scratch/upsert.db" "SELECT group_concat(id || name || n, ' ') FROM (SELECT * FROM people ORDER BY id)"; }
story "upsert: the last version of each key"
printf 'id,name,n\n1,ann,1\n2,bob,2\n1,amy,3\n' >"$in/people1.csv"
load upsert upsert
is "one file" "$(people)" "1amy3 2bob2"
printf 'id,name,n\n2,bea,4\n3,cid,5\n1,zoe,-1\n' >"$in/people0.csv" # a smaller name, but a later run; -1 replaces nothing
load upsert upsert
is "two files" "$(people)" "1amy3 2bea4 3cid5"
cp "$in/people1.csv" "$in/people3.csv" # a copy brings former versions back
load upsert upsert
is "a copy" "$(people)" "1amy3 2bob2 3cid5"
is "sums" "$(sqlite3 "$scratch/upsert.db" "SELECT group_concat(name || s, ' ') FROM (SELECT * FROM sums ORDER BY name)")" "amy3 bob2 cid5"
is "replaced" "$(last upsert "read || ',' || replaced")" 3,3
printf '4,dan,6' >>"$in/people3.csv"
load upsert upsert
printf '\n5,eva,7\n' >>"$in/people3.csv"
load upsert upsert
is "a line that got its end" "$(people)" "1amy3 2bob2 3cid5 4dan6 5eva7"
printf '3,fay,8' >>"$in/people3.csv"
load upsert upsert
printf '0\n' >>"$in/people3.csv"
load upsert upsert
is "a line that became another one" "$(people)" "1amy3 2bob2 3fay80 4dan6 5eva7"
printf 'id,name,n\n,nul,1\n' >"$in/people4.csv"
refused 2 "people4.csv:2: column id of the key is NULL .source.key of .*; a rule not_null" upsert upsert
story "upsert: a last line that becomes another record was never there: what it replaced is back"
sed 's/people/tail/g; s/"same_name"/"x", "severity": "warn"/' "$scratch/upsert.json" >"$scratch/tails.json"
tail_of() { sqlite3 "$scratch/tails.db" "SELECT coalesce(group_concat(id || name || n, ' '), '') || ' ' || (SELECT count(*) FROM quarantine) FROM (SELECT * FROM tail ORDER BY id)"; }
printf 'n,name,id\n1,a,1\n2,b,2\n7' >"$in/tail1.csv" # a malformed line has no key
load upsert tails --db "$scratch/tails.db"
is "a malformed line" "$(tail_of)" "1a1 2b2 1"
printf ',c,1' >>"$in/tail1.csv" # replaces 1
load upsert tails --db "$scratch/tails.db"
is "a whole record without an end" "$(tail_of)" "1c7 2b2 0"
printf '0\n8,d,1' >>"$in/tail1.csv" # it was 10; another one replaces 1
load upsert tails --db "$scratch/tails.db"
is "another key" "$(tail_of)" "1d8 2b2 10c7 0"
printf 'n,name,id\n9,e,1\n' >"$in/tail0.csv" # replaces it in turn
load upsert tails --db "$scratch/tails.db"
is "another file" "$(tail_of)" "1e9 2b2 10c7 0"
printf '1\n' >>"$in/tail1.csv" # it was 11 all the while
load upsert tails --db "$scratch/tails.db"
is "what was replaced twice" "$(tail_of)" "1e9 2b2 10c7 11d8 0"
is "the ledger" "$(sqlite3 "$scratch/tails.db" "SELECT count(*) FROM millrace_replaced")" 0
story "a dry run makes no file, so another run may make it meanwhile"
seq 400000 | awk 'BEGIN { print "id,name,n" } { print $1 ",x,1" }' >"$scratch/people9.csv"
mkdir "$scratch/many" && mv "$scratch/people9.csv" "$scratch/many"
"$MILLRACE" etl run "$scratch/upsert.json" --in "$scratch/many" --db "$scratch/dry.db" --dry-run >/dev/null 2>&1 &
dry=$!
sleep 0.3
kill -STOP $dry
mkdir "$scratch/one" && printf 'id,name,n\n1,ann,1\n' >"$scratch/one/people1.csv"
"$MILLRACE" etl run "$scratch/upsert.json" --in "$scratch/one" --db "$scratch/dry.db" 2>"$scratch/err" || fail "beside a dry run: $(tail -1 "$scratch/err")"
kill -CONT $dry
wait $dry
[ "$(sqlite3 "$scratch/dry.db" "SELECT count(*) > 0 FROM people")" = 1 ] || fail "the dry run has removed the database"

story "records of a megabyte are not kept by the hundred"
printf '{"pipeline": "large", "version": 1, "source": {"format": "csv", "glob": "large.csv", "columns": [{"name": "id", "type": "integer"}, {"name": "t", "type": "text"}]}, "derive": [{"name": "n", "expr": "length(t)"}],
 "tables": [{"name": "rows", "columns": ["id", "n"]}]}' >"$scratch/large.json"
for mode in append full; do
    /usr/bin/python3 - "$MILLRACE" "$scratch" "$mode" <<'PY' || fail "$mode"
import resource, subprocess, sys
program, scratch, mode = sys.argv[1:]
with open(scratch + "/one/large.csv", "w") as f:
    f.write("id,t\n")
    for i in range(150):
        f.write("%d,%s\n" % (i, "x" * 1000000))
subprocess.run([program, "etl", "run", scratch + "/large.json", "--in", scratch + "/one", "--db", scratch + "/large_" + mode + ".db", "--mode", mode],
               check=True, stderr=subprocess.DEVNULL)
used = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
sys.exit(f"150 records of 1 MB take {used} MB" if used > 100 else 0)
PY
done
"$MILLRACE" warehouse compare "$scratch/large_append.db" "$scratch/large_full.db" >"$scratch/out" || fail "$(head -5 "$scratch/out")"

story "what an earlier program made is not taken for its own"
cp "$scratch/upsert.db" "$scratch/now.db"
sqlite3 "$scratch/upsert.db" "DROP TABLE millrace_rowids; UPDATE millrace_warehouse SET value = 3 WHERE key = 'schema'"
refused 2 "upsert.db: another version of millrace made this warehouse .here: [0-9]+, there: 3" upsert upsert
mv "$scratch/now.db" "$scratch/upsert.db"

story "VACUUM numbers rows anew, and state is kept by these numbers"
sqlite3 "$scratch/upsert.db" VACUUM
refused 2 "upsert.db: VACUUM has numbered its rows anew, .* load into a new database" upsert upsert
done_testing
