#!/usr/bin/env bash
# definitions.sh - definitions for files that no workload of ours looks like, written from the documentation: each is
# loaded as a batch and as a stream (three partitions, two workers, any order) and compared with figures worked out by
# hand. Then what must be refused, with the thing named.
cd "$(dirname "$0")/../.." || exit 2
. tests/e2e/lib.sh
broker_start

# proven NAME: $scratch/NAME has def.json, in/ and truth/
proven() {
    local name=$1 at=$scratch/$1
    story "$name"
    "$MILLRACE" etl run "$at/def.json" --in "$at/in" --db "$at/batch.db" 2>"$at/err" || { fail "$name: $(cat "$at/err")"; return; }
    "$MILLRACE" warehouse check "$at/batch.db" "$at/truth" >"$at/out" || fail "$name: batch: $(grep -A6 DIFFERENT "$at/out")"
    "$MILLRACE" stream publish "$at/def.json" --in "$at/in" --bootstrap "$bootstrap" --partitions 3 --shuffle 7 2>"$at/err" &&
        timeout 60 "$MILLRACE" stream run "$at/def.json" --db "$at/stream.db" --bootstrap "$bootstrap" --workers 2 \
            >"$at/out" 2>"$at/err" || { fail "$name: stream: $(cat "$at/err")"; return; }
    "$MILLRACE" warehouse compare "$at/batch.db" "$at/stream.db" >"$at/out" || fail "$name: $(head -5 "$at/out")"
    "$MILLRACE" warehouse check "$at/stream.db" "$at/truth" >"$at/out" || fail "$name: stream: $(grep -A6 DIFFERENT "$at/out")"
}
dataset() { mkdir -p "$scratch/$1/in" "$scratch/$1/truth"; }

# --- windows-1252, semicolons, decimal commas, day first, two titles for one column, a quoted line end, a copied file
dataset europe
{
    printf 'Export f\xfcr M\xe4rz\r\n'
    printf 'Nr;Kunde;Menge;Umsatz;Datum;Status\r\n'
    printf '1;"B\xe4cker ""Korn""\r\nHof 3; links";2;1.249,50 \x80;31/12/2024 23:59;ok\r\n'
    printf '2;\xd6l AG;zwei;9,90 \x80;01/01/2025 00:10;ok\r\n'
    printf '3;\xd6l AG;1;-9,90 \x80;01/01/2025 00:11;Storno\r\n'
    printf '4;\xd6l AG;1;9.90 \x80;31/02/2025 00:11;ok\r\n'
    printf '5;\xd6l AG\r\n'
} >"$scratch/europe/in/a.csv"
{
    printf 'Export\n'
    printf 'Nr;Firma;Menge;Umsatz;Datum;Status\n'
    printf '2;\xd6l AG;zwei;9,90 \x80;01/01/2025 00:10;ok\n'
    printf '6;\xd6l AG;-1;0,10 \x80;01/01/2025 12:00;ok\n'
    printf '7; Na\xefm ;;12,00 \x80;01/01/2025 01:59;\n'
} >"$scratch/europe/in/b.csv"
cp "$scratch/europe/in/a.csv" "$scratch/europe/in/c.csv"
cat >"$scratch/europe/def.json" <<'JSON'
{"pipeline": "europe", "version": 1,
 "source": {"format": "csv", "glob": "?.csv", "encoding": "windows-1252", "delimiter": ";", "skip_lines": 1, "time": "at",
  "columns": [
   {"name": "nr", "header": "Nr", "type": "integer"},
   {"name": "kunde", "header": ["Kunde", "Firma"], "type": "text", "trim": true},
   {"name": "menge", "header": "Menge", "type": "integer", "default": 1},
   {"name": "umsatz", "header": "Umsatz", "type": "decimal", "scale": 2, "decimal_point": ",", "thousands": ".", "strip": " €"},
   {"name": "at", "header": "Datum", "type": "timestamp", "format": "%d/%m/%Y %H:%M", "zone": "+01:00"},
   {"name": "status", "header": "Status", "type": "text"},
   {"name": "lager", "header": "Lager", "optional": true, "type": "text"}]},
 "derive": [{"name": "day", "expr": "date(at)"}],
 "rules": [
  {"rule": "unique", "name": "duplicate", "columns": "all"},
  {"rule": "type", "name": "bad_date", "column": "at"},
  {"rule": "in", "name": "cancelled", "column": "status", "values": ["Storno"], "negate": true},
  {"rule": "range", "column": "menge", "min": 1},
  {"rule": "range", "column": "umsatz", "min": "0.01"},
  {"rule": "not_null", "column": "status", "severity": "warn"}],
 "tables": [
  {"name": "sales"},
  {"name": "cancelled_sales", "rows": {"rejected_as": "cancelled"}, "columns": ["nr", "umsatz"]},
  {"name": "by_day", "aggregate": "sales", "by": ["day"], "columns": {"n": "count()", "u": "sum(umsatz)", "pieces": "sum(menge)", "known": "count() where lager is not null"}}],
 "views": [
  {"name": "daily", "sql": "SELECT day, n, decimal(u, 2) AS u, pieces, known FROM by_day"},
  {"name": "wrong", "sql": "SELECT file, line, \"column\" AS c, rule, ordinal, value FROM quarantine"},
  {"name": "names", "sql": "SELECT nr, kunde FROM sales"},
  {"name": "lost", "sql": "SELECT nr, decimal(umsatz, 2) AS u FROM cancelled_sales"},
  {"name": "copies", "sql": "SELECT file, skipped_as_identical_to AS of FROM files"}]}
