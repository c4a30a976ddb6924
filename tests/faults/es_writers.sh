#!/usr/bin/env bash
# Five processes append to one stream, with any version or with the one they know; kill -9 of writers and, twice, of the
# broker. Then: one event a version, no id twice, every accepted answer in the log, no refused one, whoever reads.
. tests/e2e/lib.sh
broker_start
"$MILLRACE" topic create writers --bootstrap "$bootstrap" >/dev/null 2>&1 || die "topic"
MILLRACE=$MILLRACE timeout 100 /usr/bin/python3 tests/faults/es_writers.py "$bootstrap" "${1:-7}" >"$scratch/writers" 2>"$scratch/writers.err" &
writers=$!
at() { tail -1 "$scratch/writers" 2>/dev/null | grep -E '^[0-9]+$' || echo 0; }
for mark in 20 60; do # when so many events are there
    until [ "$(at)" -ge $mark ] || ! kill -0 $writers 2>/dev/null; do sleep 0.05; done
    broker_kill
    sleep 0.2
    broker_restart
done
wait $writers || fail "writers: $(tail -5 "$scratch/writers.err")"
story "$(tail -1 "$scratch/writers")"
broker_stop
done_testing
