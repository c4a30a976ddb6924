#!/usr/bin/env bash
# `millrace bench run`, `report` and `compare` from end to end on E0, the harness against itself: a pause of the broker is
# reported as long as it was; a trial's files say what a reader needs; a run goes on where it stopped; a signal ends it
# and leaves what it has.
cd "$(dirname "$0")/../.." || exit 2
. tests/e2e/lib.sh

story "a pause of the broker is reported as long as it was"
timeout 120 "$MILLRACE" bench run E0 --out "$scratch/r" >"$scratch/out" 2>&1 || fail "status $?: $(tail -3 "$scratch/out")"
python3 - "$scratch/r/E0" <<'PY' || fail "the trial's files"
import base64, glob, json, sys, zlib
trials = [json.load(open(f)) for f in glob.glob(sys.argv[1] + "/trial-*.json")]
for t in trials:
    m = {k: v["value"] for k, v in t["metrics"].items()}
    assert t["target"] == "millrace" and t["durability"] == "page-cache" and t["saturated"] is False, t
    assert t["valid"] == (not t["void_reasons"])
    assert not t["valid"] or m["error"] < 0.1, (m, t["findings"])
    assert 0.4 < m["expected p99"] < 60 and m["lost"] == m["duplicated"] == m["reordered"] == m["failed"] == 0, m
    assert abs(t["aggregatedPublishLatency99pct"] - 1e3 * m["reported p99"]) < 1e-3, t
    h = t["histograms"]["ack"]
    assert h["n"] == 4000 and 0 < h["min"] <= h["max"], h
    log = open(f"{sys.argv[1]}/trial-pause-{t['trial']}.hlog").read().splitlines()
    line = next(x for x in log if x.startswith("Tag=ack,"))
    packed = base64.b64decode(line.rsplit(",", 1)[1])
    assert packed[:4] == bytes.fromhex("1c849314"), packed[:4]
    assert zlib.decompress(packed[8:])[:4] == bytes.fromhex("1c849313")
