#!/usr/bin/env bash
# How much more memory `millrace etl run` takes for ten times the input: docs/measuring.md, "Memory of a batch".
#
#     scripts/memory-batch.sh PROGRAM [SCALE]        PROGRAM: build/millrace; SCALE: of the smaller input, 0.2 if not given
#
# A line for each definition: the most anonymous memory (RssAnon, looked at every 10 ms) of either run, and the ratio.
set -eu
program=$(realpath "$1") small=${2:-0.2}
workloads=$(realpath "$(dirname "$0")/../workloads")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
large=$(awk -v s="$small" 'BEGIN { print 10 * s }')

# Prints the KiB.
peak() { # DEFINITION IN
    local pid now most=0
    rm -f "$folder"/db*
    "$program" etl run "$1" --in "$2" --db "$folder/db" >"$folder/out" 2>&1 &
    pid=$!
    while now=$(awk '/^RssAnon/ { print $2 }' "/proc/$pid/status" 2>/dev/null) && [ -n "$now" ]; do
        [ "$now" -gt "$most" ] && most=$now
        sleep 0.01
    done
    wait "$pid" || { cat "$folder/out" >&2; exit 1; }
    echo "$most"
}

for of in ecommerce/online_retail clickstream/web_logs; do
    for scale in "$small" "$large"; do
        "$program" generate "${of%/*}" --seed 1 --scale "$scale" --out "$folder/in" >/dev/null 2>&1
        kib=$(peak "$workloads/$of.json" "$folder/in")
        rm -rf "$folder/in"
        [ "$scale" = "$small" ] && before=$kib
    done
    awk -v of="${of#*/}" -v s="$small" -v a="$before" -v l="$large" -v b="$kib" 'BEGIN {
        printf "%s: %.1f MiB at scale %s, %.1f MiB at %s, ratio %.2f\n", of, a / 1024, s, b / 1024, l, b / a }'
done
