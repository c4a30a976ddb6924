#!/usr/bin/env bash
# stream_follow_documents.sh - files that are taken as a whole while a publisher follows them: copies, documents that are
# written anew with the same length or with the same bytes, names that change while they are read; and empty logs.
cd "$(dirname "$0")/../.." || exit 2
. tests/e2e/lib.sh
. tests/e2e/lib_follow.sh
mkdir "$scratch/all"
cat >"$follow" <<'JSON'
{"version": 1, "pipeline": "documents", "sources": [
  {"name": "stock", "format": "json", "glob": "*.json*", "records": "items",
   "columns": [{"name": "id", "type": "integer"}, {"name": "note", "type": "text"}, {"name": "colour", "path": "look.colour", "type": "text"}]},
  {"name": "hits", "format": "csv", "glob": "*.csv*", "header": false,
   "columns": [{"name": "n", "field": 1, "type": "integer"}]}],
 "tables": [{"name": "stock", "from": "stock", "columns": ["id", "note"]}, {"name": "hits", "from": "hits", "columns": ["n"]}]}
JSON
document() { # NAME WORD: 400 items, the word in the one in the middle
    awk -v word="$2" 'BEGIN { printf "{\"items\": ["; for (i = 1; i <= 400; i++)
        printf "%s{\"id\": %d, \"note\": \"%s, and as much as there is to say of it\"}", (i > 1 ? ",\n" : ""), i, (i == 200 ? word : "plain")
        print "]}" }' >"$1"
}
old() { touch -d '1 minute ago' "$@"; }
sent() { # FILE DIGEST-OF: the state file says that these bytes of the file were sent
    digest=$(sha256sum "$2" | cut -c1-64)
    for _ in $(seq 200); do
        grep -q "\"content\": \"$digest\"" "$scratch/state" 2>/dev/null && return
        kill -0 $publisher 2>/dev/null || break
        sleep 0.05
    done
    die "$1 was not sent: $(tail -3 "$scratch/publish.err")"
}
broker_start
story "copies, and logs with nothing in them"
document "$in/a.json" first
cp "$in/a.json" "$in/b.json"
gzip -c "$in/a.json" >"$in/c.json"
cp "$in/c.json" "$in/d.json"
seq 50 | gzip >"$in/1.csv.gz"
cp "$in/1.csv.gz" "$in/2.csv.gz"
: >"$in/3.csv"
: >"$in/4.csv"
old "$in"/*
cp "$in"/* "$scratch/all"
publisher_start
for f in a.json c.json 1.csv.gz; do sent $f "$in/$f"; done
publisher_stop
run_rest
batch_equal "$scratch/all"

story "a document that is written anew with the same length is another one, with the same bytes it is not"
publisher_start
document "$in/a.json" other
document "$scratch/b" first
mv "$scratch/b" "$in/b.json"
cp "$in/c.json" "$scratch/c" && mv "$scratch/c" "$in/c.json"
seq 7 >"$in/4.csv"
old "$in"/*
cp "$in/a.json" "$scratch/all/a.json;000002"
cp "$in/4.csv" "$scratch/all"
sent a.json "$in/a.json"

story "a name that changes while the file is looked at"
document "$in/name0.json" renamed
old "$in/name0.json"
for i in $(seq 150); do
    mv "$in/name$((i - 1)).json" "$in/name$i.json"
    sleep 0.003
    kill -0 $publisher 2>/dev/null || die "publish ended: $(tail -3 "$scratch/publish.err")"
done
sent name150.json "$in/name150.json"
publisher_stop
run_rest
# Under which of these names it was found first is the publisher's secret until here.
name=$(sqlite3 "$scratch/stream.db" "SELECT file FROM files WHERE digest = '$digest'")
cp "$in/name150.json" "$scratch/all/$name"
batch_equal "$scratch/all"
grep -v "^publish" "$scratch/publish.err"
grep -qF 'publish documents: nothing stands at "look.colour" in any of the records of a.json' "$scratch/publish.err" ||
    fail "a path to nothing is not told: $(cat "$scratch/publish.err")"
broker_stop
done_testing