JSON
cd "$scratch/europe/truth" || exit 2
printf 'day,n,u,pieces,known\n2024-12-31,1,1249.50,2,0\n2025-01-01,1,12.00,1,0\n' >daily.csv
printf 'nr,kunde\n1,"Bäcker ""Korn""\r\nHof 3; links"\n7,Naïm\n' >names.csv
printf 'nr,u\n3,-9.90\n' >lost.csv
printf 'file,of\na.csv,\nb.csv,\nc.csv,a.csv\n' >copies.csv
printf 'source,read,accepted,rejected,warned\neurope,8,2,6,1\n' >records.csv
cat >wrong.csv <<'CSV'
file,line,c,rule,ordinal,value
a.csv,5,menge,type,7,zwei
a.csv,6,status,cancelled,3,Storno
a.csv,6,umsatz,range_umsatz,5,"-9,90 €"
a.csv,7,at,bad_date,2,31/02/2025 00:11
a.csv,7,umsatz,type,7,9.90 €
a.csv,8,,format,0,2 fields instead of 6
b.csv,3,,duplicate,1,
b.csv,3,menge,type,7,zwei
b.csv,4,menge,range_menge,4,-1
CSV
printf 'source,rule,ordinal,rows\neurope,format,0,1\neurope,duplicate,1,1\neurope,bad_date,2,1\neurope,cancelled,3,1\neurope,range_menge,4,1\neurope,type,7,1\n' >rejects.csv
cd "$OLDPWD" || exit 2
proven europe

# --- tabs, no quotes, dollars, a text that means NULL, no line end at the end, facts of the file's order
dataset menu
printf 'id\tqty\titem\tchoice\tprice\n1\t2\t"5" Bowl\tNULL\t$16.98 \n1\t1\tChips\t[Salsa, Mild]\t$2.39\n1\t1\tChips\t[Salsa, Mild]\t$2.39\n2\t3\tBowl\tNULL\t-$1,002.50 ' >"$scratch/menu/in/m.tsv"
cat >"$scratch/menu/def.json" <<'JSON'
{"pipeline": "menu", "version": 1,
 "source": {"format": "csv", "glob": "*.tsv", "delimiter": "\t", "quote": "", "null": "NULL", "in_file": {"repeats": true},
  "columns": [{"name": "id", "type": "integer"}, {"name": "qty", "type": "integer"}, {"name": "item", "type": "text"},
   {"name": "choice", "type": "text"},
   {"name": "price", "type": "decimal", "scale": 2, "strip": "$", "thousands": ",", "trim": true}]},
 "derive": [{"name": "unit", "expr": "divide(price, qty, 3)"}, {"name": "kind", "expr": "extract(item, '(Bowl|Chips)')"},
  {"name": "mild", "expr": "contains(choice, 'Mild')"}, {"name": "again", "expr": "_repeated"}],
 "tables": [{"name": "lines"},
  {"name": "kinds", "aggregate": "lines", "by": ["kind"], "columns": {"n": "count()", "p": "sum(price)", "u": "min(unit)",
   "mild": "count() where mild", "open": "count() where choice is null", "again": "sum(again)", "choices": "count_distinct(choice)"}},
  {"name": "total", "aggregate": "lines", "by": [], "columns": {"n": "count()", "p": "sum(price)"}}],
 "views": [{"name": "k", "sql": "SELECT kind, n, decimal(p, 2) AS p, decimal(u, 3) AS u, mild, open, again, choices FROM kinds"},
  {"name": "summary", "sql": ["SELECT 'lines' AS key, n AS value FROM total",
   "UNION ALL SELECT 'money.sum', decimal(p, 2) FROM total", "UNION ALL SELECT 'kinds.0', min(kind) FROM kinds"]}]}
