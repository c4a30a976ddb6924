#!/usr/bin/env bash
# full_disk_etl.sh - no room for what a pipeline writes: its database, temporary files, outputs, the state of a publisher,
# standard output, a file's size. Each is an error that names the file or folder, loses nothing, and is over with more room.
cd "$(dirname "$0")/../.." || exit 2
case ${1:-} in
inside) ;;
*) # in a namespace with a tmpfs of its own: nothing is left mounted, however this ends
    namespaces=-rm # as the root of a user namespace, which needs no rights
    unshare -rm true 2>/dev/null || namespaces=-m
    exec unshare $namespaces bash "$0" inside
    ;;
esac
. tests/e2e/lib.sh
small=$scratch/small
mkdir "$small" && mount -t tmpfs -o size=64m tmpfs "$small" || die "no tmpfs can be mounted here"
trap 'umount "$small"; finish' EXIT
room() { mount -o remount,size="$1" "$small" || die "remount"; }
mkdir "$scratch/few" "$scratch/in"
sales_make "$scratch/few" 200 100
sales_make "$scratch/in" 8000 3000
rm "$scratch"/*/z.csv
cat >"$scratch/p.json" <<'JSON'
{"pipeline": "sales", "version": 1,
 "source": {"format": "csv", "glob": "*.csv", "columns": [{"name": "id", "type": "integer"}, {"name": "who", "type": "text"},
   {"name": "price", "type": "decimal", "scale": 3}, {"name": "at", "type": "text"}]},
 "rules": [{"rule": "unique", "name": "twice", "columns": ["id", "who", "at"]}],
 "tables": [{"name": "rows"}, {"name": "sums", "aggregate": "rows", "by": ["who"], "columns": {"n": "count()", "total": "sum(price)"}}]}
JSON
sed 's/^ "tables"/ "outputs": [{"table": "rows", "format": "csv", "file": "rows.csv"}],\n&/' "$scratch/p.json" >"$scratch/out.json"

# fails TEXT COMMAND...: status 2, and TEXT stands on standard error
fails() {
    local text=$1 status
    shift
    timeout 60 "$@" >"$scratch/said" 2>"$scratch/err"
    status=$?
    [ $status -eq 2 ] || fail "status $status, not 2: $*: $(tail -1 "$scratch/err")"
    grep -qE -- "$text" "$scratch/err" || fail "no \"$text\" in: $(tail -2 "$scratch/err")"
}
works() { timeout 60 "$@" >"$scratch/said" 2>"$scratch/err" || fail "$*: $(tail -2 "$scratch/err")"; }
equal() { "$MILLRACE" warehouse compare "$1" "$scratch/all.db" >"$scratch/said" || fail "$1: $(tail -1 "$scratch/said")"; }

works "$MILLRACE" etl run "$scratch/p.json" --in "$scratch/in" --db "$scratch/all.db"
[ "$(sqlite3 "$scratch/all.db" "SELECT count(*) FROM rows")" -gt 15000 ] || die "few rows: $(tail -2 "$scratch/err")"
works "$MILLRACE" etl run "$scratch/p.json" --in "$scratch/few" --db "$scratch/few.db"

story "a batch, its database full: a new one is gone, an old one is as it was"
room 600k
fails "$small/w.db: database or disk is full" "$MILLRACE" etl run "$scratch/p.json" --in "$scratch/in" --db "$small/w.db"
[ -z "$(ls -A "$small")" ] || fail "left behind: $(ls "$small")"
works "$MILLRACE" etl run "$scratch/p.json" --in "$scratch/few" --db "$small/w.db"
fails "$small/w.db: database or disk is full" "$MILLRACE" etl run "$scratch/p.json" --in "$scratch/in" --db "$small/w.db"
"$MILLRACE" warehouse compare "$small/w.db" "$scratch/few.db" >/dev/null || fail "the old database is another one"
room 64m
works "$MILLRACE" etl run "$scratch/p.json" --in "$scratch/in" --db "$small/w.db"
equal "$small/w.db"
rm "$small"/*

story "a load mode: what is committed stays, the rest comes when there is room"
room 1500k
fails "$small/w.db: database or disk is full" "$MILLRACE" etl run "$scratch/p.json" --in "$scratch/in" --db "$small/w.db" --mode append
room 64m
works "$MILLRACE" etl run "$scratch/p.json" --in "$scratch/in" --db "$small/w.db" --mode append
equal "$small/w.db"
rm "$small"/*

story "a stream"
works "$MILLRACE" stream publish "$scratch/p.json" --in "$scratch/in" --broker-dir "$scratch/broker"
room 1500k
fails "worker-1: $small/w.db: database or disk is full" "$MILLRACE" stream run "$scratch/p.json" --db "$small/w.db" --broker-dir "$scratch/broker"
room 64m
works "$MILLRACE" stream run "$scratch/p.json" --db "$small/w.db" --broker-dir "$scratch/broker"
equal "$small/w.db"
rm "$small"/*

story "temporary files"
room 64k
mkdir "$scratch/many"
seq -f "%.0f,who,1.5,2024-01-01" 300000 | sed '1i id,who,price,at' >"$scratch/many/0.csv"
export SQLITE_TMPDIR=$small
fails "a temporary file in $small: cannot be written: No space left" "$MILLRACE" etl run "$scratch/p.json" --in "$scratch/many" --db "$scratch/t.db"
unset SQLITE_TMPDIR
[ -z "$(ls "$scratch"/t.db* 2>/dev/null)" ] || fail "a database was left behind"

story "outputs: the warehouse is committed, no half of a file stands there"
fails "the warehouse is committed, but its outputs are not written: $small/rows.csv: No space left" \
    "$MILLRACE" etl run "$scratch/out.json" --in "$scratch/in" --db "$scratch/o.db" --out "$small"
[ -z "$(ls -A "$small")" ] || fail "left behind: $(ls -A "$small")"
equal "$scratch/o.db"

story "the state of a publisher that follows: nothing is sent that the state does not know of"
head -c 65536 /dev/zero >"$small/fill" 2>/dev/null
fails "$small/state: cannot be written: no space left" \
    "$MILLRACE" stream publish "$scratch/p.json" --in "$scratch/in" --follow --broker-dir "$scratch/follow" --state "$small/state"
rm "$small/fill"
room 64m
"$MILLRACE" stream publish "$scratch/p.json" --in "$scratch/in" --follow --broker-dir "$scratch/follow" --state "$small/state" 2>"$scratch/err" &
publisher=$!
for _ in $(seq 300); do grep -q 2.csv "$small/state" 2>/dev/null && break; sleep 0.1; done
kill -TERM "$publisher" && wait "$publisher" || fail "the publisher: $(tail -1 "$scratch/err")"
works "$MILLRACE" stream run "$scratch/p.json" --db "$scratch/f.db" --broker-dir "$scratch/follow"
equal "$scratch/f.db"

story "standard output"
for command in help "etl --help" "etl explain $scratch/p.json" "etl new $scratch/few/0.csv" "warehouse digest $scratch/all.db" \
    "etl quality $scratch/p.json --in $scratch/few" "etl run $scratch/p.json --in $scratch/few --dry-run"; do
    # shellcheck disable=SC2086
    timeout 20 "$MILLRACE" $command >/dev/full 2>"$scratch/err"
    [ $? -eq 2 ] && grep -q "millrace: standard output: cannot be written" "$scratch/err" || fail "$command: $(cat "$scratch/err")"
done

story "a file as large as a file may be"
(ulimit -f 500 && fails "$scratch/l.db: disk I/O error" "$MILLRACE" etl run "$scratch/p.json" --in "$scratch/in" --db "$scratch/l.db"
    exit "$failures") || failures=$((failures + 1))
[ -z "$(ls "$scratch"/l.db* 2>/dev/null)" ] || fail "a database was left behind"
works "$MILLRACE" etl run "$scratch/p.json" --in "$scratch/in" --db "$scratch/l.db"
equal "$scratch/l.db"

story "a database with a write-ahead log in a folder that is read-only"
rm -rf "${small:?}"/* && cp "$scratch/all.db" "$small/shop.db" && mount -o remount,ro "$small" || die "remount"
log="shop.db: it has a write-ahead log, for which even a reader needs a file beside it"
fails "$log" "$MILLRACE" warehouse digest "$small/shop.db"
fails "$log" "$MILLRACE" etl new "$small/shop.db"
sed 's/"format": "csv", "glob": "\*.csv"/"format": "sqlite", "glob": "*.db", "table": "rows"/' "$scratch/p.json" >"$scratch/s.json"
fails "$log" "$MILLRACE" etl run "$scratch/s.json" --in "$small" --db "$scratch/s.db"

done_testing