assert trials
PY
python3 - "$scratch/r/E0" "$scratch" <<'PY' || fail "manifest and summary"
import json, socket, sys
text = open(sys.argv[1] + "/manifest.json").read()
m, s = json.loads(text), json.load(open(sys.argv[1] + "/summary.json"))
assert m["command"] == "millrace bench run E0 --profile quick" and m["cut"] == 0 and not m["ended"], m
assert len(m["machine"]["hash"]) == len(m["program"]["crc32c"]) == 8 and m["seeds"]["order"] == 10, m
assert m["configs"]["pause"]["durability"] == "page-cache" and m["system"]["sysctls"] and m["versions"]["librdkafka"], m
assert sys.argv[2] not in text and (len(socket.gethostname()) < 5 or socket.gethostname() not in text), "a name of this machine"
r = s["results"][0]
assert s["trials"] == r["valid"] + r["void"] and len(r["publishRate"]) == len(r["publishLatency99pct"]) == r["valid"], r
PY
! grep 'HARNESS IS WRONG' "$scratch/r/E0"/*.json || fail "the harness does not report a stall"

story "the page has the answer"
"$MILLRACE" bench report "$scratch/r" >/dev/null || fail "no report"
grep -q 'The harness against itself' "$scratch/r/report.html" || fail "the page lacks the answer"

story "a run that has no time says what it did not do"
timeout 120 "$MILLRACE" bench run E0 --minutes 0.001 --out "$scratch/cut" >"$scratch/cut.out" 2>&1 || fail "status $?: $(tail -3 "$scratch/cut.out")"
grep -q '1 trials were cut' "$scratch/cut.out" || fail "not said: $(cat "$scratch/cut.out")"
! ls "$scratch/cut/E0/"trial-* >/dev/null 2>&1 || fail "a trial was made"
"$MILLRACE" bench report "$scratch/cut" >/dev/null || fail "no page"
grep -q 'Cut for time: 1 planned trials' "$scratch/cut/report.html" || fail "the page does not say it"

story "a run that has all its trials makes none, and equals itself"
if grep -q VOID "$scratch/out"; then
    echo "      this machine was too busy: a void trial is made again instead"
else
    timeout 60 "$MILLRACE" bench run E0 --out "$scratch/r" >"$scratch/again" 2>&1
    grep -q '1 trials are there already' "$scratch/again" || fail "not taken up: $(cat "$scratch/again")"
    [ "$(ls "$scratch/r/E0"/trial-*.json | wc -l)" -eq 1 ] || fail "a trial too many"
    python3 -c 'import json, sys; assert len(json.load(open(sys.argv[1]))["earlier"]) == 1' "$scratch/r/E0/manifest.json" ||
        fail "the manifest forgot the first run"
    "$MILLRACE" bench compare "$scratch/r" "$scratch/r" >"$scratch/compared" || fail "differs from itself: $(cat "$scratch/compared")"
    grep -q 'ack p99.* 1.00 \[1.00, 1.00\].* same$' "$scratch/compared" || fail "no ratio of 1: $(cat "$scratch/compared")"
fi

story "a signal ends a run after the trial, and what it has stays"
"$MILLRACE" bench run E0 E4 --out "$scratch/ended" >"$scratch/out" 2>&1 &
pid=$!
for ((i = 0; i < 600; i++)); do
    ls -d "$scratch/ended/scratch/pause/bench-"* >/dev/null 2>&1 && break # the topic of the trial
    sleep 0.1
done
kill -INT "$pid"
wait "$pid"
status=$?
[ "$status" -eq 130 ] || fail "status $status, not 130: $(tail -3 "$scratch/out")"
[ -e "$scratch/ended/E0/trial-pause-1.json" ] || fail "the trial is gone"
[ ! -e "$scratch/ended/E4" ] || fail "it went on to E4"
! pgrep -f "log.dirs=$scratch/ended/" >/dev/null || fail "a broker of the run still runs"

story "a target runs by itself, as its file says, and leaves nothing"
: >"$scratch/target.out"
"$MILLRACE" bench target millrace --durability group-commit --folder "$scratch/target" >"$scratch/target.out" 2>"$scratch/target.err" &
pid=$!
for ((i = 0; i < 200; i++)); do
    read -r said address broker <"$scratch/target.out" && break
    sleep 0.05
done
[ "$said" = ready ] && kcat -b "$address" -L >"$scratch/out" 2>&1 || fail "not ready: $(cat "$scratch/target.out" "$scratch/target.err")"
tr '\0' ' ' <"/proc/$broker/cmdline" | grep -q 'log.flush.interval.messages=1' || fail "not in the mode that was asked for"
kill -TERM "$pid"
wait "$pid" || fail "status $?: $(cat "$scratch/target.err")"
! kill -0 "$broker" 2>/dev/null || fail "the broker still runs"
[ ! -e "$scratch/target" ] || fail "its folder is still there"
"$MILLRACE" bench targets >"$scratch/out" || fail "no list of targets"
grep -q '^apache-kafka ' "$scratch/out" || fail "no apache-kafka in the list"

story "a peer that cannot be had is told of, and the others are measured"
KAFKA_LIB="$scratch/none" timeout 60 "$MILLRACE" bench run E1 --target apache-kafka --out "$scratch/peer" >"$scratch/out" 2>&1
[ $? -eq 2 ] && grep -q 'E1: no target can be had here' "$scratch/out" || fail "alone: $(tail -3 "$scratch/out")"
grep -q 'apache-kafka cannot be had here: no file' "$scratch/peer/E1"/trial-apache-kafka*.json || fail "no trial says why"

story "what is not there is said"
"$MILLRACE" bench run E1 --target nobody --out "$scratch/no" >"$scratch/out" 2>&1
[ $? -eq 2 ] && grep -q 'nobody: there is no such target' "$scratch/out" || fail "nobody: $(tail -3 "$scratch/out")"
"$MILLRACE" bench run E99 --out "$scratch/no" >"$scratch/out" 2>&1
[ $? -eq 2 ] && grep -q 'E99: there is no such experiment' "$scratch/out" || fail "E99: $(cat "$scratch/out")"
"$MILLRACE" bench compare "$scratch/r" "$scratch/none" >"$scratch/out" 2>&1
[ $? -eq 2 ] && grep -q 'no cell of an experiment in common' "$scratch/out" || fail "compared with nothing: $(cat "$scratch/out")"

done_testing
