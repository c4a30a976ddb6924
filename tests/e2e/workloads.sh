#!/usr/bin/env bash
# workloads.sh - the clickstream, the sensors and the application logs, each with all its sources: the generator's truth
# by a second opinion that reads the files, and a batch and a stream that come to that truth.
cd "$(dirname "$0")/../.." || exit 2
. tests/e2e/lib.sh

# workload NAME DEFINITION SCRIPT TRUTH [--dirt ...]
workload() {
    local name=$1 definition=$2 script=$3 in=$scratch/$1
    local truth=$in/$4 batch=$scratch/$1.db stream=$scratch/$1-stream.db
    shift 4
    story "$name: generated, counted again, loaded both ways"
    "$MILLRACE" generate "$name" --scale 0.004 --seed 17 --out "$in" "$@" >/dev/null || fail "$name: generate"
    python3 "tests/truth/$script" "$in" "$truth" || fail "$name: a second opinion on the truth"
    "$MILLRACE" etl run "$definition" --in "$in" --db "$batch" || fail "$name: batch"
    "$MILLRACE" warehouse check "$batch" "$truth" >"$scratch/check" || { cat "$scratch/check"; fail "$name: batch = truth"; }
    "$MILLRACE" stream publish "$definition" --in "$in" --partitions 3 --shuffle 5 --topic "$name" --bootstrap "$bootstrap" ||
        fail "$name: publish"
    "$MILLRACE" stream run "$definition" --db "$stream" --workers 2 --topic "$name" --bootstrap "$bootstrap" ||
        fail "$name: stream"
    "$MILLRACE" warehouse compare "$batch" "$stream" || fail "$name: batch = stream"
}

broker_start
workload clickstream workloads/clickstream/clickstream.json clicks.py ground_truth/clickstream --dirt late_event=0.1
"$MILLRACE" topic list --bootstrap "$bootstrap" >"$scratch/topics" || fail "topic list"
for event in page_viewed link_clicked searched video_viewed item_added_to_cart checkout_started order_placed; do
    grep -q "$event" "$scratch/topics" || fail "no topic for $event"
done
workload iot workloads/sensors/sensors.json sensors.py ground_truth
workload applogs workloads/applogs/applogs.json applogs.py ground_truth
broker_stop

story "the truth of no reading at all is one, too"
"$MILLRACE" generate iot --scale 0.002 --seed 1 --out "$scratch/bad" --dirt bad_value=1 >/dev/null || fail "generate"
"$MILLRACE" etl run workloads/sensors/sensors.json --in "$scratch/bad" --db "$scratch/bad.db" || fail "batch"
"$MILLRACE" warehouse check "$scratch/bad.db" "$scratch/bad/ground_truth" >"$scratch/check" || { cat "$scratch/check"; fail "batch = truth"; }

story "a wrong truth is found"
sed -i 's/^1,product_viewed,/1,product_viewed,1/' "$scratch/clickstream/ground_truth/clickstream/funnel.csv"
"$MILLRACE" warehouse check "$scratch/clickstream.db" "$scratch/clickstream/ground_truth/clickstream" >/dev/null &&
    fail "the changed funnel was not noticed"
done_testing