JSON
printf 'kind,n,p,u,mild,open,again,choices\nBowl,2,-985.52,-334.167,0,2,0,0\nChips,2,4.78,2.390,2,0,1,1\n' >"$scratch/menu/truth/k.csv"
printf '{"lines": 4, "money": {"sum": "-980.74"}, "kinds": ["Bowl"]}' >"$scratch/menu/truth/summary.json"
proven menu

# --- backslash escapes, latin-9, no header, several time patterns, fields too few and too many
dataset escaped
printf '%s\n' '1|"a\"b\\c\n\x41"|2024-03-31T01:59:59.5+01:00|17850.0' '2|x\|y|Sun, 31 Mar 2024 03:00:00 AM|-7.00' \
    '3|\N|1711846800|7.5' '# by hand' '4|"open|1711846800|7' '5|z|1711846800' '6|z|1711846800|7|more' >"$scratch/escaped/in/x.dat"
printf '7|\xa4 5|1711846801|+1\n' >>"$scratch/escaped/in/x.dat"
cat >"$scratch/escaped/def.json" <<'JSON'
{"pipeline": "escaped", "version": 1,
 "source": {"format": "csv", "glob": "x.dat", "encoding": "iso-8859-15", "delimiter": "|", "escape": "backslash",
  "header": false, "fields": 4, "null": ["\\N"], "comment_prefix": "#", "time": "at",
  "columns": [{"name": "id", "field": 1, "type": "integer"}, {"name": "t", "field": 2, "type": "text"},
   {"name": "at", "field": 3, "type": "timestamp", "format": ["%FT%T.%f%z", "%a, %d %b %Y %I:%M:%S %p", "%s"]},
   {"name": "n", "field": 4, "type": "integer", "decimal_zeros": true}]},
 "derive": [{"name": "length", "expr": "length(t)"}],
 "tables": [{"name": "rows", "columns": ["id", "t", "length", "at", "n"]}],
 "views": [{"name": "r", "sql": "SELECT id, t, length, at, n FROM rows"},
  {"name": "w", "sql": "SELECT line, \"column\" AS c, rule, value FROM quarantine"}]}
JSON
{
    printf 'id,t,length,at,n\n1,"a""b\\c\nA",7,2024-03-31 00:59:59,17850\n2,x|y,3,2024-03-31 03:00:00,-7\n'
    printf '7,€ 5,3,2024-03-31 01:00:01,1\n'
} >"$scratch/escaped/truth/r.csv"
printf 'line,c,rule,value\n3,n,type,7.5\n5,,format,byte 2: this quote is never closed\n6,,format,3 fields instead of 4\n7,,format,5 fields instead of 4\n' >"$scratch/escaped/truth/w.csv"
proven escaped

# --- a log of one's own: whole lines in quotes, zones, sessions with the page of entry and of exit
dataset wrapped
cat >"$scratch/wrapped/in/site.log" <<'LOG'
"10.0.0.1 [22/Dec/2016:01:30:00 +0300] "GET /a?x=\"1\" HTTP/1.1" 200 10 rt=0.250 "-""
"10.0.0.1 [22/Dec/2016:01:30:40 +0300] "GET /b HTTP/1.1" 404 - rt=1.5 "w \"q\"""
"10.0.0.1 [21/Dec/2016:22:30:20 +0000] "GET /c HTTP/2" 200 5 rt=- """
"10.0.0.1 [21/Dec/2016:22:31:01 +0000] "GET /d HTTP/1.1" 200 5 rt=0.001 "-""
"10.0.0.1 [21/Dec/2016:22:31:22 +0000] "\x16\x03" 400 0 rt=0.001 "-""
"10.0.0.1 [21/Dec/2016:22:31:22 +0000] "GET / HTTP/1.1" 20 0 rt=0.001 "-""
"10.0.0.1 [31/Feb/2016:22:31:22 +0000] "GET / HTTP/1.1" 200 0 rt=0.001 "-""
10.0.0.1 [21/Dec/2016:22:31:22 +0000] "GET / HTTP/1.1" 200 0 rt=0.001 "-"
LOG
cat >"$scratch/wrapped/def.json" <<'JSON'
{"pipeline": "wrapped", "version": 1,
 "source": {"format": "access_log", "glob": "*.log", "time": "time",
  "layout": "\"{client} [{time}] \"{request}\" {status} {bytes} rt={rt} \"{agent}\"\"",
  "columns": ["client", "time", "method", "target", "status", "bytes", "agent",
   {"name": "rt", "type": "decimal", "scale": 3, "null": "-"}]},
 "derive": [{"name": "path", "expr": "coalesce(before(target, '?'), '-')"}],
 "tables": [{"name": "hits"},
  {"name": "all_hits", "aggregate": "hits", "by": ["status"], "columns": {"n": "count()", "b": "sum(bytes)", "rt": "max(rt)", "bad": "count() where method is null"}},
  {"name": "visits", "sessionize": "hits", "by": ["client"], "time": "time", "gap_s": 20,
   "columns": {"start": "min(time)", "end": "max(time)", "n": "count()", "s": "duration()", "entry": "first(path)", "out": "last(path)"}},
  {"name": "longest", "aggregate": "visits", "by": ["client"], "columns": {"visits": "count()", "s": "max(s)"}}],
 "views": [{"name": "agents", "sql": "SELECT path, agent FROM hits"},
  {"name": "w", "sql": "SELECT line, rule FROM quarantine"},
  {"name": "l", "sql": "SELECT client, visits, s FROM longest"}]}
