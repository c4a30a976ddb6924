#!/usr/bin/env bash
# batch_errors.sh - what must stop a batch with an error that names the thing; the database is as before, but for the
# row of a run that had begun.
cd "$(dirname "$0")/../.." || exit 2
. tests/e2e/lib.sh
definition=workloads/ecommerce/online_retail.json
"$MILLRACE" generate ecommerce --out "$scratch/in" --scale 0.015 --seed 31 >/dev/null 2>&1 || die "generate"
db=$scratch/warehouse.db
"$MILLRACE" etl run $definition --in "$scratch/in" --db "$db" 2>/dev/null || die "batch"
cp "$db" "$scratch/before.db"
first=$(cd "$scratch/in" && ls ./2*.csv | head -1)
first=${first#./}

# refused NAME STATUS TEXT DEFINITION IN [OPTION...]: ends with STATUS, says TEXT, for the database that is there and for none
refused() {
    local name=$1 expected=$2 text=$3 status target
    story "$name"
    for target in "$db" "$scratch/absent.db"; do
        timeout 20 "$MILLRACE" etl run "$4" --in "$5" --db "$target" "${@:6}" >"$scratch/out" 2>"$scratch/err"
        status=$?
        [ $status -eq "$expected" ] || fail "$name: status $status, not $expected: $(tail -2 "$scratch/err")"
        grep -qE -- "$text" "$scratch/err" || fail "$name: no \"$text\" in: $(tail -2 "$scratch/err")"
    done
    unchanged "$db" "$scratch/before.db" || fail "$name: the database was touched"
    [ -z "$(ls "$scratch"/absent.db* 2>/dev/null)" ] || fail "$name: a database was left behind"
}

# input NAME: a copy of the input to spoil
input() { rm -rf "${scratch:?}/$1" && cp -r "$scratch/in" "$scratch/$1"; }

sed 's/"glob"/"globb"/' $definition >"$scratch/bad.json"
refused "a bad definition" 2 'bad.json: source.globb: .*"glob"' "$scratch/bad.json" "$scratch/in"
refused "a missing definition" 2 "nowhere.json: No such file" "$scratch/nowhere.json" "$scratch/in"
sed 's/FROM sales_by_day"/FROM sales_by_dya"/' $definition >"$scratch/view.json"
refused "a view over a table that is not there" 2 'view.json: views\[0\].*sales_by_dya; did you mean "sales_by_day"' "$scratch/view.json" "$scratch/in"
refused "a missing folder of outputs, without any output" 2 "$scratch/nowhere: the folder for outputs: No such file" $definition "$scratch/in" --out "$scratch/nowhere"
refused "a missing folder" 2 "$scratch/nowhere: No such file" $definition "$scratch/nowhere"
mkdir "$scratch/empty"
refused "a folder without a matching file" 2 "$scratch/empty: no file .*csv" $definition "$scratch/empty"

input column
sed -i '1s/UnitPrice/Preis/' "$scratch/column/$first"
refused "a missing column" 2 "$first: the header has no column \"UnitPrice\"" $definition "$scratch/column"

input encoding
printf '536365,X,caf\xe9,1,2010-12-01 08:26:00,2.55,1,France\n' >>"$scratch/encoding/$first"
refused "a wrong encoding" 2 "$first: line [0-9]+, byte offset [0-9]+: the byte E9 is not utf-8" $definition "$scratch/encoding"

input unreadable
last=$(cd "$scratch/unreadable" && ls ./2*.csv | tail -1)
ln -sf "$scratch/nowhere.csv" "$scratch/unreadable/$last"
refused "an unreadable file" 2 "${last#./}: cannot be read: No such file" $definition "$scratch/unreadable"

sed 's/"above": 0}/"above": 0, "severity": "fail"}/' $definition >"$scratch/fail.json"
refused "a rule that fails the run" 1 "csv:[0-9]+: rule price_not_positive failed: column price, value " "$scratch/fail.json" "$scratch/in"

refused "another pipeline's input and definition" 2 "no file here matches|another pipeline" workloads/clickstream/web_logs.json "$scratch/in"

rejected=$(sqlite3 "$db" "SELECT rejected FROM records")
read=$(sqlite3 "$db" "SELECT read FROM records")
refused "too many rejects" 1 "--max-rejects $((rejected - 1)): $rejected of [0-9]+ records( so far)? are rejected" \
    $definition "$scratch/in" --max-rejects $((rejected - 1))
refused "too many rejects, seen on the way" 1 "--max-rejects 3: [0-9]+ of [0-9]+ records so far are rejected$" \
    $definition "$scratch/in" --max-rejects 3
refused "too large a share of rejects" 1 "--max-rejects 0.1%: $rejected of $read records are rejected: [a-z_]+ [0-9]+, [a-z_]+ " $definition "$scratch/in" --max-rejects 0.1%
refused "a limit that is none" 2 "--max-rejects 101%: must be a number of records, or a share" $definition "$scratch/in" --max-rejects 101%

story "rejects within the limit"
"$MILLRACE" etl run $definition --in "$scratch/in" --db "$scratch/limit.db" --max-rejects "$rejected" 2>"$scratch/err" ||
    fail "refused: $(cat "$scratch/err")"

while read -r rule rows; do
    grep -qE "^batch online_retail: rejected by $rule of online_retail: $rows, first [^ ]+, line [0-9]+" "$scratch/err" ||
        fail "$rule: $rows, but: $(grep "$rule" "$scratch/err")"
done < <(sqlite3 -separator ' ' "$scratch/limit.db" "SELECT rule, rows FROM rejects")

story "what a run says of broken rules: of derived columns, of values that are not there, of tables"
mkdir "$scratch/rules"
printf 'id,who,n\n1,ann,0\n2,,1\n3,bob,2\n4,cid,3\n5,cid,4\n' >"$scratch/rules/a.csv"
cat >"$scratch/rules.json" <<'JSON'
{"pipeline": "rules", "version": 1,
 "source": {"format": "csv", "glob": "*.csv", "columns": [{"name": "id", "type": "integer"}, {"name": "who", "type": "text"}, {"name": "n", "type": "integer"}]},
 "derive": [{"name": "share", "expr": "12 / n"}, {"name": "first", "expr": "left(who, 1)"}],
 "rules": [{"rule": "not_null", "name": "nobody", "column": "who"}, {"rule": "in", "name": "letter", "column": "first", "values": ["a", "c"]}],
 "tables": [{"name": "rows"},
  {"name": "sums", "aggregate": "rows", "by": ["who"], "columns": {"s": "sum(n)", "c": "count()"},
   "rules": [{"rule": "range", "name": "large", "column": "s", "max": 6}, {"rule": "range", "column": "c", "max": 1, "severity": "warn"}]}]}
JSON
"$MILLRACE" etl run "$scratch/rules.json" --in "$scratch/rules" --db "$scratch/rules.db" 2>"$scratch/err" || fail "$(cat "$scratch/err")"
cat >"$scratch/expected" <<'TEXT'
batch rules: committed: 5 records, 2 accepted, 3 rejected, 0 with warnings
batch rules: rejected by nobody of rules: 1, first a.csv, line 3, who is empty
batch rules: rejected by letter of rules: 1, first a.csv, line 4, derived column first
batch rules: rejected by type of rules: 1, first a.csv, line 2, share cannot be computed
batch rules: rejected by large of table sums: 1 rows, in sums_violations
batch rules: warned by range_c of table sums: 1 rows, in sums_violations
TEXT
grep -E "committed|rejected|warned" "$scratch/err" | diff "$scratch/expected" - || fail "other words"
sed 's/"column": "who"}/"column": "who", "severity": "fail"}/' "$scratch/rules.json" >"$scratch/strict.json"
"$MILLRACE" etl run "$scratch/strict.json" --in "$scratch/rules" --db "$scratch/strict.db" 2>"$scratch/err"
[ $? -eq 1 ] || fail "a broken rule that fails the run: $(cat "$scratch/err")"
grep -q "$scratch/rules/a.csv:3: rule nobody failed: column who is empty$" "$scratch/err" || fail "$(cat "$scratch/err")"

story "a dry run says what a run makes, and makes nothing"
for target in "--db $db" "--db $scratch/absent.db" ""; do
    # shellcheck disable=SC2086
    "$MILLRACE" etl run $definition --in "$scratch/in" $target --dry-run >"$scratch/out" 2>"$scratch/err" || fail "$(cat "$scratch/err")"
    grep -q "^dry run of online_retail: $read records, .* $rejected rejected" "$scratch/out" || fail "$(head -1 "$scratch/out")"
    for table in sales cancellations sales_by_day daily; do
        rows=$(sqlite3 "$db" "SELECT count(*) FROM $table")
        grep -qE "^$table +$rows$" "$scratch/out" || fail "$table: $rows rows, but: $(grep "^$table " "$scratch/out")"
    done
    while read -r rule rows; do
        grep -qE "^online_retail, $rule +$rows$" "$scratch/out" || fail "$rule: $rows, but: $(grep "$rule" "$scratch/out")"
    done < <(sqlite3 -separator ' ' "$db" "SELECT rule, rows FROM rejects")
done
cmp -s "$db" "$scratch/before.db" || fail "the database was touched"

story "a dry run changes no byte, whatever the journal of the database, and needs no right to"
mkdir "$scratch/kept"
cp "$db" "$scratch/kept/plain.db"
sqlite3 "$scratch/kept/plain.db" "PRAGMA journal_mode = DELETE; CREATE TABLE mine(a)" >/dev/null
sqlite3 "$scratch/kept/other.db" "PRAGMA journal_mode = DELETE; CREATE TABLE sales(a)" >/dev/null
touch -d '1 hour ago' "$scratch/kept"/*
kept() { ls -l --time-style=full-iso "$scratch/kept" && sha256sum "$scratch/kept"/*; }
kept >"$scratch/was"
"$MILLRACE" etl run $definition --in "$scratch/in" --db "$scratch/kept/plain.db" --dry-run >/dev/null 2>"$scratch/err" || fail "$(cat "$scratch/err")"
"$MILLRACE" etl run $definition --in "$scratch/in" --db "$scratch/kept/other.db" --dry-run >/dev/null 2>"$scratch/err"
[ $? -eq 2 ] && grep -q "kept/other.db: there is already a table or view \"sales\" that no pipeline made" "$scratch/err" || fail "$(cat "$scratch/err")"
kept | diff "$scratch/was" - || fail "a dry run has changed a database"
[ -z "$(ls "$scratch"/absent.db* 2>/dev/null)" ] || fail "a database was left behind"

story "a database that cannot be made"
"$MILLRACE" etl run $definition --in "$scratch/in" --db "$scratch/nowhere/x.db" 2>"$scratch/err"
status=$?
[ $status -eq 2 ] && grep -q "nowhere/x.db: unable to open" "$scratch/err" || fail "status $status: $(cat "$scratch/err")"

story "a file that is no database"
cp $definition "$scratch/text.db"
"$MILLRACE" etl run $definition --in "$scratch/in" --db "$scratch/text.db" 2>"$scratch/err"
status=$?
[ $status -eq 2 ] && grep -q "text.db: .*not a database" "$scratch/err" || fail "status $status: $(cat "$scratch/err")"
cmp -s $definition "$scratch/text.db" || fail "a file that is no database was touched"

story "a database that is a file of a source"
mkdir "$scratch/own" && sqlite3 "$scratch/own/a.db" "CREATE TABLE one(id INTEGER); INSERT INTO one VALUES(1)"
cat >"$scratch/own.json" <<'JSON'
{"pipeline": "own", "version": 1, "source": {"format": "sqlite", "glob": "*.db", "table": "one",
 "columns": [{"name": "id", "field": "id", "type": "integer"}]}, "tables": [{"name": "ones"}]}
JSON
cp "$scratch/own/a.db" "$scratch/own.before" && ln -s "own/a.db" "$scratch/link.db"
for target in "$scratch/own/a.db" "$scratch/link.db" "$scratch/in/$first"; do
    case $target in *.csv) of=$definition in=$scratch/in source=online_retail ;; *) of=$scratch/own.json in=$scratch/own source=own ;; esac
    "$MILLRACE" etl run "$of" --in "$in" --db "$target" 2>"$scratch/err"
    [ $? -eq 2 ] || fail "$target: $(cat "$scratch/err")"
    grep -q "$target: is a file of source $source .*: the warehouse needs a file of its own" "$scratch/err" || fail "$target: $(cat "$scratch/err")"
done
cmp -s "$scratch/own/a.db" "$scratch/own.before" || fail "the source was touched"

story "somebody else's table under a name that is needed"
python3 -c 'import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute("CREATE TABLE sales(x)")' "$scratch/foreign.db"
"$MILLRACE" etl run $definition --in "$scratch/in" --db "$scratch/foreign.db" 2>"$scratch/err"
status=$?
[ $status -eq 2 ] && grep -q 'foreign.db: there is already a table or view "sales"' "$scratch/err" || fail "status $status: $(cat "$scratch/err")"
[ "$("$MILLRACE" warehouse digest "$scratch/foreign.db" | cut -f1)" = sales ] || fail "somebody else's database was changed"

story "a locked database"
python3 - "$MILLRACE" $definition "$scratch" <<'PYTHON' || fail "a locked database"
import sqlite3, subprocess, sys
millrace, definition, scratch = sys.argv[1:4]
db = sqlite3.connect(scratch + "/warehouse.db", isolation_level=None)
db.execute("BEGIN IMMEDIATE")
run = subprocess.run([millrace, "etl", "run", definition, "--in", scratch + "/in", "--db", scratch + "/warehouse.db"],
                     capture_output=True, text=True, timeout=30)
assert run.returncode == 2, run.returncode
assert "warehouse.db" in run.stderr and "database is locked" in run.stderr, run.stderr
db.execute("ROLLBACK")
PYTHON
"$MILLRACE" warehouse compare "$db" "$scratch/before.db" >/dev/null || fail "a locked database was changed"

story "usage"
for arguments in "" "run" "run $definition --in" "run $definition --db x" "walk"; do
    # shellcheck disable=SC2086
    "$MILLRACE" etl $arguments >/dev/null 2>&1
    [ $? -eq 2 ] || fail "etl $arguments: not status 2"
done
done_testing
