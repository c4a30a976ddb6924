#!/usr/bin/env bash
# group_admin.sh - groups seen, reset and deleted, and records deleted: by `millrace group` and by real admin clients.
cd "$(dirname "$0")/../.." || exit 2
. tests/e2e/lib.sh

group() { timeout 60 "$MILLRACE" group "$@" --bootstrap "$bootstrap" 2>"$scratch/stderr"; }

# says WHAT EXPECTED...: the words stand in this order in a line of $scratch/out
says() {
    what=$1
    shift
    pattern=$(printf '%s.*' "$@")
    grep -qE "${pattern%.\*}" "$scratch/out" || fail "$what: no line has \"$*\": $(cat "$scratch/out" "$scratch/stderr")"
}

refused() { # WHAT WORDS...
    what=$1
    shift
    "$@" >"$scratch/out" && fail "$what is not refused"
}

story "a group that has read a part of its topic"
broker_start
"$MILLRACE" topic create orders --partitions 2 --bootstrap "$bootstrap" || fail "create"
for p in 0 1; do seq 100 | kcat -b "$bootstrap" -P -t orders -p $p || fail "produce"; done
timeout 30 "$MILLRACE" consume orders --group shop --from earliest --max 150 --bootstrap "$bootstrap" >/dev/null || fail "consume"

story "it is listed and described, for people and for programs"
group list >"$scratch/out"
says "list" shop Empty
group describe shop >"$scratch/out" || fail "describe"
says "describe" "shop: Empty, 0 members"
says "describe" GROUP TOPIC PARTITION CURRENT-OFFSET LOG-END-OFFSET LAG CONSUMER-ID HOST CLIENT-ID
lag=$(group describe shop --format json | /usr/bin/python3 -c '
import json, sys
group = json.loads(sys.stdin.readline())
assert group["group"] == "shop" and group["state"] == "Empty" and group["members"] == 0, group
print(sum(p["lag"] for p in group["partitions"] if p["lag"] is not None))')
[ "$lag" = 50 ] || fail "150 of 200 records were read, the lag is $lag"
refused "an unknown group" group describe nobody
[ -z "$(group list --state Stable)" ] || fail "no group is stable"

story "a reset shows what it would do, and does it when told"
group reset shop --topic orders --to-earliest >"$scratch/out" || fail "reset, dry"
says "reset, dry" shop orders 0 " 0$"
[ "$(group describe shop --format json | grep -c '"lag":100')" = 0 ] || fail "a dry run moves nothing"
group reset shop --topic orders --to-offset 1000 --execute >"$scratch/out" || fail "reset to an offset"
says "an offset beyond the end" orders 1 " 100$"
group reset shop --topic orders:1 --shift-by -30 --execute >"$scratch/out" || fail "shift"
says "shift" orders 1 " 70$"
group describe shop >"$scratch/out"
says "after the shift" orders 1 70 100 30
says "the other partition" orders 0 100 100 0
group reset shop --topic orders --to-datetime 2001-09-09T01:46:40.000Z >"$scratch/out" || fail "by time"
says "all are younger" orders 0 " 0$"
group reset shop --topic orders --to-datetime 2100-01-01T00:00:00 >"$scratch/out" || fail "by time"
says "none is that young" orders 0 " 100$"
refused "a time that is none" group reset shop --topic orders --to-datetime yesterday
refused "two places at once" group reset shop --topic orders --to-earliest --to-latest
refused "an unknown topic" group reset shop --topic nowhere:0 --to-earliest

story "a group with a member is described with it, and neither reset nor deleted"
timeout 60 "$MILLRACE" consume orders --group shop --bootstrap "$bootstrap" >/dev/null 2>&1 &
member=$!
for _ in $(seq 100); do
    group describe shop >"$scratch/out"
    grep -q "Stable, 1 member" "$scratch/out" && break
    sleep 0.1
done
says "stable" "shop: Stable, 1 member, range"
says "the member" orders 0 rdkafka /127.0.0.1 rdkafka
refused "a reset" group reset shop --topic orders --to-earliest --execute
grep -q "Stable" "$scratch/stderr" || fail "a reset says why not: $(cat "$scratch/stderr")"
refused "a deletion" group delete shop
kill -INT $member
wait $member
group delete shop || fail "delete: $(cat "$scratch/stderr")"
refused "a second deletion" group delete shop
[ -z "$(group list)" ] || fail "nothing is left: $(group list)"

story "records are deleted for good: a kill right behind the answer brings none back"
"$MILLRACE" topic delete-records orders:0 --before 40 --bootstrap "$bootstrap" >"$scratch/out" || fail "delete-records"
broker_kill
broker_restart
says "delete-records" orders 0 40
[ "$(kcat -b "$bootstrap" -C -t orders -p 0 -o beginning -e -q | head -1)" = 41 ] || fail "the first record left is 41"

story "nor does a power cut, whatever else it takes"
log_start() { # of orders:0, which is told and not moved
    "$MILLRACE" topic delete-records orders:0 --before 0 --format json --bootstrap "$bootstrap" | sed 's/.*"log_start"://; s/}//'
}
for round in 1 2 3; do
    "$MILLRACE" topic delete-records orders:0 --before $((40 + round)) --bootstrap "$bootstrap" >/dev/null || fail "delete-records"
    broker_kill
    "$MILLRACE" power-cut --torn --seed $round "$scratch/broker" >/dev/null || fail "power-cut"
    broker_restart
    [ "$(log_start)" = $((40 + round)) ] || fail "after power cut $round the log starts at $(log_start), not at $((40 + round))"
done

"$MILLRACE" topic delete-records orders --before end --bootstrap "$bootstrap" >/dev/null || fail "delete-records of all"
[ -z "$(kcat -b "$bootstrap" -C -t orders -o beginning -e -q)" ] || fail "no record is left"
refused "beyond the end" "$MILLRACE" topic delete-records orders:0 --before 101 --bootstrap "$bootstrap" 2>"$scratch/stderr"

story "an administrator of another make sees the same"
timeout 60 /usr/bin/python3 tests/e2e/clients/group_admin.py "$bootstrap" || fail "the client of Debian"
broker_stop
done_testing