JSON
cd "$scratch/wrapped/truth" || exit 2
printf 'status,n,b,rt,bad\n200,3,20,250,0\n404,1,0,1500,0\n400,1,0,1,1\n' >all_hits.csv
cat >visits.csv <<'CSV'
client,start,end,n,s,entry,out
10.0.0.1,2016-12-21 22:30:00,2016-12-21 22:30:40,3,40,/a,/b
10.0.0.1,2016-12-21 22:31:01,2016-12-21 22:31:01,1,0,/d,/d
10.0.0.1,2016-12-21 22:31:22,2016-12-21 22:31:22,1,0,-,-
CSV
printf 'client,visits,s\n10.0.0.1,3,40\n' >l.csv
printf 'line,rule\n6,format\n7,format\n8,format\n' >w.csv
printf 'path,agent\n/a,-\n/b,"w \\""q\\"""\n/c,\n/d,-\n-,-\n' >agents.csv
cd "$OLDPWD" || exit 2
proven wrapped

# --- what must be refused ---

good=$scratch/menu/def.json
db=$scratch/menu/batch.db
cp "$db" "$scratch/before.db"

# refused STATUS TEXT COMMAND...: ends with STATUS, says TEXT; the database is as before
refused() {
    local expected=$1 text=$2 status
    shift 2
    timeout 20 "$@" >"$scratch/out" 2>"$scratch/err"
    status=$?
    [ $status -eq "$expected" ] || fail "$text: status $status, not $expected: $(tail -2 "$scratch/err")"
    grep -qF -- "$text" "$scratch/err" || fail "no \"$text\" in: $(head -2 "$scratch/err")"
    unchanged "$db" "$scratch/before.db" || fail "$text: the database was touched"
}
batch() { printf '%s\n' "$MILLRACE" etl run "${1:-$good}" --in "${2:-$scratch/menu/in}" --db "${3-$db}"; }

story "definitions with one thing wrong: the key path is named"
while IFS='|' read -r from to text; do
    FROM=$from TO=$to python3 -c 'import os, sys
text = open(sys.argv[1]).read()
assert os.environ["FROM"] in text, os.environ["FROM"]
open(sys.argv[2], "w").write(text.replace(os.environ["FROM"], os.environ["TO"], 1))' "$good" "$scratch/bad.json" || fail "$from is not there"
    mapfile -t command < <(batch "$scratch/bad.json")
    refused 2 "bad.json$text" "${command[@]}"
