#!/usr/bin/env bash
# http_capture.sh - requests out of packets: what the web server says of them, in batch and stream; gaps are told.
cd "$(dirname "$0")/../.." || exit 2
. tests/e2e/lib.sh

mkdir "$scratch/in" "$scratch/lossy"
/usr/bin/python3 tests/e2e/http_capture.py "$scratch" || die "no capture"
cp "$scratch/web.pcap" "$scratch/in" && cp "$scratch/lossy.pcap" "$scratch/lossy" || die "no capture"
cat >"$scratch/web.json" <<'JSON'
{
  "pipeline": "web", "version": 1,
  "source": {"format": "http_capture", "glob": "*.pcap", "time": "time",
             "columns": ["client", "time", "method", "target", "status", "bytes", "bytes_in", "agent", "state", "duration_us", "site"]},
  "derive": [{"name": "path", "expr": "before(target, '?')"}],
  "tables": [{"name": "hits"},
             {"name": "truth", "select": "hits", "columns": ["method", "target", "status", "bytes", "agent", "bytes_in"]},
             {"name": "visits", "sessionize": "hits", "by": ["client", "agent"], "time": "time", "gap_s": 1800, "columns": {"hits": "count()"}}],
  "views": [{"name": "seen", "sql": "SELECT method, target, status, bytes, agent, bytes_in FROM truth"}]
}
JSON

story "a batch over the capture is what the server says"
"$MILLRACE" etl run "$scratch/web.json" --in "$scratch/in" --db "$scratch/batch.db" 2>"$scratch/err" || die "batch: $(cat "$scratch/err")"
grep -q "of 4 connections in web.pcap 1 have no HTTP/1.x" "$scratch/err" || fail "the other connection is not told: $(cat "$scratch/err")"
sqlite3 -csv "$scratch/batch.db" "SELECT * FROM seen" | tr -d '"\r' | LC_ALL=C sort >"$scratch/seen"
sed 1d "$scratch/truth.csv" | LC_ALL=C sort >"$scratch/wanted"
diff "$scratch/wanted" "$scratch/seen" >"$scratch/out" || fail "not what the server says: $(cat "$scratch/out")"
bad=$(sqlite3 "$scratch/batch.db" "SELECT count(*) FROM hits WHERE state <> 'complete' OR duration_us IS NULL OR client <> '10.0.0.7' OR site <> 'shop.example'")
[ "$bad" = 0 ] || fail "$bad requests are not whole"

story "a stream of it is the same"
broker_start
"$MILLRACE" stream publish "$scratch/web.json" --in "$scratch/in" --partitions 3 --bootstrap "$bootstrap" 2>"$scratch/err" || die "publish: $(cat "$scratch/err")"
"$MILLRACE" stream run "$scratch/web.json" --db "$scratch/stream.db" --workers 2 --bootstrap "$bootstrap" >"$scratch/out" 2>"$scratch/err" || die "run: $(cat "$scratch/err")"
"$MILLRACE" warehouse compare "$scratch/batch.db" "$scratch/stream.db" || fail "batch = stream"

story "a packet that the capture lacks is told, and its bytes are counted"
"$MILLRACE" etl run "$scratch/web.json" --in "$scratch/lossy" --db "$scratch/lossy.db" 2>"$scratch/err" || die "batch: $(cat "$scratch/err")"
grep -q "the capture lacks 1400 bytes in 1 gaps" "$scratch/err" || fail "the gap is not told: $(cat "$scratch/err")"
[ "$(sqlite3 "$scratch/lossy.db" "SELECT group_concat(state || ' ' || bytes) FROM (SELECT * FROM hits WHERE state = 'gap')")" = "gap 5000" ] ||
    fail "$(sqlite3 "$scratch/lossy.db" "SELECT target, state, bytes FROM hits")"

story "a capture that was loaded and has grown is refused"
"$MILLRACE" etl run "$scratch/web.json" --in "$scratch/lossy" --db "$scratch/append.db" --mode append 2>"$scratch/err" || die "append: $(cat "$scratch/err")"
tail -c +25 "$scratch/web.pcap" >>"$scratch/lossy/lossy.pcap"
"$MILLRACE" etl run "$scratch/web.json" --in "$scratch/lossy" --db "$scratch/append.db" --mode append 2>"$scratch/err" && fail "loaded again"
grep -q "is a capture that was loaded and has grown" "$scratch/err" || fail "$(cat "$scratch/err")"
done_testing