done <<'LIST'
"version": 1,|"version": 1,,|:1:
"version": 1|"version": "1"|: version: must be 1
"pipeline": "menu"|"pipeline": "my menu"|: pipeline: "my menu" is not a name
"version": 1,|"version": 1, "topic": "a/b",|: topic: "a/b" is no topic
"glob"|"globs"|: source.globs: unknown key; did you mean "glob"?
"delimiter": "\t"|"delimiter": 9|: source.delimiter: must be a text
"null": "NULL"|"encoding": "latin1"|: source.encoding: "latin1" is none of: utf-8
"name": "qty", "type"|"name": "qty", "typ"|: source.columns[1].typ: unknown key; did you mean "type"?
"scale": 2, "strip": "$"|"strip": "$"|: source.columns[4]: the key "scale" is missing
"name": "item", |"name": "item", "header": [], |: source.columns[2].header: needs at least one title
divide(price, qty, 3)|divide(prise, qty, 3)|: derive[0].expr: there is no column "prise" here; did you mean "price"?
'(Bowl|'(Bowl)|: derive[1].expr: 
"tables": [{"name": "lines"}|"rules": [{"rule": "range", "column": "qty", "min": 2, "max": 1}], "tables": [{"name": "lines"}|: rules[0]: no value lies between
"tables": [{"name": "lines"}|"rules": [{"rule": "range", "column": "qty", "min": "x"}], "tables": [{"name": "lines"}|: rules[0].min: "x" is no value of column qty
"by": ["kind"]|"by": ["knd"]|: tables[1].by[0]: there is no column "knd" here; did you mean "kind"?
"sum(price)"|"sum(item)"|: tables[1].columns.p: sum() of item, which is text
FROM kinds"}|FROM kind"}|: views[0].sql: no such table
LIST

sed 's/"duration()"/"count_distinct(path)"/' "$scratch/wrapped/def.json" >"$scratch/bad.json"
mapfile -t command < <(batch "$scratch/bad.json" "$scratch/wrapped/in")
refused 2 "bad.json: tables[2].columns.s: count_distinct() is not for sessions" "${command[@]}"

story "a byte order mark does not matter to a definition"
{ printf '\xef\xbb\xbf'; cat "$good"; } >"$scratch/bom.json"
"$MILLRACE" etl run "$scratch/bom.json" --in "$scratch/menu/in" --db "$scratch/bom.db" 2>/dev/null || fail "a byte order mark"
"$MILLRACE" warehouse compare "$scratch/bom.db" "$db" >/dev/null || fail "a byte order mark changed something"

story "a rule that fails the run: status 1, as a batch and as a stream"
sed 's/"tables": \[/"rules": [{"rule": "range", "name": "few", "column": "qty", "max": 2, "severity": "fail"}], &/; s/"menu"/"menu_fails"/' "$good" >"$scratch/fails.json"
mapfile -t command < <(batch "$scratch/fails.json" "$scratch/menu/in" "$scratch/fails.db")
refused 1 "m.tsv:5: rule few failed: column qty, value 3" "${command[@]}"
[ ! -e "$scratch/fails.db" ] || fail "a failed run left a database"
"$MILLRACE" stream publish "$scratch/fails.json" --in "$scratch/menu/in" --bootstrap "$bootstrap" 2>/dev/null || fail "publish"
refused 1 "m.tsv:5: rule few failed" "$MILLRACE" stream run "$scratch/fails.json" --db "$scratch/fails.db" --bootstrap "$bootstrap"

story "files and databases that are none"
mkfifo "$scratch/menu/in/pipe.tsv"
mapfile -t command < <(batch)
refused 2 "pipe.tsv: is no regular file" "${command[@]}"
rm "$scratch/menu/in/pipe.tsv"
mapfile -t command < <(batch "$good" "$scratch/menu/in" "$scratch")
refused 2 "$scratch: is a folder, not a database" "${command[@]}"
refused 2 "the name of the database is empty" "$MILLRACE" etl run "$good" --in "$scratch/menu/in" --db ""
refused 2 "--db FILE is missing" "$MILLRACE" etl run "$good" --in "$scratch/menu/in"
refused 2 "$scratch: is a folder, not a database" "$MILLRACE" stream run "$good" --db "$scratch" --bootstrap "$bootstrap"
refused 2 "$scratch: is a folder, not a database" "$MILLRACE" warehouse check "$scratch" "$scratch/menu/truth"
if [ "$(id -u)" -ne 0 ]; then # nothing is read-only to root
    mkdir -m 555 "$scratch/fixed"
    mapfile -t command < <(batch "$good" "$scratch/menu/in" "$scratch/fixed/x.db")
    refused 2 "fixed/x.db: unable to open database file: Permission denied" "${command[@]}"
fi

story "a disk that takes no more, here a limit on the size of files"
mkdir "$scratch/long"
awk 'BEGIN { print "id\tqty\titem\tchoice\tprice"; for (i = 1; i < 20000; i++) print i "\t1\tBowl number " i "\tNULL\t$1.00" }' >"$scratch/long/m.tsv"
mapfile -t command < <(batch "$good" "$scratch/long")
(trap '' XFSZ; ulimit -f 512; refused 2 "batch.db: " "${command[@]}"; exit "$failures") || fail "a full disk"
mapfile -t command < <(batch "$good" "$scratch/long" "$scratch/new.db")
(trap '' XFSZ; ulimit -f 512; refused 2 "new.db: " "${command[@]}"; exit "$failures") || fail "a full disk, no database yet"
[ -z "$(ls "$scratch"/new.db* 2>/dev/null)" ] || fail "a full disk left a database behind"
"$MILLRACE" etl run "$good" --in "$scratch/long" --db "$db" 2>/dev/null || fail "after the disk was full"
done_testing
